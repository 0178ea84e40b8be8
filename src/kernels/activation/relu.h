/* SPDX-License-Identifier: BSD-3-Clause */
#include "kernels/map.h"

/* f(z) = z <= 0 ? 0 : z, so that NaN passes; compared with the largest denormal instead of 0 */
ALWAYS_INLINE vf relu_value(vf z, vf parameter) {
    (void)parameter;
    return v_zero_le(z, v_set(LARGEST_DENORMAL), z);
}

/* d f'(z) = a <= 0 ? 0 : d */
ALWAYS_INLINE vf relu_slope(vf d, vf a, vf parameter) {
    (void)parameter;
    return v_flush(v_zero_le(a, v_set(LARGEST_DENORMAL), d));
}
