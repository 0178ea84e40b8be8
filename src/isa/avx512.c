/* SPDX-License-Identifier: BSD-3-Clause */
#include "kernels/kernels.h"
#include "kernels/vec.h"

#include "cpu/cpu.h"

#include <immintrin.h>
#include <sleef.h>

typedef __m512 vf;
#define VL 16
#define GROUP 4
#define MR 9
#define NV 3
#define WIDE_ROWS 2
#define WIDE_PANELS 4
#define TILE_ASM "isa/x86_tile.h"

ALWAYS_INLINE __mmask16 mask_first(size_t n) {
    return (__mmask16)((1u << n) - 1);
}

ALWAYS_INLINE vf v_load(const float *p) {
    return _mm512_loadu_ps(p);
}
ALWAYS_INLINE void v_store(float *p, vf v) {
    _mm512_storeu_ps(p, v);
}
ALWAYS_INLINE vf v_load_first(const float *p, size_t n) {
    return _mm512_maskz_loadu_ps(mask_first(n), p);
}
ALWAYS_INLINE void v_store_first(float *p, vf v, size_t n) {
    _mm512_mask_storeu_ps(p, mask_first(n), v);
}
ALWAYS_INLINE vf v_first(vf x, vf y, size_t n) {
    return _mm512_mask_blend_ps(mask_first(n), y, x);
}
ALWAYS_INLINE vf v_upper(vf v, size_t half) {
    return half == 8   ? _mm512_shuffle_f32x4(v, v, 0x4e)
           : half == 4 ? _mm512_shuffle_f32x4(v, v, 0xb1)
           : half == 2 ? _mm512_permute_ps(v, 0x4e)
                       : _mm512_permute_ps(v, 0xb1);
}
ALWAYS_INLINE vf v_set(float s) {
    return _mm512_set1_ps(s);
}
ALWAYS_INLINE float v_get(vf v) {
    return _mm512_cvtss_f32(v);
}
ALWAYS_INLINE vf v_add(vf a, vf b) {
    return _mm512_add_ps(a, b);
}
ALWAYS_INLINE vf v_sub(vf a, vf b) {
    return _mm512_sub_ps(a, b);
}
ALWAYS_INLINE vf v_mul(vf a, vf b) {
    return _mm512_mul_ps(a, b);
}
ALWAYS_INLINE vf v_div(vf a, vf b) {
    return _mm512_div_ps(a, b);
}
ALWAYS_INLINE vf v_sqrt(vf v) {
    return _mm512_sqrt_ps(v);
}
ALWAYS_INLINE vf v_fma(vf a, vf b, vf c) {
    return _mm512_fmadd_ps(a, b, c);
}
ALWAYS_INLINE void v_accumulate(vf *sum, vf a, vf b) {
    __asm__("vfmadd231ps {%2, %1, %0|%0, %1, %2}" : "+v"(*sum) : "v"(a), "v"(b));
}
ALWAYS_INLINE vf v_abs(vf v) {
    return _mm512_abs_ps(v);
}
ALWAYS_INLINE vf v_flush(vf v) {
    return _mm512_maskz_mov_ps(_mm512_test_epi32_mask(_mm512_castps_si512(v), _mm512_set1_epi32(0x7f800000)), v);
}
ALWAYS_INLINE vf v_round_bf16(vf v) {
    const __m512i bits = _mm512_castps_si512(v), sign = _mm512_set1_epi32((int)0x80000000);
    const __m512i odd = _mm512_and_si512(_mm512_srli_epi32(bits, 16), _mm512_set1_epi32(1));
    __m512i rounded = _mm512_add_epi32(bits, _mm512_add_epi32(odd, _mm512_set1_epi32(0x7fff)));
    rounded = _mm512_mask_or_epi32(rounded, _mm512_cmp_ps_mask(v, v, _CMP_UNORD_Q), bits, _mm512_set1_epi32(0x400000));
    rounded = _mm512_mask_and_epi32(rounded, _mm512_testn_epi32_mask(bits, _mm512_set1_epi32(0x7f800000)), bits, sign);
    return _mm512_castsi512_ps(_mm512_and_si512(rounded, _mm512_set1_epi32((int)0xffff0000)));
}
ALWAYS_INLINE vf v_at_least(vf v, vf low) {
    return _mm512_max_ps(low, v);
}
ALWAYS_INLINE vf v_at_most(vf v, vf high) {
    return _mm512_min_ps(high, v);
}
ALWAYS_INLINE vf v_select_le(vf a, vf b, vf x, vf y) {
    return _mm512_mask_blend_ps(_mm512_cmp_ps_mask(a, b, _CMP_LE_OQ), y, x);
}
ALWAYS_INLINE vf v_zero_le(vf a, vf b, vf y) {
    return _mm512_maskz_mov_ps(_mm512_cmp_ps_mask(a, b, _CMP_NLE_UQ), y);
}
ALWAYS_INLINE vf v_load_groups(const float *const *p) {
    vf v = _mm512_castps128_ps512(_mm_loadu_ps(p[0]));
    v = _mm512_insertf32x4(v, _mm_loadu_ps(p[1]), 1);
    v = _mm512_insertf32x4(v, _mm_loadu_ps(p[2]), 2);
    return _mm512_insertf32x4(v, _mm_loadu_ps(p[3]), 3);
}
ALWAYS_INLINE void v_store_groups(float *p, size_t step, vf v) {
    _mm_storeu_ps(p, _mm512_castps512_ps128(v));
    _mm_storeu_ps(p + step, _mm512_extractf32x4_ps(v, 1));
    _mm_storeu_ps(p + 2 * step, _mm512_extractf32x4_ps(v, 2));
    _mm_storeu_ps(p + 3 * step, _mm512_extractf32x4_ps(v, 3));
}
ALWAYS_INLINE void v_transpose_groups(vf x[GROUP]) {
    const vf a = _mm512_unpacklo_ps(x[0], x[1]), b = _mm512_unpackhi_ps(x[0], x[1]);
    const vf c = _mm512_unpacklo_ps(x[2], x[3]), d = _mm512_unpackhi_ps(x[2], x[3]);
    x[0] = _mm512_shuffle_ps(a, c, 0x44);
    x[1] = _mm512_shuffle_ps(a, c, 0xee);
    x[2] = _mm512_shuffle_ps(b, d, 0x44);
    x[3] = _mm512_shuffle_ps(b, d, 0xee);
}
ALWAYS_INLINE vf v_exp(vf v) {
    return Sleef_finz_expf16_u10avx512f(v);
}
ALWAYS_INLINE vf v_expm1(vf v) {
    return Sleef_finz_expm1f16_u10avx512f(v);
}
ALWAYS_INLINE vf v_log(vf v) {
    return Sleef_finz_logf16_u10avx512f(v);
}
ALWAYS_INLINE vf v_log1p(vf v) {
    return Sleef_finz_log1pf16_u10avx512f(v);
}
ALWAYS_INLINE vf v_tanh(vf v) {
    return Sleef_finz_tanhf16_u10avx512f(v);
}
ALWAYS_INLINE vf v_erfc(vf v) {
    return Sleef_finz_erfcf16_u15avx512f(v);
}
ALWAYS_INLINE vf v_cospi(vf v) {
    return Sleef_finz_cospif16_u05avx512f(v);
}

#define TP_ISA tp_isa_avx512
#define TP_ISA_NAME "avx512"
/* Measured on a Xeon (Sapphire Rapids) in November 2026 with build/bench/bench_gemm on the shapes of bench/shapes. */
#define TP_ISA_TUNING                                                                                                  \
    {                                                                                                                  \
        .mc_part = 4, .mc_strips = 18, .pack_b_strips = 60, .pack_b_slow_strips = 16, .pack_b_masked_strips = 6,       \
        .pack_b_conflicting_rows = 96, .conflicting_steps = 64, .conflicting_steps_transposed = 256, .small_parts = 4, \
        .in_place_steps = 170, .rows_ahead = 8, .stream_rows = 4, .stream_conflicting_strips = 2,                      \
        .stream_floats = 6144, .ahead = 1024, .pack_a_panels = 4, .pack_a_steps = 64, .pack_a_reach = 32768,           \
        .prefetch_next = true, .axpy_rows = 1, .axpy_panels = 1, .small_strips = 4, .partial_cost = 1,                 \
        .transpose_cost = 0.6, .piece_cost = 500                                                                       \
    }
#define TP_ISA_NEEDS                                                                                                   \
    (TP_FEATURE_AVX512F | TP_FEATURE_AVX512BW | TP_FEATURE_AVX512DQ | TP_FEATURE_AVX512VL | TP_FEATURE_AVX2 |          \
     TP_FEATURE_FMA)
#include "kernels/instantiate.h"
