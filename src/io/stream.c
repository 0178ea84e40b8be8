/* SPDX-License-Identifier: BSD-3-Clause */
#include "io/stream.h"

#include "core/memory.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#define GZIP_WINDOW (16 + MAX_WBITS) /* 16: with gzip header and checksum */
#define DEFLATE_MAX_RATIO 1032       /* 258 bytes for 2 bits */

static void *z_allocate(void *context, unsigned items, unsigned size) {
    return tp_allocate(context, tp_size_mul(items, size));
}

static void z_release(void *context, void *block) {
    tp_release(context, block);
}

/* A terminal says only once that its input ends. */
static tp_status read_pipe(struct tp_stream *stream, size_t *got) {
    *got = 0;
    while (*got < sizeof stream->input && !stream->ended) {
        const ssize_t n = read(stream->file.descriptor, stream->input + *got, sizeof stream->input - *got);
        stream->ended = n == 0;
        if (n > 0)
            *got += (size_t)n;
        else if (n < 0 && errno != EINTR)
            return tp_fail(stream->file.context, TP_ERR_IO, "%s: cannot read: %s", stream->file.path, strerror(errno));
    }
    return TP_OK;
}

static tp_status refill(struct tp_stream *stream) {
    size_t got;
    assert(!stream->z.avail_in);
    const tp_status status =
        stream->piped ? read_pipe(stream, &got)
                      : tp_file_read(&stream->file, stream->offset, stream->input, sizeof stream->input, &got);
    stream->offset += got;
    stream->z.next_in = stream->input;
    stream->z.avail_in = (uInt)got;
    return status;
}

static tp_status begin(struct tp_stream *stream) {
    const struct tp_context *context = stream->file.context;
    const tp_status status = refill(stream);
    if (status)
        return status;
    stream->gzip = stream->z.avail_in >= 2 && stream->input[0] == 0x1f && stream->input[1] == 0x8b;
    stream->z.zalloc = z_allocate;
    stream->z.zfree = z_release;
    stream->z.opaque = (void *)(uintptr_t)context; /* which is only read */
    if (stream->gzip && inflateInit2(&stream->z, GZIP_WINDOW) != Z_OK)
        return tp_fail(context, TP_ERR_MEMORY, "%s: cannot allocate memory to decompress it", stream->file.path);
    return TP_OK;
}

static void close_file(const struct tp_stream *stream) {
    if (!stream->piped)
        tp_file_close(&stream->file);
}

static tp_status open_stream(const struct tp_file *file, bool piped, struct tp_stream *stream) {
    memset(stream, 0, sizeof *stream);
    stream->file = *file;
    stream->piped = piped;
    const tp_status status = begin(stream);
    if (status)
        close_file(stream);
    return status;
}

tp_status tp_stream_open(const struct tp_context *context, const char *path, struct tp_stream *stream) {
    struct tp_file file;
    const tp_status status = tp_file_open(context, path, &file);
    return status ? status : open_stream(&file, false, stream);
}

tp_status tp_stream_open_input(const struct tp_context *context, struct tp_stream *stream) {
    const struct tp_file input = {.context = context, .path = TP_STANDARD_INPUT, .descriptor = STDIN_FILENO};
    return open_stream(&input, true, stream);
}

void tp_stream_close(struct tp_stream *stream) {
    if (stream->gzip)
        inflateEnd(&stream->z);
    close_file(stream);
}

static size_t copy(z_stream *z, void *buffer, size_t size) {
    const size_t n = size < z->avail_in ? size : z->avail_in;
    memcpy(buffer, z->next_in, n);
    z->next_in += n;
    z->avail_in -= (uInt)n;
    return n;
}

static tp_status fail_inflate(const struct tp_stream *stream, int code) {
    if (code == Z_MEM_ERROR)
        return tp_fail(stream->file.context, TP_ERR_MEMORY, "%s: cannot allocate memory to decompress it",
                       stream->file.path);
    return tp_fail(stream->file.context, TP_ERR_FORMAT, "%s: corrupt gzip data before byte %zu: %s", stream->file.path,
                   stream->offset - stream->z.avail_in, stream->z.msg ? stream->z.msg : zError(code));
}

static tp_status decompress(struct tp_stream *stream, void *buffer, size_t size, size_t *got) {
    const uInt room = size < 1u << 30 ? (uInt)size : 1u << 30;
    if (!stream->in_member)
        inflateReset(&stream->z);
    stream->z.next_out = buffer;
    stream->z.avail_out = room;
    const int code = inflate(&stream->z, Z_NO_FLUSH);
    if (code != Z_OK && code != Z_STREAM_END)
        return fail_inflate(stream, code);
    stream->in_member = code != Z_STREAM_END;
    *got = room - stream->z.avail_out;
    return TP_OK;
}

/* gzip takes zeros after the last member for the padding of a medium with blocks. */
static tp_status skip_padding(struct tp_stream *stream) {
    tp_status status = TP_OK;
    while (!status && stream->z.avail_in) {
        for (; stream->z.avail_in && !*stream->z.next_in; stream->z.next_in++)
            stream->z.avail_in--;
        if (stream->z.avail_in)
            return tp_fail(stream->file.context, TP_ERR_FORMAT,
                           "%s: corrupt gzip data: byte %zu is 0x%02x; only zeros may follow a zero after a member",
                           stream->file.path, stream->offset - stream->z.avail_in, *stream->z.next_in);
        status = refill(stream);
    }
    return status;
}

static bool is_padding(const struct tp_stream *stream) {
    return stream->gzip && !stream->in_member && stream->z.avail_in && !*stream->z.next_in;
}

static tp_status read_available(struct tp_stream *stream, void *buffer, size_t size, size_t *got) {
    *got = 0;
    while (*got < size) {
        tp_status status = stream->z.avail_in ? TP_OK : refill(stream);
        if (!status && is_padding(stream))
            status = skip_padding(stream);
        if (status || !stream->z.avail_in)
            return status;
        unsigned char *next = (unsigned char *)buffer + *got;
        size_t n = 0;
        if (stream->gzip)
            status = decompress(stream, next, size - *got, &n);
        else
            n = copy(&stream->z, next, size - *got);
        if (status)
            return status;
        *got += n;
    }
    return TP_OK;
}

tp_status tp_stream_read(struct tp_stream *stream, void *buffer, size_t size, size_t *got) {
    const tp_status status = read_available(stream, buffer, size, got);
    if (!status && *got < size && stream->in_member)
        return tp_fail(stream->file.context, TP_ERR_FORMAT, "%s: truncated gzip data", stream->file.path);
    return status;
}

tp_status tp_stream_peek(const struct tp_stream *stream, void *buffer, size_t size, size_t *got) {
    struct tp_stream first;
    struct tp_file block = tp_file_in_memory(stream->file.context, stream->z.next_in, stream->z.avail_in);
    block.path = stream->file.path;
    tp_status status = open_stream(&block, false, &first);
    *got = 0;
    if (status)
        return status;
    status = read_available(&first, buffer, size, got);
    tp_stream_close(&first);
    return status;
}

size_t tp_stream_limit(const struct tp_stream *stream) {
    return stream->gzip ? tp_size_mul(stream->file.size, DEFLATE_MAX_RATIO) : stream->file.size;
}
