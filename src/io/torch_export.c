/* SPDX-License-Identifier: BSD-3-Clause */
/* Models as files of layers that PyTorch reads. */
#include "core/cancel.h"
#include "core/memory.h"
#include "core/message.h"
#include "core/size.h"
#include "io/exchange.h"
#include "io/model_header.h"
#include "io/model_names.h"
#include "io/output.h"
#include "io/schema_json.h"
#include "net/model.h"
#include "net/slices.h"

#include <string.h>

#define FUNCTION "tp_model_export_torch"

struct export {
    const tp_model *model;
    const struct tp_context *context;
    const tp_exchange_options *options;
    struct tp_pattern pattern;
    tp_model_options description;
    json_t *header;
};

/* ---- names ---- */

struct name {
    char text[256];
};

/* In nn.Sequential. */
static size_t place_of(const tp_model *model, size_t l) {
    size_t place = 0;
    for (size_t k = 0; k < l; k++)
        place += 1U + (model->layer[k].activation != TP_ACTIVATION_IDENTITY) + (model->layer[k].dropout > 0);
    return place;
}

/* These return a size, as snprintf does. */

static size_t weight_name(const struct export *export, size_t l, struct name *name) {
    const struct tp_pattern *pattern = &export->pattern;
    if (export->options->name_count)
        return (size_t)snprintf(name->text, sizeof name->text, "%s", export->options->weights[l]);
    return (size_t)snprintf(name->text, sizeof name->text, "%.*s%zu%s", (int)pattern->prefix_length, pattern->prefix,
                            pattern->counted ? pattern->first + l : place_of(export->model, l), pattern->suffix);
}

static size_t bias_name(const struct export *export, size_t l, struct name *name) {
    const tp_exchange_options *options = export->options;
    if (options->name_count && options->biases)
        return (size_t)snprintf(name->text, sizeof name->text, "%s", options->biases[l]);
    struct name weight;
    const size_t length = weight_name(export, l, &weight);
    const char *const word = length < sizeof weight.text ? tp_weight_word(weight.text) : NULL;
    if (!word)
        return length;
    return (size_t)snprintf(name->text, sizeof name->text, "%.*s" TP_OF_LAYER_BIAS "%s", (int)(word - weight.text),
                            weight.text, word + strlen(TP_OF_LAYER_WEIGHT));
}

static bool is_utf8(const char *text) {
    uint32_t character;
    size_t size = 1;
    for (; *text && size; text += size)
        size = tp_decode(text, &character);
    return size != 0;
}

static tp_status fail_name(const struct export *export, size_t l, const char *problem) {
    return tp_fail(export->context, TP_ERR_ARGUMENT, FUNCTION ": layer %zu: %s", l, problem);
}

static tp_status check_names(const struct export *export) {
    const tp_exchange_options *options = export->options;
    if (options->name_count && options->name_count != export->model->layers)
        return tp_fail(export->context, TP_ERR_ARGUMENT, FUNCTION ": name_count is %zu; the model has %zu layers",
                       options->name_count, export->model->layers);
    for (size_t l = 0; options->name_count && l < options->name_count; l++) {
        if (options->biases ? !options->biases[l] : !tp_weight_word(options->weights[l]))
            return fail_name(export, l, "the name of the biases is missing");
    }
    return TP_OK;
}

/* ---- header ---- */

static tp_status fail_header(const struct export *export) {
    return tp_fail(export->context, TP_ERR_MEMORY, FUNCTION ": cannot allocate the header");
}

static tp_status describe_tensor(const struct export *export, size_t l, const struct name *name, size_t length,
                                 json_t *shape, size_t elements, size_t *offset) {
    const char *problem = length >= sizeof name->text       ? "the name of a tensor is longer than 255 bytes"
                          : !length || !is_utf8(name->text) ? "the name of a tensor is empty, or not UTF-8"
                          : json_object_get(export->header, name->text)
                              ? "two tensors have the same name, or one that the format takes"
                              : NULL;
    if (problem) {
        json_decref(shape);
        return fail_name(export, l, problem);
    }
    return tp_describe_tensor(export->header, name->text, shape, elements, sizeof(float), offset) ? fail_header(export)
                                                                                                  : TP_OK;
}

static tp_status describe_layer(const struct export *export, size_t l, size_t *offset) {
    const size_t inputs = export->model->shape[l].inputs, outputs = export->model->shape[l].outputs;
    struct name name;
    size_t length = weight_name(export, l, &name);
    const tp_status status =
        describe_tensor(export, l, &name, length, json_pack("[I, I]", (json_int_t)outputs, (json_int_t)inputs),
                        outputs * inputs, offset);
    if (status)
        return status;
    length = bias_name(export, l, &name);
    return describe_tensor(export, l, &name, length, json_pack("[I]", (json_int_t)outputs), outputs, offset);
}

static tp_status describe_model(const struct export *export) {
    char *schema = NULL;
    size_t size = 0;
    if (export->description.schema) {
        const tp_status status =
            tp_schema_to_json(export->context, FUNCTION, export->description.schema, &schema, &size);
        if (status)
            return status;
    }
    json_t *metadata = json_object();
    const bool described =
        metadata && !tp_torch_describe(export->context, metadata, &export->description, schema, size);
    const int failed = json_object_set_new(export->header, TP_KEY_METADATA, metadata);
    tp_release(export->context, schema);
    return described && !failed ? TP_OK : fail_header(export);
}

static tp_status make_header(struct export *export) {
    size_t offset = 0;
    export->header = json_object();
    tp_status status = describe_model(export);
    for (size_t l = 0; !status && l < export->model->layers; l++)
        status = describe_layer(export, l, &offset);
    return status;
}

/* ---- tensors ---- */

void tp_torch_turn(const tp_model *model, size_t l, size_t output, size_t rows, float *floats) {
    const struct tp_shape *shape = &model->shape[l];
    float column[TP_TORCH_ROWS];
    for (size_t i = 0; i < shape->inputs; i++) {
        tp_model_copy_parameters(model, shape->weight + i * shape->outputs + output, rows, column);
        for (size_t r = 0; r < rows; r++)
            floats[r * shape->inputs + i] = column[r];
    }
}

static tp_status put(tp_output *output, float *floats, size_t count) {
    tp_safetensors_swap(floats, count, sizeof *floats);
    return tp_output_write(output, floats, count * sizeof *floats);
}

static tp_status put_layer(const struct export *export, size_t l, float *floats, tp_output *output) {
    const struct tp_shape *shape = &export->model->shape[l];
    for (size_t o = 0; o < shape->outputs; o += TP_TORCH_ROWS) {
        const size_t rows = tp_min(TP_TORCH_ROWS, shape->outputs - o);
        tp_torch_turn(export->model, l, o, rows, floats);
        const tp_status status = put(output, floats, rows * shape->inputs);
        if (status)
            return status;
    }
    tp_model_copy_parameters(export->model, shape->bias, shape->outputs, floats);
    return put(output, floats, shape->outputs);
}

static tp_status put_layers(const struct export *export, tp_output *output) {
    size_t most = 0;
    for (size_t l = 0; l < export->model->layers; l++)
        most = tp_max(most, tp_max(TP_TORCH_ROWS * export->model->shape[l].inputs, export->model->shape[l].outputs));
    const size_t size = tp_size_mul(most, sizeof(float));
    float *floats = tp_allocate(export->context, size);
    tp_status status = floats ? TP_OK : tp_fail_allocation(export->context, FUNCTION, size);
    for (size_t l = 0; !status && l < export->model->layers; l++)
        status = put_layer(export, l, floats, output);
    tp_release(export->context, floats);
    return status;
}

static tp_status put_header(const struct export *export, tp_output *output) {
    const size_t size = tp_safetensors_begin_size(export->header);
    if (size > TP_TORCH_HEADER)
        return tp_fail(export->context, TP_ERR_UNSUPPORTED,
                       FUNCTION ": the header, with scaling and schema, has %zu bytes; it must be at most %zu", size,
                       TP_TORCH_HEADER);
    void *bytes = size ? tp_safetensors_begin(export->context, export->header, size) : NULL;
    const tp_status status = bytes ? tp_output_write(output, bytes, size) : fail_header(export);
    tp_release(export->context, bytes);
    return status;
}

static void note_scaling(const struct export *export) {
    const bool inputs = export->description.inputs_scaled.count, outputs = export->description.outputs_scaled.count;
    if (inputs || outputs)
        tp_note(export->context,
                "the model scales its %s; the layers do not: means and deviations are in the metadata of the file",
                inputs && outputs ? "inputs and outputs"
                : inputs          ? "inputs"
                                  : "outputs");
}

static tp_status export_model(struct export *export, tp_output *output) {
    tp_status status = check_names(export);
    if (!status)
        status = tp_pattern_parse(export->context, export->options->pattern ? export->options->pattern : "{}.weight",
                                  &export->pattern);
    if (!status)
        status = tp_model_describe(export->model, &export->description);
    if (!status)
        status = make_header(export);
    if (!status)
        status = put_header(export, output);
    if (!status)
        status = put_layers(export, output);
    if (!status)
        note_scaling(export);
    json_decref(export->header);
    return status ? status : tp_output_commit(output);
}

tp_status tp_model_export_torch(const tp_model *model, tp_output *output, const tp_exchange_options *given) {
    if (!model)
        return TP_ERR_ARGUMENT;
    tp_exchange_options options;
    tp_status status = tp_exchange_check_output(model, FUNCTION, output);
    if (!status)
        status = tp_exchange_take(tp_model_context(model), given, &options);
    if (status)
        return status;
    struct export export = {.model = model, .context = tp_model_context(model), .options = &options};
    const int cancel = tp_cancel_hold();
    status = export_model(&export, output);
    tp_cancel_restore(cancel);
    return status;
}
