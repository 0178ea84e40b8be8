/* SPDX-License-Identifier: BSD-3-Clause */
#include "kernels/map.h"

/* f(z) = z <= 0 ? alpha (exp(z) - 1) : z */
ALWAYS_INLINE vf elu_value(vf z, vf alpha) {
    const vf x = v_flush(z), zero = v_set(0);
    return v_flush(v_select_le(x, zero, v_mul(alpha, expm1_below(at_most(x, zero))), x));
}

/* d f'(z) = a <= 0 ? d (a + alpha) : d; a has the sign of z, or is 0, because alpha > 0 */
ALWAYS_INLINE vf elu_slope(vf d, vf a, vf alpha) {
    const vf in = v_flush(d);
    return v_flush(v_select_le(a, v_set(LARGEST_DENORMAL), v_mul(in, v_add(a, alpha)), in));
}
