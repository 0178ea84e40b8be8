/* SPDX-License-Identifier: BSD-3-Clause */
#include "cpu/cpu.h"

#if defined(__aarch64__)
#include <string.h>
#include <sys/auxv.h>

#define HWCAP_ADVANCED_SIMD (1UL << 1) /* HWCAP_ASIMD of <asm/hwcap.h> */

struct tp_cpu tp_cpu_detect(void) {
    struct tp_cpu cpu = {.features = getauxval(AT_HWCAP) & HWCAP_ADVANCED_SIMD ? TP_FEATURE_NEON : 0};
    strcpy(cpu.vendor, "Arm");
    tp_cpu_read_caches("/sys/devices/system/cpu/cpu0/cache", &cpu); /* sysconf does not know */
    return cpu;
}
#endif
