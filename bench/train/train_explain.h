/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_BENCH_TRAIN_EXPLAIN_H
#define TP_BENCH_TRAIN_EXPLAIN_H

#include "train_net.h"

/* The way of each product of these networks; false with a message on standard error. */
bool train_explain(const struct train_nets *nets, const char *isa, int threads, bool inference);

#endif
