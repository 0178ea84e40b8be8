/* SPDX-License-Identifier: BSD-3-Clause */
/* The trainer: learning, order, reports, validation, stopping, and losses that are not finite. */
#include "core/random.h"
#include "support/bound.h"
#include "support/nets.h"
#include "support/support.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SAMPLES = 90, IN = 4, HIDDEN = 8, CLASSES = 3, MAX_EPOCHS = 64, MAX_STEPS = 512 };

/* Three clouds around corners, a class each, that planes separate. */
struct clouds {
    float x[SAMPLES * IN];
    uint8_t bytes[SAMPLES * IN];
    int32_t classes[SAMPLES];
    tp_data data;
};

static void make_clouds(struct clouds *c) {
    tp_test_fill(c->x, SAMPLES * IN, 1, -0.75f, 0.75f);
    for (size_t i = 0; i < SAMPLES; i++) {
        c->classes[i] = (int32_t)(tp_test_random(2, i) % CLASSES);
        c->x[i * IN + (size_t)c->classes[i]] += 2;
    }
    for (size_t i = 0; i < SAMPLES * IN; i++)
        c->bytes[i] = (uint8_t)tp_test_random(3, i);
    c->data = (tp_data){.samples = SAMPLES, .features = IN, .floats = c->x, .classes = c->classes, .outputs = CLASSES};
}

/* What the callbacks saw; they stop after the step or epoch that is asked for, 0: never. */
struct diary {
    size_t epochs, steps;
    tp_epoch epoch[MAX_EPOCHS];
    tp_step step[MAX_STEPS];
    uint64_t stop_at_step;
    size_t stop_at_epoch;
};

static int note_epoch(void *user, const tp_epoch *epoch) {
    struct diary *diary = user;
    cr_assert_lt(diary->epochs, MAX_EPOCHS);
    diary->epoch[diary->epochs++] = *epoch;
    return epoch->epoch == diary->stop_at_epoch;
}

static int note_step(void *user, const tp_step *step) {
    struct diary *diary = user;
    cr_assert_lt(diary->steps, MAX_STEPS);
    diary->step[diary->steps++] = *step;
    return step->step == diary->stop_at_step;
}

static struct ref_net small_net(void) {
    return test_net(1, (const size_t[]){IN, HIDDEN, CLASSES}, TP_ACTIVATION_RELU,
                    (struct test_head){TP_ACTIVATION_SOFTMAX, TP_LOSS_CCE});
}

enum { PARAMETERS = IN * HIDDEN + HIDDEN + HIDDEN * CLASSES + CLASSES };

static tp_train_options small_options(struct diary *diary) {
    tp_train_options options;
    tp_train_options_default(&options);
    options.batch = 16; /* the last batch of an epoch has 10 samples */
    options.epochs = 4;
    options.optimizer.learning_rate = 0.02f;
    options.on_epoch = note_epoch;
    options.on_step = note_step;
    options.user = diary;
    *diary = (struct diary){0};
    return options;
}

/* A context, a model, clouds and the diary of a trainer. */
struct world {
    struct clouds clouds;
    struct diary diary;
    tp_context *context;
    tp_model *model;
};

static void open_world(struct world *w, const char *isa) {
    const struct ref_net net = small_net();
    make_clouds(&w->clouds);
    w->context = tp_test_context(isa, 2);
    w->model = test_model(w->context, &net, NULL);
}

static void close_world(struct world *w) {
    tp_model_destroy(w->model);
    tp_context_destroy(w->context);
}

static tp_trainer *make_trainer(struct world *w, const tp_train_options *options) {
    tp_trainer *trainer = NULL;
    cr_assert_eq(tp_trainer_create(w->model, &w->clouds.data, options, NULL, 0, &trainer), TP_OK, "%s",
                 tp_test_message(w->context));
    return trainer;
}

static tp_status train(struct world *w, const tp_train_options *options) {
    tp_trainer *trainer = make_trainer(w, options);
    const tp_status status = tp_trainer_run(trainer);
    tp_trainer_destroy(trainer);
    return status;
}

static void get(const tp_model *model, float *parameters) {
    cr_assert_eq(tp_model_get_parameters(model, parameters, PARAMETERS), TP_OK);
}

/* Trains a fresh model; without callbacks. */
static void train_fresh(tp_train_options options, float *parameters) {
    static struct world w;
    open_world(&w, NULL);
    options.on_epoch = NULL;
    options.on_step = NULL;
    cr_assert_eq(train(&w, &options), TP_OK);
    get(w.model, parameters);
    close_world(&w);
}

static bool equal(const float *a, const float *b) {
    return memcmp(a, b, PARAMETERS * sizeof *a) == 0;
}

/* --------------------------------------------------------------------------------------------------------- learning */

Test(train, learns_what_is_separable) {
    for (int i = 0; i < tp_test_isa_count(); i++) {
        static struct world w;
        open_world(&w, tp_test_isa(i));
        tp_train_options options = small_options(&w.diary);
        options.epochs = 40;
        cr_assert_eq(train(&w, &options), TP_OK);
        const tp_score first = w.diary.epoch[0].train, last = w.diary.epoch[39].train;
        cr_assert_eq(w.diary.epochs, 40);
        cr_assert_lt(last.loss, 0.1 * first.loss, "%s: loss from %g to %g", tp_test_isa(i), first.loss, last.loss);
        cr_assert_eq(last.correct, SAMPLES, "%s: %zu right", tp_test_isa(i), last.correct);
        close_world(&w);
    }
}

Test(train, every_epoch_improves_on_a_convex_loss) {
    static struct world w;
    open_world(&w, NULL);
    tp_model_destroy(w.model);
    const struct ref_net net = test_net(0, (const size_t[]){IN, CLASSES}, TP_ACTIVATION_IDENTITY, test_heads[7]);
    w.model = test_model(w.context, &net, NULL);
    tp_train_options options = small_options(&w.diary);
    options.epochs = 20;
    options.batch = SAMPLES;
    options.optimizer.kind = TP_OPTIMIZER_SGD;
    options.optimizer.learning_rate = 0.1f;
    cr_assert_eq(train(&w, &options), TP_OK);
    for (size_t e = 1; e < 20; e++)
        cr_assert_lt(w.diary.epoch[e].train.loss, w.diary.epoch[e - 1].train.loss, "epoch %zu", e + 1);
    close_world(&w);
}

/* ------------------------------------------------------------------------------------------------ order and batches */

/* The same steps by hand: consecutive batches, the last one smaller. */
static void train_by_hand(struct world *w, const tp_train_options *options) {
    tp_workspace *workspace = NULL;
    tp_optimizer *optimizer = NULL;
    tp_optimizer_options rule = options->optimizer;
    rule.total_steps = options->epochs * ((SAMPLES + options->batch - 1) / options->batch);
    cr_assert_eq(tp_workspace_create(w->model, TEST_WORKSPACE(options->batch, TP_MODE_TRAINING), NULL, 0, &workspace),
                 TP_OK);
    cr_assert_eq(tp_optimizer_create(w->model, &rule, NULL, 0, &optimizer), TP_OK);
    float gradients[PARAMETERS];
    for (size_t epoch = 0; epoch < options->epochs; epoch++) {
        for (size_t i = 0; i < SAMPLES; i += options->batch) {
            const size_t batch = SAMPLES - i < options->batch ? SAMPLES - i : options->batch;
            const tp_targets targets = {.classes = w->clouds.classes + i};
            const float *x = w->clouds.x + i * IN;
            cr_assert_eq(tp_forward(w->model, workspace, batch, x, IN, NULL, 0), TP_OK);
            cr_assert_eq(tp_backward(w->model, workspace, &targets, gradients, NULL, 0, NULL), TP_OK);
            cr_assert_eq(tp_optimizer_step(optimizer, w->model, gradients), TP_OK);
        }
    }
    tp_optimizer_destroy(optimizer);
    tp_workspace_destroy(workspace);
}

Test(train, equals_the_loop_by_hand_bit_for_bit) {
    for (int i = 0; i < tp_test_isa_count(); i++) {
        static struct world w, by_hand;
        float trained[PARAMETERS], expected[PARAMETERS];
        open_world(&w, tp_test_isa(i));
        open_world(&by_hand, tp_test_isa(i));
        tp_train_options options = small_options(&w.diary);
        options.shuffle = false;
        options.optimizer.clip_norm = 0.5f;
        options.optimizer.weight_decay = 0.01f;
        cr_assert_eq(train(&w, &options), TP_OK);
        train_by_hand(&by_hand, &options);
        get(w.model, trained);
        get(by_hand.model, expected);
        cr_assert(tp_test_same_bits(expected, trained, PARAMETERS, "%s", tp_test_isa(i)));
        close_world(&w);
        close_world(&by_hand);
    }
}

Test(train, seeds_decide_the_order) {
    static struct diary diary;
    float one[PARAMETERS], again[PARAMETERS], two[PARAMETERS], unshuffled[PARAMETERS];
    tp_train_options options = small_options(&diary);
    train_fresh(options, one);
    train_fresh(options, again);
    options.seed = 2;
    train_fresh(options, two);
    options.shuffle = false;
    train_fresh(options, unshuffled);
    cr_assert(tp_test_same_bits(one, again, PARAMETERS, "equal seeds"));
    cr_assert_not(equal(one, two));
    cr_assert_not(equal(two, unshuffled));
    options.seed = 3;
    train_fresh(options, two);
    cr_assert(tp_test_same_bits(unshuffled, two, PARAMETERS, "unshuffled, another seed"));
}

static double loss_of(const struct world *w, const tp_data *data) {
    tp_workspace *workspace = NULL;
    tp_score score;
    cr_assert_eq(tp_workspace_create(w->model, TEST_WORKSPACE(32, TP_MODE_INFERENCE), NULL, 0, &workspace), TP_OK);
    cr_assert_eq(tp_evaluate(w->model, workspace, data, &score, NULL), TP_OK);
    tp_workspace_destroy(workspace);
    return score.loss;
}

/* With a rate that changes nothing the loss of an epoch is that of the data only if no sample is missed or repeated.
 * The losses of the samples are the same floats; their sums in double differ by the order. */
Test(train, every_epoch_takes_every_sample_once) {
    static struct world w;
    open_world(&w, NULL);
    tp_train_options options = small_options(&w.diary);
    options.optimizer.kind = TP_OPTIMIZER_SGD;
    options.optimizer.learning_rate = 1e-30f;
    cr_assert_eq(train(&w, &options), TP_OK);
    const double expected = loss_of(&w, &w.clouds.data);
    for (size_t e = 0; e < options.epochs; e++) {
        cr_assert_float_eq(w.diary.epoch[e].train.loss, expected, 1e-12);
        cr_assert_eq(w.diary.epoch[e].train.samples, SAMPLES);
    }
    cr_assert_neq(w.diary.step[0].loss, w.diary.step[6].loss, "two epochs began with the same batch");
    close_world(&w);
}

Test(train, a_batch_may_be_larger_than_the_data) {
    static struct world w;
    open_world(&w, NULL);
    tp_train_options options = small_options(&w.diary);
    options.batch = 10 * SAMPLES;
    cr_assert_eq(train(&w, &options), TP_OK);
    cr_assert_eq(w.diary.steps, options.epochs);
    cr_assert_eq(w.diary.step[0].steps_per_epoch, 1);
    close_world(&w);
}

/* ---------------------------------------------------------------------------------------------------------- reports */

Test(train, reports_count_steps_and_epochs) {
    static struct world w;
    open_world(&w, NULL);
    const tp_train_options options = small_options(&w.diary);
    cr_assert_eq(train(&w, &options), TP_OK);
    cr_assert_eq(w.diary.steps, 24);
    for (size_t s = 0; s < 24; s++) {
        const tp_step *step = &w.diary.step[s];
        cr_assert(step->step == s + 1 && step->steps_per_epoch == 6 && step->epoch == s / 6 + 1 && step->epochs == 4);
        cr_assert(isfinite(step->loss) && step->seconds >= 0);
    }
    cr_assert_eq(w.diary.epochs, 4);
    for (size_t e = 0; e < 4; e++) {
        const tp_epoch *epoch = &w.diary.epoch[e];
        cr_assert(epoch->epoch == e + 1 && epoch->epochs == 4 && epoch->steps == 6 * (e + 1));
        cr_assert(epoch->train.samples == SAMPLES && epoch->validation.samples == 0);
        cr_assert(epoch->seconds > 0 && epoch->samples_per_second > 0);
    }
    close_world(&w);
}

/* The mean over samples of the batches' losses. */
Test(train, the_loss_of_an_epoch_weighs_its_batches) {
    static struct world w;
    open_world(&w, NULL);
    const tp_train_options options = small_options(&w.diary);
    cr_assert_eq(train(&w, &options), TP_OK);
    for (size_t e = 0; e < 4; e++) {
        double sum = 0;
        for (size_t s = 0; s < 6; s++)
            sum += w.diary.step[6 * e + s].loss * (s < 5 ? 16 : 10);
        cr_assert_float_eq(w.diary.epoch[e].train.loss, sum / SAMPLES, 1e-12);
    }
    close_world(&w);
}

/* The cosine schedule gets its length from the trainer: step 24 of 24 has p = 23/24. */
Test(train, the_schedule_spans_the_run) {
    static struct world w;
    open_world(&w, NULL);
    const tp_train_options options = small_options(&w.diary);
    cr_assert_eq(train(&w, &options), TP_OK);
    const double rate = (double)options.optimizer.learning_rate;
    for (size_t e = 0; e < 4; e++) {
        const double p = (6 * (double)e + 5) / 24;
        cr_assert_float_eq(w.diary.epoch[e].learning_rate, rate * (1 + cos(acos(-1) * p)) / 2, 4 * TEST_U * rate);
    }
    close_world(&w);
}

/* ------------------------------------------------------------------------------------------------------- validation */

static tp_data part_of(const struct clouds *c, size_t first, size_t count) {
    tp_data part = c->data;
    part.samples = count;
    part.floats += first * IN;
    part.classes += first;
    return part;
}

Test(train, a_fraction_is_held_out) {
    static struct world w;
    open_world(&w, NULL);
    tp_train_options options = small_options(&w.diary);
    options.validation_fraction = 0.2;
    cr_assert_eq(train(&w, &options), TP_OK);
    for (size_t e = 0; e < 4; e++) {
        cr_assert_eq(w.diary.epoch[e].train.samples, 72);
        cr_assert_eq(w.diary.epoch[e].validation.samples, 18);
    }
    cr_assert_eq(w.diary.step[0].steps_per_epoch, 5);
    close_world(&w);
}

/* Without shuffling the last samples are held out: training on the rest, with them as a set, is the same. */
Test(train, the_last_samples_are_held_out_without_shuffling) {
    static struct world w, split;
    float held_out[PARAMETERS], expected[PARAMETERS];
    open_world(&w, NULL);
    tp_train_options options = small_options(&w.diary);
    options.shuffle = false;
    options.validation_fraction = 0.2;
    cr_assert_eq(train(&w, &options), TP_OK);
    open_world(&split, NULL);
    const tp_data validation = part_of(&split.clouds, 72, 18);
    tp_train_options separate = small_options(&split.diary);
    separate.shuffle = false;
    separate.validation = &validation;
    split.clouds.data.samples = 72;
    cr_assert_eq(train(&split, &separate), TP_OK);
    get(w.model, held_out);
    get(split.model, expected);
    cr_assert(tp_test_same_bits(expected, held_out, PARAMETERS, "parameters"));
    for (size_t e = 0; e < 4; e++) {
        cr_assert_eq(w.diary.epoch[e].validation.loss, split.diary.epoch[e].validation.loss);
        cr_assert_eq(w.diary.epoch[e].validation.correct, split.diary.epoch[e].validation.correct);
    }
    cr_assert_float_eq(w.diary.epoch[3].validation.loss, loss_of(&w, &validation), 1e-12);
    close_world(&w);
    close_world(&split);
}

Test(train, the_seed_chooses_what_is_held_out) {
    double loss[2];
    for (uint64_t seed = 1; seed <= 2; seed++) {
        static struct world w;
        open_world(&w, NULL);
        tp_train_options options = small_options(&w.diary);
        options.validation_fraction = 0.2;
        options.seed = seed;
        options.optimizer.kind = TP_OPTIMIZER_SGD;
        options.optimizer.learning_rate = 1e-30f;
        cr_assert_eq(train(&w, &options), TP_OK);
        const double whole = loss_of(&w, &w.clouds.data) * SAMPLES;
        const tp_epoch *epoch = &w.diary.epoch[0];
        loss[seed - 1] = epoch->validation.loss;
        cr_assert_float_eq(epoch->train.loss * 72 + epoch->validation.loss * 18, whole, 1e-10);
        close_world(&w);
    }
    cr_assert_neq(loss[0], loss[1]);
}

/* --------------------------------------------------------------------------------------------------- stop and go on */

static void check_stop(uint64_t step, size_t epoch, uint64_t expected_steps) {
    static struct world w;
    float parameters[PARAMETERS], uninterrupted[PARAMETERS];
    open_world(&w, NULL);
    tp_train_options options = small_options(&w.diary);
    train_fresh(options, uninterrupted);
    tp_trainer *trainer = make_trainer(&w, &options);
    w.diary.stop_at_step = step;
    w.diary.stop_at_epoch = epoch;
    cr_assert_eq(tp_trainer_run(trainer), TP_ERR_STOPPED);
    cr_assert_eq(w.diary.steps, expected_steps);
    cr_assert_eq(w.diary.epochs, expected_steps / 6);
    get(w.model, parameters);
    cr_assert(expected_steps == 24 || !equal(parameters, uninterrupted));
    cr_assert_eq(tp_trainer_run(trainer), TP_OK);
    cr_assert_eq(w.diary.steps, 24);
    cr_assert_eq(w.diary.epochs, 4);
    get(w.model, parameters);
    cr_assert(tp_test_same_bits(uninterrupted, parameters, PARAMETERS, "stopped after step %d", (int)expected_steps));
    cr_assert_eq(tp_trainer_run(trainer), TP_OK, "nothing is left to do");
    cr_assert_eq(w.diary.steps, 24);
    tp_trainer_destroy(trainer);
    close_world(&w);
}

Test(train, a_step_callback_stops_and_the_run_goes_on) {
    check_stop(1, 0, 1);
    check_stop(8, 0, 8);
    check_stop(12, 0, 12); /* the last of an epoch */
    check_stop(24, 0, 24); /* the last of all */
}

Test(train, an_epoch_callback_stops_and_the_run_goes_on) {
    check_stop(0, 1, 6);
    check_stop(0, 4, 24);
}

/* ------------------------------------------------------------------------------------------------------- non-finite */

/* Training without shuffling hits sample 40 in step 3; returns the message. */
static void check_nonfinite(struct world *w, float bad, const char *where) {
    float before[PARAMETERS], after[PARAMETERS];
    tp_train_options options = small_options(&w->diary);
    options.shuffle = false;
    options.optimizer.kind = TP_OPTIMIZER_MOMENTUM;
    options.optimizer.learning_rate = 0.01f;
    w->clouds.x[40 * IN + 2] = bad;
    tp_trainer *trainer = make_trainer(w, &options);
    w->diary.stop_at_step = 2;
    cr_assert_eq(tp_trainer_run(trainer), TP_ERR_STOPPED);
    get(w->model, before);
    cr_assert_eq(tp_trainer_run(trainer), TP_ERR_NONFINITE);
    get(w->model, after);
    cr_assert(tp_test_same_bits(before, after, PARAMETERS, "parameters"));
    cr_assert_eq(w->diary.steps, 2);
    cr_assert_not_null(strstr(tp_test_message(w->context), "step 3"), "%s", tp_test_message(w->context));
    cr_assert_not_null(strstr(tp_test_message(w->context), where), "%s", tp_test_message(w->context));
    tp_trainer_destroy(trainer);
}

/* Weights of 1, then of scale: an input of 1e38 stays finite in the first layer unless it is scaled there. */
static void set_scales(struct world *w, float first, float second) {
    float parameters[PARAMETERS] = {0};
    for (size_t i = 0; i < IN * HIDDEN; i++)
        parameters[i] = first * (i % 2 ? 1.0f : 0.5f);
    for (size_t i = 0; i < HIDDEN * CLASSES; i++)
        parameters[IN * HIDDEN + HIDDEN + i] = second * (i % 2 ? 1.0f : 0.5f);
    cr_assert_eq(tp_model_set_parameters(w->model, parameters, PARAMETERS), TP_OK);
}

static void check_overflow(float first, float second, const char *where) {
    for (int i = 0; i < tp_test_isa_count(); i++) {
        static struct world w;
        open_world(&w, tp_test_isa(i));
        set_scales(&w, first, second);
        check_nonfinite(&w, 1e38f, where);
        close_world(&w);
    }
}

/* The only update overflows; no later loss could tell. */
Test(train, parameters_that_overflow_in_the_last_step_are_named) {
    static struct world w;
    open_world(&w, NULL);
    tp_train_options options = small_options(&w.diary);
    options.batch = SAMPLES;
    options.epochs = 1;
    options.optimizer.kind = TP_OPTIMIZER_SGD;
    options.optimizer.learning_rate = 3e38f;
    tp_trainer *trainer = make_trainer(&w, &options);
    for (size_t i = 0; i < SAMPLES * IN; i++)
        w.clouds.x[i] *= 1000;
    cr_assert_eq(tp_trainer_run(trainer), TP_ERR_NONFINITE);
    cr_assert_not_null(strstr(tp_test_message(w.context), "parameters of layer 0"), "%s", tp_test_message(w.context));
    tp_trainer_destroy(trainer);
    close_world(&w);
}

Test(train, overflow_in_the_first_layer_is_named) {
    check_overflow(8, 0.125f, "layer 0");
}

Test(train, overflow_in_the_last_layer_is_named) {
    check_overflow(1, 8, "layer 1");
}

Test(train, samples_that_are_not_finite_are_named) {
    const float bad[] = {NAN, INFINITY};
    for (size_t i = 0; i < 2; i++) {
        static struct world w;
        open_world(&w, NULL);
        check_nonfinite(&w, bad[i], "input");
        close_world(&w);
    }
}

/* ------------------------------------------------------------------------------------------------------------- data */

Test(train, bytes_train_like_the_same_floats) {
    static struct world w, bytes;
    float expected[PARAMETERS], actual[PARAMETERS];
    open_world(&w, NULL);
    open_world(&bytes, NULL);
    for (size_t i = 0; i < SAMPLES * IN; i++)
        w.clouds.x[i] = (float)w.clouds.bytes[i];
    bytes.clouds.data.floats = NULL;
    bytes.clouds.data.bytes = bytes.clouds.bytes;
    const tp_train_options options = small_options(&w.diary), same = small_options(&bytes.diary);
    cr_assert_eq(train(&w, &options), TP_OK);
    cr_assert_eq(train(&bytes, &same), TP_OK);
    get(w.model, expected);
    get(bytes.model, actual);
    cr_assert(tp_test_same_bits(expected, actual, PARAMETERS, "bytes"));
    close_world(&w);
    close_world(&bytes);
}

Test(train, values_train_like_the_same_classes) {
    static struct world w, values;
    static float one_hot[SAMPLES * CLASSES];
    float expected[PARAMETERS], actual[PARAMETERS];
    open_world(&w, NULL);
    open_world(&values, NULL);
    memset(one_hot, 0, sizeof one_hot);
    for (size_t i = 0; i < SAMPLES; i++)
        one_hot[i * CLASSES + (size_t)w.clouds.classes[i]] = 1;
    values.clouds.data.classes = NULL;
    values.clouds.data.values = one_hot;
    const tp_train_options options = small_options(&w.diary), same = small_options(&values.diary);
    cr_assert_eq(train(&w, &options), TP_OK);
    cr_assert_eq(train(&values, &same), TP_OK);
    get(w.model, expected);
    get(values.model, actual);
    cr_assert(tp_test_same_bits(expected, actual, PARAMETERS, "values"));
    cr_assert_eq(w.diary.epoch[3].train.correct, values.diary.epoch[3].train.correct);
    close_world(&w);
    close_world(&values);
}

/* -------------------------------------------------------------------------------------------------- wrong arguments */

static void refuse(struct world *w, const tp_data *data, const tp_train_options *options, const char *name) {
    tp_trainer *trainer = NULL;
    cr_assert_eq(tp_trainer_create(w->model, data, options, NULL, 0, &trainer), TP_ERR_ARGUMENT, "%s", name);
    cr_assert_null(trainer);
    cr_assert_not_null(strstr(tp_test_message(w->context), name), "\"%s\" does not contain \"%s\"",
                       tp_test_message(w->context), name);
    cr_assert_eq(tp_trainer_size(w->model, data, options), 0, "%s", name);
}

Test(train, options_out_of_range) {
    static struct world w;
    open_world(&w, NULL);
    const tp_data *data = &w.clouds.data;
    tp_train_options options = small_options(&w.diary);
    options.batch = 0, refuse(&w, data, &options, "batch");
    options = small_options(&w.diary), options.epochs = 0, refuse(&w, data, &options, "epochs");
    const double fractions[] = {-0.1, 1, NAN, 1e-9};
    for (size_t i = 0; i < 4; i++) {
        options = small_options(&w.diary), options.validation_fraction = fractions[i];
        refuse(&w, data, &options, "validation_fraction");
    }
    options = small_options(&w.diary), options.validation_fraction = 0.5, options.validation = data;
    refuse(&w, data, &options, "validation");
    options = small_options(&w.diary), options.optimizer.learning_rate = 0;
    refuse(&w, data, &options, "learning_rate");
    close_world(&w);
}

static void refuse_data(struct world *w, const tp_data *data, const char *name) {
    tp_train_options options = small_options(&w->diary);
    tp_workspace *workspace = NULL;
    tp_score score = {1, 2, 3, 4};
    refuse(w, data, &options, name);
    cr_assert_eq(tp_workspace_create(w->model, TEST_WORKSPACE(4, TP_MODE_INFERENCE), NULL, 0, &workspace), TP_OK);
    cr_assert_eq(tp_evaluate(w->model, workspace, data, &score, NULL), TP_ERR_ARGUMENT);
    cr_assert(score.loss == 1 && score.correct == 2 && score.samples == 3);
    tp_workspace_destroy(workspace);
    options.validation = data;
    refuse(w, &w->clouds.data, &options, "validation");
    refuse(w, &w->clouds.data, &options, name);
}

Test(train, data_that_do_not_fit) {
    static struct world w;
    open_world(&w, NULL);
    const tp_data good = w.clouds.data;
    int32_t classes[SAMPLES];
    memcpy(classes, w.clouds.classes, sizeof classes);
    classes[17] = CLASSES;
    tp_data bad = good;
    bad.samples = 0, refuse_data(&w, &bad, "samples");
    bad = good, bad.features = IN + 1, refuse_data(&w, &bad, "features");
    bad = good, bad.bytes = w.clouds.bytes, refuse_data(&w, &bad, "bytes");
    bad = good, bad.floats = NULL, refuse_data(&w, &bad, "floats");
    bad = good, bad.values = w.clouds.x, refuse_data(&w, &bad, "values");
    bad = good, bad.classes = NULL, refuse_data(&w, &bad, "classes");
    bad = good, bad.classes = classes, refuse_data(&w, &bad, "classes[17]");
    bad = good, bad.classes = NULL, bad.values = w.clouds.x, bad.outputs = CLASSES + 1;
    refuse_data(&w, &bad, "outputs");
    close_world(&w);
}

/* Outputs are 0 and stay so, as the rate is; so the loss of a sample is the square of its target, and those of the
 * samples that are held out tell which these are. */
Test(train, the_split_is_drawn_for_its_own_purpose) {
    enum { COUNT = 20, HELD_OUT = 5 };
    const tp_layer layer = {1, TP_ACTIVATION_IDENTITY, 0, 0};
    const float x[COUNT] = {0};
    float y[COUNT];
    for (int i = 0; i < COUNT; i++)
        y[i] = (float)(i + 1);
    const tp_data data = {.samples = COUNT, .features = 1, .floats = x, .values = y, .outputs = 1};
    struct diary diary;
    tp_train_options options = small_options(&diary);
    options.on_step = NULL, options.epochs = 1, options.validation_fraction = 0.25;
    options.optimizer.kind = TP_OPTIMIZER_SGD, options.optimizer.learning_rate = 1e-30f;
    tp_model_options shape;
    tp_model_options_default(&shape);
    shape.inputs = 1, shape.layer_count = 1, shape.layers = &layer, shape.loss = TP_LOSS_MSE, shape.init = TP_INIT_ZERO;
    tp_context *context = tp_test_context(NULL, 1);
    tp_model *model = NULL;
    tp_trainer *trainer = NULL;
    cr_assert_eq(tp_model_create(context, &shape, &model), TP_OK);
    cr_assert_eq(tp_trainer_create(model, &data, &options, NULL, 0, &trainer), TP_OK);
    cr_assert_eq(tp_trainer_run(trainer), TP_OK);
    uint32_t order[COUNT];
    double loss = 0;
    tp_random_permutation(order, COUNT, options.seed, TP_PURPOSE_SPLIT, 0);
    for (int i = COUNT - HELD_OUT; i < COUNT; i++)
        loss += (double)y[order[i]] * (double)y[order[i]] / HELD_OUT;
    cr_expect_float_eq(diary.epoch[0].validation.loss, loss, 1e-6);
    tp_trainer_destroy(trainer);
    tp_model_destroy(model);
    tp_context_destroy(context);
}

/* A schedule may be longer than the run; without a length of its own it ends with it. */
Test(train, the_length_of_the_schedule) {
    static struct world w;
    open_world(&w, NULL);
    for (uint64_t total_steps = 0; total_steps <= 1000; total_steps += 1000) {
        tp_train_options options = small_options(&w.diary);
        options.optimizer.total_steps = total_steps;
        cr_assert_eq(train(&w, &options), TP_OK);
        tp_optimizer_options alone = options.optimizer;
        const tp_epoch *last = &w.diary.epoch[options.epochs - 1];
        alone.total_steps = total_steps ? total_steps : last->steps;
        tp_optimizer *optimizer = NULL;
        cr_assert_eq(tp_optimizer_create(w.model, &alone, NULL, 0, &optimizer), TP_OK);
        cr_expect_eq(last->learning_rate, (double)tp_optimizer_learning_rate(optimizer, last->steps));
        tp_optimizer_destroy(optimizer);
    }
    close_world(&w);
}
