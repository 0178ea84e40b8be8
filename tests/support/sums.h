/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_TESTS_SUMS_H
#define TP_TESTS_SUMS_H

#include <math.h>
#include <stddef.h>

/* The canonical sum of a[k] b[k * b_step]: sixteen chains of fused multiply-adds, of the elements l, l + 16, .. each,
 * and then the upper half is added to the lower one: 8, 4, 2, 1. */
static inline float test_canonical_sum(const float *a, const float *b, size_t b_step, size_t k) {
    float lane[16] = {0};
    for (size_t i = 0; i < k; i++)
        lane[i % 16] = fmaf(a[i], b[i * b_step], lane[i % 16]);
    for (size_t half = 8; half; half /= 2)
        for (size_t l = 0; l < half; l++)
            lane[l] += lane[l + half];
    return lane[0];
}

#endif
