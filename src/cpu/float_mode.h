/* SPDX-License-Identifier: BSD-3-Clause */
/* The floating-point mode of a thread. Equal bits are promised in the default one: rounding to nearest, denormal
 * numbers, no traps. */
#ifndef TP_CPU_FLOAT_MODE_H
#define TP_CPU_FLOAT_MODE_H

#include <stddef.h>
#include <stdint.h>

/* What is not the default. */
enum tp_float_mode {
    TP_FLOAT_FLUSHES = 1 << 0,            /* results that would be denormal */
    TP_FLOAT_DENORMALS_ARE_ZERO = 1 << 1, /* as operands */
    TP_FLOAT_UP = 1 << 2,                 /* rounding */
    TP_FLOAT_DOWN = 1 << 3,
    TP_FLOAT_TOWARDS_ZERO = 1 << 4,
    TP_FLOAT_TRAPS = 1 << 5,
};

/* From the control registers of x86-64 and arm64; functions of data alone, so that each can be tested on the other. */
uint32_t tp_float_mode_x86(uint32_t mxcsr);
uint32_t tp_float_mode_arm(uint64_t fpcr);

/* Of the calling thread. */
uint32_t tp_float_mode(void);

/* "default", or the names of what is not, separated by commas, cut to size. */
void tp_float_mode_names(uint32_t mode, char *buffer, size_t size);

#endif
