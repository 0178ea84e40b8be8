/* SPDX-License-Identifier: BSD-3-Clause */
#include "predict_columns.h"

#include <stdlib.h>
#include <string.h>

size_t predict_choices(tp_task task, size_t outputs) {
    return task == TP_TASK_REGRESSION ? 0 : task == TP_TASK_BINARY ? 2 : outputs;
}

const char *predict_name(const struct prediction_report *report, size_t i, char room[PREDICT_NAME_ROOM]) {
    const tp_column *target = tp_schema_target(report->schema, 0);
    const char *name = NULL;
    if (target && target->kind == TP_COLUMN_CATEGORY)
        name = i < target->category_count ? target->categories[i] : NULL;
    else if (tp_schema_target(report->schema, i))
        name = tp_schema_target(report->schema, i)->name;
    snprintf(room, PREDICT_NAME_ROOM, "%zu", i);
    return name ? name : room;
}

double predict_probability(const struct prediction_report *report, const double *y, size_t i) {
    return report->task != TP_TASK_BINARY ? y[i] : i ? y[0] : 1 - y[0];
}

size_t predict_class(const struct prediction_report *report, const double *y) {
    if (report->task == TP_TASK_BINARY)
        return y[0] >= 0.5;
    size_t best = 0;
    for (size_t i = 1; i < report->predictions->outputs; i++)
        best = y[i] > y[best] ? i : best;
    return best;
}

/* ---- which there are ---- */

static bool add(struct predict_columns *columns, enum predict_value value, size_t index, const char *prefix,
                const char *name) {
    struct predict_column *column = &columns->column[columns->count];
    *column = (struct predict_column){.value = value, .index = index};
    if (asprintf(&column->name, "%s%s", prefix, name) < 0)
        return false;
    columns->count++;
    return true;
}

/* One for each class, label or output; without names of their own they are told apart by the prefix. */
static bool add_each(const struct prediction_report *report, struct predict_columns *columns, enum predict_value value,
                     size_t count, const char *prefix) {
    char room[PREDICT_NAME_ROOM];
    bool added = true;
    for (size_t i = 0; added && i < count; i++) {
        const char *name = predict_name(report, i, room);
        added = add(columns, value, i, *prefix || name != room ? prefix : "prediction_", name);
    }
    return added;
}

static bool add_predictions(const struct prediction_report *report, struct predict_columns *columns) {
    const size_t choices = predict_choices(report->task, report->predictions->outputs);
    if (!choices)
        return add_each(report, columns, PREDICT_NUMBER, report->predictions->outputs, "");
    const bool added = report->task == TP_TASK_MULTILABEL ? add_each(report, columns, PREDICT_LABEL, choices, "")
                                                          : add(columns, PREDICT_CLASS, 0, "", "prediction");
    return added && add_each(report, columns, PREDICT_PROBABILITY, choices, "p_");
}

bool predict_columns_make(const struct prediction_report *report, struct predict_columns *columns) {
    const size_t most = 2 * report->predictions->outputs + 3; /* also for two classes of one output */
    *columns = (struct predict_columns){.column = calloc(most, sizeof *columns->column)};
    return columns->column && (!report->id || add(columns, PREDICT_ID, 0, "", report->id)) &&
           add_predictions(report, columns);
}

void predict_columns_release(struct predict_columns *columns) {
    for (size_t i = 0; i < columns->count; i++)
        free(columns->column[i].name);
    free(columns->column);
}
