/* SPDX-License-Identifier: BSD-3-Clause */
/* One lane: the readable meaning of every kernel. fmaf is the instruction, SLEEF's scalar functions need FMA on x86. */
#include "kernels/bf16_exact.h"
#include "kernels/kernels.h"
#include "kernels/vec.h"

#include "cpu/cpu.h"

#include <math.h>
#include <sleef.h>

typedef float vf;
#define VL 1
#define GROUP 1
#define MR 4
#define NV 4
#define WIDE_ROWS 1
#define WIDE_PANELS 2

ALWAYS_INLINE vf v_load(const float *p) {
    return *p;
}
ALWAYS_INLINE void v_store(float *p, vf v) {
    *p = v;
}
/* n < VL is 0 here: never called with anything to do, so nothing for coverage to count. GCOVR_EXCL_START */
ALWAYS_INLINE vf v_load_first(const float *p, size_t n) {
    return n ? *p : 0;
}
ALWAYS_INLINE void v_store_first(float *p, vf v, size_t n) {
    if (n)
        *p = v;
}
ALWAYS_INLINE vf v_first(vf x, vf y, size_t n) {
    return n ? x : y;
}
ALWAYS_INLINE vf v_upper(vf v, size_t half) {
    (void)half;
    return v;
}
/* GCOVR_EXCL_STOP */
ALWAYS_INLINE vf v_set(float s) {
    return s;
}
ALWAYS_INLINE float v_get(vf v) {
    return v;
}
ALWAYS_INLINE vf v_add(vf a, vf b) {
    return a + b;
}
ALWAYS_INLINE vf v_sub(vf a, vf b) {
    return a - b;
}
ALWAYS_INLINE vf v_mul(vf a, vf b) {
    return a * b;
}
ALWAYS_INLINE vf v_div(vf a, vf b) {
    return a / b;
}
ALWAYS_INLINE vf v_sqrt(vf v) {
    return sqrtf(v);
}
ALWAYS_INLINE vf v_fma(vf a, vf b, vf c) {
    return fmaf(a, b, c);
}
ALWAYS_INLINE void v_accumulate(vf *sum, vf a, vf b) {
    *sum = v_fma(a, b, *sum);
}
ALWAYS_INLINE vf v_abs(vf v) {
    return fabsf(v);
}
ALWAYS_INLINE vf v_flush(vf v) {
    return fabsf(v) < 0x1p-126f ? 0 : v;
}
ALWAYS_INLINE vf v_round_bf16(vf v) {
    return tp_bf16_round(v);
}
ALWAYS_INLINE vf v_at_least(vf v, vf low) {
    return v < low ? low : v;
}
ALWAYS_INLINE vf v_at_most(vf v, vf high) {
    return high < v ? high : v;
}
ALWAYS_INLINE vf v_select_le(vf a, vf b, vf x, vf y) {
    return a <= b ? x : y;
}
ALWAYS_INLINE vf v_zero_le(vf a, vf b, vf y) {
    return a <= b ? 0 : y;
}
/* 1 x 1 */
ALWAYS_INLINE vf v_load_groups(const float *const *p) {
    return v_load(*p);
}
ALWAYS_INLINE void v_store_groups(float *p, size_t step, vf v) {
    (void)step;
    v_store(p, v);
}
ALWAYS_INLINE void v_transpose_groups(vf x[GROUP]) {
    (void)x;
}
ALWAYS_INLINE vf v_exp(vf v) {
    return Sleef_finz_expf1_u10purecfma(v);
}
ALWAYS_INLINE vf v_expm1(vf v) {
    return Sleef_finz_expm1f1_u10purecfma(v);
}
ALWAYS_INLINE vf v_log(vf v) {
    return Sleef_finz_logf1_u10purecfma(v);
}
ALWAYS_INLINE vf v_log1p(vf v) {
    return Sleef_finz_log1pf1_u10purecfma(v);
}
ALWAYS_INLINE vf v_tanh(vf v) {
    return Sleef_finz_tanhf1_u10purecfma(v);
}
ALWAYS_INLINE vf v_erfc(vf v) {
    return Sleef_finz_erfcf1_u15purecfma(v);
}
ALWAYS_INLINE vf v_cospi(vf v) {
    return Sleef_finz_cospif1_u05purecfma(v);
}

#define TP_ISA tp_isa_scalar
#define TP_ISA_NAME "scalar"
#define TP_ISA_TUNING TP_TUNING_NARROW
#if defined(__x86_64__)
#define TP_ISA_NEEDS TP_FEATURE_FMA
#else
#define TP_ISA_NEEDS 0
#endif
#include "kernels/instantiate.h"
