/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How far single precision may be from the oracle: a running error analysis.
 *
 * Beside every number q of the oracle goes e with |q' - q| <= e for the q' that the library computes in f32. With
 * u = 2^-24 and gamma_k = k u / (1 - k u), every rule is a worst case, nothing is fitted to what was observed:
 *
 *   x y, one rounding         |x| ey + |y| ex + ex ey          + u (|x| + ex)(|y| + ey)
 *   sum of k products, in any order, with fma or without
 *                             sum (|x| ey + |y| ex + ex ey)    + gamma_k+1 sum (|x| + ex)(|y| + ey)
 *   identity, ReLU            ez          (Lipschitz constant 1)
 *   leaky ReLU                ez          + u (|z| + ez)
 *   sigmoid                   ez / 4      + 6 u (a + ez / 4): exp 1 ulp <= 2 u in the numerator and, weighted by
 *                             e / (1 + e) <= 1/2, in the denominator; one addition, one division; 5 u + O(u^2)
 *   tanh                      ez          + 3 u (|a| + ez): 1 ulp <= 2 u
 *   softmax                   a (exp(2 max ez + (2 R + 10 + 2 n) u) - 1), R = max z' - min z': a perturbation of the
 *                             logits by at most E changes each ratio by at most exp(2 E); the exponents are rounded by
 *                             R u each, exp by 2 u, the sum of n terms by n u, the division by u; above and below
 *   f' of ReLU                exact, unless |z| <= ez: then the sides may differ, by 1 - slope
 *   f' = a (1 - a)            ea (1 + ea) + 2 u (...)
 *   f' = 1 - a^2              2 |a| ea + ea^2 + u (...)
 *   label smoothing           u 4 (|y| + s (c + |y|)) in the target
 *   sign(a - y) of MAE        exact, unless |a - y| <= ea: then the sides may differ, by 2
 *
 * The exponential, logarithm and tanh of SLEEF (suffix u10) have an error of at most 1 ulp. TINY stands for underflow.
 */
#ifndef TP_TESTS_SUPPORT_BOUND_H
#define TP_TESTS_SUPPORT_BOUND_H

#include "../reference.h"

#define TEST_U 0x1p-24

double test_gamma(size_t k);

/* Errors of what pass holds, element by element. */
struct test_bound {
    const struct ref_pass *pass;
    double *z[REF_MAX_LAYERS + 1];
    double *a[REF_MAX_LAYERS + 1];
    double *dz[REF_MAX_LAYERS + 1];
};

void test_bound_open(struct test_bound *bound, const struct ref_pass *pass);
void test_bound_close(struct test_bound *bound);

/* Each after its namesake of the oracle. gradients and dx are errors, overwritten. */
void test_bound_forward(struct test_bound *bound, const double *parameters);
double test_bound_loss(const struct test_bound *bound, const double *targets);
void test_bound_backward(struct test_bound *bound, const double *parameters, const double *targets, double *gradients,
                         double *dx);
void test_bound_backward_from(struct test_bound *bound, const double *parameters, const double *dy, double *gradients,
                              double *dx);

/* True if |actual - expected| <= error for all n; else reports the first that is not on stderr. */
bool test_within(const float *actual, const double *expected, const double *error, size_t n, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

#endif
