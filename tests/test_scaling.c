/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A program's units and layouts: scaling of each input and output, values in double precision, samples that are
 * columns. Whatever the layout, the bits are those of rows.
 */
#include "support/scratch.h"
#include "support/support.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { IN = 5, OUT = 3, SAMPLES = 41, EPOCHS = 7 };

/* Pressures, temperatures and the like: far from 0, and close to each other. */
static const double in_mean[IN] = {101325.03, 288.15, -3, 1e-7, 0}, in_deviation[IN] = {0.02, 11, 1e6, 1e-9, 1};
static const double out_mean[OUT] = {1e5, -2, 0.5}, out_deviation[OUT] = {0.25, 3, 1e-4};

static double x[SAMPLES][IN], y[SAMPLES][OUT];

static void fill(void) {
    float uniform[SAMPLES * (IN + OUT)];
    tp_test_fill(uniform, SAMPLES * (IN + OUT), 1, -2, 2);
    for (size_t i = 0; i < SAMPLES; i++) {
        for (size_t j = 0; j < IN; j++)
            x[i][j] = in_mean[j] + in_deviation[j] * (double)uniform[i * IN + j];
        for (size_t j = 0; j < OUT; j++)
            y[i][j] = out_mean[j] + out_deviation[j] * (double)uniform[SAMPLES * IN + i * OUT + j];
    }
}

static tp_model *make_model(tp_context *context, bool scaled) {
    const tp_layer layers[] = {{.width = 9, .activation = TP_ACTIVATION_TANH}, {.width = OUT}};
    tp_model_options options;
    tp_model_options_default(&options);
    options.inputs = IN, options.layer_count = 2, options.layers = layers, options.loss = TP_LOSS_MSE;
    if (scaled) {
        options.inputs_scaled = (tp_scaling){IN, in_mean, in_deviation};
        options.outputs_scaled = (tp_scaling){OUT, out_mean, out_deviation};
    }
    tp_model *model = NULL;
    cr_assert_eq(tp_model_create(context, &options, &model), TP_OK, "%s", tp_test_message(context));
    return model;
}

static void train(tp_model *model, const tp_data *data) {
    tp_train_options options;
    tp_trainer *trainer = NULL;
    tp_train_options_default(&options);
    options.batch = 8, options.epochs = EPOCHS;
    cr_assert_eq(tp_trainer_create(model, data, &options, NULL, 0, &trainer), TP_OK);
    cr_assert_eq(tp_trainer_run(trainer), TP_OK);
    tp_trainer_destroy(trainer);
}

static tp_workspace *workspace_of(const tp_model *model) {
    tp_workspace *workspace = NULL;
    cr_assert_eq(tp_workspace_create(model, TEST_WORKSPACE(16, TP_MODE_INFERENCE), NULL, 0, &workspace), TP_OK);
    return workspace;
}

enum { COUNT = IN * 9 + 9 + 9 * OUT + OUT };

/* Trained parameters, the loss and predictions. */
struct result {
    float parameters[COUNT];
    double loss, predictions[SAMPLES][OUT];
};

static void run(tp_context *context, const tp_data *data, struct result *result) {
    tp_model *model = make_model(context, true);
    train(model, data);
    tp_workspace *workspace = workspace_of(model);
    tp_score score;
    cr_assert_eq(tp_model_get_parameters(model, result->parameters, COUNT), TP_OK);
    cr_assert_eq(tp_evaluate(model, workspace, data, &score, NULL), TP_OK);
    cr_assert_eq(tp_predict(model, workspace, data, &(const tp_outputs){.doubles = *result->predictions}), TP_OK);
    result->loss = score.loss;
    tp_workspace_destroy(workspace), tp_model_destroy(model);
}

static tp_data rows(void) {
    return (tp_data){.samples = SAMPLES, .features = IN, .outputs = OUT, .doubles = *x, .double_values = *y};
}

static void check_same(const struct result *expected, const struct result *actual, const char *what) {
    cr_expect(tp_test_same_bits(expected->parameters, actual->parameters, COUNT, "%s", what));
    cr_expect_eq(expected->loss, actual->loss, "%s", what);
    cr_expect_eq(memcmp(expected->predictions, actual->predictions, sizeof actual->predictions), 0, "%s", what);
}

/* By hand: scaled by the formula, trained without scaling, and the predictions scaled back. */
Test(scaling, by_the_library_is_by_hand) {
    static struct result result;
    static float scaled_x[SAMPLES][IN], scaled_y[SAMPLES][OUT], a[SAMPLES][OUT], parameters[COUNT];
    fill();
    for (size_t i = 0; i < SAMPLES; i++) {
        for (size_t j = 0; j < IN; j++)
            scaled_x[i][j] = (float)((x[i][j] - in_mean[j]) * (1 / in_deviation[j]));
        for (size_t j = 0; j < OUT; j++)
            scaled_y[i][j] = (float)((y[i][j] - out_mean[j]) * (1 / out_deviation[j]));
    }
    for (int isa = 0; isa < tp_test_isa_count(); isa++) {
        tp_context *context = tp_test_context(tp_test_isa(isa), 2);
        const tp_data data = rows(),
                      scaled = {
                          .samples = SAMPLES, .features = IN, .outputs = OUT, .floats = *scaled_x, .values = *scaled_y};
        run(context, &data, &result);
        tp_model *model = make_model(context, false);
        train(model, &scaled);
        tp_workspace *workspace = workspace_of(model);
        cr_assert_eq(tp_model_get_parameters(model, parameters, COUNT), TP_OK);
        cr_expect(tp_test_same_bits(parameters, result.parameters, COUNT, "%s", tp_test_isa(isa)));
        cr_assert_eq(tp_predict(model, workspace, &scaled, &(const tp_outputs){.floats = *a}), TP_OK);
        for (size_t i = 0; i < SAMPLES; i++)
            for (size_t j = 0; j < OUT; j++)
                cr_assert_eq(result.predictions[i][j], (double)a[i][j] * out_deviation[j] + out_mean[j]);
        tp_workspace_destroy(workspace), tp_model_destroy(model), tp_context_destroy(context);
    }
}

/* Samples as columns, as Fortran has them, and with gaps. */
Test(scaling, layouts_give_the_same_bits) {
    static double columns[IN][SAMPLES], target_columns[OUT][SAMPLES], gaps[SAMPLES][2 * IN + 1],
        predictions[OUT][SAMPLES];
    static struct result expected, actual;
    fill();
    for (size_t i = 0; i < SAMPLES; i++) {
        for (size_t j = 0; j < IN; j++)
            columns[j][i] = gaps[i][2 * j] = x[i][j];
        for (size_t j = 0; j < OUT; j++)
            target_columns[j][i] = y[i][j];
    }
    tp_context *context = tp_test_context(NULL, 2);
    tp_data data = rows();
    run(context, &data, &expected);
    data.doubles = *columns, data.sample_stride = 1, data.value_stride = SAMPLES;
    data.double_values = *target_columns, data.target_sample_stride = 1, data.target_stride = SAMPLES;
    run(context, &data, &actual);
    check_same(&expected, &actual, "columns");
    data.doubles = *gaps, data.sample_stride = 2 * IN + 1, data.value_stride = 2;
    run(context, &data, &actual);
    check_same(&expected, &actual, "gaps");
    tp_model *model = make_model(context, true);
    cr_assert_eq(tp_model_set_parameters(model, expected.parameters, COUNT), TP_OK);
    tp_workspace *workspace = workspace_of(model);
    cr_assert_eq(tp_predict(model, workspace, &data,
                            &(const tp_outputs){.doubles = *predictions, .sample_stride = 1, .value_stride = SAMPLES}),
                 TP_OK);
    for (size_t i = 0; i < SAMPLES; i++)
        for (size_t j = 0; j < OUT; j++)
            cr_assert_eq(predictions[j][i], expected.predictions[i][j]);
    tp_workspace_destroy(workspace), tp_model_destroy(model), tp_context_destroy(context);
}

/* Floats and bytes that hold the same values as doubles are the same samples. */
Test(scaling, types_give_the_same_bits) {
    static double doubles[SAMPLES][IN];
    static float floats[SAMPLES][IN], values[SAMPLES][OUT];
    static uint8_t bytes[SAMPLES][IN];
    static struct result expected, actual;
    fill();
    for (size_t i = 0; i < SAMPLES; i++) {
        for (size_t j = 0; j < IN; j++)
            doubles[i][j] = floats[i][j] = bytes[i][j] = (uint8_t)(i * 7 + j);
        for (size_t j = 0; j < OUT; j++)
            values[i][j] = (float)y[i][j];
    }
    for (size_t i = 0; i < SAMPLES; i++) /* in a loop of its own: gcc 12 leaves the rounding out of a single one */
        for (size_t j = 0; j < OUT; j++)
            y[i][j] = (double)values[i][j];
    for (int threads = 1; threads < 3; threads++) {
        tp_context *context = tp_test_context(NULL, threads);
        tp_data data = rows();
        data.doubles = *doubles;
        run(context, &data, &expected);
        data.doubles = NULL, data.floats = *floats, data.double_values = NULL, data.values = *values;
        run(context, &data, &actual);
        check_same(&expected, &actual, "floats");
        data.floats = NULL, data.bytes = *bytes;
        run(context, &data, &actual);
        check_same(&expected, &actual, "bytes");
        tp_context_destroy(context);
    }
}

/* The factors are made anew when a file is read. */
Test(scaling, a_saved_model_scales_as_before) {
    double before[SAMPLES][OUT], after[SAMPLES][OUT];
    const tp_data data = rows();
    fill();
    tp_test_scratch_open();
    tp_context *context = tp_test_scratch.context;
    tp_model *model = make_model(context, true), *copy = NULL;
    cr_assert_eq(tp_model_save(model, tp_test_in_scratch("model")), TP_OK);
    cr_assert_eq(tp_model_load(context, tp_test_in_scratch("model"), &copy), TP_OK);
    for (int loaded = 0; loaded < 2; loaded++) {
        tp_workspace *workspace = workspace_of(loaded ? copy : model);
        const tp_outputs outputs = {.doubles = loaded ? *after : *before};
        cr_assert_eq(tp_predict(loaded ? copy : model, workspace, &data, &outputs), TP_OK);
        tp_workspace_destroy(workspace);
    }
    cr_expect_eq(memcmp(before, after, sizeof after), 0);
    tp_model_destroy(copy), tp_model_destroy(model);
    tp_test_scratch_close();
}

/* As a float, 101325.03 is 1.3e-3 off: a sixteenth of its deviation. */
Test(scaling, doubles_are_not_rounded_before) {
    fill();
    tp_context *context = tp_test_context(NULL, 1);
    tp_model *model = make_model(context, true);
    tp_workspace *workspace = workspace_of(model);
    float parameters[COUNT] = {0}, predictions[SAMPLES][OUT];
    parameters[0] = 1;          /* the first input into the first hidden unit */
    parameters[IN * 9 + 9] = 1; /* and that into the first output */
    cr_assert_eq(tp_model_set_parameters(model, parameters, COUNT), TP_OK);
    tp_data data = rows();
    cr_assert_eq(tp_predict(model, workspace, &data, &(const tp_outputs){.floats = *predictions}), TP_OK);
    for (size_t i = 0; i < SAMPLES; i++) {
        const double expected = tanh((x[i][0] - in_mean[0]) / in_deviation[0]) * out_deviation[0] + out_mean[0];
        cr_assert_eq(predictions[i][0], (float)expected, "%zu: %.9g, not %.9g", i, (double)predictions[i][0], expected);
    }
    tp_workspace_destroy(workspace), tp_model_destroy(model), tp_context_destroy(context);
}

/* A model whose outputs are its biases, times a deviation of 2^-20. */
static tp_model *make_biases(tp_context *context, float bias) {
    static const double mean = 0, deviation = 0x1p-20;
    const tp_layer layer = {.width = OUT};
    float parameters[IN * OUT + OUT] = {0};
    tp_model_options options;
    tp_model_options_default(&options);
    options.inputs = IN, options.layer_count = 1, options.layers = &layer, options.loss = TP_LOSS_MAE;
    options.outputs_scaled = (tp_scaling){1, &mean, &deviation};
    tp_model *model = NULL;
    cr_assert_eq(tp_model_create(context, &options, &model), TP_OK, "%s", tp_test_message(context));
    for (size_t j = 0; j < OUT; j++)
        parameters[IN * OUT + j] = bias;
    cr_assert_eq(tp_model_set_parameters(model, parameters, IN * OUT + OUT), TP_OK);
    return model;
}

/* to: the strides. */
static void check_bias(tp_context *context, float bias, float as_float, double as_double, tp_outputs to) {
    float floats[SAMPLES * OUT];
    double doubles[SAMPLES * OUT];
    tp_model *model = make_biases(context, bias);
    tp_workspace *workspace = workspace_of(model);
    const tp_data data = rows();
    to.floats = floats;
    cr_assert_eq(tp_predict(model, workspace, &data, &to), TP_OK);
    to.floats = NULL, to.doubles = doubles;
    cr_assert_eq(tp_predict(model, workspace, &data, &to), TP_OK);
    for (size_t i = 0; i < SAMPLES * OUT; i++)
        cr_assert(floats[i] == as_float && doubles[i] == as_double, "of %a: %a and %a", (double)bias, (double)floats[i],
                  doubles[i]);
    tp_workspace_destroy(workspace), tp_model_destroy(model);
}

/* Floats below 2^-126 become 0, and count as 0; doubles are far from such a limit. */
Test(scaling, denormal_predictions_are_0) {
    const tp_outputs in_rows = {0}, in_columns = {.sample_stride = 1, .value_stride = SAMPLES};
    fill();
    for (int isa = 0; isa < tp_test_isa_count(); isa++) {
        tp_context *context = tp_test_context(tp_test_isa(isa), 2);
        for (int columns = 0; columns < 2; columns++) {
            const tp_outputs to = columns ? in_columns : in_rows;
            check_bias(context, 0x1p-106f, 0x1p-126f, 0x1p-126, to);
            check_bias(context, 0x1.8p-107f, 0, 0x1.8p-127, to);
            check_bias(context, -0x1p-120f, 0, -0x1p-140, to);
            check_bias(context, 0x1p-130f, 0, 0, to);
        }
        tp_context_destroy(context);
    }
}

Test(scaling, denormal_targets_count_as_0) {
    static float floats[SAMPLES][OUT];
    tp_score score;
    fill();
    for (size_t i = 0; i < SAMPLES; i++)
        for (size_t j = 0; j < OUT; j++)
            floats[i][j] = j ? -0x1.8p-127f : 0x1p-130f;
    for (int isa = 0; isa < tp_test_isa_count(); isa++) {
        tp_context *context = tp_test_context(tp_test_isa(isa), 2);
        tp_model *model = make_biases(context, 0);
        tp_workspace *workspace = workspace_of(model);
        tp_data data = rows();
        data.double_values = NULL, data.values = *floats;
        cr_assert_eq(tp_evaluate(model, workspace, &data, &score, NULL), TP_OK);
        cr_expect_eq(score.loss, 0, "%s: %g", tp_test_isa(isa), score.loss);
        floats[0][0] = 0x1p-126f;
        cr_assert_eq(tp_evaluate(model, workspace, &data, &score, NULL), TP_OK);
        cr_expect_gt(score.loss, 0, "%s", tp_test_isa(isa));
        floats[0][0] = 0x1p-130f;
        tp_workspace_destroy(workspace), tp_model_destroy(model), tp_context_destroy(context);
    }
}

static void refuse(tp_context *context, tp_model *model, const tp_data *data, const char *text) {
    tp_workspace *workspace = workspace_of(model);
    tp_score score;
    cr_assert_eq(tp_evaluate(model, workspace, data, &score, NULL), TP_ERR_ARGUMENT);
    cr_expect(strstr(tp_test_message(context), text), "%s", tp_test_message(context));
    tp_workspace_destroy(workspace);
}

Test(scaling, what_does_not_fit_is_refused) {
    static const int32_t classes[SAMPLES];
    tp_context *context = tp_test_context(NULL, 1);
    tp_model *model = make_model(context, true);
    tp_data data = rows();
    data.floats = (const float *)x;
    refuse(context, model, &data, "exactly one of bytes, floats and doubles");
    data = rows(), data.values = (const float *)y;
    refuse(context, model, &data, "exactly one of classes, values and double_values");
    data = rows(), data.double_values = NULL, data.classes = classes;
    refuse(context, model, &data, "the model scales its outputs: targets must be values");
    data = rows(), data.sample_stride = SIZE_MAX / 64;
    refuse(context, model, &data, "lead out of memory");
    data = rows(), data.target_stride = SIZE_MAX / 8;
    refuse(context, model, &data, "lead out of memory");
    tp_model_destroy(model), tp_context_destroy(context);
}
