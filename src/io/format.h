/* SPDX-License-Identifier: BSD-3-Clause */
/* Formats of data files: one file in this folder and one row of the table in format.c each. */
#ifndef TP_IO_FORMAT_H
#define TP_IO_FORMAT_H

#include "table/table.h"

#define TP_FORMAT_HEAD 512 /* bytes of a file that a format may look at to recognise it */

/* The first bytes of a file, decompressed, and its name without .gz. */
struct tp_file_head {
    const char *path; /* "-": standard input */
    bool gzip;
    size_t size; /* of bytes; fewer than TP_FORMAT_HEAD in a short file */
    unsigned char bytes[TP_FORMAT_HEAD];
};

struct tp_format {
    const char *name;                                    /* "csv" */
    const char *suffixes;                                /* ".csv .tsv": where the content does not tell */
    bool (*recognises)(const struct tp_file_head *head); /* by content; NULL: by name alone */
    bool standard_input;                                 /* can be read from a pipe */
    bool named_arrays;                                   /* inputs and targets of the options are names in it */
    /* Fills the table, whose context and path are set. After a failure the caller releases it. */
    tp_status (*read)(const char *path, const struct tp_read_options *options, struct tp_table *table);
};

extern const struct tp_format tp_csv_format, tp_npy_format, tp_npz_format, tp_svmlight_format, tp_hdf5_format,
    tp_idx_format;

/* The first row whose format recognises the content, else the one with the name's suffix, reads the file. */
tp_status tp_read_table(const struct tp_context *context, const char *path, const struct tp_read_options *options,
                        struct tp_table *table);

#endif
