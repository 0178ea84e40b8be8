/* SPDX-License-Identifier: BSD-3-Clause */
/* A run of 'tileprop train' and its training: steps, epochs, progress, log. */
#ifndef TILEPROP_TOOLS_TRAIN_RUN_H
#define TILEPROP_TOOLS_TRAIN_RUN_H

#include "checkpoints.h"
#include "good_epoch.h"
#include "progress.h"
#include "train_notes.h"
#include "train_record.h"
#include "train_report.h"

/* For who trains a model again. */
struct train_watch {
    uint64_t steps; /* the run ends after so many, when epochs of them were finished; 0: it ends by itself */
    size_t epochs;
    bool (*epoch)(void *user, const tp_epoch *epoch); /* called after each; false ends the run */
    void *user;
};

/* Everything that a run holds. */
struct training {
    struct train_options *options;
    const struct session *session;
    tp_dataset *train;
    tp_dataset *test; /* NULL if the data has none */
    tp_model *model;
    bool saves;        /* the model */
    tp_output *output; /* where; NULL: it is opened when that is done */
    struct train_record record;
    struct train_watch *watch; /* NULL: nobody watches */
    int failed;                /* exit code of a metric that could not be measured, or 0 */
    struct train_log log;
    struct checkpoints checkpoints;
    struct good_epoch good;
    struct notes notes;
    struct progress progress;
    struct train_result result;
};

/* Trains the model on the data and fills the result. Returns an exit code; it has said why. */
int train_run(struct training *run);

/* Whether a signal has stopped the run for now: it is to be resumed. */
bool train_is_paused(const struct training *run);

#endif
