/* SPDX-License-Identifier: BSD-3-Clause */
/* What a thread spends its time on. */
#ifndef TP_CORE_CLOCK_H
#define TP_CORE_CLOCK_H

#include <assert.h>
#include <stddef.h>
#include <time.h>

/* Phases are numbers; those from TP_PHASE_FIRST on mean what the folders above say (net/pass.h). */
enum { TP_PHASE_NONE, TP_PHASE_BARRIER, TP_PHASE_FIRST, TP_PHASE_LIMIT = 8 };

struct tp_clock {
    int phase;    /* it is in */
    double since; /* it has been in it */
    double seconds[TP_PHASE_LIMIT];
};

static inline double tp_now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Ends a phase, begins another, and returns the one that ended. Without a clock that costs next to nothing. */
static inline int tp_enter(struct tp_clock *clock, int phase) {
    if (clock == NULL)
        return phase;
    assert(phase >= 0 && phase < TP_PHASE_LIMIT);
    const int ended = clock->phase;
    const double now = tp_now();
    clock->seconds[ended] += now - clock->since;
    clock->since = now;
    clock->phase = phase;
    return ended;
}

#endif
