/* SPDX-License-Identifier: BSD-3-Clause */
/* Memory between two pages that nobody may touch: a program that reads or writes beyond it ends at once. */
#ifndef TP_TESTS_FENCE_H
#define TP_TESTS_FENCE_H

#include <stddef.h>

struct test_fence {
    unsigned char *begin, *end; /* whole pages */
};

/* At least size bytes, or the test fails. */
struct test_fence test_fence_open(size_t size);
void test_fence_close(const struct test_fence *fence);

#endif
