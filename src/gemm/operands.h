/* SPDX-License-Identifier: BSD-3-Clause */
/* What is the matter with operands. */
#ifndef TP_GEMM_OPERANDS_H
#define TP_GEMM_OPERANDS_H

#include "gemm/blocking.h"

/* Rows so far apart lie in few sets of a cache and evict each other. */
static inline bool tp_conflicts(size_t step) {
    return step % TP_CONFLICT == 0;
}

/* Every row of B begins a multiple of so many floats into memory. */
static inline bool tp_rows_begin_at(const struct tp_gemm *g, size_t floats) {
    return ((uintptr_t)g->b.p | g->b.row_step * sizeof(float)) % (floats * sizeof(float)) == 0;
}

/* B misses the caches near the processor. All of it counts, so that threads read it alike. */
static inline bool tp_is_uncached(const struct tp_gemm *g) {
    const size_t parts = g->isa->tuning.uncached_parts;
    return parts && g->n * g->k > tp_cached_floats(g->blocking) / parts;
}

#endif
