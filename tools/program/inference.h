/* SPDX-License-Identifier: BSD-3-Clause */
/* A model on samples of a data set, so many at a time. Where there are enough of them to make up for it, by a
 * predictor; the numbers are the same. */
#ifndef TILEPROP_TOOLS_INFERENCE_H
#define TILEPROP_TOOLS_INFERENCE_H

#include <tileprop/tileprop.h>

#define INFERENCE_BATCH 512

struct inference {
    const tp_model *model;
    tp_predictor *predictor; /* or NULL */
    tp_workspace *workspace;
};

/* For so many samples, in one call or several; 0: without a predictor. inference_close comes at the end in any case. */
tp_status inference_open(tp_context *context, const tp_model *model, size_t samples, struct inference *inference);
tp_status inference_evaluate(const struct inference *inference, const tp_data *data, tp_score *score,
                             uint64_t *confusion);
tp_status inference_predict(const struct inference *inference, const tp_data *data, const tp_outputs *y);
void inference_close(struct inference *inference);

#endif
