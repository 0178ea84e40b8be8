/* SPDX-License-Identifier: BSD-3-Clause */
/* A library that trains or predicts, seen from inside its worker. */
#ifndef TP_BENCH_TRAIN_ENGINE_H
#define TP_BENCH_TRAIN_ENGINE_H

#include "library.h"
#include "train_data.h"

/* Bytes of tileprop's objects by its own size functions. */
struct train_sizes {
    double parameters; /* as the public API counts them */
    double trainer;    /* with the two that follow */
    double optimizer;
    double workspace;
};

struct train_engine {
    const struct bench_library *library; /* NULL in a module */

    /* Builds the network of the task, with the weights of train_start_weights; data stays valid until release. False if
     * it cannot do this network. */
    bool (*prepare)(const struct train_task *task, struct train_data *data);

    /* Does so many steps and returns the sum of their losses; with task->inference, forward passes of the first batch,
     * and the loss of the last. Negative: it trains another function, whose loss is not to be compared. */
    double (*run)(size_t steps);

    void (*sizes)(struct train_sizes *sizes);        /* NULL if it has none */
    void (*phases)(size_t steps, tp_phases *phases); /* what so many steps spend their time on; likewise */
    void (*release)(void);                           /* also after a prepare that failed, and before the first */
};

extern const struct train_engine train_tileprop, train_openblas, train_blis, train_fann;

/* Exported by the module with oneDNN, under this name. */
#define TRAIN_ONEDNN_SYMBOL "train_onednn"

#endif
