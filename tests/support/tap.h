/* SPDX-License-Identifier: BSD-3-Clause */
/* TAP for programs that do without Criterion, whose processes and signal handlers would get in the way. */
#ifndef TP_TESTS_SUPPORT_TAP_H
#define TP_TESTS_SUPPORT_TAP_H

#include <stdbool.h>

/* Runs a test and reports it. */
void test_tap_run(const char *name, void test(void));

/* Returns ok. If it is false the running test fails, and the text says why. Any thread may call it. */
bool test_tap_check(bool ok, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* A line about what this machine cannot test. */
void test_tap_skipped(const char *what);

/* The exit status of the program: 0 if every test passed and there was one. */
int test_tap_status(void);

#endif
