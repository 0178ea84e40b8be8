/* SPDX-License-Identifier: BSD-3-Clause */
/* A subcommand is a row of data and one function; commands.c holds the list. */
#ifndef TILEPROP_TOOLS_COMMAND_H
#define TILEPROP_TOOLS_COMMAND_H

#include "options.h"

/* Beside EXIT_SUCCESS and EXIT_FAILURE (bad data, model or file). A stop by a signal exits with 128 + its number. */
#define EXIT_USAGE 2

/* A member of a JSON object that a command prints. */
struct report_key {
    const char *name; /* or several, of which one is there: "accuracy or r2"; NULL ends a list */
    const char *help;
};

/* An object. */
struct report_keys {
    const char *title; /* NULL ends a list */
    const struct report_key *key;
};

struct command {
    const char *name;
    const char *also;    /* as of option rows */
    const char *summary; /* one line for the list of subcommands */
    const char *example;
    const char *usage;              /* what follows the name */
    const char *about;              /* text below the options */
    const struct report_keys *keys; /* below it; NULL: none */
    const struct option_row *rows;  /* a row without a name ends them */
    const char *operand; /* what arguments without an option are, at least one: "run.jsonl"; NULL: there are none */
    size_t operands;     /* offset of their struct operand_list; they are files that are read */
    size_t values_size;
    void (*defaults)(void *values);
    void (*settle)(void *values);      /* fills in what follows from other options without data; NULL: nothing */
    int (*run)(int argc, char **argv); /* returns the exit code */
};

extern const struct command train_command;
extern const struct command evaluate_command;
extern const struct command predict_command;
extern const struct command plot_command;
extern const struct command describe_command;
extern const struct command convert_command;
extern const struct command cv_command;
extern const struct command verify_command;
extern const struct command reproduce_command;
extern const struct command card_command;
extern const struct command export_command;
extern const struct command import_command;
extern const struct command info_command;

extern const struct command *const commands[]; /* NULL ends them */
extern const char commands_summary[];          /* of the program */
extern const char commands_exit_codes[];

#endif
