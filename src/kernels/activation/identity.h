/* SPDX-License-Identifier: BSD-3-Clause */
#include "kernels/map.h"

/* f(z) = z */
ALWAYS_INLINE vf identity_value(vf z, vf parameter) {
    (void)parameter;
    return z;
}

/* d f'(z) = d */
ALWAYS_INLINE vf identity_slope(vf d, vf a, vf parameter) {
    (void)a, (void)parameter;
    return d;
}
