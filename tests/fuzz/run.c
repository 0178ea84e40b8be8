/* SPDX-License-Identifier: BSD-3-Clause */
#include "run.h"

#include "../support/require.h"

static int on_step(void *user, const tp_step *step) {
    const struct fuzz_run *run = user;
    return step->step == run->stop_at;
}

static tp_train_options options_of(struct fuzz_run *run) {
    tp_train_options options;
    tp_train_options_default(&options);
    options.batch = 2;
    options.epochs = 3;
    options.validation_fraction = 0.25;
    options.keep = TP_KEEP_BEST;
    options.average = 0.5;
    options.patience = 2;
    options.optimizer.schedule = TP_SCHEDULE_PLATEAU;
    options.fingerprint = "few numbers";
    options.on_step = on_step;
    options.user = run;
    return options;
}

void fuzz_run_open(tp_context *context, struct fuzz_run *run) {
    static const float x[] = {0, 1, 2, 3, 4}, y[] = {1, 3, 5, 7, 9};
    static const tp_layer layer = {1, TP_ACTIVATION_IDENTITY, 0, 0};
    const tp_data data = {.samples = 5, .features = 1, .floats = x, .values = y, .outputs = 1};
    tp_model_options model;
    tp_model_options_default(&model);
    model.inputs = 1, model.layer_count = 1, model.layers = &layer, model.loss = TP_LOSS_MSE;
    require(!tp_model_create(context, &model, &run->model));
    const tp_train_options options = options_of(run);
    require(!tp_trainer_create(run->model, &data, &options, NULL, 0, &run->trainer));
    run->stop_at = 0;
}

void fuzz_run_close(struct fuzz_run *run) {
    tp_trainer_destroy(run->trainer);
    tp_model_destroy(run->model);
}
