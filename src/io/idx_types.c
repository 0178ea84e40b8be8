/* SPDX-License-Identifier: BSD-3-Clause */
#include "io/idx_types.h"

#include "core/memory.h"

#include <endian.h>
#include <float.h>
#include <math.h>
#include <string.h>

#define DEFINE_FROM_BIG_ENDIAN(bits)                                                                                   \
    static void from_big_endian_##bits(void *data, size_t count) {                                                     \
        for (unsigned char *p = data; count; count--, p += bits / 8) {                                                 \
            uint##bits##_t word;                                                                                       \
            memcpy(&word, p, sizeof word);                                                                             \
            word = be##bits##toh(word);                                                                                \
            memcpy(p, &word, sizeof word);                                                                             \
        }                                                                                                              \
    }

DEFINE_FROM_BIG_ENDIAN(16)
DEFINE_FROM_BIG_ENDIAN(32)
DEFINE_FROM_BIG_ENDIAN(64)

/* Between types where everything fits; integers of more than 24 bits are rounded to floats. */
#define DEFINE_CONVERSION(name, from, to)                                                                              \
    static size_t name(const void *source, void *target, size_t count) {                                               \
        const from *elements = source;                                                                                 \
        to *converted = target;                                                                                        \
        for (size_t i = 0; i < count; i++)                                                                             \
            converted[i] = (to)elements[i];                                                                            \
        return count;                                                                                                  \
    }

DEFINE_CONVERSION(u8_to_classes, uint8_t, int32_t)
DEFINE_CONVERSION(i8_to_classes, int8_t, int32_t)
DEFINE_CONVERSION(i16_to_classes, int16_t, int32_t)
DEFINE_CONVERSION(i32_to_classes, int32_t, int32_t)
DEFINE_CONVERSION(i8_to_floats, int8_t, float)
DEFINE_CONVERSION(i16_to_floats, int16_t, float)
DEFINE_CONVERSION(i32_to_floats, int32_t, float)

static size_t f64_to_floats(const void *source, void *target, size_t count) {
    const double *elements = source;
    float *converted = target;
    size_t i = 0;
    for (; i < count; i++) {
        converted[i] = (float)elements[i];
        if (isinf(converted[i]) && !isinf(elements[i]))
            break;
    }
    return i;
}

static const struct tp_idx_kind kinds[] = {
    {TP_IDX_TYPE_U8, "u8", 1, NULL, u8_to_classes, NULL},
    {TP_IDX_TYPE_I8, "i8", 1, NULL, i8_to_classes, i8_to_floats},
    {TP_IDX_TYPE_I16, "i16", 2, from_big_endian_16, i16_to_classes, i16_to_floats},
    {TP_IDX_TYPE_I32, "i32", 4, from_big_endian_32, i32_to_classes, i32_to_floats},
    {TP_IDX_TYPE_F32, "f32", 4, from_big_endian_32, NULL, NULL},
    {TP_IDX_TYPE_F64, "f64", 8, from_big_endian_64, NULL, f64_to_floats},
};

const struct tp_idx_kind *tp_idx_kind_of(unsigned type) {
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if ((unsigned)kinds[i].type == type)
            return &kinds[i];
    return NULL;
}

/* Only an f64 can be too large. */
static tp_status fail_range(const struct tp_context *context, const char *path, const double *elements, size_t i) {
    return tp_fail(context, TP_ERR_FORMAT,
                   "%s: element %zu is %.9g; as a sample, a 32-bit float, it must be %.9g..%.9g", path, i, elements[i],
                   -(double)FLT_MAX, (double)FLT_MAX);
}

tp_status tp_idx_convert(const struct tp_context *context, const char *path, const tp_idx *idx,
                         tp_idx_conversion *conversion, void **converted) {
    const size_t size = tp_size_mul(idx->elements, sizeof(float));
    void *target = tp_allocate(context, size);
    if (!target)
        return tp_fail_allocation(context, path, size);
    const size_t fit = conversion(idx->data, target, idx->elements);
    if (fit < idx->elements) {
        tp_release(context, target);
        return fail_range(context, path, idx->data, fit);
    }
    *converted = target;
    return TP_OK;
}

static tp_status check_samples(const struct tp_context *context, const char *path, const tp_idx *idx) {
    if (!path || !idx || !idx->data)
        return tp_fail(context, TP_ERR_ARGUMENT, "tp_idx_to_samples: %s is NULL",
                       !path  ? "path"
                       : !idx ? "idx"
                              : "data");
    if (!tp_idx_kind_of(idx->type))
        return tp_fail(context, TP_ERR_ARGUMENT, "tp_idx_to_samples: type is %d; it must be one of " TP_IDX_TYPES,
                       (int)idx->type);
    return TP_OK;
}

tp_status tp_idx_to_samples(tp_context *context, const char *path, tp_idx *idx) {
    if (!context)
        return TP_ERR_ARGUMENT;
    tp_status status = check_samples(context, path, idx);
    if (status)
        return status;
    tp_idx_conversion *to_floats = tp_idx_kind_of(idx->type)->to_floats;
    if (!to_floats)
        return TP_OK;
    void *floats = NULL;
    status = tp_idx_convert(context, path, idx, to_floats, &floats);
    if (status)
        return status;
    tp_release(context, idx->data);
    idx->data = floats;
    idx->type = TP_IDX_TYPE_F32;
    return TP_OK;
}
