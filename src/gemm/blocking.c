/* SPDX-License-Identifier: BSD-3-Clause */
#include "gemm/blocking.h"

/* Where the sizes are not known: small enough for any CPU of the last ten years. */
#define DEFAULT_L1 ((size_t)32 << 10)
#define DEFAULT_L2 ((size_t)256 << 10)

/* Below this a thread costs more than it brings: wake-up and barriers of a few microseconds. */
#define THREAD_FLOPS 8e5

static size_t clamp(size_t value, size_t low, size_t high) {
    return value < low ? low : value > high ? high : value;
}

static size_t round_down(size_t value, size_t unit) {
    return value / unit * unit;
}

/* A block of A takes a part of the second-level cache; the piece of packed B that it is multiplied with takes a
 * quarter. All of the block of B, as large as that cache, is read once for every block of A. */
struct tp_blocking tp_blocking_choose(const struct tp_cpu *cpu, const struct tp_isa *isa) {
    const size_t l1 = (cpu->l1d ? cpu->l1d : DEFAULT_L1) / sizeof(float);
    const size_t l2 = (cpu->l2 ? cpu->l2 : DEFAULT_L2) / sizeof(float);
    const struct tp_tuning *tuning = &isa->tuning;
    struct tp_blocking blocking = {.thread_flops = THREAD_FLOPS};
    blocking.kc = clamp(round_down(l1 / 2 / isa->mr, 8), 64, 400);
    blocking.mc =
        clamp(round_down(l2 / tuning->mc_part / blocking.kc, isa->mr), 4 * isa->mr, tuning->mc_strips * isa->mr);
    blocking.nc = clamp(round_down(l2 / blocking.kc, isa->nr), 16 * isa->nr, 256 * isa->nr);
    return blocking;
}

struct tp_blocking tp_blocking_limits(const struct tp_isa *isa, const struct tp_blocking *blocking, bool transposed) {
    struct tp_blocking limits = *blocking;
    if (transposed) {
        limits.kc *= 2;
        limits.nc = (limits.nc + 1) / 2;
    }
    limits.nc = tp_ceil_div(limits.nc, isa->nr) * isa->nr;
    return limits;
}
