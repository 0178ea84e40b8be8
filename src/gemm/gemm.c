/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Goto's loops (Goto and van de Geijn 2008) around the tile. Within one element of C the k blocks follow each other in
 * order and carry the partial sum through C, so blocking does not change a bit.
 */
#include "gemm/gemm.h"

#include "core/memory.h"
#include "core/size.h"

/* Panels of A pay from this many columns of C on, in tiles; panels of B from this many rows. */
#define PACK_A_COLUMNS 8
#define PACK_B_ROWS 4

/* The block length <= limit that cuts count into equal parts, in multiples of unit. */
static size_t even_block(size_t count, size_t limit, size_t unit) {
    const size_t blocks = tp_ceil_div(count, limit);
    return tp_min(limit, tp_ceil_div(tp_ceil_div(count, blocks), unit) * unit);
}

static size_t panels(size_t count, size_t width) {
    return tp_size_mul(tp_ceil_div(count, width), width);
}

static size_t scratch_a(const struct tp_isa *isa, const struct tp_blocking *blocking, size_t m, size_t k) {
    return tp_size_mul(panels(tp_min(m, blocking->mc), isa->mr), tp_min(k, blocking->kc));
}

size_t tp_gemm_scratch(const struct tp_isa *isa, const struct tp_blocking *blocking, size_t m, size_t n, size_t k) {
    const size_t b = tp_size_mul(panels(tp_min(n, blocking->nc), isa->nr), tp_min(k, blocking->kc));
    const size_t sum = tp_size_add(scratch_a(isa, blocking, m, k), b);
    return tp_size_add(sum, TP_ALIGNMENT / sizeof(float));
}

/* The rows and columns of C that a call works on, and its packing buffers; NULL: the operand is read in place. */
struct job {
    const struct tp_gemm *g;
    struct tp_range rows, columns;
    float *pack_a, *pack_b;
};

/* One block of the loops: rows i.., columns j.., k steps p... */
struct block {
    size_t i, mc, j, nc, p, kc;
};

static void finish(const struct tp_gemm *g, size_t i, size_t j, size_t m, size_t n) {
    const struct tp_finish *e = &g->epilogue;
    float *c = g->c + i * g->ldc + j;
    if (e->activate)
        e->activate(c, g->ldc, m, n, e->parameter);
    if (e->derive)
        e->derive(c, g->ldc, e->a + i * e->lda + j, e->lda, m, n, e->parameter);
}

static const float *element(const struct tp_operand *x, size_t row, size_t column) {
    return x->p + row * x->row_step + column * x->column_step;
}

/* Rows x.. of the block, in panels or in place. */
static void point_at_a(struct tp_tile *tile, const struct job *job, const struct block *b, size_t x) {
    const struct tp_operand *a = &job->g->a;
    tile->a = job->pack_a ? job->pack_a + x * b->kc : element(a, b->i + x, b->p);
    tile->a_row = job->pack_a ? 1 : a->row_step;
    tile->a_step = job->pack_a ? job->g->isa->mr : a->column_step;
}

/* Columns y.. of the block. */
static void point_at_b(struct tp_tile *tile, const struct job *job, const struct block *b, size_t y) {
    const struct tp_operand *operand = &job->g->b;
    const size_t nr = job->g->isa->nr;
    tile->b_padded = operand->packed || job->pack_b;
    tile->b_step = tile->b_padded ? nr : operand->row_step;
    tile->b_panel = nr * (operand->packed ? job->g->k : job->pack_b ? b->kc : 1);
    if (operand->packed)
        tile->b = operand->p + (b->j + y) * job->g->k + b->p * nr;
    else
        tile->b = job->pack_b ? job->pack_b + y * b->kc : element(operand, b->p, b->j + y);
}

/* Columns of the next tile: several panels at once where there are few rows. */
static size_t tile_columns(const struct tp_isa *isa, size_t rows, size_t left) {
    const size_t wide = isa->wide_panels * isa->nr;
    return rows <= isa->wide_rows && left >= wide ? wide : tp_min(isa->nr, left);
}

static void multiply_block(const struct job *job, const struct block *b) {
    const struct tp_gemm *g = job->g;
    const size_t mr = g->isa->mr;
    struct tp_tile tile = {.k = b->kc, .ldc = g->ldc, .start = b->p ? TP_START_C : g->start, .beta = g->beta};
    for (size_t x = 0; x < b->mc; x += mr) {
        tile.m = tp_min(mr, b->mc - x);
        point_at_a(&tile, job, b, x);
        for (size_t y = 0; y < b->nc; y += tile.n) {
            tile.n = tile_columns(g->isa, tile.m, b->nc - y);
            tile.bias = g->bias ? g->bias + b->j + y : NULL;
            tile.c = g->c + (b->i + x) * g->ldc + b->j + y;
            point_at_b(&tile, job, b, y);
            g->isa->gemm_tile(&tile);
            if (b->p + b->kc == g->k)
                finish(g, b->i + x, b->j + y, tile.m, tile.n);
        }
    }
}

static void pack_a(const struct job *job, const struct block *b) {
    const struct tp_gemm *g = job->g;
    g->isa->pack_a(job->pack_a, element(&g->a, b->i, b->p), g->a.row_step, g->a.column_step, b->mc, b->kc, g->alpha);
}

static void pack_b(const struct job *job, const struct block *b) {
    const struct tp_gemm *g = job->g;
    g->isa->pack_b(job->pack_b, element(&g->b, b->p, b->j), g->b.row_step, g->b.column_step, b->kc, b->nc);
}

static void multiply(const struct job *job) {
    const struct tp_gemm *g = job->g;
    const size_t kc = even_block(g->k, g->blocking->kc, 4);
    const size_t columns = job->columns.end - job->columns.begin;
    const size_t nc = g->b.packed ? columns : even_block(columns, g->blocking->nc, g->isa->nr);
    const size_t mc = even_block(job->rows.end - job->rows.begin, g->blocking->mc, g->isa->mr);
    struct block b;
    for (b.j = job->columns.begin; b.j < job->columns.end; b.j += nc) {
        b.nc = tp_min(nc, job->columns.end - b.j);
        for (b.p = 0; b.p < g->k; b.p += kc) {
            b.kc = tp_min(kc, g->k - b.p);
            if (job->pack_b)
                pack_b(job, &b);
            for (b.i = job->rows.begin; b.i < job->rows.end; b.i += mc) {
                b.mc = tp_min(mc, job->rows.end - b.i);
                if (job->pack_a)
                    pack_a(job, &b);
                multiply_block(job, &b);
            }
        }
    }
}

/* No products: the start value alone, through tiles of zero k steps. */
static void start_only(const struct job *job) {
    const struct tp_gemm *g = job->g;
    struct tp_tile tile = {.ldc = g->ldc, .start = g->start, .beta = g->beta, .a = g->c, .b = g->c, .a_row = 1};
    for (size_t j = job->columns.begin; j < job->columns.end; j += tile.n) {
        tile.n = tp_min(g->isa->nr, job->columns.end - j);
        tile.bias = g->bias ? g->bias + j : NULL;
        for (size_t i = job->rows.begin; i < job->rows.end; i += tile.m) {
            tile.m = tp_min(g->isa->mr, job->rows.end - i);
            tile.c = g->c + i * g->ldc + j;
            g->isa->gemm_tile(&tile);
            finish(g, i, j, tile.m, tile.n);
        }
    }
}

/* Threads along the rows of C, the rest along its columns: the split that packs least. */
static int row_parts(const struct tp_gemm *g, int size) {
    int best = 1;
    double least = 0;
    for (int parts = 1; parts <= size; parts++) {
        const double packed = (double)g->m / parts + (double)g->n / (size / parts);
        if (size % parts == 0 && (parts == 1 || packed < least)) {
            best = parts;
            least = packed;
        }
    }
    return best;
}

/* Rows this far apart fall into few cache sets: read in place, they would evict each other. */
static bool conflicts(size_t step) {
    return step % 256 == 0;
}

/* Whether packing pays: by how often the panels are used again. Only speed depends on it. */
static bool packs_a(const struct job *job) {
    const struct tp_gemm *g = job->g;
    const size_t columns = job->columns.end - job->columns.begin;
    const bool in_place = g->a.row_step == 1 || g->a.column_step == 1;
    if (!in_place || (g->alpha != 1 && g->alpha != 0))
        return true;
    const size_t distance = g->a.row_step + g->a.column_step - 1; /* between rows as stored */
    return columns > PACK_A_COLUMNS * g->isa->nr || (columns > g->isa->nr && conflicts(distance));
}

static bool packs_b(const struct job *job) {
    const struct tp_gemm *g = job->g;
    const size_t rows = job->rows.end - job->rows.begin;
    if (g->b.packed)
        return false;
    if (g->b.column_step != 1)
        return true;
    return rows > PACK_B_ROWS * g->isa->mr;
}

void tp_gemm_run(const struct tp_gemm *g, struct tp_team team, float *scratch) {
    const int down = row_parts(g, team.size), across = team.size / down;
    struct job job = {.g = g};
    job.rows = tp_share(g->m, g->isa->mr, team.id % down, down);
    job.columns = tp_share(g->n, g->isa->nr, team.id / down, across);
    if (job.rows.begin == job.rows.end || job.columns.begin == job.columns.end)
        return;
    if (g->k == 0 || g->alpha == 0) {
        start_only(&job);
        return;
    }
    if (packs_a(&job))
        job.pack_a = scratch;
    if (packs_b(&job))
        job.pack_b = scratch + tp_size_add(scratch_a(g->isa, g->blocking, g->m, g->k), 15) / 16 * 16;
    multiply(&job);
}

int tp_useful_threads(const struct tp_blocking *blocking, int threads, double flops) {
    const double useful = flops / blocking->thread_flops;
    return useful < 2 ? 1 : useful < threads ? (int)useful : threads;
}
