/* SPDX-License-Identifier: BSD-3-Clause */
#include "evaluate_plot.h"
#include "data.h"
#include "report.h"

#include <stdlib.h>

/* The second of two classes is the one that the only output stands for. */
static bool is_true(const tp_data *data, size_t i, size_t k, bool binary) {
    return data->classes ? data->classes[data_row(data, i)] == (int32_t)k + binary : data_target(data, i, k) >= 0.5;
}

static int draw_curves(const struct picture_target *target, const struct metrics_report *report, const tp_data *data,
                       const struct predictions *predictions, bool *truth, double *weights) {
    const bool binary = report->task == TP_TASK_BINARY;
    for (size_t i = 0; i < data->samples; i++) {
        weights[i] = data->weights ? (double)data->weights[data_row(data, i)] : 1;
        for (size_t k = 0; k < predictions->outputs; k++)
            truth[i * predictions->outputs + k] = is_true(data, i, k, binary);
    }
    const struct picture_curves curves = {.samples = data->samples,
                                          .count = predictions->outputs,
                                          .names = report->names ? report->names + binary : NULL,
                                          .scores = predictions->values,
                                          .ld = predictions->outputs,
                                          .truth = truth,
                                          .weights = weights};
    return picture_classes(target, report->confusion ? report->count : 0, report->names, report->confusion, &curves);
}

static int draw_numbers(const struct picture_target *target, const struct metrics_report *report, const tp_data *data,
                        const struct predictions *predictions, double *values) {
    const size_t outputs = predictions->outputs;
    for (size_t i = 0; i < data->samples * outputs; i++)
        values[i] = data_target(data, i / outputs, i % outputs);
    return picture_scatter(target, data->samples, outputs, report->names, values, outputs, predictions->values,
                           outputs);
}

int evaluate_plot(const struct picture_target *target, const struct metrics_report *report, const tp_data *data,
                  const struct predictions *predictions) {
    double *values = calloc(data->samples * predictions->outputs, sizeof *values);
    bool *truth = calloc(data->samples * predictions->outputs, sizeof *truth);
    int code = EXIT_FAILURE;
    if (!values || !truth)
        complain("out of memory");
    else if (report->task == TP_TASK_REGRESSION)
        code = draw_numbers(target, report, data, predictions, values);
    else
        code = draw_curves(target, report, data, predictions, truth, values);
    free(truth);
    free(values);
    return code;
}
