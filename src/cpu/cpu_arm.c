/* SPDX-License-Identifier: BSD-3-Clause */
#include "cpu/cpu.h"

#if defined(__aarch64__)
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#define HWCAP_ADVANCED_SIMD (1UL << 1) /* HWCAP_ASIMD of <asm/hwcap.h> */

static size_t cache_size(int name) {
    const long size = sysconf(name);
    return size > 0 ? (size_t)size : 0;
}

struct tp_cpu tp_cpu_detect(void) {
    struct tp_cpu cpu = {.features = getauxval(AT_HWCAP) & HWCAP_ADVANCED_SIMD ? TP_FEATURE_NEON : 0};
    strcpy(cpu.vendor, "Arm");
    cpu.l1d = cache_size(_SC_LEVEL1_DCACHE_SIZE);
    cpu.l2 = cache_size(_SC_LEVEL2_CACHE_SIZE);
    cpu.l3 = cache_size(_SC_LEVEL3_CACHE_SIZE);
    return cpu;
}
#endif
