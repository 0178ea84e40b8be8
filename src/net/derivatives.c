/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Derivatives of the outputs by the inputs. Backwards, a row per output:
 *   J_L = f_L'(Z_L), J_{l-1} = (J_l W_l^T) * f_{l-1}', and dA_L/dX = J_1 W_1^T, for each sample on its own
 * and forwards, a row per sample, along given directions V of the inputs:
 *   V_0 = V, V_l = (V_{l-1} W_l) * f_l'(Z_l)
 */
#include "net/pass.h"

#include "gemm/share.h"

#include <string.h>

struct call {
    struct tp_workspace *workspace;
    float *y;
    size_t ldy;
    float *jacobian;
    const float *v;
    size_t ldv;
    float *jv;
    size_t ldjv;
};

/* ---- backwards ---- */

/* f_L'(Z_L) of sample i, n_L x n_L. */
static void begin_rows(const struct tp_workspace *w, size_t i, const struct tp_matrix *j, float *x) {
    const size_t outputs = tp_model_outputs(w->model);
    for (size_t k = 0; k < outputs; k++) {
        memset(tp_row(j, k), 0, outputs * sizeof(float));
        tp_row(j, k)[k] = 1;
    }
    tp_derive_output(w, i, j->p, j->ld, outputs, x);
}

/* This thread's, or the team's, part of the two buffers: n_L rows. */
static struct tp_matrix rows_of(const struct tp_workspace *w, size_t l, int id) {
    const struct tp_matrix *all = &w->delta[l % 2];
    return (struct tp_matrix){tp_row(all, (size_t)id * tp_model_outputs(w->model)), all->ld};
}

/* One sample, by one thread or by the team. */
static void differentiate(const struct tp_workspace *w, size_t i, float *jacobian, bool alone, struct tp_team team) {
    const struct tp_model *model = w->model;
    const size_t outputs = tp_model_outputs(model);
    const int id = alone ? team.id : 0;
    struct tp_matrix above = rows_of(w, model->layers - 1, id);
    if (alone || team.id == 0)
        begin_rows(w, i, &above, tp_row(&w->target, (size_t)team.id));
    for (size_t l = model->layers; l-- > 0;) {
        const struct tp_matrix *x = l ? tp_derivative_operand(w, l - 1) : NULL;
        const struct tp_matrix below = l ? rows_of(w, l - 1, id) : (struct tp_matrix){jacobian, model->inputs};
        const struct tp_propagation p = {.l = l,
                                         .rows = outputs,
                                         .dz = above.p,
                                         .lddz = above.ld,
                                         .x = x ? tp_row(x, i) : NULL,
                                         .c = below.p,
                                         .ldc = below.ld,
                                         .alone = alone};
        if (!alone)
            tp_team_barrier(team);
        tp_propagate(w, &p, team);
        above = below;
    }
    if (!alone)
        tp_team_barrier(team);
}

static void jacobian_task(void *argument, struct tp_team team) {
    const struct call *call = argument;
    struct tp_workspace *w = call->workspace;
    const size_t each = tp_model_outputs(w->model) * w->model->inputs;
    const bool alone = w->batch >= (size_t)team.size;
    tp_run_forward(w, call->y, call->ldy, team);
    const struct tp_range mine = alone ? tp_share(w->batch, 1, team.id, team.size) : (struct tp_range){0, w->batch};
    for (size_t i = mine.begin; i < mine.end; i++)
        differentiate(w, i, call->jacobian + i * each, alone, team);
}

/* ---- forwards ---- */

static void advance(const struct tp_workspace *w, size_t l, const struct tp_operand *below, const struct tp_matrix *c,
                    struct tp_team team) {
    const struct tp_model *model = w->model;
    const struct tp_shape *shape = &model->shape[l];
    const tp_layer *layer = &model->layer[l];
    const bool derive = l + 1 < model->layers && layer->activation != TP_ACTIVATION_IDENTITY;
    const struct tp_matrix *x = tp_derivative_operand(w, l);
    struct tp_gemm gemm = {
        .isa = model->context->isa,
        .blocking = model->context->blocking,
        .bf16 = model->bf16,
        .m = w->batch,
        .n = shape->outputs,
        .k = shape->inputs,
        .alpha = 1,
        .a = *below,
        .c = c->p,
        .ldc = c->ld,
        .epilogue = {.derive = derive ? model->context->isa->activation[layer->activation].derive : NULL,
                     .x = x->p,
                     .ldx = x->ld,
                     .parameter = layer->slope},
    };
    tp_run_layer_product(w, l, &gemm, team);
    tp_team_barrier(team);
}

static void jvp_task(void *argument, struct tp_team team) {
    const struct call *call = argument;
    struct tp_workspace *w = call->workspace;
    const size_t layers = w->model->layers;
    tp_run_forward(w, call->y, call->ldy, team);
    struct tp_operand below = tp_plain(call->v, call->ldv);
    for (size_t l = 0; l < layers; l++) {
        const struct tp_matrix c = l + 1 < layers ? w->delta[l % 2] : (struct tp_matrix){call->jv, call->ldjv};
        advance(w, l, &below, &c, team);
        below = tp_plain(c.p, c.ld);
    }
    const struct tp_range rows = tp_share(w->batch, 1, team.id, team.size);
    for (size_t i = rows.begin; i < rows.end; i++)
        tp_derive_output(w, i, call->jv + i * call->ldjv, call->ldjv, 1, tp_row(&w->target, (size_t)team.id));
}

/* ---- calls ---- */

static tp_status begin(const tp_model *model, struct tp_workspace *w, size_t batch, const float *x, size_t ldx,
                       const struct call *call) {
    if (w && w->model == model && w->mode != TP_MODE_DERIVATIVES)
        return tp_fail(model->context, TP_ERR_ARGUMENT, "workspace was made without TP_MODE_DERIVATIVES");
    return tp_begin_forward(model, w, batch, x, ldx, call->y, call->ldy);
}

tp_status tp_jacobian(const tp_model *model, tp_workspace *w, size_t batch, const float *x, size_t ldx, float *y,
                      size_t ldy, float *jacobian) {
    if (!model)
        return TP_ERR_ARGUMENT;
    struct call call = {.workspace = w, .y = y, .ldy = ldy, .jacobian = jacobian};
    const tp_status status = begin(model, w, batch, x, ldx, &call);
    if (status || !batch)
        return status;
    if (!jacobian)
        return tp_fail(model->context, TP_ERR_ARGUMENT, "jacobian is NULL");
    const double flops = tp_model_flops(model, false) * (double)batch * (double)(1 + tp_model_outputs(model));
    tp_parallel(tp_useful_threads(model->context->blocking, w->threads, flops), jacobian_task, &call);
    return TP_OK;
}

static tp_status check_directions(const tp_model *model, size_t batch, const struct call *call) {
    const struct tp_context *context = model->context;
    if (!call->v || !call->jv)
        return tp_fail(context, TP_ERR_ARGUMENT, "%s is NULL", call->v ? "jv" : "v");
    if (call->ldv < model->inputs)
        return tp_fail(context, TP_ERR_ARGUMENT, "ldv is %zu; it must be at least %zu", call->ldv, model->inputs);
    if (call->ldjv < tp_model_outputs(model))
        return tp_fail(context, TP_ERR_ARGUMENT, "ldjv is %zu; it must be at least %zu", call->ldjv,
                       tp_model_outputs(model));
    const tp_status status = tp_check_rows(context, "v", batch, call->ldv);
    return status ? status : tp_check_rows(context, "jv", batch, call->ldjv);
}

tp_status tp_jvp(const tp_model *model, tp_workspace *w, size_t batch, const float *x, size_t ldx, const float *v,
                 size_t ldv, float *y, size_t ldy, float *jv, size_t ldjv) {
    if (!model)
        return TP_ERR_ARGUMENT;
    struct call call = {.workspace = w, .y = y, .ldy = ldy, .v = v, .ldv = ldv, .jv = jv, .ldjv = ldjv};
    tp_status status = begin(model, w, batch, x, ldx, &call);
    if (!status && batch)
        status = check_directions(model, batch, &call);
    if (status || !batch)
        return status;
    tp_parallel(tp_pass_threads(model, w->threads, 2 * batch, false), jvp_task, &call);
    return TP_OK;
}
