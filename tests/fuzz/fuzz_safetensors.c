/* SPDX-License-Identifier: BSD-3-Clause */
/* Any bytes as a model, in memory and as a file: refused with a message, or a model that writing and reading again does
 * not change. */
#include "fuzz.h"

#include <endian.h>
#include <string.h>
#include <unistd.h>

#define MAX_WRITTEN 65536

static const char *saved_path(void) {
    static char path[128];
    const char *directory = getenv("TMPDIR");
    if (!*path)
        snprintf(path, sizeof path, "%.80s/tileprop-fuzz-%ld", directory ? directory : "/tmp", (long)getpid());
    return path;
}

static float *parameters_of(const tp_model *model) {
    const size_t count = tp_model_parameter_count(model);
    float *parameters = malloc(count * sizeof *parameters);
    require(parameters && !tp_model_get_parameters(model, parameters, count));
    return parameters;
}

static bool same_scaling(const tp_scaling *a, const tp_scaling *b) {
    return a->count == b->count && !memcmp(a->mean, b->mean, a->count * sizeof *a->mean) &&
           !memcmp(a->deviation, b->deviation, a->count * sizeof *a->deviation);
}

static bool same_layers(const tp_model_options *a, const tp_model_options *b) {
    bool same = a->layer_count == b->layer_count;
    for (size_t l = 0; same && l < a->layer_count; l++)
        same = a->layers[l].width == b->layers[l].width && a->layers[l].activation == b->layers[l].activation &&
               !(a->layers[l].slope < b->layers[l].slope) && !(a->layers[l].slope > b->layers[l].slope);
    return same;
}

static void require_same_notes(const tp_model *first, const tp_model *second) {
    size_t i = 0;
    for (const char *name; (name = tp_model_note_name(first, i)); i++) {
        require(!strcmp(name, tp_model_note_name(second, i)));
        require(!strcmp(tp_model_note(first, name), tp_model_note(second, name)));
    }
    require(!tp_model_note_name(second, i));
}

static void require_same(const tp_model *first, const tp_model *second) {
    tp_model_options a, b;
    require(!tp_model_describe(first, &a) && !tp_model_describe(second, &b));
    require(a.inputs == b.inputs && a.loss == b.loss && same_layers(&a, &b));
    require(same_scaling(&a.inputs_scaled, &b.inputs_scaled) && same_scaling(&a.outputs_scaled, &b.outputs_scaled));
    const size_t count = tp_model_parameter_count(first);
    require(count == tp_model_parameter_count(second));
    float *x = parameters_of(first), *y = parameters_of(second);
    require(!memcmp(x, y, count * sizeof *x));
    free(x);
    free(y);
    require_same_notes(first, second);
}

static size_t save(const tp_model *model, char *bytes) {
    require(!tp_model_save(model, saved_path()));
    FILE *file = fopen(saved_path(), "rb");
    require(file);
    const size_t size = fread(bytes, 1, MAX_WRITTEN, file);
    fclose(file);
    unlink(saved_path());
    return size;
}

static void require_round_trip(const tp_model *model) {
    static char first[MAX_WRITTEN], second[MAX_WRITTEN];
    tp_model *again = NULL;
    size_t size = 0, needed = 0;
    require(!tp_model_write(model, first, MAX_WRITTEN, &size));
    require(tp_model_write(model, second, size - 1, &needed) == TP_ERR_MEMORY && needed == size);
    require(save(model, second) == size && !memcmp(first, second, size));
    require(!tp_model_read(fuzz_context(), first, size, &again));
    require_same(model, again);
    require(!tp_model_write(again, second, size, &needed) && needed == size && !memcmp(first, second, size));
    tp_model_destroy(again);
}

static size_t scaling_bytes(const tp_scaling *scaling) {
    return scaling->count > 1 ? 2 * scaling->count * sizeof(double) : 0;
}

/* The tensors are all that follows the header; a schema has any size. */
static void require_nothing_left_over(const tp_model *model, const uint8_t *data, size_t size) {
    uint64_t length;
    tp_model_options options;
    memcpy(&length, data, sizeof length);
    require(!tp_model_describe(model, &options));
    const size_t left = size - sizeof length - le64toh(length) - tp_model_parameter_count(model) * sizeof(float) -
                        scaling_bytes(&options.inputs_scaled) - scaling_bytes(&options.outputs_scaled);
    require(options.schema ? left && left < size : !left);
}

/* A file of a later format is told from one that is damaged. */
static bool is_refused(tp_status status) {
    return status == TP_ERR_FORMAT || status == TP_ERR_UNSUPPORTED;
}

/* The header says whether there can be a model, and which; only the parameters may be damaged. */
static void require_described(const char *path, const tp_model *model) {
    tp_model_options described, options;
    tp_layer layer[TP_MAX_LAYERS];
    const tp_status status = tp_model_describe_file(fuzz_context(), path, &described, layer);
    require(status == TP_OK || (is_refused(status) && !model));
    if (!model)
        return;
    require(!tp_model_describe(model, &options));
    require(described.inputs == options.inputs && described.loss == options.loss && same_layers(&described, &options));
}

/* As a file these bytes are the same. */
static void require_same_file(const uint8_t *data, size_t size, tp_status status, const tp_model *model) {
    const char *path = fuzz_file(data, size);
    tp_model *loaded = NULL;
    require(tp_model_load(fuzz_context(), path, &loaded) == status && !loaded == !model);
    if (model)
        require_same(model, loaded);
    tp_model_destroy(loaded);
    require_described(path, model);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    tp_model *model = NULL;
    const tp_status status = tp_model_read(fuzz_context(), data, size, &model);
    require(status == TP_OK || is_refused(status));
    require(!status == (model != NULL));
    if (status)
        fuzz_require_message();
    if (!status || size % 8 == 0) /* files are slow */
        require_same_file(data, size, status, model);
    if (status)
        return 0;
    require_nothing_left_over(model, data, size);
    require_round_trip(model);
    tp_model_destroy(model);
    return 0;
}
