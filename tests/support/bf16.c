/* SPDX-License-Identifier: BSD-3-Clause */
#include "bf16.h"

#include "support.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_WAYS = 8, NAME = 16 };

static struct {
    int count;
    char name[MAX_WAYS][NAME];
} ways;

static bool works(const char *name) {
    tp_context_options options;
    tp_context *context = NULL;
    tp_context_options_default(&options);
    options.isa = name;
    const tp_status status = tp_context_create(&options, &context);
    if (status)
        fprintf(stderr, "SKIPPED: products in bf16 by %s, which this system refuses\n", name);
    tp_context_destroy(context);
    return !status;
}

static void find_ways(void) {
    tp_context *context = tp_test_context(NULL, 1);
    const char *wanted = getenv("TILEPROP_TEST_ISA");
    for (const char *rest = wanted ? wanted : tp_context_machine(context)->bf16; *rest; rest += strspn(rest, " ")) {
        const size_t length = strcspn(rest, " ");
        cr_assert(length < NAME && ways.count < MAX_WAYS);
        char *name = ways.name[ways.count];
        memcpy(name, rest, length);
        name[length] = '\0';
        ways.count += works(name);
        rest += length;
    }
    tp_context_destroy(context);
    cr_assert(ways.count > 0);
}

int test_bf16_ways(void) {
    if (!ways.count)
        find_ways();
    return ways.count;
}

const char *test_bf16_way(int index) {
    cr_assert(index >= 0 && index < test_bf16_ways());
    return ways.name[index];
}

tp_context *test_bf16_context(int way, int threads) {
    tp_context *context = tp_test_eager_context(test_bf16_way(way), threads);
    cr_assert_str_eq(tp_context_bf16(context), test_bf16_way(way));
    return context;
}

float test_bf16_of_bits(uint16_t bits) {
    const uint32_t wide = (uint32_t)bits << 16;
    float x;
    memcpy(&x, &wide, sizeof x);
    return x;
}

/* By distance from the two neighbours. */
uint16_t test_bf16_bits(float x) {
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    const uint32_t upper = bits >> 16, rest = bits & 0xffff, exponent = bits >> 23 & 0xff;
    if (exponent == 0)
        return upper & 0x8000;
    if (exponent == 0xff)
        return (uint16_t)(bits & 0x7fffff ? upper | 0x40 : upper);
    const bool up = rest > 0x8000 || (rest == 0x8000 && upper % 2 == 1);
    return (uint16_t)(upper + up);
}

/* Near the smallest normal number once more with all that is added 2^60 times as large, where there are no denormal
 * numbers. The factor that gets 2^60 cannot become infinite: the product is small, and the other factor is at least
 * 2^-126 but both are brought near 1 first. */
static TEST_WITH_FMA float step_scaled(float a, float b, float sum) {
    int ea, eb;
    const float ma = frexpf(a, &ea), mb = frexpf(b, &eb);
    const float scaled = fmaf(ma, ldexpf(mb, ea + eb + 60), ldexpf(sum, 60));
    return fabsf(scaled) < 0x1p-66f ? copysignf(0, scaled) : ldexpf(scaled, -60);
}

/* A sum above 2^-60 can only become that small by becoming 0. */
TEST_WITH_FMA float test_bf16_step(float a, float b, float sum) {
    const float plain = fmaf(a, b, sum);
    const bool near = fabsf(plain) < 0x1p-100f && fabsf(sum) < 0x1p-60f && a != 0 && b != 0;
    return near ? step_scaled(a, b, sum) : plain;
}

static float flushed(float x) {
    return fpclassify(x) == FP_SUBNORMAL ? copysignf(0, x) : x;
}

TEST_WITH_FMA float test_bf16_chain(float c, const float *a, size_t a_step, const float *b, size_t b_step, size_t k) {
    for (size_t first = 0; first < k; first += 32) {
        float sum[2] = {0, 0};
        for (size_t p = first; p < first + 32; p++)
            sum[p % 2] = p < k ? test_bf16_step(a[p * a_step], b[p * b_step], sum[p % 2]) : sum[p % 2] + 0.0f;
        c = flushed(flushed(c) + flushed(sum[0] + sum[1]));
    }
    return c;
}
