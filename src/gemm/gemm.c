/* SPDX-License-Identifier: BSD-3-Clause */
/* The entry: a product takes its route, each thread its part. */
#include "gemm/gemm.h"

#include "gemm/routes.h"
#include "gemm/share.h"
#include "gemm/transposed.h"

void tp_gemm_run(const struct tp_gemm *g, struct tp_team team, float *scratch) {
    assert(g->m && g->n && g->c && scratch && (g->ldc >= g->n || g->m == 1));
    assert(!g->k || g->alpha == 0 || (g->a.p && g->b.p));
    assert(g->a.row_step == 1 || g->a.column_step == 1);
    assert(g->b.packed || g->b.row_step == 1 || g->b.column_step == 1);
    assert(g->start != TP_START_BIAS || g->bias);
    assert(!g->epilogue.derive || g->epilogue.x);
    assert(!g->epilogue.consume || g->start == TP_START_ZERO);
    const struct tp_route *route = tp_route_of(g);
    struct tp_gemm transposed;
    struct tp_job job; /* member by member: compilers clear a whole one by a loop that takes as long as a tile */
    job.g = g;
    job.transposed = route->transposed;
    job.scratch = scratch;
    if (route->transposed) {
        transposed = tp_gemm_transpose(g);
        job.g = &transposed;
    }
    tp_gemm_share(job.g, route->transposed ? TP_PIECE_ROWS : 1, team, &job.rows, &job.columns);
    if (job.rows.begin < job.rows.end && job.columns.begin < job.columns.end)
        route->run(&job);
}
