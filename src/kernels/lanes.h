/* SPDX-License-Identifier: BSD-3-Clause */
/* Products with few columns as canonical sums: for each element of C sixteen chains along k, then their sum (map.h). */
#ifndef TP_KERNELS_LANES_H
#define TP_KERNELS_LANES_H

#include "kernels/map.h"

#include <assert.h>

/* Sums that are computed together, in the registers that a tile takes: several hide the latency of the multiply-add. Of
 * n columns so many are done at a time, so that more than one row shares what is read of B. */
#define LANES_SUMS (MR * NV / PARTS)
#define LANES_COLUMNS(n) (LANES_SUMS < 2 ? 1 : (n) <= LANES_SUMS / 2 ? (n) : 2)
#define LANES_ROWS(columns) (LANES_SUMS / (columns) < 8 ? LANES_SUMS / (columns) : 8)

/* Sums of some rows and columns, which are constants, and where their operands have got to. */
struct lanes_block {
    const float *a, *b;
    size_t a_row, b_step;
    struct lanes sum[LANES_SUMS];
};

/* A vector of k steps; lanes beyond count have no more elements. */
ALWAYS_INLINE void lanes_step(struct lanes_block *s, size_t rows, size_t columns, size_t part, size_t count) {
    vf b[TP_LANES_COLUMNS];
    UNROLL
    for (size_t j = 0; j < columns; j++)
        b[j] = load_some(s->b + j * s->b_step + part * VL, count);
    UNROLL
    for (size_t i = 0; i < rows; i++) {
        const vf a = load_some(s->a + i * s->a_row + part * VL, count);
        UNROLL
        for (size_t j = 0; j < columns; j++) {
            vf *sum = &s->sum[i * columns + j].part[part], next = *sum;
            v_accumulate(&next, a, b[j]);
            *sum = first_some(next, *sum, count);
        }
    }
}

/* Of GROUP sums together, which are transposed before the last two folds. */
ALWAYS_INLINE void lanes_fold_group(struct lanes *sum, float *out) {
    vf x[4];
    UNROLL
    for (size_t g = 0; g < GROUP; g++) {
        parts_fold(sum[g].part, PARTS, v_add);
        UNROLL
        for (size_t half = VL / 2; half >= GROUP; half /= 2)
            sum[g].part[0] = v_add(sum[g].part[0], v_upper(sum[g].part[0], half));
        x[g] = sum[g].part[0];
    }
    v_transpose_groups(x);
    store_some(out, GROUP == 1 ? x[0] : v_add(v_add(x[0], x[2]), v_add(x[1], x[3])), GROUP);
}

ALWAYS_INLINE void lanes_store(const struct tp_skinny *t, struct lanes_block *s, size_t i, size_t j, size_t rows,
                               size_t columns) {
    const bool biased = t->start == TP_START_BIAS;
    float out[LANES_SUMS];
    size_t e = 0;
    UNROLL
    for (; e + GROUP <= rows * columns; e += GROUP)
        lanes_fold_group(s->sum + e, out + e);
    UNROLL
    for (; e < rows * columns; e++)
        out[e] = lanes_sum(&s->sum[e]);
    float *c = t->c + i * t->ldc + j;
    UNROLL
    for (size_t r = 0; r < rows; r++, c += t->ldc) {
        UNROLL
        for (size_t x = 0; x < columns; x++)
            c[x] = biased ? out[r * columns + x] + t->bias[j + x] : out[r * columns + x];
    }
}

/* Rows from i on, columns from j on. */
ALWAYS_INLINE void lanes_product(const struct tp_skinny *t, size_t i, size_t j, size_t rows, size_t columns) {
    struct lanes_block s = {
        .a = t->a + i * t->a_row, .b = t->b + j * t->b_step, .a_row = t->a_row, .b_step = t->b_step};
    UNROLL
    for (size_t e = 0; e < rows * columns; e++)
        s.sum[e] = lanes_set(0);
    size_t left = t->k;
    for (; left >= TP_SUM_LANES; left -= TP_SUM_LANES, s.a += TP_SUM_LANES, s.b += TP_SUM_LANES) {
        UNROLL
        for (size_t part = 0; part < PARTS; part++)
            lanes_step(&s, rows, columns, part, VL);
    }
    UNROLL
    for (size_t part = 0; part < PARTS; part++) {
        if (left > part * VL)
            lanes_step(&s, rows, columns, part, left - part * VL < VL ? left - part * VL : VL);
    }
    lanes_store(t, &s, i, j, rows, columns);
}

/* All n columns. */
ALWAYS_INLINE void lanes_rows(const struct tp_skinny *t, size_t i, size_t rows, size_t n) {
    UNROLL
    for (size_t j = 0; j < n; j += LANES_COLUMNS(n))
        lanes_product(t, i, j, rows, n - j < LANES_COLUMNS(n) ? n - j : LANES_COLUMNS(n));
}

/* Fewer rows than are done together are done one by one; else the last ones may be done over again. */
ALWAYS_INLINE void lanes_columns(const struct tp_skinny *t, size_t n) {
    const size_t rows = LANES_ROWS(LANES_COLUMNS(n));
    size_t i = 0;
    for (; i + rows <= t->m; i += rows)
        lanes_rows(t, i, rows, n);
    if (i && i < t->m)
        lanes_rows(t, t->m - rows, rows, n);
    else
        for (; i < t->m; i++)
            lanes_rows(t, i, 1, n);
}

#define LANES(n)                                                                                                       \
    static __attribute__((noinline)) void lanes_##n(const struct tp_skinny *t) {                                       \
        lanes_columns(t, n);                                                                                           \
    }
LANES(1)
LANES(2)
LANES(3)
LANES(4)
#undef LANES

static void gemm_lanes(const struct tp_skinny *t) {
    static tp_skinny_fn *const lanes[TP_LANES_COLUMNS] = {lanes_1, lanes_2, lanes_3, lanes_4};
    assert(t->m >= 1 && t->n >= 1 && t->n <= TP_LANES_COLUMNS && t->a_step == 1);
    assert((t->a_row >= t->k || t->m == 1) && (t->b_step >= t->k || t->n == 1) && (t->ldc >= t->n || t->m == 1));
    assert(t->start == TP_START_ZERO || (t->start == TP_START_BIAS && t->bias));
    lanes[t->n - 1](t);
}

_Static_assert(TP_LANES_COLUMNS == 4, "gemm_lanes has a function for every number of columns");

#endif
