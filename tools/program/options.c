/* SPDX-License-Identifier: BSD-3-Clause */
#include "command.h"
#include "nearest.h"
#include "options_json.h"
#include "ranks.h"
#include "report.h"

#include <assert.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROWS_MAX 80
#define FIRST_ROW 256 /* getopt_long's value of row 0: above every character */

/* ---- errors ---- */

int options_usage_error(const struct command *command) {
    if (ranks_is_first())
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
    const bool advise = row->advice && (!row->advice_on || strpbrk(text, row->advice_on));
    complain("%s%s '%s': must be %s%s%s%s%s%s", origin, row->name, text, limits, nearest.best ? "; did you mean '" : "",
             nearest.best ? nearest.best : "", nearest.best ? "'?" : "", advise ? "; " : "", advise ? row->advice : "");
}

/* ---- parsing ---- */

static void *at(void *values, size_t offset) {
    return (unsigned char *)values + offset;
}

bool options_accept(const char *origin, const struct option_row *row, const char *text, void *values) {
    if (row->given)
        *(bool *)at(values, row->given) = true;
    if (options_parse_value(row, text, at(values, row->offset)))
        return true;
    complain_value(origin, row, text);
    return false;
}

/* An option that the command needs and does not have, or NULL. */
static const struct option_row *first_missing(const struct command *command, void *values) {
    for (const struct option_row *row = command->rows; row->name; row++)
        if (row->required && !*(const char **)at(values, row->offset))
            return row;
    return NULL;
}

static bool has_required(const struct command *command, void *values) {
    const struct option_row *row = first_missing(command, values);
    if (row)
        complain("--%s %s is missing", row->name, row->argument);
    return !row;
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

static bool take_list(const struct command *command, char *const *text, int count, void *values) {
    if (!count)
        return complain("%s is missing", command->operand), false;
    *(struct operand_list *)at(values, command->operands) = (struct operand_list){text, (size_t)count};
    return true;
}

static void complain_surplus(const struct command *command, const char *text, void *values) {
    const struct option_row *row = first_missing(command, values);
    if (row)
        complain("unexpected argument '%s'; did you mean '--%s %s'?", text, row->name, text);
    else
        complain("unexpected argument '%s'", text);
}

static bool take_operand(const struct command *command, const struct option_row *row, const char *text, void *values) {
    const char *given = row->name ? *(const char **)at(values, row->offset) : NULL;
    if (!row->name)
        return complain_surplus(command, text, values), false;
    if (given)
        return complain("unexpected argument '%s', as there is --%s %s", text, row->name, given), false;
    return options_accept("--", row, text, values);
}

/* Each fills the next row that takes one. */
static bool take_operands(const struct command *command, char *const *text, int count, void *values) {
    const struct option_row *row = command->rows;
    if (command->operand)
        return take_list(command, text, count, values);
    for (int i = 0; i < count; i++, row++) {
        while (row->name && !row->operand)
            row++;
        if (!take_operand(command, row, text[i], values))
            return false;
    }
    return true;
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
