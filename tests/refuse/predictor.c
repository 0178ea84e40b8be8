/* SPDX-License-Identifier: BSD-3-Clause */
#include "refuse/refuse.h"

static const size_t sizes[] = {1, 0, (size_t)1 << 60};

CALL_VOID(predictor_options_init, tp_predictor_options_init(NULL, 64)){SILENT({0})};
CALL(predictor_create, tp_predictor_create(now.context, now.model, now.predictor_options_p, now.predictor_out)){
    SILENT(WITH(context, NULL)),
    REFUSE("model is NULL", WITH(model, NULL)),
    REFUSE("predictor is NULL", WITH(predictor_out, NULL)),
    REFUSED_SIZES("predictor options", predictor_options),
    REFUSED_NEWER("predictor options", predictor_options),
    REFUSE("batches is NULL but batch_count is 1", WITH(predictor_options.batch_count, 1)),
    REFUSE("batches is set but batch_count is 0", WITH(predictor_options.batches, sizes)),
    REFUSE("batches[1] is 0; it must be at least 1", WITH(predictor_options.batches, sizes),
           WITH(predictor_options.batch_count, 2)),
    REFUSE("batches: 1152921504606846976 rows of 32 floats do not fit in memory",
           WITH(predictor_options.batches, sizes + 2), WITH(predictor_options.batch_count, 1)),
    REFUSE_AS(TP_ERR_MEMORY, "workspace: its size does not fit in size_t", WITH(predictor_options.measure, true),
              WITH(predictor_options.batches, &(const size_t){(size_t)1 << 56}),
              WITH(predictor_options.batch_count, 1)),
};
CALL_VOID(predictor_destroy, tp_predictor_destroy(NULL)){SILENT({0})};
#define REFUSED_ROOM                                                                                                   \
    SILENT(WITH(predictor, NULL)), REFUSED_SIZES("workspace options", inference_options),                              \
        REFUSE("max_batch is 0; it must be at least 1", WITH(inference_options.max_batch, 0)),                         \
        REFUSE("mode is 3; it must be one of tp_mode", WITH(inference_options.mode, (tp_mode)3)),                      \
        REFUSE("mode is 1; with a predictor it must be TP_MODE_INFERENCE",                                             \
               WITH(inference_options.mode, TP_MODE_TRAINING)),                                                        \
        REFUSE("mode is 2; with a predictor it must be TP_MODE_INFERENCE",                                             \
               WITH(inference_options.mode, TP_MODE_DERIVATIVES)),                                                     \
        REFUSE("threads is -1; it must be 1..4096", WITH(inference_options.threads, -1)),                              \
        REFUSE("threads is 4097; it must be 1..4096", WITH(inference_options.threads, 4097))
CALL(predictor_workspace_size, nothing(!tp_predictor_workspace_size(now.predictor, now.inference_options_p))){
    REFUSED_ROOM,
    SILENT(WITH(inference_options_p, NULL)),
};
CALL(predictor_workspace_create,
     tp_predictor_workspace_create(now.predictor, now.inference_options_p, now.memory, now.size, now.workspace_out)){
    REFUSED_ROOM,
    REFUSE("options is NULL", WITH(inference_options_p, NULL)),
    REFUSE("workspace is NULL", WITH(workspace_out, NULL)),
    REFUSED_NEWER("workspace options", inference_options),
    REFUSED_MEMORY("workspace"),
};
#define REFUSED_USE                                                                                                    \
    SILENT(WITH(predictor, NULL)), REFUSE("workspace is NULL", WITH(predictor_workspace, NULL)),                       \
        REFUSE("workspace was not made for this predictor", FROM(predictor_workspace, inference))
CALL(predictor_run,
     tp_predictor_run(now.predictor, now.predictor_workspace, now.batch, now.x, now.ldx, now.y, now.ldy)){
    REFUSED_USE,
    REFUSE("batch is 9; the workspace holds at most 8", WITH(batch, MAX_BATCH + 1)),
    REFUSE("x is NULL", WITH(x, NULL)),
    REFUSE("ldx is 4; it must be at least 5", WITH(ldx, IN - 1)),
    REFUSE("x: 6 rows of 18446744073709551615 floats do not fit in memory", WITH(ldx, SIZE_MAX)),
    REFUSE("y is NULL; an inference workspace does not allow that", WITH(y, NULL)),
    REFUSE("ldy is 2; it must be at least 3", WITH(ldy, OUT - 1)),
    REFUSE("y: 6 rows of 18446744073709551615 floats do not fit in memory", WITH(ldy, SIZE_MAX)),
};
CALL(predictor_evaluate,
     tp_predictor_evaluate(now.predictor, now.predictor_workspace, now.data_p, now.score, now.confusion)){
    REFUSED_USE,
    REFUSED_DATA,
    REFUSE("score is NULL", WITH(score, NULL)),
    REFUSE("confusion needs classes", WITH(data.classes, NULL), FROM(data.values, x)),
};
CALL(predictor_predict, tp_predictor_predict(now.predictor, now.predictor_workspace, now.data_p, now.outputs_p)){
    REFUSED_USE,
    REFUSED_SAMPLES,
    REFUSE("y is NULL", WITH(outputs_p, NULL)),
    REFUSE("y: exactly one of floats and doubles must be set", WITH(outputs.floats, NULL)),
};

GROUP(refuse_predictor, FUNCTION(predictor_options_init, NULL_ONLY), FUNCTION(predictor_create, MANY),
      FUNCTION(predictor_destroy, NULL_ONLY), FUNCTION(predictor_workspace_size, FEW),
      FUNCTION(predictor_workspace_create, MANY), FUNCTION(predictor_run, MANY), FUNCTION(predictor_evaluate, MANY),
      FUNCTION(predictor_predict, MANY));
