/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Whole training runs give the same bits for every instruction set, thread count and blocking, and on every machine: the
 * SHA-256 of the parameters after 50 steps is a constant of the release. If a change to the arithmetic is intended, put
 * the printed digests here; the x86-64 and aarch64 builds must agree on them.
 */
#include "core/context.h"
#include "gemm/gemm.h"
#include "support/support.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#define INPUTS 67
#define OUTPUTS 10
#define SAMPLES 697 /* with batches of 260: two whole ones and one of 177 */
#define STEPS 50

struct run {
    const char *name;
    tp_activation hidden, last;
    tp_loss loss;
    tp_optimizer_kind optimizer;
    const char *sha256;
};

static const struct run runs[] = {
    {"relu softmax cce sgd", TP_RELU, TP_SOFTMAX, TP_CCE, TP_SGD,
     "5ed6550e49c340e1ba902a9318b5d93c04e417177ce43ba5f35c90195cdf3d18"},
    {"relu softmax cce adam", TP_RELU, TP_SOFTMAX, TP_CCE, TP_ADAM,
     "a60a99671f4429c6d162d3dedac70a68718b45837ea971c5aba49bc881754830"},
    {"sigmoid sigmoid bce sgd", TP_SIGMOID, TP_SIGMOID, TP_BCE, TP_SGD,
     "6c7ecb92a7f75758d61f3e0094c5667367c392df8579edac4afcf88d36a6109c"},
    {"sigmoid sigmoid bce adam", TP_SIGMOID, TP_SIGMOID, TP_BCE, TP_ADAM,
     "8770047881b8da88d897a20a63e0022a6efc18f6191cb3f4455ce1f0aee038c8"},
    {"tanh tanh mse sgd", TP_TANH, TP_TANH, TP_MSE, TP_SGD,
     "de98bb10d024c7d1fdf0ce5916cfb1b815fdeaab76ab82910d5f62bdebec418a"},
    {"tanh tanh mse adam", TP_TANH, TP_TANH, TP_MSE, TP_ADAM,
     "c9d41ca24b7e64548cffe74a55e7300946633498d01e9561e6292eda1b6dfe20"},
    {"leaky_relu softmax mse nesterov", TP_LEAKY_RELU, TP_SOFTMAX, TP_MSE, TP_NESTEROV,
     "dd37eac2c704983b4f1f9d5baf6848fe3ed534967c56b7538974799ea81e37b0"},
    {"tanh softmax cce momentum", TP_TANH, TP_SOFTMAX, TP_CCE, TP_MOMENTUM,
     "ac573e8a42ff8d8aea2eb37764930ddf0dfa62ffdf9a0c19dcb4903b35ea7d04"},
    {"relu sigmoid bce adamw", TP_RELU, TP_SIGMOID, TP_BCE, TP_ADAMW,
     "85803af31585faf7c18331501618b058a9bb5c0dc49d3852f2671f11748195e5"},
};

#define RUNS (sizeof runs / sizeof *runs)

struct samples {
    float x[SAMPLES * INPUTS];
    int32_t classes[SAMPLES];
};

static struct samples *make_samples(void) {
    struct samples *s = malloc(sizeof *s);
    cr_assert(s);
    tp_test_fill(s->x, SAMPLES * INPUTS, 77, -1, 1);
    tp_test_fill_classes(s->classes, SAMPLES, 78, OUTPUTS);
    for (size_t i = 0; i < SAMPLES; i++) /* something to learn */
        s->x[i * INPUTS + (size_t)s->classes[i]] += 2;
    return s;
}

static int stop_after(void *user, const tp_step *step) {
    (void)user;
    return step->step == STEPS;
}

static tp_model *make_model(tp_context *context, const struct run *run) {
    const tp_layer layers[] = {{97, run->hidden, 0.01f}, {61, run->hidden, 0.01f}, {OUTPUTS, run->last, 0}};
    tp_model_options options;
    tp_model_options_default(&options);
    options.inputs = INPUTS;
    options.layers = 3;
    options.layer = layers;
    options.loss = run->loss;
    options.input_mean = 0.125f;
    options.input_deviation = 0.75f;
    tp_model *model = NULL;
    cr_assert_eq(tp_model_create(context, &options, &model), TP_OK);
    return model;
}

static tp_train_options train_options(const struct run *run) {
    tp_train_options options;
    tp_train_options_default(&options);
    options.batch = 260;
    options.epochs = STEPS;
    options.on_step = stop_after;
    options.optimizer.kind = run->optimizer;
    options.optimizer.learning_rate = run->optimizer == TP_ADAM || run->optimizer == TP_ADAMW ? 0.003f : 0.1f;
    options.optimizer.weight_decay = 0.001f;
    options.optimizer.clip_norm = 0.5f;
    options.optimizer.warmup_steps = 5;
    return options;
}

/* Parameters after STEPS steps; release with free. */
static float *train(tp_context *context, const struct run *run, size_t *count) {
    struct samples *samples = make_samples();
    const tp_data data = {
        .samples = SAMPLES, .features = INPUTS, .floats = samples->x, .classes = samples->classes, .outputs = OUTPUTS};
    tp_model *model = make_model(context, run);
    const tp_train_options options = train_options(run);
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
static void check(tp_context *context, const struct run *run, const char *what) {
    size_t count;
    char digest[65];
    float *parameters = train(context, run, &count);
    tp_test_sha256(parameters, count * sizeof *parameters, digest);
    cr_expect_str_eq(digest, run->sha256, "%s on %s, %d threads%s: %s", run->name, tp_context_isa(context),
                     tp_context_threads(context), what, digest);
    free(parameters);
}

static void check_all(int threads) {
    for (int i = 0; i < tp_test_isa_count(); i++)
        for (size_t r = 0; r < RUNS; r++) {
            tp_context *context = tp_test_context(tp_test_isa(i), threads);
            check(context, &runs[r], "");
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
    static const struct tp_blocking blockings[] = {{5, 3, 11}, {7, 64, 33}, {100, 13, 64}};
    tp_context *context = tp_test_context(NULL, 1);
    for (size_t b = 0; b < sizeof blockings / sizeof *blockings; b++) {
        tp_context copy = *context;
        copy.blocking = &blockings[b];
        check(&copy, &runs[1], ", other blocking");
    }
    tp_context_destroy(context);
}

/* The work above is enough for eight threads to be used at all. */
Test(bits, the_runs_use_all_threads) {
    cr_expect_eq(tp_useful_threads(8, 260.0 * (4 * 67 * 97 + 6 * 97 * 61 + 6 * 61 * 10)), 8);
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
