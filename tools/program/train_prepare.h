/* SPDX-License-Identifier: BSD-3-Clause */
/* What a training needs before it can run. */
#ifndef TILEPROP_TOOLS_TRAIN_PREPARE_H
#define TILEPROP_TOOLS_TRAIN_PREPARE_H

#include "train_run.h"

/* Loads or makes the model, opens the data, and settles the options of the run. Returns an exit code; it has said
 * why. */
int train_prepare(struct training *run);

/* Releases all that a run holds, also after a failure. */
void train_release(struct training *run);

#endif
