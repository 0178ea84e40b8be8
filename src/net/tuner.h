/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which instruction set and how many threads are fastest, found out while a run goes on: all give the same bits, so
 * steps that try them are steps of the run. A few steps are timed with each candidate in turn; the fastest one stays
 * until steps take longer than they did, or until it is time to look again.
 */
#ifndef TP_NET_TUNER_H
#define TP_NET_TUNER_H

#include "core/context.h"
#include "core/parallel.h"

#define TP_TUNER_ISAS 2
#define TP_TUNER_TEAMS 4
#define TP_TUNER_CANDIDATES (TP_TUNER_ISAS * TP_TUNER_TEAMS)
#define TP_TUNER_TRIES 3

struct tp_candidate {
    const struct tp_isa *isa;
    const struct tp_blocking *blocking;
    int threads;
    bool dropped;                   /* much slower than another one */
    int tries;                      /* so far */
    double seconds[TP_TUNER_TRIES]; /* of a step, ascending */
};

struct tp_tuner {
    double (*now)(void); /* seconds, of which only differences matter */
    struct tp_candidate candidate[TP_TUNER_CANDIDATES];
    int count, current; /* count 1: there is nothing to choose */
    bool trying;
    bool warm;          /* the team has had some steps to find its pace */
    uint64_t steps;     /* after so many steps the clock is read */
    uint64_t done;      /* of them */
    double began;       /* when the first of them did; 0: it has still to begin */
    double try_seconds; /* how long a try lasts */
    double expected;    /* seconds of a step, as the chosen candidate took when it was chosen; 0: unknown */
    int slow;           /* times in a row that it took much longer */
    double trial_began; /* when the candidates began to be tried */
    double trial_ended;
    uint64_t trials;
};

/* Whether the environment allows to look for what is fastest: TILEPROP_TUNE is not off. */
bool tp_may_tune(void);

/* The built-in choice is first; the context's other instruction set, if it has one, and other teams of up to most
 * threads are candidates if try. */
void tp_tuner_start(struct tp_tuner *tuner, const struct tp_context *context, int threads, int most, bool try);

/* A team begins with the next step. */
void tp_tuner_enter(struct tp_tuner *tuner);

/* After a step, on one thread; left: steps that the run has still to do. True if another candidate is next, for which
 * the team must leave. */
bool tp_tuner_step(struct tp_tuner *tuner, uint64_t left);

static inline const struct tp_candidate *tp_tuner_current(const struct tp_tuner *tuner) {
    return &tuner->candidate[tuner->current];
}

#endif
