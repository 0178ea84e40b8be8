/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_CORE_SIZE_H
#define TP_CORE_SIZE_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>

static inline bool tp_is_power_of_two(size_t n) {
    return n && !(n & (n - 1));
}

static inline size_t tp_min(size_t a, size_t b) {
    return a < b ? a : b;
}

static inline size_t tp_max(size_t a, size_t b) {
    return a > b ? a : b;
}

/* a / b, rounded up. */
static inline size_t tp_ceil_div(size_t a, size_t b) {
    assert(b);
    return a / b + (a % b != 0);
}

#endif
