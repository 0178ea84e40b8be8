/* SPDX-License-Identifier: BSD-3-Clause */
/* The parameters after the last good epoch, for a training that diverges. */
#ifndef TILEPROP_TOOLS_CHECKPOINT_H
#define TILEPROP_TOOLS_CHECKPOINT_H

#include <tileprop/tileprop.h>

/* The losses of an epoch are those before each update, so parameters are good once a loss with them was finite: of
 * validation, or of the next step. */
struct checkpoint {
    float *proven, *pending; /* NULL: none are kept */
    size_t count;
    size_t epoch, pending_epoch; /* after which they were taken; 0: not yet */
};

/* Makes room. Returns an exit code; it has said why. */
int checkpoint_open(struct checkpoint *checkpoint, const tp_model *model);

/* Takes the parameters after an epoch. */
void checkpoint_take(struct checkpoint *checkpoint, const tp_model *model, const tp_epoch *epoch);

/* A loss with the parameters that were taken last was finite. */
void checkpoint_prove(struct checkpoint *checkpoint);

/* Puts the good parameters back. False if there are none. */
bool checkpoint_restore(const struct checkpoint *checkpoint, tp_model *model);

void checkpoint_close(struct checkpoint *checkpoint);

#endif
