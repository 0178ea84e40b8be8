/* SPDX-License-Identifier: BSD-3-Clause */
/* protobuf-c decodes messages within messages without a limit, and each part, be it of two bytes, takes some hundred
 * bytes of memory. So files are looked through before. */
#include "core/memory.h"
#include "io/onnx.h"

#include <limits.h>
#include <string.h>

#define MAX_SIZE ((size_t)INT_MAX) /* of messages of protobuf */
#define MAX_LEVELS 16              /* of messages within messages; tensors of attributes are at 5 */
#define MAX_PARTS 65536            /* fields of all messages; numbers that are packed are one */

/* ---- looking through ---- */

struct bytes {
    const unsigned char *next, *end;
};

struct scan {
    const struct tp_file *file;
    size_t parts;
};

static bool take_number(struct bytes *bytes, uint64_t *number) {
    *number = 0;
    for (unsigned shift = 0; shift < 70 && bytes->next < bytes->end; shift += 7) {
        const unsigned char byte = *bytes->next++;
        *number |= shift < 64 ? (uint64_t)(byte & 127) << shift : 0;
        if (byte < 128)
            return true;
    }
    return false;
}

/* What a field of this type has; that of types which nobody has used for long is not known. */
static bool take_content(struct bytes *bytes, unsigned type, struct bytes *content) {
    uint64_t size = 0;
    const size_t left = (size_t)(bytes->end - bytes->next);
    *content = (struct bytes){NULL, NULL};
    if (type == PROTOBUF_C_WIRE_TYPE_VARINT)
        return take_number(bytes, &size);
    if (type == PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED && !take_number(bytes, &size))
        return false;
    if (type == PROTOBUF_C_WIRE_TYPE_64BIT)
        size = 8;
    else if (type == PROTOBUF_C_WIRE_TYPE_32BIT)
        size = 4;
    else if (type != PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED)
        return false;
    if (size > left || size > (size_t)(bytes->end - bytes->next))
        return false;
    *content = (struct bytes){bytes->next, bytes->next + size};
    bytes->next += size;
    return true;
}

static tp_status fail_bytes(const struct scan *scan) {
    return tp_fail(scan->file->context, TP_ERR_FORMAT, "%s: not an ONNX file, or damaged", scan->file->path);
}

/* What is left of a message, and of those that it is in. */
struct level {
    const ProtobufCMessageDescriptor *message;
    struct bytes bytes;
};

/* The content of the next field that is a message of the schema goes to the level after this one, else nothing. */
static tp_status take_field(struct scan *scan, struct level *level) {
    uint64_t tag;
    struct bytes content;
    level[1] = (struct level){NULL, {NULL, NULL}};
    if (scan->parts++ == MAX_PARTS)
        return tp_fail(scan->file->context, TP_ERR_FORMAT, "%s: has more than %d fields", scan->file->path, MAX_PARTS);
    if (!take_number(&level->bytes, &tag) || tag >> 3 == 0 || tag >> 3 > INT_MAX ||
        !take_content(&level->bytes, tag & 7, &content))
        return fail_bytes(scan);
    const ProtobufCFieldDescriptor *field =
        protobuf_c_message_descriptor_get_field(level->message, (unsigned)(tag >> 3));
    if (field && field->type == PROTOBUF_C_TYPE_MESSAGE && (tag & 7) == PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED)
        level[1] = (struct level){field->descriptor, content};
    return TP_OK;
}

static tp_status look_through(struct scan *scan, struct bytes bytes) {
    struct level levels[MAX_LEVELS + 1] = {{&tp_onnx__model_proto__descriptor, bytes}};
    tp_status status = TP_OK;
    for (struct level *level = levels; !status && level >= levels;) {
        if (level->bytes.next == level->bytes.end) {
            level--;
            continue;
        }
        status = take_field(scan, level);
        if (status || !level[1].message)
            continue;
        if (++level == levels + MAX_LEVELS)
            status = tp_fail(scan->file->context, TP_ERR_FORMAT, "%s: has more than %d levels of messages",
                             scan->file->path, MAX_LEVELS);
    }
    return status;
}

/* ---- decoding ---- */

static void *allocate(void *user, size_t size) {
    struct tp_onnx_message *message = user;
    void *block = tp_allocate(message->context, size);
    message->refused = message->refused || !block;
    return block;
}

static void release(void *user, void *block) {
    const struct tp_onnx_message *message = user;
    tp_release(message->context, block);
}

static tp_status unpack(const struct tp_file *file, const unsigned char *bytes, struct tp_onnx_message *message) {
    struct scan scan = {file, 0};
    const tp_status status = look_through(&scan, (struct bytes){bytes, bytes + file->size});
    if (status)
        return status;
    message->model = tp_onnx__model_proto__unpack(&message->allocator, file->size, bytes);
    if (message->model)
        return TP_OK;
    return message->refused
               ? tp_fail(file->context, TP_ERR_MEMORY, "%s: cannot allocate memory to decode it", file->path)
               : fail_bytes(&scan);
}

static tp_status read_and_unpack(const struct tp_file *file, struct tp_onnx_message *message) {
    size_t got = 0;
    unsigned char *bytes = tp_allocate(file->context, file->size);
    if (!bytes)
        return tp_fail_allocation(file->context, file->path, file->size);
    tp_status status = tp_file_read(file, 0, bytes, file->size, &got);
    if (!status && got < file->size)
        status = tp_fail(file->context, TP_ERR_IO, "%s: became shorter while it was read", file->path);
    if (!status)
        status = unpack(file, bytes, message);
    tp_release(file->context, bytes);
    return status;
}

tp_status tp_onnx_decode(const struct tp_file *file, struct tp_onnx_message *message) {
    *message = (struct tp_onnx_message){.context = file->context, .allocator = {allocate, release, message}};
    if (file->size > MAX_SIZE)
        return tp_fail(file->context, TP_ERR_FORMAT, "%s: has %zu bytes; ONNX files have at most %zu", file->path,
                       file->size, MAX_SIZE);
    return file->memory ? unpack(file, file->memory, message) : read_and_unpack(file, message);
}

void tp_onnx_release(struct tp_onnx_message *message) {
    tp_onnx__model_proto__free_unpacked(message->model, &message->allocator);
}
