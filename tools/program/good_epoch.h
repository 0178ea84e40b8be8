/* SPDX-License-Identifier: BSD-3-Clause */
/* The parameters after the last good epoch, for a training that diverges. */
#ifndef TILEPROP_TOOLS_GOOD_EPOCH_H
#define TILEPROP_TOOLS_GOOD_EPOCH_H

#include <tileprop/tileprop.h>

/* Where parameters were taken. */
struct good_point {
    uint64_t step; /* 0: nowhere yet */
    size_t epoch;  /* that ended there; 0: none, a run was resumed there */
};

/* The losses of an epoch are those before each update, so parameters are good once a loss with them was finite: of
 * validation, or of the next step. */
struct good_epoch {
    float *proven, *pending; /* NULL: none are kept */
    size_t count;
    struct good_point at, pending_at;
};

/* Makes room. Returns an exit code; it has said why. */
int good_epoch_open(struct good_epoch *good, const tp_model *model);

/* Takes the parameters that the model has at this point. */
void good_epoch_take(struct good_epoch *good, const tp_model *model, struct good_point at);

/* A loss with the parameters that were taken last was finite. */
void good_epoch_prove(struct good_epoch *good);

/* Puts the good parameters back. False if there are none. */
bool good_epoch_restore(const struct good_epoch *good, tp_model *model);

void good_epoch_close(struct good_epoch *good);

#endif
