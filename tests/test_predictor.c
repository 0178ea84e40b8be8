/* SPDX-License-Identifier: BSD-3-Clause */
/* A predictor computes the bits of its model, whatever sizes it was told and however its weights lie, and owes nothing
 * to the model afterwards. The clock is the test's own. */
#include "gemm/explain.h"
#include "net/predictor.h"
#include "support/nets.h"
#include "support/support.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* Narrow and wide layers; 256 floats are a row that is padded. */
enum { LAYERS = 5, IN = 9, MAX_BATCH = 65 };
static const size_t widths[LAYERS + 1] = {IN, 33, 256, 7, 300, 3};
#define MAX_WIDTH 300

/* Random seconds, so that the fastest layouts are random. */
static uint64_t ticks;

static double random_clock(void) {
    static double now;
    now += (double)(tp_test_random(1, ticks++) >> 40) * 0x1p-34;
    return now;
}

/* The last layers of the widths. With dropout, which predictions do not have, and scaling where the loss allows it. */
static tp_model *make_precise(tp_context *context, size_t layers, tp_activation hidden, struct test_head head,
                              tp_precision precision) {
    struct ref_net net = test_net(layers - 1, widths + LAYERS - layers, hidden, head);
    test_set_dropout(&net);
    tp_model *plain = test_model(context, &net, NULL), *model = NULL;
    tp_model_options options;
    cr_assert_eq(tp_model_describe(plain, &options), TP_OK);
    static const double mean = 0.25, deviation = 0.375;
    options.inputs_scaled = (tp_scaling){1, &mean, &deviation};
    if (head.loss == TP_LOSS_MSE)
        options.outputs_scaled = options.inputs_scaled;
    options.seed = layers;
    options.precision = precision;
    cr_assert_eq(tp_model_create(context, &options, &model), TP_OK);
    const size_t count = tp_model_parameter_count(model);
    float *parameters = tp_test_floats(count);
    tp_test_fill(parameters, count, layers, -0.2f, 0.2f);
    cr_assert_eq(tp_model_set_parameters(model, parameters, count), TP_OK);
    free(parameters);
    tp_model_destroy(plain);
    return model;
}

static tp_model *make_model(tp_context *context, size_t layers, tp_activation hidden, struct test_head head) {
    return make_precise(context, layers, hidden, head, TP_PRECISION_F32);
}

static size_t inputs_of(const tp_model *model) {
    tp_model_options options;
    tp_model_describe(model, &options);
    return options.inputs;
}

static tp_predictor *make(tp_context *context, const tp_model *model, const size_t *batches, size_t count,
                          tp_now_fn *now) {
    tp_predictor_options options;
    tp_predictor *predictor = NULL;
    tp_predictor_options_default(&options);
    options.batches = batches;
    options.batch_count = count;
    options.measure = now != NULL;
    cr_assert_eq(tp_predictor_make(context, model, &options, now, &predictor), TP_OK);
    return predictor;
}

static tp_workspace *make_workspace(const tp_predictor *predictor) {
    tp_workspace *workspace = NULL;
    cr_assert_eq(
        tp_predictor_workspace_create(predictor, TEST_WORKSPACE(MAX_BATCH, TP_MODE_INFERENCE), NULL, 0, &workspace),
        TP_OK);
    return workspace;
}

/* ---- bits ---- */

/* What the model computes of MAX_BATCH samples: a row is the same in every batch. */
struct expected {
    size_t inputs;
    float x[MAX_BATCH * MAX_WIDTH], targets[MAX_BATCH * 3];
    float y[MAX_BATCH * 3];
    double predicted[MAX_BATCH * 3];
    tp_score score;
};

static tp_data samples_of(const struct expected *e) {
    return (tp_data){
        .samples = MAX_BATCH, .features = e->inputs, .floats = e->x, .values = e->targets, .outputs = widths[LAYERS]};
}

static void expect_of(const tp_model *model, struct expected *e) {
    tp_workspace *workspace = NULL;
    e->inputs = inputs_of(model);
    tp_test_fill(e->x, MAX_BATCH * e->inputs, 2, -1, 1);
    for (size_t i = 0; i < MAX_BATCH; i++)
        e->targets[i * 3 + i % 3] = 1;
    const tp_data data = samples_of(e);
    cr_assert_eq(tp_workspace_create(model, TEST_WORKSPACE(MAX_BATCH, TP_MODE_INFERENCE), NULL, 0, &workspace), TP_OK);
    cr_assert_eq(tp_forward(model, workspace, MAX_BATCH, e->x, e->inputs, e->y, 3), TP_OK);
    cr_assert_eq(tp_predict(model, workspace, &data, &(tp_outputs){.doubles = e->predicted}), TP_OK);
    cr_assert_eq(tp_evaluate(model, workspace, &data, &e->score, NULL), TP_OK);
    tp_workspace_destroy(workspace);
}

static bool same_predictions(const tp_predictor *predictor, tp_workspace *workspace, const struct expected *e) {
    static double predicted[MAX_BATCH * 3];
    tp_score score;
    const tp_data data = samples_of(e);
    cr_assert_eq(tp_predictor_predict(predictor, workspace, &data, &(tp_outputs){.doubles = predicted}), TP_OK);
    cr_assert_eq(tp_predictor_evaluate(predictor, workspace, &data, &score, NULL), TP_OK);
    return !memcmp(predicted, e->predicted, sizeof predicted) && !memcmp(&score, &e->score, sizeof score);
}

static bool same_run(const tp_predictor *predictor, tp_workspace *workspace, const struct expected *e, size_t batch) {
    float y[MAX_BATCH * 3];
    cr_assert_eq(tp_predictor_run(predictor, workspace, batch, e->x, e->inputs, y, 3), TP_OK);
    return tp_test_same_bits(e->y, y, batch * 3, "batch of %zu", batch);
}

static bool same(const tp_predictor *predictor, const struct expected *e) {
    static const size_t batches[] = {1, 2, 3, 8, 40, MAX_BATCH};
    tp_workspace *workspace = make_workspace(predictor);
    bool all = same_predictions(predictor, workspace, e);
    for (size_t i = 0; i < sizeof batches / sizeof *batches; i++)
        all = same_run(predictor, workspace, e, batches[i]) && all;
    tp_workspace_destroy(workspace);
    return all;
}

static int chosen[TP_LAYOUT_COUNT];

/* Of the wide layers. What no size needs is not kept. */
static void count_layouts(const tp_predictor *p) {
    for (size_t l = 0; l < p->model.layers; l++) {
        bool used[TP_LAYOUT_COUNT] = {false};
        for (size_t i = 0; tp_has_layouts(&p->model, l) && i < p->layouts.count; i++)
            used[p->layouts.told[i].layout[l]] = true;
        for (int i = 0; i < TP_LAYOUT_COUNT; i++) {
            chosen[i] += used[i];
            cr_expect_eq(tp_layout_is_there(&p->copies[l], (enum tp_layout)i), used[i], "layer %zu, layout %d", l, i);
        }
    }
}

static void check_model(tp_context *context, const tp_model *model) {
    static const size_t told[] = {40, 1, 3};
    static struct expected expected;
    expect_of(model, &expected);
    tp_predictor *predictors[] = {make(context, model, NULL, 0, NULL), make(context, model, told, 3, NULL),
                                  make(context, model, told, 3, random_clock)};
    for (size_t i = 0; i < 3; i++) {
        cr_expect(same(predictors[i], &expected), "%s, %d threads, %zu layers, predictor %zu", tp_context_isa(context),
                  tp_context_threads(context), predictors[i]->model.layers, i);
        count_layouts(predictors[i]);
        tp_predictor_destroy(predictors[i]);
    }
}

/* Every instruction set with one thread and three, every depth, every activation. */
Test(predictor, has_the_bits_of_its_model) {
    for (int i = 0; i < tp_test_isa_count(); i++)
        for (int net = 0; net < TEST_HIDDEN; net++) {
            tp_context *context = tp_test_eager_context(tp_test_isa(i), net % 2 ? 3 : 1);
            tp_model *model = make_model(context, 1 + (size_t)net % LAYERS, test_hidden[net], test_heads[net]);
            check_model(context, model);
            tp_model_destroy(model);
            tp_context_destroy(context);
        }
    for (int i = 0; i < TP_LAYOUT_BF16; i++)
        cr_expect(chosen[i], "layout %d was never chosen", i);
}

/* Of which the weights are rounded beforehand; in the same way for every context. */
Test(predictor, has_the_precision_of_its_model) {
    static struct expected expected;
    tp_context *context = tp_test_context(NULL, 2);
    tp_model *model = make_precise(context, LAYERS, TP_ACTIVATION_TANH, test_heads[0], TP_PRECISION_BF16);
    expect_of(model, &expected);
    for (int measured = 0; measured < 2; measured++) {
        tp_predictor *predictor = make(context, model, NULL, 0, measured ? random_clock : NULL);
        cr_expect(same(predictor, &expected));
        count_layouts(predictor);
        cr_expect(measured || predictor->layouts.told->layout[0] == TP_LAYOUT_BF16);
        tp_predictor_destroy(predictor);
    }
    tp_model_destroy(model);
    tp_context_destroy(context);
}

static struct tp_explanation explain(const tp_context *context, const tp_model *model, size_t batch, int threads) {
    const struct tp_shape *shape = &model->shape[0];
    const struct tp_gemm product = {.isa = context->isa,
                                    .blocking = context->blocking,
                                    .m = batch,
                                    .n = shape->outputs,
                                    .k = shape->inputs,
                                    .alpha = 1,
                                    .a = tp_plain(model->parameters, shape->inputs),
                                    .b = tp_plain(model->parameters, shape->outputs)};
    return tp_gemm_explain(&product, (struct tp_team){0, threads, NULL});
}

/* By rule: where a product of blocks writes panels of its weights, or threads share its columns, and nowhere else. */
Test(predictor, has_panels_where_products_gain) {
    enum { MADE = 1, SHARED = 2 };
    int found[4] = {0};
    for (int threads = 1; threads <= 2; threads++) {
        tp_context *context = tp_test_eager_context(tp_test_isa(0), threads);
        tp_model *model = make_model(context, 4, TP_ACTIVATION_RELU, test_heads[0]);
        for (size_t batch = 1; batch < 10000; batch *= 3) {
            tp_predictor *predictor = make(context, model, &batch, 1, NULL);
            const struct tp_explanation e = explain(context, model, batch, threads);
            const bool made = e.route->blocks && (e.plan.reading->packs || e.plan.reading->copies);
            const bool shared = !e.route->transposed && e.columns < model->shape[0].outputs;
            cr_expect_eq(predictor->layouts.told->layout[0], made || shared ? TP_LAYOUT_PANELS : TP_LAYOUT_ROWS,
                         "%zu samples, %d threads", batch, threads);
            cr_expect_null(predictor->layouts.told->weights[1].p, "a narrow layer");
            found[(made ? MADE : 0) + (shared ? SHARED : 0)]++;
            tp_predictor_destroy(predictor);
        }
        tp_model_destroy(model);
        tp_context_destroy(context);
    }
    cr_expect(found[0] && found[MADE] && (found[SHARED] || !tp_has_teams()), "%d products read rows, %d make panels",
              found[0], found[MADE]);
}

/* ---- what it was told ---- */

Test(predictor, batches_take_the_nearest_size) {
    static const size_t told[] = {64, 1, 1024};
    tp_context *context = tp_test_context(NULL, 1);
    tp_model *model = make_model(context, 1, TP_ACTIVATION_RELU, test_heads[0]);
    tp_predictor *predictor = make(context, model, told, 3, NULL);
    static const size_t nearest[][2] = {{1, 1}, {8, 1}, {9, 64}, {256, 64}, {257, 1024}, {SIZE_MAX, 1024}};
    for (size_t i = 0; i < sizeof nearest / sizeof *nearest; i++)
        cr_expect_eq(tp_told_of(&predictor->layouts, nearest[i][0])->batch, nearest[i][1], "%zu", nearest[i][0]);
    predictor->layouts.told[1].threads = 2;
    cr_expect_eq(tp_told_threads(&predictor->layouts, 64, 7), 2);
    cr_expect_eq(tp_told_threads(&predictor->layouts, 64, 1), 1);
    cr_expect_eq(tp_told_threads(&predictor->layouts, 65, 7), 7, "more than was measured");
    tp_predictor_destroy(predictor);
    tp_model_destroy(model);
    tp_context_destroy(context);
}

/* ---- measurement ---- */

/* Layers take so many seconds in each layout, and with one thread so many times as long. Thread 0 reads the clock at
 * the beginning, before the first layer, after each layer and at the end. */
static struct {
    const tp_predictor *predictor;
    double now, seconds[TP_LAYOUT_COUNT][LAYERS], alone;
    size_t reads, passes_of_team;
} machine;

static double machine_clock(void) {
    const size_t layers = machine.predictor->model.layers, pass = machine.reads / (layers + 3),
                 at = machine.reads % (layers + 3);
    machine.reads++;
    if (at >= 2 && at < layers + 2)
        machine.now += machine.seconds[machine.predictor->layouts.told->layout[at - 2]][at - 2] *
                       (pass < machine.passes_of_team ? 1 : machine.alone);
    return machine.now;
}

static void make_all_layouts(tp_context *context, const tp_model *model, tp_predictor *p) {
    for (size_t l = 0; l < p->model.layers; l++)
        if (tp_has_layouts(model, l) && !tp_layout_is_there(&p->copies[l], TP_LAYOUT_ROWS))
            cr_assert_eq(tp_layout_take(context, model, l, &p->copies[l]), TP_OK);
    for (size_t l = 0; l < p->model.layers; l++)
        for (int i = 0; tp_has_layouts(&p->model, l) && i < TP_LAYOUT_COUNT; i++)
            cr_assert_eq(tp_layout_make(context, &p->model, l, &p->copies[l], (enum tp_layout)i), TP_OK);
}

/* Passes take more than a round, so each round of a layout is two of them. */
static void measure(tp_predictor *p, tp_workspace *workspace, int fastest, double times, double alone) {
    enum { ROUNDS = 3, PASSES = 2 };
    machine.predictor = p;
    machine.reads = 0;
    machine.passes_of_team = (size_t)ROUNDS * TP_LAYOUT_BF16 * PASSES; /* which products in f32 do not have */
    machine.alone = alone;
    for (int i = 0; i < TP_LAYOUT_COUNT; i++)
        for (int l = 0; l < LAYERS; l++)
            machine.seconds[i][l] = i == (fastest + l) % TP_LAYOUT_COUNT ? 1 : times;
    for (size_t l = 0; l < p->model.layers; l++)
        if (tp_has_layouts(&p->model, l))
            tp_predictor_choose(p, p->layouts.told, l, TP_LAYOUT_ROWS);
    p->layouts.told->threads = TP_MAX_THREADS;
    tp_predictor_measure(p, p->layouts.told, workspace, machine_clock);
}

/* Where another layout, or one thread, is not clearly faster, the built-in choice stays. */
Test(predictor, measures_what_is_fastest) {
    static const size_t one = 1;
    tp_context *context = tp_test_eager_context(NULL, 2);
    tp_model *model = make_model(context, LAYERS, TP_ACTIVATION_RELU, test_heads[0]);
    tp_predictor *p = make(context, model, &one, 1, NULL);
    tp_workspace *workspace = make_workspace(p);
    make_all_layouts(context, model, p);
    for (int fastest = 0; fastest < TP_LAYOUT_COUNT; fastest++) {
        measure(p, workspace, fastest, 1.2, 1.01);
        for (int l = 0; l < LAYERS; l++) {
            const enum tp_layout best = (enum tp_layout)((fastest + l) % TP_LAYOUT_COUNT);
            const bool there = tp_layout_is_there(&p->copies[l], best);
            cr_expect_eq(p->layouts.told->layout[l], there ? best : TP_LAYOUT_ROWS, "layer %d, fastest %d", l, fastest);
        }
        cr_expect_eq(p->layouts.told->threads, TP_MAX_THREADS);
    }
    measure(p, workspace, 1, 1.02, 0.97);
    for (int l = 0; l < LAYERS; l++)
        cr_expect_eq(p->layouts.told->layout[l], TP_LAYOUT_ROWS, "2 %% faster is not clearly faster");
    cr_expect_eq(p->layouts.told->threads, TP_MAX_THREADS);
    measure(p, workspace, 1, 1.02, 0.8);
    cr_expect_eq(p->layouts.told->threads, tp_has_teams() ? 1 : TP_MAX_THREADS);
    const size_t reads = machine.reads;
    measure(p, workspace, 1, 1.02, 4);
    cr_expect(!tp_has_teams() || machine.reads < reads, "a slow team is dropped after a round");
    tp_workspace_destroy(workspace);
    tp_predictor_destroy(p);
    tp_model_destroy(model);
    tp_context_destroy(context);
}

/* ---- memory ---- */

static struct tp_test_allocator counter;

static tp_context *counting_context(void) {
    tp_context_options options;
    tp_context *context = NULL;
    counter = (struct tp_test_allocator){.remaining = -1};
    tp_context_options_default(&options);
    options.allocator = tp_test_allocator_hooks(&counter);
    cr_assert_eq(tp_context_create(&options, &context), TP_OK);
    return context;
}

static tp_status make_measured(tp_context *context, const tp_model *model, tp_predictor **predictor) {
    static const size_t told[] = {1, 40};
    tp_predictor_options options;
    tp_predictor_options_default(&options);
    options.measure = true;
    options.batches = told, options.batch_count = 2;
    return tp_predictor_create(context, model, &options, predictor);
}

/* The environment asks for the rule: nothing is made to be timed. */
Test(predictor, measures_only_if_the_environment_allows) {
    tp_context *context = counting_context();
    tp_model *model = make_model(context, 2, TP_ACTIVATION_RELU, test_heads[0]);
    size_t allocations[2];
    for (int off = 0; off < 2; off++) {
        tp_predictor *predictor = NULL;
        if (off)
            setenv("TILEPROP_TUNE", "off", 1);
        const size_t before = counter.allocations;
        cr_assert_eq(make_measured(context, model, &predictor), TP_OK);
        allocations[off] = counter.allocations - before;
        tp_predictor_destroy(predictor);
    }
    unsetenv("TILEPROP_TUNE");
    cr_expect_lt(allocations[1], allocations[0]);
    tp_model_destroy(model);
    tp_context_destroy(context);
}

/* Any allocation may fail, and then nothing is left. */
Test(predictor, allocations_fail) {
    tp_context *context = counting_context();
    tp_model *model = make_model(context, LAYERS, TP_ACTIVATION_RELU, test_heads[0]);
    tp_predictor *predictor = NULL;
    tp_status status;
    long n = 0;
    do {
        const size_t live = counter.allocations - counter.releases;
        counter.remaining = n++;
        status = make_measured(context, model, &predictor);
        if (status) {
            cr_expect_eq(status, TP_ERR_MEMORY);
            cr_expect_null(predictor);
            cr_expect_eq(counter.allocations - counter.releases, live, "allocation %ld", n);
        }
    } while (status);
    cr_expect_gt(n, 9, "%ld allocations", n);
    counter.remaining = -1;
    tp_predictor_destroy(predictor);
    tp_model_destroy(model);
    tp_context_destroy(context);
    cr_expect_eq(counter.allocations, counter.releases);
}

Test(predictor, allocates_nothing_in_use) {
    static struct expected expected;
    tp_context *context = counting_context();
    tp_model *model = make_model(context, LAYERS, TP_ACTIVATION_RELU, test_heads[0]);
    tp_predictor *predictor = NULL;
    expect_of(model, &expected);
    cr_assert_eq(make_measured(context, model, &predictor), TP_OK);
    tp_workspace *workspace = make_workspace(predictor);
    counter.remaining = 0;
    cr_expect(same_run(predictor, workspace, &expected, 40));
    cr_expect(same_predictions(predictor, workspace, &expected));
    counter.remaining = -1;
    tp_workspace_destroy(workspace);
    tp_predictor_destroy(predictor);
    tp_model_destroy(model);
    tp_context_destroy(context);
}

/* ---- apart from its model ---- */

Test(predictor, does_not_need_its_model) {
    static struct expected expected;
    tp_context *context = tp_test_context(NULL, 0), *other = tp_test_context(tp_test_isa(tp_test_isa_count() - 1), 1);
    tp_model *model = make_model(context, LAYERS, TP_ACTIVATION_TANH, test_heads[0]);
    expect_of(model, &expected);
    tp_predictor *predictor = make(other, model, NULL, 0, NULL);
    const size_t count = tp_model_parameter_count(model);
    float *zeros = calloc(count, sizeof *zeros);
    cr_assert_eq(tp_model_set_parameters(model, zeros, count), TP_OK);
    free(zeros);
    cr_expect(same(predictor, &expected), "the model was changed");
    tp_model_destroy(model);
    tp_context_destroy(context);
    cr_expect(same(predictor, &expected), "the model is gone");
    tp_predictor_destroy(predictor);
    tp_context_destroy(other);
}

/* ---- shared by threads ---- */

enum { USERS = 4, RUNS = 20 };

struct user {
    const tp_predictor *predictor;
    const struct expected *expected;
    size_t batch;
    bool same;
};

static void *use(void *argument) {
    struct user *user = argument;
    tp_workspace *workspace = make_workspace(user->predictor);
    user->same = true;
    for (int i = 0; i < RUNS; i++)
        user->same = same_run(user->predictor, workspace, user->expected, user->batch) && user->same;
    tp_workspace_destroy(workspace);
    return NULL;
}

Test(predictor, is_shared_by_threads) {
    static const size_t told[] = {1, MAX_BATCH};
    static struct expected expected;
    tp_context *context = tp_test_context(NULL, 2);
    tp_model *model = make_model(context, LAYERS, TP_ACTIVATION_SILU, test_heads[7]);
    expect_of(model, &expected);
    tp_predictor *predictor = make(context, model, told, 2, random_clock);
    struct user users[USERS];
    pthread_t threads[USERS];
    for (size_t i = 0; i < USERS; i++) {
        users[i] = (struct user){predictor, &expected, i % 2 ? MAX_BATCH : 1 + i, false};
        cr_assert_eq(pthread_create(&threads[i], NULL, use, &users[i]), 0);
    }
    for (size_t i = 0; i < USERS; i++) {
        pthread_join(threads[i], NULL);
        cr_expect(users[i].same, "thread %zu", i);
    }
    tp_predictor_destroy(predictor);
    tp_model_destroy(model);
    tp_context_destroy(context);
}
