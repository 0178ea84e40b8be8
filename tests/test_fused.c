/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The trainer gives gradients straight to the optimiser, unless it has to know their norm first. Both ways give the
 * same bits, for every instruction set, thread count and blocking: a clipping norm that nothing reaches chooses the
 * second.
 */
#include "support/blocking.h"
#include "support/stride.h"
#include "support/support.h"

#include <criterion/criterion.h>
#include <stdlib.h>

#define MAX_WIDTHS 6
#define OUT_OF_REACH 1e30f

struct net {
    const char *name;
    size_t batch;
    uint64_t steps;
    tp_optimizer_kind optimizer;
    size_t widths[MAX_WIDTHS]; /* inputs, layers, 0 */
    bool smooth;               /* GELU and SiLU, which keep Z, instead of ReLU and tanh */
};

/* Real sizes, and one with widths that are no multiple of anything. */
static const struct net nets[] = {
    {"A", 32, 20, TP_OPTIMIZER_SGD, {784, 128, 10}, false},
    {"B", 128, 2, TP_OPTIMIZER_SGD, {784, 512, 512, 10}, false},
    {"G", 256, 4, TP_OPTIMIZER_ADAM, {64, 256, 256, 1}, false},
    {"H", 1, 50, TP_OPTIMIZER_SGD, {32, 64, 64, 8}, false},
    {"odd", 37, 9, TP_OPTIMIZER_NESTEROV, {19, 101, 53, 7}, false},
    {"wide", 3, 9, TP_OPTIMIZER_ADAMW, {5, 333, 2}, false},
    {"narrow", 70, 9, TP_OPTIMIZER_MOMENTUM, {131, 3, 70, 4}, false},
    {"one layer", 50, 9, TP_OPTIMIZER_ADAM, {150, 12}, false},
    {"few rows", 8, 3, TP_OPTIMIZER_SGD, {4, 20000, 3}, false},
    {"one row", 32, 3, TP_OPTIMIZER_SGD, {3, 30000}, false},
    {"sample", 1, 20, TP_OPTIMIZER_ADAM, {37, 101, 53, 7}, true},
    {"wide sample", 1, 5, TP_OPTIMIZER_NESTEROV, {5, 7000, 2}, false},
    {"smooth", 37, 9, TP_OPTIMIZER_ADAM, {19, 101, 53, 7}, true},
    {"smooth B", 96, 2, TP_OPTIMIZER_SGD, {784, 512, 512, 10}, true},
};

#define NETS (sizeof nets / sizeof *nets)

static size_t layer_count(const struct net *net) {
    size_t layers = 0;
    while (net->widths[layers + 1])
        layers++;
    return layers;
}

static tp_model *make_model(tp_context *context, const struct net *net) {
    tp_layer layer[MAX_WIDTHS] = {0};
    tp_model_options options;
    tp_model_options_default(&options);
    options.inputs = net->widths[0];
    options.layer_count = layer_count(net);
    options.layers = layer;
    for (size_t l = 0; l < options.layer_count; l++)
        layer[l] = (tp_layer){.width = net->widths[l + 1],
                              .activation = net->smooth ? (l % 2 ? TP_ACTIVATION_SILU : TP_ACTIVATION_GELU)
                                                        : (l % 2 ? TP_ACTIVATION_TANH : TP_ACTIVATION_RELU)};
    tp_layer *last = &layer[options.layer_count - 1];
    last->activation = last->width == 1 ? TP_ACTIVATION_SIGMOID : TP_ACTIVATION_SOFTMAX;
    options.loss = last->width == 1 ? TP_LOSS_BCE : TP_LOSS_CCE;
    tp_model *model = NULL;
    cr_assert_eq(tp_model_create(context, &options, &model), TP_OK);
    return model;
}

static int stop(void *user, const tp_step *step) {
    const struct net *net = user;
    return step->step == net->steps;
}

/* Two whole batches and a smaller one, again and again. */
static void train(tp_model *model, const struct net *net, float clip_norm) {
    const size_t inputs = net->widths[0], outputs = net->widths[layer_count(net)];
    const size_t samples = 2 * net->batch + (net->batch + 1) / 2;
    float *x = tp_test_floats(samples * inputs);
    int32_t *classes = malloc(samples * sizeof *classes);
    cr_assert(classes);
    tp_test_fill(x, samples * inputs, 3, -1, 1);
    tp_test_fill_classes(classes, samples, 4, outputs == 1 ? 2 : (int32_t)outputs);
    const tp_data data = {.samples = samples, .features = inputs, .floats = x, .classes = classes, .outputs = outputs};
    tp_train_options options;
    tp_train_options_default(&options);
    options.batch = net->batch;
    options.epochs = net->steps;
    options.on_step = stop;
    options.user = (void *)(uintptr_t)net;
    options.optimizer.kind = net->optimizer;
    options.optimizer.learning_rate = 0.01f;
    options.optimizer.weight_decay = 0.01f;
    options.optimizer.clip_norm = clip_norm;
    tp_trainer *trainer = NULL;
    cr_assert_eq(tp_trainer_create(model, &data, &options, NULL, 0, &trainer), TP_OK);
    cr_assert_eq(tp_trainer_run(trainer), TP_ERR_STOPPED);
    tp_trainer_destroy(trainer);
    free(classes);
    free(x);
}

/* Parameters after the steps; release with free. */
static float *trained(tp_context *context, const struct net *net, float clip_norm, size_t *count) {
    tp_model *model = make_model(context, net);
    train(model, net, clip_norm);
    *count = tp_model_parameter_count(model);
    float *parameters = tp_test_floats(*count);
    cr_assert_eq(tp_model_get_parameters(model, parameters, *count), TP_OK);
    tp_model_destroy(model);
    return parameters;
}

static void compare(const struct net *net, const float *expected, const char *isa, int threads,
                    const struct tp_blocking *blocking) {
    tp_context *context = tp_test_eager_context(isa, threads);
    tp_context copy = tp_test_with_blocking(context, blocking ? blocking : context->blocking);
    size_t count;
    float *actual = trained(&copy, net, 0, &count);
    cr_expect(tp_test_same_bits(expected, actual, count, "%s on %s, %d threads%s", net->name, isa, threads,
                                blocking ? ", small blocks" : ""));
    free(actual);
    tp_context_destroy(context);
}

static float *unfused(const struct net *net) {
    tp_context *context = tp_test_context(NULL, 1);
    size_t count;
    float *parameters = trained(context, net, OUT_OF_REACH, &count);
    tp_context_destroy(context);
    return parameters;
}

static void compare_all(int threads, size_t turn) {
    for (size_t n = 0; n < NETS; n++) {
        if (!test_takes(n + turn))
            continue;
        float *expected = unfused(&nets[n]);
        for (int i = 0; i < tp_test_isa_count(); i++)
            compare(&nets[n], expected, tp_test_isa(i), threads, NULL);
        free(expected);
    }
}

Test(fused, one_thread) {
    compare_all(1, 0);
}

Test(fused, two_threads) {
    compare_all(2, 1);
}

Test(fused, eight_threads) {
    compare_all(8, 2);
}

/* Several blocks of the batch, so that incomplete sums wait in memory. */
Test(fused, small_blocks) {
    static const struct tp_blocking small = {16, 10, 48, 1};
    for (size_t n = 0; n < NETS; n++) {
        if (nets[n].batch >= 128 || !test_takes(n))
            continue;
        float *expected = unfused(&nets[n]);
        for (int i = 0; i < tp_test_isa_count(); i++)
            compare(&nets[n], expected, tp_test_isa(i), 3, &small);
        free(expected);
    }
}
