/* SPDX-License-Identifier: BSD-3-Clause */
#include "tap.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

static int tests, failed_tests;
static atomic_int failed_checks;

void test_tap_run(const char *name, void test(void)) {
    atomic_store(&failed_checks, 0);
    test();
    const bool ok = atomic_load(&failed_checks) == 0;
    printf("%s %d - %s\n", ok ? "ok" : "not ok", ++tests, name);
    fflush(stdout); /* so that children of fork have nothing to write again */
    failed_tests += !ok;
}

bool test_tap_check(bool ok, const char *format, ...) {
    if (ok)
        return true;
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    fprintf(stderr, "# %s\n", text);
    atomic_fetch_add(&failed_checks, 1);
    return false;
}

void test_tap_skipped(const char *what) {
    printf("SKIPPED: %s\n", what);
}

int test_tap_status(void) {
    return tests > 0 && failed_tests == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
