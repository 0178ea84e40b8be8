/* SPDX-License-Identifier: BSD-3-Clause */
/* The trainer: validation, stopping, and losses that are not finite. */
#include "support/clouds.h"
#include "support/support.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

/* ------------------------------------------------------------------------------------------------------- validation */

static tp_data part_of(const struct test_clouds *c, size_t first, size_t count) {
    tp_data part = c->data;
    part.samples = count;
    part.floats += first * CLOUD_IN;
    part.classes += first;
    return part;
}

Test(train_stops, a_fraction_is_held_out) {
    static struct test_world w;
    test_open_world(&w, NULL);
    tp_train_options options = test_small_options(&w.diary);
    options.validation_fraction = 0.2;
    cr_assert_eq(test_train(&w, &options), TP_OK);
    for (size_t e = 0; e < 4; e++) {
        cr_assert_eq(w.diary.epoch[e].train.samples, 72);
        cr_assert_eq(w.diary.epoch[e].validation.samples, 18);
    }
    cr_assert_eq(w.diary.step[0].steps_per_epoch, 5);
    test_close_world(&w);
}

/* Without shuffling the last samples are held out: training on the rest, with them as a set, is the same. */
Test(train_stops, the_last_samples_are_held_out_without_shuffling) {
    static struct test_world w, split;
    float held_out[CLOUD_PARAMETERS], expected[CLOUD_PARAMETERS];
    test_open_world(&w, NULL);
    tp_train_options options = test_small_options(&w.diary);
    options.shuffle = false;
    options.validation_fraction = 0.2;
    cr_assert_eq(test_train(&w, &options), TP_OK);
    test_open_world(&split, NULL);
    const tp_data validation = part_of(&split.clouds, 72, 18);
    tp_train_options separate = test_small_options(&split.diary);
    separate.shuffle = false;
    separate.validation = &validation;
    split.clouds.data.samples = 72;
    cr_assert_eq(test_train(&split, &separate), TP_OK);
    test_get_parameters(w.model, held_out);
    test_get_parameters(split.model, expected);
    cr_assert(tp_test_same_bits(expected, held_out, CLOUD_PARAMETERS, "parameters"));
    for (size_t e = 0; e < 4; e++) {
        cr_assert_eq(w.diary.epoch[e].validation.loss, split.diary.epoch[e].validation.loss);
        cr_assert_eq(w.diary.epoch[e].validation.correct, split.diary.epoch[e].validation.correct);
    }
    cr_assert_float_eq(w.diary.epoch[3].validation.loss, test_loss_of(&w, &validation), 1e-12);
    test_close_world(&w);
    test_close_world(&split);
}

Test(train_stops, the_seed_chooses_what_is_held_out) {
    double loss[2];
    for (uint64_t seed = 1; seed <= 2; seed++) {
        static struct test_world w;
        test_open_world(&w, NULL);
        tp_train_options options = test_small_options(&w.diary);
        options.validation_fraction = 0.2;
        options.seed = seed;
        options.optimizer.kind = TP_OPTIMIZER_SGD;
        options.optimizer.learning_rate = 1e-30f;
        cr_assert_eq(test_train(&w, &options), TP_OK);
        const double whole = test_loss_of(&w, &w.clouds.data) * CLOUD_SAMPLES;
        const tp_epoch *epoch = &w.diary.epoch[0];
        loss[seed - 1] = epoch->validation.loss;
        cr_assert_float_eq(epoch->train.loss * 72 + epoch->validation.loss * 18, whole, 1e-10);
        test_close_world(&w);
    }
    cr_assert_neq(loss[0], loss[1]);
}

/* --------------------------------------------------------------------------------------------------- stop and go on */

static void check_stop(uint64_t step, size_t epoch, uint64_t expected_steps) {
    static struct test_world w;
    float parameters[CLOUD_PARAMETERS], uninterrupted[CLOUD_PARAMETERS];
    test_open_world(&w, NULL);
    tp_train_options options = test_small_options(&w.diary);
    test_train_fresh(options, uninterrupted);
    tp_trainer *trainer = test_make_trainer(&w, &options);
    w.diary.stop_at_step = step;
    w.diary.stop_at_epoch = epoch;
    cr_assert_eq(tp_trainer_run(trainer), TP_ERR_STOPPED);
    cr_assert_eq(w.diary.steps, expected_steps);
    cr_assert_eq(w.diary.epochs, expected_steps / 6);
    test_get_parameters(w.model, parameters);
    cr_assert(expected_steps == 24 || !test_equal_parameters(parameters, uninterrupted));
    cr_assert_eq(tp_trainer_run(trainer), TP_OK);
    cr_assert_eq(w.diary.steps, 24);
    cr_assert_eq(w.diary.epochs, 4);
    test_get_parameters(w.model, parameters);
    cr_assert(
        tp_test_same_bits(uninterrupted, parameters, CLOUD_PARAMETERS, "stopped after step %d", (int)expected_steps));
    cr_assert_eq(tp_trainer_run(trainer), TP_OK, "nothing is left to do");
    cr_assert_eq(w.diary.steps, 24);
    tp_trainer_destroy(trainer);
    test_close_world(&w);
}

Test(train_stops, a_step_callback_stops_and_the_run_goes_on) {
    check_stop(1, 0, 1);
    check_stop(8, 0, 8);
    check_stop(12, 0, 12); /* the last of an epoch */
    check_stop(24, 0, 24); /* the last of all */
}

Test(train_stops, an_epoch_callback_stops_and_the_run_goes_on) {
    check_stop(0, 1, 6);
    check_stop(0, 4, 24);
}

/* ------------------------------------------------------------------------------------------------------- non-finite */

/* Training without shuffling hits sample 40 in step 3. */
static void check_nonfinite(struct test_world *w, float bad, const char *where) {
    float before[CLOUD_PARAMETERS], after[CLOUD_PARAMETERS];
    tp_train_options options = test_small_options(&w->diary);
    options.shuffle = false;
    options.optimizer.kind = TP_OPTIMIZER_MOMENTUM;
    options.optimizer.learning_rate = 0.01f;
    w->clouds.x[40 * CLOUD_IN + 2] = bad;
    tp_trainer *trainer = test_make_trainer(w, &options);
    w->diary.stop_at_step = 2;
    cr_assert_eq(tp_trainer_run(trainer), TP_ERR_STOPPED);
    test_get_parameters(w->model, before);
    cr_assert_eq(tp_trainer_run(trainer), TP_ERR_NONFINITE);
    test_get_parameters(w->model, after);
    cr_assert(tp_test_same_bits(before, after, CLOUD_PARAMETERS, "parameters"));
    cr_assert_eq(w->diary.steps, 2);
    cr_assert_not_null(strstr(tp_test_message(w->context), "step 3"), "%s", tp_test_message(w->context));
    cr_assert_not_null(strstr(tp_test_message(w->context), where), "%s", tp_test_message(w->context));
    tp_trainer_destroy(trainer);
}

/* Weights of 1, then of scale: an input of 1e38 stays finite in the first layer unless it is scaled there. */
static void set_scales(struct test_world *w, float first, float second) {
    float parameters[CLOUD_PARAMETERS] = {0};
    for (size_t i = 0; i < CLOUD_IN * CLOUD_HIDDEN; i++)
        parameters[i] = first * (i % 2 ? 1.0f : 0.5f);
    for (size_t i = 0; i < CLOUD_HIDDEN * CLOUD_CLASSES; i++)
        parameters[CLOUD_IN * CLOUD_HIDDEN + CLOUD_HIDDEN + i] = second * (i % 2 ? 1.0f : 0.5f);
    cr_assert_eq(tp_model_set_parameters(w->model, parameters, CLOUD_PARAMETERS), TP_OK);
}

static void check_overflow(float first, float second, const char *where) {
    for (int i = 0; i < tp_test_isa_count(); i++) {
        static struct test_world w;
        test_open_world(&w, tp_test_isa(i));
        set_scales(&w, first, second);
        check_nonfinite(&w, 1e38f, where);
        test_close_world(&w);
    }
}

/* The only update overflows; no later loss could tell. */
Test(train_stops, parameters_that_overflow_in_the_last_step_are_named) {
    static struct test_world w;
    test_open_world(&w, NULL);
    tp_train_options options = test_small_options(&w.diary);
    options.batch = CLOUD_SAMPLES;
    options.epochs = 1;
    options.optimizer.kind = TP_OPTIMIZER_SGD;
    options.optimizer.learning_rate = 3e38f;
    tp_trainer *trainer = test_make_trainer(&w, &options);
    for (size_t i = 0; i < CLOUD_SAMPLES * CLOUD_IN; i++)
        w.clouds.x[i] *= 1000;
    cr_assert_eq(tp_trainer_run(trainer), TP_ERR_NONFINITE);
    cr_assert_not_null(strstr(tp_test_message(w.context), "parameters of layer 0"), "%s", tp_test_message(w.context));
    tp_trainer_destroy(trainer);
    test_close_world(&w);
}

Test(train_stops, overflow_in_the_first_layer_is_named) {
    check_overflow(8, 0.125f, "layer 0");
}

Test(train_stops, overflow_in_the_last_layer_is_named) {
    check_overflow(1, 8, "layer 1");
}

Test(train_stops, samples_that_are_not_finite_are_named) {
    static const struct {
        float bad;
        const char *where;
    } cases[] = {{NAN, "step 3: sample 40, feature 2: nan is not finite"},
                 {-NAN, "step 3: sample 40, feature 2: nan is not finite"},
                 {INFINITY, "step 3: sample 40, feature 2: inf is not finite"},
                 {-INFINITY, "step 3: sample 40, feature 2: -inf is not finite"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        static struct test_world w;
        test_open_world(&w, NULL);
        check_nonfinite(&w, cases[i].bad, cases[i].where);
        test_close_world(&w);
    }
}

/* A set of rows out of larger arrays, column by column, in a shuffled order, of which some are held out. */
enum { ROWS = 30, ALL_ROWS = 50, BAD_ROW = 31, WIDTH = 3 };

struct columns {
    double inputs[WIDTH * ALL_ROWS], targets[WIDTH * ALL_ROWS];
    uint32_t rows[ROWS];
    tp_data data;
};

static void make_columns(struct columns *c) {
    for (size_t i = 0; i < WIDTH * ALL_ROWS; i++)
        c->inputs[i] = c->targets[i] = 0.01 * (double)i;
    for (uint32_t i = 0; i < ROWS; i++)
        c->rows[i] = 2 + (i * 7) % ROWS;
    c->data = (tp_data){.struct_size = sizeof c->data,
                        .samples = ROWS,
                        .features = WIDTH,
                        .doubles = c->inputs,
                        .double_values = c->targets,
                        .outputs = WIDTH,
                        .value_stride = ALL_ROWS,
                        .sample_stride = 1,
                        .target_stride = ALL_ROWS,
                        .target_sample_stride = 1,
                        .rows = c->rows};
}

static void expect_message(const struct columns *c, const char *expected) {
    static const tp_layer layer = {WIDTH, TP_ACTIVATION_IDENTITY, 0, 0};
    tp_context *context = tp_test_context(NULL, 1);
    tp_model_options model_options;
    tp_train_options options;
    tp_model_options_default(&model_options);
    tp_train_options_default(&options);
    model_options.inputs = WIDTH, model_options.layer_count = 1, model_options.layers = &layer;
    model_options.loss = TP_LOSS_MSE;
    options.batch = 4;
    options.epochs = 1;
    tp_model *model = NULL;
    tp_trainer *trainer = NULL;
    cr_assert_eq(tp_model_create(context, &model_options, &model), TP_OK);
    cr_assert_eq(tp_trainer_create(model, &c->data, &options, NULL, 0, &trainer), TP_OK);
    cr_assert_eq(tp_trainer_run(trainer), TP_ERR_NONFINITE);
    cr_expect(strstr(tp_test_message(context), expected), "%s", tp_test_message(context));
    tp_trainer_destroy(trainer), tp_model_destroy(model), tp_context_destroy(context);
}

Test(train_stops, values_are_named_where_the_program_has_them) {
    static struct columns c;
    make_columns(&c);
    c.inputs[2 * ALL_ROWS + BAD_ROW] = NAN;
    expect_message(&c, "sample 31, feature 2: nan is not finite");
    make_columns(&c);
    c.inputs[BAD_ROW] = 1e300;
    expect_message(&c, "sample 31, feature 0: 1e+300, scaled to a float, is infinite");
    make_columns(&c);
    c.targets[1 * ALL_ROWS + BAD_ROW] = -INFINITY;
    expect_message(&c, "sample 31, target 1: -inf is not finite");
}
