/* SPDX-License-Identifier: BSD-3-Clause */
/* The numbers here were measured with bench_gemm on a Xeon with AVX-512. */
#include "gemm/plan.h"

#include "core/size.h"

/* From this many rows on, panels of B are used often enough to pay for packing. */
#define PACK_B_ROWS 256
/* k steps of a block where C is one strip: as many rows of B are walked side by side. */
#define STRIP_STEPS 32
/* Prefetch distances: floats along a row or panel of B, and rows of B. */
#define AHEAD 1024
#define ROWS_AHEAD 8
/* To transpose an element takes as long as so many multiply-adds of vectors. */
#define TRANSPOSE_COST 1.0

size_t tp_even_block(size_t count, size_t limit, size_t unit) {
    const size_t blocks = tp_ceil_div(count, limit);
    return tp_min(limit, tp_ceil_div(tp_ceil_div(count, blocks), unit) * unit);
}

/* Rows this far apart fall into few cache sets: read in place, they would evict each other. */
static bool conflicts(size_t step) {
    return step % 256 == 0;
}

/* Multiply-adds of vectors with lanes along n, and what it costs to bring A (m x k), B (k x n) and C that way. */
static double cost(const struct tp_gemm *g, size_t m, size_t n, const struct tp_operand *a, bool transpose_b,
                   bool transpose_c) {
    const double k = (double)g->k, products = (double)m * (double)tp_ceil_div(n, g->isa->lanes) * k;
    const bool transpose_a = a->column_step == 1 && conflicts(a->row_step);
    const double moved = (transpose_a ? (double)m * k : 0) + (transpose_b ? (double)n * k : 0) +
                         (transpose_c ? (double)m * (double)n : 0);
    return products + TRANSPOSE_COST * moved;
}

bool tp_gemm_swaps(const struct tp_gemm *g) {
    if (g->b.packed || g->alpha != 1)
        return false;
    const struct tp_operand b = tp_gemm_transposed(&g->b);
    return cost(g, g->n, g->m, &b, g->a.row_step != 1, true) < cost(g, g->m, g->n, &g->a, g->b.column_step != 1, false);
}

static bool packs_a(const struct tp_gemm *g, size_t columns, size_t kc) {
    if (g->alpha != 1)
        return true;
    if (columns <= g->isa->nr)
        return false;
    const bool rows_lie = g->a.column_step == 1;
    const size_t distance = rows_lie ? g->a.row_step : g->a.column_step;
    return conflicts(distance) || (!rows_lie && kc > 256);
}

struct tp_blocking tp_gemm_limits(const struct tp_isa *isa, const struct tp_blocking *blocking, bool swapped) {
    struct tp_blocking limits = *blocking;
    if (swapped)
        limits.kc *= 2;
    limits.nc = tp_ceil_div(tp_ceil_div(limits.nc, swapped ? 2 : 1), isa->nr) * isa->nr;
    return limits;
}

struct tp_gemm_plan tp_gemm_plan(const struct tp_gemm *g, size_t rows, size_t columns, bool swapped) {
    const struct tp_blocking limits = tp_gemm_limits(g->isa, g->blocking, swapped);
    struct tp_gemm_plan plan = {.height = tp_even_block(rows, g->isa->mr, 1)};
    plan.pack_b = !g->b.packed && (g->b.column_step != 1 || rows >= PACK_B_ROWS);
    const bool panels = g->b.packed || plan.pack_b, strip = !panels && !swapped && rows <= g->isa->mr;
    plan.kc = tp_even_block(g->k, strip ? STRIP_STEPS : limits.kc, 4);
    plan.mc = tp_even_block(rows, limits.mc, plan.height);
    plan.nc = strip ? columns : tp_even_block(columns, limits.nc, g->isa->nr);
    plan.ahead = panels || strip ? AHEAD : ROWS_AHEAD * g->b.row_step;
    plan.pack_a = packs_a(g, columns, plan.kc);
    return plan;
}
