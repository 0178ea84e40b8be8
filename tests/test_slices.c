/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * While several threads train, each may have its columns of the first layer's weights apart from the model's. That must
 * not show: not in the bits, and not to a callback that reads or changes the model.
 */
#include "gemm/share.h"
#include "net/slices.h"
#include "support/support.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define IN 100
/* With AVX2 dX from one half of them and from the other would be computed in two ways, if each could choose. */
#define HIDDEN 240
#define OUT 5
#define SAMPLES 100
#define BATCH 8
#define STEPS 30
#define JOURNAL 1000000

/* What callbacks saw, one after the other. */
struct journal {
    tp_model *model;
    const tp_data *data;
    tp_workspace *workspace, *derivatives;
    tp_optimizer *optimizer;
    int slices; /* there must be so many */
    size_t count;
    float entries[JOURNAL];
};

static float *next_entries(struct journal *j, size_t count) {
    float *entries = j->entries + j->count;
    j->count += count;
    cr_assert_leq(j->count, JOURNAL);
    return entries;
}

/* The parameters as a file gets them, wherever a piece begins and ends. */
static void check_pieces(const tp_model *model, const float *parameters, size_t count) {
    float piece[97];
    for (size_t begin = 0, n = 1; begin < count; begin += n, n = n % 97 + 1) {
        n = n < count - begin ? n : count - begin;
        tp_model_copy_parameters(model, begin, n, piece);
        cr_assert_eq(memcmp(piece, parameters + begin, n * sizeof *piece), 0, "%zu from %zu on", n, begin);
    }
}

static float *note_parameters(struct journal *j) {
    const size_t count = tp_model_parameter_count(j->model);
    float *parameters = next_entries(j, count);
    cr_assert_eq(tp_model_get_parameters(j->model, parameters, count), TP_OK);
    check_pieces(j->model, parameters, count);
    return parameters;
}

/* Outputs and gradients, also that of the input. */
static const float *note_gradients(struct journal *j) {
    float *y = next_entries(j, BATCH * OUT), *dx = next_entries(j, BATCH * IN);
    float *gradients = next_entries(j, tp_model_parameter_count(j->model));
    const tp_targets targets = {.classes = j->data->classes};
    cr_assert_eq(tp_forward(j->model, j->workspace, BATCH, j->data->floats, IN, y, OUT), TP_OK);
    cr_assert_eq(tp_backward(j->model, j->workspace, &targets, gradients, dx, IN, NULL), TP_OK);
    return gradients;
}

/* Of outputs by inputs, forwards and backwards. */
static void note_derivatives(struct journal *j) {
    const float *x = j->data->floats, *v = x + BATCH * IN;
    float *y = next_entries(j, BATCH * OUT), *jv = next_entries(j, BATCH * OUT);
    float *jacobian = next_entries(j, BATCH * OUT * IN);
    cr_assert_eq(tp_jvp(j->model, j->derivatives, BATCH, x, IN, v, IN, y, OUT, jv, OUT), TP_OK);
    cr_assert_eq(tp_jacobian(j->model, j->derivatives, BATCH, x, IN, y, OUT, jacobian), TP_OK);
}

static void change_parameters(struct journal *j) {
    const size_t count = tp_model_parameter_count(j->model);
    float *parameters = note_parameters(j);
    for (size_t i = 0; i < count; i++)
        parameters[i] *= 0.75f + (float)(i % 7) / 16;
    cr_assert_eq(tp_model_set_parameters(j->model, parameters, count), TP_OK);
}

static tp_train_options train_options(tp_optimizer_kind kind) {
    tp_train_options options;
    tp_train_options_default(&options);
    options.batch = BATCH;
    options.epochs = SAMPLES; /* more than enough */
    options.optimizer.kind = kind;
    options.optimizer.learning_rate = 0.01f;
    options.optimizer.schedule = TP_SCHEDULE_CONSTANT;
    return options;
}

/* A run within a callback of a run, on one thread: with as many slices or, if gradients are clipped, without. */
static void train_within(struct journal *j, float clip_norm) {
    tp_train_options options = train_options(TP_OPTIMIZER_ADAMW);
    options.batch = 20;
    options.epochs = 2;
    options.optimizer.clip_norm = clip_norm;
    tp_trainer *trainer = NULL;
    cr_assert_eq(tp_trainer_create(j->model, j->data, &options, NULL, 0, &trainer), TP_OK);
    cr_assert_eq(tp_trainer_run(trainer), TP_OK);
    tp_trainer_destroy(trainer);
}

static int use_model(void *user, const tp_step *step) {
    struct journal *j = user;
    cr_expect_eq(j->model->slices.count, j->slices, "%d slices at step %d, not %d", j->model->slices.count,
                 (int)step->step, j->slices);
    switch (step->step) {
    case 3:
        note_parameters(j);
        break;
    case 5:
        note_gradients(j);
        break;
    case 6:
        note_derivatives(j);
        break;
    case 8:
        change_parameters(j);
        break;
    case 9:
        note_gradients(j);
        break;
    case 14:
        cr_assert_eq(tp_optimizer_step(j->optimizer, j->model, note_gradients(j)), TP_OK);
        break;
    case 16:
        note_parameters(j);
        train_within(j, 0.5f);
        note_parameters(j);
        train_within(j, 0);
        note_parameters(j);
        break;
    default:;
    }
    return step->step == 18 || step->step == STEPS;
}

static void note_predictions(struct journal *j) {
    tp_score score;
    cr_assert_eq(
        tp_predict(j->model, j->workspace, j->data, &(const tp_outputs){.floats = next_entries(j, SAMPLES * OUT)}),
        TP_OK);
    cr_assert_eq(tp_evaluate(j->model, j->workspace, j->data, &score, NULL), TP_OK);
    *next_entries(j, 1) = (float)score.loss;
}

/* Here teams of threads work for the callback, too. */
static int use_model_after_epoch(void *user, const tp_epoch *epoch) {
    struct journal *j = user;
    cr_expect_eq(j->model->slices.count, j->slices);
    note_predictions(j);
    note_derivatives(j);
    const float *gradients = note_gradients(j);
    if (epoch->epoch == 1) {
        cr_assert_eq(tp_optimizer_step(j->optimizer, j->model, gradients), TP_OK);
        note_gradients(j);
        train_within(j, 0.5f);
        train_within(j, 0);
    } else {
        change_parameters(j);
    }
    return 0;
}

static tp_model *make_model(tp_context *context) {
    const tp_layer layers[] = {{HIDDEN, TP_ACTIVATION_RELU, 0, 0}, {OUT, TP_ACTIVATION_SOFTMAX, 0, 0}};
    tp_model_options options;
    tp_model_options_default(&options);
    options.inputs = IN;
    options.layer_count = 2;
    options.layers = layers;
    tp_model *model = NULL;
    cr_assert_eq(tp_model_create(context, &options, &model), TP_OK);
    return model;
}

/* Two epochs and a half, stopped once on the way; what the callbacks saw and the last parameters. Release with free. */
static struct journal *run(tp_context *context, tp_optimizer_kind kind, const tp_data *data, int slices) {
    struct journal *j = calloc(1, sizeof *j);
    cr_assert(j);
    j->model = make_model(context);
    j->data = data;
    j->slices = slices;
    tp_train_options options = train_options(kind);
    options.on_step = use_model;
    options.on_epoch = use_model_after_epoch;
    options.user = j;
    cr_assert_eq(tp_workspace_create(j->model, TEST_WORKSPACE(BATCH, TP_MODE_TRAINING), NULL, 0, &j->workspace), TP_OK);
    cr_assert_eq(tp_workspace_create(j->model, TEST_WORKSPACE(BATCH, TP_MODE_DERIVATIVES), NULL, 0, &j->derivatives),
                 TP_OK);
    cr_assert_eq(tp_optimizer_create(j->model, &options.optimizer, NULL, 0, &j->optimizer), TP_OK);
    tp_trainer *trainer = NULL;
    cr_assert_eq(tp_trainer_create(j->model, data, &options, NULL, 0, &trainer), TP_OK);
    for (int i = 0; i < 2; i++) {
        cr_assert_eq(tp_trainer_run(trainer), TP_ERR_STOPPED);
        cr_expect_eq(j->model->slices.count, 0);
        note_parameters(j);
    }
    tp_trainer_destroy(trainer);
    tp_optimizer_destroy(j->optimizer);
    tp_workspace_destroy(j->workspace);
    tp_workspace_destroy(j->derivatives);
    tp_model_destroy(j->model);
    return j;
}

static struct journal *run_with(const char *isa, int threads, tp_optimizer_kind kind, const tp_data *data) {
    tp_context *context = tp_test_eager_context(isa, threads);
    struct journal *j = run(context, kind, data, threads > 1 ? threads : 0);
    tp_context_destroy(context);
    return j;
}

static void compare_all(tp_optimizer_kind kind) {
    static float x[SAMPLES * IN];
    static int32_t classes[SAMPLES];
    static const int threads[] = {2, 3, 5};
    tp_test_fill(x, SAMPLES * IN, 5, -1, 1);
    tp_test_fill_classes(classes, SAMPLES, 6, OUT);
    const tp_data data = {.samples = SAMPLES, .features = IN, .floats = x, .classes = classes, .outputs = OUT};
    struct journal *expected = run_with(NULL, 1, kind, &data);
    for (int i = 0; i < tp_test_isa_count(); i++)
        for (size_t t = 0; t < sizeof threads / sizeof *threads; t++) {
            struct journal *actual = run_with(tp_test_isa(i), threads[t], kind, &data);
            cr_expect_eq(actual->count, expected->count);
            cr_expect(tp_test_same_bits(expected->entries, actual->entries, expected->count, "%s, %d threads",
                                        tp_test_isa(i), threads[t]));
            free(actual);
        }
    free(expected);
}

Test(slices, callbacks_of_sgd) {
    compare_all(TP_OPTIMIZER_SGD);
}

Test(slices, callbacks_of_adam) {
    compare_all(TP_OPTIMIZER_ADAM);
}

/* Weights that a step made infinite are found where they are, and are the model's after the run. */
Test(slices, not_finite) {
    static struct journal j;
    static float x[SAMPLES * IN];
    static int32_t classes[SAMPLES];
    tp_context *context = tp_test_eager_context(NULL, 2);
    tp_test_fill(x, SAMPLES * IN, 5, 1000, 1001);
    tp_test_fill_classes(classes, SAMPLES, 6, OUT);
    const tp_data data = {.samples = SAMPLES, .features = IN, .floats = x, .classes = classes, .outputs = OUT};
    j.model = make_model(context);
    tp_train_options options = train_options(TP_OPTIMIZER_SGD);
    options.batch = SAMPLES;
    options.optimizer.learning_rate = 3e38f;
    tp_trainer *trainer = NULL;
    cr_assert_eq(tp_trainer_create(j.model, &data, &options, NULL, 0, &trainer), TP_OK);
    cr_expect_eq(tp_trainer_run(trainer), TP_ERR_NONFINITE);
    cr_expect(strstr(tp_test_message(context), "parameters of layer 0 are no longer finite"), "%s",
              tp_test_message(context));
    size_t infinite = 0;
    const float *parameters = note_parameters(&j);
    for (size_t i = 0; i < IN * HIDDEN; i++)
        infinite += isinf(parameters[i]) != 0;
    cr_expect_gt(infinite, 0);
    tp_trainer_destroy(trainer);
    tp_model_destroy(j.model);
    tp_context_destroy(context);
}

static int count_for(size_t inputs, size_t outputs, size_t batch, int threads) {
    static const struct tp_blocking blocking = {12, 100, 160, 1};
    const tp_context context = {.blocking = &blocking};
    const struct tp_model model = {.context = &context, .layers = 1, .shape = {{.inputs = inputs, .outputs = outputs}}};
    return tp_slice_count(&model, batch, threads);
}

/* Only for several threads with about as many columns each, not where they share the samples or W is far larger than
 * caches. */
Test(slices, count) {
    cr_expect_eq(count_for(3, 128, 32, 1), 0);
    cr_expect_eq(count_for(3, 128, 32, 2), 2);
    cr_expect_eq(count_for(3, 128, 128, 2), 2);
    cr_expect_eq(count_for(3, 128, 129, 2), 0);
    cr_expect_eq(count_for(3, 128, 32, 8), 8);
    cr_expect_eq(count_for(3, 128, 32, 9), 0);
    cr_expect_eq(count_for(3, 111, 32, 8), 0);
    cr_expect_eq(count_for(3, 300, 32, 2), 2);
    cr_expect_eq(count_for(3, 100, 32, 2), 0);
    cr_expect_eq(count_for(3, 10, 1, 2), 0);
    cr_expect_eq(count_for(3, 2000, 1, 100), 0);
    cr_expect_eq(count_for(3, 1990, 1, 125), 125);
    cr_expect_eq(count_for(1000, 128, 32, 2), 2);
    cr_expect_eq(count_for(1001, 128, 32, 2), 0);
}

/* Whole lines but for the last; each column is in one slice; the memory is the layer's and not more. */
Test(slices, columns) {
    static float weights[3 * 203];
    const struct tp_model model = {
        .layers = 1, .shape = {{.inputs = 3, .outputs = 203}}, .slices = {.weights = weights, .count = 4}};
    size_t end = 0;
    for (int s = 0; s < 4; s++) {
        const struct tp_weights slice = tp_weight_part(&model, 0, s);
        cr_expect_eq(slice.begin, end);
        cr_expect_eq(slice.begin % TP_LINE, 0);
        cr_expect_eq(slice.p, weights + 3 * slice.begin);
        cr_expect_eq(slice.state, 3 * slice.begin);
        end = slice.begin + slice.n;
    }
    cr_expect_eq(end, 203);
}

static void consume(const void *consumer, const float *c, size_t ldc, const struct tp_place *place) {
    (void)consumer, (void)c, (void)ldc, (void)place;
}

/* The first thread of size: rows and columns from 0 to these. */
static void expect_share(const struct tp_gemm *g, int size, size_t rows, size_t columns) {
    const struct tp_team team = {0, size, NULL};
    struct tp_range i, j;
    tp_gemm_share(g, 1, team, &i, &j);
    cr_expect(i.begin == 0 && i.end == rows, "%d threads: %zu rows", size, i.end);
    cr_expect(j.begin == 0 && j.end == columns, "%d threads: %zu columns", size, j.end);
}

/* Other layers' weights are updated by whole rows, unless B is large or threads are so many that they would read too
 * much. */
Test(slices, other_layers) {
    tp_context *context = tp_test_context(NULL, 1);
    struct tp_gemm g = {.isa = context->isa, .blocking = context->blocking, .m = 512, .n = 512, .k = 128};
    static const struct tp_blocking roomy = {100, 4000, 1000, 1}, tight = {12, 100, 160, 1};
    expect_share(&g, 2, 512, 256);
    g.epilogue.consume = consume;
    expect_share(&g, 2, 256, 512);
    g.blocking = &roomy, g.k = 4096;
    expect_share(&g, 16, 128, 128);
    g.blocking = &tight, g.k = 128;
    expect_share(&g, 2, 512, 256);
    tp_context_destroy(context);
}
