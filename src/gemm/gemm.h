/* SPDX-License-Identifier: BSD-3-Clause */
/* The blocked matrix product above the tile: C = start + alpha A B, with an epilogue on each finished tile. */
#ifndef TP_GEMM_GEMM_H
#define TP_GEMM_GEMM_H

#include "core/parallel.h"
#include "core/size.h"
#include "cpu/cpu.h"
#include "kernels/kernels.h"

#include <assert.h>

/* Cache blocking in elements: an mc x kc block of A and a piece of B for the second-level cache, kc x nc of B, in which
 * the pieces lie; and the work that a thread must have to be worth waking. Any values >= 1 give the same bits. */
struct tp_blocking {
    size_t mc, kc, nc;
    double thread_flops;
};

struct tp_blocking tp_blocking_choose(const struct tp_cpu *cpu, const struct tp_isa *isa);

/* Columns of a panel of an n-column B: as even as whole vectors allow, so that no tile is much narrower than others. */
static inline size_t tp_panel_width(const struct tp_isa *isa, size_t n) {
    assert(n > 0);
    const size_t even = n <= isa->nr ? n : tp_ceil_div(n, tp_ceil_div(n, isa->nr));
    return (even + isa->lanes - 1) & ~(isa->lanes - 1);
}

/* Element (i, j) is at p[i * row_step + j * column_step]; or, for B, p points to panels of all k rows. */
struct tp_operand {
    union {
        const float *p;
        const uint16_t *bits; /* if narrow: bf16 numbers, for products in bf16 */
    };
    size_t row_step, column_step;
    bool packed, narrow;
};

static inline struct tp_operand tp_plain(const float *p, size_t ld) {
    return (struct tp_operand){.p = p, .row_step = ld, .column_step = 1};
}

static inline struct tp_operand tp_transposed(const float *p, size_t ld) {
    return (struct tp_operand){.p = p, .row_step = 1, .column_step = ld};
}

static inline struct tp_operand tp_gemm_transposed(const struct tp_operand *x) {
    return (struct tp_operand){.p = x->p, .row_step = x->column_step, .column_step = x->row_step};
}

/* Rows i.., columns j.. of a product, m x n. */
struct tp_place {
    size_t i, j, m, n;
};

/* Takes a finished part of a product. */
typedef void tp_consume_fn(const void *consumer, const float *c, size_t ldc, const struct tp_place *place);

/* What happens to some strips of C after their last k step, while they are in cache. */
struct tp_gemm_epilogue {
    float *keep; /* gets C before f, shaped like C; or NULL */
    size_t ldkeep;
    tp_activate_fn *activate; /* C = f(C), or NULL */
    tp_derive_fn *derive;     /* C = C * f'(x), or NULL */
    const float *x;           /* what derive reads: stored activations or the kept Z, shaped like C */
    size_t ldx;
    float parameter;
    tp_consume_fn *consume; /* or NULL; C is then only a place for sums that are not complete, and start is not C's */
    const void *consumer;
    const float *target; /* what consume writes, shaped like C, if it comes from far; or NULL */
    size_t ldtarget;
};

struct tp_gemm {
    const struct tp_isa *isa;
    const struct tp_bf16 *bf16; /* the operands are rounded to bf16, this way; NULL: not, they are f32 */
    const struct tp_blocking *blocking;
    size_t m, n, k;
    float alpha;
    struct tp_operand a, b; /* m x k, k x n */
    bool lanes;             /* canonical sums instead of chains, for layers with few outputs (gemm/lanes.h) */
    size_t parts;           /* 0 or 1: sums are one chain; else, as tp_gemm_parts allows, those of so many even parts
                               of the k steps are added as a binary tree (gemm/tree.h), and consumed */
    float *levels;          /* this thread's room for that, tp_level_floats */
    enum tp_start start;
    float beta;
    const float *bias; /* n, for TP_START_BIAS */
    float *c;
    size_t ldc;
    struct tp_gemm_epilogue epilogue;
};

/* Floats of scratch that each thread needs for sizes up to m, n, k. */
size_t tp_gemm_scratch(const struct tp_isa *isa, const struct tp_blocking *blocking, size_t m, size_t n, size_t k);

/* The same for a product in bf16 this way, or if bf16 is NULL for one in f32. */
size_t tp_product_scratch(const struct tp_isa *isa, const struct tp_blocking *blocking, const struct tp_bf16 *bf16,
                          size_t m, size_t n, size_t k);

/* How many parts of up to so many k steps one product can add: at most so many, a power of two. */
size_t tp_gemm_parts(const struct tp_blocking *blocking, const struct tp_bf16 *bf16, size_t most, size_t steps);
size_t tp_level_floats(size_t parts);

/* One thread's part of the product, m and n at least 1; the team shares C in tiles and needs no barrier within. Where k
 * or alpha is 0, the operands are not read. */
void tp_gemm_run(const struct tp_gemm *gemm, struct tp_team team, float *scratch);

#endif
