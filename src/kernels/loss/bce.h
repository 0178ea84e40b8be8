/* SPDX-License-Identifier: BSD-3-Clause */
#include "kernels/activation/sigmoid.h"
#include "kernels/loss/loss_row.h"

/* max(z, 0) - z y + log1p(exp(-|z|)); the derivative by z is sigmoid(z) - y */
ALWAYS_INLINE vf bce_term(vf z, vf y, vf parameter, vf *derivative) {
    (void)parameter;
    const vf e = exp_minus_abs(z);
    *derivative = v_sub(sigmoid_from_exp(z, e), y);
    return v_add(v_fma(v_sub(v_set(0), z), y, at_least(z, v_set(0))), log1p_of(e));
}

/* The sum over the outputs; x is z */
static float bce_row(const float *x, const float *y, size_t n, float parameter, float scale, float *d) {
    return loss_row(x, y, n, parameter, scale, d, bce_term);
}

LOSS_COLUMN(bce)
