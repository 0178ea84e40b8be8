/* SPDX-License-Identifier: BSD-3-Clause */
#include "manual.h"

#include "../command.h"

#include <stdio.h>
#include <string.h>

/* What compgen offers for the argument of the row. */
static void print_choices(FILE *file, const struct option_row *row) {
    if (row->kind == OPTION_NAME) {
        fputs("-W '", file);
        for (int i = 0; row->value_name(i); i++)
            fprintf(file, "%s%s", i ? " " : "", row->value_name(i));
        fputc('\'', file);
    } else if (row->argument && !strcmp(row->argument, "FILE")) {
        fputs("-f", file);
    } else if (row->argument && !strcmp(row->argument, "D")) {
        fputs("-d -W fashion-mnist", file);
    } else {
        fputs("-W ''", file);
    }
}

static bool takes_files(const struct command *command) {
    bool takes = command->operand != NULL;
    for (const struct option_row *row = command->rows; row->name; row++)
        takes = takes || row->operand;
    return takes;
}

static void print_command(FILE *file, const struct command *command) {
    fprintf(file, "    %s)\n        case $before in\n", command->name);
    for (const struct option_row *row = command->rows; row->name; row++) {
        if (row->kind != OPTION_FLAG) {
            fprintf(file, "        --%s) choices=(", row->name);
            print_choices(file, row);
            fputs(") ;;\n", file);
        }
    }
    fprintf(file, "        *) choices=(%s-W '", takes_files(command) ? "-f " : "");
    for (const struct option_row *row = command->rows; row->name; row++)
        fprintf(file, "--%s ", row->name);
    fputs("--help') ;;\n        esac\n        ;;\n", file);
}

void manual_completion(FILE *file) {
    fputs("# Completion of tileprop's command line for bash.\n"
          "_tileprop() {\n"
          "    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} choices=()\n"
          "    [ \"$word\" != = ] || word=\n" /* --option=value is three words */
          "    [ \"$before\" != = ] || before=${COMP_WORDS[COMP_CWORD-2]}\n"
          "    [ \"$COMP_CWORD\" -ne 1 ] || before=\n"
          "    case ${before:+${COMP_WORDS[1]}} in\n",
          file);
    for (size_t i = 0; commands[i]; i++)
        print_command(file, commands[i]);
    fputs("    '') choices=(-W '", file);
    for (size_t i = 0; commands[i]; i++)
        fprintf(file, "%s ", commands[i]->name);
    fputs("--help --version') ;;\n"
          "    esac\n"
          "    COMPREPLY=()\n"
          "    [ ${#choices[@]} -eq 0 ] || mapfile -t COMPREPLY < <(compgen \"${choices[@]}\" -- \"$word\")\n"
          "}\n"
          "complete -o filenames -F _tileprop tileprop\n",
          file);
}
