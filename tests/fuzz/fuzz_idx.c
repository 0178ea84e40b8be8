/* SPDX-License-Identifier: BSD-3-Clause */
/* Any bytes as an IDX file, plain or gzipped: refused with a message, or what was read holds all that the file has. */
#include "fuzz.h"

#include <endian.h>
#include <string.h>

static size_t product(const tp_idx *idx) {
    size_t elements = 1;
    for (size_t i = 0; i < idx->rank; i++)
        elements *= idx->dims[i];
    return elements;
}

/* What follows the header of a plain file, in the machine's byte order. */
static void require_elements(const tp_idx *idx, const uint8_t *bytes) {
    const uint8_t *read = idx->data;
    if (idx->type == TP_IDX_TYPE_U8) {
        require(!memcmp(bytes, read, idx->elements));
        return;
    }
    for (size_t i = 0; i < idx->elements; i++) {
        uint32_t in_file, in_memory;
        memcpy(&in_file, bytes + 4 * i, 4);
        memcpy(&in_memory, read + 4 * i, 4);
        require(be32toh(in_file) == in_memory);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    tp_idx idx;
    const tp_status status = tp_idx_read(fuzz_context(), fuzz_file(data, size), &idx);
    require(status == TP_OK || status == TP_ERR_FORMAT);
    if (status) {
        fuzz_require_message();
        return 0;
    }
    require(idx.type == TP_IDX_TYPE_U8 || idx.type == TP_IDX_TYPE_I32 || idx.type == TP_IDX_TYPE_F32);
    require(idx.rank >= 1 && idx.rank <= TP_IDX_MAX_RANK && idx.elements > 0 && idx.elements == product(&idx));
    const size_t header = 4 + 4 * idx.rank, element = idx.type == TP_IDX_TYPE_U8 ? 1 : 4;
    if (data[0] == 0) {
        require(size == header + idx.elements * element);
        require_elements(&idx, data + header);
    }
    tp_idx_release(fuzz_context(), &idx);
    return 0;
}
