/* SPDX-License-Identifier: BSD-3-Clause */
#include "range_test.h"
#include "gnuplot.h"
#include "interrupt.h"
#include "progress.h"
#include "report.h"

#include <math.h>
#include <stdlib.h>

/* A mean is about that of the last of so many parts of the test, however many steps that are. */
#define PARTS 10

/* Part of the rate at the least smoothed loss that is suggested. The mean lags behind the loss by a part of the test,
 * which is a factor of 6. */
#define PART_OF_LEAST 10

struct run {
    struct range_test *test;
    struct progress progress;
    double weight, losses; /* exponentially weighted sums of 1 and of losses */
    double least;          /* of the smoothed losses that may be judged */
};

/* ---- options ---- */

/* What tells how long a training is, what its rates are, and where its results go. */
static void note_unused(const struct train_options *options) {
    const struct {
        const char *name;
        bool given;
    } unused[] = {{"lr", options->learning_rate_given},
                  {"schedule", options->schedule != TP_SCHEDULE_AUTO},
                  {"warmup", options->warmup},
                  {"epochs", options->epochs},
                  {"test", options->test},
                  {"out", options->out},
                  {"log", options->log},
                  {"checkpoint", options->checkpoint},
                  {"resume", options->resume}};
    for (size_t i = 0; i < sizeof unused / sizeof *unused; i++)
        if (unused[i].given)
            complain("note: --find-lr trains a model that is thrown away; it does not use --%s", unused[i].name);
}

void range_test_settle(struct train_options *options) {
    note_unused(options);
    options->schedule = TP_SCHEDULE_AUTO;
    options->warmup = options->epochs = 0;
    options->test = options->out = options->log = options->checkpoint = options->resume = NULL;
}

/* ---- the curve ---- */

/* The first means are those of few batches. */
static size_t first_judged(const struct range_test *test) {
    return test->planned / PARTS;
}

static double faded(double sum, double value, size_t planned) {
    const double added = (double)PARTS / (double)planned;
    return (1 - added) * sum + added * value;
}

static double smooth(struct run *run, double loss) {
    run->weight = faded(run->weight, 1, run->test->planned);
    run->losses = faded(run->losses, loss, run->test->planned);
    return run->losses / run->weight;
}

static bool has_risen(struct run *run, double smoothed) {
    if (run->test->count <= first_judged(run->test))
        return false;
    run->least = smoothed < run->least ? smoothed : run->least;
    return smoothed > RANGE_DIVERGED * run->least;
}

static int on_step(void *user, const tp_step *step) {
    struct run *run = user;
    struct range_test *test = run->test;
    struct range_point *point = &test->points[test->count++];
    point->loss = step->loss;
    point->smoothed = smooth(run, step->loss);
    progress_step(&run->progress, step);
    if (has_risen(run, point->smoothed))
        test->end = RANGE_ROSE;
    return interrupt_signal() || test->end != RANGE_ALL || test->count == test->planned;
}

/* ---- what it tells ---- */

static size_t least_point(const struct range_test *test) {
    size_t least = first_judged(test);
    for (size_t i = least; i < test->count; i++)
        if (test->points[i].smoothed < test->points[least].smoothed)
            least = i;
    return least;
}

/* Up to the least loss; the fall is that over a part of the test on each side. 0: there is none. */
static size_t steepest_point(const struct range_test *test, size_t least) {
    const size_t part = first_judged(test);
    size_t steepest = 0;
    double most = 0;
    for (size_t i = part; i <= least && i + part < test->count; i++) {
        const double fall = test->points[i - part].smoothed - test->points[i + part].smoothed;
        if (fall > most) {
            most = fall;
            steepest = i;
        }
    }
    return steepest;
}

static void conclude(struct range_test *test) {
    if (test->count <= first_judged(test))
        return;
    const size_t least = least_point(test), steepest = steepest_point(test, least);
    test->fell = steepest > 0;
    test->steepest = &test->points[steepest];
    test->least = &test->points[least];
    test->suggested = test->points[least].rate / PART_OF_LEAST;
}

/* ---- the run ---- */

static size_t planned_steps(uint64_t of_epoch) {
    return of_epoch < RANGE_LEAST_STEPS  ? RANGE_LEAST_STEPS
           : of_epoch > RANGE_MOST_STEPS ? RANGE_MOST_STEPS
                                         : (size_t)of_epoch;
}

/* What options say of a training's length, its rates and its end does not count. */
static tp_train_options trainer_options(const struct train_options *options, size_t samples, size_t planned) {
    const tp_train_options given = train_library_options(options, samples);
    const size_t of_epoch = (size_t)train_steps(options, samples);
    tp_train_options library;
    tp_train_options_default(&library);
    library.batch = given.batch;
    library.shuffle = given.shuffle;
    library.seed = given.seed;
    library.epochs = (planned - 1) / of_epoch + 1;
    library.class_weights = options->class_weights.count ? options->class_weights.real : NULL;
    library.optimizer = given.optimizer;
    library.optimizer.learning_rate = RANGE_LOWEST;
    library.optimizer.final_factor = RANGE_HIGHEST / RANGE_LOWEST;
    library.optimizer.schedule = TP_SCHEDULE_EXPONENTIAL;
    library.optimizer.warmup_steps = 0;
    library.optimizer.total_steps = planned - 1; /* the rate of the last step is the highest */
    return library;
}

/* The rates of all steps: an optimiser without state has those of any other. */
static tp_status fill_rates(struct range_test *test, const tp_model *model, tp_optimizer_options rule) {
    tp_optimizer *optimizer = NULL;
    rule.kind = TP_OPTIMIZER_SGD;
    const tp_status status = tp_optimizer_create(model, &rule, NULL, 0, &optimizer);
    for (size_t i = 0; !status && i < test->planned; i++)
        test->points[i].rate = (double)tp_optimizer_learning_rate(optimizer, i + 1);
    tp_optimizer_destroy(optimizer);
    return status;
}

static int train(struct range_test *test, const tp_data *data, tp_model *model) {
    struct run run = {
        .test = test, .progress = progress_start(test->options->quiet, data->samples, 0), .least = (double)INFINITY};
    tp_train_options library = trainer_options(test->options, data->samples, test->planned);
    library.on_step = on_step;
    library.user = &run;
    tp_trainer *trainer = NULL;
    tp_status status = fill_rates(test, model, library.optimizer);
    if (!status)
        status = tp_trainer_create(model, data, &library, NULL, 0, &trainer);
    if (!status) {
        progress_header(&run.progress, test->session->context, model);
        const double start = now();
        status = tp_trainer_run(trainer);
        test->seconds = now() - start;
        progress_clear(&run.progress);
    }
    tp_trainer_destroy(trainer);
    if (status == TP_ERR_NONFINITE)
        test->end = RANGE_NOT_FINITE;
    else if (status != TP_ERR_STOPPED)
        return session_check(test->session, status);
    return interrupt_code();
}

int range_test_run(struct range_test *test, const tp_data *data, tp_model *model) {
    test->planned = planned_steps(train_steps(test->options, data->samples));
    test->points = calloc(test->planned, sizeof *test->points);
    if (!test->points) {
        complain("out of memory");
        return EXIT_FAILURE;
    }
    const int code = train(test, data, model);
    if (!code)
        conclude(test);
    return code;
}

void range_test_release(struct range_test *test) {
    free(test->points);
}
