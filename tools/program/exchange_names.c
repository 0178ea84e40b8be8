/* SPDX-License-Identifier: BSD-3-Clause */
/* What options of import and export say about layers. */
#include "exchange.h"
#include "nearest.h"
#include "report.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

/* ---- map ---- */

static bool take_names(struct exchange_names *names, const char *path, size_t l, const json_t *layer) {
    const json_t *weight = json_object_get(layer, "weight"), *bias = json_object_get(layer, "bias");
    if (json_is_string(weight) && (json_is_string(bias) || json_is_null(bias)) && json_object_size(layer) == 2) {
        names->weights[l] = json_string_value(weight);
        names->biases[l] = json_string_value(bias);
        return true;
    }
    complain("--map %s: layer %zu: must be {\"weight\": NAME, \"bias\": NAME or null}", path, l);
    return false;
}

static bool take_map(struct exchange_names *names, const char *path) {
    const size_t count = json_array_size(names->map);
    bool good = count > 0 && count <= TP_MAX_LAYERS;
    if (!good)
        complain("--map %s: must be a JSON list of 1 to %d layers", path, TP_MAX_LAYERS);
    for (size_t l = 0; good && l < count; l++)
        good = take_names(names, path, l, json_array_get(names->map, l));
    names->options.name_count = count;
    names->options.weights = names->weights;
    names->options.biases = names->biases;
    return good;
}

bool exchange_read_map(struct exchange_names *names, const char *path) {
    json_error_t error;
    errno = 0;
    FILE *const file = fopen(path, "re");
    if (file)
        names->map = json_loadf(file, JSON_REJECT_DUPLICATES, &error);
    if (!file || ferror(file))
        complain("--map %s: %s", path, strerror(errno));
    else if (!names->map)
        complain("--map %s: line %d: %s", path, error.line, error.text);
    if (file)
        fclose(file);
    return names->map && take_map(names, path);
}

/* ---- activations ---- */

static bool find_activation(const char *text, size_t length, tp_activation *activation) {
    for (*activation = 0; *activation < TP_ACTIVATION_COUNT; ++*activation) {
        const char *const name = tp_activation_name(*activation);
        if (strlen(name) == length && !strncasecmp(name, text, length))
            return true;
    }
    return false;
}

static bool complain_activation(const char *list, const char *text, size_t length) {
    char wanted[64], known[256] = "";
    snprintf(wanted, sizeof wanted, "%.*s", (int)(length < sizeof wanted ? length : sizeof wanted - 1), text);
    struct nearest nearest = nearest_to(wanted);
    for (int i = 0; i < TP_ACTIVATION_COUNT; i++) {
        const char *const name = tp_activation_name((tp_activation)i);
        const size_t used = strlen(known);
        snprintf(known + used, sizeof known - used, "%s%s", i ? ", " : "", name);
        nearest_offer(&nearest, name);
    }
    if (nearest.best)
        complain("--activations %s: '%s' is unknown; did you mean '%s'?", list, wanted, nearest.best);
    else
        complain("--activations %s: '%s' is unknown; there are %s", list, wanted, known);
    return false;
}

bool exchange_take_activations(struct exchange_names *names, const char *list) {
    size_t count = 0;
    for (const char *text = list;; text++) {
        const size_t length = strcspn(text, ",");
        if (count == TP_MAX_LAYERS)
            return complain("--activations %s: a model has at most %d layers", list, TP_MAX_LAYERS), false;
        if (!find_activation(text, length, &names->activations[count++]))
            return complain_activation(list, text, length);
        text += length;
        if (!*text)
            break;
    }
    names->options.activation_count = count;
    names->options.activations = names->activations;
    return true;
}

void exchange_release(const struct exchange_names *names) {
    json_decref(names->map);
}
