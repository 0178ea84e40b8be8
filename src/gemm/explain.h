/* SPDX-License-Identifier: BSD-3-Clause */
/* What one thread does for a product, for tests and benchmarks. */
#ifndef TP_GEMM_EXPLAIN_H
#define TP_GEMM_EXPLAIN_H

#include "gemm/plan.h"
#include "gemm/routes.h"

struct tp_explanation {
    const struct tp_route *route;
    size_t rows, columns; /* of the thread, of C^T if the route is transposed; 0: it has nothing to do */
    struct tp_plan plan;  /* if the route has blocks */
};

struct tp_explanation tp_gemm_explain(const struct tp_gemm *gemm, struct tp_team team);

#endif
