/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_TESTS_BLOCKING_H
#define TP_TESTS_BLOCKING_H

#include "core/context.h"
#include "gemm/gemm.h"

/* A context like the given one with a blocking of the test's own; both arguments must outlive it. */
static inline tp_context tp_test_with_blocking(const tp_context *context, const struct tp_blocking *blocking) {
    tp_context copy = *context;
    copy.blocking = blocking;
    return copy;
}

/* The context's blocking, but every thread is worth waking for any work. */
static inline struct tp_blocking tp_test_eager(const tp_context *context) {
    struct tp_blocking eager = *context->blocking;
    eager.thread_flops = 1;
    return eager;
}

#endif
