/* SPDX-License-Identifier: BSD-3-Clause */
/* Which arrays of a file with several are the features, and which the targets. */
#ifndef TP_IO_ARRAY_NAMES_H
#define TP_IO_ARRAY_NAMES_H

#include "table/table.h"

#define TP_ARRAY_COLUMN_NAMES "names" /* array of texts: those of the features, then of the targets */
/* Likewise texts: of inputs that are one-hot the column of the category, of others and of targets "". */
#define TP_ARRAY_ONE_HOT "one_hot"

struct tp_array_names {
    const char *inputs;
    const char *targets; /* NULL: none */
};

/* A file with named arrays. */
struct tp_array_file {
    const struct tp_table *table;
    bool (*has)(void *user, const char *name);
    void (*list)(void *user, char *text, size_t size); /* what is there, for messages */
    void *user;
};

/* What options name, else the usual names. TP_ERR_FORMAT, listing what is there, if there is no such array. */
tp_status tp_array_names_find(const struct tp_array_file *file, const struct tp_read_options *options,
                              struct tp_array_names *names);

/* Adds a name to a list that is cut to size. */
void tp_array_names_list(char *text, size_t size, const char *name, size_t length);

#endif
