/* SPDX-License-Identifier: BSD-3-Clause */
#include "support/tables.h"

#include "io/format.h"
#include "support/scratch.h"

#include <criterion/criterion.h>
#include <string.h>

struct tp_table tp_test_read_table(const char *path, const struct tp_read_options *options) {
    struct tp_table table;
    const tp_status status = tp_read_table(tp_test_scratch.context, path, options, &table);
    cr_assert_eq(status, TP_OK, "%s", tp_test_message(tp_test_scratch.context));
    return table;
}

void tp_test_refuse_table(const char *path, const struct tp_read_options *options, tp_status status,
                          const char *fragment) {
    struct tp_table table;
    const size_t held = tp_test_held();
    const tp_status got = tp_read_table(tp_test_scratch.context, path, options, &table);
    const char *message = tp_test_message(tp_test_scratch.context);
    cr_expect_eq(got, status, "status %d instead of %d (%s)", (int)got, (int)status, message);
    cr_expect(strstr(message, fragment), "\"%s\" does not say \"%s\"", message, fragment);
    cr_expect_eq(tp_test_held(), held, "%s: something leaked", fragment);
}

void tp_test_expect_numbers(const struct tp_table *table, const double *numbers, size_t rows, size_t columns) {
    cr_assert_eq(table->rows, rows, "%zu rows", table->rows);
    cr_assert_eq(table->count, columns, "%zu columns", table->count);
    for (size_t row = 0; row < rows; row++)
        for (size_t i = 0; i < columns; i++) {
            const double got = tp_field_number(&table->fields[i], row);
            cr_expect(got == numbers[row * columns + i], "row %zu, column %zu: %g", row, i, got);
        }
}

size_t tp_test_npy(unsigned char *file, unsigned version, const char *dictionary, const void *data, size_t size) {
    const size_t start = version == 1 ? 10 : 12, used = strlen(dictionary);
    const size_t whole = (start + used + 64) / 64 * 64, length = whole - start;
    memcpy(file, "\x93NUMPY", 6);
    memset(file + 6, 0, 6);
    file[6] = (unsigned char)version;
    file[8] = (unsigned char)length;
    file[9] = (unsigned char)(length >> 8);
    memcpy(file + start, dictionary, used);
    memset(file + start + used, ' ', length - used);
    file[whole - 1] = '\n';
    memcpy(file + whole, data, size);
    return whole + size;
}
