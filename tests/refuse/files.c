/* SPDX-License-Identifier: BSD-3-Clause */
#include "refuse/refuse.h"

CALL(idx_read, tp_idx_read(now.context, now.idx_path, now.idx)){
    SILENT(WITH(context, NULL)),
    REFUSE("idx is NULL", WITH(idx, NULL)),
    REFUSE_AS(TP_ERR_FORMAT, "not an IDX file", FROM(idx_path, path)),
    REFUSED_PATH(idx_path),
};
CALL(idx_to_samples, tp_idx_to_samples(now.context, now.path, now.samples_p)){
    SILENT(WITH(context, NULL)),
    REFUSE("path is NULL", WITH(path, NULL)),
    REFUSE("idx is NULL", WITH(samples_p, NULL)),
    REFUSE("data is NULL", WITH(samples.data, NULL)),
    REFUSE("type is 0; it must be one of u8, i8, i16, i32, f32 and f64", WITH(samples.type, (tp_idx_type)0)),
    REFUSE("type is 10; it must be one of", WITH(samples.type, (tp_idx_type)10)),
    REFUSE("type is -1; it must be one of", WITH(samples.type, (tp_idx_type)-1)),
    REFUSE_AS(TP_ERR_MEMORY, "its size does not fit in size_t", WITH(samples.type, TP_IDX_TYPE_I8),
              WITH(samples.elements, SIZE_MAX / 2)),
    REFUSE_AS(TP_ERR_FORMAT, "/model: element 1 is -1e+300;", WITH(samples.type, TP_IDX_TYPE_F64),
              WITH(samples.data, (void *)(const double[]){1, -1e300})),
};
CALL_VOID(idx_release, (tp_idx_release(NULL, &out.idx), tp_idx_release(now.context, NULL))){SILENT({0})};
CALL(dataset_load, tp_dataset_load(now.context, now.where, now.split, now.dataset_out)){
    SILENT(WITH(context, NULL)),
    REFUSE("where is NULL", WITH(where, NULL)),
    REFUSE("dataset is NULL", WITH(dataset_out, NULL)),
    REFUSE("split is -1; it must be 0 or 1", WITH(split, (tp_split)-1)),
    REFUSE("split is 2; it must be 0 or 1", WITH(split, (tp_split)2)),
    REFUSE("split is 2147483647; it must be 0 or 1", WITH(split, (tp_split)INT_MAX)),
    REFUSE_AS(TP_ERR_IO, "/nonesuch: no such directory", WITH(where, "/nonesuch")),
    REFUSE_AS(TP_ERR_IO, ": no such directory", WITH(where, "")),
    REFUSE_AS(TP_ERR_IO, "/dev/null: is not a directory", WITH(where, "/dev/null")),
    REFUSE_AS(TP_ERR_IO, "/dev/null/x: no such directory", WITH(where, "/dev/null/x")),
    REFUSE_AS(TP_ERR_MISSING, "/dev: neither train-images-idx3-ubyte nor", WITH(where, "/dev")),
};
CALL_VOID(dataset_destroy, tp_dataset_destroy(NULL)){SILENT({0})};
CALL(dataset_data, nothing(!tp_dataset_data(NULL))){SILENT({0})};

CALL(task_name, nothing(!tp_task_name((tp_task)now.value))){REFUSED_NAME(TP_TASK_COUNT)};
CALL(missing_name, nothing(!tp_missing_name((tp_missing)now.value))){REFUSED_NAME(TP_MISSING_COUNT)};
CALL(unknown_name, nothing(!tp_unknown_name((tp_unknown)now.value))){REFUSED_NAME(TP_UNKNOWN_COUNT)};
CALL(input_scaling_name,
     nothing(!tp_input_scaling_name((tp_input_scaling)now.value))){REFUSED_NAME(TP_INPUT_SCALING_COUNT)};
CALL_VOID(dataset_options_init, tp_dataset_options_init(NULL, 64)){SILENT({0})};
CALL(dataset_open, tp_dataset_open(now.context, now.where, now.dataset_options_p, now.dataset_out)){
    SILENT(WITH(context, NULL)),
    REFUSE("path is NULL", WITH(where, NULL)),
    REFUSE("dataset is NULL", WITH(dataset_out, NULL)),
    REFUSED_SIZES("dataset options", dataset_options),
    REFUSED_NEWER("dataset options", dataset_options),
    REFUSE("task -1 is unknown", WITH(dataset_options.task, (tp_task)-1)),
    REFUSE("task 5 is unknown", WITH(dataset_options.task, TP_TASK_COUNT)),
    REFUSE("missing 3 is unknown", WITH(dataset_options.missing, TP_MISSING_COUNT)),
    REFUSE("unknown 2 is unknown", WITH(dataset_options.unknown, TP_UNKNOWN_COUNT)),
    REFUSE("scaling 4 is unknown", WITH(dataset_options.scaling, TP_INPUT_SCALING_COUNT)),
    REFUSE("split is 2; it must be 0 or 1", WITH(dataset_options.split, (tp_split)2)),
    REFUSE("validation_fraction is 1; it must be 0 or more and below 1", WITH(dataset_options.validation_fraction, 1)),
    REFUSE("validation_fraction is nan; it must be 0", WITH(dataset_options.validation_fraction, (double)NAN)),
    REFUSE("folds is 2; with validation_fraction it must be 0", WITH(dataset_options.folds, 2),
           WITH(dataset_options.validation_fraction, 0.5)),
    REFUSE("folds is 1; it must be 0, or at least 2", WITH(dataset_options.folds, 1)),
    REFUSE("fold is 2; with 2 folds it must be less", WITH(dataset_options.folds, 2), WITH(dataset_options.fold, 2)),
    REFUSE("fold is 1; with 0 folds it must be less", WITH(dataset_options.fold, 1)),
    REFUSE("missing is mean; with no_target that needs a schema", WITH(dataset_options.no_target, true),
           WITH(dataset_options.missing, TP_MISSING_MEAN)),
    REFUSE("target: no column 'species': the 2 columns have no names", WITH(dataset_options.target, "species")),
    REFUSE("target: no column 3: there are 1..2", WITH(dataset_options.target, "3")),
    REFUSE("ignore: no column 0: there are 1..2", WITH(dataset_options.ignore, "0")),
    REFUSE("column 2 is in ignore and in target", WITH(dataset_options.ignore, "2")),
    REFUSE_AS(TP_ERR_MISSING, "/dev: neither train-images-idx3-ubyte nor", WITH(where, "/dev")),
    REFUSE_AS(TP_ERR_IO, "/nonesuch", WITH(where, "/nonesuch")),
};
CALL(dataset_schema, nothing(!tp_dataset_schema(NULL))){SILENT({0})};
CALL(dataset_validation, nothing(!tp_dataset_validation(NULL))){SILENT({0})};
CALL(dataset_id, nothing(!tp_dataset_id(NULL, 0) && !tp_dataset_id(now.dataset, 0))){SILENT({0})};
CALL(dataset_row, nothing(!tp_dataset_row(NULL, 1) && !tp_dataset_row(now.dataset, 2))){SILENT({0})};
CALL(schema_task, nothing(!tp_schema_task(NULL))){SILENT({0})};
CALL(schema_feature_count, nothing(!tp_schema_feature_count(NULL))){SILENT({0})};
CALL(schema_target_count, nothing(!tp_schema_target_count(NULL))){SILENT({0})};
CALL(schema_feature, nothing(!tp_schema_feature(now.schema, now.layer))){
    SILENT(WITH(schema, NULL)), SILENT(WITH(layer, 1)), SILENT(WITH(layer, SIZE_MAX))};
CALL(schema_target, nothing(!tp_schema_target(now.schema, now.layer))){
    SILENT(WITH(schema, NULL)), SILENT(WITH(layer, 1)), SILENT(WITH(layer, SIZE_MAX))};
CALL(schema_inputs, nothing(!tp_schema_inputs(NULL))){SILENT({0})};
CALL(schema_outputs, nothing(!tp_schema_outputs(NULL))){SILENT({0})};
CALL(schema_apply, tp_schema_apply(now.schema, now.model_options_p)){
    SILENT(WITH(schema, NULL)),
    REFUSE("options is NULL", WITH(model_options_p, NULL)),
    REFUSE("tp_schema_apply: struct_size is 0; it must be at least ", WITH(model_options.struct_size, 0)),
    REFUSE("tp_schema_apply: struct_size is 112; it must be at least ", WITH(model_options.struct_size, 112)),
};
CALL(model_schema, nothing(!tp_model_schema(NULL) && !tp_model_schema(now.model))){SILENT({0})};

GROUP(refuse_files, FUNCTION(idx_read, MANY), FUNCTION(idx_to_samples, FEW), FUNCTION(idx_release, NULL_ONLY),
      FUNCTION(dataset_load, MANY), FUNCTION(dataset_destroy, NULL_ONLY), FUNCTION(dataset_data, NULL_ONLY),
      FUNCTION(task_name, FEW), FUNCTION(missing_name, FEW), FUNCTION(unknown_name, FEW),
      FUNCTION(input_scaling_name, FEW), FUNCTION(dataset_options_init, NULL_ONLY), FUNCTION(dataset_open, MANY),
      FUNCTION(dataset_schema, NULL_ONLY), FUNCTION(dataset_validation, NULL_ONLY), FUNCTION(dataset_id, NULL_ONLY),
      FUNCTION(dataset_row, NULL_ONLY), FUNCTION(schema_task, NULL_ONLY), FUNCTION(schema_feature_count, NULL_ONLY),
      FUNCTION(schema_target_count, NULL_ONLY), FUNCTION(schema_feature, FEW), FUNCTION(schema_target, FEW),
      FUNCTION(schema_inputs, NULL_ONLY), FUNCTION(schema_outputs, NULL_ONLY), FUNCTION(schema_apply, FEW),
      FUNCTION(model_schema, NULL_ONLY));
