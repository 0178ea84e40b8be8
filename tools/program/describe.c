/* SPDX-License-Identifier: BSD-3-Clause */
/* What a person looks at first: the columns of a file, their ranges, what is missing, a histogram of each. */
#include "command.h"
#include "escape.h"
#include "report.h"
#include "session.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct describe_options {
    struct machine_options machine;
    struct operand_list files;
    const char *inputs, *targets;
    bool no_header, json;
};

#define OPTION_STRUCT struct describe_options
static const struct option_row rows[] = {
    {.name = "no-header", IS_FLAG(no_header), .help = "CSV: the first line is a row, too"},
    {.name = "inputs", IS_TEXT("NAME", inputs), .help = "NPZ: array of features; HDF5: path of the dataset"},
    {.name = "targets", IS_TEXT("NAME", targets), .help = "likewise, of targets"},
    OPTION_ROW_THREADS,
    OPTION_ROW_ISA,
    OPTION_ROW_JSON,
    {0},
};

static void defaults(void *values) {
    *(struct describe_options *)values = (struct describe_options){0};
}

/* ---- text ---- */

#define NAME_WIDTH 15
#define MOST_NAMES 3 /* categories that are shown */

/* Heights of the bars of a histogram, lowest first. */
static const char *const blocks[] = {" ",      "\u2581", "\u2582", "\u2583", "\u2584",
                                     "\u2585", "\u2586", "\u2587", "\u2588"};
#define LEVELS (sizeof blocks / sizeof *blocks)

static uint64_t largest(const uint64_t *counts, size_t count) {
    uint64_t most = 0;
    for (size_t i = 0; i < count; i++)
        most = counts[i] > most ? counts[i] : most;
    return most;
}

/* A part with any row is not empty. */
static size_t level(uint64_t count, uint64_t most) {
    return count ? 1 + (size_t)((double)count / (double)most * (double)(LEVELS - 2) + 0.5) : 0;
}

static void print_histogram(const tp_column *column) {
    const uint64_t most = largest(column->counts, TP_COLUMN_BINS);
    putchar(' ');
    for (size_t i = 0; i < TP_COLUMN_BINS; i++)
        fputs(blocks[level(column->counts[i], most)], stdout);
}

static void print_number(const tp_column *column) {
    if (isnan(column->minimum)) {
        fputs(" no values", stdout);
        return;
    }
    printf(" %10.5g %10.5g %10.5g", column->minimum, column->mean, column->maximum);
    print_histogram(column);
}

static size_t most_frequent(const tp_column *column, const bool *shown) {
    size_t best = column->category_count;
    for (size_t i = 0; i < column->category_count; i++)
        if (!shown[i] && (best == column->category_count || column->counts[i] > column->counts[best]))
            best = i;
    return best;
}

/* Characters of UTF-8 text, each taken as one column wide. */
static int columns_of(const char *text) {
    int columns = 0;
    for (; *text; text++)
        columns += ((unsigned char)*text & 0xc0) != 0x80;
    return columns;
}

/* At most width characters, then blanks as far as there are fewer. */
static void print_cell(const char *text, int width) {
    char *shown = escaped(text);
    if (!shown)
        return;
    int columns = 0;
    char *end = shown;
    while (*end && (columns < width || ((unsigned char)*end & 0xc0) == 0x80))
        columns += ((unsigned char)*end++ & 0xc0) != 0x80;
    if (*end && columns_of(shown) > width)
        *end = '\0';
    printf("%s%*s", shown, width - columns, "");
    free(shown);
}

static void print_categories(const tp_column *column) {
    bool *shown = calloc(column->category_count + 1, sizeof *shown);
    printf(" %zu texts:", column->category_count);
    for (size_t i = 0; shown && i < MOST_NAMES && i < column->category_count; i++) {
        const size_t best = most_frequent(column, shown);
        const int length = columns_of(column->categories[best]);
        shown[best] = true;
        fputs(i ? ", " : " ", stdout);
        print_cell(column->categories[best], length < 10 ? length : 10);
        printf(" %" PRIu64, column->counts[best]);
    }
    fputs(column->category_count > MOST_NAMES ? ", ..." : "", stdout);
    free(shown);
}

static void print_column(const tp_column *column, size_t number) {
    printf("%5zu ", number);
    print_cell(column->name ? column->name : "-", NAME_WIDTH);
    printf(" %7" PRIu64, column->missing);
    (column->kind == TP_COLUMN_NUMBER ? print_number : print_categories)(column);
    putchar('\n');
}

static void print_text(const char *path, size_t samples, const tp_schema *schema) {
    print_text_line("file", path);
    printf("rows        %zu\ncolumns     %zu\n\n", samples, tp_schema_feature_count(schema));
    printf("%5s %-*s %7s %10s %10s %10s %s\n", "", NAME_WIDTH, "column", "missing", "minimum", "mean", "maximum",
           "values");
    for (size_t i = 0; i < tp_schema_feature_count(schema); i++)
        print_column(tp_schema_feature(schema, i), i + 1);
}

/* ---- JSON ---- */

static json_t *counts_json(const tp_column *column, size_t count) {
    json_t *list = report_list();
    for (size_t i = 0; i < count; i++)
        report_append(list, json_integer((json_int_t)column->counts[i]));
    return list;
}

static json_t *categories_json(const tp_column *column) {
    json_t *list = report_list();
    for (size_t i = 0; i < column->category_count; i++)
        report_append(list, json_string(column->categories[i]));
    return list;
}

static json_t *column_json(const tp_column *column) {
    const bool number = column->kind == TP_COLUMN_NUMBER;
    json_t *object = report_new();
    report_text(object, "name", column->name);
    report_text(object, "kind", number ? "number" : "category");
    report_integer(object, "missing", column->missing);
    report_real(object, "minimum", column->minimum);
    report_real(object, "mean", column->mean);
    report_real(object, "maximum", column->maximum);
    report_real(object, "deviation", column->deviation);
    report_member(object, "categories", categories_json(column));
    report_member(object, "counts", counts_json(column, number ? TP_COLUMN_BINS : column->category_count));
    return object;
}

static void print_json(const char *path, size_t samples, const tp_schema *schema) {
    json_t *report = report_new();
    json_t *columns = report_list();
    report_text(report, "file", path);
    report_integer(report, "rows", samples);
    for (size_t i = 0; i < tp_schema_feature_count(schema); i++)
        report_append(columns, column_json(tp_schema_feature(schema, i)));
    report_member(report, "columns", columns);
    report_write(report, stdout);
}

/* ---- the command ---- */

static int describe(const struct session *session, const struct describe_options *options, const char *path) {
    tp_dataset_options reading;
    tp_dataset_options_default(&reading);
    reading.schema_only = true;
    reading.no_header = options->no_header;
    reading.inputs = options->inputs;
    reading.targets = options->targets;
    tp_dataset *dataset = NULL;
    const int code = session_check(session, tp_dataset_open(session->context, path, &reading, &dataset));
    if (!code)
        (options->json ? print_json : print_text)(path, tp_dataset_data(dataset)->samples, tp_dataset_schema(dataset));
    tp_dataset_destroy(dataset);
    return code;
}

static int describe_all(const struct session *session, const struct describe_options *options) {
    int code = EXIT_SUCCESS;
    for (size_t i = 0; !code && i < options->files.count; i++) {
        if (i && !options->json)
            putchar('\n');
        code = describe(session, options, options->files.text[i]);
    }
    return code;
}

static int run(int argc, char **argv) {
    struct describe_options options;
    int code = options_parse(&describe_command, argc, argv, &options);
    if (code != OPTIONS_PARSED)
        return code;
    struct session session;
    code = session_open(&session, &options.machine);
    if (!code)
        code = describe_all(&session, &options);
    session_close(&session);
    return code;
}

static const struct report_key file_keys[] = {
    {"file", "path"}, {"rows", "all of them"}, {"columns", "list of what is below"}, {0}};

static const struct report_key column_keys[] = {
    {"name", "null without one"},
    {"kind", "number or category"},
    {"missing", "rows without a value"},
    {"minimum", "of numbers"},
    {"mean", "of numbers"},
    {"maximum", "of numbers"},
    {"deviation", "of numbers"},
    {"categories", "list of names; empty for numbers"},
    {"counts", "list: rows in each part of the histogram, or of each category"},
    {0},
};

static const struct report_keys keys[] = {
    {"JSON keys of a line, one for each file", file_keys}, {"Keys of a column", column_keys}, {0}};

const struct command describe_command = {
    .name = "describe",
    .also = "show summary head inspect",
    .summary = "Show the columns of a file: kinds, ranges, missing values, histograms",
    .example = "tileprop describe data.csv",
    .usage = "FILE... [OPTION...]",
    .about = "Columns are numbered from 1, as options that take columns count them.\n"
             "Histograms have 16 equal parts from the minimum to the maximum.\n",
    .keys = keys,
    .rows = rows,
    .operand = "FILE",
    .operands = offsetof(struct describe_options, files),
    .values_size = sizeof(struct describe_options),
    .defaults = defaults,
    .run = run,
};
