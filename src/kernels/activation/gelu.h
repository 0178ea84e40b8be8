/* SPDX-License-Identifier: BSD-3-Clause */
#include "kernels/map.h"

/* 2 Phi(z) = erfc(-z / sqrt(2)), |z| <= 16. The rounding error d of x = -z / sqrt(2) would be amplified for large x;
 * there erfc(x + d) = erfc(x) (1 - 2 x d), because erfc'(x) / erfc(x) tends to -2 x. */
ALWAYS_INLINE vf gelu_erfc(vf small_or_large) {
    const vf high = v_set(-0x1.6a09e6p-1f), low = v_set(-0x1.9fcef4p-27f); /* -1/sqrt(2) */
    const vf zero = v_set(0), z = small_to_zero(small_or_large), x = v_mul(z, high);
    const vf d = v_fma(z, low, v_fma(z, high, v_sub(zero, x)));
    const vf y = v_erfc(x);
    return v_fma(y, v_mul(v_mul(v_set(-2), at_least(x, zero)), d), y);
}

/* sqrt(2 pi) phi(z) = exp(-z^2 / 2), where z^2 = p + r */
ALWAYS_INLINE vf gelu_exp(vf small_or_large) {
    const vf z = small_to_zero(small_or_large);
    const vf p = v_mul(z, z), r = v_fma(z, z, v_sub(v_set(0), p));
    const vf e = v_exp(small_to_zero(v_mul(v_set(-0.5f), p)));
    return v_fma(e, v_mul(v_set(-0.5f), r), e);
}

/* f(z) = -phi(z) (1 - w + 3 w^2 - 15 w^3 + 105 w^4 - ...), w = 1/z^2 (Abramowitz and Stegun 26.2.12); z <= -12, where
 * the next term is below 2^-25. Beyond -13.1 f is below 2^-126. */
ALWAYS_INLINE vf gelu_tail(vf z) {
    const vf x = v_at_most(v_at_least(z, v_set(-0x1.a4ae0cp+3f)), v_set(-12)), w = v_div(v_set(1), v_mul(x, x));
    const vf cube = v_fma(w, v_set(105), v_set(-15)), square = v_fma(w, cube, v_set(3));
    const vf sum = v_fma(w, v_fma(w, square, v_set(-1)), v_set(1));
    return v_mul(v_mul(v_set(-0x1.988454p-2f), sum), gelu_exp(x)); /* -1/sqrt(2 pi) */
}

/* f(z) = z Phi(z), Phi(z) = (1 + erf(z / sqrt(2))) / 2; below -12, where Phi will soon be denormal before f is, by a
 * series, and where not even SLEEF does without denormals; above 16 Phi as there */
ALWAYS_INLINE vf gelu_value(vf z, vf parameter) {
    (void)parameter;
    const vf x = v_flush(v_zero_le(z, v_set(-12), z));
    const vf above = v_mul(v_mul(v_set(0.5f), x), gelu_erfc(v_at_most(x, v_set(16))));
    return v_zero_le(z, v_set(-0x1.a4ae0ep+3f), v_flush(v_select_le(z, v_set(-12), gelu_tail(z), above)));
}

/* d f'(z) = d (Phi(z) + z phi(z)); above 13 f' is 1, and below -13 it is less than 2^-119 and 0 */
ALWAYS_INLINE vf gelu_slope(vf d, vf z, vf parameter) {
    (void)parameter;
    const vf x = v_flush(v_at_most(v_zero_le(z, v_set(-13), z), v_set(13)));
    const vf phi = v_mul(v_set(0x1.988454p-2f), gelu_exp(x));
    const vf slope = v_fma(x, phi, v_mul(v_set(0.5f), gelu_erfc(x)));
    return v_flush(v_mul(v_flush(d), v_zero_le(z, v_set(-13), slope)));
}
