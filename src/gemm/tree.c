/* SPDX-License-Identifier: BSD-3-Clause */
#include "gemm/tree.h"

#include "kernels/kernels.h"

void tp_tree_add(const struct tp_isa *isa, float *const *level, size_t i, size_t at, const float *sums, size_t n,
                 float *last) {
    const float *lower[TP_TREE_LEVELS];
    size_t levels = 0;
    for (; tp_has_lower(i, levels); levels++)
        lower[levels] = level[levels] + at;
    isa->add_levels(last ? last : level[levels] + at, sums, lower, levels, n);
}
