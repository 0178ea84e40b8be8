/* SPDX-License-Identifier: BSD-3-Clause */
/* The CPUID decoder over a table of machines, and the choice of an instruction set. */
#include "cpu/dispatch.h"
#include "support/scratch.h"

#include <criterion/criterion.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define OSXSAVE (1u << 27)
#define AVX (1u << 28)
#define FMA (1u << 12)
#define AVX2 (1u << 5)
#define F (1u << 16)
#define DQ (1u << 17)
#define BW (1u << 30)
#define VL (1u << 31)
#define ALL_512 (F | DQ | BW | VL)
#define AMX_BF16 (1u << 22)
#define AMX_TILE (1u << 24)
#define AVX512_BF16 (1u << 5)

#define AVX512_FEATURES (TP_FEATURE_AVX512F | TP_FEATURE_AVX512BW | TP_FEATURE_AVX512DQ | TP_FEATURE_AVX512VL)
#define SERVER_FEATURES (AVX2_FEATURES | AVX512_FEATURES)
#define AVX2_FEATURES (TP_FEATURE_AVX | TP_FEATURE_FMA | TP_FEATURE_AVX2)

struct machine {
    const char *name;
    uint32_t leaf1_ecx, leaf7_ebx;
    uint64_t xcr0;
    uint32_t features;
    uint32_t leaf7_edx, leaf71_eax;
};

static const struct machine machines[] = {
    {"Nehalem: no AVX", 0, 0, 0, 0},
    {"Sandy Bridge: AVX alone", OSXSAVE | AVX, 0, 0x7, TP_FEATURE_AVX},
    {"Piledriver: AVX and FMA", OSXSAVE | AVX | FMA, 0, 0x7, TP_FEATURE_AVX | TP_FEATURE_FMA},
    {"Haswell", OSXSAVE | AVX | FMA, AVX2, 0x7, AVX2_FEATURES},
    {"Haswell, kernel without XSAVE", AVX | FMA, AVX2, 0, 0},
    {"Haswell, OSXSAVE but ymm not enabled", OSXSAVE | AVX | FMA, AVX2, 0x3, 0},
    {"Haswell, ymm without xmm", OSXSAVE | AVX | FMA, AVX2, 0x4, 0},
    {"AVX2 without FMA", OSXSAVE | AVX, AVX2, 0x7, TP_FEATURE_AVX | TP_FEATURE_AVX2},
    {"Skylake server", OSXSAVE | AVX | FMA, AVX2 | ALL_512, 0xe7, AVX2_FEATURES | AVX512_FEATURES},
    {"Sapphire Rapids with AMX state", OSXSAVE | AVX | FMA, AVX2 | ALL_512, 0x602e7, AVX2_FEATURES | AVX512_FEATURES},
    {"virtual machine: AVX-512 claimed, zmm not enabled", OSXSAVE | AVX | FMA, AVX2 | ALL_512, 0x7, AVX2_FEATURES},
    {"opmask enabled, upper zmm not", OSXSAVE | AVX | FMA, AVX2 | ALL_512, 0x67, AVX2_FEATURES},
    {"zmm enabled, opmask not", OSXSAVE | AVX | FMA, AVX2 | ALL_512, 0xc7, AVX2_FEATURES},
    {"AVX-512 claimed, kernel without XSAVE", AVX | FMA, AVX2 | ALL_512, 0xe7, 0},
    {"Knights Landing: F without BW, DQ, VL", OSXSAVE | AVX | FMA, AVX2 | F, 0xe7, AVX2_FEATURES | TP_FEATURE_AVX512F},
    {"AVX-512 without AVX2", OSXSAVE | AVX | FMA, ALL_512, 0xe7, TP_FEATURE_AVX | TP_FEATURE_FMA | AVX512_FEATURES},
    {"Sapphire Rapids", OSXSAVE | AVX | FMA, AVX2 | ALL_512, 0x602e7,
     SERVER_FEATURES | TP_FEATURE_AVX512BF16 | TP_FEATURE_AMX, AMX_TILE | AMX_BF16, AVX512_BF16},
    {"Sapphire Rapids, tile data not enabled", OSXSAVE | AVX | FMA, AVX2 | ALL_512, 0x202e7,
     SERVER_FEATURES | TP_FEATURE_AVX512BF16, AMX_TILE | AMX_BF16, AVX512_BF16},
    {"Sapphire Rapids, tile configuration not enabled", OSXSAVE | AVX | FMA, AVX2 | ALL_512, 0x402e7,
     SERVER_FEATURES | TP_FEATURE_AVX512BF16, AMX_TILE | AMX_BF16, AVX512_BF16},
    {"tiles without bf16", OSXSAVE | AVX | FMA, AVX2 | ALL_512, 0x602e7, SERVER_FEATURES, AMX_TILE, 0},
    {"tiles of bf16, but none", OSXSAVE | AVX | FMA, AVX2 | ALL_512, 0x602e7, SERVER_FEATURES, AMX_BF16, 0},
    {"Zen 4", OSXSAVE | AVX | FMA, AVX2 | ALL_512, 0xe7, SERVER_FEATURES | TP_FEATURE_AVX512BF16, 0, AVX512_BF16},
    {"bf16 claimed, zmm not enabled", OSXSAVE | AVX | FMA, AVX2 | ALL_512, 0x60007, AVX2_FEATURES, AMX_TILE | AMX_BF16,
     AVX512_BF16},
    {"BW, DQ, VL without F", OSXSAVE | AVX | FMA, AVX2 | BW | DQ | VL, 0xe7, AVX2_FEATURES},
};

static struct tp_cpu decode(const struct machine *m) {
    const struct tp_cpuid leaves[] = {
        {.leaf = 7, .ebx = m->leaf7_ebx, .edx = m->leaf7_edx},
        {.leaf = 7, .subleaf = 1, .eax = m->leaf71_eax},
        {.leaf = 0, .ebx = 0x756e6547, .edx = 0x49656e69, .ecx = 0x6c65746e},
        {.leaf = 1, .ecx = m->leaf1_ecx},
    };
    return tp_cpu_decode_x86(leaves, sizeof leaves / sizeof *leaves, m->xcr0);
}

Test(cpu, features_of_every_machine) {
    for (size_t i = 0; i < sizeof machines / sizeof *machines; i++) {
        const struct tp_cpu cpu = decode(&machines[i]);
        cr_expect_eq(cpu.features, machines[i].features, "%s: features %#x, expected %#x", machines[i].name,
                     cpu.features, machines[i].features);
        cr_expect_str_eq(cpu.vendor, "GenuineIntel");
    }
}

Test(cpu, no_leaves_at_all) {
    const struct tp_cpu cpu = tp_cpu_decode_x86(NULL, 0, 0xe7);
    cr_expect_eq(cpu.features, 0);
    cr_expect_str_eq(cpu.vendor, "");
    cr_expect_eq(cpu.l1d + cpu.l2 + cpu.l3, 0);
}

/* ways, partitions, line size and sets are stored less one. */
static struct tp_cpuid cache(uint32_t leaf, uint32_t subleaf, uint32_t type, uint32_t level, uint32_t ways,
                             uint32_t sets) {
    return (struct tp_cpuid){
        .leaf = leaf, .subleaf = subleaf, .eax = level << 5 | type, .ebx = (ways - 1) << 22 | 63, .ecx = sets - 1};
}

Test(cpu, intel_caches) {
    const struct tp_cpuid leaves[] = {cache(4, 0, 1, 1, 12, 64), cache(4, 1, 2, 1, 8, 64), cache(4, 2, 3, 2, 16, 2048),
                                      cache(4, 3, 3, 3, 15, 114688)};
    const struct tp_cpu cpu = tp_cpu_decode_x86(leaves, 4, 0);
    cr_expect_eq(cpu.l1d, 48 << 10, "the instruction cache must not count");
    cr_expect_eq(cpu.l2, 2 << 20);
    cr_expect_eq(cpu.l3, 107520u << 10);
}

Test(cpu, amd_caches) {
    const struct tp_cpuid leaves[] = {cache(0x8000001d, 0, 1, 1, 8, 64), cache(0x8000001d, 2, 3, 2, 8, 1024),
                                      cache(0x8000001d, 3, 3, 3, 16, 32768)};
    const struct tp_cpu cpu = tp_cpu_decode_x86(leaves, 3, 0);
    cr_expect_eq(cpu.l1d, 32 << 10);
    cr_expect_eq(cpu.l2, 512 << 10);
    cr_expect_eq(cpu.l3, 32 << 20);
}

Test(cpu, feature_names_are_cut_to_the_buffer) {
    char all[64], few[8];
    tp_cpu_feature_names(AVX2_FEATURES, all, sizeof all);
    cr_expect_str_eq(all, "avx fma avx2");
    tp_cpu_feature_names(AVX2_FEATURES, few, sizeof few);
    cr_expect_str_eq(few, "avx fma");
    tp_cpu_feature_names(0, all, sizeof all);
    cr_expect_str_eq(all, "");
}

#if defined(__x86_64__)
static const char *chosen(const struct machine *m, const char *name) {
    const struct tp_cpu cpu = decode(m);
    const struct tp_isa *isa = tp_isa_choose(&cpu, name);
    return isa ? isa->name : "none";
}

/* What the features of each machine allow, and no more. */
Test(cpu, best_instruction_set_of_every_machine) {
    for (size_t i = 0; i < sizeof machines / sizeof *machines; i++) {
        const uint32_t f = machines[i].features;
        const bool avx2 = f & TP_FEATURE_AVX2 && f & TP_FEATURE_FMA;
        const bool avx512 = (f & AVX512_FEATURES) == AVX512_FEATURES && avx2;
        const char *best = avx512 ? "avx512" : avx2 ? "avx2" : f & TP_FEATURE_FMA ? "scalar" : "none";
        cr_expect_str_eq(chosen(&machines[i], NULL), best, "%s", machines[i].name);
        cr_expect_str_eq(chosen(&machines[i], "avx512"), avx512 ? "avx512" : "none", "%s", machines[i].name);
        const bool bf16 = avx512 && f & TP_FEATURE_AVX512BF16;
        cr_expect_str_eq(chosen(&machines[i], "avx512bf16"), bf16 ? "avx512" : "none", "%s", machines[i].name);
        if (!(f & TP_FEATURE_AMX)) /* or it would be tried */
            cr_expect_str_eq(chosen(&machines[i], "amx"), "none", "%s", machines[i].name);
        cr_expect_str_eq(chosen(&machines[i], "neon"), "none");
        cr_expect_str_eq(chosen(&machines[i], "AVX2"), "none");
    }
}

Test(cpu, names_are_listed_best_first) {
    char names[64];
    const struct tp_cpu server = decode(&machines[8]), haswell = decode(&machines[3]), old = decode(&machines[0]);
    tp_isa_names(&server, names, sizeof names);
    cr_expect_str_eq(names, "avx512 avx2 scalar");
    tp_isa_names(&haswell, names, sizeof names);
    cr_expect_str_eq(names, "avx2 scalar");
    tp_isa_names(&old, names, sizeof names);
    cr_expect_str_eq(names, "");
}

static struct tp_cpu decode_named(const char *name) {
    size_t i = 0;
    while (strcmp(machines[i].name, name) != 0)
        i++;
    return decode(&machines[i]);
}

static const char *bf16_of(const struct tp_cpu *cpu, const char *name) {
    return tp_bf16_choose(cpu, tp_isa_choose(cpu, name), name)->name;
}

/* VDPBF16PS is chosen where it is faster than what it stands for. */
Test(cpu, ways_to_multiply_bf16) {
    char names[64];
    const struct tp_cpu sapphire = decode_named("Sapphire Rapids"), haswell = decode_named("Haswell");
    struct tp_cpu zen = decode_named("Zen 4");
    tp_bf16_names(&sapphire, names, sizeof names);
    cr_expect_str_eq(names, "amx avx512bf16 avx512 avx2 scalar");
    tp_bf16_names(&haswell, names, sizeof names);
    cr_expect_str_eq(names, "avx2 scalar");
    cr_expect_str_eq(bf16_of(&haswell, NULL), "avx2");
    cr_expect_str_eq(bf16_of(&zen, NULL), "avx512");
    strcpy(zen.vendor, "AuthenticAMD");
    cr_expect_str_eq(bf16_of(&zen, NULL), "avx512bf16");
    cr_expect_str_eq(bf16_of(&zen, "avx512bf16"), "avx512bf16");
    cr_expect_str_eq(bf16_of(&zen, "avx512"), "avx512");
    cr_expect_str_eq(bf16_of(&zen, "avx2"), "avx2");
    cr_expect_str_eq(bf16_of(&zen, "scalar"), "scalar");
}
#endif

/* ------------------------------------------------------------------------------------------------------------ sysfs */

static void write_text(int index, const char *name, const char *text) {
    char path[64];
    snprintf(path, sizeof path, "index%d", index);
    mkdir(tp_test_in_scratch(path), 0777);
    snprintf(path, sizeof path, "index%d/%s", index, name);
    FILE *file = fopen(tp_test_in_scratch(path), "w");
    cr_assert(file);
    fputs(text, file);
    fclose(file);
}

static void write_cache(int index, const char *type, const char *level, const char *size) {
    write_text(index, "type", type);
    write_text(index, "level", level);
    write_text(index, "size", size);
}

Test(cpu, caches_of_sysfs, .init = tp_test_scratch_open, .fini = tp_test_scratch_close) {
    struct tp_cpu cpu = {.l3 = 7};
    write_cache(0, "Data\n", "1\n", "64K\n");
    write_cache(1, "Instruction\n", "1\n", "32K\n");
    write_cache(2, "Unified\n", "2\n", "1M\n");
    tp_cpu_read_caches(tp_test_scratch.path, &cpu);
    cr_expect_eq(cpu.l1d, 64 << 10, "the instruction cache must not count");
    cr_expect_eq(cpu.l2, 1 << 20);
    cr_expect_eq(cpu.l3, 7, "what is not there stays");
    write_cache(3, "Unified\n", "3\n", "2G\n");
    tp_cpu_read_caches(tp_test_scratch.path, &cpu);
    cr_expect_eq(cpu.l3, (size_t)2 << 30);
}

Test(cpu, caches_of_sysfs_that_make_no_sense, .init = tp_test_scratch_open, .fini = tp_test_scratch_close) {
    struct tp_cpu cpu = {.l1d = 1, .l2 = 2, .l3 = 3};
    tp_cpu_read_caches(tp_test_in_scratch("nothing"), &cpu);
    write_cache(0, "Unified\n", "4\n", "1M\n");
    write_cache(1, "Unified\n", "0\n", "1M\n");
    write_text(2, "type", "Data\n");
    write_cache(3, "Data\n", "1\n", "");
    tp_cpu_read_caches(tp_test_scratch.path, &cpu);
    cr_expect(cpu.l1d == 1 && cpu.l2 == 2 && cpu.l3 == 3);
    write_cache(0, "Data\n", "1\n", "huge\n");
    write_cache(1, "Unified\n", "2\n", "18446744073709551615K\n");
    tp_cpu_read_caches(tp_test_scratch.path, &cpu);
    cr_expect(cpu.l1d == 0 && cpu.l2 == 0, "unknown");
}

/* The kernel's own list in /proc/cpuinfo is an independent detection. */
Test(cpu, detection_agrees_with_the_kernel) {
    const struct tp_cpu cpu = tp_cpu_detect();
#if defined(__x86_64__)
    char line[8192];
    FILE *file = fopen("/proc/cpuinfo", "r");
    cr_assert(file);
    while (fgets(line, sizeof line, file) && strncmp(line, "flags", 5)) {
    }
    fclose(file);
    cr_assert(!strncmp(line, "flags", 5));
    cr_expect_eq(!!(cpu.features & TP_FEATURE_FMA), !!strstr(line, " fma "));
    cr_expect_eq(!!(cpu.features & TP_FEATURE_AVX2), !!strstr(line, " avx2 "));
    cr_expect_eq(!!(cpu.features & TP_FEATURE_AVX512F), !!strstr(line, " avx512f "));
    cr_expect_eq(!!(cpu.features & TP_FEATURE_AVX512VL), !!strstr(line, " avx512vl "));
    cr_expect_eq(!!(cpu.features & TP_FEATURE_AVX512BF16), !!strstr(line, " avx512_bf16 "));
    cr_expect_eq(!!(cpu.features & TP_FEATURE_AMX), !!strstr(line, " amx_tile ") && !!strstr(line, " amx_bf16 "));
#else
    cr_expect_eq(cpu.features, TP_FEATURE_NEON);
    cr_expect_str_eq(cpu.vendor, "Arm");
#endif
}
