/* SPDX-License-Identifier: BSD-3-Clause */
#include "net/workspace.h"

#include "core/options.h"
#include "core/size.h"
#include "gemm/lanes.h"

size_t tp_padded(size_t width) {
    const size_t line = TP_ALIGNMENT / sizeof(float);
    const size_t rounded = tp_size_mul(tp_ceil_div(width, line), line);
    return rounded % 256 == 0 ? tp_size_add(rounded, line) : rounded;
}

static struct tp_matrix take_matrix(struct tp_arena *arena, size_t rows, size_t width) {
    const size_t ld = tp_padded(width);
    return (struct tp_matrix){tp_arena_take(arena, tp_size_mul(rows, ld), sizeof(float)), ld};
}

/* Of every product of a step: forward, dW, dX. */
static size_t scratch_for(const struct tp_workspace *w, const struct tp_isa *isa, const struct tp_blocking *blocking) {
    const struct tp_bf16 *bf16 = w->model->bf16;
    size_t most = 0;
    for (size_t l = 0; l < w->model->layers; l++) {
        const size_t in = w->model->shape[l].inputs, out = w->model->shape[l].outputs, n = w->max_batch;
        most = tp_max(most, tp_product_scratch(isa, blocking, bf16, n, out, in));
        most = tp_max(most, tp_lanes_scratch(out, in));
        if (w->mode == TP_MODE_TRAINING) {
            most = tp_max(most, tp_product_scratch(isa, blocking, bf16, in, out, n));
            most = tp_max(most, tp_product_scratch(isa, blocking, bf16, n, in, out));
        }
        if (w->mode == TP_MODE_DERIVATIVES)
            most = tp_max(most, tp_product_scratch(isa, blocking, bf16, tp_model_outputs(w->model), in, out));
    }
    return tp_padded(most);
}

/* A trainer may change to the context's other instruction set. */
static size_t largest_scratch(const struct tp_workspace *w) {
    const struct tp_context *context = w->model->context;
    const size_t own = scratch_for(w, context->isa, context->blocking);
    const bool both = w->mode == TP_MODE_TRAINING && context->other.isa;
    return both ? tp_max(own, scratch_for(w, context->other.isa, context->other.blocking)) : own;
}

static void lay_out_layers(struct tp_workspace *w, struct tp_arena *arena) {
    const struct tp_model *model = w->model;
    struct tp_matrix pair[2];
    if (w->mode == TP_MODE_INFERENCE)
        for (int i = 0; i < 2; i++)
            pair[i] = take_matrix(arena, w->max_batch, tp_model_widest(model));
    for (size_t l = 0; l < model->layers; l++) {
        const tp_layer *layer = &model->layer[l];
        w->layer[l] = w->mode == TP_MODE_INFERENCE ? pair[l % 2] : take_matrix(arena, w->max_batch, layer->width);
        const enum tp_from from = model->context->isa->activation[layer->activation].from;
        const bool drops = w->mode == TP_MODE_TRAINING && layer->dropout > 0;
        if (w->mode != TP_MODE_INFERENCE && (from == TP_FROM_Z || (from == TP_FROM_A && drops)))
            w->kept[l] = take_matrix(arena, w->max_batch, layer->width);
        if (drops)
            w->mask[l] = tp_arena_take(arena, w->max_batch, tp_mask_bytes(layer->width));
    }
}

void tp_workspace_lay_out(struct tp_workspace *w, struct tp_arena *arena) {
    const struct tp_model *model = w->model;
    const size_t outputs = tp_model_outputs(model), threads = (size_t)w->threads;
    w->input = take_matrix(arena, w->max_batch, model->inputs);
    lay_out_layers(w, arena);
    if (w->mode == TP_MODE_TRAINING) {
        for (int i = 0; i < 3; i++)
            w->delta[i] = take_matrix(arena, w->max_batch, tp_model_widest(model));
        w->bias_gradients = tp_arena_take(arena, tp_model_widest(model), sizeof(float));
    }
    if (w->mode == TP_MODE_DERIVATIVES)
        for (int i = 0; i < 2; i++)
            w->delta[i] =
                take_matrix(arena, tp_max(w->max_batch, tp_size_mul(threads, outputs)), tp_model_widest(model));
    w->target = take_matrix(arena, threads, outputs);
    w->loss = tp_arena_take(arena, w->max_batch, sizeof(float));
    w->classes = tp_arena_take(arena, w->max_batch, sizeof(int32_t));
    w->values = take_matrix(arena, w->max_batch, outputs);
    w->weights = tp_arena_take(arena, w->max_batch, sizeof(float));
    w->count = tp_arena_take(arena, threads, sizeof *w->count);
    w->scratch_each = largest_scratch(w);
    w->scratch = tp_arena_take(arena, tp_size_mul(threads, w->scratch_each), sizeof(float));
}

static const tp_workspace_options default_options = {.struct_size = sizeof default_options, .max_batch = 1};
static const struct tp_struct options_type = {.name = "workspace options",
                                              .size = sizeof default_options,
                                              .first = offsetof(tp_workspace_options, threads),
                                              .defaults = &default_options};

TP_NO_PADDING(tp_workspace_options, threads);

void tp_workspace_options_init(tp_workspace_options *options, size_t struct_size) {
    tp_struct_init(&options_type, options, struct_size);
}

static size_t needed(struct tp_workspace w) {
    struct tp_arena arena = {0};
    tp_arena_take(&arena, 1, sizeof w);
    tp_workspace_lay_out(&w, &arena);
    return arena.used;
}

/* What it is, so far without memory. */
static tp_status describe_workspace(const tp_model *model, const tp_workspace_options *given, struct tp_workspace *w) {
    const struct tp_context *context = model->context;
    tp_workspace_options options;
    const tp_status status = tp_struct_take(context, &options_type, given, &options);
    if (status)
        return status;
    if (!options.max_batch)
        return tp_fail(context, TP_ERR_ARGUMENT, "max_batch is 0; it must be at least 1");
    if ((unsigned)options.mode > TP_MODE_DERIVATIVES)
        return tp_fail(context, TP_ERR_ARGUMENT, "mode is %d; it must be one of tp_mode", (int)options.mode);
    if (model->layouts && options.mode != TP_MODE_INFERENCE)
        return tp_fail(context, TP_ERR_ARGUMENT, "mode is %d; with a predictor it must be TP_MODE_INFERENCE",
                       (int)options.mode);
    *w = (struct tp_workspace){.model = model, .max_batch = options.max_batch, .mode = options.mode};
    return tp_take_threads(context, options.threads ? options.threads : context->threads, &w->threads);
}

size_t tp_workspace_size(const tp_model *model, const tp_workspace_options *options) {
    struct tp_workspace w;
    return model && options && !describe_workspace(model, options, &w) ? tp_block_size(needed(w)) : 0;
}

tp_status tp_check_workspace(const tp_model *model, const tp_workspace *w) {
    if (!w)
        return tp_fail(model->context, TP_ERR_ARGUMENT, "workspace is NULL");
    if (w->model != model)
        return tp_fail(model->context, TP_ERR_ARGUMENT, "workspace was made for another model");
    return TP_OK;
}

tp_status tp_check_training_workspace(const tp_model *model, const tp_workspace *w) {
    const tp_status status = tp_check_workspace(model, w);
    if (!status && w->mode != TP_MODE_TRAINING)
        return tp_fail(model->context, TP_ERR_ARGUMENT, "workspace was made without TP_MODE_TRAINING");
    return status;
}

tp_status tp_workspace_create(const tp_model *model, const tp_workspace_options *options, void *memory, size_t size,
                              tp_workspace **workspace) {
    if (!model)
        return TP_ERR_ARGUMENT;
    const struct tp_context *context = model->context;
    if (!options || !workspace)
        return tp_fail(context, TP_ERR_ARGUMENT, "%s is NULL", options ? "workspace" : "options");
    struct tp_workspace w;
    tp_status status = describe_workspace(model, options, &w);
    if (!status)
        status = tp_block_open(context, "workspace", needed(w), memory, size, &w.block);
    if (status)
        return status;
    struct tp_arena arena = {.base = w.block.base};
    *workspace = tp_arena_take(&arena, 1, sizeof w);
    tp_workspace_lay_out(&w, &arena);
    **workspace = w;
    return TP_OK;
}

void tp_workspace_destroy(tp_workspace *workspace) {
    if (workspace) {
        const struct tp_block block = workspace->block;
        tp_block_close(workspace->model->context, &block);
    }
}
