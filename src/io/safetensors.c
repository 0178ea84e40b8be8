/* SPDX-License-Identifier: BSD-3-Clause */
#include "io/safetensors.h"

#include "core/memory.h"
#include "core/size.h"

#include <assert.h>
#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PIECE ((size_t)65536) /* bytes that are read and, while they are in cache, hashed */
#define MAX_DEPTH 8           /* of a header, which needs 3; the parser's stack grows with it */

void tp_safetensors_swap(void *elements, size_t count, size_t element) {
    unsigned char *p = elements;
    if (le32toh(1) == 1) /* as files have it; known to compilers, which do not see that the loop does nothing then */
        return;
    for (size_t i = 0; i < count; i++, p += element)
        for (size_t first = 0, last = element - 1; first < last; first++, last--) {
            const unsigned char byte = p[first];
            p[first] = p[last];
            p[last] = byte;
        }
}

/* ---- JSON ---- */

#define PARSED_AGAIN 2

struct json_text {
    const char *next;
    size_t left;
    bool refused; /* an allocation failed */
};

/* For jansson: the next byte. */
static size_t feed(void *buffer, size_t size, void *argument) {
    struct json_text *text = argument;
    text->refused = text->refused || errno == ENOMEM;
    if (text->refused || !text->left || !size)
        return 0;
    *(char *)buffer = *text->next++;
    text->left--;
    return 1;
}

/* When malloc fails, jansson reports bad syntax, or goes on without the byte that it had no room for. errno tells, if
 * it is looked at after each byte, before jansson clears it to convert a number. */
static json_t *parse_once(const char *text, size_t length, size_t flags, json_error_t *error, bool *refused) {
    struct json_text rest = {text, length, false};
    errno = 0;
    json_t *json = json_load_callback(feed, &rest, flags, error);
    *refused = rest.refused || errno == ENOMEM;
    if (!*refused)
        return json;
    json_decref(json);
    return NULL;
}

/* A malloc that succeeds can leave the same errno, where the heap cannot grow in place. What it got instead is used
 * when the text is parsed again. */
json_t *tp_json_parse(const char *text, size_t length, size_t flags, json_error_t *error, bool *refused) {
    json_t *json = parse_once(text, length, flags, error, refused);
    for (int again = 0; *refused && again < PARSED_AGAIN; again++)
        json = parse_once(text, length, flags, error, refused);
    return json;
}

/* ---- header ---- */

static tp_status read_exactly(const struct tp_file *file, size_t offset, void *buffer, size_t size) {
    size_t got;
    const tp_status status = tp_file_read(file, offset, buffer, size, &got);
    if (status || got == size)
        return status;
    return tp_fail(file->context, TP_ERR_IO, "%s: became shorter while it was read", file->path);
}

static tp_status read_header_length(const struct tp_file *file, size_t limit, size_t *length) {
    uint64_t word;
    if (file->size < sizeof word)
        return tp_fail(file->context, TP_ERR_FORMAT, "%s: has %zu bytes; a safetensors file has at least %zu",
                       file->path, file->size, sizeof word);
    const tp_status status = read_exactly(file, 0, &word, sizeof word);
    if (status)
        return status;
    word = le64toh(word);
    if (word > limit)
        return tp_fail(file->context, TP_ERR_FORMAT,
                       "%s: not a safetensors file, or damaged: header length is %llu; it must be at most %zu",
                       file->path, (unsigned long long)word, limit);
    if (word > file->size - sizeof word)
        return tp_fail(file->context, TP_ERR_FORMAT, "%s: truncated: header length is %llu, but %zu bytes follow",
                       file->path, (unsigned long long)word, file->size - sizeof word);
    *length = (size_t)word;
    return TP_OK;
}

size_t tp_json_depth(const char *text, size_t length) {
    size_t depth = 0, deepest = 0;
    bool quoted = false;
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '"')
            quoted = !quoted;
        else if (quoted)
            i += text[i] == '\\';
        else if (text[i] == '[' || text[i] == '{')
            deepest = tp_max(deepest, ++depth);
        else if ((text[i] == ']' || text[i] == '}') && depth)
            depth--;
    }
    return deepest;
}

static tp_status parse_header(struct tp_safetensors *archive, const char *text, size_t length) {
    const struct tp_file *file = &archive->file;
    json_error_t error;
    bool refused;
    if (tp_json_depth(text, length) > MAX_DEPTH)
        return tp_fail(file->context, TP_ERR_FORMAT, "%s: header has more than %d levels of brackets", file->path,
                       MAX_DEPTH);
    archive->header = tp_json_parse(text, length, JSON_REJECT_DUPLICATES, &error, &refused);
    if (refused)
        return tp_fail(file->context, TP_ERR_MEMORY, "%s: cannot allocate memory for its header", file->path);
    if (!archive->header)
        return tp_fail(file->context, TP_ERR_FORMAT, "%s: header is not valid JSON: %s (at byte %d)", file->path,
                       error.text, error.position);
    if (!json_is_object(archive->header))
        return tp_fail(file->context, TP_ERR_FORMAT, "%s: header is not a JSON object", file->path);
    return TP_OK;
}

static tp_status read_header(struct tp_safetensors *archive, size_t limit) {
    const struct tp_file *file = &archive->file;
    size_t length = 0;
    tp_status status = read_header_length(file, limit, &length);
    if (status)
        return status;
    archive->data = sizeof(uint64_t) + length;
    char *text = tp_allocate(file->context, length);
    if (!text)
        return tp_fail_allocation(file->context, file->path, length);
    status = read_exactly(file, sizeof(uint64_t), text, length);
    if (!status)
        status = parse_header(archive, text, length);
    tp_release(file->context, text);
    return status;
}

static tp_status check_metadata(struct tp_safetensors *archive) {
    const struct tp_file *file = &archive->file;
    const char *key;
    json_t *value;
    archive->metadata = json_object_get(archive->header, "__metadata__");
    if (archive->metadata && !json_is_object(archive->metadata))
        return tp_fail(file->context, TP_ERR_FORMAT, "%s: __metadata__ is not a JSON object", file->path);
    json_object_foreach(archive->metadata, key, value) {
        if (!json_is_string(value))
            return tp_fail(file->context, TP_ERR_FORMAT, "%s: __metadata__: \"%s\" is not a string", file->path, key);
    }
    return TP_OK;
}

/* ---- tensors ---- */

static tp_status fail_tensor(const struct tp_file *file, const char *name, const char *problem) {
    return tp_fail(file->context, TP_ERR_FORMAT, "%s: tensor %s: %s", file->path, name, problem);
}

/* The overflow builtin also catches negative numbers. */
static bool to_size(const json_t *value, size_t *size) {
    return json_is_integer(value) && !__builtin_add_overflow(json_integer_value(value), 0, size);
}

static tp_status parse_shape(const struct tp_file *file, const json_t *shape, struct tp_tensor *tensor) {
    tensor->rank = json_array_size(shape); /* 0 also for what is not an array */
    if (tensor->rank < 1 || tensor->rank > TP_TENSOR_MAX_RANK)
        return fail_tensor(file, tensor->name, "shape is not an array of 1 or 2 dimensions");
    tensor->dims[1] = 1;
    for (size_t i = 0; i < tensor->rank; i++)
        if (!to_size(json_array_get(shape, i), &tensor->dims[i]) || !tensor->dims[i])
            return fail_tensor(file, tensor->name, "shape has a dimension that is not a positive integer");
    return TP_OK;
}

static tp_status parse_offsets(const struct tp_file *file, const json_t *offsets, struct tp_tensor *tensor) {
    const size_t bytes = tp_size_mul(tp_size_mul(tensor->dims[0], tensor->dims[1]), tensor->element);
    if (bytes == TP_SIZE_OVERFLOW)
        return fail_tensor(file, tensor->name, "the product of its shape overflows");
    if (json_array_size(offsets) != 2 || !to_size(json_array_get(offsets, 0), &tensor->begin) ||
        !to_size(json_array_get(offsets, 1), &tensor->end))
        return fail_tensor(file, tensor->name, "data_offsets is not an array of 2 offsets");
    if (tensor->end < tensor->begin || tensor->end - tensor->begin != bytes)
        return tp_fail(file->context, TP_ERR_FORMAT,
                       "%s: tensor %s: data_offsets are %zu and %zu; its shape needs %zu bytes", file->path,
                       tensor->name, tensor->begin, tensor->end, bytes);
    return TP_OK;
}

/* Types of elements that somebody can read, and how messages call them all. */
struct types {
    unsigned set;
    const char *names;
};

static const struct types model_types = {1U << TP_TENSOR_F32 | 1U << TP_TENSOR_F64 | 1U << TP_TENSOR_U8,
                                         "F32, F64 and U8"};
static const struct types float_types = {
    1U << TP_TENSOR_F32 | 1U << TP_TENSOR_F64 | 1U << TP_TENSOR_F16 | 1U << TP_TENSOR_BF16, "F32, F64, F16 and BF16"};

static tp_status parse_type(const struct tp_file *file, const char *type, const struct types *types,
                            struct tp_tensor *tensor) {
    static const struct {
        const char *name;
        size_t size;
    } known[] = {[TP_TENSOR_F32] = {"F32", 4},
                 [TP_TENSOR_F64] = {"F64", 8},
                 [TP_TENSOR_U8] = {"U8", 1},
                 [TP_TENSOR_F16] = {"F16", 2},
                 [TP_TENSOR_BF16] = {"BF16", 2}};
    for (tensor->type = 0; tensor->type < TP_TENSOR_TYPES; tensor->type++) {
        tensor->element = known[tensor->type].size;
        if (types->set >> tensor->type & 1 && !strcmp(type, known[tensor->type].name))
            return TP_OK;
    }
    return tp_fail(file->context, TP_ERR_FORMAT, "%s: tensor %s: dtype is %s; only %s are supported", file->path,
                   tensor->name, type, types->names);
}

static tp_status parse_tensor(const struct tp_file *file, const json_t *entry, const struct types *types,
                              struct tp_tensor *tensor) {
    const char *type = json_string_value(json_object_get(entry, "dtype"));
    if (!type)
        return fail_tensor(file, tensor->name, "has no dtype");
    tp_status status = parse_type(file, type, types, tensor);
    if (!status)
        status = parse_shape(file, json_object_get(entry, "shape"), tensor);
    return status ? status : parse_offsets(file, json_object_get(entry, "data_offsets"), tensor);
}

static tp_status parse_tensors(struct tp_safetensors *archive) {
    const struct tp_file *file = &archive->file;
    const size_t count = json_object_size(archive->header) - (archive->metadata != NULL);
    const char *name;
    json_t *entry;
    if (count < 2 || count > TP_MAX_TENSORS)
        return tp_fail(file->context, TP_ERR_FORMAT, "%s: holds %zu tensors; a model has 2 to %d", file->path, count,
                       TP_MAX_TENSORS);
    json_object_foreach(archive->header, name, entry) {
        if (entry == archive->metadata)
            continue;
        struct tp_tensor *tensor = &archive->tensor[archive->count++];
        tensor->name = name;
        const tp_status status = parse_tensor(file, entry, &model_types, tensor);
        if (status)
            return status;
    }
    return TP_OK;
}

static int by_begin(const void *a, const void *b) {
    const size_t x = ((const struct tp_tensor *)a)->begin, y = ((const struct tp_tensor *)b)->begin;
    return (x > y) - (x < y);
}

static tp_status check_layout(struct tp_safetensors *archive) {
    const struct tp_file *file = &archive->file;
    size_t end = 0;
    qsort(archive->tensor, archive->count, sizeof *archive->tensor, by_begin);
    for (size_t i = 0; i < archive->count; i++) {
        if (archive->tensor[i].begin != end)
            return tp_fail(file->context, TP_ERR_FORMAT,
                           "%s: tensor %s: data begins at %zu, but that of the tensor before it ends at %zu",
                           file->path, archive->tensor[i].name, archive->tensor[i].begin, end);
        end = archive->tensor[i].end;
    }
    if (end != file->size - archive->data)
        return tp_fail(file->context, TP_ERR_FORMAT, "%s: its tensors have %zu bytes, but %zu follow the header",
                       file->path, end, file->size - archive->data);
    return TP_OK;
}

/* ---- archive ---- */

tp_status tp_safetensors_open(const struct tp_file *file, size_t limit, struct tp_safetensors *archive) {
    memset(archive, 0, sizeof *archive);
    archive->file = *file;
    tp_status status = read_header(archive, limit);
    if (!status)
        status = check_metadata(archive);
    if (status)
        tp_safetensors_close(archive);
    return status;
}

tp_status tp_safetensors_list(struct tp_safetensors *archive) {
    const tp_status status = parse_tensors(archive);
    return status ? status : check_layout(archive);
}

tp_status tp_safetensors_find(const struct tp_safetensors *archive, const char *name, struct tp_tensor *tensor) {
    const struct tp_file *file = &archive->file;
    const json_t *entry = json_object_get(archive->header, name);
    tensor->name = name;
    const tp_status status = parse_tensor(file, entry, &float_types, tensor);
    if (status || tensor->end <= file->size - archive->data)
        return status;
    return tp_fail(file->context, TP_ERR_FORMAT,
                   "%s: truncated: tensor %s ends at %zu, but %zu bytes follow the header", file->path, name,
                   tensor->end, file->size - archive->data);
}

void tp_safetensors_close(const struct tp_safetensors *archive) {
    json_decref(archive->header);
    tp_file_close(&archive->file);
}

tp_status tp_safetensors_read(const struct tp_safetensors *archive, const struct tp_tensor *tensor, void *elements,
                              SHA2_CTX *digest) {
    unsigned char *next = elements;
    assert(tensor->begin <= tensor->end && tensor->end <= archive->file.size - archive->data);
    for (size_t at = tensor->begin; at < tensor->end; at += PIECE) {
        const size_t size = tp_min(PIECE, tensor->end - at);
        const tp_status status = read_exactly(&archive->file, archive->data + at, next, size);
        if (status)
            return status;
        if (digest)
            SHA256Update(digest, next, size);
        tp_safetensors_swap(next, size / tensor->element, tensor->element);
        next += size;
    }
    return TP_OK;
}

/* The text of the header is padded with blanks so that the data is aligned to 8 bytes. jansson tells that memory ran
 * out by writing nothing. */
size_t tp_safetensors_begin_size(const json_t *header) {
    const size_t length = json_dumpb(header, NULL, 0, JSON_COMPACT);
    return length ? sizeof(uint64_t) + (length + 7) / 8 * 8 : 0;
}

void *tp_safetensors_begin(const struct tp_context *context, const json_t *header, size_t size) {
    const uint64_t word = htole64(size - sizeof word);
    char *bytes = tp_allocate(context, size);
    if (!bytes)
        return NULL;
    memcpy(bytes, &word, sizeof word);
    memset(bytes + sizeof word, ' ', size - sizeof word);
    if (json_dumpb(header, bytes + sizeof word, size - sizeof word, JSON_COMPACT))
        return bytes;
    tp_release(context, bytes);
    return NULL;
}
