/* SPDX-License-Identifier: BSD-3-Clause */
/* What 'tileprop train' reports: the result on standard output, a line of the log per epoch. */
#ifndef TILEPROP_TOOLS_TRAIN_REPORT_H
#define TILEPROP_TOOLS_TRAIN_REPORT_H

#include "command.h"
#include "metric.h"
#include "report.h"
#include "train_options.h"

struct train_result {
    tp_epoch kept; /* epoch whose parameters the model has; its number is 0 if that is a step in between, when training
                      is that of the last epoch; samples = 0 of what is not known */
    tp_score test; /* samples = 0 without a test set */
    struct metric metric;
    size_t samples; /* per epoch */
    size_t parameters;
    uint64_t steps;
    size_t epochs, best_epoch; /* done; the best of them, or 0 */
    uint64_t resumed_steps;    /* that the checkpoint had from which the run went on */
    size_t epochs_here;        /* done by this process */
    double seconds;            /* wall time of the run */
    double step_seconds;       /* of the training steps of epochs_here */
    char *checkpoint;          /* the newest, to be freed; or NULL */
    int signal;                /* that stopped the run, or 0 */
    bool saved;                /* to --out */
    bool diverged;             /* the loss was no longer finite */
    uint64_t restored;         /* step to which the model then went back; 0: none, or it is the best one */
};

void train_print(const struct train_result *result, const struct train_options *options, const tp_context *context);
json_t *train_epoch_json(const tp_epoch *epoch, const struct metric *metric, const tp_model *model);

/* Describe both in --help. */
extern const char train_about[];
extern const struct report_keys train_keys[];

#endif
