/* SPDX-License-Identifier: BSD-3-Clause */
/* What a trainer says that it spends its time on: where a kernel naps, the time of its phase is at least that of the
 * naps. */
#include "core/context.h"
#include "support/hooks.h"
#include "support/support.h"

#include <criterion/criterion.h>
#include <omp.h>
#include <time.h>

enum { SAMPLES = 96, INPUTS = 60, HIDDEN = 90, OUTPUTS = 10, EPOCHS = 3, STEPS = EPOCHS * 3 };
enum { PARAMETERS = INPUTS * HIDDEN + HIDDEN + HIDDEN * OUTPUTS + OUTPUTS };

#define NAP 0.0005 /* seconds */

struct run {
    int threads;
    float clip_norm; /* not 0: updates are a stage of their own */
    bool one;        /* sample a step */
    tp_step_fn *on_step;
    tp_phases *phases, first; /* of all runs, or NULL; of the first one */
    double seconds;           /* that it took */
    float parameters[PARAMETERS];
};

static enum test_kernel tired;
static int naps;

static void sleep_a_bit(void) {
    nanosleep(&(struct timespec){.tv_nsec = (long)(1e9 * NAP)}, NULL);
}

static void perhaps_nap(enum test_kernel kernel) {
    if (kernel != tired || omp_get_thread_num() != 0)
        return;
    naps++;
    sleep_a_bit();
}

static int nap(void *user, const tp_step *step) {
    (void)user, (void)step;
    sleep_a_bit();
    return 0;
}

static int stop_after_first(void *user, const tp_step *step) {
    (void)user;
    return step->step == 1;
}

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static double sum(const tp_phases *p) {
    return p->data + p->forward + p->loss + p->backward + p->update + p->barrier;
}

static tp_model *make_model(tp_context *context) {
    static const tp_layer layers[] = {{HIDDEN, TP_ACTIVATION_RELU, 0, 0}, {OUTPUTS, TP_ACTIVATION_SOFTMAX, 0, 0}};
    tp_model_options shape;
    tp_model_options_default(&shape);
    shape.inputs = INPUTS, shape.layer_count = 2, shape.layers = layers;
    tp_model *model = NULL;
    cr_assert_eq(tp_model_create(context, &shape, &model), TP_OK);
    return model;
}

/* Goes on until no callback stops it. */
static void run_to_the_end(struct run *run, tp_model *model) {
    static float x[SAMPLES * INPUTS];
    static int32_t classes[SAMPLES];
    tp_test_fill(x, SAMPLES * INPUTS, 1, -1, 1);
    tp_test_fill_classes(classes, SAMPLES, 2, OUTPUTS);
    const size_t samples = run->one ? STEPS / EPOCHS : SAMPLES;
    const tp_data data = {.samples = samples, .features = INPUTS, .floats = x, .classes = classes, .outputs = OUTPUTS};
    tp_train_options options;
    tp_train_options_default(&options);
    options.batch = samples * EPOCHS / STEPS, options.epochs = EPOCHS;
    options.optimizer.clip_norm = run->clip_norm;
    options.on_step = run->on_step;
    options.phases = run->phases != NULL;
    tp_trainer *trainer = NULL;
    cr_assert_eq(tp_trainer_create(model, &data, &options, NULL, 0, &trainer), TP_OK);
    const double began = now();
    tp_status status = tp_trainer_run(trainer);
    run->first = *tp_trainer_phases(trainer);
    while (status == TP_ERR_STOPPED)
        status = tp_trainer_run(trainer);
    run->seconds = now() - began;
    cr_assert_eq(status, TP_OK);
    if (run->phases)
        *run->phases = *tp_trainer_phases(trainer);
    else
        cr_assert_eq(sum(tp_trainer_phases(trainer)), 0);
    tp_trainer_destroy(trainer);
}

static void train(struct run *run) {
    tp_context *context = tp_test_eager_context(NULL, run->threads);
    const struct tp_isa isa = test_hooked(context->isa, perhaps_nap);
    context->isa = &isa;
    tp_model *model = make_model(context);
    naps = 0;
    run_to_the_end(run, model);
    cr_assert_eq(tp_model_get_parameters(model, run->parameters, PARAMETERS), TP_OK);
    tp_model_destroy(model);
    tp_context_destroy(context);
}

static double phase_of(enum test_kernel kernel, const tp_phases *p) {
    const double phases[TEST_KERNELS] = {
        [TEST_SCALE] = p->data,       [TEST_ACTIVATE] = p->forward, [TEST_LOSS] = p->loss,
        [TEST_COLUMNS] = p->backward, [TEST_SQUARES] = p->update,   [TEST_UPDATE] = p->update};
    return phases[kernel];
}

/* The strip works in two phases. */
static bool has_one_phase(enum test_kernel kernel, bool clip) {
    return kernel != TEST_STRIP && (kernel != TEST_SQUARES || clip);
}

static void check(const struct run *run) {
    const tp_phases *p = run->phases;
    cr_expect(p->data > 0 && p->forward > 0 && p->loss > 0 && p->backward > 0 && p->update > 0);
    cr_expect_eq(p->barrier > 0, run->threads > 1, "%d threads: barrier %g", run->threads, p->barrier);
    cr_expect_leq(sum(p), run->seconds);
}

static void every_kernel(bool one) {
    for (int threads = 1; threads <= 2; threads++)
        for (int clip = 0; clip < 2; clip++)
            for (int kernel = TEST_NO_KERNEL + 1; kernel < TEST_KERNELS; kernel++) {
                tp_phases phases = {0};
                static struct run run;
                run = (struct run){.threads = threads, .clip_norm = clip ? 1 : 0, .one = one, .phases = &phases};
                tired = (enum test_kernel)kernel;
                if (!has_one_phase(tired, clip))
                    continue;
                train(&run);
                check(&run);
                cr_expect_geq(naps, STEPS);
                cr_expect(phase_of(tired, &phases) >= NAP * naps, "%d threads, clip %d: kernel %d: %g for %d naps",
                          threads, clip, kernel, phase_of(tired, &phases), naps);
            }
}

Test(phases, every_kernel_counts_in_its_phase) {
    every_kernel(false);
}

Test(phases, and_with_one_sample) {
    every_kernel(true);
}

Test(phases, callbacks_do_not_count) {
    tp_phases phases = {0};
    static struct run run;
    run = (struct run){.threads = 1, .on_step = nap, .phases = &phases};
    train(&run);
    check(&run);
    cr_expect_geq(run.seconds - sum(&phases), NAP * STEPS);
}

static void check_added(const tp_phases *p, const tp_phases *before) {
    cr_expect_gt(p->data, before->data);
    cr_expect_gt(p->forward, before->forward);
    cr_expect_gt(p->loss, before->loss);
    cr_expect_gt(p->backward, before->backward);
    cr_expect_gt(p->update, before->update);
    cr_expect_gt(p->barrier, before->barrier);
}

Test(phases, runs_add_up) {
    tp_phases phases = {0};
    static struct run run;
    run = (struct run){.threads = 2, .on_step = stop_after_first, .phases = &phases};
    train(&run);
    check_added(&run.first, &(tp_phases){0});
    check_added(&phases, &run.first);
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
