/* SPDX-License-Identifier: BSD-3-Clause */
/* A run of 'tileprop train' and its training: steps, epochs, progress, log. */
#ifndef TILEPROP_TOOLS_TRAIN_RUN_H
#define TILEPROP_TOOLS_TRAIN_RUN_H

#include "checkpoint.h"
#include "progress.h"
#include "train_notes.h"
#include "train_report.h"

/* Everything that a run holds. */
struct training {
    struct train_options *options;
    const struct session *session;
    tp_dataset *train;
    tp_dataset *test; /* NULL if the data has none */
    tp_model *model;
    tp_output *output; /* NULL without --out */
    char *config;      /* train_config; NULL before the run */
    FILE *log;         /* NULL without --log, and before the run */
    int log_error;     /* errno of the first line that could not be written, or 0 */
    int failed;        /* exit code of a metric that could not be measured, or 0 */
    struct checkpoint checkpoint;
    struct notes notes;
    struct progress progress;
    struct train_result result;
};

/* Trains the model on the data and fills the result. Returns an exit code; it has said why. */
int train_run(struct training *run);

#endif
