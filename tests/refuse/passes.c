/* SPDX-License-Identifier: BSD-3-Clause */
#include "refuse/refuse.h"

CALL_VOID(workspace_options_init, tp_workspace_options_init(NULL, 64)){SILENT({0})};
CALL(workspace_size, nothing(!tp_workspace_size(now.model, now.workspace_options_p))){
    SILENT(WITH(model, NULL)),
    SILENT(WITH(workspace_options_p, NULL)),
    REFUSED_SIZES("workspace options", workspace_options),
    REFUSE("max_batch is 0; it must be at least 1", WITH(workspace_options.max_batch, 0)),
    REFUSE("; it must be one of tp_mode", WITH(workspace_options.mode, (tp_mode)-1)),
    REFUSE("; it must be one of tp_mode", WITH(workspace_options.mode, (tp_mode)3)),
    REFUSE("; it must be one of tp_mode", WITH(workspace_options.mode, (tp_mode)INT_MAX)),
    SILENT(WITH(workspace_options.max_batch, SIZE_MAX)),
    SILENT(WITH(workspace_options.max_batch, SIZE_MAX / 2)),
    SILENT(WITH(workspace_options.max_batch, (size_t)1 << 62)),
    SILENT(WITH(workspace_options.max_batch, (size_t)1 << 60)),
    SILENT(WITH(workspace_options.max_batch, (size_t)1 << 60), WITH(workspace_options.mode, TP_MODE_INFERENCE)),
};
CALL(workspace_create,
     tp_workspace_create(now.model, now.workspace_options_p, now.memory, now.size, now.workspace_out)){
    SILENT(WITH(model, NULL)),
    REFUSE("workspace is NULL", WITH(workspace_out, NULL)),
    REFUSE("options is NULL", WITH(workspace_options_p, NULL)),
    REFUSED_SIZES("workspace options", workspace_options),
    REFUSED_NEWER("workspace options", workspace_options),
    REFUSE("threads is -1; it must be 1..4096", WITH(workspace_options.threads, -1)),
    REFUSE("threads is 4097; it must be 1..4096", WITH(workspace_options.threads, 4097)),
    REFUSE("max_batch is 0; it must be at least 1", WITH(workspace_options.max_batch, 0)),
    REFUSE("mode is -1; it must be one of tp_mode", WITH(workspace_options.mode, (tp_mode)-1)),
    REFUSE("mode is 3; it must be one of tp_mode", WITH(workspace_options.mode, (tp_mode)3)),
    REFUSE_AS(TP_ERR_MEMORY, "workspace: its size does not fit in size_t", WITH(workspace_options.max_batch, SIZE_MAX)),
    REFUSE_AS(TP_ERR_MEMORY, "workspace: its size does not fit in size_t",
              WITH(workspace_options.max_batch, SIZE_MAX / 2)),
    REFUSE_AS(TP_ERR_MEMORY, "workspace: its size does not fit in size_t",
              WITH(workspace_options.max_batch, (size_t)1 << 62)),
    REFUSE_AS(TP_ERR_MEMORY, "workspace: its size does not fit in size_t",
              WITH(workspace_options.max_batch, (size_t)1 << 60)),
    REFUSED_MEMORY("workspace"),
};
CALL_VOID(workspace_destroy, tp_workspace_destroy(NULL)){SILENT({0})};
CALL(workspace_set_dropout, tp_workspace_set_dropout(now.workspace, 1, 1)){
    SILENT(WITH(workspace, NULL)),
    REFUSE("workspace: dropout needs a training workspace", FROM(workspace, inference)),
};
#define REFUSED_FORWARD                                                                                                \
    REFUSED_WORKSPACE, REFUSE("batch is 9; the workspace holds at most 8", WITH(batch, MAX_BATCH + 1)),                \
        REFUSE("batch is 18446744073709551615; the workspace holds at most 8", WITH(batch, SIZE_MAX)),                 \
        REFUSE("x is NULL", WITH(x, NULL)), REFUSE("ldx is 4; it must be at least 5", WITH(ldx, IN - 1)),              \
        REFUSE("ldx is 0; it must be at least 5", WITH(ldx, 0)),                                                       \
        REFUSE("x: 6 rows of 18446744073709551615 floats do not fit in memory", WITH(ldx, SIZE_MAX)),                  \
        REFUSE("x: 6 rows of 1152921504606846976 floats do not fit in memory", WITH(ldx, (size_t)1 << 60))

#define REFUSED_DERIVATIVES                                                                                            \
    SILENT(WITH(model, NULL)), REFUSE("workspace is NULL", WITH(derivatives, NULL)),                                   \
        REFUSE("workspace was made without TP_MODE_DERIVATIVES", FROM(derivatives, workspace)),                        \
        REFUSE("workspace was made for another model", FROM(derivatives, other_workspace)),                            \
        REFUSE("batch is 9; the workspace holds at most 8", WITH(batch, MAX_BATCH + 1)),                               \
        REFUSE("x is NULL", WITH(x, NULL)), REFUSE("ldx is 4; it must be at least 5", WITH(ldx, IN - 1))

#define REFUSED_Y                                                                                                      \
    REFUSE("ldy is 2; it must be at least 3", WITH(ldy, OUT - 1)),                                                     \
        REFUSE("ldy is 0; it must be at least 3", WITH(ldy, 0)),                                                       \
        REFUSE("y: 6 rows of 18446744073709551615 floats do not fit in memory", WITH(ldy, SIZE_MAX)),                  \
        REFUSE("y: 6 rows of 1152921504606846976 floats do not fit in memory", WITH(ldy, (size_t)1 << 60))

CALL(forward, tp_forward(now.model, now.workspace, now.batch, now.x, now.ldx, now.y, now.ldy)){
    REFUSED_FORWARD,
    REFUSED_Y,
    REFUSE("y is NULL; an inference workspace does not allow that", FROM(workspace, inference), WITH(y, NULL)),
};
CALL(jacobian, tp_jacobian(now.model, now.derivatives, now.batch, now.x, now.ldx, now.y, now.ldy, now.parameters)){
    REFUSED_DERIVATIVES,
    REFUSED_Y,
    REFUSE("jacobian is NULL", WITH(parameters, NULL)),
};
CALL(jvp, tp_jvp(now.model, now.derivatives, now.batch, now.x, now.ldx, now.dy, now.lddx, NULL, 0, now.y, now.ldy)){
    REFUSED_DERIVATIVES,
    REFUSE("v is NULL", WITH(dy, NULL)),
    REFUSE("jv is NULL", WITH(y, NULL)),
    REFUSE("ldv is 4; it must be at least 5", WITH(lddx, IN - 1)),
    REFUSE("ldjv is 2; it must be at least 3", WITH(ldy, OUT - 1)),
    REFUSE("v: 6 rows of 1152921504606846976 floats do not fit in memory", WITH(lddx, (size_t)1 << 60)),
    REFUSE("jv: 6 rows of 1152921504606846976 floats do not fit in memory", WITH(ldy, (size_t)1 << 60)),
};
CALL(train_step,
     tp_train_step(now.model, now.workspace, now.optimizer, now.batch, now.x, now.ldx, now.targets_p, now.score)){
    SILENT(WITH(model, NULL)),
    REFUSE("workspace is NULL", WITH(workspace, NULL)),
    REFUSE("optimizer is NULL", WITH(optimizer, NULL)),
    REFUSE("workspace was made without TP_MODE_TRAINING", FROM(workspace, inference)),
    REFUSE("workspace was made for another model", FROM(workspace, other_workspace)),
    REFUSE("workspace was made for another model", FROM(model, other_model)),
    REFUSE("optimizer was made for another model", FROM(optimizer, other_optimizer)),
    REFUSE("batch is 0; it must be at least 1", WITH(batch, 0)),
    REFUSE("batch is 9; the workspace holds at most 8", WITH(batch, MAX_BATCH + 1)),
    REFUSE("x is NULL", WITH(x, NULL)),
    REFUSE("ldx is 4; it must be at least 5", WITH(ldx, IN - 1)),
    REFUSED_TARGETS,
};
CALL(loss_value, tp_loss_value(now.model, now.workspace, now.targets_p, now.score)){
    REFUSED_TRAINING_WORKSPACE,
    REFUSED_TARGETS,
    REFUSE("score is NULL", WITH(score, NULL)),
};
CALL(backward, tp_backward(now.model, now.workspace, now.targets_p, now.gradients, now.dx, now.lddx, now.score)){
    REFUSED_TRAINING_WORKSPACE,
    REFUSED_TARGETS,
    REFUSED_DX,
    REFUSE("gradients and dx are NULL: there is nothing to compute", WITH(gradients, NULL), WITH(dx, NULL)),
};
CALL(backward_accumulate,
     tp_backward_accumulate(now.model, now.workspace, now.targets_p, now.gradients, now.dx, now.lddx, now.score)){
    REFUSED_TRAINING_WORKSPACE,
    REFUSED_TARGETS,
    REFUSED_DX,
    REFUSE("gradients and dx are NULL: there is nothing to compute", WITH(gradients, NULL), WITH(dx, NULL)),
};
CALL(backward_from, tp_backward_from(now.model, now.workspace, now.dy, now.lddy, now.gradients, now.dx, now.lddx)){
    REFUSED_TRAINING_WORKSPACE,
    REFUSED_DX,
    REFUSE("gradients and dx are NULL: there is nothing to compute", WITH(gradients, NULL), WITH(dx, NULL)),
    REFUSE("dy is NULL", WITH(dy, NULL)),
    REFUSE("lddy is 2; it must be at least 3", WITH(lddy, OUT - 1)),
    REFUSE("lddy is 0; it must be at least 3", WITH(lddy, 0)),
    REFUSE("dy: 6 rows of 18446744073709551615 floats do not fit in memory", WITH(lddy, SIZE_MAX)),
    REFUSE("dy: 6 rows of 1152921504606846976 floats do not fit in memory", WITH(lddy, (size_t)1 << 60)),
};

GROUP(refuse_passes, FUNCTION(workspace_options_init, NULL_ONLY), FUNCTION(workspace_size, MANY),
      FUNCTION(workspace_create, MANY), FUNCTION(workspace_destroy, NULL_ONLY), FUNCTION(workspace_set_dropout, FEW),
      FUNCTION(forward, MANY), FUNCTION(loss_value, MANY), FUNCTION(backward, MANY), FUNCTION(backward_from, MANY),
      FUNCTION(backward_accumulate, MANY), FUNCTION(jacobian, MANY), FUNCTION(jvp, MANY), FUNCTION(train_step, MANY));
