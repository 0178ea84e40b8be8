/* SPDX-License-Identifier: BSD-3-Clause */
/* The options of 'tileprop train' and what they mean for the library. */
#ifndef TILEPROP_TOOLS_TRAIN_OPTIONS_H
#define TILEPROP_TOOLS_TRAIN_OPTIONS_H

#include "options.h"

enum scaling { SCALING_UNIT = 0, SCALING_STANDARD };

struct train_options {
    struct machine_options machine;
    const char *data;
    struct size_list hidden;
    int activation; /* for train_activation */
    int loss;       /* tp_loss */
    double huber_delta, label_smoothing;
    struct real_list class_weights;
    int init_weights; /* tp_init */
    int scaling;
    double dropout;
    const char *init; /* model to start from, or NULL */
    int optimizer;    /* tp_optimizer_kind */
    double learning_rate, momentum, weight_decay, clip;
    int schedule; /* tp_schedule */
    uint64_t warmup, step_every;
    double step_factor;
    uint64_t batch, epochs, seed;
    double validation;
    bool no_shuffle;
    const char *out, *log; /* may be NULL */
    bool quiet, json;
    bool hidden_given, activation_given, dropout_given, loss_given, huber_delta_given, label_smoothing_given;
    bool init_weights_given, scaling_given, learning_rate_given;
};

/* For .rows and .defaults of the subcommand. */
extern const struct option_row train_rows[];
void train_defaults(void *values);

/* The value of --activation: those of the library without softmax, which is for the last layer only. */
tp_activation train_activation(int value);

/* Training samples per epoch, and the steps for them, when validation is held out of so many samples. */
size_t train_samples(const struct train_options *options, size_t samples);
uint64_t train_steps(const struct train_options *options, size_t samples);

/* Whether a cosine schedule has steps left after the warm-up; others always fit. */
bool train_warmup_fits(const struct train_options *options, size_t samples);

/* Without callbacks. It points into options. */
tp_train_options train_library_options(const struct train_options *options, size_t samples);

#endif
