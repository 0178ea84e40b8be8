/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * bf16 products by multiply-adds of f32, for processors without instructions for bf16. Panels hold floats that are bf16
 * numbers; of each block of 32 k steps first the even ones, then the odd ones.
 */
#ifndef TP_KERNELS_BF16_TILE_H
#define TP_KERNELS_BF16_TILE_H

#include "kernels/bf16.h"
#include "kernels/bf16_exact.h"
#include "kernels/map.h"
#include "kernels/transpose.h"

#define HALF_STEPS (TP_BF16_STEPS / 2)

/* Tiles of as many accumulators as there are registers for, next to a row of B and an element of A. */
#if VL == 16
#define BF16_MR 8
#define BF16_NV 3
#elif VL == 8
#define BF16_MR 6
#define BF16_NV 2
#else
#define BF16_MR 6
#define BF16_NV 4
#endif
#define BF16_NR (BF16_NV * VL)
#define BF16_LANES (BF16_NR > BF16_MR ? BF16_NR : BF16_MR) /* of a panel, at most */

/* Sums of the even or the odd steps of a block. */
ALWAYS_INLINE void bf16_chain_exactly(float *sums, const float *a, const float *b) {
    for (size_t i = 0; i < BF16_MR * BF16_NR; i++)
        sums[i] = 0;
    for (size_t s = 0; s < HALF_STEPS; s++, a += BF16_MR, b += BF16_NR)
        for (size_t i = 0; i < BF16_MR; i++)
            for (size_t j = 0; j < BF16_NR; j++)
                sums[i * BF16_NR + j] = tp_bf16_fma(a[i], b[j], sums[i * BF16_NR + j]);
}

#if VL == 1

typedef int bf16_mode;

ALWAYS_INLINE bf16_mode bf16_mode_begin(void) {
    return 0;
}
ALWAYS_INLINE void bf16_mode_end(bf16_mode mode) {
    (void)mode;
}
ALWAYS_INLINE void bf16_chain(float *sums, const float *a, const float *b) {
    bf16_chain_exactly(sums, a, b);
}
ALWAYS_INLINE vf bf16_add(vf c, vf even, vf odd) {
    return tp_bf16_add(c, even, odd);
}

#else

typedef vf bf16_row[BF16_NV];

ALWAYS_INLINE void bf16_step(bf16_row *acc, const float *a, const float *b) {
    bf16_row row;
    UNROLL
    for (size_t j = 0; j < BF16_NV; j++)
        row[j] = v_load(b + j * VL);
    UNROLL
    for (size_t i = 0; i < BF16_MR; i++) {
        const vf factor = v_set(a[i]);
        UNROLL
        for (size_t j = 0; j < BF16_NV; j++)
            v_accumulate(&acc[i][j], factor, row[j]);
    }
}

ALWAYS_INLINE void bf16_chain_fast(float *sums, const float *a, const float *b) {
    bf16_row acc[BF16_MR];
    UNROLL
    for (size_t i = 0; i < BF16_MR; i++) {
        UNROLL
        for (size_t j = 0; j < BF16_NV; j++)
            acc[i][j] = v_set(0);
    }
    size_t steps = HALF_STEPS;
    KEEP_POINTER(steps); /* a loop, for whose sums there are registers */
    for (; steps; steps--) {
        bf16_step(acc, a, b);
        a += BF16_MR;
        b += BF16_NR;
        KEEP_POINTER(a);
        KEEP_POINTER(b);
    }
    UNROLL
    for (size_t i = 0; i < BF16_MR; i++) {
        UNROLL
        for (size_t j = 0; j < BF16_NV; j++)
            v_store(sums + i * BF16_NR + j * VL, acc[i][j]);
    }
}

/* In the mode that makes 0 of what is too small. */
ALWAYS_INLINE vf bf16_add(vf c, vf even, vf odd) {
    return v_add(c, v_add(even, odd));
}

#if defined(__x86_64__)

#define MXCSR_FLUSH 0x8040 /* results and operands; tininess is found after rounding */

typedef unsigned bf16_mode;

ALWAYS_INLINE bf16_mode bf16_mode_begin(void) {
    const bf16_mode mode = _mm_getcsr();
    _mm_setcsr(mode | MXCSR_FLUSH);
    return mode;
}
ALWAYS_INLINE void bf16_mode_end(bf16_mode mode) {
    _mm_setcsr(mode);
}
ALWAYS_INLINE void bf16_chain(float *sums, const float *a, const float *b) {
    bf16_chain_fast(sums, a, b);
}

#else

#define FPCR_FLUSH (UINT64_C(1) << 24)
#define FPSR_UNDERFLOW (UINT64_C(1) << 3)

typedef struct {
    uint64_t control, status;
} bf16_mode;

ALWAYS_INLINE uint64_t bf16_status(void) {
    uint64_t status;
    __asm__ volatile("mrs %0, fpsr" : "=r"(status)::"memory");
    return status;
}
ALWAYS_INLINE void bf16_set_control(uint64_t control) {
    __asm__ volatile("msr fpcr, %0" ::"r"(control) : "memory");
}
ALWAYS_INLINE void bf16_set_status(uint64_t status) {
    __asm__ volatile("msr fpsr, %0" ::"r"(status) : "memory");
}
ALWAYS_INLINE bf16_mode bf16_mode_begin(void) {
    bf16_mode mode = {.status = bf16_status()};
    __asm__ volatile("mrs %0, fpcr" : "=r"(mode.control)::"memory");
    bf16_set_control(mode.control | FPCR_FLUSH);
    bf16_set_status(mode.status & ~FPSR_UNDERFLOW);
    return mode;
}
ALWAYS_INLINE void bf16_mode_end(bf16_mode mode) {
    bf16_set_control(mode.control);
    bf16_set_status(mode.status);
}

static __attribute__((noinline)) void bf16_chain_again(float *sums, const float *a, const float *b) {
    const uint64_t status = bf16_status();
    uint64_t control;
    __asm__ volatile("mrs %0, fpcr" : "=r"(control)::"memory");
    bf16_set_control(control & ~FPCR_FLUSH);
    bf16_chain_exactly(sums, a, b);
    bf16_set_control(control);
    bf16_set_status(status & ~FPSR_UNDERFLOW);
}

/* Arm flushes what is too small before it is rounded, and says so: then once more, exactly. */
ALWAYS_INLINE void bf16_chain(float *sums, const float *a, const float *b) {
    bf16_chain_fast(sums, a, b);
    if (bf16_status() & FPSR_UNDERFLOW)
        bf16_chain_again(sums, a, b);
}

#endif
#endif

ALWAYS_INLINE void bf16_add_block(float *c, size_t ldc, const float *start, size_t ldstart, const float *even,
                                  const float *odd) {
    for (size_t i = 0; i < BF16_MR; i++, c += ldc, start += ldstart, even += BF16_NR, odd += BF16_NR) {
        UNROLL
        for (size_t j = 0; j < BF16_NR; j += VL)
            v_store(c + j, bf16_add(v_load(start + j), v_load(even + j), v_load(odd + j)));
    }
}

ALWAYS_INLINE void bf16_multiply_panel(const struct tp_bf16_tiles *t, const float *b, const float *start, float *c) {
    float even[BF16_MR * BF16_NR], odd[BF16_MR * BF16_NR];
    const float *a = t->a;
    size_t ldstart = t->ldstart;
    for (size_t block = 0; block < t->blocks; block++, start = c, ldstart = t->ldc) {
        bf16_chain(even, a, b);
        bf16_chain(odd, a + HALF_STEPS * BF16_MR, b + HALF_STEPS * BF16_NR);
        bf16_add_block(c, t->ldc, start, ldstart, even, odd);
        a += TP_BF16_STEPS * BF16_MR;
        b += TP_BF16_STEPS * BF16_NR;
    }
}

/* Not inlined: no arithmetic is moved out of the mode that its caller sets. */
static __attribute__((noinline)) void bf16_tiles_in_mode(const struct tp_bf16_tiles *t) {
    static const float zeros[BF16_NR];
    for (size_t panel = 0; panel < t->panels; panel++) {
        const float *b = (const float *)((const char *)t->b + panel * t->b_panel);
        bf16_multiply_panel(t, b, t->start ? t->start + panel * BF16_NR : zeros, t->c + panel * BF16_NR);
    }
}

static void bf16_tiles(const struct tp_bf16_tiles *tiles) {
    const bf16_mode mode = bf16_mode_begin();
    bf16_tiles_in_mode(tiles);
    bf16_mode_end(mode);
}

/* Lanes and steps of a block as floats, and where they are. */
struct bf16_block {
    const float *p;
    size_t lane_step, k_step;
};

/* A part of the operand, up to 32 steps of it; of bf16 numbers a copy is made in room, of lanes times 32. */
ALWAYS_INLINE struct bf16_block bf16_widen(const struct tp_bf16_lanes *from, size_t lanes, size_t k, size_t steps,
                                           float *room) {
    if (!from->narrow)
        return (struct bf16_block){(const float *)from->p + k * from->k_step, from->lane_step, from->k_step};
    const uint16_t *p = (const uint16_t *)from->p + k * from->k_step;
    const bool by_lanes = from->k_step == 1;
    const size_t lines = by_lanes ? lanes : steps, length = by_lanes ? steps : lanes;
    const size_t distance = by_lanes ? from->lane_step : from->k_step, room_step = by_lanes ? TP_BF16_STEPS : lanes;
    for (size_t i = 0; i < lines; i++)
        for (size_t j = 0; j < length; j++)
            room[i * room_step + j] = tp_bf16_float(p[i * distance + j]);
    return by_lanes ? (struct bf16_block){room, TP_BF16_STEPS, 1} : (struct bf16_block){room, 1, lanes};
}

/* Where a step is in a panel's block: even ones first. */
ALWAYS_INLINE size_t bf16_place(size_t step) {
    return step / 2 + step % 2 * HALF_STEPS;
}

/* width floats: lanes of them rounded, then zeros. */
ALWAYS_INLINE void bf16_round_row(float *out, const float *in, size_t lanes, size_t width) {
    size_t i = 0;
    for (; i + VL <= lanes; i += VL)
        v_store(out + i, v_round_bf16(v_load(in + i)));
    for (; i < width; i += VL) {
        const vf some = i < lanes ? v_round_bf16(v_load_first(in + i, lanes - i)) : v_set(0);
        store_some(out + i, some, width - i < VL ? width - i : VL);
    }
}

ALWAYS_INLINE void bf16_pack_block(float *panel, const struct tp_bf16_lanes *from, size_t lanes, size_t k, size_t steps,
                                   size_t width) {
    float wide[TP_BF16_STEPS * BF16_LANES], turned[TP_BF16_STEPS * BF16_LANES];
    struct bf16_block block = bf16_widen(from, lanes, k, steps, wide);
    if (block.lane_step != 1) {
        transpose(turned, width, block.p, block.lane_step, lanes, steps);
        block = (struct bf16_block){turned, 1, width};
    }
    if (lanes == width && steps == TP_BF16_STEPS) {
        for (size_t s = 0; s < TP_BF16_STEPS; s++)
            bf16_round_row(panel + bf16_place(s) * width, block.p + s * block.k_step, width, width);
        return;
    }
    for (size_t s = 0; s < TP_BF16_STEPS; s++)
        bf16_round_row(panel + bf16_place(s) * width, block.p + s * block.k_step, s < steps ? lanes : 0, width);
}

ALWAYS_INLINE void bf16_pack_panel(float *panel, const struct tp_bf16_lanes *from, size_t lanes, size_t k,
                                   size_t width) {
    for (size_t done = 0; done < k; done += TP_BF16_STEPS, panel += TP_BF16_STEPS * width) {
        const size_t steps = k - done < TP_BF16_STEPS ? k - done : TP_BF16_STEPS;
        bf16_pack_block(panel, from, lanes, done, steps, width);
    }
}

ALWAYS_INLINE void bf16_pack(void *panels, size_t step, const struct tp_bf16_lanes *from, size_t lanes, size_t k,
                             size_t width) {
    const size_t element = from->narrow ? sizeof(uint16_t) : sizeof(float);
    struct tp_bf16_lanes some = *from;
    assert(from->lane_step == 1 || from->k_step == 1);
    for (size_t lane = 0; lane < lanes; lane += width) {
        bf16_pack_panel((float *)((char *)panels + lane / width * step), &some,
                        lanes - lane < width ? lanes - lane : width, k, width);
        some.p = (const char *)some.p + width * some.lane_step * element;
    }
}

static void bf16_pack_a(void *panels, size_t step, const struct tp_bf16_lanes *from, size_t lanes, size_t k) {
    bf16_pack(panels, step, from, lanes, k, BF16_MR);
}

static void bf16_pack_b(void *panels, size_t step, const struct tp_bf16_lanes *from, size_t lanes, size_t k) {
    bf16_pack(panels, step, from, lanes, k, BF16_NR);
}

#endif
