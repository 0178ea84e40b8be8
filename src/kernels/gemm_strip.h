/* SPDX-License-Identifier: BSD-3-Clause */
/* The matmul microkernel: strips of C, tile by tile, whose m x nv accumulators stay in registers over all k steps. */
#ifndef TP_KERNELS_GEMM_STRIP_H
#define TP_KERNELS_GEMM_STRIP_H

#include "kernels/map.h"

#include <assert.h>

#ifndef __has_feature
#define __has_feature(x) 0
#endif
/* Sanitizers do not see what assembly reads and writes. */
#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__ || __has_feature(address_sanitizer) ||                 \
    __has_feature(memory_sanitizer) || __has_feature(thread_sanitizer)
#undef TILE_ASM
#endif

#define NR (NV * VL)

typedef vf tile_row[NV];

/* m and nv are constants at every call of these, so that acc is registers and each loop over it is unrolled. */

ALWAYS_INLINE void tile_fill(tile_row *acc, size_t m, size_t nv, vf value) {
    UNROLL
    for (size_t i = 0; i < m; i++) {
        UNROLL
        for (size_t j = 0; j < nv; j++)
            acc[i][j] = value;
    }
}

/* From rows of p, row distance ld; last is the number of columns in the last vector. */
ALWAYS_INLINE void tile_load(tile_row *acc, size_t m, size_t nv, const float *p, size_t ld, size_t last) {
    UNROLL
    for (size_t i = 0; i < m; i++) {
        UNROLL
        for (size_t j = 0; j < nv; j++)
            acc[i][j] = load_some(p + j * VL, j + 1 < nv ? VL : last);
        p += ld;
        KEEP_POINTER(p);
    }
}

ALWAYS_INLINE void tile_store(tile_row *acc, size_t m, size_t nv, float *p, size_t ld, size_t last) {
    UNROLL
    for (size_t i = 0; i < m; i++) {
        UNROLL
        for (size_t j = 0; j < nv; j++)
            store_some(p + j * VL, acc[i][j], j + 1 < nv ? VL : last);
        p += ld;
        KEEP_POINTER(p);
    }
}

ALWAYS_INLINE void tile_scale(tile_row *acc, size_t m, size_t nv, vf factor) {
    UNROLL
    for (size_t i = 0; i < m; i++) {
        UNROLL
        for (size_t j = 0; j < nv; j++)
            acc[i][j] = v_mul(factor, acc[i][j]);
    }
}

/* Where a tile is, its n columns, its place in the strip's prefetch_c, and the place there that is prefetched
 * meanwhile; or NULL. */
struct tile {
    const float *a, *b, *bias, *prefetch_c, *next;
    float *c;
    size_t n;
};

ALWAYS_INLINE void tile_start(tile_row *acc, size_t m, size_t nv, const struct tp_strip *t, const struct tile *tile,
                              size_t last) {
    if (t->start == TP_START_ZERO)
        tile_fill(acc, m, nv, v_set(0));
    else if (t->start == TP_START_BIAS)
        tile_load(acc, m, nv, tile->bias, 0, last);
    else
        tile_load(acc, m, nv, tile->c, t->ldc, last);
    if (t->start == TP_START_BETA)
        tile_scale(acc, m, nv, v_set(t->beta));
}

/* The case of whole vectors apart, so that there last is constant. */
ALWAYS_INLINE void tile_end(tile_row *acc, size_t m, size_t nv, const struct tp_strip *t, const struct tile *tile,
                            size_t last) {
    if (last == VL)
        tile_store(acc, m, nv, tile->c, t->ldc, VL);
    else
        tile_store(acc, m, nv, tile->c, t->ldc, last);
}

/* Rows of A in place: one pointer for every three rows, so that three times as many rows as registers can be addressed:
 * base, base + row, base + 2 row are all one instruction's operand. Side by side: one pointer for all. */
#define ROWS_APART 3

struct row_pointers {
    const float *p[(MR + ROWS_APART - 1) / ROWS_APART];
};

ALWAYS_INLINE size_t rows_per_pointer(size_t row) {
    return row == 1 ? MR : ROWS_APART;
}

/* The lines of count floats. */
ALWAYS_INLINE void prefetch_row(const float *p, size_t count) {
    UNROLL
    for (size_t i = 0; i < count; i += TP_LINE)
        __builtin_prefetch(p + i);
}

/* The first and the last line of count floats: what lies between comes with them, and an instruction less counts. */
ALWAYS_INLINE void prefetch_ends(const float *p, size_t count) {
    if (count > TP_LINE) {
        KEEP_POINTER(p);
        __builtin_prefetch(p + count - TP_LINE);
    }
    __builtin_prefetch(p);
}

ALWAYS_INLINE void tile_prefetch(size_t m, const float *p, size_t ld) {
    UNROLL
    for (size_t i = 0; i < m; i++) {
        prefetch_row(p, NR);
        p += ld;
        KEEP_POINTER(p);
    }
}

/* One k step; the row of B has nv vectors, the last one cut to last columns. Moves on in A. */
ALWAYS_INLINE void tile_step(tile_row *acc, size_t m, size_t nv, struct row_pointers *a, size_t row, size_t step,
                             const float *b, size_t ahead, size_t last) {
    const size_t together = rows_per_pointer(row);
    vf rows[NV];
    prefetch_ends(b + ahead, nv * VL);
    UNROLL
    for (size_t j = 0; j < nv; j++)
        rows[j] = load_some(b + j * VL, j + 1 < nv ? VL : last);
    UNROLL
    for (size_t i = 0; i < m; i++) {
        const vf column = v_set(a->p[i / together][i % together * row]);
        UNROLL
        for (size_t j = 0; j < nv; j++)
            v_accumulate(&acc[i][j], column, rows[j]);
    }
    UNROLL
    for (size_t i = 0; i * together < m; i++) {
        a->p[i] += step;
        KEEP_POINTER(a->p[i]);
    }
}

#ifdef HAVE_LANES
/* The same for a whole tile with the rows of A side by side, read as vectors. */
ALWAYS_INLINE void tile_step_lanes(tile_row *acc, size_t nv, const float *a, const float *b, size_t last) {
    vf rows[NV], columns[MR / VL];
    UNROLL
    for (size_t i = 0; i < MR / VL; i++)
        columns[i] = v_load(a + i * VL);
    UNROLL
    for (size_t j = 0; j < nv; j++)
        rows[j] = load_some(b + j * VL, j + 1 < nv ? VL : last);
    UNROLL
    for (size_t i = 0; i < MR; i++) {
        UNROLL
        for (size_t j = 0; j < nv; j++)
            v_accumulate(&acc[i][j], v_lane(columns[i / VL], i % VL), rows[j]);
    }
}

ALWAYS_INLINE void round_prefetch(size_t nv, const float *ahead, size_t b_step, bool panel) {
    UNROLL
    for (size_t s = 0; s < VL; s += panel ? VL : 1) {
        prefetch_row(ahead, panel ? VL * NR : nv * VL);
        ahead += b_step;
        KEEP_POINTER(ahead);
    }
}

/* VL k steps of count <= VL rows. panel: the rows of B follow each other, so that one pointer does for all. */
ALWAYS_INLINE void round_rows(tile_row *acc, size_t count, size_t nv, const float **a, const float **b, size_t b_step,
                              bool panel) {
    vf columns[VL];
    UNROLL
    for (size_t i = 0; i < count; i++) {
        columns[i] = v_load(a[i]);
        a[i] += VL;
        KEEP_ORDER(a[i]);
    }
    const float *next = *b, **const at = panel ? b : &next;
    UNROLL
    for (size_t s = 0; s < VL; s++) {
        vf rows[NV];
        KEEP_ORDER(*at);
        UNROLL
        for (size_t j = 0; j < nv; j++)
            rows[j] = v_load(*at + (panel ? s * NR : 0) + j * VL);
        UNROLL
        for (size_t i = 0; i < count; i++) {
            UNROLL
            for (size_t j = 0; j < nv; j++)
                v_accumulate_lane(&acc[i][j], columns[i], s, rows[j]);
        }
        next += b_step;
    }
}

/*
 * Rows of A apart, VL k steps a round, for which one vector is read of each row. Only VL rows are done at a time, and
 * the rows of B read again for the next ones: the registers that are left hold no more.
 */
ALWAYS_INLINE void tile_rounds(tile_row *acc, size_t m, size_t nv, const struct tp_strip *t, const struct tile *tile,
                               bool panel) {
    const size_t b_step = panel ? NR : t->b_step;
    const float *a[MR], *b = tile->b;
    UNROLL
    for (size_t i = 0; i < m; i++) {
        a[i] = i ? a[i - 1] + t->a_row : tile->a;
        KEEP_POINTER(a[i]);
    }
    for (size_t rounds = t->k / VL; rounds; rounds--, b += VL * b_step) {
        round_prefetch(nv, b + t->b_ahead, b_step, panel);
        UNROLL
        for (size_t i = 0; i < m; i += VL)
            round_rows(acc + i, i + VL < m ? VL : m - i, nv, a + i, &b, b_step, panel);
    }
    struct row_pointers rest;
    UNROLL
    for (size_t i = 0; i < m; i += ROWS_APART)
        rest.p[i / ROWS_APART] = a[i];
    for (size_t k = t->k % VL; k; k--, b += t->b_step)
        tile_step(acc, m, nv, &rest, t->a_row, 1, b, t->b_ahead, VL);
}
#endif

ALWAYS_INLINE void next_tile(struct tile *tile, size_t columns, size_t b_distance) {
    tile->b += b_distance;
    tile->c += columns;
    if (tile->bias)
        tile->bias += columns;
}

/* step and row are the distances of A's elements along k and along the rows; one of them is the constant 1. */
ALWAYS_INLINE void tile_multiply(tile_row *acc, size_t m, size_t nv, const struct tp_strip *t, const struct tile *tile,
                                 size_t row, size_t step, size_t last) {
    const float *b = tile->b;
#ifdef HAVE_LANES
    if (row == 1 && m == MR) {
        const float *columns = tile->a;
        for (size_t k = t->k; k; k--, columns += step, b += t->b_step)
            tile_step_lanes(acc, nv, columns, b, last);
        return;
    }
    if (row != 1 && last == VL) {
        tile_rounds(acc, m, nv, t, tile, false);
        return;
    }
#endif
    const size_t together = rows_per_pointer(row);
    struct row_pointers a;
    UNROLL
    for (size_t i = 0; i * together < m; i++) {
        a.p[i] = i ? a.p[i - 1] + together * row : tile->a;
        KEEP_POINTER(a.p[i]);
    }
    for (size_t k = t->k; k; k--, b += t->b_step)
        tile_step(acc, m, nv, &a, row, step, b, t->b_ahead, last);
}

/* last is constant where all columns may be read. */
ALWAYS_INLINE void tile_multiply_as_stored(tile_row *acc, size_t m, size_t nv, const struct tp_strip *t,
                                           const struct tile *tile, size_t last) {
    if (t->a_row == 1)
        tile_multiply(acc, m, nv, t, tile, 1, t->a_step, last);
    else
        tile_multiply(acc, m, nv, t, tile, t->a_row, 1, last);
}

#ifdef HAVE_LANES
/* A whole tile with rows of A apart. Not inlined: beside other cases the compiler finds too few registers for it. */
static __attribute__((noinline)) void tile_apart(const struct tp_strip *t, const struct tile *tile) {
    tile_row acc[MR];
    const size_t last = tile->n - (NV - 1) * VL;
    tile_start(acc, MR, NV, t, tile, last);
    if (t->b_step == NR)
        tile_rounds(acc, MR, NV, t, tile, true);
    else
        tile_rounds(acc, MR, NV, t, tile, false);
    tile_end(acc, MR, NV, t, tile, last);
}
#endif

ALWAYS_INLINE void tile_rows(const struct tp_strip *t, const struct tile *tile, size_t m, size_t nv) {
    tile_row acc[MR];
    const size_t last = tile->n - (nv - 1) * VL;
    if (tile->next)
        tile_prefetch(m, tile->next, t->ldprefetch);
#ifdef HAVE_LANES
    if (m == MR && nv == NV && t->a_row != 1 && (t->b_padded || last == VL)) {
        tile_apart(t, tile);
        return;
    }
#endif
    tile_start(acc, m, nv, t, tile, last);
    if (t->b_padded || last == VL)
        tile_multiply_as_stored(acc, m, nv, t, tile, VL);
    else
        tile_multiply_as_stored(acc, m, nv, t, tile, last);
    tile_end(acc, m, nv, t, tile, last);
}

ALWAYS_INLINE void tile_columns(const struct tp_strip *t, const struct tile *tile, size_t m) {
    const size_t vectors = (tile->n + VL - 1) / VL;
    if (vectors == NV)
        tile_rows(t, tile, m, NV);
    else if (NV > 2 && vectors == 2)
        tile_rows(t, tile, m, NV > 2 ? 2 : NV);
    else if (NV > 3 && vectors == 3)
        tile_rows(t, tile, m, NV > 3 ? 3 : NV);
    else
        tile_rows(t, tile, m, 1);
}

/*
 * Few rows: a tile of NR columns has too few sums to hide the latency of a fused multiply-add, so several groups of nv
 * vectors are done at once, group floats apart in B. All columns are there; m, groups and nv are constants.
 */
ALWAYS_INLINE void wide_rows(const struct tp_strip *t, const struct tile *tile, size_t m, size_t groups, size_t nv,
                             size_t group) {
    tile_row acc[WIDE_PANELS][WIDE_ROWS];
    struct tile part = *tile;
    UNROLL
    for (size_t p = 0; p < groups; p++) {
        tile_start(acc[p], m, nv, t, &part, VL);
        next_tile(&part, nv * VL, group);
    }
    const float *a = tile->a, *b = tile->b;
    for (size_t k = t->k; k; k--, a += t->a_step, b += t->b_step) {
        vf column[WIDE_ROWS];
        UNROLL
        for (size_t i = 0; i < m; i++)
            column[i] = v_set(a[i * t->a_row]);
        UNROLL
        for (size_t v = 0; v < groups * nv; v++) {
            const float *next = b + v / nv * group + v % nv * VL;
            const vf row = v_load(next);
            if (v * VL % TP_LINE == 0)
                __builtin_prefetch(next + t->b_ahead);
            UNROLL
            for (size_t i = 0; i < m; i++)
                v_accumulate(&acc[v / nv][i][v % nv], column[i], row);
        }
    }
    UNROLL
    for (size_t p = 0; p < groups; p++)
        tile_store(acc[p], m, nv, tile->c + p * nv * VL, t->ldc, VL);
}

/* The next tile of few rows. Where width is panel, columns lie side by side, and a tile may have any of them. */
ALWAYS_INLINE size_t few_rows_tile(const struct tp_strip *t, struct tile *tile, size_t m, size_t left, size_t width,
                                   size_t panel) {
    if (left >= WIDE_PANELS * NR && width == NR) {
        wide_rows(t, tile, m, WIDE_PANELS, NV, panel);
        return WIDE_PANELS * NR;
    }
    if (left >= 4 * VL && NV < 4 && width == panel) {
        wide_rows(t, tile, m, 2, 2, 2 * VL);
        return 4 * VL;
    }
    tile->n = left < width ? left : width;
    tile_columns(t, tile, m);
    return tile->n;
}

ALWAYS_INLINE void few_rows(const struct tp_strip *t, struct tile tile, size_t m) {
    const bool beside = t->b_panel == t->width;
    const size_t width = beside ? NR : t->width, panel = beside ? NR : t->b_panel;
    for (size_t left = t->n, done; left; left -= done) {
        done = few_rows_tile(t, &tile, m, left, width, panel);
        next_tile(&tile, done, beside ? done : done > width ? WIDE_PANELS * panel : panel);
    }
}

/* The tile's columns of m rows, as many as there are left, tile by tile. */
ALWAYS_INLINE void strip_columns(const struct tp_strip *t, struct tile tile, size_t m) {
    if (m <= WIDE_ROWS) {
        few_rows(t, tile, m <= WIDE_ROWS ? m : 1); /* with more rows this is dead, but has to compile */
        return;
    }
    const float *below = tile.prefetch_c ? tile.prefetch_c + m * t->ldprefetch : NULL;
    for (size_t left = tile.n; left; left -= tile.n) {
        tile.n = left < t->width ? left : t->width;
        if (below)
            tile.prefetch_c += t->width;
        tile.next = below && left > t->width ? tile.prefetch_c : below;
        tile_columns(t, &tile, m);
        next_tile(&tile, tile.n, t->b_panel);
    }
}

#ifdef TILE_ASM
#include "kernels/asm_strip.h"
#endif

/* What the assembly has not copied of B: panels from column first on. */
static void copy_b(const struct tp_strip *t, size_t first) {
    for (size_t j = first; j < t->n; j += t->width) {
        const size_t panel = j / t->width;
        const float *from = t->b + panel * t->b_panel;
        float *to = t->b_copy + panel * t->b_copy_panel;
        for (size_t k = 0; k < t->k; k++, from += t->b_step, to += t->width)
            for (size_t v = 0; v < t->width; v += VL)
                v_store(to + v, v_load(from + v));
    }
}

typedef void strip_columns_fn(const struct tp_strip *t, const struct tile *tile);

ALWAYS_INLINE void all_strips(const struct tp_strip *t, strip_columns_fn *columns, size_t m) {
    struct tile first = {.a = t->a, .b = t->b, .bias = t->bias, .prefetch_c = t->prefetch_c, .c = t->c};
    size_t done = 0, panels = 0;
#ifdef TILE_ASM
    struct asm_strip assembly = asm_strip(t, m);
    done = assembly.columns;
    panels = assembly.tiles;
#endif
    if (NR <= TP_LINE && t->b_copy)
        copy_b(t, done);
    for (size_t strips = t->strips; strips; strips--) {
#ifdef TILE_ASM
        asm_tiles(t, &assembly, &first, m);
#endif
        if (done < t->n) {
            struct tile tile = first;
            next_tile(&tile, done, panels * t->b_panel);
            tile.n = t->n - done;
            columns(t, &tile);
        }
        first.a += t->a_strip;
        first.c += m * t->ldc;
        if (first.prefetch_c)
            first.prefetch_c += m * t->ldprefetch;
    }
#ifdef TILE_ASM
    asm_end();
#endif
}

/* A function for each height: in one for all, compilers take minutes, and registers from one case for another. */
#define STRIP(m)                                                                                                       \
    static __attribute__((noinline)) void columns_##m(const struct tp_strip *t, const struct tile *tile) {             \
        strip_columns(t, *tile, m);                                                                                    \
    }                                                                                                                  \
    static void strip_##m(const struct tp_strip *t) {                                                                  \
        all_strips(t, columns_##m, m);                                                                                 \
    }
STRIP(1)
STRIP(2)
STRIP(3)
STRIP(4)
#if MR > 4
STRIP(5)
STRIP(6)
#endif
#if MR > 6
STRIP(7)
STRIP(8)
#endif
#if MR > 8
STRIP(9)
#endif
#undef STRIP

static void gemm_strip(const struct tp_strip *t) {
    assert(t->m >= 1 && t->m <= MR && t->n >= 1 && t->strips >= 1);
    assert(t->width % VL == 0 && t->width >= VL && t->width <= NR);
    assert(t->c && (t->ldc >= t->n || t->m * t->strips == 1));
    assert(t->start != TP_START_BIAS || t->bias);
    assert(t->k == 0 || (t->a && t->b && (t->a_row == 1 || t->a_step == 1)));
    assert(t->k == 0 || t->n <= t->width || t->b_panel >= t->width);
    assert(!t->b_padded || t->b_step == t->width);
    assert(!t->b_copy || (NR <= TP_LINE && t->n % t->width == 0 && t->strips == 1 && !t->next_rows && t->b_uncached));
    assert(!t->b_copy || t->b_copy_panel >= t->k * t->width);
    static tp_gemm_strip_fn *const strips[MR] = {
        strip_1,
        strip_2,
        strip_3,
        strip_4,
#if MR > 4
        strip_5,
        strip_6,
#endif
#if MR > 6
        strip_7,
        strip_8,
#endif
#if MR > 8
        strip_9,
#endif
    };
    strips[t->m - 1](t);
}

_Static_assert(NV <= 4, "tile_columns has a case for every width");

#endif
