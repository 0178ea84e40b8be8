/* SPDX-License-Identifier: BSD-3-Clause */
#include "interval.h"

#include <ctype.h>
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <strings.h>

static const struct {
    const char *name;
    size_t member; /* of struct interval */
    uint64_t factor;
} units[] = {
    {"", offsetof(struct interval, steps), 1},       {"steps", offsetof(struct interval, steps), 1},
    {"epoch", offsetof(struct interval, epochs), 1}, {"epochs", offsetof(struct interval, epochs), 1},
    {"s", offsetof(struct interval, seconds), 1},    {"min", offsetof(struct interval, seconds), 60},
    {"h", offsetof(struct interval, seconds), 3600},
};

const char interval_limits[] = "a whole number above 0 of steps (500), epochs (2epochs), or time (90s, 10min, 1h)";

bool interval_parse(const char *text, struct interval *interval) {
    char *end;
    errno = 0;
    const uint64_t number = isdigit((unsigned char)*text) ? strtoull(text, &end, 10) : 0;
    *interval = (struct interval){0};
    if (!number || errno || number > UINT32_MAX)
        return false;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        if (!strcasecmp(end, units[i].name)) {
            *(uint64_t *)(void *)((unsigned char *)interval + units[i].member) = number * units[i].factor;
            return true;
        }
    }
    return false;
}
