/* SPDX-License-Identifier: BSD-3-Clause */
/* Writes the program's manual page, or its completion for bash, from the tables of options. */
#include "manual.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void (*find_writer(const char *kind))(FILE *) {
    if (!strcmp(kind, "man"))
        return manual_page;
    return strcmp(kind, "bash") ? NULL : manual_completion;
}

int main(int argc, char **argv) {
    void (*const write_to)(FILE *) = argc == 3 ? find_writer(argv[1]) : NULL;
    if (!write_to)
        return fputs("usage: tileprop_manual man|bash FILE\n", stderr), EXIT_FAILURE;
    FILE *file = fopen(argv[2], "w");
    if (!file)
        return perror(argv[2]), EXIT_FAILURE;
    write_to(file);
    const int failed = ferror(file);
    if (fclose(file) || failed)
        return perror(argv[2]), remove(argv[2]), EXIT_FAILURE;
    return EXIT_SUCCESS;
}
