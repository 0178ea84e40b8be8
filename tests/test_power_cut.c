/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The power goes off after any system call of a save. What the disk may then hold is made from a record of the calls,
 * in every combination of
 *   names     what was done to the directory since it was synced is there or not, each change for itself
 *   contents  what was written to a file since it was synced is missing, there up to its middle, zeros, zeros here and
 *             there, or there
 * and each time the file is the old checkpoint or the new one, complete, and a trainer resumes from it; after the save
 * it is the new one.
 */
#include "support/fault_sweep.h"
#include "support/saved_run.h"
#include "support/scratch.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

TestSuite(power_cut, .init = test_saved_run_open, .fini = test_saved_run_close);

enum { MOST_EVENTS = 64, MOST_FILES = 8, MOST_DESCRIPTORS = 1024, NAME = 64, SECTOR = 512, NONE = -1 };

/* ---- the record ---- */

enum change { CREATE, WRITE, SYNC, RENAME, REMOVE, SYNC_DIRECTORY };

static struct event {
    enum change change;
    int file; /* number of the file that it is about */
    char name[NAME], to[NAME];
    size_t size; /* of the file afterwards */
} events[MOST_EVENTS];
static size_t event_count;

/* Number 0 is the old checkpoint. */
static struct file {
    char bytes[TEST_MAX_FILE];
    size_t size;
} files[MOST_FILES];
static int file_count;
static int file_of[MOST_DESCRIPTORS]; /* plus 1; 0: the directory */

static void set_name(char name[NAME], const char *text) {
    if (text)
        cr_assert_lt(snprintf(name, NAME, "%s", text), NAME);
}

static void append(struct file *file, const void *bytes, size_t size) {
    cr_assert_leq(file->size + size, TEST_MAX_FILE);
    memcpy(file->bytes + file->size, bytes, size);
    file->size += size;
}

static void record(const struct test_event *event) {
    static const enum change changes[TEST_CALL_COUNT] = {
        [TEST_OPENAT] = CREATE, [TEST_WRITE] = WRITE, [TEST_RENAMEAT] = RENAME, [TEST_UNLINKAT] = REMOVE};
    cr_assert(event_count < MOST_EVENTS && event->descriptor >= 0 && event->descriptor < MOST_DESCRIPTORS);
    int *number = &file_of[event->descriptor];
    if (event->call == TEST_OPENAT)
        *number = ++file_count;
    cr_assert_leq(file_count, MOST_FILES);
    struct event *e = &events[event_count++];
    *e = (struct event){.change = changes[event->call], .file = *number - 1};
    if (event->call == TEST_FSYNC)
        e->change = *number ? SYNC : SYNC_DIRECTORY;
    set_name(e->name, event->name);
    set_name(e->to, event->to);
    if (event->call == TEST_WRITE)
        append(&files[e->file], event->bytes, event->size);
    e->size = e->file >= 0 ? files[e->file].size : 0;
}

/* ---- what the disk may hold ---- */

enum contents { MISSING, HALF, ZEROS, HOLES, COMPLETE, CONTENTS };

struct disk {
    struct {
        char name[NAME];
        int file; /* NONE: the place is free */
    } entry[MOST_FILES];
    size_t synced[MOST_FILES], size[MOST_FILES]; /* of the files: what is safe, and what was written */
};

static int find(const struct disk *disk, const char *name) {
    for (int i = 0; i < MOST_FILES; i++)
        if (disk->entry[i].file != NONE && !strcmp(disk->entry[i].name, name))
            return i;
    return NONE;
}

static void forget(struct disk *disk, const char *name) {
    const int at = find(disk, name);
    if (at != NONE)
        disk->entry[at].file = NONE;
}

static void enter(struct disk *disk, const char *name, int file) {
    int at = 0;
    forget(disk, name);
    while (disk->entry[at].file != NONE)
        at++;
    set_name(disk->entry[at].name, name);
    disk->entry[at].file = file;
}

static int created_as(size_t end, const char *name) {
    while (end-- > 0)
        if (events[end].change == CREATE && !strcmp(events[end].name, name))
            return events[end].file;
    cr_assert_fail("%s was not created", name);
    return NONE;
}

static void change_names(struct disk *disk, size_t at) {
    const struct event *e = &events[at];
    if (e->change == CREATE)
        enter(disk, e->name, e->file);
    else
        forget(disk, e->name);
    if (e->change == RENAME)
        enter(disk, e->to, created_as(at, e->name));
}

static bool changes_names(const struct event *e) {
    return e->change == CREATE || e->change == RENAME || e->change == REMOVE;
}

/* Where the first change of names is that was not synced before event number end. */
static size_t first_unsure(size_t end) {
    while (end > 0 && events[end - 1].change != SYNC_DIRECTORY)
        end--;
    return end;
}

/* After the first events; those changes of names that are not synced, if their bit is set in chosen. */
static struct disk disk_after(size_t end, bool had_file, unsigned chosen) {
    struct disk disk = {.synced = {files[0].size}, .size = {files[0].size}};
    for (int i = 0; i < MOST_FILES; i++)
        disk.entry[i].file = NONE;
    if (had_file)
        enter(&disk, TEST_FAULT_FILE, 0);
    const size_t unsure = first_unsure(end);
    for (size_t i = 0; i < end; i++) {
        const struct event *e = &events[i];
        if (e->change == WRITE)
            disk.size[e->file] = e->size;
        else if (e->change == SYNC)
            disk.synced[e->file] = e->size;
        if (!changes_names(e))
            continue;
        if (i < unsure || chosen & 1)
            change_names(&disk, i);
        chosen = i < unsure ? chosen : chosen >> 1;
    }
    return disk;
}

static unsigned combinations(size_t end) {
    unsigned count = 1;
    for (size_t i = first_unsure(end); i < end; i++)
        count <<= changes_names(&events[i]);
    return count;
}

static size_t fill(const struct disk *disk, int file, enum contents contents, char *bytes) {
    const size_t safe = disk->synced[file], size = disk->size[file];
    memcpy(bytes, files[file].bytes, size);
    for (size_t i = safe; i < size; i++)
        if (contents == ZEROS || (contents == HOLES && i / SECTOR % 2))
            bytes[i] = 0;
    return contents == MISSING ? safe : contents == HALF ? safe + (size - safe) / 2 : size;
}

/* ---- the test ---- */

struct tally {
    int states, old, new, none;
};

static void check_resumed(uint64_t steps, const char *what) {
    cr_assert_eq(tp_trainer_resume(test_saved_run.trainer, tp_test_in_scratch(TEST_FAULT_FILE)), TP_OK, "%s: %s", what,
                 tp_test_message(tp_test_scratch.context));
    cr_assert_eq(tp_trainer_steps(test_saved_run.trainer), steps, "%s", what);
}

static void check_state(const struct disk *disk, enum contents contents, bool had_file, bool done, const char *what,
                        struct tally *tally) {
    static char bytes[TEST_MAX_FILE];
    const int at = find(disk, TEST_FAULT_FILE);
    tally->states++;
    if (at == NONE) {
        cr_assert(!had_file && !done, "%s: there is no file", what);
        tally->none++;
        return;
    }
    const size_t size = fill(disk, disk->entry[at].file, contents, bytes);
    tp_test_write_file(TEST_FAULT_FILE, bytes, size);
    const bool is_old = test_same_files(TEST_FAULT_FILE, "old"), is_new = test_same_files(TEST_FAULT_FILE, "new");
    cr_assert(is_new || (is_old && !done), "%s: %s", what,
              is_old ? "still the old file" : "neither the old nor the new");
    check_resumed(is_new ? SAVED_RUN_NEW : SAVED_RUN_OLD, what);
    tally->old += is_old;
    tally->new += is_new;
}

static void cut_after(size_t end, bool had_file, struct tally *tally) {
    char what[100];
    const unsigned count = combinations(end);
    for (unsigned chosen = 0; chosen < count; chosen++) {
        const struct disk disk = disk_after(end, had_file, chosen);
        for (int contents = 0; contents < CONTENTS; contents++) {
            snprintf(what, sizeof what, "after %zu of %zu events, names %u, contents %d", end, event_count, chosen,
                     contents);
            check_state(&disk, (enum contents)contents, had_file, end == event_count, what, tally);
        }
    }
}

static struct tally cut_everywhere(bool had_file) {
    struct tally tally = {0};
    event_count = 0;
    memset(file_of, 0, sizeof file_of);
    files[0].size = test_read_scratch("old", files[0].bytes);
    file_count = 1;
    if (had_file)
        tp_test_write_file(TEST_FAULT_FILE, files[0].bytes, files[0].size);
    else
        unlink(tp_test_in_scratch(TEST_FAULT_FILE));
    test_faults_reset();
    test_faults.observe = record;
    test_faults.armed = true;
    const tp_status status = tp_trainer_save(test_saved_run.trainer, tp_test_in_scratch(TEST_FAULT_FILE));
    test_faults.armed = false;
    cr_assert_eq(status, TP_OK, "%s", tp_test_message(tp_test_scratch.context));
    for (size_t end = 0; end <= event_count; end++)
        cut_after(end, had_file, &tally);
    return tally;
}

Test(power_cut, over_an_old_checkpoint) {
    const struct tally tally = cut_everywhere(true);
    cr_assert(tally.old > 50 && tally.new > 10 && !tally.none, "%d old, %d new", tally.old, tally.new);
    cr_log_info("%d states", tally.states);
}

Test(power_cut, where_there_was_no_checkpoint) {
    const struct tally tally = cut_everywhere(false);
    cr_assert(tally.none > 50 && tally.new > 10 && !tally.old, "%d without, %d new", tally.none, tally.new);
    cr_log_info("%d states", tally.states);
}
