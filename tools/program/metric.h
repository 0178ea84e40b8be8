/* SPDX-License-Identifier: BSD-3-Clause */
/* The number that is looked at beside the loss: accuracy of classes and labels, R2 of regression. */
#ifndef TILEPROP_TOOLS_METRIC_H
#define TILEPROP_TOOLS_METRIC_H

#include "session.h"

/* Values are NaN where they are not known. */
struct metric {
    const char *name; /* as in JSON keys: "accuracy", "r2" */
    double train, validation, test;
};

struct metric metric_start(const tp_model *model);

/* Of the losses and hits of training, which are means over the epoch: R2 is known with MSE alone, as targets are scaled
 * to deviation 1. */
double metric_of_training(const tp_model *model, const tp_score *score);

/* Of data whose score is known. Returns an exit code; it has said why. */
int metric_measure(const struct session *session, const tp_model *model, const tp_data *data, const tp_score *score,
                   double *value);

#endif
