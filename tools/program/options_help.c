/* SPDX-License-Identifier: BSD-3-Clause */
#include "command.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define HELP_COLUMN 23
#define HELP_WIDTH 79

/* Appends to a terminated text, cutting at size. */
#define APPEND(text, size, ...) snprintf((text) + strlen(text), (size)-strlen(text), __VA_ARGS__)

static void append_names(const struct option_row *row, char *text, size_t size) {
    for (int i = 0; row->value_name(i); i++)
        APPEND(text, size, "%s%s", i ? ", " : "", row->value_name(i));
}

static void append_sizes(const struct size_list *list, char *text, size_t size) {
    for (size_t i = 0; i < list->count; i++)
        APPEND(text, size, "%s%zu", i ? "," : "", list->size[i]);
}

static void append_real_limits(const struct option_row *row, char *text, size_t size) {
    APPEND(text, size, "a number %s %g", row->above_low ? "greater than" : "of at least", row->low);
    if (isfinite(row->below))
        APPEND(text, size, " and less than %g", row->below);
}

void options_describe_limits(const struct option_row *row, char *text, size_t size) {
    *text = '\0';
    switch (row->kind) {
    case OPTION_FLAG:
        APPEND(text, size, "true or false");
        break;
    case OPTION_INTEGER:
        APPEND(text, size, "an integer from %" PRIu64 " to %" PRIu64, row->least, row->most);
        break;
    case OPTION_REAL:
        append_real_limits(row, text, size);
        break;
    case OPTION_REALS:
        if (row->word)
            APPEND(text, size, "'%s' or ", row->word);
        if (row->by_name)
            APPEND(text, size, "NAME=X,... or ");
        APPEND(text, size, "up to %d values with commas between them, each ", REALS_MAX);
        append_real_limits(row, text, size);
        break;
    case OPTION_NAME:
        APPEND(text, size, "one of ");
        append_names(row, text, size);
        break;
    case OPTION_SIZES:
        APPEND(text, size, "'none' or up to %d integers from %" PRIu64 " to %" PRIu64 " with commas between them",
               TP_MAX_LAYERS - 1, row->least, row->most);
        break;
    case OPTION_SIZE_GRID:
        APPEND(text, size,
               "up to %d lists with '/' between them, each 'none' or integers from %" PRIu64 " to %" PRIu64
               " with commas between them",
               GRID_MAX, row->least, row->most);
        break;
    case OPTION_TEXT:
        APPEND(text, size, "%s%s%s%s", *row->endings ? "a name that ends in " : "not empty",
               *row->endings ? row->endings[0] : "", row->endings[1] ? " or " : "",
               row->endings[1] ? row->endings[1] : "");
        break;
    }
}

/* A default that the option itself would refuse stands for "none"; the help line then says what happens. */
static void append_default(const struct option_row *row, const void *value, char *text, size_t size) {
    if (row->kind == OPTION_INTEGER && *(const uint64_t *)value >= row->least)
        APPEND(text, size, " (default %" PRIu64 ")", *(const uint64_t *)value);
    if (row->kind == OPTION_REAL && (!row->above_low || *(const double *)value > row->low))
        APPEND(text, size, " (default %g)", *(const double *)value);
    if (row->kind == OPTION_NAME && *(const int *)value >= 0)
        APPEND(text, size, " (default %s)", row->value_name(*(const int *)value));
    if (row->kind == OPTION_SIZES && ((const struct size_list *)value)->count) {
        APPEND(text, size, " (default ");
        append_sizes(value, text, size);
        APPEND(text, size, ")");
    }
}

/* Prints the words of text from column HELP_COLUMN on, in lines of HELP_WIDTH; the cursor is at column. */
static void print_wrapped(const char *text, int column) {
    const int start = column + 2 < HELP_COLUMN ? HELP_COLUMN : column + 2;
    int at = start;
    printf("%*s", start - column, "");
    while (*text) {
        const int length = (int)strcspn(text, " ");
        printf("%.*s", length, text);
        at += length;
        text += length;
        if (!*text++)
            break;
        const bool fits = at + 1 + (int)strcspn(text, " ") <= HELP_WIDTH;
        if (fits)
            putchar(' ');
        else
            printf("\n%*s", HELP_COLUMN, "");
        at = fits ? at + 1 : HELP_COLUMN;
    }
    putchar('\n');
}

void options_describe(const struct option_row *row, const void *values, char *text, size_t size) {
    *text = '\0';
    APPEND(text, size, "%s", row->help);
    if (row->kind == OPTION_NAME) {
        APPEND(text, size, ": ");
        append_names(row, text, size);
    }
    append_default(row, (const unsigned char *)values + row->offset, text, size);
}

static void print_keys(const struct report_keys *keys) {
    for (; keys && keys->title; keys++) {
        printf("\n%s:\n", keys->title);
        for (const struct report_key *key = keys->key; key->name; key++)
            print_wrapped(key->help, printf("  %s", key->name));
    }
}

static void print_row(const struct option_row *row, const void *values) {
    char text[512];
    options_describe(row, values, text, sizeof text);
    const char *argument = row->argument ? row->argument : "";
    print_wrapped(text, printf("  --%s%s%s", row->name, *argument ? " " : "", argument));
}

void options_print_help(const struct command *command, const void *values) {
    printf("Example: %s\n\nUsage: tileprop %s %s\n\n%s.\n\nOptions:\n", command->example, command->name, command->usage,
           command->summary);
    for (const struct option_row *row = command->rows; row->name; row++)
        print_row(row, values);
    print_wrapped("print this help", printf("  --help"));
    printf("\n%s", command->about);
    print_keys(command->keys);
}
