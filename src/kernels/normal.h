/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_KERNELS_NORMAL_H
#define TP_KERNELS_NORMAL_H

#include "kernels/map.h"

/* Box and Muller 1958: deviation sqrt(-2 ln u) cos(2 pi v) */
ALWAYS_INLINE vf normal_value(vf u, vf v, vf deviation) {
    const vf radius = v_sqrt(v_mul(v_set(-2), v_log(u)));
    return v_mul(deviation, v_mul(radius, v_cospi(v_add(v, v))));
}

/* x holds u in (0, 1] and becomes normal; v in [0, 1) */
static void normals(float *x, const float *v, size_t n, float deviation) {
    map2(x, n, v, n, 1, n, deviation, normal_value);
}

/* cos(pi p) */
static float cosine(float p) {
    return v_get(v_cospi(v_set(p)));
}

#endif
