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

/* Every thread of the context becomes worth waking for any work. */
static inline void tp_test_wake_all(tp_context *context) {
    struct tp_blocking *own = (struct tp_blocking *)(uintptr_t)context->blocking;
    own->thread_flops = 1;
}

/* A context of the test's own gets blocks of few k steps. */
static inline void tp_test_cut_steps(tp_context *context, size_t steps) {
    struct tp_blocking *own = (struct tp_blocking *)(uintptr_t)context->blocking;
    own->kc = steps;
}

#endif
