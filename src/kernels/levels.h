/* SPDX-License-Identifier: BSD-3-Clause */
/* Sums of sums. */
#ifndef TP_KERNELS_LEVELS_H
#define TP_KERNELS_LEVELS_H

#include "kernels/map.h"

/* count values from number j on; denormals pass, as they do in the products that made them. */
ALWAYS_INLINE void add_some(float *out, const float *x, const float *const *lower, size_t levels, size_t j,
                            size_t count) {
    vf sum = load_some(x + j, count);
    for (size_t l = 0; l < levels; l++)
        sum = v_add(load_some(lower[l] + j, count), sum);
    store_some(out + j, sum, count);
}

static void add_levels(float *out, const float *x, const float *const *lower, size_t levels, size_t n) {
    size_t j = 0;
    for (; j + VL <= n; j += VL)
        add_some(out, x, lower, levels, j, VL);
    if (j < n)
        add_some(out, x, lower, levels, j, n - j);
}

#endif
