/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_KERNELS_TRANSPOSE_H
#define TP_KERNELS_TRANSPOSE_H

#include "kernels/map.h"

#include <assert.h>
#include <string.h>

/* The distances in bytes of odd rows from the first, in registers: processors that scale what they add to an address
 * find all others by these. */
struct row_steps {
    size_t odd[(VL + 1) / 2];
};

ALWAYS_INLINE struct row_steps row_steps(size_t ldi) {
    struct row_steps steps;
    UNROLL
    for (size_t i = 0; i < (VL + 1) / 2; i++)
        steps.odd[i] = (2 * i + 1) * ldi * sizeof(float);
    return steps;
}

/* i is a constant. */
ALWAYS_INLINE const float *row_of(const float *first, const struct row_steps *steps, size_t i) {
    if (!i)
        return first;
    const int twos = __builtin_ctzll(i);
    return (const float *)(const void *)((const char *)first + (steps->odd[i >> twos >> 1] << twos));
}

/* x[j] = element j of VL rows. */
ALWAYS_INLINE void load_columns(vf x[GROUP], const float *first, struct row_steps *steps) {
    UNROLL
    for (size_t i = 0; i < (VL + 1) / 2; i++)
        KEEP_POINTER(steps->odd[i]); /* or multiples of these would take more registers */
    UNROLL
    for (size_t i = 0; i < GROUP; i++) {
        const float *groups[VL / GROUP];
        UNROLL
        for (size_t g = 0; g < VL / GROUP; g++)
            groups[g] = row_of(first, steps, i + g * GROUP);
        x[i] = v_load_groups(groups);
    }
    v_transpose_groups(x);
}

/* VL rows x GROUP columns, times alpha if it is not NULL; of these the first rows and columns are stored. */
ALWAYS_INLINE void transpose_group(float *out, size_t ldo, const float *in, struct row_steps *steps, const vf *alpha,
                                   size_t rows, size_t columns) {
    vf x[GROUP];
    load_columns(x, in, steps);
    UNROLL
    for (size_t j = 0; j < GROUP; j++)
        if (j < columns)
            store_some(out + j * ldo, alpha ? v_mul(*alpha, x[j]) : x[j], rows);
}

/* Fewer rows or columns; padded, whole vectors are stored, with zeros. */
ALWAYS_INLINE void transpose_part(float *out, size_t ldo, const float *in, size_t ldi, size_t rows, size_t columns,
                                  const vf *alpha, bool padded) {
    struct row_steps steps = row_steps(GROUP);
    float part[VL * GROUP] = {0}, turned[GROUP * VL];
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < columns; j++)
            part[i * GROUP + j] = in[i * ldi + j];
    transpose_group(turned, VL, part, &steps, alpha, VL, GROUP);
    for (size_t j = 0; j < columns; j++)
        store_some(out + j * ldo, v_load(turned + j * VL), padded ? VL : rows);
}

/* VL rows. The last group may do columns over again. */
ALWAYS_INLINE void transpose_rows(float *out, size_t ldo, const float *in, size_t ldi, size_t columns,
                                  const vf *alpha) {
    struct row_steps steps = row_steps(ldi);
    for (size_t j = 0; j + GROUP <= columns; j += GROUP)
        transpose_group(out + j * ldo, ldo, in + j, &steps, alpha, VL, GROUP);
    if (columns % GROUP) {
        const size_t j = columns - GROUP;
        transpose_group(out + j * ldo, ldo, in + j, &steps, alpha, VL, GROUP);
    }
}

/* Rows from first on, of which fewer than VL are left; rows >= GROUP, columns >= VL. The last rows and columns may be
 * done over again. */
ALWAYS_INLINE void transpose_few(float *out, size_t ldo, const float *in, size_t ldi, size_t first, size_t rows,
                                 size_t columns, const vf *alpha, bool padded) {
    for (size_t j = 0; padded && j < columns; j++)
        v_store(out + first + j * ldo, v_set(0));
    for (size_t r = first; r < rows; r += GROUP) {
        const size_t i = r + GROUP <= rows ? r : rows - GROUP;
        for (size_t s = 0; s < columns; s += VL) {
            const size_t j = s + VL <= columns ? s : columns - VL;
            vf x[GROUP];
            UNROLL
            for (size_t g = 0; g < GROUP; g++)
                x[g] = v_load(in + (i + g) * ldi + j);
            v_transpose_groups(x);
            UNROLL
            for (size_t g = 0; g < GROUP; g++)
                v_store_groups(out + i + (j + g) * ldo, GROUP * ldo, alpha ? v_mul(*alpha, x[g]) : x[g]);
        }
    }
}

/* rows < GROUP, or columns < VL. */
ALWAYS_INLINE void transpose_rest(float *out, size_t ldo, const float *in, size_t ldi, size_t rows, size_t columns,
                                  const vf *alpha, bool padded) {
    size_t j = 0;
    for (; j + GROUP <= columns; j += GROUP)
        transpose_part(out + j * ldo, ldo, in + j, ldi, rows, GROUP, alpha, padded);
    if (j < columns)
        transpose_part(out + j * ldo, ldo, in + j, ldi, rows, columns - j, alpha, padded);
}

/* As many whole vectors of rows as can be, which are short and follow each other: what is read of each is a group, and
 * so of the next as well. Returns how many rows were done. */
ALWAYS_INLINE size_t transpose_short(float *out, size_t ldo, const float *in, size_t rows, size_t columns,
                                     const vf *alpha) {
    struct row_steps steps = row_steps(columns);
    size_t i = 0;
    for (; (i + VL - 1) * columns + GROUP <= rows * columns; i += VL)
        transpose_group(out + i, ldo, in + i * columns, &steps, alpha, VL, columns);
    return i;
}

/* So many columns at a time, so that what is read and written stays in the first-level cache. */
#define TRANSPOSE_COLUMNS 64

/* out[j,i] = alpha in[i,j] for rows x columns of in; out is columns x rows. */
ALWAYS_INLINE void transpose_scaled(float *out, size_t ldo, const float *in, size_t ldi, size_t rows, size_t columns,
                                    float alpha, bool padded) {
    assert((ldo >= rows || columns <= 1) && (ldi >= columns || rows <= 1));
    const vf value = v_set(alpha), *const factor = alpha == 1 ? NULL : &value;
    for (size_t j = 0, n; j < columns; j += n, in += n, out += n * ldo) {
        n = columns - j < TRANSPOSE_COLUMNS + VL ? columns - j : TRANSPOSE_COLUMNS;
        size_t i = n < GROUP && ldi == n ? transpose_short(out, ldo, in, rows, n, factor) : 0;
        for (; n >= GROUP && i + VL <= rows; i += VL)
            transpose_rows(out + i, ldo, in + i * ldi, ldi, n, factor);
        if (rows >= GROUP && n >= VL && i < rows)
            transpose_few(out, ldo, in, ldi, i, rows, n, factor, padded);
        else
            for (; i < rows; i += VL)
                transpose_rest(out + i, ldo, in + i * ldi, ldi, rows - i < VL ? rows - i : VL, n, factor, padded);
    }
}

/* A row or a column without gaps is its transpose. */
static void transpose(float *out, size_t ldo, const float *in, size_t ldi, size_t rows, size_t columns) {
    if ((rows == 1 && ldo == 1) || (columns == 1 && ldi == 1))
        memcpy(out, in, rows * columns * sizeof *out);
    else
        transpose_scaled(out, ldo, in, ldi, rows, columns, 1, false);
}

#endif
