/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_TESTS_NONFINITE_H
#define TP_TESTS_NONFINITE_H

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* All rows, or columns. */
#define TEST_EVERY SIZE_MAX
/* Between rows, NaN. */
#define TEST_PADDING 3

static const float test_bad[] = {NAN, INFINITY, -INFINITY};
#define TEST_BAD (sizeof test_bad / sizeof *test_bad)

static inline bool test_equal_bits(const float *x, const float *y) {
    return !memcmp(x, y, sizeof *x);
}

#endif
