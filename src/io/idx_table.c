/* SPDX-License-Identifier: BSD-3-Clause */
/* One IDX file as a table: samples without targets. */
#include "core/size.h"
#include "io/array.h"
#include "io/format.h"
#include "io/idx_types.h"

#include <string.h>

static const struct tp_element *element_of(tp_idx_type type) {
    const size_t size = tp_idx_kind_of(type)->size;
    const bool real = type == TP_IDX_TYPE_F32 || type == TP_IDX_TYPE_F64;
    return tp_element_of(type == TP_IDX_TYPE_U8 ? 'u' : real ? 'f' : 'i', size);
}

static tp_status read_on(void *user, void *buffer, size_t size, size_t *got) {
    return tp_stream_read(user, buffer, size, got);
}

static tp_status read_array(struct tp_stream *stream, const struct tp_read_options *options, struct tp_table *table) {
    tp_idx idx = {0};
    tp_status status = tp_idx_read_header(stream, &idx);
    if (status)
        return status;
    struct tp_source source = {.context = table->context,
                               .label = table->path,
                               .read = read_on,
                               .user = stream,
                               .file = stream->gzip ? NULL : &stream->file,
                               .limit = tp_stream_limit(stream),
                               .taken = (1 + idx.rank) * sizeof(uint32_t)};
    struct tp_array array = {
        .element = element_of(idx.type), .swap = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, .rank = idx.rank};
    memcpy(array.dims, idx.dims, idx.rank * sizeof *idx.dims);
    status = tp_array_read(&source, options, table, &array);
    if (!status)
        status = tp_array_append(&source, &array, table);
    table->rank = tp_max(idx.rank, 2);
    return status;
}

static bool recognises(const struct tp_file_head *head) {
    return head->size >= 4 && !head->bytes[0] && !head->bytes[1] && tp_idx_kind_of(head->bytes[2]) &&
           head->bytes[3] >= 1 && head->bytes[3] <= TP_IDX_MAX_RANK;
}

static tp_status read_table(const char *path, const struct tp_read_options *options, struct tp_table *table) {
    struct tp_stream stream;
    tp_status status = tp_stream_open(table->context, path, &stream);
    if (status)
        return status;
    status = read_array(&stream, options, table);
    tp_stream_close(&stream);
    return status;
}

const struct tp_format tp_idx_format = {"idx", ".idx -ubyte", recognises, false, false, read_table};
