/* SPDX-License-Identifier: BSD-3-Clause */
/* What is measured: every elementary function that kernels call, and what the library composes of them. */
#include "elementary.h"
#include "ulp.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SLOPE 0.01f

static const double pi = 3.14159265358979323846;

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

/* ------------------------------------------------------------------------------------------------------------ table */

/* The errors are those that `ulp --full` printed, rounded up. */
const struct ulp_function ulp_functions[] = {
    {"exp", elementary, TEST_exp, 0, exp, 0, 0.97, 0.74},
    {"log", elementary, TEST_log, 0, log, 0, 0.6, 0},
    {"log1p", elementary, TEST_log1p, 0, log1p, 0x1p126, 1.01, 1.01},
    {"cospi", elementary, TEST_cospi, 0, cospi_truth, 2, 0.51, 0},
    {"identity", activation, TP_IDENTITY, 0, identity_truth, 0, 0, 0},
    {"relu", activation, TP_RELU, 0, relu_truth, 0, 0, 0},
    {"leaky_relu", activation, TP_LEAKY_RELU, SLOPE, leaky_relu_truth, 0, 0.5, 0.5},
    {"sigmoid", activation, TP_SIGMOID, 0, sigmoid_truth, 0, 2.41, 0.76},
    {"tanh", activation, TP_TANH, 0, tanh, 0, 1.01, 0},
    {"sigmoid_derivative", derivative, TP_SIGMOID, 0, sigmoid_derivative_truth, 0, 1.5, 0},
    {"tanh_derivative", derivative, TP_TANH, 0, tanh_derivative_truth, 0, 0.5, 0},
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
        if (f != TP_SOFTMAX && !measured(f))
            return tp_activation_name((tp_activation)f);
    return NULL;
}
