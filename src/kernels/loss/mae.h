/* SPDX-License-Identifier: BSD-3-Clause */
#include "kernels/loss/loss_row.h"

/* |a - y|; the derivative is the sign of a - y, 0 at 0, and NaN where a - y is NaN */
ALWAYS_INLINE vf mae_term(vf a, vf y, vf parameter, vf *derivative) {
    (void)parameter;
    const vf zero = v_set(0), difference = v_sub(a, y);
    const vf not_above = v_select_le(zero, difference, zero, v_set(-1));
    const vf sign = v_select_le(difference, zero, not_above, v_set(1));
    *derivative = v_select_le(zero, v_abs(difference), sign, difference);
    return v_abs(difference);
}

/* (1/n) sum_j |a_j - y_j|, d_j = (scale/n) sign(a_j - y_j); x is a */
static float mae_row(const float *x, const float *y, size_t n, float parameter, float scale, float *d) {
    return mean_row(x, y, n, parameter, scale, d, mae_term);
}

LOSS_COLUMN(mae)
