/* SPDX-License-Identifier: BSD-3-Clause */
/* Loops over arrays: whole vectors, then the tail. The body is an inline function, written once as vec -> vec. */
#ifndef TP_KERNELS_MAP_H
#define TP_KERNELS_MAP_H

#include "kernels/vec.h"

#include <assert.h>

typedef vf map1_fn(vf x, vf parameter);
typedef vf map2_fn(vf x, vf y, vf parameter);

/* The larger, and the smaller; NaN in v passes. */
ALWAYS_INLINE vf at_least(vf v, vf low) {
    return v_select_le(v, low, low, v);
}
ALWAYS_INLINE vf at_most(vf v, vf high) {
    return v_select_le(high, v, high, v);
}

/*
 * Denormal numbers cost processors up to a hundred times as long, so elementwise functions neither read nor write them:
 * below 2^-126 in magnitude an input counts as 0, and a result becomes 0. Nor do they compute with them in between,
 * but for results just above: functions of SLEEF square what they are given, which zero_below prevents, and the
 * functions below keep them from arguments with denormal results.
 */

#define LARGEST_DENORMAL 0x0.fffffep-126f

/* 0 for what is not above limit in magnitude. */
ALWAYS_INLINE vf zero_below(float limit, vf v) {
    return v_zero_le(v_abs(v), v_set(limit), v);
}

/* The same where only 1 + v matters, or exp(v): to the last bit. */
ALWAYS_INLINE vf small_to_zero(vf v) {
    return zero_below(0x1p-40f, v);
}

#define LN_SMALLEST -0x1.5d589ep+6f /* ln 2^-126, rounded towards 0 */
#define LN_TOO_SMALL -0x1.5d58ap+6f /* the next float */

/* exp(x); 0 where that is below 2^-126. */
ALWAYS_INLINE vf exp_of(vf x) {
    const vf e = v_exp(small_to_zero(v_at_least(x, v_set(LN_SMALLEST))));
    return v_zero_le(x, v_set(LN_TOO_SMALL), e);
}

/* The same for x <= 0. */
ALWAYS_INLINE vf exp_below(vf x) {
    const vf large = v_at_least(x, v_set(LN_SMALLEST));
    const vf e = v_exp(v_zero_le(v_set(-0x1p-40f), large, large));
    return v_zero_le(x, v_set(LN_TOO_SMALL), e);
}

typedef vf value_fn(vf v);

/* f(v), but v where |v| <= limit, a power of two, so that f(v) rounds to v; f(0) is 0. */
ALWAYS_INLINE vf small_or(float limit, vf v, value_fn *f) {
    const vf size = v_abs(v), above = v_set(limit * (1 + 0x1p-23f));
    return v_add(f(v_zero_le(size, v_set(limit), v)), v_zero_le(above, size, v));
}

/* -1 to the last bit below -32 */
ALWAYS_INLINE vf expm1_limited(vf x) {
    return v_expm1(v_at_least(x, v_set(-32)));
}

/* expm1(x) for x <= 0 */
ALWAYS_INLINE vf expm1_below(vf x) {
    return small_or(0x1p-25f, x, expm1_limited);
}

/* log1p(e) for 0 <= e <= 1 */
ALWAYS_INLINE vf log1p_of(vf e) {
    return small_or(0x1p-26f, e, v_log1p);
}

/* x = f(x) over a matrix; without gaps it is one row. */
ALWAYS_INLINE void map1(float *x, size_t ldx, size_t rows, size_t columns, float parameter, map1_fn *f) {
    assert(ldx >= columns || rows <= 1);
    if (ldx == columns) {
        columns *= rows;
        rows = 1;
    }
    const vf p = v_set(parameter);
    for (size_t i = 0; i < rows; i++, x += ldx) {
        size_t j = 0;
        for (; j + VL <= columns; j += VL)
            v_store(x + j, f(v_load(x + j), p));
        if (j < columns)
            v_store_first(x + j, f(v_load_first(x + j, columns - j), p), columns - j);
    }
}

/* x = f(x, y) over two matrices. */
ALWAYS_INLINE void map2(float *x, size_t ldx, const float *y, size_t ldy, size_t rows, size_t columns, float parameter,
                        map2_fn *f) {
    assert(ldx >= columns || rows <= 1);
    const vf p = v_set(parameter);
    for (size_t i = 0; i < rows; i++, x += ldx, y += ldy) {
        size_t j = 0;
        for (; j + VL <= columns; j += VL)
            v_store(x + j, f(v_load(x + j), v_load(y + j), p));
        if (j < columns) {
            const size_t n = columns - j;
            v_store_first(x + j, f(v_load_first(x + j, n), v_load_first(y + j, n), p), n);
        }
    }
}

/*
 * Canonical reductions: lane l of TP_SUM_LANES takes the elements l, l + 16, l + 32, ... in order; then the upper half
 * is folded into the lower half: 8, 4, 2, 1. The sixteen lanes are PARTS vectors.
 */
#define PARTS (TP_SUM_LANES / VL)

struct lanes {
    vf part[PARTS];
};

ALWAYS_INLINE struct lanes lanes_set(float value) {
    struct lanes lanes;
    for (size_t p = 0; p < PARTS; p++)
        lanes.part[p] = v_set(value);
    return lanes;
}

typedef vf fold_fn(vf low, vf high);

/* Into part[0]. */
ALWAYS_INLINE void parts_fold(vf *part, size_t parts, fold_fn *f) {
    UNROLL
    for (size_t half = parts / 2; half; half /= 2) {
        UNROLL
        for (size_t p = 0; p < half; p++)
            part[p] = f(part[p], part[p + half]);
    }
}

ALWAYS_INLINE float lanes_fold(struct lanes lanes, fold_fn *f) {
    parts_fold(lanes.part, PARTS, f);
    UNROLL
    for (size_t half = VL / 2; half; half /= 2)
        lanes.part[0] = f(lanes.part[0], v_upper(lanes.part[0], half));
    return v_get(lanes.part[0]);
}

ALWAYS_INLINE float lanes_sum(const struct lanes *lanes) {
    return lanes_fold(*lanes, v_add);
}

ALWAYS_INLINE vf larger(vf low, vf high) {
    return at_least(high, low);
}

ALWAYS_INLINE float lanes_max(const struct lanes *lanes) {
    return lanes_fold(*lanes, larger);
}

/* Calls step(state, part, offset, count) for every vector of 0..n: part is its place among the sixteen lanes,
 * count = VL but for the last. */
typedef void lanes_step_fn(void *state, size_t part, size_t offset, size_t count);

ALWAYS_INLINE void lanes_each(size_t n, void *state, lanes_step_fn *step) {
    size_t i = 0;
    for (; i + TP_SUM_LANES <= n; i += TP_SUM_LANES)
        for (size_t p = 0; p < PARTS; p++)
            step(state, p, i + p * VL, VL);
    for (size_t p = 0; i < n; p++, i += VL)
        step(state, p, i, n - i < VL ? n - i : VL);
}

/* A vector of count <= VL elements. */
ALWAYS_INLINE vf load_some(const float *p, size_t count) {
    return count == VL ? v_load(p) : v_load_first(p, count);
}

ALWAYS_INLINE void store_some(float *p, vf v, size_t count) {
    if (count == VL)
        v_store(p, v);
    else
        v_store_first(p, v, count);
}

/* Lanes < count of x, the others of y. */
ALWAYS_INLINE vf first_some(vf x, vf y, size_t count) {
    return count == VL ? x : v_first(x, y, count);
}

#endif
