/* SPDX-License-Identifier: BSD-3-Clause */
/* Arguments and messages: what is refused, how that is said, and that nothing is changed by it. */
#include "support/fixture.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

TestSuite(api, .init = test_fixture_open, .fini = test_fixture_close);

/* ------------------------------------------------------------------------------------------------------------- NULL */

Test(api, without_an_object) {
    const tp_model_options model = test_model_options();
    const tp_optimizer_options optimizer = test_optimizer_options();
    const tp_train_options train = test_train_options();
    tp_model_options described;
    tp_machine machine;
    tp_score score;
    size_t offset;
    test_expect_silent(tp_context_create(NULL, NULL));
    test_expect_silent(tp_context_set_threads(NULL, 1));
    test_expect_silent(tp_context_machine(NULL, &machine));
    test_expect_silent(tp_model_create(NULL, &model, &fixture.model));
    test_expect_silent(tp_model_describe(NULL, &described));
    test_expect_silent(tp_model_layer_offsets(NULL, 0, &offset, &offset));
    test_expect_silent(tp_model_get_parameters(NULL, fixture.gradients, PARAMETERS));
    test_expect_silent(tp_model_set_parameters(NULL, fixture.gradients, PARAMETERS));
    test_expect_silent(tp_model_save(NULL, "x"));
    test_expect_silent(tp_model_load(NULL, "x", &fixture.model));
    test_expect_silent(tp_workspace_create(NULL, 1, TP_TRAINING, NULL, 0, &fixture.training));
    test_expect_silent(tp_forward(NULL, fixture.training, BATCH, fixture.x, IN, fixture.y, OUT));
    test_expect_silent(tp_loss_value(NULL, fixture.training, &fixture.targets, &score));
    test_expect_silent(tp_backward(NULL, fixture.training, &fixture.targets, fixture.gradients, NULL, 0, NULL));
    test_expect_silent(tp_backward_from(NULL, fixture.training, fixture.y, OUT, fixture.gradients, NULL, 0));
    test_expect_silent(tp_optimizer_create(NULL, &optimizer, NULL, 0, &fixture.optimizer));
    test_expect_silent(tp_optimizer_step(fixture.optimizer, NULL, fixture.gradients));
    test_expect_silent(tp_trainer_create(NULL, &fixture.data, &train, NULL, 0, &fixture.trainer));
    test_expect_silent(tp_trainer_run(NULL));
    test_expect_silent(tp_evaluate(NULL, fixture.training, &fixture.data, &score, NULL));
    test_expect_silent(tp_predict(NULL, fixture.training, &fixture.data, fixture.y));
}

Test(api, sizes_and_counts_without_an_object_are_zero) {
    const tp_optimizer_options optimizer = test_optimizer_options();
    const tp_train_options train = test_train_options();
    cr_assert_eq(tp_model_parameter_count(NULL), 0);
    cr_assert_eq(tp_workspace_size(NULL, 1, TP_TRAINING), 0);
    cr_assert_eq(tp_workspace_size(fixture.model, 0, TP_TRAINING), 0);
    cr_assert_eq(tp_workspace_size(fixture.model, 1, (tp_mode)2), 0);
    cr_assert_eq(tp_optimizer_size(NULL, &optimizer), 0);
    cr_assert_eq(tp_optimizer_size(fixture.model, NULL), 0);
    cr_assert_eq(tp_optimizer_steps(NULL), 0);
    cr_assert_eq(tp_optimizer_learning_rate(NULL, 1), 0);
    cr_assert_eq(tp_trainer_size(NULL, &fixture.data, &train), 0);
    cr_assert_eq(tp_trainer_size(fixture.model, NULL, &train), 0);
    cr_assert_eq(tp_trainer_size(fixture.model, &fixture.data, NULL), 0);
    cr_assert_eq(tp_sgemm_workspace_size(NULL, 1, 1, 1), 0);
    cr_assert_eq(tp_context_message(NULL, NULL, 0), 0);
    cr_assert_null(tp_dataset_data(NULL));
}

Test(api, destroy_accepts_null) {
    tp_context_destroy(NULL);
    tp_model_destroy(NULL);
    tp_workspace_destroy(NULL);
    tp_optimizer_destroy(NULL);
    tp_trainer_destroy(NULL);
    tp_dataset_destroy(NULL);
    tp_context_options_default(NULL);
    tp_model_options_default(NULL);
    tp_optimizer_options_default(NULL);
    tp_train_options_default(NULL);
}

Test(api, null_arguments_of_context_and_model) {
    tp_model_options options = test_model_options();
    test_expect_argument(tp_context_machine(fixture.context, NULL), "machine");
    test_expect_argument(tp_model_create(fixture.context, NULL, &fixture.model), "options");
    test_expect_argument(tp_model_create(fixture.context, &options, NULL), "model");
    options.layer = NULL;
    test_expect_argument(tp_model_create(fixture.context, &options, &fixture.model), "layer");
    test_expect_argument(tp_model_describe(fixture.model, NULL), "options");
    test_expect_argument(tp_model_get_parameters(fixture.model, NULL, PARAMETERS), "parameters");
    test_expect_argument(tp_model_set_parameters(fixture.model, NULL, PARAMETERS), "parameters");
    test_expect_argument(tp_model_save(fixture.model, NULL), "path");
    test_expect_argument(tp_model_load(fixture.context, NULL, &fixture.model), "path");
    test_expect_argument(tp_model_load(fixture.context, "x", NULL), "model");
}

Test(api, null_arguments_of_the_passes) {
    tp_score score;
    test_expect_argument(tp_workspace_create(fixture.model, 1, TP_TRAINING, NULL, 0, NULL), "workspace");
    test_expect_argument(tp_forward(fixture.model, NULL, BATCH, fixture.x, IN, fixture.y, OUT), "workspace");
    test_expect_argument(tp_forward(fixture.model, fixture.training, BATCH, NULL, IN, fixture.y, OUT), "x is NULL");
    test_expect_argument(tp_forward(fixture.model, fixture.inference, BATCH, fixture.x, IN, NULL, OUT), "y is NULL");
    test_expect_argument(tp_loss_value(fixture.model, NULL, &fixture.targets, &score), "workspace");
    test_expect_argument(tp_loss_value(fixture.model, fixture.training, NULL, &score), "targets");
    test_expect_argument(tp_loss_value(fixture.model, fixture.training, &fixture.targets, NULL), "score");
    test_expect_argument(tp_backward(fixture.model, NULL, &fixture.targets, fixture.gradients, NULL, 0, NULL),
                         "workspace");
    test_expect_argument(tp_backward(fixture.model, fixture.training, NULL, fixture.gradients, NULL, 0, NULL),
                         "targets");
    test_expect_argument(tp_backward(fixture.model, fixture.training, &fixture.targets, NULL, NULL, 0, NULL),
                         "gradients");
    test_expect_argument(tp_backward_from(fixture.model, NULL, fixture.y, OUT, fixture.gradients, NULL, 0),
                         "workspace");
    test_expect_argument(tp_backward_from(fixture.model, fixture.training, NULL, OUT, fixture.gradients, NULL, 0),
                         "dy");
    test_expect_argument(tp_backward_from(fixture.model, fixture.training, fixture.y, OUT, NULL, NULL, 0), "gradients");
}

Test(api, null_arguments_of_training) {
    const tp_optimizer_options optimizer = test_optimizer_options();
    const tp_train_options train = test_train_options();
    tp_score score;
    test_expect_argument(tp_optimizer_create(fixture.model, NULL, NULL, 0, &fixture.optimizer), "options");
    test_expect_argument(tp_optimizer_create(fixture.model, &optimizer, NULL, 0, NULL), "optimizer");
    test_expect_argument(tp_optimizer_step(NULL, fixture.model, fixture.gradients), "optimizer");
    test_expect_argument(tp_optimizer_step(fixture.optimizer, fixture.model, NULL), "gradients");
    test_expect_argument(tp_trainer_create(fixture.model, NULL, &train, NULL, 0, &fixture.trainer), "data");
    test_expect_argument(tp_trainer_create(fixture.model, &fixture.data, NULL, NULL, 0, &fixture.trainer), "options");
    test_expect_argument(tp_trainer_create(fixture.model, &fixture.data, &train, NULL, 0, NULL), "trainer");
    test_expect_argument(tp_evaluate(fixture.model, NULL, &fixture.data, &score, NULL), "workspace");
    test_expect_argument(tp_evaluate(fixture.model, fixture.inference, NULL, &score, NULL), "data");
    test_expect_argument(tp_evaluate(fixture.model, fixture.inference, &fixture.data, NULL, NULL), "score");
    test_expect_argument(tp_predict(fixture.model, NULL, &fixture.data, fixture.y), "workspace");
    test_expect_argument(tp_predict(fixture.model, fixture.inference, NULL, fixture.y), "data");
    test_expect_argument(tp_predict(fixture.model, fixture.inference, &fixture.data, NULL), "y");
}

/* -------------------------------------------------------------------------------------------------- wrong arguments */

static void refuse_model(const tp_model_options *options, const char *name) {
    tp_model *untouched = fixture.model;
    test_expect_argument(tp_model_create(fixture.context, options, &untouched), name);
    cr_assert_eq(untouched, fixture.model);
}

static void refuse_layer(size_t at, tp_layer layer, const char *name) {
    tp_layer changed[2] = {fixture.layers[0], fixture.layers[1]};
    changed[at] = layer;
    tp_model_options options = test_model_options();
    options.layer = changed;
    refuse_model(&options, name);
}

Test(api, model_options_out_of_range) {
    tp_model_options options = test_model_options();
    options.inputs = 0, refuse_model(&options, "inputs");
    options = test_model_options(), options.layers = 0, refuse_model(&options, "layers");
    options = test_model_options(), options.layers = TP_MAX_LAYERS + 1, refuse_model(&options, "layers");
    options = test_model_options(), options.loss = TP_LOSS_COUNT, refuse_model(&options, "loss");
    options = test_model_options(), options.loss = (tp_loss)-1, refuse_model(&options, "loss");
    options = test_model_options(), options.init = TP_INIT_COUNT, refuse_model(&options, "init");
    const float deviations[] = {0, -1, NAN, INFINITY, 1e-40f}; /* the last one has no finite reciprocal */
    for (size_t i = 0; i < 5; i++) {
        options = test_model_options(), options.input_deviation = deviations[i],
        refuse_model(&options, "input_deviation");
    }
    options = test_model_options(), options.input_mean = NAN, refuse_model(&options, "input_mean");
    options = test_model_options(), options.loss = TP_HUBER;
    const float deltas[] = {0, -1, NAN, INFINITY};
    for (size_t i = 0; i < 4; i++)
        options.huber_delta = deltas[i], refuse_model(&options, "huber_delta");
}

Test(api, label_smoothing_is_for_cross_entropies) {
    const float values[] = {-0.1f, 1, 2, NAN, INFINITY};
    for (int loss = 0; loss < TP_LOSS_COUNT; loss++) {
        const bool takes = loss == TP_BCE || loss == TP_CCE;
        const tp_layer last = {3, loss == TP_BCE ? TP_SIGMOID : TP_SOFTMAX, 0};
        tp_model_options options = test_model_options();
        options.layers = 1, options.layer = &last, options.loss = (tp_loss)loss;
        for (size_t i = 0; i < 5; i++)
            options.label_smoothing = values[i], refuse_model(&options, "label_smoothing");
        options.label_smoothing = 0.25f;
        if (!takes) {
            refuse_model(&options, "label_smoothing");
            cr_assert_not_null(strstr(fixture.text, tp_loss_name((tp_loss)loss)));
            continue;
        }
        tp_model *model = NULL;
        tp_model_options described;
        cr_assert_eq(tp_model_create(fixture.context, &options, &model), TP_OK);
        cr_assert_eq(tp_model_describe(model, &described), TP_OK);
        cr_assert_eq(described.label_smoothing, 0.25f);
        tp_model_destroy(model);
    }
}

/* Options that were filled with zeros, and not by tp_model_options_default, know no delta. */
Test(api, huber_delta_is_for_huber) {
    for (int loss = 0; loss < TP_LOSS_COUNT; loss++) {
        const tp_layer last = {3, loss == TP_BCE ? TP_SIGMOID : TP_SOFTMAX, 0};
        tp_model_options options = test_model_options();
        options.layers = 1, options.layer = &last, options.loss = (tp_loss)loss, options.huber_delta = 0;
        tp_model *model = NULL;
        const tp_status status = tp_model_create(fixture.context, &options, &model);
        if (loss == TP_HUBER)
            test_expect_argument(status, "huber_delta is 0");
        else
            cr_assert_eq(status, TP_OK);
        tp_model_destroy(model);
    }
}

Test(api, layers_out_of_range) {
    refuse_layer(1, (tp_layer){0, TP_SOFTMAX, 0}, "layer 1: width");
    refuse_layer(0, (tp_layer){4, TP_ACTIVATION_COUNT, 0}, "layer 0: activation");
    refuse_layer(0, (tp_layer){4, (tp_activation)-1, 0}, "layer 0: activation");
    refuse_layer(0, (tp_layer){4, TP_SOFTMAX, 0}, "layer 0: softmax");
    refuse_layer(0, (tp_layer){4, TP_LEAKY_RELU, -0.5f}, "layer 0: slope");
    refuse_layer(0, (tp_layer){4, TP_LEAKY_RELU, 1.5f}, "layer 0: slope");
    refuse_layer(0, (tp_layer){4, TP_LEAKY_RELU, NAN}, "layer 0: slope");
    refuse_layer(0, (tp_layer){4, TP_ELU, 0}, "layer 0: slope");
    refuse_layer(0, (tp_layer){4, TP_ELU, INFINITY}, "layer 0: slope");
    refuse_layer(0, (tp_layer){4, TP_ELU, NAN}, "layer 0: slope");
}

Test(api, losses_need_their_activation) {
    for (int activation = 0; activation < TP_ACTIVATION_COUNT; activation++) {
        for (int loss = 0; loss < TP_LOSS_COUNT; loss++) {
            const tp_layer last = {3, (tp_activation)activation, 1};
            tp_model_options options = test_model_options();
            options.layers = 1, options.layer = &last, options.loss = (tp_loss)loss;
            const bool fits = loss == TP_BCE   ? activation == TP_SIGMOID
                              : loss == TP_CCE ? activation == TP_SOFTMAX
                                               : true; /* of a_L itself */
            tp_model *model = NULL;
            const tp_status status = tp_model_create(fixture.context, &options, &model);
            if (fits) {
                cr_assert_eq(status, TP_OK);
                tp_model_destroy(model);
            } else {
                test_expect_argument(status, "layer 0");
                cr_assert_not_null(strstr(fixture.text, tp_loss_name((tp_loss)loss)));
            }
        }
    }
}

Test(api, models_that_do_not_fit_in_memory) {
    const size_t sizes[] = {SIZE_MAX, SIZE_MAX / 2, SIZE_MAX / 4 / HIDDEN, (size_t)1 << 60};
    for (size_t i = 0; i < 4; i++) {
        tp_model_options options = test_model_options();
        tp_model *untouched = fixture.model;
        options.inputs = sizes[i];
        test_expect(tp_model_create(fixture.context, &options, &untouched), TP_ERR_MEMORY, "model");
        cr_assert_eq(untouched, fixture.model);
    }
}

/* 2^32 * 2^32 weights, and 2^62 of 4 bytes, are 0 modulo 2^64. */
Test(api, sizes_that_wrap_around) {
    const size_t inputs[] = {(size_t)1 << 32, (size_t)1 << 62}, widths[] = {(size_t)1 << 32, 1};
    for (size_t i = 0; i < 2; i++) {
        const tp_layer layer = {widths[i], TP_SOFTMAX, 0};
        tp_model_options options = test_model_options();
        tp_model *untouched = fixture.model;
        options.inputs = inputs[i], options.layers = 1, options.layer = &layer;
        test_expect(tp_model_create(fixture.context, &options, &untouched), TP_ERR_MEMORY, "model");
        cr_assert_eq(untouched, fixture.model);
    }
}

Test(api, workspaces_that_do_not_fit_in_memory) {
    tp_workspace *untouched = fixture.training;
    test_expect(tp_workspace_create(fixture.model, SIZE_MAX / 2, TP_TRAINING, NULL, 0, &untouched), TP_ERR_MEMORY,
                "workspace");
    cr_assert_eq(tp_workspace_size(fixture.model, SIZE_MAX / 2, TP_TRAINING), 0);
    test_expect_argument(tp_workspace_create(fixture.model, 0, TP_TRAINING, NULL, 0, &untouched), "max_batch");
    test_expect_argument(tp_workspace_create(fixture.model, 1, (tp_mode)2, NULL, 0, &untouched), "mode");
    cr_assert_eq(untouched, fixture.training);
}

static void refuse_optimizer(const tp_optimizer_options *options, const char *name) {
    tp_optimizer *untouched = fixture.optimizer;
    test_expect_argument(tp_optimizer_create(fixture.model, options, NULL, 0, &untouched), name);
    cr_assert_eq(untouched, fixture.optimizer);
}

/* A float of the options, and values that it must not have. */
struct forbidden {
    const char *name;
    size_t offset;
    float values[4];
};

Test(api, optimizer_numbers_out_of_range) {
    static const struct forbidden forbidden[] = {
        {"learning_rate", offsetof(tp_optimizer_options, learning_rate), {0, -1, NAN, INFINITY}},
        {"momentum", offsetof(tp_optimizer_options, momentum), {-0.5f, 1, NAN, 2}},
        {"beta1", offsetof(tp_optimizer_options, beta1), {-0.5f, 1, NAN, 2}},
        {"beta2", offsetof(tp_optimizer_options, beta2), {-0.5f, 1, NAN, 2}},
        {"epsilon", offsetof(tp_optimizer_options, epsilon), {0, -1, NAN, INFINITY}},
        {"weight_decay", offsetof(tp_optimizer_options, weight_decay), {-1, -0.1f, NAN, INFINITY}},
        {"clip_norm", offsetof(tp_optimizer_options, clip_norm), {-1, -0.1f, NAN, INFINITY}},
    };
    for (size_t i = 0; i < sizeof forbidden / sizeof *forbidden; i++) {
        for (size_t v = 0; v < 4; v++) {
            tp_optimizer_options options = test_optimizer_options();
            memcpy((char *)&options + forbidden[i].offset, &forbidden[i].values[v], sizeof(float));
            refuse_optimizer(&options, forbidden[i].name);
        }
    }
}

Test(api, optimizer_choices_out_of_range) {
    tp_optimizer_options options = test_optimizer_options();
    options.kind = TP_OPTIMIZER_COUNT, refuse_optimizer(&options, "kind");
    options = test_optimizer_options(), options.schedule = TP_SCHEDULE_COUNT, refuse_optimizer(&options, "schedule");
    options = test_optimizer_options(), options.schedule = TP_STEP, options.step_every = 0;
    refuse_optimizer(&options, "step_every");
    options.step_every = 1, options.step_factor = 0, refuse_optimizer(&options, "step_factor");
    options = test_optimizer_options(), options.schedule = TP_COSINE, options.warmup_steps = 5, options.total_steps = 5;
    refuse_optimizer(&options, "total_steps");
    options.total_steps = 6, options.final_factor = 1.5f, refuse_optimizer(&options, "final_factor");
}

Test(api, row_distances_and_batches_out_of_range) {
    const tp_targets narrow = {.values = fixture.x, .ld = OUT - 1};
    test_expect_argument(tp_forward(fixture.model, fixture.training, MAX_BATCH + 1, fixture.x, IN, fixture.y, OUT),
                         "batch is 9");
    test_expect_argument(tp_forward(fixture.model, fixture.training, BATCH, fixture.x, IN - 1, fixture.y, OUT), "ldx");
    test_expect_argument(tp_forward(fixture.model, fixture.training, BATCH, fixture.x, IN, fixture.y, OUT - 1), "ldy");
    test_expect_argument(
        tp_backward(fixture.model, fixture.training, &fixture.targets, fixture.gradients, fixture.dx, IN - 1, NULL),
        "lddx");
    test_expect_argument(tp_backward(fixture.model, fixture.training, &narrow, fixture.gradients, NULL, 0, NULL),
                         "ld is 2");
    test_expect_argument(
        tp_backward_from(fixture.model, fixture.training, fixture.y, OUT - 1, fixture.gradients, NULL, 0), "lddy");
    test_expect_argument(
        tp_backward_from(fixture.model, fixture.training, fixture.y, OUT, fixture.gradients, fixture.dx, IN - 1),
        "lddx");
}

Test(api, targets_are_classes_or_values) {
    const tp_targets both = {.classes = fixture.classes, .values = fixture.x, .ld = OUT}, neither = {.ld = OUT};
    tp_score score;
    test_expect_argument(tp_loss_value(fixture.model, fixture.training, &both, &score), "classes");
    test_expect_argument(tp_loss_value(fixture.model, fixture.training, &neither, &score), "classes");
}

Test(api, classes_are_checked) {
    const int32_t wrong[] = {-1, OUT, INT32_MAX, INT32_MIN};
    for (size_t i = 0; i < 4; i++) {
        int32_t changed[MAX_BATCH];
        memcpy(changed, fixture.classes, sizeof changed);
        changed[BATCH - 1] = wrong[i];
        const tp_targets bad = {.classes = changed};
        tp_score score;
        test_expect_argument(tp_loss_value(fixture.model, fixture.training, &bad, &score), "classes[5]");
        test_expect_argument(tp_backward(fixture.model, fixture.training, &bad, fixture.gradients, NULL, 0, NULL),
                             "classes[5]");
    }
}

Test(api, workspaces_belong_to_one_model_and_mode) {
    const tp_model_options options = test_model_options();
    tp_model *other = NULL;
    tp_score score;
    cr_assert_eq(tp_model_create(fixture.context, &options, &other), TP_OK);
    test_expect_argument(tp_forward(other, fixture.training, BATCH, fixture.x, IN, fixture.y, OUT), "workspace");
    test_expect_argument(tp_loss_value(other, fixture.training, &fixture.targets, &score), "workspace");
    test_expect_argument(tp_backward(other, fixture.training, &fixture.targets, fixture.gradients, NULL, 0, NULL),
                         "workspace");
    test_expect_argument(tp_evaluate(other, fixture.training, &fixture.data, &score, NULL), "workspace");
    test_expect_argument(tp_predict(other, fixture.training, &fixture.data, fixture.y), "workspace");
    test_expect_argument(tp_optimizer_step(fixture.optimizer, other, fixture.gradients), "optimizer");
    tp_model_destroy(other);
    cr_assert_eq(tp_forward(fixture.model, fixture.inference, BATCH, fixture.x, IN, fixture.y, OUT), TP_OK);
    test_expect_argument(tp_loss_value(fixture.model, fixture.inference, &fixture.targets, &score), "workspace");
    test_expect_argument(
        tp_backward(fixture.model, fixture.inference, &fixture.targets, fixture.gradients, NULL, 0, NULL), "workspace");
    test_expect_argument(tp_backward_from(fixture.model, fixture.inference, fixture.y, OUT, fixture.gradients, NULL, 0),
                         "workspace");
}

Test(api, backward_needs_a_forward) {
    tp_workspace *fresh = NULL;
    tp_score score;
    cr_assert_eq(tp_workspace_create(fixture.model, BATCH, TP_TRAINING, NULL, 0, &fresh), TP_OK);
    test_expect_argument(tp_loss_value(fixture.model, fresh, &fixture.targets, &score), "forward");
    test_expect_argument(tp_backward(fixture.model, fresh, &fixture.targets, fixture.gradients, NULL, 0, NULL),
                         "forward");
    tp_workspace_destroy(fresh);
}

Test(api, outputs_are_untouched_on_error) {
    float before[PARAMETERS], y[MAX_BATCH * OUT], dx[MAX_BATCH * IN];
    tp_score score = {7, 8, 9, 10};
    const int32_t wrong[MAX_BATCH] = {0, 0, OUT};
    const tp_targets bad = {.classes = wrong};
    tp_test_fill(fixture.gradients, PARAMETERS, 2, 0, 1);
    memcpy(before, fixture.gradients, sizeof before);
    memcpy(y, fixture.y, sizeof y);
    memcpy(dx, fixture.dx, sizeof dx);
    test_expect_argument(tp_forward(fixture.model, fixture.training, MAX_BATCH + 1, fixture.x, IN, fixture.y, OUT),
                         "batch");
    test_expect_argument(tp_backward(fixture.model, fixture.training, &bad, fixture.gradients, fixture.dx, IN, &score),
                         "classes");
    test_expect_argument(tp_model_get_parameters(fixture.model, fixture.gradients, PARAMETERS - 1), "count");
    cr_assert(tp_test_same_bits(before, fixture.gradients, PARAMETERS, "gradients"));
    cr_assert(tp_test_same_bits(y, fixture.y, MAX_BATCH * OUT, "y"));
    cr_assert(tp_test_same_bits(dx, fixture.dx, MAX_BATCH * IN, "dx"));
    cr_assert(score.loss == 7 && score.correct == 8 && score.samples == 9 && score.weight == 10);
}
