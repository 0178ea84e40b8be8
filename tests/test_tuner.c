/* SPDX-License-Identifier: BSD-3-Clause */
/* What a run tries in order to be faster: it finds the fastest candidate, costs little, gives way to a neighbour, and
 * changes no bit. The clock is the test's own, but for the bits. */
#include "net/trainer.h"
#include "support/clouds.h"
#include "support/support.h"

#include <criterion/criterion.h>
#include <string.h>

enum { MOST_THREADS = 2 };

/* Wakes a team, in seconds. */
#define TEAM 5e-6

static double time_now;

static double test_clock(void) {
    return time_now;
}

/* Seconds of a step, for each candidate; from step first to last those with several threads take so many times longer,
 * because one of their processors is busy. */
struct machine {
    double seconds[TP_TUNER_CANDIDATES];
    uint64_t first, last;
    double times;
};

static void start(struct tp_tuner *tuner, const struct tp_context *context) {
    tp_tuner_start(tuner, context, MOST_THREADS, MOST_THREADS, true);
    tuner->now = test_clock;
    time_now = 1;
}

/* Two instruction sets, which need not run. */
static tp_context two_sets(const tp_context *real) {
    tp_context context = *real;
    context.other.isa = tp_test_table(tp_test_isa_count() - 1);
    context.other.blocking = context.blocking;
    context.isa = tp_test_table(0);
    return context;
}

static double step_seconds(const struct tp_tuner *tuner, const struct machine *machine, uint64_t step) {
    const bool busy = step >= machine->first && step < machine->last && tp_tuner_current(tuner)->threads > 1;
    return machine->seconds[tuner->current] * (busy ? machine->times : 1);
}

/* Runs steps; returns the seconds that they take. */
static double run(struct tp_tuner *tuner, const struct machine *machine, uint64_t steps) {
    const double begin = time_now;
    tp_tuner_enter(tuner);
    for (uint64_t step = 0; step < steps; step++) {
        time_now += step_seconds(tuner, machine, step);
        if (!tp_tuner_step(tuner, steps - step - 1))
            continue;
        time_now += TEAM;
        tp_tuner_enter(tuner);
    }
    return time_now - begin;
}

static struct machine with_fastest(int fastest, double seconds) {
    struct machine machine = {.times = 1};
    for (int i = 0; i < TP_TUNER_CANDIDATES; i++)
        machine.seconds[i] = seconds * (i == fastest ? 1 : 1.3 + 0.1 * i);
    return machine;
}

/* Steps of microseconds and of a second. */
Test(tuner, finds_the_fastest) {
    tp_context *real = tp_test_context(NULL, MOST_THREADS);
    const tp_context context = two_sets(real);
    for (double seconds = 1e-5; seconds < 2; seconds *= 10)
        for (int fastest = 0; fastest < 4; fastest++) {
            struct tp_tuner tuner;
            start(&tuner, &context);
            const struct machine machine = with_fastest(fastest, seconds);
            run(&tuner, &machine, (uint64_t)(10 / seconds) + 1000);
            cr_assert_eq(tuner.count, tp_test_isa_count() > 1 ? 4 : 2);
            if (fastest < tuner.count)
                cr_assert_eq(tuner.current, fastest, "%g s: %d instead of %d", seconds, tuner.current, fastest);
        }
    tp_context_destroy(real);
}

/* At most 1 % of a run of 1000 steps, and nothing of one of 100. */
Test(tuner, costs_little) {
    tp_context *real = tp_test_context(NULL, MOST_THREADS);
    const tp_context context = two_sets(real);
    for (double seconds = 1e-4; seconds < 2; seconds *= 10) {
        const uint64_t runs[] = {100, 1000, 10000, 100000};
        for (int i = 0; i < 4; i++) {
            struct tp_tuner tuner;
            start(&tuner, &context);
            const struct machine machine = with_fastest(0, seconds);
            const double taken = run(&tuner, &machine, runs[i]), least = seconds * (double)runs[i];
            cr_assert_leq(taken, (i ? 1.01 : 1 + 1e-9) * least, "%g s, %d steps: %g", seconds, (int)runs[i],
                          taken / least);
        }
    }
    tp_context_destroy(real);
}

/* A neighbour makes teams 19 times as slow for half of the run: never below 0.8 of what one thread does, and the team
 * comes back after it. */
Test(tuner, gives_way_to_a_neighbour) {
    tp_context *real = tp_test_context(NULL, MOST_THREADS);
    tp_context context = *real;
    context.other.isa = NULL;
    for (double seconds = 2e-6; seconds < 1e-2; seconds *= 10) {
        const uint64_t steps = (uint64_t)(60 / seconds);
        struct machine machine = {.seconds = {seconds, 1.7 * seconds}, .first = steps / 4, .last = 3 * steps / 4};
        struct tp_tuner tuner;
        machine.times = 19;
        start(&tuner, &context);
        cr_assert_eq(tuner.count, 2);
        const double taken = run(&tuner, &machine, steps);
        const double best = ((double)steps / 2 + 1.7 * (double)steps / 2) * seconds;
        cr_assert_leq(taken, best / 0.8, "%g s: %g of the best", seconds, best / taken);
        cr_assert_eq(tp_tuner_current(&tuner)->threads, 2, "%g s: the team did not come back", seconds);
    }
    tp_context_destroy(real);
}

/* ---- bits ---- */

/* Time passes with each look at the clock, so that a short run is long enough. */
static double ticking_clock(void) {
    return time_now += 5e-3;
}

static void train(tp_tune tune, int threads, const char *isa, float *parameters, bool *tried) {
    static struct test_world w;
    test_open_world(&w, isa);
    tp_model_destroy(w.model);
    tp_context_destroy(w.context);
    const struct ref_net net = test_small_net();
    w.context = tp_test_eager_context(isa, threads);
    w.model = test_model(w.context, &net, NULL);
    tp_train_options options;
    tp_train_options_default(&options);
    options.batch = 8;
    options.epochs = 200;
    options.tune = tune;
    tp_trainer *trainer = test_make_trainer(&w, &options);
    trainer->tuner.now = ticking_clock;
    cr_assert_eq(tp_trainer_run(trainer), TP_OK);
    test_get_parameters(w.model, parameters);
    *tried = true;
    for (int i = 0; trainer->tuner.count > 1 && i < trainer->tuner.count; i++)
        *tried = *tried && trainer->tuner.candidate[i].tries > 0;
    cr_assert_eq(trainer->tuner.count > 1, tune == TP_TUNE_AUTO && (threads > 1 || w.context->other.isa));
    cr_assert_gt(tp_trainer_threads(trainer), 0);
    cr_assert_not_null(tp_trainer_isa(trainer));
    cr_assert_eq(w.model->context, w.context);
    tp_trainer_destroy(trainer);
    test_close_world(&w);
}

Test(tuner, changes_no_bit) {
    float off[CLOUD_PARAMETERS], on[CLOUD_PARAMETERS];
    bool tried;
    train(TP_TUNE_OFF, 1, NULL, off, &tried);
    for (int threads = 1; threads < 4; threads++) {
        train(TP_TUNE_AUTO, threads, NULL, on, &tried);
        cr_assert(tried, "%d threads: not all candidates were tried", threads);
        cr_assert(tp_test_same_bits(off, on, CLOUD_PARAMETERS, "%d threads", threads));
    }
}

/* Callbacks see the context of the model as the program made it. */
static int check_context(void *user, const tp_step *step) {
    const struct test_world *w = user;
    (void)step;
    cr_assert_eq(w->model->context, w->context);
    return 0;
}

Test(tuner, callbacks_do_not_see_it) {
    static struct test_world w;
    test_open_world(&w, NULL);
    tp_train_options options;
    tp_train_options_default(&options);
    options.batch = 8;
    options.epochs = 100;
    options.on_step = check_context;
    options.user = &w;
    cr_assert_eq(test_train(&w, &options), TP_OK);
    cr_assert_eq(w.model->context, w.context);
    test_close_world(&w);
}
