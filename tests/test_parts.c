/* SPDX-License-Identifier: BSD-3-Clause */
/* Batches in parts: what a step computes, and that its bits depend on the number of parts alone. */
#include "support/blocking.h"
#include "support/clouds.h"
#include "support/ranks.h"
#include "support/support.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { PARTS = 8, BATCH = 20, SAMPLES = 61 }; /* parts of 3 and 2 samples; the last batch has one */

static tp_train_options parts_options(size_t parts) {
    tp_train_options options;
    tp_train_options_default(&options);
    options.batch = BATCH;
    options.epochs = 2;
    options.parts = parts;
    options.optimizer.learning_rate = 0.02f;
    return options;
}

/* ------------------------------------------------------------------------------------------------- by hand, one step
 */

static size_t first_of(size_t n, size_t part) {
    const size_t rest = n % PARTS;
    return n / PARTS * part + (part < rest ? part : rest);
}

struct sums {
    float gradients[CLOUD_PARAMETERS];
    double loss, weight;
};

static void part_sums(const struct test_world *w, tp_workspace *workspace, size_t begin, size_t end,
                      const float *weights, struct sums *sums) {
    const struct test_clouds *c = &w->clouds;
    const tp_targets targets = {.classes = c->classes + begin, .weights = weights + begin};
    float y[BATCH * CLOUD_CLASSES];
    tp_score score = {0};
    memset(sums, 0, sizeof *sums);
    if (begin == end)
        return;
    cr_assert_eq(tp_forward(w->model, workspace, end - begin, c->x + begin * CLOUD_IN, CLOUD_IN, y, CLOUD_CLASSES),
                 TP_OK);
    cr_assert_eq(tp_backward_accumulate(w->model, workspace, &targets, sums->gradients, NULL, 0, &score), TP_OK);
    sums->weight = score.weight;
    sums->loss = score.loss * score.weight;
}

static void add_pairs(struct sums *sums) {
    for (size_t n = PARTS / 2; n; n /= 2)
        for (size_t i = 0; i < n; i++) {
            for (size_t j = 0; j < CLOUD_PARAMETERS; j++)
                sums[i].gradients[j] = sums[2 * i].gradients[j] + sums[2 * i + 1].gradients[j];
            sums[i].loss = sums[2 * i].loss + sums[2 * i + 1].loss;
            sums[i].weight = sums[2 * i].weight + sums[2 * i + 1].weight;
        }
}

/* Adam by the gradient of the mean; it is the float nearest to 1 / weight times the sum. */
static double step_by_hand(const struct test_world *w, tp_workspace *workspace, tp_optimizer *optimizer, size_t first,
                           size_t n, const float *weights) {
    static struct sums sums[PARTS];
    for (size_t i = 0; i < PARTS; i++)
        part_sums(w, workspace, first + first_of(n, i), first + first_of(n, i + 1), weights, &sums[i]);
    add_pairs(sums);
    for (size_t j = 0; j < CLOUD_PARAMETERS; j++)
        sums->gradients[j] *= (float)(1 / sums->weight);
    cr_assert_eq(tp_optimizer_step(optimizer, w->model, sums->gradients), TP_OK);
    return sums->loss / sums->weight;
}

static void train_by_hand(const struct test_world *w, const tp_train_options *options, const float *weights,
                          double *losses) {
    tp_workspace *workspace = NULL;
    tp_optimizer *optimizer = NULL;
    tp_optimizer_options rule = options->optimizer;
    rule.total_steps = 8;
    cr_assert_eq(tp_workspace_create(w->model, TEST_WORKSPACE(BATCH, TP_MODE_TRAINING), NULL, 0, &workspace), TP_OK);
    cr_assert_eq(tp_optimizer_create(w->model, &rule, NULL, 0, &optimizer), TP_OK);
    for (size_t e = 0, step = 0; e < options->epochs; e++)
        for (size_t i = 0; i < SAMPLES; i += BATCH)
            losses[step++] =
                step_by_hand(w, workspace, optimizer, i, SAMPLES - i < BATCH ? SAMPLES - i : BATCH, weights);
    tp_optimizer_destroy(optimizer);
    tp_workspace_destroy(workspace);
}

static int note_loss(void *user, const tp_step *step) {
    double **next = user;
    *(*next)++ = step->loss;
    return 0;
}

Test(parts, are_chains_that_are_added_as_a_tree) {
    static struct test_world trained, expected;
    float weights[CLOUD_SAMPLES], a[CLOUD_PARAMETERS], b[CLOUD_PARAMETERS];
    double losses[8], by_hand[8], *next = losses;
    tp_test_fill(weights, CLOUD_SAMPLES, 7, 0.5f, 2);
    test_open_world(&trained, NULL);
    test_open_world(&expected, NULL);
    trained.clouds.data.samples = SAMPLES;
    trained.clouds.data.weights = weights;
    tp_train_options options = parts_options(PARTS);
    options.shuffle = false;
    options.on_step = note_loss;
    options.user = &next;
    cr_assert_eq(test_train(&trained, &options), TP_OK);
    train_by_hand(&expected, &options, weights, by_hand);
    test_get_parameters(trained.model, a);
    test_get_parameters(expected.model, b);
    cr_assert(tp_test_same_bits(b, a, CLOUD_PARAMETERS, "parameters"));
    for (size_t i = 0; i < 8; i++)
        cr_assert_float_eq(losses[i], by_hand[i], 1e-12 * by_hand[i], "step %zu", i);
    test_close_world(&trained);
    test_close_world(&expected);
}

/* -------------------------------------------------------------------------------------------- what bits depend on */

enum { IN = 150, WIDE = 128, LESS = 37, OUT = 10 }; /* layers of 5, 2 and 1 chunks of parameters */
enum { COUNT = IN * WIDE + WIDE + WIDE * LESS + LESS + LESS * OUT + OUT };

/* All that may change the way of a gradient: rules, clipping, frozen layers, few parts, averages. */
struct variant {
    const char *name;
    tp_optimizer_kind kind;
    float clip, first_rate;
    size_t batch, parts;
    double average;
    bool bf16;
};

static const struct variant variants[] = {
    {"adam", TP_OPTIMIZER_ADAM, 0, 1, BATCH, PARTS, 0, false},
    {"momentum", TP_OPTIMIZER_MOMENTUM, 0, 1, BATCH, 2, 0, false},
    {"clipped", TP_OPTIMIZER_SGD, 0.5f, 1, 96, PARTS, 0, false},
    {"frozen", TP_OPTIMIZER_RMSPROP, 0.5f, 0, BATCH, 4, 0, false},
    {"averages", TP_OPTIMIZER_ADAGRAD, 0, 1, 96, PARTS, 0.9, false},
    {"bf16", TP_OPTIMIZER_NESTEROV, 0, 1, 33, PARTS, 0, true},
};

#define VARIANTS (sizeof variants / sizeof *variants)

struct problem {
    float x[CLOUD_SAMPLES * IN], weights[CLOUD_SAMPLES];
    int32_t classes[CLOUD_SAMPLES];
    tp_data data;
};

static struct problem problem;

static void make_problem(void) {
    struct problem *p = &problem;
    tp_test_fill(p->x, CLOUD_SAMPLES * IN, 11, -1, 1);
    tp_test_fill(p->weights, CLOUD_SAMPLES, 12, 0, 2);
    tp_test_fill_classes(p->classes, CLOUD_SAMPLES, 13, OUT);
    p->data = (tp_data){.samples = CLOUD_SAMPLES,
                        .features = IN,
                        .floats = p->x,
                        .classes = p->classes,
                        .outputs = OUT,
                        .weights = p->weights};
}

enum { EPOCHS = 2 };

/* What a run leaves. */
struct result {
    float parameters[COUNT];
    tp_score train[EPOCHS], validation[EPOCHS];
    size_t epochs;
};

static int note_epoch(void *user, const tp_epoch *epoch) {
    struct result *result = user;
    result->train[result->epochs] = epoch->train;
    result->validation[result->epochs++] = epoch->validation;
    return 0;
}

static tp_train_options variant_options(const struct variant *v, const float *rates, struct result *result) {
    tp_train_options options = parts_options(v->parts);
    options.batch = v->batch;
    options.epochs = EPOCHS;
    options.average = v->average;
    options.validation_fraction = 0.25;
    options.tune = TP_TUNE_OFF;
    options.optimizer.kind = v->kind;
    options.optimizer.clip_norm = v->clip;
    options.optimizer.layer_rates = rates;
    options.on_epoch = note_epoch;
    options.user = result;
    return options;
}

static tp_model *variant_model(const struct variant *v, tp_context *context) {
    struct ref_net net = test_net(2, (const size_t[]){IN, WIDE, LESS, OUT}, TP_ACTIVATION_TANH,
                                  (struct test_head){TP_ACTIVATION_SOFTMAX, TP_LOSS_CCE});
    test_set_dropout(&net);
    net.precision = v->bf16 ? TP_PRECISION_BF16 : TP_PRECISION_F32;
    return test_model(context, &net, NULL);
}

static void train_variant(const struct variant *v, tp_context *context, const tp_group *group, struct result *result) {
    const float rates[] = {v->first_rate, 1, 0.5f};
    tp_model *model = variant_model(v, context);
    tp_trainer *trainer = NULL;
    *result = (struct result){.epochs = 0};
    tp_train_options options = variant_options(v, rates, result);
    options.group = group;
    cr_assert_eq(tp_trainer_create(model, &problem.data, &options, NULL, 0, &trainer), TP_OK, "%s",
                 tp_test_message(context));
    cr_assert_eq(tp_trainer_run(trainer), TP_OK, "%s", tp_test_message(context));
    cr_assert_eq(tp_model_get_parameters(model, result->parameters, COUNT), TP_OK);
    tp_trainer_destroy(trainer);
    tp_model_destroy(model);
}

static bool same_score(const tp_score *a, const tp_score *b) {
    return memcmp(&a->loss, &b->loss, sizeof a->loss) == 0 && memcmp(&a->weight, &b->weight, sizeof a->weight) == 0 &&
           a->correct == b->correct && a->samples == b->samples;
}

static void compare(const struct result *expected, const struct result *found, const char *variant, const char *isa,
                    int number) {
    cr_assert(tp_test_same_bits(expected->parameters, found->parameters, COUNT, "%s, %s, %d", variant, isa, number));
    for (size_t e = 0; e < EPOCHS; e++) {
        cr_assert(same_score(&expected->train[e], &found->train[e]), "%s, %s, %d", variant, isa, number);
        cr_assert(same_score(&expected->validation[e], &found->validation[e]), "%s, %s, %d", variant, isa, number);
    }
}

Test(parts, bits_depend_neither_on_threads_nor_on_instruction_sets) {
    static struct result expected, found;
    make_problem();
    for (size_t i = 0; i < VARIANTS; i++) {
        tp_context *one = tp_test_context("scalar", 1);
        train_variant(&variants[i], one, NULL, &expected);
        tp_context_destroy(one);
        for (int isa = 0; isa < tp_test_isa_count(); isa++)
            for (int threads = 1; threads <= 3; threads++) {
                tp_context *context = tp_test_eager_context(tp_test_isa(isa), threads);
                tp_test_cut_steps(context, (size_t)threads * 4); /* products add up one part, two or four */
                train_variant(&variants[i], context, NULL, &found);
                compare(&expected, &found, variants[i].name, tp_test_isa(isa), threads);
                tp_context_destroy(context);
            }
    }
}

/* ------------------------------------------------------------------------------------------------------------- ranks
 */

struct shared {
    const struct variant *variant;
    struct result expected;
};

/* Ranks have other instruction sets and threads. */
static void check_rank(const tp_group *group, void *argument) {
    const struct shared *shared = argument;
    const char *isa = tp_test_isa(group->rank % tp_test_isa_count());
    tp_context *context = tp_test_eager_context(isa, 1 + group->rank % 2);
    struct result *found = malloc(sizeof *found);
    cr_assert(found);
    train_variant(shared->variant, context, group, found);
    compare(&shared->expected, found, shared->variant->name, isa, group->ranks);
    free(found);
    tp_context_destroy(context);
}

Test(parts, bits_do_not_depend_on_ranks) {
    static struct shared shared;
    make_problem();
    for (size_t i = 0; i < VARIANTS; i++) {
        tp_context *context = tp_test_context(NULL, 1);
        shared.variant = &variants[i];
        train_variant(&variants[i], context, NULL, &shared.expected);
        tp_context_destroy(context);
        for (int ranks = 1; (size_t)ranks <= variants[i].parts; ranks *= 2)
            test_run_ranks(ranks, check_rank, &shared);
    }
}

/* Parts change no more than how sums are rounded. */
Test(parts, of_any_number_train_alike) {
    static struct result whole, parts;
    tp_context *context = tp_test_context(NULL, 1);
    make_problem();
    for (size_t i = 0; i < VARIANTS; i++) {
        struct variant one = variants[i];
        one.parts = 1;
        train_variant(&one, context, NULL, &whole);
        train_variant(&variants[i], context, NULL, &parts);
        for (size_t j = 0; j < COUNT; j++)
            cr_assert_float_eq(whole.parameters[j], parts.parameters[j], 1e-3, "%s: %zu", one.name, j);
    }
    tp_context_destroy(context);
}

Test(parts, must_be_a_power_of_two) {
    static struct test_world w;
    tp_trainer *trainer = NULL;
    test_open_world(&w, NULL);
    for (size_t parts = 0; parts <= 6; parts += 3) {
        const tp_train_options options = parts_options(parts);
        cr_assert_eq(tp_trainer_create(w.model, &w.clouds.data, &options, NULL, 0, &trainer), TP_ERR_ARGUMENT);
        cr_assert(strstr(tp_test_message(w.context), "power of two"));
    }
    test_close_world(&w);
}
