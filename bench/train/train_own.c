/* SPDX-License-Identifier: BSD-3-Clause */
/* tileprop as one of the libraries. */
#include "train_engine.h"
#include "memory.h"
#include "train_loops.h"

#include <stdlib.h>
#include <string.h>

#define EPOCHS ((size_t)1 << 30) /* more than it will ever do */

static struct {
    const struct train_task *task;
    struct train_data *data;
    tp_data set;
    tp_train_options options;
    tp_model *model;
    tp_trainer *trainer;
    tp_predictor *predictor; /* of inference, with what follows */
    tp_workspace *workspace;
    float *x, *y;
    int32_t *classes;
    size_t steps_left;
    double loss;
} own;

static int on_step(void *user, const tp_step *step) {
    (void)user;
    own.loss += step->loss;
    return --own.steps_left == 0;
}

/* An error ends the worker, which the reader of its answers sees. */
static void need(tp_status status) {
    if (status != TP_OK)
        exit(1);
}

static void make_model(void) {
    const struct train_task *task = own.task;
    tp_layer layer[TRAIN_MAX_LAYERS] = {0};
    tp_model_options options;
    tp_model_options_default(&options);
    options.inputs = (size_t)task->widths[0];
    options.layer_count = (size_t)task->layers;
    options.layers = layer;
    options.init = TP_INIT_ZERO;
    options.precision = task->bf16 ? TP_PRECISION_BF16 : TP_PRECISION_F32;
    const double mean = (double)TRAIN_MEAN, deviation = (double)TRAIN_DEVIATION;
    options.inputs_scaled = (tp_scaling){1, &mean, &deviation};
    for (size_t l = 0; l < options.layer_count; l++)
        layer[l] = (tp_layer){.width = (size_t)task->widths[l + 1], .activation = TP_ACTIVATION_RELU};
    tp_layer *last = &layer[options.layer_count - 1];
    last->activation = last->width == 1 ? TP_ACTIVATION_SIGMOID : TP_ACTIVATION_SOFTMAX;
    options.loss = last->width == 1 ? TP_LOSS_BCE : TP_LOSS_CCE;
    need(tp_model_create(bench_context, &options, &own.model));
}

static void set_weights(void) {
    const size_t count = tp_model_parameter_count(own.model);
    float *parameters = bench_allocate(count * sizeof *parameters);
    for (size_t l = 0; l < (size_t)own.task->layers; l++) {
        size_t weight;
        need(tp_model_layer_offsets(own.model, l, &weight, NULL));
        train_start_weights(parameters + weight, (size_t)own.task->widths[l], (size_t)own.task->widths[l + 1], l);
    }
    need(tp_model_set_parameters(own.model, parameters, count));
    free(parameters);
}

/* In a struct that the next call overwrites. */
static const tp_workspace_options *workspace_options(size_t batch, tp_mode mode) {
    static tp_workspace_options options;
    tp_workspace_options_default(&options);
    options.max_batch = batch;
    options.mode = mode;
    return &options;
}

static void make_trainer(bool phases) {
    tp_train_options *options = &own.options;
    tp_train_options_default(options);
    options->phases = phases;
    options->batch = (size_t)own.task->batch;
    options->epochs = EPOCHS;
    options->shuffle = own.task->shuffled;
    options->parts = (size_t)own.task->parts;
    options->optimizer.kind = own.task->adam ? TP_OPTIMIZER_ADAM : TP_OPTIMIZER_SGD;
    options->optimizer.schedule = TP_SCHEDULE_CONSTANT;
    options->optimizer.learning_rate = (float)own.task->rate;
    options->on_step = on_step;
    need(tp_trainer_create(own.model, &own.set, options, NULL, 0, &own.trainer));
}

static void make_predictor(void) {
    const size_t batch = (size_t)own.task->batch;
    tp_predictor_options options;
    tp_predictor_options_default(&options);
    options.measure = true;
    options.batches = &batch;
    options.batch_count = 1;
    need(tp_predictor_create(bench_context, own.model, &options, &own.predictor));
    need(tp_predictor_workspace_create(own.predictor, workspace_options(batch, TP_MODE_INFERENCE), NULL, 0,
                                       &own.workspace));
    own.x = bench_allocate(batch * own.data->inputs * sizeof *own.x);
    own.y = bench_allocate(batch * own.data->outputs * sizeof *own.y);
    own.classes = bench_allocate(batch * sizeof *own.classes);
    train_gather(own.data, batch, own.x, own.classes);
}

static bool prepare(const struct train_task *task, struct train_data *data) {
    own.task = task;
    own.data = data;
    own.set = (tp_data){.samples = data->samples,
                        .features = data->inputs,
                        .bytes = data->bytes,
                        .classes = data->classes,
                        .outputs = data->outputs};
    make_model();
    set_weights();
    if (task->inference)
        make_predictor();
    else
        make_trainer(false);
    return true;
}

static double run(size_t steps) {
    const size_t batch = (size_t)own.task->batch, outputs = own.data->outputs;
    own.loss = 0;
    own.steps_left = steps;
    if (!own.task->inference) {
        if (tp_trainer_run(own.trainer) != TP_ERR_STOPPED)
            exit(1);
        return own.loss;
    }
    for (size_t i = 0; i < steps; i++)
        need(tp_predictor_run(own.predictor, own.workspace, batch, own.x, own.data->inputs, own.y, outputs));
    return train_loss(own.y, own.classes, batch, outputs);
}

static void sizes(struct train_sizes *sizes) {
    const size_t batch = (size_t)own.task->batch;
    sizes->parameters = (double)(tp_model_parameter_count(own.model) * sizeof(float));
    if (own.task->inference) {
        sizes->workspace =
            (double)tp_predictor_workspace_size(own.predictor, workspace_options(batch, TP_MODE_INFERENCE));
        return;
    }
    sizes->trainer = (double)tp_trainer_size(own.model, &own.set, &own.options);
    sizes->optimizer = (double)tp_optimizer_size(own.model, &own.options.optimizer);
    sizes->workspace = (double)tp_workspace_size(own.model, workspace_options(batch, TP_MODE_TRAINING));
}

/* With a trainer of its own: to read the clock takes time as well. */
static void phases(size_t steps, tp_phases *phases) {
    tp_trainer *timed = own.trainer;
    make_trainer(true);
    run(steps);
    *phases = *tp_trainer_phases(own.trainer);
    tp_trainer_destroy(own.trainer);
    own.trainer = timed;
}

static void release(void) {
    tp_trainer_destroy(own.trainer);
    tp_workspace_destroy(own.workspace);
    tp_predictor_destroy(own.predictor);
    tp_model_destroy(own.model);
    free(own.x);
    free(own.y);
    free(own.classes);
    memset(&own, 0, sizeof own);
}

const struct train_engine train_tileprop = {
    .library = &bench_tileprop, .prepare = prepare, .run = run, .sizes = sizes, .phases = phases, .release = release};
