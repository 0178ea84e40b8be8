/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Panels of bf16 pairs, for the instructions that multiply pairs: of a block of 32 k steps, 16 pairs for each lane, a
 * pair in one word. They are made of squares, 16 pairs of 16 lanes. Which two steps are a pair is the user's:
 *
 *   LOW(p) HIGH(p)   the steps in the lower and the upper half of pair p
 */
#ifndef TP_ISA_BF16_PANEL_H
#define TP_ISA_BF16_PANEL_H

#include "kernels/bf16.h"

#include <assert.h>
#include <immintrin.h>

#define INLINE static inline __attribute__((always_inline))
#define UNROLL _Pragma("GCC unroll 32")
#define PAIRS (TP_BF16_STEPS / 2)
#define LANES 16

INLINE size_t smaller(size_t a, size_t b) {
    return a < b ? a : b;
}

INLINE __mmask16 first(size_t n) {
    return (__mmask16)(n < 16 ? (1u << n) - 1 : 0xffff);
}

/* A square of words, which becomes its transpose. */
INLINE void turn(__m512i x[16]) {
    __m512i y[16];
    UNROLL
    for (int i = 0; i < 16; i += 4) {
        const __m512i a = _mm512_unpacklo_epi32(x[i], x[i + 1]), b = _mm512_unpackhi_epi32(x[i], x[i + 1]);
        const __m512i c = _mm512_unpacklo_epi32(x[i + 2], x[i + 3]), d = _mm512_unpackhi_epi32(x[i + 2], x[i + 3]);
        y[i] = _mm512_unpacklo_epi64(a, c);
        y[i + 1] = _mm512_unpackhi_epi64(a, c);
        y[i + 2] = _mm512_unpacklo_epi64(b, d);
        y[i + 3] = _mm512_unpackhi_epi64(b, d);
    }
    UNROLL
    for (int j = 0; j < 4; j++) {
        const __m512i a = _mm512_shuffle_i32x4(y[j], y[j + 4], 0x88), b = _mm512_shuffle_i32x4(y[j], y[j + 4], 0xdd);
        const __m512i c = _mm512_shuffle_i32x4(y[j + 8], y[j + 12], 0x88);
        const __m512i d = _mm512_shuffle_i32x4(y[j + 8], y[j + 12], 0xdd);
        x[j] = _mm512_shuffle_i32x4(a, c, 0x88);
        x[j + 4] = _mm512_shuffle_i32x4(b, d, 0x88);
        x[j + 8] = _mm512_shuffle_i32x4(a, c, 0xdd);
        x[j + 12] = _mm512_shuffle_i32x4(b, d, 0xdd);
    }
}

INLINE const void *element_at(const struct tp_bf16_lanes *from, size_t lane, size_t k) {
    const size_t element = from->narrow ? sizeof(uint16_t) : sizeof(float);
    return (const char *)from->p + (lane * from->lane_step + k * from->k_step) * element;
}

/* 32 numbers: low of them from a in the lower half, high from b in the upper one. */
INLINE __m512i load_two(const void *a, size_t low, const void *b, size_t high, bool narrow) {
    if (narrow)
        return _mm512_inserti64x4(_mm512_castsi256_si512(_mm256_maskz_loadu_epi16(first(low), a)),
                                  _mm256_maskz_loadu_epi16(first(high), b), 1);
    return (__m512i)_mm512_cvtne2ps_pbh(_mm512_maskz_loadu_ps(first(high), b), _mm512_maskz_loadu_ps(first(low), a));
}

/* How the steps of a lane, or the lanes of two steps, become words. */
struct orders {
    __m512i pairs, halves;
};

INLINE struct orders make_orders(void) {
    uint16_t pairs[TP_BF16_STEPS], halves[TP_BF16_STEPS];
    for (uint16_t p = 0; p < PAIRS; p++) {
        pairs[2 * p] = LOW(p);
        pairs[2 * p + 1] = HIGH(p);
        halves[2 * p] = p;
        halves[2 * p + 1] = p + LANES;
    }
    return (struct orders){_mm512_loadu_si512(pairs), _mm512_loadu_si512(halves)};
}

/* x[lane] = its 16 pairs, from steps that lie side by side. */
INLINE void load_lanes(__m512i x[16], const struct orders *orders, const struct tp_bf16_lanes *from, size_t lane,
                       size_t lanes, size_t k, size_t steps) {
    const size_t low = smaller(steps, 16);
    UNROLL
    for (size_t i = 0; i < LANES; i++) {
        const void *p = element_at(from, lane + (i < lanes ? i : 0), k);
        const void *upper = (const char *)p + 16 * (from->narrow ? sizeof(uint16_t) : sizeof(float));
        const size_t some = i < lanes;
        x[i] =
            _mm512_permutexvar_epi16(orders->pairs, load_two(p, some * low, upper, some * (steps - low), from->narrow));
    }
}

/* x[pair] = the pair of 16 lanes, which lie side by side. */
INLINE void load_pairs(__m512i x[16], const struct orders *orders, const struct tp_bf16_lanes *from, size_t lane,
                       size_t lanes, size_t k, size_t steps) {
    UNROLL
    for (size_t p = 0; p < PAIRS; p++) {
        const bool has_low = LOW(p) < steps, has_high = HIGH(p) < steps;
        x[p] = _mm512_permutexvar_epi16(orders->halves,
                                        load_two(element_at(from, lane, k + (has_low ? LOW(p) : 0)), has_low * lanes,
                                                 element_at(from, lane, k + (has_high ? HIGH(p) : 0)), has_high * lanes,
                                                 from->narrow));
    }
}

/* The numbers of whole squares, of which most are, are known to the compiler. */
#define LOAD_SQUARE(load)                                                                                              \
    do {                                                                                                               \
        if (lanes == LANES && steps == TP_BF16_STEPS && !from->narrow) {                                               \
            const struct tp_bf16_lanes floats = {from->p, from->lane_step, from->k_step, false};                       \
            load(x, orders, &floats, lane, LANES, k, TP_BF16_STEPS);                                                   \
        } else {                                                                                                       \
            load(x, orders, from, lane, lanes, k, steps);                                                              \
        }                                                                                                              \
    } while (0)

/* 16 pairs of up to 16 lanes: x[pair] has the lanes, or if by_lanes x[lane] the pairs. */
INLINE void load_square(__m512i x[16], const struct orders *orders, const struct tp_bf16_lanes *from, size_t lane,
                        size_t lanes, size_t k, size_t steps, bool by_lanes) {
    const bool lies_by_lanes = from->lane_step != 1;
    if (lies_by_lanes)
        LOAD_SQUARE(load_lanes);
    else
        LOAD_SQUARE(load_pairs);
    if (lies_by_lanes != by_lanes)
        turn(x);
}

/* Squares of panels of width lanes, in the order in which the operand lies: along its rows. */
typedef void put_square_fn(uint32_t *panel, size_t lane, size_t width, const __m512i x[16]);

struct squares {
    const struct tp_bf16_lanes *from;
    struct orders orders;
    size_t lanes, k, width, panel_bytes;
    bool by_lanes;
    put_square_fn *put;
    char *panels;
};

INLINE void pack_square(const struct squares *s, size_t panel, size_t inner, size_t block) {
    const size_t lane = panel * s->width + inner, k = block * TP_BF16_STEPS;
    const size_t some = lane < s->lanes ? smaller(smaller(s->lanes - lane, LANES), s->width - inner) : 0;
    __m512i x[16];
    load_square(x, &s->orders, s->from, some ? lane : 0, some, k, smaller(s->k - k, TP_BF16_STEPS), s->by_lanes);
    s->put((uint32_t *)(s->panels + panel * s->panel_bytes) + k / 2 * s->width, inner, s->width, x);
}

INLINE void pack_squares(const struct squares *s) {
    const size_t panels = (s->lanes + s->width - 1) / s->width, blocks = (s->k + TP_BF16_STEPS - 1) / TP_BF16_STEPS;
    if (s->from->lane_step != 1) {
        for (size_t panel = 0; panel < panels; panel++)
            for (size_t inner = 0; inner < s->width; inner += LANES)
                for (size_t block = 0; block < blocks; block++)
                    pack_square(s, panel, inner, block);
        return;
    }
    for (size_t block = 0; block < blocks; block++)
        for (size_t panel = 0; panel < panels; panel++)
            for (size_t inner = 0; inner < s->width; inner += LANES)
                pack_square(s, panel, inner, block);
}

INLINE struct squares squares_of(void *panels, size_t panel_bytes, const struct tp_bf16_lanes *from, size_t lanes,
                                 size_t k) {
    return (struct squares){
        .from = from, .orders = make_orders(), .lanes = lanes, .k = k, .panel_bytes = panel_bytes, .panels = panels};
}

#endif
