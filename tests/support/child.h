/* SPDX-License-Identifier: BSD-3-Clause */
/* Checks in a child of fork, for what may end or hang a process. */
#ifndef TP_TESTS_SUPPORT_CHILD_H
#define TP_TESTS_SUPPORT_CHILD_H

#include <stdbool.h>

/* Runs check in a child and waits for it. Fails here (tap.h) unless it returns true; its own failed checks are
 * printed. A child that hangs is killed. */
bool test_in_child(const char *what, bool check(void));

#endif
