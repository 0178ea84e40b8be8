/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_KERNELS_SIGMOID_H
#define TP_KERNELS_SIGMOID_H

#include "kernels/map.h"

/* exp(-|z|), which cannot overflow; 0 where below 2^-126 */
ALWAYS_INLINE vf exp_minus_abs(vf z) {
    return exp_below(v_sub(v_set(0), v_abs(z)));
}

/* 1/(1 + exp(-z)) = (z >= 0 ? 1 : e)/(1 + e), e = exp(-|z|) */
ALWAYS_INLINE vf sigmoid_from_exp(vf z, vf e) {
    return v_div(v_select_le(v_set(0), z, v_set(1), e), v_add(v_set(1), e));
}

ALWAYS_INLINE vf sigmoid_value(vf z, vf parameter) {
    (void)parameter;
    return sigmoid_from_exp(z, exp_minus_abs(z));
}

/* d f'(z) = d a (1 - a) */
ALWAYS_INLINE vf sigmoid_slope(vf d, vf a, vf parameter) {
    (void)parameter;
    const vf x = v_flush(a);
    return v_flush(v_mul(v_flush(d), v_mul(x, v_sub(v_set(1), x))));
}

#endif
