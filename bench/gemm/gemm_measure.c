/* SPDX-License-Identifier: BSD-3-Clause */
#include "gemm_measure.h"
#include "gemm_worker.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

#define WINDOW 3e-3 /* seconds of one sample, if one call is not longer */

static double ask(struct bench_contestant *contestant, const struct gemm_command *command) {
    double answer;
    return bench_contestant_ask(contestant, command, sizeof *command, &answer, sizeof answer) ? answer : 0;
}

static bool get_result(struct bench_contestant *contestant, float *c, size_t elements) {
    const struct gemm_command command = {.kind = GEMM_RESULT};
    return bench_contestant_ask(contestant, &command, sizeof command, c, elements * sizeof *c);
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

static void compare_results(struct bench_field *field, struct gemm_row *row, float *own, float *other) {
    const size_t elements = row->shape.m * row->shape.n;
    if (!get_result(&field->contestant[BENCH_AT_OWN], own, elements))
        return;
    for (int p = BENCH_AT_OTHERS; p < field->count; p++)
        if (get_result(&field->contestant[p], other, elements)) {
            row->scores.difference[p] = largest_difference(other, own, elements);
            row->scores.wrong[p] = !(row->scores.difference[p] <= tolerance(row->shape.k));
        }
}

static bool check_results(struct bench_field *field, struct gemm_row *row) {
    const size_t size = row->shape.m * row->shape.n * sizeof(float);
    float *own = malloc(size), *other = malloc(size);
    if (own && other)
        compare_results(field, row, own, other);
    free(own);
    free(other);
    return own && other;
}

struct plan {
    size_t calls[BENCH_MAX_CONTESTANTS];
    double window; /* seconds */
};

static double run_once(struct bench_contestant *contestant, int place, void *user) {
    const struct plan *plan = user;
    return ask(contestant,
               &(struct gemm_command){.kind = GEMM_RUN, .calls = plan->calls[place], .seconds = plan->window});
}

bool gemm_measure(struct bench_field *field, const struct gemm_shape *shape, struct gemm_row *row) {
    *row = (struct gemm_row){.shape = *shape};
    struct plan plan = {.window = WINDOW};
    for (int p = 0; p < field->count; p++) {
        const double seconds =
            ask(&field->contestant[p], &(struct gemm_command){.kind = GEMM_PREPARE, .shape = *shape});
        plan.calls[p] = seconds > 0 ? (size_t)ceil(WINDOW / seconds) : 1;
        if (p == BENCH_AT_OWN)
            plan.window = seconds * (double)plan.calls[p];
    }
    if (!check_results(field, row))
        return false;
    bench_field_run(field, &row->scores, run_once, &plan);
    return field->contestant[BENCH_AT_OWN].alive;
}
