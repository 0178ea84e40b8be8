/* SPDX-License-Identifier: BSD-3-Clause */
/* Arrays in files: NPY and IDX files as tables, and which format a file has. */
#include "io/format.h"
#include "support/scratch.h"
#include "support/tables.h"

#include <criterion/criterion.h>
#include <string.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#define MAX_FILE 4096

static const struct tp_read_options defaults;

TestSuite(arrays, .init = tp_test_scratch_open, .fini = tp_test_scratch_close);

static const char *write_npy(unsigned version, const char *dictionary, const void *data, size_t size) {
    unsigned char file[MAX_FILE];
    return tp_test_write_file("a.npy", file, tp_test_npy(file, version, dictionary, data, size));
}

/* ---- NPY ---- */

static const struct {
    unsigned version;
    const char *dictionary;
    const char *data;
    size_t size;
    double numbers[4]; /* two rows of two */
} types[] = {
    {1, "{'descr': '|u1', 'fortran_order': False, 'shape': (2, 2), }", "\1\2\3\xff", 4, {1, 2, 3, 255}},
    {1, "{'descr': '|u1', 'fortran_order': True, 'shape': (2, 2), }", "\1\2\3\xff", 4, {1, 3, 2, 255}},
    {2, "{'descr': '|b1', 'fortran_order': False, 'shape': (2, 2), }", "\1\0\0\1", 4, {1, 0, 0, 1}},
    {3, "{'shape': (2, 2), 'fortran_order': False, 'descr': '|i1'}", "\1\2\3\xff", 4, {1, 2, 3, -1}},
    {1, "{'descr': '<i2', 'fortran_order': False, 'shape': (2, 2)}", "\1\0\0\1\xfe\xff\0\0", 8, {1, 256, -2, 0}},
    {1, "{'descr': '>i2', 'fortran_order': False, 'shape': (2, 2)}", "\0\1\1\0\xff\xfe\0\0", 8, {1, 256, -2, 0}},
    {1, "{'descr': '>u2', 'fortran_order': False, 'shape': (2, 2)}", "\0\1\1\0\xff\xfe\0\0", 8, {1, 256, 65534, 0}},
    {1,
     "{'descr': '<f2', 'fortran_order': False, 'shape': (2L, 2L)}",
     "\0\x3c\1\0\xff\xfb\0\xc0",
     8,
     {1, 0x1p-24, -65504, -2}},
    {1,
     "{\"descr\": '<i4', 'fortran_order': False, 'shape': (2, 2)}",
     "\1\0\0\0\xff\xff\xff\x7f\0\0\0\x80\2\0\0\0",
     16,
     {1, 2147483647, -2147483648.0, 2}},
    {1,
     "{'descr': '>u4', 'fortran_order': False, 'shape': (2, 2)}",
     "\0\0\0\1\xff\xff\xff\xff\0\0\0\2\0\0\0\3",
     16,
     {1, 4294967295, 2, 3}},
    {1,
     "{'descr': '<f4', 'fortran_order': True, 'shape': (2, 2)}",
     "\0\0\x80\x3f\0\0\0\x40\0\0\x40\x40\0\0\x80\x40",
     16,
     {1, 3, 2, 4}},
    {1,
     "{'descr': '>f4', 'fortran_order': False, 'shape': (2, 2)}",
     "\x3f\x80\0\0\x40\0\0\0\x40\x40\0\0\x40\x80\0\0",
     16,
     {1, 2, 3, 4}},
    {1,
     "{'descr': '>f8', 'fortran_order': False, 'shape': (2, 2)}",
     "\x3f\xf0\0\0\0\0\0\0\x40\0\0\0\0\0\0\0\x40\x08\0\0\0\0\0\0\x40\x10\0\0\0\0\0\0",
     32,
     {1, 2, 3, 4}},
    {1,
     "{'descr': '<i8', 'fortran_order': False, 'shape': (2, 2)}",
     "\1\0\0\0\0\0\0\0\2\0\0\0\0\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff\0\0\0\0\1\0\0\0",
     32,
     {1, 2, -1, 4294967296}},
    {1,
     "{'descr': '<u8', 'fortran_order': False, 'shape': (2, 2)}",
     "\1\0\0\0\0\0\0\0\2\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x80\0\0\0\0\1\0\0\0",
     32,
     {1, 2, 0x1p63, 4294967296}},
};

Test(arrays, npy_types_orders_and_versions) {
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        const size_t held = tp_test_held();
        const char *path = write_npy(types[i].version, types[i].dictionary, types[i].data, types[i].size);
        struct tp_table table = tp_test_read_table(path, &defaults);
        tp_test_expect_numbers(&table, types[i].numbers, 2, 2);
        cr_expect_eq(table.rank, 2);
        tp_table_release(&table);
        cr_expect_eq(tp_test_held(), held, "%s: something leaked", types[i].dictionary);
    }
}

/* Features in the order of C, whichever order the file has. */
Test(arrays, npy_ranks) {
    const double c[] = {0, 1, 2, 3, 4, 5, 6, 7}, fortran[] = {0, 4, 2, 6, 1, 5, 3, 7}, one[] = {7, 8, 9};
    struct tp_table table = tp_test_read_table(
        write_npy(1, "{'descr': '|u1', 'fortran_order': False, 'shape': (2, 2, 2)}", "\0\1\2\3\4\5\6\7", 8), &defaults);
    tp_test_expect_numbers(&table, c, 2, 4);
    cr_expect_eq(table.rank, 3);
    tp_table_release(&table);
    table = tp_test_read_table(
        write_npy(1, "{'descr': '|u1', 'fortran_order': True, 'shape': (2, 2, 2)}", "\0\1\2\3\4\5\6\7", 8), &defaults);
    tp_test_expect_numbers(&table, fortran, 2, 4);
    tp_table_release(&table);
    table = tp_test_read_table(write_npy(1, "{'descr': '|i1', 'fortran_order': False, 'shape': (3,)}", "\7\10\11", 3),
                               &defaults);
    tp_test_expect_numbers(&table, one, 3, 1);
    tp_table_release(&table);
}

Test(arrays, npy_texts) {
    struct tp_table table = tp_test_read_table(
        write_npy(1, "{'descr': '|S3', 'fortran_order': False, 'shape': (4,)}", "ab\0cde\0\0\0ab\0", 12), &defaults);
    const struct tp_field *field = table.fields;
    cr_assert_eq(field->word_count, 2);
    cr_expect_str_eq(field->words[0], "ab");
    cr_expect_str_eq(field->words[1], "cde");
    cr_expect(field->codes[0] == 0 && field->codes[1] == 1 && field->codes[2] == TP_NO_WORD && field->codes[3] == 0);
    tp_table_release(&table);
    table = tp_test_read_table(
        write_npy(1, "{'descr': '>U2', 'fortran_order': False, 'shape': (1,)}", "\0\0\0\xe4\0\1\xf6\0", 8), &defaults);
    cr_expect_str_eq(table.fields->words[0], "\xc3\xa4\xf0\x9f\x98\x80");
    tp_table_release(&table);
}

/* Every word more than the table has room for must keep its number. */
Test(arrays, npy_many_texts) {
    char data[300][4];
    for (int i = 0; i < 300; i++)
        memcpy(data[i], (char[]){'w', (char)('a' + i % 150 / 26), (char)('a' + i % 150 % 26), 0}, 4);
    struct tp_table table = tp_test_read_table(
        write_npy(1, "{'descr': '|S4', 'fortran_order': False, 'shape': (300,)}", data, sizeof data), &defaults);
    cr_assert_eq(table.fields->word_count, 150);
    for (size_t i = 0; i < 300; i++)
        cr_expect_str_eq(table.fields->words[table.fields->codes[i]], data[i]);
    tp_table_release(&table);
}

static const struct {
    const char *dictionary;
    size_t size;
    tp_status status;
    const char *fragment;
} refused[] = {
    {"{'descr': '|O', 'fortran_order': False, 'shape': (2,)}", 16, TP_ERR_UNSUPPORTED, "Python objects"},
    {"{'descr': '<c8', 'fortran_order': False, 'shape': (2,)}", 16, TP_ERR_UNSUPPORTED, "complex numbers"},
    {"{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2,)}", 8, TP_ERR_UNSUPPORTED, "structures"},
    {"{'descr': '<f16', 'fortran_order': False, 'shape': (2,)}", 32, TP_ERR_UNSUPPORTED, "floats of this size"},
    {"{'descr': '<f4', 'fortran_order': False, 'shape': (2,)}", 7, TP_ERR_FORMAT, "truncated"},
    {"{'descr': '<f4', 'fortran_order': False, 'shape': (2,)}", 9, TP_ERR_FORMAT, "trailing bytes"},
    {"{'descr': '<f4', 'fortran_order': False, 'shape': ()}", 4, TP_ERR_FORMAT, "no rows"},
    {"{'descr': '<f4', 'fortran_order': False, 'shape': (0, 3)}", 0, TP_ERR_FORMAT, "dimension 0 is 0"},
    {"{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296)}", 0, TP_ERR_FORMAT, "size_t"},
    {"{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,)}", 0, TP_ERR_FORMAT, "size_t"},
    {"{'descr': '<f4', 'fortran_order': False}", 0, TP_ERR_FORMAT, "lacks"},
    {"{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (1,)}", 4, TP_ERR_FORMAT, "each once"},
    {"{'descr': '<f4', 'fortran_order': 1, 'shape': (1,)}", 4, TP_ERR_FORMAT, "True or False"},
    {"{'descr': '<f4', 'fortran_order': False, 'shape': (1,)} x", 4, TP_ERR_FORMAT, "its end"},
    {"{'descr': '<f4", 4, TP_ERR_FORMAT, "a type"},
    {"", 4, TP_ERR_FORMAT, "'{'"},
};

Test(arrays, npy_refused) {
    const char zeros[64] = {0};
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        tp_test_refuse_table(write_npy(1, refused[i].dictionary, zeros, refused[i].size), &defaults, refused[i].status,
                             refused[i].fragment);
}

/* ---- where numbers are ---- */

Test(arrays, numbers_without_conversion_are_mapped) {
    struct tp_table table = tp_test_read_table(
        write_npy(1, "{'descr': '|u1', 'fortran_order': False, 'shape': (2, 2)}", "\1\2\3\4", 4), &defaults);
    const int file = open(tp_test_in_scratch("a.npy"), O_WRONLY);
    cr_assert_eq(pwrite(file, "\11", 1, 128), 1); /* what a shared map shows */
    close(file);
    cr_expect_eq(tp_field_number(&table.fields[0], 0), 9);
    tp_table_release(&table);
}

Test(arrays, above_the_limit_of_memory_numbers_are_in_a_temporary_file) {
    const struct tp_read_options small = {.memory = 8};
    const double numbers[] = {1, 256, -2, 0};
    const char *path =
        write_npy(1, "{'descr': '<i2', 'fortran_order': False, 'shape': (2, 2)}", "\1\0\0\1\xfe\xff\0\0", 8);
    struct tp_table table = tp_test_read_table(path, &small);
    tp_test_expect_numbers(&table, numbers, 2, 2);
    tp_table_release(&table);
    setenv("TMPDIR", "/there is none", 1);
    tp_test_refuse_table(path, &small, TP_ERR_IO, "/there is none");
    unsetenv("TMPDIR");
}

/* ---- IDX ---- */

Test(arrays, idx) {
    const unsigned char bytes[] = {0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2, 1, 2, 3, 4};
    const unsigned char floats[] = {0, 0, 13, 2, 0, 0, 0, 2, 0, 0, 0, 1, 0x3f, 0x80, 0, 0, 0x40, 0, 0, 0};
    const double numbers[] = {1, 2, 3, 4}, two[] = {1, 2};
    struct tp_table table = tp_test_read_table(tp_test_write_file("a", bytes, sizeof bytes), &defaults);
    tp_test_expect_numbers(&table, numbers, 2, 2);
    cr_expect_eq(table.rank, 3);
    tp_table_release(&table);
    table = tp_test_read_table(tp_test_write_file("a", floats, sizeof floats), &defaults);
    tp_test_expect_numbers(&table, two, 2, 1);
    tp_table_release(&table);
    tp_test_refuse_table(tp_test_write_file("a", bytes, sizeof bytes - 1), &defaults, TP_ERR_FORMAT, "truncated");
}

/* ---- which format ---- */

Test(arrays, what_no_format_recognises) {
    tp_test_refuse_table(tp_test_write_file("a.bin", "\1\2\0\3\4", 5), &defaults, TP_ERR_FORMAT,
                         "formats are npy (.npy)");
    tp_test_refuse_table(tp_test_in_scratch("none"), &defaults, TP_ERR_IO, "cannot open");
}

/* ---- no memory ---- */

/* Refuses one allocation after the other until there is none left to refuse. */
static void refuse_allocations(const char *path) {
    struct tp_test_allocator *counter = &tp_test_scratch.counter;
    tp_status status = TP_ERR_MEMORY;
    long n = 0;
    for (; status; n++) {
        struct tp_table table;
        const size_t held = tp_test_held();
        counter->remaining = n;
        status = tp_read_table(tp_test_scratch.context, path, &defaults, &table);
        counter->remaining = -1;
        if (!status)
            tp_table_release(&table);
        else
            cr_assert_eq(status, TP_ERR_MEMORY, "allocation %ld: %s", n, tp_test_message(tp_test_scratch.context));
        cr_assert_eq(tp_test_held(), held, "allocation %ld: something leaked", n);
    }
    cr_expect_gt(n, 2);
}

Test(arrays, allocations_that_fail) {
    refuse_allocations(write_npy(1, "{'descr': '<i2', 'fortran_order': False, 'shape': (2,)}", "\1\0\2\0", 4));
    refuse_allocations(write_npy(1, "{'descr': '|u1', 'fortran_order': False, 'shape': (2,)}", "\1\2", 2));
    refuse_allocations(write_npy(1, "{'descr': '|S1', 'fortran_order': False, 'shape': (2,)}", "ab", 2));
    refuse_allocations(tp_test_write_file("a.svm", "1 1:1\n", 6));
    refuse_allocations(tp_test_write_file("a", "\0\0\11\1\0\0\0\1\5", 9));
}
