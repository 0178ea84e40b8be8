/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_KERNELS_SIGMOID_H
#define TP_KERNELS_SIGMOID_H

#include "kernels/map.h"

/* exp(-|z|), which cannot overflow */
ALWAYS_INLINE vf exp_minus_abs(vf z) {
    return v_exp(v_sub(v_set(0), v_abs(z)));
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
    return v_mul(d, v_mul(a, v_sub(v_set(1), a)));
}

#endif
