/* SPDX-License-Identifier: BSD-3-Clause */
/* The contents of a file or of standard input, plain or gzipped, from front to back. */
#ifndef TP_IO_STREAM_H
#define TP_IO_STREAM_H

#include "io/file.h"

#include <zlib.h>

#define TP_STANDARD_INPUT "standard input" /* in messages */

struct tp_stream {
    struct tp_file file;
    size_t offset; /* in the file, of the next byte to put into input */
    bool piped;    /* from standard input, which cannot be read again */
    bool ended;    /* so did the pipe */
    bool gzip;
    bool in_member; /* a gzip member has begun and not ended */
    z_stream z;     /* a plain file uses next_in and avail_in only */
    unsigned char input[16384];
};

/* The first two bytes tell whether the file is gzipped. */
tp_status tp_stream_open(const struct tp_context *context, const char *path, struct tp_stream *stream);
/* The same for standard input, which stays open. */
tp_status tp_stream_open_input(const struct tp_context *context, struct tp_stream *stream);
void tp_stream_close(struct tp_stream *stream);

/* Reads size bytes; fewer, told by got, only at the end. A gzipped file ends with its last member and zeros after it:
 * unlike gzread, this refuses whatever else follows. */
tp_status tp_stream_read(struct tp_stream *stream, void *buffer, size_t size, size_t *got);

/* The first bytes, as far as they are in the first block of the file, of a stream that nothing was read from; reading
 * still begins with them. */
tp_status tp_stream_peek(const struct tp_stream *stream, void *buffer, size_t size, size_t *got);

/* No file of this size can hold more bytes than this. */
size_t tp_stream_limit(const struct tp_stream *stream);

#endif
