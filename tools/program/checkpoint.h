/* SPDX-License-Identifier: BSD-3-Clause */
/* The parameters after the last good epoch, for a training that diverges. */
#ifndef TILEPROP_TOOLS_CHECKPOINT_H
#define TILEPROP_TOOLS_CHECKPOINT_H

#include <tileprop/tileprop.h>

struct checkpoint {
    float *parameters; /* NULL: none are kept */
    size_t count;
    size_t epoch; /* after which they were taken; 0: not yet */
};

/* Makes room. Returns an exit code; it has said why. */
int checkpoint_open(struct checkpoint *checkpoint, const tp_model *model);

/* Takes the parameters, unless a loss of the epoch is not finite. */
void checkpoint_take(struct checkpoint *checkpoint, const tp_model *model, const tp_epoch *epoch);

/* Puts the parameters back. False if there are none. */
bool checkpoint_restore(const struct checkpoint *checkpoint, tp_model *model);

void checkpoint_close(struct checkpoint *checkpoint);

#endif
