/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * CSV and TSV, as RFC 4180 has them and a little wider: fields between commas, tabs or semicolons; quoted texts with
 * doubled quotes and ends of lines in them; lines that end with LF, CR LF or CR; a byte order mark; blanks around
 * fields, and blank lines, count for nothing. There are no comments. Missing: nothing, NA, NaN, nan and ?.
 */
#include "core/cancel.h"
#include "core/memory.h"
#include "io/csv.h"
#include "io/number.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define SAMPLE_ROWS 1000 /* that decide of what kind a column is */

/* ---- the first line ---- */

/* A tab if there is one and no comma, a semicolon if there is neither comma nor tab: of what is not in quotes. */
static char find_delimiter(const char *at) {
    bool quoted = false, tab = false, semicolon = false;
    for (; *at && (quoted || !tp_csv_ends_line(at)); at++) {
        quoted ^= *at == '"';
        if (!quoted && *at == ',')
            return ',';
        tab |= !quoted && *at == '\t';
        semicolon |= !quoted && *at == ';';
    }
    if (tab)
        return '\t';
    return semicolon ? ';' : ',';
}

/* To the first row after blank lines, which have no delimiter but perhaps blanks. */
static void skip_blank_lines(struct tp_csv *csv) {
    for (;;) {
        char *at = tp_csv_skip_blanks(csv->rows_begin, csv->delimiter);
        if (*at != '\n' && *at != '\r')
            return;
        csv->rows_begin = tp_csv_skip_end(at);
        csv->line++;
    }
}

static bool is_number(const struct tp_csv *csv, const struct tp_csv_field *field) {
    double value;
    return field->end > field->begin && tp_take_number(field->begin, csv->locale, &value) == field->end;
}

static tp_status fail_line(const struct tp_csv *csv, size_t column) {
    return tp_fail(csv->context, TP_ERR_FORMAT,
                   "%s: line %zu, column %zu: a quote where none may be, or one never closed", csv->path, csv->line,
                   column + 1);
}

/* How many fields the first line has, and whether one of them is a number. */
static tp_status examine_first(struct tp_csv *csv, bool *numbers) {
    *numbers = false;
    for (char *at = csv->rows_begin;; at++) {
        const struct tp_csv_field field = tp_csv_take_field(at, csv->delimiter);
        if (field.fault)
            return fail_line(csv, csv->count);
        *numbers |= is_number(csv, &field);
        csv->count++;
        at = field.next;
        if (*at != csv->delimiter)
            return TP_OK;
    }
}

static tp_status take_name(struct tp_csv *csv, struct tp_words *seen, size_t i, struct tp_csv_field *field) {
    char number[32];
    tp_csv_undouble(field);
    const bool empty = field->begin == field->end;
    const size_t size =
        empty ? (size_t)snprintf(number, sizeof number, "%zu", i + 1) : (size_t)(field->end - field->begin);
    char *name = tp_table_allocate(csv->table, size + 1);
    if (!name)
        return tp_fail_allocation(csv->context, csv->path, size + 1);
    memcpy(name, empty ? number : field->begin, size);
    name[size] = '\0';
    csv->table->fields[i].name = name;
    const uint32_t code = tp_words_add(csv->context, seen, name, size);
    if (code == TP_NO_WORD)
        return tp_fail(csv->context, TP_ERR_MEMORY, "%s: cannot allocate memory for its names", csv->path);
    if (code < i)
        return tp_fail(csv->context, TP_ERR_FORMAT, "%s: line %zu: columns %zu and %zu are both called '%s'", csv->path,
                       csv->line, (size_t)code + 1, i + 1, name);
    return TP_OK;
}

static tp_status take_names(struct tp_csv *csv) {
    struct tp_words seen = {0};
    tp_status status = TP_OK;
    char *at = csv->rows_begin;
    size_t newlines = 0;
    for (size_t i = 0; !status && i < csv->count; i++) {
        struct tp_csv_field field = tp_csv_take_field(at, csv->delimiter);
        at = field.next + (i + 1 < csv->count);
        newlines += field.newlines;
        status = take_name(csv, &seen, i, &field);
    }
    tp_words_release(csv->context, &seen);
    csv->line += newlines + (*at != '\0');
    csv->rows_begin = tp_csv_skip_end(at);
    return status;
}

static tp_status make_columns(struct tp_csv *csv) {
    const size_t fields = tp_size_mul(csv->count, sizeof *csv->table->fields);
    const size_t columns = tp_size_mul(csv->count, sizeof *csv->columns);
    csv->table->fields = tp_table_allocate(csv->table, fields);
    csv->columns = tp_table_allocate(csv->table, columns);
    if (!csv->table->fields || !csv->columns)
        return tp_fail_allocation(csv->context, csv->path, csv->columns ? fields : columns);
    memset(csv->table->fields, 0, fields);
    memset(csv->columns, 0, columns);
    csv->table->count = csv->count;
    return TP_OK;
}

static tp_status read_header(struct tp_csv *csv, const struct tp_read_options *options) {
    bool numbers;
    csv->delimiter = ','; /* so that a blank line may have tabs, which may be delimiters only in a line with more */
    skip_blank_lines(csv);
    csv->delimiter = find_delimiter(csv->rows_begin);
    if (!*csv->rows_begin)
        return tp_fail(csv->context, TP_ERR_FORMAT, "%s: is empty", csv->path);
    tp_status status = examine_first(csv, &numbers);
    if (!status)
        status = make_columns(csv);
    return status || options->no_header || numbers ? status : take_names(csv);
}

/* ---- kinds of columns ---- */

/* The at of columns counts, for now, how many more numbers than other texts were seen. */
static void sample_row(struct tp_csv *csv, char **at) {
    for (size_t i = 0; i < csv->count; i++) {
        const struct tp_csv_field field = tp_csv_take_field(*at, csv->delimiter);
        *at = field.next;
        if (field.fault) /* which will be reported */
            return;
        if (is_number(csv, &field))
            csv->columns[i].at++;
        else if (!tp_csv_is_missing(field.begin, field.end))
            csv->columns[i].at--;
        if (**at != csv->delimiter)
            return;
        ++*at;
    }
}

static void sample(struct tp_csv *csv) {
    char *at = csv->rows_begin;
    for (size_t row = 0; row < SAMPLE_ROWS && *at; row++) {
        char *begin = tp_csv_skip_blanks(at, csv->delimiter);
        at = begin;
        if (*begin != '\n' && *begin != '\r')
            sample_row(csv, &at);
        if (*at && *at != '\n' && *at != '\r') /* a row that will be refused */
            return;
        at = tp_csv_skip_end(at);
    }
}

static enum tp_field_kind kind_of(const struct tp_csv *csv, const struct tp_read_options *options, size_t i) {
    const size_t numbers = csv->columns[i].at;
    const enum tp_field_kind asked =
        options->kind ? options->kind(options->user, csv->table->fields[i].name, i) : TP_FIELD_ANY;
    if (asked != TP_FIELD_ANY)
        return asked;
    return numbers && numbers <= SAMPLE_ROWS ? TP_FIELD_NUMBER : TP_FIELD_TEXT;
}

static void decide_kinds(struct tp_csv *csv, const struct tp_read_options *options) {
    sample(csv);
    for (size_t i = 0; i < csv->count; i++) {
        struct tp_csv_column *column = &csv->columns[i];
        column->kind = kind_of(csv, options, i);
        if (column->kind == TP_FIELD_NUMBER)
            column->at = csv->number_count++;
        else if (column->kind == TP_FIELD_TEXT)
            column->at = csv->text_count++;
    }
}

/* ---- all ---- */

static tp_status read_text(struct tp_csv *csv, const struct tp_read_options *options, size_t size, size_t part) {
    const char *end = csv->text + size;
    csv->rows_begin = csv->text + (strncmp(csv->text, "\xef\xbb\xbf", 3) ? 0 : 3);
    csv->line = 1;
    const tp_status status = read_header(csv, options);
    if (status)
        return status;
    csv->size = (size_t)(end - csv->rows_begin);
    decide_kinds(csv, options);
    return tp_csv_read_rows(csv, part);
}

tp_status tp_csv_read_in_parts(const char *path, const struct tp_read_options *options, size_t part,
                               struct tp_table *table) {
    struct tp_csv csv = {.context = table->context, .path = path, .table = table};
    const int cancel = tp_cancel_hold();
    size_t size;
    tp_status status = TP_OK;
    csv.locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (!csv.locale)
        status = tp_fail(csv.context, TP_ERR_MEMORY, "%s: cannot have the locale C: %s", path, strerror(errno));
    if (!status)
        status = tp_csv_read_text(csv.context, path, options->input, &csv.text, &size);
    if (!status) {
        status = read_text(&csv, options, size, part);
        tp_release(csv.context, csv.text);
    }
    if (csv.locale)
        freelocale(csv.locale);
    tp_cancel_restore(cancel);
    return status;
}

static tp_status read_csv(const char *path, const struct tp_read_options *options, struct tp_table *table) {
    return tp_csv_read_in_parts(path, options, 0, table);
}

/* Whatever is text; asked last. */
static bool is_text(const struct tp_file_head *head) {
    for (size_t i = 0; i < head->size; i++)
        if (head->bytes[i] < ' ' && !strchr("\t\n\v\f\r", head->bytes[i]))
            return false;
    return head->size > 0;
}

const struct tp_format tp_csv_format = {"csv", ".csv .tsv .txt .data", is_text, true, false, read_csv};
