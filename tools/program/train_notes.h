/* SPDX-License-Identifier: BSD-3-Clause */
/* What a user of 'tileprop train' should know although nothing fails. */
#ifndef TILEPROP_TOOLS_TRAIN_NOTES_H
#define TILEPROP_TOOLS_TRAIN_NOTES_H

#include "train_options.h"

struct notes {
    double baseline; /* loss of answers that do not look at the inputs; NaN: not known, or the note was given */
};

/* Before training: classes without samples, and weights that leave nothing to tell apart. Returns an exit code. */
int notes_begin(struct notes *notes, const struct train_options *options, const tp_data *data, const tp_model *model);

/* After an epoch: whether the network has learnt anything. */
void notes_epoch(struct notes *notes, const tp_epoch *epoch);

#endif
