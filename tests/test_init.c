/* SPDX-License-Identifier: BSD-3-Clause */
/* Initial weights: their moments, their range, and what they depend on. */
#include "support/support.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

enum { FAN_IN = 60, FAN_OUT = 40, WEIGHTS = FAN_IN * FAN_OUT };

static void initialise(tp_init init, tp_activation activation, uint64_t seed, float parameters[WEIGHTS + FAN_OUT]) {
    const tp_layer layer = {FAN_OUT, activation, 0.5f, 0};
    tp_context *context = tp_test_context(NULL, 1);
    tp_model_options options;
    tp_model_options_default(&options);
    options.inputs = FAN_IN, options.layer_count = 1, options.layers = &layer, options.loss = TP_LOSS_MSE;
    options.init = init, options.seed = seed;
    tp_model *model = NULL;
    cr_assert_eq(tp_model_create(context, &options, &model), TP_OK);
    cr_assert_eq(tp_model_get_parameters(model, parameters, WEIGHTS + FAN_OUT), TP_OK);
    for (size_t j = 0; j < FAN_OUT; j++)
        cr_assert_eq(parameters[WEIGHTS + j], 0);
    tp_model_destroy(model);
    tp_context_destroy(context);
}

/* Mean and variance of 2400 draws are within 5 and 10 % of a deviation, which is some three deviations of theirs. */
static void check_moments(tp_init init, double variance, double largest) {
    float w[WEIGHTS + FAN_OUT];
    double sum = 0, squares = 0, most = 0;
    initialise(init, TP_ACTIVATION_TANH, 1, w);
    for (size_t i = 0; i < WEIGHTS; i++) {
        sum += (double)w[i];
        squares += (double)w[i] * (double)w[i];
        most = fmax(most, fabs((double)w[i]));
    }
    cr_assert(fabs(sum / WEIGHTS) < 0.05 * sqrt(variance), "%s: mean %g", tp_init_name(init), sum / WEIGHTS);
    cr_assert(fabs(squares / WEIGHTS - variance) < 0.1 * variance, "%s: variance %g", tp_init_name(init),
              squares / WEIGHTS);
    cr_assert(most <= 1.000001 * largest && most > 0.5 * largest, "%s: up to %g", tp_init_name(init), most);
}

Test(init, weights_have_their_variance) {
    const double he = 2.0 / FAN_IN, glorot = 2.0 / (FAN_IN + FAN_OUT);
    check_moments(TP_INIT_HE_NORMAL, he, 6 * sqrt(he));
    check_moments(TP_INIT_HE_UNIFORM, he, sqrt(3 * he));
    check_moments(TP_INIT_GLOROT_NORMAL, glorot, 6 * sqrt(glorot));
    check_moments(TP_INIT_GLOROT_UNIFORM, glorot, sqrt(3 * glorot));
}

Test(init, weights_are_a_function_of_the_seed) {
    float one[WEIGHTS + FAN_OUT], again[WEIGHTS + FAN_OUT], two[WEIGHTS + FAN_OUT];
    for (int init = TP_INIT_HE_NORMAL; init < TP_INIT_ZERO; init++) {
        initialise((tp_init)init, TP_ACTIVATION_TANH, 1, one);
        initialise((tp_init)init, TP_ACTIVATION_TANH, 1, again);
        initialise((tp_init)init, TP_ACTIVATION_TANH, 2, two);
        cr_assert(tp_test_same_bits(one, again, WEIGHTS, "equal seeds"));
        cr_assert_neq(memcmp(one, two, sizeof one), 0);
        for (size_t block = 1; block < WEIGHTS / 256; block++) /* weights are drawn 256 at a time */
            cr_assert_neq(memcmp(one, one + block * 256, 256 * sizeof *one), 0);
    }
}

Test(init, automatic_by_activation) {
    float automatic[WEIGHTS + FAN_OUT], expected[WEIGHTS + FAN_OUT];
    for (int activation = 0; activation < TP_ACTIVATION_COUNT; activation++) {
        const bool he = activation != TP_ACTIVATION_IDENTITY && activation != TP_ACTIVATION_SIGMOID &&
                        activation != TP_ACTIVATION_TANH && activation != TP_ACTIVATION_SOFTMAX &&
                        activation != TP_ACTIVATION_EXP;
        initialise(TP_INIT_AUTO, (tp_activation)activation, 1, automatic);
        initialise(he ? TP_INIT_HE_NORMAL : TP_INIT_GLOROT_UNIFORM, (tp_activation)activation, 1, expected);
        cr_assert(tp_test_same_bits(expected, automatic, WEIGHTS, "%s", tp_activation_name((tp_activation)activation)));
    }
}

Test(init, zero) {
    float w[WEIGHTS + FAN_OUT];
    const float zeros[WEIGHTS + FAN_OUT] = {0};
    initialise(TP_INIT_ZERO, TP_ACTIVATION_TANH, 1, w);
    cr_assert(tp_test_same_bits(zeros, w, WEIGHTS, "zero"));
}
