/* SPDX-License-Identifier: BSD-3-Clause */
#include "kernels/loss/loss_row.h"

/* exp(z) - y z; the derivative by z is exp(z) - y. A target of 0 leaves z out, even where it is -Inf; and where exp(z)
 * is infinite z is limited, so that the term is infinite, too. */
ALWAYS_INLINE vf poisson_term(vf z, vf y, vf parameter, vf *derivative) {
    (void)parameter;
    const vf zero = v_set(0), e = exp_of(z), limited = at_most(z, v_set(128));
    *derivative = v_sub(e, y);
    return v_select_le(v_abs(y), zero, e, v_fma(v_sub(zero, limited), y, e));
}

/* (1/n) sum_j exp(z_j) - y_j z_j, d_j = (scale/n) (exp(z_j) - y_j); x is z */
static float poisson_row(const float *x, const float *y, size_t n, float parameter, float scale, float *d) {
    return mean_row(x, y, n, parameter, scale, d, poisson_term);
}

LOSS_COLUMN(poisson)
