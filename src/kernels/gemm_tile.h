/* SPDX-License-Identifier: BSD-3-Clause */
/* The matmul microkernel: an m x nv block of accumulators stays in registers over all k steps. */
#ifndef TP_KERNELS_GEMM_TILE_H
#define TP_KERNELS_GEMM_TILE_H

#include "kernels/map.h"

#define NR (NV * VL)

typedef vf accumulators[MR][NV];

/* m and nv are constants at every call of these, so that acc is registers and each loop over it is unrolled. */

ALWAYS_INLINE void tile_fill(accumulators acc, size_t m, size_t nv, vf value) {
    UNROLL
    for (size_t i = 0; i < m; i++)
        UNROLL
        for (size_t j = 0; j < nv; j++)
            acc[i][j] = value;
}

/* From rows of p, row distance ld; last is the number of columns in the last vector. */
ALWAYS_INLINE void tile_load(accumulators acc, size_t m, size_t nv, const float *p, size_t ld, size_t last) {
    UNROLL
    for (size_t i = 0; i < m; i++)
        UNROLL
        for (size_t j = 0; j < nv; j++)
            acc[i][j] = load_some(p + i * ld + j * VL, j + 1 < nv ? VL : last);
}

ALWAYS_INLINE void tile_store(accumulators acc, size_t m, size_t nv, float *p, size_t ld, size_t last) {
    UNROLL
    for (size_t i = 0; i < m; i++)
        UNROLL
        for (size_t j = 0; j < nv; j++)
            store_some(p + i * ld + j * VL, acc[i][j], j + 1 < nv ? VL : last);
}

ALWAYS_INLINE void tile_start(accumulators acc, size_t m, size_t nv, const struct tp_tile *t, size_t last) {
    if (t->start == TP_START_ZERO)
        tile_fill(acc, m, nv, v_set(0));
    else if (t->start == TP_START_BIAS)
        tile_load(acc, m, nv, t->bias, 0, last);
    else
        tile_load(acc, m, nv, t->c, t->ldc, last);
    if (t->start == TP_START_BETA)
        UNROLL
        for (size_t i = 0; i < m; i++)
            UNROLL
            for (size_t j = 0; j < nv; j++)
                acc[i][j] = v_mul(v_set(t->beta), acc[i][j]);
}

ALWAYS_INLINE void tile_multiply(accumulators acc, size_t m, size_t nv, const struct tp_tile *t) {
    const float *restrict a = t->a, *restrict b = t->b;
    for (size_t k = t->k; k; k--, a += MR, b += NR) {
        vf row[NV];
        UNROLL
        for (size_t j = 0; j < nv; j++)
            row[j] = v_load(b + j * VL);
        UNROLL
        for (size_t i = 0; i < m; i++) {
            const vf column = v_set(a[i]);
            UNROLL
            for (size_t j = 0; j < nv; j++)
                acc[i][j] = v_fma(column, row[j], acc[i][j]);
        }
    }
}

ALWAYS_INLINE void tile_rows(const struct tp_tile *t, size_t m, size_t nv) {
    accumulators acc;
    const size_t last = t->n - (nv - 1) * VL;
    tile_start(acc, m, nv, t, last);
    tile_multiply(acc, m, nv, t);
    if (last == VL)
        tile_store(acc, m, nv, t->c, t->ldc, VL);
    else
        tile_store(acc, m, nv, t->c, t->ldc, last);
}

ALWAYS_INLINE void tile_columns(const struct tp_tile *t, size_t m) {
    const size_t vectors = (t->n + VL - 1) / VL;
    if (vectors == NV)
        tile_rows(t, m, NV);
    else if (NV > 2 && vectors == 2)
        tile_rows(t, m, NV > 2 ? 2 : NV);
    else if (NV > 3 && vectors == 3)
        tile_rows(t, m, NV > 3 ? 3 : NV);
    else
        tile_rows(t, m, 1);
}

_Static_assert(MR <= 14 && NV <= 4, "gemm_tile has a case for every edge");
#define ROWS(m)                                                                                                        \
    case (m):                                                                                                          \
        tile_columns(t, (m) <= MR ? (m) : MR);                                                                         \
        return;

static void gemm_tile(const struct tp_tile *t) {
    switch (t->m < MR ? t->m : MR) {
        ROWS(1)
        ROWS(2)
        ROWS(3)
        ROWS(4)
#if MR > 4
        ROWS(5)
        ROWS(6)
#endif
#if MR > 6
        ROWS(7)
        ROWS(8)
#endif
#if MR > 8
        ROWS(9)
        ROWS(10)
        ROWS(11)
        ROWS(12)
        ROWS(13)
        ROWS(14)
#endif
    }
}
#undef ROWS

#endif
