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

GROUP(refuse_files, FUNCTION(idx_read, MANY), FUNCTION(idx_to_samples, FEW), FUNCTION(idx_release, NULL_ONLY),
      FUNCTION(dataset_load, MANY), FUNCTION(dataset_destroy, NULL_ONLY), FUNCTION(dataset_data, NULL_ONLY));
