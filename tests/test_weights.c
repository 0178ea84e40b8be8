/* SPDX-License-Identifier: BSD-3-Clause */
/* Weights of samples and classes: what they mean for loss, gradients, training and evaluation, and what is refused. */
#include "support/nets.h"
#include "support/support.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SAMPLES = 37, IN = 4, HIDDEN = 7, CLASSES = 3, BATCH = 8 };
enum { PARAMETERS = IN * HIDDEN + HIDDEN + HIDDEN * CLASSES + CLASSES };

/* A small network with data, on one instruction set; what a pass over all samples gives. */
struct world {
    tp_context *context;
    tp_model *model;
    tp_workspace *workspace;
    float x[SAMPLES * IN], weights[SAMPLES], class_weights[CLASSES];
    int32_t classes[SAMPLES];
    tp_data data;
};

struct result {
    tp_score score;
    float gradients[PARAMETERS], dx[SAMPLES * IN];
};

static void open_world(struct world *w, struct test_head head, const char *isa) {
    const struct ref_net net = test_net(1, (const size_t[]){IN, HIDDEN, CLASSES}, TP_ACTIVATION_TANH, head);
    *w = (struct world){.context = tp_test_context(isa, 2)};
    w->model = test_model(w->context, &net, NULL);
    cr_assert_eq(tp_workspace_create(w->model, TEST_WORKSPACE(SAMPLES, TP_MODE_TRAINING), NULL, 0, &w->workspace),
                 TP_OK);
    tp_test_fill(w->x, SAMPLES * IN, 1, -1, 1);
    tp_test_fill(w->weights, SAMPLES, 2, 0, 3);
    tp_test_fill(w->class_weights, CLASSES, 3, 0, 3);
    tp_test_fill_classes(w->classes, SAMPLES, 4, CLASSES);
    w->data = (tp_data){.samples = SAMPLES, .features = IN, .floats = w->x, .classes = w->classes, .outputs = CLASSES};
}

static void close_world(struct world *w) {
    tp_workspace_destroy(w->workspace);
    tp_model_destroy(w->model);
    tp_context_destroy(w->context);
}

/* The first samples of the data; tp_loss_value and tp_backward agree. */
static void pass(const struct world *w, size_t samples, const float *weights, const float *class_weights,
                 struct result *result) {
    const tp_targets targets = {.classes = w->classes, .weights = weights, .class_weights = class_weights};
    tp_score score;
    memset(result, 0, sizeof *result);
    cr_assert_eq(tp_forward(w->model, w->workspace, samples, w->x, IN, NULL, 0), TP_OK);
    cr_assert_eq(tp_loss_value(w->model, w->workspace, &targets, &score), TP_OK, "%s", tp_test_message(w->context));
    cr_assert_eq(tp_backward(w->model, w->workspace, &targets, result->gradients, result->dx, IN, &result->score),
                 TP_OK);
    cr_assert(memcmp(&score.loss, &result->score.loss, sizeof(double)) == 0 && score.weight == result->score.weight);
}

static void check_same(const struct result *expected, const struct result *actual, const char *what) {
    cr_assert(tp_test_same_bits(expected->gradients, actual->gradients, PARAMETERS, "%s: gradients", what));
    cr_assert(tp_test_same_bits(expected->dx, actual->dx, SAMPLES * IN, "%s: dx", what));
    cr_assert_eq(memcmp(&expected->score.loss, &actual->score.loss, sizeof(double)), 0, "%s: loss", what);
    cr_assert_eq(expected->score.correct, actual->score.correct);
}

/* ------------------------------------------------------------------------------------------------ loss and gradients
 */

static void fill(float *weights, size_t n, float value) {
    for (size_t i = 0; i < n; i++)
        weights[i] = value;
}

Test(weights, of_1_or_4_give_the_bits_of_none) {
    for (size_t head = 0; head < TEST_HEADS; head++) {
        static struct world w;
        static struct result expected, actual;
        open_world(&w, test_heads[head], NULL);
        pass(&w, SAMPLES, NULL, NULL, &expected);
        cr_assert_eq(expected.score.weight, SAMPLES);
        fill(w.weights, SAMPLES, 1);
        fill(w.class_weights, CLASSES, 1);
        pass(&w, SAMPLES, w.weights, w.class_weights, &actual);
        check_same(&expected, &actual, "1");
        fill(w.weights, SAMPLES, 4);
        pass(&w, SAMPLES, w.weights, w.class_weights, &actual);
        check_same(&expected, &actual, "4");
        cr_assert_eq(actual.score.weight, 4 * SAMPLES);
        close_world(&w);
    }
}

Test(weights, of_classes_are_those_of_their_samples) {
    for (int isa = 0; isa < tp_test_isa_count(); isa++) {
        static struct world w;
        static struct result expected, actual;
        float weights[SAMPLES];
        open_world(&w, test_heads[7], tp_test_isa(isa));
        for (size_t i = 0; i < SAMPLES; i++)
            weights[i] = w.class_weights[w.classes[i]];
        pass(&w, SAMPLES, weights, NULL, &expected);
        pass(&w, SAMPLES, NULL, w.class_weights, &actual);
        check_same(&expected, &actual, "class weights");
        for (size_t i = 0; i < SAMPLES; i++) /* exact products */
            w.weights[i] = (float)(1 + i % 3), weights[i] *= 0x1p-2f * (float)(1 + i % 3);
        for (size_t j = 0; j < CLASSES; j++)
            w.class_weights[j] = roundf(4 * w.class_weights[j]);
        for (size_t i = 0; i < SAMPLES; i++)
            weights[i] = w.weights[i] * w.class_weights[w.classes[i]];
        pass(&w, SAMPLES, weights, NULL, &expected);
        pass(&w, SAMPLES, w.weights, w.class_weights, &actual);
        check_same(&expected, &actual, "products");
        close_world(&w);
    }
}

/* sum w L / sum w, from the losses of samples alone. */
Test(weights, loss_is_a_weighted_mean) {
    static struct world w;
    static struct result one, all;
    open_world(&w, test_heads[7], NULL);
    double sum = 0, weight = 0;
    pass(&w, SAMPLES, w.weights, NULL, &all);
    for (size_t i = 0; i < SAMPLES; i++) {
        struct world single = w;
        memcpy(single.x, w.x + i * IN, IN * sizeof(float));
        single.classes[0] = w.classes[i];
        pass(&single, 1, NULL, NULL, &one);
        sum += (double)w.weights[i] * one.score.loss;
        weight += (double)w.weights[i];
    }
    cr_assert_float_eq(all.score.loss, sum / weight, 1e-12);
    cr_assert_eq(all.score.weight, weight);
    close_world(&w);
}

/* Its terms are zeros at the end of every chain. */
Test(weights, of_0_leave_a_sample_out) {
    for (size_t head = 0; head < TEST_HEADS; head++) {
        static struct world w;
        static struct result expected, actual;
        open_world(&w, test_heads[head], NULL);
        pass(&w, SAMPLES - 1, w.weights, NULL, &expected);
        w.weights[SAMPLES - 1] = 0;
        pass(&w, SAMPLES, w.weights, NULL, &actual);
        actual.score.correct = expected.score.correct; /* counts it */
        check_same(&expected, &actual, "without");
        close_world(&w);
    }
}

/* Also the largest and smallest weights neither overflow nor vanish: only their proportions matter. */
Test(weights, of_any_size) {
    static const float sizes[] = {3e38f, 1e-45f};
    for (size_t s = 0; s < 2; s++) {
        static struct world w;
        static struct result expected, actual;
        open_world(&w, test_heads[7], NULL);
        pass(&w, SAMPLES, NULL, NULL, &expected);
        fill(w.weights, SAMPLES, sizes[s]);
        fill(w.class_weights, CLASSES, sizes[s]);
        pass(&w, SAMPLES, w.weights, w.class_weights, &actual);
        cr_assert_float_eq(actual.score.loss, expected.score.loss, 1e-12);
        cr_assert(tp_test_same_bits(expected.gradients, actual.gradients, PARAMETERS, "size %g", (double)sizes[s]));
        close_world(&w);
    }
}

Test(weights, that_sum_to_0_give_no_loss_and_no_gradient) {
    for (size_t head = 0; head < TEST_HEADS; head++) {
        static struct world w;
        static struct result actual;
        static const struct result nothing;
        open_world(&w, test_heads[head], NULL);
        fill(w.weights, SAMPLES, 0);
        pass(&w, SAMPLES, w.weights, w.class_weights, &actual);
        cr_assert(actual.score.loss == 0 && actual.score.weight == 0 && actual.score.samples == SAMPLES);
        for (size_t i = 0; i < PARAMETERS; i++)
            cr_assert_eq(actual.gradients[i], nothing.gradients[i]);
        for (size_t i = 0; i < SAMPLES * IN; i++)
            cr_assert_eq(actual.dx[i], 0);
        close_world(&w);
    }
}

Test(weights, of_0_do_not_hide_a_loss_that_is_not_finite) {
    static struct world w;
    static struct result actual;
    open_world(&w, test_heads[7], NULL);
    w.x[0] = NAN;
    w.weights[0] = 0;
    pass(&w, SAMPLES, w.weights, NULL, &actual);
    cr_assert(isnan(actual.score.loss));
    fill(w.weights, SAMPLES, 0);
    pass(&w, SAMPLES, w.weights, NULL, &actual);
    cr_assert(isnan(actual.score.loss));
    close_world(&w);
}

/* -------------------------------------------------------------------------------------------------------- evaluation
 */

static tp_score evaluate(const struct world *w, size_t batch, const tp_data *data) {
    tp_workspace *workspace = NULL;
    tp_score score;
    cr_assert_eq(tp_workspace_create(w->model, TEST_WORKSPACE(batch, TP_MODE_INFERENCE), NULL, 0, &workspace), TP_OK);
    cr_assert_eq(tp_evaluate(w->model, workspace, data, &score, NULL), TP_OK);
    tp_workspace_destroy(workspace);
    return score;
}

/* In one batch and in several, of which one has no weight. */
Test(weights, evaluation_divides_by_the_sum_of_all) {
    static struct world w;
    static struct result expected;
    open_world(&w, test_heads[7], NULL);
    fill(w.weights + BATCH, BATCH, 0);
    pass(&w, SAMPLES, w.weights, NULL, &expected);
    w.data.weights = w.weights;
    const tp_score whole = evaluate(&w, SAMPLES, &w.data), parts = evaluate(&w, BATCH, &w.data);
    cr_assert_float_eq(whole.loss, expected.score.loss, 1e-12);
    cr_assert_float_eq(parts.loss, expected.score.loss, 1e-12);
    cr_assert_float_eq(parts.weight, expected.score.weight, 1e-12);
    cr_assert(parts.samples == SAMPLES && parts.correct == expected.score.correct);
    w.data.weights = NULL;
    cr_assert_neq(evaluate(&w, BATCH, &w.data).loss, parts.loss);
    fill(w.weights, SAMPLES, 0);
    w.data.weights = w.weights;
    cr_assert_eq(evaluate(&w, BATCH, &w.data).loss, 0);
    close_world(&w);
}

/* ---------------------------------------------------------------------------------------------------------- training
 */

enum { EPOCHS = 3, STEPS = (SAMPLES + BATCH - 1) / BATCH };

struct diary {
    size_t steps, epochs;
    double loss[EPOCHS * STEPS];
    tp_epoch epoch[EPOCHS];
};

static int note_step(void *user, const tp_step *step) {
    struct diary *diary = user;
    diary->loss[diary->steps++] = step->loss;
    return 0;
}

static int note_epoch(void *user, const tp_epoch *epoch) {
    struct diary *diary = user;
    diary->epoch[diary->epochs++] = *epoch;
    return 0;
}

static tp_train_options train_options(struct diary *diary) {
    tp_train_options options;
    tp_train_options_default(&options);
    *diary = (struct diary){0};
    options.batch = BATCH;
    options.epochs = EPOCHS;
    options.shuffle = false;
    options.optimizer.schedule = TP_SCHEDULE_CONSTANT;
    options.on_step = note_step;
    options.on_epoch = note_epoch;
    options.user = diary;
    return options;
}

static void train(const struct world *w, const tp_train_options *options, float *parameters) {
    tp_trainer *trainer = NULL;
    cr_assert_eq(tp_trainer_create(w->model, &w->data, options, NULL, 0, &trainer), TP_OK, "%s",
                 tp_test_message(w->context));
    cr_assert_eq(tp_trainer_run(trainer), TP_OK);
    cr_assert_eq(tp_model_get_parameters(w->model, parameters, PARAMETERS), TP_OK);
    tp_trainer_destroy(trainer);
}

/* The same steps with tp_forward, tp_backward and tp_optimizer_step; sums of the first epoch into *mean. */
static void train_by_hand(const struct world *w, const tp_train_options *options, float *parameters, double *mean) {
    static float gradients[PARAMETERS];
    tp_optimizer *optimizer = NULL;
    double loss = 0, weight = 0;
    cr_assert_eq(tp_optimizer_create(w->model, &options->optimizer, NULL, 0, &optimizer), TP_OK);
    for (size_t step = 0; step < EPOCHS * STEPS; step++) {
        const size_t first = step % STEPS * BATCH, count = SAMPLES - first < BATCH ? SAMPLES - first : BATCH;
        const tp_targets targets = {
            .classes = w->classes + first, .weights = w->weights + first, .class_weights = w->class_weights};
        tp_score score;
        cr_assert_eq(tp_forward(w->model, w->workspace, count, w->x + first * IN, IN, NULL, 0), TP_OK);
        cr_assert_eq(tp_backward(w->model, w->workspace, &targets, gradients, NULL, 0, &score), TP_OK);
        cr_assert_eq(tp_optimizer_step(optimizer, w->model, gradients), TP_OK);
        loss += step < STEPS ? score.loss * score.weight : 0;
        weight += step < STEPS ? score.weight : 0;
    }
    *mean = loss / weight;
    cr_assert_eq(tp_model_get_parameters(w->model, parameters, PARAMETERS), TP_OK);
    tp_optimizer_destroy(optimizer);
}

/* With a whole batch of weight 0, and a last one that is smaller. */
Test(weights, training_equals_the_loop_by_hand_bit_for_bit) {
    for (int isa = 0; isa < tp_test_isa_count(); isa++) {
        static struct world w, by_hand;
        static struct diary diary;
        float expected[PARAMETERS], actual[PARAMETERS];
        double mean;
        open_world(&w, test_heads[7], tp_test_isa(isa));
        open_world(&by_hand, test_heads[7], tp_test_isa(isa));
        tp_train_options options = train_options(&diary);
        train_by_hand(&by_hand, &options, expected, &mean);
        w.data.weights = w.weights;
        options.class_weights = w.class_weights;
        train(&w, &options, actual);
        cr_assert(tp_test_same_bits(expected, actual, PARAMETERS, "%s", tp_test_isa(isa)));
        cr_assert_float_eq(diary.epoch[0].train.loss, mean, 1e-12);
        cr_assert_eq(diary.epoch[0].train.samples, SAMPLES);
        close_world(&w);
        close_world(&by_hand);
    }
}

Test(weights, a_batch_without_weight_is_a_step_without_gradient) {
    static struct world w;
    static struct diary diary;
    float before[PARAMETERS], after[PARAMETERS];
    open_world(&w, test_heads[7], NULL);
    tp_train_options options = train_options(&diary);
    options.optimizer.kind = TP_OPTIMIZER_SGD;
    fill(w.weights, SAMPLES, 0);
    w.data.weights = w.weights;
    cr_assert_eq(tp_model_get_parameters(w.model, before, PARAMETERS), TP_OK);
    train(&w, &options, after);
    cr_assert(tp_test_same_bits(before, after, PARAMETERS, "parameters"));
    cr_assert(diary.steps == EPOCHS * STEPS && diary.loss[0] == 0 && diary.epoch[0].train.loss == 0);
    close_world(&w);
}

/* Those held out keep their own weights; weights of classes are for training. */
Test(weights, validation_uses_those_of_samples_only) {
    static struct world w;
    static struct diary diary;
    float parameters[PARAMETERS];
    open_world(&w, test_heads[7], NULL);
    tp_train_options options = train_options(&diary);
    options.validation_fraction = 0.25;
    options.class_weights = w.class_weights;
    w.data.weights = w.weights;
    train(&w, &options, parameters);
    const size_t held_out = SAMPLES / 4, first = SAMPLES - held_out;
    tp_data rest = w.data;
    rest.samples = held_out, rest.floats += first * IN, rest.classes += first, rest.weights += first;
    const tp_score expected = evaluate(&w, BATCH, &rest);
    cr_assert_eq(diary.epoch[EPOCHS - 1].validation.samples, held_out);
    cr_assert_float_eq(diary.epoch[EPOCHS - 1].validation.loss, expected.loss, 1e-12);
    rest.weights = NULL;
    cr_assert(fabs(evaluate(&w, BATCH, &rest).loss - expected.loss) > 1e-6);
    close_world(&w);
}

/* The sample cannot be left out of the gradients, so the loss must tell before the parameters are touched. */
Test(weights, of_0_do_not_hide_samples_that_are_not_finite) {
    static struct world w;
    static struct diary diary;
    float before[PARAMETERS], after[PARAMETERS];
    open_world(&w, test_heads[7], NULL);
    const tp_train_options options = train_options(&diary);
    tp_trainer *trainer = NULL;
    w.x[1] = NAN;
    fill(w.weights, BATCH, 0);
    w.data.weights = w.weights;
    cr_assert_eq(tp_model_get_parameters(w.model, before, PARAMETERS), TP_OK);
    cr_assert_eq(tp_trainer_create(w.model, &w.data, &options, NULL, 0, &trainer), TP_OK);
    cr_assert_eq(tp_trainer_run(trainer), TP_ERR_NONFINITE);
    cr_assert_not_null(strstr(tp_test_message(w.context), "sample 0, feature 1: nan is not finite"));
    cr_assert_eq(tp_model_get_parameters(w.model, after, PARAMETERS), TP_OK);
    cr_assert(tp_test_same_bits(before, after, PARAMETERS, "parameters"));
    tp_trainer_destroy(trainer);
    close_world(&w);
}

/* ----------------------------------------------------------------------------------------------------------- refusals
 */

static void expect_refusal(const struct world *w, tp_status status, const char *fragment) {
    cr_assert_eq(status, TP_ERR_ARGUMENT, "%s: status %d", fragment, (int)status);
    cr_assert_not_null(strstr(tp_test_message(w->context), fragment), "\"%s\" does not contain \"%s\"",
                       tp_test_message(w->context), fragment);
}

static void refuse_targets(const struct world *w, const tp_targets *targets, const char *fragment) {
    static float gradients[PARAMETERS];
    tp_score score = {.loss = 7};
    gradients[0] = 8;
    cr_assert_eq(tp_forward(w->model, w->workspace, BATCH, w->x, IN, NULL, 0), TP_OK);
    expect_refusal(w, tp_loss_value(w->model, w->workspace, targets, &score), fragment);
    expect_refusal(w, tp_backward(w->model, w->workspace, targets, gradients, NULL, 0, &score), fragment);
    cr_assert(score.loss == 7 && gradients[0] == 8);
}

static void refuse_training(const struct world *w, const tp_data *data, const float *class_weights,
                            const tp_data *validation, const char *fragment) {
    static struct diary diary;
    tp_train_options options = train_options(&diary);
    tp_trainer *trainer = NULL;
    options.class_weights = class_weights;
    options.validation = validation;
    expect_refusal(w, tp_trainer_create(w->model, data, &options, NULL, 0, &trainer), fragment);
    cr_assert(!trainer && !tp_trainer_size(w->model, data, &options));
}

static const float forbidden[] = {-1, -1e-45f, NAN, INFINITY, -INFINITY};

Test(weights, of_samples_are_checked) {
    static struct world w;
    open_world(&w, test_heads[7], NULL);
    for (size_t i = 0; i < sizeof forbidden / sizeof *forbidden; i++) {
        float weights[SAMPLES];
        memcpy(weights, w.weights, sizeof weights);
        weights[BATCH - 1] = forbidden[i];
        const tp_targets targets = {.classes = w.classes, .weights = weights};
        tp_data bad = w.data;
        tp_score score = {.loss = 7};
        bad.weights = weights;
        refuse_targets(&w, &targets, "targets: weights[7] is ");
        refuse_training(&w, &bad, NULL, NULL, "data: weights[7] is ");
        refuse_training(&w, &w.data, NULL, &bad, "validation: weights[7] is ");
        expect_refusal(&w, tp_evaluate(w.model, w.workspace, &bad, &score, NULL), "data: weights[7] is ");
        cr_assert_eq(score.loss, 7);
    }
    close_world(&w);
}

Test(weights, of_classes_are_checked) {
    static struct world w;
    static float values[SAMPLES * CLASSES];
    open_world(&w, test_heads[7], NULL);
    for (size_t i = 0; i < sizeof forbidden / sizeof *forbidden; i++) {
        float class_weights[CLASSES] = {1, 1, forbidden[i]};
        const tp_targets targets = {.classes = w.classes, .class_weights = class_weights};
        refuse_targets(&w, &targets, "targets: class_weights[2] is ");
        refuse_training(&w, &w.data, class_weights, NULL, "options: class_weights[2] is ");
    }
    const tp_targets targets = {.values = values, .ld = CLASSES, .class_weights = w.class_weights};
    tp_data by_value = w.data;
    by_value.classes = NULL, by_value.values = values;
    refuse_targets(&w, &targets, "class_weights needs targets by class");
    refuse_training(&w, &by_value, w.class_weights, NULL, "class_weights needs targets by class");
    close_world(&w);
}

/* The classes of a single output are 0 and 1, and so have two weights. */
Test(weights, of_the_classes_of_a_single_output) {
    const struct ref_net net = test_net(0, (const size_t[]){IN, 1}, TP_ACTIVATION_IDENTITY, test_heads[6]);
    tp_context *context = tp_test_context(NULL, 1);
    tp_model *model = test_model(context, &net, NULL);
    tp_workspace *workspace = NULL;
    float x[2 * IN];
    tp_score score;
    tp_test_fill(x, 2 * IN, 1, -1, 1);
    const float class_weights[] = {2, 0.5f}, bad[] = {2, -1};
    tp_targets targets = {.classes = (const int32_t[]){1, 0}, .class_weights = class_weights};
    cr_assert_eq(tp_workspace_create(model, TEST_WORKSPACE(2, TP_MODE_TRAINING), NULL, 0, &workspace), TP_OK);
    cr_assert_eq(tp_forward(model, workspace, 2, x, IN, NULL, 0), TP_OK);
    cr_assert_eq(tp_loss_value(model, workspace, &targets, &score), TP_OK);
    cr_assert_eq(score.weight, 2.5);
    targets.class_weights = bad;
    cr_assert_eq(tp_loss_value(model, workspace, &targets, &score), TP_ERR_ARGUMENT);
    tp_workspace_destroy(workspace);
    tp_model_destroy(model);
    tp_context_destroy(context);
}
