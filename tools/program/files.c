/* SPDX-License-Identifier: BSD-3-Clause */

#include "files.h"

#include "../../src/io/dataset_names.h"
#include "report.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* A data set is in the directory of this name, or in that of the package. */
static const char *const data_roots[] = {"", TP_DATASETS_ROOT "/"};

enum {
    ROOTS = sizeof data_roots / sizeof *data_roots,
    NAMES = TP_DATASET_PARTS * TP_DATASET_SPLITS * TP_DATASET_NAMES
};

struct check {
    const struct command *command;
    const unsigned char *values;
    const tp_output *saved;
};

static const char *path_of(const struct check *check, const struct option_row *row) {
    return row->role ? *(const char *const *)(check->values + row->offset) : NULL;
}

static bool is_output(const struct option_row *row) {
    return row->role == FILE_SAVED || row->role == FILE_STREAM;
}

/* Terminals, pipes and devices keep nothing that could be lost. */
static bool same_regular_file(const char *a, const char *b) {
    struct stat first, second;
    return !stat(a, &first) && !stat(b, &second) && S_ISREG(first.st_mode) && first.st_dev == second.st_dev &&
           first.st_ino == second.st_ino;
}

/* Whether writing the row's file changes what is read or written through path. */
static bool writes_to(const struct check *check, const struct option_row *row, const char *path) {
    if (row->role == FILE_SAVED && check->saved)
        return tp_output_is(check->saved, path);
    return is_output(row) && same_regular_file(path_of(check, row), path);
}

static const char *data_name(size_t i) {
    const size_t half = i / TP_DATASET_NAMES;
    return tp_dataset_names[half / TP_DATASET_SPLITS][half % TP_DATASET_SPLITS][i % TP_DATASET_NAMES];
}

/* NULL: no file of that data set; to be freed. */
static char *written_data(const struct check *check, const struct option_row *row, const char *data) {
    for (size_t i = 0; i < ROOTS * NAMES; i++) {
        char *path = NULL;
        if (asprintf(&path, "%s%s/%s", data_roots[i / NAMES], data, data_name(i % NAMES)) < 0)
            continue;
        if (writes_to(check, row, path))
            return path;
        free(path);
    }
    return NULL;
}

static bool refuse(const struct check *check, const struct option_row *row, const char *what, const char *name) {
    complain("--%s %s: is %s%s, too", row->name, path_of(check, row), what, name);
    return true;
}

static bool data_is_lost(const struct check *check, const struct option_row *data, const struct option_row *output) {
    char *path = is_output(output) ? written_data(check, output, path_of(check, data)) : NULL;
    const bool lost = path && refuse(check, output, "the data set's ", path);
    free(path);
    return lost;
}

/* Both may be "-", and there is only one of it. */
static bool reads_standard_input(const struct check *check, const struct option_row *row) {
    return (row->role == FILE_DATA || row->use == OPTION_CONFIG) && !strcmp(path_of(check, row), "-");
}

/* Of two rows, the later of which is the one to be named first. */
static bool collide(const struct check *check, const struct option_row *earlier, const struct option_row *later) {
    if (earlier->role == FILE_DATA && data_is_lost(check, earlier, later))
        return true;
    if (reads_standard_input(check, earlier) && reads_standard_input(check, later))
        return refuse(check, later, "the file of --", earlier->name);
    if (later->replaces && !strcmp(later->replaces, earlier->name))
        return false;
    if (!writes_to(check, later, path_of(check, earlier)) && !writes_to(check, earlier, path_of(check, later)))
        return false;
    return refuse(check, later, "the file of --", earlier->name);
}

static bool operand_is_lost(const struct check *check, const struct option_row *row) {
    if (!check->command->operand || !is_output(row))
        return false;
    const struct operand_list *list = (const void *)(check->values + check->command->operands);
    for (size_t i = 0; i < list->count; i++) {
        if (writes_to(check, row, list->text[i]))
            return refuse(check, row, "the file to read ", list->text[i]);
    }
    return false;
}

static bool collides(const struct check *check, const struct option_row *row) {
    for (const struct option_row *other = check->command->rows; other < row; other++) {
        if (path_of(check, other) && collide(check, other, row))
            return true;
    }
    return operand_is_lost(check, row) ||
           (writes_to(check, row, "/dev/stdout") && refuse(check, row, "standard output", "")) ||
           (writes_to(check, row, "/dev/stderr") && refuse(check, row, "standard error", ""));
}

int files_check(const struct command *command, const void *values, const tp_output *saved) {
    const struct check check = {command, values, saved};
    for (const struct option_row *row = command->rows; row->name; row++) {
        if (path_of(&check, row) && collides(&check, row))
            return options_usage_error(command);
    }
    return EXIT_SUCCESS;
}
