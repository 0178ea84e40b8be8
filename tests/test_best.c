/* SPDX-License-Identifier: BSD-3-Clause */
/* The best epoch and what follows from it: what is kept, when a run ends, when the rate is reduced; and averages. */
#include "support/clouds.h"
#include "support/support.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

enum { EPOCHS = 12 };

/* What the model was after each epoch, and what it would be as an average. */
struct watch {
    tp_model *model;
    float part;
    bool begun;
    float average[CLOUD_PARAMETERS];
    size_t epochs, stop_at;
    tp_epoch epoch[EPOCHS];
    float parameters[EPOCHS][CLOUD_PARAMETERS];
};

static int watch_epoch(void *user, const tp_epoch *epoch) {
    struct watch *watch = user;
    cr_assert_lt(watch->epochs, EPOCHS);
    test_get_parameters(watch->model, watch->parameters[watch->epochs]);
    watch->epoch[watch->epochs++] = *epoch;
    return epoch->epoch == watch->stop_at;
}

static float flushed(float x) {
    return fabsf(x) < 0x1p-126F ? 0 : x;
}

static int watch_step(void *user, const tp_step *step) {
    struct watch *watch = user;
    float w[CLOUD_PARAMETERS];
    (void)step;
    test_get_parameters(watch->model, w);
    for (size_t i = 0; i < CLOUD_PARAMETERS; i++)
        watch->average[i] = flushed(fmaf(watch->part, flushed(w[i] - watch->average[i]), watch->average[i]));
    return 0;
}

static tp_train_options noisy_options(void) {
    tp_train_options options;
    tp_train_options_default(&options);
    options.batch = 16;
    options.epochs = EPOCHS;
    options.validation_fraction = 0.3;
    options.optimizer.kind = TP_OPTIMIZER_SGD;
    options.optimizer.schedule = TP_SCHEDULE_CONSTANT;
    options.optimizer.learning_rate = 6.5F;
    return options;
}

static tp_status train(struct test_world *w, tp_train_options options, struct watch *watch) {
    *watch = (struct watch){.model = w->model, .part = (float)(1 - options.average), .stop_at = watch->stop_at};
    test_get_parameters(w->model, watch->average);
    options.on_epoch = watch_epoch;
    options.on_step = options.average > 0 ? watch_step : NULL;
    options.user = watch;
    tp_trainer *trainer = test_make_trainer(w, &options);
    tp_status status = tp_trainer_run(trainer);
    if (status == TP_ERR_STOPPED)
        status = tp_trainer_run(trainer);
    tp_trainer_destroy(trainer);
    return status;
}

static double measure(const tp_epoch *epoch, tp_monitor monitor) {
    const tp_score *score = epoch->validation.samples ? &epoch->validation : &epoch->train;
    return monitor == TP_MONITOR_LOSS ? score->loss : -(double)score->correct / (double)score->samples;
}

/* The number of the best epoch among the first ones. */
static size_t best_of(const struct watch *watch, size_t epochs, tp_monitor monitor, double min_delta) {
    size_t best = 0;
    for (size_t i = 1; i < epochs; i++)
        if (measure(&watch->epoch[i], monitor) < measure(&watch->epoch[best], monitor) - min_delta)
            best = i;
    return best + 1;
}

static void check_kept(tp_monitor monitor, size_t stop_at, double average) {
    static struct test_world w;
    static struct watch watch;
    float kept[CLOUD_PARAMETERS];
    tp_train_options options = noisy_options();
    options.keep = TP_KEEP_BEST;
    options.monitor = monitor;
    options.average = average;
    test_open_world(&w, NULL);
    watch.stop_at = stop_at;
    cr_assert_eq(train(&w, options, &watch), TP_OK);
    const size_t best = best_of(&watch, EPOCHS, monitor, 0);
    cr_assert_lt(best, EPOCHS, "the last epoch is the best: the test shows nothing");
    for (size_t i = 0; i < EPOCHS; i++)
        cr_assert_eq(watch.epoch[i].best_epoch, best_of(&watch, i + 1, monitor, 0), "epoch %zu", i + 1);
    test_get_parameters(w.model, kept);
    cr_assert(test_equal_parameters(kept, watch.parameters[best - 1]));
    cr_assert_not(test_equal_parameters(kept, watch.parameters[EPOCHS - 1]));
    test_close_world(&w);
}

Test(best, epoch_is_kept) {
    check_kept(TP_MONITOR_LOSS, 0, 0);
    check_kept(TP_MONITOR_ACCURACY, 0, 0);
    check_kept(TP_MONITOR_LOSS, 4, 0); /* stopped, and gone on */
    check_kept(TP_MONITOR_LOSS, 4, 0.5);
}

/* The same losses, judged by min_delta: an epoch that gains less is not the best. */
static size_t best_with(double min_delta, struct watch *watch) {
    static struct test_world w;
    tp_train_options options = noisy_options();
    options.min_delta = min_delta;
    test_open_world(&w, NULL);
    cr_assert_eq(train(&w, options, watch), TP_OK);
    test_close_world(&w);
    const size_t best = watch->epoch[EPOCHS - 1].best_epoch;
    cr_assert_eq(best, best_of(watch, EPOCHS, TP_MONITOR_LOSS, min_delta), "min_delta %g", min_delta);
    return best;
}

Test(best, is_better_by_more_than_min_delta) {
    static struct watch watch;
    const size_t best = best_with(0, &watch);
    const double gain = measure(&watch.epoch[0], TP_MONITOR_LOSS) - measure(&watch.epoch[best - 1], TP_MONITOR_LOSS);
    cr_assert_gt(gain, 0);
    cr_assert_gt(best_with(0.99 * gain, &watch), 1);
    cr_assert_eq(best_with(1.01 * gain, &watch), 1);
}

/* Without validation there is nothing to keep. */
Test(best, needs_validation) {
    static struct test_world w;
    static struct watch watch;
    float kept[CLOUD_PARAMETERS];
    tp_train_options options = noisy_options();
    options.keep = TP_KEEP_BEST;
    options.validation_fraction = 0;
    test_open_world(&w, NULL);
    cr_assert_eq(train(&w, options, &watch), TP_OK);
    test_get_parameters(w.model, kept);
    cr_assert(test_equal_parameters(kept, watch.parameters[EPOCHS - 1]));
    test_close_world(&w);
}

/* The run ends as many epochs after the best one as patience says, and with what it had then. */
Test(best, patience) {
    for (size_t patience = 1; patience < 5; patience++) {
        static struct test_world w;
        static struct watch watch;
        tp_train_options options = noisy_options();
        options.patience = patience;
        options.min_delta = 0.05;
        test_open_world(&w, NULL);
        cr_assert_eq(train(&w, options, &watch), TP_OK);
        const size_t best = best_of(&watch, watch.epochs, TP_MONITOR_LOSS, options.min_delta);
        cr_assert(watch.epochs == best + patience || watch.epochs == EPOCHS, "patience %zu: %zu epochs, best %zu",
                  patience, watch.epochs, best);
        for (size_t i = 1; i < watch.epochs; i++)
            cr_assert_lt(i - best_of(&watch, i, TP_MONITOR_LOSS, options.min_delta), patience);
        if (patience == 1)
            cr_assert_lt(watch.epochs, EPOCHS, "patience did not end: the test shows nothing");
        test_close_world(&w);
    }
}

/* A run that patience ended is over: to run again changes nothing. */
Test(best, a_run_that_patience_ended_is_over) {
    static struct test_world w;
    float once[CLOUD_PARAMETERS], twice[CLOUD_PARAMETERS];
    tp_train_options options = noisy_options();
    options.patience = 1;
    options.average = 0.5;
    test_open_world(&w, NULL);
    tp_trainer *trainer = test_make_trainer(&w, &options);
    cr_assert_eq(tp_trainer_run(trainer), TP_OK);
    const size_t epochs = tp_trainer_epochs(trainer);
    test_get_parameters(w.model, once);
    cr_assert_lt(epochs, EPOCHS);
    cr_assert_eq(tp_trainer_best_epoch(trainer), epochs - 1);
    cr_assert_eq(tp_trainer_run(trainer), TP_OK);
    test_get_parameters(w.model, twice);
    cr_assert_eq(tp_trainer_epochs(trainer), epochs);
    cr_assert(test_equal_parameters(once, twice));
    tp_trainer_destroy(trainer);
    test_close_world(&w);
}

Test(best, plateaus_reduce_the_rate) {
    static struct test_world w;
    static struct watch watch;
    tp_train_options options = noisy_options();
    options.optimizer.schedule = TP_SCHEDULE_PLATEAU;
    options.optimizer.step_factor = 0.25F;
    options.plateau = 2;
    options.min_delta = 0.02;
    test_open_world(&w, NULL);
    cr_assert_eq(train(&w, options, &watch), TP_OK);
    double rate = 6.5;
    size_t best = 0, flat = 0, reductions = 0;
    for (size_t i = 0; i < EPOCHS; i++) {
        cr_assert_eq(watch.epoch[i].learning_rate, rate, "epoch %zu", i + 1);
        const bool better = !i || measure(&watch.epoch[i], 0) < measure(&watch.epoch[best], 0) - options.min_delta;
        best = better ? i : best;
        flat = better ? 0 : flat + 1;
        if (flat == options.plateau)
            rate *= 0.25, flat = 0, reductions++;
    }
    cr_assert_gt(reductions, 1, "the rate was not reduced: the test shows nothing");
    test_close_world(&w);
}

/* On every instruction set the numbers of its definition, with one thread and with two. */
Test(best, averages) {
    for (int i = 0; i < 2 * tp_test_isa_count(); i++) {
        static struct test_world w;
        static struct watch watch;
        float last[CLOUD_PARAMETERS];
        tp_train_options options = noisy_options();
        options.average = 0.9;
        test_open_world(&w, tp_test_isa(i / 2));
        if (i % 2) {
            tp_model_destroy(w.model);
            tp_context_destroy(w.context);
            const struct ref_net net = test_small_net();
            w.context = tp_test_eager_context(tp_test_isa(i / 2), 1);
            w.model = test_model(w.context, &net, NULL);
        }
        cr_assert_eq(train(&w, options, &watch), TP_OK);
        test_get_parameters(w.model, last);
        cr_assert(tp_test_same_bits(watch.average, last, CLOUD_PARAMETERS, "%s", tp_test_isa(i / 2)));
        cr_assert(test_equal_parameters(last, watch.parameters[EPOCHS - 1]));
        test_close_world(&w);
    }
}

/* ---- what is refused ---- */

#define REFUSED(name, statement)                                                                                       \
    static void name(tp_train_options *o) {                                                                            \
        statement;                                                                                                     \
    }
REFUSED(bad_monitor, o->monitor = TP_MONITOR_COUNT)
REFUSED(bad_keep, o->keep = TP_KEEP_COUNT)
REFUSED(negative_delta, o->min_delta = -1)
REFUSED(unknown_delta, o->min_delta = (double)NAN)
REFUSED(no_plateau, o->plateau = 0)
REFUSED(full_average, o->average = 1)
REFUSED(unknown_average, o->average = (double)NAN)
REFUSED(no_factor, (o->optimizer.schedule = TP_SCHEDULE_PLATEAU, o->optimizer.step_factor = 0))

static const struct {
    const char *message;
    void (*change)(tp_train_options *options);
} refused[] = {
    {"monitor 2 is unknown", bad_monitor},
    {"keep 2 is unknown", bad_keep},
    {"min_delta is -1; it must be 0 or more and finite", negative_delta},
    {"min_delta is nan", unknown_delta},
    {"plateau is 0; it must be at least 1", no_plateau},
    {"average is 1; it must be 0 (off) or more and below 1", full_average},
    {"average is nan", unknown_average},
    {"step_factor is 0; it must be positive and finite", no_factor},
};

Test(best, options_are_checked) {
    static struct test_world w;
    test_open_world(&w, NULL);
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        tp_train_options options = noisy_options();
        tp_trainer *trainer = NULL;
        refused[i].change(&options);
        cr_assert_eq(tp_trainer_create(w.model, &w.clouds.data, &options, NULL, 0, &trainer), TP_ERR_ARGUMENT);
        cr_assert_not_null(strstr(tp_test_message(w.context), refused[i].message), "%s", tp_test_message(w.context));
        cr_assert_eq(tp_trainer_size(w.model, &w.clouds.data, &options), 0);
    }
    test_close_world(&w);
}
