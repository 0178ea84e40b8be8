/* SPDX-License-Identifier: BSD-3-Clause */
/* The library's names as values of options, and what people call these. */
#ifndef TILEPROP_TOOLS_TRAIN_NAMES_H
#define TILEPROP_TOOLS_TRAIN_NAMES_H

#include "options.h"

/* The value of --activation: those of the library without softmax, which is for the last layer only. */
tp_activation train_activation(int value);

const char *train_activation_name(int value);
const char *train_loss_name(int value);
const char *train_precision_name(int value);
const char *train_init_name(int value);
const char *train_optimizer_name(int value);
const char *train_schedule_name(int value);
const char *train_monitor_name(int value);
const char *train_keep_name(int value);

extern const struct synonyms train_activation_also[];
extern const struct synonyms train_loss_also[];
extern const struct synonyms train_init_also[];
extern const struct synonyms train_optimizer_also[];
extern const struct synonyms train_schedule_also[];
extern const struct synonyms train_monitor_also[];
extern const struct synonyms train_keep_also[];

#endif
