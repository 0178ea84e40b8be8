/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The vector vocabulary. Each src/isa/<isa>.c defines it before it includes instantiate.h:
 *
 *   vf                      a vector of VL floats, VL one of 1, 4, 8, 16
 *   MR, NV                  gemm tile: rows, and columns in vectors (NR = NV * VL)
 *   WIDE_ROWS, WIDE_PANELS  wide tile: up to so many rows, 1..3, and so many times NR columns
 *   v_load(p) v_store(p, v) VL floats, any alignment
 *   v_load_first(p, n)      the first n < VL lanes from p, the others 0; reads nothing beyond
 *   v_store_first(p, v, n)  the first n < VL lanes
 *   v_first(x, y, n)        lanes < n of x, the others of y, n < VL
 *   v_upper(v, h)           lane i + h in lane i for i < h; h = VL / 2, VL / 4, .. 1
 *   v_set(s) v_get(v)       all lanes = s; lane 0
 *   v_add v_sub v_mul v_div v_sqrt   exactly rounded
 *   v_fma(a, b, c)          a * b + c, rounded once
 *   v_accumulate(s, a, b)   *s = v_fma(a, b, *s), in place: compilers left to choose the form move registers about
 *   v_abs(v)                sign cleared
 *   v_flush(v)              0 for what is below 2^-126 in magnitude, zeros of both signs included, else v; NaN passes
 *   v_round_bf16(v)         tp_bf16_round (kernels/bf16_exact.h), lane by lane
 *   v_at_least(v, low) v_at_most(v, high)   the larger, and the smaller; the bound is not 0 or NaN; NaN in v passes
 *   v_select_le(a, b, x, y) a <= b ? x : y; y where a or b is NaN
 *   v_zero_le(a, b, y)      a <= b ? 0 : y; y where a or b is NaN
 *   GROUP                   lanes of a group, 4, or 1 where VL is 1
 *   v_load_groups(p)        VL / GROUP groups, from p[0], p[1], ..
 *   v_store_groups(p, s, v) VL / GROUP groups, s floats apart
 *   v_transpose_groups(x)   the same group of x[0..GROUP], seen as a GROUP x GROUP matrix, becomes its transpose
 *   v_exp v_expm1 v_log v_log1p v_tanh   SLEEF's deterministic functions (Sleef_finz_*_u10)
 *   v_erfc(v)               1 - erf v, Sleef_finz_erfcf*_u15
 *   v_cospi(v)              cos(pi v), Sleef_finz_cospif*_u05
 * and if the multiply-add can take one lane of a vector for a factor:
 *   HAVE_LANES, v_lane(v, i)         all lanes = lane i
 *   v_accumulate_lane(s, a, i, b)    v_accumulate(s, v_lane(a, i), b), kept in order with others and with KEEP_ORDER
 * and if the k steps of a tile are written in assembly:
 *   TILE_ASM                         its header; what that defines: kernels/asm_strip.h
 *
 * Nothing else may appear in a kernel: these give the same bits on every instruction set, whatever VL.
 */
#ifndef TP_KERNELS_VEC_H
#define TP_KERNELS_VEC_H

#define ALWAYS_INLINE static inline __attribute__((always_inline))
#ifdef __clang__ /* which would unroll loops of unknown length as well, and take minutes */
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 32")
#endif

/* Makes the compiler keep a pointer, or a distance, in a register of its own instead of deriving it from others. */
#define KEEP_POINTER(p) __asm__("" : "+r"(p))

/* The same, and what reads through the pointer stays behind the multiply-adds by v_accumulate_lane that come before:
 * loads moved up would need registers that are taken. */
#define KEEP_ORDER(p) __asm__ volatile("" : "+r"(p))

#endif
