/* SPDX-License-Identifier: BSD-3-Clause */
/* Elementwise losses. Of one sample: the canonical sum of its terms, and scale times its derivative. Of samples with
 * one output each, many at a time: for these the mean of the terms and their sum are the same. */
#ifndef TP_KERNELS_LOSS_ROW_H
#define TP_KERNELS_LOSS_ROW_H

#include "kernels/map.h"

#include <assert.h>

/* Returns the term of one element; *derivative gets d term / d x. */
typedef vf loss_term_fn(vf x, vf y, vf parameter, vf *derivative);

struct loss_scan {
    const float *x, *y;
    float *d;
    vf parameter, scale;
    loss_term_fn *term;
    struct lanes lanes;
};

ALWAYS_INLINE void loss_step(void *state, size_t part, size_t offset, size_t count) {
    struct loss_scan *s = state;
    vf derivative;
    const vf x = v_flush(load_some(s->x + offset, count)), y = v_flush(load_some(s->y + offset, count));
    const vf term = s->term(x, y, s->parameter, &derivative);
    s->lanes.part[part] = v_add(s->lanes.part[part], first_some(term, v_set(0), count));
    if (s->d)
        store_some(s->d + offset, v_flush(v_mul(v_flush(derivative), s->scale)), count);
}

ALWAYS_INLINE float loss_row(const float *x, const float *y, size_t n, float parameter, float scale, float *d,
                             loss_term_fn *term) {
    assert(n >= 1);
    struct loss_scan s = {.x = x,
                          .y = y,
                          .d = d,
                          .parameter = v_set(parameter),
                          .scale = v_set(scale),
                          .term = term,
                          .lanes = lanes_set(0)};
    lanes_each(n, &s, loss_step);
    return lanes_sum(&s.lanes);
}

/* The mean of the terms over the outputs. */
ALWAYS_INLINE float mean_row(const float *x, const float *y, size_t n, float parameter, float scale, float *d,
                             loss_term_fn *term) {
    return loss_row(x, y, n, parameter, scale / (float)n, d, term) / (float)n;
}

/* The sum of a term and fifteen zeros is the term, or 0 for -0. */
ALWAYS_INLINE void loss_column(const float *x, const float *y, size_t m, float parameter, const float *scale,
                               float *loss, float *d, loss_term_fn *term) {
    for (size_t i = 0; i < m; i += VL) {
        const size_t count = m - i < VL ? m - i : VL;
        vf derivative;
        const vf t =
            term(v_flush(load_some(x + i, count)), v_flush(load_some(y + i, count)), v_set(parameter), &derivative);
        store_some(loss + i, v_add(v_set(0), t), count);
        if (d)
            store_some(d + i, v_flush(v_mul(v_flush(derivative), load_some(scale + i, count))), count);
    }
}

#define LOSS_COLUMN(name)                                                                                              \
    static void name##_column(const float *x, const float *y, size_t m, float parameter, const float *scale,           \
                              float *loss, float *d) {                                                                 \
        loss_column(x, y, m, parameter, scale, loss, d, name##_term);                                                  \
    }

#endif
