/* SPDX-License-Identifier: BSD-3-Clause */
#include "kernels/map.h"

/* 2 Phi(z) = erfc(-z / sqrt(2)), |z| <= 16. The rounding error d of x = -z / sqrt(2) would be amplified for large x;
 * there erfc(x + d) = erfc(x) (1 - 2 x d), because erfc'(x) / erfc(x) tends to -2 x. */
ALWAYS_INLINE vf gelu_erfc(vf z) {
    const vf high = v_set(-0x1.6a09e6p-1f), low = v_set(-0x1.9fcef4p-27f); /* -1/sqrt(2) */
    const vf zero = v_set(0), x = v_mul(z, high);
    const vf d = v_fma(z, low, v_fma(z, high, v_sub(zero, x)));
    const vf y = v_erfc(x);
    return v_fma(y, v_mul(v_mul(v_set(-2), at_least(x, zero)), d), y);
}

/* sqrt(2 pi) phi(z) = exp(-z^2 / 2), where z^2 = p + r */
ALWAYS_INLINE vf gelu_exp(vf z) {
    const vf p = v_mul(z, z), r = v_fma(z, z, v_sub(v_set(0), p));
    const vf e = v_exp(v_mul(v_set(-0.5f), p));
    return v_fma(e, v_mul(v_set(-0.5f), r), e);
}

/* f(z) = -phi(z) (1 - w + 3 w^2 - 15 w^3 + 105 w^4 - ...), w = 1/z^2 (Abramowitz and Stegun 26.2.12); z <= -12, where
 * the next term is below 2^-25 */
ALWAYS_INLINE vf gelu_tail(vf z) {
    const vf w = v_div(v_set(1), v_mul(z, z));
    const vf cube = v_fma(w, v_set(105), v_set(-15)), square = v_fma(w, cube, v_set(3));
    const vf sum = v_fma(w, v_fma(w, square, v_set(-1)), v_set(1));
    return v_mul(v_mul(v_set(-0x1.988454p-2f), sum), gelu_exp(z)); /* -1/sqrt(2 pi) */
}

/* f(z) = z Phi(z), Phi(z) = (1 + erf(z / sqrt(2))) / 2. Below -12, where Phi will soon be denormal before f is, by a
 * series; beyond +-16 Phi as there, so that f(-Inf) is -0 and not NaN. */
ALWAYS_INLINE vf gelu_value(vf z, vf parameter) {
    (void)parameter;
    const vf low = at_least(z, v_set(-16)), x = at_most(low, v_set(16));
    return v_select_le(x, v_set(-12), gelu_tail(x), v_mul(v_mul(v_set(0.5f), low), gelu_erfc(x)));
}

/* d f'(z) = d (Phi(z) + z phi(z)); beyond +-16 as there */
ALWAYS_INLINE vf gelu_slope(vf d, vf z, vf parameter) {
    (void)parameter;
    const vf x = at_most(at_least(z, v_set(-16)), v_set(16));
    const vf phi = v_mul(v_set(0x1.988454p-2f), gelu_exp(x));
    return v_mul(d, v_fma(x, phi, v_mul(v_set(0.5f), gelu_erfc(x))));
}
