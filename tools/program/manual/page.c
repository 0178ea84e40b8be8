/* SPDX-License-Identifier: BSD-3-Clause */
#include "manual.h"

#include "../command.h"

#include <stdio.h>
#include <stdlib.h>

/* Text of a line or of several, in which nothing is a request to troff. */
static void put(FILE *file, const char *text) {
    for (const char *at = text; *at; at++) {
        if ((at == text || at[-1] == '\n') && (*at == '.' || *at == '\''))
            fputs("\\&", file);
        if (*at == '\\')
            fputs("\\e", file);
        else
            fprintf(file, *at == '-' ? "\\%c" : "%c", *at);
    }
}

static void put_as_it_stands(FILE *file, const char *text) {
    fputs(".nf\n", file);
    put(file, text);
    fputs(".fi\n", file);
}

static void put_option(FILE *file, const struct option_row *row, const void *values) {
    char text[512];
    options_describe(row, values, text, sizeof text);
    fputs(".TP\n.BR \\-\\-", file);
    put(file, row->name);
    if (row->argument)
        fprintf(file, " \" \\fI%s\\fR\"", row->argument);
    fputc('\n', file);
    put(file, text);
    fputc('\n', file);
}

static void put_keys(FILE *file, const struct report_keys *keys) {
    for (; keys && keys->title; keys++) {
        fputs(".PP\n", file);
        put(file, keys->title);
        fputs(":\n", file);
        for (const struct report_key *key = keys->key; key->name; key++) {
            fputs(".TP\n.B ", file);
            put(file, key->name);
            fputc('\n', file);
            put(file, key->help);
            fputc('\n', file);
        }
    }
}

static void put_command(FILE *file, const struct command *command) {
    void *values = malloc(command->values_size);
    if (!values)
        exit(EXIT_FAILURE);
    command->defaults(values);
    fprintf(file, ".SS tileprop %s ", command->name);
    put(file, command->usage);
    fputc('\n', file);
    put(file, command->summary);
    fputs(".\n", file);
    for (const struct option_row *row = command->rows; row->name; row++)
        put_option(file, row, values);
    fputs(".PP\n", file);
    put_as_it_stands(file, command->about);
    put_keys(file, command->keys);
    free(values);
}

void manual_page(FILE *file) {
    fprintf(file, ".TH TILEPROP 1 \"\" \"tileprop %s\" \"User Commands\"\n", tp_version());
    fputs(".SH NAME\ntileprop \\- train and run multilayer perceptrons\n", file);
    fputs(".SH SYNOPSIS\n.B tileprop\n.I SUBCOMMAND\n.RI [ OPTION ...]\n.br\n.B tileprop \\-\\-help\n.br\n"
          ".B tileprop \\-\\-version\n.SH DESCRIPTION\n",
          file);
    put(file, commands_summary);
    fputs("\nEvery subcommand also has\n.BR \\-\\-help .\n.SH SUBCOMMANDS\n", file);
    for (size_t i = 0; commands[i]; i++)
        put_command(file, commands[i]);
    fputs(".SH EXIT STATUS\n", file);
    put(file, commands_exit_codes);
    fputs(".SH EXAMPLES\n.nf\n", file);
    for (size_t i = 0; commands[i]; i++) {
        put(file, commands[i]->example);
        fputc('\n', file);
    }
    fputs(".fi\n", file);
}
