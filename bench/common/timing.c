/* SPDX-License-Identifier: BSD-3-Clause */
#include "timing.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

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
#define BF16_512(i) "vdpbf16ps %%zmm15, %%zmm15, %%zmm" #i "\n\t"
#define CLOBBER                                                                                                        \
    "cc", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm15"
#define LOOP(zero, fma, clear, end)                                                                                    \
    long steps = STEPS;                                                                                                \
    __asm__ volatile(LIST(zero) clear "1:\n\t" LIST(fma) "dec %0\n\tjnz 1b\n\t" end : "+r"(steps) : : CLOBBER)

#define AMX_FEWER 50
#define AMX_FOUR                                                                                                       \
    "tdpbf16ps %%tmm4, %%tmm5, %%tmm0\n\ttdpbf16ps %%tmm4, %%tmm5, %%tmm1\n\t"                                         \
    "tdpbf16ps %%tmm4, %%tmm5, %%tmm2\n\ttdpbf16ps %%tmm4, %%tmm5, %%tmm3\n\t"

static void avx512(void) {
    LOOP(ZERO_512, FMA_512, ZERO_512(15), "vzeroupper\n\t");
}

static void avx512bf16(void) {
    LOOP(ZERO_512, BF16_512, ZERO_512(15), "vzeroupper\n\t");
}

/* Palette 1: as many rows of as many bytes in tile registers 0 to 7. */
static const struct {
    uint8_t palette, start, reserved[14];
    uint16_t bytes[16];
    uint8_t rows[16];
} tiles = {.palette = 1, .bytes = {64, 64, 64, 64, 64, 64, 64, 64}, .rows = {16, 16, 16, 16, 16, 16, 16, 16}};

/* Four sums, which is what hides the latency, three times in a round. */
static void amx(void) {
    syscall(SYS_arch_prctl, 0x1023, 18); /* ARCH_REQ_XCOMP_PERM for tile data; without it, the next line ends it */
    long steps = STEPS / AMX_FEWER;
    __asm__ volatile("ldtilecfg %1\n\t"
                     "tilezero %%tmm0\n\ttilezero %%tmm1\n\ttilezero %%tmm2\n\ttilezero %%tmm3\n\t"
                     "tilezero %%tmm4\n\ttilezero %%tmm5\n\t"
                     "1:\n\t" AMX_FOUR AMX_FOUR AMX_FOUR "dec %0\n\tjnz 1b\n\ttilerelease\n\t"
                     : "+r"(steps)
                     : "m"(tiles)
                     : "cc");
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
    double lanes; /* multiply-adds of one instruction, for as many instructions as LOOP has */
} kernels[] = {
#if defined(__x86_64__)
    {"amx", amx, 16 * 16 * 32.0 / AMX_FEWER},
    {"avx512bf16", avx512bf16, 32},
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
