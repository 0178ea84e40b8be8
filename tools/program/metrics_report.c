/* SPDX-License-Identifier: BSD-3-Clause */
#include "metrics_report.h"

#include "escape.h"
#include "report.h"

#include <inttypes.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#define MATRIX_CLASSES 12
#define MATRIX_WIDTH 66 /* beside the names */
#define CELL_MOST 8
#define MOST_PAIRS 12
#define NAME_COLUMNS 20

/* Columns of a table, lines of the summary, and JSON keys are made from these. */
struct field {
    const char *key, *label;
    size_t offset;
};

#define WHOLE(member, label)                                                                                           \
    { #member, label, offsetof(tp_metrics, member) }
#define EACH(member)                                                                                                   \
    { #member, #member, offsetof(tp_output_metrics, member) }

static const struct field class_summary[] = {WHOLE(accuracy, "accuracy"),       WHOLE(macro_f1, "macro F1"),
                                             WHOLE(weighted_f1, "weighted F1"), WHOLE(auc, "ROC AUC"),
                                             WHOLE(log_loss, "log loss"),       {0}};
static const struct field label_summary[] = {WHOLE(accuracy, "all correct"),    WHOLE(macro_f1, "macro F1"),
                                             WHOLE(weighted_f1, "weighted F1"), WHOLE(auc, "ROC AUC"),
                                             WHOLE(log_loss, "log loss"),       {0}};
static const struct field value_summary[] = {WHOLE(r2, "R2"), WHOLE(rmse, "RMSE"), WHOLE(mae, "MAE"), {0}};
static const struct field class_fields[] = {EACH(support), EACH(precision), EACH(recall), EACH(f1), EACH(auc), {0}};
static const struct field label_fields[] = {
    EACH(support), EACH(accuracy), EACH(precision), EACH(recall), EACH(f1), EACH(auc), {0}};
static const struct field value_fields[] = {EACH(r2), EACH(rmse), EACH(mae), {0}};

static const struct {
    const char *one, *many;
    const struct field *summary, *each;
} tasks[TP_TASK_COUNT] = {
    [TP_TASK_BINARY] = {"class", "classes", class_summary, class_fields},
    [TP_TASK_MULTICLASS] = {"class", "classes", class_summary, class_fields},
    [TP_TASK_MULTILABEL] = {"label", "labels", label_summary, label_fields},
    [TP_TASK_REGRESSION] = {"output", "outputs", value_summary, value_fields},
};

static double value_of(const void *metrics, const struct field *field) {
    return *(const double *)((const char *)metrics + field->offset);
}

static const char *name_of(const struct metrics_report *report, size_t i, char number[24]) {
    snprintf(number, 24, "%zu", i);
    return report->names && report->names[i] ? report->names[i] : number;
}

/* ---- text ---- */

/* In width columns of the terminal, cut or filled. */
static void print_name(const char *name, int width, bool right) {
    char *const safe = escaped(name);
    const char *at = safe ? safe : "?";
    int columns = 0;
    size_t bytes = 0;
    while (at[bytes]) {
        wchar_t character;
        const size_t size = mbrtowc(&character, at + bytes, strlen(at + bytes), &(mbstate_t){0});
        const int wide = size > 16 ? 1 : wcwidth(character);
        if (columns + wide > width)
            break;
        columns += wide;
        bytes += size > 16 ? 1 : size;
    }
    printf("%*s%.*s%*s", right ? width - columns : 0, "", (int)bytes, at, right ? 0 : width - columns, "");
    free(safe);
}

static void print_value(double value) {
    if (isnan(value))
        printf(" %9s", "-");
    else if (value != 0 && (fabs(value) >= 1e4 || fabs(value) < 1e-3))
        printf(" %9.3g", value);
    else
        printf(" %9.4f", value);
}

static void print_summary(const struct metrics_report *report) {
    for (const struct field *field = tasks[report->task].summary; field->key; field++) {
        printf("%-11s", field->label);
        print_value(value_of(report->metrics, field));
        if (!strcmp(field->key, "accuracy"))
            printf("  (%zu of %zu)", report->metrics->correct, report->metrics->samples);
        putchar('\n');
    }
}

static void print_each(const struct metrics_report *report) {
    char number[24];
    putchar('\n');
    print_name(tasks[report->task].one, NAME_COLUMNS, false);
    for (const struct field *field = tasks[report->task].each; field->key; field++)
        printf(" %9s", field->label);
    putchar('\n');
    for (size_t i = 0; i < report->count; i++) {
        print_name(name_of(report, i, number), NAME_COLUMNS, false);
        for (const struct field *field = tasks[report->task].each; field->key; field++) {
            if (!strcmp(field->key, "support"))
                printf(" %9.7g", report->each[i].support);
            else
                print_value(value_of(&report->each[i], field));
        }
        putchar('\n');
    }
}

/* Columns of a cell, with a blank; 0: the matrix is too large for 80 columns. */
static int cell_width(const struct metrics_report *report) {
    uint64_t largest = 0;
    for (size_t i = 0; i < report->count * report->count; i++)
        largest = report->confusion[i] > largest ? report->confusion[i] : largest;
    const size_t room = MATRIX_WIDTH / report->count, cell = room < CELL_MOST ? room : CELL_MOST;
    return report->count <= MATRIX_CLASSES && snprintf(NULL, 0, " %" PRIu64, largest) <= (int)cell ? (int)cell : 0;
}

static void print_matrix(const struct metrics_report *report, int cell) {
    char number[24];
    puts("\nconfusion matrix (row: target, column: prediction)\n");
    printf("%14s", "");
    for (size_t column = 0; column < report->count; column++) {
        putchar(' ');
        print_name(name_of(report, column, number), cell - 1, true);
    }
    putchar('\n');
    for (size_t row = 0; row < report->count; row++) {
        print_name(name_of(report, row, number), 14, false);
        for (size_t column = 0; column < report->count; column++)
            printf(" %*" PRIu64, cell - 1, report->confusion[row * report->count + column]);
        putchar('\n');
    }
}

/* The most frequent mistake after number last (of row * count + column), whose frequency it has or less; or count^2. */
static size_t next_pair(const struct metrics_report *report, size_t last) {
    const size_t cells = report->count * report->count;
    size_t best = cells;
    for (size_t i = 0; i < cells; i++) {
        const uint64_t n = report->confusion[i];
        if (!n || i / report->count == i % report->count)
            continue;
        const bool later = last == cells || n < report->confusion[last] || (n == report->confusion[last] && i > last);
        if (later && (best == cells || n > report->confusion[best]))
            best = i;
    }
    return best;
}

static void print_pairs(const struct metrics_report *report) {
    const size_t cells = report->count * report->count;
    char number[24];
    printf("\nmost frequent mistakes (of a matrix of %zu classes)\n\n", report->count);
    printf("%-30s %-30s %9s\n", "target", "prediction", "samples");
    size_t pair = next_pair(report, cells);
    for (int i = 0; i < MOST_PAIRS && pair < cells; i++) {
        print_name(name_of(report, pair / report->count, number), 30, false);
        putchar(' ');
        print_name(name_of(report, pair % report->count, number), 30, false);
        printf(" %9" PRIu64 "\n", report->confusion[pair]);
        pair = next_pair(report, pair);
    }
}

void metrics_print(const struct metrics_report *report) {
    print_summary(report);
    const int cell = report->confusion ? cell_width(report) : 0;
    if (cell)
        print_matrix(report, cell);
    else if (report->confusion)
        print_pairs(report);
    print_each(report);
}

/* ---- JSON ---- */

static json_t *each_json(const struct metrics_report *report) {
    json_t *list = report_list();
    char number[24];
    for (size_t i = 0; i < report->count; i++) {
        json_t *row = report_new();
        report_text(row, tasks[report->task].one, name_of(report, i, number));
        for (const struct field *field = tasks[report->task].each; field->key; field++)
            report_real(row, field->key, value_of(&report->each[i], field));
        report_append(list, row);
    }
    return list;
}

static json_t *confusion_json(const struct metrics_report *report) {
    json_t *matrix = report_list();
    for (size_t row = 0; row < report->count; row++) {
        json_t *list = report_list();
        for (size_t column = 0; column < report->count; column++)
            report_append(list, json_integer((json_int_t)report->confusion[row * report->count + column]));
        report_append(matrix, list);
    }
    return matrix;
}

void metrics_json(const struct metrics_report *report, json_t *object) {
    for (const struct field *field = tasks[report->task].summary; field->key; field++)
        report_real(object, field->key, value_of(report->metrics, field));
    if (report->task != TP_TASK_REGRESSION)
        report_integer(object, "correct", report->metrics->correct);
    report_integer(object, "samples", report->metrics->samples);
    if (report->confusion)
        report_member(object, "confusion", confusion_json(report));
    report_member(object, tasks[report->task].many, each_json(report));
}

const char metrics_about[] = "Metrics are those of scikit-learn, weighted by the samples' weights; '-' (null)\n"
                             "where one is not defined. Per class: precision is the part of its predictions\n"
                             "that is right, recall the part of its samples that is found.\n";

static const struct report_key whole_keys[] = {
    {"loss", "of the model"},
    {"accuracy", "classes and labels; labels: part of the samples with every label correct"},
    {"macro_f1", "classes and labels"},
    {"weighted_f1", "classes and labels"},
    {"auc", "classes and labels"},
    {"log_loss", "classes and labels"},
    {"correct", "classes and labels: samples"},
    {"r2", "regression, mean over the outputs"},
    {"rmse", "regression, likewise"},
    {"mae", "regression, likewise"},
    {"samples", "all of them"},
    {"confusion", "classes: counts, a row for each target"},
    {"classes or labels or outputs", "list of what is below"},
    {"seconds", "of the measurement"},
    {"samples_per_second", "likewise"},
    {"isa", "instruction set"},
    {"threads", "at most so many"},
    {0},
};

static const struct report_key each_keys[] = {
    {"class or label or output", "its name"},
    {"support", "classes and labels: samples that have it"},
    {"accuracy", "labels"},
    {"precision", "classes and labels"},
    {"recall", "classes and labels"},
    {"f1", "classes and labels"},
    {"auc", "classes and labels"},
    {"r2", "outputs"},
    {"rmse", "outputs"},
    {"mae", "outputs"},
    {0},
};

const struct report_keys metrics_keys[] = {
    {"JSON keys", whole_keys}, {"Keys of a class, label or output", each_keys}, {0}};
