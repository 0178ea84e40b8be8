/* SPDX-License-Identifier: BSD-3-Clause */
/* Products that are no more than a few passes over one operand: for these, panels and tiles would cost more. */
#ifndef TP_KERNELS_THIN_H
#define TP_KERNELS_THIN_H

#include "kernels/gemm_strip.h"
#include "kernels/transpose.h"

/* Vectors of columns of the outer product that are done together. */
#define OUTER_VECTORS 4
/* Vectors of columns of B are done in pairs, so that there are enough chains to hide the latency of the multiply-add;
 * but for more rows than short vectors have registers for, and where columns conflict, so that the cache cannot hold a
 * line of each: then one by one, prefetched so many floats ahead. */
#define DOTS_VECTORS 2
#define DOTS_PAIR_ROWS (VL < TP_LINE ? 4 : TP_DOTS_ROWS)
#define DOTS_AHEAD 64

/* vectors vectors of columns from column j, the last one cut to last columns. */
ALWAYS_INLINE void outer_columns(const struct tp_strip *t, size_t j, size_t vectors, size_t last) {
    vf row[OUTER_VECTORS];
    UNROLL
    for (size_t v = 0; v < vectors; v++)
        row[v] = load_some(t->b + j + v * VL, v + 1 < vectors ? VL : last);
    const vf zero = v_set(0);
    const float *a = t->a;
    float *c = t->c + j;
    for (size_t i = 0; i < t->m; i++, a += t->a_row, c += t->ldc) {
        const vf column = v_set(*a);
        UNROLL
        for (size_t v = 0; v < vectors; v++)
            store_some(c + v * VL, v_fma(column, row[v], zero), v + 1 < vectors ? VL : last);
    }
}

static void gemm_outer(const struct tp_strip *t) {
    size_t j = 0;
    for (; j + OUTER_VECTORS * VL <= t->n; j += OUTER_VECTORS * VL)
        outer_columns(t, j, OUTER_VECTORS, VL);
    for (; j < t->n; j += VL)
        outer_columns(t, j, 1, t->n - j < VL ? t->n - j : VL);
}

ALWAYS_INLINE void dots_step(vf *sum, size_t m, const float *a, size_t a_row, vf b) {
    UNROLL
    for (size_t i = 0; i < m; i++)
        v_accumulate(&sum[i], v_set(a[i * a_row]), b);
}

ALWAYS_INLINE void prefetch_lines(const float *p, size_t count, size_t step) {
    UNROLL
    for (size_t l = 0; l < count; l++) {
        __builtin_prefetch(p);
        p += step;
    }
}

/* GROUP k steps of VL columns, transposed in registers; the first skip steps are left out. */
ALWAYS_INLINE void dots_group(vf *sum, size_t m, const float *a, size_t a_row, const float *b, size_t b_step,
                              size_t skip) {
    vf x[GROUP];
    load_columns(x, b, b_step);
    UNROLL
    for (size_t s = 0; s < GROUP; s++)
        if (s >= skip)
            dots_step(sum, m, a + s, a_row, x[s]);
}

/* m rows of vectors vectors of columns from column j. */
ALWAYS_INLINE void dots_columns(const struct tp_strip *t, size_t j, size_t m, size_t vectors) {
    const float *a = t->a, *b = t->b + j * t->b_step;
    const size_t whole = t->k - t->k % GROUP, part = VL * t->b_step;
    vf sum[DOTS_VECTORS][TP_DOTS_ROWS];
    UNROLL
    for (size_t v = 0; v < vectors; v++) {
        UNROLL
        for (size_t i = 0; i < m; i++)
            sum[v][i] = v_set(0);
    }
    for (size_t s = 0; s < whole; s += GROUP) {
        if (vectors == 1 && s % TP_LINE == 0)
            prefetch_lines(b + s + DOTS_AHEAD, VL, t->b_step);
        UNROLL
        for (size_t v = 0; v < vectors; v++)
            dots_group(sum[v], m, a + s, t->a_row, b + v * part + s, t->b_step, 0);
    }
    if (whole < t->k) {
        UNROLL
        for (size_t v = 0; v < vectors; v++)
            dots_group(sum[v], m, a + t->k - GROUP, t->a_row, b + v * part + t->k - GROUP, t->b_step,
                       GROUP - t->k % GROUP);
    }
    UNROLL
    for (size_t v = 0; v < vectors; v++) {
        UNROLL
        for (size_t i = 0; i < m; i++)
            v_store(t->c + i * t->ldc + j + v * VL, sum[v][i]);
    }
}

/* Whole vectors, the last of which does some columns over again. */
ALWAYS_INLINE void dots_rows(const struct tp_strip *t, size_t m) {
    size_t j = 0;
    const bool pairs = m <= DOTS_PAIR_ROWS && (VL < TP_LINE || t->b_step % TP_CONFLICT != 0);
    for (; pairs && j + DOTS_VECTORS * VL <= t->n; j += DOTS_VECTORS * VL)
        dots_columns(t, j, m, DOTS_VECTORS);
    for (; j + VL <= t->n; j += VL)
        dots_columns(t, j, m, 1);
    if (j < t->n)
        dots_columns(t, t->n - VL, m, 1);
}

/* A function for each height, as in gemm_strip.h. */
#define DOTS(m)                                                                                                        \
    static __attribute__((noinline)) void dots_##m(const struct tp_strip *t) {                                         \
        dots_rows(t, m);                                                                                               \
    }
DOTS(1)
DOTS(2)
DOTS(3)
DOTS(4)
DOTS(5)
DOTS(6)
#undef DOTS

static void gemm_dots(const struct tp_strip *t) {
    static tp_gemm_strip_fn *const dots[TP_DOTS_ROWS] = {dots_1, dots_2, dots_3, dots_4, dots_5, dots_6};
    dots[t->m - 1](t);
}

_Static_assert(TP_DOTS_ROWS == 6 && TP_DOTS_STEPS >= GROUP, "gemm_dots has a function for every height");

#endif
