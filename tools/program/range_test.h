/* SPDX-License-Identifier: BSD-3-Clause */
/* The range test of learning rates (Smith 2017, arXiv:1506.01186): training with a rate that rises from step to step
 * shows at which rates the loss falls, and at which it diverges. */
#ifndef TILEPROP_TOOLS_RANGE_TEST_H
#define TILEPROP_TOOLS_RANGE_TEST_H

#include "command.h"
#include "session.h"
#include "train_options.h"

#define RANGE_LOWEST 1e-7F
#define RANGE_HIGHEST 10.0F
#define RANGE_LEAST_STEPS 100
#define RANGE_MOST_STEPS 1000
#define RANGE_DIVERGED 4 /* times the least smoothed loss */

struct range_point {
    double rate, loss; /* of a step */
    double smoothed;   /* exponentially weighted mean of the losses so far */
};

enum range_end { RANGE_ALL, RANGE_ROSE, RANGE_NOT_FINITE };

struct range_test {
    const struct session *session;
    const struct train_options *options;
    struct range_point *points;
    size_t planned, count;
    enum range_end end;
    bool fell;                          /* the loss did; else the rest is not set */
    const struct range_point *steepest; /* where the smoothed loss fell fastest */
    const struct range_point *least;    /* where it was least */
    double suggested;                   /* rate */
    double seconds;
};

/* Takes out options that are not used, and says so. */
void range_test_settle(struct train_options *options);

/* Trains the model, which is of no use afterwards, on data. Returns an exit code; it has said why. */
int range_test_run(struct range_test *test, const tp_data *data, tp_model *model);

void range_test_release(struct range_test *test);

/* On standard output. */
void range_test_print(const struct range_test *test);

/* Of the JSON object that it prints. */
extern const struct report_key range_test_keys[];

/* Into the file of --plot. Returns an exit code; it has said why. */
int range_test_draw(const struct range_test *test);

#endif
