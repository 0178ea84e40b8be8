/* SPDX-License-Identifier: BSD-3-Clause */
#include "evaluate_picture.h"
#include "report.h"

#include <stdlib.h>

static size_t row_of(const tp_data *data, size_t i) {
    return data->rows ? data->rows[i] : i;
}

static int out_of_memory(void) {
    complain("out of memory");
    return EXIT_FAILURE;
}

/* Targets of the samples, row after row. */
static double *gather_values(const tp_data *data) {
    const bool dense = !data->target_sample_stride && !data->target_stride;
    const size_t stride = dense ? data->outputs : data->target_sample_stride, step = dense ? 1 : data->target_stride;
    double *values = calloc(data->samples, data->outputs * sizeof *values);
    for (size_t i = 0; values && i < data->samples; i++)
        for (size_t j = 0; j < data->outputs; j++) {
            const size_t at = row_of(data, i) * stride + j * step;
            values[i * data->outputs + j] = data->values ? (double)data->values[at] : data->double_values[at];
        }
    return values;
}

static int draw_scatter(const struct picture_target *target, const struct metrics_report *report, const tp_data *data,
                        const struct predictions *predictions) {
    double *values = gather_values(data);
    const int code = values ? picture_scatter(target, data->samples, data->outputs, report->names, values,
                                              data->outputs, predictions->values, predictions->outputs)
                            : out_of_memory();
    free(values);
    return code;
}

static int refuse_labels(const struct picture_target *target, const char *what) {
    complain("%s: %s", target->path, what);
    return EXIT_FAILURE;
}

int evaluate_picture(const struct picture_target *target, const struct metrics_report *report, const tp_data *data,
                     const struct predictions *predictions) {
    if (report->confusion)
        return picture_confusion(target, report->count, report->names, report->confusion);
    if (report->task == TP_TASK_REGRESSION)
        return draw_scatter(target, report, data, predictions);
    return refuse_labels(target, "there is no picture for several labels");
}

/* Of two classes the second one has the output. */
static int draw_curves(const struct picture_target *target, const struct metrics_report *report, const tp_data *data,
                       const struct predictions *predictions, int32_t *classes, float *weights) {
    const size_t first = report->task == TP_TASK_BINARY ? 1 : 0;
    for (size_t i = 0; i < data->samples; i++) {
        classes[i] = data->classes[row_of(data, i)];
        weights[i] = data->weights ? data->weights[row_of(data, i)] : 1;
    }
    return picture_curves(target, data->samples, report->count - first, report->names + first, predictions->values,
                          predictions->outputs, classes, (int32_t)first, weights);
}

int evaluate_curves(const struct picture_target *target, const struct metrics_report *report, const tp_data *data,
                    const struct predictions *predictions) {
    if (!data->classes)
        return refuse_labels(target, "curves are for classes");
    int32_t *classes = calloc(data->samples, sizeof *classes);
    float *weights = calloc(data->samples, sizeof *weights);
    const int code = classes && weights ? draw_curves(target, report, data, predictions, classes, weights)
                                        : out_of_memory();
    free(weights);
    free(classes);
    return code;
}
