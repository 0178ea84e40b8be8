/* SPDX-License-Identifier: BSD-3-Clause */
/* Outputs of a model for every sample of a data set. */
#ifndef TILEPROP_TOOLS_PREDICTIONS_H
#define TILEPROP_TOOLS_PREDICTIONS_H

#include "session.h"

/* Rows of outputs in the units of the program. */
struct predictions {
    size_t samples, outputs;
    double *values;
};

/* These return an exit code; they have said why. predictions_release comes at the end in any case. */
int predictions_make(const struct session *session, const tp_model *model, const tp_data *data,
                     struct predictions *predictions);
/* Likewise, but a signal that asks to stop ends it, with its code. */
int predictions_make_unless_stopped(const struct session *session, const tp_model *model, const tp_data *data,
                                    struct predictions *predictions);

/* Names the first rows of the data set, called name, whose predictions are NaN or infinite. */
int predictions_check(const struct predictions *predictions, const tp_dataset *dataset, const char *name);

void predictions_release(struct predictions *predictions);

#endif
