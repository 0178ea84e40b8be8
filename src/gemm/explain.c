/* SPDX-License-Identifier: BSD-3-Clause */
#include "gemm/explain.h"

#include "gemm/share.h"
#include "gemm/transposed.h"

struct tp_explanation tp_gemm_explain(const struct tp_gemm *g, struct tp_team team) {
    struct tp_explanation e = {.route = tp_route_of(g)};
    const struct tp_gemm product = e.route->transposed ? tp_gemm_transpose(g) : *g;
    struct tp_range rows, columns;
    tp_gemm_share(&product, e.route->transposed ? TP_PIECE_ROWS : 1, team, &rows, &columns);
    e.rows = rows.end - rows.begin;
    e.columns = columns.end - columns.begin;
    if (e.route->blocks && e.rows && e.columns) {
        const struct tp_part part = tp_part_of(&product, e.route->transposed, e.rows, e.columns);
        e.plan = tp_plan_of(&part);
    }
    return e;
}
