/* SPDX-License-Identifier: BSD-3-Clause */
/* Any answers of CPUID: what is decoded is consistent, and no instruction set is chosen that needs more. */
#include "fuzz.h"

#include "cpu/dispatch.h"
#include "gemm/gemm.h"

#include <string.h>

#define MAX_LEAVES 40

static void require_consistent(const struct tp_cpu *cpu) {
    const uint32_t of_avx512 = TP_FEATURE_AVX512BW | TP_FEATURE_AVX512DQ | TP_FEATURE_AVX512VL;
    const uint32_t of_avx = TP_FEATURE_FMA | TP_FEATURE_AVX2 | TP_FEATURE_AVX512F;
    require(cpu->features & TP_FEATURE_AVX512F || !(cpu->features & of_avx512));
    require(cpu->features & TP_FEATURE_AVX || !(cpu->features & of_avx));
    require(!(cpu->features & TP_FEATURE_NEON));
    require(memchr(cpu->vendor, 0, sizeof cpu->vendor));
}

/* The features that the table calls for, one by one. */
static void require_enabled(const struct tp_cpu *cpu, const struct tp_cpuid *leaves, size_t count, uint64_t xcr0) {
    struct tp_cpuid one = {0}, seven = {0};
    for (size_t i = count; i-- > 0;)
        if (leaves[i].leaf == 1 && leaves[i].subleaf == 0)
            one = leaves[i];
        else if (leaves[i].leaf == 7 && leaves[i].subleaf == 0)
            seven = leaves[i];
    if (cpu->features & TP_FEATURE_AVX)
        require(one.ecx & 1u << 27 && one.ecx & 1u << 28 && xcr0 & 2 && xcr0 & 4);
    if (cpu->features & TP_FEATURE_FMA)
        require(one.ecx & 1u << 12);
    if (cpu->features & TP_FEATURE_AVX2)
        require(seven.ebx & 1u << 5);
    if (cpu->features & TP_FEATURE_AVX512F)
        require(seven.ebx & 1u << 16 && xcr0 & 32 && xcr0 & 64 && xcr0 & 128);
}

static void require_choice(const struct tp_cpu *cpu) {
    char names[64];
    const struct tp_isa *isa = tp_isa_choose(cpu, NULL);
    tp_isa_names(cpu, names, sizeof names);
    require(!isa == !*names);
    if (!isa)
        return;
    require((cpu->features & isa->needs) == isa->needs);
    require(!strncmp(names, isa->name, strlen(isa->name)) && tp_isa_choose(cpu, isa->name) == isa);
    const struct tp_blocking blocking = tp_blocking_choose(cpu, isa);
    require(blocking.mc >= isa->mr && blocking.kc >= 1 && blocking.nc >= isa->nr);
    require(blocking.mc <= 1 << 16 && blocking.kc <= 1 << 16 && blocking.nc <= 1 << 16);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct fuzz_input input = {data, size};
    struct tp_cpuid leaves[MAX_LEAVES];
    char names[16];
    size_t count = 0;
    const uint64_t xcr0 = fuzz_take(&input, 8);
    const size_t room = fuzz_below(&input, sizeof names + 1);
    for (; input.size >= sizeof *leaves && count < MAX_LEAVES; count++, input.size -= sizeof *leaves) {
        memcpy(&leaves[count], input.data, sizeof *leaves);
        input.data += sizeof *leaves;
    }
    const struct tp_cpu cpu = tp_cpu_decode_x86(leaves, count, xcr0);
    require_consistent(&cpu);
    require_enabled(&cpu, leaves, count, xcr0);
    require_choice(&cpu);
    tp_cpu_feature_names(cpu.features, names, room);
    require(!room || memchr(names, 0, room));
    return 0;
}
