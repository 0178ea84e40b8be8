/* SPDX-License-Identifier: BSD-3-Clause */
/* What the task of a data set means for its training: the loss and what goes with it, the last layer. */
#ifndef TILEPROP_TOOLS_TRAIN_TASK_H
#define TILEPROP_TOOLS_TRAIN_TASK_H

#include "train_options.h"

/* Sets the loss of the task in options, whose schema is set, or the one that was asked for, and what goes with it. data
 * is the name of the data set for messages. Returns an exit code; it has said why. */
int train_choose_loss(const struct train_options *options, tp_model_options *model);

/* Activation of the last layer for a loss. */
tp_activation train_last_activation(tp_loss loss);

/* Adds the samples of each class to counts. */
void train_count_classes(const tp_data *data, size_t *counts);

#endif
