/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/memory.h"
#include "core/size.h"
#include "io/model_names.h"
#include "io/output.h"
#include "io/safetensors.h"
#include "net/shards.h"

#define PIECE ((size_t)16384) /* so many parameters are in memory once more */

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

static int describe_model(json_t *metadata, const tp_model_options *options, const char *digest) {
    if (json_object_set_new(metadata, TP_KEY_FORMAT, json_string(TP_FORMAT)) ||
        json_object_set_new(metadata, TP_KEY_VERSION, json_string(tp_version())) ||
        json_object_set_new(metadata, TP_KEY_DIGEST, json_string(digest)) || describe_loss(metadata, options) ||
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

static json_t *make_header(const tp_model_options *options, const char *digest) {
    json_t *header = json_object();
    json_t *metadata = json_object();
    const bool described = metadata && !describe_model(metadata, options, digest);
    if (json_object_set_new(header, TP_KEY_METADATA, metadata) || !described || describe_tensors(header, options)) {
        json_decref(header);
        return NULL;
    }
    return header;
}

static void hash_parameters(const tp_model *model, float *piece, char hex[SHA256_DIGEST_STRING_LENGTH]) {
    const size_t count = tp_model_parameter_count(model);
    SHA2_CTX digest;
    SHA256Init(&digest);
    for (size_t begin = 0; begin < count; begin += PIECE) {
        const size_t n = tp_min(PIECE, count - begin);
        tp_model_copy_parameters(model, begin, n, piece);
        tp_safetensors_hash(&digest, piece, n);
    }
    SHA256End(&digest, hex);
}

static tp_status write_parameters(const tp_model *model, tp_output *output, float *piece) {
    const size_t count = tp_model_parameter_count(model);
    tp_status status = TP_OK;
    for (size_t begin = 0; !status && begin < count; begin += PIECE) {
        const size_t n = tp_min(PIECE, count - begin);
        tp_model_copy_parameters(model, begin, n, piece);
        status = tp_safetensors_write(output, piece, n);
    }
    return status;
}

static tp_status write_header(const tp_model *model, tp_output *output, const char *digest) {
    const struct tp_context *context = tp_model_context(model);
    tp_model_options options;
    tp_status status = tp_model_describe(model, &options);
    if (status)
        return status;
    json_t *header = make_header(&options, digest);
    if (!header)
        return tp_fail(context, TP_ERR_MEMORY, "tp_model_save_to: cannot allocate the header");
    status = tp_safetensors_begin(output, context, header);
    json_decref(header);
    return status;
}

static tp_status write_model(const tp_model *model, tp_output *output, float *piece) {
    char digest[SHA256_DIGEST_STRING_LENGTH] = "";
    hash_parameters(model, piece, digest);
    tp_status status = write_header(model, output, digest);
    if (!status)
        status = write_parameters(model, output, piece);
    return status ? status : tp_output_commit(output);
}

tp_status tp_model_save_to(const tp_model *model, tp_output *output) {
    if (!model)
        return TP_ERR_ARGUMENT;
    if (!output)
        return tp_fail(tp_model_context(model), TP_ERR_ARGUMENT, "tp_model_save_to: output is NULL");
    if (!tp_output_is_empty(output))
        return tp_fail(tp_model_context(model), TP_ERR_ARGUMENT, "tp_model_save_to: output is not empty");
    const struct tp_context *context = tp_model_context(model);
    float *piece = tp_allocate(context, PIECE * sizeof *piece);
    if (!piece)
        return tp_fail(context, TP_ERR_MEMORY, "tp_model_save_to: cannot allocate %zu bytes", PIECE * sizeof *piece);
    const tp_status status = write_model(model, output, piece);
    tp_release(context, piece);
    return status;
}

tp_status tp_model_save(const tp_model *model, const char *path) {
    if (!model)
        return TP_ERR_ARGUMENT;
    if (!path)
        return tp_fail(tp_model_context(model), TP_ERR_ARGUMENT, "tp_model_save: path is NULL");
    tp_output *output = NULL;
    tp_status status = tp_output_create(tp_model_context(model), path, &output);
    if (!status)
        status = tp_model_save_to(model, output);
    tp_output_destroy(output);
    return status;
}
