/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_BENCH_GEMM_REPORT_H
#define TP_BENCH_GEMM_REPORT_H

#include "gemm_measure.h"
#include "report.h"

/* What was measured, and where. */
struct gemm_run {
    struct bench_run bench;
    struct gemm_row *row;
    size_t rows;
};

/* Figures of all rows of one group, or of all rows. */
struct gemm_summary {
    const char *group; /* NULL: all */
    size_t shapes;
    double ratio;                       /* geometric mean of bench_ratio */
    double peer[BENCH_MAX_CONTESTANTS]; /* the same of the ratio to each contestant; NaN if there is none */
    double share;                       /* geometric mean of bench_share_of_peak of tileprop */
    const struct gemm_row *worst;       /* by ratio; NULL if there are no peers */
    size_t losses;                      /* ratios below GEMM_LOSS */
    const struct gemm_row
        *worst_large; /* by share of peak, of those with m, n, k >= GEMM_LARGE; NULL if there are none */
    const struct gemm_row *worst_speed_up;
    size_t restless; /* rows with a bench_unrest of BENCH_UNREST or more */
};

#define GEMM_LOSS 0.97
#define GEMM_LARGE 128

/* Summaries of each group and, last, of all; count of them; at most limit. */
int gemm_summarise(const struct gemm_run *run, struct gemm_summary *summary, int limit);

void gemm_print_head(const struct gemm_run *run);
void gemm_print_row(const struct gemm_run *run, const struct gemm_row *row);
void gemm_print_summary(const struct gemm_run *run);

/* Everything as one JSON object; false with a message if the file could not be written. */
bool gemm_write_json(const struct gemm_run *run, const char *path);

/* For plots: the cubes; size and everybody's share of the peak in percent, "?" where it is not known. */
bool gemm_write_cubes(const struct gemm_run *run, const char *path);

#endif
