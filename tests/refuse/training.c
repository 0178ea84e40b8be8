/* SPDX-License-Identifier: BSD-3-Clause */
#include "refuse/refuse.h"

CALL(optimizer_name, nothing(!tp_optimizer_name((tp_optimizer_kind)now.value))){REFUSED_NAME(TP_OPTIMIZER_COUNT)};
CALL(schedule_name, nothing(!tp_schedule_name((tp_schedule)now.value))){REFUSED_NAME(TP_SCHEDULE_COUNT)};
CALL(monitor_name, nothing(!tp_monitor_name((tp_monitor)now.value))){REFUSED_NAME(TP_MONITOR_COUNT)};
CALL(keep_name, nothing(!tp_keep_name((tp_keep)now.value))){REFUSED_NAME(TP_KEEP_COUNT)};
CALL_VOID(optimizer_options_init, tp_optimizer_options_init(NULL, 64)){SILENT({0})};
CALL(optimizer_size, nothing(!tp_optimizer_size(now.model, now.optimizer_options_p))){
    SILENT(WITH(model, NULL)),
    SILENT(WITH(optimizer_options_p, NULL)),
    REFUSED_OPTIMIZER_OPTIONS(optimizer_options),
};
CALL(optimizer_create,
     tp_optimizer_create(now.model, now.optimizer_options_p, now.memory, now.size, now.optimizer_out)){
    SILENT(WITH(model, NULL)),
    REFUSE("options is NULL", WITH(optimizer_options_p, NULL)),
    REFUSE("optimizer is NULL", WITH(optimizer_out, NULL)),
    REFUSED_OPTIMIZER_OPTIONS(optimizer_options),
    REFUSED_NEWER("optimizer options", optimizer_options),
    REFUSED_MEMORY("optimizer"),
};
CALL_VOID(optimizer_destroy, tp_optimizer_destroy(NULL)){SILENT({0})};
CALL(optimizer_step, tp_optimizer_step(now.optimizer, now.model, now.x)){
    SILENT(WITH(model, NULL)),
    REFUSE("optimizer is NULL", WITH(optimizer, NULL)),
    REFUSE("gradients is NULL", WITH(x, NULL)),
    REFUSE("optimizer was made for another model", FROM(model, other_model)),
};
CALL(optimizer_set_learning_rate, tp_optimizer_set_learning_rate(now.optimizer, now.rate)){
    SILENT(WITH(optimizer, NULL)),
    REFUSE("optimizer: learning_rate is 0; it must be positive and finite", WITH(rate, 0)),
    REFUSE("optimizer: learning_rate is -1; it must be positive and finite", WITH(rate, -1)),
    REFUSE("optimizer: learning_rate is nan; it must be positive and finite", WITH(rate, NAN)),
    REFUSE("optimizer: learning_rate is inf; it must be positive and finite", WITH(rate, INFINITY)),
};
CALL(optimizer_state_count, nothing(!tp_optimizer_state_count(now.optimizer))){SILENT(WITH(optimizer, NULL))};
#define REFUSED_STATE                                                                                                  \
    SILENT(WITH(optimizer, NULL)), REFUSE("values is NULL", WITH(parameters, NULL)),                                   \
        REFUSE("which is 2; adam has 2 states", WITH(layer, 2)),                                                       \
        REFUSE("which is 18446744073709551615; adam has 2 states", WITH(layer, SIZE_MAX)),                             \
        REFUSE("count is 0; the model has 174 parameters", WITH(count, 0)),                                            \
        REFUSE("count is 175; the model has 174 parameters", WITH(count, PARAMETERS + 1))
CALL(optimizer_get_state, tp_optimizer_get_state(now.optimizer, now.layer, now.parameters, now.count)){REFUSED_STATE};

static float negative[PARAMETERS] = {-0.0f, NAN, INFINITY, -0.5f, -2};

CALL(optimizer_set_state, tp_optimizer_set_state(now.optimizer, now.layer, now.parameters, now.count)){
    REFUSED_STATE,
    REFUSE("values[3] is -0.5; s must not be negative", WITH(layer, 1), WITH(parameters, negative)),
};
CALL(optimizer_set_steps, tp_optimizer_set_steps(now.optimizer, now.step)){
    SILENT(WITH(optimizer, NULL)),
    REFUSE("steps is 9007199254740993; it must be at most 2^53", WITH(step, (UINT64_C(1) << 53) + 1)),
    REFUSE("steps is 18446744073709551615; it must be", WITH(step, UINT64_MAX)),
};
CALL(optimizer_steps, nothing(!tp_optimizer_steps(now.optimizer))){SILENT(WITH(optimizer, NULL))};
CALL(optimizer_learning_rate, nothing(!(tp_optimizer_learning_rate(now.optimizer, now.step) > 0))){
    SILENT(WITH(optimizer, NULL)),
    SILENT(WITH(step, 0)),
};
CALL_VOID(train_options_init, tp_train_options_init(NULL, 64, 0)){SILENT({0})};
CALL(trainer_size, nothing(!tp_trainer_size(now.model, now.data_p, now.train_options_p))){
    SILENT(WITH(model, NULL)),
    REFUSED_TRAIN_OPTIONS,
};
CALL(trainer_create,
     tp_trainer_create(now.model, now.data_p, now.train_options_p, now.memory, now.size, now.trainer_out)){
    SILENT(WITH(model, NULL)),
    REFUSE("trainer is NULL", WITH(trainer_out, NULL)),
    REFUSED_TRAIN_OPTIONS,
    REFUSED_NEWER("train options", train_options),
    REFUSED_NEWER("optimizer options", train_options.optimizer),
    REFUSED_NEWER("data", data),
    REFUSED_MEMORY("trainer"),
};
CALL_VOID(trainer_destroy, tp_trainer_destroy(NULL)){SILENT({0})};
CALL(trainer_phases, nothing(!tp_trainer_phases(now.trainer))){SILENT(WITH(trainer, NULL))};
CALL(trainer_run, tp_trainer_run(now.trainer)){SILENT(WITH(trainer, NULL))};
CALL(trainer_isa, nothing(!tp_trainer_isa(now.trainer))){SILENT(WITH(trainer, NULL))};
CALL(trainer_threads, nothing(!tp_trainer_threads(now.trainer))){SILENT(WITH(trainer, NULL))};
CALL(trainer_epochs, nothing(!tp_trainer_epochs(now.trainer))){SILENT(WITH(trainer, NULL))};
CALL(trainer_steps, nothing(!tp_trainer_steps(now.trainer))){SILENT(WITH(trainer, NULL))};
CALL(trainer_best_epoch, nothing(!tp_trainer_best_epoch(now.trainer))){SILENT(WITH(trainer, NULL))};
CALL(trainer_save, tp_trainer_save(now.trainer, now.run_path)){
    SILENT(WITH(trainer, NULL)),
    REFUSE_AS(TP_ERR_IO, "cannot open its directory: No such file or directory", WITH(run_path, "/nonesuch/x/")),
    REFUSED_PATH(run_path),
};
CALL(trainer_resume, tp_trainer_resume(now.trainer, now.run_path)){
    SILENT(WITH(trainer, NULL)),
    REFUSE_AS(TP_ERR_FORMAT, "/model: is not a checkpoint of tileprop", FROM(run_path, path)),
    REFUSED_PATH(run_path),
};
CALL(snapshot_size, nothing(!tp_snapshot_size(now.trainer))){SILENT(WITH(trainer, NULL))};
CALL(snapshot_create, tp_snapshot_create(now.trainer, now.memory, now.size, now.snapshot_out)){
    SILENT(WITH(trainer, NULL)),
    REFUSE("snapshot is NULL", WITH(snapshot_out, NULL)),
    REFUSED_MEMORY("snapshot"),
};
CALL_VOID(snapshot_destroy, tp_snapshot_destroy(NULL)){SILENT({0})};
CALL(snapshot_take, tp_snapshot_take(now.snapshot)){SILENT(WITH(snapshot, NULL))};
CALL(snapshot_save, tp_snapshot_save(now.snapshot, now.run_path)){
    SILENT(WITH(snapshot, NULL)),
    REFUSE("tp_snapshot_save: the snapshot is empty", FROM(snapshot, empty_snapshot)),
    REFUSED_PATH(run_path),
};
CALL(evaluate, tp_evaluate(now.model, now.workspace, now.data_p, now.score, now.confusion)){
    REFUSED_WORKSPACE,
    REFUSED_DATA,
    REFUSE("score is NULL", WITH(score, NULL)),
    REFUSE("confusion needs classes", WITH(data.classes, NULL), FROM(data.values, x)),
};
CALL(predict, tp_predict(now.model, now.workspace, now.data_p, now.outputs_p)){
    REFUSED_WORKSPACE,
    REFUSED_SAMPLES,
    REFUSE("y is NULL", WITH(outputs_p, NULL)),
    REFUSED_DATA_SIZES("y", outputs),
    REFUSE("y: exactly one of floats and doubles must be set", WITH(outputs.floats, NULL)),
    REFUSE("y: exactly one of floats and doubles must be set", WITH(outputs.doubles, (double *)1)),
    REFUSE("y: strides of 18446744073709551615 and 1 lead out of memory", WITH(outputs.sample_stride, SIZE_MAX),
           WITH(outputs.value_stride, 1)),
    REFUSE("y: strides of 0 and 1 put two values in one place", WITH(outputs.value_stride, 1)),
    REFUSE("y: strides of 3 and 0 put two values in one place", WITH(outputs.sample_stride, 3)),
    REFUSE("y: strides of 1 and 1 put two values in one place", WITH(outputs.sample_stride, 1),
           WITH(outputs.value_stride, 1)),
    REFUSE("y: strides of 2 and 1 put two values in one place", WITH(outputs.sample_stride, 2),
           WITH(outputs.value_stride, 1)),
    REFUSE("y: strides of 1 and 7 put two values in one place", WITH(outputs.sample_stride, 1),
           WITH(outputs.value_stride, 7)),
    REFUSE("y: strides of 4 and 6 put two values in one place", WITH(outputs.sample_stride, 4),
           WITH(outputs.value_stride, 6)),
};
#define REFUSED_GROUP                                                                                                  \
    REFUSE("group is NULL", WITH(group_p, NULL)), REFUSE("group: ranks is 3; it must be", WITH(group.ranks, 3)),       \
        REFUSE("group: ranks is 131072; it must be a power of two, at most 65536", WITH(group.ranks, 131072)),         \
        REFUSE("group: rank is 1; it must be 0..0", WITH(group.rank, 1)),                                              \
        REFUSE("group: start is NULL", WITH(group.start, NULL)),                                                       \
        REFUSE("group: finish is NULL", WITH(group.finish, NULL)),                                                     \
        REFUSE("group: struct_size is 4", WITH(group.struct_size, 4))
CALL(group_evaluate, tp_group_evaluate(now.model, now.workspace, now.data_p, now.group_p, now.score, now.confusion)){
    REFUSED_GROUP,
    REFUSED_WORKSPACE,
    REFUSED_DATA,
    REFUSE("score is NULL", WITH(score, NULL)),
    REFUSE("confusion needs classes", WITH(data.classes, NULL), FROM(data.values, x)),
};
CALL(group_predict, tp_group_predict(now.model, now.workspace, now.data_p, now.group_p, now.outputs_p, now.needed,
                                     now.needed ? now.needed : &out.needed)){
    REFUSED_GROUP,
    REFUSED_WORKSPACE,
    REFUSED_SAMPLES,
    REFUSE("y is NULL", WITH(outputs_p, NULL)),
    REFUSE("first is NULL", WITH(needed, NULL)),
};
CALL(metrics_compute, tp_metrics_compute(now.context, now.task, now.data_p, now.data.outputs, now.predictions, now.ldy,
                                         now.metrics, NULL, now.confusion)){
    SILENT(WITH(context, NULL)),
    REFUSE("targets is NULL", WITH(data_p, NULL)),
    REFUSE("predictions is NULL", WITH(predictions, NULL)),
    REFUSE("metrics is NULL", WITH(metrics, NULL)),
    REFUSE("task is 0; it must be 1..4", WITH(task, TP_TASK_AUTO)),
    REFUSE("task is 5; it must be 1..4", WITH(task, TP_TASK_COUNT)),
    REFUSE("task is -1; it must be 1..4", WITH(task, (tp_task)-1)),
    REFUSE("outputs is 1; it must be at least 2", WITH(data.outputs, 1)),
    REFUSE("ld is 2; it must be at least 3", WITH(ldy, OUT - 1)),
    REFUSE("samples is 0; it must be 1..4294967295", WITH(data.samples, 0)),
    REFUSE("a task with classes needs classes alone", WITH(data.classes, NULL)),
    REFUSE("the class of sample 1 is 3; it must be 0..2", WITH(classes[1], OUT)),
    REFUSE("the weight of sample 0 is -1; it must be finite", WITH(data.weights, (const float[MAX_BATCH]){-1})),
    REFUSE_AS(TP_ERR_NONFINITE, "samples have a NaN or infinity: 0",
              WITH(predictions, (const double[MAX_BATCH * OUT]){(double)INFINITY})),
};
CALL(data_fingerprint, tp_data_fingerprint(now.context, now.data_p, now.fingerprint)){
    SILENT(WITH(context, NULL)),
    REFUSE("fingerprint is NULL", WITH(fingerprint, NULL)),
    REFUSED_ANY_DATA,
    REFUSED_WEIGHTS,
    REFUSE("data: features is 0; it must be at least 1", WITH(data.features, 0)),
    REFUSE("data: strides of 18446744073709551615 and 1 lead out of memory", WITH(data.features, SIZE_MAX)),
    REFUSE("data: only one of classes, values and double_values may be set", FROM(data.values, x)),
    REFUSE("data: outputs is 0; it must be at least 1", WITH(data.classes, NULL), FROM(data.values, x),
           WITH(data.outputs, 0)),
    REFUSE("data: strides of 18446744073709551615 and 1 lead out of memory", WITH(data.classes, NULL),
           FROM(data.values, x), WITH(data.outputs, SIZE_MAX)),
};

GROUP(refuse_training, FUNCTION(optimizer_name, FEW), FUNCTION(schedule_name, FEW), FUNCTION(monitor_name, FEW),
      FUNCTION(keep_name, FEW), FUNCTION(optimizer_options_init, NULL_ONLY), FUNCTION(optimizer_size, MANY),
      FUNCTION(optimizer_create, MANY), FUNCTION(optimizer_destroy, NULL_ONLY), FUNCTION(optimizer_step, FEW),
      FUNCTION(optimizer_steps, FEW), FUNCTION(optimizer_set_learning_rate, FEW), FUNCTION(optimizer_state_count, FEW),
      FUNCTION(optimizer_get_state, FEW), FUNCTION(optimizer_set_state, FEW), FUNCTION(optimizer_set_steps, FEW),
      FUNCTION(optimizer_learning_rate, FEW), FUNCTION(train_options_init, NULL_ONLY), FUNCTION(trainer_size, MANY),
      FUNCTION(trainer_create, MANY), FUNCTION(trainer_destroy, NULL_ONLY), FUNCTION(trainer_run, FEW),
      FUNCTION(trainer_phases, FEW), FUNCTION(trainer_isa, FEW), FUNCTION(trainer_threads, FEW),
      FUNCTION(trainer_epochs, FEW), FUNCTION(trainer_steps, FEW), FUNCTION(trainer_best_epoch, FEW),
      FUNCTION(trainer_save, FEW), FUNCTION(trainer_resume, FEW), FUNCTION(snapshot_size, FEW),
      FUNCTION(snapshot_create, FEW), FUNCTION(snapshot_destroy, NULL_ONLY), FUNCTION(snapshot_take, FEW),
      FUNCTION(snapshot_save, FEW), FUNCTION(evaluate, MANY), FUNCTION(predict, MANY), FUNCTION(group_evaluate, MANY),
      FUNCTION(group_predict, MANY), FUNCTION(metrics_compute, MANY), FUNCTION(data_fingerprint, MANY));
