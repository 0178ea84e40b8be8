/* SPDX-License-Identifier: BSD-3-Clause */
#include "net/model.h"

#include "core/memory.h"
#include "core/names.h"
#include "core/options.h"
#include "core/size.h"
#include "gemm/lanes.h"
#include "gemm/bf16.h"
#include "net/slices.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const tp_model_options default_options = {.struct_size = sizeof default_options,
                                                 .layer_size = sizeof(tp_layer),
                                                 .loss = TP_LOSS_CCE,
                                                 .init = TP_INIT_AUTO,
                                                 .seed = 1,
                                                 .huber_delta = 1};
static const struct tp_struct options_type = {.name = "model options",
                                              .size = sizeof default_options,
                                              .first = offsetof(tp_model_options, label_smoothing),
                                              .defaults = &default_options};

TP_NO_PADDING(tp_model_options, reserved);
TP_NO_PADDING(tp_layer, reserved);

void tp_model_options_init(tp_model_options *options, size_t struct_size, size_t layer_size) {
    tp_struct_init(&options_type, options, struct_size);
    if (options && struct_size >= options_type.first)
        options->layer_size = layer_size;
}

tp_status tp_give_model_options(const struct tp_context *context, const tp_model_options *own,
                                tp_model_options *options, size_t struct_size) {
    return tp_struct_give(context, &options_type, own, options, struct_size);
}

tp_status tp_check_layer_size(const struct tp_context *context, size_t size) {
    if (size < offsetof(tp_layer, dropout))
        return tp_fail(context, TP_ERR_ARGUMENT,
                       "layer_size is %zu; it must be at least %zu: the default function sets it", size,
                       offsetof(tp_layer, dropout));
    return TP_OK;
}

/* Layers as programs have them, maybe of another version, become the library's. */
static tp_status take_layers(const struct tp_context *context, tp_model_options *options,
                             tp_layer layers[TP_MAX_LAYERS]) {
    const size_t size = options->layer_size;
    const tp_status status = tp_check_layer_size(context, size);
    if (status)
        return status;
    if (size > sizeof *layers)
        return tp_fail(context, TP_ERR_UNSUPPORTED, "layer_size is %zu, but library %s knows only %zu bytes", size,
                       tp_version(), sizeof *layers);
    for (size_t l = 0; l < options->layer_count; l++) {
        layers[l] = (tp_layer){0};
        memcpy(&layers[l], (const char *)options->layers + l * size, size);
        layers[l].slope = tp_slope(layers[l].activation, layers[l].slope);
    }
    options->layers = layers;
    options->layer_size = sizeof *layers;
    return TP_OK;
}

tp_activation tp_loss_activation(tp_loss loss) {
    static const tp_activation last[TP_LOSS_COUNT] = {
#define LOSS(id, name, last) [TP_LOSS_##id] = TP_ACTIVATION_##last,
#include "kernels/loss.def"
#undef LOSS
    };
    return last[loss];
}

static tp_status check_layer(const struct tp_context *context, const tp_model_options *options, size_t l) {
    const tp_layer *layer = &options->layers[l];
    const char *name = tp_activation_name(layer->activation);
    if (layer->reserved)
        return tp_fail(context, TP_ERR_ARGUMENT, "layer %zu: reserved is %u; it must be 0", l, layer->reserved);
    if (layer->width < 1)
        return tp_fail(context, TP_ERR_ARGUMENT, "layer %zu: width is 0; it must be at least 1", l);
    if (!name)
        return tp_fail(context, TP_ERR_ARGUMENT, "layer %zu: activation %d is unknown", l, (int)layer->activation);
    if (layer->activation == TP_ACTIVATION_SOFTMAX && l + 1 < options->layer_count)
        return tp_fail(context, TP_ERR_ARGUMENT, "layer %zu: softmax is for the last layer, %zu", l,
                       options->layer_count - 1);
    if (!(layer->dropout >= 0 && layer->dropout < 1))
        return tp_fail(context, TP_ERR_ARGUMENT, "layer %zu: dropout is %g; it must be 0 or more and below 1", l,
                       (double)layer->dropout);
    if (layer->dropout > 0 && l + 1 == options->layer_count)
        return tp_fail(context, TP_ERR_ARGUMENT, "layer %zu: dropout is %g; it must be 0 in the last layer", l,
                       (double)layer->dropout);
    char where[32];
    snprintf(where, sizeof where, "layer %zu", l);
    return tp_check_slope(context, where, layer->activation, layer->slope);
}

static tp_status check_loss(const struct tp_context *context, const tp_model_options *options) {
    const tp_activation last = options->layers[options->layer_count - 1].activation;
    const char *name = tp_loss_name(options->loss);
    if (!name)
        return tp_fail(context, TP_ERR_ARGUMENT, "loss %d is unknown", (int)options->loss);
    const tp_activation needed = tp_loss_activation(options->loss);
    if (needed != TP_ACTIVATION_COUNT && last != needed)
        return tp_fail(context, TP_ERR_ARGUMENT, "layer %zu: loss %s needs %s as last activation, not %s",
                       options->layer_count - 1, name, tp_activation_name(needed), tp_activation_name(last));
    if (!(options->label_smoothing >= 0 && options->label_smoothing < 1))
        return tp_fail(context, TP_ERR_ARGUMENT, "label_smoothing is %g; it must be 0 or more and below 1",
                       (double)options->label_smoothing);
    if (options->label_smoothing > 0 && !tp_is_cross_entropy(options->loss))
        return tp_fail(context, TP_ERR_ARGUMENT, "label_smoothing is %g; with loss %s it must be 0",
                       (double)options->label_smoothing, name);
    if (options->loss == TP_LOSS_HUBER && !(options->huber_delta > 0 && isfinite(options->huber_delta)))
        return tp_fail(context, TP_ERR_ARGUMENT, "huber_delta is %g; it must be positive and finite",
                       (double)options->huber_delta);
    return TP_OK;
}

/* What must be known before layers are looked at. */
static tp_status check_sizes(const struct tp_context *context, const tp_model_options *options) {
    if (options->inputs < 1)
        return tp_fail(context, TP_ERR_ARGUMENT, "inputs is 0; it must be at least 1");
    if (options->layer_count < 1 || options->layer_count > TP_MAX_LAYERS)
        return tp_fail(context, TP_ERR_ARGUMENT, "layer_count is %zu; it must be 1..%d", options->layer_count,
                       TP_MAX_LAYERS);
    return options->layers ? TP_OK : tp_fail(context, TP_ERR_ARGUMENT, "layers is NULL");
}

static tp_status check_pair(const struct tp_context *context, const char *name, const tp_scaling *scaling, size_t i) {
    const double mean = scaling->mean[i], deviation = scaling->deviation[i];
    if (!isfinite(mean))
        return tp_fail(context, TP_ERR_ARGUMENT, "%s: mean[%zu] is %g; it must be finite", name, i, mean);
    if (!(deviation > 0) || !isfinite(deviation) || !isfinite(1 / deviation))
        return tp_fail(context, TP_ERR_ARGUMENT,
                       "%s: deviation[%zu] is %g; it must be positive, and it and its reciprocal finite", name, i,
                       deviation);
    return TP_OK;
}

static tp_status check_scaling(const struct tp_context *context, const char *name, const tp_scaling *scaling,
                               size_t values) {
    if (scaling->count > 1 && scaling->count != values)
        return tp_fail(context, TP_ERR_ARGUMENT, "%s: count is %zu; it must be 0, 1 or %zu", name, scaling->count,
                       values);
    if (scaling->count && (!scaling->mean || !scaling->deviation))
        return tp_fail(context, TP_ERR_ARGUMENT, "%s: %s is NULL", name, scaling->mean ? "deviation" : "mean");
    tp_status status = TP_OK;
    for (size_t i = 0; !status && i < scaling->count; i++)
        status = check_pair(context, name, scaling, i);
    return status;
}

tp_status tp_check_scaled_loss(const struct tp_context *context, const tp_model_options *options) {
    if (options->outputs_scaled.count && tp_loss_activation(options->loss) != TP_ACTIVATION_COUNT)
        return tp_fail(context, TP_ERR_ARGUMENT, "outputs_scaled: count is %zu; with loss %s it must be 0",
                       options->outputs_scaled.count, tp_loss_name(options->loss));
    return TP_OK;
}

static tp_status check_output_scaling(const struct tp_context *context, const tp_model_options *options) {
    const tp_status status = tp_loss_name(options->loss) ? tp_check_scaled_loss(context, options) : TP_OK;
    const size_t outputs = options->layers[options->layer_count - 1].width;
    return status ? status : check_scaling(context, "outputs_scaled", &options->outputs_scaled, outputs);
}

static tp_status check_schema(const struct tp_context *context, const tp_model_options *options) {
    const char *misfit = options->schema ? tp_schema_misfit(options->schema, options) : NULL;
    if (!misfit)
        return TP_OK;
    return tp_fail(context, TP_ERR_ARGUMENT, "schema: it has %zu inputs and %zu outputs; the layers have other %s",
                   tp_schema_inputs(options->schema), tp_schema_outputs(options->schema), misfit);
}

tp_status tp_check_model(const struct tp_context *context, const tp_model_options *options) {
    if (!tp_init_name(options->init))
        return tp_fail(context, TP_ERR_ARGUMENT, "init %d is unknown", (int)options->init);
    if (!tp_precision_name(options->precision))
        return tp_fail(context, TP_ERR_ARGUMENT, "precision %d is unknown", (int)options->precision);
    if (options->reserved)
        return tp_fail(context, TP_ERR_ARGUMENT, "reserved is %u; it must be 0", options->reserved);
    tp_status status = check_scaling(context, "inputs_scaled", &options->inputs_scaled, options->inputs);
    if (!status)
        status = check_output_scaling(context, options);
    if (status)
        return status;
    for (size_t l = 0; l < options->layer_count; l++) {
        status = check_layer(context, options, l);
        if (status)
            return status;
    }
    const tp_status fits = check_loss(context, options);
    return fits ? fits : check_schema(context, options);
}

/* Sets shape and parameter_count; the count is TP_SIZE_OVERFLOW if it, in bytes, does not fit. */
static void set_offsets(tp_model *model) {
    size_t count = 0, inputs = model->inputs;
    for (size_t l = 0; l < model->layers; l++) {
        const size_t outputs = model->layer[l].width;
        const size_t bias = tp_size_add(count, tp_size_mul(inputs, outputs));
        model->shape[l] = (struct tp_shape){inputs, outputs, count, bias};
        count = tp_size_add(bias, outputs);
        inputs = outputs;
    }
    model->parameter_count = tp_size_mul(count, sizeof(float)) == TP_SIZE_OVERFLOW ? TP_SIZE_OVERFLOW : count;
}

static void fill(tp_model *model, const struct tp_context *context, const tp_model_options *options) {
    *model = (tp_model){.context = context,
                        .inputs = options->inputs,
                        .layers = options->layer_count,
                        .loss = options->loss,
                        .init = options->init,
                        .seed = options->seed,
                        .inputs_scaled = {.count = options->inputs_scaled.count},
                        .outputs_scaled = {.count = options->outputs_scaled.count},
                        .huber_delta = options->huber_delta,
                        .label_smoothing = options->label_smoothing,
                        .bf16 = options->precision == TP_PRECISION_BF16 ? tp_bf16_of_context(context) : NULL};
    memcpy(model->layer, options->layers, options->layer_count * sizeof *options->layers);
    set_offsets(model);
}

void tp_scaler_lay_out(struct tp_scaler *scaler, struct tp_arena *arena) {
    const size_t count = tp_max(scaler->count, 1);
    scaler->mean = tp_arena_take(arena, count, sizeof *scaler->mean);
    scaler->deviation = tp_arena_take(arena, count, sizeof *scaler->deviation);
    scaler->factor = tp_arena_take(arena, count, sizeof *scaler->factor);
}

static void lay_out_arrays(tp_model *model, struct tp_arena *arena) {
    model->parameters = tp_arena_take(arena, model->parameter_count, sizeof(float));
    tp_scaler_lay_out(&model->inputs_scaled, arena);
    tp_scaler_lay_out(&model->outputs_scaled, arena);
}

static tp_status allocate(const struct tp_context *context, const tp_model *source, tp_model **model) {
    struct tp_arena arena = {0};
    tp_model copy = *source;
    tp_arena_take(&arena, 1, sizeof copy);
    lay_out_arrays(&copy, &arena);
    const size_t size = arena.used;
    arena = (struct tp_arena){.base = tp_allocate(context, size)};
    if (!arena.base)
        return tp_fail_allocation(context, "model", size);
    *model = tp_arena_take(&arena, 1, sizeof copy);
    lay_out_arrays(&copy, &arena);
    **model = copy;
    return TP_OK;
}

static void fill_scaler(struct tp_scaler *scaler, const tp_scaling *scaling) {
    for (size_t i = 0; i < tp_max(scaling->count, 1); i++) {
        scaler->mean[i] = scaling->count ? scaling->mean[i] : 0; /* they may be the scaler's own */
        scaler->deviation[i] = scaling->count ? scaling->deviation[i] : 1;
        scaler->factor[i] = 1 / scaler->deviation[i];
    }
}

tp_status tp_model_create(tp_context *context, const tp_model_options *given, tp_model **model) {
    if (!context)
        return TP_ERR_ARGUMENT;
    if (!given || !model)
        return tp_fail(context, TP_ERR_ARGUMENT, "%s is NULL", given ? "model" : "options");
    tp_model_options options;
    tp_layer layers[TP_MAX_LAYERS];
    tp_status status = tp_struct_take(context, &options_type, given, &options);
    if (!status)
        status = check_sizes(context, &options);
    if (!status)
        status = take_layers(context, &options, layers);
    if (!status)
        status = tp_check_model(context, &options);
    if (status)
        return status;
    tp_model local, *made = NULL;
    fill(&local, context, &options);
    status = allocate(context, &local, &made);
    if (status)
        return status;
    fill_scaler(&made->inputs_scaled, &options.inputs_scaled);
    fill_scaler(&made->outputs_scaled, &options.outputs_scaled);
    tp_model_initialise(made);
    if (options.schema)
        status = tp_schema_copy(context, "model", options.schema, &made->schema);
    if (status)
        tp_model_destroy(made);
    else
        *model = made;
    return status;
}

void tp_model_destroy(tp_model *model) {
    if (!model)
        return;
    tp_schema_release(model->schema);
    tp_notes_release(model->context, &model->notes);
    tp_release(model->context, model); /* the block begins with its model */
}

const tp_schema *tp_model_schema(const tp_model *model) {
    return model ? model->schema : NULL;
}

const struct tp_context *tp_model_context(const tp_model *model) {
    return model->context;
}

bool tp_model_sums_in_lanes(const tp_model *model, size_t l) {
    return tp_sums_in_lanes(model->shape[l].outputs, model->shape[l].inputs);
}

size_t tp_model_widest(const tp_model *model) {
    size_t widest = 0;
    for (size_t l = 0; l < model->layers; l++)
        widest = model->layer[l].width > widest ? model->layer[l].width : widest;
    return widest;
}

double tp_model_flops(const tp_model *model, bool training) {
    double flops = 0;
    for (size_t l = 0; l < model->layers; l++) {
        const double product = 2.0 * (double)model->shape[l].inputs * (double)model->shape[l].outputs;
        flops += product * (!training ? 1 : l ? 3 : 2);
    }
    return flops;
}

static tp_scaling scaling_of(const struct tp_scaler *scaler) {
    return (tp_scaling){scaler->count, scaler->mean, scaler->deviation};
}

tp_status tp_model_get_options(const tp_model *model, tp_model_options *options, size_t struct_size) {
    if (!model)
        return TP_ERR_ARGUMENT;
    if (!options)
        return tp_fail(model->context, TP_ERR_ARGUMENT, "options is NULL");
    const tp_model_options own = {.struct_size = sizeof own,
                                  .inputs = model->inputs,
                                  .layer_count = model->layers,
                                  .layers = model->layer,
                                  .layer_size = sizeof *model->layer,
                                  .loss = model->loss,
                                  .init = model->init,
                                  .seed = model->seed,
                                  .inputs_scaled = scaling_of(&model->inputs_scaled),
                                  .outputs_scaled = scaling_of(&model->outputs_scaled),
                                  .huber_delta = model->huber_delta,
                                  .label_smoothing = model->label_smoothing,
                                  .schema = model->schema,
                                  .precision = model->bf16 ? TP_PRECISION_BF16 : TP_PRECISION_F32};
    return tp_give_model_options(model->context, &own, options, struct_size);
}

const tp_layer *tp_model_layer(const tp_model *model, size_t layer) {
    return model && layer < model->layers ? &model->layer[layer] : NULL;
}

size_t tp_model_parameter_count(const tp_model *model) {
    return model ? model->parameter_count : 0;
}

tp_status tp_model_layer_offsets(const tp_model *model, size_t layer, size_t *weight, size_t *bias) {
    if (!model)
        return TP_ERR_ARGUMENT;
    if (layer >= model->layers)
        return tp_fail(model->context, TP_ERR_ARGUMENT, "layer is %zu; the model has %zu", layer, model->layers);
    if (weight)
        *weight = model->shape[layer].weight;
    if (bias)
        *bias = model->shape[layer].bias;
    return TP_OK;
}

static tp_status check_count(const tp_model *model, const float *parameters, size_t count) {
    if (!parameters)
        return tp_fail(model->context, TP_ERR_ARGUMENT, "parameters is NULL");
    if (count != model->parameter_count)
        return tp_fail(model->context, TP_ERR_ARGUMENT, "count is %zu; the model has %zu parameters", count,
                       model->parameter_count);
    return TP_OK;
}

tp_status tp_model_get_parameters(const tp_model *model, float *parameters, size_t count) {
    const tp_status status = model ? check_count(model, parameters, count) : TP_ERR_ARGUMENT;
    if (status)
        return status;
    tp_model_copy_parameters(model, 0, count, parameters);
    return TP_OK;
}

tp_status tp_model_set_parameters(tp_model *model, const float *parameters, size_t count) {
    const tp_status status = model ? check_count(model, parameters, count) : TP_ERR_ARGUMENT;
    if (status)
        return status;
    tp_slices_end(model);
    memcpy(model->parameters, parameters, count * sizeof *parameters);
    return TP_OK;
}

tp_status tp_model_finish_scaling(const struct tp_context *context, tp_model *model) {
    const tp_scaling inputs = scaling_of(&model->inputs_scaled), outputs = scaling_of(&model->outputs_scaled);
    tp_status status = check_scaling(context, "inputs_scaled", &inputs, model->inputs);
    if (!status)
        status = check_scaling(context, "outputs_scaled", &outputs, tp_model_outputs(model));
    if (status)
        return status;
    fill_scaler(&model->inputs_scaled, &inputs);
    fill_scaler(&model->outputs_scaled, &outputs);
    return TP_OK;
}
