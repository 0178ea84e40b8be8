/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_TESTS_HOOKS_H
#define TP_TESTS_HOOKS_H

#include "kernels/kernels.h"

/* One kernel of each stage of a training step. */
enum test_kernel {
    TEST_NO_KERNEL,
    TEST_SCALE,    /* scale_floats */
    TEST_STRIP,    /* gemm_strip, gemm_ger, gemm_dot, gemm_axpy, gemm_lanes */
    TEST_ACTIVATE, /* ReLU */
    TEST_LOSS,     /* categorical cross-entropy */
    TEST_COLUMNS,  /* column_sums */
    TEST_SQUARES,  /* square_sum */
    TEST_UPDATE,   /* Adam, update and update_outer */
    TEST_KERNELS
};

typedef void test_hook_fn(enum test_kernel kernel);

/* Copies isa; these kernels of the copy call hook before they do their work, on the thread that runs them. There is one
 * at a time. */
struct tp_isa test_hooked(const struct tp_isa *isa, test_hook_fn *hook);

#endif
