/* SPDX-License-Identifier: BSD-3-Clause */
/* Programs that do without Criterion's runner, which does not run under ThreadSanitizer. Each goes through the
 * instruction sets and thread counts, and aborts unless all of them give the same bits. */
#ifndef TP_TESTS_PLAIN_H
#define TP_TESTS_PLAIN_H

#include "../support/require.h"
#include "../support/support.h"

/* MemorySanitizer does not see what libraries write that are not instrumented: OpenMP's, and jansson of a model. */
#if defined(__has_feature)
#if __has_feature(memory_sanitizer)
#define PLAIN_THREADS 1
#define PLAIN_MODEL_FILES false
#endif
#endif
#ifndef PLAIN_THREADS
#define PLAIN_THREADS 3
#define PLAIN_MODEL_FILES true
#endif

/* Calls check for every instruction set with 1 to PLAIN_THREADS threads, all of them at work however small the task. */
static inline void plain_for_each(void check(tp_context *context)) {
    for (int i = 0; i < tp_test_isa_count(); i++)
        for (int threads = 1; threads <= PLAIN_THREADS; threads++) {
            tp_context *context = tp_test_eager_context(tp_test_isa(i), threads);
            check(context);
            tp_context_destroy(context);
        }
}

/* The first call keeps x, later ones compare with what was kept; one place per kept array. */
struct plain_kept {
    size_t count;
    float *x;
};

static inline void plain_require_same(struct plain_kept *kept, const float *x, size_t count) {
    if (!kept->x) {
        *kept = (struct plain_kept){count, tp_test_floats(count)};
        for (size_t i = 0; i < count; i++)
            kept->x[i] = x[i];
    }
    require(count == kept->count && tp_test_same_bits(kept->x, x, count, "results"));
}

static inline void plain_release(struct plain_kept *kept) {
    free(kept->x);
}

#endif
