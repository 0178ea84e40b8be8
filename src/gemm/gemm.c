/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Goto's loops (Goto and van de Geijn 2008) around the strip. Within one element of C the k blocks follow each other in
 * order and carry the partial sum through C, so blocking does not change a bit.
 */
#include "gemm/gemm.h"

#include "core/size.h"
#include "gemm/plan.h"
#include "gemm/share.h"

#include <assert.h>
#include <string.h>

/* A block of B is used in about so many pieces; read in place, in pieces of about so many columns; from far, panels. */
#define PIECES 4
#define PIECE_COLUMNS 160
#define FAR_PANELS 2

/* For dot products rows of A are packed in blocks of so many k steps. */
#define DOTS_BLOCK 256

/* Room for a piece of the product; a strip of a wide one may need more. */
#define PIECE_FLOATS ((size_t)TP_SWAPPED_ROWS * TP_SWAPPED_COLUMNS)
#define DOTS_FLOATS ((size_t)TP_DOTS_ROWS * DOTS_BLOCK)

static size_t panels(size_t count, size_t width) {
    return tp_ceil_div(count, width) * width;
}

/* From a panel of B to the next in scratch: an odd number of lines, so that panels do not meet in a few cache sets. */
static size_t panel_step(size_t width, size_t k) {
    return (tp_ceil_div(width * k, TP_LINE) | 1) * TP_LINE;
}

/* What a thread needs at most, in floats: panels of A or its rows for dot products, panels of B or of what is copied of
 * it, and a piece of the product on its way to C. */
struct parts {
    size_t a, b, piece;
};

static struct parts parts_of(const struct tp_isa *isa, const struct tp_blocking *blocking, size_t m, size_t n, size_t k,
                             bool swapped) {
    const struct tp_blocking limits = tp_gemm_limits(isa, blocking, swapped);
    const size_t mc = tp_min(m, limits.mc), nc = tp_min(n, limits.nc), kc = tp_min(k, limits.kc);
    struct parts parts;
    parts.a = tp_max(panels(panels(mc, isa->mr) * kc, TP_LINE), DOTS_FLOATS); /* blocks are small: nothing overflows */
    parts.b = tp_ceil_div(nc, isa->nr) * panel_step(isa->nr, kc);
    parts.piece = tp_max(panels(isa->mr * nc, TP_LINE), PIECE_FLOATS);
    return parts;
}

static size_t sum(struct parts parts) {
    return parts.piece + parts.a + parts.b;
}

size_t tp_gemm_scratch(const struct tp_isa *isa, const struct tp_blocking *blocking, size_t m, size_t n, size_t k) {
    const size_t plain = sum(parts_of(isa, blocking, m, n, k, false));
    const size_t swapped = sum(parts_of(isa, blocking, n, m, k, true));
    return tp_max(plain, swapped);
}

/* The rows and columns that a call works on, of C or, if swapped, of C^T = B^T A^T; c and what concerns it, the bias
 * and the epilogue, are still those of C. */
struct job {
    const struct tp_gemm *g;
    bool swapped;
    struct tp_range rows, columns;
    struct tp_gemm_plan plan;
    float *a_panels, *b_panels; /* or NULL */
    float *b_copy;              /* panels of a piece, or NULL */
    float *piece;               /* where a part of the product waits to be transposed or consumed */
};

static struct parts job_parts(const struct job *job) {
    const struct tp_gemm *g = job->g;
    return parts_of(g->isa, g->blocking, g->m, g->n, g->k, job->swapped);
}

/* Rows are cut into as few strips as they need, as even as can be: those before higher are one row higher. */
struct cut {
    size_t height, higher;
};

static size_t height_at(const struct cut *cut, size_t row) {
    return cut->height + (row < cut->higher);
}

static struct cut cut_rows(size_t rows, size_t mr) {
    if (rows <= mr)
        return (struct cut){rows, 0};
    const size_t strips = tp_ceil_div(rows, mr), height = rows / strips;
    return (struct cut){height, (rows - height * strips) * (height + 1)};
}

/* One block of the loops: rows i.., columns j.., k steps p... */
struct block {
    size_t i, mc, j, nc, p, kc;
    struct cut cut;
};

/* c: rows i.., columns j.. of the finished product. */
static void finish(const struct tp_gemm *g, float *c, size_t ldc, size_t i, size_t j, size_t m, size_t n) {
    const struct tp_gemm_epilogue *e = &g->epilogue;
    for (size_t row = 0; e->keep && row < m; row++)
        memcpy(e->keep + (i + row) * e->ldkeep + j, c + row * ldc, n * sizeof *c);
    if (e->activate)
        e->activate(c, ldc, m, n, e->parameter);
    if (e->derive)
        e->derive(c, ldc, e->x + i * e->ldx + j, e->ldx, m, n, e->parameter);
    if (e->consume)
        e->consume(e->consumer, c, ldc, &(struct tp_place){i, j, m, n});
}

static const float *element(const struct tp_operand *x, size_t row, size_t column) {
    return x->p + row * x->row_step + column * x->column_step;
}

/* Rows of the strip at row x of the block; swapped, strips do not cross pieces. */
static size_t strip_height(const struct job *job, const struct block *b, size_t x) {
    const size_t first = x / TP_SWAPPED_ROWS * TP_SWAPPED_ROWS;
    if (!job->swapped)
        return height_at(&b->cut, x);
    const struct cut cut = cut_rows(tp_min(TP_SWAPPED_ROWS, b->mc - first), job->g->isa->mr);
    return height_at(&cut, x - first);
}

/* Rows x.. of the block, in panels or in place. */
static void point_at_a(struct tp_strip *strip, const struct job *job, const struct block *b, size_t x) {
    const struct tp_operand *a = &job->g->a;
    strip->a = job->a_panels ? job->a_panels + x * b->kc : element(a, b->i + x, b->p);
    strip->a_row = job->a_panels ? 1 : a->row_step;
    strip->a_step = job->a_panels ? strip->m : a->column_step;
    strip->a_strip = strip->m * (job->a_panels ? b->kc : a->row_step);
}

static bool b_in_panels(const struct job *job) {
    return job->g->b.packed || job->b_panels;
}

/* Columns y.. of the block. */
static void point_at_b(struct tp_strip *strip, const struct job *job, const struct block *b, size_t y) {
    const struct tp_operand *operand = &job->g->b;
    const size_t width = job->plan.width;
    strip->b_padded = b_in_panels(job);
    strip->b_step = strip->b_padded ? width : operand->row_step;
    strip->b_panel = operand->packed ? width * job->g->k : job->b_panels ? panel_step(width, b->kc) : width;
    strip->width = width;
    strip->b_ahead = job->plan.ahead;
    if (operand->packed)
        strip->b = operand->p + (b->j + y) * job->g->k + b->p * width;
    else
        strip->b = job->b_panels ? job->b_panels + y / width * strip->b_panel : element(operand, b->p, b->j + y);
}

/* A piece of the product: m rows from row x, n columns from column y of the block. */
struct piece {
    size_t x, m, y, n;
};

/* From the columns of a piece to those that are read after them: in this block, from its beginning once more, or in the
 * next k block unless that has to be packed first. 0: none, or they are not known, or one strip would ask for all, or
 * tiles are too small to ask for more than they need. */
static ptrdiff_t next_columns(const struct job *job, const struct block *b, const struct piece *piece,
                              const struct tp_strip *strip) {
    const bool last_rows = b->i + b->mc == job->rows.end, last_steps = b->p + b->kc == job->g->k;
    if (b->mc <= job->g->isa->mr || tp_narrow_tiles(job->g->isa))
        return 0;
    if (piece->y + piece->n < b->nc)
        return (ptrdiff_t)(piece->n / strip->width * strip->b_panel);
    if (last_rows && (last_steps || job->b_panels))
        return 0;
    return (ptrdiff_t)(last_rows ? b->kc * strip->b_step : 0) - (ptrdiff_t)(piece->y / strip->width * strip->b_panel);
}

/* Where the strips of one height end that begin at row x of the block. */
static size_t end_of_height(const struct job *job, const struct block *b, size_t x, size_t rows) {
    const size_t height = strip_height(job, b, x);
    size_t end = x + height;
    while (end < rows && strip_height(job, b, end) == height)
        end += height;
    return end;
}

/* The strips of a block share the rows of B that are read after it; those at row 0 bring B from far for all. */
static void share_b(const struct job *job, struct tp_strip *strip, const struct block *b, size_t x) {
    strip->b_far = job->plan.b_far && x == 0;
    strip->next_first = b->kc * x / b->mc;
    strip->next_rows = strip->b_next ? tp_ceil_div(b->kc * strip->m, b->mc) : 0;
}

/* Where the product goes that the strips compute, unless it is in cache: to C, at strip->c, or with their piece to what
 * consume writes. */
static void point_at_later(struct tp_strip *strip, const struct job *job, const struct block *b,
                           const struct piece *piece) {
    const struct tp_gemm_epilogue *e = &job->g->epilogue;
    strip->later = NULL;
    strip->ldlater = strip->ldc;
    if (job->plan.c_cached || job->swapped)
        return;
    if (strip->c != job->piece) {
        strip->later = strip->c;
    } else if (e->target) {
        strip->later = e->target + (b->i + piece->x) * e->ldtarget + b->j + piece->y;
        strip->ldlater = e->ldtarget;
    }
}

/* Where B is copied: the first strip does it, the others read the panels. */
static void use_copy(const struct job *job, struct tp_strip *strip, const struct block *b, size_t x) {
    if (!job->b_copy || strip->n % strip->width != 0)
        return;
    strip->b_copy_panel = panel_step(strip->width, b->kc);
    assert(strip->n / strip->width * strip->b_copy_panel <= job_parts(job).b);
    if (x == 0) {
        strip->strips = 1;
        strip->b_copy = job->b_copy;
        return;
    }
    strip->b_copy = NULL;
    strip->b = job->b_copy;
    strip->b_step = strip->width;
    strip->b_panel = strip->b_copy_panel;
}

static void run_strips(const struct job *job, const struct block *b, const struct piece *piece,
                       struct tp_strip *strip) {
    point_at_later(strip, job, b, piece);
    for (size_t x = piece->x, end; x < piece->x + piece->m; x = end) {
        strip->m = strip_height(job, b, x);
        strip->strips = (end_of_height(job, b, x, piece->x + piece->m) - x) / strip->m;
        point_at_a(strip, job, b, x);
        share_b(job, strip, b, x);
        use_copy(job, strip, b, x);
        end = x + strip->strips * strip->m;
        assert(strip->m >= 1 && strip->m <= job->g->isa->mr && end <= piece->x + piece->m);
        job->g->isa->gemm_strip(strip);
        strip->c += (end - x) * strip->ldc;
        if (strip->later)
            strip->later += (end - x) * strip->ldlater;
    }
}

/* What a piece of C^T, m x n at row i, column j, starts from. */
static void start_swapped(const struct tp_gemm *g, struct tp_strip *strip, size_t i, size_t j, size_t m) {
    if (strip->start == TP_START_BIAS) {
        for (size_t x = 0; x < m; x++)
            for (size_t y = 0; y < strip->n; y++)
                strip->c[x * strip->ldc + y] = g->bias[i + x];
        strip->start = TP_START_C;
    } else if (strip->start != TP_START_ZERO) {
        g->isa->transpose(strip->c, strip->ldc, g->c + j * g->ldc + i, g->ldc, strip->n, m);
    }
}

static void multiply_swapped(const struct job *job, const struct block *b, const struct piece *piece,
                             struct tp_strip *strip, bool last) {
    const struct tp_gemm *g = job->g;
    const size_t i = b->i + piece->x, j = b->j + piece->y;
    assert(piece->m <= TP_SWAPPED_ROWS && piece->n <= TP_SWAPPED_COLUMNS);
    strip->c = job->piece;
    strip->ldc = TP_SWAPPED_COLUMNS;
    start_swapped(g, strip, i, j, piece->m);
    run_strips(job, b, piece, strip);
    g->isa->transpose(g->c + j * g->ldc + i, g->ldc, job->piece, TP_SWAPPED_COLUMNS, piece->m, piece->n);
    if (last)
        finish(g, g->c + j * g->ldc + i, g->ldc, j, i, piece->n, piece->m);
}

/* What is consumed after its only k block does not pass through C. */
static void multiply_plain(const struct job *job, const struct block *b, const struct piece *piece,
                           struct tp_strip *strip, bool last) {
    const struct tp_gemm *g = job->g;
    const size_t i = b->i + piece->x, j = b->j + piece->y;
    const bool passing = g->epilogue.consume && b->kc == g->k;
    assert(!passing || piece->m * piece->n <= job_parts(job).piece);
    float *c = passing ? job->piece : g->c + i * g->ldc + j;
    strip->c = c;
    strip->ldc = passing ? piece->n : g->ldc;
    strip->bias = g->bias ? g->bias + j : NULL;
    run_strips(job, b, piece, strip);
    if (last)
        finish(g, c, strip->ldc, i, j, piece->m, piece->n);
}

static void multiply_piece(const struct job *job, const struct block *b, const struct piece *piece) {
    const struct tp_gemm *g = job->g;
    const bool last = b->p + b->kc == g->k;
    struct tp_strip strip; /* member by member: compilers clear a whole one by a loop that takes as long as a tile */
    strip.n = piece->n;
    strip.k = b->kc;
    strip.start = b->p ? TP_START_C : g->start;
    strip.beta = g->beta;
    strip.bias = NULL;
    strip.b_copy = NULL;
    point_at_b(&strip, job, b, piece->y);
    strip.b_next = next_columns(job, b, piece, &strip);
    if (job->swapped)
        multiply_swapped(job, b, piece, &strip, last);
    else
        multiply_plain(job, b, piece, &strip, last);
}

/* At least one. */
static size_t whole_panels(size_t columns, size_t width) {
    return columns < width ? width : columns / width * width;
}

static bool finishes(const struct tp_gemm_epilogue *e) {
    return e->keep || e->activate || e->derive || e->consume;
}

/* Where B is in panels or copied to some: the fewer k steps, the more columns; but not many more if something is done
 * to the product next, such as an update of three other arrays: a strip of all should stay in the first-level cache. */
static size_t panel_columns(const struct job *job, const struct block *b) {
    const struct tp_blocking *blocking = job->g->blocking;
    const size_t some = tp_min(tp_max(blocking->nc / PIECES, PIECE_COLUMNS), blocking->nc);
    const size_t most = finishes(&job->g->epilogue) ? some : blocking->nc;
    return whole_panels(tp_min(blocking->nc * blocking->kc / PIECES / b->kc, most), job->plan.width);
}

/* Strip after strip runs over so many columns of a block, whose B stays in the second-level cache meanwhile; where A
 * stays in the first-level cache anyway, so does B, as many panels as fit. */
static size_t piece_columns(const struct job *job, const struct block *b) {
    const struct tp_gemm *g = job->g;
    const size_t width = job->plan.width, cached = g->isa->mr * g->blocking->kc;
    if (job->swapped)
        return TP_SWAPPED_COLUMNS;
    if (b->mc <= g->isa->mr)
        return b->nc;
    if (b_in_panels(job) || job->b_copy)
        return panel_columns(job, b);
    if (b->mc * b->kc <= cached && b->nc * b->kc > cached)
        return whole_panels(cached / b->kc, width);
    if (job->plan.b_far)
        return FAR_PANELS * width;
    return whole_panels(PIECE_COLUMNS, width);
}

/* Rows of the piece at row x: all, but if something is done to the product next, only so many strips as stay in the
 * first-level cache meanwhile, or one. */
static size_t piece_rows(const struct job *job, const struct block *b, size_t x, size_t columns) {
    if (job->swapped)
        return tp_min(TP_SWAPPED_ROWS, b->mc - x);
    if (b->p + b->kc < job->g->k || !finishes(&job->g->epilogue))
        return b->mc - x;
    const size_t most = PIECE_FLOATS / columns;
    size_t rows = strip_height(job, b, x);
    while (x + rows < b->mc && rows + strip_height(job, b, x + rows) <= most)
        rows += strip_height(job, b, x + rows);
    return rows;
}

static void multiply_block(const struct job *job, const struct block *b) {
    const size_t columns = piece_columns(job, b);
    struct piece piece;
    for (piece.y = 0; piece.y < b->nc; piece.y += piece.n) {
        piece.n = tp_min(columns, b->nc - piece.y);
        if (job->b_copy) /* the rest of the last panel is not copied */
            piece.n = tp_min(piece.n, whole_panels(piece.n, job->plan.width));
        for (piece.x = 0; piece.x < b->mc; piece.x += piece.m) {
            piece.m = piece_rows(job, b, piece.x, columns);
            multiply_piece(job, b, &piece);
        }
    }
}

/* Strips of one height together. */
static void pack_a(const struct job *job, const struct block *b) {
    const struct tp_gemm *g = job->g;
    for (size_t x = 0, end; x < b->mc; x = end) {
        end = end_of_height(job, b, x, b->mc);
        g->isa->pack_a(job->a_panels + x * b->kc, element(&g->a, b->i + x, b->p), g->a.row_step, g->a.column_step,
                       end - x, b->kc, strip_height(job, b, x), g->alpha);
    }
}

static void pack_b(const struct job *job, const struct block *b) {
    const struct tp_gemm *g = job->g;
    g->isa->pack_b(job->b_panels, element(&g->b, b->p, b->j), g->b.row_step, g->b.column_step, b->kc, b->nc,
                   job->plan.width, panel_step(job->plan.width, b->kc));
}

static void multiply(const struct job *job) {
    const struct tp_gemm_plan *plan = &job->plan;
    struct block b;
    for (b.j = job->columns.begin; b.j < job->columns.end; b.j += plan->nc) {
        b.nc = tp_min(plan->nc, job->columns.end - b.j);
        for (b.p = 0; b.p < job->g->k; b.p += plan->kc) {
            b.kc = tp_min(plan->kc, job->g->k - b.p);
            if (job->b_panels)
                pack_b(job, &b);
            for (b.i = job->rows.begin; b.i < job->rows.end; b.i += plan->mc) {
                b.mc = tp_min(plan->mc, job->rows.end - b.i);
                b.cut = cut_rows(b.mc, job->g->isa->mr);
                if (job->a_panels)
                    pack_a(job, &b);
                multiply_block(job, &b);
            }
        }
    }
}

/* All k steps of some rows and columns, in place. */
static struct tp_strip whole_strip(const struct job *job, const struct tp_place *place) {
    const struct tp_gemm *g = job->g;
    struct tp_strip strip; /* what else is read, the caller fills in */
    strip.m = place->m;
    strip.n = place->n;
    strip.k = g->k;
    strip.a = element(&g->a, place->i, 0);
    strip.a_row = g->a.row_step;
    strip.a_step = g->a.column_step;
    strip.b = element(&g->b, 0, place->j);
    strip.b_step = g->b.column_step == 1 ? g->b.row_step : g->b.column_step;
    assert(!job->swapped || place->m * place->n <= PIECE_FLOATS);
    strip.c = job->swapped ? job->piece : g->c + place->i * g->ldc + place->j;
    strip.ldc = job->swapped ? PIECE_FLOATS / place->m : g->ldc;
    strip.start = g->start;
    strip.beta = g->beta;
    strip.bias = g->bias && !job->swapped ? g->bias + place->j : NULL;
    return strip;
}

static struct tp_place whole_place(const struct job *job) {
    return (struct tp_place){job->rows.begin, job->columns.begin, job->rows.end - job->rows.begin,
                             job->columns.end - job->columns.begin};
}

/* Where rows of A are packed, block after block of k steps; the last one must not have fewer than TP_DOTS_STEPS. */
static void run_thin(const struct job *job, struct tp_strip *strip, tp_gemm_strip_fn *kernel) {
    if (!job->a_panels) {
        kernel(strip);
        return;
    }
    const float *a = strip->a;
    const size_t row_step = strip->a_row;
    strip->a = job->a_panels;
    strip->a_row = 1;
    strip->a_step = strip->m;
    for (size_t left = strip->k; left; left -= strip->k) {
        strip->k = left <= DOTS_BLOCK ? left : left < DOTS_BLOCK + TP_DOTS_STEPS ? left - TP_DOTS_STEPS : DOTS_BLOCK;
        assert(strip->m * strip->k <= DOTS_FLOATS);
        job->g->isa->transpose(job->a_panels, strip->m, a, row_step, strip->m, strip->k);
        kernel(strip);
        strip->start = TP_START_C;
        strip->b += strip->k;
        a += strip->k;
    }
}

/* A piece of C, or of C^T on its way to C. */
static void multiply_thin_piece(const struct job *job, const struct tp_place *p, tp_gemm_strip_fn *kernel) {
    const struct tp_gemm *g = job->g;
    struct tp_strip strip = whole_strip(job, p);
    if (!job->swapped) {
        run_thin(job, &strip, kernel);
        finish(g, strip.c, g->ldc, p->i, p->j, p->m, p->n);
        return;
    }
    float *c = g->c + p->j * g->ldc + p->i;
    start_swapped(g, &strip, p->i, p->j, p->m);
    run_thin(job, &strip, kernel);
    g->isa->transpose(c, g->ldc, strip.c, strip.ldc, p->m, p->n);
    finish(g, c, g->ldc, p->j, p->i, p->n, p->m);
}

/* Piece after piece of columns, which stays in the first-level cache: gemm_axpy passes over it again and again, and
 * something may be done to it next. The last piece is not so small that it has no whole vector. */
static void multiply_thin(const struct job *job, tp_gemm_strip_fn *kernel) {
    struct tp_place p = whole_place(job);
    const size_t most = (PIECE_FLOATS / p.m - TP_LINE) / TP_LINE * TP_LINE;
    for (; p.j < job->columns.end; p.j += p.n) {
        const size_t left = job->columns.end - p.j;
        p.n = left <= most + TP_LINE ? left : most;
        multiply_thin_piece(job, &p, kernel);
    }
}

static void multiply_in_place(const struct job *job) {
    const struct tp_gemm *g = job->g;
    const struct tp_place p = whole_place(job);
    const struct cut cut = cut_rows(p.m, g->isa->mr);
    struct tp_strip strip = whole_strip(job, &p);
    strip.width = strip.b_panel = tp_panel_width(g->isa, p.n);
    strip.b_padded = strip.b_far = false;
    strip.b_copy = NULL;
    strip.later = NULL;
    strip.ldlater = strip.ldc;
    strip.b_ahead = strip.next_first = strip.next_rows = 0;
    strip.b_next = 0;
    for (size_t x = 0, end; x < p.m; x = end) {
        end = x < cut.higher ? cut.higher : p.m;
        strip.m = height_at(&cut, x);
        strip.strips = (end - x) / strip.m;
        strip.a = element(&g->a, p.i + x, 0);
        strip.a_strip = strip.m * g->a.row_step;
        strip.c = g->c + (p.i + x) * g->ldc + p.j;
        g->isa->gemm_strip(&strip);
    }
    finish(g, g->c + p.i * g->ldc + p.j, g->ldc, p.i, p.j, p.m, p.n);
}

static void multiply_outer_piece(const struct job *job, const struct tp_place *p) {
    const struct tp_gemm *g = job->g;
    struct tp_strip strip = whole_strip(job, p);
    g->isa->gemm_outer(&strip);
    finish(g, strip.c, strip.ldc, p->i, p->j, p->m, p->n);
}

/* In pieces that stay in the first-level cache for what is done to them next. */
static void multiply_outer(const struct job *job) {
    const size_t columns = tp_min(job->columns.end - job->columns.begin, PIECE_FLOATS), rows = PIECE_FLOATS / columns;
    struct tp_place p;
    for (p.j = job->columns.begin; p.j < job->columns.end; p.j += columns) {
        p.n = tp_min(columns, job->columns.end - p.j);
        for (p.i = job->rows.begin; p.i < job->rows.end; p.i += rows) {
            p.m = tp_min(rows, job->rows.end - p.i);
            multiply_outer_piece(job, &p);
        }
    }
}

/* No products: the start value alone, through strips of zero k steps. */
static void start_only(const struct job *job) {
    const struct tp_gemm *g = job->g;
    const size_t j = job->columns.begin;
    struct tp_strip strip = {.n = job->columns.end - j, .strips = 1, .start = g->start, .beta = g->beta, .ldc = g->ldc};
    strip.a = strip.b = g->c;
    strip.a_row = 1;
    strip.width = g->isa->nr;
    strip.bias = g->bias ? g->bias + j : NULL;
    for (size_t i = job->rows.begin; i < job->rows.end; i += strip.m) {
        strip.m = tp_min(g->isa->mr, job->rows.end - i);
        strip.c = g->c + i * g->ldc + j;
        g->isa->gemm_strip(&strip);
        finish(g, strip.c, g->ldc, i, j, strip.m, strip.n);
    }
}

static struct tp_gemm swap(const struct tp_gemm *g) {
    struct tp_gemm swapped = *g;
    swapped.m = g->n;
    swapped.n = g->m;
    swapped.a = tp_gemm_transposed(&g->b);
    swapped.b = tp_gemm_transposed(&g->a);
    return swapped;
}

static void place_panels(struct job *job, float *scratch) {
    job->b_panels = job->b_copy = NULL;
    if (!job->plan.pack_a && !job->plan.pack_b && !job->plan.b_copied)
        return;
    const struct parts parts = job_parts(job);
    assert(!job->plan.pack_a || job->plan.mc * job->plan.kc <= parts.a);
    assert(!job->plan.pack_b ||
           tp_ceil_div(job->plan.nc, job->plan.width) * panel_step(job->plan.width, job->plan.kc) <= parts.b);
    if (job->plan.pack_a)
        job->a_panels = scratch + parts.piece;
    if (job->plan.pack_b)
        job->b_panels = scratch + parts.piece + parts.a;
    if (job->plan.b_copied)
        job->b_copy = scratch + parts.piece + parts.a;
}

static void run(struct job *job, enum tp_way way, struct tp_team team, float *scratch) {
    const struct tp_gemm *g = job->g;
    tp_gemm_share(g, job->swapped, team, &job->rows, &job->columns);
    const size_t rows = job->rows.end - job->rows.begin;
    const size_t columns = job->columns.end - job->columns.begin;
    if (!rows || !columns)
        return;
    if (g->k == 0 || g->alpha == 0) {
        start_only(job);
        return;
    }
    job->piece = scratch;
    job->a_panels = NULL;
    if (way == TP_OUTER) {
        multiply_outer(job);
    } else if (way == TP_DOTS && columns >= g->isa->lanes) {
        const bool conflicts = rows > 2 && g->a.row_step % TP_CONFLICT == 0;
        if (g->a.column_step == 1 && (rows > TP_DOTS_APART || conflicts))
            job->a_panels = scratch + PIECE_FLOATS;
        multiply_thin(job, g->isa->gemm_dots);
    } else if (way == TP_AXPY) {
        multiply_thin(job, g->isa->gemm_axpy);
    } else if (way == TP_IN_PLACE) {
        multiply_in_place(job);
    } else {
        job->plan = tp_gemm_plan(g, rows, columns, job->swapped);
        place_panels(job, scratch);
        multiply(job);
    }
}

void tp_gemm_run(const struct tp_gemm *g, struct tp_team team, float *scratch) {
    assert(g->m && g->n && g->c && scratch && (g->ldc >= g->n || g->m == 1));
    assert(!g->k || g->alpha == 0 || (g->a.p && g->b.p));
    assert(g->a.row_step == 1 || g->a.column_step == 1);
    assert(g->b.packed || g->b.row_step == 1 || g->b.column_step == 1);
    assert(g->start != TP_START_BIAS || g->bias);
    assert(!g->epilogue.derive || g->epilogue.x);
    assert(!g->epilogue.consume || g->start == TP_START_ZERO);
    const enum tp_way way = g->k > 0 ? tp_gemm_way(g) : TP_PANELS;
    struct tp_gemm other;
    struct job job; /* member by member, as above */
    job.g = g;
    job.swapped = way == TP_SWAPPED;
    if (job.swapped) {
        other = swap(g);
        job.g = &other;
    }
    run(&job, job.swapped ? tp_gemm_swapped_way(&other) : way, team, scratch);
}
