/* SPDX-License-Identifier: BSD-3-Clause */
/* Any bytes as an IDX file, plain or gzipped: refused with a message, or what was read holds all that the file has, and
 * makes samples. */
#include "fuzz.h"

#include <endian.h>
#include <string.h>

static size_t product(const tp_idx *idx) {
    size_t elements = 1;
    for (size_t i = 0; i < idx->rank; i++)
        elements *= idx->dims[i];
    return elements;
}

static const size_t element_size[] = {[TP_IDX_TYPE_U8] = 1,  [TP_IDX_TYPE_I8] = 1,  [TP_IDX_TYPE_I16] = 2,
                                      [TP_IDX_TYPE_I32] = 4, [TP_IDX_TYPE_F32] = 4, [TP_IDX_TYPE_F64] = 8};

/* What follows the header of a plain file, in the machine's byte order. */
static void require_elements(const tp_idx *idx, const uint8_t *bytes) {
    const uint8_t *read = idx->data;
    const size_t size = element_size[idx->type];
    for (size_t i = 0; i < idx->elements * size; i++)
        require(read[i] == bytes[BYTE_ORDER == BIG_ENDIAN ? i : i / size * size + size - 1 - i % size]);
}

/* Only f64 can be refused. */
static void require_samples(tp_idx *idx) {
    const tp_idx before = *idx;
    const bool stays = idx->type == TP_IDX_TYPE_U8 || idx->type == TP_IDX_TYPE_F32;
    const tp_status status = tp_idx_to_samples(fuzz_context(), "input", idx);
    require(idx->elements == before.elements && idx->rank == before.rank);
    if (status) {
        require(status == TP_ERR_FORMAT && idx->type == TP_IDX_TYPE_F64 && idx->data == before.data);
        fuzz_require_message();
    } else {
        require(idx->type == (stays ? before.type : TP_IDX_TYPE_F32) && (idx->data == before.data) == stays);
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
    require(idx.type <= TP_IDX_TYPE_F64 && element_size[idx.type]);
    require(idx.rank >= 1 && idx.rank <= TP_IDX_MAX_RANK && idx.elements > 0 && idx.elements == product(&idx));
    if (data[0] == 0) {
        const size_t header = 4 + 4 * idx.rank;
        require(size == header + idx.elements * element_size[idx.type]);
        require_elements(&idx, data + header);
    }
    require_samples(&idx);
    tp_idx_release(fuzz_context(), &idx);
    return 0;
}
