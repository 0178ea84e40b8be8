/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One thread of a team is late wherever it calls one of the kernels, and the bits stay what they are. Without a barrier
 * the other threads would read what is not there yet, or write what is still being read.
 */
#include "core/context.h"
#include "support/hooks.h"
#include "support/support.h"

#include <criterion/criterion.h>
#include <omp.h>
#include <time.h>

enum { INPUTS = 23, OUTPUTS = 10, SAMPLES = 121, BATCH = 60 }; /* the last batch has one row: threads share columns */
enum { PARAMETERS = 23 * 61 + 61 + 61 * 90 + 90 + 90 * 40 + 40 + 40 * 10 + 10 };

static enum test_kernel late_kernel;
static int late_thread;

static void be_late(enum test_kernel kernel) {
    const struct timespec nap = {0, 300000};
    if (kernel == late_kernel && omp_get_thread_num() == late_thread)
        nanosleep(&nap, NULL);
}

/* Two epochs of three steps; late_kernel and late_thread say who is late. */
static void train(int threads, float clip_norm, float parameters[PARAMETERS]) {
    static const tp_layer layers[] = {{61, TP_ACTIVATION_RELU, 0, 0},
                                      {90, TP_ACTIVATION_TANH, 0, 0},
                                      {40, TP_ACTIVATION_SIGMOID, 0, 0},
                                      {OUTPUTS, TP_ACTIVATION_SOFTMAX, 0, 0}};
    static float x[SAMPLES * INPUTS];
    static int32_t classes[SAMPLES];
    tp_test_fill(x, SAMPLES * INPUTS, 1, -1, 1);
    tp_test_fill_classes(classes, SAMPLES, 2, OUTPUTS);
    tp_context *context = tp_test_eager_context(NULL, threads);
    const struct tp_isa isa = test_hooked(context->isa, be_late);
    context->isa = &isa;
    const tp_data data = {.samples = SAMPLES, .features = INPUTS, .floats = x, .classes = classes, .outputs = OUTPUTS};
    tp_model_options shape;
    tp_model_options_default(&shape);
    shape.inputs = INPUTS, shape.layer_count = 4, shape.layers = layers;
    tp_train_options options;
    tp_train_options_default(&options);
    options.batch = BATCH, options.epochs = 2;
    options.optimizer.clip_norm = clip_norm;
    tp_model *model = NULL;
    tp_trainer *trainer = NULL;
    cr_assert_eq(tp_model_create(context, &shape, &model), TP_OK);
    cr_assert_eq(tp_trainer_create(model, &data, &options, NULL, 0, &trainer), TP_OK);
    cr_assert_eq(tp_trainer_run(trainer), TP_OK);
    cr_assert_eq(tp_model_get_parameters(model, parameters, PARAMETERS), TP_OK);
    tp_trainer_destroy(trainer);
    tp_model_destroy(model);
    tp_context_destroy(context);
}

static void compare(float clip_norm) {
    static float expected[PARAMETERS], actual[PARAMETERS];
    late_kernel = TEST_NO_KERNEL;
    train(1, clip_norm, expected);
    for (int kernel = TEST_NO_KERNEL + 1; kernel < TEST_KERNELS; kernel++)
        for (late_thread = 0; late_thread < 2; late_thread++) {
            late_kernel = (enum test_kernel)kernel;
            train(2, clip_norm, actual);
            cr_expect(tp_test_same_bits(expected, actual, PARAMETERS, "clip_norm %g, thread %d late in kernel %d",
                                        (double)clip_norm, late_thread, kernel));
        }
}

Test(barriers, gradients_straight_into_the_update) {
    compare(0);
}

Test(barriers, gradients_clipped_by_norm) {
    compare(0.01f);
}
