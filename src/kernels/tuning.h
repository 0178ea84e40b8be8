/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The numbers that decide how a product is computed, for one instruction set. Any values give the same bits: only speed
 * depends on them. Where a number is 0, what it is for is never done.
 *
 * strip: MR rows of C; panel: the columns of B that a tile takes, at most NR; caches: so many times what the
 * second-level cache holds of B, nc x kc.
 */
#ifndef TP_KERNELS_TUNING_H
#define TP_KERNELS_TUNING_H

#include <stdbool.h>
#include <stddef.h>

struct tp_tuning {
    /* Blocks (gemm/blocking.c). */
    size_t mc_part;   /* a block of A takes one of so many parts of the second-level cache */
    size_t mc_strips; /* and has at most so many strips */

    /* Packing B pays from so many strips on that read it. */
    size_t pack_b_strips;        /* where nothing is the matter with B */
    size_t pack_b_slow_strips;   /* where loads cross cache lines, crowd its sets, or miss the caches near */
    size_t pack_b_masked_strips; /* where the last vector of a row is masked */
    size_t
        pack_b_conflicting_rows; /* where rows conflict: rows of C times pages from row to row of B; 0: as streamed */

    /* B in place. */
    size_t conflicting_steps;            /* rows of B in a block, where they conflict */
    size_t conflicting_steps_transposed; /* the same if the product is transposed */
    size_t small_parts;                  /* a B of at most one of so many parts of caches needs no short blocks */
    size_t in_place_steps; /* rows of B in a block of a larger one: a panel stays in the first-level cache */
    size_t rows_ahead;     /* prefetch distance in rows of B */

    /* B streamed: read once, for few rows of C. */
    size_t stream_rows;               /* of C, at most */
    size_t stream_conflicting_strips; /* of C, at most, where rows of B conflict */
    size_t stream_floats;             /* of each panel of B in a block */
    size_t stream_long_steps;         /* the same in rows of B, where these are long, B is vast and C one strip */
    size_t stream_long_caches;        /* from so many caches on B is vast */
    size_t stream_long_ahead;         /* prefetch distance then, in floats along a row */
    size_t ahead;                     /* prefetch distance in floats, streamed or in panels */

    /* B uncached: it is not in the caches near the processor. */
    size_t uncached_parts;  /* it is not if it takes more than one of so many parts of caches */
    size_t uncached_steps;  /* rows of B in a block that is read in place */
    size_t uncached_panels; /* rows longer than so many panels are prefetched panel by panel */

    /* B copied: the first strip that reads it writes it in panels for the other strips. */
    size_t copy_steps;          /* rows of B in a block */
    size_t copy_strips;         /* from so many strips on, where rows do not begin at cache lines */
    size_t copy_quarter_strips; /* the same where rows lie in a quarter of the sets that conflict */

    /* Packing A whose steps of k lie apart pays for more than all of these. */
    size_t pack_a_panels; /* of B */
    size_t pack_a_steps;  /* of k */
    size_t pack_a_reach;  /* floats from the first step to the last */

    bool prefetch_next;  /* tiles ask the caches for the next columns of B */
    size_t axpy_rows;    /* up to so many rows of C, at most TP_AXPY_ROWS, are passed over again and again */
    size_t axpy_panels;  /* if they have at least so many panels */
    size_t small_strips; /* a product needs no blocks if its operands take no more than so many strips of A */

    /* What a product costs, in multiply-adds of vectors (gemm/transposed.c). */
    double latent_sums;    /* so many hide the latency of one; a tile with fewer takes as long */
    double partial_cost;   /* factor of tiles that are narrower than their panel */
    double transpose_cost; /* to transpose one element */
    double piece_cost;     /* to transpose a piece of C, besides its elements */
};

/* Tiles whose rows are a cache line: measured for AVX2 on an EPYC (Zen 3) in November 2026 with build/bench/bench_gemm
 * on the shapes of bench/shapes. Scalar code and NEON, which have such tiles too, take the same numbers unmeasured. */
#define TP_TUNING_NARROW                                                                                               \
    {                                                                                                                  \
        .mc_part = 2, .mc_strips = 36, .pack_b_strips = 60, .pack_b_slow_strips = 16, .pack_b_masked_strips = 6,       \
        .pack_b_conflicting_rows = 0, .conflicting_steps = 64, .conflicting_steps_transposed = 256, .small_parts = 4,  \
        .in_place_steps = 170, .rows_ahead = 8, .stream_rows = 4, .stream_conflicting_strips = 2,                      \
        .stream_floats = 1536, .stream_long_steps = 12, .stream_long_caches = 16, .stream_long_ahead = 64,             \
        .ahead = 1024, .uncached_parts = 2, .uncached_steps = 256, .uncached_panels = 4, .copy_steps = 256,            \
        .copy_strips = 8, .copy_quarter_strips = 4, .pack_a_panels = 4, .pack_a_steps = 64, .pack_a_reach = 32768,     \
        .prefetch_next = false, .axpy_rows = 2, .axpy_panels = 2, .small_strips = 4, .latent_sums = 8,                 \
        .partial_cost = 1.13, .transpose_cost = 0.6, .piece_cost = 500                                                 \
    }

#endif
