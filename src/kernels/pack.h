/* SPDX-License-Identifier: BSD-3-Clause */
/* Panel layouts of the matmul (kernels.h: struct tp_strip). */
#ifndef TP_KERNELS_PACK_H
#define TP_KERNELS_PACK_H

#include "kernels/gemm_strip.h"
#include "kernels/transpose.h"

#include <assert.h>

#define PACK_ROWS_AHEAD 4
/* Panels that are wider than a line are written fast enough row by row. */
#define ROWS_TOGETHER (NR > TP_LINE ? 1 : 4)

/* out = factor * in, count floats; padded, the last vector is filled up with zeros. */
ALWAYS_INLINE void copy_scaled(float *out, const float *in, size_t count, vf factor, bool padded) {
    size_t i = 0;
    for (; i + VL <= count; i += VL)
        v_store(out + i, v_mul(factor, v_load(in + i)));
    if (i < count)
        store_some(out + i, v_mul(factor, v_load_first(in + i, count - i)), padded ? VL : count - i);
}

/* Panels of width lanes that lie side by side in memory: a few steps at a time, so that the rows are read as they lie,
 * and what is written of a panel is some lines. The last panel may have fewer lanes. */
ALWAYS_INLINE void pack_rows(float *panels, size_t width, size_t panel, const float *in, size_t k_step, size_t lanes,
                             size_t k, float alpha, bool padded) {
    const vf factor = v_set(alpha);
    const size_t ahead = k > PACK_ROWS_AHEAD ? PACK_ROWS_AHEAD * k_step : 0;
    for (size_t done = 0, steps; done < k; done += steps, in += steps * k_step, panels += steps * width) {
        steps = k - done < ROWS_TOGETHER ? k - done : ROWS_TOGETHER;
        float *out = panels;
        for (size_t i = 0; i < lanes; i += width, out += panel) {
            const float *row = in + i;
            for (size_t s = 0; s < steps; s++, row += k_step) {
                if (lanes - i < width) {
                    copy_scaled(out + s * width, row, lanes - i, factor, padded);
                } else {
                    prefetch_row(row + ahead, width);
                    copy_scaled(out + s * width, row, width, factor, padded);
                }
            }
        }
    }
}

/* panels[p * panel + s * width + i] = alpha * in[(p * width + i) * lane_step + s * k_step]. */
ALWAYS_INLINE void pack_panels(float *panels, size_t width, size_t panel, const float *in, size_t lane_step,
                               size_t k_step, size_t lanes, size_t k, float alpha, bool padded) {
    assert(lane_step == 1 || k_step == 1);
    assert(panel >= width * k);
    if (lane_step == 1)
        pack_rows(panels, width, panel, in, k_step, lanes, k, alpha, padded);
    else
        for (size_t i = 0; i < lanes; i += width, panels += panel)
            transpose_scaled(panels, width, in + i * lane_step, lane_step, lanes - i < width ? lanes - i : width, k,
                             alpha, padded);
}

static void pack_a(float *panels, const float *a, size_t row_step, size_t column_step, size_t rows, size_t k,
                   size_t height, float alpha) {
    assert(height >= 1 && height <= MR);
    if (height == MR)
        pack_panels(panels, MR, MR * k, a, row_step, column_step, rows, k, alpha, false);
    else
        pack_panels(panels, height, height * k, a, row_step, column_step, rows, k, alpha, false);
}

static void pack_b(float *panels, const float *b, size_t row_step, size_t column_step, size_t k, size_t columns,
                   size_t width, size_t panel) {
    assert(width % VL == 0 && width >= VL && width <= NR);
    if (width == NR)
        pack_panels(panels, NR, panel, b, column_step, row_step, columns, k, 1, true);
    else
        pack_panels(panels, width, panel, b, column_step, row_step, columns, k, 1, true);
}

#endif
