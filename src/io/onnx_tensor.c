/* SPDX-License-Identifier: BSD-3-Clause */
/* Numbers of ONNX tensors: as raw bytes, little-endian, or as numbers of protobuf. */
#include "core/memory.h"
#include "core/size.h"
#include "io/array.h"
#include "io/onnx.h"
#include "io/safetensors.h"

#include <math.h>
#include <string.h>

#define FLOAT TP_ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT
#define DOUBLE TP_ONNX__TENSOR_PROTO__DATA_TYPE__DOUBLE
#define FLOAT16 TP_ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT16
#define BFLOAT16 TP_ONNX__TENSOR_PROTO__DATA_TYPE__BFLOAT16

static tp_status fail(const struct tp_file *file, const char *name, const char *problem) {
    return tp_fail(file->context, TP_ERR_FORMAT, "%s: tensor '%s' %s", file->path, name, problem);
}

/* Bytes of an element; 0: a type that is not read. */
static size_t size_of(int type) {
    return type == FLOAT ? 4 : type == DOUBLE ? 8 : type == FLOAT16 || type == BFLOAT16 ? 2 : 0;
}

/* How many numbers protobuf has, of the field that is for the type. */
static size_t listed(const TpOnnx__TensorProto *tensor) {
    return tensor->data_type == FLOAT    ? tensor->n_float_data
           : tensor->data_type == DOUBLE ? tensor->n_double_data
                                         : tensor->n_int32_data;
}

static tp_status check_count(const struct tp_file *file, const struct tp_onnx_array *array) {
    const TpOnnx__TensorProto *tensor = array->tensor;
    const size_t size = size_of(tensor->data_type);
    if (!size)
        return tp_fail(file->context, TP_ERR_FORMAT,
                       "%s: tensor '%s': data type is %d; 1 (float), 10 (float16), 11 (double) and 16 (bfloat16) fit",
                       file->path, array->name, tensor->data_type);
    const size_t found = tensor->has_raw_data ? tensor->raw_data.len : listed(tensor);
    const size_t needed = tensor->has_raw_data ? tp_size_mul(array->count, size) : array->count;
    if (found == needed)
        return TP_OK;
    return tp_fail(file->context, TP_ERR_FORMAT, "%s: tensor '%s' has %zu %s; its shape needs %zu", file->path,
                   array->name, found, tensor->has_raw_data ? "bytes" : "numbers", needed);
}

tp_status tp_onnx_take(const struct tp_file *file, const TpOnnx__TensorProto *tensor, const char *name,
                       struct tp_onnx_array *array) {
    *array = (struct tp_onnx_array){.name = name, .tensor = tensor, .rank = tensor->n_dims, .dims = {1, 1}, .count = 1};
    if (tensor->n_dims > 2)
        return tp_fail(file->context, TP_ERR_FORMAT, "%s: tensor '%s' has %zu dimensions; at most 2 fit", file->path,
                       name, tensor->n_dims);
    if (tensor->data_location == TP_ONNX__TENSOR_PROTO__DATA_LOCATION__EXTERNAL || tensor->n_external_data)
        return fail(file, name, "has its numbers in another file; they must be in this one");
    if (tensor->segment)
        return fail(file, name, "is a segment of one; it must be whole");
    for (size_t i = 0; i < tensor->n_dims; i++) {
        if (tensor->dims[i] < 1)
            return fail(file, name, "has a dimension that is not positive");
        array->dims[i] = (size_t)tensor->dims[i];
        array->count = tp_size_mul(array->count, array->dims[i]);
    }
    return check_count(file, array);
}

static float from_bfloat16(uint16_t bits) {
    float number;
    memcpy(&number, &(uint32_t){(uint32_t)bits << 16}, sizeof number);
    return number;
}

static float from_float16(uint16_t bits) {
    float number;
    tp_element_of('f', sizeof bits)->convert(&bits, 1, false, &number);
    return number;
}

static double from_bits(int type, uint64_t bits) {
    double wide;
    float number;
    memcpy(&wide, &bits, sizeof wide);
    memcpy(&number, &(uint32_t){(uint32_t)bits}, sizeof number);
    return type == DOUBLE     ? wide
           : type == FLOAT    ? (double)number
           : type == BFLOAT16 ? (double)from_bfloat16((uint16_t)bits)
                              : (double)from_float16((uint16_t)bits);
}

double tp_onnx_element(const struct tp_onnx_array *array, size_t i) {
    const TpOnnx__TensorProto *tensor = array->tensor;
    const int type = tensor->data_type;
    const size_t size = size_of(type);
    uint64_t bits = 0;
    for (size_t b = 0; tensor->has_raw_data && b < size; b++)
        bits |= (uint64_t)tensor->raw_data.data[i * size + b] << 8 * b;
    if (tensor->has_raw_data)
        return from_bits(type, bits);
    if (type == FLOAT)
        return (double)tensor->float_data[i];
    return type == DOUBLE ? tensor->double_data[i] : from_bits(type, (uint16_t)tensor->int32_data[i]);
}

/* As models have it: no bit changes, not even of NaN. */
static float plain_element(const struct tp_onnx_array *array, size_t i) {
    float number;
    memcpy(&number, array->tensor->raw_data.data + i * sizeof number, sizeof number);
    tp_safetensors_swap(&number, 1, sizeof number);
    return number;
}

tp_status tp_onnx_fill(const struct tp_file *file, const struct tp_onnx_array *array, float factor, float *floats) {
    const bool plain = array->tensor->data_type == FLOAT && array->tensor->has_raw_data && factor == 1;
    for (size_t row = 0, i = 0; row < array->dims[0]; row++)
        for (size_t column = 0; column < array->dims[1]; column++, i++) {
            const size_t from = array->transposed ? column * array->dims[0] + row : i;
            const double value = plain ? 0 : (double)factor * tp_onnx_element(array, from);
            floats[i] = plain ? plain_element(array, from) : (float)value;
            if (!plain && isinf(floats[i]) && isfinite(value))
                return fail(file, array->name, "has a number that is beyond the largest float");
        }
    return TP_OK;
}
