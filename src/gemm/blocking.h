/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_GEMM_BLOCKING_H
#define TP_GEMM_BLOCKING_H

#include "gemm/gemm.h"

/* The blocking in whole tiles. If the product is transposed, blocks are deeper: C passes through a transposition for
 * each. */
struct tp_blocking tp_blocking_limits(const struct tp_isa *isa, const struct tp_blocking *blocking, bool transposed);

/* So many floats of B are what the second-level cache holds of it. */
static inline size_t tp_cached_floats(const struct tp_blocking *blocking) {
    return blocking->nc * blocking->kc;
}

#endif
