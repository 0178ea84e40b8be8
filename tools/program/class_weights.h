/* SPDX-License-Identifier: BSD-3-Clause */
/* Weights of classes: numbers in their order, by their names, or balanced. */
#ifndef TILEPROP_TOOLS_CLASS_WEIGHTS_H
#define TILEPROP_TOOLS_CLASS_WEIGHTS_H

#include "train_options.h"

/* Makes options->class_weights a number for each class of the data, if weights were asked for. Returns an exit code; it
 * has said why. */
int class_weights_settle(struct train_options *options, const tp_data *data, const tp_model *model);

#endif
