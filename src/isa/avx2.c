/* SPDX-License-Identifier: BSD-3-Clause */
#include "kernels/kernels.h"
#include "kernels/vec.h"

#include "cpu/cpu.h"

#include <immintrin.h>
#include <sleef.h>

typedef __m256 vf;
#define VL 8
#define GROUP 4
#define MR 6
#define NV 2
#define WIDE_ROWS 1
#define WIDE_PANELS 4
#define TILE_ASM "isa/x86_tile.h"

/* Lanes < n all ones. */
ALWAYS_INLINE __m256i mask_first(size_t n) {
    const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    return _mm256_cmpgt_epi32(_mm256_set1_epi32((int)n), lane);
}

ALWAYS_INLINE vf v_load(const float *p) {
    return _mm256_loadu_ps(p);
}
ALWAYS_INLINE void v_store(float *p, vf v) {
    _mm256_storeu_ps(p, v);
}
ALWAYS_INLINE vf v_load_first(const float *p, size_t n) {
    return _mm256_maskload_ps(p, mask_first(n));
}
ALWAYS_INLINE void v_store_first(float *p, vf v, size_t n) {
    __m128 part = _mm256_castps256_ps128(v); /* AMD processors take long over masked stores */
    if (n & 4) {
        _mm_storeu_ps(p, part);
        part = _mm256_extractf128_ps(v, 1);
    }
    if (n & 2) {
        _mm_storel_pi((__m64 *)(void *)(p + (n & 4)), part);
        part = _mm_movehl_ps(part, part);
    }
    if (n & 1)
        _mm_store_ss(p + (n & 6), part);
}
ALWAYS_INLINE vf v_first(vf x, vf y, size_t n) {
    return _mm256_blendv_ps(y, x, _mm256_castsi256_ps(mask_first(n)));
}
ALWAYS_INLINE vf v_upper(vf v, size_t half) {
    return half == 4   ? _mm256_permute2f128_ps(v, v, 1)
           : half == 2 ? _mm256_permute_ps(v, 0x4e)
                       : _mm256_permute_ps(v, 0xb1);
}
ALWAYS_INLINE vf v_set(float s) {
    return _mm256_set1_ps(s);
}
ALWAYS_INLINE float v_get(vf v) {
    return _mm256_cvtss_f32(v);
}
ALWAYS_INLINE vf v_add(vf a, vf b) {
    return _mm256_add_ps(a, b);
}
ALWAYS_INLINE vf v_sub(vf a, vf b) {
    return _mm256_sub_ps(a, b);
}
ALWAYS_INLINE vf v_mul(vf a, vf b) {
    return _mm256_mul_ps(a, b);
}
ALWAYS_INLINE vf v_div(vf a, vf b) {
    return _mm256_div_ps(a, b);
}
ALWAYS_INLINE vf v_sqrt(vf v) {
    return _mm256_sqrt_ps(v);
}
ALWAYS_INLINE vf v_fma(vf a, vf b, vf c) {
    return _mm256_fmadd_ps(a, b, c);
}
ALWAYS_INLINE void v_accumulate(vf *sum, vf a, vf b) {
    __asm__("vfmadd231ps {%2, %1, %0|%0, %1, %2}" : "+x"(*sum) : "x"(a), "x"(b));
}
ALWAYS_INLINE vf v_abs(vf v) {
    return _mm256_andnot_ps(_mm256_set1_ps(-0.0f), v);
}
ALWAYS_INLINE vf v_flush(vf v) {
    const __m256i exponent = _mm256_and_si256(_mm256_castps_si256(v), _mm256_set1_epi32(0x7f800000));
    return _mm256_andnot_ps(_mm256_castsi256_ps(_mm256_cmpeq_epi32(exponent, _mm256_setzero_si256())), v);
}
ALWAYS_INLINE vf v_round_bf16(vf v) {
    const __m256i bits = _mm256_castps_si256(v), sign = _mm256_set1_epi32((int)0x80000000);
    const __m256i odd = _mm256_and_si256(_mm256_srli_epi32(bits, 16), _mm256_set1_epi32(1));
    const __m256i rounded = _mm256_add_epi32(bits, _mm256_add_epi32(odd, _mm256_set1_epi32(0x7fff)));
    const __m256i quiet = _mm256_or_si256(bits, _mm256_set1_epi32(0x400000));
    const __m256i exponent = _mm256_and_si256(bits, _mm256_set1_epi32(0x7f800000));
    const __m256i small = _mm256_cmpeq_epi32(exponent, _mm256_setzero_si256());
    __m256i all = _mm256_blendv_epi8(rounded, quiet, _mm256_castps_si256(_mm256_cmp_ps(v, v, _CMP_UNORD_Q)));
    all = _mm256_blendv_epi8(all, _mm256_and_si256(bits, sign), small);
    return _mm256_castsi256_ps(_mm256_and_si256(all, _mm256_set1_epi32((int)0xffff0000)));
}
ALWAYS_INLINE vf v_at_least(vf v, vf low) {
    return _mm256_max_ps(low, v);
}
ALWAYS_INLINE vf v_at_most(vf v, vf high) {
    return _mm256_min_ps(high, v);
}
ALWAYS_INLINE vf v_select_le(vf a, vf b, vf x, vf y) {
    return _mm256_blendv_ps(y, x, _mm256_cmp_ps(a, b, _CMP_LE_OQ));
}
ALWAYS_INLINE vf v_zero_le(vf a, vf b, vf y) {
    return _mm256_andnot_ps(_mm256_cmp_ps(a, b, _CMP_LE_OQ), y);
}
ALWAYS_INLINE vf v_load_groups(const float *const *p) {
    return _mm256_insertf128_ps(_mm256_castps128_ps256(_mm_loadu_ps(p[0])), _mm_loadu_ps(p[1]), 1);
}
ALWAYS_INLINE void v_store_groups(float *p, size_t step, vf v) {
    _mm_storeu_ps(p, _mm256_castps256_ps128(v));
    _mm_storeu_ps(p + step, _mm256_extractf128_ps(v, 1));
}
ALWAYS_INLINE void v_transpose_groups(vf x[GROUP]) {
    const vf a = _mm256_unpacklo_ps(x[0], x[1]), b = _mm256_unpackhi_ps(x[0], x[1]);
    const vf c = _mm256_unpacklo_ps(x[2], x[3]), d = _mm256_unpackhi_ps(x[2], x[3]);
    x[0] = _mm256_shuffle_ps(a, c, 0x44);
    x[1] = _mm256_shuffle_ps(a, c, 0xee);
    x[2] = _mm256_shuffle_ps(b, d, 0x44);
    x[3] = _mm256_shuffle_ps(b, d, 0xee);
}
ALWAYS_INLINE vf v_exp(vf v) {
    return Sleef_finz_expf8_u10avx2(v);
}
ALWAYS_INLINE vf v_expm1(vf v) {
    return Sleef_finz_expm1f8_u10avx2(v);
}
ALWAYS_INLINE vf v_log(vf v) {
    return Sleef_finz_logf8_u10avx2(v);
}
ALWAYS_INLINE vf v_log1p(vf v) {
    return Sleef_finz_log1pf8_u10avx2(v);
}
ALWAYS_INLINE vf v_tanh(vf v) {
    return Sleef_finz_tanhf8_u10avx2(v);
}
ALWAYS_INLINE vf v_erfc(vf v) {
    return Sleef_finz_erfcf8_u15avx2(v);
}
ALWAYS_INLINE vf v_cospi(vf v) {
    return Sleef_finz_cospif8_u05avx2(v);
}

#define TP_ISA tp_isa_avx2
#define TP_ISA_NAME "avx2"
#define TP_ISA_TUNING TP_TUNING_NARROW
#define TP_ISA_NEEDS (TP_FEATURE_AVX2 | TP_FEATURE_FMA)
#include "kernels/instantiate.h"
