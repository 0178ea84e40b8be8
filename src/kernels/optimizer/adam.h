/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_KERNELS_ADAM_H
#define TP_KERNELS_ADAM_H

#include "kernels/optimizer/update.h"

/* g where its square, times 1-b2, is a normal number: nearer to 0 it is 0, farther away it is the end of the range.
 * Infinity does not become data: it gives NaN. */
ALWAYS_INLINE vf adam_gradient(const struct tp_update *u, vf g) {
    const vf x = zero_below(u->largest_without_square, g);
    const vf limited = v_at_most(v_at_least(x, v_set(-TP_ADAM_MAX)), v_set(TP_ADAM_MAX));
    return v_fma(v_set(0), x, limited);
}

/* m = b1 m + (1-b1) g; s = b2 s + ((1-b2) g) g; w = w - r' (m / (sqrt(s) c' + eps)), r' and c' bias-corrected */
ALWAYS_INLINE void adam_moments(const struct tp_update *u, struct parameters *p, vf given) {
    const vf g = adam_gradient(u, given);
    p->s = v_fma(v_set(u->beta1), p->s, v_mul(v_set(u->one_minus_beta1), g));
    p->t = v_fma(v_set(u->beta2), p->t, v_mul(v_mul(v_set(u->one_minus_beta2), g), g));
    const vf scale = v_fma(v_sqrt(p->t), v_set(u->second_scale), v_set(u->epsilon));
    p->w = v_fma(v_set(-u->rate), v_div(p->s, scale), p->w);
}

ALWAYS_INLINE void adam_rule(const struct tp_update *u, struct parameters *p) {
    adam_moments(u, p, full_gradient(u, p));
}

#endif
