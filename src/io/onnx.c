/* SPDX-License-Identifier: BSD-3-Clause */
/* Models from and for other programs, as ONNX files. */
#include "core/cancel.h"
#include "core/memory.h"
#include "core/size.h"
#include "io/exchange.h"
#include "io/output.h"
#include "net/model.h"

#include <string.h>

#ifdef TP_HAVE_LIBPROTOBUF_C

#include "io/onnx.h"

#define PIECE ((size_t)65536) /* bytes that are written at a time; those of large tensors as they are */

/* ---- writing ---- */

/* Where protobuf-c puts bytes: an output, or memory that is large enough. */
struct sink {
    ProtobufCBuffer base; /* the first member: what protobuf-c knows of it */
    tp_output *output;
    unsigned char *next, *piece;
    size_t used;
    tp_status status;
};

static void flush(struct sink *sink) {
    if (!sink->status && sink->used)
        sink->status = tp_output_write(sink->output, sink->piece, sink->used);
    sink->used = 0;
}

static void append_to_output(ProtobufCBuffer *buffer, size_t size, const uint8_t *bytes) {
    struct sink *sink = (struct sink *)buffer;
    if (size > PIECE - sink->used)
        flush(sink);
    if (size > PIECE) {
        sink->status = sink->status ? sink->status : tp_output_write(sink->output, bytes, size);
        return;
    }
    if (size)
        memcpy(sink->piece + sink->used, bytes, size);
    sink->used += size;
}

static void append_to_memory(ProtobufCBuffer *buffer, size_t size, const uint8_t *bytes) {
    struct sink *sink = (struct sink *)buffer;
    if (size)
        memcpy(sink->next, bytes, size);
    sink->next += size;
}

static tp_status export(const tp_model *model, tp_output *output) {
    const struct tp_context *context = tp_model_context(model);
    struct sink sink = {.base = {append_to_output}, .output = output, .piece = tp_allocate(context, PIECE)};
    size_t size;
    if (!sink.piece)
        return tp_fail_allocation(context, "tp_model_export_onnx", PIECE);
    tp_status status = tp_onnx_encode("tp_model_export_onnx", model, &sink.base, &size);
    if (!status)
        flush(&sink);
    tp_release(context, sink.piece);
    status = status ? status : sink.status;
    return status ? status : tp_output_commit(output);
}

static tp_status write(const tp_model *model, void *buffer, size_t size, size_t *needed) {
    struct sink sink = {.base = {append_to_memory}, .next = buffer};
    size_t total = 0;
    tp_status status = tp_onnx_encode("tp_model_write_onnx", model, NULL, &total);
    const bool fits = !buffer || size >= total;
    if (!status && buffer && fits)
        status = tp_onnx_encode("tp_model_write_onnx", model, &sink.base, &total);
    if (status)
        return status;
    *needed = total;
    return fits ? TP_OK
                : tp_fail(tp_model_context(model), TP_ERR_MEMORY,
                          "tp_model_write_onnx: buffer has %zu bytes; %zu are needed", size, total);
}

/* ---- reading ---- */

static tp_status make(tp_context *context, const struct tp_file *file, const TpOnnx__ModelProto *proto, tp_loss loss,
                      tp_model **model) {
    struct tp_onnx_chain *chain = tp_allocate(context, sizeof *chain);
    if (!chain)
        return tp_fail_allocation(context, file->path, sizeof *chain);
    tp_status status = tp_onnx_follow(file, proto, chain);
    if (!status)
        status = tp_onnx_make(context, chain, proto, loss, model);
    tp_release(context, chain);
    return status;
}

static tp_status import(tp_context *context, const struct tp_file *file, tp_loss loss, tp_model **model) {
    struct tp_onnx_message message;
    tp_status status = tp_onnx_decode(file, &message);
    if (!status)
        status = make(context, file, message.model, loss, model);
    tp_onnx_release(&message);
    return status;
}

static tp_status import_file(tp_context *context, const char *path, tp_loss loss, tp_model **model) {
    struct tp_file file;
    tp_status status = tp_file_open(context, path, &file);
    if (status)
        return status;
    status = import(context, &file, loss, model);
    tp_file_close(&file);
    return status;
}

#else

static tp_status fail(const struct tp_context *context) {
    return tp_fail(context, TP_ERR_UNSUPPORTED,
                   "ONNX files cannot be read or written: the library was built without libprotobuf-c "
                   "(TILEPROP_ONNX=OFF)");
}

static tp_status export(const tp_model *model, tp_output *output) {
    (void)output;
    return fail(tp_model_context(model));
}

static tp_status write(const tp_model *model, void *buffer, size_t size, size_t *needed) {
    (void)buffer, (void)size, (void)needed;
    return fail(tp_model_context(model));
}

static tp_status import(tp_context *context, const struct tp_file *file, tp_loss loss, tp_model **model) {
    (void)file, (void)loss, (void)model;
    return fail(context);
}

static tp_status import_file(tp_context *context, const char *path, tp_loss loss, tp_model **model) {
    (void)path, (void)loss, (void)model;
    return fail(context);
}

#endif

/* ---- the interface ---- */

tp_status tp_model_export_onnx(const tp_model *model, tp_output *output) {
    tp_status status = model ? tp_exchange_check_output(model, "tp_model_export_onnx", output) : TP_ERR_ARGUMENT;
    if (status)
        return status;
    const int cancel = tp_cancel_hold();
    status = export(model, output);
    tp_cancel_restore(cancel);
    return status;
}

tp_status tp_model_write_onnx(const tp_model *model, void *buffer, size_t size, size_t *needed) {
    if (!model)
        return TP_ERR_ARGUMENT;
    if (!needed || (!buffer && size))
        return tp_fail(tp_model_context(model), TP_ERR_ARGUMENT, "tp_model_write_onnx: %s is NULL",
                       needed ? "buffer" : "needed");
    return write(model, buffer, size, needed);
}

tp_status tp_model_import_onnx(tp_context *context, const char *path, const tp_exchange_options *given,
                               tp_model **model) {
    if (!context)
        return TP_ERR_ARGUMENT;
    if (!path || !model)
        return tp_fail(context, TP_ERR_ARGUMENT, "tp_model_import_onnx: %s is NULL", path ? "model" : "path");
    tp_exchange_options options;
    tp_status status = tp_exchange_take(context, given, &options);
    if (status)
        return status;
    const int cancel = tp_cancel_hold();
    status = import_file(context, path, options.loss, model);
    tp_cancel_restore(cancel);
    return status;
}

tp_status tp_model_read_onnx(tp_context *context, const void *buffer, size_t size, const tp_exchange_options *given,
                             tp_model **model) {
    if (!context)
        return TP_ERR_ARGUMENT;
    if (!buffer || !model)
        return tp_fail(context, TP_ERR_ARGUMENT, "tp_model_read_onnx: %s is NULL", buffer ? "model" : "buffer");
    tp_exchange_options options;
    const tp_status status = tp_exchange_take(context, given, &options);
    const struct tp_file file = tp_file_in_memory(context, buffer, size);
    return status ? status : import(context, &file, options.loss, model);
}
