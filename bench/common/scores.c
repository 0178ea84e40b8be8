/* SPDX-License-Identifier: BSD-3-Clause */
#include "field.h"
#include "timing.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static double median(const double *samples, int count) {
    double sorted[BENCH_MAX_REPEATS];
    memcpy(sorted, samples, (size_t)count * sizeof *sorted);
    return bench_median(sorted, count);
}

/* Another one begins each round and every second round runs backwards, so that nobody always follows the same one. */
void bench_field_run(struct bench_field *field, struct bench_scores *scores, bench_run_fn *run, void *user) {
    for (int round = 0; round < field->repeats; round++)
        for (int turn = 0; turn < field->count; turn++) {
            const int place = (turn + round) % field->count, p = round % 2 ? field->count - 1 - place : place;
            scores->samples[p][round] = run(&field->contestant[p], p, user);
        }
    for (int p = 0; p < field->count; p++)
        if (field->contestant[p].alive && !scores->wrong[p])
            scores->gflops[p] = median(scores->samples[p], field->repeats);
}

bool bench_is_sound(const struct bench_field *field, const struct bench_scores *scores, const char *row) {
    bool sound = true;
    for (int p = 0; p < field->count; p++) {
        if (scores->wrong[p])
            fprintf(stderr, "%s: %s: %s differs from tileprop by %.2g\n", program_invocation_short_name, row,
                    field->contestant[p].label, scores->difference[p]);
        sound = sound && !scores->wrong[p] && field->contestant[p].present == field->contestant[p].alive;
    }
    return sound;
}

bool bench_is_peer(const struct bench_field *field, int place) {
    return place >= BENCH_AT_OTHERS && place != field->single;
}

int bench_best_peer(const struct bench_field *field, const struct bench_scores *scores) {
    int best = 0;
    for (int p = BENCH_AT_OTHERS; p < field->count; p++)
        if (bench_is_peer(field, p) && scores->gflops[p] > (best ? scores->gflops[best] : 0))
            best = p;
    return best;
}

double bench_unrest(const struct bench_field *field, const struct bench_scores *scores) {
    const double *samples = scores->samples[BENCH_AT_PEAK];
    double least = samples[0], most = samples[0];
    for (int round = 1; round < field->repeats; round++) {
        least = fmin(least, samples[round]);
        most = fmax(most, samples[round]);
    }
    return most > 0 ? (most - least) / scores->gflops[BENCH_AT_PEAK] : 0;
}

static double quotient(double x, double y) {
    return x > 0 && y > 0 ? x / y : (double)NAN;
}

double bench_ratio_to(const struct bench_scores *scores, int place) {
    return quotient(scores->gflops[BENCH_AT_OWN], scores->gflops[place]);
}

double bench_ratio(const struct bench_field *field, const struct bench_scores *scores) {
    const int best = bench_best_peer(field, scores);
    return best ? bench_ratio_to(scores, best) : (double)NAN;
}

double bench_share_of_peak(const struct bench_scores *scores, int place) {
    return quotient(scores->gflops[place], scores->gflops[BENCH_AT_PEAK]);
}

double bench_speed_up(const struct bench_field *field, const struct bench_scores *scores) {
    return field->single ? bench_ratio_to(scores, field->single) : (double)NAN;
}
