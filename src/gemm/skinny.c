/* SPDX-License-Identifier: BSD-3-Clause */
/* Products that are no more than a few passes over one operand (kernels/skinny.h). */
#include "gemm/routes.h"

/* All k steps of some rows and columns, in place. */
static struct tp_skinny whole(const struct tp_job *job, const struct tp_place *place) {
    const struct tp_gemm *g = job->g;
    struct tp_skinny s = {.m = place->m, .n = place->n, .k = g->k, .start = g->start, .beta = g->beta};
    s.a = tp_element(&g->a, place->i, 0);
    s.a_row = g->a.row_step;
    s.a_step = g->a.column_step;
    s.b = tp_element(&g->b, 0, place->j);
    s.b_step = g->b.column_step == 1 ? g->b.row_step : g->b.column_step;
    assert(!job->transposed || place->m * place->n <= TP_PIECE_FLOATS);
    s.c = job->transposed ? job->scratch : g->c + place->i * g->ldc + place->j;
    s.ldc = job->transposed ? TP_PIECE_FLOATS / place->m : g->ldc;
    s.bias = g->bias && !job->transposed ? g->bias + place->j : NULL;
    return s;
}

/* Where rows of A are packed, block after block of k steps; the last one must not have fewer than TP_DOTS_STEPS. */
static void run_packed(const struct tp_job *job, struct tp_skinny *s, tp_skinny_fn *kernel) {
    const float *a = s->a;
    const size_t row_step = s->a_row;
    float *packed = job->scratch + TP_PIECE_FLOATS;
    s->a = packed;
    s->a_row = 1;
    s->a_step = s->m;
    for (size_t left = s->k; left; left -= s->k) {
        s->k = left <= TP_DOTS_BLOCK                  ? left
               : left < TP_DOTS_BLOCK + TP_DOTS_STEPS ? left - TP_DOTS_STEPS
                                                      : TP_DOTS_BLOCK;
        assert(s->m * s->k <= TP_DOTS_FLOATS);
        job->g->isa->transpose(packed, s->m, a, row_step, s->m, s->k);
        kernel(s);
        s->start = TP_START_C;
        s->b += s->k;
        a += s->k;
    }
}

/* A piece of C, or of C^T on its way to C. */
static void multiply_piece(const struct tp_job *job, const struct tp_place *p, tp_skinny_fn *kernel, bool pack_a) {
    const struct tp_gemm *g = job->g;
    struct tp_skinny s = whole(job, p);
    if (job->transposed)
        s.start = tp_begin_transposed(g, s.start, s.c, s.ldc, p);
    if (pack_a)
        run_packed(job, &s, kernel);
    else
        kernel(&s);
    if (job->transposed)
        tp_end_transposed(g, s.c, s.ldc, p, true);
    else
        tp_gemm_finish(g, s.c, g->ldc, p);
}

/* Piece after piece of columns, which stays in the first-level cache: axpy passes over it again and again, and
 * something may be done to it next. The last piece is not so small that it has no whole vector. */
static void multiply(const struct tp_job *job, tp_skinny_fn *kernel, bool pack_a) {
    struct tp_place p = tp_job_place(job);
    const size_t most = (TP_PIECE_FLOATS / p.m - TP_LINE) / TP_LINE * TP_LINE;
    for (; p.j < job->columns.end; p.j += p.n) {
        const size_t left = job->columns.end - p.j;
        p.n = left <= most + TP_LINE ? left : most;
        multiply_piece(job, &p, kernel, pack_a);
    }
}

/* More rows of A that lie apart would crowd the sets of a cache together with columns of B. */
static bool packs_rows(const struct tp_operand *a, size_t rows) {
    return a->column_step == 1 && (rows > TP_DOTS_APART || (rows > 2 && a->row_step % TP_CONFLICT == 0));
}

void tp_run_dot(const struct tp_job *job) {
    const struct tp_place p = tp_job_place(job);
    if (p.n < job->g->isa->lanes)
        tp_run_panels(job); /* a thread's columns do not fill a vector */
    else
        multiply(job, job->g->isa->gemm_dot, packs_rows(&job->g->a, p.m));
}

void tp_run_axpy(const struct tp_job *job) {
    multiply(job, job->g->isa->gemm_axpy, false);
}

/* In pieces that stay in the first-level cache for what is done to them next. */
void tp_run_ger(const struct tp_job *job) {
    const struct tp_place all = tp_job_place(job);
    const size_t columns = tp_min(all.n, TP_PIECE_FLOATS), rows = TP_PIECE_FLOATS / columns;
    struct tp_place p;
    for (p.j = all.j; p.j < job->columns.end; p.j += columns) {
        p.n = tp_min(columns, job->columns.end - p.j);
        for (p.i = all.i; p.i < job->rows.end; p.i += rows) {
            p.m = tp_min(rows, job->rows.end - p.i);
            multiply_piece(job, &p, job->g->isa->gemm_ger, false);
        }
    }
}
