/* SPDX-License-Identifier: BSD-3-Clause */
#include "train_options.h"
#include "command.h"
#include "gnuplot.h"
#include "report.h"

#include <math.h>
#include <stdlib.h>

#define OPTION_STRUCT struct train_options
const struct option_row train_rows[] = {
#include "learning_rows.def"
    {.name = "test",
     .also = "test-data test-file",
     IS_TEXT("FILE", test),
     .role = FILE_DATA,
     .help = "file of other samples, to measure the result (default: those of a directory)"},
    {.name = "hidden",
     .also = "layers hidden-layers hidden-sizes hidden-layer-sizes units",
     IS_SIZES(hidden, 1, SIZE_LIMIT),
     OPTION_GIVEN(hidden_given),
     .advice = ADVICE_SEVERAL,
     .advice_on = "/",
     .help = "widths of the hidden layers; 'none' for no hidden layer (default: " SMALL_DEFAULT("100", "512,256")},
    {.name = "init",
     .also = "load warm-start",
     IS_FILE(FILE_INPUT, init),
     .help = "go on from this saved model, with its layers, loss and scaling; the optimizer starts anew"},
    {.name = "freeze",
     IS_INTEGER(freeze, 1, TP_MAX_LAYERS - 1),
     .help = "with --init: the first N layers stay as they are, the others learn"},
    {.name = "lr",
     .also = "learning-rate learning-rate-init",
     IS_REAL(learning_rate, 0, INFINITY),
     .above_low = true,
     OPTION_GIVEN(learning_rate_given),
     .advice = ADVICE_SEVERAL,
     .advice_on = ",",
     .help = "learning rate (default: 0.001 for adam, adamw and rmsprop, 0.01 for adagrad, 0.1 for the others)"},
    {.name = "weight-decay",
     .also = "l2 decay alpha",
     IS_REAL(weight_decay, 0, INFINITY),
     .advice = ADVICE_SEVERAL,
     .advice_on = ",",
     .help = "of weights, not biases; decoupled with adamw, else L2"},
    {.name = "validation",
     .also = "validation-split val-split validation-fraction holdout",
     IS_REAL(validation, 0, 1),
     .help = "part of the training data to hold out and measure after each epoch"},
    {.name = "out",
     .also = "output save model-out",
     IS_FILE(FILE_SAVED, out),
     .replaces = "init",
     .help = "save the model here, also over that of --init (default: it is not saved)"},
    {.name = "checkpoint",
     .also = "checkpoint-dir save-dir",
     IS_TEXT("DIR", checkpoint),
     .use = OPTION_HERE,
     .help = "keep checkpoints of the run in this directory, from which --resume goes on; SIGTERM, SIGUSR1 and SIGUSR2 "
             "then write one and exit 75"},
    {.name = "every",
     .also = "save-every checkpoint-every checkpoint-interval save-freq",
     IS_TEXT("INTERVAL", every),
     OPTION_GIVEN(every_given),
     .use = OPTION_HERE,
     .help = "steps, epochs or time from one checkpoint to the next: 500, 2epochs, 90s, 10min, 1h (default 1epochs)"},
    {.name = "keep-checkpoints",
     .also = "max-to-keep save-top-k save-total-limit",
     IS_INTEGER(keep_checkpoints, 1, UINT32_MAX),
     OPTION_GIVEN(keep_checkpoints_given),
     .use = OPTION_HERE,
     .help = "checkpoints that stay; older ones are removed when a newer one is complete"},
    {.name = "resume",
     .also = "continue restart resume-from",
     IS_TEXT("DIR", resume),
     .use = OPTION_HERE,
     .help = "as --checkpoint, and go on from the newest checkpoint there, if there is one: same options and data, any "
             "--threads and --isa; --log is continued"},
    {.name = "log",
     .also = "log-file history",
     IS_FILE(FILE_STREAM, log),
     .help = "write one JSON object per epoch to this file"},
    {.name = "find-lr",
     .also = "lr-find lr-finder find-learning-rate lr-range-test auto-lr",
     IS_FLAG(find_lr),
     .use = OPTION_HERE,
     .help = "try rising learning rates on a model that is thrown away, and suggest one"},
    {.name = "plot",
     IS_FILE(FILE_SAVED, plot),
     .endings = PICTURE_ENDINGS,
     .help = "with --find-lr: draw loss against learning rate into this .svg or .png file"},
    {.name = "width",
     IS_INTEGER(width, PICTURE_LEAST, PICTURE_MOST),
     .use = OPTION_HERE,
     .help = "of the picture, in pixels"},
    OPTION_ROW_THREADS,
    OPTION_ROW_ISA,
    OPTION_ROW_MPI("train one model: a power of two of them, at most --parts"),
    {.name = "quiet",
     .also = "silent",
     IS_FLAG(quiet),
     .use = OPTION_HERE,
     .help = "no progress, only errors, notes on files and the result"},
    OPTION_ROW_JSON,
    {0},
};

void train_defaults(void *values) {
    tp_train_options library;
    tp_train_options_default(&library);
    tp_model_options model;
    tp_model_options_default(&model);
    *(struct train_options *)values = (struct train_options){
        .command = &train_command,
        .activation = TP_ACTIVATION_RELU,
        .loss = LOSS_OF_TASK,
        .huber_delta = (double)model.huber_delta,
        .init_weights = (int)model.init,
        .precision = (int)model.precision,
        .optimizer = (int)library.optimizer.kind,
        .momentum = 0.9,
        .schedule = (int)library.optimizer.schedule,
        .step_every = 3,
        .step_factor = 0.5,
        .plateau = library.plateau,
        .parts = library.parts,
        .min_delta = library.min_delta,
        .monitor = (int)library.monitor,
        .keep = (int)library.keep,
        .seed = library.seed,
        .every = "1epochs",
        .keep_checkpoints = 3,
        .width = PICTURE_WIDTH,
    };
}

static double learning_rate(const struct train_options *options) {
    static const double usual[TP_OPTIMIZER_COUNT] = {
        [TP_OPTIMIZER_SGD] = 0.1,     [TP_OPTIMIZER_MOMENTUM] = 0.1, [TP_OPTIMIZER_NESTEROV] = 0.1,
        [TP_OPTIMIZER_ADAM] = 1e-3,   [TP_OPTIMIZER_ADAMW] = 1e-3,   [TP_OPTIMIZER_RMSPROP] = 1e-3,
        [TP_OPTIMIZER_ADAGRAD] = 0.01};
    return options->learning_rate_given ? options->learning_rate : usual[options->optimizer];
}

float train_learning_rate(const struct train_options *options) {
    return (float)learning_rate(options);
}

static double final_factor(const struct train_options *options) {
    const double usual = options->schedule == TP_SCHEDULE_EXPONENTIAL ? 0.01 : 0;
    return options->final_factor > 0 ? options->final_factor : usual;
}

/* With --init the model has the rest. */
void train_settle_options(void *values) {
    struct train_options *const options = values;
    options->learning_rate = learning_rate(options);
    options->learning_rate_given = true;
    options->final_factor = final_factor(options);
    if (options->init)
        return;
    options->activation_given = options->dropout_given = options->label_smoothing_given = true;
    options->init_weights_given = options->precision_given = true;
}

uint64_t train_steps(const struct train_options *options, size_t samples) {
    return (samples + options->batch - 1) / options->batch;
}

static uint64_t small_epochs(uint64_t steps) {
    const uint64_t enough = (SMALL_STEPS - 1) / steps + 1;
    return enough > SMALL_EPOCHS ? enough : SMALL_EPOCHS;
}

/* Few samples need a smaller net, and many passes for enough steps. */
void train_settle(struct train_options *options, size_t samples) {
    const bool large = samples >= LARGE;
    if (!options->hidden_given)
        options->hidden = large ? (struct size_list){2, {512, 256}} : (struct size_list){1, {100}};
    if (!options->batch)
        options->batch = large ? 128 : 32;
    for (size_t l = 0; l < TP_MAX_LAYERS; l++)
        options->layer_rates[l] = l < options->freeze ? 0 : 1;
    if (!options->epochs)
        options->epochs = large ? 10 : small_epochs(train_steps(options, samples));
}

bool train_warmup_fits(const struct train_options *options, size_t samples) {
    const bool ends = options->schedule == TP_SCHEDULE_COSINE || options->schedule == TP_SCHEDULE_AUTO ||
                      options->schedule == TP_SCHEDULE_EXPONENTIAL;
    return !ends || options->warmup < train_steps(options, samples) * options->epochs;
}

int train_check_best(const struct train_options *options, tp_task task, bool held_out) {
    if (options->keep == TP_KEEP_BEST && !held_out)
        complain("--keep best: the best epoch is that of held-out samples: %s",
                 options->command == &train_command ? "it needs --validation" : "train has them, with --validation");
    else if (options->monitor == TP_MONITOR_ACCURACY && task == TP_TASK_REGRESSION)
        complain("--monitor accuracy: is for classes and labels, not for regression");
    else {
        if (options->patience && !held_out)
            complain("note: --patience: without held-out samples it watches the %s of training",
                     tp_monitor_name((tp_monitor)options->monitor));
        return EXIT_SUCCESS;
    }
    return options_usage_error(options->command);
}

tp_train_options train_library_options(const struct train_options *options, size_t samples) {
    tp_train_options library;
    tp_train_options_default(&library);
    library.batch = (size_t)options->batch;
    library.parts = (size_t)options->parts;
    library.epochs = (size_t)options->epochs;
    library.shuffle = !options->no_shuffle;
    library.seed = options->seed;
    library.monitor = (tp_monitor)options->monitor;
    library.keep = (tp_keep)options->keep;
    library.patience = (size_t)options->patience;
    library.min_delta = options->min_delta;
    library.plateau = (size_t)options->plateau;
    library.average = options->average;
    library.optimizer.kind = (tp_optimizer_kind)options->optimizer;
    library.optimizer.learning_rate = train_learning_rate(options);
    library.optimizer.layer_rates = options->freeze ? options->layer_rates : NULL;
    library.optimizer.momentum = (float)options->momentum;
    library.optimizer.weight_decay = (float)options->weight_decay;
    library.optimizer.clip_norm = (float)options->clip;
    library.optimizer.schedule = (tp_schedule)options->schedule;
    library.optimizer.warmup_steps = options->warmup;
    library.optimizer.step_every = options->step_every * train_steps(options, samples);
    library.optimizer.step_factor = (float)options->step_factor;
    library.optimizer.final_factor = (float)final_factor(options);
    return library;
}
