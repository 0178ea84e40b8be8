/* SPDX-License-Identifier: BSD-3-Clause */
/* What a thread needs besides its operands. */
#ifndef TP_GEMM_SCRATCH_H
#define TP_GEMM_SCRATCH_H

#include "gemm/gemm.h"

/* A piece of C^T that is transposed at a time: whole vectors both ways, and a multiple of every NR columns. */
#define TP_PIECE_ROWS 16
#define TP_PIECE_COLUMNS 192

/* Room for a piece of the product; a strip of a wide one may need more. */
#define TP_PIECE_FLOATS ((size_t)TP_PIECE_ROWS * TP_PIECE_COLUMNS)

/* For dot products rows of A are packed in blocks of so many k steps. */
#define TP_DOTS_BLOCK 256
#define TP_DOTS_FLOATS ((size_t)TP_DOTS_ROWS * TP_DOTS_BLOCK)

/* In floats, one after the other: a piece of the product on its way to C, panels of A or its rows for dot products, and
 * panels of B or of what is copied of it. */
struct tp_scratch {
    size_t piece, a, b;
};

struct tp_scratch tp_scratch_of(const struct tp_gemm *gemm, bool transposed);

/* From a panel of B to the next in scratch: an odd number of lines, so that panels do not meet in a few cache sets. */
static inline size_t tp_panel_step(size_t width, size_t k) {
    return (tp_ceil_div(width * k, TP_LINE) | 1) * TP_LINE;
}

#endif
