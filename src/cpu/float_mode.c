/* SPDX-License-Identifier: BSD-3-Clause */
#include "cpu/float_mode.h"

#include <stdio.h>
#include <string.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

static uint32_t if_set(uint64_t bits, enum tp_float_mode part) {
    return bits ? part : 0;
}

uint32_t tp_float_mode_x86(uint32_t mxcsr) {
    static const uint32_t rounding[] = {0, TP_FLOAT_DOWN, TP_FLOAT_UP, TP_FLOAT_TOWARDS_ZERO};
    const uint32_t masks = 0x1f80; /* of exceptions that do not trap */
    return rounding[mxcsr >> 13 & 3] | if_set(mxcsr & 1 << 15, TP_FLOAT_FLUSHES) |
           if_set(mxcsr & 1 << 6, TP_FLOAT_DENORMALS_ARE_ZERO) | if_set(~mxcsr & masks, TP_FLOAT_TRAPS);
}

/* Bit 24 flushes operands as well; bit 0, of newer processors, these alone. */
uint32_t tp_float_mode_arm(uint64_t fpcr) {
    static const uint32_t rounding[] = {0, TP_FLOAT_UP, TP_FLOAT_DOWN, TP_FLOAT_TOWARDS_ZERO};
    const uint64_t flush = 1 << 24, flush_operands = 1 << 0, traps = 0x9f00;
    return rounding[fpcr >> 22 & 3] | if_set(fpcr & flush, TP_FLOAT_FLUSHES) |
           if_set(fpcr & (flush | flush_operands), TP_FLOAT_DENORMALS_ARE_ZERO) | if_set(fpcr & traps, TP_FLOAT_TRAPS);
}

uint32_t tp_float_mode(void) {
#if defined(__x86_64__)
    return tp_float_mode_x86(_mm_getcsr());
#elif defined(__aarch64__)
    uint64_t fpcr;
    __asm__ volatile("mrs %0, fpcr" : "=r"(fpcr));
    return tp_float_mode_arm(fpcr);
#endif
}

void tp_float_mode_names(uint32_t mode, char *buffer, size_t size) {
    static const char *const names[] = {"flush-to-zero", "denormals-are-zero",    "rounding up",
                                        "rounding down", "rounding towards zero", "traps"};
    snprintf(buffer, size, "%s", mode ? "" : "default");
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (mode & 1u << i) {
            const size_t used = strlen(buffer);
            snprintf(buffer + used, size - used, "%s%s", used ? ", " : "", names[i]);
        }
}
