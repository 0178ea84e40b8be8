/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Training in a loop of one's own gives the bits of its parts called one by one, and of the trainer: whole steps,
 * gradients of a batch in parts, an optimiser that goes on in another object.
 */
#include "support/nets.h"
#include "support/support.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { IN = 13, OUT = 5, BATCH = 37, STEPS = 6 };

static const size_t widths[] = {IN, 33, 18, OUT};

/* One network with its data; the context wakes every thread for any work. */
struct loop {
    struct ref_net net;
    tp_context *context;
    size_t count;
    float *x, *values, *parameters, *gradients;
    int32_t classes[STEPS * BATCH];
    float weights[STEPS * BATCH];
};

static void open_loop(struct loop *s, int isa, int threads, tp_activation hidden, struct test_head head) {
    s->net = test_net(2, widths, hidden, head);
    s->context = tp_test_eager_context(tp_test_isa(isa), threads);
    s->count = ref_parameter_count(&s->net);
    s->x = tp_test_floats(STEPS * BATCH * IN);
    s->values = tp_test_floats(STEPS * BATCH * OUT);
    s->parameters = tp_test_floats(s->count);
    s->gradients = tp_test_floats(s->count);
    tp_test_fill(s->x, STEPS * BATCH * IN, 1, -1, 1);
    tp_test_fill(s->parameters, s->count, 2, -0.5f, 0.5f);
    tp_test_fill(s->weights, STEPS * BATCH, 3, 0, 2);
    tp_test_fill_classes(s->classes, STEPS * BATCH, 4, OUT);
}

static void close_loop(struct loop *s) {
    free(s->x), free(s->values), free(s->parameters), free(s->gradients);
    tp_context_destroy(s->context);
}

static tp_targets targets_of(const struct loop *s, size_t first) {
    return (tp_targets){.classes = s->classes + first, .weights = s->weights + first};
}

static tp_workspace *workspace_of(const tp_model *model) {
    tp_workspace *workspace = NULL;
    cr_assert_eq(tp_workspace_create(model, TEST_WORKSPACE(BATCH, TP_MODE_TRAINING), NULL, 0, &workspace), TP_OK);
    return workspace;
}

static tp_optimizer_options optimizer_options(int kind, bool clip) {
    tp_optimizer_options options;
    tp_optimizer_options_default(&options);
    options.kind = (tp_optimizer_kind)kind;
    options.learning_rate = 0.01f;
    options.weight_decay = 0.01f;
    options.clip_norm = clip ? 0.5f : 0;
    return options;
}

static tp_optimizer *optimizer_of(const tp_model *model, const tp_optimizer_options *options) {
    tp_optimizer *optimizer = NULL;
    cr_assert_eq(tp_optimizer_create(model, options, NULL, 0, &optimizer), TP_OK);
    return optimizer;
}

/* ---- whole steps ---- */

typedef void step_fn(struct loop *s, tp_model *model, tp_workspace *workspace, tp_optimizer *optimizer, size_t batch,
                     size_t first, tp_score *score);

static void step_in_one(struct loop *s, tp_model *model, tp_workspace *w, tp_optimizer *optimizer, size_t batch,
                        size_t first, tp_score *score) {
    float x[BATCH * IN]; /* not needed after the call */
    const tp_targets targets = targets_of(s, first);
    memcpy(x, s->x + first * IN, batch * IN * sizeof *x);
    cr_assert_eq(tp_train_step(model, w, optimizer, batch, x, IN, &targets, score), TP_OK, "%s",
                 tp_test_message(s->context));
}

static void step_by_step(struct loop *s, tp_model *model, tp_workspace *w, tp_optimizer *optimizer, size_t batch,
                         size_t first, tp_score *score) {
    const tp_targets targets = targets_of(s, first);
    cr_assert_eq(tp_forward(model, w, batch, s->x + first * IN, IN, NULL, 0), TP_OK);
    cr_assert_eq(tp_backward(model, w, &targets, s->gradients, NULL, 0, score), TP_OK);
    cr_assert_eq(tp_optimizer_step(optimizer, model, s->gradients), TP_OK);
}

/* Scores and, at the end, parameters. */
static void run_steps(struct loop *s, const tp_optimizer_options *options, size_t batch, step_fn *step,
                      tp_score scores[STEPS], float *parameters) {
    tp_model *model = test_model(s->context, &s->net, s->parameters);
    tp_workspace *workspace = workspace_of(model);
    tp_optimizer *optimizer = optimizer_of(model, options);
    for (size_t i = 0; i < STEPS; i++)
        step(s, model, workspace, optimizer, batch, i * batch, &scores[i]);
    cr_assert_eq(tp_optimizer_steps(optimizer), STEPS);
    cr_assert_eq(tp_model_get_parameters(model, parameters, s->count), TP_OK);
    tp_optimizer_destroy(optimizer), tp_workspace_destroy(workspace), tp_model_destroy(model);
}

static void check_steps(struct loop *s, const tp_optimizer_options *options, size_t batch) {
    tp_score whole[STEPS], parts[STEPS];
    float *a = tp_test_floats(s->count), *b = tp_test_floats(s->count);
    run_steps(s, options, batch, step_in_one, whole, a);
    run_steps(s, options, batch, step_by_step, parts, b);
    cr_expect(tp_test_same_bits(b, a, s->count, "%s, %zu samples", tp_optimizer_name(options->kind), batch));
    for (size_t i = 0; i < STEPS; i++)
        cr_expect(whole[i].loss == parts[i].loss && whole[i].correct == parts[i].correct && whole[i].samples == batch &&
                  whole[i].weight == parts[i].weight);
    cr_expect(memcmp(s->parameters, a, s->count * sizeof *a) != 0, "the steps did nothing");
    free(a), free(b);
}

Test(loop, a_step_is_its_parts) {
    static const size_t batches[] = {1, 2, BATCH};
    for (int isa = 0; isa < tp_test_isa_count(); isa++)
        for (int threads = 1; threads <= 3; threads += 2)
            for (int rule = 0; rule < TP_OPTIMIZER_COUNT; rule++)
                for (int clip = 0; clip < 2; clip++) {
                    struct loop s;
                    const tp_optimizer_options options = optimizer_options(rule, clip);
                    open_loop(&s, isa, threads, TP_ACTIVATION_RELU,
                              (struct test_head){TP_ACTIVATION_SOFTMAX, TP_LOSS_CCE});
                    for (size_t b = 0; b < sizeof batches / sizeof *batches; b++)
                        check_steps(&s, &options, batches[b]);
                    close_loop(&s);
                }
}

/* The trainer takes the samples in order and with the same weights. */
Test(loop, a_step_is_the_trainers) {
    struct loop s;
    open_loop(&s, 0, 1, TP_ACTIVATION_TANH, (struct test_head){TP_ACTIVATION_SOFTMAX, TP_LOSS_CCE});
    tp_score scores[STEPS];
    float *expected = tp_test_floats(s.count), *actual = tp_test_floats(s.count);
    tp_train_options options;
    tp_train_options_default(&options);
    options.optimizer = optimizer_options(TP_OPTIMIZER_ADAM, false);
    options.optimizer.schedule = TP_SCHEDULE_CONSTANT; /* the trainer knows the number of steps, the loop does not */
    options.batch = BATCH, options.epochs = 1, options.shuffle = false;
    run_steps(&s, &options.optimizer, BATCH, step_in_one, scores, actual);
    const tp_data data = {
        .samples = STEPS * BATCH, .features = IN, .floats = s.x, .classes = s.classes, .weights = s.weights};
    tp_model *model = test_model(s.context, &s.net, s.parameters);
    tp_trainer *trainer = NULL;
    cr_assert_eq(tp_trainer_create(model, &data, &options, NULL, 0, &trainer), TP_OK);
    cr_assert_eq(tp_trainer_run(trainer), TP_OK);
    cr_assert_eq(tp_model_get_parameters(model, expected, s.count), TP_OK);
    cr_expect(tp_test_same_bits(expected, actual, s.count, "trainer and loop"));
    tp_trainer_destroy(trainer), tp_model_destroy(model);
    free(expected), free(actual);
    close_loop(&s);
}

/* A loss that is not finite changes nothing: neither parameters nor the optimiser. */
Test(loop, a_step_that_is_not_finite_is_none) {
    struct loop s;
    open_loop(&s, 0, 1, TP_ACTIVATION_RELU, (struct test_head){TP_ACTIVATION_SOFTMAX, TP_LOSS_CCE});
    const tp_optimizer_options options = optimizer_options(TP_OPTIMIZER_ADAM, false);
    tp_model *model = test_model(s.context, &s.net, s.parameters);
    tp_workspace *workspace = workspace_of(model);
    tp_optimizer *optimizer = optimizer_of(model, &options);
    const tp_targets targets = targets_of(&s, 0);
    float *after = tp_test_floats(s.count);
    tp_score score = {0};
    s.x[3 * IN + 2] = NAN;
    cr_assert_eq(tp_train_step(model, workspace, optimizer, BATCH, s.x, IN, &targets, &score), TP_ERR_NONFINITE);
    cr_expect(strstr(tp_test_message(s.context), "sample 3, feature 2: nan is not finite"), "%s",
              tp_test_message(s.context));
    cr_expect(isnan(score.loss));
    cr_expect_eq(tp_optimizer_steps(optimizer), 0);
    cr_assert_eq(tp_model_get_parameters(model, after, s.count), TP_OK);
    cr_expect(tp_test_same_bits(s.parameters, after, s.count, "parameters"));
    tp_optimizer_destroy(optimizer), tp_workspace_destroy(workspace), tp_model_destroy(model);
    free(after);
    close_loop(&s);
}

/* ---- the optimiser ---- */

Test(loop, another_learning_rate) {
    struct loop s;
    open_loop(&s, 0, 1, TP_ACTIVATION_RELU, (struct test_head){TP_ACTIVATION_SOFTMAX, TP_LOSS_CCE});
    tp_optimizer_options options = optimizer_options(TP_OPTIMIZER_SGD, false);
    options.weight_decay = 0;
    options.schedule = TP_SCHEDULE_STEP, options.step_every = 1, options.step_factor = 0.5f;
    tp_model *model = test_model(s.context, &s.net, s.parameters);
    tp_optimizer *optimizer = optimizer_of(model, &options);
    for (size_t i = 0; i < s.count; i++)
        s.gradients[i] = 1;
    cr_assert_eq(tp_optimizer_step(optimizer, model, s.gradients), TP_OK);
    cr_assert_eq(tp_optimizer_set_learning_rate(optimizer, 0.25f), TP_OK);
    cr_expect_eq(tp_optimizer_learning_rate(optimizer, 2), 0.125f); /* the schedule's factor stays */
    cr_assert_eq(tp_optimizer_step(optimizer, model, s.gradients), TP_OK);
    float *after = tp_test_floats(s.count);
    cr_assert_eq(tp_model_get_parameters(model, after, s.count), TP_OK);
    for (size_t i = 0; i < s.count; i++)
        cr_assert_eq(after[i], s.parameters[i] - 0.01f - 0.125f, "%zu", i);
    free(after);
    tp_optimizer_destroy(optimizer), tp_model_destroy(model);
    close_loop(&s);
}

/* Everything about one optimiser into another one, in the middle of a run. */
static void hand_over(const tp_optimizer *from, tp_optimizer *to, float *state, size_t count) {
    for (size_t i = 0; i < tp_optimizer_state_count(from); i++) {
        cr_assert_eq(tp_optimizer_get_state(from, i, state, count), TP_OK);
        cr_assert_eq(tp_optimizer_set_state(to, i, state, count), TP_OK);
    }
    cr_assert_eq(tp_optimizer_set_steps(to, tp_optimizer_steps(from)), TP_OK);
}

Test(loop, an_optimiser_goes_on_elsewhere) {
    static const size_t states[TP_OPTIMIZER_COUNT] = {0, 1, 1, 2, 2, 1, 1};
    for (int rule = 0; rule < TP_OPTIMIZER_COUNT; rule++) {
        struct loop s;
        open_loop(&s, 0, 1, TP_ACTIVATION_RELU, (struct test_head){TP_ACTIVATION_SOFTMAX, TP_LOSS_CCE});
        tp_optimizer_options options = optimizer_options(rule, false);
        options.schedule = TP_SCHEDULE_COSINE, options.total_steps = 2 * STEPS;
        tp_score scores[STEPS];
        float *expected = tp_test_floats(s.count), *actual = tp_test_floats(s.count), *state = tp_test_floats(s.count);
        run_steps(&s, &options, BATCH, step_in_one, scores, expected);
        tp_model *model = test_model(s.context, &s.net, s.parameters);
        tp_workspace *workspace = workspace_of(model);
        tp_optimizer *first = optimizer_of(model, &options), *second = optimizer_of(model, &options);
        cr_assert_eq(tp_optimizer_state_count(first), states[rule]);
        for (size_t i = 0; i < STEPS; i++) {
            if (i == STEPS / 2)
                hand_over(first, second, state, s.count);
            step_in_one(&s, model, workspace, i < STEPS / 2 ? first : second, BATCH, i * BATCH, &scores[i]);
        }
        cr_assert_eq(tp_model_get_parameters(model, actual, s.count), TP_OK);
        cr_expect(tp_test_same_bits(expected, actual, s.count, "%s", tp_optimizer_name((tp_optimizer_kind)rule)));
        tp_optimizer_destroy(first), tp_optimizer_destroy(second);
        tp_workspace_destroy(workspace), tp_model_destroy(model);
        free(expected), free(actual), free(state);
        close_loop(&s);
    }
}

/* ---- gradients ---- */

/* A batch in parts of any sizes gives the sums of the whole, which are the means times the weight. */
static void check_parts(struct loop *s, const size_t *parts, size_t count) {
    tp_model *model = test_model(s->context, &s->net, s->parameters);
    tp_workspace *workspace = workspace_of(model);
    float *whole = calloc(s->count, sizeof *whole), *sum = calloc(s->count, sizeof *sum);
    tp_score score;
    double weight = 0;
    cr_assert(whole && sum);
    tp_targets targets = targets_of(s, 0);
    cr_assert_eq(tp_forward(model, workspace, BATCH, s->x, IN, NULL, 0), TP_OK);
    cr_assert_eq(tp_backward_accumulate(model, workspace, &targets, whole, NULL, 0, &score), TP_OK);
    cr_assert_eq(tp_backward(model, workspace, &targets, s->gradients, NULL, 0, &score), TP_OK);
    for (size_t i = 0; i < s->count; i++)
        cr_assert(fabs((double)whole[i] / score.weight - (double)s->gradients[i]) < 1e-6, "%zu", i);
    for (size_t p = 0, first = 0; p < count; first += parts[p++]) {
        targets = targets_of(s, first);
        cr_assert_eq(tp_forward(model, workspace, parts[p], s->x + first * IN, IN, NULL, 0), TP_OK);
        cr_assert_eq(tp_backward_accumulate(model, workspace, &targets, sum, NULL, 0, &score), TP_OK);
        weight += score.weight;
    }
    cr_expect(tp_test_same_bits(whole, sum, s->count, "%zu parts", count));
    cr_expect_gt(weight, 0);
    free(whole), free(sum);
    tp_workspace_destroy(workspace), tp_model_destroy(model);
}

Test(loop, gradients_in_parts_are_those_of_the_whole) {
    static const size_t halves[] = {18, 19}, uneven[] = {1, 30, 2, 4}, single[] = {BATCH};
    for (int isa = 0; isa < tp_test_isa_count(); isa++)
        for (int threads = 1; threads <= 3; threads += 2) {
            struct loop s;
            open_loop(&s, isa, threads, TP_ACTIVATION_SIGMOID, (struct test_head){TP_ACTIVATION_SOFTMAX, TP_LOSS_CCE});
            check_parts(&s, halves, 2);
            check_parts(&s, uneven, 4);
            check_parts(&s, single, 1);
            close_loop(&s);
        }
}

/* The derivatives by the inputs are the same with and without those by the parameters, and these stay untouched. */
Test(loop, inputs_alone) {
    struct loop s;
    open_loop(&s, 0, 1, TP_ACTIVATION_GELU, (struct test_head){TP_ACTIVATION_SOFTMAX, TP_LOSS_CCE});
    tp_model *model = test_model(s.context, &s.net, s.parameters);
    tp_workspace *workspace = workspace_of(model);
    float both[BATCH * IN], alone[BATCH * IN], dy[BATCH * OUT];
    const tp_targets targets = targets_of(&s, 0);
    tp_test_fill(dy, BATCH * OUT, 9, -1, 1);
    cr_assert_eq(tp_forward(model, workspace, BATCH, s.x, IN, NULL, 0), TP_OK);
    cr_assert_eq(tp_backward(model, workspace, &targets, s.gradients, both, IN, NULL), TP_OK);
    cr_assert_eq(tp_backward(model, workspace, &targets, NULL, alone, IN, NULL), TP_OK);
    cr_expect(tp_test_same_bits(both, alone, BATCH * IN, "dx of the loss"));
    cr_assert_eq(tp_backward_from(model, workspace, dy, OUT, s.gradients, both, IN), TP_OK);
    cr_assert_eq(tp_backward_from(model, workspace, dy, OUT, NULL, alone, IN), TP_OK);
    cr_expect(tp_test_same_bits(both, alone, BATCH * IN, "dx of dy"));
    tp_workspace_destroy(workspace), tp_model_destroy(model);
    close_loop(&s);
}
