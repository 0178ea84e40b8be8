/* SPDX-License-Identifier: BSD-3-Clause */
#include "net/predictor.h"

#include "core/options.h"
#include "core/size.h"
#include "gemm/bf16.h"
#include "gemm/explain.h"
#include "net/pass.h"
#include "net/tuner.h"

#include <math.h>
#include <string.h>

static const tp_predictor_options default_options = {.struct_size = sizeof default_options};
static const struct tp_struct options_type = {.name = "predictor options",
                                              .size = sizeof default_options,
                                              .first = sizeof default_options,
                                              .defaults = &default_options};

TP_NO_PADDING(tp_predictor_options, batch_count);

void tp_predictor_options_init(tp_predictor_options *options, size_t struct_size) {
    tp_struct_init(&options_type, options, struct_size);
}

/* ---- options ---- */

static tp_status check_batches(const struct tp_context *context, const tp_model *model,
                               const tp_predictor_options *options) {
    tp_status status = TP_OK;
    for (size_t i = 0; !status && i < options->batch_count; i++) {
        if (!options->batches[i])
            return tp_fail(context, TP_ERR_ARGUMENT, "batches[%zu] is 0; it must be at least 1", i);
        status = tp_check_rows(context, "batches", options->batches[i], tp_padded(tp_model_widest(model)));
    }
    return status;
}

static tp_status take_options(const struct tp_context *context, const tp_model *model,
                              const tp_predictor_options *given, tp_predictor_options *options) {
    static const size_t one_sample = 1;
    *options = default_options;
    const tp_status status = given ? tp_struct_take(context, &options_type, given, options) : TP_OK;
    if (status)
        return status;
    if (!options->batches != !options->batch_count)
        return tp_fail(context, TP_ERR_ARGUMENT, "batches is %s but batch_count is %zu",
                       options->batches ? "set" : "NULL", options->batch_count);
    if (!options->batches) {
        options->batches = &one_sample;
        options->batch_count = 1;
    }
    return check_batches(context, model, options);
}

/* ---- memory ---- */

/* Where the biases and the weights of narrow layers are among the parameters. */
static void set_offsets(struct tp_model *model) {
    size_t count = 0;
    for (size_t l = 0; l < model->layers; l++) {
        struct tp_shape *shape = &model->shape[l];
        shape->weight = count;
        shape->bias = count + (tp_has_layouts(model, l) ? 0 : shape->inputs * shape->outputs);
        count = shape->bias + shape->outputs;
    }
    model->parameter_count = count;
}

static void lay_out(struct tp_predictor *p, struct tp_arena *arena) {
    p->layouts.told = tp_arena_take(arena, p->layouts.count, sizeof *p->layouts.told);
    p->model.parameters = tp_arena_take(arena, p->model.parameter_count, sizeof(float));
    tp_scaler_lay_out(&p->model.inputs_scaled, arena);
    tp_scaler_lay_out(&p->model.outputs_scaled, arena);
}

/* The predictor with everything but the layouts of wide layers, so far without contents. */
static tp_status allocate(const struct tp_predictor *source, struct tp_predictor **predictor) {
    struct tp_arena arena = {0};
    struct tp_predictor copy = *source;
    tp_arena_take(&arena, 1, sizeof copy);
    lay_out(&copy, &arena);
    const size_t size = arena.used;
    arena = (struct tp_arena){.base = tp_allocate(source->context, size)};
    if (!arena.base)
        return tp_fail_allocation(source->context, "predictor", size);
    *predictor = tp_arena_take(&arena, 1, sizeof copy);
    lay_out(&copy, &arena);
    **predictor = copy;
    (*predictor)->model.layouts = &(*predictor)->layouts;
    return TP_OK;
}

void tp_predictor_destroy(tp_predictor *p) {
    if (!p)
        return;
    for (size_t l = 0; l < p->model.layers; l++)
        for (int i = 0; i < TP_LAYOUT_COUNT; i++)
            tp_layout_release(p->context, &p->copies[l], (enum tp_layout)i);
    tp_release(p->context, p); /* the block begins with its predictor */
}

/* ---- contents ---- */

static void copy_scaler(const struct tp_scaler *from, struct tp_scaler *to) {
    const size_t bytes = tp_max(from->count, 1) * sizeof *from->mean;
    memcpy(to->mean, from->mean, bytes);
    memcpy(to->deviation, from->deviation, bytes);
    memcpy(to->factor, from->factor, bytes);
}

static void copy_parameters(const tp_model *source, struct tp_model *model) {
    for (size_t l = 0; l < model->layers; l++) {
        const struct tp_shape *from = &source->shape[l], *to = &model->shape[l];
        tp_model_copy_parameters(source, from->bias, from->outputs, model->parameters + to->bias);
        if (!tp_has_layouts(model, l))
            tp_model_copy_parameters(source, from->weight, from->inputs * from->outputs,
                                     model->parameters + to->weight);
    }
    copy_scaler(&source->inputs_scaled, &model->inputs_scaled);
    copy_scaler(&source->outputs_scaled, &model->outputs_scaled);
}

/* The sizes, ascending; the limits between them are nearest to both by ratio. */
static void take_batches(struct tp_layouts *layouts, const tp_predictor_options *options) {
    for (size_t i = 0; i < layouts->count; i++) {
        layouts->told[i] = (struct tp_told){.threads = TP_MAX_THREADS};
        size_t at = i;
        for (; at && layouts->told[at - 1].batch > options->batches[i]; at--)
            layouts->told[at].batch = layouts->told[at - 1].batch;
        layouts->told[at].batch = options->batches[i];
    }
    for (size_t i = 0; i + 1 < layouts->count; i++)
        layouts->told[i].most = (size_t)sqrt((double)layouts->told[i].batch * (double)layouts->told[i + 1].batch);
    layouts->told[layouts->count - 1].most = SIZE_MAX;
}

static tp_status copy_model(const struct tp_context *context, const tp_model *source,
                            const tp_predictor_options *options, struct tp_predictor **predictor) {
    struct tp_predictor p = {.context = context, .model = *source, .layouts = {options->batch_count, NULL}};
    p.model.context = context;
    p.model.bf16 = source->bf16 ? tp_bf16_of_context(context) : NULL;
    p.model.schema = NULL;
    p.model.notes = (struct tp_notes){0};
    p.model.slices = (struct tp_slices){0};
    set_offsets(&p.model);
    const tp_status status = allocate(&p, predictor);
    if (status)
        return status;
    copy_parameters(source, &(*predictor)->model);
    take_batches(&(*predictor)->layouts, options);
    return TP_OK;
}

/* ---- layouts ---- */

void tp_predictor_choose(struct tp_predictor *p, struct tp_told *told, size_t l, enum tp_layout layout) {
    told->layout[l] = layout;
    told->weights[l] = tp_layout_operand(&p->model.shape[l], &p->copies[l], layout);
}

/* Panels where the product makes them anyway, or threads share columns: parts of rows would lie in a part of the sets
 * of their caches. Else rows; rounded if the product rounds them. */
static enum tp_layout built_in_layout(const struct tp_predictor *p, size_t l, size_t batch, int threads) {
    const struct tp_shape *shape = &p->model.shape[l];
    if (p->model.bf16)
        return TP_LAYOUT_BF16;
    const struct tp_gemm product = {.isa = p->context->isa,
                                    .blocking = p->context->blocking,
                                    .m = batch,
                                    .n = shape->outputs,
                                    .k = shape->inputs,
                                    .alpha = 1,
                                    .a = tp_plain(p->copies[l].rows[TP_LAYOUT_ROWS], tp_padded(shape->inputs)),
                                    .b = tp_plain(p->copies[l].rows[TP_LAYOUT_ROWS], shape->outputs),
                                    .start = TP_START_BIAS};
    const struct tp_explanation e = tp_gemm_explain(&product, (struct tp_team){0, threads, NULL});
    if (e.route->transposed || !e.rows || !e.columns)
        return TP_LAYOUT_ROWS;
    const bool makes = e.route->blocks && (e.plan.reading->packs || e.plan.reading->copies);
    return makes || e.columns < shape->outputs ? TP_LAYOUT_PANELS : TP_LAYOUT_ROWS;
}

/* Makes the built-in choice. */
static tp_status choose(tp_context *context, struct tp_predictor *p, struct tp_told *told) {
    const int threads = tp_pass_threads(&p->model, context->threads, told->batch, false);
    tp_status status = TP_OK;
    for (size_t l = 0; !status && l < p->model.layers; l++) {
        if (!tp_has_layouts(&p->model, l))
            continue;
        const enum tp_layout layout = built_in_layout(p, l, told->batch, threads);
        status = tp_layout_make(context, &p->model, l, &p->copies[l], layout);
        if (!status)
            tp_predictor_choose(p, told, l, layout);
    }
    return status;
}

static tp_status measure(tp_context *context, struct tp_predictor *p, tp_now_fn *now) {
    tp_workspace_options options;
    tp_workspace_options_default(&options);
    options.max_batch = p->layouts.told[p->layouts.count - 1].batch;
    tp_workspace *workspace = NULL;
    tp_status status = TP_OK;
    for (size_t l = 0; l < p->model.layers; l++)
        for (int i = 0; !status && tp_has_layouts(&p->model, l) && i < TP_LAYOUT_COUNT; i++)
            status = tp_layout_make(context, &p->model, l, &p->copies[l], (enum tp_layout)i);
    if (!status)
        status = tp_workspace_create(&p->model, &options, NULL, 0, &workspace);
    for (size_t i = 0; !status && i < p->layouts.count; i++)
        tp_predictor_measure(p, &p->layouts.told[i], workspace, now);
    tp_workspace_destroy(workspace);
    return status;
}

static void release_unused(struct tp_predictor *p, size_t l) {
    bool used[TP_LAYOUT_COUNT] = {false};
    for (size_t i = 0; i < p->layouts.count; i++)
        used[p->layouts.told[i].layout[l]] = true;
    for (int i = 0; i < TP_LAYOUT_COUNT; i++)
        if (!used[i])
            tp_layout_release(p->context, &p->copies[l], (enum tp_layout)i);
}

static tp_status lay_weights_out(tp_context *context, const tp_model *source, struct tp_predictor *p) {
    tp_status status = TP_OK;
    for (size_t l = 0; !status && l < p->model.layers; l++)
        if (tp_has_layouts(&p->model, l))
            status = tp_layout_take(context, source, l, &p->copies[l]);
    for (size_t i = 0; !status && i < p->layouts.count; i++)
        status = choose(context, p, &p->layouts.told[i]);
    return status;
}

tp_status tp_predictor_make(tp_context *context, const tp_model *model, const tp_predictor_options *given,
                            tp_now_fn *now, tp_predictor **predictor) {
    tp_predictor_options options;
    struct tp_predictor *made = NULL;
    tp_status status = take_options(context, model, given, &options);
    if (!status)
        status = copy_model(context, model, &options, &made);
    if (!status)
        status = lay_weights_out(context, model, made);
    if (!status && options.measure && now)
        status = measure(context, made, now);
    for (size_t l = 0; !status && l < made->model.layers; l++)
        release_unused(made, l);
    if (status)
        tp_predictor_destroy(made);
    else
        *predictor = made;
    return status;
}

tp_status tp_predictor_create(tp_context *context, const tp_model *model, const tp_predictor_options *options,
                              tp_predictor **predictor) {
    if (!context)
        return TP_ERR_ARGUMENT;
    if (!model || !predictor)
        return tp_fail(context, TP_ERR_ARGUMENT, "%s is NULL", model ? "predictor" : "model");
    return tp_predictor_make(context, model, options, tp_may_tune() ? tp_now : NULL, predictor);
}

/* ---- use ---- */

static tp_status check_workspace(const tp_predictor *p, const tp_workspace *w) {
    if (w && w->model != &p->model)
        return tp_fail(p->context, TP_ERR_ARGUMENT, "workspace was not made for this predictor");
    return tp_check_workspace(&p->model, w);
}

size_t tp_predictor_workspace_size(const tp_predictor *p, const tp_workspace_options *options) {
    return p ? tp_workspace_size(&p->model, options) : 0;
}

tp_status tp_predictor_workspace_create(const tp_predictor *p, const tp_workspace_options *options, void *memory,
                                        size_t size, tp_workspace **workspace) {
    if (!p)
        return TP_ERR_ARGUMENT;
    return tp_workspace_create(&p->model, options, memory, size, workspace);
}

tp_status tp_predictor_run(const tp_predictor *p, tp_workspace *w, size_t batch, const float *x, size_t ldx, float *y,
                           size_t ldy) {
    const tp_status status = p ? check_workspace(p, w) : TP_ERR_ARGUMENT;
    return status ? status : tp_forward(&p->model, w, batch, x, ldx, y, ldy);
}

tp_status tp_predictor_evaluate(const tp_predictor *p, tp_workspace *w, const tp_data *data, tp_score *score,
                                uint64_t *confusion) {
    const tp_status status = p ? check_workspace(p, w) : TP_ERR_ARGUMENT;
    return status ? status : tp_evaluate(&p->model, w, data, score, confusion);
}

tp_status tp_predictor_predict(const tp_predictor *p, tp_workspace *w, const tp_data *data, const tp_outputs *y) {
    const tp_status status = p ? check_workspace(p, w) : TP_ERR_ARGUMENT;
    return status ? status : tp_predict(&p->model, w, data, y);
}
