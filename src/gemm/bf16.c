/* SPDX-License-Identifier: BSD-3-Clause */
/* Goto's loops around the tiles of a path. Blocks of k are multiples of 32 steps, so that they do not change a bit. */
#include "gemm/bf16.h"

#include "cpu/dispatch.h"
#include "gemm/routes.h"

#include <string.h>

const struct tp_bf16 *tp_bf16_of_context(const struct tp_context *context) {
    const struct tp_bf16 *bf16 = atomic_load_explicit(context->bf16, memory_order_relaxed);
    if (!bf16) {
        bf16 = tp_bf16_choose(context->cpu, context->isa, NULL);
        atomic_store_explicit(context->bf16, bf16, memory_order_relaxed);
    }
    return bf16;
}

/* A thread's part of a product; sizes of blocks, and scratch for a strip of C on its way and for panels. */
struct loops {
    const struct tp_gemm *g;
    const struct tp_bf16 *path;
    size_t mc, kc, nc;
    float *piece;
    char *a, *b;
};

/* Rows i.. and columns j.. of the product, k steps p.. */
struct block {
    size_t i, mc, j, nc, p, kc;
};

static size_t round_up(size_t count, size_t unit) {
    return tp_ceil_div(count, unit) * unit;
}

/* Blocks of these sizes, which are not larger than the product, in whole tiles. */
static void set_blocks(struct loops *l, size_t m, size_t n, size_t k) {
    l->mc = tp_min(l->path->mc, round_up(m, l->path->mr));
    l->kc = tp_min(l->path->kc, round_up(k, TP_BF16_STEPS));
    l->nc = tp_min(l->path->nc, round_up(n, l->path->nr));
}

static size_t panel_floats(const struct loops *l, size_t lanes) {
    return round_up(lanes * l->kc * l->path->element, sizeof(float) * TP_LINE) / sizeof(float);
}

size_t tp_bf16_scratch(const struct tp_bf16 *path, size_t m, size_t n, size_t k) {
    struct loops l = {.path = path};
    set_blocks(&l, m, n, k);
    return round_up(path->mr * l.nc, TP_LINE) + panel_floats(&l, l.mc) + panel_floats(&l, l.nc);
}

/* Lanes lanes.. and steps p.. of an operand into panels of width lanes, each step bytes after the one before. */
struct packing {
    struct tp_bf16_lanes from;
    tp_bf16_pack_fn *pack;
    char *panels;
    size_t width, step;
};

static void pack_all(struct packing *packing, size_t lanes, size_t k) {
    const size_t element = packing->from.narrow ? sizeof(uint16_t) : sizeof(float);
    for (size_t i = 0; i < lanes; i += packing->width) {
        packing->pack(packing->panels, &packing->from, tp_min(packing->width, lanes - i), k);
        packing->from.p = (const char *)packing->from.p + packing->width * packing->from.lane_step * element;
        packing->panels += packing->step;
    }
}

static size_t panel_bytes(const struct loops *l, const struct block *b, size_t width) {
    return width * round_up(b->kc, TP_BF16_STEPS) * l->path->element;
}

static const void *element_of(const struct tp_operand *x, size_t row, size_t column) {
    const size_t offset = row * x->row_step + column * x->column_step;
    return x->narrow ? (const void *)(x->bits + offset) : x->p + offset;
}

static void pack_a(const struct loops *l, const struct block *b) {
    const struct tp_operand *a = &l->g->a;
    struct packing packing = {.from = {element_of(a, b->i, b->p), a->row_step, a->column_step, a->narrow},
                              .pack = l->path->pack_a,
                              .panels = l->a,
                              .width = l->path->mr,
                              .step = panel_bytes(l, b, l->path->mr)};
    pack_all(&packing, b->mc, b->kc);
}

static void pack_b(const struct loops *l, const struct block *b) {
    const struct tp_operand *operand = &l->g->b;
    struct packing packing = {
        .from = {element_of(operand, b->p, b->j), operand->column_step, operand->row_step, operand->narrow},
        .pack = l->path->pack_b,
        .panels = l->b,
        .width = l->path->nr,
        .step = panel_bytes(l, b, l->path->nr)};
    pack_all(&packing, b->nc, b->kc);
}

/* What m x n elements start from; false if that is 0 and they were not written. */
static bool begin(const struct tp_gemm *g, enum tp_start start, float *c, size_t ldc, const struct tp_place *p) {
    if (start == TP_START_ZERO)
        return false;
    const float *from = start == TP_START_BIAS ? g->bias + p->j : g->c + p->i * g->ldc + p->j;
    const size_t step = start == TP_START_BIAS ? 0 : g->ldc;
    for (size_t i = 0; i < p->m; i++, c += ldc, from += step) {
        if (start == TP_START_BETA)
            for (size_t j = 0; j < p->n; j++)
                c[j] = g->beta * from[j];
        else if (c != from)
            memcpy(c, from, p->n * sizeof *c);
    }
    return true;
}

/* A strip is computed where it belongs, or in the piece: where tiles reach beyond it, and where what is consumed after
 * its only block of k does not pass through C. */
static void multiply_strip(const struct loops *l, const struct block *b, const struct tp_place *p) {
    const struct tp_gemm *g = l->g;
    const size_t panels = tp_ceil_div(p->n, l->path->nr);
    const bool last = b->p + b->kc == g->k, consumed = g->epilogue.consume && b->kc == g->k;
    const bool apart = consumed || p->m < l->path->mr || p->n < panels * l->path->nr;
    float *own = g->c + p->i * g->ldc + p->j, *c = apart ? l->piece : own;
    const size_t ldc = apart ? panels * l->path->nr : g->ldc;
    const struct tp_bf16_tiles tiles = {.panels = panels,
                                        .blocks = tp_ceil_div(b->kc, TP_BF16_STEPS),
                                        .a = l->a + (p->i - b->i) / l->path->mr * panel_bytes(l, b, l->path->mr),
                                        .b = l->b,
                                        .b_panel = panel_bytes(l, b, l->path->nr),
                                        .c = c,
                                        .ldc = ldc,
                                        .add = begin(g, b->p ? TP_START_C : g->start, c, ldc, p)};
    l->path->tiles(&tiles);
    for (size_t i = 0; apart && !consumed && i < p->m; i++)
        memcpy(own + i * g->ldc, c + i * ldc, p->n * sizeof *c);
    if (last)
        tp_gemm_finish(g, consumed ? c : own, consumed ? ldc : g->ldc, p);
}

static void multiply_block(const struct loops *l, const struct block *b) {
    for (size_t x = 0; x < b->mc; x += l->path->mr) {
        const struct tp_place place = {b->i + x, b->j, tp_min(l->path->mr, b->mc - x), b->nc};
        multiply_strip(l, b, &place);
    }
}

static void multiply(const struct loops *l, const struct tp_job *job) {
    struct block b;
    for (b.j = job->columns.begin; b.j < job->columns.end; b.j += l->nc) {
        b.nc = tp_min(l->nc, job->columns.end - b.j);
        for (b.p = 0; b.p < l->g->k; b.p += l->kc) {
            b.kc = tp_min(l->kc, l->g->k - b.p);
            pack_b(l, &b);
            for (b.i = job->rows.begin; b.i < job->rows.end; b.i += l->mc) {
                b.mc = tp_min(l->mc, job->rows.end - b.i);
                pack_a(l, &b);
                multiply_block(l, &b);
            }
        }
    }
}

void tp_run_bf16(const struct tp_job *job) {
    const struct tp_place all = tp_job_place(job);
    struct loops l = {.g = job->g, .path = job->g->bf16, .piece = job->scratch};
    set_blocks(&l, all.m, all.n, job->g->k);
    float *panels = l.piece + round_up(l.path->mr * l.nc, TP_LINE);
    l.a = (char *)panels;
    l.b = (char *)(panels + panel_floats(&l, l.mc));
    multiply(&l, job);
}
