/* SPDX-License-Identifier: BSD-3-Clause */
/* Groups of ranks: what each reads, how they stop, fail and go on together. That bits do not depend on them is in
 * test_parts.c. */
#include "support/clouds.h"
#include "support/lone_rank.h"
#include "support/ranks.h"
#include "support/scratch.h"
#include "support/support.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PARTS = 8 };

/* What the ranks of a test do, and what comes of it. */
struct plan {
    const char *resume, *save;  /* files, or NULL; saved at the end */
    int rank;                   /* the one that does something */
    uint64_t stop_at, break_at; /* after this step; 0: never */
    float odd_input;            /* it has another one, if not 0 */
    bool odd_batch;             /* it has another one */
    bool nan_input;             /* all have one */
    bool blind;                 /* ranks do not see each other's inputs: they are NaN */
    tp_status expected;
    const char *message; /* a part of it, or NULL */
    float parameters[CLOUD_PARAMETERS];
};

struct member {
    const struct plan *plan;
    const tp_group *group;
    struct test_world world;
};

static int on_step(void *user, const tp_step *step) {
    const struct member *m = user;
    const bool acts = m->group && m->group->rank == m->plan->rank;
    if (acts && step->step == m->plan->break_at)
        test_break_rank(m->group, TP_ERR_IO);
    return acts && step->step == m->plan->stop_at;
}

/* The inputs of samples that are not in this rank's parts of the batches. */
static void blind(struct member *m, size_t batch) {
    for (size_t first = 0; first < CLOUD_SAMPLES; first += batch) {
        const size_t n = CLOUD_SAMPLES - first < batch ? CLOUD_SAMPLES - first : batch, rest = n % PARTS;
        for (size_t part = 0, at = first; part < PARTS; part++)
            for (size_t end = at + n / PARTS + (part < rest); at < end; at++)
                if (part * (size_t)m->group->ranks / PARTS != (size_t)m->group->rank)
                    for (size_t j = 0; j < CLOUD_IN; j++)
                        m->world.clouds.x[at * CLOUD_IN + j] = NAN;
    }
}

static tp_train_options options_of(struct member *m) {
    struct test_diary diary;
    tp_train_options options = test_small_options(&diary);
    options.parts = PARTS;
    options.group = m->group;
    options.on_epoch = NULL;
    options.on_step = m->plan->stop_at || m->plan->break_at ? on_step : NULL;
    options.user = m;
    options.shuffle = !m->plan->blind;
    options.fingerprint = m->plan->blind ? "clouds" : NULL;
    return options;
}

/* Before the trainer is made. */
static void prepare(struct member *m, tp_train_options *options) {
    const struct plan *plan = m->plan;
    if (plan->nan_input)
        m->world.clouds.x[17 * CLOUD_IN + 2] = NAN;
    if (!m->group)
        return;
    if (m->group->rank == plan->rank && plan->odd_input != 0)
        m->world.clouds.x[17 * CLOUD_IN] = plan->odd_input;
    if (m->group->rank == plan->rank)
        options->batch += plan->odd_batch;
    if (plan->blind)
        blind(m, options->batch);
}

static void check(const struct member *m, tp_status status) {
    const char *message = tp_test_message(m->world.context);
    cr_assert_eq(status, m->plan->expected, "%s", message);
    if (m->plan->message)
        cr_assert(strstr(message, m->plan->message), "%s", message);
}

static void train(const tp_group *group, const struct plan *plan, struct member *m, float *parameters) {
    *m = (struct member){.plan = plan, .group = group};
    test_open_world(&m->world, NULL);
    tp_train_options options = options_of(m);
    prepare(m, &options);
    tp_trainer *trainer = test_make_trainer(&m->world, &options);
    if (plan->resume)
        cr_assert_eq(tp_trainer_resume(trainer, plan->resume), TP_OK, "%s", tp_test_message(m->world.context));
    check(m, tp_trainer_run(trainer));
    if (plan->save)
        cr_assert_eq(tp_trainer_save(trainer, plan->save), TP_OK, "%s", tp_test_message(m->world.context));
    test_get_parameters(m->world.model, parameters);
    tp_trainer_destroy(trainer);
    test_close_world(&m->world);
}

static void run_member(const tp_group *group, void *argument) {
    struct plan *plan = argument;
    struct member *m = malloc(sizeof *m);
    float parameters[CLOUD_PARAMETERS];
    cr_assert(m);
    train(group, plan, m, parameters);
    if (group->rank == 0)
        memcpy(plan->parameters, parameters, sizeof parameters);
    free(m);
}

static void train_alone(struct plan *plan) {
    static struct member m;
    train(NULL, plan, &m, plan->parameters);
}

TestSuite(ranks, .init = tp_test_scratch_open, .fini = tp_test_scratch_close);

Test(ranks, go_on_in_any_number) {
    struct plan whole = {.rank = 0}, plan = {.rank = 2, .stop_at = 8, .expected = TP_ERR_STOPPED};
    plan.save = tp_test_in_scratch("ranks.checkpoint");
    train_alone(&whole);
    test_run_ranks(4, run_member, &plan);
    cr_assert(!test_equal_parameters(whole.parameters, plan.parameters));
    plan = (struct plan){.resume = plan.save};
    train_alone(&plan);
    cr_assert(tp_test_same_bits(whole.parameters, plan.parameters, CLOUD_PARAMETERS, "alone"));
    for (int ranks = 2; ranks <= 8; ranks *= 4) {
        memset(plan.parameters, 0, sizeof plan.parameters);
        test_run_ranks(ranks, run_member, &plan);
        cr_assert(tp_test_same_bits(whole.parameters, plan.parameters, CLOUD_PARAMETERS, "%d ranks", ranks));
    }
}

Test(ranks, stop_together_wherever_one_wants_to) {
    for (uint64_t step = 5; step <= 7; step++) { /* an epoch has 6 */
        struct plan plan = {.rank = 1, .stop_at = step, .expected = TP_ERR_STOPPED};
        char message[32];
        snprintf(message, sizeof message, "after step %d", (int)step);
        plan.message = message;
        test_run_ranks(2, run_member, &plan);
    }
}

Test(ranks, read_the_inputs_of_their_own_samples_alone) {
    struct plan plan = {.blind = true};
    for (int ranks = 2; ranks <= 8; ranks *= 2)
        test_run_ranks(ranks, run_member, &plan);
}

Test(ranks, that_differ_are_refused) {
    struct plan batch = {.rank = 2, .odd_batch = true, .expected = TP_ERR_ARGUMENT};
    struct plan data = {.rank = 1, .odd_input = 3, .expected = TP_ERR_ARGUMENT};
    batch.message = "rank 2 has another run than rank 0: train.batch is 17 there and train.batch is 16 here";
    data.message = "rank 1 has another run than rank 0: data is ";
    test_run_ranks(4, run_member, &batch);
    test_run_ranks(2, run_member, &data);
}

Test(ranks, tell_of_the_sample_that_one_of_them_has) {
    struct plan plan = {.nan_input = true, .expected = TP_ERR_NONFINITE, .message = "sample 17, feature 2"};
    test_run_ranks(4, run_member, &plan);
}

Test(ranks, end_when_an_exchange_fails) {
    struct plan plan = {.rank = 1, .break_at = 3, .expected = TP_ERR_IO, .message = "failed: the office is closed"};
    test_run_ranks(4, run_member, &plan);
}

/* A rank number i of ranks, with functions unless it is told without. */
static void refuse(struct test_world *w, tp_group group, const char *message) {
    struct test_diary diary;
    tp_trainer *trainer = NULL;
    tp_train_options options = test_small_options(&diary);
    options.parts = PARTS;
    options.group = &group;
    cr_assert_eq(tp_trainer_create(w->model, &w->clouds.data, &options, NULL, 0, &trainer), TP_ERR_ARGUMENT);
    cr_assert(strstr(tp_test_message(w->context), message), "%s", tp_test_message(w->context));
}

Test(ranks, that_cannot_be_are_refused) {
    static struct test_world w;
    const size_t size = sizeof(tp_group);
    test_open_world(&w, NULL);
    refuse(&w, (tp_group){size, 0, 16, NULL, start_nothing, finish_nothing, NULL}, "ranks is 16; ");
    refuse(&w, (tp_group){size, 0, 3, NULL, start_nothing, finish_nothing, NULL}, "ranks is 3; ");
    refuse(&w, (tp_group){size, 0, -4, NULL, start_nothing, finish_nothing, NULL}, "ranks is -4; ");
    refuse(&w, (tp_group){size, 4, 4, NULL, start_nothing, finish_nothing, NULL}, "rank is 4; it must be 0..3");
    refuse(&w, (tp_group){size, -1, 4, NULL, start_nothing, finish_nothing, NULL}, "rank is -1; ");
    refuse(&w, (tp_group){size, 0, 4, NULL, NULL, finish_nothing, NULL}, "start is NULL");
    refuse(&w, (tp_group){size, 0, 4, NULL, start_nothing, NULL, NULL}, "finish is NULL");
    refuse(&w, (tp_group){4, 0, 4, NULL, start_nothing, finish_nothing, NULL}, "struct_size is 4");
    test_close_world(&w);
}

/* Each updates its share; one product adds up all parts of so small a batch, so that nothing waits for others. */
Test(ranks, share_the_state_of_the_optimiser) {
    const tp_layer layers[] = {{.width = 512, .activation = TP_ACTIVATION_RELU},
                               {.width = CLOUD_CLASSES, .activation = TP_ACTIVATION_SOFTMAX}};
    static struct test_world w;
    static float x[16 * 512];
    size_t bytes[2];
    tp_model *model = NULL;
    tp_model_options shape;
    tp_train_options options;
    test_open_world(&w, NULL);
    tp_model_options_default(&shape);
    shape.inputs = 512;
    shape.layers = layers;
    shape.layer_count = 2;
    shape.loss = TP_LOSS_CCE;
    cr_assert_eq(tp_model_create(w.context, &shape, &model), TP_OK);
    const tp_data data = {
        .samples = 16, .features = 512, .floats = x, .classes = w.clouds.classes, .outputs = CLOUD_CLASSES};
    tp_train_options_default(&options);
    options.batch = 16;
    options.parts = PARTS;
    for (int i = 0; i < 2; i++) {
        const tp_group group = {sizeof group, 0, i ? 8 : 2, NULL, start_nothing, finish_nothing, NULL};
        options.group = &group;
        bytes[i] = tp_trainer_size(model, &data, &options);
    }
    /* two states of Adam, of halves and of eighths */
    const double parameters = 512 * 512;
    cr_assert_float_eq((double)(bytes[0] - bytes[1]) / sizeof(float) / parameters, 2 * (0.5 - 0.125), 0.15);
    tp_model_destroy(model);
    test_close_world(&w);
}
