/* SPDX-License-Identifier: BSD-3-Clause */
/* How good predictions are: the arithmetic behind tp_metrics_compute, on arguments that were checked. */
#ifndef TP_TABLE_METRICS_H
#define TP_TABLE_METRICS_H

#include "core/context.h"

/* Predictions beside the targets that they should have been. */
struct tp_comparison {
    const struct tp_context *context;
    tp_task task;
    const tp_data *targets; /* its strides are set */
    size_t outputs;         /* of a row of predictions */
    const double *predictions;
    size_t ld;
};

/* A score of a sample for the area under the ROC curve. */
struct tp_ranked {
    double score;
    float weight;
    bool positive;
};

/* Number of classes, labels or values that each have metrics of their own. */
size_t tp_metrics_each(tp_task task, size_t outputs);

/* Row of the arrays that sample i is in. */
static inline size_t tp_target_row(const tp_data *targets, size_t i) {
    return targets->rows ? targets->rows[i] : i;
}

/* each has tp_metrics_each elements; confusion may be NULL. TP_ERR_MEMORY. */
tp_status tp_compare(const struct tp_comparison *comparison, tp_metrics *metrics, tp_output_metrics *each,
                     uint64_t *confusion);

/* Area under the ROC curve, ties as midranks; NaN if the weights of one side are 0. Sorts items; spare has as many. */
double tp_auc(struct tp_ranked *items, struct tp_ranked *spare, size_t count);

#endif
