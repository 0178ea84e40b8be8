/* SPDX-License-Identifier: BSD-3-Clause */
/* How one thread's part of a product is computed. Only speed depends on it. */
#ifndef TP_GEMM_PLAN_H
#define TP_GEMM_PLAN_H

#include "gemm/gemm.h"

/* A row of a tile is no longer than a cache line. */
static inline bool tp_narrow_tiles(const struct tp_isa *isa) {
    return isa->nr <= TP_LINE;
}

/* A piece of C^T that is transposed at a time: whole vectors both ways, and a multiple of every NR columns. */
#define TP_SWAPPED_ROWS 16
#define TP_SWAPPED_COLUMNS 192

struct tp_gemm_plan {
    bool pack_a, pack_b; /* into panels; else read in place */
    size_t width;        /* columns of a panel of B */
    size_t mc, nc, kc;   /* blocks */
    bool c_cached;       /* C stays in the first-level cache */
    bool b_far;          /* B is not in the caches near: the first strip of narrow tiles asks for it, panel by panel */
    bool b_copied;       /* that strip also copies it to panels for the others */
    size_t ahead;        /* what is prefetched while a row of B is read: so many floats after it */
};

/* TP_SWAPPED: C^T = B^T A^T is less work, because C has few columns, or transposing A costs less than transposing B.
 * TP_IN_PLACE: small enough to need no plan. TP_OUTER, TP_DOTS, TP_AXPY: the thin products of kernels.h. */
enum tp_way { TP_PANELS, TP_SWAPPED, TP_IN_PLACE, TP_OUTER, TP_DOTS, TP_AXPY };

/* m, n and k are not 0. */
enum tp_way tp_gemm_way(const struct tp_gemm *gemm);

/* Of a product that is swapped already. */
enum tp_way tp_gemm_swapped_way(const struct tp_gemm *gemm);

/* The blocking, in whole tiles. Swapped, blocks are deeper: for each, C passes through a transposition. */
struct tp_blocking tp_gemm_limits(const struct tp_isa *isa, const struct tp_blocking *blocking, bool swapped);

/* For rows x columns of a product that is swapped already, or not. */
struct tp_gemm_plan tp_gemm_plan(const struct tp_gemm *gemm, size_t rows, size_t columns, bool swapped);

#endif
