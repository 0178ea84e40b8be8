/* SPDX-License-Identifier: BSD-3-Clause */
/* Products that need no blocks. */
#include "gemm/routes.h"

/* The strips of one height at a time. */
void tp_run_small(const struct tp_job *job) {
    const struct tp_gemm *g = job->g;
    const struct tp_place p = tp_job_place(job);
    const struct tp_cut cut = tp_cut_rows(p.m, g->isa->mr);
    struct tp_strip strip; /* member by member, as in gemm.c */
    strip.n = p.n;
    strip.k = g->k;
    strip.a_row = g->a.row_step;
    strip.a_step = g->a.column_step;
    strip.b = tp_element(&g->b, 0, p.j);
    strip.b_step = g->b.row_step;
    strip.width = strip.b_panel = tp_panel_width(g->isa, p.n);
    strip.b_padded = strip.b_uncached = false;
    strip.b_copy = NULL;
    strip.prefetch_c = NULL;
    strip.ldc = strip.ldprefetch = g->ldc;
    strip.b_ahead = strip.next_first = strip.next_rows = 0;
    strip.b_next = 0;
    strip.start = g->start;
    strip.beta = g->beta;
    strip.bias = g->bias ? g->bias + p.j : NULL;
    for (size_t x = 0, end; x < p.m; x = end) {
        end = x < cut.higher ? cut.higher : p.m;
        strip.m = tp_height_at(&cut, x);
        strip.strips = (end - x) / strip.m;
        strip.a = tp_element(&g->a, p.i + x, 0);
        strip.a_strip = strip.m * g->a.row_step;
        strip.c = g->c + (p.i + x) * g->ldc + p.j;
        g->isa->gemm_strip(&strip);
    }
    tp_gemm_finish(g, g->c + p.i * g->ldc + p.j, g->ldc, &p);
}

/* The start value alone, through strips of zero k steps. */
void tp_run_start(const struct tp_job *job) {
    const struct tp_gemm *g = job->g;
    struct tp_place p = tp_job_place(job);
    struct tp_strip strip = {.n = p.n, .strips = 1, .start = g->start, .beta = g->beta, .ldc = g->ldc};
    strip.a = strip.b = g->c;
    strip.a_row = 1;
    strip.width = g->isa->nr;
    strip.bias = g->bias ? g->bias + p.j : NULL;
    for (; p.i < job->rows.end; p.i += p.m) {
        strip.m = p.m = tp_min(g->isa->mr, job->rows.end - p.i);
        strip.c = g->c + p.i * g->ldc + p.j;
        g->isa->gemm_strip(&strip);
        tp_gemm_finish(g, strip.c, g->ldc, &p);
    }
}
