/* SPDX-License-Identifier: BSD-3-Clause */
/* Loops over arrays: whole vectors, then the tail. The body is an inline function, written once as vec -> vec. */
#ifndef TP_KERNELS_MAP_H
#define TP_KERNELS_MAP_H

#include "kernels/vec.h"

typedef vf map1_fn(vf x, vf parameter);
typedef vf map2_fn(vf x, vf y, vf parameter);

/* The larger, and the smaller; NaN in v passes. */
ALWAYS_INLINE vf at_least(vf v, vf low) {
    return v_select_le(v, low, low, v);
}
ALWAYS_INLINE vf at_most(vf v, vf high) {
    return v_select_le(high, v, high, v);
}

/* x = f(x) over a matrix. */
ALWAYS_INLINE void map1(float *x, size_t ldx, size_t rows, size_t columns, float parameter, map1_fn *f) {
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
