/* SPDX-License-Identifier: BSD-3-Clause */
/* Scores and predictions by all processes of a run with --mpi, each of which computes its share of the samples; without
 * it by this process. The numbers are the same. */
#ifndef TILEPROP_TOOLS_RANKS_INFERENCE_H
#define TILEPROP_TOOLS_RANKS_INFERENCE_H

#include "predictions.h"

/* All processes make each of these calls at the same place. They return an exit code; the first one has said why. */

/* Whether all have the same version, options, parameters and data. Of the samples some are compared, spread evenly. */
int ranks_check(const struct session *session, const struct command *command, const void *options,
                const tp_model *model, const tp_data *data);
int ranks_score(const struct session *session, const tp_model *model, const tp_data *data, tp_score *score);
/* predictions_make_unless_stopped, but only the first one gets all rows. */
int ranks_predict(const struct session *session, const tp_model *model, const tp_data *data,
                  struct predictions *predictions);

#endif
