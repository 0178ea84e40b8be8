/* SPDX-License-Identifier: BSD-3-Clause */
/* Losses of 100 training steps against those of PyTorch in double precision: tests/golden/<activation>_<loss>.json,
 * made by tools/golden.py, which says how the two systems differ. */
#include "support/nets.h"
#include "support/support.h"

#include <criterion/criterion.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* |ours - theirs| <= BOUND (1 + theirs). These networks round some 30 times in a pass, and small steps on smooth losses
 * do not amplify that: the largest difference is 1.3e-7, 2 u. A formula that differs is off by 1e-4 and more. */
#define BOUND 1e-6

enum { STEPS = 100, RUNS = 10, MAX_NAME = 64 };

struct golden {
    json_t *json;
    size_t samples, inputs, outputs, parameter_count;
    float *x, *parameters, *values;
    int32_t *classes;
    tp_layer layers[2];
    tp_loss loss;
};

/* ------------------------------------------------------------------------------------------------------------ files */

static json_t *member(const json_t *json, const char *key) {
    json_t *value = json_object_get(json, key);
    cr_assert(value, "%s is missing", key);
    return value;
}

static double number(const json_t *json, const char *key) {
    return json_number_value(member(json, key));
}

/* Numbers that single precision holds exactly; release with free. */
static float *floats(const json_t *json, const char *key, size_t count) {
    const json_t *array = member(json, key);
    cr_assert_eq(json_array_size(array), count, "%s", key);
    float *x = tp_test_floats(count);
    for (size_t i = 0; i < count; i++) {
        const double value = json_number_value(json_array_get(array, i));
        x[i] = (float)value;
        cr_assert_eq((double)x[i], value, "%s[%zu] is rounded", key, i);
    }
    return x;
}

static size_t width(const json_t *json, size_t l) {
    return (size_t)json_integer_value(json_array_get(member(json, "widths"), l));
}

/* The value of an enumeration whose name is the string at key. */
static int named(const json_t *json, const char *key, const char *name_of(int), int count) {
    const char *name = json_string_value(member(json, key));
    for (int i = 0; i < count; i++)
        if (name && strcmp(name_of(i), name) == 0)
            return i;
    cr_assert_fail("%s: %s", key, name);
    return -1;
}

static const char *activation_name(int i) {
    return tp_activation_name((tp_activation)i);
}

static const char *loss_name(int i) {
    return tp_loss_name((tp_loss)i);
}

static const char *optimizer_name(int i) {
    return tp_optimizer_name((tp_optimizer_kind)i);
}

static struct golden open_golden(const char *name) {
    char path[1024];
    json_error_t error;
    snprintf(path, sizeof path, "%s/%s.json", TP_TEST_GOLDEN, name);
    struct golden g = {.json = json_load_file(path, 0, &error)};
    cr_assert(g.json, "%s: %s", path, error.text);
    g.loss = (tp_loss)named(g.json, "loss", loss_name, TP_LOSS_COUNT);
    g.samples = (size_t)number(g.json, "samples");
    g.inputs = width(g.json, 0);
    g.outputs = width(g.json, 2);
    g.layers[0].width = width(g.json, 1);
    g.layers[0].activation = (tp_activation)named(g.json, "activation", activation_name, TP_ACTIVATION_COUNT);
    g.layers[1] = (tp_layer){.width = g.outputs, .activation = test_last_activation(g.loss, TP_ACTIVATION_IDENTITY)};
    g.parameter_count = (g.inputs + 1) * g.layers[0].width + (g.layers[0].width + 1) * g.outputs;
    g.x = floats(g.json, "x", g.samples * g.inputs);
    g.parameters = floats(g.json, "parameters", g.parameter_count);
    const bool classes = g.loss == TP_LOSS_CCE;
    g.values = floats(g.json, "targets", classes ? g.samples : g.samples * g.outputs);
    g.classes = calloc(g.samples, sizeof *g.classes);
    for (size_t i = 0; i < g.samples && classes; i++)
        g.classes[i] = (int32_t)g.values[i];
    return g;
}

static void close_golden(struct golden *g) {
    json_decref(g->json);
    free(g->x);
    free(g->parameters);
    free(g->values);
    free(g->classes);
}

/* ------------------------------------------------------------------------------------------------------------- runs */

static tp_train_options train_options(const struct golden *g, const json_t *run) {
    tp_train_options options;
    tp_train_options_default(&options);
    options.batch = (size_t)number(run, "batch");
    options.epochs = STEPS;
    options.shuffle = false;
    options.optimizer.kind = (tp_optimizer_kind)named(run, "optimizer", optimizer_name, TP_OPTIMIZER_COUNT);
    options.optimizer.schedule = TP_SCHEDULE_CONSTANT;
    options.optimizer.learning_rate = (float)number(run, "learning_rate");
    options.optimizer.momentum = (float)number(g->json, "momentum");
    options.optimizer.beta1 = (float)number(g->json, "beta1");
    options.optimizer.beta2 = (float)number(g->json, "beta2");
    options.optimizer.epsilon = (float)number(g->json, "epsilon");
    options.optimizer.weight_decay = (float)number(g->json, "weight_decay");
    return options;
}

static int note_loss(void *losses, const tp_step *step) {
    ((double *)losses)[step->step - 1] = step->loss;
    return step->step == STEPS;
}

static void train(const struct golden *g, const json_t *run, tp_context *context, double losses[STEPS]) {
    tp_model_options shape;
    tp_model_options_default(&shape);
    shape.inputs = g->inputs;
    shape.layer_count = 2;
    shape.layers = g->layers;
    shape.loss = g->loss;
    tp_data data = {.samples = g->samples, .features = g->inputs, .floats = g->x, .outputs = g->outputs};
    if (g->loss == TP_LOSS_CCE)
        data.classes = g->classes;
    else
        data.values = g->values;
    tp_train_options options = train_options(g, run);
    options.on_step = note_loss;
    options.user = losses;
    tp_model *model = NULL;
    tp_trainer *trainer = NULL;
    cr_assert_eq(tp_model_create(context, &shape, &model), TP_OK, "%s", tp_test_message(context));
    cr_assert_eq(tp_model_set_parameters(model, g->parameters, g->parameter_count), TP_OK);
    cr_assert_eq(tp_trainer_create(model, &data, &options, NULL, 0, &trainer), TP_OK, "%s", tp_test_message(context));
    cr_assert_eq(tp_trainer_run(trainer), TP_ERR_STOPPED);
    tp_trainer_destroy(trainer);
    tp_model_destroy(model);
}

static void check_run(const struct golden *g, const json_t *run, tp_context *context, const char *name) {
    const json_t *expected = member(run, "losses");
    double losses[STEPS];
    cr_assert_eq(json_array_size(expected), STEPS);
    train(g, run, context, losses);
    bool close = true;
    for (size_t i = 0; i < STEPS && close; i++) {
        const double theirs = json_number_value(json_array_get(expected, i));
        close = fabs(losses[i] - theirs) <= BOUND * (1 + theirs);
        cr_expect(close, "%s %s batch %g, %s, step %zu: %.9g, PyTorch %.9g", name,
                  json_string_value(member(run, "optimizer")), number(run, "batch"), tp_context_isa(context), i + 1,
                  losses[i], theirs);
    }
    const double first = json_number_value(json_array_get(expected, 0));
    cr_assert(losses[STEPS - 1] < 0.9 * first, "%s: nothing was learned, %g after %g", name, losses[STEPS - 1], first);
}

static void check_file(const char *name) {
    struct golden g = open_golden(name);
    const json_t *runs = member(g.json, "runs"), *run;
    cr_assert_eq(json_array_size(runs), RUNS);
    for (int i = 0; i < tp_test_isa_count(); i++) {
        tp_context *context = tp_test_context(tp_test_isa(i), 1);
        size_t r;
        json_array_foreach(runs, r, run) check_run(&g, run, context, name);
        tp_context_destroy(context);
    }
    close_golden(&g);
}

/* clang-format off */
Test(golden, relu_mse) { check_file("relu_mse"); }
Test(golden, relu_bce) { check_file("relu_bce"); }
Test(golden, relu_cce) { check_file("relu_cce"); }
Test(golden, tanh_mse) { check_file("tanh_mse"); }
Test(golden, tanh_bce) { check_file("tanh_bce"); }
Test(golden, tanh_cce) { check_file("tanh_cce"); }
Test(golden, sigmoid_mse) { check_file("sigmoid_mse"); }
Test(golden, sigmoid_bce) { check_file("sigmoid_bce"); }
Test(golden, sigmoid_cce) { check_file("sigmoid_cce"); }
Test(golden, relu_poisson) { check_file("relu_poisson"); }
Test(golden, tanh_poisson) { check_file("tanh_poisson"); }
Test(golden, sigmoid_poisson) { check_file("sigmoid_poisson"); }
/* clang-format on */
