/* SPDX-License-Identifier: BSD-3-Clause */
/* One training step, in the trainer and in loops of one's own. */
#include "net/gather.h"
#include "net/pass.h"

#include <assert.h>
#include <math.h>
#include <string.h>

bool tp_run_step(struct tp_workspace *w, struct tp_optimizer *optimizer, struct tp_model *model,
                 const tp_targets *targets, struct tp_team team) {
    assert(w->model == model && optimizer->model == model);
    const bool fused = tp_update_is_fused(optimizer), parts = tp_has_parts(&w->parts);
    tp_enter(tp_team_clock(team), TP_PHASE_FORWARD);
    tp_run_forward(w, NULL, 0, team);
    tp_enter(tp_team_clock(team), TP_PHASE_LOSS);
    tp_run_loss(w, targets, parts ? TP_GRADIENT_OF_SUM : TP_GRADIENT_OF_MEAN, team);
    if (parts)
        tp_run_parts_score(w, targets, team);
    const tp_score score = tp_read_step_score(w, targets); /* the same on every thread */
    if (!isfinite(score.loss) || w->parts.stops)
        return false;
    tp_enter(tp_team_clock(team), TP_PHASE_BACKWARD);
    if (team.id == 0)
        tp_update_begin(optimizer, parts ? score.weight : 1); /* tp_run_backward: all meet before the first update */
    const struct tp_gradient_sink sink = {fused ? TP_SINK_UPDATE : TP_SINK_STORE, optimizer->room, optimizer, model};
    tp_run_backward(w, &sink, NULL, 0, team);
    if (!fused) {
        tp_enter(tp_team_clock(team), TP_PHASE_UPDATE);
        tp_run_update(optimizer, model, optimizer->room, team);
    }
    return true;
}

/* printf may show the sign of a NaN, which means nothing. */
static const char *name_value(double value) {
    return isnan(value) ? "nan" : value < 0 ? "-inf" : "inf";
}

/* Without branches: an exponent of ones, and only that, becomes the highest bit. */
static bool is_finite_row(const float *p, size_t n) {
    uint32_t found = 0;
    for (size_t j = 0; j < n; j++) {
        uint32_t bits;
        memcpy(&bits, p + j, sizeof bits);
        found |= (bits & 0x7f800000) + 0x00800000;
    }
    return found < 0x80000000;
}

static bool find_nonfinite(const float *p, size_t ld, size_t rows, size_t columns, struct tp_cell *cell) {
    for (size_t i = 0; i < rows; i++) {
        size_t j = 0;
        if (is_finite_row(p + i * ld, columns))
            continue;
        while (isfinite(p[i * ld + j]))
            j++;
        *cell = (struct tp_cell){i, j};
        return true;
    }
    return false;
}

bool tp_finite_rows(const float *p, size_t ld, size_t rows, size_t columns) {
    struct tp_cell ignored;
    return !find_nonfinite(p, ld, rows, columns, &ignored);
}

/* A finite value of the program's may become infinite: a double, or by scaling. */
static tp_status fail_value(const struct tp_context *context, const char *when, const char *kind, struct tp_cell at,
                            double value) {
    if (isfinite(value))
        return tp_fail(context, TP_ERR_NONFINITE, "%ssample %zu, %s %zu: %g, scaled to a float, is infinite", when,
                       at.row, kind, at.column, value);
    return tp_fail(context, TP_ERR_NONFINITE, "%ssample %zu, %s %zu: %s is not finite", when, at.row, kind, at.column,
                   name_value(value));
}

/* The first input or target that is not finite; TP_OK if there is none. */
static tp_status check_batch(const struct tp_workspace *w, const tp_targets *targets, const struct tp_batch *batch,
                             const char *when) {
    const struct tp_context *context = w->model->context;
    struct tp_cell at;
    if (find_nonfinite(w->x, w->ldx, w->batch, w->model->inputs, &at)) {
        const double value = batch ? tp_batch_input(batch, &at) : (double)w->x[at.row * w->ldx + at.column];
        return fail_value(context, when, "feature", at, value);
    }
    if (targets->values && find_nonfinite(targets->values, targets->ld, w->batch, tp_model_outputs(w->model), &at)) {
        const double value =
            batch ? tp_batch_target(batch, &at) : (double)targets->values[at.row * targets->ld + at.column];
        return fail_value(context, when, "target", at, value);
    }
    return TP_OK;
}

tp_status tp_fail_nonfinite(const struct tp_workspace *w, const tp_targets *targets, const struct tp_batch *batch,
                            const char *when, double loss) {
    const struct tp_model *model = w->model;
    const struct tp_context *context = model->context;
    const char *value = isnan(loss) ? "NaN" : "infinite";
    const tp_status status = check_batch(w, targets, batch, when);
    if (status)
        return status;
    for (size_t l = 0; l < model->layers; l++)
        if (!tp_finite_rows(w->layer[l].p, w->layer[l].ld, w->batch, model->layer[l].width))
            return tp_fail(context, TP_ERR_NONFINITE,
                           "%sloss is %s; the output of layer %zu (%s) is the first that is not finite", when, value, l,
                           tp_activation_name(model->layer[l].activation));
    return tp_fail(context, TP_ERR_NONFINITE,
                   "%sloss is %s; every layer's output is finite: the targets are not, or the loss overflows", when,
                   value);
}

struct step_call {
    struct tp_workspace *workspace;
    struct tp_optimizer *optimizer;
    struct tp_model *model;
    const tp_targets *targets;
};

static void step_task(void *argument, struct tp_team team) {
    const struct step_call *call = argument;
    tp_run_step(call->workspace, call->optimizer, call->model, call->targets, team);
}

static tp_status check(const tp_model *model, const tp_workspace *w, const tp_optimizer *optimizer, size_t batch) {
    const struct tp_context *context = model->context;
    const tp_status status = tp_check_training_workspace(model, w);
    if (status)
        return status;
    if (!optimizer)
        return tp_fail(context, TP_ERR_ARGUMENT, "optimizer is NULL");
    if (optimizer->model != model)
        return tp_fail(context, TP_ERR_ARGUMENT, "optimizer was made for another model");
    return batch ? TP_OK : tp_fail(context, TP_ERR_ARGUMENT, "batch is 0; it must be at least 1");
}

tp_status tp_train_step(tp_model *model, tp_workspace *w, tp_optimizer *optimizer, size_t batch, const float *x,
                        size_t ldx, const tp_targets *given, tp_score *score) {
    if (!model)
        return TP_ERR_ARGUMENT;
    tp_status status = check(model, w, optimizer, batch);
    tp_targets targets;
    if (!status && batch <= w->max_batch)
        status = tp_take_targets(model, given, batch, &targets);
    if (!status)
        status = tp_begin_forward(model, w, batch, x, ldx, NULL, 0);
    if (status)
        return status;
    tp_slices_end(model);
    struct step_call call = {w, optimizer, model, &targets};
    tp_parallel(tp_pass_threads(model, w->threads, batch, true), step_task, &call);
    const tp_score result = tp_read_score(w, &targets);
    if (!isfinite(result.loss))
        status = tp_fail_nonfinite(w, &targets, NULL, "", result.loss);
    if (score)
        *score = result;
    w->batch = 0; /* x need not be there any more */
    return status;
}
