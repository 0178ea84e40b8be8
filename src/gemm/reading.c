/* SPDX-License-Identifier: BSD-3-Clause */
#include "gemm/reading.h"

#include "gemm/operands.h"

struct tp_part tp_part_of(const struct tp_gemm *g, bool transposed, size_t rows, size_t columns) {
    return (struct tp_part){g, transposed, rows, columns, tp_blocking_limits(g->isa, g->blocking, transposed)};
}

static const struct tp_tuning *tuning(const struct tp_part *p) {
    return &p->g->isa->tuning;
}

/* ---- packing ---- */

bool tp_packs_a(const struct tp_gemm *g, size_t columns, size_t kc) {
    const struct tp_tuning *t = &g->isa->tuning;
    const bool rows_lie = g->a.column_step == 1;
    if (g->alpha != 1)
        return true;
    if (columns <= (rows_lie ? t->pack_a_panels : 1) * g->isa->nr)
        return false;
    if (tp_conflicts(rows_lie ? g->a.row_step : g->a.column_step))
        return true;
    return !rows_lie && kc > t->pack_a_steps && kc * g->a.column_step >= t->pack_a_reach &&
           columns > t->pack_a_panels * g->isa->nr;
}

/* The most rows of C for which B is streamed. */
static size_t stream_rows(const struct tp_gemm *g) {
    const struct tp_tuning *t = &g->isa->tuning;
    return tp_conflicts(g->b.row_step) ? t->stream_conflicting_strips * g->isa->mr : t->stream_rows;
}

static bool packs_conflicting_b(const struct tp_gemm *g, size_t rows) {
    const size_t most = g->isa->tuning.pack_b_conflicting_rows;
    return most ? rows * (g->b.row_step / TP_CONFLICT) > most : rows > stream_rows(g);
}

/* Loads lie in two lines, or rows in half of the sets that conflict. */
static bool reads_slowly(const struct tp_gemm *g) {
    return !tp_rows_begin_at(g, g->isa->lanes) || g->b.row_step % (TP_CONFLICT / 2) == 0;
}

bool tp_packs_b(const struct tp_gemm *g, size_t rows) {
    const struct tp_tuning *t = &g->isa->tuning;
    if (g->b.packed)
        return false;
    if (g->b.column_step != 1)
        return true;
    if (tp_conflicts(g->b.row_step))
        return packs_conflicting_b(g, rows);
    const bool masked = g->n % g->isa->lanes != 0 && g->n < g->isa->nr;
    const size_t strips = masked                                 ? t->pack_b_masked_strips
                          : reads_slowly(g) || tp_is_uncached(g) ? t->pack_b_slow_strips
                                                                 : t->pack_b_strips;
    return rows > strips * g->isa->mr;
}

/* ---- predicates ---- */

/* One block of A has all rows, so that a panel of the copy is used at once by all strips. */
static bool can_copy(const struct tp_part *p) {
    return tuning(p)->copy_steps && !p->transposed && !p->g->b.packed && p->g->b.column_step == 1 &&
           p->columns >= p->g->isa->nr && p->rows > p->g->isa->mr && p->rows <= p->limits.mc;
}

/* No cache would hold a panel of conflicting rows until the next strip; and a copy costs less than packing beforehand
 * if rows begin at lines. Where rows do not, or lie in a quarter of the sets, copying makes up for slow loads. */
static bool copied(const struct tp_part *p) {
    const struct tp_gemm *g = p->g;
    if (!can_copy(p))
        return false;
    if (tp_conflicts(g->b.row_step))
        return true;
    const bool at_lines = tp_rows_begin_at(g, TP_LINE), quarter = g->b.row_step % (TP_CONFLICT / 4) == 0;
    if (tp_packs_b(g, p->rows))
        return at_lines;
    const size_t strips = quarter ? tuning(p)->copy_quarter_strips : tuning(p)->copy_strips;
    return tp_is_uncached(g) && (quarter || !at_lines) && tp_ceil_div(p->rows, g->isa->mr) >= strips;
}

static bool prepacked(const struct tp_part *p) {
    return p->g->b.packed;
}

static bool packed(const struct tp_part *p) {
    return tp_packs_b(p->g, p->rows);
}

static bool transposed_conflicting(const struct tp_part *p) {
    return p->transposed && tp_conflicts(p->g->b.row_step);
}

static bool transposed(const struct tp_part *p) {
    return p->transposed;
}

/* What is consumed must fit the piece buffer, which a strip of whole rows would not. */
static bool streamed(const struct tp_part *p) {
    const struct tp_gemm *g = p->g;
    return !g->epilogue.consume && p->rows <= stream_rows(g) && p->columns * g->k > p->limits.kc * g->isa->mr;
}

static bool streamed_long(const struct tp_part *p) {
    const struct tp_gemm *g = p->g;
    return tuning(p)->stream_long_steps && streamed(p) && p->rows <= g->isa->mr && g->b.row_step >= TP_CONFLICT &&
           p->columns * g->k > tuning(p)->stream_long_caches * tp_cached_floats(&p->limits);
}

/* Rows of a few panels follow each other soon enough for processors to go on by themselves. So do rows that do not
 * begin at lines, because they touch the next ones anyway, unless they are long. */
static bool uncached(const struct tp_part *p) {
    const struct tp_gemm *g = p->g;
    const size_t length = g->b.row_step;
    return p->rows > TP_AXPY_ROWS && tp_is_uncached(g) && length > tuning(p)->uncached_panels * g->isa->nr &&
           (length >= TP_CONFLICT || tp_rows_begin_at(g, TP_LINE));
}

static bool always(const struct tp_part *p) {
    (void)p;
    return true;
}

/* ---- rows of B in a block ---- */

static size_t steps_of_cache(const struct tp_part *p) {
    return p->limits.kc;
}

static size_t copy_steps(const struct tp_part *p) {
    return tuning(p)->copy_steps;
}

static size_t transposed_steps(const struct tp_part *p) {
    return tuning(p)->conflicting_steps_transposed;
}

static size_t stream_steps(const struct tp_part *p) {
    return tuning(p)->stream_floats / p->g->isa->nr;
}

static size_t stream_long_steps(const struct tp_part *p) {
    return tuning(p)->stream_long_steps;
}

static size_t uncached_steps(const struct tp_part *p) {
    return tuning(p)->uncached_steps;
}

/* A panel of a larger B need not stay in the second-level cache, of which other programs take their part. */
static size_t in_place_steps(const struct tp_part *p) {
    if (tp_conflicts(p->g->b.row_step))
        return tuning(p)->conflicting_steps;
    const bool small = p->columns * p->g->k <= tp_cached_floats(&p->limits) / tuning(p)->small_parts;
    return small ? p->limits.kc : tuning(p)->in_place_steps;
}

/* ---- prefetch distances ---- */

static size_t along(const struct tp_part *p) {
    return tuning(p)->ahead;
}

static size_t along_long(const struct tp_part *p) {
    return tuning(p)->stream_long_ahead;
}

/* The last element of the next panel, so the line of that panel which the tile does not read itself. */
static size_t next_panel(const struct tp_part *p) {
    return 2 * p->g->isa->nr - 1;
}

static size_t rows_ahead(const struct tp_part *p) {
    const size_t rows = tuning(p)->rows_ahead;
    return p->g->k > rows ? rows * p->g->b.row_step : 0;
}

const struct tp_reading tp_readings[TP_READINGS] = {
    {.name = "copied",
     .when = "rows of B conflict or do not begin at cache lines; the first of few strips makes panels",
     .fits = copied,
     .steps = copy_steps,
     .ahead = next_panel,
     .copies = true,
     .uncached = true,
     .whole_rows = true},
    {.name = "prepacked", .when = "B is in panels already", .fits = prepacked, .steps = steps_of_cache, .ahead = along},
    {.name = "packed",
     .when = "B lies by columns, or enough strips read it to pay for panels",
     .fits = packed,
     .steps = steps_of_cache,
     .ahead = along,
     .packs = true},
    {.name = "transposed conflicting",
     .when = "the product is transposed, and rows of B conflict",
     .fits = transposed_conflicting,
     .steps = transposed_steps,
     .ahead = rows_ahead},
    {.name = "transposed",
     .when = "the product is transposed",
     .fits = transposed,
     .steps = steps_of_cache,
     .ahead = rows_ahead},
    {.name = "streamed long",
     .when = "one strip, rows of B of a page or more, and B many times as large as the caches near",
     .fits = streamed_long,
     .steps = stream_long_steps,
     .ahead = along_long,
     .whole_rows = true},
    {.name = "uncached",
     .when = "B is larger than the caches near, and its rows are long",
     .fits = uncached,
     .steps = uncached_steps,
     .ahead = next_panel,
     .uncached = true,
     .whole_rows = true},
    {.name = "streamed",
     .when = "few rows of C, and B is larger than the first-level cache",
     .fits = streamed,
     .steps = stream_steps,
     .ahead = along,
     .whole_rows = true},
    {.name = "in place", .when = "nothing above", .fits = always, .steps = in_place_steps, .ahead = rows_ahead},
};

const struct tp_reading *tp_reading_of(const struct tp_part *part) {
    const struct tp_reading *reading = tp_readings;
    while (!reading->fits(part))
        reading++;
    return reading;
}
