/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Every file-system call of saving and loading fails once, in each of the ways that it may: the status and message say
 * so or the call was tried again, nothing leaks, the model file is the old one or the new one, and a temporary file
 * stays only if it is the new model, complete, and the message names it.
 */

#include "core/context.h"
#include "io/format.h"
#include "support/archives.h"
#include "support/faults.h"
#include "support/scratch.h"
#include "support/tables.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

enum { IN = 250, OUT = 10, PARAMETERS = IN * OUT + OUT, MAX_FILE = 65536 };

#define IMAGES "train-images-idx3-ubyte"
#define LABELS "train-labels-idx1-ubyte"

static tp_context *context;
static tp_model *model; /* what is saved; its file is "new", and that of another one "old" */

static void check(tp_status status) {
    cr_assert_eq(status, TP_OK, "%s", tp_test_message(context));
}

static size_t read_file(const char *name, char *data) {
    FILE *file = fopen(tp_test_in_scratch(name), "rb");
    if (!file)
        return 0;
    const size_t size = fread(data, 1, MAX_FILE, file);
    fclose(file);
    return size;
}

static bool same_files(const char *a, const char *b) {
    static char x[MAX_FILE], y[MAX_FILE];
    const size_t size = read_file(a, x);
    return size && size == read_file(b, y) && !memcmp(x, y, size);
}

static tp_model *make_model(uint64_t seed) {
    static const tp_layer layer = {OUT, TP_ACTIVATION_SOFTMAX, 0, 0};
    tp_model_options options;
    tp_model_options_default(&options);
    options.inputs = IN;
    options.layer_count = 1;
    options.layers = &layer;
    options.seed = seed;
    tp_model *made = NULL;
    check(tp_model_create(context, &options, &made));
    return made;
}

static void set_up(void) {
    tp_test_scratch_open();
    context = tp_test_scratch.context;
    model = make_model(1);
    tp_model *other = make_model(2);
    check(tp_model_save(other, tp_test_in_scratch("old")));
    tp_model_destroy(other);
    check(tp_model_save(model, tp_test_in_scratch("new")));
    cr_assert_not(same_files("old", "new"));
}

static void tear_down(void) {
    tp_model_destroy(model);
    tp_test_scratch_close();
}

TestSuite(file_faults, .init = set_up, .fini = tear_down);

/* ---- operations ---- */

static struct outputs {
    tp_model *model;
    tp_idx idx;
    tp_dataset *dataset;
    struct tp_table table;
} out;

static tp_status save(void) {
    return tp_model_save(model, tp_test_in_scratch("model"));
}

static tp_status save_by_link(void) {
    return tp_model_save(model, tp_test_in_scratch("link"));
}

/* The directory has another name when it is time to commit. */
static tp_status save_and_move(void) {
    tp_output *output = NULL;
    tp_status status = tp_output_create(context, tp_test_in_scratch("here/../model"), &output);
    rmdir(tp_test_in_scratch("here"));
    if (!status)
        status = tp_model_save_to(model, output);
    tp_output_destroy(output);
    cr_assert_eq(mkdir(tp_test_in_scratch("here"), 0700), 0);
    return status;
}

static tp_status load(void) {
    return tp_model_load(context, tp_test_in_scratch("new"), &out.model);
}

static void check_loaded(void) {
    float expected[PARAMETERS], actual[PARAMETERS];
    check(tp_model_get_parameters(model, expected, PARAMETERS));
    check(tp_model_get_parameters(out.model, actual, PARAMETERS));
    cr_expect(tp_test_same_bits(expected, actual, PARAMETERS, "loaded parameters"));
    tp_model_destroy(out.model);
}

/* Incompressible, and more than one refill of the stream's buffer when gzipped. */
enum { IDX_BYTES = 40000 };
static unsigned char idx_file[16 + IDX_BYTES] = {0, 0, 8, 3, 0, 0, 0, 4, 0, 0, 0, 100, 0, 0, 0, 100};

static tp_status read_idx(void) {
    return tp_idx_read(context, tp_test_in_scratch(IMAGES), &out.idx);
}

static tp_status read_gzipped_idx(void) {
    return tp_idx_read(context, tp_test_in_scratch(IMAGES ".gz"), &out.idx);
}

static void check_idx(void) {
    cr_expect_eq(out.idx.elements, IDX_BYTES);
    cr_expect_eq(memcmp(out.idx.data, idx_file + 16, IDX_BYTES), 0);
    tp_idx_release(context, &out.idx);
}

/* The table 1 7, 2 8 in each of the formats. */

static tp_status read_table(const char *name) {
    const struct tp_read_options options = {0};
    struct tp_table table;
    const tp_status status = tp_read_table(context, tp_test_in_scratch(name), &options, &table);
    if (!status)
        out.table = table;
    return status;
}

static void check_table(void) {
    cr_expect(out.table.rows == 2 && tp_field_number(&out.table.fields[0], 1) == 2);
    tp_table_release(&out.table);
}

static void write_csv(void) {
    static const char text[] = "age,town\n1,Oslo\n2,Rome\n";
    tp_test_write_file("table.csv", text, sizeof text - 1);
}

static tp_status read_csv(void) {
    return read_table("table.csv");
}

static void write_libsvm(void) {
    static const char text[] = "0 1:1 2:7\n1 1:2 2:8\n";
    tp_test_write_file("table.svm", text, sizeof text - 1);
}

static tp_status read_libsvm(void) {
    return read_table("table.svm");
}

/* Big-endian floats are not mapped but read. */
#define MATRIX "{'descr': '>f4', 'fortran_order': False, 'shape': (2, 2)}"
static const unsigned char matrix[] = {0x3f, 0x80, 0, 0, 0x40, 0xe0, 0, 0, 0x40, 0, 0, 0, 0x41, 0, 0, 0};

static void write_npy(void) {
    unsigned char file[256];
    tp_test_write_file("table.npy", file, tp_test_npy(file, 1, MATRIX, matrix, sizeof matrix));
}

static tp_status read_npy(void) {
    return read_table("table.npy");
}

#ifdef TP_HAVE_LIBZIP
static void write_npz(void) {
    const char *path = tp_test_in_scratch("table.npz");
    unlink(path);
    tp_test_npz_add(path, "X.npy", MATRIX, matrix, sizeof matrix, ZIP_CM_DEFLATE);
    tp_test_npz_add(path, "y.npy", MATRIX, matrix, sizeof matrix, ZIP_CM_STORE);
}

static tp_status read_npz(void) {
    return read_table("table.npz");
}
#endif

#ifdef TP_HAVE_HDF5
static void write_hdf5(void) {
    tp_test_hdf5_write(tp_test_in_scratch("table.h5"), 2, 2, (const double[]){1, 7, 2, 8}, (const double[]){0, 1});
}

static tp_status read_hdf5(void) {
    return read_table("table.h5");
}
#endif

static tp_status load_dataset(void) {
    return tp_dataset_load(context, tp_test_scratch.path, TP_SPLIT_TRAIN, &out.dataset);
}

static void check_dataset(void) {
    const tp_data *data = tp_dataset_data(out.dataset);
    cr_expect_eq(data->samples, 4);
    cr_expect_eq(data->outputs, 4);
    cr_expect_eq(memcmp(data->bytes, idx_file + 16, IDX_BYTES), 0);
    tp_dataset_destroy(out.dataset);
}

/* ---- what there is before an operation ---- */

static void with_old_file(void) {
    char old[MAX_FILE];
    tp_test_write_file("model", old, read_file("old", old));
}

static void with_odd_owner(void) {
    with_old_file();
    cr_assert(chown(tp_test_in_scratch("model"), 1234, 5678) == 0 || geteuid());
}

static void with_link(void) {
    with_old_file();
    cr_assert(symlink("model", tp_test_in_scratch("link")) == 0 || errno == EEXIST);
}

static void with_directory(void) {
    with_old_file();
    cr_assert(mkdir(tp_test_in_scratch("here"), 0700) == 0 || errno == EEXIST);
}

static void without_file(void) {
    unlink(tp_test_in_scratch("model"));
}

static void write_idx(void) {
    for (size_t i = 0; i < IDX_BYTES; i++)
        idx_file[16 + i] = (unsigned char)tp_test_random(5, i);
    tp_test_write_file(IMAGES, idx_file, sizeof idx_file);
}

static void write_gzipped_idx(void) {
    static unsigned char packed[MAX_FILE];
    write_idx();
    z_stream z = {.next_in = idx_file, .avail_in = sizeof idx_file, .next_out = packed, .avail_out = MAX_FILE};
    cr_assert_eq(deflateInit2(&z, 9, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY), Z_OK);
    cr_assert_eq(deflate(&z, Z_FINISH), Z_STREAM_END);
    deflateEnd(&z);
    tp_test_write_file(IMAGES ".gz", packed, z.total_out);
}

static void write_dataset(void) {
    static const unsigned char labels[] = {0, 0, 8, 1, 0, 0, 0, 4, 0, 1, 2, 3};
    write_idx();
    tp_test_write_file(LABELS, labels, sizeof labels);
}

static const struct operation {
    const char *name;
    void (*prepare)(void);
    tp_status (*run)(void);
    void (*check)(void); /* of what was read, which it releases; NULL for saving */
    size_t least;        /* calls that it makes */
} operations[] = {
    {"saving over a file", with_old_file, save, NULL, 15},
    {"saving a new file", without_file, save, NULL, 18},
    {"saving over somebody else's file", with_odd_owner, save, NULL, 15},
    {"saving through a link", with_link, save_by_link, NULL, 20},
    {"saving where a path ceases to lead", with_directory, save_and_move, NULL, 15},
    {"loading", with_old_file, load, check_loaded, 6},
    {"reading an IDX file", write_idx, read_idx, check_idx, 6},
    {"reading a gzipped IDX file", write_gzipped_idx, read_gzipped_idx, check_idx, 6},
    {"reading a CSV file", write_csv, read_csv, check_table, 12},
    {"reading a libsvm file", write_libsvm, read_libsvm, check_table, 13},
    {"reading an NPY file", write_npy, read_npy, check_table, 14},
#ifdef TP_HAVE_LIBZIP
    {"reading an NPZ file", write_npz, read_npz, check_table, 18},
#endif
#ifdef TP_HAVE_HDF5
    {"reading an HDF5 file", write_hdf5, read_hdf5, check_table, 9}, /* libhdf5 has calls of its own */
#endif
    {"loading a data set", write_dataset, load_dataset, check_dataset, 15},
};
enum { OPERATIONS = sizeof operations / sizeof *operations };

static const struct operation over_a_mount_point = {"saving over a mount point", with_old_file, save, NULL, 15};

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

static int entries_in_scratch(void) {
    int count = 0;
    DIR *directory = opendir(tp_test_scratch.path);
    cr_assert_not_null(directory);
    while (readdir(directory))
        count++;
    closedir(directory);
    return count;
}

static tp_status run(const struct operation *operation, size_t at, int error, int unlink_error) {
    operation->prepare();
    memset(&out, 0x5a, sizeof out);
    test_faults_reset();
    test_faults.at = at;
    test_faults.error = error;
    test_faults.unlink_error = unlink_error;
    test_faults.armed = true;
    const tp_status status = operation->run();
    test_faults.armed = false;
    return status;
}

static void check_failure(tp_status status, const char *what) {
    struct outputs untouched;
    memset(&untouched, 0x5a, sizeof untouched);
    const char *message = tp_test_message(context);
    cr_expect(status == TP_ERR_IO || (test_faults.error == TEST_NONE && status == TP_ERR_FORMAT), "%s: %s (%s)", what,
              tp_status_text(status), message);
    cr_expect(strstr(message, tp_test_scratch.path), "%s: \"%s\" does not name the file", what, message);
    if (test_faults.error > 0 && test_faults.trace[test_faults.at] != TEST_STAT)
        cr_expect(strstr(message, strerror(test_faults.error)), "%s: \"%s\" does not say why", what, message);
    cr_expect_eq(memcmp(&untouched, &out, sizeof out), 0, "%s: an output changed", what);
}

/* What was to be saved and could not be put in its place is in a temporary file; removes it. */
static void check_kept(const char *what) {
    static const char before[] = "what was to be saved is in ";
    const char *kept = strstr(tp_test_message(context), before);
    cr_assert_not_null(kept, "%s: %s", what, tp_test_message(context));
    const char *name = strrchr(kept, '/') + 1;
    cr_expect_eq(strncmp(kept + sizeof before - 1, tp_test_scratch.path, strlen(tp_test_scratch.path)), 0, "%s", kept);
    cr_expect(same_files(name, "new"), "%s: %s is not the model", what, kept);
    cr_expect_eq(unlink(tp_test_in_scratch(name)), 0);
}

/* The old model or the new one, and none only if there was none. */
static void check_saved(const struct operation *operation, tp_status status, const char *what) {
    const bool is_new = same_files("model", "new"), is_old = same_files("model", "old");
    const bool none = operation->prepare == without_file && access(tp_test_in_scratch("model"), F_OK);
    const bool in_place = status && strstr(tp_test_message(context), "(the new file is in place)");
    cr_expect(status && !in_place ? is_old || none : is_new, "%s: status %d, old %d, new %d", what, (int)status, is_old,
              is_new);
}

static bool is_among(enum test_call call, const enum test_call *trace, size_t begin, size_t end) {
    while (begin < end && trace[begin] != call)
        begin++;
    return begin < end;
}

static bool happens(enum test_call call, const enum test_call *trace, size_t begin, size_t end) {
    return is_among(call, trace, begin, end) || (call == TEST_RENAMEAT && is_among(TEST_FTRUNCATE, trace, begin, end));
}

/* trace has the count calls that the operation makes if none fails. */
static bool must_fail(const struct operation *operation, const enum test_call *trace, size_t count, size_t at,
                      const struct fault *fault) {
    switch (fault->outcome) {
    case FIRST_FAILS:
        return !is_among(fault->call, trace, 0, at);
    case LAST_WORKS:
        return is_among(fault->call, trace, at + 1, count) || operation == &over_a_mount_point;
    case IN_PLACE:
        return operation->prepare == without_file;
    case EARLY_FAILS:
        return operation->check || happens(TEST_RENAMEAT, trace, at, count);
    case UNWRITTEN_FAILS:
        return operation->check || !is_among(TEST_WRITE, trace, 0, at);
    default:
        return fault->outcome == FAILS;
    }
}

/* Everything was on disk, but not in its place. */
static bool is_kept(const struct operation *operation, const enum test_call *trace, size_t count, size_t at) {
    return !operation->check && is_among(TEST_FSYNC, trace, 0, at) && happens(TEST_FSYNC, trace, at, count) &&
           !strstr(tp_test_message(context), "(the new file is in place)");
}

/* True if it failed. */
static bool inject(const struct operation *operation, const enum test_call *trace, size_t count, size_t at,
                   const struct fault *fault) {
    char what[200];
    operation->prepare();
    const int entries = entries_in_scratch();
    const size_t held = tp_test_held();
    const tp_status status = run(operation, at, fault->error, 0);
    snprintf(what, sizeof what, "%s, call %zu (%s): %s", operation->name, at, test_call_name(fault->call),
             fault->error > 0 ? strerrorname_np(fault->error)
             : fault->error   ? "nothing"
                              : "half");
    cr_assert_gt(test_faults.count, at, "%s", what);
    if (fault->outcome != EITHER)
        cr_expect_eq(status != TP_OK, must_fail(operation, trace, count, at, fault), "%s: %s", what,
                     tp_status_text(status));
    if (status)
        check_failure(status, what);
    else if (operation->check)
        operation->check();
    if (status && is_kept(operation, trace, count, at))
        check_kept(what);
    if (!operation->check && (!status || operation != &over_a_mount_point))
        check_saved(operation, status, what);
    cr_expect_eq(tp_test_held(), held, "%s: something leaked", what);
    cr_expect_eq(entries_in_scratch(), entries + (operation->prepare == without_file && same_files("model", "new")),
                 "%s: a file stayed", what);
    return status;
}

struct tally {
    int cases, failures, seen[TEST_CALL_COUNT];
};

static void sweep(const struct operation *operation, struct tally *tally) {
    enum test_call trace[TEST_MAX_TRACE];
    cr_assert_eq(run(operation, TEST_NEVER, 0, 0), TP_OK, "%s", tp_test_message(context));
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

Test(file_faults, every_call_fails_once) {
    struct tally tally = {0};
    for (size_t i = 0; i < OPERATIONS; i++)
        sweep(&operations[i], &tally);
    for (int call = 0; call < TEST_UNLINKAT; call++)
        if (call != TEST_FTRUNCATE && (call != TEST_FCHOWN || !geteuid()))
            cr_expect_gt(tally.seen[call], 0, "%s was never called", test_call_name((enum test_call)call));
    cr_expect(tally.failures > 100 && tally.cases - tally.failures > 50, "%d cases, %d failures", tally.cases,
              tally.failures);
}

/* The process has mounts of its own from now on. */
static void may_mount(const char *what) {
    if (!unshare(CLONE_NEWNS) && !mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL))
        return;
    fprintf(stderr, "SKIPPED: %s, because mounting needs root: %s\n", what, strerror(errno));
    cr_skip_test("no permission to mount");
}

/* Both names are one file; the mount goes with the process. */
static void mount_on_itself(const char *name) {
    const char *path = tp_test_in_scratch(name);
    cr_assert_eq(mount(path, path, NULL, MS_BIND, NULL), 0, "%s", strerror(errno));
}

Test(file_faults, every_call_fails_once_at_a_mount_point) {
    struct tally tally = {0};
    may_mount("saving over a mount point");
    with_old_file();
    mount_on_itself("model");
    sweep(&over_a_mount_point, &tally);
    cr_expect(tally.seen[TEST_FTRUNCATE] && !tally.seen[TEST_RENAMEAT]);
    cr_expect(tally.failures > 20 && tally.cases - tally.failures > 10, "%d cases, %d failures", tally.cases,
              tally.failures);
    cr_expect_eq(umount(tp_test_in_scratch("model")), 0, "something is still open");
}

/* ---- two failures, and failures for real ---- */

/* Then the temporary file stays, and the first failure is the one that is told. */
Test(file_faults, the_temporary_file_cannot_be_removed) {
    const struct operation *over_a_file = &operations[0];
    size_t first_write = 0;
    check(run(over_a_file, TEST_NEVER, 0, 0));
    while (test_faults.trace[first_write] != TEST_WRITE)
        first_write++;
    const int entries = entries_in_scratch();
    check_failure(run(over_a_file, first_write, ENOSPC, EIO), "a full disk that cannot be tidied");
    cr_expect(same_files("model", "old"));
    cr_expect_eq(entries_in_scratch(), entries + 1);
    test_faults_reset();
    check(save()); /* by another temporary name */
    cr_expect(same_files("model", "new"));
}

/* A device that is always full is not a file that can be replaced. */
Test(file_faults, dev_full) {
    cr_expect_eq(tp_model_save(model, "/dev/full"), TP_ERR_IO);
    cr_expect_str_eq(tp_test_message(context), "/dev/full: is not a regular file");
    cr_assert_eq(symlink("/dev/full", tp_test_in_scratch("full")), 0);
    cr_expect_eq(tp_model_save(model, tp_test_in_scratch("full")), TP_ERR_IO);
    cr_expect(strstr(tp_test_message(context), "full: is not a regular file"));
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

/* A file system of this process's own with room for the old model and too few pages. */
Test(file_faults, disk_full) {
    char where[PATH_MAX];
    snprintf(where, sizeof where, "%s", tp_test_in_scratch("disk"));
    cr_assert_eq(mkdir(where, 0700), 0);
    may_mount("saving to a full disk");
    cr_assert_eq(mount("none", where, "tmpfs", 0, "size=64k"), 0, "%s", strerror(errno));
    char old[MAX_FILE];
    tp_test_write_file("disk/model", old, read_file("old", old));
    for (size_t pages = 0; pages < 3; pages++) {
        fill(tp_test_in_scratch("disk/rest"), pages * 4096);
        cr_expect_eq(tp_model_save(model, tp_test_in_scratch("disk/model")), TP_ERR_IO);
        const char *message = tp_test_message(context);
        cr_expect(strstr(message, "No space left on device") && strstr(message, "disk/model"), "%s", message);
        cr_expect(same_files("disk/model", "old"), "%zu pages left", pages);
        unlink(tp_test_in_scratch("disk/rest"));
    }
    cr_expect_eq(tp_model_save(model, tp_test_in_scratch("disk/model")), TP_OK);
    cr_expect(same_files("disk/model", "new"));
    cr_expect_eq(umount(where), 0, "something is still open");
}

/* A second temporary file takes the place of one that somebody removed; if it has no name, nothing is closed twice. */
Test(file_faults, a_removed_temporary_file_without_another_name) {
    tp_output *output;
    glob_t found;
    check(tp_output_create(context, tp_test_in_scratch("model"), &output));
    cr_assert(!glob(tp_test_in_scratch(".tileprop-*.tmp"), 0, NULL, &found) && found.gl_pathc == 1);
    cr_assert_eq(unlink(found.gl_pathv[0]), 0);
    globfree(&found);
    test_faults_reset();
    test_faults.at = 2, test_faults.error = EIO, test_faults.armed = true;
    cr_expect_eq(tp_output_commit(output), TP_ERR_IO);
    test_faults.armed = false;
    cr_assert_eq(test_faults.trace[2], TEST_GETRANDOM);
    const int other = dup(STDERR_FILENO); /* of the number that has become free */
    tp_output_destroy(output);
    cr_expect_eq(close(other), 0, "somebody else's descriptor was closed");
}

/* Whoever opens it before its mode is changed can read what is written later. */
Test(file_faults, others_can_never_open_what_is_written) {
    umask(0);
    for (size_t i = 0; i < OPERATIONS; i++)
        if (!operations[i].check) {
            check(run(&operations[i], TEST_NEVER, 0, 0));
            cr_expect_eq(test_faults.created, 0600, "%s: %o", operations[i].name, test_faults.created);
        }
}

/* The data first, then the permissions and the name, then the directory that holds the name. */
Test(file_faults, what_is_renamed_is_on_disk) {
    static const enum test_call expected[] = {TEST_FSYNC, TEST_FCHMOD, TEST_FSYNC, TEST_RENAMEAT};
    check(run(&operations[0], TEST_NEVER, 0, 0));
    size_t renamed = 0;
    while (renamed < test_faults.count && test_faults.trace[renamed] != TEST_RENAMEAT)
        renamed++;
    cr_assert(renamed >= 3 && renamed + 1 < test_faults.count);
    for (size_t i = 0; i < 4; i++)
        cr_expect_eq(test_faults.trace[renamed - 3 + i], expected[i], "%zu", i);
    cr_expect(is_among(TEST_FSYNC, test_faults.trace, renamed, test_faults.count));
}
