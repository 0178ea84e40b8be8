/* SPDX-License-Identifier: BSD-3-Clause */
/* What a file holds, before anything is decided about it: columns of numbers or of texts. */
#ifndef TP_TABLE_TABLE_H
#define TP_TABLE_TABLE_H

#include "core/context.h"

/* Types of numbers that columns may have; readers convert others to one of these that holds them exactly, or to double
 * rounded to nearest. A missing number is NaN. */
enum tp_number { TP_NUMBER_U8, TP_NUMBER_F32, TP_NUMBER_F64 };

size_t tp_number_size(enum tp_number type);

#define TP_NO_WORD UINT32_MAX /* the code of a missing text */

/* One column: numbers, or texts as codes of words. The table owns what it points to. */
struct tp_field {
    const char *name;         /* NULL: the file has no names */
    const void *numbers;      /* of the first row; NULL: texts */
    enum tp_number type;      /* of numbers */
    size_t stride;            /* from row to row, in numbers */
    const uint32_t *codes;    /* one per row, of words or TP_NO_WORD; NULL: numbers */
    const char *const *words; /* in the order in which they first occur */
    size_t word_count;
    bool one_hot; /* numbers, 1 in rows of some category and 0 in others: they are not scaled */
};

/* Columns of rows. Fields beside each other may be elements of one matrix: the encoder takes such a matrix as it is. */
struct tp_table {
    const struct tp_context *context;
    const char *path; /* for messages; the caller keeps it */
    size_t rows;
    size_t count;
    struct tp_field *fields;
    size_t rank;         /* dimensions that the samples came in, with that of the rows; 2 for tables, 0 unknown;
                            bytes of more are images */
    size_t targets;      /* fields that the file itself says are targets (labels of libsvm, arrays of NPZ and HDF5),
                            behind which there are only others; else 0 */
    size_t others;       /* fields at the end that are there because the options name them */
    bool class_numbers;  /* these targets are numbers of classes 0, 1, ..., as in MNIST's files */
    const size_t *lines; /* of a text file: the line on which each row begins, from 1; NULL: no lines */
    struct tp_block_list *blocks; /* to release */
};

/* Memory of a table, released with it by tp_table_release. NULL when there is none; the caller reports it. */
void *tp_table_allocate(struct tp_table *table, size_t size);

/* Gives the table something else to release: undo(argument, size). TP_ERR_MEMORY: nothing was kept, the caller
 * undoes. */
tp_status tp_table_own(struct tp_table *table, void (*undo)(void *argument, size_t size), void *argument, size_t size);

void tp_table_release(struct tp_table *table);

/* Number row of a field of numbers. */
double tp_field_number(const struct tp_field *field, size_t row);

/* What a message calls field i: 'name', or the number from 1 of a column without one. */
const char *tp_field_label(const struct tp_table *table, size_t i, char *room, size_t size);

/* How a reader of text is to read a column. */
enum tp_field_kind {
    TP_FIELD_ANY = 0, /* whichever it is */
    TP_FIELD_NUMBER,  /* a text that is none is an error */
    TP_FIELD_TEXT,    /* numbers are texts too */
    TP_FIELD_SKIP     /* not needed: the reader may leave numbers and codes NULL */
};

/* What tp_dataset_options say to the reader of a file. */
struct tp_read_options {
    tp_split split;
    bool no_header;
    const char *inputs, *targets; /* names of arrays, NULL: the format's usual names */
    const char *others[2];        /* of arrays that become columns too where the file has them; NULL: none */
    size_t features;              /* of the schema, for sparse files; 0: the largest index */
    size_t memory;                /* larger arrays are put into a temporary file (io/store.h); 0: the default */
    /* Kind of column index, from 0, with this name (NULL: none); may be NULL: TP_FIELD_ANY. */
    enum tp_field_kind (*kind)(const void *user, const char *name, size_t index);
    const void *user;
};

#endif
