/* SPDX-License-Identifier: BSD-3-Clause */
/* One step of an update rule over arrays; the body is written once as an inline function on vectors. */
#ifndef TP_KERNELS_UPDATE_H
#define TP_KERNELS_UPDATE_H

#include "kernels/map.h"

#include <assert.h>
#include <string.h>

/* w, g and up to two states of VL parameters; g is the gradient as given. */
struct parameters {
    vf w, g, s, t;
};

typedef void rule_fn(const struct tp_update *u, struct parameters *p);

/*
 * Denormals (map.h). Gradients that are too small for a normal step count as 0, before they are scaled, and states as
 * small become 0. Weights become 0 up to largest_zero: two normal numbers can cancel to a denormal one.
 */

/* The gradient after clipping: gradient_scale g */
ALWAYS_INLINE vf plain_gradient(const struct tp_update *u, const struct parameters *p) {
    return v_mul(v_set(u->gradient_scale), p->g);
}

/* The same with the L2 term: gradient_scale g + decay w */
ALWAYS_INLINE vf full_gradient(const struct tp_update *u, const struct parameters *p) {
    return v_fma(v_set(u->decay), p->w, plain_gradient(u, p));
}

/* count parameters from number i on; safe: it is known that their gradients are 0 or not small. */
ALWAYS_INLINE void update_some(const struct tp_update *u, float *w, vf g, float *s, float *t, size_t i, size_t count,
                               int states, rule_fn *rule, bool safe) {
    struct parameters p = {.w = load_some(w + i, count), .g = safe ? g : zero_below(u->largest_small, g)};
    if (states > 0)
        p.s = load_some(s + i, count);
    if (states > 1)
        p.t = load_some(t + i, count);
    rule(u, &p);
    store_some(w + i, zero_below(u->largest_zero, p.w), count);
    if (states > 0)
        store_some(s + i, zero_below(u->largest_small_state, p.s), count);
    if (states > 1)
        store_some(t + i, v_flush(p.t), count);
}

ALWAYS_INLINE void update_all(const struct tp_update *u, float *w, const float *g, float *s, float *t, size_t n,
                              int states, rule_fn *rule) {
    assert((states < 1 || s) && (states < 2 || t));
    const struct tp_update local = *u; /* so that its values stay in registers */
    size_t i = 0;
    for (; i + VL <= n; i += VL)
        update_some(&local, w, v_load(g + i), s, t, i, VL, states, rule, false);
    if (i < n)
        update_some(&local, w, v_load_first(g + i, n - i), s, t, i, n - i, states, rule, false);
}

/* Of the number after 2^-50: products of two numbers as large are above 2^-100, the largest that counts as 0. */
#define SAFE_BITS 0x26800001

/* Whether all elements are 0 or not small; on integers, since compilers turn no comparison of floats here into
 * vectors. */
ALWAYS_INLINE bool is_safe(const float *b, size_t n) {
    int32_t unsafe = 0;
    for (size_t j = 0; j < n; j++) {
        int32_t bits;
        memcpy(&bits, b + j, sizeof bits);
        bits &= INT32_MAX;
        unsafe |= (bits - SAFE_BITS) & -bits; /* negative where 0 < bits < SAFE_BITS */
    }
    return unsafe >= 0;
}

ALWAYS_INLINE void update_rows(const struct tp_update *u, float *w, float *s, float *t, const float *a, const float *b,
                               size_t m, size_t n, int states, rule_fn *rule, bool safe) {
    const vf zero = v_set(0);
    for (size_t i = 0, at = 0; i < m; i++, at += n) {
        const vf factor = v_set(a[i]);
        size_t j = 0;
        for (; j + VL <= n; j += VL)
            update_some(u, w, v_fma(factor, v_load(b + j), zero), s, t, at + j, VL, states, rule, safe);
        if (j < n)
            update_some(u, w, v_fma(factor, v_load_first(b + j, n - j), zero), s, t, at + j, n - j, states, rule, safe);
    }
}

ALWAYS_INLINE void update_all_outer(const struct tp_update *u, float *w, float *s, float *t, const float *a,
                                    const float *b, size_t m, size_t n, int states, rule_fn *rule) {
    assert((states < 1 || s) && (states < 2 || t) && u->gradient_scale == 1);
    struct tp_update local = *u;
    local.gradient_scale = 1; /* so that compilers leave it out */
    if (is_safe(a, m) && is_safe(b, n))
        update_rows(&local, w, s, t, a, b, m, n, states, rule, true);
    else
        update_rows(&local, w, s, t, a, b, m, n, states, rule, false);
}

#endif
