/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_KERNELS_SOFTMAX_H
#define TP_KERNELS_SOFTMAX_H

#include "kernels/map.h"
#include "kernels/transpose.h"

#include <assert.h>
#include <math.h>
#include <string.h>

struct row_scan {
    const float *x, *y;
    float *out;
    vf m;
    struct lanes lanes;
};

ALWAYS_INLINE void max_step(void *state, size_t part, size_t offset, size_t count) {
    struct row_scan *s = state;
    const vf old = s->lanes.part[part];
    const vf x = load_some(s->x + offset, count);
    s->lanes.part[part] = first_some(at_least(x, old), old, count);
}

/* Largest of a row; NaN in the row may or may not show here, but does in the sum of exponentials. */
ALWAYS_INLINE float row_max(const float *x, size_t n) {
    struct row_scan s = {.x = x, .lanes = lanes_set(-INFINITY)};
    lanes_each(n, &s, max_step);
    return lanes_max(&s.lanes);
}

ALWAYS_INLINE void exp_step(void *state, size_t part, size_t offset, size_t count) {
    struct row_scan *s = state;
    const vf e = exp_below(v_sub(load_some(s->x + offset, count), s->m));
    if (s->out)
        store_some(s->out + offset, e, count);
    s->lanes.part[part] = v_add(s->lanes.part[part], first_some(e, v_set(0), count));
}

/* sum_j exp(x_j - m); out_j = exp(x_j - m) if out is not NULL; out may be x. */
ALWAYS_INLINE float row_exp_sum(const float *x, size_t n, float m, float *out) {
    struct row_scan s = {.x = x, .out = out, .m = v_set(m), .lanes = lanes_set(0)};
    lanes_each(n, &s, exp_step);
    return lanes_sum(&s.lanes);
}

ALWAYS_INLINE vf divide(vf x, vf by) {
    return v_flush(v_div(x, by));
}

static void softmax_row(float *z, size_t columns) {
    const float sum = row_exp_sum(z, columns, row_max(z, columns), z);
    map1(z, columns, 1, columns, sum, divide);
}

/* lanes_fold, of a row in each lane. */
ALWAYS_INLINE vf rows_fold(const vf *x, fold_fn *f) {
    vf part[TP_SUM_LANES];
    memcpy(part, x, sizeof part);
    parts_fold(part, TP_SUM_LANES, f);
    return part[0];
}

/* VL rows of at most TP_SUM_LANES columns, a row in each lane: most of a vector would be empty if they lay along it. */
static void softmax_short_rows(float *z, size_t ldz, size_t columns) {
    float block[TP_SUM_LANES * VL];
    vf x[TP_SUM_LANES], e[TP_SUM_LANES];
    transpose(block, VL, z, ldz, VL, columns);
    for (size_t k = 0; k < TP_SUM_LANES; k++)
        x[k] = k < columns ? v_load(block + k * VL) : v_set(-INFINITY);
    const vf m = rows_fold(x, larger);
    for (size_t k = 0; k < TP_SUM_LANES; k++)
        e[k] = k < columns ? exp_below(v_sub(x[k], m)) : v_set(0);
    const vf sum = rows_fold(e, v_add);
    for (size_t k = 0; k < columns; k++)
        v_store(block + k * VL, divide(e[k], sum));
    transpose(z, ldz, block, VL, columns, VL);
}

/* a_k = exp(z_k - m) / sum_j exp(z_j - m), m = max z, for every row */
static void softmax_activate(float *z, size_t ldz, size_t rows, size_t columns, float parameter) {
    assert(ldz >= columns || rows <= 1);
    (void)parameter;
    for (; columns <= TP_SUM_LANES && rows >= VL; rows -= VL, z += VL * ldz)
        softmax_short_rows(z, ldz, columns);
    for (; rows; rows--, z += ldz)
        softmax_row(z, columns);
}

ALWAYS_INLINE void dot_step(void *state, size_t part, size_t offset, size_t count) {
    struct row_scan *s = state;
    const vf product = v_mul(v_flush(load_some(s->x + offset, count)), v_flush(load_some(s->y + offset, count)));
    s->lanes.part[part] = v_add(s->lanes.part[part], first_some(product, v_set(0), count));
}

ALWAYS_INLINE vf softmax_slope(vf d, vf a, vf dot) {
    return v_flush(v_mul(v_flush(a), v_flush(v_sub(d, dot))));
}

/* dz_k = a_k (d_k - sum_j d_j a_j) for every row */
static void softmax_derive(float *d, size_t ldd, const float *a, size_t lda, size_t rows, size_t columns,
                           float parameter) {
    assert(ldd >= columns || rows <= 1);
    (void)parameter;
    for (size_t i = 0; i < rows; i++, d += ldd, a += lda) {
        struct row_scan s = {.x = d, .y = a, .lanes = lanes_set(0)};
        lanes_each(columns, &s, dot_step);
        map2(d, columns, a, columns, 1, columns, lanes_sum(&s.lanes), softmax_slope);
    }
}

#endif
