/* SPDX-License-Identifier: BSD-3-Clause */
/* NumPy's arrays, as files and as members of archives. */
#ifndef TP_IO_NPY_H
#define TP_IO_NPY_H

#include "io/array.h"

/* What the header says. */
struct tp_npy {
    struct tp_array array; /* element is NULL for texts */
    char kind;             /* of the elements as NumPy has it: S or U for texts */
    size_t size;           /* bytes of an element */
};

tp_status tp_npy_read_header(struct tp_source *source, struct tp_npy *npy);

/* Reads an array to the end of the source and adds its columns to the table; npy tells what it was. */
tp_status tp_npy_append(struct tp_source *source, const struct tp_read_options *options, struct tp_table *table,
                        struct tp_npy *npy);

/* Parses the dictionary of a header, which ends with a zero. */
tp_status tp_npy_parse(const struct tp_source *source, const char *text, struct tp_npy *npy);

#endif
