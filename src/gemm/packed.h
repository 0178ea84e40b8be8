/* SPDX-License-Identifier: BSD-3-Clause */
/* Packed matrices and what they share with the products that use them. */
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

#endif
