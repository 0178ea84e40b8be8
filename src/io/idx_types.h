/* SPDX-License-Identifier: BSD-3-Clause */
/* The element types of IDX files: their sizes, and what becomes of them as samples and as labels. */
#ifndef TP_IO_IDX_TYPES_H
#define TP_IO_IDX_TYPES_H

#include "io/stream.h"

/* For messages. */
#define TP_IDX_TYPES "u8, i8, i16, i32, f32 and f64"

/* Returns how many elements there are before the first that does not fit; count if all do. */
typedef size_t tp_idx_conversion(const void *source, void *target, size_t count);

struct tp_idx_kind {
    tp_idx_type type;
    const char *name;
    size_t size;
    void (*from_big_endian)(void *data, size_t count); /* NULL: single bytes */
    tp_idx_conversion *to_classes;                     /* int32_t; NULL: cannot be labels */
    tp_idx_conversion *to_floats;                      /* NULL: samples as they are */
};

/* NULL if the format has no such type. */
const struct tp_idx_kind *tp_idx_kind_of(unsigned type);

/* Type, rank and dimensions of a stream that begins here. */
tp_status tp_idx_read_header(struct tp_stream *stream, tp_idx *idx);

/* The elements of a file that was read from path, as numbers of 4 bytes in a block of the context's allocator. */
tp_status tp_idx_convert(const struct tp_context *context, const char *path, const tp_idx *idx,
                         tp_idx_conversion *conversion, void **converted);

#endif
