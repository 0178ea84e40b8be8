/* SPDX-License-Identifier: BSD-3-Clause */
#include "kernels/map.h"

/* f(z) = z <= 0 ? alpha (exp(z) - 1) : z */
ALWAYS_INLINE vf elu_value(vf z, vf alpha) {
    return v_select_le(z, v_set(0), v_mul(alpha, v_expm1(z)), z);
}

/* d f'(z) = a <= 0 ? d (a + alpha) : d; a has the sign of z, or is 0, because alpha > 0 */
ALWAYS_INLINE vf elu_slope(vf d, vf a, vf alpha) {
    return v_select_le(a, v_set(0), v_mul(d, v_add(a, alpha)), d);
}
