/* SPDX-License-Identifier: BSD-3-Clause */
#include "command.h"
#include "nearest.h"
#include "options_json.h"
#include "report.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define ROWS_MAX 80
#define FIRST_ROW 256 /* getopt_long's value of row 0: above every character */

/* ---- values ---- */

/* Reads decimal digits and moves text behind them. */
static bool read_integer(const struct option_row *row, const char **text, uint64_t *value) {
    if (!isdigit((unsigned char)**text))
        return false;
    char *end;
    errno = 0;
    *value = strtoull(*text, &end, 10);
    *text = end;
    return !errno && *value >= row->least && *value <= row->most;
}

static bool parse_integer(const struct option_row *row, const char *text, void *value) {
    return read_integer(row, &text, value) && !*text;
}

/* Limits are those of the float that the library will get: 1e-60 is not above 0, 1e60 not below infinity. */
static bool read_real(const struct option_row *row, const char **text, double *value) {
    char *end;
    *value = strtod(*text, &end);
    const double rounded = (double)(float)*value;
    if (end == *text)
        return false;
    *text = end;
    return rounded < row->below && (row->above_low ? rounded > row->low : rounded >= row->low);
}

static bool parse_real(const struct option_row *row, const char *text, void *value) {
    return read_real(row, &text, value) && !*text;
}

static bool parse_reals(const struct option_row *row, const char *text, void *value) {
    struct real_list *list = value;
    list->count = 0;
    list->by_word = row->word && !strcmp(text, row->word);
    if (list->by_word)
        return true;
    for (;; text++) {
        double real;
        if (list->count == REALS_MAX || !read_real(row, &text, &real))
            return false;
        list->real[list->count++] = (float)real;
        if (*text != ',')
            return !*text;
    }
}

static bool parse_name(const struct option_row *row, const char *text, void *value) {
    for (int i = 0; row->value_name(i); i++) {
        if (!strcasecmp(row->value_name(i), text)) {
            *(int *)value = i;
            return true;
        }
    }
    return false;
}

/* Moves text behind the list. */
static bool read_sizes(const struct option_row *row, const char **at, struct size_list *list) {
    const size_t length = strcspn(*at, "/");
    const char *text = *at;
    list->count = 0;
    *at += length;
    if (!length || !strncmp(text, "none/", length + 1) || !strncmp(text, "none", length + 1) ||
        (length == 1 && *text == '0'))
        return true;
    for (;; text++) {
        uint64_t size;
        if (list->count == sizeof list->size / sizeof *list->size || !read_integer(row, &text, &size))
            return false;
        list->size[list->count++] = (size_t)size;
        if (*text != ',')
            return text == *at;
    }
}

static bool parse_sizes(const struct option_row *row, const char *text, void *value) {
    return read_sizes(row, &text, value) && !*text;
}

static bool parse_size_grid(const struct option_row *row, const char *text, void *value) {
    struct size_grid *grid = value;
    grid->count = 0;
    for (;; text++) {
        if (grid->count == GRID_MAX || !read_sizes(row, &text, &grid->list[grid->count++]))
            return false;
        if (!*text)
            return true;
    }
}

static bool parse_text(const struct option_row *row, const char *text, void *value) {
    (void)row;
    *(const char **)value = text;
    return *text;
}

/* The command line has no text for it. */
static bool parse_flag(const struct option_row *row, const char *text, void *value) {
    (void)row;
    *(bool *)value = !text || !strcmp(text, "true");
    return true;
}

typedef bool parse_fn(const struct option_row *row, const char *text, void *value);

static parse_fn *const parser[] = {
    [OPTION_FLAG] = parse_flag,           [OPTION_INTEGER] = parse_integer, [OPTION_REAL] = parse_real,
    [OPTION_REALS] = parse_reals,         [OPTION_NAME] = parse_name,       [OPTION_SIZES] = parse_sizes,
    [OPTION_SIZE_GRID] = parse_size_grid, [OPTION_TEXT] = parse_text,
};

/* ---- errors ---- */

int options_usage_error(const struct command *command) {
    fprintf(stderr, "Try 'tileprop %s --help'.\n", command->name);
    return EXIT_USAGE;
}

struct nearest options_nearest(const struct command *command, const char *name) {
    struct nearest nearest = nearest_to(name);
    for (const struct option_row *row = command->rows; row->name; row++) {
        nearest_offer(&nearest, row->name);
        nearest_offer_words(&nearest, row->also, row->name);
    }
    return nearest;
}

static void complain_unknown(const struct command *command, const char *argument) {
    const int length = (int)strcspn(argument, "=");
    char name[64];
    snprintf(name, sizeof name, "%.*s", length > 2 ? length - 2 : 0, argument + 2);
    const struct nearest nearest = options_nearest(command, name);
    if (nearest.best)
        complain("unknown or ambiguous option '%.*s'; did you mean '--%s'?", length, argument, nearest.best);
    else
        complain("unknown or ambiguous option '%.*s'", length, argument);
}

/* After getopt_long returned '?' or ':'. */
static void complain_syntax(const struct command *command, int result, const char *argument) {
    const struct option_row *row = optopt >= FIRST_ROW ? &command->rows[optopt - FIRST_ROW] : NULL;
    if (result == ':' && row)
        complain("--%s needs an argument: %s", row->name, row->argument);
    else if (row)
        complain("--%s takes no argument", row->name);
    else if (optopt)
        complain("unknown option '-%c'", optopt);
    else
        complain_unknown(command, argument);
}

static struct nearest nearest_value(const struct option_row *row, const char *text) {
    struct nearest nearest = nearest_to(text);
    for (int i = 0; row->kind == OPTION_NAME && row->value_name(i); i++)
        nearest_offer(&nearest, row->value_name(i));
    for (const struct synonyms *also = row->value_also; also && also->words; also++)
        nearest_offer_words(&nearest, also->words, also->meant);
    return nearest;
}

static void complain_value(const char *origin, const struct option_row *row, const char *text) {
    char limits[256];
    options_describe_limits(row, limits, sizeof limits);
    const struct nearest nearest = nearest_value(row, text);
    if (nearest.best)
        complain("%s%s '%s': must be %s; did you mean '%s'?", origin, row->name, text, limits, nearest.best);
    else
        complain("%s%s '%s': must be %s", origin, row->name, text, limits);
}

/* ---- parsing ---- */

static void *at(void *values, size_t offset) {
    return (unsigned char *)values + offset;
}

bool options_accept(const char *origin, const struct option_row *row, const char *text, void *values) {
    if (row->given)
        *(bool *)at(values, row->given) = true;
    if (parser[row->kind](row, text, at(values, row->offset)))
        return true;
    complain_value(origin, row, text);
    return false;
}

static bool has_required(const struct command *command, void *values) {
    for (const struct option_row *row = command->rows; row->name; row++) {
        if (row->required && !*(const char **)at(values, row->offset)) {
            complain("--%s %s is missing", row->name, row->argument);
            return false;
        }
    }
    return true;
}

static void fill_long_options(const struct command *command, struct option *options) {
    int count = 0;
    for (const struct option_row *row = command->rows; row->name; row++) {
        assert(count < ROWS_MAX);
        options[count] =
            (struct option){row->name, row->argument ? required_argument : no_argument, NULL, FIRST_ROW + count};
        count++;
    }
    options[count] = (struct option){"help", no_argument, NULL, 'h'};
    options[count + 1] = (struct option){0};
}

static bool take_operands(const struct command *command, char *const *text, int count, void *values) {
    if (!command->operand && count)
        return complain("unexpected argument '%s'", *text), false;
    if (command->operand && !count)
        return complain("%s is missing", command->operand), false;
    if (command->operand)
        *(struct operand_list *)at(values, command->operands) = (struct operand_list){text, (size_t)count};
    return true;
}

bool options_single_operand(const struct operand_list *operands) {
    if (operands->count > 1)
        complain("unexpected argument '%s'", operands->text[1]);
    return operands->count == 1;
}

/* The arguments are read from the beginning, once more if they were before. */
static void begin_arguments(const struct command *command, struct option *options) {
    fill_long_options(command, options);
    opterr = 0;
    optind = 0;
}

/* Files of options come first, wherever they are named: all other arguments win over them. */
static bool take_configs(const struct command *command, int argc, char **argv, void *values) {
    struct option options[ROWS_MAX + 2];
    begin_arguments(command, options);
    for (int result; (result = getopt_long(argc, argv, ":h", options, NULL)) != -1;) {
        if (result == 'h')
            return true;
        if (result >= FIRST_ROW && command->rows[result - FIRST_ROW].use == OPTION_CONFIG &&
            !options_read_config(command, optarg, values))
            return false;
    }
    return true;
}

static int take_arguments(const struct command *command, int argc, char **argv, void *values) {
    struct option options[ROWS_MAX + 2];
    begin_arguments(command, options);
    for (int result; (result = getopt_long(argc, argv, ":h", options, NULL)) != -1;) {
        if (result == 'h') {
            command->defaults(values);
            options_print_help(command, values);
            return EXIT_SUCCESS;
        }
        if (result == '?' || result == ':') {
            complain_syntax(command, result, argv[optind - 1]);
            return options_usage_error(command);
        }
        if (!options_accept("--", &command->rows[result - FIRST_ROW], optarg, values))
            return options_usage_error(command);
    }
    return OPTIONS_PARSED;
}

int options_parse(const struct command *command, int argc, char **argv, void *values) {
    command->defaults(values);
    if (!take_configs(command, argc, argv, values))
        return options_usage_error(command);
    const int code = take_arguments(command, argc, argv, values);
    if (code != OPTIONS_PARSED)
        return code;
    if (!take_operands(command, argv + optind, argc - optind, values))
        return options_usage_error(command);
    if (options_ask_for_config(command, values))
        return options_print_config(command, values);
    return has_required(command, values) ? OPTIONS_PARSED : options_usage_error(command);
}
