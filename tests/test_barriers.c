/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One thread of a team is late wherever it calls one of the kernels, and the bits stay what they are. Without a barrier
 * the other threads would read what is not there yet, or write what is still being read.
 */
#include "core/context.h"
#include "gemm/gemm.h"
#include "support/support.h"

#include <criterion/criterion.h>
#include <omp.h>
#include <time.h>

enum { INPUTS = 23, OUTPUTS = 10, SAMPLES = 150, BATCH = 60 };
enum { PARAMETERS = 23 * 67 + 67 + 67 * 90 + 90 + 90 * 40 + 40 + 40 * 10 + 10 };

enum kernel { NONE, STRIP, LOSS, SCALE, COLUMNS, SQUARES, UPDATE, KERNELS };

static const struct tp_isa *real;
static enum kernel late_kernel;
static int late_thread;

static void be_late(enum kernel kernel) {
    const struct timespec nap = {0, 300000};
    if (kernel == late_kernel && omp_get_thread_num() == late_thread)
        nanosleep(&nap, NULL);
}

static void strip(const struct tp_strip *strip) {
    be_late(STRIP);
    real->gemm_strip(strip);
}

static float loss(const float *x, const float *y, size_t n, float parameter, float scale, float *d) {
    be_late(LOSS);
    return real->loss_row[TP_CCE](x, y, n, parameter, scale, d);
}

static void scale(float *x, const float *raw, size_t n, float mean, float factor) {
    be_late(SCALE);
    real->scale_floats(x, raw, n, mean, factor);
}

static void columns(float *out, const float *d, size_t ldd, size_t rows, size_t count) {
    be_late(COLUMNS);
    real->column_sums(out, d, ldd, rows, count);
}

static double squares(const float *x, size_t n) {
    be_late(SQUARES);
    return real->square_sum(x, n);
}

static void update(const struct tp_update *numbers, float *w, const float *g, float *s, float *t, size_t n) {
    be_late(UPDATE);
    real->update[TP_ADAM](numbers, w, g, s, t, n);
}

/* Two epochs of three steps; late_kernel and late_thread say who is late. */
static void train(int threads, float clip_norm, float parameters[PARAMETERS]) {
    static const tp_layer layers[] = {
        {67, TP_RELU, 0, 0}, {90, TP_TANH, 0, 0}, {40, TP_SIGMOID, 0, 0}, {OUTPUTS, TP_SOFTMAX, 0, 0}};
    static float x[SAMPLES * INPUTS];
    static int32_t classes[SAMPLES];
    tp_test_fill(x, SAMPLES * INPUTS, 1, -1, 1);
    tp_test_fill_classes(classes, SAMPLES, 2, OUTPUTS);
    tp_context *context = tp_test_context(NULL, threads);
    real = context->isa;
    struct tp_isa isa = *real;
    isa.gemm_strip = strip, isa.loss_row[TP_CCE] = loss, isa.scale_floats = scale;
    isa.column_sums = columns, isa.square_sum = squares, isa.update[TP_ADAM] = update;
    struct tp_blocking eager = *context->blocking;
    eager.thread_flops = 1;
    tp_context copy = *context;
    copy.isa = &isa, copy.blocking = &eager;
    const tp_data data = {.samples = SAMPLES, .features = INPUTS, .floats = x, .classes = classes, .outputs = OUTPUTS};
    tp_model_options shape;
    tp_model_options_default(&shape);
    shape.inputs = INPUTS, shape.layers = 4, shape.layer = layers;
    tp_train_options options;
    tp_train_options_default(&options);
    options.batch = BATCH, options.epochs = 2;
    options.optimizer.clip_norm = clip_norm;
    tp_model *model = NULL;
    tp_trainer *trainer = NULL;
    cr_assert_eq(tp_model_create(&copy, &shape, &model), TP_OK);
    cr_assert_eq(tp_trainer_create(model, &data, &options, NULL, 0, &trainer), TP_OK);
    cr_assert_eq(tp_trainer_run(trainer), TP_OK);
    cr_assert_eq(tp_model_get_parameters(model, parameters, PARAMETERS), TP_OK);
    tp_trainer_destroy(trainer);
    tp_model_destroy(model);
    tp_context_destroy(context);
}

static void compare(float clip_norm) {
    static float expected[PARAMETERS], actual[PARAMETERS];
    late_kernel = NONE;
    train(1, clip_norm, expected);
    for (int kernel = STRIP; kernel < KERNELS; kernel++)
        for (late_thread = 0; late_thread < 2; late_thread++) {
            late_kernel = (enum kernel)kernel;
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
