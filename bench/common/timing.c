/* SPDX-License-Identifier: BSD-3-Clause */
#include "timing.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

double bench_now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Twelve chains hide the latency of up to six cycles on two units. */
#define CHAINS 12
#define STEPS 100000
#define LIST(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11)

/* Each runs STEPS rounds over CHAINS registers; the assembly keeps the compiler from folding them. */
#if defined(__x86_64__)
#define ZERO_512(i) "vpxorq %%zmm" #i ", %%zmm" #i ", %%zmm" #i "\n\t"
#define FMA_512(i) "vfmadd231ps %%zmm15, %%zmm15, %%zmm" #i "\n\t"
#define ZERO_256(i) "vpxor %%ymm" #i ", %%ymm" #i ", %%ymm" #i "\n\t"
#define FMA_256(i) "vfmadd231ps %%ymm15, %%ymm15, %%ymm" #i "\n\t"
#define ZERO_32(i) "vpxor %%xmm" #i ", %%xmm" #i ", %%xmm" #i "\n\t"
#define FMA_32(i) "vfmadd231ss %%xmm15, %%xmm15, %%xmm" #i "\n\t"
#define CLOBBER                                                                                                        \
    "cc", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm15"
#define LOOP(zero, fma, clear, end)                                                                                    \
    long steps = STEPS;                                                                                                \
    __asm__ volatile(LIST(zero) clear "1:\n\t" LIST(fma) "dec %0\n\tjnz 1b\n\t" end : "+r"(steps) : : CLOBBER)

static void avx512(void) {
    LOOP(ZERO_512, FMA_512, ZERO_512(15), "vzeroupper\n\t");
}

static void avx2(void) {
    LOOP(ZERO_256, FMA_256, ZERO_256(15), "vzeroupper\n\t");
}

static void scalar(void) {
    LOOP(ZERO_32, FMA_32, ZERO_32(15), "");
}
#elif defined(__aarch64__)
#define ZERO_NEON(i) "movi v" #i ".4s, #0\n\t"
#define FMA_NEON(i) "fmla v" #i ".4s, v31.4s, v31.4s\n\t"
#define FMA_ONE(i) "fmadd s" #i ", s31, s31, s" #i "\n\t"
#define CLOBBER "cc", "v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7", "v8", "v9", "v10", "v11", "v31"
#define LOOP(zero, fma, clear)                                                                                         \
    long steps = STEPS;                                                                                                \
    __asm__ volatile(LIST(zero) clear "1:\n\t" LIST(fma) "subs %0, %0, #1\n\tb.ne 1b\n\t" : "+r"(steps) : : CLOBBER)

static void neon(void) {
    LOOP(ZERO_NEON, FMA_NEON, ZERO_NEON(31));
}

static void scalar(void) {
    LOOP(ZERO_NEON, FMA_ONE, ZERO_NEON(31));
}
#endif

static const struct {
    const char *name;
    void (*run)(void);
    int lanes;
} kernels[] = {
#if defined(__x86_64__)
    {"avx512", avx512, 16},
    {"avx2", avx2, 8},
#elif defined(__aarch64__)
    {"neon", neon, 4},
#endif
    {"scalar", scalar, 1},
};

double bench_fma(const char *isa, double seconds) {
    for (size_t k = 0; k < sizeof kernels / sizeof *kernels; k++) {
        if (strcmp(isa, kernels[k].name) != 0)
            continue;
        const double began = bench_now();
        double runs = 0, elapsed = 0;
        for (; elapsed <= 0 || elapsed < seconds; elapsed = bench_now() - began, runs++)
            kernels[k].run();
        return 2e-9 * STEPS * CHAINS * kernels[k].lanes * runs / elapsed;
    }
    return 0;
}

static int compare(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double bench_median(double *values, int count) {
    qsort(values, (size_t)count, sizeof *values, compare);
    return (values[(count - 1) / 2] + values[count / 2]) / 2;
}
