/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Goto's loops (Goto and van de Geijn 2008) around the strip. Within one element of C the k blocks follow each other in
 * order and carry the partial sum through C, so blocking does not change a bit.
 */
#include "gemm/gemm.h"

#include "core/memory.h"
#include "core/size.h"
#include "gemm/plan.h"

/* Columns of C^T that pass through the stack at a time, a multiple of every NR; and the highest MR, rounded up. */
#define SWAPPED_COLUMNS 192
#define MAX_HEIGHT 16

static size_t panels(size_t count, size_t width) {
    return tp_size_mul(tp_ceil_div(count, width), width);
}

/* Floats of panels of A, then of A and B. */
static size_t scratch_a(const struct tp_isa *isa, const struct tp_blocking *limits, size_t m, size_t k) {
    const size_t floats = tp_size_mul(panels(tp_min(m, limits->mc), isa->mr), tp_min(k, limits->kc));
    return tp_size_mul(tp_ceil_div(floats, 16), 16);
}

static size_t scratch(const struct tp_isa *isa, const struct tp_blocking *blocking, size_t m, size_t n, size_t k,
                      bool swapped) {
    const struct tp_blocking limits = tp_gemm_limits(isa, blocking, swapped);
    const size_t b = tp_size_mul(panels(tp_min(n, limits.nc), isa->nr), tp_min(k, limits.kc));
    return tp_size_add(scratch_a(isa, &limits, m, k), b);
}

size_t tp_gemm_scratch(const struct tp_isa *isa, const struct tp_blocking *blocking, size_t m, size_t n, size_t k) {
    const size_t plain = scratch(isa, blocking, m, n, k, false), swapped = scratch(isa, blocking, n, m, k, true);
    return plain > swapped ? plain : swapped;
}

/* The rows and columns that a call works on, of C or, if swapped, of C^T = B^T A^T; c and what concerns it, the bias
 * and the epilogue, are still those of C. */
struct job {
    const struct tp_gemm *g;
    bool swapped;
    struct tp_range rows, columns;
    struct tp_gemm_plan plan;
    float *pack_a, *pack_b; /* panels, or NULL */
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

/* The rows of a block are cut into as few strips as they need, as even as can be: rows of these are 1 higher. */
static size_t high_rows(size_t mc, size_t mr) {
    const size_t strips = tp_ceil_div(mc, mr);
    return mc % strips * (mc / strips + 1);
}

static size_t strip_height(size_t mc, size_t mr, size_t x) {
    return mc / tp_ceil_div(mc, mr) + (x < high_rows(mc, mr));
}

/* Rows x.. of the block, in panels or in place. */
static void point_at_a(struct tp_strip *strip, const struct job *job, const struct block *b, size_t x) {
    const struct tp_operand *a = &job->g->a;
    strip->a = job->pack_a ? job->pack_a + x * b->kc : element(a, b->i + x, b->p);
    strip->a_row = job->pack_a ? 1 : a->row_step;
    strip->a_step = job->pack_a ? strip->m : a->column_step;
}

/* Columns y.. of the block. */
static void point_at_b(struct tp_strip *strip, const struct job *job, const struct block *b, size_t y) {
    const struct tp_operand *operand = &job->g->b;
    const size_t width = job->plan.width;
    strip->b_padded = operand->packed || job->pack_b;
    strip->b_step = strip->b_padded ? width : operand->row_step;
    strip->b_panel = width * (operand->packed ? job->g->k : job->pack_b ? b->kc : 1);
    strip->width = width;
    strip->b_ahead = job->plan.ahead;
    if (operand->packed)
        strip->b = operand->p + (b->j + y) * job->g->k + b->p * width;
    else
        strip->b = job->pack_b ? job->pack_b + y * b->kc : element(operand, b->p, b->j + y);
}

/* The start of a block of C^T: m x n at row i, column j, in a buffer. */
static void start_swapped(const struct tp_gemm *g, struct tp_strip *strip, float *buffer, size_t i, size_t j) {
    if (strip->start == TP_START_BIAS) {
        for (size_t x = 0; x < strip->m; x++)
            for (size_t y = 0; y < strip->n; y++)
                buffer[x * strip->ldc + y] = g->bias[i + x];
        strip->start = TP_START_C;
    } else if (strip->start != TP_START_ZERO) {
        g->isa->transpose(buffer, strip->ldc, g->c + j * g->ldc + i, g->ldc, strip->n, strip->m);
    }
}

/* A strip of C^T goes to C through a buffer. */
static void multiply_swapped(const struct tp_gemm *g, const struct tp_strip *whole, size_t i, size_t j, bool last) {
    float buffer[MAX_HEIGHT * SWAPPED_COLUMNS];
    struct tp_strip strip = *whole;
    strip.c = buffer;
    strip.ldc = SWAPPED_COLUMNS;
    for (size_t y = 0; y < whole->n; y += strip.n) {
        strip.n = tp_min(SWAPPED_COLUMNS, whole->n - y);
        strip.start = whole->start;
        strip.b = whole->b + y / whole->width * whole->b_panel;
        start_swapped(g, &strip, buffer, i, j + y);
        g->isa->gemm_strip(&strip);
        g->isa->transpose(g->c + (j + y) * g->ldc + i, g->ldc, buffer, SWAPPED_COLUMNS, strip.m, strip.n);
        if (last)
            finish(g, j + y, i, strip.n, strip.m);
    }
}

static void multiply_plain(const struct tp_gemm *g, struct tp_strip *strip, size_t i, size_t j, bool last) {
    strip->bias = g->bias ? g->bias + j : NULL;
    strip->c = g->c + i * g->ldc + j;
    strip->ldc = g->ldc;
    g->isa->gemm_strip(strip);
    if (last)
        finish(g, i, j, strip->m, strip->n);
}

/* The strips of a block run over all its columns, unless A is so small that it stays in the first-level cache anyway:
 * then B does, panel by panel. */
static size_t chunk_columns(const struct job *job, const struct block *b) {
    const struct tp_gemm *g = job->g;
    const bool once = job->swapped || !(job->pack_b || g->b.packed);
    const bool small = once && b->mc > g->isa->mr && b->mc * b->kc <= g->isa->mr * g->blocking->kc;
    return small ? job->plan.width : b->nc;
}

static void multiply_strips(const struct job *job, const struct block *b, size_t y, struct tp_strip *strip) {
    const struct tp_gemm *g = job->g;
    const bool last = b->p + b->kc == g->k;
    for (size_t x = 0; x < b->mc; x += strip->m) {
        strip->m = strip_height(b->mc, g->isa->mr, x);
        point_at_a(strip, job, b, x);
        if (job->swapped)
            multiply_swapped(g, strip, b->i + x, b->j + y, last);
        else
            multiply_plain(g, strip, b->i + x, b->j + y, last);
    }
}

static void multiply_block(const struct job *job, const struct block *b) {
    const struct tp_gemm *g = job->g;
    const size_t chunk = chunk_columns(job, b);
    struct tp_strip strip = {.k = b->kc, .start = b->p ? TP_START_C : g->start, .beta = g->beta};
    for (size_t y = 0; y < b->nc; y += chunk) {
        strip.n = tp_min(chunk, b->nc - y);
        point_at_b(&strip, job, b, y);
        multiply_strips(job, b, y, &strip);
    }
}

static void pack_a_rows(const struct job *job, const struct block *b, size_t begin, size_t end) {
    const struct tp_gemm *g = job->g;
    if (begin < end)
        g->isa->pack_a(job->pack_a + begin * b->kc, element(&g->a, b->i + begin, b->p), g->a.row_step, g->a.column_step,
                       end - begin, b->kc, strip_height(b->mc, g->isa->mr, begin), g->alpha);
}

static void pack_a(const struct job *job, const struct block *b) {
    const size_t high = high_rows(b->mc, job->g->isa->mr);
    pack_a_rows(job, b, 0, high);
    pack_a_rows(job, b, high, b->mc);
}

static void pack_b(const struct job *job, const struct block *b) {
    const struct tp_gemm *g = job->g;
    g->isa->pack_b(job->pack_b, element(&g->b, b->p, b->j), g->b.row_step, g->b.column_step, b->kc, b->nc,
                   job->plan.width);
}

static void multiply(const struct job *job) {
    const struct tp_gemm_plan *plan = &job->plan;
    struct block b;
    for (b.j = job->columns.begin; b.j < job->columns.end; b.j += plan->nc) {
        b.nc = tp_min(plan->nc, job->columns.end - b.j);
        for (b.p = 0; b.p < job->g->k; b.p += plan->kc) {
            b.kc = tp_min(plan->kc, job->g->k - b.p);
            if (job->pack_b)
                pack_b(job, &b);
            for (b.i = job->rows.begin; b.i < job->rows.end; b.i += plan->mc) {
                b.mc = tp_min(plan->mc, job->rows.end - b.i);
                if (job->pack_a)
                    pack_a(job, &b);
                multiply_block(job, &b);
            }
        }
    }
}

/* No products: the start value alone, through strips of zero k steps. */
static void start_only(const struct job *job) {
    const struct tp_gemm *g = job->g;
    struct tp_strip strip = {.n = job->columns.end - job->columns.begin, .start = g->start, .beta = g->beta};
    strip.a = strip.b = g->c;
    strip.a_row = 1;
    strip.width = g->isa->nr;
    for (size_t i = job->rows.begin; i < job->rows.end; i += strip.m) {
        strip.m = tp_min(g->isa->mr, job->rows.end - i);
        multiply_plain(g, &strip, i, job->columns.begin, true);
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

static struct tp_gemm swap(const struct tp_gemm *g) {
    struct tp_gemm swapped = *g;
    swapped.m = g->n;
    swapped.n = g->m;
    swapped.a = tp_gemm_transposed(&g->b);
    swapped.b = tp_gemm_transposed(&g->a);
    return swapped;
}

static void run(struct job *job, struct tp_team team, float *scratch) {
    const struct tp_gemm *g = job->g;
    const int down = row_parts(g, team.size), across = team.size / down;
    job->rows = tp_share(g->m, g->isa->mr, team.id % down, down);
    job->columns = tp_share(g->n, tp_panel_width(g->isa, g->n), team.id / down, across);
    const size_t rows = job->rows.end - job->rows.begin, columns = job->columns.end - job->columns.begin;
    if (!rows || !columns)
        return;
    if (g->k == 0 || g->alpha == 0) {
        start_only(job);
        return;
    }
    job->plan = tp_gemm_plan(g, rows, columns, job->swapped);
    const struct tp_blocking limits = tp_gemm_limits(g->isa, g->blocking, job->swapped);
    if (job->plan.pack_a)
        job->pack_a = scratch;
    if (job->plan.pack_b)
        job->pack_b = scratch + scratch_a(g->isa, &limits, g->m, g->k);
    multiply(job);
}

void tp_gemm_run(const struct tp_gemm *g, struct tp_team team, float *scratch) {
    const bool swapped = g->k > 0 && tp_gemm_swaps(g);
    struct tp_gemm other;
    if (swapped)
        other = swap(g);
    struct job job = {.g = swapped ? &other : g, .swapped = swapped};
    run(&job, team, scratch);
}

int tp_useful_threads(const struct tp_blocking *blocking, int threads, double flops) {
    const double useful = flops / blocking->thread_flops;
    return useful < 2 ? 1 : useful < threads ? (int)useful : threads;
}
