/* SPDX-License-Identifier: BSD-3-Clause */
#include "train_report.h"

#include <math.h>
#include <stdio.h>

#define MIB 1048576.0

static const char *rule(const struct train_net *net) {
    return net->task.inference ? "-" : tp_optimizer_name(net->task.adam ? TP_OPTIMIZER_ADAM : TP_OPTIMIZER_SGD);
}

/* Samples per second, or of an inference the microseconds of a batch. */
static void print_speed(const struct train_row *row, int place) {
    if (row->scores.wrong[place])
        printf(" %11s", "WRONG");
    else if (row->net.task.inference)
        bench_print_number(11, 2, train_microseconds(row, place));
    else
        bench_print_number(11, train_rate(row, place) < 1000 ? 1 : 0, train_rate(row, place));
}

static void print_labels(const struct bench_field *field) {
    for (int p = BENCH_AT_OWN; p < field->count; p++)
        if (field->contestant[p].present)
            printf(" %11s", field->contestant[p].label);
}

void train_print_head(const struct train_run *run) {
    const struct bench_field *field = &run->bench.field;
    bench_print_head(&run->bench, run->inference ? "microseconds of a batch" : "samples/s");
    printf("\n%-15s %-28s %5s %-5s %8s %8s %7s", "net", "widths", "batch", "rule", "FMA peak", "GFLOP/s", "of peak");
    print_labels(field);
    printf("%s%s\n", field->single ? " speed-up" : "", "  to best");
}

void train_print_row(const struct train_run *run, const struct train_row *row) {
    const struct bench_field *field = &run->bench.field;
    char shape[160];
    train_net_shape(&row->net, shape, sizeof shape);
    printf("%-15s %-28s %5lld %-5s", row->net.name, shape, (long long)row->net.task.batch, rule(&row->net));
    bench_print_number(8, 1, row->scores.gflops[BENCH_AT_PEAK]);
    bench_print_number(8, 1, row->scores.gflops[BENCH_AT_OWN]);
    bench_print_number(5, 1, 100 * bench_share_of_peak(&row->scores, BENCH_AT_OWN));
    printf(" %%");
    for (int p = BENCH_AT_OWN; p < field->count; p++)
        if (field->contestant[p].present)
            print_speed(row, p);
    if (field->single)
        bench_print_number(8, 2, bench_speed_up(field, &row->scores));
    bench_print_number(8, 2, bench_ratio(field, &row->scores));
    printf("%s\n", bench_unrest(field, &row->scores) >= BENCH_UNREST ? " ~" : "");
    fflush(stdout);
}

static void print_means(const struct train_run *run) {
    struct bench_mean ratio = {0}, share = {0}, peer[BENCH_MAX_CONTESTANTS] = {0};
    double to_peer[BENCH_MAX_CONTESTANTS];
    const struct bench_field *field = &run->bench.field;
    for (const struct train_row *row = run->row; row < run->row + run->rows; row++) {
        bench_mean_add(&ratio, bench_ratio(field, &row->scores));
        bench_mean_add(&share, bench_share_of_peak(&row->scores, BENCH_AT_OWN));
        for (int p = BENCH_AT_OTHERS; p < field->count; p++)
            bench_mean_add(&peer[p], bench_ratio_to(&row->scores, p));
    }
    for (int p = 0; p < field->count; p++)
        to_peer[p] = bench_mean_value(peer[p]);
    bench_print_means(field, bench_mean_value(share), bench_mean_value(ratio), to_peer);
}

/* The row with the lowest of these figures. */
static void print_lowest(const struct train_run *run, const char *what,
                         double (*figure)(const struct bench_field *field, const struct bench_scores *scores)) {
    const struct train_row *lowest = NULL;
    double least = HUGE_VAL;
    for (const struct train_row *row = run->row; row < run->row + run->rows; row++) {
        const double x = figure(&run->bench.field, &row->scores);
        if (x < least) {
            least = x;
            lowest = row;
        }
    }
    if (lowest)
        printf("  %s %.2f (%s/%s)\n", what, least, lowest->net.group, lowest->net.name);
}

/* Nobody is left out silently. */
static void print_unable(const struct train_run *run, int place) {
    bool first = true;
    for (const struct train_row *row = run->row; row < run->row + run->rows; row++) {
        if (row->able[place])
            continue;
        printf(first ? "  %s cannot do %s" : "%.0s, %s", run->bench.field.contestant[place].label, row->net.name);
        first = false;
    }
    if (!first)
        printf("\n");
}

static void print_memory_row(const struct bench_field *field, const struct train_row *row) {
    const struct train_sizes *sizes = &row->sizes;
    const double workspace = sizes->trainer > 0 ? sizes->trainer - sizes->optimizer : sizes->workspace;
    printf("%-15s", row->net.name);
    bench_print_number(10, 2, sizes->parameters / MIB);
    bench_print_number(10, 2, sizes->optimizer / MIB);
    bench_print_number(10, 2, workspace / MIB);
    bench_print_number(10, 2, (sizes->parameters + sizes->optimizer + workspace) / MIB);
    for (int p = BENCH_AT_OWN; p < field->count; p++)
        if (field->contestant[p].present)
            bench_print_number(11, 2, row->memory[p] / MIB);
    printf("\n");
}

static void print_memory(const struct train_run *run) {
    printf("\nMemory in MiB: what tileprop's size functions say, and by how much each process grew at most\n%-15s %10s "
           "%10s %10s %10s",
           "net", "parameters", "optimiser", "the rest", "sum");
    print_labels(&run->bench.field);
    printf("\n");
    for (const struct train_row *row = run->row; row < run->row + run->rows; row++)
        print_memory_row(&run->bench.field, row);
}

static void print_phases_row(const struct train_row *row) {
    const tp_phases *p = &row->phases;
    const double part[] = {p->data, p->forward, p->loss, p->backward, p->update, p->barrier};
    double sum = 0;
    for (size_t i = 0; i < sizeof part / sizeof *part; i++)
        sum += part[i];
    printf("%-15s", row->net.name);
    for (size_t i = 0; i < sizeof part / sizeof *part; i++)
        bench_print_number(10, 1, 100 * part[i] / sum);
    printf("\n");
}

static void print_phases(const struct train_run *run) {
    printf("\nWhat tileprop's first thread spends its time on, in per cent\n%-15s %10s %10s %10s %10s %10s %10s\n",
           "net", "data", "forward", "loss", "backward", "update", "barrier");
    for (const struct train_row *row = run->row; row < run->row + run->rows; row++)
        print_phases_row(row);
}

void train_print_summary(const struct train_run *run) {
    size_t restless = 0;
    for (const struct train_row *row = run->row; row < run->row + run->rows; row++)
        restless += bench_unrest(&run->bench.field, &row->scores) >= BENCH_UNREST;
    printf("\nALL: %zu nets\n", run->rows);
    print_means(run);
    print_lowest(run, "lowest ratio to the best peer", bench_ratio);
    print_lowest(run, "lowest speed-up over one thread", bench_speed_up);
    if (restless)
        printf("  ~ in %zu rows the peak varied by %.0f %% or more: was the machine busy with something else?\n",
               restless, 100 * BENCH_UNREST);
    for (int p = BENCH_AT_OTHERS; p < run->bench.field.count; p++)
        if (run->bench.field.contestant[p].present)
            print_unable(run, p);
    if (!run->inference)
        print_phases(run);
    print_memory(run);
}

bool train_write_plot(const struct train_run *run, const char *path) {
    FILE *file = bench_plot_begin(&run->bench.field, "net", path);
    for (const struct train_row *row = run->row; file && row < run->row + run->rows; row++) {
        fprintf(file, "%s", row->net.name);
        bench_plot_shares(&run->bench.field, &row->scores, file);
    }
    return bench_plot_end(file, path);
}
