/* SPDX-License-Identifier: BSD-3-Clause */
/* Which machine is this? Features that both the CPU and the operating system support, and cache sizes. */
#ifndef TP_CPU_CPU_H
#define TP_CPU_CPU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum tp_feature {
    TP_FEATURE_AVX = 1 << 0, /* with the operating system saving ymm */
    TP_FEATURE_FMA = 1 << 1,
    TP_FEATURE_AVX2 = 1 << 2,
    TP_FEATURE_AVX512F = 1 << 3, /* with the operating system saving zmm and masks; so the next three */
    TP_FEATURE_AVX512BW = 1 << 4,
    TP_FEATURE_AVX512DQ = 1 << 5,
    TP_FEATURE_AVX512VL = 1 << 6,
    TP_FEATURE_NEON = 1 << 7,
    TP_FEATURE_AVX512BF16 = 1 << 8,
    TP_FEATURE_AMX = 1 << 9, /* tiles and bf16, with the operating system saving tiles */
};

struct tp_cpu {
    uint32_t features;
    char vendor[16];
    size_t l1d, l2, l3; /* bytes; 0: unknown */
};

/* One answer of CPUID. */
struct tp_cpuid {
    uint32_t leaf, subleaf;
    uint32_t eax, ebx, ecx, edx;
};

/* Decodes CPUID answers (any order; a missing leaf counts as zeros) and XCR0. A function of data alone, so that every
 * machine can be tested on any other. */
struct tp_cpu tp_cpu_decode_x86(const struct tp_cpuid *leaves, size_t count, uint64_t xcr0);

/* Cache sizes from a directory like /sys/devices/system/cpu/cpu0/cache; those that are not there stay as they are, and
 * those that make no sense become 0. */
void tp_cpu_read_caches(const char *directory, struct tp_cpu *cpu);

/* The machine that this runs on. */
struct tp_cpu tp_cpu_detect(void);

/* Whether the process may use tile registers, whose 8 KiB of state it must ask the system for; asks. x86-64 only. */
bool tp_cpu_allows_amx(void);

/* Names of the features in the mask, separated by blanks, cut to size. */
void tp_cpu_feature_names(uint32_t features, char *buffer, size_t size);

#endif
