/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * bf16 products by VDPBF16PS, which adds the product of the upper halves of two words, then that of the lower halves,
 * each rounded to nearest and flushed, whatever MXCSR says (Intel SDM vol. 2, "VDPBF16PS"). Pairs are k and k + 2, the
 * earlier one in the upper half: even pairs and odd pairs take turns.
 */
#include "kernels/kernels.h"

#include "cpu/cpu.h"

#define FIRST_STEP(pair) (4 * ((pair) / 2) + (pair) % 2)
#define LOW(pair) (uint16_t)(FIRST_STEP(pair) + 2)
#define HIGH(pair) (uint16_t) FIRST_STEP(pair)
#include "isa/bf16_panel.h"

#define MR 6
#define NV 2
#define NR (NV * LANES)
#define MXCSR_FLUSH 0x8040

/* As a register: clang 16 dies of a factor that the instruction itself could read from memory. */
#define KEEP_APART(v) __asm__("" : "+v"(v))

/* Sums of a block: even steps in sum[0], odd ones in sum[1]. */
INLINE void multiply_block(__m512 sum[2][MR][NV], const uint32_t *a, const uint32_t *b) {
    for (size_t pair = 0; pair < PAIRS; pair += 2) {
        UNROLL
        for (size_t odd = 0; odd < 2; odd++, a += MR, b += NR) {
            const __m512i b0 = _mm512_loadu_si512(b), b1 = _mm512_loadu_si512(b + LANES);
            UNROLL
            for (size_t i = 0; i < MR; i++) {
                __m512i factor = _mm512_set1_epi32((int)a[i]);
                KEEP_APART(factor);
                sum[odd][i][0] = _mm512_dpbf16_ps(sum[odd][i][0], (__m512bh)factor, (__m512bh)b0);
                sum[odd][i][1] = _mm512_dpbf16_ps(sum[odd][i][1], (__m512bh)factor, (__m512bh)b1);
            }
        }
    }
}

INLINE void multiply_panel(const struct tp_bf16_tiles *t, const uint32_t *b, const float *start, float *c) {
    const uint32_t *a = t->a;
    size_t ldstart = t->ldstart;
    for (size_t block = 0; block < t->blocks; block++, a += PAIRS * MR, b += PAIRS * NR) {
        __m512 sum[2][MR][NV];
        UNROLL
        for (size_t i = 0; i < MR; i++) {
            UNROLL
            for (size_t j = 0; j < NV; j++)
                sum[0][i][j] = sum[1][i][j] = _mm512_setzero_ps();
        }
        multiply_block(sum, a, b);
        UNROLL
        for (size_t i = 0; i < MR; i++) {
            UNROLL
            for (size_t j = 0; j < NV; j++) {
                const __m512 before = _mm512_loadu_ps(start + i * ldstart + j * LANES);
                _mm512_storeu_ps(c + i * t->ldc + j * LANES,
                                 _mm512_add_ps(before, _mm512_add_ps(sum[0][i][j], sum[1][i][j])));
            }
        }
        start = c;
        ldstart = t->ldc;
    }
}

/* Not inlined: no sum is moved out of the mode that its caller sets. */
static __attribute__((noinline)) void tiles_in_mode(const struct tp_bf16_tiles *t) {
    static const float zeros[NR];
    for (size_t panel = 0; panel < t->panels; panel++)
        multiply_panel(t, (const uint32_t *)((const char *)t->b + panel * t->b_panel),
                       t->start ? t->start + panel * NR : zeros, t->c + panel * NR);
}

static void tiles(const struct tp_bf16_tiles *t) {
    assert(t->panels && t->blocks && t->m && t->m <= MR);
    const unsigned mode = _mm_getcsr();
    _mm_setcsr(mode | MXCSR_FLUSH);
    tiles_in_mode(t);
    _mm_setcsr(mode);
}

/* Panels narrower than 16 lanes are written to the last lane. */
INLINE void put_pairs(uint32_t *panel, size_t lane, size_t width, const __m512i x[16]) {
    UNROLL
    for (size_t p = 0; p < PAIRS; p++)
        _mm512_mask_storeu_epi32(panel + p * width + lane, first(width - lane), x[p]);
}

static void pack_a(void *panels, size_t step, const struct tp_bf16_lanes *from, size_t lanes, size_t k) {
    struct squares s = squares_of(panels, step, from, lanes, k);
    s.width = MR;
    s.by_lanes = false;
    s.put = put_pairs;
    pack_squares(&s);
}

static void pack_b(void *panels, size_t step, const struct tp_bf16_lanes *from, size_t lanes, size_t k) {
    struct squares s = squares_of(panels, step, from, lanes, k);
    s.width = NR;
    s.by_lanes = false;
    s.put = put_pairs;
    pack_squares(&s);
}

const struct tp_bf16 tp_bf16_avx512bf16 = {
    .name = "avx512bf16",
    .needs =
        TP_FEATURE_AVX512F | TP_FEATURE_AVX512BW | TP_FEATURE_AVX512DQ | TP_FEATURE_AVX512VL | TP_FEATURE_AVX512BF16,
    .mr = MR,
    .nr = NR,
    .element = sizeof(uint16_t),
    .mc = 144,
    .nc = 512,
    .kc = 512,
    .near = 512,
    .pack_a = pack_a,
    .pack_b = pack_b,
    .tiles = tiles,
};
