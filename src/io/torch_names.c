/* SPDX-License-Identifier: BSD-3-Clause */
/* Which tensors of a file are the weights and biases of layers. */
#include "io/array_names.h"
#include "io/exchange.h"
#include "io/model_names.h"

#include <stdlib.h>
#include <string.h>

#define WEIGHT TP_OF_LAYER_WEIGHT
#define BIAS TP_OF_LAYER_BIAS
#define SHOWN 200 /* bytes of names that messages list */

const char *tp_weight_word(const char *name) {
    const char *last = NULL;
    for (const char *at = strstr(name, WEIGHT); at; at = strstr(at + 1, WEIGHT))
        last = at;
    return last;
}

/* Up to a million, so that sums of numbers and layers fit. */
static const char *skip_number(const char *text, size_t *number) {
    const size_t digits = strspn(text, "0123456789");
    *number = digits && digits < 7 ? strtoul(text, NULL, 10) : 0;
    return digits < 7 ? text + digits : text;
}

tp_status tp_pattern_parse(const struct tp_context *context, const char *text, struct tp_pattern *pattern) {
    const char *open = strchr(text, '{');
    const char *close = open ? skip_number(open + 1, &pattern->first) : NULL;
    if (!close || *close != '}' || strpbrk(close + 1, "{}"))
        return tp_fail(context, TP_ERR_ARGUMENT, "pattern \"%s\": it must have {}, or {} with a number in it, once",
                       text);
    const char *word = tp_weight_word(text);
    if (!word || (word < open && word + strlen(WEIGHT) > open))
        return tp_fail(context, TP_ERR_ARGUMENT, "pattern \"%s\": it must contain \"" WEIGHT "\"", text);
    pattern->prefix = text;
    pattern->prefix_length = (size_t)(open - text);
    pattern->suffix = close + 1;
    pattern->counted = close > open + 1;
    return TP_OK;
}

/* ---- order ---- */

/* Numbers of any length by their values: those of more digits are larger. */
static int compare_numbers(const char **a, const char **b) {
    *a += strspn(*a, "0");
    *b += strspn(*b, "0");
    const size_t x = strspn(*a, "0123456789"), y = strspn(*b, "0123456789");
    const int order = x == y ? strncmp(*a, *b, x) : x > y ? 1 : -1;
    *a += x;
    *b += y;
    return order;
}

static bool is_digit(char character) {
    return character >= '0' && character <= '9';
}

/* texts: becomes true if something else than numbers makes the difference. */
static int compare_names(const char *a, const char *b, bool *texts) {
    while (*a && *b) {
        const bool numbers = is_digit(*a) && is_digit(*b);
        const int order = numbers ? compare_numbers(&a, &b) : (unsigned char)*a - (unsigned char)*b;
        if (order) {
            *texts = *texts || !numbers;
            return order;
        }
        a += !numbers;
        b += !numbers;
    }
    *texts = *texts || *a || *b;
    return (*a != 0) - (*b != 0);
}

static int by_name(const void *a, const void *b) {
    const char *const x = ((const struct tp_layer_names *)a)->weight, *const y =
                                                                          ((const struct tp_layer_names *)b)->weight;
    bool texts = false;
    const int order = compare_names(x, y, &texts);
    return order ? order : strcmp(x, y);
}

/* ---- names in a header ---- */

struct search {
    const struct tp_safetensors *archive;
    const tp_exchange_options *options;
    struct tp_pattern pattern;
    struct tp_layer_names *names;
    size_t *count;
};

static bool is_tensor(const char *key) {
    return strcmp(key, TP_KEY_METADATA) != 0;
}

/* The name as the header has it; NULL: it has none such. */
static const char *find(const struct tp_safetensors *archive, const char *name) {
    void *const position = is_tensor(name) ? json_object_iter_at(archive->header, name) : NULL;
    return position ? json_object_iter_key(position) : NULL;
}

/* Whether the name is what that of the weights becomes with "bias" in it. */
static bool is_bias_of(const char *name, const char *weight) {
    const char *const word = tp_weight_word(weight);
    const size_t before = word ? (size_t)(word - weight) : 0;
    return word && !strncmp(name, weight, before) && !strncmp(name + before, BIAS, strlen(BIAS)) &&
           !strcmp(name + before + strlen(BIAS), word + strlen(WEIGHT));
}

static const char *find_bias(const struct tp_safetensors *archive, const char *weight) {
    const char *key;
    json_t *value;
    json_object_foreach(archive->header, key, value) {
        if (is_tensor(key) && is_bias_of(key, weight))
            return key;
    }
    return NULL;
}

static void list_names(const struct tp_safetensors *archive, char *text, size_t size) {
    const char *key;
    json_t *value;
    *text = '\0';
    json_object_foreach(archive->header, key, value) {
        if (is_tensor(key))
            tp_array_names_list(text, size, key, strlen(key));
    }
}

static tp_status fail_missing(const struct tp_safetensors *archive, const char *problem, const char *name) {
    char there[SHOWN];
    list_names(archive, there, sizeof there);
    return tp_fail(archive->file.context, TP_ERR_FORMAT, "%s: %s %s; it has %s", archive->file.path, problem, name,
                   *there ? there : "no tensors");
}

/* ---- by names ---- */

static tp_status take_named(const struct search *search, size_t l) {
    const struct tp_safetensors *archive = search->archive;
    const tp_exchange_options *options = search->options;
    struct tp_layer_names *names = &search->names[l];
    names->weight = find(archive, options->weights[l]);
    if (!names->weight)
        return fail_missing(archive, "has no tensor", options->weights[l]);
    if (!options->biases)
        names->bias = find_bias(archive, names->weight);
    else if (options->biases[l]) {
        names->bias = find(archive, options->biases[l]);
        if (!names->bias)
            return fail_missing(archive, "has no tensor", options->biases[l]);
    }
    return TP_OK;
}

static tp_status take_all_named(const struct search *search) {
    tp_status status = TP_OK;
    for (*search->count = 0; !status && *search->count < search->options->name_count; ++*search->count)
        status = take_named(search, *search->count);
    return status;
}

/* ---- by pattern or order ---- */

static bool is_weight(const char *name) {
    const char *const word = tp_weight_word(name);
    return word && !word[strlen(WEIGHT)];
}

static bool matches(const struct tp_pattern *pattern, const char *name) {
    const char *const number = name + pattern->prefix_length;
    if (strncmp(name, pattern->prefix, pattern->prefix_length) != 0)
        return false;
    const size_t digits = strspn(number, "0123456789");
    return digits && !strcmp(number + digits, pattern->suffix);
}

static tp_status take_matching(const struct search *search) {
    const struct tp_safetensors *archive = search->archive;
    const char *key;
    json_t *value;
    json_object_foreach(archive->header, key, value) {
        if (!is_tensor(key) || !(search->options->pattern ? matches(&search->pattern, key) : is_weight(key)))
            continue;
        if (*search->count == TP_MAX_LAYERS)
            return tp_fail(archive->file.context, TP_ERR_FORMAT, "%s: has weights of more than %d layers",
                           archive->file.path, TP_MAX_LAYERS);
        search->names[(*search->count)++] = (struct tp_layer_names){key, find_bias(archive, key)};
    }
    qsort(search->names, *search->count, sizeof *search->names, by_name);
    return TP_OK;
}

static bool is_taken(const struct search *search, const char *name) {
    for (size_t l = 0; l < *search->count; l++)
        if (search->names[l].weight == name || search->names[l].bias == name)
            return true;
    return false;
}

/* Without a pattern everything must be of layers: what is left out silently could be half of a model. */
static tp_status check_all_taken(const struct search *search) {
    const struct tp_safetensors *archive = search->archive;
    const char *key;
    json_t *value;
    json_object_foreach(archive->header, key, value) {
        if (is_tensor(key) && !is_taken(search, key))
            return tp_fail(archive->file.context, TP_ERR_FORMAT,
                           "%s: tensor %s is neither the weight nor the bias of a linear layer; a pattern or names of "
                           "the tensors would leave it out",
                           archive->file.path, key);
    }
    return TP_OK;
}

/* Only numbers tell an order that somebody meant. */
static void note_order(const struct search *search) {
    const struct tp_safetensors *archive = search->archive;
    bool texts = false;
    char order[SHOWN] = "";
    for (size_t l = 0; l < *search->count; l++) {
        const char *const name = search->names[l].weight;
        if (l)
            compare_names(search->names[l - 1].weight, name, &texts);
        tp_array_names_list(order, sizeof order, name, strlen(name));
    }
    if (texts)
        tp_note(archive->file.context, "%s: layers are taken in the order of their names: %s", archive->file.path,
                order);
}

static tp_status take_by_order(const struct search *search) {
    tp_status status = take_matching(search);
    if (!status)
        status = check_all_taken(search);
    if (!status && !*search->count)
        status =
            tp_fail(search->archive->file.context, TP_ERR_FORMAT, "%s: has no tensors", search->archive->file.path);
    if (!status)
        note_order(search);
    return status;
}

static tp_status take_by_pattern(struct search *search) {
    const char *const text = search->options->pattern;
    tp_status status = tp_pattern_parse(search->archive->file.context, text, &search->pattern);
    if (!status)
        status = take_matching(search);
    if (!status && !*search->count)
        status = fail_missing(search->archive, "has no tensor with a name like", text);
    return status;
}

tp_status tp_torch_names(const struct tp_safetensors *archive, const tp_exchange_options *options,
                         struct tp_layer_names names[TP_MAX_LAYERS], size_t *count) {
    struct search search = {.archive = archive, .options = options, .names = names, .count = count};
    *count = 0;
    memset(names, 0, TP_MAX_LAYERS * sizeof *names);
    if (options->name_count)
        return take_all_named(&search);
    return options->pattern ? take_by_pattern(&search) : take_by_order(&search);
}
