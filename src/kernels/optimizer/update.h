/* SPDX-License-Identifier: BSD-3-Clause */
/* One step of an update rule over arrays; the body is written once as an inline function on vectors. */
#ifndef TP_KERNELS_UPDATE_H
#define TP_KERNELS_UPDATE_H

#include "kernels/map.h"

/* w, g and up to two states of VL parameters; g is the gradient as given. */
struct parameters {
    vf w, g, s, t;
};

typedef void rule_fn(const struct tp_update *u, struct parameters *p);

/* The gradient after clipping: gradient_scale g */
ALWAYS_INLINE vf plain_gradient(const struct tp_update *u, const struct parameters *p) {
    return v_mul(v_set(u->gradient_scale), v_flush(p->g));
}

/* The same with the L2 term: gradient_scale g + decay w */
ALWAYS_INLINE vf full_gradient(const struct tp_update *u, const struct parameters *p) {
    return v_fma(v_set(u->decay), p->w, plain_gradient(u, p));
}

/* count parameters from number i on. */
ALWAYS_INLINE void update_some(const struct tp_update *u, float *w, vf g, float *s, float *t, size_t i, size_t count,
                               int states, rule_fn *rule) {
    struct parameters p = {.w = load_some(w + i, count), .g = g};
    if (states > 0)
        p.s = load_some(s + i, count);
    if (states > 1)
        p.t = load_some(t + i, count);
    rule(u, &p);
    store_some(w + i, zero_below(u->largest_zero, p.w), count);
    if (states > 0)
        store_some(s + i, v_flush(p.s), count);
    if (states > 1)
        store_some(t + i, v_flush(p.t), count);
}

ALWAYS_INLINE void update_all(const struct tp_update *u, float *w, const float *g, float *s, float *t, size_t n,
                              int states, rule_fn *rule) {
    const struct tp_update local = *u; /* so that its values stay in registers */
    size_t i = 0;
    for (; i + VL <= n; i += VL)
        update_some(&local, w, v_load(g + i), s, t, i, VL, states, rule);
    if (i < n)
        update_some(&local, w, v_load_first(g + i, n - i), s, t, i, n - i, states, rule);
}

ALWAYS_INLINE void update_all_outer(const struct tp_update *u, float *w, float *s, float *t, const float *a,
                                    const float *b, size_t m, size_t n, int states, rule_fn *rule) {
    struct tp_update local = *u;
    local.gradient_scale = 1; /* so that compilers leave it out */
    const vf zero = v_set(0);
    for (size_t i = 0, at = 0; i < m; i++, at += n) {
        const vf factor = v_set(a[i]);
        size_t j = 0;
        for (; j + VL <= n; j += VL)
            update_some(&local, w, v_fma(factor, v_load(b + j), zero), s, t, at + j, VL, states, rule);
        if (j < n)
            update_some(&local, w, v_fma(factor, v_load_first(b + j, n - j), zero), s, t, at + j, n - j, states, rule);
    }
}

#endif
