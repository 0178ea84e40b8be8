/* SPDX-License-Identifier: BSD-3-Clause */
/* The worker of bench_train and the commands that it takes; train_worker.py is the same for libraries in Python. */
#ifndef TP_BENCH_TRAIN_WORKER_H
#define TP_BENCH_TRAIN_WORKER_H

#include "train_engine.h"

enum train_command_kind {
    TRAIN_PREPARE, /* builds the network; answers with 1, or 0 if the library cannot do it */
    TRAIN_RUN,     /* warm_up steps, then steps; answers with the seconds of the latter and the mean loss of all since
                      the network was built. The FMA peak runs for so many seconds and answers with GFLOP/s. */
    TRAIN_MEMORY,  /* answers with the bytes by which the process grew at most since the network was built, and
                      train_sizes */
    TRAIN_PHASES   /* does so many steps and answers with what they spent their time on, zeros if that is not known */
};

struct train_command {
    int64_t kind;
    int64_t warm_up, steps;
    double seconds;
    struct train_task task;
};

struct train_answer {
    double value, loss;
    struct train_sizes sizes;
    tp_phases phases;
};

/* main of a worker: see contestant.h for argv. */
int train_worker_main(int argc, char **argv);

#endif
