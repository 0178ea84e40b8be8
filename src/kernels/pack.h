/* SPDX-License-Identifier: BSD-3-Clause */
/* Panel layouts of the matmul (kernels.h: struct tp_tile). */
#ifndef TP_KERNELS_PACK_H
#define TP_KERNELS_PACK_H

#include "kernels/gemm_tile.h"
#include "kernels/transpose.h"

#include <string.h>

/* One panel: out[s * width + i] = alpha * in[i * step + s * next], i < count <= width; the rest is left. */
ALWAYS_INLINE void pack_panel(float *out, size_t width, const float *in, size_t step, size_t next, size_t count,
                              size_t k, float alpha) {
    if (next == 1 && step != 1) {
        transpose(out, width, in, step, count, k, alpha);
        return;
    }
    for (size_t s = 0; s < k; s++, out += width, in += next) {
        size_t i = 0;
        for (; step == 1 && i + VL <= count; i += VL)
            v_store(out + i, v_mul(v_set(alpha), v_load(in + i)));
        for (; i < count; i++)
            out[i] = alpha * in[i * step];
    }
}

static void pack_a(float *panels, const float *a, size_t row_step, size_t column_step, size_t rows, size_t k,
                   float alpha) {
    for (size_t i = 0; i < rows; i += MR, panels += MR * k) {
        const float *in = a + i * row_step;
        if (rows - i >= MR)
            pack_panel(panels, MR, in, row_step, column_step, MR, k, alpha);
        else
            pack_panel(panels, MR, in, row_step, column_step, rows - i, k, alpha);
    }
}

static void pack_b(float *panels, const float *b, size_t row_step, size_t column_step, size_t k, size_t columns) {
    for (size_t j = 0; j < columns; j += NR, panels += NR * k) {
        const float *in = b + j * column_step;
        if (columns - j >= NR) {
            pack_panel(panels, NR, in, column_step, row_step, NR, k, 1);
        } else {
            memset(panels, 0, NR * k * sizeof *panels);
            pack_panel(panels, NR, in, column_step, row_step, columns - j, k, 1);
        }
    }
}

#endif
