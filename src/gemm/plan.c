/* SPDX-License-Identifier: BSD-3-Clause */
#include "gemm/plan.h"

#include "gemm/scratch.h"

/* The block length <= limit that cuts count into equal parts, in multiples of unit. */
static size_t even_block(size_t count, size_t limit, size_t unit) {
    if (count <= limit)
        return count;
    const size_t blocks = tp_ceil_div(count, limit);
    return tp_min(limit, tp_ceil_div(tp_ceil_div(count, blocks), unit) * unit);
}

struct tp_plan tp_plan_of(const struct tp_part *part) {
    const struct tp_gemm *g = part->g;
    const struct tp_blocking *limits = &part->limits;
    const struct tp_reading *reading = tp_reading_of(part);
    const bool whole_rows = reading->whole_rows && !g->epilogue.consume;
    const size_t columns = part->columns, width = tp_panel_width(g->isa, g->b.packed ? g->n : columns);
    struct tp_plan plan;
    plan.reading = reading;
    plan.width = width;
    plan.kc = g->parts > 1 ? g->k : even_block(g->k, tp_min(reading->steps(part), limits->kc), 4);
    plan.mc = even_block(part->rows, limits->mc, part->transposed ? TP_PIECE_ROWS : g->isa->mr);
    plan.nc = whole_rows || columns <= limits->nc ? columns : even_block(columns, limits->nc / width * width, width);
    plan.pack_a = tp_packs_a(g, columns, plan.kc);
    plan.c_cached = g->m * g->n <= limits->kc * g->isa->mr;
    plan.ahead = reading->ahead(part);
    assert(plan.kc >= 1 && plan.kc <= limits->kc && plan.mc >= 1 && plan.mc <= limits->mc);
    assert(plan.nc >= 1 && (plan.nc <= limits->nc || !reading->packs));
    assert(plan.nc == columns || plan.nc % width == 0);
    assert(!reading->copies || plan.mc == part->rows);
    return plan;
}
