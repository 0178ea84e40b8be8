/* SPDX-License-Identifier: BSD-3-Clause */
/* How often something is done in a run: "500", "2epochs", "10min". */
#ifndef TILEPROP_TOOLS_INTERVAL_H
#define TILEPROP_TOOLS_INTERVAL_H

#include <stdbool.h>
#include <stdint.h>

/* One of them is not 0. */
struct interval {
    uint64_t steps, epochs, seconds;
};

/* False if text is no interval. */
bool interval_parse(const char *text, struct interval *interval);

/* What text may be, as in "must be ...". */
extern const char interval_limits[];

#endif
