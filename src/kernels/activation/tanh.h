/* SPDX-License-Identifier: BSD-3-Clause */
#include "kernels/map.h"

/* +-1 to the last bit beyond +-16 */
ALWAYS_INLINE vf tanh_limited(vf z) {
    return v_tanh(v_at_most(v_at_least(z, v_set(-16)), v_set(16)));
}

/* f(z) = tanh z */
ALWAYS_INLINE vf tanh_value(vf z, vf parameter) {
    (void)parameter;
    return v_flush(small_or(0x1p-13f, z, tanh_limited));
}

/* d f'(z) = d (1 - a^2) */
ALWAYS_INLINE vf tanh_slope(vf d, vf a, vf parameter) {
    (void)parameter;
    const vf x = v_flush(a);
    return v_flush(v_mul(v_flush(d), v_fma(v_sub(v_set(0), x), x, v_set(1))));
}
