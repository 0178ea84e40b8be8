/* SPDX-License-Identifier: BSD-3-Clause */
/* What the public function checks; table/metrics.c does the rest. */
#include "table/metrics.h"

#include "core/memory.h"
#include "core/options.h"
#include "net/gather.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define NAMED_ROWS 5

static bool has_classes(tp_task task) {
    return task == TP_TASK_BINARY || task == TP_TASK_MULTICLASS;
}

static tp_status check_task(const struct tp_context *context, tp_task task, size_t outputs) {
    if ((int)task <= TP_TASK_AUTO || task >= TP_TASK_COUNT)
        return tp_fail(context, TP_ERR_ARGUMENT, "task is %d; it must be %d..%d", (int)task, (int)TP_TASK_BINARY,
                       (int)TP_TASK_COUNT - 1);
    const size_t least = task == TP_TASK_MULTICLASS ? 2 : 1;
    if (outputs < least || (task == TP_TASK_BINARY && outputs > 1))
        return tp_fail(context, TP_ERR_ARGUMENT, "outputs is %zu; it must be %s", outputs,
                       task == TP_TASK_BINARY ? "1 for two classes"
                       : least == 2           ? "at least 2"
                                              : "at least 1");
    return TP_OK;
}

static tp_status check_classes(const struct tp_comparison *c) {
    const size_t count = tp_metrics_each(c->task, c->outputs);
    for (size_t i = 0; i < c->targets->samples; i++) {
        const int32_t class = c->targets->classes[tp_target_row(c->targets, i)];
        if (class < 0 || (size_t) class >= count)
            return tp_fail(c->context, TP_ERR_ARGUMENT, "targets: the class of sample %zu is %d; it must be 0..%zu", i,
                           (int)class, count - 1);
    }
    return TP_OK;
}

static tp_status check_weights(const struct tp_comparison *c) {
    for (size_t i = 0; c->targets->weights && i < c->targets->samples; i++) {
        const float weight = c->targets->weights[tp_target_row(c->targets, i)];
        if (!(weight >= 0 && isfinite(weight)))
            return tp_fail(c->context, TP_ERR_ARGUMENT,
                           "targets: the weight of sample %zu is %g; it must be finite and at least 0", i,
                           (double)weight);
    }
    return TP_OK;
}

static tp_status check_values(const struct tp_context *context, tp_data *targets, size_t outputs) {
    if (targets->outputs != outputs)
        return tp_fail(context, TP_ERR_ARGUMENT, "targets: outputs is %zu; the predictions have %zu", targets->outputs,
                       outputs);
    return tp_take_strides(context, "targets", targets->samples, outputs, &targets->target_sample_stride,
                           &targets->target_stride);
}

/* Classes or values as the task has them. */
static tp_status check_targets(const struct tp_context *context, tp_task task, size_t outputs, tp_data *targets) {
    if (targets->samples < 1 || targets->samples > UINT32_MAX)
        return tp_fail(context, TP_ERR_ARGUMENT, "targets: samples is %zu; it must be 1..%lu", targets->samples,
                       (unsigned long)UINT32_MAX);
    const bool values = !targets->values != !targets->double_values;
    if (has_classes(task) && (!targets->classes || targets->values || targets->double_values))
        return tp_fail(context, TP_ERR_ARGUMENT, "targets: a task with classes needs classes alone");
    if (!has_classes(task) && (targets->classes || !values))
        return tp_fail(context, TP_ERR_ARGUMENT, "targets: labels and regression need either values or double_values");
    return has_classes(task) ? TP_OK : check_values(context, targets, outputs);
}

static bool row_is_finite(const struct tp_comparison *c, size_t i) {
    const tp_data *t = c->targets;
    bool finite = true;
    for (size_t j = 0; j < c->outputs; j++) {
        const size_t at = tp_target_row(t, i) * t->target_sample_stride + j * t->target_stride;
        const double y = has_classes(c->task) ? 0 : t->values ? (double)t->values[at] : t->double_values[at];
        finite = finite && isfinite(y) && isfinite(c->predictions[i * c->ld + j]);
    }
    return finite;
}

/* Names the first rows that have no metric. */
static tp_status check_finite(const struct tp_comparison *c) {
    char rows[NAMED_ROWS * 24] = "";
    size_t bad = 0;
    for (size_t i = 0; i < c->targets->samples; i++) {
        if (row_is_finite(c, i))
            continue;
        const size_t length = strlen(rows);
        if (bad++ < NAMED_ROWS)
            snprintf(rows + length, sizeof rows - length, "%s%zu", length ? ", " : "", i);
    }
    if (bad)
        return tp_fail(c->context, TP_ERR_NONFINITE, "%zu of %zu samples have a NaN or infinity: %s%s", bad,
                       c->targets->samples, rows, bad > NAMED_ROWS ? ", ..." : "");
    return TP_OK;
}

static tp_status check(const struct tp_comparison *c, tp_data *targets) {
    tp_status status = check_task(c->context, c->task, c->outputs);
    if (!status && c->ld < c->outputs)
        status = tp_fail(c->context, TP_ERR_ARGUMENT, "ld is %zu; it must be at least %zu", c->ld, c->outputs);
    if (!status)
        status = check_targets(c->context, c->task, c->outputs, targets);
    size_t ld = c->ld, one = 1;
    if (!status)
        status = tp_take_strides(c->context, "predictions", targets->samples, c->outputs, &ld, &one);
    if (!status && has_classes(c->task))
        status = check_classes(c);
    if (!status)
        status = check_weights(c);
    return status ? status : check_finite(c);
}

/* Into arrays of the library, so that what the program has stays as it was after a failure. */
static tp_status compute(const struct tp_comparison *c, tp_metrics *metrics, tp_output_metrics *each,
                         uint64_t *confusion) {
    const size_t size = tp_size_mul(tp_metrics_each(c->task, c->outputs), sizeof *each);
    tp_output_metrics *const own = tp_allocate(c->context, size);
    tp_metrics all;
    if (!own)
        return tp_fail_allocation(c->context, "metrics", size);
    const tp_status status = tp_compare(c, &all, own, confusion);
    if (!status)
        *metrics = all;
    if (!status && each)
        memcpy(each, own, size);
    tp_release(c->context, own);
    return status;
}

tp_status tp_metrics_compute(tp_context *context, tp_task task, const tp_data *given, size_t outputs,
                             const double *predictions, size_t ld, tp_metrics *metrics, tp_output_metrics *each,
                             uint64_t *confusion) {
    static const tp_data none = {.struct_size = sizeof none};
    static const struct tp_struct type = {
        .name = "targets", .size = sizeof none, .first = sizeof none, .defaults = &none, .data = true};
    if (!context)
        return TP_ERR_ARGUMENT;
    if (!given || !predictions || !metrics)
        return tp_fail(context, TP_ERR_ARGUMENT, "%s is NULL",
                       !given         ? "targets"
                       : !predictions ? "predictions"
                                      : "metrics");
    tp_data targets;
    const struct tp_comparison comparison = {context, task, &targets, outputs, predictions, ld};
    tp_status status = tp_struct_take(context, &type, given, &targets);
    if (!status)
        status = check(&comparison, &targets);
    if (!status && confusion && !has_classes(task))
        status = tp_fail(context, TP_ERR_ARGUMENT, "confusion must be NULL for labels and regression");
    return status ? status : compute(&comparison, metrics, each, confusion);
}
