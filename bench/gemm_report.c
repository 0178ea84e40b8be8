/* SPDX-License-Identifier: BSD-3-Clause */
#include "gemm_report.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define MAX_SUMMARIES 16

static const char *operation(const struct gemm_shape *shape) {
    static const char *const names[] = {"NN", "NT", "TN", "TT"};
    return names[2 * shape->transpose_a + shape->transpose_b];
}

/* A number in a column of this width, or a dash. */
static void print_number(int width, int digits, double x) {
    if (isfinite(x) && x > 0)
        printf(" %*.*f", width, digits, x);
    else
        printf(" %*s", width, "-");
}

static void print_contestants(const struct gemm_field *field) {
    for (int p = GEMM_AT_OWN; p < field->count; p++) {
        const struct gemm_contestant *c = &field->contestant[p];
        if (c->present)
            printf("%-11s %s, says that it runs as %s, %d thread%s%s%s\n", c->label, c->info.version, c->info.core,
                   c->threads, c->threads > 1 ? "s" : "", *c->info.path ? ", " : "", c->info.path);
        else
            printf("%-11s ABSENT, left out: %s\n", c->label, c->info.problem);
    }
}

void gemm_print_head(const struct gemm_run *run) {
    const struct gemm_field *field = &run->field;
    printf("%s\n%s, %d thread%s, processors %s; GFLOP/s, median of %d interleaved rounds\n", run->machine, run->isa,
           run->threads, run->threads > 1 ? "s" : "", run->processors, field->repeats);
    print_contestants(field);
    printf("\n%-18s %5s %5s %5s op %8s %7s", "shape", "M", "N", "K", "FMA peak", "of peak");
    for (int p = GEMM_AT_OWN; p < field->count; p++)
        if (field->contestant[p].present)
            printf(" %10s", field->contestant[p].label);
    printf("%s%s\n", field->single ? " speed-up" : "", "  to best");
}

void gemm_print_row(const struct gemm_run *run, const struct gemm_row *row) {
    const struct gemm_field *field = &run->field;
    const struct gemm_shape *s = &row->shape;
    printf("%-18s %5zu %5zu %5zu %s", s->name, s->m, s->n, s->k, operation(s));
    print_number(8, 1, row->gflops[GEMM_AT_PEAK]);
    print_number(5, 1, 100 * gemm_share_of_peak(row, GEMM_AT_OWN));
    printf(" %%");
    for (int p = GEMM_AT_OWN; p < field->count; p++)
        if (row->wrong[p])
            printf(" %10s", "WRONG");
        else if (field->contestant[p].present)
            print_number(10, 1, row->gflops[p]);
    if (field->single)
        print_number(8, 2, gemm_speed_up(field, row));
    print_number(8, 2, gemm_ratio(field, row));
    printf("%s\n", gemm_unrest(field, row) >= GEMM_UNREST ? " ~" : "");
    fflush(stdout);
}

static void print_worst(const char *what, const struct gemm_row *row, double x, const char *unit) {
    if (row)
        printf("  %s %.2f%s (%s/%s)\n", what, x, unit, row->shape.group, row->shape.name);
}

static void print_summary(const struct gemm_run *run, const struct gemm_summary *s) {
    printf("\n%s: %zu shapes\n  geometric means: of peak", s->group ? s->group : "ALL", s->shapes);
    print_number(0, 1, 100 * s->share);
    printf(" %%, to the best peer of each shape");
    print_number(0, 3, s->ratio);
    for (int p = GEMM_AT_OTHERS; p < run->field.count; p++)
        if (gemm_is_peer(&run->field, p) && run->field.contestant[p].present) {
            printf(", to %s", run->field.contestant[p].label);
            print_number(0, 3, s->peer[p]);
        }
    printf("\n");
    if (s->worst) {
        print_worst("lowest ratio to the best peer", s->worst, gemm_ratio(&run->field, s->worst), "");
        printf("  ratios below %.2f: %zu\n", GEMM_LOSS, s->losses);
    }
    if (s->worst_large)
        print_worst("lowest share of peak with M, N, K >= 128:", s->worst_large,
                    100 * gemm_share_of_peak(s->worst_large, GEMM_AT_OWN), " %");
    if (s->restless)
        printf("  ~ in %zu rows the peak varied by %.0f %% or more: was the machine busy with something else?\n",
               s->restless, 100 * GEMM_UNREST);
    if (s->worst_speed_up)
        print_worst("lowest speed-up over one thread", s->worst_speed_up, gemm_speed_up(&run->field, s->worst_speed_up),
                    "");
}

void gemm_print_summary(const struct gemm_run *run) {
    struct gemm_summary summary[MAX_SUMMARIES];
    const int count = gemm_summarise(run, summary, MAX_SUMMARIES);
    for (int s = count == 2 ? 1 : 0; s < count; s++) /* one group is all */
        print_summary(run, &summary[s]);
}

static void write_cubes(const struct gemm_run *run, FILE *file) {
    fprintf(file, "size");
    for (int p = GEMM_AT_OWN; p < run->field.count; p++)
        if (p != run->field.single && run->field.contestant[p].present)
            fprintf(file, " \"%s %s\"", run->field.contestant[p].label, run->field.contestant[p].info.version);
    fprintf(file, "\n");
    for (size_t r = 0; r < run->rows; r++) {
        const struct gemm_row *row = &run->row[r];
        const struct gemm_shape *s = &row->shape;
        if (s->m != s->n || s->n != s->k || s->transpose_a || s->transpose_b)
            continue;
        fprintf(file, "%zu", s->m);
        for (int p = GEMM_AT_OWN; p < run->field.count; p++) {
            const double share = gemm_share_of_peak(row, p);
            if (p != run->field.single && run->field.contestant[p].present)
                fprintf(file, isnan(share) ? " ?" : " %.2f", 100 * share);
        }
        fprintf(file, "\n");
    }
}

bool gemm_write_cubes(const struct gemm_run *run, const char *path) {
    FILE *file = fopen(path, "w");
    if (file)
        write_cubes(run, file);
    if (file && !ferror(file) && fclose(file) == 0)
        return true;
    fprintf(stderr, "bench_gemm: %s: %s\n", path, strerror(errno));
    return false;
}
