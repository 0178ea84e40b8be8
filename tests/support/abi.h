/* SPDX-License-Identifier: BSD-3-Clause */
/* Calls a function with known values in the registers that it must preserve, and looks at the machine afterwards. */
#ifndef TP_TESTS_SUPPORT_ABI_H
#define TP_TESTS_SUPPORT_ABI_H

#include <stdint.h>

enum { ABI_INTEGERS = 8, ABI_FLOATS = 2 };

#if defined(__x86_64__)
enum { ABI_REGISTERS = 6 }; /* rbx rbp r12-r15 */
#elif defined(__aarch64__)
enum { ABI_REGISTERS = 19 }; /* x19-x29 d8-d15 */
#endif

/* The assembly in abi.c knows the offsets. */
struct test_abi_call {
    void (*function)(void);
    uint64_t integers[ABI_INTEGERS]; /* arguments, pointers included */
    float floats[ABI_FLOATS];
    uint64_t use_xgetbv;
    uint64_t stack[2]; /* pointer before and after */
    uint64_t flags;    /* x86: rflags */
    uint64_t in_use;   /* x86: parts of the vector registers that are not in their initial state */
    uint64_t mode;     /* MXCSR or FPCR */
    uint64_t registers[ABI_REGISTERS];
};

/* Parts of XGETBV(1): the upper halves of ymm and of zmm 0-15, which slow down SSE code that follows. */
#define ABI_UPPER_YMM (UINT64_C(1) << 2)
#define ABI_UPPER_ZMM (UINT64_C(1) << 6)
/* The direction flag. */
#define ABI_BACKWARDS (UINT64_C(1) << 10)

extern const uint64_t test_abi_patterns[];
extern const char *const test_abi_register_names[];

void test_abi_invoke(struct test_abi_call *call);

/* Does nothing. The others break a rule each, for the test of the test. */
void test_abi_nothing(void);
void test_abi_clobber_integer(void);
void test_abi_shift_stack(void);
#if defined(__x86_64__)
void test_abi_leave_backwards(void);
void test_abi_leave_upper_ymm(void);
void test_abi_leave_upper_zmm(void); /* needs AVX-512 */
#elif defined(__aarch64__)
void test_abi_clobber_vector(void);
#endif

#endif
