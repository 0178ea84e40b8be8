/* SPDX-License-Identifier: BSD-3-Clause */
/* Arrays in files: types of elements, dimensions, and how they become columns. */
#ifndef TP_IO_ARRAY_H
#define TP_IO_ARRAY_H

#include "io/store.h"

#define TP_ARRAY_MAX_RANK 32

/* Bytes from front to back, of a file or of a member of an archive. */
struct tp_source {
    const struct tp_context *context;
    const char *label; /* for messages */
    tp_status (*read)(void *user, void *buffer, size_t size, size_t *got);
    void *user;
    const struct tp_file *file; /* that holds the bytes as they are, from begin on; NULL: none */
    size_t begin;
    size_t limit; /* no more bytes than these can come */
    size_t taken; /* so far */
};

/* Reads size bytes; TP_ERR_FORMAT, naming what, if there are fewer. */
tp_status tp_source_read(struct tp_source *source, void *buffer, size_t size, const char *what);

/* TP_ERR_FORMAT unless the source ends here. */
tp_status tp_source_end(struct tp_source *source);

/* Converts count elements; swap: they are in the other byte order. */
typedef void tp_element_conversion(const void *source, size_t count, bool swap, void *target);

struct tp_element {
    char kind; /* as NumPy has it: b, i, u or f */
    size_t size;
    enum tp_number number;          /* what it becomes */
    tp_element_conversion *convert; /* NULL: it is that in the machine's byte order */
};

/* NULL if columns cannot have such elements. */
const struct tp_element *tp_element_of(char kind, size_t size);

struct tp_array {
    const struct tp_element *element;
    bool swap;    /* not the machine's byte order */
    bool fortran; /* the first dimension is the one that varies fastest */
    size_t rank;
    size_t dims[TP_ARRAY_MAX_RANK];
    size_t elements; /* set by tp_array_measure */
    const void *numbers;
};

/* Elements of an array of elements of this size; TP_ERR_FORMAT if it has none, or too many for memory. */
tp_status tp_array_measure(const struct tp_source *source, struct tp_array *array, size_t size);

/* Maps the numbers or reads them to the end of the source. */
tp_status tp_array_read(struct tp_source *source, const struct tp_read_options *options, struct tp_table *table,
                        struct tp_array *array);

/* Adds the array's columns to the table: the first dimension is that of the rows, all others are features. The rows
 * must be as many as those of the columns before. */
tp_status tp_array_append(const struct tp_source *source, const struct tp_array *array, struct tp_table *table);

/* Room for count more fields, zeroed, which table->count includes then; NULL: no memory, which was reported. */
struct tp_field *tp_table_append(struct tp_table *table, size_t count);

/* TP_ERR_FORMAT if the table has columns with another number of rows. */
tp_status tp_array_check_rows(const struct tp_source *source, const struct tp_table *table, size_t rows);

#endif
