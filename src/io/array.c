/* SPDX-License-Identifier: BSD-3-Clause */
#include "io/array.h"

#include "core/memory.h"
#include "core/size.h"

#include <byteswap.h>
#include <math.h>
#include <string.h>

#define BLOCK 8192 /* bytes that are converted at a time */

/* ---- elements ---- */

#define bswap_8(x) (x)

#define DEFINE_CONVERSION(name, from, bits, to)                                                                        \
    static void name(const void *source, size_t count, bool swap, void *target) {                                      \
        const unsigned char *bytes = source;                                                                           \
        to *numbers = target;                                                                                          \
        for (size_t i = 0; i < count; i++) {                                                                           \
            uint##bits##_t word;                                                                                       \
            from element;                                                                                              \
            memcpy(&word, bytes + i * sizeof word, sizeof word);                                                       \
            word = swap ? bswap_##bits(word) : word;                                                                   \
            memcpy(&element, &word, sizeof element);                                                                   \
            numbers[i] = (to)element;                                                                                  \
        }                                                                                                              \
    }

DEFINE_CONVERSION(from_i8, int8_t, 8, float)
DEFINE_CONVERSION(from_i16, int16_t, 16, float)
DEFINE_CONVERSION(from_u16, uint16_t, 16, float)
DEFINE_CONVERSION(from_i32, int32_t, 32, double)
DEFINE_CONVERSION(from_u32, uint32_t, 32, double)
DEFINE_CONVERSION(from_i64, int64_t, 64, double)
DEFINE_CONVERSION(from_u64, uint64_t, 64, double)
DEFINE_CONVERSION(from_f32, float, 32, float)
DEFINE_CONVERSION(from_f64, double, 64, double)

static float half_to_float(uint16_t half) {
    const int exponent = half >> 10 & 31;
    const float fraction = (float)(half & 1023), sign = half >> 15 ? -1.0F : 1.0F;
    if (exponent == 31)
        return fraction > 0 ? NAN : sign * INFINITY;
    return sign * (exponent ? ldexpf(1024 + fraction, exponent - 25) : ldexpf(fraction, -24));
}

static void from_f16(const void *source, size_t count, bool swap, void *target) {
    float *numbers = target;
    for (size_t i = 0; i < count; i++) {
        uint16_t half;
        memcpy(&half, (const unsigned char *)source + i * sizeof half, sizeof half);
        numbers[i] = half_to_float(swap ? bswap_16(half) : half);
    }
}

static const struct tp_element elements[] = {
    {'b', 1, TP_NUMBER_U8, NULL},      {'u', 1, TP_NUMBER_U8, NULL},      {'i', 1, TP_NUMBER_F32, from_i8},
    {'i', 2, TP_NUMBER_F32, from_i16}, {'u', 2, TP_NUMBER_F32, from_u16}, {'i', 4, TP_NUMBER_F64, from_i32},
    {'u', 4, TP_NUMBER_F64, from_u32}, {'i', 8, TP_NUMBER_F64, from_i64}, {'u', 8, TP_NUMBER_F64, from_u64},
    {'f', 2, TP_NUMBER_F32, from_f16}, {'f', 4, TP_NUMBER_F32, NULL},     {'f', 8, TP_NUMBER_F64, NULL},
};

const struct tp_element *tp_element_of(char kind, size_t size) {
    for (size_t i = 0; i < sizeof elements / sizeof *elements; i++)
        if (elements[i].kind == kind && elements[i].size == size)
            return &elements[i];
    return NULL;
}

/* NULL: the elements are the numbers. */
static tp_element_conversion *conversion_of(const struct tp_array *array) {
    if (array->element->convert || !array->swap || array->element->size == 1)
        return array->element->convert;
    return array->element->size == sizeof(float) ? from_f32 : from_f64;
}

/* ---- sources ---- */

tp_status tp_source_read(struct tp_source *source, void *buffer, size_t size, const char *what) {
    size_t got;
    const tp_status status = source->read(source->user, buffer, size, &got);
    if (!status && got < size)
        return tp_fail(source->context, TP_ERR_FORMAT, "%s: truncated: fewer than the %zu bytes of %s", source->label,
                       size, what);
    source->taken += got;
    return status;
}

tp_status tp_source_end(struct tp_source *source) {
    unsigned char extra;
    size_t got;
    const tp_status status = source->read(source->user, &extra, 1, &got);
    if (!status && got)
        return tp_fail(source->context, TP_ERR_FORMAT, "%s: trailing bytes after byte %zu, the end of its data",
                       source->label, source->taken);
    return status;
}

/* ---- numbers ---- */

tp_status tp_array_measure(const struct tp_source *source, struct tp_array *array, size_t size) {
    array->elements = 1;
    for (size_t i = 0; i < array->rank; i++) {
        array->elements = tp_size_mul(array->elements, array->dims[i]);
        if (!array->dims[i])
            return tp_fail(source->context, TP_ERR_FORMAT, "%s: dimension %zu is 0; it must be at least 1",
                           source->label, i);
    }
    const size_t bytes = tp_size_mul(array->elements, size);
    if (bytes == TP_SIZE_OVERFLOW)
        return tp_fail(source->context, TP_ERR_FORMAT, "%s: the product of its dimensions does not fit in size_t",
                       source->label);
    if (bytes > source->limit - tp_min(source->limit, source->taken))
        return tp_fail(source->context, TP_ERR_FORMAT,
                       "%s: truncated: fewer than the %zu bytes of data that its header promises", source->label,
                       bytes);
    return TP_OK;
}

/* Only a file that ends where it should is mapped, so that what is read and what is mapped are refused alike. */
static tp_status map_numbers(struct tp_source *source, struct tp_table *table, struct tp_array *array) {
    const size_t offset = source->begin + source->taken, bytes = array->elements * array->element->size;
    if (!source->file || conversion_of(array) || offset % array->element->size ||
        bytes != source->limit - source->taken)
        return TP_OK;
    return tp_store_map(table, source->file, offset, bytes, &array->numbers);
}

static tp_status read_converted(struct tp_source *source, const struct tp_array *array, unsigned char *numbers) {
    unsigned char block[BLOCK];
    const size_t size = array->element->size, most = sizeof block / size;
    for (size_t done = 0; done < array->elements;) {
        const size_t count = tp_min(most, array->elements - done);
        const tp_status status = tp_source_read(source, block, count * size, "data that its header promises");
        if (status)
            return status;
        conversion_of(array)(block, count, array->swap, numbers + done * tp_number_size(array->element->number));
        done += count;
    }
    return TP_OK;
}

static tp_status read_numbers(struct tp_source *source, const struct tp_array *array, void *numbers) {
    const tp_status status =
        conversion_of(array)
            ? read_converted(source, array, numbers)
            : tp_source_read(source, numbers, array->elements * array->element->size, "data that its header promises");
    return status ? status : tp_source_end(source);
}

tp_status tp_array_read(struct tp_source *source, const struct tp_read_options *options, struct tp_table *table,
                        struct tp_array *array) {
    tp_status status = tp_array_measure(source, array, array->element->size);
    if (!status)
        status = map_numbers(source, table, array);
    if (status || array->numbers)
        return status;
    void *numbers = NULL;
    status = tp_store_allocate(table, options, tp_size_mul(array->elements, tp_number_size(array->element->number)),
                               &numbers);
    array->numbers = numbers;
    return status ? status : read_numbers(source, array, numbers);
}

/* ---- columns ---- */

struct tp_field *tp_table_append(struct tp_table *table, size_t count) {
    const size_t size = tp_size_mul(tp_size_add(table->count, count), sizeof *table->fields);
    struct tp_field *fields = tp_table_allocate(table, size);
    if (!fields) {
        tp_fail_allocation(table->context, table->path, size);
        return NULL;
    }
    if (table->count)
        memcpy(fields, table->fields, table->count * sizeof *fields);
    memset(fields + table->count, 0, count * sizeof *fields);
    table->fields = fields;
    table->count += count;
    return fields + table->count - count;
}

tp_status tp_array_check_rows(const struct tp_source *source, const struct tp_table *table, size_t rows) {
    if (table->count && table->rows != rows)
        return tp_fail(source->context, TP_ERR_FORMAT, "%s: it has %zu rows; the array before it has %zu",
                       source->label, rows, table->rows);
    return TP_OK;
}

/* Where the element of a row is that stands at this place if the last dimension varies fastest. */
static size_t place_in_fortran_row(const struct tp_array *array, size_t place) {
    size_t offset = 0, stride = array->elements;
    for (size_t i = array->rank; i-- > 1; place /= array->dims[i]) {
        stride /= array->dims[i];
        offset += place % array->dims[i] * stride;
    }
    return offset;
}

tp_status tp_array_append(const struct tp_source *source, const struct tp_array *array, struct tp_table *table) {
    const size_t rows = array->dims[0], columns = array->elements / rows;
    const size_t size = tp_number_size(array->element->number);
    const tp_status status = tp_array_check_rows(source, table, rows);
    struct tp_field *fields = status ? NULL : tp_table_append(table, columns);
    if (!fields)
        return status ? status : TP_ERR_MEMORY;
    for (size_t i = 0; i < columns; i++) {
        const size_t place = array->fortran ? place_in_fortran_row(array, i) : i;
        fields[i].numbers = (const unsigned char *)array->numbers + place * size;
        fields[i].type = array->element->number;
        fields[i].stride = array->fortran ? 1 : columns;
    }
    table->rows = rows;
    return TP_OK;
}
