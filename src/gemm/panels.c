/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Goto's loops (Goto and van de Geijn 2008) around the strip. Within one element of C the k blocks follow each other in
 * order and carry the partial sum through C, so blocking does not change a bit.
 */
#include "gemm/plan.h"
#include "gemm/routes.h"
#include "gemm/tree.h"

/* A block of B is used in about so many pieces; read in place, in pieces of about so many columns; uncached, panels. */
#define PIECES 4
#define PIECE_COLUMNS 160
#define UNCACHED_PANELS 2

/* Where sums of parts wait for others, a piece has so many strips. */
#define PART_STRIPS 2

/* A part of a product with its plan. */
struct loops {
    const struct tp_job *job;
    const struct tp_gemm *g;
    bool transposed;
    struct tp_plan plan;
    float *a_panels, *b_panels;   /* or NULL */
    float *b_copy;                /* panels of a piece, or NULL */
    float *piece;                 /* where a part of the product waits to be transposed or consumed */
    float *level[TP_TREE_LEVELS]; /* where sums of parts wait for others, shaped like a piece */
};

static struct tp_scratch scratch_of(const struct loops *l) {
    return tp_scratch_of(l->g, l->transposed);
}

/* One block of the loops: rows i.., columns j.., k steps p.., of which steps from number first on are in work: all, or
 * a part whose sums are apart. */
struct block {
    size_t i, mc, j, nc, p, kc, first, steps;
    struct tp_cut cut;
};

/* Rows of the strip at row x of the block; transposed, strips do not cross pieces. */
static size_t strip_height(const struct loops *l, const struct block *b, size_t x) {
    const size_t first = x / TP_PIECE_ROWS * TP_PIECE_ROWS;
    if (!l->transposed)
        return tp_height_at(&b->cut, x);
    const struct tp_cut cut = tp_cut_rows(tp_min(TP_PIECE_ROWS, b->mc - first), l->g->isa->mr);
    return tp_height_at(&cut, x - first);
}

/* Rows x.. of the block, in panels or in place. */
static void point_at_a(struct tp_strip *strip, const struct loops *l, const struct block *b, size_t x) {
    const struct tp_operand *a = &l->g->a;
    strip->a_row = l->a_panels ? 1 : a->row_step;
    strip->a_step = l->a_panels ? strip->m : a->column_step;
    strip->a = (l->a_panels ? l->a_panels + x * b->kc : tp_element(a, b->i + x, b->p)) + b->first * strip->a_step;
    strip->a_strip = strip->m * (l->a_panels ? b->kc : a->row_step);
}

static bool b_in_panels(const struct loops *l) {
    return l->g->b.packed || l->b_panels;
}

/* Columns y.. of the block. */
static void point_at_b(struct tp_strip *strip, const struct loops *l, const struct block *b, size_t y) {
    const struct tp_operand *operand = &l->g->b;
    const size_t width = l->plan.width;
    strip->b_padded = b_in_panels(l);
    strip->b_step = strip->b_padded ? width : operand->row_step;
    strip->b_panel = operand->packed ? width * l->g->k : l->b_panels ? tp_panel_step(width, b->kc) : width;
    strip->width = width;
    strip->b_ahead = l->plan.ahead;
    if (operand->packed)
        strip->b = operand->p + (b->j + y) * l->g->k + b->p * width;
    else
        strip->b = l->b_panels ? l->b_panels + y / width * strip->b_panel : tp_element(operand, b->p, b->j + y);
    strip->b += b->first * strip->b_step;
}

/* A piece of the product: m rows from row x, n columns from column y of the block. */
struct piece {
    size_t x, m, y, n;
};

/* From the columns of a piece to those that are read after them: in this block, from its beginning once more, or in the
 * next k block unless that has to be packed first. 0: none, or they are not known, or one strip would ask for all, or
 * tiles are too small to ask for more than they need. */
static ptrdiff_t next_columns(const struct loops *l, const struct block *b, const struct piece *piece,
                              const struct tp_strip *strip) {
    const bool last_rows = b->i + b->mc == l->job->rows.end, last_steps = b->p + b->kc == l->g->k;
    if (b->mc <= l->g->isa->mr || !l->g->isa->tuning.prefetch_next)
        return 0;
    if (piece->y + piece->n < b->nc)
        return (ptrdiff_t)(piece->n / strip->width * strip->b_panel);
    if (last_rows && (last_steps || l->b_panels))
        return 0;
    return (ptrdiff_t)(last_rows ? b->kc * strip->b_step : 0) - (ptrdiff_t)(piece->y / strip->width * strip->b_panel);
}

/* Where the strips of one height end that begin at row x of the block. */
static size_t end_of_height(const struct loops *l, const struct block *b, size_t x, size_t rows) {
    const size_t height = strip_height(l, b, x);
    size_t end = x + height;
    while (end < rows && strip_height(l, b, end) == height)
        end += height;
    return end;
}

/* The strips of a block share the rows of B that are read after it; those at row 0 bring an uncached B for all. */
static void share_b(const struct loops *l, struct tp_strip *strip, const struct block *b, size_t x) {
    strip->b_uncached = l->plan.reading->uncached && x == 0;
    strip->next_first = b->steps * x / b->mc;
    strip->next_rows = strip->b_next ? tp_ceil_div(b->steps * strip->m, b->mc) : 0;
}

/* Where the product goes that the strips compute, unless it is in cache: to C, at strip->c, or with their piece to what
 * consume writes. */
static void prefetch_product(struct tp_strip *strip, const struct loops *l, const struct block *b,
                             const struct piece *piece) {
    const struct tp_gemm_epilogue *e = &l->g->epilogue;
    strip->prefetch_c = NULL;
    strip->ldprefetch = strip->ldc;
    if (l->plan.c_cached || l->transposed || b->first + b->steps < b->kc)
        return;
    if (strip->c != l->piece) {
        strip->prefetch_c = strip->c;
    } else if (e->target) {
        strip->prefetch_c = e->target + (b->i + piece->x) * e->ldtarget + b->j + piece->y;
        strip->ldprefetch = e->ldtarget;
    }
}

/* Where B is copied: the first strip does it, the others read the panels. */
static void use_copy(const struct loops *l, struct tp_strip *strip, const struct block *b, size_t x) {
    if (!l->b_copy || strip->n % strip->width != 0)
        return;
    const size_t first = b->first * strip->width;
    strip->b_copy_panel = tp_panel_step(strip->width, b->kc);
    assert(strip->n / strip->width * strip->b_copy_panel <= scratch_of(l).b);
    if (x == 0) {
        strip->strips = 1;
        strip->b_copy = l->b_copy + first;
        return;
    }
    strip->b_copy = NULL;
    strip->b = l->b_copy + first;
    strip->b_step = strip->width;
    strip->b_panel = strip->b_copy_panel;
}

static void run_strips(const struct loops *l, const struct block *b, const struct piece *piece,
                       struct tp_strip *strip) {
    prefetch_product(strip, l, b, piece);
    for (size_t x = piece->x, end; x < piece->x + piece->m; x = end) {
        strip->m = strip_height(l, b, x);
        strip->strips = (end_of_height(l, b, x, piece->x + piece->m) - x) / strip->m;
        point_at_a(strip, l, b, x);
        share_b(l, strip, b, x);
        use_copy(l, strip, b, x);
        end = x + strip->strips * strip->m;
        assert(strip->m >= 1 && strip->m <= l->g->isa->mr && end <= piece->x + piece->m);
        l->g->isa->gemm_strip(strip);
        strip->c += (end - x) * strip->ldc;
        if (strip->prefetch_c)
            strip->prefetch_c += (end - x) * strip->ldprefetch;
    }
}

/* The steps of the block that are in work. */
static void run_steps(const struct loops *l, const struct block *b, const struct piece *piece, struct tp_strip *strip) {
    strip->k = b->steps;
    point_at_b(strip, l, b, piece->y);
    strip->b_next = next_columns(l, b, piece, strip);
    run_strips(l, b, piece, strip);
}

/* Sums of parts of the steps, added at strip->c while they stay in cache. */
static void run_parts(const struct loops *l, const struct block *b, const struct piece *piece, struct tp_strip *strip) {
    const size_t parts = l->g->parts, n = piece->m * strip->ldc;
    float *c = strip->c;
    struct block part = *b;
    assert(c == l->piece && strip->start == TP_START_ZERO && b->kc == l->g->k && n <= TP_PIECE_FLOATS);
    for (size_t i = 0; i < parts; i++) {
        const struct tp_range steps = tp_share(b->kc, 1, (int)i, (int)parts);
        part.first = steps.begin;
        part.steps = steps.end - steps.begin;
        strip->c = tp_has_lower(i, 0) ? c : l->level[0];
        run_steps(l, &part, piece, strip);
        if (tp_has_lower(i, 0))
            tp_tree_add(l->g->isa, l->level, i, 0, c, n, i + 1 < parts ? NULL : c);
    }
}

static void run_piece(const struct loops *l, const struct block *b, const struct piece *piece, struct tp_strip *strip) {
    if (l->g->parts > 1)
        run_parts(l, b, piece, strip);
    else
        run_steps(l, b, piece, strip);
}

static void multiply_transposed(const struct loops *l, const struct block *b, const struct piece *piece,
                                struct tp_strip *strip, bool last) {
    const struct tp_place place = {b->i + piece->x, b->j + piece->y, piece->m, piece->n};
    assert(piece->m <= TP_PIECE_ROWS && piece->n <= TP_PIECE_COLUMNS);
    strip->c = l->piece;
    strip->ldc = piece->n;
    strip->start = tp_begin_transposed(l->g, strip->start, strip->c, strip->ldc, &place);
    run_piece(l, b, piece, strip);
    tp_end_transposed(l->g, l->piece, piece->n, &place, last);
}

/* What is consumed after its only k block does not pass through C. */
static void multiply_plain(const struct loops *l, const struct block *b, const struct piece *piece,
                           struct tp_strip *strip, bool last) {
    const struct tp_gemm *g = l->g;
    const struct tp_place place = {b->i + piece->x, b->j + piece->y, piece->m, piece->n};
    const bool passing = g->epilogue.consume && b->kc == g->k;
    assert(!passing || piece->m * piece->n <= scratch_of(l).piece);
    float *c = passing ? l->piece : g->c + place.i * g->ldc + place.j;
    strip->c = c;
    strip->ldc = passing ? piece->n : g->ldc;
    strip->bias = g->bias ? g->bias + place.j : NULL;
    run_piece(l, b, piece, strip);
    if (last)
        tp_gemm_finish(g, c, strip->ldc, &place);
}

static void multiply_piece(const struct loops *l, const struct block *b, const struct piece *piece) {
    const struct tp_gemm *g = l->g;
    const bool last = b->p + b->kc == g->k;
    struct tp_strip strip; /* member by member: compilers clear a whole one by a loop that takes as long as a tile */
    strip.n = piece->n;
    strip.start = b->p ? TP_START_C : g->start;
    strip.beta = g->beta;
    strip.bias = NULL;
    strip.b_copy = NULL;
    if (l->transposed)
        multiply_transposed(l, b, piece, &strip, last);
    else
        multiply_plain(l, b, piece, &strip, last);
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
static size_t panel_columns(const struct loops *l, const struct block *b) {
    const struct tp_blocking *blocking = l->g->blocking;
    const size_t some = tp_min(tp_max(blocking->nc / PIECES, PIECE_COLUMNS), blocking->nc);
    const size_t most = finishes(&l->g->epilogue) ? some : blocking->nc;
    return whole_panels(tp_min(blocking->nc * blocking->kc / PIECES / b->kc, most), l->plan.width);
}

/* Strip after strip runs over so many columns of a block, whose B stays in the second-level cache meanwhile; where A
 * stays in the first-level cache anyway, so does B, as many panels as fit. */
static size_t piece_columns(const struct loops *l, const struct block *b) {
    const struct tp_gemm *g = l->g;
    const size_t width = l->plan.width, cached = g->isa->mr * g->blocking->kc;
    if (l->transposed)
        return TP_PIECE_COLUMNS;
    if (g->parts > 1)
        return whole_panels(TP_PIECE_FLOATS / PART_STRIPS / g->isa->mr, width);
    if (b->mc <= g->isa->mr)
        return b->nc;
    if (b_in_panels(l) || l->b_copy)
        return panel_columns(l, b);
    if (b->mc * b->kc <= cached && b->nc * b->kc > cached)
        return whole_panels(cached / b->kc, width);
    if (l->plan.reading->uncached)
        return UNCACHED_PANELS * width;
    return whole_panels(PIECE_COLUMNS, width);
}

/* Rows of the piece at row x: all, but if something is done to the product next, only so many strips as stay in the
 * first-level cache meanwhile, or one. */
static size_t piece_rows(const struct loops *l, const struct block *b, size_t x, size_t columns) {
    if (l->transposed)
        return tp_min(TP_PIECE_ROWS, b->mc - x);
    if (b->p + b->kc < l->g->k || !finishes(&l->g->epilogue))
        return b->mc - x;
    const size_t most = TP_PIECE_FLOATS / columns;
    size_t rows = strip_height(l, b, x);
    while (x + rows < b->mc && rows + strip_height(l, b, x + rows) <= most)
        rows += strip_height(l, b, x + rows);
    return rows;
}

static void multiply_block(const struct loops *l, const struct block *b) {
    const size_t columns = piece_columns(l, b);
    struct piece piece;
    for (piece.y = 0; piece.y < b->nc; piece.y += piece.n) {
        piece.n = tp_min(columns, b->nc - piece.y);
        if (l->b_copy) /* the rest of the last panel is not copied */
            piece.n = tp_min(piece.n, whole_panels(piece.n, l->plan.width));
        for (piece.x = 0; piece.x < b->mc; piece.x += piece.m) {
            piece.m = piece_rows(l, b, piece.x, columns);
            multiply_piece(l, b, &piece);
        }
    }
}

/* Strips of one height together. */
static void pack_a(const struct loops *l, const struct block *b) {
    const struct tp_gemm *g = l->g;
    for (size_t x = 0, end; x < b->mc; x = end) {
        end = end_of_height(l, b, x, b->mc);
        g->isa->pack_a(l->a_panels + x * b->kc, tp_element(&g->a, b->i + x, b->p), g->a.row_step, g->a.column_step,
                       end - x, b->kc, strip_height(l, b, x), g->alpha);
    }
}

static void pack_b(const struct loops *l, const struct block *b) {
    const struct tp_gemm *g = l->g;
    g->isa->pack_b(l->b_panels, tp_element(&g->b, b->p, b->j), g->b.row_step, g->b.column_step, b->kc, b->nc,
                   l->plan.width, tp_panel_step(l->plan.width, b->kc));
}

static void multiply(const struct loops *l) {
    const struct tp_plan *plan = &l->plan;
    struct block b;
    for (b.j = l->job->columns.begin; b.j < l->job->columns.end; b.j += plan->nc) {
        b.nc = tp_min(plan->nc, l->job->columns.end - b.j);
        for (b.p = 0; b.p < l->g->k; b.p += plan->kc) {
            b.kc = tp_min(plan->kc, l->g->k - b.p);
            b.first = 0;
            b.steps = b.kc;
            if (l->b_panels)
                pack_b(l, &b);
            for (b.i = l->job->rows.begin; b.i < l->job->rows.end; b.i += plan->mc) {
                b.mc = tp_min(plan->mc, l->job->rows.end - b.i);
                b.cut = tp_cut_rows(b.mc, l->g->isa->mr);
                if (l->a_panels)
                    pack_a(l, &b);
                multiply_block(l, &b);
            }
        }
    }
}

static void place_panels(struct loops *l, float *scratch) {
    const struct tp_plan *plan = &l->plan;
    l->piece = scratch;
    for (size_t i = 0; i < tp_tree_levels(l->g->parts); i++)
        l->level[i] = l->g->levels + i * TP_PIECE_FLOATS;
    l->a_panels = l->b_panels = l->b_copy = NULL;
    if (!plan->pack_a && !plan->reading->packs && !plan->reading->copies)
        return;
    const struct tp_scratch parts = scratch_of(l);
    assert(!plan->pack_a || plan->mc * plan->kc <= parts.a);
    assert(!plan->reading->packs ||
           tp_ceil_div(plan->nc, plan->width) * tp_panel_step(plan->width, plan->kc) <= parts.b);
    if (plan->pack_a)
        l->a_panels = scratch + parts.piece;
    if (plan->reading->packs)
        l->b_panels = scratch + parts.piece + parts.a;
    if (plan->reading->copies)
        l->b_copy = scratch + parts.piece + parts.a;
}

void tp_run_panels(const struct tp_job *job) {
    const struct tp_place all = tp_job_place(job);
    const struct tp_part part = tp_part_of(job->g, job->transposed, all.m, all.n);
    struct loops l; /* member by member, as in gemm.c */
    l.job = job;
    l.g = job->g;
    l.transposed = job->transposed;
    l.plan = tp_plan_of(&part);
    place_panels(&l, job->scratch);
    multiply(&l);
}
