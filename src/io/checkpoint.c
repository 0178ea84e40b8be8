/* SPDX-License-Identifier: BSD-3-Clause */
/* Checkpoints: files of where a run is. */
#include "io/checkpoint.h"

#include "core/cancel.h"
#include "core/memory.h"
#include "core/size.h"

#include <endian.h>
#include <string.h>
#include <zlib.h>

#define PIECE ((size_t)65536) /* bytes that are written and, while they are in cache, checked */

tp_status tp_checkpoint_fingerprint(struct tp_snapshot *snapshot) {
    const struct tp_trainer *t = snapshot->trainer;
    char *text = snapshot->fingerprint;
    if (*text)
        return TP_OK;
    _Static_assert(sizeof t->fingerprint == sizeof snapshot->fingerprint, "one is copied to the other");
    memcpy(text, t->fingerprint, sizeof t->fingerprint);
    if (*text)
        return TP_OK;
    char data[TP_FINGERPRINT_SIZE] = "", validation[TP_FINGERPRINT_SIZE] = "none";
    tp_status status = tp_data_fingerprint(snapshot->context, &t->data, data);
    if (!status && t->validation.samples)
        status = tp_data_fingerprint(snapshot->context, &t->validation, validation);
    if (!status)
        snprintf(text, sizeof snapshot->fingerprint, "%s validation %s", data, validation);
    return status;
}

static tp_status make_header(struct tp_snapshot *snapshot, const char *path, json_t **header) {
    const tp_status status = tp_checkpoint_fingerprint(snapshot);
    if (status)
        return status;
    *header = tp_checkpoint_header(snapshot);
    return *header ? TP_OK : tp_fail(snapshot->context, TP_ERR_MEMORY, "%s: cannot allocate the header", path);
}

/* ---- saving ---- */

struct writer {
    tp_output *output;
    uLong crc;
    unsigned char piece[PIECE];
};

static tp_status put(struct writer *writer, const void *bytes, size_t size) {
    writer->crc = crc32_z(writer->crc, bytes, size);
    return tp_output_write(writer->output, bytes, size);
}

static tp_status put_floats(struct writer *writer, const float *values, size_t count) {
    tp_status status = TP_OK;
    for (size_t n; !status && count; values += n, count -= n) {
        n = tp_min(PIECE / sizeof *values, count);
        memcpy(writer->piece, values, n * sizeof *values);
        tp_safetensors_swap(writer->piece, n, sizeof *values);
        status = put(writer, writer->piece, n * sizeof *values);
    }
    return status;
}

static tp_status put_header(struct writer *writer, const struct tp_context *context, const char *path,
                            const json_t *header) {
    const size_t size = tp_safetensors_begin_size(header);
    void *bytes = size ? tp_safetensors_begin(context, header, size) : NULL;
    if (!bytes)
        return tp_fail(context, TP_ERR_MEMORY, "%s: cannot allocate the header", path);
    const tp_status status = put(writer, bytes, size);
    tp_release(context, bytes);
    return status;
}

static tp_status put_all(struct writer *writer, const struct tp_snapshot *snapshot, const char *path,
                         const json_t *header) {
    const struct tp_model *model = snapshot->trainer->model;
    tp_status status = put_header(writer, snapshot->context, path, header);
    for (int i = 0; !status && i < TP_KEPT_COUNT; i++)
        if (snapshot->array[i])
            status = put_floats(writer, snapshot->array[i], model->parameter_count);
    const uint32_t crc = htole32((uint32_t)writer->crc);
    if (!status)
        status = tp_output_write(writer->output, &crc, sizeof crc);
    return status ? status : tp_output_commit(writer->output);
}

static tp_status write_file(const struct tp_snapshot *snapshot, const char *path, const json_t *header) {
    const struct tp_context *context = snapshot->context;
    struct writer *writer = tp_allocate(context, sizeof *writer);
    if (!writer)
        return tp_fail_allocation(context, path, sizeof *writer);
    writer->crc = crc32_z(0, NULL, 0);
    tp_status status = tp_output_create(context, path, &writer->output);
    if (!status) {
        status = put_all(writer, snapshot, path, header);
        tp_output_destroy(writer->output);
    }
    tp_release(context, writer);
    return status;
}

tp_status tp_snapshot_save(tp_snapshot *snapshot, const char *path) {
    if (!snapshot)
        return TP_ERR_ARGUMENT;
    const struct tp_context *context = snapshot->context;
    if (!path)
        return tp_fail(context, TP_ERR_ARGUMENT, "tp_snapshot_save: path is NULL");
    if (!snapshot->taken)
        return tp_fail(context, TP_ERR_ARGUMENT, "tp_snapshot_save: the snapshot is empty");
    json_t *header = NULL;
    const int cancel = tp_cancel_hold();
    tp_status status = make_header(snapshot, path, &header);
    if (!status)
        status = write_file(snapshot, path, header);
    json_decref(header);
    tp_cancel_restore(cancel);
    return status;
}

static tp_status save(const tp_trainer *trainer, const char *path) {
    tp_snapshot *snapshot = NULL;
    tp_status status = tp_snapshot_create(trainer, NULL, 0, &snapshot);
    if (!status)
        status = tp_snapshot_take(snapshot);
    struct tp_ranks *ranks = (struct tp_ranks *)(uintptr_t)&trainer->ranks; /* only its exchanges change */
    if (!status && ranks->group.rank == 0)
        status = tp_snapshot_save(snapshot, path);
    tp_snapshot_destroy(snapshot);
    return tp_has_ranks(ranks) ? tp_ranks_share_failure(ranks, trainer->model->context, status) : status;
}

tp_status tp_trainer_save(const tp_trainer *trainer, const char *path) {
    if (!trainer)
        return TP_ERR_ARGUMENT;
    if (!path)
        return tp_fail(trainer->model->context, TP_ERR_ARGUMENT, "tp_trainer_save: path is NULL");
    const int cancel = tp_cancel_hold();
    const tp_status status = save(trainer, path);
    tp_cancel_restore(cancel);
    return status;
}

/* ---- resuming ---- */

static tp_status fail_damaged(const struct tp_file *file) {
    return tp_fail(file->context, TP_ERR_FORMAT, "%s: damaged: its CRC-32 is not that of its contents", file->path);
}

/* Of all bytes before it. */
static tp_status check_crc(const struct tp_file *file) {
    unsigned char piece[16384];
    uint32_t expected;
    size_t got, end = file->size - sizeof expected;
    uLong crc = crc32_z(0, NULL, 0);
    for (size_t at = 0; at < end; at += got) {
        const tp_status status = tp_file_read(file, at, piece, tp_min(sizeof piece, end - at), &got);
        if (status || !got)
            return status ? status : fail_damaged(file);
        crc = crc32_z(crc, piece, got);
    }
    const tp_status status = tp_file_read(file, end, &expected, sizeof expected, &got);
    if (status)
        return status;
    return got == sizeof expected && le32toh(expected) == crc ? TP_OK : fail_damaged(file);
}

/* The tensors are those of the snapshot's header. */
static tp_status read_arrays(const struct tp_safetensors *archive, const struct tp_snapshot *snapshot) {
    const struct tp_tensor *tensor = archive->tensor;
    tp_status status = TP_OK;
    for (int i = 0; !status && i < TP_KEPT_COUNT; i++)
        if (snapshot->array[i])
            status = tp_safetensors_read(archive, tensor++, snapshot->array[i], NULL);
    return status;
}

static tp_status read_snapshot(struct tp_safetensors *archive, struct tp_snapshot *snapshot) {
    const struct tp_file *file = &archive->file;
    json_t *own = NULL;
    tp_status status = tp_checkpoint_check_format(file->context, file->path, archive->header);
    if (!status)
        status = check_crc(file);
    if (!status)
        status = make_header(snapshot, file->path, &own);
    if (!status)
        status = tp_checkpoint_compare(file->context, file->path, own, archive->header);
    json_decref(own);
    if (!status)
        status = tp_safetensors_list(archive);
    if (!status)
        status = tp_checkpoint_point(snapshot, file->path, archive->header, &snapshot->at);
    return status ? status : read_arrays(archive, snapshot);
}

static tp_status read_file(const char *path, struct tp_snapshot *snapshot) {
    struct tp_file file;
    struct tp_safetensors archive;
    tp_status status = tp_file_open(snapshot->context, path, &file);
    if (!status)
        status = tp_safetensors_open(&file, TP_MODEL_HEADER, &archive);
    if (status)
        return status;
    status = read_snapshot(&archive, snapshot);
    tp_safetensors_close(&archive);
    return status;
}

static tp_status resume(tp_trainer *trainer, const char *path) {
    tp_snapshot *snapshot = NULL;
    tp_status status = tp_snapshot_create(trainer, NULL, 0, &snapshot);
    if (!status)
        status = read_file(path, snapshot);
    if (!status)
        tp_snapshot_apply(snapshot, trainer);
    tp_snapshot_destroy(snapshot);
    return status;
}

tp_status tp_trainer_resume(tp_trainer *trainer, const char *path) {
    if (!trainer)
        return TP_ERR_ARGUMENT;
    if (!path)
        return tp_fail(trainer->model->context, TP_ERR_ARGUMENT, "tp_trainer_resume: path is NULL");
    const int cancel = tp_cancel_hold();
    const tp_status status = resume(trainer, path);
    tp_cancel_restore(cancel);
    return status;
}
