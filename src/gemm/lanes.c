/* SPDX-License-Identifier: BSD-3-Clause */
#include "gemm/lanes.h"

#include "core/memory.h"
#include "gemm/routes.h"

/* Rows of C that are finished together, or up to twice as many at the end. */
#define ROWS ((size_t)64)
#define PIECE_FLOATS (2 * ROWS * TP_LANES_COLUMNS)

/* From a column of B to the next in scratch. */
static size_t column_step(size_t k) {
    return tp_panel_step(1, k);
}

size_t tp_lanes_scratch(size_t n, size_t k) {
    return tp_sums_in_lanes(n, k) ? tp_size_add(PIECE_FLOATS, n > 1 ? tp_size_mul(n, column_step(k)) : 0) : 0;
}

/* The columns of B; a single one lies as it should. */
static const float *columns_of(const struct tp_gemm *g, float *room, size_t step) {
    if (g->n == 1 && g->b.row_step == 1)
        return g->b.p;
    g->isa->transpose(room, step, g->b.p, g->b.row_step, g->k, g->n);
    return room;
}

/* Rows that lie side by side into C. */
static void store(const struct tp_gemm *g, const float *piece, const struct tp_place *p) {
    float *c = g->c + p->i * g->ldc;
    for (size_t i = 0; i < p->m; i++, c += g->ldc, piece += g->n)
        for (size_t j = 0; j < g->n; j++)
            c[j] = piece[j];
}

/* Short rows a line apart would leave most of an activation's lanes empty: it is computed where they are side by side.
 */
static void multiply_piece(const struct tp_gemm *g, struct tp_skinny *s, const struct tp_place *p, float *piece) {
    const bool apart = g->epilogue.activate && g->ldc != g->n;
    s->m = p->m;
    s->a = tp_element(&g->a, p->i, 0);
    s->c = apart ? piece : g->c + p->i * g->ldc;
    s->ldc = apart ? g->n : g->ldc;
    g->isa->gemm_lanes(s);
    tp_gemm_finish(g, s->c, s->ldc, p);
    if (apart)
        store(g, piece, p);
}

/* Threads share the rows; B is so small that each of them takes all of it. */
void tp_run_lanes(const struct tp_job *job) {
    const struct tp_gemm *g = job->g;
    struct tp_place p = tp_job_place(job);
    assert(g->alpha == 1 && g->start != TP_START_C && g->start != TP_START_BETA && !g->epilogue.consume);
    assert(p.n == g->n && g->a.column_step == 1 && g->b.column_step == 1 && !g->b.packed);
    struct tp_skinny s = {.n = g->n, .k = g->k, .a_row = g->a.row_step, .a_step = 1, .b_step = column_step(g->k)};
    s.start = g->start;
    s.bias = g->bias;
    s.b = columns_of(g, job->scratch + PIECE_FLOATS, s.b_step);
    for (; p.i < job->rows.end; p.i += p.m) {
        p.m = job->rows.end - p.i < 2 * ROWS ? job->rows.end - p.i : ROWS;
        multiply_piece(g, &s, &p, job->scratch);
    }
}
