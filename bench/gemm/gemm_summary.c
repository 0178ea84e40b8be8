/* SPDX-License-Identifier: BSD-3-Clause */
#include "gemm_report.h"

#include <math.h>
#include <string.h>

static bool is_large(const struct gemm_shape *shape) {
    return shape->m >= GEMM_LARGE && shape->n >= GEMM_LARGE && shape->k >= GEMM_LARGE;
}

/* Keeps the row with the smallest value; a NaN is none. */
static void keep_worst(const struct gemm_row **worst, double *smallest, const struct gemm_row *row, double x) {
    if (isnan(x) || (*worst && x >= *smallest))
        return;
    *worst = row;
    *smallest = x;
}

static struct gemm_summary summarise(const struct gemm_run *run, const char *group) {
    struct gemm_summary s = {.group = group};
    struct bench_mean ratio = {0}, share = {0}, peer[BENCH_MAX_CONTESTANTS] = {0};
    double worst = 0, worst_large = 0, worst_speed_up = 0;
    for (size_t r = 0; r < run->rows; r++) {
        const struct gemm_row *row = &run->row[r];
        if (group && strcmp(group, row->shape.group) != 0)
            continue;
        s.shapes++;
        bench_mean_add(&ratio, bench_ratio(&run->bench.field, &row->scores));
        bench_mean_add(&share, bench_share_of_peak(&row->scores, BENCH_AT_OWN));
        for (int p = BENCH_AT_OTHERS; p < run->bench.field.count; p++)
            bench_mean_add(&peer[p], bench_ratio_to(&row->scores, p));
        s.restless += bench_unrest(&run->bench.field, &row->scores) >= BENCH_UNREST;
        s.losses += bench_ratio(&run->bench.field, &row->scores) < GEMM_LOSS;
        keep_worst(&s.worst, &worst, row, bench_ratio(&run->bench.field, &row->scores));
        if (is_large(&row->shape))
            keep_worst(&s.worst_large, &worst_large, row, bench_share_of_peak(&row->scores, BENCH_AT_OWN));
        keep_worst(&s.worst_speed_up, &worst_speed_up, row, bench_speed_up(&run->bench.field, &row->scores));
    }
    s.ratio = bench_mean_value(ratio);
    s.share = bench_mean_value(share);
    for (int p = 0; p < BENCH_MAX_CONTESTANTS; p++)
        s.peer[p] = bench_mean_value(peer[p]);
    return s;
}

int gemm_summarise(const struct gemm_run *run, struct gemm_summary *summary, int limit) {
    int count = 0;
    for (size_t r = 0; r < run->rows && count < limit - 1; r++)
        if (r == 0 || strcmp(run->row[r].shape.group, run->row[r - 1].shape.group) != 0)
            summary[count++] = summarise(run, run->row[r].shape.group);
    summary[count++] = summarise(run, NULL);
    return count;
}
