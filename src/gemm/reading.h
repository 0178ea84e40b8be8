/* SPDX-License-Identifier: BSD-3-Clause */
/* How a product with blocks reads its operands: one ordered table for B, the first row that fits is taken. */
#ifndef TP_GEMM_READING_H
#define TP_GEMM_READING_H

#include "gemm/blocking.h"

/* What one thread computes of a product, which may be transposed already. */
struct tp_part {
    const struct tp_gemm *g;
    bool transposed;
    size_t rows, columns;
    struct tp_blocking limits;
};

struct tp_part tp_part_of(const struct tp_gemm *gemm, bool transposed, size_t rows, size_t columns);

struct tp_reading {
    const char *name, *when;
    bool (*fits)(const struct tp_part *part);
    size_t (*steps)(const struct tp_part *part); /* rows of B in a block, at most */
    size_t (*ahead)(const struct tp_part *part); /* prefetch distance in floats */
    bool packs;                                  /* B into panels, before tiles read it */
    bool copies;                                 /* the first strip writes panels for the others */
    bool uncached;                               /* the first strip prefetches panel by panel */
    bool whole_rows;                             /* blocks have all columns */
};

#define TP_READINGS 9
extern const struct tp_reading tp_readings[TP_READINGS];

const struct tp_reading *tp_reading_of(const struct tp_part *part);

/* Whether A goes into panels, for so many columns and rows of B in a block. */
bool tp_packs_a(const struct tp_gemm *gemm, size_t columns, size_t kc);

/* Whether B would, were it not copied. */
bool tp_packs_b(const struct tp_gemm *gemm, size_t rows);

#endif
