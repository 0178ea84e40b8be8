/* SPDX-License-Identifier: BSD-3-Clause */
#include "net/pass.h"

#include "gemm/lanes.h"
#include "gemm/share.h"
#include "net/predictor.h"
#include "net/ranks.h"

#include <assert.h>
#include <string.h>

/* A multiple of the rows that softmax does at a time if they are short. */
#define OUTPUT_ROWS 16

/* Threads share the reading of weights as well, but not where these change: then their caches would have to exchange
 * them. */
int tp_pass_threads(const struct tp_model *model, int threads, size_t batch, bool training) {
    const struct tp_blocking *blocking = model->context->blocking;
    double flops = tp_model_flops(model, training) * (double)batch;
    for (size_t l = 0; !training && l < model->layers; l++)
        flops += tp_read_flops(blocking, model->shape[l].inputs, model->shape[l].outputs);
    const int useful = tp_useful_threads(blocking, threads, flops);
    return model->layouts ? tp_told_threads(model->layouts, batch, useful) : useful;
}

/* With the scratch of thread id. */
static void run_product(const struct tp_workspace *w, const struct tp_gemm *g, struct tp_team team, int id) {
    assert(id < w->threads && tp_product_scratch(g->isa, g->blocking, g->bf16, g->m, g->n, g->k) <= w->scratch_each);
    tp_gemm_run(g, team, w->scratch + (size_t)id * w->scratch_each);
}

void tp_run_product(const struct tp_workspace *w, const struct tp_gemm *gemm, struct tp_team team) {
    run_product(w, gemm, team, team.id);
}

void tp_run_alone(const struct tp_workspace *w, const struct tp_gemm *gemm, struct tp_team team) {
    run_product(w, gemm, tp_alone, team.id);
}

/* Parts are for each thread on its own. */
void tp_run_layer_product(const struct tp_workspace *w, size_t l, struct tp_gemm *gemm, struct tp_team team) {
    gemm->lanes = !gemm->bf16 && tp_sums_in_lanes(gemm->n, gemm->k);
    const struct tp_operand *laid_out = tp_laid_out(w->model->layouts, gemm->m, l);
    if (laid_out) {
        gemm->b = *laid_out;
        tp_run_product(w, gemm, team);
        return;
    }
    const int parts = tp_weight_parts(w->model, l);
    if (parts == 1) {
        const struct tp_weights weights = tp_weight_part(w->model, l, 0);
        gemm->b = tp_plain(weights.p, weights.n);
        tp_run_product(w, gemm, team);
        return;
    }
    for (int i = team.id; i < parts; i += team.size) {
        const struct tp_weights weights = tp_weight_part(w->model, l, i);
        const struct tp_gemm some = tp_gemm_columns(gemm, weights.begin, weights.n, tp_plain(weights.p, weights.n));
        tp_run_alone(w, &some, team);
    }
}

/* A_l = f_l(Z_l) at the store of a tile. */
void tp_run_forward_layer(struct tp_workspace *w, size_t l, struct tp_team team) {
    const struct tp_model *model = w->model;
    const struct tp_shape *shape = &model->shape[l];
    const tp_activation f = model->layer[l].activation;
    const bool last = l + 1 == model->layers;
    if (w->parts.ranks)
        tp_ranks_await(w->parts.ranks, l, team);
    if (!w->batch)
        return;
    const bool keep = w->kept[l].p && model->context->isa->activation[f].from == TP_FROM_Z;
    /* losses on logits read Z_L, so that the last activation is left to run_outputs */
    const bool activate =
        f != TP_ACTIVATION_IDENTITY && f != TP_ACTIVATION_SOFTMAX && !(last && tp_reads_logits(model));
    const struct tp_operand below = l ? tp_plain(w->layer[l - 1].p, w->layer[l - 1].ld) : tp_plain(w->x, w->ldx);
    struct tp_gemm gemm = {
        .isa = model->context->isa,
        .blocking = model->context->blocking,
        .bf16 = model->bf16,
        .m = w->batch,
        .n = shape->outputs,
        .k = shape->inputs,
        .alpha = 1,
        .a = below,
        .start = TP_START_BIAS,
        .bias = model->parameters + shape->bias,
        .c = w->layer[l].p,
        .ldc = w->layer[l].ld,
        .epilogue = {.keep = keep ? w->kept[l].p : NULL,
                     .ldkeep = w->kept[l].ld,
                     .activate = activate ? model->context->isa->activation[f].activate : NULL,
                     .parameter = model->layer[l].slope},
    };
    tp_run_layer_product(w, l, &gemm, team);
    tp_team_barrier(team);
}

static void activate_rows(const struct tp_model *model, float *z, size_t ldz, size_t rows) {
    const tp_layer *last = &model->layer[model->layers - 1];
    model->context->isa->activation[last->activation].activate(z, ldz, rows, last->width, last->slope);
}

/* A_L for the caller; from logits some rows at a time, which are activated where they are in cache. */
static void copy_outputs(const struct tp_workspace *w, const struct tp_matrix *z, float *y, size_t ldy,
                         struct tp_range rows) {
    const struct tp_model *model = w->model;
    for (size_t i = rows.begin, end; i < rows.end; i = end) {
        const size_t first = i;
        end = tp_min(i + OUTPUT_ROWS, rows.end);
        for (; i < end; i++)
            memcpy(y + i * ldy, tp_row(z, i), tp_model_outputs(model) * sizeof *y);
        if (tp_reads_logits(model))
            activate_rows(model, y + first * ldy, ldy, end - first);
    }
}

/* What needs whole rows: softmax, and A_L for the caller. */
static void run_outputs(struct tp_workspace *w, float *y, size_t ldy, struct tp_team team) {
    const struct tp_model *model = w->model;
    const struct tp_matrix *z = &w->layer[model->layers - 1];
    const struct tp_range rows = tp_share(w->batch, 1, team.id, team.size);
    const bool activate =
        !tp_reads_logits(model) && model->layer[model->layers - 1].activation == TP_ACTIVATION_SOFTMAX;
    if (!activate && !y)
        return;
    if (activate)
        activate_rows(model, tp_row(z, rows.begin), z->ld, rows.end - rows.begin);
    if (y)
        copy_outputs(w, z, y, ldy, rows);
    tp_team_barrier(team);
}

void tp_run_forward(struct tp_workspace *w, float *y, size_t ldy, struct tp_team team) {
    assert((w->batch || w->parts.ranks) && w->batch <= w->max_batch && w->ldx >= w->model->inputs);
    assert(team.size <= w->threads);
    assert(!y || ldy >= tp_model_outputs(w->model));
    for (size_t l = 0; l < w->model->layers; l++) {
        tp_run_forward_layer(w, l, team);
        if (w->mask[l])
            tp_run_dropout(w, l, team);
    }
    run_outputs(w, y, ldy, team);
}

struct forward_call {
    struct tp_workspace *workspace;
    float *y;
    size_t ldy;
};

static void forward_task(void *argument, struct tp_team team) {
    const struct forward_call *call = argument;
    tp_run_forward(call->workspace, call->y, call->ldy, team);
}

static tp_status check_forward(const tp_model *model, const tp_workspace *w, size_t batch, const float *x, size_t ldx,
                               const float *y, size_t ldy) {
    const struct tp_context *context = model->context;
    const size_t outputs = tp_model_outputs(model);
    tp_status status = tp_check_workspace(model, w);
    if (status)
        return status;
    if (batch > w->max_batch)
        return tp_fail(context, TP_ERR_ARGUMENT, "batch is %zu; the workspace holds at most %zu", batch, w->max_batch);
    if (batch && !x)
        return tp_fail(context, TP_ERR_ARGUMENT, "x is NULL");
    if (ldx < model->inputs)
        return tp_fail(context, TP_ERR_ARGUMENT, "ldx is %zu; it must be at least %zu", ldx, model->inputs);
    if (batch && !y && w->mode == TP_MODE_INFERENCE)
        return tp_fail(context, TP_ERR_ARGUMENT, "y is NULL; an inference workspace does not allow that");
    if (y && ldy < outputs)
        return tp_fail(context, TP_ERR_ARGUMENT, "ldy is %zu; it must be at least %zu", ldy, outputs);
    status = tp_check_rows(context, "x", batch, ldx);
    return status || !y ? status : tp_check_rows(context, "y", batch, ldy);
}

tp_status tp_begin_forward(const tp_model *model, tp_workspace *w, size_t batch, const float *x, size_t ldx,
                           const float *y, size_t ldy) {
    const tp_status status = check_forward(model, w, batch, x, ldx, y, ldy);
    if (status || !batch)
        return status;
    w->batch = batch;
    w->x = x;
    w->ldx = ldx;
    return TP_OK;
}

tp_status tp_forward(const tp_model *model, tp_workspace *w, size_t batch, const float *x, size_t ldx, float *y,
                     size_t ldy) {
    if (!model)
        return TP_ERR_ARGUMENT;
    const tp_status status = tp_begin_forward(model, w, batch, x, ldx, y, ldy);
    if (status || !batch)
        return status;
    struct forward_call call = {w, y, ldy};
    tp_parallel(tp_pass_threads(model, w->threads, batch, false), forward_task, &call);
    return TP_OK;
}
