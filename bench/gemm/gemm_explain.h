/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_BENCH_GEMM_EXPLAIN_H
#define TP_BENCH_GEMM_EXPLAIN_H

#include "options.h"

/* The way of the product that the arguments M N K OP describe. Returns an exit status. */
int gemm_explain(const struct bench_options *options, int count, char **arguments);

#endif
