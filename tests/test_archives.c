/* SPDX-License-Identifier: BSD-3-Clause */
/* NPZ and HDF5 files as tables; without their libraries they are refused. */
#include "support/scratch.h"
#include "support/tables.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#ifdef TP_HAVE_LIBZIP
#include <zip.h>
#endif
#ifdef TP_HAVE_HDF5
#include <hdf5.h>
#endif

static const struct tp_read_options defaults;

TestSuite(archives, .init = tp_test_scratch_open, .fini = tp_test_scratch_close);

#ifdef TP_HAVE_LIBZIP

static const char *path_of_archive(void) {
    static char path[4096];
    snprintf(path, sizeof path, "%s/a.npz", tp_test_scratch.path);
    return path;
}

static void begin_archive(void) {
    unlink(path_of_archive());
}

static void add(const char *name, const char *dictionary, const void *data, size_t size, zip_int32_t method) {
    unsigned char file[4096];
    const size_t whole = tp_test_npy(file, 1, dictionary, data, size);
    zip_t *zip = zip_open(path_of_archive(), ZIP_CREATE, NULL);
    cr_assert(zip);
    const zip_int64_t index = zip_file_add(zip, name, zip_source_buffer(zip, file, whole, 0), 0);
    cr_assert_geq(index, 0);
    cr_assert_eq(zip_set_file_compression(zip, (zip_uint64_t)index, method, 0), 0);
    cr_assert_eq(zip_close(zip), 0);
}

#define BYTES "{'descr': '|u1', 'fortran_order': False, 'shape': (2, 2)}"
#define LABELS "{'descr': '<i2', 'fortran_order': False, 'shape': (2,)}"

Test(archives, npz_stored_and_deflated) {
    const double numbers[] = {1, 2, 7, 3, 4, 8};
    const zip_int32_t methods[] = {ZIP_CM_STORE, ZIP_CM_DEFLATE};
    for (size_t i = 0; i < 2; i++) {
        begin_archive();
        add("y_train.npy", LABELS, "\7\0\10\0", 4, methods[i]);
        add("x_train.npy", BYTES, "\1\2\3\4", 4, methods[i]);
        add("names.npy", "{'descr': '|S1', 'fortran_order': False, 'shape': (3,)}", "aby", 3, methods[i]);
        const size_t held = tp_test_held();
        struct tp_table table = tp_test_read_table(path_of_archive(), &defaults);
        tp_test_expect_numbers(&table, numbers, 2, 3);
        cr_expect_eq(table.targets, 1);
        cr_expect_str_eq(table.fields[0].name, "a");
        cr_expect_str_eq(table.fields[2].name, "y");
        tp_table_release(&table);
        cr_expect_eq(tp_test_held(), held, "something leaked");
    }
}

/* What is in the file shows in a map of it. */
Test(archives, npz_stored_numbers_are_mapped) {
    unsigned char bytes[4096];
    begin_archive();
    add("first.npy", LABELS, "\7\0\10\0", 4, ZIP_CM_STORE);
    add("X.npy", BYTES, "\321\322\323\324", 4, ZIP_CM_STORE);
    struct tp_table table = tp_test_read_table(path_of_archive(), &defaults);
    cr_expect_eq(table.targets, 0);
    const int file = open(path_of_archive(), O_RDWR);
    const ssize_t size = read(file, bytes, sizeof bytes);
    const unsigned char *found = memmem(bytes, (size_t)size, "\321\322\323\324", 4);
    cr_assert(found);
    cr_assert_eq(pwrite(file, "\11", 1, found - bytes), 1);
    close(file);
    cr_expect_eq(tp_field_number(&table.fields[0], 0), 9);
    tp_table_release(&table);
}

/* Arrays that are columns beside the inputs and the targets, and which inputs are one-hot. */
Test(archives, npz_of_more_columns) {
    const double numbers[] = {1, 2, 7, 5, 3, 4, 8, 6};
    const struct tp_read_options others = {.others = {"w", "absent"}}, inputs = {.others = {"x_train", "y_train"}};
    const struct tp_read_options matrix = {.others = {NULL, "z"}};
    begin_archive();
    add("x_train.npy", BYTES, "\1\2\3\4", 4, ZIP_CM_STORE);
    add("y_train.npy", LABELS, "\7\0\10\0", 4, ZIP_CM_STORE);
    add("w.npy", LABELS, "\5\0\6\0", 4, ZIP_CM_STORE);
    add("z.npy", BYTES, "\1\2\3\4", 4, ZIP_CM_STORE);
    add("names.npy", "{'descr': '|S1', 'fortran_order': False, 'shape': (3,)}", "aby", 3, ZIP_CM_STORE);
    add("one_hot.npy", "{'descr': '|S1', 'fortran_order': False, 'shape': (3,)}", "\0c\0", 3, ZIP_CM_STORE);
    struct tp_table table = tp_test_read_table(path_of_archive(), &others);
    tp_test_expect_numbers(&table, numbers, 2, 4);
    cr_expect_eq(table.targets, 1);
    cr_expect_eq(table.others, 1);
    for (size_t i = 0; i < 4; i++) {
        cr_expect_eq(*table.fields[i].name, "abyw"[i]);
        cr_expect_eq(table.fields[i].one_hot, i == 1);
    }
    tp_table_release(&table);
    table = tp_test_read_table(path_of_archive(), &inputs);
    cr_expect_eq(table.count, 3);
    tp_table_release(&table);
    tp_test_refuse_table(path_of_archive(), &matrix, TP_ERR_FORMAT, "array z: it must be one value for each row");
}

Test(archives, npz_refused) {
    const struct tp_read_options named = {.inputs = "a", .targets = "b"}, other = {.inputs = "a", .targets = "c"};
    begin_archive();
    add("a.npy", BYTES, "\1\2\3\4", 4, ZIP_CM_DEFLATE);
    add("b.npy", "{'descr': '|u1', 'fortran_order': False, 'shape': (3,)}", "\1\2\3", 3, ZIP_CM_STORE);
    tp_test_refuse_table(path_of_archive(), &defaults, TP_ERR_FORMAT, "name one of: a, b");
    tp_test_refuse_table(path_of_archive(), &other, TP_ERR_FORMAT, "no array 'c'; there are: a, b");
    tp_test_refuse_table(path_of_archive(), &named, TP_ERR_FORMAT, "array b: it has 3 rows; the array before it has 2");
    tp_test_refuse_table(tp_test_write_file("b", "PK\3\4what", 8), &defaults, TP_ERR_FORMAT, "zip archive");
}

#else

Test(archives, npz_without_libzip) {
    tp_test_refuse_table(tp_test_write_file("b", "PK\3\4what", 8), &defaults, TP_ERR_UNSUPPORTED, "TILEPROP_ZIP");
}

#endif

#ifdef TP_HAVE_HDF5

static const char *path_of_hdf5(void) {
    static char path[4096];
    snprintf(path, sizeof path, "%s/a.h5", tp_test_scratch.path);
    return path;
}

/* chunk: rows of a chunk; 0: contiguous */
static void add_dataset(hid_t file, const char *name, hid_t type, hsize_t rows, hsize_t columns, hsize_t chunk,
                        const double *numbers) {
    const hsize_t dims[] = {rows, columns}, chunks[] = {chunk, columns};
    const hid_t space = H5Screate_simple(2, dims, NULL), layout = H5Pcreate(H5P_DATASET_CREATE);
    if (chunk) {
        H5Pset_chunk(layout, 2, chunks);
        H5Pset_deflate(layout, 6);
    }
    const hid_t set = H5Dcreate2(file, name, type, space, H5P_DEFAULT, layout, H5P_DEFAULT);
    cr_assert_geq(H5Dwrite(set, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, numbers), 0);
    H5Dclose(set);
    H5Pclose(layout);
    H5Sclose(space);
}

Test(archives, hdf5_types_and_layouts) {
    const hid_t types[] = {H5T_STD_U8LE,   H5T_STD_I8BE,   H5T_STD_I16BE,  H5T_STD_U32LE, H5T_STD_I64LE,
                           H5T_IEEE_F32LE, H5T_IEEE_F32BE, H5T_IEEE_F64LE, H5T_IEEE_F64BE};
    const double x[] = {1, 2, 3, 4}, y[] = {5, 6}, numbers[] = {1, 2, 5, 3, 4, 6};
    const struct tp_read_options named = {.inputs = "/X", .targets = "/y"};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        for (hsize_t chunk = 0; chunk < 2; chunk++) {
            const hid_t file = H5Fcreate(path_of_hdf5(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
            add_dataset(file, "X", types[i], 2, 2, chunk, x);
            add_dataset(file, "y", H5T_IEEE_F64LE, 2, 1, chunk, y);
            H5Fclose(file);
            const size_t held = tp_test_held();
            struct tp_table table = tp_test_read_table(path_of_hdf5(), i ? &defaults : &named);
            tp_test_expect_numbers(&table, numbers, 2, 3);
            cr_expect_eq(table.targets, 1);
            tp_table_release(&table);
            cr_expect_eq(tp_test_held(), held, "something leaked");
        }
}

/* More than is asked for at a time. */
Test(archives, hdf5_in_blocks) {
    static double numbers[1100000];
    const size_t rows = sizeof numbers / sizeof *numbers;
    for (size_t i = 0; i < rows; i++)
        numbers[i] = (double)i;
    const hid_t file = H5Fcreate(path_of_hdf5(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    add_dataset(file, "X", H5T_IEEE_F32BE, rows, 1, 0, numbers);
    H5Fclose(file);
    struct tp_table table = tp_test_read_table(path_of_hdf5(), &defaults);
    cr_assert_eq(table.rows, rows);
    for (size_t i = 0; i < rows; i++)
        cr_assert_eq(tp_field_number(&table.fields[0], i), numbers[i]);
    tp_table_release(&table);
}

Test(archives, hdf5_refused) {
    const struct tp_read_options other = {.inputs = "/a/b"};
    const hsize_t one = 1;
    const hid_t file = H5Fcreate(path_of_hdf5(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    const hid_t space = H5Screate_simple(1, &one, NULL);
    H5Dclose(H5Dcreate2(file, "a", H5T_C_S1, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
    H5Sclose(space);
    H5Fclose(file);
    const struct tp_read_options texts = {.inputs = "a"};
    tp_test_refuse_table(path_of_hdf5(), &texts, TP_ERR_UNSUPPORTED, "its elements are texts");
    tp_test_refuse_table(path_of_hdf5(), &other, TP_ERR_FORMAT, "no array '/a/b'; there are: a");
    tp_test_refuse_table(tp_test_write_file("b", "\x89HDF\r\n\x1a\nwhat", 12), &defaults, TP_ERR_FORMAT, "cannot open");
}

#else

Test(archives, hdf5_without_libhdf5) {
    tp_test_refuse_table(tp_test_write_file("b", "\x89HDF\r\n\x1a\nwhat", 12), &defaults, TP_ERR_UNSUPPORTED,
                         "TILEPROP_HDF5");
}

#endif
