/* SPDX-License-Identifier: BSD-3-Clause */
#include "kernels/map.h"

/* f(z) = z <= 0 ? slope z : z */
ALWAYS_INLINE vf leaky_relu_value(vf z, vf slope) {
    return v_select_le(z, v_set(0), v_mul(slope, z), z);
}

/* d f'(z) = a <= 0 ? slope d : d; a has the sign of z, or is 0, because slope >= 0 */
ALWAYS_INLINE vf leaky_relu_slope(vf d, vf a, vf slope) {
    return v_select_le(a, v_set(0), v_mul(slope, d), d);
}
