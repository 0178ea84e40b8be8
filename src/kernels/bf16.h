/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Products of bf16 numbers in one order, whatever computes them:
 *
 *   for each block of 32 k steps, the last one filled up with zeros
 *       E = O = 0
 *       E = f(fma(a[k], b[k], E)) for k even, ascending
 *       O = f(fma(a[k], b[k], O)) for k odd, ascending
 *       C = f(f(C) + f(E + O))
 *
 * where f makes 0, with its sign, of a result whose magnitude, rounded as if the exponent had no end, is below 2^-126.
 * That is what the instruction TDPBF16PS of AMX does (Intel, Architecture Instruction Set Extensions, chapter 3);
 * everything else follows it.
 *
 * A path is a way to do so: its layout of panels, its tile, and how blocks of operands are cut.
 */
#ifndef TP_KERNELS_BF16_H
#define TP_KERNELS_BF16_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* k steps of a block. */
#define TP_BF16_STEPS 32

/* Rows of A or columns of B: element k of lane i is at p[i * lane_step + k * k_step], one of the steps 1; a float,
 * which is rounded to bf16, or if narrow a bf16. */
struct tp_bf16_lanes {
    const void *p;
    size_t lane_step, k_step;
    bool narrow;
};

/* Panels of a path, each of mr rows of A or nr columns of B, step bytes apart, from lanes and k steps; what is missing
 * in lanes and steps is zeros. */
typedef void tp_bf16_pack_fn(void *panels, size_t step, const struct tp_bf16_lanes *from, size_t lanes, size_t k);

/* C, mr rows, of which those from m on may be left as they are, and panels times nr columns, = start + A B over blocks
 * times 32 k steps. start: rows ldstart apart, 0 for one row for all; NULL: 0. b_panel: bytes from a panel of B to the
 * next. */
struct tp_bf16_tiles {
    size_t m, panels, blocks;
    const void *a, *b;
    size_t b_panel;
    const float *start;
    size_t ldstart;
    float *c;
    size_t ldc;
};

typedef void tp_bf16_tiles_fn(const struct tp_bf16_tiles *tiles);

struct tp_bf16 {
    const char *name;
    uint32_t needs;         /* enum tp_feature */
    bool (*is_ready)(void); /* the system allows it, and it computes what it should; NULL: always */
    size_t mr, nr;
    size_t element; /* bytes of an element in panels */
    /* Blocks of C, which stay in the second-level cache, and of k, whose panels do; and the k steps of them for which a
     * panel of A stays in the first-level cache. Multiples of mr, nr, and 32. */
    size_t mc, nc, kc, near;
    tp_bf16_pack_fn *pack_a, *pack_b;
    void (*begin)(void), (*end)(void); /* what a thread needs around calls of tiles; NULL: nothing */
    tp_bf16_tiles_fn *tiles;
};

#endif
