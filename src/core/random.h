/* SPDX-License-Identifier: BSD-3-Clause */
/* Counter-based random numbers (Philox 4x32-10 of Random123): a draw is a function of (seed, purpose, index). */
#ifndef TP_CORE_RANDOM_H
#define TP_CORE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

enum tp_purpose {
    TP_PURPOSE_INIT = 1,
    TP_PURPOSE_SHUFFLE,
    TP_PURPOSE_SPLIT,
    TP_PURPOSE_DROPOUT_STEP,
    TP_PURPOSE_DROPOUT
};

struct tp_draw {
    uint32_t word[4];
};

/* stream tells apart draws of one purpose: a layer, an epoch. */
struct tp_draw tp_random(uint64_t seed, enum tp_purpose purpose, uint32_t stream, uint64_t index);

/* Puts values[0..count) into a random order (Fisher and Yates), count <= 2^32. */
void tp_random_shuffle(uint32_t *values, size_t count, uint64_t seed, enum tp_purpose purpose, uint32_t stream);
/* order[0..count) becomes a permutation of 0..count-1, count <= 2^32. */
void tp_random_permutation(uint32_t *order, size_t count, uint64_t seed, enum tp_purpose purpose, uint32_t stream);

#endif
