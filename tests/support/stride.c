/* SPDX-License-Identifier: BSD-3-Clause */
#include "support/stride.h"

#include <stdlib.h>
#include <string.h>

bool test_takes(size_t sum_of_indices) {
    const char *all = getenv("TILEPROP_TEST_LONG"), *text = getenv("TILEPROP_TEST_STRIDE");
    const size_t stride = text && !(all && !strcmp(all, "1")) ? strtoul(text, NULL, 10) : 1;
    return sum_of_indices % (stride ? stride : 1) == 0;
}
