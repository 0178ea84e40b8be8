/* SPDX-License-Identifier: BSD-3-Clause */
/* Dropout: which outputs are left out, that the backward pass knows of it, and that nothing else depends on it. */
#include "support/blocking.h"
#include "support/support.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SEED 11

static tp_model *make_model(tp_context *context, size_t inputs, const tp_layer *layer, size_t layers, tp_loss loss) {
    tp_model_options options;
    tp_model_options_default(&options);
    options.inputs = inputs;
    options.layer_count = layers;
    options.layers = layer;
    options.loss = loss;
    tp_model *model = NULL;
    cr_assert_eq(tp_model_create(context, &options, &model), TP_OK, "%s", tp_test_message(context));
    return model;
}

static tp_workspace *make_workspace(const tp_model *model, size_t batch, tp_mode mode) {
    tp_workspace *workspace = NULL;
    cr_assert_eq(tp_workspace_create(model, TEST_WORKSPACE(batch, mode), NULL, 0, &workspace), TP_OK);
    return workspace;
}

/* ------------------------------------------------------------------------------------------------------- the masks */

enum { UNITS = 61, ROWS = 500 };

/* Hidden units of value 1, passed on as they are: the outputs are the scaled mask. */
static tp_model *make_mask_model(tp_context *context, float rate) {
    const tp_layer layer[] = {{UNITS, TP_ACTIVATION_IDENTITY, 0, rate}, {UNITS, TP_ACTIVATION_IDENTITY, 0, 0}};
    tp_model *model = make_model(context, 1, layer, 2, TP_LOSS_MSE);
    const size_t count = tp_model_parameter_count(model);
    float *parameters = tp_test_floats(count);
    memset(parameters, 0, count * sizeof *parameters);
    for (size_t j = 0; j < UNITS; j++) {
        parameters[UNITS + j] = 1;                 /* b_1 */
        parameters[2 * UNITS + j * UNITS + j] = 1; /* W_2 */
    }
    cr_assert_eq(tp_model_set_parameters(model, parameters, count), TP_OK);
    free(parameters);
    return model;
}

static void find_mask(const tp_model *model, tp_workspace *workspace, uint64_t seed, uint64_t step, float *y) {
    const float x[ROWS] = {0};
    cr_assert_eq(tp_workspace_set_dropout(workspace, seed, step), TP_OK);
    cr_assert_eq(tp_forward(model, workspace, ROWS, x, 1, y, UNITS), TP_OK);
}

static void check_rate(tp_context *context, float rate) {
    tp_model *model = make_mask_model(context, rate);
    tp_workspace *workspace = make_workspace(model, ROWS, TP_MODE_TRAINING);
    float *y = tp_test_floats(ROWS * UNITS);
    const float scale = 1 / (1 - rate);
    const double n = ROWS * UNITS, p = (double)rate;
    for (uint64_t step = 1; step <= 3; step++) {
        size_t dropped = 0;
        find_mask(model, workspace, SEED, step, y);
        for (size_t i = 0; i < ROWS * UNITS; i++) {
            cr_assert(y[i] == 0 || y[i] == scale);
            dropped += y[i] == 0;
        }
        cr_expect(fabs((double)dropped - n * p) <= 5 * sqrt(n * p * (1 - p)), "rate %g: %zu of %g", p, dropped, n);
    }
    free(y);
    tp_workspace_destroy(workspace);
    tp_model_destroy(model);
}

Test(dropout, rates) {
    tp_context *context = tp_test_context(NULL, 2);
    const float rates[] = {0.01f, 0.1f, 0.5f, 0.8f, 0x1.fffffep-1f};
    for (size_t r = 0; r < sizeof rates / sizeof *rates; r++)
        check_rate(context, rates[r]);
    tp_context_destroy(context);
}

/* Columns, rows, steps and seeds have masks of their own: at rate 1/2 they differ in about half of the places. */
static void check_apart(const float *a, size_t a_step, const float *b, size_t b_step, size_t n, const char *what) {
    size_t equal = 0;
    for (size_t i = 0; i < n; i++)
        equal += a[i * a_step] == b[i * b_step];
    cr_expect(fabs((double)equal - (double)n / 2) <= 5 * sqrt((double)n) / 2, "%s: %zu of %zu", what, equal, n);
}

Test(dropout, masks_are_independent) {
    tp_context *context = tp_test_context(NULL, 1);
    tp_model *model = make_mask_model(context, 0.5f);
    tp_workspace *workspace = make_workspace(model, ROWS, TP_MODE_TRAINING);
    float *one = tp_test_floats(ROWS * UNITS), *two = tp_test_floats(ROWS * UNITS);
    find_mask(model, workspace, SEED, 1, one);
    find_mask(model, workspace, SEED, 1, two);
    cr_expect(tp_test_same_bits(one, two, ROWS * UNITS, "the same step"));
    find_mask(model, workspace, SEED, 2, two);
    check_apart(one, 1, two, 1, ROWS * UNITS, "steps");
    find_mask(model, workspace, SEED + 1, 1, two);
    check_apart(one, 1, two, 1, ROWS * UNITS, "seeds");
    for (size_t j = 1; j < UNITS; j++)
        check_apart(one, UNITS, one + j, UNITS, ROWS, "columns");
    check_apart(one, 1, one + UNITS, 1, (ROWS - 1) * UNITS, "rows");
    free(one), free(two);
    tp_workspace_destroy(workspace);
    tp_model_destroy(model);
    tp_context_destroy(context);
}

Test(dropout, inference_has_none) {
    tp_context *context = tp_test_context(NULL, 1);
    tp_model *model = make_mask_model(context, 0.5f);
    tp_workspace *training = make_workspace(model, ROWS, TP_MODE_TRAINING);
    tp_workspace *inference = make_workspace(model, ROWS, TP_MODE_INFERENCE);
    float *y = tp_test_floats(ROWS * UNITS), *ones = tp_test_floats(ROWS * UNITS), x[ROWS] = {0};
    for (size_t i = 0; i < ROWS * UNITS; i++)
        ones[i] = 1;
    cr_assert_eq(tp_forward(model, training, ROWS, x, 1, y, UNITS), TP_OK);
    cr_expect(tp_test_same_bits(ones, y, ROWS * UNITS, "a new workspace"));
    cr_assert_eq(tp_workspace_set_dropout(training, SEED, 1), TP_OK);
    const tp_data data = {.samples = ROWS, .features = 1, .floats = x};
    cr_assert_eq(tp_predict(model, training, &data, &(const tp_outputs){.floats = y}), TP_OK);
    cr_expect(tp_test_same_bits(ones, y, ROWS * UNITS, "tp_predict"));
    find_mask(model, training, SEED, 0, y);
    cr_expect(tp_test_same_bits(ones, y, ROWS * UNITS, "step 0"));
    cr_assert_eq(tp_forward(model, inference, ROWS, x, 1, y, UNITS), TP_OK);
    cr_expect(tp_test_same_bits(ones, y, ROWS * UNITS, "inference"));
    cr_expect_eq(tp_workspace_set_dropout(inference, SEED, 1), TP_ERR_ARGUMENT);
    cr_expect_eq(tp_workspace_set_dropout(NULL, SEED, 1), TP_ERR_ARGUMENT);
    free(y), free(ones);
    tp_workspace_destroy(training), tp_workspace_destroy(inference);
    tp_model_destroy(model);
    tp_context_destroy(context);
}

/* ------------------------------------------------------------------------------------------------------- gradients */

enum { BATCH = 6, IN = 3, OUT = 2 };

struct gradient_check {
    tp_model *model;
    tp_workspace *workspace;
    float x[BATCH * IN], y[BATCH * OUT];
};

static double loss_at(struct gradient_check *c, float *parameters, size_t count, size_t at, float value) {
    const float before = parameters[at];
    const tp_targets targets = {.values = c->y, .ld = OUT};
    tp_score score;
    parameters[at] = value;
    cr_assert_eq(tp_model_set_parameters(c->model, parameters, count), TP_OK);
    parameters[at] = before;
    cr_assert_eq(tp_workspace_set_dropout(c->workspace, SEED, 3), TP_OK);
    cr_assert_eq(tp_forward(c->model, c->workspace, BATCH, c->x, IN, NULL, 0), TP_OK);
    cr_assert_eq(tp_loss_value(c->model, c->workspace, &targets, &score), TP_OK);
    return score.loss;
}

/* Central differences of the loss in f32: rounding 1e-7 / 1e-2, truncation 1e-4 times a third derivative. */
static void check_gradient(tp_context *context, tp_activation f) {
    const tp_layer layer[] = {{9, f, 0.75f, 0.4f}, {7, f, 0.75f, 0.25f}, {OUT, TP_ACTIVATION_IDENTITY, 0, 0}};
    struct gradient_check c = {.model = make_model(context, IN, layer, 3, TP_LOSS_MSE)};
    c.workspace = make_workspace(c.model, BATCH, TP_MODE_TRAINING);
    tp_test_fill(c.x, BATCH * IN, 1, -1, 1);
    tp_test_fill(c.y, BATCH * OUT, 2, -1, 1);
    const size_t count = tp_model_parameter_count(c.model);
    float *parameters = tp_test_floats(count), *gradients = tp_test_floats(count);
    tp_test_fill(parameters, count, 3, -1, 1);
    loss_at(&c, parameters, count, 0, parameters[0]);
    const tp_targets targets = {.values = c.y, .ld = OUT};
    cr_assert_eq(tp_backward(c.model, c.workspace, &targets, gradients, NULL, 0, NULL), TP_OK);
    const float h = 0x1p-7f;
    for (size_t i = 0; i < count; i++) {
        const double up = loss_at(&c, parameters, count, i, parameters[i] + h);
        const double down = loss_at(&c, parameters, count, i, parameters[i] - h);
        const double slope = (up - down) / (double)(2 * h);
        cr_expect(fabs(slope - (double)gradients[i]) <= 2e-3, "%s: parameter %zu: %g, difference %g",
                  tp_activation_name(f), i, (double)gradients[i], slope);
    }
    free(parameters), free(gradients);
    tp_workspace_destroy(c.workspace);
    tp_model_destroy(c.model);
}

Test(dropout, gradients_with_a_fixed_mask) {
    tp_context *context = tp_test_context(NULL, 2);
    const tp_activation smooth[] = {TP_ACTIVATION_IDENTITY, TP_ACTIVATION_SIGMOID, TP_ACTIVATION_TANH,
                                    TP_ACTIVATION_SOFTPLUS, TP_ACTIVATION_SILU,    TP_ACTIVATION_GELU};
    for (size_t f = 0; f < sizeof smooth / sizeof *smooth; f++)
        check_gradient(context, smooth[f]);
    tp_context_destroy(context);
}

/* -------------------------------------------------------------------------------------------------------- training */

enum { SAMPLES = 130, TRAIN_BATCH = 50, EPOCHS = 4, FEATURES = 19, CLASSES = 5 }; /* the last batch has 30 */

struct samples {
    float x[SAMPLES * FEATURES];
    int32_t classes[SAMPLES];
    tp_data data;
};

static void fill_samples(struct samples *s) {
    tp_test_fill(s->x, SAMPLES * FEATURES, 5, -1, 1);
    tp_test_fill_classes(s->classes, SAMPLES, 6, CLASSES);
    s->data =
        (tp_data){.samples = SAMPLES, .features = FEATURES, .floats = s->x, .classes = s->classes, .outputs = CLASSES};
}

static const tp_layer train_layers[] = {{67, TP_ACTIVATION_TANH, 0, 0.3f},
                                        {35, TP_ACTIVATION_GELU, 0, 0.5f},
                                        {23, TP_ACTIVATION_RELU, 0, 0},
                                        {CLASSES, TP_ACTIVATION_SOFTMAX, 0, 0}};

static tp_train_options train_options(void) {
    tp_train_options options;
    tp_train_options_default(&options);
    options.batch = TRAIN_BATCH;
    options.epochs = EPOCHS;
    options.seed = SEED;
    options.optimizer.schedule = TP_SCHEDULE_CONSTANT;
    return options;
}

/* Release with free. */
static float *parameters_of(const tp_model *model) {
    const size_t count = tp_model_parameter_count(model);
    float *parameters = tp_test_floats(count);
    cr_assert_eq(tp_model_get_parameters(model, parameters, count), TP_OK);
    return parameters;
}

/* The parameters after training, however often it stops. */
static float *train(tp_context *context, const tp_train_options *options, const tp_layer *layers, size_t *count) {
    struct samples *samples = malloc(sizeof *samples);
    cr_assert(samples);
    fill_samples(samples);
    tp_model *model = make_model(context, FEATURES, layers, 4, TP_LOSS_CCE);
    tp_trainer *trainer = NULL;
    cr_assert_eq(tp_trainer_create(model, &samples->data, options, NULL, 0, &trainer), TP_OK);
    while (tp_trainer_run(trainer) == TP_ERR_STOPPED)
        ;
    float *parameters = parameters_of(model);
    *count = tp_model_parameter_count(model);
    tp_trainer_destroy(trainer);
    tp_model_destroy(model);
    free(samples);
    return parameters;
}

static float *train_plain(size_t *count) {
    tp_context *context = tp_test_context("scalar", 1);
    const tp_train_options options = train_options();
    float *parameters = train(context, &options, train_layers, count);
    tp_context_destroy(context);
    return parameters;
}

/* The digest is a constant of the release, as in test_bits. */
Test(dropout, training_gives_the_same_bits) {
    static const struct tp_blocking blockings[] = {{0, 0, 0, 1}, {5, 3, 11, 1}, {100, 13, 64, 1}};
    size_t count;
    char digest[65];
    float *expected = train_plain(&count);
    tp_test_sha256(expected, count * sizeof *expected, digest);
    cr_expect_str_eq(digest, "c09805ef0fc6914aae0c172d534b98cbba063f9bbc0d291002ad7e5d1e54b2cd", "%s", digest);
    for (int i = 0; i < tp_test_isa_count(); i++)
        for (int threads = 1; threads <= 5; threads += 2)
            for (size_t b = 0; b < 3; b++) {
                tp_context *context = tp_test_eager_context(tp_test_isa(i), threads);
                tp_context copy = tp_test_with_blocking(context, blockings[b].mc ? &blockings[b] : context->blocking);
                tp_train_options options = train_options();
                options.optimizer.clip_norm = b == 1 ? 1e30f : 0; /* gradients by way of an array */
                float *actual = train(&copy, &options, train_layers, &count);
                cr_expect(tp_test_same_bits(expected, actual, count, "%s, %d threads, blocking %zu", tp_test_isa(i),
                                            threads, b));
                free(actual);
                tp_context_destroy(context);
            }
    free(expected);
}

static int stop_now_and_then(void *user, const tp_step *step) {
    (void)user;
    return step->step % 4 == 0;
}

Test(dropout, a_resumed_run_is_a_straight_one) {
    size_t count;
    tp_context *context = tp_test_context(NULL, 2);
    tp_train_options options = train_options();
    options.on_step = stop_now_and_then;
    float *expected = train_plain(&count), *actual = train(context, &options, train_layers, &count);
    cr_expect(tp_test_same_bits(expected, actual, count, "resumed"));
    tp_layer without[4];
    memcpy(without, train_layers, sizeof without);
    without[0].dropout = without[1].dropout = 0;
    float *other = train(context, &options, without, &count);
    cr_expect_neq(memcmp(expected, other, count * sizeof *other), 0);
    free(expected), free(actual), free(other);
    tp_context_destroy(context);
}

/* A loop of one's own does what the trainer does. */
Test(dropout, own_loop) {
    size_t count;
    tp_context *context = tp_test_context(NULL, 1);
    tp_train_options options = train_options();
    options.shuffle = false;
    float *expected = train(context, &options, train_layers, &count);
    static struct samples samples;
    fill_samples(&samples);
    tp_model *model = make_model(context, FEATURES, train_layers, 4, TP_LOSS_CCE);
    tp_workspace *workspace = make_workspace(model, TRAIN_BATCH, TP_MODE_TRAINING);
    tp_optimizer *optimizer = NULL;
    cr_assert_eq(tp_optimizer_create(model, &options.optimizer, NULL, 0, &optimizer), TP_OK);
    float *gradients = tp_test_floats(count);
    uint64_t step = 0;
    for (size_t epoch = 0; epoch < EPOCHS; epoch++)
        for (size_t first = 0; first < SAMPLES; first += TRAIN_BATCH) {
            const size_t n = SAMPLES - first < TRAIN_BATCH ? SAMPLES - first : TRAIN_BATCH;
            const tp_targets targets = {.classes = samples.classes + first};
            cr_assert_eq(tp_workspace_set_dropout(workspace, SEED, ++step), TP_OK);
            cr_assert_eq(tp_backward(model, workspace, &targets, gradients, NULL, 0, NULL), TP_ERR_ARGUMENT);
            cr_assert_eq(tp_forward(model, workspace, n, samples.x + first * FEATURES, FEATURES, NULL, 0), TP_OK);
            cr_assert_eq(tp_backward(model, workspace, &targets, gradients, NULL, 0, NULL), TP_OK);
            cr_assert_eq(tp_optimizer_step(optimizer, model, gradients), TP_OK);
        }
    float *actual = parameters_of(model);
    cr_expect(tp_test_same_bits(expected, actual, count, "own loop"));
    free(expected), free(actual), free(gradients);
    tp_optimizer_destroy(optimizer);
    tp_workspace_destroy(workspace);
    tp_model_destroy(model);
    tp_context_destroy(context);
}

/* --------------------------------------------------------------------------------------------- refusals and files */

static void refuse(tp_context *context, const tp_layer *layer, const char *fragment) {
    tp_model_options options;
    tp_model *model = NULL;
    tp_model_options_default(&options);
    options.inputs = 2, options.layer_count = 2, options.layers = layer;
    cr_expect_eq(tp_model_create(context, &options, &model), TP_ERR_ARGUMENT);
    cr_expect_not_null(strstr(tp_test_message(context), fragment), "\"%s\"", tp_test_message(context));
}

Test(dropout, refusals) {
    tp_context *context = tp_test_context(NULL, 1);
    const float bad[] = {-0.1f, 1, 2, NAN, INFINITY};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        refuse(context, (const tp_layer[]){{3, TP_ACTIVATION_RELU, 0, bad[i]}, {2, TP_ACTIVATION_SOFTMAX, 0, 0}},
               "layer 0: dropout is");
    refuse(context, (const tp_layer[]){{3, TP_ACTIVATION_RELU, 0, 0}, {2, TP_ACTIVATION_SOFTMAX, 0, 0.5f}},
           "layer 1: dropout is 0.5");
    tp_context_destroy(context);
}

static bool file_has(const char *path, const char *text) {
    char bytes[2000] = "";
    FILE *file = fopen(path, "rb");
    cr_assert(file);
    const size_t size = fread(bytes, 1, sizeof bytes - 1, file);
    fclose(file);
    for (size_t i = 0; i + strlen(text) <= size; i++)
        if (!memcmp(bytes + i, text, strlen(text)))
            return true;
    return false;
}

Test(dropout, files) {
    tp_context *context = tp_test_context(NULL, 1);
    const tp_layer layer[] = {
        {3, TP_ACTIVATION_RELU, 0, 0.3f}, {3, TP_ACTIVATION_RELU, 0, 0}, {2, TP_ACTIVATION_SOFTMAX, 0, 0}};
    tp_model *model = make_model(context, 2, layer, 3, TP_LOSS_CCE), *copy = NULL;
    tp_model_options options;
    char path[] = "/tmp/tileprop-dropout-XXXXXX";
    const int fd = mkstemp(path);
    cr_assert(fd >= 0);
    close(fd);
    cr_assert_eq(tp_model_save(model, path), TP_OK);
    cr_assert_eq(tp_model_load(context, path, &copy), TP_OK, "%s", tp_test_message(context));
    cr_assert_eq(tp_model_describe(copy, &options), TP_OK);
    for (size_t l = 0; l < 3; l++)
        cr_expect_eq(options.layers[l].dropout, layer[l].dropout);
    cr_expect(file_has(path, "layers.0.dropout"));
    cr_expect_not(file_has(path, "layers.1.dropout"));
    remove(path);
    tp_model_destroy(model), tp_model_destroy(copy);
    tp_context_destroy(context);
}
