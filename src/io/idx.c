/* SPDX-License-Identifier: BSD-3-Clause */
/* IDX: two zero bytes, a type, a rank, rank 32-bit dimensions, then the elements; all big-endian. */
#include "core/cancel.h"
#include "core/memory.h"
#include "io/idx_types.h"
#include "io/stream.h"

#include <endian.h>
#include <string.h>

static tp_status fail_short(const struct tp_stream *stream, const char *what, size_t promised) {
    return tp_fail(stream->file.context, TP_ERR_FORMAT, "%s: truncated: fewer than the %zu bytes of %s",
                   stream->file.path, promised, what);
}

static tp_status read_exactly(struct tp_stream *stream, void *buffer, size_t size, const char *what) {
    size_t got;
    const tp_status status = tp_stream_read(stream, buffer, size, &got);
    if (status)
        return status;
    return got == size ? TP_OK : fail_short(stream, what, size);
}

static tp_status read_magic(struct tp_stream *stream, tp_idx *idx) {
    unsigned char magic[4];
    const struct tp_context *context = stream->file.context;
    const char *path = stream->file.path;
    const tp_status status = read_exactly(stream, magic, sizeof magic, "its magic number");
    if (status)
        return status;
    if (magic[0] || magic[1])
        return tp_fail(context, TP_ERR_FORMAT,
                       "%s: not an IDX file: it begins with bytes 0x%02x 0x%02x instead of two zeros", path, magic[0],
                       magic[1]);
    if (!tp_idx_kind_of(magic[2]))
        return tp_fail(context, TP_ERR_FORMAT, "%s: element type 0x%02x is not supported: " TP_IDX_TYPES " are", path,
                       magic[2]);
    if (!magic[3] || magic[3] > TP_IDX_MAX_RANK)
        return tp_fail(context, TP_ERR_FORMAT, "%s: rank is %u; it must be 1..%d", path, magic[3], TP_IDX_MAX_RANK);
    idx->type = (tp_idx_type)magic[2];
    idx->rank = magic[3];
    return TP_OK;
}

static tp_status read_dims(struct tp_stream *stream, tp_idx *idx) {
    uint32_t dims[TP_IDX_MAX_RANK];
    const tp_status status = read_exactly(stream, dims, idx->rank * sizeof *dims, "its dimensions");
    if (status)
        return status;
    idx->elements = 1;
    for (size_t i = 0; i < idx->rank; i++) {
        idx->dims[i] = be32toh(dims[i]);
        idx->elements = tp_size_mul(idx->elements, idx->dims[i]);
        if (!idx->dims[i])
            return tp_fail(stream->file.context, TP_ERR_FORMAT, "%s: dimension %zu is 0; it must be at least 1",
                           stream->file.path, i);
    }
    if (tp_size_mul(idx->elements, tp_idx_kind_of(idx->type)->size) == TP_SIZE_OVERFLOW)
        return tp_fail(stream->file.context, TP_ERR_FORMAT, "%s: the product of its dimensions does not fit in size_t",
                       stream->file.path);
    return TP_OK;
}

/* One byte more, so that the end of the file, and of a gzip checksum, is reached as well. */
static tp_status check_end(struct tp_stream *stream, size_t bytes) {
    unsigned char extra;
    size_t got;
    const tp_status status = tp_stream_read(stream, &extra, 1, &got);
    if (!status && got)
        return tp_fail(stream->file.context, TP_ERR_FORMAT, "%s: trailing bytes after its %zu bytes of data",
                       stream->file.path, bytes);
    return status;
}

/* A claim that the file cannot hold is refused before memory is asked for. */
static tp_status read_data(tp_context *context, struct tp_stream *stream, tp_idx *idx) {
    const struct tp_idx_kind *kind = tp_idx_kind_of(idx->type);
    const size_t bytes = idx->elements * kind->size;
    if (bytes > tp_stream_limit(stream))
        return fail_short(stream, "data that its header promises", bytes);
    idx->data = tp_allocate(context, bytes);
    if (!idx->data)
        return tp_fail_allocation(context, stream->file.path, bytes);
    tp_status status = read_exactly(stream, idx->data, bytes, "data that its header promises");
    if (!status)
        status = check_end(stream, bytes);
    if (!status && kind->from_big_endian)
        kind->from_big_endian(idx->data, idx->elements);
    if (status)
        tp_release(context, idx->data);
    return status;
}

tp_status tp_idx_read_header(struct tp_stream *stream, tp_idx *idx) {
    const tp_status status = read_magic(stream, idx);
    return status ? status : read_dims(stream, idx);
}

static tp_status read_all(tp_context *context, struct tp_stream *stream, tp_idx *idx) {
    const tp_status status = tp_idx_read_header(stream, idx);
    return status ? status : read_data(context, stream, idx);
}

tp_status tp_idx_read(tp_context *context, const char *path, tp_idx *idx) {
    if (!context)
        return TP_ERR_ARGUMENT;
    if (!path || !idx)
        return tp_fail(context, TP_ERR_ARGUMENT, "tp_idx_read: %s is NULL", path ? "idx" : "path");
    struct tp_stream stream;
    tp_idx result = {0};
    const int cancel = tp_cancel_hold();
    tp_status status = tp_stream_open(context, path, &stream);
    if (!status) {
        status = read_all(context, &stream, &result);
        tp_stream_close(&stream);
    }
    if (!status)
        *idx = result;
    tp_cancel_restore(cancel);
    return status;
}

void tp_idx_release(tp_context *context, tp_idx *idx) {
    if (!context || !idx)
        return;
    tp_release(context, idx->data);
    memset(idx, 0, sizeof *idx);
}
