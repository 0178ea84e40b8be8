/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Every file-system call of saving and loading models and reading data fails once, as support/fault_sweep.h says.
 */

#include "core/context.h"
#include "io/format.h"
#include "support/archives.h"
#include "support/fault_sweep.h"
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

enum { IN = 250, OUT = 10, PARAMETERS = IN * OUT + OUT };

#define IMAGES "train-images-idx3-ubyte"
#define LABELS "train-labels-idx1-ubyte"

static tp_context *context;
static tp_model *model; /* what is saved; its file is "new", and that of another one "old" */

static void check(tp_status status) {
    cr_assert_eq(status, TP_OK, "%s", tp_test_message(context));
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
    cr_assert_not(test_same_files("old", "new"));
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

static void forget_outputs(void) {
    memset(&out, 0x5a, sizeof out);
}

static void check_untouched(const char *what) {
    struct outputs untouched;
    memset(&untouched, 0x5a, sizeof untouched);
    cr_expect_eq(memcmp(&untouched, &out, sizeof out), 0, "%s: an output changed", what);
}

static tp_status save(void) {
    return tp_model_save(model, tp_test_in_scratch("file"));
}

static tp_status save_by_link(void) {
    return tp_model_save(model, tp_test_in_scratch("link"));
}

/* The directory has another name when it is time to commit. */
static tp_status save_and_move(void) {
    tp_output *output = NULL;
    tp_status status = tp_output_create(context, tp_test_in_scratch("here/../file"), &output);
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

#ifdef TP_HAVE_LIBPROTOBUF_C
static tp_status export_onnx_to(const char *name) {
    tp_output *output = NULL;
    tp_status status = tp_output_create(context, tp_test_in_scratch(name), &output);
    if (!status)
        status = tp_model_export_onnx(model, output);
    tp_output_destroy(output);
    return status;
}

static void write_onnx(void) {
    forget_outputs();
    check(export_onnx_to("model.onnx"));
}

static tp_status import_onnx(void) {
    return tp_model_import_onnx(context, tp_test_in_scratch("model.onnx"), NULL, &out.model);
}
#endif

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
    forget_outputs();
    static const char text[] = "age,town\n1,Oslo\n2,Rome\n";
    tp_test_write_file("table.csv", text, sizeof text - 1);
}

static tp_status read_csv(void) {
    return read_table("table.csv");
}

static void write_libsvm(void) {
    forget_outputs();
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
    forget_outputs();
    unsigned char file[256];
    tp_test_write_file("table.npy", file, tp_test_npy(file, 1, MATRIX, matrix, sizeof matrix));
}

static tp_status read_npy(void) {
    return read_table("table.npy");
}

#ifdef TP_HAVE_LIBZIP
static void write_npz(void) {
    forget_outputs();
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
    forget_outputs();
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
    char old[TEST_MAX_FILE];
    tp_test_write_file("file", old, test_read_scratch("old", old));
}

static void with_odd_owner(void) {
    with_old_file();
    cr_assert(chown(tp_test_in_scratch("file"), 1234, 5678) == 0 || geteuid());
}

static void with_link(void) {
    with_old_file();
    cr_assert(symlink("file", tp_test_in_scratch("link")) == 0 || errno == EEXIST);
}

static void with_directory(void) {
    with_old_file();
    cr_assert(mkdir(tp_test_in_scratch("here"), 0700) == 0 || errno == EEXIST);
}

static void without_file(void) {
    unlink(tp_test_in_scratch("file"));
}

static void write_idx(void) {
    forget_outputs();
    for (size_t i = 0; i < IDX_BYTES; i++)
        idx_file[16 + i] = (unsigned char)tp_test_random(5, i);
    tp_test_write_file(IMAGES, idx_file, sizeof idx_file);
}

static void write_gzipped_idx(void) {
    static unsigned char packed[TEST_MAX_FILE];
    write_idx();
    z_stream z = {.next_in = idx_file, .avail_in = sizeof idx_file, .next_out = packed, .avail_out = TEST_MAX_FILE};
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

static const struct test_fault_operation operations[] = {
    {"saving over a file", with_old_file, save, 15},
    {"saving a new file", without_file, save, 18, .creates = true},
    {"saving over somebody else's file", with_odd_owner, save, 15},
    {"saving through a link", with_link, save_by_link, 20},
    {"saving where a path ceases to lead", with_directory, save_and_move, 15},
    {"loading", forget_outputs, load, 6, check_loaded, check_untouched},
#ifdef TP_HAVE_LIBPROTOBUF_C
    {"reading an ONNX file", write_onnx, import_onnx, 4, check_loaded, check_untouched},
#endif
    {"reading an IDX file", write_idx, read_idx, 6, check_idx, check_untouched},
    {"reading a gzipped IDX file", write_gzipped_idx, read_gzipped_idx, 6, check_idx, check_untouched},
    {"reading a CSV file", write_csv, read_csv, 12, check_table, check_untouched},
    {"reading a libsvm file", write_libsvm, read_libsvm, 13, check_table, check_untouched},
    {"reading an NPY file", write_npy, read_npy, 14, check_table, check_untouched},
#ifdef TP_HAVE_LIBZIP
    {"reading an NPZ file", write_npz, read_npz, 18, check_table, check_untouched},
#endif
#ifdef TP_HAVE_HDF5
    {"reading an HDF5 file", write_hdf5, read_hdf5, 9, check_table, check_untouched}, /* libhdf5 has calls of its own */
#endif
    {"loading a data set", write_dataset, load_dataset, 15, check_dataset, check_untouched},
};
enum { OPERATIONS = sizeof operations / sizeof *operations };

static const struct test_fault_operation over_a_mount_point = {"saving over a mount point", with_old_file, save, 15,
                                                               .mounted = true};

Test(file_faults, every_call_fails_once) {
    struct test_tally tally = {0};
    for (size_t i = 0; i < OPERATIONS; i++)
        test_fault_sweep(&operations[i], &tally);
    for (int call = 0; call < TEST_UNLINKAT; call++)
        if (call != TEST_FTRUNCATE && (call != TEST_FCHOWN || !geteuid()))
            cr_expect_gt(tally.seen[call], 0, "%s was never called", test_call_name((enum test_call)call));
    cr_expect(tally.failures > 100 && tally.cases - tally.failures > 50, "%d cases, %d failures", tally.cases,
              tally.failures);
}

/* Both names are one file; the mount goes with the process. */
static void mount_on_itself(const char *name) {
    const char *path = tp_test_in_scratch(name);
    cr_assert_eq(mount(path, path, NULL, MS_BIND, NULL), 0, "%s", strerror(errno));
}

Test(file_faults, every_call_fails_once_at_a_mount_point) {
    struct test_tally tally = {0};
    test_may_mount("saving over a mount point");
    with_old_file();
    mount_on_itself("file");
    test_fault_sweep(&over_a_mount_point, &tally);
    cr_expect(tally.seen[TEST_FTRUNCATE] && !tally.seen[TEST_RENAMEAT]);
    cr_expect(tally.failures > 20 && tally.cases - tally.failures > 10, "%d cases, %d failures", tally.cases,
              tally.failures);
    cr_expect_eq(umount(tp_test_in_scratch("file")), 0, "something is still open");
}

/* ---- two failures, and failures for real ---- */

/* Then the temporary file stays, and the first failure is the one that is told. */
Test(file_faults, the_temporary_file_cannot_be_removed) {
    const struct test_fault_operation *over_a_file = &operations[0];
    size_t first_write = 0;
    check(test_fault_run(over_a_file, TEST_NEVER, 0, 0));
    while (test_faults.trace[first_write] != TEST_WRITE)
        first_write++;
    const int entries = test_scratch_entries();
    test_check_failure(test_fault_run(over_a_file, first_write, ENOSPC, EIO), "a full disk that cannot be tidied");
    cr_expect(test_same_files("file", "old"));
    cr_expect_eq(test_scratch_entries(), entries + 1);
    test_faults_reset();
    check(save()); /* by another temporary name */
    cr_expect(test_same_files("file", "new"));
}

static tp_status save_to(const char *path) {
    return tp_model_save(model, path);
}

Test(file_faults, dev_full) {
    test_dev_full(save_to);
}

Test(file_faults, disk_full) {
    test_disk_full(save_to);
}

/* A second temporary file takes the place of one that somebody removed; if it has no name, nothing is closed twice. */
Test(file_faults, a_removed_temporary_file_without_another_name) {
    tp_output *output;
    glob_t found;
    check(tp_output_create(context, tp_test_in_scratch("file"), &output));
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
            check(test_fault_run(&operations[i], TEST_NEVER, 0, 0));
            cr_expect_eq(test_faults.created, 0600, "%s: %o", operations[i].name, test_faults.created);
        }
}

/* The data first, then the permissions and the name, then the directory that holds the name. */
Test(file_faults, what_is_renamed_is_on_disk) {
    static const enum test_call expected[] = {TEST_FSYNC, TEST_FCHMOD, TEST_FSYNC, TEST_RENAMEAT};
    check(test_fault_run(&operations[0], TEST_NEVER, 0, 0));
    size_t renamed = 0;
    while (renamed < test_faults.count && test_faults.trace[renamed] != TEST_RENAMEAT)
        renamed++;
    cr_assert(renamed >= 3 && renamed + 1 < test_faults.count);
    for (size_t i = 0; i < 4; i++)
        cr_expect_eq(test_faults.trace[renamed - 3 + i], expected[i], "%zu", i);
    cr_expect(test_is_among(TEST_FSYNC, test_faults.trace, renamed, test_faults.count));
}
