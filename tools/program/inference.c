/* SPDX-License-Identifier: BSD-3-Clause */
#include "inference.h"

/* Laying weights out takes as long as what a predictor gains on so many batches, about. */
#define WORTH_BATCHES 16

static tp_status make_predictor(tp_context *context, const tp_model *model, tp_predictor **predictor) {
    static const size_t batch = INFERENCE_BATCH;
    tp_predictor_options options;
    tp_predictor_options_default(&options);
    options.batches = &batch;
    options.batch_count = 1;
    return tp_predictor_create(context, model, &options, predictor);
}

tp_status inference_open(tp_context *context, const tp_model *model, size_t samples, struct inference *inference) {
    tp_workspace_options options;
    tp_workspace_options_default(&options);
    options.max_batch = INFERENCE_BATCH;
    *inference = (struct inference){.model = model};
    if (samples / INFERENCE_BATCH < WORTH_BATCHES)
        return tp_workspace_create(model, &options, NULL, 0, &inference->workspace);
    const tp_status status = make_predictor(context, model, &inference->predictor);
    return status ? status
                  : tp_predictor_workspace_create(inference->predictor, &options, NULL, 0, &inference->workspace);
}

tp_status inference_evaluate(const struct inference *inference, const tp_data *data, tp_score *score,
                             uint64_t *confusion) {
    if (inference->predictor)
        return tp_predictor_evaluate(inference->predictor, inference->workspace, data, score, confusion);
    return tp_evaluate(inference->model, inference->workspace, data, score, confusion);
}

tp_status inference_predict(const struct inference *inference, const tp_data *data, const tp_outputs *y) {
    if (inference->predictor)
        return tp_predictor_predict(inference->predictor, inference->workspace, data, y);
    return tp_predict(inference->model, inference->workspace, data, y);
}

void inference_close(struct inference *inference) {
    tp_workspace_destroy(inference->workspace);
    tp_predictor_destroy(inference->predictor);
    *inference = (struct inference){0};
}
