/* SPDX-License-Identifier: BSD-3-Clause */
#include "train_options.h"

#include <math.h>

#define SIZE_LIMIT 1048576 /* of a layer and a batch: larger ones are slips of the keyboard */

/* Defaults for fewer training samples than LARGE, and for others. */
#define LARGE 10000
#define SMALL_STEPS 2000
#define SMALL_DEFAULT(small, large) small "; from 10000 training samples on " large ")"

/* The library's names; they end where the option's values end. */
tp_activation train_activation(int value) {
    return (tp_activation)(value < TP_ACTIVATION_SOFTMAX ? value : value + 1);
}

static const char *activation_name(int value) {
    return tp_activation_name(train_activation(value));
}

static const char *loss_name(int value) {
    return tp_loss_name((tp_loss)value);
}

static const char *init_name(int value) {
    return tp_init_name((tp_init)value);
}

static const char *optimizer_name(int value) {
    return tp_optimizer_name((tp_optimizer_kind)value);
}

static const char *schedule_name(int value) {
    return tp_schedule_name((tp_schedule)value);
}

#define OPTION_STRUCT struct train_options
const struct option_row train_rows[] = {
    OPTION_ROW_SAMPLES("data"),
    OPTION_ROWS_COLUMNS,
    OPTION_ROW_WEIGHT,
    OPTION_ROW_ID("column that names the rows: not used"),
    OPTION_ROWS_READING,
    {.name = "test",
     IS_TEXT("FILE", test),
     .role = FILE_DATA,
     .help = "file of other samples, to measure the result (default: those of a directory)"},
    {.name = "hidden",
     IS_SIZES(hidden, 1, SIZE_LIMIT),
     OPTION_GIVEN(hidden_given),
     .help = "widths of the hidden layers; 'none' for no hidden layer (default: " SMALL_DEFAULT("100", "512,256")},
    {.name = "activation",
     IS_NAME(activation_name, activation),
     OPTION_GIVEN(activation_given),
     .help = "of the hidden layers (the slope of leaky_relu is 0.01, alpha of elu 1)"},
    {.name = "dropout",
     IS_REAL(dropout, 0, 1),
     OPTION_GIVEN(dropout_given),
     .help = "probability with which a training step leaves out an output of a hidden layer"},
    {.name = "loss",
     IS_NAME(loss_name, loss),
     OPTION_GIVEN(loss_given),
     .help = "classes: cce (softmax), bce (sigmoids); two classes and labels: bce; numbers: the others (default: cce, "
             "bce, mse)"},
    {.name = "huber-delta",
     IS_REAL(huber_delta, 0, INFINITY),
     .above_low = true,
     OPTION_GIVEN(huber_delta_given),
     .help = "with --loss huber: errors beyond it count linearly"},
    {.name = "label-smoothing",
     IS_REAL(label_smoothing, 0, 1),
     OPTION_GIVEN(label_smoothing_given),
     .help = "with --loss cce or bce: part of each target that is spread evenly; also in the losses shown"},
    {.name = "class-weights",
     IS_REALS(class_weights, 0, INFINITY),
     .word = "balanced",
     .help = "how much samples of class 0, 1, ... count in training (not in validation and test); balanced: all "
             "classes the same together (default: all 1)"},
    {.name = "init-weights",
     IS_NAME(init_name, init_weights),
     OPTION_GIVEN(init_weights_given),
     .help = "distribution of the first weights"},
    {.name = "init",
     IS_FILE(FILE_INPUT, init),
     .help = "go on from this saved model, with its layers, loss and scaling; the optimizer starts anew"},
    {.name = "optimizer", IS_NAME(optimizer_name, optimizer), .help = "update rule"},
    {.name = "lr",
     IS_REAL(learning_rate, 0, INFINITY),
     .above_low = true,
     OPTION_GIVEN(learning_rate_given),
     .help = "learning rate (default 0.001 for adam and adamw, 0.1 for the others)"},
    {.name = "momentum", IS_REAL(momentum, 0, 1), .help = "of momentum and nesterov"},
    {.name = "schedule", IS_NAME(schedule_name, schedule), .help = "of the learning rate"},
    {.name = "step-every",
     IS_INTEGER(step_every, 1, SIZE_LIMIT),
     .help = "step schedule: epochs between two reductions"},
    {.name = "step-factor",
     IS_REAL(step_factor, 0, INFINITY),
     .above_low = true,
     .help = "step schedule: factor of a reduction"},
    {.name = "warmup",
     IS_INTEGER(warmup, 0, UINT32_MAX),
     .help = "steps over which the learning rate first grows linearly"},
    {.name = "weight-decay",
     IS_REAL(weight_decay, 0, INFINITY),
     .help = "of weights, not biases; decoupled with adamw, else L2"},
    {.name = "clip", IS_REAL(clip, 0, INFINITY), .help = "largest norm of the whole gradient; 0: any"},
    {.name = "batch",
     IS_INTEGER(batch, 1, SIZE_LIMIT),
     .help = "samples per step (default: " SMALL_DEFAULT("32", "128")},
    {.name = "epochs",
     IS_INTEGER(epochs, 1, UINT32_MAX),
     .help = "passes over the training data (default: " SMALL_DEFAULT("as many as make 2000 steps", "10")},
    {.name = "seed", IS_INTEGER(seed, 0, UINT64_MAX), .help = "of first weights, order, validation split and dropout"},
    {.name = "no-shuffle", IS_FLAG(no_shuffle), .help = "keep the order of the samples"},
    {.name = "validation",
     IS_REAL(validation, 0, 1),
     .help = "part of the training data to hold out and measure after each epoch"},
    {.name = "out",
     IS_FILE(FILE_SAVED, out),
     .replaces = "init",
     .help = "save the model here, also over that of --init (default: it is not saved)"},
    {.name = "log", IS_FILE(FILE_STREAM, log), .help = "write one JSON object per epoch to this file"},
    OPTION_ROW_THREADS,
    OPTION_ROW_ISA,
    {.name = "quiet", IS_FLAG(quiet), .help = "no progress, only errors, notes on files and the result"},
    OPTION_ROW_JSON,
    {0},
};

void train_defaults(void *values) {
    tp_train_options library;
    tp_train_options_default(&library);
    tp_model_options model;
    tp_model_options_default(&model);
    *(struct train_options *)values = (struct train_options){
        .activation = TP_ACTIVATION_RELU,
        .loss = LOSS_OF_TASK,
        .huber_delta = (double)model.huber_delta,
        .init_weights = (int)model.init,
        .optimizer = (int)library.optimizer.kind,
        .momentum = 0.9,
        .schedule = (int)library.optimizer.schedule,
        .step_every = 3,
        .step_factor = 0.5,
        .seed = library.seed,
    };
}

/* Few samples need a smaller net, and many passes for enough steps. */
void train_settle(struct train_options *options, size_t samples) {
    const bool large = samples >= LARGE;
    if (!options->hidden_given)
        options->hidden = large ? (struct size_list){2, {512, 256}} : (struct size_list){1, {100}};
    if (!options->batch)
        options->batch = large ? 128 : 32;
    if (!options->epochs)
        options->epochs = large ? 10 : (SMALL_STEPS - 1) / train_steps(options, samples) + 1;
}

uint64_t train_steps(const struct train_options *options, size_t samples) {
    return (samples + options->batch - 1) / options->batch;
}

bool train_warmup_fits(const struct train_options *options, size_t samples) {
    const bool cosine = options->schedule == TP_SCHEDULE_COSINE || options->schedule == TP_SCHEDULE_AUTO;
    return !cosine || options->warmup < train_steps(options, samples) * options->epochs;
}

static float learning_rate(const struct train_options *options) {
    const bool adaptive = options->optimizer == TP_OPTIMIZER_ADAM || options->optimizer == TP_OPTIMIZER_ADAMW;
    return options->learning_rate_given ? (float)options->learning_rate : adaptive ? 1e-3F : 0.1F;
}

tp_train_options train_library_options(const struct train_options *options, size_t samples) {
    tp_train_options library;
    tp_train_options_default(&library);
    library.batch = (size_t)options->batch;
    library.epochs = (size_t)options->epochs;
    library.shuffle = !options->no_shuffle;
    library.seed = options->seed;
    library.optimizer.kind = (tp_optimizer_kind)options->optimizer;
    library.optimizer.learning_rate = learning_rate(options);
    library.optimizer.momentum = (float)options->momentum;
    library.optimizer.weight_decay = (float)options->weight_decay;
    library.optimizer.clip_norm = (float)options->clip;
    library.optimizer.schedule = (tp_schedule)options->schedule;
    library.optimizer.warmup_steps = options->warmup;
    library.optimizer.step_every = options->step_every * train_steps(options, samples);
    library.optimizer.step_factor = (float)options->step_factor;
    return library;
}
