/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_BENCH_TRAIN_MEASURE_H
#define TP_BENCH_TRAIN_MEASURE_H

#include "field.h"
#include "train_net.h"
#include "train_worker.h"

struct train_row {
    struct train_net net;
    struct bench_scores scores;
    bool able[BENCH_MAX_CONTESTANTS];     /* can do this network */
    double memory[BENCH_MAX_CONTESTANTS]; /* bytes by which its process grew at most */
    double loss[BENCH_MAX_CONTESTANTS];   /* mean of the steps of the check; negative: not compared */
    struct train_sizes sizes;             /* of tileprop */
    tp_phases phases;                     /* of its first thread; of an inference all 0 */
};

/* Measures one network in workers that are started for it and stopped after it, so that nothing is left of the one
 * before; seconds is the time of each contestant over all rounds. False if tileprop's worker ended. */
bool train_measure(struct bench_field *field, const char *isa, const cpu_set_t *processors, double seconds,
                   const struct train_net *net, struct train_row *row);

double train_rate(const struct train_row *row, int place);         /* samples/s */
double train_microseconds(const struct train_row *row, int place); /* of one batch */

#endif
