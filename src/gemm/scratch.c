/* SPDX-License-Identifier: BSD-3-Clause */
#include "gemm/scratch.h"

#include "gemm/bf16.h"
#include "gemm/blocking.h"
#include "gemm/tree.h"

static size_t round_up(size_t count, size_t unit) {
    return tp_ceil_div(count, unit) * unit;
}

static struct tp_scratch parts_of(const struct tp_isa *isa, const struct tp_blocking *blocking, size_t m, size_t n,
                                  size_t k, bool transposed) {
    const struct tp_blocking limits = tp_blocking_limits(isa, blocking, transposed);
    const size_t mc = tp_min(m, limits.mc), nc = tp_min(n, limits.nc), kc = tp_min(k, limits.kc);
    const size_t panels_of_a = round_up(round_up(mc, isa->mr) * kc, TP_LINE); /* blocks are small: nothing overflows */
    return (struct tp_scratch){.piece = tp_max(round_up(isa->mr * nc, TP_LINE), TP_PIECE_FLOATS),
                               .a = tp_max(panels_of_a, TP_DOTS_FLOATS),
                               .b = tp_ceil_div(nc, isa->nr) * tp_panel_step(isa->nr, kc)};
}

struct tp_scratch tp_scratch_of(const struct tp_gemm *g, bool transposed) {
    return parts_of(g->isa, g->blocking, g->m, g->n, g->k, transposed);
}

static size_t sum(struct tp_scratch parts) {
    return parts.piece + parts.a + parts.b;
}

size_t tp_gemm_scratch(const struct tp_isa *isa, const struct tp_blocking *blocking, size_t m, size_t n, size_t k) {
    const size_t plain = sum(parts_of(isa, blocking, m, n, k, false));
    const size_t transposed = sum(parts_of(isa, blocking, n, m, k, true));
    return tp_max(plain, transposed);
}

size_t tp_product_scratch(const struct tp_isa *isa, const struct tp_blocking *blocking, const struct tp_bf16 *bf16,
                          size_t m, size_t n, size_t k) {
    return bf16 ? tp_bf16_scratch(bf16, m, n, k) : tp_gemm_scratch(isa, blocking, m, n, k);
}

size_t tp_gemm_parts(const struct tp_blocking *blocking, const struct tp_bf16 *bf16, size_t most, size_t steps) {
    size_t parts = 1;
    while (!bf16 && 2 * parts <= most && 2 * parts * steps <= blocking->kc)
        parts *= 2;
    return parts;
}

size_t tp_level_floats(size_t parts) {
    return tp_tree_levels(parts) * TP_PIECE_FLOATS;
}
