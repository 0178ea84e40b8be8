/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which instruction set and how many threads are fastest, found out while a run goes on: all give the same bits, so
 * steps that try them are steps of the run. Some steps are timed with each candidate in turn, and the fastest one
 * stays. Where nothing else runs, the least time of a candidate says best how fast it is, and tries can be short. Where
 * another process takes a processor again and again, short tries see its pauses by chance. So the chosen candidate is
 * watched, and if its mean becomes much worse than what it was chosen for, all are tried for longer and compared by
 * their means, until it is quiet again.
 *
 * Other sizes of blocks are no candidates, because they gain less than measurements vary. Speed of a step of nets C, D
 * and E of bench/nets/table.txt against the built-in mc, kc, nc: one thread, AVX-512, least of 160, 20 and 16
 * interleaved steps (Intel model 167, a busy machine: the built-in sizes once more were 1.00, 0.97, 0.99):
 *
 *   kc / 2   kc * 2   nc / 2   nc * 2   nc * 4   mc / 2   mc * 2
 *    0.97     0.99     0.95     1.00     0.99     0.97     0.99   C
 *    0.96     1.01     0.96     0.98     1.01     0.98     0.97   D
 *    0.86     0.89     0.89     0.89     0.86     0.96     0.92   E
 */
#ifndef TP_NET_TUNER_H
#define TP_NET_TUNER_H

#include "core/context.h"
#include "core/parallel.h"

#define TP_TUNER_ISAS 2
#define TP_TUNER_TEAMS 4
#define TP_TUNER_CANDIDATES (TP_TUNER_ISAS * TP_TUNER_TEAMS)
#define TP_TUNER_TRIES 3

struct tp_timing {
    double seconds;
    uint64_t steps;
};

struct tp_candidate {
    const struct tp_isa *isa;
    const struct tp_blocking *blocking;
    int threads;
    bool dropped;         /* much slower than another one */
    int tries;            /* so far */
    double least;         /* seconds of a step in the fastest of them */
    struct tp_timing all; /* all of them */
};

struct tp_tuner {
    double (*now)(void); /* seconds, of which only differences matter */
    struct tp_candidate candidate[TP_TUNER_CANDIDATES];
    int count, current; /* count 1: there is nothing to choose */
    bool trying;
    bool warm;               /* the team has had some steps to find its pace */
    uint64_t steps;          /* after so many steps the clock is read */
    uint64_t done;           /* of them */
    double began;            /* when the first of them did; 0: it has still to begin */
    struct tp_timing timing; /* of the current candidate, as far as the clock was read */
    double try_seconds;      /* how long a try lasts */
    double expected;         /* seconds of a step of the chosen candidate, by what it was chosen for; 0: unknown */
    bool by_mean;            /* the candidates are or were tried for longer and compared by their means */
    bool disturbed;          /* what was fastest in quiet times takes much longer than then */
    int calm;                /* that candidate, */
    double calm_seconds;     /* and a step of it then */
    double trial_began;      /* when the candidates began to be tried */
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

/* The team has left: the steps of an epoch are done, or another candidate is next. */
void tp_tuner_leave(struct tp_tuner *tuner);

static inline const struct tp_candidate *tp_tuner_current(const struct tp_tuner *tuner) {
    return &tuner->candidate[tuner->current];
}

#endif
