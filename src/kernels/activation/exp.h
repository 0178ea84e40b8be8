/* SPDX-License-Identifier: BSD-3-Clause */
#include "kernels/map.h"

/* f(z) = exp(z) */
ALWAYS_INLINE vf exp_value(vf z, vf parameter) {
    (void)parameter;
    return exp_of(z);
}

/* d f'(z) = d a */
ALWAYS_INLINE vf exp_slope(vf d, vf a, vf parameter) {
    (void)parameter;
    return v_flush(v_mul(v_flush(d), v_flush(a)));
}
