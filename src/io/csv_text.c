/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/memory.h"
#include "core/size.h"
#include "io/csv.h"
#include "io/stream.h"

#include <assert.h>
#include <string.h>

#define FIRST_ROOM ((size_t)1 << 16)

struct text {
    char *bytes;
    size_t size, room;
};

static tp_status grow(const struct tp_context *context, const char *path, struct text *text, size_t room) {
    char *larger = tp_allocate(context, room);
    if (!larger)
        return tp_fail_allocation(context, path, room);
    if (text->size)
        memcpy(larger, text->bytes, text->size);
    tp_release(context, text->bytes);
    text->bytes = larger;
    text->room = room;
    return TP_OK;
}

/* Where bytes come from: fewer than asked for only at the end. */
typedef tp_status read_fn(void *source, void *buffer, size_t size, size_t *got);

static tp_status read_stream(void *source, void *buffer, size_t size, size_t *got) {
    return tp_stream_read(source, buffer, size, got);
}

static tp_status read_file(void *source, void *buffer, size_t size, size_t *got) {
    struct tp_stream *stream = source;
    const tp_status status = tp_file_read(&stream->file, stream->offset, buffer, size, got);
    stream->offset += *got;
    return status;
}

/* One byte of the room is for the NUL at the end. */
static tp_status read_all(const struct tp_context *context, const char *path, size_t wanted, read_fn *read_some,
                          void *source, struct text *text) {
    for (size_t room = wanted;;) {
        size_t got = 0;
        tp_status status = text->size + 1 < text->room ? TP_OK : grow(context, path, text, room);
        if (!status)
            status = read_some(source, text->bytes + text->size, text->room - text->size - 1, &got);
        if (status)
            return status;
        text->size += got;
        assert(text->bytes);
        text->bytes[text->size] = '\0';
        if (text->size + 1 < text->room)
            return TP_OK;
        room = tp_size_mul(text->room, 2);
    }
}

/* A plain file's size tells the room, with a byte more to see the end. */
static tp_status read_path(const struct tp_context *context, const char *path, struct text *text) {
    struct tp_stream stream;
    tp_status status = tp_stream_open(context, path, &stream);
    if (status)
        return status;
    const size_t room = stream.gzip ? FIRST_ROOM : tp_size_add(stream.file.size, 2);
    if (!stream.gzip)
        stream.offset = 0;
    status = read_all(context, path, room, stream.gzip ? read_stream : read_file, &stream, text);
    if (!status && !stream.gzip && text->size < stream.file.size)
        status = tp_fail(context, TP_ERR_IO, "%s: became shorter while it was read: %zu bytes of %zu", path, text->size,
                         stream.file.size);
    tp_stream_close(&stream);
    return status;
}

static tp_status check(const struct tp_context *context, const char *path, const struct text *text) {
    const char *nul = memchr(text->bytes, '\0', text->size);
    if (!nul)
        return TP_OK;
    size_t line = 1;
    for (const char *at = text->bytes; at < nul; at++)
        line += tp_csv_ends_line(at);
    return tp_fail(context, TP_ERR_FORMAT, "%s: line %zu: has a byte 0x00: this is not a text", path, line);
}

tp_status tp_csv_read_text(const struct tp_context *context, const char *path, struct tp_stream *input, char **bytes,
                           size_t *size) {
    struct text text = {0};
    tp_status status =
        input ? read_all(context, path, FIRST_ROOM, read_stream, input, &text) : read_path(context, path, &text);
    if (!status)
        status = check(context, path, &text);
    if (status)
        tp_release(context, text.bytes);
    *bytes = text.bytes;
    *size = text.size;
    return status;
}
