/* SPDX-License-Identifier: BSD-3-Clause */
#include "gemm/gemm.h"

/* Where the sizes are not known: small enough for any CPU of the last ten years. */
#define DEFAULT_L1 ((size_t)32 << 10)
#define DEFAULT_L2 ((size_t)256 << 10)

/* Below this a thread costs more than it brings: wake-up and barriers of a few microseconds. */
#define THREAD_FLOPS 2e6

static size_t clamp(size_t value, size_t low, size_t high) {
    return value < low ? low : value > high ? high : value;
}

static size_t round_down(size_t value, size_t unit) {
    return value / unit * unit;
}

/* A panel of A stays in half of the first-level cache while B streams through it from half of the second-level cache;
 * an eighth of that holds the block of A whose panels come next. */
struct tp_blocking tp_blocking_choose(const struct tp_cpu *cpu, const struct tp_isa *isa) {
    const size_t l1 = (cpu->l1d ? cpu->l1d : DEFAULT_L1) / sizeof(float);
    const size_t l2 = (cpu->l2 ? cpu->l2 : DEFAULT_L2) / sizeof(float);
    struct tp_blocking blocking = {.thread_flops = THREAD_FLOPS};
    blocking.kc = clamp(round_down(l1 / 2 / isa->mr, 8), 64, 512);
    blocking.mc = clamp(round_down(l2 / 8 / blocking.kc, isa->mr), 4 * isa->mr, 32 * isa->mr);
    blocking.nc = clamp(round_down(l2 / 2 / blocking.kc, isa->nr), 4 * isa->nr, 128 * isa->nr);
    return blocking;
}
