/* SPDX-License-Identifier: BSD-3-Clause */
#include "refuse/refuse.h"

CALL(activation_name, nothing(!tp_activation_name((tp_activation)now.value))){REFUSED_NAME(TP_ACTIVATION_COUNT)};
CALL(loss_name, nothing(!tp_loss_name((tp_loss)now.value))){REFUSED_NAME(TP_LOSS_COUNT)};
CALL(precision_name, nothing(!tp_precision_name((tp_precision)now.value))){REFUSED_NAME(TP_PRECISION_COUNT)};
CALL(init_name, nothing(!tp_init_name((tp_init)now.value))){REFUSED_NAME(TP_INIT_COUNT)};
CALL_VOID(model_options_init, tp_model_options_init(NULL, 64, 0)){SILENT({0})};
CALL(model_create, tp_model_create(now.context, now.model_options_p, now.model_out)){
    SILENT(WITH(context, NULL)),
    REFUSE("options is NULL", WITH(model_options_p, NULL)),
    REFUSE("model is NULL", WITH(model_out, NULL)),
    REFUSED_MODEL_OPTIONS,
    REFUSE_AS(TP_ERR_MEMORY, "model: its size does not fit in size_t", WITH(model_options.inputs, SIZE_MAX)),
    REFUSE_AS(TP_ERR_MEMORY, "model: its size does not fit in size_t",
              WITH(model_options.inputs, SIZE_MAX / 4 / HIDDEN)),
    REFUSE_AS(TP_ERR_MEMORY, "model: its size does not fit in size_t", WITH(model_options.inputs, (size_t)1 << 62),
              WITH(layers[0].width, 1)),
    REFUSE_AS(TP_ERR_MEMORY, "model: its size does not fit in size_t", WITH(layers[0].width, SIZE_MAX)),
    REFUSE_AS(TP_ERR_MEMORY, "model: its size does not fit in size_t", WITH(layers[1].width, (size_t)1 << 60)),
    REFUSE_AS(TP_ERR_MEMORY, "model: its size does not fit in size_t", WITH(model_options.inputs, (size_t)1 << 32),
              WITH(layers[0].width, (size_t)1 << 32)),
};
CALL_VOID(model_destroy, tp_model_destroy(NULL)){SILENT({0})};
#define REFUSED_STRUCT_SIZE                                                                                            \
    REFUSE("model options: struct_size is 0; it must be at least ", WITH(struct_size, 0)),                             \
        REFUSE("model options: struct_size is 8; it must be at least ", WITH(struct_size, 8)),                         \
        REFUSE("it must be at least ", WITH(struct_size, offsetof(tp_model_options, label_smoothing) - 1))
CALL(model_get_options, tp_model_get_options(now.model, now.described, now.struct_size)){
    SILENT(WITH(model, NULL)),
    REFUSE("options is NULL", WITH(described, NULL)),
    REFUSED_STRUCT_SIZE,
};
CALL(model_layer, nothing(!tp_model_layer(now.model, now.layer))){
    SILENT(WITH(model, NULL)),
    SILENT(WITH(layer, 2)),
    SILENT(WITH(layer, SIZE_MAX)),
};
CALL(model_parameter_count, nothing(!tp_model_parameter_count(now.model))){SILENT(WITH(model, NULL))};
CALL(model_layer_offsets, tp_model_layer_offsets(now.model, now.layer, &out.weight, &out.bias)){
    SILENT(WITH(model, NULL)),
    REFUSE("layer is 2; the model has 2", WITH(layer, 2)),
    REFUSE("layer is 64; the model has 2", WITH(layer, TP_MAX_LAYERS)),
    REFUSE("layer is 18446744073709551615; the model has 2", WITH(layer, SIZE_MAX)),
};
#define REFUSED_PARAMETERS                                                                                             \
    SILENT(WITH(model, NULL)), REFUSE("parameters is NULL", WITH(parameters, NULL)),                                   \
        REFUSE("count is 0; the model has 174 parameters", WITH(count, 0)),                                            \
        REFUSE("count is 1; the model has 174 parameters", WITH(count, 1)),                                            \
        REFUSE("count is 173; the model has 174 parameters", WITH(count, PARAMETERS - 1)),                             \
        REFUSE("count is 175; the model has 174 parameters", WITH(count, PARAMETERS + 1)),                             \
        REFUSE("count is 696; the model has 174 parameters", WITH(count, PARAMETERS * 4)),                             \
        REFUSE("count is 4294967470; the model has 174", WITH(count, ((size_t)1 << 32) + PARAMETERS)),                 \
        REFUSE("count is 9223372036854775807; the model has 174", WITH(count, SIZE_MAX / 2)),                          \
        REFUSE("count is 18446744073709551615; the model has 174", WITH(count, SIZE_MAX))
CALL(model_get_parameters, tp_model_get_parameters(now.model, now.parameters, now.count)){REFUSED_PARAMETERS};
CALL(model_set_parameters, tp_model_set_parameters(now.model, now.parameters, now.count)){REFUSED_PARAMETERS};
CALL(model_save, tp_model_save(now.model, now.path)){
    SILENT(WITH(model, NULL)),
    REFUSE_AS(TP_ERR_IO, "cannot open its directory: No such file or directory", WITH(path, "/nonesuch/x/")),
    REFUSED_PATH(path),
};
CALL(output_create, tp_output_create(now.context, now.path, now.output_out)){
    SILENT(WITH(context, NULL)),
    REFUSE("output is NULL", WITH(output_out, NULL)),
    REFUSE_AS(TP_ERR_IO, ": cannot write: No such file or directory", WITH(path, "")),
    REFUSED_PATH(path),
};
CALL_VOID(output_destroy, tp_output_destroy(NULL)){SILENT({0})};
CALL(output_write, tp_output_write(now.output, now.x, now.size)){
    SILENT(WITH(output, NULL)),
    REFUSE("data is NULL", WITH(x, NULL), WITH(size, 1)),
    REFUSE("tp_output_write: ", FROM(output, committed)),
    REFUSE("has been committed; it can only be destroyed", FROM(output, committed)),
};
CALL(output_commit, tp_output_commit(now.output)){
    SILENT(WITH(output, NULL)),
    REFUSE("tp_output_commit: ", FROM(output, committed)),
    REFUSE("has been committed; it can only be destroyed", FROM(output, committed)),
};
CALL(output_is, nothing(!tp_output_is(now.output, now.path))){
    SILENT(WITH(output, NULL)),
    SILENT(WITH(path, NULL)),
    SILENT(WITH(path, "")),
    SILENT(WITH(path, "/nonesuch/x")),
};
CALL(model_save_to, tp_model_save_to(now.model, now.output)){
    SILENT(WITH(model, NULL)),
    REFUSE("output is NULL", WITH(output, NULL)),
    REFUSE("output is not empty", FROM(output, committed)),
};
CALL(model_get_file_options,
     tp_model_get_file_options(now.context, now.path, now.described, now.struct_size, now.layers_out, now.layer_size)){
    SILENT(WITH(context, NULL)),
    REFUSE("options is NULL", WITH(described, NULL)),
    REFUSED_STRUCT_SIZE,
    REFUSE("layer_size is 0; it must be at least 16", WITH(layer_size, 0)),
    REFUSE("layer_size is 15; it must be at least 16", WITH(layer_size, 15)),
    REFUSE("layers is NULL", WITH(layers_out, NULL)),
    REFUSE_AS(TP_ERR_FORMAT, "safetensors", FROM(path, idx_path)),
    REFUSED_PATH(path),
};
CALL(model_load, tp_model_load(now.context, now.path, now.model_out)){
    SILENT(WITH(context, NULL)),
    REFUSE("model is NULL", WITH(model_out, NULL)),
    REFUSE_AS(TP_ERR_FORMAT, "safetensors", FROM(path, idx_path)),
    REFUSED_PATH(path),
};
CALL(model_write, tp_model_write(now.model, now.memory, now.size, now.needed)){
    SILENT(WITH(model, NULL)),
    REFUSE("tp_model_write: needed is NULL", WITH(needed, NULL)),
    REFUSE("tp_model_write: needed is NULL", WITH(needed, NULL), FROM(memory, spare), WITH(size, 1)),
    REFUSE("tp_model_write: buffer is NULL", WITH(size, 1)),
    REFUSE("tp_model_write: buffer is NULL", WITH(size, SIZE_MAX)),
};
CALL(model_read, tp_model_read(now.context, now.bytes, now.bytes_size, now.model_out)){
    SILENT(WITH(context, NULL)),
    REFUSE("tp_model_read: model is NULL", WITH(model_out, NULL)),
    REFUSE("tp_model_read: buffer is NULL", WITH(bytes, NULL)),
    REFUSE("tp_model_read: buffer is NULL", WITH(bytes, NULL), WITH(bytes_size, 0)),
    REFUSE_AS(TP_ERR_FORMAT, "the buffer: has 0 bytes; a safetensors file has at least 8", WITH(bytes_size, 0)),
    REFUSE_AS(TP_ERR_FORMAT, "the buffer: truncated", WITH(bytes_size, 100)),
};
CALL(model_set_note, tp_model_set_note(now.model, now.name, now.text)){
    SILENT(WITH(model, NULL)),
    REFUSE("tp_model_set_note: name is NULL", WITH(name, NULL)),
    REFUSE("tp_model_set_note: \"\" is no name of a note: it must begin with \"note.\"", WITH(name, "")),
    REFUSE("tp_model_set_note: \"note.\" is no name", WITH(name, "note.")),
    REFUSE("tp_model_set_note: \"loss\" is no name of a note", WITH(name, "loss"), WITH(text, NULL)),
    REFUSE("tp_model_set_note: \"note.\\xff\" is not UTF-8", WITH(name, "note.\xff")),
    REFUSE("tp_model_set_note: \"note.name\" is not UTF-8", WITH(text, "\xff")),
    REFUSE("tp_model_set_note: \"note.name\" is not UTF-8, or has control", WITH(text, "\x1b")),
};
CALL(model_note, nothing(!tp_model_note(now.model, now.name))){
    SILENT({0}),
    SILENT(WITH(model, NULL)),
    SILENT(WITH(name, NULL)),
    SILENT(WITH(name, "")),
};
CALL(model_note_name, nothing(!tp_model_note_name(now.model, now.layer))){
    SILENT({0}),
    SILENT(WITH(model, NULL)),
    SILENT(WITH(layer, SIZE_MAX)),
};
CALL(model_fingerprint, tp_model_fingerprint(now.model, now.fingerprint)){
    SILENT(WITH(model, NULL)),
    REFUSE("fingerprint is NULL", WITH(fingerprint, NULL)),
};

CALL_VOID(exchange_options_init, tp_exchange_options_init(NULL, 100)){SILENT({0})};
CALL(model_export_torch, tp_model_export_torch(now.model, now.output, now.exchange_options_p)){
    SILENT(WITH(model, NULL)),
    REFUSE("tp_model_export_torch: output is NULL", WITH(output, NULL)),
    REFUSE("tp_model_export_torch: output is not empty", FROM(output, committed)),
    REFUSED_EXCHANGE_OPTIONS,
};
CALL(model_export_c, tp_model_export_c(now.model, now.output, now.exchange_options_p)){
    SILENT(WITH(model, NULL)),
    REFUSE("tp_model_export_c: output is NULL", WITH(output, NULL)),
    REFUSE("tp_model_export_c: output is not empty", FROM(output, committed)),
    REFUSE("name \"\": it must be an identifier of C", WITH(exchange_options.name, "")),
    REFUSE("name \"1st\": it must be an identifier of C", WITH(exchange_options.name, "1st")),
    REFUSE("name \"a*/b\": it must be an identifier of C", WITH(exchange_options.name, "a*/b")),
    REFUSE("of at most 40 characters", WITH(exchange_options.name, "a2345678901234567890123456789012345678901")),
    REFUSED_EXCHANGE_OPTIONS,
};
CALL(model_import_torch, tp_model_import_torch(now.context, now.layers_path, now.exchange_options_p, now.model_out)){
    SILENT(WITH(context, NULL)),
    REFUSE("tp_model_import_torch: model is NULL", WITH(model_out, NULL)),
    REFUSE_AS(TP_ERR_FORMAT, "safetensors", FROM(layers_path, idx_path)),
    REFUSE_AS(TP_ERR_FORMAT, "is a model's file", FROM(layers_path, path)),
    REFUSED_PATH(layers_path),
    REFUSED_EXCHANGE_OPTIONS,
};

/* Of what builds without protobuf-c refuse as well. */
CALL(model_export_onnx, tp_model_export_onnx(now.model, now.output)){
    SILENT(WITH(model, NULL)),
    REFUSE("tp_model_export_onnx: output is NULL", WITH(output, NULL)),
    REFUSE("tp_model_export_onnx: output is not empty", FROM(output, committed)),
};
CALL(model_write_onnx, tp_model_write_onnx(now.model, now.memory, now.size, now.needed)){
    SILENT(WITH(model, NULL)),
    REFUSE("tp_model_write_onnx: needed is NULL", WITH(needed, NULL)),
    REFUSE("tp_model_write_onnx: buffer is NULL", WITH(size, 1)),
};
CALL(model_import_onnx, tp_model_import_onnx(now.context, now.path, now.exchange_options_p, now.model_out)){
    SILENT(WITH(context, NULL)),
    REFUSE("tp_model_import_onnx: path is NULL", WITH(path, NULL)),
    REFUSE("tp_model_import_onnx: model is NULL", WITH(model_out, NULL)),
    REFUSED_EXCHANGE_OPTIONS,
};
CALL(model_read_onnx,
     tp_model_read_onnx(now.context, now.bytes, now.bytes_size, now.exchange_options_p, now.model_out)){
    SILENT(WITH(context, NULL)),
    REFUSE("tp_model_read_onnx: buffer is NULL", WITH(bytes, NULL)),
    REFUSE("tp_model_read_onnx: model is NULL", WITH(model_out, NULL)),
    REFUSED_EXCHANGE_OPTIONS,
};

GROUP(refuse_model, FUNCTION(model_export_c, NULL_ONLY), FUNCTION(model_export_onnx, NULL_ONLY),
      FUNCTION(model_write_onnx, NULL_ONLY), FUNCTION(model_import_onnx, NULL_ONLY),
      FUNCTION(model_read_onnx, NULL_ONLY), FUNCTION(exchange_options_init, NULL_ONLY),
      FUNCTION(model_export_torch, NULL_ONLY), FUNCTION(model_import_torch, MANY), FUNCTION(activation_name, FEW),
      FUNCTION(loss_name, FEW), FUNCTION(init_name, FEW), FUNCTION(precision_name, FEW),
      FUNCTION(model_options_init, NULL_ONLY), FUNCTION(model_create, MANY), FUNCTION(model_destroy, NULL_ONLY),
      FUNCTION(model_get_options, FEW), FUNCTION(model_layer, FEW), FUNCTION(model_parameter_count, FEW),
      FUNCTION(model_layer_offsets, FEW), FUNCTION(model_get_parameters, MANY), FUNCTION(model_set_parameters, MANY),
      FUNCTION(model_save, MANY), FUNCTION(output_create, FEW), FUNCTION(output_destroy, NULL_ONLY),
      FUNCTION(output_write, FEW), FUNCTION(output_commit, NULL_ONLY), FUNCTION(output_is, NULL_ONLY),
      FUNCTION(model_save_to, NULL_ONLY), FUNCTION(model_load, MANY), FUNCTION(model_write, FEW),
      FUNCTION(model_read, FEW), FUNCTION(model_get_file_options, FEW), FUNCTION(model_set_note, FEW),
      FUNCTION(model_note, FEW), FUNCTION(model_note_name, FEW), FUNCTION(model_fingerprint, FEW));
