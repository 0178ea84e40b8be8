/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Goto's loops (Goto and van de Geijn 2008) around the tile. Within one element of C the k blocks follow each other in
 * order and carry the partial sum through C, so blocking does not change a bit.
 */
#include "gemm/gemm.h"

#include "core/memory.h"

static size_t min(size_t a, size_t b) {
    return a < b ? a : b;
}

static size_t ceil_div(size_t a, size_t b) {
    return a / b + (a % b != 0);
}

/* The block length <= limit that cuts count into equal parts, in multiples of unit. */
static size_t even_block(size_t count, size_t limit, size_t unit) {
    const size_t blocks = ceil_div(count, limit);
    return min(limit, ceil_div(ceil_div(count, blocks), unit) * unit);
}

static size_t panels(size_t count, size_t width) {
    return tp_size_mul(ceil_div(count, width), width);
}

static size_t scratch_a(const struct tp_isa *isa, const struct tp_blocking *blocking, size_t m, size_t k) {
    return tp_size_mul(panels(min(m, blocking->mc), isa->mr), min(k, blocking->kc));
}

size_t tp_gemm_scratch(const struct tp_isa *isa, const struct tp_blocking *blocking, size_t m, size_t n, size_t k) {
    const size_t b = tp_size_mul(panels(min(n, blocking->nc), isa->nr), min(k, blocking->kc));
    const size_t sum = tp_size_add(scratch_a(isa, blocking, m, k), b);
    return tp_size_add(sum, TP_ALIGNMENT / sizeof(float));
}

/* The rows and columns of C that a call works on, and its packing buffers. */
struct job {
    const struct tp_gemm *g;
    struct tp_range rows, columns;
    float *pack_a, *pack_b;
};

static void finish(const struct tp_gemm *g, size_t i, size_t j, size_t m, size_t n) {
    const struct tp_epilogue *e = &g->epilogue;
    float *c = g->c + i * g->ldc + j;
    if (e->activate)
        e->activate(c, g->ldc, m, n, e->parameter);
    if (e->derive)
        e->derive(c, g->ldc, e->a + i * e->lda + j, e->lda, m, n, e->parameter);
}

/* mc x nc block of C from packed blocks: rows from i, columns from j, k steps from p. */
static void multiply_block(const struct job *job, size_t i, size_t mc, size_t j, size_t nc, size_t p, size_t kc) {
    const struct tp_gemm *g = job->g;
    const size_t mr = g->isa->mr, nr = g->isa->nr;
    struct tp_tile tile = {.k = kc, .ldc = g->ldc, .start = p ? TP_START_C : g->start, .beta = g->beta};
    for (size_t y = 0; y < nc; y += nr) {
        tile.n = min(nr, nc - y);
        tile.b = job->pack_b + y * kc;
        tile.bias = g->bias ? g->bias + j + y : NULL;
        for (size_t x = 0; x < mc; x += mr) {
            tile.m = min(mr, mc - x);
            tile.a = job->pack_a + x * kc;
            tile.c = g->c + (i + x) * g->ldc + j + y;
            g->isa->gemm_tile(&tile);
            if (p + kc == g->k)
                finish(g, i + x, j + y, tile.m, tile.n);
        }
    }
}

static void multiply(const struct job *job) {
    const struct tp_gemm *g = job->g;
    const size_t kc_limit = even_block(g->k, g->blocking->kc, 4);
    const size_t nc_limit = even_block(job->columns.end - job->columns.begin, g->blocking->nc, g->isa->nr);
    const size_t mc_limit = even_block(job->rows.end - job->rows.begin, g->blocking->mc, g->isa->mr);
    for (size_t j = job->columns.begin; j < job->columns.end; j += nc_limit) {
        const size_t nc = min(nc_limit, job->columns.end - j);
        for (size_t p = 0; p < g->k; p += kc_limit) {
            const size_t kc = min(kc_limit, g->k - p);
            const struct tp_operand *a = &g->a, *b = &g->b;
            g->isa->pack_b(job->pack_b, b->p + p * b->row_step + j * b->column_step, b->row_step, b->column_step, kc,
                           nc);
            for (size_t i = job->rows.begin; i < job->rows.end; i += mc_limit) {
                const size_t mc = min(mc_limit, job->rows.end - i);
                g->isa->pack_a(job->pack_a, a->p + i * a->row_step + p * a->column_step, a->row_step, a->column_step,
                               mc, kc, g->alpha);
                multiply_block(job, i, mc, j, nc, p, kc);
            }
        }
    }
}

/* No products: the start value alone, through tiles of zero k steps. */
static void start_only(const struct job *job) {
    const struct tp_gemm *g = job->g;
    struct tp_tile tile = {.ldc = g->ldc, .start = g->start, .beta = g->beta, .a = job->pack_a, .b = job->pack_b};
    for (size_t j = job->columns.begin; j < job->columns.end; j += tile.n) {
        tile.n = min(g->isa->nr, job->columns.end - j);
        tile.bias = g->bias ? g->bias + j : NULL;
        for (size_t i = job->rows.begin; i < job->rows.end; i += tile.m) {
            tile.m = min(g->isa->mr, job->rows.end - i);
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

void tp_gemm_run(const struct tp_gemm *g, struct tp_team team, float *scratch) {
    const int down = row_parts(g, team.size), across = team.size / down;
    struct job job = {.g = g, .pack_a = scratch};
    job.pack_b = scratch + tp_size_add(scratch_a(g->isa, g->blocking, g->m, g->k), 15) / 16 * 16;
    job.rows = tp_share(g->m, g->isa->mr, team.id % down, down);
    job.columns = tp_share(g->n, g->isa->nr, team.id / down, across);
    if (job.rows.begin == job.rows.end || job.columns.begin == job.columns.end)
        return;
    if (g->k == 0 || g->alpha == 0)
        start_only(&job);
    else
        multiply(&job);
}

/* Below this a thread costs more than it brings (wake-up and barriers of a few microseconds). */
#define FLOPS_PER_THREAD 2e6

int tp_useful_threads(int threads, double flops) {
    const double useful = flops / FLOPS_PER_THREAD;
    return useful < 2 ? 1 : useful < threads ? (int)useful : threads;
}
