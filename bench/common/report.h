/* SPDX-License-Identifier: BSD-3-Clause */
/* What the tables and JSON files of the benchmarks have in common. */
#ifndef TP_BENCH_REPORT_H
#define TP_BENCH_REPORT_H

#include "field.h"

#include <jansson.h>
#include <stdio.h>

/* Who was measured, and where. */
struct bench_run {
    const char *isa;
    int threads;
    char machine[160];    /* one line */
    char processors[160]; /* their numbers */
    struct bench_field field;
};

/* Asks the library which instruction set it is, describes the machine, and chooses processors for run->threads. isa may
 * be NULL. bf16: how it multiplies bf16 takes the instruction set's place. */
bool bench_describe_machine(struct bench_run *run, const char *isa, bool bf16, cpu_set_t *processors);

/* A number in a column of this width, or a dash. */
void bench_print_number(int width, int digits, double x);

/* The machine, and each contestant with its version; unit says what the figures are. */
void bench_print_head(const struct bench_run *run, const char *unit);

/* The geometric means of a summary, and those of the ratios to each peer; ratios of absent peers are not used. */
void bench_print_means(const struct bench_field *field, double share, double ratio, const double *to_peer);

/* Geometric mean of what is known. */
struct bench_mean {
    double logs, count;
};
void bench_mean_add(struct bench_mean *mean, double x); /* a NaN is left out */
double bench_mean_value(struct bench_mean mean);        /* NaN if there was nothing */

/* A file for plots: a line of titles, of which what is the first, and a line of each row, which the caller begins. */
FILE *bench_plot_begin(const struct bench_field *field, const char *what, const char *path); /* NULL: no such file */

/* Ends a line with everybody's share of the peak in percent, "?" where it is not known. */
void bench_plot_shares(const struct bench_field *field, const struct bench_scores *scores, FILE *file);

/* False with a message if the file, which may be NULL, could not be written. */
bool bench_plot_end(FILE *file, const char *path);

json_t *bench_json_real(double x); /* null unless it is finite and positive */
json_t *bench_json_size(size_t x);
json_t *bench_json_text(const char *x); /* null if it is not UTF-8 */

/* Who was measured, where, by which version. */
json_t *bench_json_run(const struct bench_run *run);

/* GFLOP/s of one contestant with all samples. */
json_t *bench_json_scores(const struct bench_field *field, const struct bench_scores *scores, int place);

/* Adds best_peer, ratio, speed_up and unrest of a row. */
void bench_json_add_ratios(json_t *object, const struct bench_field *field, const struct bench_scores *scores);

/* Writes and releases; false with a message if the file could not be written. */
bool bench_json_write(json_t *object, const char *path);

#endif
