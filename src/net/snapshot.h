/* SPDX-License-Identifier: BSD-3-Clause */
/* A copy of where a run is. */
#ifndef TP_NET_SNAPSHOT_H
#define TP_NET_SNAPSHOT_H

#include "net/trainer.h"

enum tp_kept {
    TP_KEPT_PARAMETERS, /* those that are trained */
    TP_KEPT_STATE_0,    /* of the optimiser */
    TP_KEPT_STATE_1,
    TP_KEPT_AVERAGE,
    TP_KEPT_BEST,
    TP_KEPT_COUNT
};

struct tp_snapshot {
    const struct tp_trainer *trainer;
    const struct tp_context *context; /* the model has another one during steps, while the snapshot may be written */
    tp_model_options model;
    struct tp_block block;
    bool taken;
    struct tp_point at;
    char fingerprint[256];       /* of the data; empty until it is needed */
    float *array[TP_KEPT_COUNT]; /* each in the flat order of the parameters; NULL where the trainer has none */
};

/* Takes the trainer to where the snapshot was taken. */
void tp_snapshot_apply(const struct tp_snapshot *snapshot, struct tp_trainer *trainer);

#endif
