/* SPDX-License-Identifier: BSD-3-Clause */
/* Sums over a batch or a whole gradient, and the conversion of raw samples. */
#ifndef TP_KERNELS_REDUCE_H
#define TP_KERNELS_REDUCE_H

#include "kernels/map.h"

#include <assert.h>
#include <string.h>

/* out[j..j+count) for count <= 4 VL columns: independent chains hide the latency of the addition. */
ALWAYS_INLINE void sum_columns(float *out, const float *d, size_t ldd, size_t rows, size_t vectors, size_t last,
                               bool add) {
    vf sum[4];
    UNROLL
    for (size_t v = 0; v < vectors; v++)
        sum[v] = add ? load_some(out + v * VL, v + 1 < vectors ? VL : last) : v_set(0);
    for (size_t i = 0; i < rows; i++, d += ldd) {
        UNROLL
        for (size_t v = 0; v < vectors; v++)
            sum[v] = v_add(sum[v], load_some(d + v * VL, v + 1 < vectors ? VL : last));
    }
    UNROLL
    for (size_t v = 0; v < vectors; v++)
        store_some(out + v * VL, sum[v], v + 1 < vectors ? VL : last);
}

/* out_j = 0, or out_j, + d_0j + d_1j + ..., one chain per column */
static void column_sums(float *out, const float *d, size_t ldd, size_t rows, size_t columns, bool add) {
    assert(ldd >= columns || rows <= 1);
    size_t j = 0;
    for (; j + 4 * VL <= columns; j += 4 * VL)
        sum_columns(out + j, d + j, ldd, rows, 4, VL, add);
    for (; j < columns; j += VL)
        sum_columns(out + j, d + j, ldd, rows, 1, columns - j < VL ? columns - j : VL, add);
}

/* sum_j x_j^2 in the canonical order, but in double, where no float's square overflows; products are exact. */
static double square_sum(const float *x, size_t n) {
    double lane[TP_SUM_LANES] = {0};
    size_t i = 0;
    for (; i + TP_SUM_LANES <= n; i += TP_SUM_LANES)
        for (size_t l = 0; l < TP_SUM_LANES; l++)
            lane[l] += (double)x[i + l] * (double)x[i + l];
    for (size_t l = 0; i + l < n; l++)
        lane[l] += (double)x[i + l] * (double)x[i + l];
    for (size_t half = TP_SUM_LANES / 2; half; half /= 2)
        for (size_t l = 0; l < half; l++)
            lane[l] += lane[l + half];
    return lane[0];
}

/* Plain C, which compilers turn into vectors where there is no branch: there are none of doubles in the vocabulary.
 * Denormals as in map.h, told by their exponents. */
ALWAYS_INLINE float scale_value(double raw, double mean, double factor) {
    double value = (raw - mean) * factor;
    int64_t bits;
    memcpy(&bits, &value, sizeof bits);
    const int64_t exponent = bits & INT64_C(0x7ff0000000000000), least = INT64_C(0x3810000000000000); /* of 2^-126 */
    bits &= -(int64_t)(exponent >= least);
    memcpy(&value, &bits, sizeof value);
    return (float)value;
}

enum raw_type { RAW_BYTE, RAW_FLOAT, RAW_DOUBLE };

ALWAYS_INLINE double raw_value(const void *raw, size_t j, enum raw_type type) {
    if (type == RAW_BYTE)
        return ((const uint8_t *)raw)[j];
    if (type == RAW_DOUBLE)
        return ((const double *)raw)[j];
    int32_t bits;
    float value;
    memcpy(&bits, (const float *)raw + j, sizeof bits);
    bits &= -(int32_t)((bits & 0x7f800000) != 0);
    memcpy(&value, &bits, sizeof value);
    return (double)value;
}

ALWAYS_INLINE void scale_row(float *restrict x, const void *restrict raw, enum raw_type type, size_t n,
                             const double *restrict mean, const double *restrict factor, bool each) {
    assert((const void *)x != raw); /* as they are restrict */
    const double m = *mean, f = *factor;
    if (!each)
        for (size_t j = 0; j < n; j++)
            x[j] = scale_value(raw_value(raw, j, type), m, f);
    else
        for (size_t j = 0; j < n; j++)
            x[j] = scale_value(raw_value(raw, j, type), mean[j], factor[j]);
}

static void scale_bytes(float *x, const uint8_t *raw, size_t n, const double *mean, const double *factor, bool each) {
    scale_row(x, raw, RAW_BYTE, n, mean, factor, each);
}

static void scale_floats(float *x, const float *raw, size_t n, const double *mean, const double *factor, bool each) {
    scale_row(x, raw, RAW_FLOAT, n, mean, factor, each);
}

static void scale_doubles(float *x, const double *raw, size_t n, const double *mean, const double *factor, bool each) {
    scale_row(x, raw, RAW_DOUBLE, n, mean, factor, each);
}

#endif
