/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Whole training runs give the same bits for every instruction set, thread count and blocking, and on every machine:
 * the SHA-256 of the parameters after 50 steps is a constant of the release. If a change to the arithmetic is intended,
 * put the printed digests here; the x86-64 and aarch64 builds must agree on them.
 */
#include "support/blocking.h"
#include "support/stride.h"
#include "support/support.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#define INPUTS 23
#define OUTPUTS 10
#define BATCH 100
#define SAMPLES 269 /* two whole batches and one of 69 */
#define STEPS 50

struct run {
    const char *name;
    tp_activation hidden, last;
    tp_loss loss;
    tp_optimizer_kind optimizer;
    const char *sha256;
};

static const struct run runs[] = {
    {"relu softmax cce sgd", TP_ACTIVATION_RELU, TP_ACTIVATION_SOFTMAX, TP_LOSS_CCE, TP_OPTIMIZER_SGD,
     "fda7d7a731012dadd9ac18df20b2ec3e529743f513fa5144f41aa38cdca0b47d"},
    {"relu softmax cce adam", TP_ACTIVATION_RELU, TP_ACTIVATION_SOFTMAX, TP_LOSS_CCE, TP_OPTIMIZER_ADAM,
     "05f34fbc5eef27cf50f47fa03bf3996dc972c5379e378241ce60e831cf711b31"},
    {"sigmoid sigmoid bce sgd", TP_ACTIVATION_SIGMOID, TP_ACTIVATION_SIGMOID, TP_LOSS_BCE, TP_OPTIMIZER_SGD,
     "9820e4d6f0ba73651d07248f768aa020815db6ef1a2378883712368250cf3837"},
    {"sigmoid sigmoid bce adam", TP_ACTIVATION_SIGMOID, TP_ACTIVATION_SIGMOID, TP_LOSS_BCE, TP_OPTIMIZER_ADAM,
     "3e298ae2071675091257dd461c17e9d2d97ed75b1a1fbfdeb1e06fb2b1fedf95"},
    {"tanh tanh mse sgd", TP_ACTIVATION_TANH, TP_ACTIVATION_TANH, TP_LOSS_MSE, TP_OPTIMIZER_SGD,
     "f7601b6d170f989bc517f45854f4d25e0f7b05958b5e09b55956053a5cce9914"},
    {"tanh tanh mse adam", TP_ACTIVATION_TANH, TP_ACTIVATION_TANH, TP_LOSS_MSE, TP_OPTIMIZER_ADAM,
     "fbdb56b45d4d37231588e19d30b055c61bad3ca26b62eb56f707949a70dcc419"},
    {"leaky_relu softmax mse nesterov", TP_ACTIVATION_LEAKY_RELU, TP_ACTIVATION_SOFTMAX, TP_LOSS_MSE,
     TP_OPTIMIZER_NESTEROV, "8586ba3e5bee60fd8c80a2dd28aa62069808fda5aeda1889639f9a155cbce45c"},
    {"tanh softmax cce momentum", TP_ACTIVATION_TANH, TP_ACTIVATION_SOFTMAX, TP_LOSS_CCE, TP_OPTIMIZER_MOMENTUM,
     "71ff34dc22e987a6b2e6cdd814369c378544ccc04ee71f00836206ece793769c"},
    {"relu sigmoid bce adamw", TP_ACTIVATION_RELU, TP_ACTIVATION_SIGMOID, TP_LOSS_BCE, TP_OPTIMIZER_ADAMW,
     "ec6dcbfe40361d2593a1fe86a842a9eb5c6fd7dc3a4b8c97f67e812caad0bbb8"},
    {"relu identity mae adam", TP_ACTIVATION_RELU, TP_ACTIVATION_IDENTITY, TP_LOSS_MAE, TP_OPTIMIZER_ADAM,
     "b3181b13be042b7d05d82d3288425f0a9604e4af7b462d2c4c1a0fc2ccfe6cae"},
    {"tanh softmax huber sgd", TP_ACTIVATION_TANH, TP_ACTIVATION_SOFTMAX, TP_LOSS_HUBER, TP_OPTIMIZER_SGD,
     "a8cca870092baf34fe18c8224ddeb63d71f8702c26de19559dd61e0e721c00c4"},
    {"elu softmax cce adam", TP_ACTIVATION_ELU, TP_ACTIVATION_SOFTMAX, TP_LOSS_CCE, TP_OPTIMIZER_ADAM,
     "ea2bb6bbcec36541fccddf9ad64d86e63dd89dd496304f55b1775376e5851231"},
    {"softplus sigmoid bce sgd", TP_ACTIVATION_SOFTPLUS, TP_ACTIVATION_SIGMOID, TP_LOSS_BCE, TP_OPTIMIZER_SGD,
     "01f476b6273e6721e2c1ad7531b20cfb2f51e805df9fd5ac143213b359c404bc"},
    {"silu softmax cce adam", TP_ACTIVATION_SILU, TP_ACTIVATION_SOFTMAX, TP_LOSS_CCE, TP_OPTIMIZER_ADAM,
     "c6e83d052fb2607c5632eb3d43e7f1416c72f1aac8c9d15beda277d5a3410cf2"},
    {"gelu gelu mse adamw", TP_ACTIVATION_GELU, TP_ACTIVATION_GELU, TP_LOSS_MSE, TP_OPTIMIZER_ADAMW,
     "9e5b2e640f3d7f79a368268dc3b540bc882a054dfc8a5a7ad5b70a097f979df5"},
    {"tanh exp poisson adam", TP_ACTIVATION_TANH, TP_ACTIVATION_EXP, TP_LOSS_POISSON, TP_OPTIMIZER_ADAM,
     "28462b36ea1e19ab3fbbb978a072bab85774d5752f8fb8310c1faa1a30aecea4"},
    {"exp sigmoid bce sgd", TP_ACTIVATION_EXP, TP_ACTIVATION_SIGMOID, TP_LOSS_BCE, TP_OPTIMIZER_SGD,
     "98088235de2c4d26207c69dc00f2576f5486e848fd7a9fa53763a9626f3392db"},
};

#define RUNS (sizeof runs / sizeof *runs)

/* With weights of samples and classes and, for cross-entropies, smoothed labels. */
static const struct run weighted_runs[] = {
    {"weighted relu softmax cce adam", TP_ACTIVATION_RELU, TP_ACTIVATION_SOFTMAX, TP_LOSS_CCE, TP_OPTIMIZER_ADAM,
     "ec66df3ce802b3bc5da23feb8ae72c31bb6b67792b65793d64f3ed851788789e"},
    {"weighted tanh sigmoid bce sgd", TP_ACTIVATION_TANH, TP_ACTIVATION_SIGMOID, TP_LOSS_BCE, TP_OPTIMIZER_SGD,
     "22d0053db04047a9148412bc706d1d67401afe3ee16b627830d2f5be1f12302f"},
};

#define WEIGHTED_RUNS (sizeof weighted_runs / sizeof *weighted_runs)

enum weighting { NO_WEIGHTS, WEIGHTS_OF_1, RANDOM_WEIGHTS };

struct samples {
    float x[SAMPLES * INPUTS];
    int32_t classes[SAMPLES];
    float weights[SAMPLES], class_weights[OUTPUTS];
};

static struct samples *make_samples(enum weighting weighting) {
    struct samples *s = malloc(sizeof *s);
    cr_assert(s);
    tp_test_fill(s->x, SAMPLES * INPUTS, 77, -1, 1);
    tp_test_fill_classes(s->classes, SAMPLES, 78, OUTPUTS);
    for (size_t i = 0; i < SAMPLES; i++) /* something to learn */
        s->x[i * INPUTS + (size_t)s->classes[i]] += 2;
    for (size_t i = 0; i < SAMPLES; i++)
        s->weights[i] = 1;
    for (size_t j = 0; j < OUTPUTS; j++)
        s->class_weights[j] = 1;
    if (weighting == RANDOM_WEIGHTS) {
        tp_test_fill(s->weights, SAMPLES, 79, 0, 3);
        tp_test_fill(s->class_weights, OUTPUTS, 80, 0, 3);
        s->weights[7] = s->class_weights[3] = 0;
    }
    return s;
}

static int stop_after(void *user, const tp_step *step) {
    (void)user;
    return step->step == STEPS;
}

static tp_model *make_model(tp_context *context, const struct run *run, enum weighting weighting) {
    const tp_layer layers[] = {{67, run->hidden, 0.01f, 0}, {35, run->hidden, 0.01f, 0}, {OUTPUTS, run->last, 0, 0}};
    tp_model_options options;
    tp_model_options_default(&options);
    options.inputs = INPUTS;
    options.layer_count = 3;
    options.layers = layers;
    options.loss = run->loss;
    options.huber_delta = 0.1f;
    options.label_smoothing = weighting == RANDOM_WEIGHTS ? 0.1f : 0;
    options.inputs_scaled = (tp_scaling){1, &(double){0.125}, &(double){0.75}};
    tp_model *model = NULL;
    cr_assert_eq(tp_model_create(context, &options, &model), TP_OK);
    return model;
}

static tp_train_options train_options(const struct run *run) {
    tp_train_options options;
    tp_train_options_default(&options);
    options.batch = BATCH;
    options.epochs = STEPS;
    options.on_step = stop_after;
    options.optimizer.kind = run->optimizer;
    options.optimizer.learning_rate =
        run->optimizer == TP_OPTIMIZER_ADAM || run->optimizer == TP_OPTIMIZER_ADAMW ? 0.003f : 0.1f;
    options.optimizer.weight_decay = 0.001f;
    options.optimizer.clip_norm = 0.5f;
    options.optimizer.warmup_steps = 5;
    return options;
}

/* Parameters after STEPS steps; release with free. */
static float *train(tp_context *context, const struct run *run, enum weighting weighting, size_t *count) {
    struct samples *samples = make_samples(weighting);
    tp_data data = {
        .samples = SAMPLES, .features = INPUTS, .floats = samples->x, .classes = samples->classes, .outputs = OUTPUTS};
    tp_model *model = make_model(context, run, weighting);
    tp_train_options options = train_options(run);
    if (weighting != NO_WEIGHTS)
        data.weights = samples->weights, options.class_weights = samples->class_weights;
    tp_trainer *trainer = NULL;
    cr_assert_eq(tp_trainer_create(model, &data, &options, NULL, 0, &trainer), TP_OK);
    cr_assert_eq(tp_trainer_run(trainer), TP_ERR_STOPPED);
    *count = tp_model_parameter_count(model);
    float *parameters = tp_test_floats(*count);
    cr_assert_eq(tp_model_get_parameters(model, parameters, *count), TP_OK);
    tp_trainer_destroy(trainer);
    tp_model_destroy(model);
    free(samples);
    return parameters;
}

/* In every configuration the digest is that of the release. */
static void check(tp_context *context, const struct run *run, enum weighting weighting, const char *what) {
    size_t count;
    char digest[65];
    float *parameters = train(context, run, weighting, &count);
    tp_test_sha256(parameters, count * sizeof *parameters, digest);
    cr_expect_str_eq(digest, run->sha256, "%s on %s, %d threads%s: %s", run->name, tp_context_isa(context),
                     tp_context_threads(context), what, digest);
    free(parameters);
}

/* The runs whose index, added to turn, the build takes. */
static void check_runs(tp_context *context, size_t turn) {
    for (size_t r = 0; r < RUNS; r++)
        if (test_takes(turn + r))
            check(context, &runs[r], NO_WEIGHTS, "");
    for (size_t r = 0; r < WEIGHTED_RUNS; r++)
        if (test_takes(turn + r))
            check(context, &weighted_runs[r], RANDOM_WEIGHTS, "");
}

/* Every run on every instruction set, with all the threads at work although the networks are small. */
static void check_all(int threads) {
    for (int i = 0; i < tp_test_isa_count(); i++) {
        tp_context *context = tp_test_eager_context(tp_test_isa(i), threads);
        check_runs(context, (size_t)(i + threads));
        tp_context_destroy(context);
    }
}

Test(bits, every_instruction_set_1_thread) {
    check_all(1);
}

Test(bits, every_instruction_set_2_threads) {
    check_all(2);
}

Test(bits, every_instruction_set_3_threads) {
    check_all(3);
}

Test(bits, every_instruction_set_5_threads) {
    check_all(5);
}

Test(bits, every_instruction_set_8_threads) {
    check_all(8);
}

/* Builds that do not take all combinations take every run on every instruction set, with some number of threads. */
Test(bits, no_run_is_left_out) {
    static const size_t threads[] = {1, 2, 3, 5, 8};
    for (size_t i = 0; i < (size_t)tp_test_isa_count(); i++)
        for (size_t r = 0; r < RUNS; r++) {
            size_t taken = 0;
            for (size_t t = 0; t < sizeof threads / sizeof *threads; t++)
                taken += test_takes(i + threads[t] + r);
            cr_expect(taken, "%s on %s", runs[r].name, tp_test_isa((int)i));
        }
}

Test(bits, blocking_does_not_matter) {
    static const struct tp_blocking blockings[] = {{1, 1, 1, 1}, {5, 3, 11, 1}, {7, 64, 33, 1}, {100, 13, 64, 1}};
    tp_context *context = tp_test_context(NULL, 2);
    for (size_t b = 0; b < sizeof blockings / sizeof *blockings; b++) {
        tp_context copy = tp_test_with_blocking(context, &blockings[b]);
        check(&copy, &runs[1], NO_WEIGHTS, ", other blocking");
        check(&copy, &weighted_runs[0], RANDOM_WEIGHTS, ", other blocking");
    }
    tp_context_destroy(context);
}

Test(bits, weights_of_1_do_not_matter) {
    tp_context *context = tp_test_context(NULL, 1);
    for (size_t r = 0; r < RUNS; r++)
        if (test_takes(r))
            check(context, &runs[r], WEIGHTS_OF_1, ", weights of 1");
    tp_context_destroy(context);
}

/* The test can see a difference of one bit. */
Test(bits, a_flipped_bit_changes_the_digest) {
    float x[100];
    char before[65], after[65];
    tp_test_fill(x, 100, 1, -1, 1);
    tp_test_sha256(x, sizeof x, before);
    ((unsigned char *)x)[200] ^= 1;
    tp_test_sha256(x, sizeof x, after);
    cr_expect_str_neq(before, after);
}
