/* SPDX-License-Identifier: BSD-3-Clause */
/* The options of 'tileprop train' and what they mean for the library. */
#ifndef TILEPROP_TOOLS_TRAIN_OPTIONS_H
#define TILEPROP_TOOLS_TRAIN_OPTIONS_H

#include "data.h"
#include "train_names.h"

#define SIZE_LIMIT 1048576 /* of a layer and a batch: larger ones are slips of the keyboard */

#define PARTS_LIMIT 65536

/* Defaults for fewer training samples than LARGE, and for others. */
#define LARGE 10000
#define SMALL_STEPS 1000
#define SMALL_EPOCHS 100 /* at least */
#define SMALL_DEFAULT(small, large) small "; from 10000 training samples on " large ")"

#define LOSS_OF_TASK (-1)

#define ADVICE_SEVERAL "'tileprop cv' tries several"

struct train_options {
    struct machine_options machine;
    const struct command *command; /* whose options these are, for errors */
    struct data_options data;
    const char *test; /* file of test samples, or NULL */
    struct size_list hidden;
    int activation; /* for train_activation */
    int loss;       /* tp_loss; LOSS_OF_TASK: train_settle chooses */
    double huber_delta, label_smoothing;
    struct real_list class_weights;
    int init_weights; /* tp_init */
    int precision;    /* tp_precision */
    double dropout;
    const char *init; /* model to start from, or NULL */
    uint64_t freeze;  /* layers of it that do not learn */
    float layer_rates[TP_MAX_LAYERS];
    int optimizer; /* tp_optimizer_kind */
    double learning_rate, momentum, weight_decay, clip;
    int schedule; /* tp_schedule */
    uint64_t warmup, step_every;
    double step_factor;
    double final_factor;    /* 0: that of the schedule */
    uint64_t batch, epochs; /* 0: train_settle chooses */
    uint64_t parts;
    uint64_t seed;
    double validation;
    bool no_shuffle;
    uint64_t patience, plateau;
    double min_delta, average;
    int monitor, keep; /* tp_monitor, tp_keep */
    const char *checkpoint, *resume, *every;
    uint64_t keep_checkpoints;
    const char *out, *log; /* may be NULL */
    const char *config;    /* likewise; it has been read */
    bool print_config;
    bool find_lr, mpi;
    const char *plot; /* of find_lr, or NULL */
    uint64_t width;   /* of the picture */
    bool quiet, json;
    bool hidden_given, activation_given, dropout_given, loss_given, huber_delta_given, label_smoothing_given;
    bool init_weights_given, learning_rate_given, every_given, keep_checkpoints_given, precision_given;
};

/* For .rows, .defaults and .settle of the subcommand. */
extern const struct option_row train_rows[];
void train_defaults(void *values);
void train_settle_options(void *values);

/* Widths, batch and epochs that were not given, by the number of training samples. */
void train_settle(struct train_options *options, size_t samples);

/* The one that was given, or that of the optimiser. */
float train_learning_rate(const struct train_options *options);

/* Steps of an epoch of so many training samples. */
uint64_t train_steps(const struct train_options *options, size_t samples);

/* Whether a schedule that ends has steps left after the warm-up; others always fit. */
bool train_warmup_fits(const struct train_options *options, size_t samples);

/* Whether monitor and keep can do what they say for this task, with or without held-out samples. Returns an exit code;
 * it has said why. */
int train_check_best(const struct train_options *options, tp_task task, bool held_out);

/* Without callbacks, validation and class weights. */
tp_train_options train_library_options(const struct train_options *options, size_t samples);

#endif
