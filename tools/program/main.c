/* SPDX-License-Identifier: BSD-3-Clause */
#include "command.h"
#include "escape.h"
#include "interrupt.h"
#include "nearest.h"
#include "report.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void print_commands(FILE *file) {
    fputs("Usage: tileprop SUBCOMMAND [OPTION...]\n\nSubcommands:\n", file);
    for (size_t i = 0; commands[i]; i++)
        fprintf(file, "  %-10s %s\n", commands[i]->name, commands[i]->summary);
    fputs(
        "\n'tileprop SUBCOMMAND --help' lists the options of a subcommand, 'tileprop --version' prints the version.\n",
        file);
}

static int print_help(void) {
    printf("Example: %s\n\n%s\n\n", train_command.example, commands_summary);
    print_commands(stdout);
    printf("\nExit codes: %s", commands_exit_codes);
    return EXIT_SUCCESS;
}

static int complain_unknown(const char *name) {
    struct nearest nearest = nearest_to(name);
    for (size_t i = 0; commands[i]; i++) {
        nearest_offer(&nearest, commands[i]->name);
        nearest_offer_words(&nearest, commands[i]->also, commands[i]->name);
    }
    nearest_offer(&nearest, "--help");
    nearest_offer(&nearest, "--version");
    if (nearest.best)
        complain("unknown subcommand '%s'; did you mean '%s'?", name, nearest.best);
    else
        complain("unknown subcommand '%s'", name);
    fputs("Try 'tileprop --help'.\n", stderr);
    return EXIT_USAGE;
}

static int run(int argc, char **argv) {
    if (argc < 2) {
        print_commands(stderr);
        return EXIT_USAGE;
    }
    if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))
        return print_help();
    if (!strcmp(argv[1], "--version")) {
        printf("tileprop %s\n", tp_version());
        return EXIT_SUCCESS;
    }
    for (size_t i = 0; commands[i]; i++) {
        if (!strcmp(argv[1], commands[i]->name))
            return commands[i]->run(argc - 1, argv + 1);
    }
    return complain_unknown(argv[1]);
}

/* A file that is opened later must not become standard output or error. Using one that was closed stays an error:
 * /dev/null is opened the other way round. */
static bool open_standard_descriptors(void) {
    for (int descriptor = STDIN_FILENO; descriptor <= STDERR_FILENO; descriptor++) {
        const int flags = descriptor == STDIN_FILENO ? O_WRONLY : O_RDONLY;
        if (fcntl(descriptor, F_GETFD) < 0 && open("/dev/null", flags) != descriptor)
            return false;
    }
    return true;
}

int main(int argc, char **argv) {
    if (!open_standard_descriptors())
        return EXIT_FAILURE;
    escape_init();
    interrupt_survive();
    const int code = run(argc, argv);
    const bool complete = close_file(stdout, "standard output", 0) && report_complete();
    return complete || code != EXIT_SUCCESS ? code : EXIT_FAILURE;
}
