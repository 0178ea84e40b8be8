/* SPDX-License-Identifier: BSD-3-Clause */
#include "ulp.h"
#include "support.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK ((size_t)1 << 16)
#define DIGEST 64

static float float_of(uint32_t bits) {
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static uint32_t bits_of(float x) {
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

/* ----------------------------------------------------------------------------------------------------------- error */

/* 1 / ulp(t) for a finite t, from the exponents of doubles. */
static double units_per(double t) {
    uint64_t bits;
    memcpy(&bits, &t, sizeof bits);
    const int exponent = (int)(bits >> 52 & 0x7ff) - 1023; /* 2^exponent <= |t| */
    const int clamped = exponent > FLT_MAX_EXP - 1   ? FLT_MAX_EXP - 1
                        : exponent < FLT_MIN_EXP - 1 ? FLT_MIN_EXP - 1
                                                     : exponent;
    bits = (uint64_t)(1023 + FLT_MANT_DIG - 1 - clamped) << 52;
    double units;
    memcpy(&units, &bits, sizeof units);
    return units;
}

double ulp_error(float result, double truth, double size) {
    const double y = (double)result;
    if (isnan(y) || isnan(truth))
        return isnan(y) && isnan(truth) ? 0 : INFINITY;
    if (isinf(y) && fabs(truth) >= 0x1p128)
        return signbit(y) == signbit(truth) ? 0 : INFINITY;
    if (isinf(truth))
        return INFINITY;
    return fabs((isinf(y) ? copysign(0x1p128, y) : y) - truth) * units_per(size);
}

static void keep_worst(struct ulp_worst *worst, double error, uint32_t at) {
    if (error > worst->error || (error == worst->error && at < worst->at))
        *worst = (struct ulp_worst){error, at};
}

/* ---------------------------------------------------------------------------------------------------------- inputs */

/* Where the functions or SLEEF's versions of them switch, overflow, underflow, vanish or reach their limits. */
static const float thresholds[] = {0.25f,  0.34657359f, 0.625f,     0.69314718f, 0.75179f, 1.27846f, 2.5f,
                                   5.0f,   8.66434f,    9.01f,      9.19f,       10.0547f, 13.0f,    14.2f,
                                   16.0f,  16.63553f,   17.33f,     18.714973f,  64.0f,    87.3f,    88.722839f,
                                   104.0f, 103.27893f,  103.97208f, 128.0f,      1e38f,    FLT_MAX};

enum { NEAR_POWER = 8, NEAR_THRESHOLD = 64 };

static size_t add_around(uint32_t *inputs, size_t count, uint32_t bits, uint32_t distance) {
    for (uint32_t d = 0; d <= 2 * distance; d++)
        inputs[count++] = bits - distance + d;
    return count;
}

static size_t special_inputs(uint32_t inputs[CHUNK]) {
    size_t count = 0;
    for (uint32_t half_binade = 0; half_binade < 1u << 10; half_binade++)
        count = add_around(inputs, count, half_binade << 22, NEAR_POWER);
    for (size_t t = 0; t < sizeof thresholds / sizeof *thresholds; t++) {
        count = add_around(inputs, count, bits_of(thresholds[t]), NEAR_THRESHOLD);
        count = add_around(inputs, count, bits_of(-thresholds[t]), NEAR_THRESHOLD);
    }
    return count;
}

/* The chunk after those of every step-th float is that of the special ones. */
static size_t chunk_inputs(uint32_t inputs[CHUNK], uint32_t step, size_t chunk) {
    const uint64_t floats = ((UINT64_C(1) << 32) + step - 1) / step, first = chunk * CHUNK;
    if (first >= floats)
        return special_inputs(inputs);
    const size_t n = floats - first < CHUNK ? (size_t)(floats - first) : CHUNK;
    for (size_t i = 0; i < n; i++)
        inputs[i] = (uint32_t)(first + i) * step;
    return n;
}

static size_t chunk_count(uint32_t step) {
    const uint64_t floats = ((UINT64_C(1) << 32) + step - 1) / step;
    return (size_t)((floats + CHUNK - 1) / CHUNK) + (step > 1);
}

/* ----------------------------------------------------------------------------------------------------------- sweep */

struct sweep {
    const struct ulp_function *f;
    const struct tp_isa *const *isas;
    int isa_count;
    uint32_t step;
    bool errors;
    char *digests; /* DIGEST characters per chunk */
};

struct buffers {
    uint32_t inputs[CHUNK], results[CHUNK], others[CHUNK], hashed[CHUNK];
    float x[CHUNK];
    char digest[DIGEST + 1]; /* of hashed, if hashed_count results are there */
    size_t hashed_count;
};

/* results = f(inputs), NaNs all alike. */
static void evaluate(const struct ulp_function *f, const struct tp_isa *isa, struct buffers *b, size_t n,
                     uint32_t *results) {
    memcpy(b->x, b->inputs, n * sizeof *b->x);
    f->evaluate(f, isa, b->x, n);
    for (size_t i = 0; i < n; i++)
        results[i] = b->x[i] == b->x[i] ? bits_of(b->x[i]) : bits_of(NAN);
}

static void compare(const struct buffers *b, size_t n, const struct tp_isa *other, struct ulp_result *result) {
    for (size_t i = 0; i < n && !result->other; i++) {
        if (b->results[i] != b->others[i]) {
            result->other = other;
            result->other_at = b->inputs[i];
        }
    }
}

/* Where 0 takes the place of denormal results, rounding decides just above 2^-126. */
static double smallest_normal(const struct ulp_function *f) {
    return f->small > 0 ? f->small : f->denormals ? 0x1p-126 : 0x1.00001p-126;
}

static void measure(const struct ulp_function *f, const struct buffers *b, size_t n, struct ulp_result *result) {
    for (size_t i = 0; i < n; i++) {
        const double x = (double)float_of(b->inputs[i]);
        if (f->limit > 0 && !(fabs(x) <= f->limit))
            continue;
        const double truth = f->truth(x), size = f->size ? f->size(x) : fabs(truth);
        const double error = ulp_error(float_of(b->results[i]), truth, size);
        if (size < smallest_normal(f))
            keep_worst(&result->denormal, f->denormals ? error : error * 0x1p-23, b->inputs[i]);
        else
            keep_worst(&result->normal, error, b->inputs[i]);
    }
}

/* Functions are constant over long stretches, where chunk after chunk has the same digest. */
static void hash(struct buffers *b, size_t n) {
    if (n == b->hashed_count && memcmp(b->results, b->hashed, n * sizeof *b->results) == 0)
        return;
    memcpy(b->hashed, b->results, n * sizeof *b->results);
    b->hashed_count = n;
    tp_test_sha256(b->hashed, n * sizeof *b->hashed, b->digest);
}

static void sweep_chunk(const struct sweep *s, size_t chunk, struct buffers *b, struct ulp_result *result) {
    const size_t n = chunk_inputs(b->inputs, s->step, chunk);
    evaluate(s->f, s->isas[0], b, n, b->results);
    hash(b, n);
    memcpy(s->digests + chunk * DIGEST, b->digest, DIGEST);
    for (int i = 1; i < s->isa_count; i++) {
        evaluate(s->f, s->isas[i], b, n, b->others);
        compare(b, n, s->isas[i], result);
    }
    if (s->errors)
        measure(s->f, b, n, result);
}

static void merge(struct ulp_result *total, const struct ulp_result *part) {
    keep_worst(&total->normal, part->normal.error, part->normal.at);
    keep_worst(&total->denormal, part->denormal.error, part->denormal.at);
    if (part->other && !total->other) {
        total->other = part->other;
        total->other_at = part->other_at;
    }
}

static void *allocate(size_t size) {
    void *block = malloc(size);
    if (!block)
        abort();
    return block;
}

void ulp_sweep(const struct ulp_function *f, const struct tp_isa *const *isas, int isa_count, uint32_t step,
               bool errors, struct ulp_result *result) {
    const size_t chunks = chunk_count(step);
    const struct sweep s = {f, isas, isa_count, step, errors, allocate(chunks * DIGEST)};
    const struct ulp_result none = {.normal.at = UINT32_MAX, .denormal.at = UINT32_MAX};
    *result = none;
#pragma omp parallel
    {
        struct buffers *buffers = allocate(sizeof *buffers);
        struct ulp_result part = none;
        buffers->hashed_count = 0;
#pragma omp for schedule(dynamic)
        for (size_t chunk = 0; chunk < chunks; chunk++)
            sweep_chunk(&s, chunk, buffers, &part);
#pragma omp critical
        merge(result, &part);
        free(buffers);
    }
    tp_test_sha256(s.digests, chunks * DIGEST, result->sha256);
    free(s.digests);
}
