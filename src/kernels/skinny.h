/* SPDX-License-Identifier: BSD-3-Clause */
/* Products that are no more than a few passes over one operand: for these, panels and tiles would cost more. */
#ifndef TP_KERNELS_SKINNY_H
#define TP_KERNELS_SKINNY_H

#include "kernels/gemm_strip.h"
#include "kernels/transpose.h"

#include <assert.h>

/* Vectors of columns of the rank-one update that are done together. */
#define GER_VECTORS 4
/* Vectors of columns of B are done in pairs, so that there are enough chains to hide the latency of the multiply-add.
 * They are done one by one for more rows than these, whose sums would take more than half of the registers that a
 * tile's take, and where columns conflict, so that the cache cannot hold a line of each. */
#define DOTS_VECTORS 2
#define DOTS_PAIR_ROWS (MR * NV / 2 / DOTS_VECTORS)

/* vectors vectors of columns from column j, the last one cut to last columns. */
ALWAYS_INLINE void ger_columns(const struct tp_skinny *t, size_t j, size_t vectors, size_t last) {
    vf row[GER_VECTORS];
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

static void gemm_ger(const struct tp_skinny *t) {
    assert(t->k == 1 && t->start == TP_START_ZERO && (t->ldc >= t->n || t->m <= 1));
    size_t j = 0;
    for (; j + GER_VECTORS * VL <= t->n; j += GER_VECTORS * VL)
        ger_columns(t, j, GER_VECTORS, VL);
    for (; j < t->n; j += VL)
        ger_columns(t, j, 1, t->n - j < VL ? t->n - j : VL);
}

/* C as it starts, for kernels that add to it. */
static void skinny_start(const struct tp_skinny *t) {
    const vf beta = v_set(t->beta), zero = v_set(0);
    for (size_t i = 0; i < t->m; i++) {
        float *c = t->c + i * t->ldc;
        for (size_t j = 0; j < t->n; j += VL) {
            const size_t lanes = t->n - j < VL ? t->n - j : VL;
            const vf value = t->start == TP_START_ZERO   ? zero
                             : t->start == TP_START_BIAS ? load_some(t->bias + j, lanes)
                                                         : v_mul(beta, load_some(c + j, lanes));
            store_some(c + j, value, lanes);
        }
    }
}

/* The lanes of a vector but the first. */
ALWAYS_INLINE void store_last(float *p, vf v, size_t first) {
    float lanes[VL];
    v_store(lanes, v);
    for (size_t l = first; l < VL; l++)
        p[l] = lanes[l];
}

/* Of a group of columns; vectors and m are constants, and so is the one of row and step, the distances of A's elements
 * along the rows and along k, that is 1. */
typedef vf dots_sums[DOTS_VECTORS][TP_DOTS_ROWS];

ALWAYS_INLINE void dots_load(dots_sums sum, const struct tp_skinny *t, size_t j, size_t m, size_t vectors) {
    const bool zero = t->start == TP_START_ZERO;
    UNROLL
    for (size_t v = 0; v < vectors; v++) {
        UNROLL
        for (size_t i = 0; i < m; i++)
            sum[v][i] = zero ? v_set(0) : v_load(t->c + i * t->ldc + j + v * VL);
    }
}

/* The first done columns were stored before. */
ALWAYS_INLINE void dots_store(dots_sums sum, const struct tp_skinny *t, size_t j, size_t m, size_t vectors,
                              size_t done) {
    UNROLL
    for (size_t v = 0; v < vectors; v++) {
        UNROLL
        for (size_t i = 0; i < m; i++) {
            float *c = t->c + i * t->ldc + j + v * VL;
            if (done)
                store_last(c, sum[v][i], done);
            else
                v_store(c, sum[v][i]);
        }
    }
}

/* GROUP steps of k; b: of each vector the first column. */
ALWAYS_INLINE void dots_load_columns(vf x[DOTS_VECTORS][GROUP], const float *const *b, struct row_steps *columns,
                                     size_t vectors) {
    UNROLL
    for (size_t v = 0; v < vectors; v++)
        load_columns(x[v], b[v], columns);
}

ALWAYS_INLINE void dots_step(dots_sums sum, const float *a, size_t row, vf x[DOTS_VECTORS][GROUP], size_t s, size_t m,
                             size_t vectors) {
    UNROLL
    for (size_t i = 0; i < m; i++) {
        const vf factor = v_set(a[i * row]);
        UNROLL
        for (size_t v = 0; v < vectors; v++)
            v_accumulate(&sum[v][i], factor, x[v][s]);
    }
}

/* m rows of vectors vectors of columns from column j; the first done of them were done before. */
ALWAYS_INLINE void dots_columns(const struct tp_skinny *t, struct row_steps *columns, size_t j, size_t m,
                                size_t vectors, size_t row, size_t step, size_t done) {
    const float *a = t->a, *b[DOTS_VECTORS];
    dots_sums sum;
    dots_load(sum, t, j, m, vectors);
    UNROLL
    for (size_t v = 0; v < vectors; v++)
        b[v] = t->b + (j + v * VL) * t->b_step;
    size_t left = t->k;
    for (; left >= GROUP; left -= GROUP) {
        vf x[DOTS_VECTORS][GROUP];
        dots_load_columns(x, b, columns, vectors);
        UNROLL
        for (size_t s = 0; s < GROUP; s++) {
            dots_step(sum, a, row, x, s, m, vectors);
            a += step;
            KEEP_POINTER(a);
        }
        UNROLL
        for (size_t v = 0; v < vectors; v++) {
            b[v] += GROUP;
            KEEP_POINTER(b[v]);
        }
    }
    if (left) {
        vf x[DOTS_VECTORS][GROUP];
        UNROLL
        for (size_t v = 0; v < vectors; v++)
            b[v] -= GROUP - left;
        dots_load_columns(x, b, columns, vectors);
        for (size_t s = GROUP - left; s < GROUP; s++, a += step)
            dots_step(sum, a, row, x, s, m, vectors);
    }
    dots_store(sum, t, j, m, vectors, done);
}

/* Whole vectors, the last of which begins before the columns that are left. */
ALWAYS_INLINE void dots_rows(const struct tp_skinny *t, size_t m, size_t row, size_t step) {
    const size_t conflict = m > 2 ? TP_CONFLICT / 2 : TP_CONFLICT;
    const bool pairs = m <= DOTS_PAIR_ROWS && t->b_step % conflict != 0;
    struct row_steps columns = row_steps(t->b_step);
    size_t j = 0;
    if (pairs)
        for (; j + DOTS_VECTORS * VL <= t->n; j += DOTS_VECTORS * VL)
            dots_columns(t, &columns, j, m, DOTS_VECTORS, row, step, 0);
    for (; j + VL <= t->n; j += VL)
        dots_columns(t, &columns, j, m, 1, row, step, 0);
    if (j < t->n)
        dots_columns(t, &columns, t->n - VL, m, 1, row, step, VL - (t->n - j));
}

/* A function for each height, as in gemm_strip.h. */
#define DOTS_APART(m)                                                                                                  \
    static __attribute__((noinline)) void dots_apart_##m(const struct tp_skinny *t) {                                  \
        dots_rows(t, m, t->a_row, 1);                                                                                  \
    }
#define DOTS_BESIDE(m)                                                                                                 \
    static __attribute__((noinline)) void dots_beside_##m(const struct tp_skinny *t) {                                 \
        dots_rows(t, m, 1, t->a_step);                                                                                 \
    }
DOTS_APART(1)
DOTS_APART(2)
DOTS_APART(3)
#undef DOTS_APART
DOTS_BESIDE(1)
DOTS_BESIDE(2)
DOTS_BESIDE(3)
DOTS_BESIDE(4)
DOTS_BESIDE(5)
DOTS_BESIDE(6)
DOTS_BESIDE(7)
DOTS_BESIDE(8)
DOTS_BESIDE(9)
DOTS_BESIDE(10)
DOTS_BESIDE(11)
#undef DOTS_BESIDE

static void gemm_dot(const struct tp_skinny *t) {
    static tp_skinny_fn *const dots[][TP_DOTS_ROWS] = {
        {dots_beside_1, dots_beside_2, dots_beside_3, dots_beside_4, dots_beside_5, dots_beside_6, dots_beside_7,
         dots_beside_8, dots_beside_9, dots_beside_10, dots_beside_11},
        {dots_apart_1, dots_apart_2, dots_apart_3},
    };
    const bool apart = t->m <= TP_DOTS_APART && t->a_step == 1;
    assert(t->m >= 1 && t->m <= TP_DOTS_ROWS && t->n >= VL && t->k >= TP_DOTS_STEPS);
    assert(apart || t->a_row == 1);
    assert((t->b_step >= t->k || t->n == 1) && (t->ldc >= t->n || t->m == 1));
    assert(t->start != TP_START_BIAS || t->bias);
    if (t->start == TP_START_BETA || t->start == TP_START_BIAS)
        skinny_start(t);
    dots[apart][t->m - 1](t);
}

/* Rows of B that are added to m rows of C in one pass over these: so many elements of A stay in registers. */
#define AXPY_FACTORS 8
#define AXPY_VECTORS (TP_LINE / VL < 4 ? TP_LINE / VL : 4)

/* Where a pass over rows of C is. */
struct axpy_pass {
    float *c;
    const float *b[(AXPY_FACTORS + ROWS_APART - 1) / ROWS_APART];
    vf factor[TP_AXPY_ROWS][AXPY_FACTORS];
};

/* lanes columns from offset on. */
ALWAYS_INLINE void axpy_vector(const struct tp_skinny *t, const struct axpy_pass *p, size_t m, size_t steps,
                               size_t offset, size_t lanes) {
    vf sum[TP_AXPY_ROWS];
    UNROLL
    for (size_t i = 0; i < m; i++)
        sum[i] = load_some(p->c + i * t->ldc + offset, lanes);
    UNROLL
    for (size_t s = 0; s < steps; s++) {
        const vf row = load_some(p->b[s / ROWS_APART] + s % ROWS_APART * t->b_step + offset, lanes);
        UNROLL
        for (size_t i = 0; i < m; i++)
            sum[i] = v_fma(p->factor[i][s], row, sum[i]);
    }
    UNROLL
    for (size_t i = 0; i < m; i++)
        store_some(p->c + i * t->ldc + offset, sum[i], lanes);
}

/* vectors whole vectors, and on to what follows them. */
ALWAYS_INLINE void axpy_vectors(const struct tp_skinny *t, struct axpy_pass *p, size_t m, size_t steps,
                                size_t vectors) {
    UNROLL
    for (size_t v = 0; v < vectors; v++)
        axpy_vector(t, p, m, steps, v * VL, VL);
    UNROLL
    for (size_t s = 0; s < steps; s += ROWS_APART) {
        p->b[s / ROWS_APART] += vectors * VL;
        KEEP_POINTER(p->b[s / ROWS_APART]);
    }
    p->c += vectors * VL;
    KEEP_POINTER(p->c);
}

ALWAYS_INLINE void axpy_pass(const struct tp_skinny *t, size_t k, size_t m, size_t steps) {
    struct axpy_pass p;
    p.c = t->c;
    UNROLL
    for (size_t s = 0; s < steps; s++) {
        UNROLL
        for (size_t i = 0; i < m; i++)
            p.factor[i][s] = v_set(t->a[i * t->a_row + (k + s) * t->a_step]);
        if (s % ROWS_APART == 0) {
            p.b[s / ROWS_APART] = t->b + (k + s) * t->b_step;
            KEEP_POINTER(p.b[s / ROWS_APART]);
        }
    }
    size_t left = t->n;
    for (; left >= AXPY_VECTORS * VL; left -= AXPY_VECTORS * VL)
        axpy_vectors(t, &p, m, steps, AXPY_VECTORS);
    for (; left >= VL; left -= VL)
        axpy_vectors(t, &p, m, steps, 1);
    if (left)
        axpy_vector(t, &p, m, steps, 0, left);
}

ALWAYS_INLINE void axpy_passes(const struct tp_skinny *t, size_t m) {
    const size_t steps = AXPY_FACTORS / m;
    size_t k = 0;
    for (; k + steps <= t->k; k += steps)
        axpy_pass(t, k, m, steps);
    for (; k < t->k; k++)
        axpy_pass(t, k, m, 1);
}

#define AXPY(m)                                                                                                        \
    static __attribute__((noinline)) void axpy_##m(const struct tp_skinny *t) {                                        \
        axpy_passes(t, m);                                                                                             \
    }
AXPY(1)
AXPY(2)
#undef AXPY

static void gemm_axpy(const struct tp_skinny *t) {
    static tp_skinny_fn *const axpy[TP_AXPY_ROWS] = {axpy_1, axpy_2};
    assert(t->m >= 1 && t->m <= TP_AXPY_ROWS && (t->ldc >= t->n || t->m == 1));
    assert(t->b_step >= t->n || t->k <= 1);
    assert(t->start != TP_START_BIAS || t->bias);
    if (t->start != TP_START_C)
        skinny_start(t);
    axpy[t->m - 1](t);
}

_Static_assert(TP_DOTS_ROWS == 11 && TP_DOTS_APART == 3 && TP_DOTS_STEPS >= GROUP,
               "gemm_dot has a function for every height");

#endif
