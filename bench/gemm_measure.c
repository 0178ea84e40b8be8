/* SPDX-License-Identifier: BSD-3-Clause */
#include "gemm_measure.h"
#include "timing.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define WINDOW 3e-3 /* seconds of one sample, if one call is not longer */

static double median(const double *samples, int count) {
    double sorted[GEMM_MAX_REPEATS];
    memcpy(sorted, samples, (size_t)count * sizeof *sorted);
    return bench_median(sorted, count);
}

static double largest_difference(const float *x, const float *y, size_t elements) {
    double largest = 0;
    for (size_t i = 0; i < elements; i++) {
        const double difference = fabs((double)x[i] - (double)y[i]) / fabs((double)y[i]);
        if (isnan(difference))
            return HUGE_VAL;
        largest = difference > largest ? difference : largest;
    }
    return largest;
}

/* Sums of k positive terms, rounded in any order, differ by less than this. */
static double tolerance(size_t k) {
    return 8 * (double)FLT_EPSILON * sqrt((double)k + 4);
}

static void compare_results(struct gemm_field *field, struct gemm_row *row, float *own, float *other) {
    const size_t elements = row->shape.m * row->shape.n;
    if (!gemm_contestant_result(&field->contestant[GEMM_AT_OWN], own, elements))
        return;
    for (int p = GEMM_AT_OTHERS; p < field->count; p++)
        if (gemm_contestant_result(&field->contestant[p], other, elements)) {
            row->difference[p] = largest_difference(other, own, elements);
            row->wrong[p] = !(row->difference[p] <= tolerance(row->shape.k));
        }
}

static bool check_results(struct gemm_field *field, struct gemm_row *row) {
    const size_t size = row->shape.m * row->shape.n * sizeof(float);
    float *own = malloc(size), *other = malloc(size);
    if (own && other)
        compare_results(field, row, own, other);
    free(own);
    free(other);
    return own && other;
}

/* Another one begins each round and every second round runs backwards, so that nobody always follows the same one. */
static void run_rounds(struct gemm_field *field, struct gemm_row *row, const size_t *calls, double window) {
    for (int round = 0; round < field->repeats; round++)
        for (int turn = 0; turn < field->count; turn++) {
            const int place = (turn + round) % field->count, p = round % 2 ? field->count - 1 - place : place;
            row->samples[p][round] = gemm_contestant_run(&field->contestant[p], calls[p], window);
        }
}

bool gemm_measure(struct gemm_field *field, const struct gemm_shape *shape, struct gemm_row *row) {
    *row = (struct gemm_row){.shape = *shape};
    size_t calls[GEMM_MAX_CONTESTANTS];
    double window = WINDOW;
    for (int p = 0; p < field->count; p++) {
        const double seconds = gemm_contestant_prepare(&field->contestant[p], shape);
        calls[p] = seconds > 0 ? (size_t)ceil(WINDOW / seconds) : 1;
        if (p == GEMM_AT_OWN)
            window = seconds * (double)calls[p];
    }
    if (!check_results(field, row))
        return false;
    run_rounds(field, row, calls, window);
    for (int p = 0; p < field->count; p++)
        if (field->contestant[p].alive && !row->wrong[p])
            row->gflops[p] = median(row->samples[p], field->repeats);
    return field->contestant[GEMM_AT_OWN].alive;
}

bool gemm_is_peer(const struct gemm_field *field, int place) {
    return place >= GEMM_AT_OTHERS && place != field->single;
}

int gemm_best_peer(const struct gemm_field *field, const struct gemm_row *row) {
    int best = 0;
    for (int p = GEMM_AT_OTHERS; p < field->count; p++)
        if (gemm_is_peer(field, p) && row->gflops[p] > (best ? row->gflops[best] : 0))
            best = p;
    return best;
}

double gemm_unrest(const struct gemm_field *field, const struct gemm_row *row) {
    const double *samples = row->samples[GEMM_AT_PEAK];
    double least = samples[0], most = samples[0];
    for (int round = 1; round < field->repeats; round++) {
        least = fmin(least, samples[round]);
        most = fmax(most, samples[round]);
    }
    return most > 0 ? (most - least) / row->gflops[GEMM_AT_PEAK] : 0;
}

static double quotient(double x, double y) {
    return x > 0 && y > 0 ? x / y : (double)NAN;
}

double gemm_ratio(const struct gemm_field *field, const struct gemm_row *row) {
    const int best = gemm_best_peer(field, row);
    return best ? quotient(row->gflops[GEMM_AT_OWN], row->gflops[best]) : (double)NAN;
}

double gemm_share_of_peak(const struct gemm_row *row, int place) {
    return quotient(row->gflops[place], row->gflops[GEMM_AT_PEAK]);
}

double gemm_speed_up(const struct gemm_field *field, const struct gemm_row *row) {
    return field->single ? quotient(row->gflops[GEMM_AT_OWN], row->gflops[field->single]) : (double)NAN;
}
