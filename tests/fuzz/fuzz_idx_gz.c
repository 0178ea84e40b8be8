/* SPDX-License-Identifier: BSD-3-Clause */
/* An IDX file, gzipped here in one or more members, reads as the plain file does; damaged, it is refused or reads the
 * same. */
#include "fuzz.h"

#include <string.h>
#include <zlib.h>

#define MAX_CONTENT 8192
#define MAX_ZIPPED (2 * MAX_CONTENT + 4096)
#define MAX_MEMBERS 3

struct zipped {
    size_t size;
    uint8_t bytes[MAX_ZIPPED];
};

static void append_member(struct zipped *zipped, struct fuzz_input *choices, const uint8_t *content, size_t size) {
    const int level = (int)fuzz_below(choices, 10), window = 9 + (int)fuzz_below(choices, 7);
    const int memory = 1 + (int)fuzz_below(choices, 9), strategy = (int)fuzz_below(choices, 5);
    z_stream z = {.next_in = (Bytef *)(uintptr_t)content, .avail_in = (uInt)size};
    z.next_out = zipped->bytes + zipped->size;
    z.avail_out = (uInt)(MAX_ZIPPED - zipped->size);
    require(deflateInit2(&z, level, Z_DEFLATED, 16 + window, memory, strategy) == Z_OK);
    require(deflate(&z, Z_FINISH) == Z_STREAM_END);
    zipped->size += z.total_out;
    deflateEnd(&z);
}

static void zip(struct zipped *zipped, struct fuzz_input *choices, const uint8_t *content, size_t size) {
    zipped->size = 0;
    for (size_t members = fuzz_below(choices, MAX_MEMBERS); members; members--) {
        const size_t part = (size_t)fuzz_take(choices, 2) % (size + 1);
        append_member(zipped, choices, content, part);
        content += part;
        size -= part;
    }
    append_member(zipped, choices, content, size);
}

enum damage { NONE, PADDED, CHANGED, CUT, LONGER };

/* Puts zeros after it, which is none; changes a byte, cuts the end off, or puts something after it. */
static enum damage damage(struct zipped *zipped, struct fuzz_input *choices) {
    const enum damage kind = (enum damage)fuzz_below(choices, LONGER + 1);
    const size_t at = (size_t)fuzz_take(choices, 2) % zipped->size;
    const uint8_t value = (uint8_t)fuzz_take(choices, 1);
    if (kind == PADDED)
        for (size_t i = 0; i < value; i++)
            zipped->bytes[zipped->size++] = 0;
    else if (kind == CHANGED)
        zipped->bytes[at] ^= value;
    else if (kind == CUT)
        zipped->size = at;
    else if (kind == LONGER)
        zipped->bytes[zipped->size++] = value;
    return kind;
}

static tp_status read_bytes(const void *bytes, size_t size, tp_idx *idx) {
    memset(idx, 0, sizeof *idx);
    const tp_status status = tp_idx_read(fuzz_context(), fuzz_file(bytes, size), idx);
    require(status == TP_OK || status == TP_ERR_FORMAT);
    return status;
}

static size_t bytes_of(const tp_idx *idx) {
    static const size_t element_size[] = {[TP_IDX_TYPE_U8] = 1,  [TP_IDX_TYPE_I8] = 1,  [TP_IDX_TYPE_I16] = 2,
                                          [TP_IDX_TYPE_I32] = 4, [TP_IDX_TYPE_F32] = 4, [TP_IDX_TYPE_F64] = 8};
    return idx->elements * element_size[idx->type];
}

static void require_same(const tp_idx *a, const tp_idx *b) {
    require(a->type == b->type && a->rank == b->rank && a->elements == b->elements);
    require(!memcmp(a->dims, b->dims, a->rank * sizeof *a->dims));
    require(!memcmp(a->data, b->data, bytes_of(a)));
}

/* The choices are at the end, so that the front is an IDX file. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct zipped zipped;
    const size_t tail = size < 24 ? size : 24, content = size - tail;
    struct fuzz_input choices = {data + content, tail};
    if (content > MAX_CONTENT || (content > 1 && data[0] == 0x1f && data[1] == 0x8b))
        return 0;
    tp_idx plain, read;
    const tp_status wanted = read_bytes(data, content, &plain);
    zip(&zipped, &choices, data, content);
    const enum damage damaged = damage(&zipped, &choices);
    const tp_status status = read_bytes(zipped.bytes, zipped.size, &read);
    /* whole members that are left may be a file that was too long before */
    require(status == wanted || damaged == CUT || (damaged > PADDED && status));
    if (!status && !wanted)
        require_same(&plain, &read);
    tp_idx_release(fuzz_context(), &plain);
    tp_idx_release(fuzz_context(), &read);
    return 0;
}
