/* SPDX-License-Identifier: BSD-3-Clause */
/* What a thread spends its time on. */
#ifndef TP_CORE_CLOCK_H
#define TP_CORE_CLOCK_H

#include <stddef.h>
#include <time.h>

enum tp_phase {
    TP_PHASE_NONE,
    TP_PHASE_DATA,
    TP_PHASE_FORWARD,
    TP_PHASE_LOSS,
    TP_PHASE_BACKWARD,
    TP_PHASE_UPDATE,
    TP_PHASE_BARRIER,
    TP_PHASE_COUNT
};

struct tp_clock {
    enum tp_phase phase; /* it is in */
    double since;        /* it has been in it */
    double seconds[TP_PHASE_COUNT];
};

static inline double tp_now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Ends a phase, begins another, and returns the one that ended. Without a clock that costs next to nothing. */
static inline enum tp_phase tp_enter(struct tp_clock *clock, enum tp_phase phase) {
    if (clock == NULL)
        return phase;
    const enum tp_phase ended = clock->phase;
    const double now = tp_now();
    clock->seconds[ended] += now - clock->since;
    clock->since = now;
    clock->phase = phase;
    return ended;
}

#endif
