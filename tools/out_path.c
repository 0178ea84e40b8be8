/* SPDX-License-Identifier: BSD-3-Clause */
#include "out_path.h"
#include "report.h"

#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Where writing to path leads: saving follows symbolic links. */
static int resolve(const char *path, char target[PATH_MAX]) {
    struct stat status;
    if (!realpath(path, target)) {
        if (*path && path[strlen(path) - 1] == '/')
            complain("--out %s: names a directory, not a file", path);
        else if (!lstat(path, &status))
            complain("--out %s: is a symbolic link to nothing", path);
        else if (snprintf(target, PATH_MAX, "%s", path) >= PATH_MAX)
            complain("--out %.40s...: the path is longer than %d bytes", path, PATH_MAX - 1);
        else
            return EXIT_SUCCESS;
    } else if (stat(target, &status)) {
        complain("--out %s: %s", path, strerror(errno));
    } else if (!S_ISREG(status.st_mode)) {
        complain("--out %s: is not a regular file", path);
    } else {
        return EXIT_SUCCESS;
    }
    return EXIT_FAILURE;
}

bool is_same_file(const char *a, const char *b) {
    struct stat first, second;
    if (stat(a, &first) || stat(b, &second))
        return !strcmp(a, b);
    return first.st_dev == second.st_dev && first.st_ino == second.st_ino;
}

int check_out_path(const char *path) {
    char target[PATH_MAX];
    if (resolve(path, target))
        return EXIT_FAILURE;
    struct stat status;
    const char *directory = dirname(target);
    if (stat(directory, &status))
        complain("--out %s: directory '%s': %s", path, directory, strerror(errno));
    else if (!S_ISDIR(status.st_mode))
        complain("--out %s: '%s' is not a directory", path, directory);
    else if (access(directory, W_OK | X_OK))
        complain("--out %s: cannot write to directory '%s': %s", path, directory, strerror(errno));
    else
        return EXIT_SUCCESS;
    return EXIT_FAILURE;
}
