/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_KERNELS_TRANSPOSE_H
#define TP_KERNELS_TRANSPOSE_H

#include "kernels/map.h"

/* One block of rows x columns <= VL x VL, times alpha if it is not NULL; padded, whole vectors are stored, with zeros.
 */
ALWAYS_INLINE void transpose_block(float *out, size_t ldo, const float *in, size_t ldi, size_t rows, size_t columns,
                                   const vf *alpha, bool padded) {
    vf block[VL];
    UNROLL
    for (size_t i = 0; i < VL; i++)
        block[i] = i < rows ? load_some(in + i * ldi, columns) : v_set(0);
    v_transpose(block);
    UNROLL
    for (size_t j = 0; j < VL; j++)
        if (j < columns)
            store_some(out + j * ldo, alpha ? v_mul(*alpha, block[j]) : block[j], padded ? VL : rows);
}

/* out[j,i] = alpha in[i,j] for rows x columns of in; out is columns x rows. */
ALWAYS_INLINE void transpose_scaled(float *out, size_t ldo, const float *in, size_t ldi, size_t rows, size_t columns,
                                    float alpha, bool padded) {
    const vf value = v_set(alpha), *const factor = alpha == 1 ? NULL : &value;
    for (size_t i = 0; i < rows; i += VL)
        for (size_t j = 0; j < columns; j += VL) {
            const size_t r = rows - i < VL ? rows - i : VL, c = columns - j < VL ? columns - j : VL;
            if (r == VL && c == VL)
                transpose_block(out + j * ldo + i, ldo, in + i * ldi + j, ldi, VL, VL, factor, padded);
            else
                transpose_block(out + j * ldo + i, ldo, in + i * ldi + j, ldi, r, c, factor, padded);
        }
}

static void transpose(float *out, size_t ldo, const float *in, size_t ldi, size_t rows, size_t columns) {
    transpose_scaled(out, ldo, in, ldi, rows, columns, 1, false);
}

#endif
