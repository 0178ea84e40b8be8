/* SPDX-License-Identifier: BSD-3-Clause */

#include "scratch.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

struct tp_test_scratch tp_test_scratch;

static char directory[PATH_MAX];

void tp_test_scratch_open(void) {
    tp_context_options options;
    tp_context_options_default(&options);
    options.allocator = tp_test_allocator_hooks(&tp_test_scratch.counter);
    cr_assert_eq(tp_context_create(&options, &tp_test_scratch.context), TP_OK);
    const char *parent = getenv("TMPDIR");
    snprintf(directory, sizeof directory, "%s/tileprop-test-XXXXXX", parent ? parent : "/tmp");
    tp_test_scratch.path = mkdtemp(directory);
    cr_assert_not_null(tp_test_scratch.path);
}

static int remove_entry(const char *path, const struct stat *facts, int type, struct FTW *where) {
    (void)facts, (void)type, (void)where;
    return remove(path);
}

void tp_test_scratch_close(void) {
    tp_context_destroy(tp_test_scratch.context);
    nftw(directory, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

size_t tp_test_held(void) {
    const struct tp_test_allocator *counter = &tp_test_scratch.counter;
    size_t count = atomic_load(&counter->allocations) - atomic_load(&counter->releases);
    DIR *open_files = opendir("/proc/self/fd");
    cr_assert_not_null(open_files);
    while (readdir(open_files))
        count++;
    closedir(open_files);
    return count;
}

const char *tp_test_in_scratch(const char *name) {
    static char path[2][PATH_MAX + 512];
    static int turn;
    turn = !turn;
    snprintf(path[turn], sizeof path[turn], "%s/%.500s", directory, name);
    return path[turn];
}

const char *tp_test_write_file(const char *name, const void *data, size_t size) {
    const char *path = tp_test_in_scratch(name);
    FILE *file = fopen(path, "wb");
    cr_assert_not_null(file, "%s", path);
    cr_assert_eq(fwrite(data, 1, size, file), size, "%s", path);
    cr_assert_eq(fclose(file), 0, "%s", path);
    return path;
}
