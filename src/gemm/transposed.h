/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_GEMM_TRANSPOSED_H
#define TP_GEMM_TRANSPOSED_H

#include "gemm/gemm.h"

/* Whether C^T = B^T A^T takes less time, because C has few columns, or transposing A costs less than transposing B. */
bool tp_transposing_pays(const struct tp_gemm *gemm);

/* The product C^T = B^T A^T; c, and what concerns it, the bias and the epilogue, are still those of C. */
struct tp_gemm tp_gemm_transpose(const struct tp_gemm *gemm);

#endif
