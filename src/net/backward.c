/* SPDX-License-Identifier: BSD-3-Clause */
#include "net/pass.h"

#include "gemm/share.h"
#include "net/ranks.h"

#include <assert.h>

struct consumer {
    struct tp_optimizer *optimizer;
    struct tp_weights weights;
    struct tp_clock *clock;
};

static void update_weights(const void *consumer, const float *c, size_t ldc, const struct tp_place *place) {
    const struct consumer *to = consumer;
    const int interrupted = tp_enter(to->clock, TP_PHASE_UPDATE);
    tp_update_weights(to->optimizer, &to->weights, c, ldc, place);
    tp_enter(to->clock, interrupted);
}

/* The strips of a product update weights as soon as they are complete. */
static void let_consume(struct tp_gemm *gemm, const struct consumer *consumer) {
    gemm->epilogue.consume = update_weights;
    gemm->epilogue.consumer = consumer;
    gemm->epilogue.target = consumer->optimizer->far ? consumer->weights.p : NULL;
    gemm->epilogue.ldtarget = consumer->weights.n;
}

/* Weights from their gradient; that of one sample is an outer product, which does not need to be anywhere. */
static void update_from(const struct tp_workspace *w, const struct tp_gemm *gradient, struct tp_optimizer *optimizer,
                        const struct tp_weights *weights, struct tp_team team, bool alone) {
    if (w->batch == 1 && !gradient->bf16) {
        const int interrupted = tp_enter(tp_team_clock(team), TP_PHASE_UPDATE);
        const struct tp_range rows =
            alone ? (struct tp_range){0, gradient->m} : tp_share(gradient->m, 1, team.id, team.size);
        tp_update_weights_outer(optimizer, weights, gradient->a.p, gradient->b.p, rows);
        tp_enter(tp_team_clock(team), interrupted);
        return;
    }
    const struct consumer consumer = {optimizer, *weights, tp_team_clock(team)};
    struct tp_gemm product = *gradient;
    let_consume(&product, &consumer);
    if (alone)
        tp_run_alone(w, &product, team);
    else
        tp_run_product(w, &product, team);
}

/* The gradient of a layer's weights straight into their update; parts are for each thread on its own. */
static void update_layer(const struct tp_workspace *w, const struct tp_gemm *gemm, size_t l,
                         const struct tp_gradient_sink *sink, struct tp_team team) {
    const int parts = tp_weight_parts(sink->model, l);
    if (parts == 1) {
        const struct tp_weights weights = tp_weight_part(sink->model, l, 0);
        update_from(w, gemm, sink->optimizer, &weights, team, false);
        return;
    }
    for (int i = team.id; i < parts; i += team.size) {
        const struct tp_weights weights = tp_weight_part(sink->model, l, i);
        const struct tp_gemm some =
            tp_gemm_columns(gemm, weights.begin, weights.n, tp_plain(gemm->b.p + weights.begin, gemm->b.row_step));
        update_from(w, &some, sink->optimizer, &weights, team, true);
    }
}

/* dJ/dW_l = A_{l-1}^T dZ_l of some samples, n_{l-1} x n_l. */
static struct tp_gemm gradient_of(const struct tp_workspace *w, size_t l, struct tp_range samples,
                                  const struct tp_gradient_sink *sink) {
    const struct tp_model *model = w->model;
    const struct tp_shape *shape = &model->shape[l];
    const struct tp_matrix *below = l ? &w->layer[l - 1] : NULL, *dz = tp_delta(w, l);
    const float *x = below ? below->p : w->x;
    const size_t ldx = below ? below->ld : w->ldx;
    return (struct tp_gemm){
        .isa = model->context->isa,
        .blocking = model->context->blocking,
        .bf16 = model->bf16,
        .m = shape->inputs,
        .n = shape->outputs,
        .k = samples.end - samples.begin,
        .alpha = 1,
        .a = tp_transposed(x + samples.begin * ldx, ldx),
        .b = tp_plain(tp_row(dz, samples.begin), dz->ld),
        .start = sink->kind == TP_SINK_ADD ? TP_START_C : TP_START_ZERO,
        .c = sink->kind == TP_SINK_UPDATE ? sink->optimizer->room : sink->gradients + shape->weight,
        .ldc = shape->outputs,
    };
}

/* The gradient of some parts of the batch goes to the sums of the others. */
struct part {
    const struct tp_workspace *w;
    const struct tp_gradient_sink *sink;
    struct tp_weights weights;
    size_t number, count; /* of groups of this process' parts */
    struct tp_clock *clock;
};

/* Of number at of these weights, in a level. */
static size_t place_of(const struct tp_workspace *w, const struct tp_weights *weights, size_t at) {
    return w->parts.biases + weights->state + at - w->model->shape[weights->layer].weight;
}

/* n of them from number at on. */
static void add_row(const struct part *part, const float *c, size_t at, size_t n) {
    const size_t place = place_of(part->w, &part->weights, at);
    const bool update = part->sink->kind == TP_SINK_UPDATE;
    const struct tp_isa *isa = part->w->model->context->isa;
    const float *sum = tp_parts_add(&part->w->parts, isa, part->number, part->count, place, c, n,
                                    update ? NULL : part->sink->gradients + part->weights.state + at);
    if (update && sum)
        tp_update_row(part->sink->optimizer, &part->weights, sum, at, n);
}

static void add_part(const void *consumer, const float *c, size_t ldc, const struct tp_place *p) {
    const struct part *part = consumer;
    const size_t n = part->weights.n;
    const bool one = p->n == n && ldc == n; /* whole rows, which follow each other */
    const int interrupted = tp_enter(part->clock, TP_PHASE_UPDATE);
    for (size_t row = 0, at = p->i * n + p->j; row < (one ? 1 : p->m); row++, at += n)
        add_row(part, c + row * ldc, at, one ? p->m * n : p->n);
    tp_enter(part->clock, interrupted);
}

/* Where the sums of a group go, if they go far; or NULL. */
static const float *target_of(const struct part *part) {
    const struct tp_gradient_sink *sink = part->sink;
    if (part->number + 1 < part->count)
        return part->w->parts.level[0] + place_of(part->w, &part->weights, 0);
    if (sink->kind != TP_SINK_UPDATE)
        return sink->gradients + part->weights.state;
    return sink->optimizer->far ? part->weights.p : NULL;
}

/* The samples of count parts of this process from part i on, by their numbers in the workspace. */
static struct tp_range samples_of(const struct tp_workspace *w, size_t i, size_t count) {
    const size_t first = w->parts.first + i, own = tp_own_samples(&w->parts).begin;
    return (struct tp_range){tp_part_samples(&w->parts, first).begin - own,
                             tp_part_samples(&w->parts, first + count - 1).end - own};
}

/* Of these weights, all parts one after the other. Threads share products of one size in one way, so that each finds
 * its own sums; those of another size they may share otherwise. */
static void add_parts(const struct tp_workspace *w, const struct tp_gradient_sink *sink,
                      const struct tp_weights *weights, struct tp_team team, bool alone) {
    const size_t together = tp_parts_together(&w->parts, w->model, w->model->context->blocking);
    struct part part = {w, sink, *weights, 0, w->parts.count / together, tp_team_clock(team)};
    size_t k = 0;
    for (; part.number < part.count; part.number++) {
        struct tp_gemm gemm = gradient_of(w, weights->layer, samples_of(w, part.number * together, together), sink);
        gemm.parts = together;
        gemm.levels = w->parts.waiting + (size_t)team.id * w->parts.waiting_each;
        if (weights->n < gemm.n)
            gemm = tp_gemm_columns(&gemm, weights->begin, weights->n,
                                   tp_plain(gemm.b.p + weights->begin, gemm.b.row_step));
        gemm.epilogue.consume = add_part;
        gemm.epilogue.consumer = &part;
        gemm.epilogue.target = target_of(&part);
        gemm.epilogue.ldtarget = weights->n;
        if (!alone && part.number && gemm.k != k)
            tp_team_barrier(team);
        k = gemm.k;
        if (alone)
            tp_run_alone(w, &gemm, team);
        else
            tp_run_product(w, &gemm, team);
        if (w->parts.ranks && team.id == 0)
            tp_ranks_go_on(w->parts.ranks);
    }
}

static void add_parts_of_layer(const struct tp_workspace *w, size_t l, const struct tp_gradient_sink *sink,
                               struct tp_team team) {
    const int columns = tp_weight_parts(w->model, l);
    const bool alone = columns > 1;
    for (int i = alone ? team.id : 0; i < columns; i += alone ? team.size : 1) {
        const struct tp_weights weights = tp_weight_part(w->model, l, i);
        add_parts(w, sink, &weights, team, alone);
    }
}

static void weight_gradients(const struct tp_workspace *w, size_t l, const struct tp_gradient_sink *sink,
                             struct tp_team team) {
    struct tp_gemm gemm = gradient_of(w, l, (struct tp_range){0, w->batch}, sink);
    if (w->parts.count > 1)
        add_parts_of_layer(w, l, sink, team);
    else if (sink->kind == TP_SINK_UPDATE)
        update_layer(w, &gemm, l, sink, team);
    else
        tp_run_product(w, &gemm, team);
}

/* Column sums of dZ_l over the parts. */
static const float *add_bias_parts(const struct tp_workspace *w, size_t l, struct tp_range columns, float *total) {
    const struct tp_isa *isa = w->model->context->isa;
    const struct tp_matrix *dz = tp_delta(w, l);
    const size_t n = columns.end - columns.begin;
    float *room = w->bias_gradients + columns.begin;
    const float *sum = NULL;
    for (size_t i = 0; i < w->parts.count; i++) {
        const struct tp_range samples = samples_of(w, i, 1);
        isa->column_sums(room, tp_row(dz, samples.begin) + columns.begin, dz->ld, samples.end - samples.begin, n,
                         false);
        sum = tp_parts_add(&w->parts, isa, i, w->parts.count, columns.begin, room, n, total);
    }
    return sum;
}

/* dJ/db_l = column sums of dZ_l, n_l. */
static void bias_gradients(const struct tp_workspace *w, size_t l, const struct tp_gradient_sink *sink,
                           struct tp_team team) {
    const struct tp_model *model = w->model;
    const struct tp_shape *shape = &model->shape[l];
    const struct tp_matrix *dz = tp_delta(w, l);
    const struct tp_range columns = tp_share(shape->outputs, TP_SUM_LANES, team.id, team.size);
    const bool update = sink->kind == TP_SINK_UPDATE;
    float *out = (update ? w->bias_gradients : sink->gradients + shape->bias) + columns.begin;
    const float *sum = out;
    if (w->parts.count > 1)
        sum = add_bias_parts(w, l, columns, out);
    else
        model->context->isa->column_sums(out, dz->p + columns.begin, dz->ld, w->batch, columns.end - columns.begin,
                                         sink->kind == TP_SINK_ADD);
    if (update) {
        const int interrupted = tp_enter(tp_team_clock(team), TP_PHASE_UPDATE);
        tp_update_biases(sink->optimizer, sink->model, l, sum, columns);
        tp_enter(tp_team_clock(team), interrupted);
    }
}

/* dJ/dX where the weights are in parts: these are parts of the sums, in their order. Each thread has some samples. */
static void propagate_parts(const struct tp_workspace *w, const struct tp_gemm *gemm, struct tp_range rows,
                            struct tp_team team) {
    const int parts = tp_weight_parts(w->model, 0);
    struct tp_gemm part = *gemm;
    part.m = rows.end - rows.begin;
    part.c += rows.begin * gemm->ldc;
    for (int i = 0; part.m && i < parts; i++, part.start = TP_START_C) {
        const struct tp_weights weights = tp_weight_part(w->model, 0, i);
        part.k = weights.n;
        part.a.p = gemm->a.p + rows.begin * gemm->a.row_step + weights.begin;
        part.b = tp_transposed(weights.p, weights.n);
        tp_run_alone(w, &part, team);
    }
}

void tp_propagate(const struct tp_workspace *w, const struct tp_propagation *p, struct tp_team team) {
    if (!p->rows)
        return;
    const struct tp_model *model = w->model;
    const struct tp_shape *shape = &model->shape[p->l];
    const tp_layer *below = p->l ? &model->layer[p->l - 1] : NULL;
    const bool derive = below && below->activation != TP_ACTIVATION_IDENTITY;
    const struct tp_weights weights = tp_weight_part(model, p->l, 0);
    const struct tp_gemm gemm = {
        .isa = model->context->isa,
        .blocking = model->context->blocking,
        .bf16 = model->bf16,
        .m = p->rows,
        .n = shape->inputs,
        .k = shape->outputs,
        .alpha = 1,
        .a = tp_plain(p->dz, p->lddz),
        .b = tp_transposed(weights.p, weights.n),
        .c = p->c,
        .ldc = p->ldc,
        .epilogue = {.derive = derive ? model->context->isa->activation[below->activation].derive : NULL,
                     .x = p->x,
                     .ldx = p->ldx,
                     .parameter = derive ? below->slope : 0},
    };
    if (tp_weight_parts(model, p->l) > 1)
        propagate_parts(w, &gemm, p->alone ? (struct tp_range){0, p->rows} : tp_share(p->rows, 1, team.id, team.size),
                        team);
    else if (p->alone)
        tp_run_alone(w, &gemm, team);
    else
        tp_run_product(w, &gemm, team);
}

/* dZ_{l-1}, N x n_{l-1}; for the first layer dJ/dX. */
static void propagate(const struct tp_workspace *w, size_t l, float *c, size_t ldc, struct tp_team team) {
    const struct tp_matrix *dz = tp_delta(w, l), *x = l ? tp_derivative_operand(w, l - 1) : NULL;
    const struct tp_propagation p = {.l = l,
                                     .rows = w->batch,
                                     .dz = dz->p,
                                     .lddz = dz->ld,
                                     .x = x ? x->p : NULL,
                                     .ldx = x ? x->ld : 0,
                                     .c = c,
                                     .ldc = ldc};
    tp_propagate(w, &p, team);
}

/* As soon as all threads have their part of them. */
static void exchange_gradients(const struct tp_workspace *w, size_t l, struct tp_team team) {
    if (!w->parts.ranks)
        return;
    tp_team_barrier(team);
    if (team.id == 0)
        tp_ranks_begin(w->parts.ranks, l, TP_EXCHANGE_GRADIENTS);
}

void tp_run_backward(struct tp_workspace *w, const struct tp_gradient_sink *sink, float *dx, size_t lddx,
                     struct tp_team team) {
    assert((w->batch || w->parts.ranks) && w->batch <= w->max_batch && (!dx || lddx >= w->model->inputs));
    assert(sink->kind == TP_SINK_UPDATE ? sink->optimizer && sink->model == w->model
                                        : sink->gradients || sink->kind == TP_SINK_NOWHERE);
    const size_t lowest = dx || !sink->optimizer ? 0 : tp_lowest_trained(sink->optimizer);
    for (size_t l = w->model->layers; l-- > lowest;) {
        if (l > lowest)
            propagate(w, l, tp_delta(w, l - 1)->p, tp_delta(w, l - 1)->ld, team);
        else if (dx)
            propagate(w, l, dx, lddx, team);
        tp_team_barrier(team); /* nobody reads these weights any more; what the next layer needs is complete */
        if (l > lowest && w->mask[l - 1] && w->dropout_step)
            tp_run_dropout_derivative(w, l - 1, team);
        if (sink->kind != TP_SINK_NOWHERE && !(sink->optimizer && tp_layer_is_frozen(sink->optimizer, l))) {
            weight_gradients(w, l, sink, team);
            bias_gradients(w, l, sink, team);
            exchange_gradients(w, l, team);
        }
    }
    tp_team_barrier(team);
}

struct backward_call {
    struct tp_workspace *workspace;
    const tp_targets *targets;
    const float *dy;
    size_t lddy;
    enum tp_gradient gradient;
    struct tp_gradient_sink sink;
    float *dx;
    size_t lddx;
};

static void backward_task(void *argument, struct tp_team team) {
    const struct backward_call *call = argument;
    if (call->targets)
        tp_run_loss(call->workspace, call->targets, call->gradient, team);
    else
        tp_run_output_derivative(call->workspace, call->dy, call->lddy, team);
    tp_run_backward(call->workspace, &call->sink, call->dx, call->lddx, team);
}

static tp_status check_backward(const tp_model *model, const struct backward_call *call) {
    const struct tp_workspace *w = call->workspace;
    const struct tp_context *context = model->context;
    const tp_status status = tp_check_training_workspace(model, w);
    if (status)
        return status;
    if (!call->sink.gradients && !call->dx)
        return tp_fail(context, TP_ERR_ARGUMENT, "gradients and dx are NULL: there is nothing to compute");
    if (!w->batch)
        return tp_fail(context, TP_ERR_ARGUMENT, "workspace has no forward pass to go back from");
    if (call->dx && call->lddx < model->inputs)
        return tp_fail(context, TP_ERR_ARGUMENT, "lddx is %zu; it must be at least %zu", call->lddx, model->inputs);
    if (call->dx == w->x && call->sink.gradients)
        return tp_fail(context, TP_ERR_ARGUMENT, "dx is x, which the gradients need; it must not overlap x");
    return call->dx ? tp_check_rows(context, "dx", w->batch, call->lddx) : TP_OK;
}

static void run(struct backward_call *call) {
    const struct tp_workspace *w = call->workspace;
    tp_parallel(tp_pass_threads(w->model, w->threads, w->batch, true), backward_task, call);
}

static struct tp_gradient_sink sink_of(float *gradients, enum tp_sink_kind kind) {
    return (struct tp_gradient_sink){.kind = gradients ? kind : TP_SINK_NOWHERE, .gradients = gradients};
}

static tp_status run_with_targets(const tp_model *model, struct backward_call *call, tp_score *score) {
    tp_targets targets;
    tp_status status = check_backward(model, call);
    if (!status)
        status = tp_take_targets(model, call->targets, call->workspace->batch, &targets);
    if (status)
        return status;
    call->targets = &targets;
    run(call);
    if (score)
        *score = tp_read_score(call->workspace, call->targets);
    return TP_OK;
}

tp_status tp_backward(const tp_model *model, tp_workspace *w, const tp_targets *targets, float *gradients, float *dx,
                      size_t lddx, tp_score *score) {
    struct backward_call call = {.workspace = w,
                                 .targets = targets,
                                 .gradient = TP_GRADIENT_OF_MEAN,
                                 .sink = sink_of(gradients, TP_SINK_STORE),
                                 .dx = dx,
                                 .lddx = lddx};
    return model ? run_with_targets(model, &call, score) : TP_ERR_ARGUMENT;
}

tp_status tp_backward_accumulate(const tp_model *model, tp_workspace *w, const tp_targets *targets, float *gradients,
                                 float *dx, size_t lddx, tp_score *score) {
    struct backward_call call = {.workspace = w,
                                 .targets = targets,
                                 .gradient = TP_GRADIENT_OF_SUM,
                                 .sink = sink_of(gradients, TP_SINK_ADD),
                                 .dx = dx,
                                 .lddx = lddx};
    return model ? run_with_targets(model, &call, score) : TP_ERR_ARGUMENT;
}

tp_status tp_backward_from(const tp_model *model, tp_workspace *w, const float *dy, size_t lddy, float *gradients,
                           float *dx, size_t lddx) {
    if (!model)
        return TP_ERR_ARGUMENT;
    struct backward_call call = {
        .workspace = w, .dy = dy, .lddy = lddy, .sink = sink_of(gradients, TP_SINK_STORE), .dx = dx, .lddx = lddx};
    tp_status status = check_backward(model, &call);
    if (status)
        return status;
    if (!dy)
        return tp_fail(model->context, TP_ERR_ARGUMENT, "dy is NULL");
    if (lddy < tp_model_outputs(model))
        return tp_fail(model->context, TP_ERR_ARGUMENT, "lddy is %zu; it must be at least %zu", lddy,
                       tp_model_outputs(model));
    status = tp_check_rows(model->context, "dy", w->batch, lddy);
    if (!status)
        run(&call);
    return status;
}
