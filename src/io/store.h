/* SPDX-License-Identifier: BSD-3-Clause */
/* Where the numbers of arrays are: in memory, in a temporary file, or in the file that they are read from. */
#ifndef TP_IO_STORE_H
#define TP_IO_STORE_H

#include "io/file.h"
#include "table/table.h"

/* Memory for an array that the table owns. An array of more bytes than options->memory is in an unlinked file in
 * $TMPDIR, or else /tmp, whose space is reserved: a full disk is an error here and not a signal later. */
tp_status tp_store_allocate(struct tp_table *table, const struct tp_read_options *options, size_t size, void **block);

/* No larger array can be allocated: bytes of options->memory, or free in the file system of temporary files. */
size_t tp_store_limit(const struct tp_read_options *options);

/* A part of a file, read-only, that the table owns; it must lie within the file. Whoever makes the file shorter while
 * it is mapped brings the process SIGBUS at the next access. *block is NULL where the file system cannot map. */
tp_status tp_store_map(struct tp_table *table, const struct tp_file *file, size_t offset, size_t size,
                       const void **block);

#endif
