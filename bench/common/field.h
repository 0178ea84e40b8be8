/* SPDX-License-Identifier: BSD-3-Clause */
/* All contestants, and what was measured of them in one row: in turn, round by round, so that all of them see the same
 * weather. */
#ifndef TP_BENCH_FIELD_H
#define TP_BENCH_FIELD_H

#include "contestant.h"

#define BENCH_MAX_CONTESTANTS 12
#define BENCH_MAX_REPEATS 101

/* Where the first contestants stand; the others are peers. */
enum { BENCH_AT_PEAK, BENCH_AT_OWN, BENCH_AT_OTHERS };

struct bench_field {
    struct bench_contestant contestant[BENCH_MAX_CONTESTANTS];
    int count;
    int single; /* tileprop on one thread, if the field has more than one thread; else 0 */
    int repeats;
    bool started; /* once at least: who was absent then is not tried again */
};

struct bench_scores {
    double samples[BENCH_MAX_CONTESTANTS][BENCH_MAX_REPEATS]; /* GFLOP/s */
    double gflops[BENCH_MAX_CONTESTANTS];                     /* their median; 0: not measured, or wrong results */
    double difference[BENCH_MAX_CONTESTANTS];                 /* relative, from tileprop's result */
    bool wrong[BENCH_MAX_CONTESTANTS];
};

/* Enters the peak, tileprop, and the peers of a list of NAME or NAME=FILE, which is cut into its parts. NULL, or what
 * is wrong with the list; names is the text that says which peers there are. */
const char *bench_field_enter(struct bench_field *field, char *peers, const char *names, int threads);

/* Starts all. A peer that is absent is named; so is one that runs as something else than it was told to, as it is not a
 * fair contestant. False without the peak or tileprop. */
bool bench_field_start(struct bench_field *field, const char *isa, const cpu_set_t *processors);
void bench_field_stop(struct bench_field *field);

/* GFLOP/s of one contestant. */
typedef double bench_run_fn(struct bench_contestant *contestant, int place, void *user);

/* Fills the samples, and their medians for those who are alive and not wrong. */
void bench_field_run(struct bench_field *field, struct bench_scores *scores, bench_run_fn *run, void *user);

/* Whether all results are right and all workers still there; says what is not. */
bool bench_is_sound(const struct bench_field *field, const struct bench_scores *scores, const char *row);

/* Whether the contestant at this place is a library of somebody else. */
bool bench_is_peer(const struct bench_field *field, int place);

/* Place of the fastest peer, 0 if there is none. */
int bench_best_peer(const struct bench_field *field, const struct bench_scores *scores);

/* How much the peak changed between the rounds: largest less smallest sample, as a part of the median. */
double bench_unrest(const struct bench_field *field, const struct bench_scores *scores);
#define BENCH_UNREST 0.2 /* from here on a row is not to be trusted */

/* Quotients of medians; NaN if one of them is missing. */
double bench_ratio(const struct bench_field *field, const struct bench_scores *scores); /* tileprop to the best peer */
double bench_ratio_to(const struct bench_scores *scores, int place);                    /* tileprop to this one */
double bench_share_of_peak(const struct bench_scores *scores, int place);
double bench_speed_up(const struct bench_field *field, const struct bench_scores *scores); /* over one thread */

#endif
