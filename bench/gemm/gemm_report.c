/* SPDX-License-Identifier: BSD-3-Clause */
#include "gemm_report.h"

#include <stdio.h>

#define MAX_SUMMARIES 16

static const char *operation(const struct gemm_shape *shape) {
    static const char *const names[] = {"NN", "NT", "TN", "TT"};
    return names[2 * shape->transpose_a + shape->transpose_b];
}

void gemm_print_head(const struct gemm_run *run) {
    const struct bench_field *field = &run->bench.field;
    bench_print_head(&run->bench, "GFLOP/s");
    printf("\n%-18s %5s %5s %5s op %8s %7s", "shape", "M", "N", "K", "FMA peak", "of peak");
    for (int p = BENCH_AT_OWN; p < field->count; p++)
        if (field->contestant[p].present)
            printf(" %10s", field->contestant[p].label);
    printf("%s%s\n", field->single ? " speed-up" : "", "  to best");
}

void gemm_print_row(const struct gemm_run *run, const struct gemm_row *row) {
    const struct bench_field *field = &run->bench.field;
    const struct gemm_shape *s = &row->shape;
    printf("%-18s %5zu %5zu %5zu %s", s->name, s->m, s->n, s->k, operation(s));
    bench_print_number(8, 1, row->scores.gflops[BENCH_AT_PEAK]);
    bench_print_number(5, 1, 100 * bench_share_of_peak(&row->scores, BENCH_AT_OWN));
    printf(" %%");
    for (int p = BENCH_AT_OWN; p < field->count; p++)
        if (row->scores.wrong[p])
            printf(" %10s", "WRONG");
        else if (field->contestant[p].present)
            bench_print_number(10, 1, row->scores.gflops[p]);
    if (field->single)
        bench_print_number(8, 2, bench_speed_up(field, &row->scores));
    bench_print_number(8, 2, bench_ratio(field, &row->scores));
    printf("%s\n", bench_unrest(field, &row->scores) >= BENCH_UNREST ? " ~" : "");
    fflush(stdout);
}

static void print_worst(const char *what, const struct gemm_row *row, double x, const char *unit) {
    if (row)
        printf("  %s %.2f%s (%s/%s)\n", what, x, unit, row->shape.group, row->shape.name);
}

static void print_summary(const struct gemm_run *run, const struct gemm_summary *s) {
    printf("\n%s: %zu shapes\n", s->group ? s->group : "ALL", s->shapes);
    bench_print_means(&run->bench.field, s->share, s->ratio, s->peer);
    if (s->worst) {
        print_worst("lowest ratio to the best peer", s->worst, bench_ratio(&run->bench.field, &s->worst->scores), "");
        printf("  ratios below %.2f: %zu\n", GEMM_LOSS, s->losses);
    }
    if (s->worst_large)
        print_worst("lowest share of peak with M, N, K >= 128:", s->worst_large,
                    100 * bench_share_of_peak(&s->worst_large->scores, BENCH_AT_OWN), " %");
    if (s->restless)
        printf("  ~ in %zu rows the peak varied by %.0f %% or more: was the machine busy with something else?\n",
               s->restless, 100 * BENCH_UNREST);
    if (s->worst_speed_up)
        print_worst("lowest speed-up over one thread", s->worst_speed_up,
                    bench_speed_up(&run->bench.field, &s->worst_speed_up->scores), "");
}

void gemm_print_summary(const struct gemm_run *run) {
    struct gemm_summary summary[MAX_SUMMARIES];
    const int count = gemm_summarise(run, summary, MAX_SUMMARIES);
    for (int s = count == 2 ? 1 : 0; s < count; s++) /* one group is all */
        print_summary(run, &summary[s]);
}

bool gemm_write_cubes(const struct gemm_run *run, const char *path) {
    FILE *file = bench_plot_begin(&run->bench.field, "size", path);
    for (const struct gemm_row *row = run->row; file && row < run->row + run->rows; row++) {
        const struct gemm_shape *s = &row->shape;
        if (s->m != s->n || s->n != s->k || s->transpose_a || s->transpose_b)
            continue;
        fprintf(file, "%zu", s->m);
        bench_plot_shares(&run->bench.field, &row->scores, file);
    }
    return bench_plot_end(file, path);
}
