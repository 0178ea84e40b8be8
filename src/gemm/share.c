/* SPDX-License-Identifier: BSD-3-Clause */
/* How threads share a product, and how many are worth waking. */
#include "gemm/share.h"

#include "core/size.h"

#include <assert.h>

/* Where a row of what the product updates is shared, caches exchange lines beyond the share's end (net/slices.h): that
 * takes as long as to read so many floats. For a B of more than this many second-level caches it is not worth while
 * that every thread reads all of its columns. */
#define EDGE_FLOATS 256
#define NEAR_CACHES 2

/* What threads share: rows in grains of the route, columns by the line, or by the panels that are there. */
struct grains {
    size_t rows, columns;
};

static struct grains grains_of(const struct tp_gemm *g, size_t row_grain) {
    return (struct grains){row_grain, g->b.packed ? tp_panel_width(g->isa, g->n) : TP_LINE};
}

/* The most of count that one of size threads gets. */
static size_t largest_share(size_t count, size_t grain, int size) {
    return tp_min(count, tp_ceil_div(tp_ceil_div(count, grain), (size_t)size) * grain);
}

static double edge_floats(const struct tp_gemm *g) {
    const bool near = g->k * g->n <= NEAR_CACHES * g->blocking->kc * g->blocking->nc;
    return g->epilogue.consume && near ? EDGE_FLOATS : 0;
}

/* Threads along the rows of C, the rest along its columns: the split whose largest part takes least, with what it reads
 * of the operands. */
static int row_parts(const struct tp_gemm *g, struct grains grains, int size) {
    const bool transposed = grains.rows > 1;
    int best = 1;
    double least = 0;
    for (int parts = 1; parts <= size; parts++) {
        if (size % parts != 0)
            continue;
        const double m = (double)largest_share(g->m, grains.rows, parts);
        const double n = (double)largest_share(g->n, grains.columns, size / parts);
        const bool shared = transposed ? parts > 1 : parts < size;
        const double edges = shared ? edge_floats(g) * (transposed ? n : m) : 0;
        const double flops = (double)g->k * (2 * m * n + TP_READ_FLOPS * (m + n)) + TP_READ_FLOPS * edges;
        if (parts == 1 || flops < least) {
            best = parts;
            least = flops;
        }
    }
    return best;
}

void tp_gemm_share(const struct tp_gemm *g, size_t row_grain, struct tp_team team, struct tp_range *rows,
                   struct tp_range *columns) {
    *rows = (struct tp_range){0, g->m};
    *columns = (struct tp_range){0, g->n};
    if (team.size == 1)
        return;
    const struct grains grains = grains_of(g, row_grain);
    const int down = row_parts(g, grains, team.size), across = team.size / down;
    *rows = tp_share(g->m, grains.rows, team.id % down, down);
    *columns = tp_share(g->n, grains.columns, team.id / down, across);
}

struct tp_gemm tp_gemm_columns(const struct tp_gemm *g, size_t j, size_t n, struct tp_operand b) {
    assert(j + n <= g->n && !b.packed && !g->epilogue.consume);
    struct tp_gemm some = *g;
    some.n = n;
    some.b = b;
    some.bias = g->bias ? g->bias + j : NULL;
    some.c += j;
    some.epilogue.keep = g->epilogue.keep ? g->epilogue.keep + j : NULL;
    some.epilogue.x = g->epilogue.x ? g->epilogue.x + j : NULL;
    return some;
}

double tp_read_flops(const struct tp_blocking *blocking, size_t k, size_t n) {
    const double flops = TP_READ_FLOPS * (double)k * (double)n;
    return n < 2 * TP_LINE || 2 * flops < blocking->thread_flops ? 0 : flops;
}

int tp_useful_threads(const struct tp_blocking *blocking, int threads, double flops) {
    const double useful = flops / blocking->thread_flops;
    return useful < 2 ? 1 : useful < threads ? (int)useful : threads;
}
