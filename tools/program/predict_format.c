/* SPDX-License-Identifier: BSD-3-Clause */
#include "predict_format.h"

#include "escape.h"
#include "predict_columns.h"
#include "report.h"

#include <stdlib.h>
#include <string.h>

const char *predict_format_name(int format) {
    static const char *const names[] = {
        [PREDICT_TEXT] = "text", [PREDICT_CSV] = "csv", [PREDICT_JSONL] = "jsonl", [PREDICT_NPY] = "npy"};
    return (size_t)format < sizeof names / sizeof *names ? names[format] : NULL;
}

static const double *row_of(const struct prediction_report *report, size_t i) {
    return report->predictions->values + i * report->predictions->outputs;
}

static int out_of_memory(void) {
    complain("out of memory");
    return EXIT_FAILURE;
}

/* ---- text ---- */

static void print_numbers(const struct prediction_report *report, const double *y, FILE *file) {
    for (size_t i = 0; i < report->predictions->outputs; i++)
        fprintf(file, "%s%.9g", i ? " " : "", y[i]);
    fputc('\n', file);
}

/* The largest that is not taken; the lowest index among equals. */
static size_t best_choice(const struct prediction_report *report, const double *y, const bool *taken, size_t choices) {
    size_t best = choices;
    for (size_t i = 0; i < choices; i++)
        if (!taken[i] && (best == choices || predict_probability(report, y, i) > predict_probability(report, y, best)))
            best = i;
    return best;
}

/* "class probability" for the best top classes, whose names are ready for a terminal. */
static void print_choices(const struct prediction_report *report, const double *y, char *const *names, bool *taken,
                          size_t choices, FILE *file) {
    memset(taken, 0, choices * sizeof *taken);
    for (size_t i = 0; i < report->top; i++) {
        const size_t best = best_choice(report, y, taken, choices);
        taken[best] = true;
        fprintf(file, "%s%s %.9g", i ? " " : "", names[best], predict_probability(report, y, best));
    }
    fputc('\n', file);
}

static void release_names(char **names, size_t count) {
    for (size_t i = 0; names && i < count; i++)
        free(names[i]);
    free(names);
}

static char **make_names(const struct prediction_report *report, size_t count) {
    char room[PREDICT_NAME_ROOM];
    char **names = calloc(count + 1, sizeof *names);
    bool made = names;
    for (size_t i = 0; made && i < count; i++)
        made = (names[i] = escaped(predict_name(report, i, room))) != NULL;
    if (made)
        return names;
    release_names(names, count);
    return NULL;
}

static int write_text(const struct prediction_report *report, FILE *file) {
    const size_t choices = predict_choices(report->task, report->predictions->outputs);
    char **names = make_names(report, choices);
    bool *taken = calloc(choices + 1, sizeof *taken);
    const bool made = names && taken;
    for (size_t i = 0; made && i < report->predictions->samples && !ferror(file); i++) {
        if (choices)
            print_choices(report, row_of(report, i), names, taken, choices, file);
        else
            print_numbers(report, row_of(report, i), file);
    }
    free(taken);
    release_names(names, choices);
    return made ? EXIT_SUCCESS : out_of_memory();
}

/* ---- CSV ---- */

/* By RFC 4180. */
static void put_text(const char *text, FILE *file) {
    if (!text[strcspn(text, ",\"\r\n")]) {
        fputs(text, file);
        return;
    }
    putc('"', file);
    for (; *text; text++) {
        if (*text == '"')
            putc('"', file);
        putc(*text, file);
    }
    putc('"', file);
}

static void put_value(const struct prediction_report *report, const struct predict_column *column, size_t i,
                      FILE *file) {
    const double *y = row_of(report, i);
    char room[PREDICT_NAME_ROOM];
    switch (column->value) {
    case PREDICT_ID:
        put_text(tp_dataset_id(report->dataset, i), file);
        break;
    case PREDICT_CLASS:
        put_text(predict_name(report, predict_class(report, y), room), file);
        break;
    case PREDICT_LABEL:
        fputs(y[column->index] >= 0.5 ? "1" : "0", file);
        break;
    case PREDICT_NUMBER:
        fprintf(file, "%.9g", y[column->index]);
        break;
    case PREDICT_PROBABILITY:
        fprintf(file, "%.9g", predict_probability(report, y, column->index));
        break;
    }
}

static int write_csv(const struct prediction_report *report, const struct predict_columns *columns, FILE *file) {
    for (size_t j = 0; j < columns->count; j++) {
        fputs(j ? "," : "", file);
        put_text(columns->column[j].name, file);
    }
    putc('\n', file);
    for (size_t i = 0; i < report->predictions->samples && !ferror(file); i++) {
        for (size_t j = 0; j < columns->count; j++) {
            fputs(j ? "," : "", file);
            put_value(report, &columns->column[j], i, file);
        }
        putc('\n', file);
    }
    return EXIT_SUCCESS;
}

/* ---- JSON ---- */

static void add_member(const struct prediction_report *report, const struct predict_column *column, size_t i,
                       json_t *object) {
    const double *y = row_of(report, i);
    char room[PREDICT_NAME_ROOM];
    switch (column->value) {
    case PREDICT_ID:
        report_text(object, column->name, tp_dataset_id(report->dataset, i));
        break;
    case PREDICT_CLASS:
        report_text(object, column->name, predict_name(report, predict_class(report, y), room));
        break;
    case PREDICT_LABEL:
        report_integer(object, column->name, y[column->index] >= 0.5);
        break;
    case PREDICT_NUMBER:
        report_real(object, column->name, y[column->index]);
        break;
    case PREDICT_PROBABILITY:
        report_real(object, column->name, predict_probability(report, y, column->index));
        break;
    }
}

static int write_jsonl(const struct prediction_report *report, const struct predict_columns *columns, FILE *file) {
    for (size_t i = 0; i < report->predictions->samples && !ferror(file); i++) {
        json_t *object = report_new();
        for (size_t j = 0; j < columns->count; j++)
            add_member(report, &columns->column[j], i, object);
        report_write(object, file);
    }
    return report_complete() ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int write_columns(const struct prediction_report *report, FILE *file) {
    struct predict_columns columns;
    int code = EXIT_FAILURE;
    if (!predict_columns_make(report, &columns))
        out_of_memory();
    else
        code = (report->format == PREDICT_CSV ? write_csv : write_jsonl)(report, &columns, file);
    predict_columns_release(&columns);
    return code;
}

/* ---- NPY ---- */

#define NPY_PREFIX 10    /* magic, version, length of the header */
#define NPY_ALIGNMENT 64 /* of the numbers in the file */

static void write_npy_header(const struct predictions *predictions, FILE *file) {
    const char order = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? '<' : '>';
    char text[128];
    const int length = snprintf(text, sizeof text, "{'descr': '%cf4', 'fortran_order': False, 'shape': (%zu, %zu), }",
                                order, predictions->samples, predictions->outputs);
    const int end = (NPY_PREFIX + length + NPY_ALIGNMENT) / NPY_ALIGNMENT * NPY_ALIGNMENT;
    const int size = end - NPY_PREFIX;
    fwrite("\x93NUMPY\1", 1, 7, file);
    fprintf(file, "%c%c%c%-*s\n", 0, size & 0xff, size >> 8, size - 1, text);
}

static int write_npy(const struct prediction_report *report, FILE *file) {
    const struct predictions *predictions = report->predictions;
    write_npy_header(predictions, file);
    for (size_t i = 0; i < predictions->samples * predictions->outputs && !ferror(file); i++) {
        const float value = (float)predictions->values[i];
        fwrite(&value, sizeof value, 1, file);
    }
    return EXIT_SUCCESS;
}

int predict_write(const struct prediction_report *report, FILE *file) {
    if (report->format == PREDICT_TEXT)
        return write_text(report, file);
    return (report->format == PREDICT_NPY ? write_npy : write_columns)(report, file);
}
