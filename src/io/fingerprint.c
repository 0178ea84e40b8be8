/* SPDX-License-Identifier: BSD-3-Clause */
/* SHA-256 of data and of parameters, in a form that does not depend on where they are. */
#include "core/size.h"
#include "io/safetensors.h"
#include "net/gather.h"
#include "net/slices.h"

#include <string.h>

#define FORM "tileprop data 1" /* another text if what is hashed changes */
#define PIECE ((size_t)8192)   /* bytes on the stack */

_Static_assert(TP_FINGERPRINT_SIZE == SHA256_DIGEST_STRING_LENGTH, "digits of SHA-256 and a zero");

/* Number of a type of values in what is hashed. */
enum { NONE = 0, BYTES = 1, FLOATS = 2, DOUBLES = 3, CLASSES = 4 };

/* What each sample has of one kind, with strides as in tp_data; NONE: nothing, because count is 0. */
struct part {
    uint8_t type;
    size_t element; /* bytes */
    const void *values;
    size_t count, sample_stride, stride;
};

struct hash {
    SHA2_CTX digest;
    size_t used; /* of the buffer */
    unsigned char buffer[PIECE];
};

static void flush(struct hash *hash) {
    SHA256Update(&hash->digest, hash->buffer, hash->used);
    hash->used = 0;
}

/* element is a constant where this is called, so that no function is called for each value. */
static inline void copy_values(unsigned char *to, const unsigned char *from, size_t n, size_t step, size_t element) {
    for (size_t i = 0; i < n; i++)
        memcpy(to + i * element, from + i * step * element, element);
}

/* n values of which the first is at from, little endian. */
static void gather(unsigned char *to, const unsigned char *from, size_t n, const struct part *part) {
    if (part->stride == 1)
        memcpy(to, from, n * part->element);
    else if (part->element == sizeof(uint8_t))
        copy_values(to, from, n, part->stride, sizeof(uint8_t));
    else if (part->element == sizeof(float))
        copy_values(to, from, n, part->stride, sizeof(float));
    else
        copy_values(to, from, n, part->stride, sizeof(double));
    tp_safetensors_swap(to, n, part->element);
}

static void put(struct hash *hash, const struct part *part, size_t number) {
    if (!part->count)
        return;
    const unsigned char *first = (const unsigned char *)part->values + number * part->sample_stride * part->element;
    for (size_t i = 0, n; i < part->count; i += n) {
        if (PIECE - hash->used < part->element)
            flush(hash);
        n = tp_min(part->count - i, (PIECE - hash->used) / part->element);
        gather(hash->buffer + hash->used, first + i * part->stride * part->element, n, part);
        hash->used += n * part->element;
    }
}

static struct part inputs_of(const tp_data *data) {
    struct part part = {.count = data->features, .sample_stride = data->sample_stride, .stride = data->value_stride};
    if (data->bytes)
        part.type = BYTES, part.element = sizeof *data->bytes, part.values = data->bytes;
    else if (data->floats)
        part.type = FLOATS, part.element = sizeof *data->floats, part.values = data->floats;
    else
        part.type = DOUBLES, part.element = sizeof *data->doubles, part.values = data->doubles;
    return part;
}

static struct part targets_of(const tp_data *data) {
    const size_t count = data->outputs, sample_stride = data->target_sample_stride, stride = data->target_stride;
    if (data->classes)
        return (struct part){CLASSES, sizeof *data->classes, data->classes, 1, 1, 1};
    if (data->values)
        return (struct part){FLOATS, sizeof *data->values, data->values, count, sample_stride, stride};
    if (data->double_values)
        return (struct part){DOUBLES, sizeof *data->double_values, data->double_values, count, sample_stride, stride};
    return (struct part){.type = NONE};
}

static struct part weights_of(const tp_data *data) {
    if (!data->weights)
        return (struct part){.type = NONE};
    return (struct part){FLOATS, sizeof *data->weights, data->weights, 1, 1, 1};
}

enum { INPUTS, TARGETS, WEIGHTS, PARTS };

static void put_header(struct hash *hash, size_t samples, const struct part part[PARTS]) {
    const uint64_t sizes[] = {samples, part[INPUTS].count, part[TARGETS].count};
    const uint8_t types[] = {part[INPUTS].type, part[TARGETS].type, part[WEIGHTS].type};
    SHA256Update(&hash->digest, (const uint8_t *)FORM, sizeof FORM);
    put(hash, &(struct part){.element = sizeof *sizes, .values = sizes, .count = 3, .stride = 1}, 0);
    put(hash, &(struct part){.element = sizeof *types, .values = types, .count = 3, .stride = 1}, 0);
}

static void hash_data(const tp_data *data, char *fingerprint) {
    const struct part part[PARTS] = {inputs_of(data), targets_of(data), weights_of(data)};
    struct hash hash;
    hash.used = 0;
    SHA256Init(&hash.digest);
    put_header(&hash, data->samples, part);
    for (size_t i = 0; i < data->samples; i++)
        for (int p = 0; p < PARTS; p++)
            put(&hash, &part[p], data->rows ? data->rows[i] : i);
    flush(&hash);
    SHA256End(&hash.digest, fingerprint);
}

tp_status tp_data_fingerprint(const tp_context *context, const tp_data *given, char fingerprint[TP_FINGERPRINT_SIZE]) {
    if (!context)
        return TP_ERR_ARGUMENT;
    if (!fingerprint)
        return tp_fail(context, TP_ERR_ARGUMENT, "fingerprint is NULL");
    tp_data data;
    const tp_status status = tp_take_samples(context, "data", given, &data);
    if (!status)
        hash_data(&data, fingerprint);
    return status;
}

tp_status tp_model_fingerprint(const tp_model *model, char fingerprint[TP_FINGERPRINT_SIZE]) {
    if (!model)
        return TP_ERR_ARGUMENT;
    if (!fingerprint)
        return tp_fail(model->context, TP_ERR_ARGUMENT, "fingerprint is NULL");
    float piece[PIECE / sizeof(float)];
    const size_t count = tp_model_parameter_count(model), most = sizeof piece / sizeof *piece;
    SHA2_CTX digest;
    SHA256Init(&digest);
    for (size_t begin = 0, n; begin < count; begin += n) {
        n = tp_min(most, count - begin);
        tp_model_copy_parameters(model, begin, n, piece);
        tp_safetensors_swap(piece, n, sizeof *piece);
        SHA256Update(&digest, (const uint8_t *)piece, n * sizeof *piece);
    }
    SHA256End(&digest, fingerprint);
    return TP_OK;
}
