/* SPDX-License-Identifier: BSD-3-Clause */
/* A whole data set through the model, batch by batch: loss and right answers, or predictions. */
#include "net/evaluate.h"

#include "core/options.h"
#include "core/size.h"
#include "net/gather.h"
#include "net/pass.h"
#include "net/ranks.h"

#include <string.h>

struct batch_call {
    struct tp_workspace *workspace;
    struct tp_batch batch;
    const tp_outputs *y; /* predictions of the batch, or NULL */
};

/* Whether A_L can go straight to the program: rows of floats. */
static bool is_plain(const struct tp_model *model, const tp_outputs *y) {
    return y->floats && y->value_stride == 1 && !model->outputs_scaled.count &&
           y->sample_stride >= tp_model_outputs(model);
}

/* A row of A_L in the program's units. */
static void give_row(const struct tp_model *model, const float *a, const tp_outputs *y, size_t i) {
    const struct tp_scaler *s = &model->outputs_scaled;
    for (size_t j = 0; j < tp_model_outputs(model); j++) {
        const size_t at = i * y->sample_stride + j * y->value_stride, pair = tp_scales_each(s) ? j : 0;
        const double value =
            s->count ? (double)tp_to_float((double)a[j]) * s->deviation[pair] + s->mean[pair] : (double)a[j];
        if (y->doubles)
            y->doubles[at] = value;
        else
            y->floats[at] = s->count ? tp_to_float(value) : a[j];
    }
}

/* The forward pass, with predictions by way of the place of targets where they are not plain. */
static void predict(struct tp_workspace *w, const tp_outputs *y, size_t first, struct tp_team team) {
    const bool plain = y && is_plain(w->model, y);
    const struct tp_matrix values = w->values;
    tp_run_forward(w,
                   plain ? y->floats + first * y->sample_stride
                   : y   ? values.p
                         : NULL,
                   plain ? y->sample_stride : values.ld, team);
    if (!y || plain)
        return;
    const struct tp_range rows = tp_share(w->batch, 1, team.id, team.size);
    for (size_t i = rows.begin; i < rows.end; i++)
        give_row(w->model, tp_row(&values, i), y, first + i);
}

static void batch_task(void *argument, struct tp_team team) {
    const struct batch_call *call = argument;
    struct tp_workspace *w = call->workspace;
    tp_run_gather(w, &call->batch, team);
    predict(w, call->y, call->batch.first, team);
    if (call->batch.targets) {
        const tp_targets targets = tp_gathered_targets(w, call->batch.data);
        tp_run_loss(w, &targets, TP_GRADIENT_NONE, team);
    }
}

/* Without dropout. */
static void run_batch(struct batch_call *call) {
    struct tp_workspace *w = call->workspace;
    const uint64_t step = w->dropout_step;
    w->dropout_step = 0;
    tp_parallel(tp_pass_threads(w->model, w->threads, call->batch.count, false), batch_task, call);
    w->dropout_step = step;
}

static void count_confusion(const struct tp_workspace *w, uint64_t *confusion) {
    const size_t outputs = tp_model_outputs(w->model);
    for (size_t i = 0; i < w->batch; i++)
        confusion[(size_t)w->classes[i] * outputs + tp_largest(tp_row(&w->layer[w->model->layers - 1], i), outputs)]++;
}

tp_score tp_run_evaluation(const struct tp_evaluation *e) {
    struct tp_workspace *w = e->workspace;
    const tp_targets targets = tp_gathered_targets(w, e->data);
    tp_score sum = {0};
    for (size_t i = 0; i < e->count; i += w->max_batch) {
        struct batch_call call = {
            .workspace = w,
            .batch = {e->data, e->pool, NULL, i, tp_min(w->max_batch, e->count - i), true},
        };
        run_batch(&call);
        const tp_score score = tp_read_score(w, &targets);
        tp_add_score(&sum, &score);
        if (e->confusion)
            count_confusion(w, e->confusion);
    }
    return tp_mean_score(&sum);
}

static void add_count(void *lower, const void *higher) {
    *(uint64_t *)lower += *(const uint64_t *)higher;
}

/* Sums over a batch, of whose samples this rank has computed some. */
static tp_score gather_score(const struct tp_workspace *w, const struct tp_parts *parts, bool weighted) {
    struct tp_ranks *ranks = parts->ranks;
    const tp_targets targets = {.weights = weighted ? ranks->weight : NULL};
    const size_t begin = tp_own_samples(parts).begin;
    memcpy(ranks->loss + begin, w->loss, w->batch * sizeof *w->loss);
    tp_ranks_gather_samples(ranks, parts, ranks->loss);
    if (weighted) {
        memcpy(ranks->weight + begin, w->weights, w->batch * sizeof *w->weights);
        tp_ranks_gather_samples(ranks, parts, ranks->weight);
    }
    return tp_sum_losses(ranks->loss, &targets, (struct tp_range){0, parts->batch});
}

/* As many as a record has. */
struct counts {
    uint64_t count[64];
};

static void add_counts(void *lower, const void *higher) {
    struct counts *sum = lower;
    const struct counts *other = higher;
    for (size_t i = 0; i < sizeof sum->count / sizeof *sum->count; i++)
        sum->count[i] += other->count[i];
}

/* Counts of every rank's own samples become those of all. */
static void gather_confusion(struct tp_ranks *ranks, uint64_t *confusion, size_t outputs) {
    const size_t each = sizeof(struct counts) / sizeof *confusion;
    for (size_t i = 0; i < outputs * outputs; i += each) {
        const size_t bytes = tp_min(each, outputs * outputs - i) * sizeof *confusion;
        struct counts counts = {0};
        memcpy(counts.count, confusion + i, bytes);
        tp_ranks_combine(ranks, &counts, sizeof counts, add_counts);
        memcpy(confusion + i, counts.count, bytes);
    }
}

tp_score tp_evaluate_by_ranks(const struct tp_evaluation *e, const struct tp_parts *batch) {
    struct tp_workspace *w = e->workspace;
    struct tp_parts parts = *batch;
    tp_score sum = {0};
    uint64_t correct = 0;
    for (size_t i = 0; i < e->count; i += batch->batch) {
        parts.batch = tp_min(batch->batch, e->count - i);
        const struct tp_range own = tp_own_samples(&parts);
        struct batch_call call = {
            .workspace = w,
            .batch = {e->data, e->pool, NULL, i + own.begin, own.end - own.begin, true},
        };
        run_batch(&call);
        correct += tp_count_correct(w);
        if (e->confusion)
            count_confusion(w, e->confusion);
        const tp_score sums = gather_score(w, &parts, e->data->weights), score = tp_mean_score(&sums);
        tp_add_score(&sum, &score);
    }
    tp_ranks_combine(batch->ranks, &correct, sizeof correct, add_count);
    if (e->confusion)
        gather_confusion(batch->ranks, e->confusion, tp_model_outputs(w->model));
    sum.correct = (size_t)correct;
    return tp_mean_score(&sum);
}

tp_status tp_take_evaluation(const struct tp_model *model, const tp_workspace *w, const tp_data *given,
                             const tp_score *score, const uint64_t *confusion, tp_data *data) {
    tp_status status = tp_check_workspace(model, w);
    if (!status)
        status = tp_take_data(model, "data", given, true, data);
    if (status)
        return status;
    if (!score)
        return tp_fail(model->context, TP_ERR_ARGUMENT, "score is NULL");
    if (confusion && (!data->classes || tp_model_outputs(model) < 2))
        return tp_fail(model->context, TP_ERR_ARGUMENT, "confusion needs classes and a model with two or more outputs");
    return TP_OK;
}

tp_status tp_evaluate(const tp_model *model, tp_workspace *w, const tp_data *given, tp_score *score,
                      uint64_t *confusion) {
    if (!model)
        return TP_ERR_ARGUMENT;
    tp_data data;
    const tp_status status = tp_take_evaluation(model, w, given, score, confusion, &data);
    if (status)
        return status;
    const size_t outputs = tp_model_outputs(model);
    if (confusion)
        memset(confusion, 0, outputs * outputs * sizeof *confusion);
    *score = tp_run_evaluation(&(struct tp_evaluation){w, &data, NULL, data.samples, confusion});
    w->batch = 0; /* there is no forward pass of the caller's to go back from */
    return TP_OK;
}

static size_t common_divisor(size_t a, size_t b) {
    while (b) {
        const size_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

/* Whether two values have one place: so many samples apart one way, and so many values the other way. */
static bool overlap(size_t samples, size_t values, const tp_outputs *y) {
    const size_t divisor = common_divisor(y->sample_stride, y->value_stride);
    return y->value_stride / divisor < samples && y->sample_stride / divisor < values;
}

static tp_status take_strides(const struct tp_model *model, size_t samples, tp_outputs *y) {
    const size_t values = tp_model_outputs(model);
    const tp_status status = tp_take_strides(model->context, "y", samples, values, &y->sample_stride, &y->value_stride);
    if (status || !overlap(samples, values, y))
        return status;
    return tp_fail(model->context, TP_ERR_ARGUMENT, "y: strides of %zu and %zu put two values in one place",
                   y->sample_stride, y->value_stride);
}

static tp_status take_outputs(const struct tp_model *model, size_t samples, const tp_outputs *given, tp_outputs *y) {
    static const tp_outputs none = {.struct_size = sizeof none};
    static const struct tp_struct type = {
        .name = "y", .size = sizeof none, .first = sizeof none, .defaults = &none, .data = true};
    if (!given)
        return tp_fail(model->context, TP_ERR_ARGUMENT, "y is NULL");
    const tp_status status = tp_struct_take(model->context, &type, given, y);
    if (status)
        return status;
    if (!y->floats == !y->doubles)
        return tp_fail(model->context, TP_ERR_ARGUMENT, "y: exactly one of floats and doubles must be set");
    return take_strides(model, samples, y);
}

tp_status tp_take_prediction(const struct tp_model *model, const tp_workspace *w, const tp_data *given,
                             const tp_outputs *outputs, tp_data *data, tp_outputs *y) {
    tp_status status = tp_check_workspace(model, w);
    if (!status)
        status = tp_take_data(model, "data", given, false, data);
    return status ? status : take_outputs(model, data->samples, outputs, y);
}

void tp_run_prediction(tp_workspace *w, const tp_data *data, const tp_outputs *y, struct tp_range samples) {
    for (size_t i = samples.begin; i < samples.end; i += w->max_batch) {
        struct batch_call call = {
            .workspace = w,
            .batch = {data, NULL, NULL, i, tp_min(w->max_batch, samples.end - i), false},
            .y = y,
        };
        run_batch(&call);
    }
    w->batch = 0; /* as above */
}

tp_status tp_predict(const tp_model *model, tp_workspace *w, const tp_data *given, const tp_outputs *outputs) {
    if (!model)
        return TP_ERR_ARGUMENT;
    tp_data data;
    tp_outputs y;
    const tp_status status = tp_take_prediction(model, w, given, outputs, &data, &y);
    if (!status)
        tp_run_prediction(w, &data, &y, (struct tp_range){0, data.samples});
    return status;
}
