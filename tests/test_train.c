/* SPDX-License-Identifier: BSD-3-Clause */
/* The trainer: learning, order, reports, data, options. */
#include "core/random.h"
#include "support/bound.h"
#include "support/clouds.h"
#include "support/support.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

/* --------------------------------------------------------------------------------------------------------- learning */

Test(train, learns_what_is_separable) {
    for (int i = 0; i < tp_test_isa_count(); i++) {
        static struct test_world w;
        test_open_world(&w, tp_test_isa(i));
        tp_train_options options = test_small_options(&w.diary);
        options.epochs = 40;
        cr_assert_eq(test_train(&w, &options), TP_OK);
        const tp_score first = w.diary.epoch[0].train, last = w.diary.epoch[39].train;
        cr_assert_eq(w.diary.epochs, 40);
        cr_assert_lt(last.loss, 0.1 * first.loss, "%s: loss from %g to %g", tp_test_isa(i), first.loss, last.loss);
        cr_assert_eq(last.correct, CLOUD_SAMPLES, "%s: %zu right", tp_test_isa(i), last.correct);
        test_close_world(&w);
    }
}

Test(train, every_epoch_improves_on_a_convex_loss) {
    static struct test_world w;
    test_open_world(&w, NULL);
    tp_model_destroy(w.model);
    const struct ref_net net =
        test_net(0, (const size_t[]){CLOUD_IN, CLOUD_CLASSES}, TP_ACTIVATION_IDENTITY, test_heads[7]);
    w.model = test_model(w.context, &net, NULL);
    tp_train_options options = test_small_options(&w.diary);
    options.epochs = 20;
    options.batch = CLOUD_SAMPLES;
    options.optimizer.kind = TP_OPTIMIZER_SGD;
    options.optimizer.learning_rate = 0.1f;
    cr_assert_eq(test_train(&w, &options), TP_OK);
    for (size_t e = 1; e < 20; e++)
        cr_assert_lt(w.diary.epoch[e].train.loss, w.diary.epoch[e - 1].train.loss, "epoch %zu", e + 1);
    test_close_world(&w);
}

/* ------------------------------------------------------------------------------------------------ order and batches */

/* The same steps by hand: consecutive batches, the last one smaller. */
static void train_by_hand(struct test_world *w, const tp_train_options *options) {
    tp_workspace *workspace = NULL;
    tp_optimizer *optimizer = NULL;
    tp_optimizer_options rule = options->optimizer;
    rule.total_steps = options->epochs * ((CLOUD_SAMPLES + options->batch - 1) / options->batch);
    cr_assert_eq(tp_workspace_create(w->model, TEST_WORKSPACE(options->batch, TP_MODE_TRAINING), NULL, 0, &workspace),
                 TP_OK);
    cr_assert_eq(tp_optimizer_create(w->model, &rule, NULL, 0, &optimizer), TP_OK);
    float gradients[CLOUD_PARAMETERS];
    for (size_t epoch = 0; epoch < options->epochs; epoch++) {
        for (size_t i = 0; i < CLOUD_SAMPLES; i += options->batch) {
            const size_t batch = CLOUD_SAMPLES - i < options->batch ? CLOUD_SAMPLES - i : options->batch;
            const tp_targets targets = {.classes = w->clouds.classes + i};
            const float *x = w->clouds.x + i * CLOUD_IN;
            cr_assert_eq(tp_forward(w->model, workspace, batch, x, CLOUD_IN, NULL, 0), TP_OK);
            cr_assert_eq(tp_backward(w->model, workspace, &targets, gradients, NULL, 0, NULL), TP_OK);
            cr_assert_eq(tp_optimizer_step(optimizer, w->model, gradients), TP_OK);
        }
    }
    tp_optimizer_destroy(optimizer);
    tp_workspace_destroy(workspace);
}

Test(train, equals_the_loop_by_hand_bit_for_bit) {
    for (int i = 0; i < tp_test_isa_count(); i++) {
        static struct test_world w, by_hand;
        float trained[CLOUD_PARAMETERS], expected[CLOUD_PARAMETERS];
        test_open_world(&w, tp_test_isa(i));
        test_open_world(&by_hand, tp_test_isa(i));
        tp_train_options options = test_small_options(&w.diary);
        options.shuffle = false;
        options.optimizer.clip_norm = 0.5f;
        options.optimizer.weight_decay = 0.01f;
        cr_assert_eq(test_train(&w, &options), TP_OK);
        train_by_hand(&by_hand, &options);
        test_get_parameters(w.model, trained);
        test_get_parameters(by_hand.model, expected);
        cr_assert(tp_test_same_bits(expected, trained, CLOUD_PARAMETERS, "%s", tp_test_isa(i)));
        test_close_world(&w);
        test_close_world(&by_hand);
    }
}

Test(train, seeds_decide_the_order) {
    static struct test_diary diary;
    float one[CLOUD_PARAMETERS], again[CLOUD_PARAMETERS], two[CLOUD_PARAMETERS], unshuffled[CLOUD_PARAMETERS];
    tp_train_options options = test_small_options(&diary);
    test_train_fresh(options, one);
    test_train_fresh(options, again);
    options.seed = 2;
    test_train_fresh(options, two);
    options.shuffle = false;
    test_train_fresh(options, unshuffled);
    cr_assert(tp_test_same_bits(one, again, CLOUD_PARAMETERS, "equal seeds"));
    cr_assert_not(test_equal_parameters(one, two));
    cr_assert_not(test_equal_parameters(two, unshuffled));
    options.seed = 3;
    test_train_fresh(options, two);
    cr_assert(tp_test_same_bits(unshuffled, two, CLOUD_PARAMETERS, "unshuffled, another seed"));
}

/* With a rate that changes nothing the loss of an epoch is that of the data only if no sample is missed or repeated.
 * The losses of the samples are the same floats; their sums in double differ by the order. */
Test(train, every_epoch_takes_every_sample_once) {
    static struct test_world w;
    test_open_world(&w, NULL);
    tp_train_options options = test_small_options(&w.diary);
    options.optimizer.kind = TP_OPTIMIZER_SGD;
    options.optimizer.learning_rate = 1e-30f;
    cr_assert_eq(test_train(&w, &options), TP_OK);
    const double expected = test_loss_of(&w, &w.clouds.data);
    for (size_t e = 0; e < options.epochs; e++) {
        cr_assert_float_eq(w.diary.epoch[e].train.loss, expected, 1e-12);
        cr_assert_eq(w.diary.epoch[e].train.samples, CLOUD_SAMPLES);
    }
    cr_assert_neq(w.diary.step[0].loss, w.diary.step[6].loss, "two epochs began with the same batch");
    test_close_world(&w);
}

Test(train, a_batch_may_be_larger_than_the_data) {
    static struct test_world w;
    test_open_world(&w, NULL);
    tp_train_options options = test_small_options(&w.diary);
    options.batch = 10 * CLOUD_SAMPLES;
    cr_assert_eq(test_train(&w, &options), TP_OK);
    cr_assert_eq(w.diary.steps, options.epochs);
    cr_assert_eq(w.diary.step[0].steps_per_epoch, 1);
    test_close_world(&w);
}

/* ---------------------------------------------------------------------------------------------------------- reports */

Test(train, reports_count_steps_and_epochs) {
    static struct test_world w;
    test_open_world(&w, NULL);
    const tp_train_options options = test_small_options(&w.diary);
    cr_assert_eq(test_train(&w, &options), TP_OK);
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
        cr_assert(epoch->train.samples == CLOUD_SAMPLES && epoch->validation.samples == 0);
        cr_assert(epoch->seconds > 0 && epoch->samples_per_second > 0);
    }
    test_close_world(&w);
}

/* The mean over samples of the batches' losses. */
Test(train, the_loss_of_an_epoch_weighs_its_batches) {
    static struct test_world w;
    test_open_world(&w, NULL);
    const tp_train_options options = test_small_options(&w.diary);
    cr_assert_eq(test_train(&w, &options), TP_OK);
    for (size_t e = 0; e < 4; e++) {
        double sum = 0;
        for (size_t s = 0; s < 6; s++)
            sum += w.diary.step[6 * e + s].loss * (s < 5 ? 16 : 10);
        cr_assert_float_eq(w.diary.epoch[e].train.loss, sum / CLOUD_SAMPLES, 1e-12);
    }
    test_close_world(&w);
}

/* The cosine schedule gets its length from the trainer: step 24 of 24 has p = 23/24. */
Test(train, the_schedule_spans_the_run) {
    static struct test_world w;
    test_open_world(&w, NULL);
    const tp_train_options options = test_small_options(&w.diary);
    cr_assert_eq(test_train(&w, &options), TP_OK);
    const double rate = (double)options.optimizer.learning_rate;
    for (size_t e = 0; e < 4; e++) {
        const double p = (6 * (double)e + 5) / 24;
        cr_assert_float_eq(w.diary.epoch[e].learning_rate, rate * (1 + cos(acos(-1) * p)) / 2, 4 * TEST_U * rate);
    }
    test_close_world(&w);
}

/* ------------------------------------------------------------------------------------------------------------- data */

Test(train, bytes_train_like_the_same_floats) {
    static struct test_world w, bytes;
    float expected[CLOUD_PARAMETERS], actual[CLOUD_PARAMETERS];
    test_open_world(&w, NULL);
    test_open_world(&bytes, NULL);
    for (size_t i = 0; i < CLOUD_SAMPLES * CLOUD_IN; i++)
        w.clouds.x[i] = (float)w.clouds.bytes[i];
    bytes.clouds.data.floats = NULL;
    bytes.clouds.data.bytes = bytes.clouds.bytes;
    const tp_train_options options = test_small_options(&w.diary), same = test_small_options(&bytes.diary);
    cr_assert_eq(test_train(&w, &options), TP_OK);
    cr_assert_eq(test_train(&bytes, &same), TP_OK);
    test_get_parameters(w.model, expected);
    test_get_parameters(bytes.model, actual);
    cr_assert(tp_test_same_bits(expected, actual, CLOUD_PARAMETERS, "bytes"));
    test_close_world(&w);
    test_close_world(&bytes);
}

Test(train, values_train_like_the_same_classes) {
    static struct test_world w, values;
    static float one_hot[CLOUD_SAMPLES * CLOUD_CLASSES];
    float expected[CLOUD_PARAMETERS], actual[CLOUD_PARAMETERS];
    test_open_world(&w, NULL);
    test_open_world(&values, NULL);
    memset(one_hot, 0, sizeof one_hot);
    for (size_t i = 0; i < CLOUD_SAMPLES; i++)
        one_hot[i * CLOUD_CLASSES + (size_t)w.clouds.classes[i]] = 1;
    values.clouds.data.classes = NULL;
    values.clouds.data.values = one_hot;
    const tp_train_options options = test_small_options(&w.diary), same = test_small_options(&values.diary);
    cr_assert_eq(test_train(&w, &options), TP_OK);
    cr_assert_eq(test_train(&values, &same), TP_OK);
    test_get_parameters(w.model, expected);
    test_get_parameters(values.model, actual);
    cr_assert(tp_test_same_bits(expected, actual, CLOUD_PARAMETERS, "values"));
    cr_assert_eq(w.diary.epoch[3].train.correct, values.diary.epoch[3].train.correct);
    test_close_world(&w);
    test_close_world(&values);
}

/* -------------------------------------------------------------------------------------------------- wrong arguments */

static void refuse(struct test_world *w, const tp_data *data, const tp_train_options *options, const char *name) {
    tp_trainer *trainer = NULL;
    cr_assert_eq(tp_trainer_create(w->model, data, options, NULL, 0, &trainer), TP_ERR_ARGUMENT, "%s", name);
    cr_assert_null(trainer);
    cr_assert_not_null(strstr(tp_test_message(w->context), name), "\"%s\" does not contain \"%s\"",
                       tp_test_message(w->context), name);
    cr_assert_eq(tp_trainer_size(w->model, data, options), 0, "%s", name);
}

Test(train, options_out_of_range) {
    static struct test_world w;
    test_open_world(&w, NULL);
    const tp_data *data = &w.clouds.data;
    tp_train_options options = test_small_options(&w.diary);
    options.batch = 0, refuse(&w, data, &options, "batch");
    options = test_small_options(&w.diary), options.epochs = 0, refuse(&w, data, &options, "epochs");
    const double fractions[] = {-0.1, 1, NAN, 1e-9};
    for (size_t i = 0; i < 4; i++) {
        options = test_small_options(&w.diary), options.validation_fraction = fractions[i];
        refuse(&w, data, &options, "validation_fraction");
    }
    options = test_small_options(&w.diary), options.validation_fraction = 0.5, options.validation = data;
    refuse(&w, data, &options, "validation");
    options = test_small_options(&w.diary), options.optimizer.learning_rate = 0;
    refuse(&w, data, &options, "learning_rate");
    test_close_world(&w);
}

static void refuse_data(struct test_world *w, const tp_data *data, const char *name) {
    tp_train_options options = test_small_options(&w->diary);
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
    static struct test_world w;
    test_open_world(&w, NULL);
    const tp_data good = w.clouds.data;
    int32_t classes[CLOUD_SAMPLES];
    memcpy(classes, w.clouds.classes, sizeof classes);
    classes[17] = CLOUD_CLASSES;
    tp_data bad = good;
    bad.samples = 0, refuse_data(&w, &bad, "samples");
    bad = good, bad.features = CLOUD_IN + 1, refuse_data(&w, &bad, "features");
    bad = good, bad.bytes = w.clouds.bytes, refuse_data(&w, &bad, "bytes");
    bad = good, bad.floats = NULL, refuse_data(&w, &bad, "floats");
    bad = good, bad.values = w.clouds.x, refuse_data(&w, &bad, "values");
    bad = good, bad.classes = NULL, refuse_data(&w, &bad, "classes");
    bad = good, bad.classes = classes, refuse_data(&w, &bad, "classes[17]");
    bad = good, bad.classes = NULL, bad.values = w.clouds.x, bad.outputs = CLOUD_CLASSES + 1;
    refuse_data(&w, &bad, "outputs");
    test_close_world(&w);
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
    struct test_diary diary;
    tp_train_options options = test_small_options(&diary);
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
    static struct test_world w;
    test_open_world(&w, NULL);
    for (uint64_t total_steps = 0; total_steps <= 1000; total_steps += 1000) {
        tp_train_options options = test_small_options(&w.diary);
        options.optimizer.total_steps = total_steps;
        cr_assert_eq(test_train(&w, &options), TP_OK);
        tp_optimizer_options alone = options.optimizer;
        const tp_epoch *last = &w.diary.epoch[options.epochs - 1];
        alone.total_steps = total_steps ? total_steps : last->steps;
        tp_optimizer *optimizer = NULL;
        cr_assert_eq(tp_optimizer_create(w.model, &alone, NULL, 0, &optimizer), TP_OK);
        cr_expect_eq(last->learning_rate, (double)tp_optimizer_learning_rate(optimizer, last->steps));
        tp_optimizer_destroy(optimizer);
    }
    test_close_world(&w);
}
