/* SPDX-License-Identifier: BSD-3-Clause */
/* What a trainer says that it spends its time on. */
#include "support/blocking.h"
#include "support/support.h"

#include <criterion/criterion.h>
#include <time.h>

enum { SAMPLES = 96, INPUTS = 60, HIDDEN = 90, OUTPUTS = 10, EPOCHS = 3, STEPS = EPOCHS * 3 };
enum { PARAMETERS = INPUTS * HIDDEN + HIDDEN + HIDDEN * OUTPUTS + OUTPUTS };
enum { NAP_MILLISECONDS = 20 };

struct run {
    int threads;
    float clip_norm; /* not 0: updates are a stage of their own */
    tp_step_fn *on_step;
    tp_phases *phases;
    double seconds; /* that it took */
    float parameters[PARAMETERS];
};

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int nap(void *user, const tp_step *step) {
    (void)user, (void)step;
    nanosleep(&(struct timespec){.tv_nsec = NAP_MILLISECONDS * 1000000L}, NULL);
    return 0;
}

static int stop_after_first(void *user, const tp_step *step) {
    (void)user;
    return step->step == 1;
}

static tp_model *make_model(tp_context *context) {
    static const tp_layer layers[] = {{HIDDEN, TP_RELU, 0, 0}, {OUTPUTS, TP_SOFTMAX, 0, 0}};
    tp_model_options shape;
    tp_model_options_default(&shape);
    shape.inputs = INPUTS, shape.layers = 2, shape.layer = layers;
    tp_model *model = NULL;
    cr_assert_eq(tp_model_create(context, &shape, &model), TP_OK);
    return model;
}

/* Goes on until no callback stops it. */
static void train(struct run *run) {
    static float x[SAMPLES * INPUTS];
    static int32_t classes[SAMPLES];
    tp_test_fill(x, SAMPLES * INPUTS, 1, -1, 1);
    tp_test_fill_classes(classes, SAMPLES, 2, OUTPUTS);
    tp_context *context = tp_test_context(NULL, run->threads);
    struct tp_blocking eager = *context->blocking;
    eager.thread_flops = 1;
    tp_context copy = tp_test_with_blocking(context, &eager);
    tp_model *model = make_model(&copy);
    const tp_data data = {.samples = SAMPLES, .features = INPUTS, .floats = x, .classes = classes, .outputs = OUTPUTS};
    tp_train_options options;
    tp_train_options_default(&options);
    options.batch = SAMPLES * EPOCHS / STEPS, options.epochs = EPOCHS;
    options.optimizer.clip_norm = run->clip_norm;
    options.on_step = run->on_step;
    options.phases = run->phases;
    tp_trainer *trainer = NULL;
    cr_assert_eq(tp_trainer_create(model, &data, &options, NULL, 0, &trainer), TP_OK);
    const double began = now();
    tp_status status = tp_trainer_run(trainer);
    while (status == TP_ERR_STOPPED)
        status = tp_trainer_run(trainer);
    run->seconds = now() - began;
    cr_assert_eq(status, TP_OK);
    cr_assert_eq(tp_model_get_parameters(model, run->parameters, PARAMETERS), TP_OK);
    tp_trainer_destroy(trainer);
    tp_model_destroy(model);
    tp_context_destroy(context);
}

static double sum(const tp_phases *p) {
    return p->data + p->forward + p->loss + p->backward + p->update + p->barrier;
}

static void check(const tp_phases *p, double seconds, bool team) {
    cr_expect(p->data > 0 && p->forward > 0 && p->loss > 0 && p->backward > 0 && p->update > 0);
    cr_expect_eq(p->barrier > 0, team, "barrier %g", p->barrier);
    cr_expect_leq(sum(p), seconds);
}

Test(phases, every_phase_takes_time) {
    for (int threads = 1; threads <= 2; threads++)
        for (int clip = 0; clip < 2; clip++) {
            tp_phases phases = {0};
            static struct run run;
            run = (struct run){.threads = threads, .clip_norm = clip ? 1 : 0, .phases = &phases};
            train(&run);
            check(&phases, run.seconds, threads > 1);
        }
}

Test(phases, callbacks_do_not_count) {
    tp_phases phases = {0};
    static struct run run;
    run = (struct run){.threads = 1, .on_step = nap, .phases = &phases};
    train(&run);
    cr_expect_geq(run.seconds - sum(&phases), 1e-3 * NAP_MILLISECONDS * STEPS);
    check(&phases, run.seconds, false);
}

Test(phases, runs_and_trainers_add_up) {
    tp_phases phases = {.data = 100, .barrier = 1};
    static struct run run;
    run = (struct run){.threads = 1, .on_step = stop_after_first, .phases = &phases};
    train(&run);
    cr_expect_gt(phases.data, 100);
    cr_expect_eq(phases.barrier, 1);
    const double before = phases.forward;
    train(&run);
    cr_expect_gt(phases.forward, before);
}

Test(phases, bits_stay_as_they_are) {
    for (int threads = 1; threads <= 2; threads++) {
        tp_phases phases = {0};
        static struct run with, without;
        with = (struct run){.threads = threads, .phases = &phases};
        without = (struct run){.threads = threads};
        train(&with);
        train(&without);
        cr_expect(tp_test_same_bits(without.parameters, with.parameters, PARAMETERS, "%d threads", threads));
    }
}
