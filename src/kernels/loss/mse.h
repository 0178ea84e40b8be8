/* SPDX-License-Identifier: BSD-3-Clause */
#include "kernels/loss/loss_row.h"

/* (a - y)^2; the derivative is taken by a */
ALWAYS_INLINE vf mse_term(vf a, vf y, vf parameter, vf *derivative) {
    (void)parameter;
    const vf difference = v_sub(a, y);
    *derivative = v_add(difference, difference);
    const vf e = zero_below(0x1p-63f, difference);
    return v_mul(e, e);
}

/* (1/n) sum_j (a_j - y_j)^2, d_j = scale (2/n) (a_j - y_j); x is a */
static float mse_row(const float *x, const float *y, size_t n, float parameter, float scale, float *d) {
    return mean_row(x, y, n, parameter, scale, d, mse_term);
}

LOSS_COLUMN(mse)
