/* SPDX-License-Identifier: BSD-3-Clause */
/* Packed matrices, and what the public products share with them and among each other. */
#ifndef TP_GEMM_PACKED_H
#define TP_GEMM_PACKED_H

#include "core/memory.h"
#include "gemm/gemm.h"

/* Panels of k rows and tp_panel_width(n) columns. */
struct tp_packed {
    const struct tp_context *context;
    const struct tp_isa *isa; /* whose NR it is */
    struct tp_block block;
    size_t k, n;
    float *panels;
};

/* Argument checks; name is the argument's. rows and columns are those of the matrix as stored; used: it will be read.
 */
tp_status tp_check_transpose(const struct tp_context *context, const char *name, tp_transpose transpose);
tp_status tp_check_matrix(const struct tp_context *context, const char *name, const float *p, size_t ld, size_t rows,
                          size_t columns, bool used);

struct tp_operand tp_operand_of(const float *p, size_t ld, tp_transpose transpose);

/* Bytes of a workspace for a product of these sizes; bf16 as in struct tp_gemm. */
size_t tp_product_workspace(const struct tp_context *context, const struct tp_bf16 *bf16, size_t m, size_t n, size_t k);

/* Runs gemm, whose isa and blocking are filled in here, on as many threads as so many flops are worth, with the
 * caller's workspace, called what in messages, or one of its own. */
tp_status tp_multiply(const struct tp_context *context, const char *what, const struct tp_gemm *gemm, double flops,
                      void *workspace, size_t size);

#endif
