/* SPDX-License-Identifier: BSD-3-Clause */
/* tp_evaluate, tp_predict, and the scaling of raw samples. */
#include "net/pass.h"
#include "support/blocking.h"
#include "support/bound.h"
#include "support/nets.h"
#include "support/support.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { CLASSES = 3 };

static tp_model *identity_model(tp_context *context, size_t n, double mean, double deviation) {
    const tp_layer layer = {n, TP_ACTIVATION_IDENTITY, 0, 0};
    tp_model_options options;
    tp_model_options_default(&options);
    options.inputs = n, options.layer_count = 1, options.layers = &layer, options.loss = TP_LOSS_MSE;
    options.inputs_scaled = (tp_scaling){1, &mean, &deviation};
    tp_model *model = NULL;
    cr_assert_eq(tp_model_create(context, &options, &model), TP_OK);
    float *parameters = tp_test_floats(n * n + n);
    for (size_t i = 0; i < n; i++)
        parameters[i * n + i] = 1;
    cr_assert_eq(tp_model_set_parameters(model, parameters, n * n + n), TP_OK);
    free(parameters);
    return model;
}

static void predict(const tp_model *model, const tp_data *data, size_t max_batch, float *y) {
    tp_workspace *workspace = NULL;
    cr_assert_eq(tp_workspace_create(model, TEST_WORKSPACE(max_batch, TP_MODE_INFERENCE), NULL, 0, &workspace), TP_OK);
    cr_assert_eq(tp_predict(model, workspace, data, &(const tp_outputs){.floats = y}), TP_OK);
    tp_workspace_destroy(workspace);
}

/* The outputs of an identity network are its inputs: what is computed in double is rounded once. */
static void check_scaling(tp_context *context, const tp_data *data, double mean, double deviation) {
    tp_model *model = identity_model(context, data->features, mean, deviation);
    float *y = tp_test_guarded(data->samples * data->features, 0);
    predict(model, data, 7, y);
    for (size_t i = 0; i < data->samples * data->features; i++) {
        const double raw = data->bytes ? (double)data->bytes[i] : (double)data->floats[i];
        const double x = (raw - mean) / deviation;
        cr_assert(fabs((double)y[i] - x) <= 1.0001 * TEST_U * fabs(x), "%s element %zu: %.9g instead of %.9g",
                  tp_context_isa(context), i, (double)y[i], x);
    }
    tp_test_guarded_free(y);
    tp_model_destroy(model);
}

Test(evaluate, inputs_are_scaled) {
    enum { WIDTH = 37, ROWS = 11 };
    static float floats[WIDTH * ROWS];
    static uint8_t bytes[WIDTH * ROWS];
    tp_test_fill(floats, WIDTH * ROWS, 5, -3, 3);
    for (size_t i = 0; i < WIDTH * ROWS; i++)
        bytes[i] = (uint8_t)(i < 256 ? i : tp_test_random(6, i));
    const tp_data sets[] = {{.samples = ROWS, .features = WIDTH, .bytes = bytes},
                            {.samples = ROWS, .features = WIDTH, .floats = floats}};
    for (int i = 0; i < tp_test_isa_count(); i++) {
        tp_context *context = tp_test_context(tp_test_isa(i), 2);
        for (size_t s = 0; s < 2; s++) {
            check_scaling(context, &sets[s], 0, 1);
            check_scaling(context, &sets[s], 0, 255);
            check_scaling(context, &sets[s], 72.94, 90.02);
        }
        tp_context_destroy(context);
    }
}

Test(evaluate, predictions_do_not_depend_on_the_workspace) {
    enum { IN = 4, OUT = 3, ROWS = 90 };
    const struct ref_net net = test_net(1, (const size_t[]){IN, 8, OUT}, TP_ACTIVATION_RELU,
                                        (struct test_head){TP_ACTIVATION_SOFTMAX, TP_LOSS_CCE});
    float x[ROWS * IN], expected[ROWS * OUT], y[ROWS * OUT];
    tp_test_fill(x, ROWS * IN, 7, -1, 1);
    const tp_data data = {.samples = ROWS, .features = IN, .floats = x};
    tp_context *context = tp_test_context(NULL, 2);
    tp_model *model = test_model(context, &net, NULL);
    predict(model, &data, ROWS, expected);
    const size_t batches[] = {1, 7, 16, 1000};
    for (size_t i = 0; i < 4; i++) {
        predict(model, &data, batches[i], y);
        cr_assert(tp_test_same_bits(expected, y, ROWS * OUT, "batches of %zu", batches[i]));
    }
    tp_model_destroy(model);
    tp_context_destroy(context);
}

/* An identity network on one-hot rows predicts the row's class; the counts are given. */
Test(evaluate, confusion_rows_are_targets_and_columns_predictions) {
    static const uint64_t counts[CLASSES][CLASSES] = {{5, 2, 0}, {1, 7, 3}, {0, 8, 2}};
    float x[28 * CLASSES] = {0};
    int32_t classes[28];
    size_t n = 0;
    for (int32_t target = 0; target < CLASSES; target++) {
        for (size_t predicted = 0; predicted < CLASSES; predicted++) {
            for (uint64_t i = 0; i < counts[target][predicted]; i++) {
                x[n * CLASSES + predicted] = 1;
                classes[n++] = target;
            }
        }
    }
    cr_assert_eq(n, 28);
    const tp_data data = {.samples = n, .features = CLASSES, .floats = x, .classes = classes, .outputs = CLASSES};
    tp_context *context = tp_test_context(NULL, 2);
    tp_model *model = identity_model(context, CLASSES, 0, 1);
    for (int mode = TP_MODE_INFERENCE; mode <= TP_MODE_TRAINING; mode++) {
        tp_workspace *workspace = NULL;
        uint64_t confusion[CLASSES * CLASSES + 1] = {[CLASSES * CLASSES] = 99};
        tp_score score;
        cr_assert_eq(tp_workspace_create(model, TEST_WORKSPACE(5, (tp_mode)mode), NULL, 0, &workspace), TP_OK);
        cr_assert_eq(tp_evaluate(model, workspace, &data, &score, confusion), TP_OK);
        cr_assert_eq(memcmp(confusion, counts, sizeof counts), 0);
        cr_assert_eq(confusion[CLASSES * CLASSES], 99);
        cr_assert(score.correct == 14 && score.samples == 28);
        cr_assert_float_eq(score.loss, 14 * 2.0 / 3 / 28, 1e-7); /* a wrong row is off by 1 in two of three */
        tp_workspace_destroy(workspace);
    }
    tp_model_destroy(model);
    tp_context_destroy(context);
}

Test(evaluate, confusion_needs_classes) {
    const float rows[4 * CLASSES] = {0};
    const tp_data data = {.samples = 4, .features = CLASSES, .floats = rows, .values = rows, .outputs = CLASSES};
    tp_context *context = tp_test_context(NULL, 1);
    tp_model *model = identity_model(context, CLASSES, 0, 1);
    tp_workspace *workspace = NULL;
    tp_score score;
    uint64_t confusion[CLASSES * CLASSES];
    cr_assert_eq(tp_workspace_create(model, TEST_WORKSPACE(4, TP_MODE_INFERENCE), NULL, 0, &workspace), TP_OK);
    cr_assert_eq(tp_evaluate(model, workspace, &data, &score, NULL), TP_OK);
    cr_assert_eq(tp_evaluate(model, workspace, &data, &score, confusion), TP_ERR_ARGUMENT);
    cr_assert_not_null(strstr(tp_test_message(context), "confusion"));
    tp_workspace_destroy(workspace);
    tp_model_destroy(model);
    tp_context_destroy(context);
}

/* The workspace then holds another forward pass than the caller's. */
Test(evaluate, backward_needs_a_forward_again) {
    tp_context *context = tp_test_context(NULL, 1);
    tp_model *model = identity_model(context, 2, 0, 1);
    tp_workspace *workspace = NULL;
    float x[8], gradients[6];
    tp_test_fill(x, 8, 9, -1, 1);
    const tp_targets targets = {.values = x, .ld = 2};
    const tp_data data = {.samples = 4, .features = 2, .floats = x, .values = x, .outputs = 2};
    tp_score score;
    float y[8];
    cr_assert_eq(tp_workspace_create(model, TEST_WORKSPACE(4, TP_MODE_TRAINING), NULL, 0, &workspace), TP_OK);
    cr_assert_eq(tp_forward(model, workspace, 1, x, 2, NULL, 0), TP_OK);
    cr_assert_eq(tp_evaluate(model, workspace, &data, &score, NULL), TP_OK);
    cr_expect_eq(tp_backward(model, workspace, &targets, gradients, NULL, 0, NULL), TP_ERR_ARGUMENT);
    cr_assert_eq(tp_forward(model, workspace, 1, x, 2, NULL, 0), TP_OK);
    cr_assert_eq(tp_predict(model, workspace, &data, &(const tp_outputs){.floats = y}), TP_OK);
    cr_expect_eq(tp_loss_value(model, workspace, &targets, &score), TP_ERR_ARGUMENT);
    tp_workspace_destroy(workspace);
    tp_model_destroy(model);
    tp_context_destroy(context);
}

/* The one class of a single softmax output is certain: no loss, no gradient, and no other class. */
Test(evaluate, a_single_softmax_output_has_one_class) {
    tp_context *context = tp_test_context(NULL, 1);
    const tp_layer layer = {1, TP_ACTIVATION_SOFTMAX, 0, 0};
    tp_model_options options;
    tp_model_options_default(&options);
    options.inputs = 2, options.layer_count = 1, options.layers = &layer;
    tp_model *model = NULL;
    tp_workspace *workspace = NULL;
    tp_score score;
    const float x[2] = {1, 2};
    float gradients[3] = {7, 7, 7};
    const float zeros[3] = {0};
    cr_assert_eq(tp_model_create(context, &options, &model), TP_OK);
    cr_assert_eq(tp_workspace_create(model, TEST_WORKSPACE(1, TP_MODE_TRAINING), NULL, 0, &workspace), TP_OK);
    cr_assert_eq(tp_forward(model, workspace, 1, x, 2, NULL, 0), TP_OK);
    const tp_targets only = {.classes = (const int32_t[]){0}}, other = {.classes = (const int32_t[]){1}};
    cr_assert_eq(tp_backward(model, workspace, &only, gradients, NULL, 0, &score), TP_OK);
    cr_expect(score.loss == 0 && score.correct == 1);
    cr_expect(tp_test_same_bits(zeros, gradients, 3, "gradients"));
    cr_expect_eq(tp_backward(model, workspace, &other, gradients, NULL, 0, &score), TP_ERR_ARGUMENT);
    tp_workspace_destroy(workspace);
    tp_model_destroy(model);
    tp_context_destroy(context);
}

/* Whatever goes in, a network of zeros gives the same output everywhere. */
static tp_score evaluate_zeros(tp_context *context, tp_layer layer, tp_loss loss, size_t samples,
                               const int32_t *classes) {
    const float x[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    const tp_data data = {.samples = samples, .features = 1, .floats = x, .classes = classes, .outputs = layer.width};
    tp_model_options options;
    tp_model_options_default(&options);
    options.inputs = 1, options.layer_count = 1, options.layers = &layer, options.loss = loss,
    options.init = TP_INIT_ZERO;
    tp_model *model = NULL;
    tp_workspace *workspace = NULL;
    tp_score score = {0};
    cr_assert_eq(tp_model_create(context, &options, &model), TP_OK);
    cr_assert_eq(tp_workspace_create(model, TEST_WORKSPACE(4, TP_MODE_INFERENCE), NULL, 0, &workspace), TP_OK);
    cr_assert_eq(tp_evaluate(model, workspace, &data, &score, NULL), TP_OK, "%s", tp_test_message(context));
    tp_workspace_destroy(workspace);
    tp_model_destroy(model);
    return score;
}

/* Among equal outputs the first is the prediction; a probability of one half is a yes. */
Test(evaluate, ties) {
    tp_context *context = tp_test_context(NULL, 2);
    const int32_t classes[8] = {0, 2, 0, 1, 0, 2, 2, 1}, yes[8] = {1, 0, 1, 1, 0, 1, 1, 1};
    cr_expect_eq(evaluate_zeros(context, (tp_layer){3, TP_ACTIVATION_SOFTMAX, 0, 0}, TP_LOSS_CCE, 8, classes).correct,
                 3);
    cr_expect_eq(evaluate_zeros(context, (tp_layer){1, TP_ACTIVATION_SIGMOID, 0, 0}, TP_LOSS_BCE, 8, yes).correct, 6);
    cr_expect_eq(evaluate_zeros(context, (tp_layer){1, TP_ACTIVATION_SIGMOID, 0, 0}, TP_LOSS_MSE, 8, yes).correct, 6);
    tp_context_destroy(context);
}

/* Of rows around the number of elements that are searched together: the first of the largest, wherever it is. */
Test(evaluate, largest_of_many) {
    static const float values[] = {-INFINITY, NAN, -1, 0, -0.0f, 1, 1, INFINITY};
    enum { MOST = 600 };
    float row[MOST];
    for (size_t n = 250; n <= MOST; n++) {
        size_t expected = 0;
        for (size_t i = 0; i < n; i++)
            row[i] = values[tp_test_random(n, i) % (2 + n % 7)];
        row[tp_test_random(n, n) % n] = 2;
        for (size_t i = 1; i < n; i++)
            if (row[i] > row[expected])
                expected = i;
        cr_assert_eq(tp_largest(row, n), expected, "of %zu", n);
    }
}

/* A batch of four on four threads, then one of one sample on one thread. */
Test(evaluate, threads_that_are_not_needed_count_nothing) {
    tp_context *context = tp_test_context(NULL, 4);
    struct tp_blocking blocking = *context->blocking;
    blocking.thread_flops = 2 * 3; /* what a sample of the network costs */
    tp_context copy = tp_test_with_blocking(context, &blocking);
    const int32_t classes[5] = {0, 0, 0, 0, 0};
    cr_expect_eq(evaluate_zeros(&copy, (tp_layer){3, TP_ACTIVATION_SOFTMAX, 0, 0}, TP_LOSS_CCE, 5, classes).correct, 5);
    tp_context_destroy(context);
}

Test(evaluate, samples_are_numbered_in_32_bits) {
    const float row[CLASSES] = {0};
    tp_data data = {.samples = (size_t)1 << 32, .features = CLASSES, .floats = row, .values = row, .outputs = CLASSES};
    tp_context *context = tp_test_context(NULL, 1);
    tp_model *model = identity_model(context, CLASSES, 0, 1);
    tp_train_options options;
    tp_train_options_default(&options);
    cr_expect_eq(tp_trainer_size(model, &data, &options), 0);
    cr_expect_not_null(strstr(tp_test_message(context), "samples is 4294967296"));
    data.samples--;
    cr_expect_gt(tp_trainer_size(model, &data, &options), 0);
    tp_model_destroy(model);
    tp_context_destroy(context);
}
