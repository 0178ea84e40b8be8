/* SPDX-License-Identifier: BSD-3-Clause */

#include "files.h"
#include "report.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Where tp_dataset_load looks: in the directory of this name, or in that of the package. */
static const char *const data_roots[] = {"", "/usr/share/datasets/"};
/* Files of a data set, of which it reads those that are there. */
static const char *const data_files[] = {
    "train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte",
    "train-images.idx3-ubyte", "train-labels.idx1-ubyte", "t10k-images.idx3-ubyte", "t10k-labels.idx1-ubyte",
};
static const char *const data_endings[] = {"", ".gz"};

#define COUNT(array) (sizeof(array) / sizeof *(array))

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

/* NULL: no file of that data set; to be freed. */
static char *written_data(const struct check *check, const struct option_row *row, const char *data) {
    for (size_t i = 0; i < COUNT(data_roots) * COUNT(data_files) * COUNT(data_endings); i++) {
        char *path = NULL;
        const size_t file = i / COUNT(data_endings) % COUNT(data_files);
        if (asprintf(&path, "%s%s/%s%s", data_roots[i / COUNT(data_endings) / COUNT(data_files)], data,
                     data_files[file], data_endings[i % COUNT(data_endings)]) < 0)
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

/* Of two rows, the later of which is the one to be named first. */
static bool collide(const struct check *check, const struct option_row *earlier, const struct option_row *later) {
    if (earlier->role == FILE_DATA)
        return data_is_lost(check, earlier, later);
    if (later->replaces && !strcmp(later->replaces, earlier->name))
        return false;
    if (!writes_to(check, later, path_of(check, earlier)) && !writes_to(check, earlier, path_of(check, later)))
        return false;
    return refuse(check, later, "the file of --", earlier->name);
}

static bool collides(const struct check *check, const struct option_row *row) {
    for (const struct option_row *other = check->command->rows; other < row; other++) {
        if (path_of(check, other) && collide(check, other, row))
            return true;
    }
    return (writes_to(check, row, "/dev/stdout") && refuse(check, row, "standard output", "")) ||
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
