/* SPDX-License-Identifier: BSD-3-Clause */
/* Products in bf16 (kernels/bf16.h): operands are rounded on their way into panels. */
#ifndef TP_GEMM_BF16_H
#define TP_GEMM_BF16_H

#include "core/context.h"
#include "gemm/gemm.h"

/* How this context multiplies bf16; chosen, and checked if need be, when it is first asked for. */
const struct tp_bf16 *tp_bf16_of_context(const struct tp_context *context);

/* Floats of scratch that each thread needs for sizes up to m, n, k. */
size_t tp_bf16_scratch(const struct tp_bf16 *path, size_t m, size_t n, size_t k);

#endif
