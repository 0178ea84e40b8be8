/* SPDX-License-Identifier: BSD-3-Clause */
#include "kernels/kernels.h"
#include "kernels/vec.h"

#include "cpu/cpu.h"

#include <arm_neon.h>
#include <sleef.h>
#include <string.h>

typedef float32x4_t vf;
#define VL 4
#define GROUP 4
#define MR 8
#define NV 3
#define WIDE_ROWS 2
#define WIDE_PANELS 3

ALWAYS_INLINE vf v_load(const float *p) {
    return vld1q_f32(p);
}
ALWAYS_INLINE void v_store(float *p, vf v) {
    vst1q_f32(p, v);
}
ALWAYS_INLINE vf v_load_first(const float *p, size_t n) {
    vf v = vdupq_n_f32(0);
    if (n > 0)
        v = vld1q_lane_f32(p, v, 0);
    if (n > 1)
        v = vld1q_lane_f32(p + 1, v, 1);
    if (n > 2)
        v = vld1q_lane_f32(p + 2, v, 2);
    return v;
}
ALWAYS_INLINE void v_store_first(float *p, vf v, size_t n) {
    if (n > 0)
        vst1q_lane_f32(p, v, 0);
    if (n > 1)
        vst1q_lane_f32(p + 1, v, 1);
    if (n > 2)
        vst1q_lane_f32(p + 2, v, 2);
}
ALWAYS_INLINE vf v_first(vf x, vf y, size_t n) {
    static const uint32_t lane[4] = {0, 1, 2, 3};
    return vbslq_f32(vcltq_u32(vld1q_u32(lane), vdupq_n_u32((uint32_t)n)), x, y);
}
ALWAYS_INLINE vf v_upper(vf v, size_t half) {
    return half == 2 ? vextq_f32(v, v, 2) : vrev64q_f32(v);
}
ALWAYS_INLINE vf v_set(float s) {
    return vdupq_n_f32(s);
}
ALWAYS_INLINE float v_get(vf v) {
    return vgetq_lane_f32(v, 0);
}
/* All lanes = lane i; a constant i after unrolling becomes part of the multiply-add that uses it. */
#define HAVE_LANES 1
ALWAYS_INLINE vf v_lane(vf v, size_t i) {
    return vdupq_n_f32(v[i]);
}
ALWAYS_INLINE vf v_add(vf a, vf b) {
    return vaddq_f32(a, b);
}
ALWAYS_INLINE vf v_sub(vf a, vf b) {
    return vsubq_f32(a, b);
}
ALWAYS_INLINE vf v_mul(vf a, vf b) {
    return vmulq_f32(a, b);
}
ALWAYS_INLINE vf v_div(vf a, vf b) {
    return vdivq_f32(a, b);
}
ALWAYS_INLINE vf v_sqrt(vf v) {
    return vsqrtq_f32(v);
}
ALWAYS_INLINE vf v_fma(vf a, vf b, vf c) {
    return vfmaq_f32(c, a, b);
}
ALWAYS_INLINE void v_accumulate(vf *sum, vf a, vf b) {
    *sum = v_fma(a, b, *sum);
}
#define ACCUMULATE_LANE(lane)                                                                                          \
    case lane:                                                                                                         \
        __asm__ volatile("fmla %0.4s, %1.4s, %2.s[" #lane "]" : "+w"(*sum) : "w"(b), "w"(a));                          \
        break;
ALWAYS_INLINE void v_accumulate_lane(vf *sum, vf a, size_t lane, vf b) {
    switch (lane) {
        ACCUMULATE_LANE(0)
        ACCUMULATE_LANE(1)
        ACCUMULATE_LANE(2)
        ACCUMULATE_LANE(3)
    }
}
#undef ACCUMULATE_LANE
ALWAYS_INLINE vf v_abs(vf v) {
    return vabsq_f32(v);
}
ALWAYS_INLINE vf v_flush(vf v) {
    const uint32x4_t bits = vreinterpretq_u32_f32(v);
    return vreinterpretq_f32_u32(vandq_u32(bits, vtstq_u32(bits, vdupq_n_u32(0x7f800000))));
}
ALWAYS_INLINE vf v_round_bf16(vf v) {
    const uint32x4_t bits = vreinterpretq_u32_f32(v), odd = vandq_u32(vshrq_n_u32(bits, 16), vdupq_n_u32(1));
    const uint32x4_t rounded = vaddq_u32(bits, vaddq_u32(odd, vdupq_n_u32(0x7fff)));
    const uint32x4_t quiet = vorrq_u32(bits, vdupq_n_u32(0x400000)), sign = vandq_u32(bits, vdupq_n_u32(0x80000000));
    const uint32x4_t all = vbslq_u32(vtstq_u32(bits, vdupq_n_u32(0x7f800000)), rounded, sign);
    const uint32x4_t number = vbslq_u32(vceqq_f32(v, v), all, quiet);
    return vreinterpretq_f32_u32(vandq_u32(number, vdupq_n_u32(0xffff0000)));
}
ALWAYS_INLINE vf v_at_least(vf v, vf low) {
    return vmaxq_f32(v, low);
}
ALWAYS_INLINE vf v_at_most(vf v, vf high) {
    return vminq_f32(v, high);
}
ALWAYS_INLINE vf v_select_le(vf a, vf b, vf x, vf y) {
    return vbslq_f32(vcleq_f32(a, b), x, y);
}
ALWAYS_INLINE vf v_zero_le(vf a, vf b, vf y) {
    return vreinterpretq_f32_u32(vbicq_u32(vreinterpretq_u32_f32(y), vcleq_f32(a, b)));
}
ALWAYS_INLINE vf v_load_groups(const float *const *p) {
    return v_load(*p);
}
ALWAYS_INLINE void v_store_groups(float *p, size_t step, vf v) {
    (void)step;
    v_store(p, v);
}
ALWAYS_INLINE void v_transpose_groups(vf x[GROUP]) {
    const float32x4x2_t low = vtrnq_f32(x[0], x[1]), high = vtrnq_f32(x[2], x[3]);
    x[0] = vcombine_f32(vget_low_f32(low.val[0]), vget_low_f32(high.val[0]));
    x[1] = vcombine_f32(vget_low_f32(low.val[1]), vget_low_f32(high.val[1]));
    x[2] = vcombine_f32(vget_high_f32(low.val[0]), vget_high_f32(high.val[0]));
    x[3] = vcombine_f32(vget_high_f32(low.val[1]), vget_high_f32(high.val[1]));
}
ALWAYS_INLINE vf v_exp(vf v) {
    return Sleef_finz_expf4_u10advsimd(v);
}
ALWAYS_INLINE vf v_expm1(vf v) {
    return Sleef_finz_expm1f4_u10advsimd(v);
}
ALWAYS_INLINE vf v_log(vf v) {
    return Sleef_finz_logf4_u10advsimd(v);
}
ALWAYS_INLINE vf v_log1p(vf v) {
    return Sleef_finz_log1pf4_u10advsimd(v);
}
ALWAYS_INLINE vf v_tanh(vf v) {
    return Sleef_finz_tanhf4_u10advsimd(v);
}
ALWAYS_INLINE vf v_erfc(vf v) {
    return Sleef_finz_erfcf4_u15advsimd(v);
}
ALWAYS_INLINE vf v_cospi(vf v) {
    return Sleef_finz_cospif4_u05advsimd(v);
}

#define TP_ISA tp_isa_neon
#define TP_ISA_NAME "neon"
#define TP_ISA_TUNING TP_TUNING_NARROW
#define TP_ISA_NEEDS TP_FEATURE_NEON
#include "kernels/instantiate.h"
