/* SPDX-License-Identifier: BSD-3-Clause */
/* Training with fused updates and with a clipped norm, validation, evaluation, prediction, and the passes one by one.
 */
#include "plain.h"

enum { INPUTS = 23, HIDDEN = 91, OUTPUTS = 10, BATCH = 20, SAMPLES = 53, EPOCHS = 2 };

static float x[SAMPLES * INPUTS];
static int32_t classes[SAMPLES];
static const tp_data data = {
    .samples = SAMPLES, .features = INPUTS, .floats = x, .classes = classes, .outputs = OUTPUTS};

static tp_model *make_model(tp_context *context) {
    const tp_layer layers[] = {
        {HIDDEN, TP_ACTIVATION_RELU, 0, 0}, {HIDDEN, TP_ACTIVATION_TANH, 0, 0}, {OUTPUTS, TP_ACTIVATION_SOFTMAX, 0, 0}};
    tp_model_options options;
    tp_model_options_default(&options);
    options.inputs = INPUTS, options.layer_count = 3, options.layers = layers;
    tp_model *model = NULL;
    require(!tp_model_create(context, &options, &model));
    return model;
}

static void train(tp_model *model, float clip_norm) {
    tp_train_options options;
    tp_train_options_default(&options);
    options.batch = BATCH, options.epochs = EPOCHS, options.validation_fraction = 0.25;
    options.optimizer.clip_norm = clip_norm;
    tp_trainer *trainer = NULL;
    require(!tp_trainer_create(model, &data, &options, NULL, 0, &trainer));
    require(!tp_trainer_run(trainer));
    tp_trainer_destroy(trainer);
}

static void check_parameters(struct plain_kept *kept, const tp_model *model) {
    const size_t count = tp_model_parameter_count(model);
    float *parameters = tp_test_floats(count);
    require(!tp_model_get_parameters(model, parameters, count));
    plain_require_same(kept, parameters, count);
    free(parameters);
}

static struct plain_kept kept_parameters[2], kept_counts, kept_outputs, kept_dx, kept_dx_of_own_loss, kept_gradients;

static void measure(const tp_model *model, tp_workspace *workspace) {
    static float y[SAMPLES * OUTPUTS], counts[OUTPUTS * OUTPUTS];
    uint64_t confusion[OUTPUTS * OUTPUTS];
    tp_score score;
    require(!tp_evaluate(model, workspace, &data, &score, confusion) && score.samples == SAMPLES);
    for (size_t i = 0; i < OUTPUTS * OUTPUTS; i++)
        counts[i] = (float)confusion[i];
    plain_require_same(&kept_counts, counts, OUTPUTS * OUTPUTS);
    require(!tp_predict(model, workspace, &data, &(const tp_outputs){.floats = y}));
    plain_require_same(&kept_outputs, y, SAMPLES * OUTPUTS);
}

static void pass(tp_model *model, tp_workspace *workspace) {
    const size_t count = tp_model_parameter_count(model);
    const tp_targets targets = {.classes = classes};
    static float dx[BATCH * INPUTS];
    float *gradients = tp_test_floats(count);
    tp_optimizer_options options;
    tp_optimizer_options_default(&options);
    tp_optimizer *optimizer = NULL;
    require(!tp_forward(model, workspace, BATCH, x, INPUTS, NULL, 0));
    require(!tp_backward(model, workspace, &targets, gradients, dx, INPUTS, NULL));
    require(!tp_optimizer_create(model, &options, NULL, 0, &optimizer));
    require(!tp_optimizer_step(optimizer, model, gradients));
    plain_require_same(&kept_gradients, gradients, count);
    plain_require_same(&kept_dx, dx, BATCH * INPUTS);
    require(!tp_forward(model, workspace, BATCH, x, INPUTS, NULL, 0));
    require(!tp_backward_from(model, workspace, x, OUTPUTS, gradients, dx, INPUTS)); /* any dJ/dA_L will do */
    plain_require_same(&kept_dx_of_own_loss, dx, BATCH * INPUTS);
    tp_optimizer_destroy(optimizer);
    free(gradients);
}

static void check(tp_context *context) {
    for (int clipped = 0; clipped < 2; clipped++) {
        tp_model *model = make_model(context);
        train(model, clipped ? 0.1f : 0);
        check_parameters(&kept_parameters[clipped], model);
        tp_workspace *workspace = NULL;
        require(!tp_workspace_create(model, TEST_WORKSPACE(BATCH, TP_MODE_TRAINING), NULL, 0, &workspace));
        if (!clipped) {
            measure(model, workspace);
            pass(model, workspace);
        }
        tp_workspace_destroy(workspace);
        tp_model_destroy(model);
    }
}

int main(void) {
    tp_test_fill(x, SAMPLES * INPUTS, 1, -1, 1);
    tp_test_fill_classes(classes, SAMPLES, 2, OUTPUTS);
    plain_for_each(check);
    struct plain_kept *kept[] = {&kept_parameters[0],  &kept_parameters[1], &kept_counts, &kept_outputs, &kept_dx,
                                 &kept_dx_of_own_loss, &kept_gradients};
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
        plain_release(kept[i]);
}
