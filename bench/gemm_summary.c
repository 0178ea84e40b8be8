/* SPDX-License-Identifier: BSD-3-Clause */
#include "gemm_report.h"

#include <math.h>
#include <string.h>

/* Geometric mean of what is known. */
struct mean {
    double logs, count;
};

static void add(struct mean *mean, double x) {
    if (isnan(x))
        return;
    mean->logs += log(x);
    mean->count++;
}

static double value(struct mean mean) {
    return mean.count > 0 ? exp(mean.logs / mean.count) : (double)NAN;
}

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
    struct mean ratio = {0}, share = {0}, peer[GEMM_MAX_CONTESTANTS] = {0};
    double worst = 0, worst_large = 0, worst_speed_up = 0;
    for (size_t r = 0; r < run->rows; r++) {
        const struct gemm_row *row = &run->row[r];
        if (group && strcmp(group, row->shape.group) != 0)
            continue;
        s.shapes++;
        add(&ratio, gemm_ratio(&run->field, row));
        add(&share, gemm_share_of_peak(row, GEMM_AT_OWN));
        for (int p = GEMM_AT_OTHERS; p < run->field.count; p++)
            add(&peer[p], row->gflops[p] > 0 ? row->gflops[GEMM_AT_OWN] / row->gflops[p] : (double)NAN);
        s.restless += gemm_unrest(&run->field, row) >= GEMM_UNREST;
        s.losses += gemm_ratio(&run->field, row) < GEMM_LOSS;
        keep_worst(&s.worst, &worst, row, gemm_ratio(&run->field, row));
        if (is_large(&row->shape))
            keep_worst(&s.worst_large, &worst_large, row, gemm_share_of_peak(row, GEMM_AT_OWN));
        keep_worst(&s.worst_speed_up, &worst_speed_up, row, gemm_speed_up(&run->field, row));
    }
    s.ratio = value(ratio);
    s.share = value(share);
    for (int p = 0; p < GEMM_MAX_CONTESTANTS; p++)
        s.peer[p] = value(peer[p]);
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
