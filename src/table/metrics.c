/* SPDX-License-Identifier: BSD-3-Clause */
#include "table/metrics.h"

#include "core/memory.h"

#include <assert.h>
#include <float.h>
#include <math.h>
#include <sleef.h>
#include <string.h>

/* Weights of the samples of a class: predicted rightly, in it, predicted. */
struct tally {
    double hits, targets, predicted;
    bool occurs; /* as a target or a prediction, whatever the weights */
};

struct scratch {
    struct tally *tally;
    struct tp_ranked *items, *spare;
};

size_t tp_metrics_each(tp_task task, size_t outputs) {
    return task == TP_TASK_BINARY ? 2 : outputs;
}

static double quotient(double part, double whole) {
    return whole != 0 ? part / whole : (double)NAN;
}

/* The same bits on every machine, which the C library's does not promise. */
static double natural_log(double x) {
    return Sleef_cinz_logd1_u10purec(x);
}

static double weight_of(const struct tp_comparison *c, size_t i) {
    return c->targets->weights ? (double)c->targets->weights[tp_target_row(c->targets, i)] : 1;
}

static double prediction(const struct tp_comparison *c, size_t i, size_t j) {
    return c->predictions[i * c->ld + j];
}

static double target(const struct tp_comparison *c, size_t i, size_t j) {
    const tp_data *t = c->targets;
    const size_t at = tp_target_row(t, i) * t->target_sample_stride + j * t->target_stride;
    return t->values ? (double)t->values[at] : t->double_values[at];
}

static size_t class_of(const struct tp_comparison *c, size_t i) {
    return (size_t)c->targets->classes[tp_target_row(c->targets, i)];
}

/* The first of the largest, as net/loss.c counts. */
static size_t predicted_class(const struct tp_comparison *c, size_t i) {
    if (c->task == TP_TASK_BINARY)
        return prediction(c, i, 0) >= 0.5;
    size_t best = 0;
    for (size_t j = 1; j < c->outputs; j++)
        if (prediction(c, i, j) > prediction(c, i, best))
            best = j;
    return best;
}

static double clip(double p) {
    return fmin(fmax(p, DBL_EPSILON), 1 - DBL_EPSILON);
}

static double binary_loss(double p, bool positive) {
    const double yes = clip(p), no = 1 - yes;
    return -natural_log((positive ? yes : no) / (no + yes));
}

static double class_loss(const struct tp_comparison *c, size_t i, size_t label) {
    if (c->task == TP_TASK_BINARY)
        return binary_loss(prediction(c, i, 0), label);
    double sum = 0;
    for (size_t j = 0; j < c->outputs; j++)
        sum += clip(prediction(c, i, j));
    return -natural_log(clip(prediction(c, i, label)) / sum);
}

static void set_undefined(tp_output_metrics *each, size_t count) {
    const double none = (double)NAN;
    for (size_t j = 0; j < count; j++)
        each[j] = (tp_output_metrics){none, none, none, none, none, none, none, none, none, none};
}

/* ---- classes and labels ---- */

static void describe(const struct tally *tally, tp_output_metrics *each) {
    each->support = tally->targets;
    each->precision = quotient(tally->hits, tally->predicted);
    each->recall = quotient(tally->hits, tally->targets);
    each->f1 = quotient(2 * tally->hits, tally->targets + tally->predicted);
}

/* F1 scores that are not defined count as 0. */
static void average_f1(const struct scratch *scratch, size_t count, const tp_output_metrics *each,
                       tp_metrics *metrics) {
    double sum = 0, weighted = 0, support = 0;
    size_t occurring = 0;
    for (size_t k = 0; k < count; k++) {
        const double f1 = isnan(each[k].f1) ? 0 : each[k].f1;
        sum += scratch->tally[k].occurs ? f1 : 0;
        occurring += scratch->tally[k].occurs;
        weighted += f1 * each[k].support;
        support += each[k].support;
    }
    metrics->macro_f1 = quotient(sum, (double)occurring);
    metrics->weighted_f1 = quotient(weighted, support);
}

static double mean_auc(const tp_output_metrics *each, size_t count) {
    double sum = 0;
    for (size_t k = 0; k < count; k++)
        sum += each[k].auc;
    return sum / (double)count;
}

/* Of output j, where class label of a binary task is that of output 0. */
static double area(const struct tp_comparison *c, const struct scratch *scratch, size_t j, size_t label) {
    for (size_t i = 0; i < c->targets->samples; i++) {
        const bool positive = c->task == TP_TASK_MULTILABEL ? target(c, i, j) >= 0.5 : class_of(c, i) == label;
        scratch->items[i] = (struct tp_ranked){prediction(c, i, j), (float)weight_of(c, i), positive};
    }
    return tp_auc(scratch->items, scratch->spare, c->targets->samples);
}

static void add_classes(const struct tp_comparison *c, const struct scratch *scratch, tp_metrics *metrics,
                        uint64_t *confusion) {
    const size_t count = tp_metrics_each(c->task, c->outputs);
    double right = 0, loss = 0;
    for (size_t i = 0; i < c->targets->samples; i++) {
        const size_t y = class_of(c, i), p = predicted_class(c, i);
        const double w = weight_of(c, i), hit = y == p ? w : 0;
        assert(y < count);
        scratch->tally[y].targets += w;
        scratch->tally[y].hits += hit;
        scratch->tally[p].predicted += w;
        scratch->tally[y].occurs = scratch->tally[p].occurs = true;
        metrics->correct += y == p;
        right += hit;
        loss += w * class_loss(c, i, y);
        if (confusion)
            confusion[y * count + p]++;
    }
    metrics->accuracy = quotient(right, metrics->weight);
    metrics->log_loss = quotient(loss, metrics->weight);
}

static void compare_classes(const struct tp_comparison *c, const struct scratch *scratch, tp_metrics *metrics,
                            tp_output_metrics *each, uint64_t *confusion) {
    const size_t count = tp_metrics_each(c->task, c->outputs);
    if (confusion)
        memset(confusion, 0, count * count * sizeof *confusion);
    add_classes(c, scratch, metrics, confusion);
    for (size_t k = 0; k < count; k++) {
        describe(&scratch->tally[k], &each[k]);
        each[k].auc = c->task == TP_TASK_BINARY ? (k ? each[0].auc : area(c, scratch, 0, 1)) : area(c, scratch, k, k);
    }
    average_f1(scratch, count, each, metrics);
    metrics->auc = mean_auc(each, count);
}

static void compare_label(const struct tp_comparison *c, const struct scratch *scratch, size_t j, double weight,
                          tp_output_metrics *each) {
    struct tally *const tally = &scratch->tally[j];
    double right = 0, loss = 0;
    tally->occurs = true;
    for (size_t i = 0; i < c->targets->samples; i++) {
        const bool y = target(c, i, j) >= 0.5, p = prediction(c, i, j) >= 0.5;
        const double w = weight_of(c, i);
        tally->targets += y ? w : 0;
        tally->predicted += p ? w : 0;
        tally->hits += y && p ? w : 0;
        right += y == p ? w : 0;
        loss += w * binary_loss(prediction(c, i, j), y);
    }
    describe(tally, each);
    each->accuracy = quotient(right, weight);
    each->log_loss = quotient(loss, weight);
    each->auc = area(c, scratch, j, 1);
}

static bool whole_row_is_right(const struct tp_comparison *c, size_t i) {
    for (size_t j = 0; j < c->outputs; j++)
        if ((target(c, i, j) >= 0.5) != (prediction(c, i, j) >= 0.5))
            return false;
    return true;
}

static void compare_labels(const struct tp_comparison *c, const struct scratch *scratch, tp_metrics *metrics,
                           tp_output_metrics *each) {
    double right = 0, loss = 0;
    for (size_t i = 0; i < c->targets->samples; i++) {
        const bool all = whole_row_is_right(c, i);
        metrics->correct += all;
        right += all ? weight_of(c, i) : 0;
    }
    for (size_t j = 0; j < c->outputs; j++) {
        compare_label(c, scratch, j, metrics->weight, &each[j]);
        loss += each[j].log_loss;
    }
    metrics->accuracy = quotient(right, metrics->weight);
    metrics->log_loss = loss / (double)c->outputs;
    average_f1(scratch, c->outputs, each, metrics);
    metrics->auc = mean_auc(each, c->outputs);
}

/* ---- numbers ---- */

/* From the first target, so that a constant one has exactly its mean. */
static double mean_target(const struct tp_comparison *c, size_t j, double weight) {
    const double first = target(c, 0, j);
    double sum = 0;
    for (size_t i = 0; i < c->targets->samples; i++)
        sum += weight_of(c, i) * (target(c, i, j) - first);
    return first + quotient(sum, weight);
}

static double r2(double squares, double variation, size_t samples) {
    if (samples < 2)
        return (double)NAN;
    if (variation == 0)
        return squares == 0 ? 1 : 0;
    return 1 - squares / variation;
}

static void compare_value(const struct tp_comparison *c, size_t j, double weight, tp_output_metrics *each) {
    const double mean = mean_target(c, j, weight);
    double squares = 0, absolute = 0, variation = 0;
    for (size_t i = 0; i < c->targets->samples; i++) {
        const double w = weight_of(c, i), y = target(c, i, j), error = y - prediction(c, i, j);
        squares += w * (error * error);
        absolute += w * fabs(error);
        variation += w * ((y - mean) * (y - mean));
    }
    each->r2 = r2(squares, variation, c->targets->samples);
    each->rmse = sqrt(quotient(squares, weight));
    each->mae = quotient(absolute, weight);
}

static void compare_values(const struct tp_comparison *c, tp_metrics *metrics, tp_output_metrics *each) {
    const double n = (double)c->outputs;
    metrics->r2 = metrics->rmse = metrics->mae = 0;
    for (size_t j = 0; j < c->outputs; j++) {
        compare_value(c, j, metrics->weight, &each[j]);
        metrics->r2 += each[j].r2 / n;
        metrics->rmse += each[j].rmse / n;
        metrics->mae += each[j].mae / n;
    }
}

/* ---- all tasks ---- */

static void lay_out(struct tp_arena *arena, size_t samples, size_t count, struct scratch *scratch) {
    scratch->tally = tp_arena_take(arena, count, sizeof *scratch->tally);
    scratch->items = tp_arena_take(arena, samples, sizeof *scratch->items);
    scratch->spare = tp_arena_take(arena, samples, sizeof *scratch->spare);
}

static tp_metrics nothing_yet(const struct tp_comparison *c) {
    tp_metrics metrics = {.samples = c->targets->samples};
    metrics.accuracy = metrics.macro_f1 = metrics.weighted_f1 = metrics.auc = metrics.log_loss = (double)NAN;
    metrics.r2 = metrics.rmse = metrics.mae = (double)NAN;
    for (size_t i = 0; i < metrics.samples; i++)
        metrics.weight += weight_of(c, i);
    return metrics;
}

tp_status tp_compare(const struct tp_comparison *c, tp_metrics *metrics, tp_output_metrics *each, uint64_t *confusion) {
    const size_t count = tp_metrics_each(c->task, c->outputs);
    set_undefined(each, count);
    *metrics = nothing_yet(c);
    if (c->task == TP_TASK_REGRESSION)
        return compare_values(c, metrics, each), TP_OK;
    struct tp_arena arena = {NULL, 0};
    struct scratch scratch;
    lay_out(&arena, c->targets->samples, count, &scratch);
    void *const block = tp_allocate(c->context, arena.used);
    if (!block)
        return tp_fail_allocation(c->context, "metrics", arena.used);
    arena = (struct tp_arena){block, 0};
    lay_out(&arena, c->targets->samples, count, &scratch);
    memset(scratch.tally, 0, count * sizeof *scratch.tally);
    if (c->task == TP_TASK_MULTILABEL)
        compare_labels(c, &scratch, metrics, each);
    else
        compare_classes(c, &scratch, metrics, each, confusion);
    tp_release(c->context, block);
    return TP_OK;
}
