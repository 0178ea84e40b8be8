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
 *   what a product of matrices reads, in a net in bf16
 *                             ex          + 2^-8 (|x| + ex): 8 significant bits, to nearest. A product of two such
 *                             numbers has 16 bits, so that a chain within a block of 32 has a rounding less than terms;
 *                             with that of E + O and one for each block these are not more than the k + 1 of gamma
 *                             above. Biases are f32, and their gradients are sums of f32.
 *   dropout                   a product with 1 / (1 - p), which has two roundings; 0 is exact
 *   identity, ReLU            ez          (Lipschitz constant 1)
 *   leaky ReLU                ez          + u (|z| + ez)
 *   sigmoid                   ez / 4      + 6 u (a + ez / 4): exp 1 ulp <= 2 u in the numerator and, weighted by
 *                             e / (1 + e) <= 1/2, in the denominator; one addition, one division; 5 u + O(u^2)
 *   tanh                      ez          + 3 u (|a| + ez): 1 ulp <= 2 u
 *   ELU, slope <= 1           ez          + 3 u (|a| + ez): exp(z) - 1 of 1 ulp, a product
 *   softplus                  ez          + 6 u (a + ez): exp and log1p of 1 ulp, with condition at most 1; an addition
 *   SiLU                      1.1 ez      + 8 u (|a| + 1.1 ez): sigmoid above, a product, and 2 u for its shifted exp
 *   GELU                      1.13 ez     + 8 u (|a| + 1.13 ez): erfc of 1.5 ulp, 3 u for its argument, two products
 *   exp                       a (exp(ez) - 1) + 2 u a exp(ez): 1 ulp
 *   softmax                   a (exp(2 max ez + (2 R + 10 + 2 n) u) - 1), R = max z' - min z': a perturbation of the
 *                             logits by at most E changes each ratio by at most exp(2 E); the exponents are rounded by
 *                             R u each, exp by 2 u, the sum of n terms by n u, the division by u; above and below
 *   f' of ReLU                exact, unless |z| <= ez: then the sides may differ, by 1 - slope
 *   f' = a, of exp            ea
 *   f' = a (1 - a)            ea (1 + ea) + 2 u (...)
 *   f' = 1 - a^2              2 |a| ea + ea^2 + u (...)
 *   label smoothing           u 4 (|y| + s (c + |y|)) in the target
 *   sign(a - y) of MAE        exact, unless |a - y| <= ea: then the sides may differ, by 2
 *   f' of ELU                 z <= 0: ea + u (...), and as ReLU near 0
 *   f' = 1 - exp(-a)          ea + 2 u (...)
 *   f' of SiLU                ez / 2 (the largest f'') + 10 u s (1 + |z| (1 - s)): sigmoid twice, a sum, a product
 *   f' of GELU                0.8 ez + 10 u (Phi + |z| phi): phi has an exp of 1 ulp and six roundings
 *
 * The exponentials, logarithms and tanh of SLEEF (suffix u10) have an error of at most 1 ulp. TINY stands for
 * underflow.
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
