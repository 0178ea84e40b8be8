/* SPDX-License-Identifier: BSD-3-Clause */
#include "kernels/map.h"

/* f(z) = z <= 0 ? slope z : z */
ALWAYS_INLINE vf leaky_relu_value(vf z, vf slope) {
    const vf x = v_flush(z);
    return v_flush(v_select_le(x, v_set(0), v_mul(slope, x), x));
}

/* d f'(z) = a <= 0 ? slope d : d; a has the sign of z, or is 0, because slope >= 0 */
ALWAYS_INLINE vf leaky_relu_slope(vf d, vf a, vf slope) {
    const vf in = v_flush(d);
    return v_flush(v_select_le(a, v_set(LARGEST_DENORMAL), v_mul(slope, in), in));
}
