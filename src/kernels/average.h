/* SPDX-License-Identifier: BSD-3-Clause */
/* The exponential moving average of parameters. */
#ifndef TP_KERNELS_AVERAGE_H
#define TP_KERNELS_AVERAGE_H

#include "kernels/map.h"

ALWAYS_INLINE vf average_value(vf e, vf w, vf part) {
    return v_flush(v_fma(part, v_flush(v_sub(w, e)), e));
}

static void average(float *e, const float *w, size_t n, float part) {
    map2(e, n, w, n, 1, n, part, average_value);
}

#endif
