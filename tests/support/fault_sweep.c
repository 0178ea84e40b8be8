/* SPDX-License-Identifier: BSD-3-Clause */

#include "fault_sweep.h"

#include "scratch.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

size_t test_read_scratch(const char *name, char data[TEST_MAX_FILE]) {
    FILE *file = fopen(tp_test_in_scratch(name), "rb");
    if (!file)
        return 0;
    const size_t size = fread(data, 1, TEST_MAX_FILE, file);
    fclose(file);
    return size;
}

bool test_same_files(const char *a, const char *b) {
    static char x[TEST_MAX_FILE], y[TEST_MAX_FILE];
    const size_t size = test_read_scratch(a, x);
    return size && size == test_read_scratch(b, y) && !memcmp(x, y, size);
}

/* ---- what a call may say, and what must come of it ---- */

enum outcome {
    FAILS,           /* TP_ERR_IO */
    WORKS,           /* tried again, or of no consequence */
    FIRST_FAILS,     /* the others are only to find out which file is there */
    LAST_WORKS,      /* that of the directory */
    IN_PLACE,        /* the old file is written in place, if there is one */
    EARLY_FAILS,     /* what comes after the rename is to find out whether there is anything to tell */
    UNWRITTEN_FAILS, /* what comes after writing is to find out whether the temporary file is still there */
    EITHER           /* the end of the file where it is, or before; other ways to open a directory, other names */
};

static const struct fault {
    enum test_call call;
    int error;
    enum outcome outcome;
} faults[] = {
    {TEST_STAT, EIO, FIRST_FAILS},
    {TEST_STAT, EACCES, FIRST_FAILS},
    {TEST_STATX, EIO, EARLY_FAILS},
    {TEST_STATX, EACCES, EARLY_FAILS},
    {TEST_OPENAT, EINTR, WORKS},
    {TEST_OPENAT, EMFILE, EARLY_FAILS},
    {TEST_OPENAT, EIO, EARLY_FAILS},
    {TEST_OPENAT, ENOSPC, EARLY_FAILS},
    {TEST_OPENAT, EROFS, EARLY_FAILS},
    {TEST_OPENAT, EDQUOT, EARLY_FAILS},
    {TEST_OPENAT, EEXIST, EITHER},
    {TEST_OPENAT, EACCES, EITHER},
    {TEST_FSTAT, EIO, UNWRITTEN_FAILS},
    {TEST_FSTAT, EOVERFLOW, UNWRITTEN_FAILS},
    {TEST_PREAD, EINTR, WORKS},
    {TEST_PREAD, TEST_SHORT, WORKS},
    {TEST_PREAD, TEST_NONE, EITHER},
    {TEST_PREAD, EIO, FAILS},
    {TEST_PREAD, ESTALE, FAILS},
    {TEST_READLINKAT, EIO, EARLY_FAILS},
    {TEST_READLINKAT, EACCES, EARLY_FAILS},
    {TEST_GETRANDOM, EINTR, WORKS},
    {TEST_GETRANDOM, ENOSYS, FAILS},
    {TEST_WRITE, EINTR, WORKS},
    {TEST_WRITE, TEST_SHORT, WORKS},
    {TEST_WRITE, TEST_NONE, FAILS},
    {TEST_WRITE, ENOSPC, FAILS},
    {TEST_WRITE, EIO, FAILS},
    {TEST_WRITE, EDQUOT, FAILS},
    {TEST_WRITE, EFBIG, FAILS},
    {TEST_FCHOWN, EPERM, FAILS},
    {TEST_FCHOWN, EIO, FAILS},
    {TEST_FCHMOD, EPERM, FAILS},
    {TEST_FCHMOD, EIO, FAILS},
    {TEST_FTRUNCATE, EIO, FAILS},
    {TEST_FSYNC, EINTR, WORKS},
    {TEST_FSYNC, EIO, FAILS},
    {TEST_FSYNC, ENOSPC, FAILS},
    {TEST_FSYNC, EDQUOT, FAILS},
    {TEST_FSYNC, EINVAL, LAST_WORKS},
    {TEST_RENAMEAT, EIO, FAILS},
    {TEST_RENAMEAT, ENOSPC, FAILS},
    {TEST_RENAMEAT, EBUSY, IN_PLACE},
    {TEST_RENAMEAT, EXDEV, IN_PLACE},
    {TEST_CLOSE, EINTR, WORKS},
    {TEST_CLOSE, EIO, WORKS},
    {TEST_READLINK, EACCES, WORKS},
};

int test_scratch_entries(void) {
    int count = 0;
    DIR *directory = opendir(tp_test_scratch.path);
    cr_assert_not_null(directory);
    while (readdir(directory))
        count++;
    closedir(directory);
    return count;
}

tp_status test_fault_run(const struct test_fault_operation *operation, size_t at, int error, int unlink_error) {
    operation->prepare();
    test_faults_reset();
    test_faults.at = at;
    test_faults.error = error;
    test_faults.unlink_error = unlink_error;
    test_faults.armed = true;
    const tp_status status = operation->run();
    test_faults.armed = false;
    return status;
}

void test_check_failure(tp_status status, const char *what) {
    const char *message = tp_test_message(tp_test_scratch.context);
    cr_expect(status == TP_ERR_IO || (test_faults.error == TEST_NONE && status == TP_ERR_FORMAT), "%s: %s (%s)", what,
              tp_status_text(status), message);
    cr_expect(strstr(message, tp_test_scratch.path), "%s: \"%s\" does not name the file", what, message);
    if (test_faults.error > 0 && test_faults.trace[test_faults.at] != TEST_STAT)
        cr_expect(strstr(message, strerror(test_faults.error)), "%s: \"%s\" does not say why", what, message);
}

/* What was to be saved and could not be put in its place is in a temporary file; removes it. */
static void check_kept(const char *what) {
    static const char before[] = "what was to be saved is in ";
    const char *kept = strstr(tp_test_message(tp_test_scratch.context), before);
    cr_assert_not_null(kept, "%s: %s", what, tp_test_message(tp_test_scratch.context));
    const char *name = strrchr(kept, '/') + 1;
    cr_expect_eq(strncmp(kept + sizeof before - 1, tp_test_scratch.path, strlen(tp_test_scratch.path)), 0, "%s", kept);
    cr_expect(test_same_files(name, "new"), "%s: %s is not the model", what, kept);
    cr_expect_eq(unlink(tp_test_in_scratch(name)), 0);
}

/* The old model or the new one, and none only if there was none. */
static void check_saved(const struct test_fault_operation *operation, tp_status status, const char *what) {
    const bool is_new = test_same_files(TEST_FAULT_FILE, "new"), is_old = test_same_files(TEST_FAULT_FILE, "old");
    const bool none = operation->creates && access(tp_test_in_scratch(TEST_FAULT_FILE), F_OK);
    const bool in_place = status && strstr(tp_test_message(tp_test_scratch.context), "(the new file is in place)");
    cr_expect(status && !in_place ? is_old || none : is_new, "%s: status %d, old %d, new %d", what, (int)status, is_old,
              is_new);
}

bool test_is_among(enum test_call call, const enum test_call *trace, size_t begin, size_t end) {
    while (begin < end && trace[begin] != call)
        begin++;
    return begin < end;
}

static bool happens(enum test_call call, const enum test_call *trace, size_t begin, size_t end) {
    return test_is_among(call, trace, begin, end) ||
           (call == TEST_RENAMEAT && test_is_among(TEST_FTRUNCATE, trace, begin, end));
}

/* trace has the count calls that the operation makes if none fails. */
static bool must_fail(const struct test_fault_operation *operation, const enum test_call *trace, size_t count,
                      size_t at, const struct fault *fault) {
    switch (fault->outcome) {
    case FIRST_FAILS:
        return !test_is_among(fault->call, trace, 0, at);
    case LAST_WORKS:
        return test_is_among(fault->call, trace, at + 1, count) || operation->mounted;
    case IN_PLACE:
        return operation->creates;
    case EARLY_FAILS:
        return operation->check || happens(TEST_RENAMEAT, trace, at, count);
    case UNWRITTEN_FAILS:
        return operation->check || !test_is_among(TEST_WRITE, trace, 0, at);
    default:
        return fault->outcome == FAILS;
    }
}

/* Everything was on disk, but not in its place. */
static bool is_kept(const struct test_fault_operation *operation, const enum test_call *trace, size_t count,
                    size_t at) {
    return !operation->check && test_is_among(TEST_FSYNC, trace, 0, at) && happens(TEST_FSYNC, trace, at, count) &&
           !strstr(tp_test_message(tp_test_scratch.context), "(the new file is in place)");
}

/* True if it failed. */
static bool inject(const struct test_fault_operation *operation, const enum test_call *trace, size_t count, size_t at,
                   const struct fault *fault) {
    char what[200];
    operation->prepare();
    const int entries = test_scratch_entries();
    const size_t held = tp_test_held();
    const tp_status status = test_fault_run(operation, at, fault->error, 0);
    snprintf(what, sizeof what, "%s, call %zu (%s): %s", operation->name, at, test_call_name(fault->call),
             fault->error > 0 ? strerrorname_np(fault->error)
             : fault->error   ? "nothing"
                              : "half");
    cr_assert_gt(test_faults.count, at, "%s", what);
    if (fault->outcome != EITHER)
        cr_expect_eq(status != TP_OK, must_fail(operation, trace, count, at, fault), "%s: %s", what,
                     tp_status_text(status));
    if (status) {
        test_check_failure(status, what);
        if (operation->refused)
            operation->refused(what);
    } else if (operation->check)
        operation->check();
    if (status && is_kept(operation, trace, count, at))
        check_kept(what);
    if (!operation->check && (!status || !operation->mounted))
        check_saved(operation, status, what);
    cr_expect_eq(tp_test_held(), held, "%s: something leaked", what);
    cr_expect_eq(test_scratch_entries(), entries + (operation->creates && test_same_files(TEST_FAULT_FILE, "new")),
                 "%s: a file stayed", what);
    return status;
}

void test_fault_sweep(const struct test_fault_operation *operation, struct test_tally *tally) {
    enum test_call trace[TEST_MAX_TRACE];
    cr_assert_eq(test_fault_run(operation, TEST_NEVER, 0, 0), TP_OK, "%s", tp_test_message(tp_test_scratch.context));
    if (operation->check)
        operation->check();
    const size_t count = test_faults.count;
    memcpy(trace, test_faults.trace, sizeof trace);
    cr_expect_geq(count, operation->least, "%s: %zu calls", operation->name, count);
    for (size_t at = 0; at < count; at++) {
        tally->seen[trace[at]]++;
        for (size_t f = 0; f < sizeof faults / sizeof *faults; f++) {
            if (faults[f].call == trace[at]) {
                tally->failures += inject(operation, trace, count, at, &faults[f]);
                tally->cases++;
            }
        }
    }
}

/* ---- full disks ---- */

void test_may_mount(const char *what) {
    if (!unshare(CLONE_NEWNS) && !mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL))
        return;
    fprintf(stderr, "SKIPPED: %s, because mounting needs root: %s\n", what, strerror(errno));
    cr_skip_test("no permission to mount");
}

void test_dev_full(tp_status (*save)(const char *path)) {
    cr_expect_eq(save("/dev/full"), TP_ERR_IO);
    cr_expect_str_eq(tp_test_message(tp_test_scratch.context), "/dev/full: is not a regular file");
    cr_assert_eq(symlink("/dev/full", tp_test_in_scratch("full")), 0);
    cr_expect_eq(save(tp_test_in_scratch("full")), TP_ERR_IO);
    cr_expect(strstr(tp_test_message(tp_test_scratch.context), "full: is not a regular file"));
    char now[1];
    FILE *device = fopen("/dev/full", "rb");
    cr_assert(device && fread(now, 1, 1, device) == 1 && !now[0], "/dev/full is gone");
    fclose(device);
}

/* Fills the disk but for left bytes, in pages. */
static void fill(const char *path, size_t left) {
    static char page[4096];
    FILE *file = fopen(path, "wb");
    cr_assert_not_null(file);
    setbuf(file, NULL);
    while (fwrite(page, 1, sizeof page, file) == sizeof page)
        ;
    const long size = ftell(file);
    fclose(file);
    cr_assert_eq(truncate(path, size / 4096 * 4096 - (long)left), 0);
}

void test_disk_full(tp_status (*save)(const char *path)) {
    char where[PATH_MAX];
    snprintf(where, sizeof where, "%s", tp_test_in_scratch("disk"));
    cr_assert_eq(mkdir(where, 0700), 0);
    test_may_mount("saving to a full disk");
    cr_assert_eq(mount("none", where, "tmpfs", 0, "size=64k"), 0, "%s", strerror(errno));
    char old[TEST_MAX_FILE];
    tp_test_write_file("disk/file", old, test_read_scratch("old", old));
    for (size_t pages = 0; pages < 3; pages++) {
        fill(tp_test_in_scratch("disk/rest"), pages * 4096);
        cr_expect_eq(save(tp_test_in_scratch("disk/file")), TP_ERR_IO);
        const char *message = tp_test_message(tp_test_scratch.context);
        cr_expect(strstr(message, "No space left on device") && strstr(message, "disk/file"), "%s", message);
        cr_expect(test_same_files("disk/file", "old"), "%zu pages left", pages);
        unlink(tp_test_in_scratch("disk/rest"));
    }
    cr_expect_eq(save(tp_test_in_scratch("disk/file")), TP_OK);
    cr_expect(test_same_files("disk/file", "new"));
    cr_expect_eq(umount(where), 0, "something is still open");
}
