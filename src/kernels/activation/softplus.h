/* SPDX-License-Identifier: BSD-3-Clause */
#include "kernels/activation/sigmoid.h"

/* f(z) = ln(1 + exp(z)) = max(z, 0) + log1p(exp(-|z|)) */
ALWAYS_INLINE vf softplus_value(vf z, vf parameter) {
    (void)parameter;
    return v_add(at_least(z, v_set(0)), log1p_of(exp_minus_abs(z)));
}

/* d f'(z) = d sigmoid(z) = d (1 - exp(-a)) */
ALWAYS_INLINE vf softplus_slope(vf d, vf a, vf parameter) {
    (void)parameter;
    const vf zero = v_set(0);
    return v_flush(v_mul(v_flush(d), v_sub(zero, expm1_below(v_sub(zero, v_flush(a))))));
}
