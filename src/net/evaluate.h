/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_NET_EVALUATE_H
#define TP_NET_EVALUATE_H

#include "net/workspace.h"

/* Mean loss and right answers over pool[0..count) (pool NULL: the samples 0..count). */
struct tp_evaluation {
    struct tp_workspace *workspace;
    const tp_data *data;
    const uint32_t *pool;
    size_t count;
    uint64_t *confusion; /* or NULL */
};
tp_score tp_run_evaluation(const struct tp_evaluation *evaluation);

/* The same by all ranks: each takes its samples of every batch, as in a step. The bits are those of one process whose
 * workspace holds a batch. */
tp_score tp_evaluate_by_ranks(const struct tp_evaluation *evaluation, const struct tp_parts *batch);

/* What programs give for an evaluation, or for predictions, checked. */
tp_status tp_take_evaluation(const struct tp_model *model, const tp_workspace *workspace, const tp_data *given,
                             const tp_score *score, const uint64_t *confusion, tp_data *data);
tp_status tp_take_prediction(const struct tp_model *model, const tp_workspace *workspace, const tp_data *given,
                             const tp_outputs *outputs, tp_data *data, tp_outputs *y);

/* Predicts these samples. */
void tp_run_prediction(tp_workspace *workspace, const tp_data *data, const tp_outputs *y, struct tp_range samples);

#endif
