/* SPDX-License-Identifier: BSD-3-Clause */
/* What 'tileprop train' reports: the result on standard output, a line of the log per epoch. */
#ifndef TILEPROP_TOOLS_TRAIN_REPORT_H
#define TILEPROP_TOOLS_TRAIN_REPORT_H

#include "command.h"
#include "metric.h"
#include "report.h"
#include "train_options.h"

struct train_result {
    tp_epoch last; /* finished epoch; all zero if there was none */
    tp_score test; /* samples = 0 without a test set */
    struct metric metric;
    size_t samples; /* per epoch */
    size_t parameters;
    uint64_t steps;
    double seconds;      /* wall time of the run */
    double step_seconds; /* of the training steps of the finished epochs */
    int signal;          /* that stopped the run, or 0 */
    bool saved;          /* to --out */
    bool diverged;       /* the loss was no longer finite */
    size_t restored;     /* epoch to which the model then went back; 0: none */
};

void train_print(const struct train_result *result, const struct train_options *options, const tp_context *context);
json_t *train_epoch_json(const tp_epoch *epoch, const struct metric *metric, const tp_model *model);

/* Describe both in --help. */
extern const char train_about[];
extern const struct report_keys train_keys[];

#endif
