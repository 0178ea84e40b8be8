/* SPDX-License-Identifier: BSD-3-Clause */
/* Every file-system call of the library is behind these functions, so that tests can make each of them fail. */
#ifndef TP_IO_FILE_H
#define TP_IO_FILE_H

#include "core/context.h"

/* A regular file that is open for reading. */
struct tp_file {
    const struct tp_context *context;
    const char *path; /* for messages; the caller keeps it */
    int descriptor;
    size_t size; /* when it was opened */
};

/* Anything but a regular file is refused: only those have a size that bounds what a header may claim. */
tp_status tp_file_open(const struct tp_context *context, const char *path, struct tp_file *file);
void tp_file_close(const struct tp_file *file);

/* Reads size bytes from offset on; fewer, told by got, only at the end of the file. */
tp_status tp_file_read(const struct tp_file *file, size_t offset, void *buffer, size_t size, size_t *got);

/* True if path certainly does not exist; a path that cannot be examined is left for tp_file_open to report. */
bool tp_file_missing(const char *path);

bool tp_file_is_directory(const char *path);

struct tp_span {
    const void *data;
    size_t size;
};

/*
 * Makes path hold exactly head and body, durably, or leaves it as it was: temporary file in the same directory, fsync,
 * rename, fsync of the directory. A symbolic link stays and its target is replaced. The permissions are those of the
 * file that is replaced, else 0666 less the umask. Only when the last step, fsync of the directory, fails is the new
 * file in place although an error is returned.
 */
tp_status tp_file_replace(const struct tp_context *context, const char *path, const struct tp_span *head,
                          const struct tp_span *body);

#endif
