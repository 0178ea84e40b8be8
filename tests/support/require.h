/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_TESTS_REQUIRE_H
#define TP_TESTS_REQUIRE_H

#include <stdio.h>
#include <stdlib.h>

/* For programs that Criterion does not run: says what does not hold, and aborts. */
#define require(condition) ((condition) ? (void)0 : tp_test_require_failed(#condition, __FILE__, __LINE__))

static inline void tp_test_require_failed(const char *condition, const char *file, int line) {
    fprintf(stderr, "%s:%d: this does not hold: %s\n", file, line, condition);
    abort();
}

#endif
