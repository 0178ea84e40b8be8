/* SPDX-License-Identifier: BSD-3-Clause */
/* tp_data.rows: a set that is some rows of larger arrays is the set of a copy of these rows. */
#include "support/clouds.h"
#include "support/support.h"

#include <criterion/criterion.h>
#include <string.h>

enum { CHOSEN = 61, OUTPUTS = CLOUD_CLASSES, LARGE = CLOUD_SAMPLES };

struct copy {
    uint32_t rows[CHOSEN];
    float x[CHOSEN * CLOUD_IN], columns[CLOUD_IN * LARGE], weights[LARGE], copied_weights[CHOSEN];
    int32_t classes[CHOSEN];
    double values[OUTPUTS * LARGE], copied_values[CHOSEN * OUTPUTS];
};

/* In no order, some of them twice. */
static void choose(struct copy *c, const struct test_clouds *clouds) {
    for (size_t i = 0; i < CHOSEN; i++)
        c->rows[i] = (uint32_t)(tp_test_random(3, i) % LARGE);
    tp_test_fill(c->weights, LARGE, 5, 0.5f, 2);
    for (size_t i = 0; i < (size_t)OUTPUTS * LARGE; i++)
        c->values[i] = (double)(tp_test_random(7, i) % 1000) / 1000;
    for (size_t j = 0; j < CLOUD_IN; j++)
        for (size_t i = 0; i < LARGE; i++)
            c->columns[j * LARGE + i] = clouds->x[i * CLOUD_IN + j];
    for (size_t i = 0; i < CHOSEN; i++) {
        memcpy(c->x + i * CLOUD_IN, clouds->x + c->rows[i] * CLOUD_IN, CLOUD_IN * sizeof *c->x);
        c->classes[i] = clouds->classes[c->rows[i]];
        c->copied_weights[i] = c->weights[c->rows[i]];
        for (size_t j = 0; j < OUTPUTS; j++)
            c->copied_values[i * OUTPUTS + j] = c->values[j * LARGE + c->rows[i]];
    }
}

static tp_data through_rows(const struct copy *c) {
    return (tp_data){.struct_size = sizeof(tp_data),
                     .samples = CHOSEN,
                     .features = CLOUD_IN,
                     .floats = c->columns,
                     .sample_stride = 1,
                     .value_stride = LARGE,
                     .weights = c->weights,
                     .rows = c->rows};
}

static tp_data of_the_copy(const struct copy *c) {
    return (tp_data){
        .samples = CHOSEN, .features = CLOUD_IN, .floats = c->x, .weights = c->copied_weights, .outputs = OUTPUTS};
}

static void set_targets(const struct copy *c, const struct test_clouds *clouds, bool classes, tp_data *data,
                        tp_data *copied) {
    data->outputs = copied->outputs = OUTPUTS;
    if (classes) {
        data->classes = clouds->classes, copied->classes = c->classes;
        return;
    }
    data->double_values = c->values, data->target_sample_stride = 1, data->target_stride = LARGE;
    copied->double_values = c->copied_values;
}

static void train_on(const char *isa, const tp_data *data, const tp_data *validation, float *parameters,
                     double *validation_loss) {
    static struct test_world w;
    test_open_world(&w, isa);
    tp_train_options options = test_small_options(&w.diary);
    options.batch = 16;
    options.validation = validation;
    options.validation_fraction = validation ? 0 : 0.25;
    tp_trainer *trainer = NULL;
    cr_assert_eq(tp_trainer_create(w.model, data, &options, NULL, 0, &trainer), TP_OK, "%s",
                 tp_test_message(w.context));
    cr_assert_eq(tp_trainer_run(trainer), TP_OK);
    test_get_parameters(w.model, parameters);
    *validation_loss = w.diary.epoch[w.diary.epochs - 1].validation.loss;
    tp_trainer_destroy(trainer);
    test_close_world(&w);
}

static void check_training(const char *isa, bool classes, bool validation) {
    static struct test_world w;
    static struct copy c;
    float through[CLOUD_PARAMETERS], copied[CLOUD_PARAMETERS];
    double loss, expected;
    test_open_world(&w, isa);
    choose(&c, &w.clouds);
    tp_data data = through_rows(&c), copy = of_the_copy(&c);
    set_targets(&c, &w.clouds, classes, &data, &copy);
    train_on(isa, &data, validation ? &data : NULL, through, &loss);
    train_on(isa, &copy, validation ? &copy : NULL, copied, &expected);
    cr_assert(tp_test_same_bits(copied, through, CLOUD_PARAMETERS, "%s, classes %d", isa, classes));
    cr_assert_eq(loss, expected);
    test_close_world(&w);
}

Test(rows, training_is_that_of_a_copy) {
    for (int i = 0; i < tp_test_isa_count(); i++)
        for (int kind = 0; kind < 4; kind++)
            check_training(tp_test_isa(i), kind & 1, kind & 2);
}

static void check_use(const struct test_world *w, const tp_data *data, tp_score *score, float *y) {
    tp_workspace *workspace = NULL;
    cr_assert_eq(tp_workspace_create(w->model, TEST_WORKSPACE(7, TP_MODE_INFERENCE), NULL, 0, &workspace), TP_OK);
    cr_assert_eq(tp_evaluate(w->model, workspace, data, score, NULL), TP_OK);
    cr_assert_eq(tp_predict(w->model, workspace, data, &(const tp_outputs){.floats = y}), TP_OK);
    tp_workspace_destroy(workspace);
}

Test(rows, evaluation_and_predictions_are_those_of_a_copy) {
    static struct test_world w;
    static struct copy c;
    test_open_world(&w, NULL);
    choose(&c, &w.clouds);
    for (int classes = 0; classes < 2; classes++) {
        tp_data data = through_rows(&c), copy = of_the_copy(&c);
        float y[CHOSEN * OUTPUTS], expected[CHOSEN * OUTPUTS];
        tp_score score, expected_score;
        set_targets(&c, &w.clouds, classes, &data, &copy);
        check_use(&w, &data, &score, y);
        check_use(&w, &copy, &expected_score, expected);
        cr_assert(tp_test_same_bits(expected, y, CHOSEN * OUTPUTS, "predictions"));
        cr_assert(score.loss == expected_score.loss && score.correct == expected_score.correct);
        cr_assert_eq(score.weight, expected_score.weight);
    }
    test_close_world(&w);
}

static void expect_refused(struct test_world *w, const tp_data *data, const char *text) {
    const tp_train_options options = test_small_options(&w->diary);
    tp_trainer *trainer = NULL;
    cr_assert_eq(tp_trainer_create(w->model, data, &options, NULL, 0, &trainer), TP_ERR_ARGUMENT);
    cr_assert_not_null(strstr(tp_test_message(w->context), text), "%s", tp_test_message(w->context));
}

/* What is not chosen is not looked at; messages have the numbers of rows. */
Test(rows, only_chosen_rows_are_checked) {
    static struct test_world w;
    static struct copy c;
    const uint32_t rows[] = {80, 2};
    float weights[LARGE];
    test_open_world(&w, NULL);
    choose(&c, &w.clouds);
    tp_data data = through_rows(&c);
    data.classes = w.clouds.classes, data.rows = rows, data.samples = 2, data.weights = NULL;
    w.clouds.classes[0] = -1, w.clouds.classes[2] = 77;
    expect_refused(&w, &data, "classes[2] is 77");
    w.clouds.classes[2] = 1;
    memcpy(weights, c.weights, sizeof weights);
    weights[1] = -1, weights[80] = -1, data.weights = weights;
    expect_refused(&w, &data, "weights[80] is -1");
    data.weights = NULL, data.sample_stride = SIZE_MAX / 8 / 50, data.value_stride = 1;
    expect_refused(&w, &data, "lead out of memory");
    data.struct_size = 0, data.sample_stride = 1, data.value_stride = LARGE; /* no rows: sample 0 counts again */
    expect_refused(&w, &data, "classes[0] is -1");
    test_close_world(&w);
}
