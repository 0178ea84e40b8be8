/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Tiles whose k steps are written in assembly. The header TILE_ASM defines
 *
 *   whole_tile(w, m, beside, ahead, copies)
 *       m rows, more than WIDE_ROWS, of NR columns; m and what follows are constants; ahead: asks for what b_ahead
 *       points at; copies, only with ahead and of narrow tiles: writes B to b_copy
 *
 *   PARTIAL_TILES, partial_tile(w, m, nv, masked, beside)
 *       if it can do fewer columns: nv < NV vectors, or nv <= NV if the last one has a mask
 *
 *   asm_end()
 *       after the last tile
 *
 * Part of gemm_strip.h, which includes it.
 */
#ifndef TP_KERNELS_ASM_STRIP_H
#define TP_KERNELS_ASM_STRIP_H

#include <assert.h>

/*
 * What it is told of a tile; distances are in bytes. A has rows apart, a[0], a[1] and a[2] at every third, a_distance
 * from row to row, or side by side, a[0] alone and a_distance along k. The accumulators start from 0, or from scale
 * times what start points at, if that is not NULL. Of the first round the first skip steps are left out, so a[], b and
 * b_copy are as many steps before the arrays. stops times, first after rounds rounds and then after every pause rounds,
 * burst more rows are asked for that are needed later, counted from later[0], and after later_rows of them from
 * later[1].
 */
struct tile_work {
    const float *a[3], *b, *b_ahead, *start;
    float *c;
    ptrdiff_t a_distance, b_distance, c_distance, start_distance;
    size_t skip, rounds, stops, pause, burst;
    uintptr_t b_copy;
    const float *later[2];
    ptrdiff_t later_distance[2];
    size_t later_rows;
    float scale;
    uint32_t mask; /* of a partial tile: the columns of the last vector, a bit each */
};

/* k steps of a round. */
#define ROUND 4

/* Rows that are needed later are asked for at most so many rounds apart, those of C or instead of C only by tiles of so
 * many. */
#define MOST_ROUNDS 4
#define LEAST_ROUNDS 4

#include TILE_ASM

/* The tiles of a strip that are done so, columns wide together, the last one last; what each strip begins with; where
 * a tile begins in A, and how far it is from the one before, in floats. */
struct asm_strip {
    struct tile_work work;
    size_t tiles, last, columns;
    const float *b, *b_ahead, *later_b;
    ptrdiff_t a_skip, start_move, later_move;
};

ALWAYS_INLINE size_t asm_tile_count(const struct tp_strip *t, size_t m) {
    if (m <= WIDE_ROWS || t->k == 0)
        return 0;
#ifdef PARTIAL_TILES
    return (t->n + t->width - 1) / t->width;
#else
    return t->width == NR ? t->n / NR : 0;
#endif
}

/* Not the pointer's own arithmetic, because the first round may begin before the array. */
ALWAYS_INLINE const float *moved(const float *p, ptrdiff_t floats) {
    return (const float *)((uintptr_t)p + (uintptr_t)floats * sizeof *p);
}

/* The rows that are needed later, over the rounds of a tile. The first needs no stop. */
ALWAYS_INLINE void spread_rows(struct tile_work *w, const struct tp_strip *t, size_t m) {
    const size_t rounds = (t->k + ROUND - 1) / ROUND;
    const size_t rows = t->next_rows + (t->prefetch_c && rounds >= LEAST_ROUNDS ? m : 0);
    w->rounds = rounds;
    w->stops = w->burst = w->pause = 0;
    if (rows <= 1 || rounds <= 1)
        return;
    w->burst = (rows + rounds - 3) / (rounds - 1);
    w->stops = (rows + w->burst - 2) / w->burst;
    w->pause = (rounds - 1) / w->stops < MOST_ROUNDS ? (rounds - 1) / w->stops : MOST_ROUNDS;
    assert(w->stops * w->pause < rounds);
    w->rounds -= w->stops * w->pause;
}

ALWAYS_INLINE struct asm_strip asm_strip(const struct tp_strip *t, size_t m) {
    const ptrdiff_t size = sizeof(float), skip = -(ptrdiff_t)t->k & (ROUND - 1);
    struct asm_strip s;
    s.tiles = asm_tile_count(t, m);
    const size_t before = (s.tiles ? s.tiles - 1 : 0) * t->width, left = t->n - before;
    s.last = left < t->width ? left : t->width;
    s.columns = s.tiles ? before + s.last : 0;
    s.b = moved(t->b, -skip * (ptrdiff_t)t->b_step);
    s.b_ahead = moved(s.b, (ptrdiff_t)t->b_ahead);
    s.later_b = moved(t->b, t->b_next + (ptrdiff_t)(t->next_first * t->b_step));
    s.a_skip = -skip * (ptrdiff_t)t->a_step;
    s.start_move = t->start == TP_START_ZERO ? 0 : (ptrdiff_t)t->width;
    s.later_move = (ptrdiff_t)(t->next_rows ? t->b_panel : t->width);
    s.work.a_distance = size * (ptrdiff_t)(t->a_row == 1 ? t->a_step : t->a_row);
    s.work.b_distance = size * (ptrdiff_t)t->b_step;
    s.work.c_distance = size * (ptrdiff_t)t->ldc;
    s.work.start_distance = t->start == TP_START_BIAS ? 0 : s.work.c_distance;
    s.work.scale = t->start == TP_START_BETA ? t->beta : 1;
    s.work.skip = (size_t)skip;
    spread_rows(&s.work, t, m);
    s.work.later_distance[1] = size * (ptrdiff_t)t->ldprefetch;
    s.work.later_distance[0] = t->next_rows ? s.work.b_distance : s.work.later_distance[1];
    s.work.later_rows = t->next_rows;
    return s;
}

/* Assembly asks for something in any case. */
ALWAYS_INLINE const float *place_or_c(const struct tile *at) {
    return at->prefetch_c ? at->prefetch_c : at->c;
}

ALWAYS_INLINE void first_tile(const struct tp_strip *t, struct asm_strip *s, const struct tile *at, size_t m) {
    struct tile_work *w = &s->work;
    w->a[0] = moved(at->a, s->a_skip);
    for (size_t i = 1; i * ROWS_APART < m; i++)
        w->a[i] = moved(w->a[i - 1], (ptrdiff_t)(ROWS_APART * t->a_row));
    w->b = s->b;
    w->b_ahead = s->b_ahead;
    w->c = at->c;
    w->start = t->start == TP_START_ZERO ? NULL : t->start == TP_START_BIAS ? t->bias : at->c;
    w->later[1] = place_or_c(at) + t->width;
    w->later[0] = t->next_rows ? s->later_b : w->later[1];
    s->later_b = moved(s->later_b, (ptrdiff_t)(t->next_rows * t->b_step));
}

ALWAYS_INLINE void asm_tile(struct tile_work *work, size_t m, size_t n, bool beside, bool ahead, bool copies) {
#ifdef PARTIAL_TILES
    if (n < NR) {
        const size_t nv = (n + VL - 1) / VL;
        work->mask = (1u << (n - (nv - 1) * VL)) - 1;
        partial_tile(work, m, nv, n < nv * VL, beside);
        return;
    }
#endif
    (void)n;
    whole_tile(work, m, beside, ahead, copies);
}

ALWAYS_INLINE void all_tiles(const struct tp_strip *t, struct asm_strip *s, const struct tile *at, size_t m,
                             bool beside, bool ahead, bool copies) {
    struct tile_work *w = &s->work;
    const float *below = place_or_c(at) + m * t->ldprefetch;
    for (size_t left = s->tiles; left; left--) {
        if (left == 1) {
            w->later[1] = below;
            w->later[0] = t->next_rows ? w->later[0] : below;
        }
        asm_tile(w, m, left > 1 ? t->width : s->last, beside, ahead, copies);
        w->b = moved(w->b, (ptrdiff_t)t->b_panel);
        w->b_ahead = moved(w->b_ahead, (ptrdiff_t)t->b_panel);
        if (copies)
            w->b_copy += t->b_copy_panel * sizeof(float);
        w->c += t->width;
        w->start = moved(w->start, s->start_move);
        w->later[0] = moved(w->later[0], s->later_move);
        w->later[1] += t->width;
    }
}

/* Another instruction per step costs more than it brings where a row of a tile is one line, unless B is uncached:
 * processors find such a row themselves, and strips after the first find it in a cache. */
ALWAYS_INLINE bool asks_ahead(const struct tp_strip *t, const struct tile *at) {
    return NR > TP_LINE || (t->b_uncached && at->a == t->a);
}

ALWAYS_INLINE void tiles_by_reading(const struct tp_strip *t, struct asm_strip *s, const struct tile *at, size_t m,
                                    bool beside) {
    if (NR <= TP_LINE && t->b_copy) {
        s->work.b_copy = (uintptr_t)t->b_copy - s->work.skip * NR * sizeof(float);
        all_tiles(t, s, at, m, beside, true, true);
    } else if (asks_ahead(t, at))
        all_tiles(t, s, at, m, beside, true, false);
    else
        all_tiles(t, s, at, m, beside, false, false);
}

/* The strip that begins with the tile. */
ALWAYS_INLINE void asm_tiles(const struct tp_strip *t, struct asm_strip *s, const struct tile *at, size_t m) {
    if (s->tiles == 0)
        return;
    first_tile(t, s, at, m);
    if (t->a_row == 1)
        tiles_by_reading(t, s, at, m, true);
    else
        tiles_by_reading(t, s, at, m, false);
}

#endif
