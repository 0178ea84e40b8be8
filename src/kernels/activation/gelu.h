/* SPDX-License-Identifier: BSD-3-Clause */
#include "kernels/map.h"

/* 2 Phi(z) = erfc(-z / sqrt(2)), |z| <= 16. The rounding error d of x = -z / sqrt(2) would be amplified for large x;
 * there erfc(x + d) = erfc(x) (1 - 2 x d), because erfc'(x) / erfc(x) tends to -2 x. */
ALWAYS_INLINE vf gelu_erfc(vf z) {
    const vf high = v_set(-0x1.6a09e6p-1f), low = v_set(-0x1.9fcef4p-27f); /* -1/sqrt(2) */
    const vf zero = v_set(0), x = v_mul(z, high);
    const vf d = v_fma(z, low, v_fma(z, high, v_sub(zero, x)));
    const vf positive = v_select_le(x, zero, zero, x);
    const vf y = v_erfc(x);
    return v_fma(y, v_mul(v_mul(v_set(-2), positive), d), y);
}

/* f(z) = z Phi(z), Phi(z) = (1 + erf(z / sqrt(2))) / 2; beyond +-16 Phi as there, so that f(-Inf) is -0 and not NaN.
 * Where |f(z)| < 2^-123 erfc is denormal and f loses digits. */
ALWAYS_INLINE vf gelu_value(vf z, vf parameter) {
    (void)parameter;
    const vf low = v_select_le(z, v_set(-16), v_set(-16), z);
    const vf x = v_select_le(v_set(16), low, v_set(16), low);
    return v_mul(v_mul(v_set(0.5f), low), gelu_erfc(x));
}

/* d f'(z) = d (Phi(z) + z phi(z)), phi(z) = exp(-z^2 / 2) / sqrt(2 pi), where z^2 = p + r; beyond +-16 as there */
ALWAYS_INLINE vf gelu_slope(vf d, vf z, vf parameter) {
    (void)parameter;
    const vf low = v_select_le(z, v_set(-16), v_set(-16), z);
    const vf x = v_select_le(v_set(16), low, v_set(16), low);
    const vf p = v_mul(x, x), r = v_fma(x, x, v_sub(v_set(0), p));
    const vf e = v_exp(v_mul(v_set(-0.5f), p));
    const vf phi = v_mul(v_set(0x1.988454p-2f), v_fma(e, v_mul(v_set(-0.5f), r), e));
    return v_mul(d, v_fma(x, phi, v_mul(v_set(0.5f), gelu_erfc(x))));
}
