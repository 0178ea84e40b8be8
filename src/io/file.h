/* SPDX-License-Identifier: BSD-3-Clause */
/* Files that are read, in a file system or in memory. Whatever the file system is asked for, here, in place.c and in
 * output.c, goes through functions of the C library that tests can make fail, one call at a time. */
#ifndef TP_IO_FILE_H
#define TP_IO_FILE_H

#include "core/context.h"

#include <sys/types.h>

/* A regular file that is open for reading, or a block of memory with the contents of one. */
struct tp_file {
    const struct tp_context *context;
    const char *path;            /* for messages; the caller keeps it */
    int descriptor;              /* or -1: */
    const unsigned char *memory; /* the contents, which the caller keeps */
    size_t size;                 /* when it was opened */
};

/* Anything but a regular file is refused: only those have a size that bounds what a header may claim. */
tp_status tp_file_open(const struct tp_context *context, const char *path, struct tp_file *file);
void tp_file_close(const struct tp_file *file);

/* A file whose contents are these bytes. It need not be closed. */
struct tp_file tp_file_in_memory(const struct tp_context *context, const void *contents, size_t size);

/* Reads size bytes from offset on; fewer, told by got, only at the end of the file. */
tp_status tp_file_read(const struct tp_file *file, size_t offset, void *buffer, size_t size, size_t *got);

/* True if path certainly does not exist; a path that cannot be examined is left for tp_file_open to report. */
bool tp_file_missing(const char *path);

bool tp_file_is_directory(const char *path);

/* TP_ERR_IO: a file of this mode is not a regular one. */
tp_status tp_fail_irregular(const struct tp_context *context, const char *path, mode_t mode);

/* openat, tried again when a signal interrupts it; programs that are started do not get the descriptor. */
int tp_open_at(int directory, const char *path, int flags, mode_t mode);

#endif
