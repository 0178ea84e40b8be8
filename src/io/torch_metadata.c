/* SPDX-License-Identifier: BSD-3-Clause */
/* What a file of layers says of a model beyond its tensors: texts in the metadata, which programs that do not know them
 * leave alone. */
#include "core/memory.h"
#include "io/exchange.h"
#include "io/model_header.h"
#include "io/model_names.h"
#include "io/schema_json.h"
#include "net/model.h"

#include <math.h>
#include <string.h>

/* ---- writing ---- */

/* [mean, ...] as text; jansson writes a decimal point in every locale. NULL if memory runs out. */
static json_t *text_of(const struct tp_context *context, const double *values, size_t count) {
    const size_t flags = JSON_COMPACT | JSON_REAL_PRECISION(TP_DOUBLE_DIGITS);
    json_t *list = json_array(), *text = NULL;
    int failed = !list;
    for (size_t i = 0; !failed && i < count; i++)
        failed = json_array_append_new(list, json_real(values[i]));
    const size_t length = failed ? 0 : json_dumpb(list, NULL, 0, flags);
    char *buffer = length ? tp_allocate(context, length) : NULL;
    if (buffer && json_dumpb(list, buffer, length, flags) == length)
        text = json_stringn(buffer, length);
    tp_release(context, buffer);
    json_decref(list);
    return text;
}

static int describe_scaling(const struct tp_context *context, json_t *metadata, const tp_model_options *options) {
    for (int array = 0; array < TP_SCALING_ARRAYS; array++) {
        size_t count;
        const double *values = tp_scaling_values(options, array, &count);
        if (count && json_object_set_new(metadata, tp_scaling_key((enum tp_scaling_array)array),
                                         text_of(context, values, count)))
            return -1;
    }
    return 0;
}

static int describe_schema(json_t *metadata, const char *schema, size_t size) {
    return schema ? json_object_set_new(metadata, TP_SCHEMA_KEY, json_stringn(schema, size)) : 0;
}

int tp_torch_describe(const struct tp_context *context, json_t *metadata, const tp_model_options *options,
                      const char *schema, size_t size) {
    if (json_object_set_new(metadata, TP_KEY_FORMAT, json_string("pt")) ||
        json_object_set_new(metadata, TP_KEY_TORCH, json_string(tp_version())) ||
        tp_describe_objective(metadata, options) || describe_scaling(context, metadata, options) ||
        tp_describe_layers(metadata, options))
        return -1;
    return describe_schema(metadata, schema, size);
}

/* ---- reading ---- */

static tp_status fail_value(const struct tp_safetensors *archive, const char *key, const char *problem) {
    return tp_fail(archive->file.context, TP_ERR_FORMAT, "%s: " TP_KEY_METADATA ": %s %s", archive->file.path, key,
                   problem);
}

static tp_status take_values(const struct tp_safetensors *archive, const char *key, const json_t *list,
                             double **values) {
    const size_t count = json_array_size(list);
    *values = tp_allocate(archive->file.context, count * sizeof **values);
    if (!*values)
        return tp_fail_allocation(archive->file.context, archive->file.path, count * sizeof **values);
    for (size_t i = 0; i < count; i++) {
        const json_t *value = json_array_get(list, i);
        (*values)[i] = json_real_value(value);
        if (!json_is_real(value) || !isfinite((*values)[i]))
            return fail_value(archive, key, "is not a list of numbers");
    }
    return TP_OK;
}

/* A list of numbers as text; the parser's stack would grow with lists in lists. */
static tp_status parse_values(const struct tp_safetensors *archive, const char *key, json_t **list) {
    const char *text = json_string_value(json_object_get(archive->metadata, key));
    bool refused;
    if (tp_json_depth(text, strlen(text)) > 1)
        return fail_value(archive, key, "is not a list of numbers");
    *list = tp_json_parse(text, strlen(text), JSON_DECODE_INT_AS_REAL, NULL, &refused);
    if (refused)
        return tp_fail(archive->file.context, TP_ERR_MEMORY, "%s: cannot allocate memory to read %s",
                       archive->file.path, key);
    return TP_OK;
}

static tp_status read_values(const struct tp_safetensors *archive, const char *key, size_t inputs, double **values,
                             size_t *count) {
    json_t *list = NULL;
    tp_status status = parse_values(archive, key, &list);
    *count = json_array_size(list);
    if (!status)
        status = *count != 1 && *count != inputs ? fail_value(archive, key, "does not fit the layers")
                                                 : take_values(archive, key, list, values);
    json_decref(list);
    return status;
}

/* Mean and deviation, from array on; size: how many values are scaled. */
static tp_status read_scaling(const struct tp_safetensors *archive, enum tp_scaling_array array, size_t size,
                              double *values[TP_SCALING_ARRAYS], tp_scaling *scaling) {
    size_t count[2] = {0};
    for (int i = 0; i < 2; i++) {
        const char *key = tp_scaling_key((enum tp_scaling_array)((int)array + i));
        if (!json_object_get(archive->metadata, key))
            continue;
        const tp_status status = read_values(archive, key, size, &values[(int)array + i], &count[i]);
        if (status)
            return status;
    }
    if (count[0] != count[1])
        return fail_value(archive, tp_scaling_key(array), "has not as many values as the deviation");
    *scaling = (tp_scaling){count[0], values[array], values[array + 1]};
    return TP_OK;
}

static tp_status read_schema(const struct tp_safetensors *archive, tp_model_options *options,
                             struct tp_schema **schema) {
    const struct tp_file *file = &archive->file;
    const char *text = json_string_value(json_object_get(archive->metadata, TP_SCHEMA_KEY));
    const tp_status status = text ? tp_schema_from_json(file->context, file->path, text, strlen(text), schema) : TP_OK;
    const char *misfit = status || !text ? NULL : tp_schema_misfit(*schema, options);
    if (misfit)
        return tp_fail(file->context, TP_ERR_FORMAT, "%s: schema has other %s than the layers", file->path, misfit);
    options->schema = *schema;
    return status;
}

tp_status tp_torch_read_metadata(const struct tp_safetensors *archive, tp_layer *layer, tp_model_options *options,
                                 struct tp_torch_memory *memory) {
    tp_status status = tp_read_layers(archive, layer, options);
    if (!status)
        status = read_scaling(archive, TP_INPUT_MEAN, options->inputs, memory->scaling, &options->inputs_scaled);
    if (!status)
        status = read_scaling(archive, TP_OUTPUT_MEAN, layer[options->layer_count - 1].width, memory->scaling,
                              &options->outputs_scaled);
    return status ? status : read_schema(archive, options, &memory->schema);
}

void tp_torch_release(const struct tp_context *context, const struct tp_torch_memory *memory) {
    for (int array = 0; array < TP_SCALING_ARRAYS; array++)
        tp_release(context, memory->scaling[array]);
    tp_schema_release(memory->schema);
}
