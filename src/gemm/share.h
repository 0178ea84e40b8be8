/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_GEMM_SHARE_H
#define TP_GEMM_SHARE_H

#include "gemm/gemm.h"

/* What one thread of the team computes; perhaps nothing. Rows are shared in multiples of row_grain, which is more than
 * 1 for C^T of a product that is transposed. */
void tp_gemm_share(const struct tp_gemm *gemm, size_t row_grain, struct tp_team team, struct tp_range *rows,
                   struct tp_range *columns);

/* n columns of a product, from column j on, as a product of its own with these columns of B. It may be given a
 * consumer, which counts from the first of them; so far there is none. */
struct tp_gemm tp_gemm_columns(const struct tp_gemm *gemm, size_t j, size_t n, struct tp_operand b);

/* To read an element from memory takes as long as so many floating-point operations of a product. */
#define TP_READ_FLOPS 10.0

/* What threads can share of the reading of a k x n B: nothing if n is too small to be shared or B to be worth it. */
double tp_read_flops(const struct tp_blocking *blocking, size_t k, size_t n);

/* How many of threads are worth waking for this many floating-point operations. */
int tp_useful_threads(const struct tp_blocking *blocking, int threads, double flops);

#endif
