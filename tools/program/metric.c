/* SPDX-License-Identifier: BSD-3-Clause */
#include "metric.h"
#include "predictions.h"
#include "report.h"

#include <math.h>
#include <stdlib.h>

static bool is_regression(const tp_model *model) {
    return tp_schema_task(tp_model_schema(model)) == TP_TASK_REGRESSION;
}

struct metric metric_start(const tp_model *model) {
    return (struct metric){is_regression(model) ? "r2" : "accuracy", (double)NAN, (double)NAN, (double)NAN};
}

double metric_of_training(const tp_model *model, const tp_score *score) {
    if (!is_regression(model))
        return score_accuracy(score);
    tp_model_options shape;
    tp_model_describe(model, &shape);
    return shape.loss == TP_LOSS_MSE && shape.outputs_scaled.count ? 1 - score_loss(score) : (double)NAN;
}

static int measure_r2(const struct session *session, const tp_model *model, const tp_data *data, double *value) {
    struct predictions predictions;
    tp_metrics metrics = {0};
    int code = predictions_make(session, model, data, &predictions);
    if (!code)
        code =
            session_check(session, tp_metrics_compute(session->context, TP_TASK_REGRESSION, data, predictions.outputs,
                                                      predictions.values, predictions.outputs, &metrics, NULL, NULL));
    predictions_release(&predictions);
    *value = code ? (double)NAN : metrics.r2;
    return code;
}

int metric_measure(const struct session *session, const tp_model *model, const tp_data *data, const tp_score *score,
                   double *value) {
    if (is_regression(model) && isfinite(score->loss))
        return measure_r2(session, model, data, value);
    *value = is_regression(model) ? (double)NAN : score_accuracy(score);
    return EXIT_SUCCESS;
}
