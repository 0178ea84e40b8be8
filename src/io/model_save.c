/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/memory.h"
#include "io/model_names.h"
#include "io/safetensors.h"
#include "net/model.h"

/* Nine digits identify a float. jansson writes a decimal point in every locale. NULL if memory runs out. */
static json_t *number(float value) {
    char text[32];
    json_t *real = json_real((double)value);
    const size_t length = json_dumpb(real, text, sizeof text, JSON_ENCODE_ANY | JSON_REAL_PRECISION(9));
    json_decref(real);
    return length && length <= sizeof text ? json_stringn(text, length) : NULL;
}

/* These return 0, or -1 if memory runs out, as jansson does. json_object_set_new takes NULL for a failure. */

static int describe_layer(json_t *metadata, size_t l, const tp_layer *layer) {
    const struct tp_layer_key activation = tp_layer_key(l, TP_OF_LAYER_ACTIVATION);
    if (json_object_set_new(metadata, activation.text, json_string(tp_activation_name(layer->activation))))
        return -1;
    if (tp_has_slope(layer->activation) &&
        json_object_set_new(metadata, tp_layer_key(l, TP_OF_LAYER_SLOPE).text, number(layer->slope)))
        return -1;
    if (layer->dropout == 0)
        return 0;
    return json_object_set_new(metadata, tp_layer_key(l, TP_OF_LAYER_DROPOUT).text, number(layer->dropout));
}

static int describe_loss(json_t *metadata, const tp_model_options *options) {
    if (json_object_set_new(metadata, TP_KEY_LOSS, json_string(tp_loss_name(options->loss))))
        return -1;
    if (options->loss == TP_LOSS_HUBER &&
        json_object_set_new(metadata, TP_KEY_HUBER_DELTA, number(options->huber_delta)))
        return -1;
    if (options->label_smoothing == 0)
        return 0;
    return json_object_set_new(metadata, TP_KEY_SMOOTHING, number(options->label_smoothing));
}

static int describe_model(json_t *metadata, const tp_model_options *options) {
    if (json_object_set_new(metadata, TP_KEY_FORMAT, json_string(TP_FORMAT)) ||
        json_object_set_new(metadata, TP_KEY_VERSION, json_string(tp_version())) || describe_loss(metadata, options) ||
        json_object_set_new(metadata, TP_KEY_MEAN, number(options->input_mean)) ||
        json_object_set_new(metadata, TP_KEY_DEVIATION, number(options->input_deviation)))
        return -1;
    for (size_t l = 0; l < options->layer_count; l++)
        if (describe_layer(metadata, l, &options->layers[l]))
            return -1;
    return 0;
}

/* Adds a tensor whose data begins at *offset and moves *offset to its end. */
static int describe_tensor(json_t *header, size_t slot, json_t *shape, size_t elements, size_t *offset) {
    const size_t begin = *offset;
    *offset = begin + elements * sizeof(float);
    json_t *tensor = json_pack("{s:s, s:o, s:[I, I]}", "dtype", "F32", "shape", shape, "data_offsets",
                               (json_int_t)begin, (json_int_t)*offset);
    return json_object_set_new(header, tp_tensor_key(slot).text, tensor);
}

static int describe_tensors(json_t *header, const tp_model_options *options) {
    size_t offset = 0, rows = options->inputs;
    for (size_t l = 0; l < options->layer_count; l++) {
        const size_t columns = options->layers[l].width;
        json_t *weight = json_pack("[I, I]", (json_int_t)rows, (json_int_t)columns);
        if (!weight || describe_tensor(header, 2 * l, weight, rows * columns, &offset))
            return -1;
        json_t *bias = json_pack("[I]", (json_int_t)columns);
        if (!bias || describe_tensor(header, 2 * l + 1, bias, columns, &offset))
            return -1;
        rows = columns;
    }
    return 0;
}

static json_t *make_header(const tp_model_options *options) {
    json_t *header = json_object();
    json_t *metadata = json_object();
    const bool described = metadata && !describe_model(metadata, options);
    if (json_object_set_new(header, TP_KEY_METADATA, metadata) || !described || describe_tensors(header, options)) {
        json_decref(header);
        return NULL;
    }
    return header;
}

static tp_status save_parameters(const tp_model *model, const char *path, const json_t *header) {
    const struct tp_context *context = tp_model_context(model);
    const size_t count = tp_model_parameter_count(model);
    float *parameters = tp_allocate(context, count * sizeof *parameters);
    if (!parameters)
        return tp_fail(context, TP_ERR_MEMORY, "tp_model_save: cannot allocate %zu bytes", count * sizeof *parameters);
    tp_status status = tp_model_get_parameters(model, parameters, count);
    if (!status)
        status = tp_safetensors_write(context, path, header, parameters, count);
    tp_release(context, parameters);
    return status;
}

tp_status tp_model_save(const tp_model *model, const char *path) {
    if (!model)
        return TP_ERR_ARGUMENT;
    if (!path)
        return tp_fail(tp_model_context(model), TP_ERR_ARGUMENT, "tp_model_save: path is NULL");
    tp_model_options options;
    tp_status status = tp_model_describe(model, &options);
    if (status)
        return status;
    json_t *header = make_header(&options);
    if (!header)
        return tp_fail(tp_model_context(model), TP_ERR_MEMORY, "tp_model_save: cannot allocate the header");
    status = save_parameters(model, path, header);
    json_decref(header);
    return status;
}
