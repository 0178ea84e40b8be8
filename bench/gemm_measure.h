/* SPDX-License-Identifier: BSD-3-Clause */
/* Measures one shape: all contestants in turn, round by round, so that all of them see the same weather. */
#ifndef TP_BENCH_GEMM_MEASURE_H
#define TP_BENCH_GEMM_MEASURE_H

#include "gemm_contestant.h"

#define GEMM_MAX_CONTESTANTS 12
#define GEMM_MAX_REPEATS 101

/* Where the first contestants stand; the others are peers. */
enum { GEMM_AT_PEAK, GEMM_AT_OWN, GEMM_AT_OTHERS };

struct gemm_field {
    struct gemm_contestant contestant[GEMM_MAX_CONTESTANTS];
    int count;
    int single; /* tileprop on one thread, if the field has more than one thread; else 0 */
    int repeats;
};

struct gemm_row {
    struct gemm_shape shape;
    double samples[GEMM_MAX_CONTESTANTS][GEMM_MAX_REPEATS]; /* GFLOP/s */
    double gflops[GEMM_MAX_CONTESTANTS];                    /* their median; 0: not measured, or wrong results */
    double difference[GEMM_MAX_CONTESTANTS];                /* largest relative one of an element from tileprop's */
    bool wrong[GEMM_MAX_CONTESTANTS];
};

/* False if memory ran out or tileprop's worker ended. */
bool gemm_measure(struct gemm_field *field, const struct gemm_shape *shape, struct gemm_row *row);

/* Whether the contestant at this place is a library of somebody else. */
bool gemm_is_peer(const struct gemm_field *field, int place);

/* Place of the fastest peer, 0 if there is none. */
int gemm_best_peer(const struct gemm_field *field, const struct gemm_row *row);

/* How much the peak changed between the rounds: largest less smallest sample, as a part of the median. */
double gemm_unrest(const struct gemm_field *field, const struct gemm_row *row);
#define GEMM_UNREST 0.2 /* from here on a row is not to be trusted */

/* Quotients of medians; NaN if one of them is missing. */
double gemm_ratio(const struct gemm_field *field, const struct gemm_row *row); /* tileprop to the best peer */
double gemm_share_of_peak(const struct gemm_row *row, int place);
double gemm_speed_up(const struct gemm_field *field, const struct gemm_row *row); /* over one thread */

#endif
