/* SPDX-License-Identifier: BSD-3-Clause */
/* Metrics against what scikit-learn says, and their arguments. */

#include <tileprop/tileprop.h>

#include <criterion/criterion.h>
#include <float.h>
#include <math.h>
#include <string.h>

/* Whole: accuracy, macro and weighted F1, AUC, log loss, R2, RMSE, MAE. Each: the fields of tp_output_metrics. */
enum { WHOLE = 8, EACH = sizeof(tp_output_metrics) / sizeof(double), MOST = 4 };

struct golden {
    const char *name;
    tp_task task;
    size_t samples, outputs, count;
    const double *predictions;
    const int32_t *classes;
    const double *values;
    const float *weights;
    const double *each;
    double whole[WHOLE];
};

#define NONE (double)NAN
#include "metrics_golden.h"

static tp_context *context;

static const char *message(void) {
    static char text[1024];
    tp_context_message(context, text, sizeof text);
    return text;
}

static void set_up(void) {
    cr_assert_eq(tp_context_create(NULL, &context), TP_OK);
}

static void tear_down(void) {
    tp_context_destroy(context);
}

TestSuite(metrics, .init = set_up, .fini = tear_down);

static void check(const struct golden *g, const char *what, size_t index, double actual, double expected) {
    const bool same = isnan(expected) ? isnan(actual) : fabs(actual - expected) <= 1e-6 * fmax(fabs(expected), 1e-6);
    cr_expect(same, "%s: %s %zu is %.17g, not %.17g", g->name, what, index, actual, expected);
}

static tp_data targets_of(const struct golden *g) {
    return (tp_data){.struct_size = sizeof(tp_data),
                     .samples = g->samples,
                     .classes = g->classes,
                     .double_values = g->values,
                     .outputs = g->outputs,
                     .weights = g->weights};
}

Test(metrics, are_those_of_scikit_learn) {
    for (size_t i = 0; i < sizeof golden / sizeof *golden; i++) {
        const struct golden *g = &golden[i];
        const tp_data targets = targets_of(g);
        tp_metrics m;
        tp_output_metrics each[MOST];
        cr_assert_eq(
            tp_metrics_compute(context, g->task, &targets, g->outputs, g->predictions, g->outputs, &m, each, NULL),
            TP_OK, "%s: %s", g->name, message());
        const double whole[WHOLE] = {m.accuracy, m.macro_f1, m.weighted_f1, m.auc, m.log_loss, m.r2, m.rmse, m.mae};
        for (size_t k = 0; k < WHOLE; k++)
            check(g, "metric", k, whole[k], g->whole[k]);
        double own[MOST * EACH];
        memcpy(own, each, g->count * sizeof *each);
        for (size_t k = 0; k < g->count * EACH; k++)
            check(g, "each", k, own[k], g->each[k]);
    }
}

/* Samples in another order, floats instead of doubles, apart from each other. */
Test(metrics, read_targets_as_data_sets_have_them) {
    static const double predictions[] = {1, 10, 9, 2, 20, 9, 4, 40, 9};
    static const float spread[] = {4, 0, 40, 2, 0, 20, 1, 0, 10};
    static const uint32_t rows[] = {2, 1, 0};
    tp_data targets = {.struct_size = sizeof targets, .samples = 3, .values = spread, .outputs = 2, .rows = rows};
    targets.target_sample_stride = 3;
    targets.target_stride = 2;
    tp_metrics metrics;
    cr_assert_eq(tp_metrics_compute(context, TP_TASK_REGRESSION, &targets, 2, predictions, 3, &metrics, NULL, NULL),
                 TP_OK);
    cr_expect_eq(metrics.mae, 0);
    cr_expect_eq(metrics.r2, 1);
    cr_expect_eq(metrics.samples, 3);
}

Test(metrics, count_confusion) {
    static const double predictions[] = {0.5, 0.49, 1, 0, 0.7};
    static const int32_t classes[] = {1, 1, 0, 0, 1};
    const tp_data targets = {.samples = 5, .classes = classes};
    tp_metrics metrics;
    uint64_t confusion[4] = {9, 9, 9, 9};
    cr_assert_eq(tp_metrics_compute(context, TP_TASK_BINARY, &targets, 1, predictions, 1, &metrics, NULL, confusion),
                 TP_OK);
    static const uint64_t expected[] = {1, 1, 1, 2};
    cr_expect_arr_eq(confusion, expected, sizeof expected);
    cr_expect_eq(metrics.correct, 3);
    cr_expect_eq(metrics.weight, 5);
}

static void expect_refusal(tp_status status, tp_status actual, const char *fragment) {
    cr_expect_eq(actual, status);
    cr_expect(strstr(message(), fragment), "%s", message());
}

Test(metrics, name_the_samples_that_are_not_finite) {
    double predictions[8] = {NONE, 0, (double)INFINITY, NONE, NONE, NONE, NONE, 0};
    static const double values[8] = {0};
    const tp_data targets = {.struct_size = sizeof targets, .samples = 8, .double_values = values, .outputs = 1};
    tp_metrics metrics = {.samples = 77};
    expect_refusal(TP_ERR_NONFINITE,
                   tp_metrics_compute(context, TP_TASK_REGRESSION, &targets, 1, predictions, 1, &metrics, NULL, NULL),
                   "6 of 8 samples have a NaN or infinity: 0, 2, 3, 4, 5, ...");
    cr_expect_eq(metrics.samples, 77);
}

Test(metrics, refuse_what_does_not_fit) {
    static const double predictions[4] = {0};
    static const int32_t classes[4] = {0, 1, 2, 0};
    static const float negative[4] = {0, 0, 0, -1};
    tp_data targets = {.struct_size = sizeof targets, .samples = 4, .classes = classes};
    tp_metrics m;
    uint64_t confusion[1];
#define REFUSED(task, outputs, ld, confusion, fragment)                                                                \
    expect_refusal(TP_ERR_ARGUMENT,                                                                                    \
                   tp_metrics_compute(context, task, &targets, outputs, predictions, ld, &m, NULL, confusion),         \
                   fragment)
    REFUSED(TP_TASK_AUTO, 1, 1, NULL, "task is 0; it must be 1..4");
    REFUSED(TP_TASK_COUNT, 1, 1, NULL, "task is 5; it must be 1..4");
    REFUSED(TP_TASK_BINARY, 2, 2, NULL, "outputs is 2; it must be 1 for two classes");
    REFUSED(TP_TASK_MULTICLASS, 1, 1, NULL, "outputs is 1; it must be at least 2");
    REFUSED(TP_TASK_REGRESSION, 0, 1, NULL, "outputs is 0; it must be at least 1");
    REFUSED(TP_TASK_BINARY, 1, 0, NULL, "ld is 0; it must be at least 1");
    REFUSED(TP_TASK_BINARY, 1, 1, NULL, "the class of sample 2 is 2; it must be 0..1");
    REFUSED(TP_TASK_REGRESSION, 1, 1, NULL, "labels and regression need either values or double_values");
    targets = (tp_data){.struct_size = sizeof targets, .samples = 4, .double_values = predictions, .outputs = 1};
    REFUSED(TP_TASK_BINARY, 1, 1, NULL, "a task with classes needs classes alone");
    REFUSED(TP_TASK_REGRESSION, 1, 1, confusion, "confusion must be NULL for labels and regression");
    REFUSED(TP_TASK_REGRESSION, 2, 2, NULL, "outputs is 1; the predictions have 2");
    targets.weights = negative;
    REFUSED(TP_TASK_REGRESSION, 1, 1, NULL, "the weight of sample 3 is -1; it must be finite and at least 0");
    targets.samples = 0;
    REFUSED(TP_TASK_REGRESSION, 1, 1, NULL, "samples is 0; it must be 1..4294967295");
}
