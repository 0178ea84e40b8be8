/* SPDX-License-Identifier: BSD-3-Clause */
/* What is measured: every elementary function that kernels call, and what the library composes of them. */
#include "elementary.h"
#include "ulp.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SLOPE 0.01f
#define ALPHA 1.0f

static const double pi = 3.14159265358979323846, sqrt_half = 0.70710678118654752440;

/* ------------------------------------------------------------------------------------------------------- evaluation */

static const struct test_elementary *elementary_of(const struct tp_isa *isa) {
    const struct test_elementary *const tables[] = {&tp_isa_scalar_elementary, &tp_isa_avx2_elementary,
                                                    &tp_isa_avx512_elementary, &tp_isa_neon_elementary};
    for (size_t t = 0; t < sizeof tables / sizeof *tables; t++)
        if (tables[t] && strcmp(tables[t]->isa, isa->name) == 0)
            return tables[t];
    fprintf(stderr, "elementary.h does not know %s\n", isa->name);
    abort();
}

static void elementary(const struct ulp_function *f, const struct tp_isa *isa, float *x, size_t n) {
    elementary_of(isa)->map[f->which](x, n);
}

static void activation(const struct ulp_function *f, const struct tp_isa *isa, float *z, size_t n) {
    isa->activation[f->which].activate(z, n, 1, n, f->parameter);
}

/* d f' for d = 1, by what the kernel computes it from: a = f(z), whose own error is not counted again. */
static void derivative(const struct ulp_function *f, const struct tp_isa *isa, float *x, size_t n) {
    enum { PIECE = 256 };
    for (size_t i = 0; i < n; i += PIECE) {
        const size_t count = n - i < PIECE ? n - i : PIECE;
        float d[PIECE];
        for (size_t j = 0; j < count; j++)
            d[j] = 1;
        isa->activation[f->which].derive(d, count, x + i, count, 1, count, f->parameter);
        memcpy(x + i, d, count * sizeof *d);
    }
}

/* ------------------------------------------------------------------------------------------------------------ truth */

/* cos(pi x) for |x| <= 2 */
static double cospi_truth(double x) {
    const double r = fabs(remainder(x, 2));
    return r <= 0.25 ? cos(pi * r) : r <= 0.75 ? sin(pi * (0.5 - r)) : -cos(pi * (1 - r));
}

static double identity_truth(double z) {
    return z;
}

static double relu_truth(double z) {
    return z <= 0 ? 0 : z;
}

static double leaky_relu_truth(double z) {
    return z <= 0 ? (double)SLOPE * z : z;
}

static double sigmoid_truth(double z) {
    return 1 / (1 + exp(-z));
}

static double sigmoid_derivative_truth(double a) {
    return a * (1 - a);
}

static double tanh_derivative_truth(double a) {
    return 1 - a * a;
}

static double elu_truth(double z) {
    return z <= 0 ? (double)ALPHA * expm1(z) : z;
}

static double elu_derivative_truth(double a) {
    return a <= 0 ? a + (double)ALPHA : 1;
}

/* ln(1 + exp(z)) */
static double softplus_truth(double z) {
    return z > 0 ? z + log1p(exp(-z)) : log1p(exp(z));
}

static double softplus_derivative_truth(double a) {
    return -expm1(-a);
}

/* z sigmoid(z) */
static double silu_truth(double z) {
    return isinf(z) && z < 0 ? 0 : z / (1 + exp(-z));
}

/* The other term of the derivative, z sigmoid(z) sigmoid(-z) */
static double silu_term(double z) {
    return isinf(z) ? 0 : z * sigmoid_truth(z) * sigmoid_truth(-z);
}

static double silu_derivative_truth(double z) {
    return sigmoid_truth(z) + silu_term(z);
}

static double silu_derivative_size(double z) {
    return sigmoid_truth(z) + fabs(silu_term(z));
}

/* Phi(z) */
static double normal_truth(double z) {
    return erfc(-z * sqrt_half) / 2;
}

static double gelu_truth(double z) {
    return isinf(z) && z < 0 ? 0 : z * normal_truth(z);
}

/* The other term of the derivative, z phi(z) */
static double gelu_term(double z) {
    return isinf(z) ? 0 : z * exp(-z * z / 2) / sqrt(2 * pi);
}

static double gelu_derivative_truth(double z) {
    return normal_truth(z) + gelu_term(z);
}

static double gelu_derivative_size(double z) {
    return normal_truth(z) + fabs(gelu_term(z));
}

/* ------------------------------------------------------------------------------------------------------------ table */

/* The errors are those that `ulp --full` printed, rounded up; those of functions that have no digest of step 1 yet were
 * seen with step 257, and 0.05 more may turn up. */
const struct ulp_function ulp_functions[] = {
    {"exp", elementary, TEST_exp, 0, exp, .ulp = 0.99, .denormal_ulp = 0.76, .denormals = true},
    {"expm1", elementary, TEST_expm1, 0, expm1, .ulp = 1, .denormals = true},
    {"log", elementary, TEST_log, 0, log, .ulp = 0.63, .denormals = true},
    {"log1p", elementary, TEST_log1p, 0, log1p, .ulp = 1.01, .denormal_ulp = 1.01, .limit = 0x1p126, .denormals = true},
    {"erfc", elementary, TEST_erfc, 0, erfc, .ulp = 1.45, .denormal_ulp = 1.26, .denormals = true},
    {"cospi", elementary, TEST_cospi, 0, cospi_truth, .ulp = 0.51, .limit = 2, .denormals = true},
    {"identity", activation, TP_ACTIVATION_IDENTITY, 0, identity_truth, .ulp = 0},
    {"relu", activation, TP_ACTIVATION_RELU, 0, relu_truth, .ulp = 0, .denormal_ulp = 1},
    {"leaky_relu", activation, TP_ACTIVATION_LEAKY_RELU, SLOPE, leaky_relu_truth, .ulp = 0.5, .denormal_ulp = 1},
    {"sigmoid", activation, TP_ACTIVATION_SIGMOID, 0, sigmoid_truth, .ulp = 2.41, .denormal_ulp = 1},
    {"tanh", activation, TP_ACTIVATION_TANH, 0, tanh, .ulp = 1, .denormal_ulp = 1},
    {"elu", activation, TP_ACTIVATION_ELU, ALPHA, elu_truth, .ulp = 1, .denormal_ulp = 1},
    {"softplus", activation, TP_ACTIVATION_SOFTPLUS, 0, softplus_truth, .ulp = 1.5, .denormal_ulp = 1},
    {"silu", activation, TP_ACTIVATION_SILU, 0, silu_truth, .ulp = 3.4, .denormal_ulp = 1},
    {"gelu", activation, TP_ACTIVATION_GELU, 0, gelu_truth, .ulp = 3.57, .denormal_ulp = 1},
    {"exp_activation", activation, TP_ACTIVATION_EXP, 0, exp, .ulp = 0.99, .denormal_ulp = 1},
    {"sigmoid_derivative", derivative, TP_ACTIVATION_SIGMOID, 0, sigmoid_derivative_truth, .ulp = 1.5,
     .denormal_ulp = 1},
    {"tanh_derivative", derivative, TP_ACTIVATION_TANH, 0, tanh_derivative_truth, .ulp = 0.5},
    {"elu_derivative", derivative, TP_ACTIVATION_ELU, ALPHA, elu_derivative_truth, .ulp = 0.5},
    {"softplus_derivative", derivative, TP_ACTIVATION_SOFTPLUS, 0, softplus_derivative_truth, .ulp = 1,
     .denormal_ulp = 1},
    {"exp_derivative", derivative, TP_ACTIVATION_EXP, 0, identity_truth, .ulp = 0, .denormal_ulp = 1},
    {"silu_derivative", derivative, TP_ACTIVATION_SILU, 0, silu_derivative_truth, .ulp = 3.22, .denormal_ulp = 1.96,
     .size = silu_derivative_size, .small = 0x1p-119},
    {"gelu_derivative", derivative, TP_ACTIVATION_GELU, 0, gelu_derivative_truth, .ulp = 3.53, .denormal_ulp = 1.98,
     .size = gelu_derivative_size, .small = 0x1p-119},
};

const size_t ulp_function_count = sizeof ulp_functions / sizeof *ulp_functions;

static bool measured(int which) {
    for (size_t i = 0; i < ulp_function_count; i++)
        if (ulp_functions[i].evaluate == activation && ulp_functions[i].which == which)
            return true;
    return false;
}

const char *ulp_forgotten_activation(void) {
    for (int f = 0; f < TP_ACTIVATION_COUNT; f++)
        if (f != TP_ACTIVATION_SOFTMAX && !measured(f))
            return tp_activation_name((tp_activation)f);
    return NULL;
}
