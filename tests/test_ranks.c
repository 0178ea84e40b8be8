/* SPDX-License-Identifier: BSD-3-Clause */
/* Groups of ranks: what each reads, how they stop, fail and go on together. That bits do not depend on them is in
 * test_parts.c. */
#include "support/clouds.h"
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
    struct plan plan = {.rank = 1, .break_at = 3, .expected = TP_ERR_IO, .message = "exchange"};
    test_run_ranks(4, run_member, &plan);
}
