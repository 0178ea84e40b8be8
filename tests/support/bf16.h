/* SPDX-License-Identifier: BSD-3-Clause */
/* The rule of products in bf16, written once more and shared with nothing in the library. */
#ifndef TP_TESTS_SUPPORT_BF16_H
#define TP_TESTS_SUPPORT_BF16_H

#include "tileprop/tileprop.h"

/* Without the instruction fmaf is a call; every path of the library needs it as well. */
#ifdef __x86_64__
#define TEST_WITH_FMA __attribute__((target("fma")))
#else
#define TEST_WITH_FMA
#endif

/* The ways to multiply bf16 that this machine has, best first; those that the system refuses are named on stderr. */
int test_bf16_ways(void);
const char *test_bf16_way(int index);
/* A context for each way and 1 to TEST_BF16_THREADS threads, which wake for any work. */
enum { TEST_BF16_THREADS = 3 };
tp_context *test_bf16_context(int way, int threads);

float test_bf16_of_bits(uint16_t bits);
/* To nearest, ties to even; what is denormal becomes zero, NaN quiet. */
uint16_t test_bf16_bits(float x);

/* f(fma(a, b, sum)). */
TEST_WITH_FMA float test_bf16_step(float a, float b, float sum);

/* An element of C: from c, over k products of a[p * a_step] and b[p * b_step], which are bf16 numbers. */
TEST_WITH_FMA float test_bf16_chain(float c, const float *a, size_t a_step, const float *b, size_t b_step, size_t k);

#endif
