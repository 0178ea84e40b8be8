/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/random.h"

#include <assert.h>

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wsign-conversion"
#pragma GCC diagnostic ignored "-Wunused-function"
#include <Random123/philox.h>
#pragma GCC diagnostic pop

__extension__ typedef unsigned __int128 uint128;

struct tp_draw tp_random(uint64_t seed, enum tp_purpose purpose, uint32_t stream, uint64_t index) {
    const philox4x32_ctr_t counter = {{(uint32_t)index, (uint32_t)(index >> 32), stream, (uint32_t)purpose}};
    const philox4x32_key_t key = {{(uint32_t)seed, (uint32_t)(seed >> 32)}};
    const philox4x32_ctr_t bits = philox4x32(counter, key);
    return (struct tp_draw){{bits.v[0], bits.v[1], bits.v[2], bits.v[3]}};
}

/* Uniform in 0..bound-1 up to a bias of bound / 2^64, which is nothing for bound <= 2^32. */
static size_t below(size_t bound, struct tp_draw draw) {
    const uint64_t bits = (uint64_t)draw.word[1] << 32 | draw.word[0];
    return (size_t)(((uint128)bits * bound) >> 64);
}

void tp_random_shuffle(uint32_t *values, size_t count, uint64_t seed, enum tp_purpose purpose, uint32_t stream) {
    assert(count <= (uint64_t)1 << 32);
    for (size_t i = 0; i < count; i++) {
        const size_t j = below(i + 1, tp_random(seed, purpose, stream, i));
        const uint32_t value = values[i];
        values[i] = values[j];
        values[j] = value;
    }
}

void tp_random_permutation(uint32_t *order, size_t count, uint64_t seed, enum tp_purpose purpose, uint32_t stream) {
    for (size_t i = 0; i < count; i++)
        order[i] = (uint32_t)i;
    tp_random_shuffle(order, count, seed, purpose, stream);
}
