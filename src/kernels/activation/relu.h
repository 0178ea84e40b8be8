/* SPDX-License-Identifier: BSD-3-Clause */
#include "kernels/map.h"

/* f(z) = z <= 0 ? 0 : z, so that NaN passes and -0 becomes 0 */
ALWAYS_INLINE vf relu_value(vf z, vf parameter) {
    (void)parameter;
    return at_least(z, v_set(0));
}

/* d f'(z) = a <= 0 ? 0 : d */
ALWAYS_INLINE vf relu_slope(vf d, vf a, vf parameter) {
    (void)parameter;
    return v_select_le(a, v_set(0), v_set(0), d);
}
