/* SPDX-License-Identifier: BSD-3-Clause */
/* Models from files of layers as PyTorch has them. */
#include "core/cancel.h"
#include "core/memory.h"
#include "core/size.h"
#include "io/array.h"
#include "io/exchange.h"
#include "io/model_names.h"
#include "net/model.h"

#include <math.h>
#include <string.h>

struct import {
    const char *path; /* for messages */
    const tp_exchange_options *options;
    struct tp_safetensors archive;
    size_t layers;
    struct tp_layer_names names[TP_MAX_LAYERS];
    struct tp_tensor weight[TP_MAX_LAYERS], bias[TP_MAX_LAYERS];
    tp_layer layer[TP_MAX_LAYERS];
    tp_model_options model;
    struct tp_torch_memory memory;
};

/* ---- shapes ---- */

struct shape {
    char text[48];
};
static struct shape shape_of(const struct tp_tensor *tensor) {
    struct shape shape;
    if (tensor->rank == 1)
        snprintf(shape.text, sizeof shape.text, "[%zu]", tensor->dims[0]);
    else
        snprintf(shape.text, sizeof shape.text, "[%zu, %zu]", tensor->dims[0], tensor->dims[1]);
    return shape;
}

static tp_status fail_rank(const struct import *import, const struct tp_tensor *tensor, const char *fits) {
    return tp_fail(import->archive.file.context, TP_ERR_FORMAT, "%s: tensor %s has shape %s; %s would fit",
                   import->path, tensor->name, shape_of(tensor).text, fits);
}

static tp_status check_weight(const struct import *import, size_t l) {
    const struct tp_tensor *weight = &import->weight[l], *before = l ? weight - 1 : NULL;
    if (weight->rank != 2)
        return fail_rank(import, weight, "weights [outputs, inputs]");
    if (before && weight->dims[1] != before->dims[0])
        return tp_fail(import->archive.file.context, TP_ERR_FORMAT,
                       "%s: tensor %s has shape %s; after %s, which has %s, [%zu, %zu] would fit", import->path,
                       weight->name, shape_of(weight).text, before->name, shape_of(before).text, weight->dims[0],
                       before->dims[0]);
    return TP_OK;
}

static tp_status check_bias(const struct import *import, size_t l) {
    const struct tp_tensor *weight = &import->weight[l], *bias = &import->bias[l];
    if (bias->rank == 1 && bias->dims[0] == weight->dims[0])
        return TP_OK;
    return tp_fail(import->archive.file.context, TP_ERR_FORMAT,
                   "%s: tensor %s has shape %s; beside %s, which has %s, [%zu] would fit", import->path, bias->name,
                   shape_of(bias).text, weight->name, shape_of(weight).text, weight->dims[0]);
}

static tp_status find_layer(struct import *import, size_t l) {
    const struct tp_layer_names *names = &import->names[l];
    tp_status status = tp_safetensors_find(&import->archive, names->weight, &import->weight[l]);
    if (!status)
        status = check_weight(import, l);
    if (status || !names->bias)
        return status;
    status = tp_safetensors_find(&import->archive, names->bias, &import->bias[l]);
    return status ? status : check_bias(import, l);
}

static tp_status find_layers(struct import *import) {
    const char *format = json_string_value(json_object_get(import->archive.metadata, TP_KEY_FORMAT));
    if (format && !strcmp(format, TP_FORMAT))
        return tp_fail(import->archive.file.context, TP_ERR_FORMAT, "%s: is a model's file as tp_model_load takes it",
                       import->path);
    tp_status status = tp_torch_names(&import->archive, import->options, import->names, &import->layers);
    for (size_t l = 0; !status && l < import->layers; l++) {
        status = find_layer(import, l);
        import->layer[l].width = import->weight[l].dims[0];
    }
    import->model.inputs = import->weight[0].dims[1];
    import->model.layer_count = import->layers;
    import->model.layers = import->layer;
    return status;
}

/* ---- what the model is ---- */

static tp_status check_like(const struct import *import, const tp_model *like) {
    const struct tp_context *context = import->archive.file.context;
    if (like->layers != import->layers)
        return tp_fail(context, TP_ERR_FORMAT, "%s: has %zu layers; the model that it should be like has %zu",
                       import->path, import->layers, like->layers);
    for (size_t l = 0; l < like->layers; l++) {
        const struct tp_shape *shape = &like->shape[l];
        const struct tp_tensor *weight = &import->weight[l];
        if (weight->dims[0] != shape->outputs || weight->dims[1] != shape->inputs)
            return tp_fail(context, TP_ERR_FORMAT,
                           "%s: tensor %s has shape %s; as layer %zu of the model that it should be like "
                           "[%zu, %zu] would fit",
                           import->path, weight->name, shape_of(weight).text, l, shape->outputs, shape->inputs);
    }
    return TP_OK;
}

static tp_status describe_like(struct import *import, const tp_model *like) {
    tp_status status = check_like(import, like);
    if (!status)
        status = tp_model_describe(like, &import->model);
    if (status)
        return status;
    memcpy(import->layer, import->model.layers, import->layers * sizeof *import->layer);
    import->model.layers = import->layer;
    return TP_OK;
}

static tp_status take_activations(struct import *import) {
    const tp_exchange_options *options = import->options;
    const size_t count = options->activation_count, last = import->layers - 1;
    if (count != 2 && count != import->layers)
        return tp_fail(import->archive.file.context, TP_ERR_ARGUMENT,
                       "%s: has %zu layers, but %zu activations are given; it must be one for each, or 2: that of all "
                       "layers but the last, and that of the last",
                       import->path, import->layers, count);
    for (size_t l = 0; l <= last; l++) {
        const size_t i = count == import->layers ? l : l == last;
        import->layer[l].activation = options->activations[i];
        import->layer[l].slope = tp_has_slope(import->layer[l].activation) ? options->slope : 0;
    }
    return TP_OK;
}

static tp_status take_options(struct import *import, bool said) {
    const tp_exchange_options *options = import->options;
    const tp_status status = options->activation_count ? take_activations(import) : TP_OK;
    if (status)
        return status;
    if (options->loss != TP_LOSS_COUNT)
        import->model.loss = options->loss;
    else if (!said)
        import->model.loss = tp_loss_after(import->layer[import->layers - 1].activation);
    return TP_OK;
}

static tp_status describe(struct import *import) {
    const tp_exchange_options *options = import->options;
    const bool said = json_object_get(import->archive.metadata, TP_KEY_TORCH);
    if (!said && !options->like && !options->activation_count)
        return tp_fail(import->archive.file.context, TP_ERR_ARGUMENT,
                       "%s: does not say the activations of its %zu layers; they must be given", import->path,
                       import->layers);
    tp_status status = TP_OK;
    if (options->like)
        status = describe_like(import, options->like);
    else if (said)
        status = tp_torch_read_metadata(&import->archive, import->layer, &import->model, &import->memory);
    import->model.init = TP_INIT_ZERO;
    if (!status)
        status = take_options(import, said || options->like);
    if (status || said || options->like)
        return status;
    status = tp_schema_make_plain(import->archive.file.context, import->path, &import->model, &import->memory.schema);
    import->model.schema = import->memory.schema;
    return status;
}

/* ---- parameters ---- */

/* False if a number is beyond the largest float. */
static bool to_floats(const struct tp_tensor *tensor, const void *elements, size_t count, float *floats) {
    if (tensor->type == TP_TENSOR_F32)
        memcpy(floats, elements, count * sizeof *floats);
    if (tensor->type == TP_TENSOR_F16)
        tp_element_of('f', sizeof(uint16_t))->convert(elements, count, false, floats);
    for (size_t i = 0; tensor->type == TP_TENSOR_BF16 && i < count; i++) {
        const uint32_t word = (uint32_t)((const uint16_t *)elements)[i] << 16;
        memcpy(&floats[i], &word, sizeof word);
    }
    for (size_t i = 0; tensor->type == TP_TENSOR_F64 && i < count; i++) {
        const double value = ((const double *)elements)[i];
        floats[i] = (float)value;
        if (isinf(floats[i]) && isfinite(value))
            return false;
    }
    return true;
}

/* Room for the elements of a piece, at most doubles, and for them as floats. */
struct piece {
    void *elements;
    float *floats;
};

static tp_status read_floats(const struct import *import, const struct tp_tensor *tensor, size_t begin, size_t count,
                             const struct piece *piece) {
    struct tp_tensor part = *tensor;
    part.begin += begin * part.element;
    part.end = part.begin + count * part.element;
    const tp_status status = tp_safetensors_read(&import->archive, &part, piece->elements, NULL);
    if (status || to_floats(tensor, piece->elements, count, piece->floats))
        return status;
    return tp_fail(import->archive.file.context, TP_ERR_FORMAT,
                   "%s: tensor %s has a number that is beyond the largest float", import->path, tensor->name);
}

/* Rows of outputs become columns. */
static tp_status read_weight(const struct import *import, const struct tp_tensor *tensor, const struct piece *piece,
                             float *weight) {
    const size_t outputs = tensor->dims[0], inputs = tensor->dims[1];
    for (size_t o = 0; o < outputs; o += TP_TORCH_ROWS) {
        const size_t rows = tp_min(TP_TORCH_ROWS, outputs - o);
        const tp_status status = read_floats(import, tensor, o * inputs, rows * inputs, piece);
        if (status)
            return status;
        for (size_t i = 0; i < inputs; i++)
            for (size_t r = 0; r < rows; r++)
                weight[i * outputs + o + r] = piece->floats[r * inputs + i];
    }
    return TP_OK;
}

static tp_status read_bias(const struct import *import, const struct tp_tensor *tensor, const struct piece *piece,
                           float *bias) {
    const tp_status status = read_floats(import, tensor, 0, tensor->dims[0], piece);
    if (!status)
        memcpy(bias, piece->floats, tensor->dims[0] * sizeof *bias);
    return status;
}

static tp_status read_parameters(const struct import *import, const struct piece *piece, tp_model *model) {
    tp_status status = TP_OK;
    for (size_t l = 0; !status && l < import->layers; l++) {
        const struct tp_shape *shape = &model->shape[l];
        status = read_weight(import, &import->weight[l], piece, model->parameters + shape->weight);
        if (!status && import->names[l].bias)
            status = read_bias(import, &import->bias[l], piece, model->parameters + shape->bias);
    }
    return status;
}

static void lay_out(struct tp_arena *arena, size_t most, struct piece *piece) {
    piece->elements = tp_arena_take(arena, most, sizeof(double));
    piece->floats = tp_arena_take(arena, most, sizeof(float));
}

static size_t largest_piece(const tp_model *model) {
    size_t most = 0;
    for (size_t l = 0; l < model->layers; l++)
        most = tp_max(most, tp_max(TP_TORCH_ROWS * model->shape[l].inputs, model->shape[l].outputs));
    return most;
}

static tp_status fill(const struct import *import, tp_model *model) {
    struct tp_arena arena = {0};
    struct piece piece;
    lay_out(&arena, largest_piece(model), &piece);
    const size_t size = arena.used;
    arena = (struct tp_arena){.base = tp_allocate(model->context, size)};
    if (!arena.base)
        return tp_fail_allocation(model->context, import->path, size);
    void *const block = arena.base;
    lay_out(&arena, largest_piece(model), &piece);
    const tp_status status = read_parameters(import, &piece, model);
    tp_release(model->context, block);
    return status;
}

/* ---- model ---- */

static tp_status import_archive(tp_context *context, struct import *import, tp_model **model) {
    tp_model *made = NULL;
    tp_model_options_default(&import->model);
    tp_status status = find_layers(import);
    if (!status)
        status = describe(import);
    if (!status)
        status = tp_model_create(context, &import->model, &made);
    if (!status)
        status = fill(import, made);
    if (status)
        tp_model_destroy(made);
    else
        *model = made;
    tp_torch_release(context, &import->memory);
    return status;
}

static tp_status import_file(tp_context *context, const char *path, const tp_exchange_options *options,
                             tp_model **model) {
    struct import import;
    struct tp_file file;
    memset(&import, 0, sizeof import);
    import.path = path;
    import.options = options;
    tp_status status = tp_file_open(context, path, &file);
    if (!status)
        status = tp_safetensors_open(&file, TP_TORCH_HEADER, &import.archive);
    if (status)
        return status;
    status = import_archive(context, &import, model);
    tp_safetensors_close(&import.archive);
    return status;
}

tp_status tp_model_import_torch(tp_context *context, const char *path, const tp_exchange_options *given,
                                tp_model **model) {
    if (!context)
        return TP_ERR_ARGUMENT;
    if (!path || !model)
        return tp_fail(context, TP_ERR_ARGUMENT, "tp_model_import_torch: %s is NULL", path ? "model" : "path");
    tp_exchange_options options;
    tp_status status = tp_exchange_take(context, given, &options);
    if (status)
        return status;
    const int cancel = tp_cancel_hold();
    status = import_file(context, path, &options, model);
    tp_cancel_restore(cancel);
    return status;
}
