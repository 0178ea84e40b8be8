/* SPDX-License-Identifier: BSD-3-Clause */
/* What a run tries in order to be faster: it finds the fastest candidate, costs little, gives way to a neighbour, and
 * changes no bit. The clock is the test's own, but for the bits. */
#include "net/trainer.h"
#include "support/clouds.h"
#include "support/support.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

enum { MOST_THREADS = 2 };

/* Wakes a team, in seconds. */
#define TEAM 5e-6

static double time_now;

static double test_clock(void) {
    return time_now;
}

/* Seconds of a step, for each candidate; from step first to last those with several threads take so many times longer,
 * because one of their processors is busy. Between epochs of so many steps (0: there is one) other work is done. */
struct machine {
    double seconds[TP_TUNER_CANDIDATES];
    uint64_t first, last;
    double times;
    uint64_t epoch;
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

/* Another team, or the same after other work. */
static void change_team(struct tp_tuner *tuner, double seconds) {
    tp_tuner_leave(tuner);
    time_now += seconds;
    tp_tuner_enter(tuner);
}

/* Runs steps; returns the seconds that they take. */
static double run(struct tp_tuner *tuner, const struct machine *machine, uint64_t steps) {
    const double begin = time_now;
    double others = 0;
    tp_tuner_enter(tuner);
    for (uint64_t step = 0; step < steps; step++) {
        time_now += step_seconds(tuner, machine, step);
        if (tp_tuner_step(tuner, steps - step - 1))
            change_team(tuner, TEAM);
        if (machine->epoch && (step + 1) % machine->epoch == 0) {
            change_team(tuner, 1e-3);
            others += 1e-3;
        }
    }
    return time_now - begin - others;
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

/* Epochs that are shorter than a try, or than a team needs to find its pace. */
Test(tuner, needs_no_long_epochs) {
    tp_context *real = tp_test_context(NULL, MOST_THREADS);
    const tp_context context = two_sets(real);
    for (uint64_t epoch = 3; epoch < 1000; epoch *= 5) {
        struct tp_tuner tuner;
        start(&tuner, &context);
        struct machine machine = with_fastest(1, 1e-5);
        machine.epoch = epoch;
        const uint64_t steps = 1000000;
        const double taken = run(&tuner, &machine, steps);
        cr_expect_eq(tuner.current, 1, "%d steps: %d", (int)epoch, tuner.current);
        cr_expect_leq(taken, 1.02 * 1e-5 * (double)steps, "%d steps: %g", (int)epoch, taken);
    }
    tp_context_destroy(real);
}

/* Nor does one who comes during a run of them go unnoticed. */
Test(tuner, notices_neighbours_in_short_epochs) {
    tp_context *real = tp_test_context(NULL, MOST_THREADS);
    const tp_context context = two_sets(real);
    for (uint64_t epoch = 20; epoch < 1000; epoch *= 5) {
        const uint64_t steps = 1000000;
        struct tp_tuner tuner;
        start(&tuner, &context);
        struct machine machine = with_fastest(0, 1e-5);
        machine.epoch = epoch;
        machine.times = 19;
        machine.first = steps / 2;
        machine.last = steps;
        const double one = machine.seconds[1], best = (double)steps / 2 * (machine.seconds[0] + one);
        cr_expect_leq(run(&tuner, &machine, steps), best / 0.8, "%d steps", (int)epoch);
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

/* ---- a neighbour who takes turns ---- */

/* Takes one of two processors for on seconds and leaves it for off, again and again, from the time it arrives to that
 * when it leaves. */
struct neighbour {
    double on, off, arrives, leaves;
};

/* When a team is done that needs so many seconds of both processors. */
static double end_beside(const struct neighbour *n, double now, double seconds) {
    if (now < n->arrives)
        return now + seconds;
    for (double turn = floor((now - n->arrives) / (n->on + n->off)); now < n->leaves && seconds > 0; turn++) {
        const double quiet = n->arrives + turn * (n->on + n->off) + n->on;
        const double done = fmin(seconds, fmax(0, quiet + n->off - fmax(now, quiet)));
        seconds -= done;
        now = seconds > 0 ? fmax(now, quiet + n->off) : fmax(now, quiet) + done;
    }
    return now + fmax(seconds, 0);
}

/* Seconds of a step on one thread, how many times as fast two are, and steps that are always left. */
struct work {
    double one, speedup;
    uint64_t left;
};

/* Until a time; returns how many steps there were. */
static uint64_t run_beside(struct tp_tuner *tuner, const struct neighbour *n, const struct work *work, double end) {
    uint64_t steps = 0;
    for (; time_now < end; steps++) {
        const bool alone = tp_tuner_current(tuner)->threads == 1;
        time_now = alone ? time_now + work->one : end_beside(n, time_now, work->one / work->speedup);
        if (tp_tuner_step(tuner, work->left))
            change_team(tuner, TEAM);
    }
    return steps;
}

static void start_beside(struct tp_tuner *tuner, const tp_context *context) {
    start(tuner, context);
    time_now = 0;
    tp_tuner_enter(tuner);
}

enum { WINDOW = 2, WINDOWS = 10 }; /* seconds of a window, and how many there are */

/* The least that is done in a window, in seconds of one thread. */
static double least_beside(struct tp_tuner *tuner, const struct neighbour *n, const struct work *work) {
    double least = (double)INFINITY;
    for (int i = 1; i <= WINDOWS; i++)
        least = fmin(least, work->one * (double)run_beside(tuner, n, work, WINDOW * i));
    return least / WINDOW;
}

/* Never below 0.8 of what one thread does in two seconds, whatever tries see of the neighbour by chance. Other
 * instruction sets are not tried because of it. */
static void check_beside(const tp_context *context, const struct neighbour *n, const struct work *work) {
    struct tp_tuner tuner;
    start_beside(&tuner, context);
    const double least = least_beside(&tuner, n, work);
    cr_expect_geq(least, 0.8, "turns of %g s, steps of %g s, speedup %g, from %g, %d left: %g", n->on, work->one,
                  work->speedup, n->arrives, (int)work->left, least);
    for (int i = 0; tuner.by_mean && i < tuner.count; i++)
        cr_expect(!tuner.candidate[i].tries || tuner.candidate[i].isa == tuner.candidate[tuner.calm].isa);
}

Test(tuner, never_far_below_one_thread) {
    tp_context *real = tp_test_context(NULL, MOST_THREADS);
    const tp_context context = two_sets(real);
    for (double turn = 4e-3; turn < 10.5e-3; turn += 1.25e-3)
        for (double one = 3e-4; one < 5e-2; one *= 10)
            for (double speedup = 1.15; speedup < 2; speedup += 0.2)
                for (double arrives = 0; arrives < 10; arrives += 4.567) {
                    const struct neighbour n = {turn, turn, arrives, 1e9};
                    check_beside(&context, &n, &(struct work){one, speedup, 1000000});
                    check_beside(&context, &n, &(struct work){one, speedup, (uint64_t)(4 / one) + 500});
                }
    tp_context_destroy(real);
}

/* When the neighbour goes, the team comes back within some seconds, and all is as before. */
Test(tuner, comes_back) {
    tp_context *real = tp_test_context(NULL, MOST_THREADS);
    const tp_context context = two_sets(real);
    const struct work work = {1e-4, 1.5, 1000000};
    for (double turn = 4e-3; turn < 10.5e-3; turn += 1.5e-3) {
        const struct neighbour n = {turn, turn, 3.3, 12.1};
        struct tp_tuner tuner;
        start_beside(&tuner, &context);
        run_beside(&tuner, &n, &work, n.leaves);
        cr_expect(tuner.disturbed, "turns of %g s", turn);
        run_beside(&tuner, &n, &work, n.leaves + 7);
        cr_expect_eq(tp_tuner_current(&tuner)->threads, 2, "turns of %g s", turn);
        cr_expect_not(tuner.disturbed, "turns of %g s", turn);
    }
    tp_context_destroy(real);
}

/* A team that is the fastest although it waits for the neighbour stays, whatever its first steps meet. */
Test(tuner, stays_if_that_is_best) {
    tp_context *real = tp_test_context(NULL, MOST_THREADS);
    tp_context context = *real;
    context.other.isa = NULL;
    const struct work work = {2e-4, 1.9, 1000000};
    for (double arrives = 3; arrives < 3.012; arrives += 0.5e-3) {
        const struct neighbour n = {4e-3, 8e-3, arrives, 1e9};
        struct tp_tuner tuner;
        tp_tuner_start(&tuner, &context, 1, MOST_THREADS, true);
        tuner.now = test_clock;
        time_now = 0;
        tp_tuner_enter(&tuner);
        run_beside(&tuner, &n, &work, 5);
        cr_expect(tuner.by_mean);
        cr_expect_eq(tp_tuner_current(&tuner)->threads, 2, "from %g", arrives);
    }
    tp_context_destroy(real);
}

/* Until a time, beside one who makes teams so many times as slow. */
static void run_slowed(struct tp_tuner *tuner, double times, double end) {
    while (time_now < end) {
        time_now += tp_tuner_current(tuner)->threads == 1 ? 1.5e-4 : 1e-4 * times;
        if (tp_tuner_step(tuner, 1000000))
            change_team(tuner, TEAM);
    }
}

/* If one who makes teams very slow comes again just when they are chosen, it does not take long to see that. */
Test(tuner, the_slower_the_sooner) {
    tp_context *real = tp_test_context(NULL, MOST_THREADS);
    const tp_context context = two_sets(real);
    struct tp_tuner tuner;
    start_beside(&tuner, &context);
    run_slowed(&tuner, 1, 3);
    cr_assert_eq(tp_tuner_current(&tuner)->threads, 2);
    run_slowed(&tuner, 19, 4);
    cr_assert_eq(tp_tuner_current(&tuner)->threads, 1);
    while (tuner.trying || tp_tuner_current(&tuner)->threads == 1)
        run_slowed(&tuner, 1, time_now + 1e-3);
    cr_assert_lt(time_now, 4 + 10);
    run_slowed(&tuner, 19, time_now + 1);
    cr_expect_eq(tp_tuner_current(&tuner)->threads, 1);
    tp_context_destroy(real);
}

/* Beside one who makes everything slow for half of a period; returns what it costs to try teams that are no faster. */
static double cost_of_uneven(const tp_context *context, double period) {
    struct tp_tuner tuner;
    double best = 0;
    start_beside(&tuner, context);
    while (best < 30) {
        const double step = fmod(best, period) < period / 2 ? 1e-4 : 2e-4;
        best += step;
        time_now += tuner.current == 0 ? step : 1.7 * step;
        if (tp_tuner_step(&tuner, 1000000))
            change_team(&tuner, TEAM);
    }
    return time_now / best;
}

/* Trials do not follow each other because one of them was better off than the steps after it. */
Test(tuner, costs_little_on_an_uneven_machine) {
    tp_context *real = tp_test_context(NULL, MOST_THREADS);
    const tp_context context = two_sets(real);
    for (double period = 0.1; period < 0.3; period *= 1.3)
        cr_expect_leq(cost_of_uneven(&context, period), 1.02, "%g s: %g", period, cost_of_uneven(&context, period));
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
