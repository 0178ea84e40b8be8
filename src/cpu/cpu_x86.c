/* SPDX-License-Identifier: BSD-3-Clause */
/* CPUID: Intel SDM vol. 2A "CPUID", AMD APM vol. 3 appendix E. */
#include "cpu/cpu.h"

#include <stdbool.h>
#include <string.h>

/* XCR0 state components (Intel SDM vol. 1, 13.3): xmm and ymm; opmask, upper halves of zmm0-15, zmm16-31; what
 * tiles are and their data. */
#define XCR0_AVX UINT64_C(0x6)
#define XCR0_AVX512 UINT64_C(0xe6)
#define XCR0_TILES UINT64_C(0x60000)
#define MAX_CACHES 8 /* of a processor */

static struct tp_cpuid find(const struct tp_cpuid *leaves, size_t count, uint32_t leaf, uint32_t subleaf) {
    for (size_t i = 0; i < count; i++)
        if (leaves[i].leaf == leaf && leaves[i].subleaf == subleaf)
            return leaves[i];
    return (struct tp_cpuid){.leaf = leaf, .subleaf = subleaf};
}

static bool bit(uint32_t word, int position) {
    return word >> position & 1;
}

static uint32_t decode_features(const struct tp_cpuid *leaves, size_t count, uint64_t xcr0) {
    const struct tp_cpuid one = find(leaves, count, 1, 0);
    const struct tp_cpuid seven = find(leaves, count, 7, 0), more = find(leaves, count, 7, 1);
    const bool xsave = bit(one.ecx, 27); /* OSXSAVE: the operating system has enabled XGETBV */
    const bool ymm = xsave && bit(one.ecx, 28) && (xcr0 & XCR0_AVX) == XCR0_AVX;
    const bool zmm = ymm && bit(seven.ebx, 16) && (xcr0 & XCR0_AVX512) == XCR0_AVX512;
    uint32_t features = 0;
    if (ymm) {
        features |= TP_FEATURE_AVX;
        features |= bit(one.ecx, 12) ? TP_FEATURE_FMA : 0;
        features |= bit(seven.ebx, 5) ? TP_FEATURE_AVX2 : 0;
    }
    if (zmm) {
        features |= TP_FEATURE_AVX512F;
        features |= bit(seven.ebx, 30) ? TP_FEATURE_AVX512BW : 0;
        features |= bit(seven.ebx, 17) ? TP_FEATURE_AVX512DQ : 0;
        features |= bit(seven.ebx, 31) ? TP_FEATURE_AVX512VL : 0;
        features |= bit(more.eax, 5) ? TP_FEATURE_AVX512BF16 : 0;
    }
    if (zmm && (xcr0 & XCR0_TILES) == XCR0_TILES)
        features |= bit(seven.edx, 24) && bit(seven.edx, 22) ? TP_FEATURE_AMX : 0;
    return features;
}

/* Deterministic cache parameters, leaf 4 (Intel) or 0x8000001d (AMD): type 1 is data, 3 unified. */
static void decode_caches(const struct tp_cpuid *leaves, size_t count, uint32_t leaf, struct tp_cpu *cpu) {
    for (uint32_t subleaf = 0; subleaf < MAX_CACHES; subleaf++) {
        const struct tp_cpuid c = find(leaves, count, leaf, subleaf);
        const uint32_t type = c.eax & 0x1f;
        const uint32_t level = c.eax >> 5 & 7;
        if (type != 1 && type != 3)
            continue;
        const size_t ways = (c.ebx >> 22) + 1, partitions = (c.ebx >> 12 & 0x3ff) + 1, line = (c.ebx & 0xfff) + 1;
        const size_t size = ways * partitions * line * ((size_t)c.ecx + 1);
        if (level == 1)
            cpu->l1d = size;
        else if (level == 2)
            cpu->l2 = size;
        else if (level == 3)
            cpu->l3 = size;
    }
}

struct tp_cpu tp_cpu_decode_x86(const struct tp_cpuid *leaves, size_t count, uint64_t xcr0) {
    struct tp_cpu cpu = {.features = decode_features(leaves, count, xcr0)};
    const struct tp_cpuid zero = find(leaves, count, 0, 0);
    memcpy(cpu.vendor, &zero.ebx, 4);
    memcpy(cpu.vendor + 4, &zero.edx, 4);
    memcpy(cpu.vendor + 8, &zero.ecx, 4);
    decode_caches(leaves, count, 4, &cpu);
    if (!cpu.l1d)
        decode_caches(leaves, count, 0x8000001d, &cpu);
    return cpu;
}

#if defined(__x86_64__)
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Linux, Documentation/arch/x86/xstate.rst. */
#define ARCH_REQ_XCOMP_PERM 0x1023
#define XFEATURE_XTILEDATA 18

bool tp_cpu_allows_amx(void) {
    return syscall(SYS_arch_prctl, ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA) == 0;
}

static uint64_t read_xcr0(void) {
    uint32_t low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (uint64_t)high << 32 | low;
}

/* Appends what the processor says of a leaf that it has; returns the new count. */
static size_t read_leaf(struct tp_cpuid *leaves, size_t count, uint32_t leaf, uint32_t subleaf) {
    struct tp_cpuid *c = &leaves[count];
    *c = (struct tp_cpuid){.leaf = leaf, .subleaf = subleaf};
    __cpuid_count(leaf, subleaf, c->eax, c->ebx, c->ecx, c->edx);
    return count + 1;
}

/* Up to the first subleaf without a cache. */
static size_t read_caches(struct tp_cpuid *leaves, size_t count, uint32_t leaf) {
    for (uint32_t subleaf = 0; subleaf < MAX_CACHES; subleaf++) {
        count = read_leaf(leaves, count, leaf, subleaf);
        if ((leaves[count - 1].eax & 0x1f) == 0)
            break;
    }
    return count;
}

/* Reads little in vain: in a virtual machine CPUID takes microseconds. */
struct tp_cpu tp_cpu_detect(void) {
    struct tp_cpuid leaves[4 + 2 * MAX_CACHES];
    size_t count = read_leaf(leaves, 0, 0, 0);
    const uint32_t last = leaves[0].eax;
    if (last >= 1)
        count = read_leaf(leaves, count, 1, 0);
    const bool xsave = count == 2 && bit(leaves[1].ecx, 27);
    if (last >= 7)
        count = read_leaf(leaves, count, 7, 0);
    if (last >= 7 && leaves[count - 1].eax >= 1)
        count = read_leaf(leaves, count, 7, 1);
    const size_t before = count;
    if (last >= 4)
        count = read_caches(leaves, count, 4);
    if (count <= before + 1 && __get_cpuid_max(0x80000000, NULL) >= 0x8000001d)
        count = read_caches(leaves, count, 0x8000001d);
    return tp_cpu_decode_x86(leaves, count, xsave ? read_xcr0() : 0);
}
#endif
