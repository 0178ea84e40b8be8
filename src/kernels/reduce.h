/* SPDX-License-Identifier: BSD-3-Clause */
/* Sums over a batch or a whole gradient, and the conversion of raw samples. */
#ifndef TP_KERNELS_REDUCE_H
#define TP_KERNELS_REDUCE_H

#include "kernels/map.h"

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

ALWAYS_INLINE vf scale_value(vf raw, float mean, float scale) {
    return v_mul(v_sub(raw, v_set(mean)), v_set(scale));
}

/* x = (raw - mean) scale */
static void scale_bytes(float *x, const uint8_t *raw, size_t n, float mean, float scale) {
    size_t i = 0;
    for (; i + VL <= n; i += VL)
        v_store(x + i, scale_value(v_from_bytes(raw + i), mean, scale));
    if (i < n) {
        uint8_t rest[VL] = {0};
        memcpy(rest, raw + i, n - i);
        v_store_first(x + i, scale_value(v_from_bytes(rest), mean, scale), n - i);
    }
}

static void scale_floats(float *x, const float *raw, size_t n, float mean, float scale) {
    for (size_t i = 0; i < n; i += VL) {
        const size_t count = n - i < VL ? n - i : VL;
        store_some(x + i, v_flush(scale_value(v_flush(load_some(raw + i, count)), mean, scale)), count);
    }
}

#endif
