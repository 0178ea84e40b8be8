/* SPDX-License-Identifier: BSD-3-Clause */
#include "gemm/job.h"

#include <string.h>

void tp_gemm_finish(const struct tp_gemm *g, float *c, size_t ldc, const struct tp_place *p) {
    const struct tp_gemm_epilogue *e = &g->epilogue;
    for (size_t row = 0; e->keep && row < p->m; row++)
        memcpy(e->keep + (p->i + row) * e->ldkeep + p->j, c + row * ldc, p->n * sizeof *c);
    if (e->activate)
        e->activate(c, ldc, p->m, p->n, e->parameter);
    if (e->derive)
        e->derive(c, ldc, e->x + p->i * e->ldx + p->j, e->ldx, p->m, p->n, e->parameter);
    if (e->consume)
        e->consume(e->consumer, c, ldc, p);
}

enum tp_start tp_begin_transposed(const struct tp_gemm *g, enum tp_start start, float *piece, size_t ld,
                                  const struct tp_place *p) {
    if (start == TP_START_BIAS) {
        for (size_t x = 0; x < p->m; x++)
            for (size_t y = 0; y < p->n; y++)
                piece[x * ld + y] = g->bias[p->i + x];
        return TP_START_C;
    }
    if (start != TP_START_ZERO)
        g->isa->transpose(piece, ld, g->c + p->j * g->ldc + p->i, g->ldc, p->n, p->m);
    return start;
}

void tp_end_transposed(const struct tp_gemm *g, const float *piece, size_t ld, const struct tp_place *p,
                       bool finished) {
    float *c = g->c + p->j * g->ldc + p->i;
    g->isa->transpose(c, g->ldc, piece, ld, p->m, p->n);
    if (finished)
        tp_gemm_finish(g, c, g->ldc, &(struct tp_place){p->j, p->i, p->n, p->m});
}

struct tp_cut tp_cut_rows(size_t rows, size_t mr) {
    if (rows <= mr)
        return (struct tp_cut){rows, 0};
    const size_t strips = tp_ceil_div(rows, mr), height = rows / strips;
    return (struct tp_cut){height, (rows - height * strips) * (height + 1)};
}
