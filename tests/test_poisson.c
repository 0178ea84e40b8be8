/* SPDX-License-Identifier: BSD-3-Clause */
/* Counts: what training finds where the likelihood has a closed maximum, targets that are refused, right and wrong. */
#include "support/support.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

enum { SAMPLES = 12, GROUP = 5 /* samples of the first group */ };

static tp_context *context;

static void open_context(void) {
    context = tp_test_context(NULL, 1);
}

static void close_context(void) {
    tp_context_destroy(context);
}

TestSuite(poisson, .init = open_context, .fini = close_context);

static tp_model *make_model(size_t outputs) {
    const tp_layer layer = {.width = outputs, .activation = TP_ACTIVATION_EXP};
    tp_model_options options;
    tp_model *model = NULL;
    tp_model_options_default(&options);
    options.inputs = options.layer_count = 1, options.layers = &layer, options.loss = TP_LOSS_POISSON;
    cr_assert_eq(tp_model_create(context, &options, &model), TP_OK, "%s", tp_test_message(context));
    return model;
}

static tp_status evaluate(const tp_model *model, const tp_data *data, tp_score *score) {
    tp_workspace *workspace = NULL;
    cr_assert_eq(tp_workspace_create(model, TEST_WORKSPACE(SAMPLES, TP_MODE_TRAINING), NULL, 0, &workspace), TP_OK);
    const tp_status status = tp_evaluate(model, workspace, data, score, NULL);
    tp_workspace_destroy(workspace);
    return status;
}

/* Two groups of samples, told apart by an input of 0 or 1. */
struct counts {
    float x[SAMPLES], y[SAMPLES];
    double wide[SAMPLES];
    uint32_t rows[SAMPLES];
    tp_data data;
};

static void fill(struct counts *c) {
    for (size_t i = 0; i < SAMPLES; i++) {
        c->x[i] = i >= GROUP, c->y[i] = (float)(i % 3 + i / 4);
        c->wide[i] = (double)c->y[i], c->rows[i] = (uint32_t)(SAMPLES - 1 - i);
    }
    c->data = (tp_data){
        .struct_size = sizeof c->data, .samples = SAMPLES, .features = 1, .floats = c->x, .values = c->y, .outputs = 1};
}

static tp_train_options train_options(void) {
    tp_train_options options;
    tp_train_options_default(&options);
    options.batch = SAMPLES, options.epochs = 500;
    options.optimizer.kind = TP_OPTIMIZER_SGD, options.optimizer.learning_rate = 0.5f;
    options.optimizer.schedule = TP_SCHEDULE_CONSTANT;
    return options;
}

/* ---- learning ---- */

/* The likelihood is largest where the rate of each group is the mean of its counts. */
Test(poisson, rates_become_means_of_counts) {
    struct counts c;
    fill(&c);
    double sum[2] = {0, 0};
    for (size_t i = 0; i < SAMPLES; i++)
        sum[i >= GROUP] += c.wide[i];
    const double means[] = {sum[0] / GROUP, sum[1] / (SAMPLES - GROUP)};
    const tp_train_options options = train_options();
    tp_model *model = make_model(1);
    tp_trainer *trainer = NULL;
    cr_assert_eq(tp_trainer_create(model, &c.data, &options, NULL, 0, &trainer), TP_OK);
    cr_assert_eq(tp_trainer_run(trainer), TP_OK);
    tp_trainer_destroy(trainer);
    float parameters[2];
    cr_assert_eq(tp_model_get_parameters(model, parameters, 2), TP_OK);
    const double z[] = {(double)parameters[1], (double)parameters[0] + (double)parameters[1]};
    tp_score score;
    cr_assert_eq(evaluate(model, &c.data, &score), TP_OK);
    double loss = 0;
    for (size_t i = 0; i < SAMPLES; i++)
        loss += (means[i >= GROUP] - c.wide[i] * log(means[i >= GROUP])) / SAMPLES;
    for (size_t g = 0; g < 2; g++)
        cr_expect_float_eq(exp(z[g]), means[g], 1e-5, "group %zu: %g instead of %g", g, exp(z[g]), means[g]);
    cr_expect_float_eq(score.loss, loss, 1e-6, "%.9g instead of %.9g", score.loss, loss);
    tp_model_destroy(model);
}

/* ---- targets ---- */

static void expect_refused(tp_status status, const char *text) {
    cr_expect_eq(status, TP_ERR_ARGUMENT);
    cr_expect_not_null(strstr(tp_test_message(context), text), "'%s' instead of '%s'", tp_test_message(context), text);
}

/* Of training, of validation and of evaluation. */
static void check_data_refused(const struct counts *c, const char *text) {
    struct counts fine;
    fill(&fine);
    tp_model *model = make_model(1);
    tp_train_options options = train_options();
    tp_trainer *trainer = NULL;
    tp_score score;
    expect_refused(tp_trainer_create(model, &c->data, &options, NULL, 0, &trainer), text);
    expect_refused(evaluate(model, &c->data, &score), text);
    options.validation = &c->data;
    expect_refused(tp_trainer_create(model, &fine.data, &options, NULL, 0, &trainer), text);
    cr_expect_null(trainer);
    tp_model_destroy(model);
}

Test(poisson, data_with_other_targets_are_refused) {
    struct counts c;
    fill(&c);
    c.y[7] = -1;
    check_data_refused(&c, ": target 0 of sample 7 is -1; with loss poisson it must be finite and at least 0");
    c.y[7] = NAN;
    check_data_refused(&c, "target 0 of sample 7 is nan");
    c.data.rows = c.rows, c.data.samples = 5, c.y[7] = INFINITY; /* 11, 10, .. 7 */
    check_data_refused(&c, "target 0 of sample 7 is inf");
    c.data.samples = 4;
    tp_score score;
    tp_model *model = make_model(1);
    cr_expect_eq(evaluate(model, &c.data, &score), TP_OK);
    tp_model_destroy(model);
}

Test(poisson, doubles_are_looked_at_as_floats) {
    struct counts c;
    fill(&c);
    c.data.values = NULL, c.data.double_values = c.wide;
    c.wide[SAMPLES - 1] = 1e39;
    check_data_refused(&c, "target 0 of sample 11 is inf");
    c.data.samples /= 2, c.data.target_sample_stride = 2, c.data.target_stride = 1; /* 0, 2, .. 10 */
    tp_score score;
    tp_model *model = make_model(1);
    cr_expect_eq(evaluate(model, &c.data, &score), TP_OK);
    c.wide[4] = -0.5;
    expect_refused(evaluate(model, &c.data, &score), "target 0 of sample 2 is -0.5");
    tp_model_destroy(model);
}

Test(poisson, targets_of_a_batch) {
    const float x[] = {1, 2}, bad[] = {0, 1, 9, 3, -2, 9};
    const tp_targets targets = {.values = bad, .ld = 3};
    tp_model *model = make_model(2);
    tp_workspace *workspace = NULL;
    tp_score score;
    float gradients[4];
    cr_assert_eq(tp_workspace_create(model, TEST_WORKSPACE(2, TP_MODE_TRAINING), NULL, 0, &workspace), TP_OK);
    cr_assert_eq(tp_forward(model, workspace, 2, x, 1, NULL, 0), TP_OK);
    expect_refused(tp_loss_value(model, workspace, &targets, &score), "targets: target 1 of sample 1 is -2; with");
    expect_refused(tp_backward(model, workspace, &targets, gradients, NULL, 0, NULL), "target 1 of sample 1 is -2");
    cr_assert_eq(tp_forward(model, workspace, 1, x, 1, NULL, 0), TP_OK);
    cr_expect_eq(tp_loss_value(model, workspace, &targets, &score), TP_OK);
    tp_workspace_destroy(workspace);
    tp_model_destroy(model);
}

/* ---- right and wrong ---- */

/* An output of exp(z) stands for class 1 from 0.5 on; counts are neither right nor wrong. */
Test(poisson, an_output_is_right_only_about_classes) {
    const float x[] = {-0.6f, -0.8f, 3}, identity[] = {1, 0}, values[] = {1, 0, 1};
    const int32_t classes[] = {1, 0, 0};
    tp_data data = {.samples = 3, .features = 1, .floats = x, .classes = classes, .outputs = 1};
    tp_model *model = make_model(1);
    tp_score score;
    cr_assert_eq(tp_model_set_parameters(model, identity, 2), TP_OK);
    cr_assert_eq(evaluate(model, &data, &score), TP_OK, "%s", tp_test_message(context));
    cr_expect_eq(score.correct, 2);
    data.classes = NULL, data.values = values;
    cr_assert_eq(evaluate(model, &data, &score), TP_OK);
    cr_expect_eq(score.correct, 0);
    tp_model_destroy(model);
}
