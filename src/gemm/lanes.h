/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Products of layers with few outputs. One chain along k for each element would wait for itself, or A would have to be
 * transposed. So these layers have another sum, on every instruction set and for every number of samples: each element
 * is the canonical sum over k (kernels/map.h), and then the bias is added.
 */
#ifndef TP_GEMM_LANES_H
#define TP_GEMM_LANES_H

#include "gemm/gemm.h"

/* Inputs that a layer must have for each output but the first: with fewer, chains are as fast. */
#define TP_LANES_STEPS 32

/* Whether a layer of n outputs and k inputs has these sums. It is a part of the arithmetic: another rule, other bits.
 */
static inline bool tp_sums_in_lanes(size_t n, size_t k) {
    return n <= TP_LANES_COLUMNS && k >= TP_LANES_STEPS * (n - 1);
}

/* Floats of scratch that each thread needs for such a layer; 0 for others. */
size_t tp_lanes_scratch(size_t n, size_t k);

#endif
