/* SPDX-License-Identifier: BSD-3-Clause */
/* Names of the enumerations; every table is as long as its enumeration. */
#include "core/names.h"

#include <math.h>

#define COUNT(names) (sizeof(names) / sizeof *(names))

static const char *const activations[] = {
#define ACTIVATION(id, name, from) [TP_ACTIVATION_##id] = #name,
#include "kernels/activation.def"
#undef ACTIVATION
    [TP_ACTIVATION_SOFTMAX] = "softmax",
};
_Static_assert(COUNT(activations) == TP_ACTIVATION_COUNT, "activation.def and tp_activation differ");

static const char *const losses[] = {
#define LOSS(id, name, last) [TP_LOSS_##id] = #name,
#include "kernels/loss.def"
#undef LOSS
};
_Static_assert(COUNT(losses) == TP_LOSS_COUNT, "loss.def and tp_loss differ");

static const char *const optimizers[] = {
#define OPTIMIZER(id, name, states) [TP_OPTIMIZER_##id] = #name,
#include "kernels/optimizer.def"
#undef OPTIMIZER
};
_Static_assert(COUNT(optimizers) == TP_OPTIMIZER_COUNT, "optimizer.def and tp_optimizer_kind differ");

static const char *const inits[] = {
    [TP_INIT_AUTO] = "auto",
    [TP_INIT_HE_NORMAL] = "he_normal",
    [TP_INIT_HE_UNIFORM] = "he_uniform",
    [TP_INIT_GLOROT_NORMAL] = "glorot_normal",
    [TP_INIT_GLOROT_UNIFORM] = "glorot_uniform",
    [TP_INIT_ZERO] = "zero",
};
_Static_assert(COUNT(inits) == TP_INIT_COUNT, "a name for every init");

static const char *const precisions[] = {[TP_PRECISION_F32] = "f32", [TP_PRECISION_BF16] = "bf16"};
_Static_assert(COUNT(precisions) == TP_PRECISION_COUNT, "a name for every precision");

static const char *const schedules[] = {
    [TP_SCHEDULE_AUTO] = "auto",     [TP_SCHEDULE_CONSTANT] = "constant", [TP_SCHEDULE_STEP] = "step",
    [TP_SCHEDULE_COSINE] = "cosine", [TP_SCHEDULE_PLATEAU] = "plateau",   [TP_SCHEDULE_EXPONENTIAL] = "exponential"};
_Static_assert(COUNT(schedules) == TP_SCHEDULE_COUNT, "a name for every schedule");

static const char *const monitors[] = {[TP_MONITOR_LOSS] = "loss", [TP_MONITOR_ACCURACY] = "accuracy"};
_Static_assert(COUNT(monitors) == TP_MONITOR_COUNT, "a name for every monitor");

static const char *const keeps[] = {[TP_KEEP_LAST] = "last", [TP_KEEP_BEST] = "best"};
_Static_assert(COUNT(keeps) == TP_KEEP_COUNT, "a name for what is kept");

static const char *const tasks[] = {[TP_TASK_AUTO] = "auto",
                                    [TP_TASK_BINARY] = "binary",
                                    [TP_TASK_MULTICLASS] = "multiclass",
                                    [TP_TASK_MULTILABEL] = "multilabel",
                                    [TP_TASK_REGRESSION] = "regression"};
_Static_assert(COUNT(tasks) == TP_TASK_COUNT, "a name for every task");

static const char *const missing_names[] = {
    [TP_MISSING_ERROR] = "error", [TP_MISSING_MEAN] = "mean", [TP_MISSING_DROP] = "drop"};
_Static_assert(COUNT(missing_names) == TP_MISSING_COUNT, "a name for every way with missing values");

static const char *const unknown_names[] = {[TP_UNKNOWN_ERROR] = "error", [TP_UNKNOWN_IGNORE] = "ignore"};
_Static_assert(COUNT(unknown_names) == TP_UNKNOWN_COUNT, "a name for every way with unknown categories");

static const char *const scalings[] = {[TP_INPUT_SCALING_AUTO] = "auto",
                                       [TP_INPUT_SCALING_NONE] = "none",
                                       [TP_INPUT_SCALING_UNIT] = "unit",
                                       [TP_INPUT_SCALING_STANDARD] = "standard"};
_Static_assert(COUNT(scalings) == TP_INPUT_SCALING_COUNT, "a name for every scaling");

static const char *name(const char *const *names, size_t count, unsigned value) {
    return value < count ? names[value] : NULL;
}

const char *tp_activation_name(tp_activation activation) {
    return name(activations, COUNT(activations), (unsigned)activation);
}

const char *tp_loss_name(tp_loss loss) {
    return name(losses, COUNT(losses), (unsigned)loss);
}

const char *tp_init_name(tp_init init) {
    return name(inits, COUNT(inits), (unsigned)init);
}

const char *tp_precision_name(tp_precision precision) {
    return name(precisions, COUNT(precisions), (unsigned)precision);
}

const char *tp_optimizer_name(tp_optimizer_kind kind) {
    return name(optimizers, COUNT(optimizers), (unsigned)kind);
}

const char *tp_schedule_name(tp_schedule schedule) {
    return name(schedules, COUNT(schedules), (unsigned)schedule);
}

const char *tp_monitor_name(tp_monitor monitor) {
    return name(monitors, COUNT(monitors), (unsigned)monitor);
}

const char *tp_keep_name(tp_keep keep) {
    return name(keeps, COUNT(keeps), (unsigned)keep);
}

const char *tp_task_name(tp_task task) {
    return name(tasks, COUNT(tasks), (unsigned)task);
}

const char *tp_missing_name(tp_missing missing) {
    return name(missing_names, COUNT(missing_names), (unsigned)missing);
}

const char *tp_unknown_name(tp_unknown unknown) {
    return name(unknown_names, COUNT(unknown_names), (unsigned)unknown);
}

const char *tp_input_scaling_name(tp_input_scaling scaling) {
    return name(scalings, COUNT(scalings), (unsigned)scaling);
}

tp_status tp_check_slope(const struct tp_context *context, const char *where, tp_activation activation, float slope) {
    if (activation == TP_ACTIVATION_LEAKY_RELU && !(slope >= 0 && slope <= 1))
        return tp_fail(context, TP_ERR_ARGUMENT, "%s: slope is %g; it must be 0..1", where, (double)slope);
    if (activation == TP_ACTIVATION_ELU && !(slope > 0 && isfinite(slope)))
        return tp_fail(context, TP_ERR_ARGUMENT,
                       "%s: slope is %g; it must be positive and finite, or 0 for 1: it is ELU's alpha", where,
                       (double)slope);
    return TP_OK;
}

float tp_slope(tp_activation activation, float slope) {
    return activation == TP_ACTIVATION_ELU && slope == 0 ? 1 : slope;
}
