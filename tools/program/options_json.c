/* SPDX-License-Identifier: BSD-3-Clause */
#include "options_json.h"

#include "../../src/core/digits.h"
#include "command.h"
#include "report.h"

#include <inttypes.h>
#include <stdlib.h>

/* What the option itself would refuse stands for a value that is still to be chosen. */
static bool is_set(const struct option_row *row, const void *values) {
    const unsigned char *const bytes = values;
    const void *const value = bytes + row->offset;
    if (row->given && !*(const bool *)(bytes + row->given))
        return false;
    switch (row->kind) {
    case OPTION_FLAG:
    case OPTION_SIZES:
        return true;
    case OPTION_INTEGER:
        return *(const uint64_t *)value >= row->least;
    case OPTION_REAL:
        return !row->above_low || *(const double *)value > row->low;
    case OPTION_REALS:
        return ((const struct real_list *)value)->by_word || ((const struct real_list *)value)->count;
    case OPTION_NAME:
        return *(const int *)value >= 0;
    case OPTION_SIZE_GRID:
        return ((const struct size_grid *)value)->count;
    case OPTION_TEXT:
        return *(const char *const *)value;
    }
    return false;
}

/* False, with a message: it is not UTF-8. */
static bool print_text(const struct option_row *row, const char *value, FILE *file) {
    json_t *const text = json_string(value);
    char *const quoted = text ? json_dumps(text, JSON_ENCODE_ANY) : NULL;
    if (quoted)
        fputs(quoted, file);
    else
        complain("--%s '%s': is not UTF-8, and JSON has to be", row->name, value);
    free(quoted);
    json_decref(text);
    return quoted;
}

static void print_real(double value, bool is_float, FILE *file) {
    fprintf(file, "%.*g", tp_shortest_digits(value, is_float, 1), value);
}

static void print_integer(uint64_t value, FILE *file) {
    fprintf(file, value > INT64_MAX ? "\"%" PRIu64 "\"" : "%" PRIu64, value);
}

static bool print_reals(const struct option_row *row, const struct real_list *list, FILE *file) {
    if (list->by_word || list->names)
        return print_text(row, list->by_word ? row->word : list->names, file);
    for (size_t i = 0; i < list->count; i++) {
        fputs(i ? "," : "[", file);
        print_real((double)list->real[i], true, file);
    }
    fputc(']', file);
    return true;
}

static void print_sizes(const struct size_list *list, FILE *file) {
    fputc('[', file);
    for (size_t i = 0; i < list->count; i++)
        fprintf(file, "%s%zu", i ? "," : "", list->size[i]);
    fputc(']', file);
}

static void print_size_grid(const struct size_grid *grid, FILE *file) {
    for (size_t i = 0; i < grid->count; i++) {
        fputs(i ? "," : "[", file);
        print_sizes(&grid->list[i], file);
    }
    fputc(']', file);
}

static bool print_value(const struct option_row *row, const void *value, FILE *file) {
    switch (row->kind) {
    case OPTION_FLAG:
        fputs(*(const bool *)value ? "true" : "false", file);
        return true;
    case OPTION_INTEGER:
        print_integer(*(const uint64_t *)value, file);
        return true;
    case OPTION_REAL:
        print_real(*(const double *)value, false, file);
        return true;
    case OPTION_REALS:
        return print_reals(row, value, file);
    case OPTION_NAME:
        return print_text(row, row->value_name(*(const int *)value), file);
    case OPTION_SIZES:
        print_sizes(value, file);
        return true;
    case OPTION_SIZE_GRID:
        print_size_grid(value, file);
        return true;
    case OPTION_TEXT:
        return print_text(row, *(const char *const *)value, file);
    }
    return false;
}

static bool is_in(enum config_scope scope, const struct option_row *row) {
    return scope == CONFIG_ALL ? row->use < OPTION_CONFIG : row->use == OPTION_RESULT && row->role == FILE_NONE;
}

static bool print_members(const struct command *command, const void *values, enum config_scope scope, FILE *file) {
    const char *const lines = scope == CONFIG_ALL ? "\n  " : "";
    const char *const blank = scope == CONFIG_ALL ? " " : "";
    bool good = true;
    fprintf(file, "{%s\"" CONFIG_VERSION "\":%s\"%s\"", lines, blank, tp_version());
    for (const struct option_row *row = command->rows; row->name; row++) {
        if (!is_in(scope, row))
            continue;
        fprintf(file, ",%s\"%s\":%s", lines, row->name, blank);
        if (is_set(row, values))
            good = print_value(row, (const unsigned char *)values + row->offset, file) && good;
        else
            fputs("null", file);
    }
    fputs(scope == CONFIG_ALL ? "\n}" : "}", file);
    return good;
}

char *options_config(const struct command *command, const void *values, enum config_scope scope) {
    char *text = NULL;
    size_t size = 0;
    FILE *const file = open_memstream(&text, &size);
    const bool good = file && print_members(command, values, scope, file);
    const bool complete = file && !ferror(file);
    if ((!file || !fclose(file)) && good && complete)
        return text;
    if (good || !file)
        complain("out of memory");
    free(text);
    return NULL;
}

bool options_ask_for_config(const struct command *command, const void *values) {
    const unsigned char *const bytes = values;
    for (const struct option_row *row = command->rows; row->name; row++)
        if (row->use == OPTION_PRINT_CONFIG && *(const bool *)(bytes + row->offset))
            return true;
    return false;
}

int options_print_config(const struct command *command, void *values) {
    if (command->settle)
        command->settle(values);
    char *const text = options_config(command, values, CONFIG_ALL);
    if (text)
        puts(text);
    free(text);
    return text ? EXIT_SUCCESS : EXIT_FAILURE;
}
