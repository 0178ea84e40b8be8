/* SPDX-License-Identifier: BSD-3-Clause */
/* What a product costs, and what its transpose does. */
#include "gemm/transposed.h"

#include "gemm/operands.h"
#include "gemm/scratch.h"

/* What a k step of a tile takes, in multiply-adds of vectors: few sums wait for results. */
static double panel_cost(const struct tp_isa *isa, double height, size_t vectors) {
    const double sums = height * (double)vectors, least = isa->tuning.latent_sums;
    return height > TP_AXPY_ROWS && vectors && sums < least ? least : sums;
}

/* Of all tiles. */
static double step_cost(const struct tp_isa *isa, size_t m, size_t n) {
    const size_t width = tp_panel_width(isa, n), strips = tp_ceil_div(m, isa->mr), panels = n / width;
    const double height = (double)m / (double)strips;
    const double whole = panel_cost(isa, height, width / isa->lanes);
    const double rest = panel_cost(isa, height, tp_ceil_div(n % width, isa->lanes));
    return (double)strips * ((double)panels * whole + isa->tuning.partial_cost * rest);
}

/* Multiply-adds of vectors with lanes along n, and what it costs to bring A (m x k), B (k x n) and C that way. */
static double cost(const struct tp_gemm *g, size_t m, size_t n, const struct tp_operand *a, bool transpose_b,
                   bool transpose_c) {
    const struct tp_tuning *t = &g->isa->tuning;
    const double k = (double)g->k, products = step_cost(g->isa, m, n) * k;
    const bool transpose_a = n > t->pack_a_panels * g->isa->nr && a->column_step == 1 && tp_conflicts(a->row_step);
    const double moved = (transpose_a ? (double)m * k : 0) + (transpose_b ? (double)n * k : 0) +
                         (transpose_c ? (double)m * (double)n : 0);
    const double pieces = transpose_c ? (double)tp_ceil_div(m, TP_PIECE_ROWS) : 0;
    return products + t->transpose_cost * moved + t->piece_cost * pieces;
}

bool tp_transposing_pays(const struct tp_gemm *g) {
    /* Nothing to transpose, and lanes that are well filled or would not be filled better: no need to reckon. */
    const size_t enough = g->a.row_step == 1 ? g->isa->nr : g->isa->lanes / 2;
    if (g->b.column_step == 1 && (g->n > enough || g->m < g->isa->lanes / 2))
        return false;
    const struct tp_operand b = tp_gemm_transposed(&g->b);
    return cost(g, g->n, g->m, &b, g->a.row_step != 1, true) < cost(g, g->m, g->n, &g->a, g->b.column_step != 1, false);
}

struct tp_gemm tp_gemm_transpose(const struct tp_gemm *g) {
    struct tp_gemm transposed = *g;
    transposed.m = g->n;
    transposed.n = g->m;
    transposed.a = tp_gemm_transposed(&g->b);
    transposed.b = tp_gemm_transposed(&g->a);
    return transposed;
}
