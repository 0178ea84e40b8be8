/* SPDX-License-Identifier: BSD-3-Clause */
#include "kernels/loss/loss_row.h"

/* With e = a - y and c = e kept within -delta..delta: c (e - c/2), which is e^2/2 within, delta (|e| - delta/2) beyond;
 * the derivative by a is c. NaN passes. */
ALWAYS_INLINE vf huber_term(vf a, vf y, vf delta, vf *derivative) {
    const vf difference = v_sub(a, y), e = zero_below(0x1p-62f, difference), least = v_sub(v_set(0), delta);
    const vf c = at_most(at_least(e, least), delta);
    *derivative = at_most(at_least(difference, least), delta);
    return v_mul(c, v_fma(v_set(-0.5f), c, e));
}

/* (1/n) sum_j huber(a_j - y_j), d_j = (scale/n) c_j; x is a */
static float huber_row(const float *x, const float *y, size_t n, float parameter, float scale, float *d) {
    return mean_row(x, y, n, parameter, scale, d, huber_term);
}

LOSS_COLUMN(huber)
