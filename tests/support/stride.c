/* SPDX-License-Identifier: BSD-3-Clause */
#include "support/stride.h"

#include <stdlib.h>
#include <string.h>

static size_t stride(void) {
    const char *all = getenv("TILEPROP_TEST_LONG"), *text = getenv("TILEPROP_TEST_STRIDE");
    const size_t given = text && !(all && !strcmp(all, "1")) ? strtoul(text, NULL, 10) : 1;
    return given ? given : 1;
}

bool test_takes(size_t sum_of_indices) {
    return sum_of_indices % stride() == 0;
}

size_t test_share(size_t cases) {
    return cases / stride();
}
