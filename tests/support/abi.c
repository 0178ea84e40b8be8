/* SPDX-License-Identifier: BSD-3-Clause */
#include "abi.h"

#include <assert.h>
#include <stddef.h>

static_assert(offsetof(struct test_abi_call, integers) == 8, "assembly");
static_assert(offsetof(struct test_abi_call, floats) == 72, "assembly");
static_assert(offsetof(struct test_abi_call, use_xgetbv) == 80, "assembly");
static_assert(offsetof(struct test_abi_call, stack) == 88, "assembly");
static_assert(offsetof(struct test_abi_call, flags) == 104, "assembly");
static_assert(offsetof(struct test_abi_call, in_use) == 112, "assembly");
static_assert(offsetof(struct test_abi_call, mode) == 120, "assembly");
static_assert(offsetof(struct test_abi_call, registers) == 128, "assembly");

#define PATTERN(n) (UINT64_C(0x5ca1ab1e0ddba110) + (n)*UINT64_C(0x0101010101010101))

const uint64_t test_abi_patterns[] = {
    PATTERN(0),  PATTERN(1),  PATTERN(2),  PATTERN(3),  PATTERN(4),  PATTERN(5),  PATTERN(6),
    PATTERN(7),  PATTERN(8),  PATTERN(9),  PATTERN(10), PATTERN(11), PATTERN(12), PATTERN(13),
    PATTERN(14), PATTERN(15), PATTERN(16), PATTERN(17), PATTERN(18),
};

/* The call that is under way: the only place that does not depend on what the function leaves in registers. */
struct test_abi_call *test_abi_current;

#if defined(__x86_64__)

const char *const test_abi_register_names[] = {"rbx", "rbp", "r12", "r13", "r14", "r15"};

/* clang-format off */
__asm__(
    ".text\n"
    ".globl test_abi_invoke\n"
    ".type test_abi_invoke, @function\n"
    "test_abi_invoke:\n"
    "    push %rbx\n"
    "    push %rbp\n"
    "    push %r12\n"
    "    push %r13\n"
    "    push %r14\n"
    "    push %r15\n"
    "    sub $24, %rsp\n"
    "    mov %rdi, test_abi_current(%rip)\n"
    "    mov %rsp, 88(%rdi)\n"
    "    mov 56(%rdi), %rax\n" /* the seventh and eighth integer */
    "    mov %rax, (%rsp)\n"
    "    mov 64(%rdi), %rax\n"
    "    mov %rax, 8(%rsp)\n"
    "    vzeroupper\n"
    "    movss 72(%rdi), %xmm0\n"
    "    movss 76(%rdi), %xmm1\n"
    "    mov (%rdi), %rax\n"
    "    mov 16(%rdi), %rsi\n"
    "    mov 24(%rdi), %rdx\n"
    "    mov 32(%rdi), %rcx\n"
    "    mov 40(%rdi), %r8\n"
    "    mov 48(%rdi), %r9\n"
    "    mov 8(%rdi), %rdi\n"
    "    mov 0+test_abi_patterns(%rip), %rbx\n"
    "    mov 8+test_abi_patterns(%rip), %rbp\n"
    "    mov 16+test_abi_patterns(%rip), %r12\n"
    "    mov 24+test_abi_patterns(%rip), %r13\n"
    "    mov 32+test_abi_patterns(%rip), %r14\n"
    "    mov 40+test_abi_patterns(%rip), %r15\n"
    "    call *%rax\n"
    "    mov test_abi_current(%rip), %rdi\n"
    "    mov %rsp, 96(%rdi)\n"
    "    mov 88(%rdi), %rsp\n"
    "    mov %rbx, 128(%rdi)\n"
    "    mov %rbp, 136(%rdi)\n"
    "    mov %r12, 144(%rdi)\n"
    "    mov %r13, 152(%rdi)\n"
    "    mov %r14, 160(%rdi)\n"
    "    mov %r15, 168(%rdi)\n"
    "    pushfq\n"
    "    pop %rax\n"
    "    mov %rax, 104(%rdi)\n"
    "    cld\n"
    "    movl $0, 124(%rdi)\n"
    "    stmxcsr 120(%rdi)\n"
    "    cmpq $0, 80(%rdi)\n"
    "    je 1f\n"
    "    mov $1, %ecx\n"
    "    xgetbv\n"
    "    mov %eax, 112(%rdi)\n"
    "    movl $0, 116(%rdi)\n"
    "1:  vzeroupper\n"
    "    add $24, %rsp\n"
    "    pop %r15\n"
    "    pop %r14\n"
    "    pop %r13\n"
    "    pop %r12\n"
    "    pop %rbp\n"
    "    pop %rbx\n"
    "    ret\n"
    ".globl test_abi_nothing\n"
    "test_abi_nothing: ret\n"
    ".globl test_abi_clobber_integer\n"
    "test_abi_clobber_integer: inc %r14\n ret\n"
    ".globl test_abi_leave_upper_ymm\n"
    "test_abi_leave_upper_ymm: vcmptrueps %ymm3, %ymm3, %ymm3\n ret\n"
    ".globl test_abi_leave_upper_zmm\n"
    "test_abi_leave_upper_zmm: vpternlogd $255, %zmm3, %zmm3, %zmm3\n ret\n"
    ".globl test_abi_leave_backwards\n"
    "test_abi_leave_backwards: std\n ret\n"
    ".globl test_abi_shift_stack\n"
    "test_abi_shift_stack: ret $8\n");

/* clang-format on */

#elif defined(__aarch64__)

const char *const test_abi_register_names[] = {"x19", "x20", "x21", "x22", "x23", "x24", "x25", "x26", "x27", "x28",
                                               "x29", "d8",  "d9",  "d10", "d11", "d12", "d13", "d14", "d15"};

/* clang-format off */
__asm__(
    ".text\n"
    ".globl test_abi_invoke\n"
    ".type test_abi_invoke, %function\n"
    "test_abi_invoke:\n"
    "    stp x29, x30, [sp, #-160]!\n"
    "    stp x19, x20, [sp, #16]\n"
    "    stp x21, x22, [sp, #32]\n"
    "    stp x23, x24, [sp, #48]\n"
    "    stp x25, x26, [sp, #64]\n"
    "    stp x27, x28, [sp, #80]\n"
    "    stp d8, d9, [sp, #96]\n"
    "    stp d10, d11, [sp, #112]\n"
    "    stp d12, d13, [sp, #128]\n"
    "    stp d14, d15, [sp, #144]\n"
    "    adrp x9, test_abi_current\n"
    "    str x0, [x9, :lo12:test_abi_current]\n"
    "    mov x9, sp\n"
    "    str x9, [x0, #88]\n"
    "    adrp x9, test_abi_patterns\n"
    "    add x9, x9, :lo12:test_abi_patterns\n"
    "    ldp x19, x20, [x9]\n"
    "    ldp x21, x22, [x9, #16]\n"
    "    ldp x23, x24, [x9, #32]\n"
    "    ldp x25, x26, [x9, #48]\n"
    "    ldp x27, x28, [x9, #64]\n"
    "    ldr x29, [x9, #80]\n"
    "    ldp d8, d9, [x9, #88]\n"
    "    ldp d10, d11, [x9, #104]\n"
    "    ldp d12, d13, [x9, #120]\n"
    "    ldp d14, d15, [x9, #136]\n"
    "    ldr x16, [x0]\n"
    "    ldp s0, s1, [x0, #72]\n"
    "    ldp x6, x7, [x0, #56]\n"
    "    ldp x4, x5, [x0, #40]\n"
    "    ldp x2, x3, [x0, #24]\n"
    "    ldp x0, x1, [x0, #8]\n"
    "    blr x16\n"
    "    adrp x9, test_abi_current\n"
    "    ldr x9, [x9, :lo12:test_abi_current]\n"
    "    mov x10, sp\n"
    "    str x10, [x9, #96]\n"
    "    ldr x10, [x9, #88]\n"
    "    mov sp, x10\n"
    "    str xzr, [x9, #104]\n"
    "    str xzr, [x9, #112]\n"
    "    mrs x10, fpcr\n"
    "    str x10, [x9, #120]\n"
    "    stp x19, x20, [x9, #128]\n"
    "    stp x21, x22, [x9, #144]\n"
    "    stp x23, x24, [x9, #160]\n"
    "    stp x25, x26, [x9, #176]\n"
    "    stp x27, x28, [x9, #192]\n"
    "    str x29, [x9, #208]\n"
    "    stp d8, d9, [x9, #216]\n"
    "    stp d10, d11, [x9, #232]\n"
    "    stp d12, d13, [x9, #248]\n"
    "    stp d14, d15, [x9, #264]\n"
    "    ldp x19, x20, [sp, #16]\n"
    "    ldp x21, x22, [sp, #32]\n"
    "    ldp x23, x24, [sp, #48]\n"
    "    ldp x25, x26, [sp, #64]\n"
    "    ldp x27, x28, [sp, #80]\n"
    "    ldp d8, d9, [sp, #96]\n"
    "    ldp d10, d11, [sp, #112]\n"
    "    ldp d12, d13, [sp, #128]\n"
    "    ldp d14, d15, [sp, #144]\n"
    "    ldp x29, x30, [sp], #160\n"
    "    ret\n"
    ".globl test_abi_nothing\n"
    "test_abi_nothing: ret\n"
    ".globl test_abi_clobber_integer\n"
    "test_abi_clobber_integer: add x27, x27, #1\n ret\n"
    ".globl test_abi_clobber_vector\n"
    "test_abi_clobber_vector: fmov d13, #1.0\n ret\n"
    ".globl test_abi_shift_stack\n"
    "test_abi_shift_stack: sub sp, sp, #16\n ret\n");
/* clang-format on */

#endif
