/* SPDX-License-Identifier: BSD-3-Clause */
/* Which way products take, on standard output. */
#ifndef TP_BENCH_EXPLAIN_H
#define TP_BENCH_EXPLAIN_H

#include <stdbool.h>
#include <stddef.h>

/* C (m x n) = op(A) op(B), row-major and contiguous. */
struct bench_product {
    const char *name;
    size_t m, n, k;
    bool transpose_a, transpose_b;
    bool consumed; /* by an update, instead of stored */
    bool layer;    /* forward, where few outputs have sums of their own */
};

/* On an instruction set (NULL: the best) and so many threads; with all, also why the ways before were not taken. False
 * with a message on standard error. */
bool bench_explain(const struct bench_product *products, size_t count, const char *isa, int threads, bool all);

#endif
