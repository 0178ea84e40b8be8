/* SPDX-License-Identifier: BSD-3-Clause */
#include "kernels/map.h"

/* f(z) = tanh z */
ALWAYS_INLINE vf tanh_value(vf z, vf parameter) {
    (void)parameter;
    return v_tanh(z);
}

/* d f'(z) = d (1 - a^2) */
ALWAYS_INLINE vf tanh_slope(vf d, vf a, vf parameter) {
    (void)parameter;
    return v_mul(d, v_fma(v_sub(v_set(0), a), a, v_set(1)));
}
