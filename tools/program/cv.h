/* SPDX-License-Identifier: BSD-3-Clause */
/* Cross-validation: every candidate of a grid is trained on all folds but one and measured on that one. */
#ifndef TILEPROP_TOOLS_CV_H
#define TILEPROP_TOOLS_CV_H

#include "session.h"
#include "train_options.h"

#define CV_MOST_FOLDS 100

struct cv_options {
    struct train_options train; /* the first member: rows of options are shared with train */
    struct size_grid hidden;    /* no list: the default of train */
    struct real_list learning_rates, weight_decays;
    uint64_t folds;
};

/* One point of the grid, and what its folds gave. */
struct cv_candidate {
    size_t number;                  /* in the grid */
    const struct size_list *hidden; /* NULL: the default */
    double learning_rate;           /* 0: the default of the optimiser */
    double weight_decay;
    double score[CV_MOST_FOLDS]; /* the metric of the task, higher is better */
    double loss[CV_MOST_FOLDS];
    double seconds; /* of all folds together */
    double mean, deviation;
};

/* The options of train for a candidate. */
struct train_options cv_train_options(const struct cv_options *options, const struct cv_candidate *candidate);

/* cv_run.c: refuses options that do not fit the data, which all candidates and folds have in common: so the message is
 * there once, and not from each of the threads. Returns an exit code. */
int cv_check(const struct session *session, const struct cv_options *options, const tp_dataset *fold,
             const struct cv_candidate *candidate);

/* cv_run.c: trains every candidate on every fold, a fold to a thread. metric receives its name. Returns an exit code;
 * it has said why. */
int cv_run(const struct cv_options *options, tp_dataset *const *folds, struct cv_candidate *candidates, size_t count,
           int threads, const char **metric);

#endif
