/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Panels of bf16 pairs, for the instructions that multiply pairs: of a block of 32 k steps, 16 pairs for each lane, a
 * pair in one word. Which two steps are a pair, and which pairs follow each other, is the user's:
 *
 *   LOW(p) HIGH(p)   the steps in the lower and the upper half of pair p
 */
#ifndef TP_ISA_BF16_PANEL_H
#define TP_ISA_BF16_PANEL_H

#include "kernels/bf16.h"

#include <immintrin.h>
#include <string.h>

#define INLINE static inline __attribute__((always_inline))
#define PAIRS (TP_BF16_STEPS / 2)
#define LANES 16

INLINE __mmask16 first(size_t n) {
    return n < 16 ? (__mmask16)((1u << n) - 1) : 0xffff;
}

/* A square of words, which becomes its transpose. */
INLINE void turn(__m512i x[16]) {
    __m512i y[16];
    for (int i = 0; i < 16; i += 4) {
        const __m512i a = _mm512_unpacklo_epi32(x[i], x[i + 1]), b = _mm512_unpackhi_epi32(x[i], x[i + 1]);
        const __m512i c = _mm512_unpacklo_epi32(x[i + 2], x[i + 3]), d = _mm512_unpackhi_epi32(x[i + 2], x[i + 3]);
        y[i] = _mm512_unpacklo_epi64(a, c);
        y[i + 1] = _mm512_unpackhi_epi64(a, c);
        y[i + 2] = _mm512_unpacklo_epi64(b, d);
        y[i + 3] = _mm512_unpackhi_epi64(b, d);
    }
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

/* 16 numbers, n of them read. */
INLINE __m256i load_bf16(const void *p, bool narrow, size_t n) {
    const __mmask16 some = first(n);
    if (narrow)
        return _mm256_maskz_loadu_epi16(some, p);
    return (__m256i)_mm512_cvtneps_pbh(_mm512_maskz_loadu_ps(some, p));
}

INLINE const void *at(const struct tp_bf16_lanes *from, size_t element) {
    return (const char *)from->p + element * (from->narrow ? sizeof(uint16_t) : sizeof(float));
}

/* Lane by lane 32 steps, as they lie; then in the order of pairs. */
INLINE __m512i load_lane(const struct tp_bf16_lanes *from, size_t lane, size_t k, size_t steps, __m512i order) {
    const void *p = at(from, lane * from->lane_step + k);
    const size_t low = steps < 16 ? steps : 16;
    const __m256i a = load_bf16(p, from->narrow, low);
    const __m256i b = steps > 16 ? load_bf16(at(from, lane * from->lane_step + k + 16), from->narrow, steps - 16)
                                 : _mm256_setzero_si256();
    return _mm512_permutexvar_epi16(order, _mm512_inserti64x4(_mm512_castsi256_si512(a), b, 1));
}

/* Step by step 16 lanes: those of two steps, one in the lower halves. */
INLINE __m256i load_step(const struct tp_bf16_lanes *from, size_t lane, size_t lanes, size_t k, size_t step,
                         size_t steps) {
    if (step >= steps)
        return _mm256_setzero_si256();
    return load_bf16(at(from, lane + (k + step) * from->k_step), from->narrow, lanes);
}

INLINE __m512i join_pair(__m256i low, __m256i high) {
    return _mm512_or_si512(_mm512_cvtepu16_epi32(low), _mm512_slli_epi32(_mm512_cvtepu16_epi32(high), 16));
}

INLINE __m512i order_of_pairs(void) {
    uint16_t order[TP_BF16_STEPS];
    for (uint16_t p = 0; p < PAIRS; p++) {
        order[2 * p] = LOW(p);
        order[2 * p + 1] = HIGH(p);
    }
    return _mm512_loadu_si512(order);
}

/* 16 pairs of up to 16 lanes from lane first_lane on: x[pair] has the lanes, or if by_lanes x[lane] the pairs. */
INLINE void load_square(__m512i x[16], const struct tp_bf16_lanes *from, size_t lane, size_t lanes, size_t k,
                        size_t steps, bool by_lanes) {
    const bool lies_by_lanes = from->k_step == 1 && from->lane_step != 1;
    if (lies_by_lanes) {
        const __m512i order = order_of_pairs();
        for (size_t i = 0; i < LANES; i++)
            x[i] = i < lanes ? load_lane(from, lane + i, k, steps, order) : _mm512_setzero_si512();
    } else {
        for (size_t p = 0; p < PAIRS; p++)
            x[p] = join_pair(load_step(from, lane, lanes, k, LOW(p), steps),
                             load_step(from, lane, lanes, k, HIGH(p), steps));
    }
    if (lies_by_lanes != by_lanes)
        turn(x);
}

#endif
