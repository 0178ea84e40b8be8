/* SPDX-License-Identifier: BSD-3-Clause */
#include "kernels/activation/sigmoid.h"

/* f(z) = z sigmoid(z) = (z >= 0 ? z : z e)/(1 + e), e = exp(-|z|). Below -64, where 1 + e is 1, e is exp(32 + z)
 * exp(-32), so that it is not below the normal range before z does its part. Beyond -91.8 f is. */
ALWAYS_INLINE vf silu_value(vf z, vf parameter) {
    (void)parameter;
    const vf x = v_flush(v_at_least(z, v_set(-0x1.6f6d56p+6f)));
    const vf shift = v_select_le(x, v_set(-64), v_set(32), v_set(0));
    const vf scale = v_select_le(x, v_set(-64), v_set(0x1.c8465p-47f /* exp(-32) */), v_set(1));
    const vf e = v_exp(small_to_zero(v_sub(shift, v_abs(x))));
    const vf above = v_select_le(v_set(0), x, x, v_mul(v_mul(x, e), scale));
    return v_zero_le(z, v_set(-0x1.6f6d58p+6f), v_flush(v_div(above, v_add(v_set(1), e))));
}

/* d f'(z) = d s (1 + z (1 - s)), s = sigmoid(z); 1 - s is e s above 0, and below, where s is small, a difference that
 * does not inherit its error. Above 80 f' is 1, and below -92 it is 0. */
ALWAYS_INLINE vf silu_slope(vf d, vf z, vf parameter) {
    (void)parameter;
    const vf x = v_flush(v_at_most(v_at_least(z, v_set(-92)), v_set(80)));
    const vf e = exp_minus_abs(x), s = sigmoid_from_exp(x, e);
    const vf rest = v_select_le(v_set(0), x, v_mul(e, s), v_sub(v_set(1), s));
    return v_flush(v_mul(v_flush(d), v_mul(s, v_fma(x, rest, v_set(1)))));
}
