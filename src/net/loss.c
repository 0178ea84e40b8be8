/* SPDX-License-Identifier: BSD-3-Clause */
#include "net/pass.h"

#include "core/options.h"
#include "core/size.h"
#include "gemm/share.h"
#include "net/gather.h"

#include <assert.h>
#include <math.h>
#include <string.h>

/* Samples with one output whose losses are computed together: they would leave most of a vector's lanes empty. */
#define COLUMN ((size_t)64)

size_t tp_class_count(const struct tp_model *model) {
    const size_t outputs = tp_model_outputs(model);
    return outputs > 1 || model->loss == TP_LOSS_CCE ? outputs : 2;
}

/* The target row of sample i: the caller's, or one-hot in this thread's own row. */
static const float *target_row(const struct tp_workspace *w, const tp_targets *targets, size_t i, struct tp_team team) {
    if (targets->values)
        return targets->values + i * targets->ld;
    const size_t outputs = tp_model_outputs(w->model);
    float *row = tp_row(&w->target, (size_t)team.id);
    assert(targets->classes[i] >= 0 && (size_t)targets->classes[i] < tp_class_count(w->model));
    memset(row, 0, outputs * sizeof *row);
    if (outputs == 1 && w->model->loss != TP_LOSS_CCE)
        row[0] = (float)targets->classes[i];
    else
        row[targets->classes[i]] = 1;
    return row;
}

/* y moved towards equal targets of all classes (CCE), or of both (BCE): (1-s) y + s c, c = 1/n_L or 1/2, written so
 * that a y that is c already stays. */
static const float *smooth(const struct tp_workspace *w, const float *y, struct tp_team team) {
    const struct tp_model *model = w->model;
    const size_t outputs = tp_model_outputs(model);
    const float s = model->label_smoothing, c = model->loss == TP_LOSS_CCE ? 1 / (float)outputs : 0.5f;
    if (s == 0)
        return y;
    float *row = tp_row(&w->target, (size_t)team.id);
    for (size_t j = 0; j < outputs; j++)
        row[j] = y[j] + s * (c - y[j]);
    return row;
}

/* Elements that are compared side by side, and those among which the largest is looked for. */
#define SIDE_BY_SIDE ((size_t)16)
#define SEARCHED ((size_t)256)

/* The largest of low and SEARCHED elements; NaN counts as less. */
static float larger_of(float low, const float *x) {
    float most[SIDE_BY_SIDE];
    for (size_t i = 0; i < SIDE_BY_SIDE; i++)
        most[i] = low;
    for (size_t j = 0; j < SEARCHED; j += SIDE_BY_SIDE)
        for (size_t i = 0; i < SIDE_BY_SIDE; i++)
            most[i] = x[j + i] > most[i] ? x[j + i] : most[i];
    for (size_t i = 0; i < SIDE_BY_SIDE; i++)
        low = most[i] > low ? most[i] : low;
    return low;
}

size_t tp_largest(const float *row, size_t n) {
    size_t best = 0, j = 0;
    for (; j + SEARCHED <= n; j += SEARCHED) {
        const float larger = larger_of(row[best], row + j);
        if (larger > row[best])
            for (best = j; row[best] != larger;)
                best++;
    }
    for (; j < n; j++)
        if (row[j] > row[best])
            best = j;
    return best;
}

/* What x is where the output is 0.5. */
static float middle(const struct tp_model *model) {
    if (!tp_reads_logits(model))
        return 0.5f;
    return tp_is_cross_entropy(model->loss) ? 0 : -0x1.62e43p-1f; /* ln 0.5 */
}

/* The class of sample i, or NULL if targets are values. */
static const int32_t *class_of(const tp_targets *targets, size_t i) {
    return targets->classes ? targets->classes + i : NULL;
}

/* The largest output is that of class number, if there is one, or of the largest target; or all are on the side of 0.5
 * where their targets are. */
static bool is_right(const struct tp_model *model, const float *x, const float *y, const int32_t *number) {
    const size_t outputs = tp_model_outputs(model);
    if (!tp_is_cross_entropy(model->loss) && !number)
        return false;
    if (model->loss == TP_LOSS_CCE || (outputs > 1 && number))
        return tp_largest(x, outputs) == (number ? (size_t)*number : tp_largest(y, outputs));
    for (size_t j = 0; j < outputs; j++)
        if ((x[j] >= middle(model)) != (y[j] >= 0.5f))
            return false;
    return true;
}

/* w_i */
static double sample_weight(const tp_targets *targets, size_t i) {
    const double weight = targets->weights ? (double)targets->weights[i] : 1;
    return targets->class_weights ? weight * (double)targets->class_weights[targets->classes[i]] : weight;
}

/* sum_i w_i, one chain in the order of the samples. */
static double weight_sum(const tp_targets *targets, struct tp_range samples) {
    if (!targets->weights && !targets->class_weights)
        return (double)(samples.end - samples.begin);
    double sum = 0;
    for (size_t i = samples.begin; i < samples.end; i++)
        sum += sample_weight(targets, i);
    return sum;
}

/* w_i over the sum of weights, or w_i itself. */
static float gradient_scale(const tp_targets *targets, size_t i, double weights, enum tp_gradient gradient) {
    if (gradient == TP_GRADIENT_OF_SUM)
        return (float)sample_weight(targets, i);
    return weights > 0 ? (float)(sample_weight(targets, i) / weights) : 0;
}

struct loss_run {
    struct tp_workspace *workspace;
    const tp_targets *targets;
    enum tp_gradient gradient;
    double weights; /* their sum */
    struct tp_team team;
};

/* dJ/dA_L through the last activation, unless the loss has done that. */
static void derive(const struct tp_model *model, float *d, const float *x, size_t rows, size_t columns) {
    const tp_layer *last = &model->layer[model->layers - 1];
    if (!tp_reads_logits(model))
        model->context->isa->activation[last->activation].derive(d, columns, x, columns, rows, columns, last->slope);
}

/* Sample after sample. Returns how many answers are right. */
static size_t run_rows(const struct loss_run *run, struct tp_range rows) {
    const struct tp_workspace *w = run->workspace;
    const struct tp_model *model = w->model;
    const size_t outputs = tp_model_outputs(model), l = model->layers - 1;
    size_t correct = 0;
    for (size_t i = rows.begin; i < rows.end; i++) {
        const float *x = tp_row(&w->layer[l], i), *y = target_row(w, run->targets, i, run->team);
        const float scale = gradient_scale(run->targets, i, run->weights, run->gradient);
        float *d = run->gradient == TP_GRADIENT_NONE ? NULL : tp_row(tp_delta(w, l), i);
        const bool right = is_right(model, x, y, class_of(run->targets, i)); /* smooth may overwrite y */
        w->loss[i] = model->context->isa->loss_row[model->loss](x, smooth(w, y, run->team), outputs, model->huber_delta,
                                                                scale, d);
        if (d)
            derive(model, d, tp_row(tp_derivative_operand(w, l), i), 1, outputs);
        correct += right && !isnan(w->loss[i]);
    }
    return correct;
}

/* Samples of a model with one output, side by side. */
struct column {
    float x[COLUMN], y[COLUMN], scale[COLUMN], operand[COLUMN], d[COLUMN];
    bool right[COLUMN];
};

static void gather_column(const struct loss_run *run, struct tp_range rows, struct column *c) {
    const struct tp_workspace *w = run->workspace;
    const size_t l = w->model->layers - 1;
    for (size_t i = rows.begin, s = 0; i < rows.end; i++, s++) {
        const float *y = target_row(w, run->targets, i, run->team);
        c->x[s] = *tp_row(&w->layer[l], i);
        c->right[s] = is_right(w->model, &c->x[s], y, class_of(run->targets, i));
        c->y[s] = *smooth(w, y, run->team);
        c->scale[s] = gradient_scale(run->targets, i, run->weights, run->gradient);
        c->operand[s] = *tp_row(tp_derivative_operand(w, l), i);
    }
}

/* At most COLUMN samples. */
static size_t run_column(const struct loss_run *run, struct tp_range rows) {
    const struct tp_workspace *w = run->workspace;
    const struct tp_model *model = w->model;
    const size_t m = rows.end - rows.begin;
    const bool derivative = run->gradient != TP_GRADIENT_NONE;
    struct column c;
    size_t correct = 0;
    gather_column(run, rows, &c);
    model->context->isa->loss_column[model->loss](c.x, c.y, m, model->huber_delta, c.scale, w->loss + rows.begin,
                                                  derivative ? c.d : NULL);
    if (derivative)
        derive(model, c.d, c.operand, m, 1);
    for (size_t s = 0; s < m; s++) {
        if (derivative)
            *tp_row(tp_delta(w, model->layers - 1), rows.begin + s) = c.d[s];
        correct += c.right[s] && !isnan(w->loss[rows.begin + s]);
    }
    return correct;
}

static size_t run_columns(const struct loss_run *run, struct tp_range rows) {
    size_t correct = 0;
    for (size_t i = rows.begin; i < rows.end; i += COLUMN)
        correct += run_column(run, (struct tp_range){i, tp_min(i + COLUMN, rows.end)});
    return correct;
}

void tp_run_loss(struct tp_workspace *w, const tp_targets *targets, enum tp_gradient gradient, struct tp_team team) {
    assert(team.size <= w->threads && !targets->values != !targets->classes);
    const struct loss_run run = {w, targets, gradient, weight_sum(targets, (struct tp_range){0, w->batch}), team};
    const struct tp_range rows = tp_share(w->batch, 1, team.id, team.size);
    w->count[team.id].correct = tp_model_outputs(w->model) == 1 ? run_columns(&run, rows) : run_rows(&run, rows);
    for (int id = team.id + 1; team.id + 1 == team.size && id < w->threads; id++)
        w->count[id].correct = 0; /* threads that did not come */
    tp_team_barrier(team);
}

/* The activation is computed again where the loss has left Z_L in its place. */
void tp_derive_output(const struct tp_workspace *w, size_t i, float *d, size_t ldd, size_t rows, float *x) {
    const struct tp_model *model = w->model;
    const tp_layer *last = &model->layer[model->layers - 1];
    const struct tp_activation_kernels *f = &model->context->isa->activation[last->activation];
    memcpy(x, tp_row(tp_derivative_operand(w, model->layers - 1), i), last->width * sizeof *x);
    if (tp_reads_logits(model))
        f->activate(x, last->width, 1, last->width, last->slope);
    f->derive(d, ldd, x, 0, rows, last->width, last->slope);
}

void tp_run_output_derivative(struct tp_workspace *w, const float *dy, size_t lddy, struct tp_team team) {
    const size_t outputs = tp_model_outputs(w->model);
    const struct tp_range rows = tp_share(w->batch, 1, team.id, team.size);
    for (size_t i = rows.begin; i < rows.end; i++) {
        float *d = tp_row(tp_delta(w, w->model->layers - 1), i);
        memcpy(d, dy + i * lddy, outputs * sizeof *d);
        tp_derive_output(w, i, d, outputs, 1, tp_row(&w->target, (size_t)team.id));
    }
    tp_team_barrier(team);
}

/* Where all weights are 0, so is the sum of the losses, unless one is not finite. */
tp_score tp_mean_score(const tp_score *sum) {
    tp_score mean = *sum;
    if (sum->weight > 0)
        mean.loss /= sum->weight;
    return mean;
}

void tp_add_score(tp_score *sum, const tp_score *score) {
    sum->loss += score->loss * score->weight;
    sum->correct += score->correct;
    sum->samples += score->samples;
    sum->weight += score->weight;
}

tp_score tp_sum_losses(const float *losses, const tp_targets *targets, struct tp_range samples) {
    tp_score sum = {.samples = samples.end - samples.begin, .weight = weight_sum(targets, samples)};
    for (size_t i = samples.begin; i < samples.end; i++)
        sum.loss += sample_weight(targets, i) * (double)losses[i];
    return sum;
}

size_t tp_count_correct(const struct tp_workspace *w) {
    size_t correct = 0;
    for (int id = 0; id < w->threads; id++)
        correct += w->count[id].correct;
    return correct;
}

tp_score tp_read_score(const struct tp_workspace *w, const tp_targets *targets) {
    tp_score sum = tp_sum_losses(w->loss, targets, (struct tp_range){0, w->batch});
    sum.correct = tp_count_correct(w);
    return tp_mean_score(&sum);
}

tp_score tp_read_step_score(const struct tp_workspace *w, const tp_targets *targets) {
    return tp_has_parts(&w->parts) ? w->parts.score : tp_read_score(w, targets);
}

tp_status tp_check_classes(const struct tp_model *model, const char *what, const int32_t *classes, const uint32_t *rows,
                           size_t count) {
    const size_t limit = tp_class_count(model);
    for (size_t i = 0; i < count; i++) {
        const size_t at = rows ? rows[i] : i;
        if (classes[at] < 0 || (size_t)classes[at] >= limit)
            return tp_fail(model->context, TP_ERR_ARGUMENT, "%s: classes[%zu] is %d; it must be 0..%zu", what, at,
                           (int)classes[at], limit - 1);
    }
    return TP_OK;
}

static tp_status check_weights(const struct tp_context *context, const char *what, const char *name,
                               const float *weights, const uint32_t *rows, size_t count) {
    for (size_t i = 0; weights && i < count; i++) {
        const size_t at = rows ? rows[i] : i;
        if (!(weights[at] >= 0 && isfinite(weights[at])))
            return tp_fail(context, TP_ERR_ARGUMENT, "%s: %s[%zu] is %g; it must be finite and at least 0", what, name,
                           at, (double)weights[at]);
    }
    return TP_OK;
}

tp_status tp_check_weights(const struct tp_context *context, const char *what, const float *weights,
                           const uint32_t *rows, size_t count) {
    return check_weights(context, what, "weights", weights, rows, count);
}

tp_status tp_check_class_weights(const struct tp_model *model, const char *what, const float *class_weights,
                                 const int32_t *classes) {
    if (class_weights && !classes)
        return tp_fail(model->context, TP_ERR_ARGUMENT, "%s: class_weights needs targets by class", what);
    return check_weights(model->context, what, "class_weights", class_weights, NULL, tp_class_count(model));
}

static tp_status check_classes_or_values(const struct tp_model *model, const tp_targets *targets, size_t batch) {
    const struct tp_context *context = model->context;
    if (!targets->classes == !targets->values)
        return tp_fail(context, TP_ERR_ARGUMENT, "targets: exactly one of classes and values must be set");
    if (targets->classes)
        return tp_check_classes(model, "targets", targets->classes, NULL, batch);
    if (targets->ld < tp_model_outputs(model))
        return tp_fail(context, TP_ERR_ARGUMENT, "targets: ld is %zu; it must be at least %zu", targets->ld,
                       tp_model_outputs(model));
    const tp_status status = tp_check_rows(context, "targets", batch, targets->ld);
    const tp_data data = {.samples = batch,
                          .values = targets->values,
                          .outputs = tp_model_outputs(model),
                          .target_sample_stride = targets->ld,
                          .target_stride = 1};
    return status ? status : tp_check_values(model, "targets", &data);
}

tp_status tp_take_targets(const struct tp_model *model, const tp_targets *given, size_t batch, tp_targets *targets) {
    static const tp_targets none = {.struct_size = sizeof none};
    static const struct tp_struct type = {
        .name = "targets", .size = sizeof none, .first = sizeof none, .defaults = &none, .data = true};
    if (!given)
        return tp_fail(model->context, TP_ERR_ARGUMENT, "targets is NULL");
    tp_status status = tp_struct_take(model->context, &type, given, targets);
    if (!status)
        status = check_classes_or_values(model, targets, batch);
    if (!status)
        status = tp_check_weights(model->context, "targets", targets->weights, NULL, batch);
    return status ? status : tp_check_class_weights(model, "targets", targets->class_weights, targets->classes);
}

/* Mostly an exponential. */
#define FLOPS_PER_OUTPUT 100

struct loss_call {
    struct tp_workspace *workspace;
    const tp_targets *targets;
};

static void loss_task(void *argument, struct tp_team team) {
    const struct loss_call *call = argument;
    tp_run_loss(call->workspace, call->targets, TP_GRADIENT_NONE, team);
}

tp_status tp_loss_value(const tp_model *model, tp_workspace *w, const tp_targets *given, tp_score *score) {
    if (!model)
        return TP_ERR_ARGUMENT;
    tp_status status = tp_check_training_workspace(model, w);
    if (status)
        return status;
    if (!score)
        return tp_fail(model->context, TP_ERR_ARGUMENT, "score is NULL");
    if (!w->batch)
        return tp_fail(model->context, TP_ERR_ARGUMENT, "workspace has no forward pass to take the loss of");
    tp_targets targets;
    status = tp_take_targets(model, given, w->batch, &targets);
    if (status)
        return status;
    struct loss_call call = {w, &targets};
    const double flops = FLOPS_PER_OUTPUT * (double)w->batch * (double)tp_model_outputs(model);
    tp_parallel(tp_useful_threads(model->context->blocking, w->threads, flops), loss_task, &call);
    *score = tp_read_score(w, &targets);
    return TP_OK;
}
