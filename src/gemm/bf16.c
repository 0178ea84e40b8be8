/* SPDX-License-Identifier: BSD-3-Clause */
/* Goto's loops around the tiles of a path. Blocks of k are multiples of 32 steps, so that they do not change a bit. */
#include "gemm/bf16.h"

#include "core/memory.h"
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

/* A thread's part of a product: sizes of blocks, and scratch for panels and for parts of C on their way. */
struct loops {
    const struct tp_gemm *g;
    const struct tp_bf16 *path;
    size_t mc, nc, kc;
    float *edge, *piece;
    char *a, *b;
    bool keeps_a; /* there is room for the panels of all of A */
};

/* Rows i.. and columns j.. of the product, k steps p.. */
struct block {
    size_t i, mc, j, nc, p, kc;
    char *a; /* panels */
};

static size_t round_up(size_t count, size_t unit) {
    return tp_ceil_div(count, unit) * unit;
}

/* Blocks of a product of these sizes, which are not larger than the product, in whole tiles. */
static void set_blocks(struct loops *l, size_t m, size_t n, size_t k) {
    l->mc = round_up(tp_min(m, l->path->mc), l->path->mr);
    l->kc = round_up(tp_min(k, l->path->kc), TP_BF16_STEPS);
    l->nc = round_up(tp_min(n, l->path->nc), l->path->nr);
}

/* Where there are several blocks of B, panels of all rows of A are kept for them if these are not more than so many
 * blocks. */
#define KEPT_BLOCKS 8

static size_t most_kept(const struct tp_bf16 *path) {
    return KEPT_BLOCKS * path->mc * path->kc;
}

static size_t kept_elements(const struct loops *l, size_t m) {
    return tp_size_mul(tp_size_mul(tp_ceil_div(m, l->path->mr), l->path->mr), l->kc);
}

/* The parts of the scratch, in floats, that a product of these sizes needs, or of smaller ones. */
struct room {
    size_t edge, piece, a, b;
};

static size_t panel_floats(const struct tp_bf16 *path, size_t elements) {
    return round_up(elements * path->element, sizeof(float) * TP_LINE) / sizeof(float);
}

static struct room room_for(const struct loops *l, size_t m, size_t n) {
    const struct tp_bf16 *path = l->path;
    const size_t kept = n > path->nc ? tp_min(kept_elements(l, m), most_kept(path)) : 0;
    return (struct room){.edge = round_up(path->mr * l->nc, TP_LINE),
                         .piece = round_up(l->mc * l->nc, TP_LINE),
                         .a = panel_floats(path, tp_max(l->mc * l->kc, kept)),
                         .b = panel_floats(path, l->nc * l->kc)};
}

size_t tp_bf16_scratch(const struct tp_bf16 *path, size_t m, size_t n, size_t k) {
    struct loops l = {.path = path};
    set_blocks(&l, m, n, k);
    const struct room room = room_for(&l, m, n);
    return room.edge + room.piece + room.a + room.b;
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
    const struct tp_bf16_lanes from = {element_of(a, b->i, b->p), a->row_step, a->column_step, a->narrow};
    l->path->pack_a(b->a, panel_bytes(l, b, l->path->mr), &from, b->mc, b->kc);
}

static void pack_b(const struct loops *l, const struct block *b) {
    const struct tp_operand *operand = &l->g->b;
    const struct tp_bf16_lanes from = {element_of(operand, b->p, b->j), operand->column_step, operand->row_step,
                                       operand->narrow};
    l->path->pack_b(l->b, panel_bytes(l, b, l->path->nr), &from, b->nc, b->kc);
}

/* Some rows of a part of C, which are computed at c: what they start from, in this order of k steps. */
struct start {
    const float *p;
    size_t ld;
};

static struct start start_of(const struct tp_gemm *g, bool first, const float *c, size_t ldc,
                             const struct tp_place *p) {
    if (!first || g->start == TP_START_C || g->start == TP_START_BETA)
        return (struct start){c, ldc};
    return (struct start){g->start == TP_START_BIAS ? g->bias + p->j : NULL, 0};
}

static void scale(const struct tp_gemm *g, const struct tp_place *p) {
    float *c = g->c + p->i * g->ldc + p->j;
    for (size_t i = 0; i < p->m; i++, c += g->ldc)
        for (size_t j = 0; j < p->n; j++)
            c[j] *= g->beta;
}

static void copy_rows(float *to, size_t ldto, const float *from, size_t ldfrom, const struct tp_place *p) {
    for (size_t i = 0; i < p->m; i++)
        memcpy(to + i * ldto, from + i * ldfrom, p->n * sizeof *to);
}

/* Tiles that reach beyond the rows and columns there are compute on a copy. */
static void multiply_edge(const struct loops *l, struct tp_bf16_tiles *tiles, const struct tp_place *p) {
    float *c = tiles->c;
    const size_t ldc = tiles->ldc;
    assert(c);
    tiles->c = l->edge;
    tiles->ldc = tiles->panels * l->path->nr;
    if (tiles->start) {
        copy_rows(l->edge, tiles->ldc, tiles->start, tiles->ldstart, p);
        tiles->start = l->edge;
        tiles->ldstart = tiles->ldc;
    }
    l->path->tiles(tiles);
    copy_rows(c, ldc, tiles->c, tiles->ldc, p);
}

/* k steps q.. of the block, for a strip whose place in the product is p and which is computed at c. */
static void multiply_strip(const struct loops *l, const struct block *b, size_t q, size_t steps, float *c, size_t ldc,
                           const struct tp_place *p) {
    const struct tp_bf16 *path = l->path;
    const struct start start = start_of(l->g, b->p + q == 0, c, ldc, p);
    struct tp_bf16_tiles tiles = {.m = p->m,
                                  .panels = tp_ceil_div(p->n, path->nr),
                                  .blocks = tp_ceil_div(steps, TP_BF16_STEPS),
                                  .a = b->a + (p->i - b->i) / path->mr * panel_bytes(l, b, path->mr) +
                                       q * path->mr * path->element,
                                  .b = l->b + q * path->nr * path->element,
                                  .b_panel = panel_bytes(l, b, path->nr),
                                  .start = start.p,
                                  .ldstart = start.ld,
                                  .c = c,
                                  .ldc = ldc};
    if (p->m < path->mr || p->n < tiles.panels * path->nr)
        multiply_edge(l, &tiles, p);
    else
        path->tiles(&tiles);
}

/* What is consumed after its only block of k does not pass through C. */
static void multiply_block(const struct loops *l, const struct block *b) {
    const struct tp_gemm *g = l->g;
    const struct tp_place all = {b->i, b->j, b->mc, b->nc};
    const bool passing = g->epilogue.consume && b->kc == g->k, last = b->p + b->kc == g->k;
    const size_t ldc = passing ? b->nc : g->ldc;
    float *c = passing ? l->piece : g->c + b->i * g->ldc + b->j;
    if (b->p == 0 && g->start == TP_START_BETA)
        scale(g, &all);
    for (size_t q = 0; q < b->kc; q += l->path->near) {
        const size_t steps = tp_min(l->path->near, b->kc - q);
        for (size_t x = 0; x < b->mc; x += l->path->mr) {
            const struct tp_place place = {b->i + x, b->j, tp_min(l->path->mr, b->mc - x), b->nc};
            multiply_strip(l, b, q, steps, c + x * ldc, ldc, &place);
            if (last && q + steps == b->kc)
                tp_gemm_finish(g, c + x * ldc, ldc, &place);
        }
    }
}

/* A block of A, and its rows of C. */
static void multiply_rows(const struct loops *l, struct block *b, size_t first, bool again) {
    const size_t before = (b->i - first) * round_up(b->kc, TP_BF16_STEPS);
    b->a = l->keeps_a ? l->a + before * l->path->element : l->a;
    if (!l->keeps_a || !again)
        pack_a(l, b);
    multiply_block(l, b);
}

static void multiply(const struct loops *l, const struct tp_job *job) {
    struct block b;
    for (b.p = 0; b.p < l->g->k; b.p += l->kc) {
        b.kc = tp_min(l->kc, l->g->k - b.p);
        for (b.j = job->columns.begin; b.j < job->columns.end; b.j += l->nc) {
            b.nc = tp_min(l->nc, job->columns.end - b.j);
            pack_b(l, &b);
            for (b.i = job->rows.begin; b.i < job->rows.end; b.i += l->mc) {
                b.mc = tp_min(l->mc, job->rows.end - b.i);
                multiply_rows(l, &b, job->rows.begin, b.j > job->columns.begin);
            }
        }
    }
}

void tp_run_bf16(const struct tp_job *job) {
    const struct tp_place all = tp_job_place(job);
    const struct tp_gemm *g = job->g;
    const struct tp_bf16 *path = g->bf16;
    struct loops l = {.g = g, .path = path, .edge = job->scratch};
    set_blocks(&l, all.m, all.n, g->k);
    const struct room room = room_for(&l, all.m, all.n);
    l.piece = l.edge + room.edge;
    l.a = (char *)(l.piece + room.piece);
    l.b = (char *)(l.piece + room.piece + room.a);
    l.keeps_a = all.n > l.nc && kept_elements(&l, all.m) <= most_kept(path);
    if (path->begin)
        path->begin();
    multiply(&l, job);
    if (path->end)
        path->end();
}
