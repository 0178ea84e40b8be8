/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Tests that go through combinations of shapes, instruction sets and threads go through every third in builds that are
 * slow, with sanitizers or through qemu: tests/CMakeLists.txt sets the variable, CONTRIBUTING.md lists the builds.
 */
#ifndef TP_TESTS_SUPPORT_STRIDE_H
#define TP_TESTS_SUPPORT_STRIDE_H

#include <stdbool.h>
#include <stddef.h>

/* True if the combination whose indices have this sum is to be tested: it is a multiple of TILEPROP_TEST_STRIDE. A
 * diagonal: every value of an index is taken, each with one of so many values of another. All without that variable,
 * and with TILEPROP_TEST_LONG=1. */
bool test_takes(size_t sum_of_indices);

/* Of random cases, how many are to be tested. */
size_t test_share(size_t cases);

#endif
