/* SPDX-License-Identifier: BSD-3-Clause */
/* For tests of readers: a table of a file in the scratch directory, and bytes of NPY files. */
#ifndef TP_TESTS_TABLES_H
#define TP_TESTS_TABLES_H

#include "table/table.h"

/* Reads a file that must be read; the caller releases the table. */
struct tp_table tp_test_read_table(const char *path, const struct tp_read_options *options);

/* Reads a file that must be refused with this status and a message that has this part, without a leak. */
void tp_test_refuse_table(const char *path, const struct tp_read_options *options, tp_status status,
                          const char *fragment);

/* Columns of numbers must be these, row after row. */
void tp_test_expect_numbers(const struct tp_table *table, const double *numbers, size_t rows, size_t columns);

/* Puts an NPY file with this dictionary and data into the buffer; returns its size. */
size_t tp_test_npy(unsigned char *file, unsigned version, const char *dictionary, const void *data, size_t size);

#endif
