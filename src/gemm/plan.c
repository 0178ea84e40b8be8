/* SPDX-License-Identifier: BSD-3-Clause */
/* The numbers here were measured with bench_gemm, those for AVX-512 on a Xeon, those for AVX2 on an EPYC as well. */
#include "gemm/plan.h"

#include "core/size.h"

#include <assert.h>

/* Above so many strips, panels of B are used often enough to pay for packing; above fewer if that saves loads that come
 * from far, lie in two cache lines or in crowded sets of a cache, or have masks. */
#define PACK_B_STRIPS 60
#define PACK_B_SLOW_STRIPS 16
#define PACK_B_MASKED_STRIPS 6
/* Up to so many rows of C, B is read once, as it lies: so many floats of each panel, whose rows are walked side by
 * side; or so many rows, under one strip, if tiles are narrow, rows of B as long as a page and B vast. */
#define FEW_ROWS 4
#define FEW_CONFLICTING_STRIPS 2
#define FEW_FLOATS 1536
#define FEW_LONG_STEPS 12
/* Where rows of B conflict: up to so many rows of C, fewer if they lie farther apart, it is read in place by tiles that
 * take several lines of a row, in blocks of so many of its rows; swapped, more. */
#define PACK_B_CONFLICTING_ROWS 96
#define CONFLICTING_STEPS 64
#define CONFLICTING_STEPS_SWAPPED 256
/* Where B is read in place and takes more of the second-level cache than one of so many parts, k blocks are so short
 * that a panel stays in the first (48 KiB where this was measured): it need not stay in the second, of which other
 * programs take their part. */
#define SMALL_PARTS 4
#define IN_PLACE_STEPS 170
/* Prefetch distances, where there is prefetching: floats along a row or panel of B, along long rows that are walked
 * side by side, and rows of B. */
#define AHEAD 1024
#define LONG_AHEAD 64
#define ROWS_AHEAD 8
/* For narrow tiles B comes from far if it takes more of the second-level cache than one of so many parts. Read in
 * place, it goes by blocks of so many steps and panels are asked for, if rows are longer than so many panels. If it is
 * so many times as large as that cache, long rows of it are better walked side by side under one strip. */
#define FAR_PARTS 2
#define FAR_STEPS 256
#define ASK_PANELS 4
#define WALKED_CACHES 16
/* If one block of A has all rows, the first strip of narrow tiles copies B for the others (measured for AVX2 only), in
 * blocks of so many steps: where rows of B conflict, so that no cache holds a panel until the next strip; and where B
 * would be packed, if its rows begin at lines. Where B comes from far and is not worth packing, from so many strips on,
 * if its rows do not begin at lines; from fewer on, if they lie in a quarter of the sets that conflict. */
#define COPY_STEPS 256
#define COPY_STRIPS 8
#define COPY_QUARTER_STRIPS 4
/* Rows of A that lie side by side in memory are packed, unless they conflict, only for more panels of B and more steps
 * of k than these, and if the steps reach over so many floats, and so over many pages. */
#define PACK_A_PANELS 4
#define PACK_A_STEPS 64
#define PACK_A_REACH 32768
/* Rows of C are passed over again and again if they are at least so many tiles wide. */
#define AXPY_TILES 2
/* A product needs no plan if its operands together, or for one strip B, are no larger than so many strips of A. */
#define IN_PLACE_BLOCKS 4
/* So many sums hide the latency of a multiply-add. In a narrow tile that is not as wide as its panel, one takes so many
 * times as long. */
#define LATENT_SUMS 8
#define PARTIAL_COST 1.13
/* To transpose an element takes as long as so many multiply-adds of vectors. */
#define TRANSPOSE_COST 0.6
/* 16 rows of C^T, computed on their own and transposed, take as long as so many more of them. */
#define PIECE_COST 500

/* The block length <= limit that cuts count into equal parts, in multiples of unit. */
static size_t even_block(size_t count, size_t limit, size_t unit) {
    if (count <= limit)
        return count;
    const size_t blocks = tp_ceil_div(count, limit);
    return tp_min(limit, tp_ceil_div(tp_ceil_div(count, blocks), unit) * unit);
}

static bool conflicts(size_t step) {
    return step % TP_CONFLICT == 0;
}

/* What a k step of a tile takes, in multiply-adds of vectors: narrow ones of few sums wait for results. */
static double panel_cost(const struct tp_isa *isa, double height, size_t vectors) {
    const double sums = height * (double)vectors;
    return tp_narrow_tiles(isa) && height > TP_AXPY_ROWS && vectors && sums < LATENT_SUMS ? LATENT_SUMS : sums;
}

/* Of all tiles. */
static double step_cost(const struct tp_isa *isa, size_t m, size_t n) {
    const size_t width = tp_panel_width(isa, n), strips = tp_ceil_div(m, isa->mr), panels = n / width;
    const size_t vectors = width / isa->lanes;
    const double height = (double)m / (double)strips;
    const double whole = panel_cost(isa, height, vectors);
    const double rest = panel_cost(isa, height, tp_ceil_div(n % width, isa->lanes));
    return (double)strips * ((double)panels * whole + (tp_narrow_tiles(isa) ? PARTIAL_COST : 1) * rest);
}

/* Multiply-adds of vectors with lanes along n, and what it costs to bring A (m x k), B (k x n) and C that way. */
static double cost(const struct tp_gemm *g, size_t m, size_t n, const struct tp_operand *a, bool transpose_b,
                   bool transpose_c) {
    const double k = (double)g->k, products = step_cost(g->isa, m, n) * k;
    const bool transpose_a = n > PACK_A_PANELS * g->isa->nr && a->column_step == 1 && conflicts(a->row_step);
    const double moved = (transpose_a ? (double)m * k : 0) + (transpose_b ? (double)n * k : 0) +
                         (transpose_c ? (double)m * (double)n : 0);
    const double pieces = transpose_c ? (double)tp_ceil_div(m, TP_SWAPPED_ROWS) : 0;
    return products + TRANSPOSE_COST * moved + PIECE_COST * pieces;
}

/* A few rows, and B (k x n) by columns, which in panels would be read only once or twice. */
static bool dots(const struct tp_gemm *g, size_t m, size_t n, const struct tp_operand *b) {
    return m <= TP_DOTS_ROWS && n >= g->isa->lanes && g->k >= TP_DOTS_STEPS && b->row_step == 1;
}

static bool swaps(const struct tp_gemm *g) {
    const struct tp_operand a = tp_gemm_transposed(&g->a);
    if (g->n < g->isa->lanes && dots(g, g->n, g->m, &a)) /* the columns of C do not fill a vector */
        return true;
    /* Nothing to transpose, and lanes that are well filled or would not be filled better: no need to reckon. */
    const size_t enough = g->a.row_step == 1 ? g->isa->nr : g->isa->lanes / 2;
    if (g->b.column_step == 1 && (g->n > enough || g->m < g->isa->lanes / 2))
        return false;
    const struct tp_operand b = tp_gemm_transposed(&g->b);
    return cost(g, g->n, g->m, &b, g->a.row_step != 1, true) < cost(g, g->m, g->n, &g->a, g->b.column_step != 1, false);
}

/* One or two rows, and B by rows, which tiles would walk in short pieces. */
static bool axpy(const struct tp_gemm *g) {
    return tp_narrow_tiles(g->isa) && g->m <= TP_AXPY_ROWS && g->n >= AXPY_TILES * g->isa->nr && g->b.column_step == 1;
}

static bool packs_a(const struct tp_gemm *g, size_t columns, size_t kc) {
    if (g->alpha != 1)
        return true;
    const bool rows_lie = g->a.column_step == 1;
    if (columns <= (rows_lie ? PACK_A_PANELS : 1) * g->isa->nr)
        return false;
    if (conflicts(rows_lie ? g->a.row_step : g->a.column_step))
        return true;
    return !rows_lie && kc > PACK_A_STEPS && kc * g->a.column_step >= PACK_A_REACH &&
           columns > PACK_A_PANELS * g->isa->nr;
}

static size_t few_rows(const struct tp_gemm *g) {
    return conflicts(g->b.row_step) ? FEW_CONFLICTING_STRIPS * g->isa->mr : FEW_ROWS;
}

/* Every row of B begins a multiple of so many floats into memory. */
static bool rows_begin_at(const struct tp_gemm *g, size_t floats) {
    return ((uintptr_t)g->b.p | g->b.row_step * sizeof(float)) % (floats * sizeof(float)) == 0;
}

/* Loads lie in two lines, or rows in half of the sets that conflict. */
static bool reads_slowly(const struct tp_gemm *g) {
    return !rows_begin_at(g, g->isa->lanes) || g->b.row_step % (TP_CONFLICT / 2) == 0;
}

/* Of all of B, so that threads read it alike. */
static bool lies_far(const struct tp_gemm *g) {
    return tp_narrow_tiles(g->isa) && g->n * g->k > g->blocking->nc * g->blocking->kc / FAR_PARTS;
}

static bool packs_b(const struct tp_gemm *g, size_t rows) {
    if (g->b.packed)
        return false;
    if (g->b.column_step != 1)
        return true;
    if (conflicts(g->b.row_step))
        return tp_narrow_tiles(g->isa) ? rows > few_rows(g)
                                       : rows * (g->b.row_step / TP_CONFLICT) > PACK_B_CONFLICTING_ROWS;
    const bool masked = g->n % g->isa->lanes != 0 && g->n < g->isa->nr;
    const size_t strips = masked                           ? PACK_B_MASKED_STRIPS
                          : reads_slowly(g) || lies_far(g) ? PACK_B_SLOW_STRIPS
                                                           : PACK_B_STRIPS;
    return rows > strips * g->isa->mr;
}

/* All stays in the first- or second-level cache, or for one strip B does. */
static bool in_place(const struct tp_gemm *g) {
    const size_t room = IN_PLACE_BLOCKS * g->isa->mr * g->blocking->kc;
    if (g->b.column_step != 1 || g->epilogue.consume || g->k > g->blocking->kc || g->n * g->k > room)
        return false;
    if (g->m <= g->isa->mr)
        return g->a.column_step == 1;
    return g->m * (g->n + g->k) + g->n * g->k <= room && !packs_a(g, g->n, g->k) && !packs_b(g, g->m);
}

enum tp_way tp_gemm_way(const struct tp_gemm *g) {
    assert(g->m && g->n && g->k);
    if (g->b.packed || g->alpha != 1)
        return TP_PANELS;
    const bool whole = !g->epilogue.consume; /* thin kernels write C itself */
    if (whole && g->start == TP_START_ZERO && g->k == 1 && g->b.column_step == 1)
        return TP_OUTER;
    if (whole && dots(g, g->m, g->n, &g->b))
        return TP_DOTS;
    if (swaps(g))
        return TP_SWAPPED;
    return in_place(g) ? TP_IN_PLACE : whole && axpy(g) ? TP_AXPY : TP_PANELS;
}

enum tp_way tp_gemm_swapped_way(const struct tp_gemm *g) {
    return dots(g, g->m, g->n, &g->b) ? TP_DOTS : axpy(g) ? TP_AXPY : TP_PANELS;
}

struct tp_blocking tp_gemm_limits(const struct tp_isa *isa, const struct tp_blocking *blocking, bool swapped) {
    struct tp_blocking limits = *blocking;
    if (swapped) {
        limits.kc *= 2;
        limits.nc = (limits.nc + 1) / 2;
    }
    limits.nc = tp_ceil_div(limits.nc, isa->nr) * isa->nr;
    return limits;
}

/* How B is read: in panels; walked once under a few rows of C, whose strip may be the only one and rows of B long; in
 * place; by narrow tiles in place from far, or copied by the first strip. */
enum reading { IN_PANELS, WALKED, WALKED_LONG, IN_PLACE, IN_PLACE_FAR, COPIED };

/* Rows of a few panels follow each other soon enough for processors to go on by themselves. So do rows that do not
 * begin at lines, because they touch the next ones anyway, unless they are long. */
static bool asks_for_panels(const struct tp_gemm *g) {
    const size_t length = g->b.row_step;
    return lies_far(g) && length > ASK_PANELS * g->isa->nr && (length >= TP_CONFLICT || rows_begin_at(g, TP_LINE));
}

static bool copies_b(const struct tp_gemm *g, size_t rows, size_t columns, const struct tp_blocking *limits) {
    const size_t strips = tp_ceil_div(rows, g->isa->mr);
    if (!tp_narrow_tiles(g->isa) || g->b.packed || g->b.column_step != 1 || columns < g->isa->nr || strips < 2 ||
        rows > limits->mc)
        return false;
    if (conflicts(g->b.row_step))
        return true;
    const bool at_lines = rows_begin_at(g, TP_LINE);
    if (packs_b(g, rows))
        return at_lines;
    const bool quarter = g->b.row_step % (TP_CONFLICT / 4) == 0;
    if (!lies_far(g) || (!quarter && at_lines))
        return false;
    return strips >= (quarter ? COPY_QUARTER_STRIPS : COPY_STRIPS);
}

static enum reading reading_of_b(const struct tp_gemm *g, size_t rows, size_t columns, bool swapped,
                                 const struct tp_blocking *limits) {
    if (!swapped && copies_b(g, rows, columns, limits))
        return COPIED;
    if (g->b.packed || packs_b(g, rows))
        return IN_PANELS;
    if (swapped)
        return IN_PLACE;
    /* what is consumed must fit the piece buffer */
    const bool walked = !g->epilogue.consume && rows <= few_rows(g) && columns * g->k > limits->kc * g->isa->mr;
    const bool vast = columns * g->k > WALKED_CACHES * limits->nc * limits->kc;
    if (walked && tp_narrow_tiles(g->isa) && rows <= g->isa->mr && g->b.row_step >= TP_CONFLICT && vast)
        return WALKED_LONG;
    return rows > TP_AXPY_ROWS && asks_for_panels(g) ? IN_PLACE_FAR : walked ? WALKED : IN_PLACE;
}

/* The most steps of a k block. */
static size_t block_steps(const struct tp_gemm *g, size_t columns, bool swapped, enum reading reading,
                          const struct tp_blocking *limits) {
    if (reading == WALKED)
        return FEW_FLOATS / g->isa->nr;
    if (reading == WALKED_LONG)
        return FEW_LONG_STEPS;
    if (reading == IN_PANELS)
        return limits->kc;
    if (reading == IN_PLACE_FAR)
        return FAR_STEPS;
    if (reading == COPIED)
        return COPY_STEPS;
    if (conflicts(g->b.row_step))
        return swapped ? CONFLICTING_STEPS_SWAPPED : CONFLICTING_STEPS;
    const bool small = columns * g->k <= limits->nc * limits->kc / SMALL_PARTS;
    return swapped || small ? limits->kc : IN_PLACE_STEPS;
}

/* From far, a tile asks for the last element of the next panel, so for the line of that panel which it does not read
 * itself. */
static size_t floats_ahead(const struct tp_gemm *g, enum reading reading) {
    switch (reading) {
    case IN_PANELS:
    case WALKED:
        return AHEAD;
    case WALKED_LONG:
        return LONG_AHEAD;
    case IN_PLACE_FAR:
    case COPIED:
        return 2 * g->isa->nr - 1;
    default:
        return g->k > ROWS_AHEAD ? ROWS_AHEAD * g->b.row_step : 0;
    }
}

struct tp_gemm_plan tp_gemm_plan(const struct tp_gemm *g, size_t rows, size_t columns, bool swapped) {
    const struct tp_blocking limits = tp_gemm_limits(g->isa, g->blocking, swapped);
    const enum reading reading = reading_of_b(g, rows, columns, swapped, &limits);
    const bool copied = reading == COPIED, far = reading == IN_PLACE_FAR || copied;
    const bool whole_rows = reading == WALKED || reading == WALKED_LONG || (far && !g->epilogue.consume);
    const size_t width = tp_panel_width(g->isa, g->b.packed ? g->n : columns);
    const size_t steps = block_steps(g, columns, swapped, reading, &limits);
    struct tp_gemm_plan plan;
    plan.width = width;
    plan.kc = even_block(g->k, tp_min(steps, limits.kc), 4);
    plan.mc = even_block(rows, limits.mc, swapped ? TP_SWAPPED_ROWS : g->isa->mr);
    plan.nc = whole_rows || columns <= limits.nc ? columns : even_block(columns, limits.nc / width * width, width);
    plan.pack_a = packs_a(g, columns, plan.kc);
    plan.pack_b = reading == IN_PANELS && !g->b.packed;
    plan.b_far = far;
    plan.b_copied = copied;
    plan.c_cached = g->m * g->n <= limits.kc * g->isa->mr;
    plan.ahead = floats_ahead(g, reading);
    assert(plan.kc >= 1 && plan.kc <= limits.kc && plan.mc >= 1 && plan.mc <= limits.mc);
    assert(plan.nc >= 1 && (plan.nc <= limits.nc || !plan.pack_b));
    assert(plan.nc == columns || plan.nc % width == 0);
    assert(!plan.b_copied || plan.mc == rows);
    return plan;
}
