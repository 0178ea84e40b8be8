/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Whole training runs give the same bits for every instruction set, thread count and blocking, and on every machine:
 * the SHA-256 of the parameters after 50 steps is a constant of the release. If a change to the arithmetic is intended,
 * put the printed digests here; the x86-64 and aarch64 builds must agree on them.
 */
#include "support/blocking.h"
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
     "0217762cd9eff39da1e74a531063136496b38154ec19ddb8d846a3fe65ddff3e"},
    {"relu softmax cce adam", TP_ACTIVATION_RELU, TP_ACTIVATION_SOFTMAX, TP_LOSS_CCE, TP_OPTIMIZER_ADAM,
     "11aad42a5a1331607ef58c8624b92d3ea4628f9b32503177b694b30e2394db15"},
    {"sigmoid sigmoid bce sgd", TP_ACTIVATION_SIGMOID, TP_ACTIVATION_SIGMOID, TP_LOSS_BCE, TP_OPTIMIZER_SGD,
     "7dffc6e43caecbf6c2d26a65a4221dde29b525ee6234230302a742f90a6cba35"},
    {"sigmoid sigmoid bce adam", TP_ACTIVATION_SIGMOID, TP_ACTIVATION_SIGMOID, TP_LOSS_BCE, TP_OPTIMIZER_ADAM,
     "deb8b39635f819c58d81d891fe6ed915af8b98a5a2d522b8fac82974fdc94c73"},
    {"tanh tanh mse sgd", TP_ACTIVATION_TANH, TP_ACTIVATION_TANH, TP_LOSS_MSE, TP_OPTIMIZER_SGD,
     "e66cec9c865a905e1729094003db75151d1b4e5e1e8e671a0c00e0c5e0803e30"},
    {"tanh tanh mse adam", TP_ACTIVATION_TANH, TP_ACTIVATION_TANH, TP_LOSS_MSE, TP_OPTIMIZER_ADAM,
     "a57df5eae929b3c146ebf75652d725425c5ee6e6808c9456f73ec6824c39a442"},
    {"leaky_relu softmax mse nesterov", TP_ACTIVATION_LEAKY_RELU, TP_ACTIVATION_SOFTMAX, TP_LOSS_MSE,
     TP_OPTIMIZER_NESTEROV, "04615a096b30cb446d9584f03c768cb79223a6ff344fb65672e869988958fa6a"},
    {"tanh softmax cce momentum", TP_ACTIVATION_TANH, TP_ACTIVATION_SOFTMAX, TP_LOSS_CCE, TP_OPTIMIZER_MOMENTUM,
     "2826f9ee9ede76981a4c74e44f57c6dcb571a508306905fa94a53739416df410"},
    {"relu sigmoid bce adamw", TP_ACTIVATION_RELU, TP_ACTIVATION_SIGMOID, TP_LOSS_BCE, TP_OPTIMIZER_ADAMW,
     "48fec902797de78a71ebee70887a9997bdac39e5607284b81af7005a9c11a928"},
    {"relu identity mae adam", TP_ACTIVATION_RELU, TP_ACTIVATION_IDENTITY, TP_LOSS_MAE, TP_OPTIMIZER_ADAM,
     "c0ea22ddebf2f4d4b8c95ff8078e40d10d47cf3e1fe34ed3639e9fea31820cb2"},
    {"tanh softmax huber sgd", TP_ACTIVATION_TANH, TP_ACTIVATION_SOFTMAX, TP_LOSS_HUBER, TP_OPTIMIZER_SGD,
     "e02733f7f5d6af69695f4dacea4655741288c81dff0c4b306df996cea275eaf3"},
    {"elu softmax cce adam", TP_ACTIVATION_ELU, TP_ACTIVATION_SOFTMAX, TP_LOSS_CCE, TP_OPTIMIZER_ADAM,
     "521662068398244df637249797a7333f4db4d48544c974569f2ed6073461b50a"},
    {"softplus sigmoid bce sgd", TP_ACTIVATION_SOFTPLUS, TP_ACTIVATION_SIGMOID, TP_LOSS_BCE, TP_OPTIMIZER_SGD,
     "e24e4460a8b924f67a863e0a2d25ca83667964543b72fe5ff145e51c5789d52a"},
    {"silu softmax cce adam", TP_ACTIVATION_SILU, TP_ACTIVATION_SOFTMAX, TP_LOSS_CCE, TP_OPTIMIZER_ADAM,
     "ebff40e556735b2c924ec8648f2a97cd7f7aa0b26f2c703b04d6612a6315f04e"},
    {"gelu gelu mse adamw", TP_ACTIVATION_GELU, TP_ACTIVATION_GELU, TP_LOSS_MSE, TP_OPTIMIZER_ADAMW,
     "f25878ef669b47916fc9b32e1e1b90051fe681c3b2ad18f993dbc7ac589a1eef"},
};

#define RUNS (sizeof runs / sizeof *runs)

/* With weights of samples and classes and, for cross-entropies, smoothed labels. */
static const struct run weighted_runs[] = {
    {"weighted relu softmax cce adam", TP_ACTIVATION_RELU, TP_ACTIVATION_SOFTMAX, TP_LOSS_CCE, TP_OPTIMIZER_ADAM,
     "776c5ef95f01bb12c87354eb3de4e1b42acba44ee8ece87f26c76249610c68ed"},
    {"weighted tanh sigmoid bce sgd", TP_ACTIVATION_TANH, TP_ACTIVATION_SIGMOID, TP_LOSS_BCE, TP_OPTIMIZER_SGD,
     "d4a910e58d3947ff9041dcf5145e684fda30c3bc1be39c9657c2dd052c223262"},
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
    options.input_mean = 0.125f;
    options.input_deviation = 0.75f;
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

/* Every run on every instruction set, with all the threads at work although the networks are small. */
static void check_all(int threads) {
    for (int i = 0; i < tp_test_isa_count(); i++) {
        tp_context *context = tp_test_context(tp_test_isa(i), threads);
        const struct tp_blocking eager = tp_test_eager(context);
        tp_context copy = tp_test_with_blocking(context, &eager);
        for (size_t r = 0; r < RUNS; r++)
            check(&copy, &runs[r], NO_WEIGHTS, "");
        for (size_t r = 0; r < WEIGHTED_RUNS; r++)
            check(&copy, &weighted_runs[r], RANDOM_WEIGHTS, "");
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
