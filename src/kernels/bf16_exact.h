/* SPDX-License-Identifier: BSD-3-Clause */
/* The steps of kernels/bf16.h one by one, on any processor, in its default floating-point mode. */
#ifndef TP_KERNELS_BF16_EXACT_H
#define TP_KERNELS_BF16_EXACT_H

#include <math.h>
#include <stdint.h>
#include <string.h>

static inline float tp_bf16_flush(float x) {
    return fabsf(x) < 0x1p-126f ? copysignf(0, x) : x;
}

/* fmaf rounds what is below 2^-126 to multiples of 2^-149, so that 2^-126 comes out also for sums that, rounded to 24
 * bits, are below it. Sums so near are exact in double: the product has 16 bits. */
static inline float tp_bf16_fma(float a, float b, float sum) {
    const float rounded = fmaf(a, b, sum);
    if (!(fabsf(rounded) <= 0x1p-126f))
        return rounded;
    const double exact = (double)a * (double)b + (double)sum;
    return fabs(exact) < 0x1p-126 - 0x1p-151 ? copysignf(0, rounded) : rounded;
}

static inline float tp_bf16_add(float c, float even, float odd) {
    return tp_bf16_flush(tp_bf16_flush(c) + tp_bf16_flush(even + odd));
}

/* f32 of what is left of x in bf16: nearest, ties to even; denormal numbers become 0, NaN stays NaN. */
static inline float tp_bf16_round(float x) {
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    if (!(fabsf(x) >= 0x1p-126f))
        bits = x == x ? bits & 0x80000000 : (bits | 0x400000) & 0xffff0000;
    else
        bits = (bits + 0x7fff + (bits >> 16 & 1)) & 0xffff0000;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static inline uint16_t tp_bf16_of(float x) {
    uint32_t bits;
    x = tp_bf16_round(x);
    memcpy(&bits, &x, sizeof bits);
    return (uint16_t)(bits >> 16);
}

static inline float tp_bf16_float(uint16_t x) {
    const uint32_t bits = (uint32_t)x << 16;
    float f;
    memcpy(&f, &bits, sizeof f);
    return f;
}

#endif
