/* SPDX-License-Identifier: BSD-3-Clause */
/* A group of ranks that are threads of the test, which pass copies of bytes to each other. */
#ifndef TP_TESTS_RANKS_H
#define TP_TESTS_RANKS_H

#include "tileprop/tileprop.h"

#define TEST_MOST_RANKS 8

/* What a rank does, on a thread of its own. */
typedef void test_rank_fn(const tp_group *group, void *argument);

/* Runs ranks of them, a power of two, and waits for all; argument is for each. Messages are delivered after some tests
 * that say that they are not there. */
void test_run_ranks(int ranks, test_rank_fn *run, void *argument);

/* From now on exchanges fail with this status, on all ranks. */
void test_break_rank(const tp_group *group, tp_status status);

/* Bytes that a rank has sent so far. */
size_t test_bytes_sent(const tp_group *group);

#endif
