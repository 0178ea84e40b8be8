/* SPDX-License-Identifier: BSD-3-Clause */
#include "gemm/routes.h"

#include "gemm/operands.h"
#include "gemm/reading.h"
#include "gemm/transposed.h"

/* The one route whose bits are not those of the others. */
static bool lanes(const struct tp_gemm *g) {
    return g->lanes;
}

static bool has_no_products(const struct tp_gemm *g) {
    return g->k == 0 || g->alpha == 0;
}

static bool is_bf16(const struct tp_gemm *g) {
    return g->bf16;
}

static bool parts(const struct tp_gemm *g) {
    return g->parts > 1;
}

static bool parts_transposed(const struct tp_gemm *g) {
    return g->parts > 1 && tp_transposing_pays(g);
}

/* Kernels of the other routes read B as it lies, and do not multiply by alpha. */
static bool needs_panels(const struct tp_gemm *g) {
    return g->b.packed || g->alpha != 1;
}

/* Skinny kernels write C itself. */
static bool writes_c(const struct tp_gemm *g) {
    return !g->epilogue.consume;
}

static bool ger(const struct tp_gemm *g) {
    return writes_c(g) && g->start == TP_START_ZERO && g->k == 1 && g->b.column_step == 1;
}

/* In panels B would be read only once or twice. */
static bool few_rows_by_columns(const struct tp_gemm *g, size_t m, size_t n, size_t b_row_step) {
    return m <= TP_DOTS_ROWS && n >= g->isa->lanes && g->k >= TP_DOTS_STEPS && b_row_step == 1;
}

static bool dot(const struct tp_gemm *g) {
    return writes_c(g) && few_rows_by_columns(g, g->m, g->n, g->b.row_step);
}

/* Even where it costs more to transpose, if the columns of C do not fill a vector. */
static bool dot_transposed(const struct tp_gemm *g) {
    return few_rows_by_columns(g, g->n, g->m, g->a.column_step) && (g->n < g->isa->lanes || tp_transposing_pays(g));
}

/* Tiles would walk the rows of B in short pieces. */
static bool few_long_rows(const struct tp_gemm *g, size_t m, size_t n, size_t b_column_step) {
    const struct tp_tuning *t = &g->isa->tuning;
    return m <= t->axpy_rows && n >= t->axpy_panels * g->isa->nr && b_column_step == 1;
}

static bool axpy(const struct tp_gemm *g) {
    return writes_c(g) && few_long_rows(g, g->m, g->n, g->b.column_step);
}

static bool axpy_transposed(const struct tp_gemm *g) {
    return few_long_rows(g, g->n, g->m, g->a.row_step) && tp_transposing_pays(g);
}

/* All operands stay in the first- or second-level cache, or for one strip B does. */
static bool small(const struct tp_gemm *g) {
    const size_t room = g->isa->tuning.small_strips * g->isa->mr * g->blocking->kc;
    if (!writes_c(g) || g->b.column_step != 1 || g->k > g->blocking->kc || g->n * g->k > room)
        return false;
    if (g->m <= g->isa->mr)
        return g->a.column_step == 1;
    return g->m * (g->n + g->k) + g->n * g->k <= room && !tp_packs_a(g, g->n, g->k) && !tp_packs_b(g, g->m);
}

static bool always(const struct tp_gemm *g) {
    (void)g;
    return true;
}

const struct tp_route tp_routes[TP_ROUTES] = {
    {.name = "lanes",
     .when = "a layer of up to 4 outputs, whose sums are canonical",
     .fits = lanes,
     .run = tp_run_lanes},
    {.name = "start", .when = "k or alpha is 0", .fits = has_no_products, .run = tp_run_start},
    {.name = "bf16", .when = "operands in bf16", .fits = is_bf16, .run = tp_run_bf16},
    {.name = "parts transposed",
     .when = "sums of parts of the k steps, and C^T costs less",
     .fits = parts_transposed,
     .run = tp_run_panels,
     .transposed = true,
     .blocks = true},
    {.name = "parts", .when = "sums of parts of the k steps", .fits = parts, .run = tp_run_panels, .blocks = true},
    {.name = "panels of alpha",
     .when = "B is packed already, or alpha is not 1",
     .fits = needs_panels,
     .run = tp_run_panels,
     .blocks = true},
    {.name = "ger", .when = "C = A B with k = 1", .fits = ger, .run = tp_run_ger},
    {.name = "dot", .when = "up to 11 rows of C, and B by columns", .fits = dot, .run = tp_run_dot},
    {.name = "dot transposed",
     .when = "up to 11 columns of C, A by rows, and C^T costs less or C does not fill a vector",
     .fits = dot_transposed,
     .run = tp_run_dot,
     .transposed = true},
    {.name = "axpy transposed",
     .when = "one or two columns of C, A by columns, and C^T costs less",
     .fits = axpy_transposed,
     .run = tp_run_axpy,
     .transposed = true},
    {.name = "panels transposed",
     .when = "C^T costs less",
     .fits = tp_transposing_pays,
     .run = tp_run_panels,
     .transposed = true,
     .blocks = true},
    {.name = "small", .when = "the operands stay in the caches near", .fits = small, .run = tp_run_small},
    {.name = "axpy", .when = "one or two long rows of C, and B by rows", .fits = axpy, .run = tp_run_axpy},
    {.name = "panels", .when = "nothing above", .fits = always, .run = tp_run_panels, .blocks = true},
};

const struct tp_route *tp_route_of(const struct tp_gemm *g) {
    assert(g->m && g->n);
    const struct tp_route *route = tp_routes;
    while (!route->fits(g))
        route++;
    return route;
}
