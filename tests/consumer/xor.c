/* SPDX-License-Identifier: BSD-3-Clause */
/* Trains a 2-8-1 network on XOR, and saves it if a path is given. Succeeds if it gets all four patterns right. */
#include <tileprop/tileprop.h>

#include <stdio.h>
#include <stdlib.h>

static void report(void *user, tp_status status, const char *message) {
    (void)user;
    fprintf(stderr, "xor: %s: %s\n", tp_status_text(status), message);
}

static void check(tp_status status) {
    if (status != TP_OK)
        exit(1);
}

static tp_model *make_model(tp_context *context) {
    const tp_layer layers[] = {{.width = 8, .activation = TP_ACTIVATION_TANH},
                               {.width = 1, .activation = TP_ACTIVATION_SIGMOID}};
    tp_model_options options;
    tp_model_options_default(&options);
    options.inputs = 2;
    options.layer_count = 2;
    options.layers = layers;
    options.loss = TP_LOSS_BCE;
    tp_model *model;
    check(tp_model_create(context, &options, &model));
    return model;
}

static void train(tp_model *model, const tp_data *data) {
    tp_train_options options;
    tp_train_options_default(&options);
    options.batch = 4;
    options.epochs = 500;
    options.optimizer.learning_rate = 0.05f;
    tp_trainer *trainer;
    check(tp_trainer_create(model, data, &options, NULL, 0, &trainer));
    check(tp_trainer_run(trainer));
    tp_trainer_destroy(trainer);
}

static tp_score evaluate(const tp_model *model, const tp_data *data) {
    tp_workspace *workspace;
    tp_score score;
    tp_workspace_options options;
    tp_workspace_options_default(&options);
    options.max_batch = data->samples;
    check(tp_workspace_create(model, &options, NULL, 0, &workspace));
    check(tp_evaluate(model, workspace, data, &score, NULL));
    tp_workspace_destroy(workspace);
    return score;
}

int main(int argc, char **argv) {
    const float inputs[] = {0, 0, 0, 1, 1, 0, 1, 1};
    const float targets[] = {0, 1, 1, 0};
    const tp_data data = {.samples = 4, .features = 2, .floats = inputs, .values = targets, .outputs = 1};
    tp_context_options options;
    tp_context_options_default(&options);
    options.message = report;
    tp_context *context;
    check(tp_context_create(&options, &context));
    tp_model *model = make_model(context);
    train(model, &data);
    const tp_score score = evaluate(model, &data);
    printf("tileprop %s: loss %.4f, %zu of 4 right\n", tp_version(), score.loss, score.correct);
    if (argc > 1)
        check(tp_model_save(model, argv[1]));
    tp_model_destroy(model);
    tp_context_destroy(context);
    return score.correct == 4 ? 0 : 1;
}
