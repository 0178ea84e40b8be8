/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Sums of parts, added as a binary tree while one part comes after the other. Sums that wait for the neighbour above
 * are kept by level, as digits of a binary counter: part number i is complete with those of the levels where i has ones
 * from the lowest digit on.
 */
#ifndef TP_GEMM_TREE_H
#define TP_GEMM_TREE_H

#include <stdbool.h>
#include <stddef.h>

struct tp_isa;

#define TP_TREE_LEVELS 16

/* Whether part i has a lower neighbour on this level. */
static inline bool tp_has_lower(size_t i, size_t level) {
    return i >> level & 1;
}

/* Adds n sums of part i to those that wait at this place of the levels; into last, or if that is NULL they wait. */
void tp_tree_add(const struct tp_isa *isa, float *const *level, size_t i, size_t at, const float *sums, size_t n,
                 float *last);

/* The levels of so many parts, a power of two. */
static inline size_t tp_tree_levels(size_t parts) {
    size_t levels = 0;
    while ((size_t)1 << levels < parts)
        levels++;
    return levels;
}

#endif
