/* SPDX-License-Identifier: BSD-3-Clause */
/* A run of 'tileprop train' and its training: steps, epochs, progress, log. */
#ifndef TILEPROP_TOOLS_TRAIN_RUN_H
#define TILEPROP_TOOLS_TRAIN_RUN_H

#include "checkpoint.h"
#include "progress.h"
#include "train_notes.h"
#include "train_record.h"
#include "train_report.h"

/* For who trains to see whether it is the same again; all zero: nobody. */
struct train_watch {
    uint64_t steps;                                /* the run ends after so many; 0: when it is done */
    bool (*epoch)(void *user, const tp_epoch *at); /* called after each epoch; false ends the run */
    void *user;
};

/* Everything that a run holds. */
struct training {
    struct train_options *options;
    const struct session *session;
    tp_dataset *train;
    tp_dataset *test; /* NULL if the data has none */
    tp_model *model;
    tp_output *output; /* NULL without --out */
    struct train_record record;
    struct train_watch watch;
    FILE *log;     /* NULL without --log, and before the run */
    int log_error; /* errno of the first line that could not be written, or 0 */
    int failed;    /* exit code of a metric that could not be measured, or 0 */
    struct checkpoint checkpoint;
    struct notes notes;
    struct progress progress;
    struct train_result result;
};

/* Trains the model on the data and fills the result. Returns an exit code; it has said why. */
int train_run(struct training *run);

#endif
