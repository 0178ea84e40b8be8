/* SPDX-License-Identifier: BSD-3-Clause */
#include "report.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static void print_message(void *user, tp_status status, const char *message) {
    (void)user;
    (void)status;
    fprintf(stderr, "%s: %s\n", program_invocation_short_name, message);
}

bool bench_describe_machine(struct bench_run *run, const char *isa, bool bf16, cpu_set_t *processors) {
    tp_context_options options;
    tp_context_options_default(&options);
    options.isa = isa;
    options.message = print_message;
    tp_context *context;
    if (tp_context_create(&options, &context) != TP_OK)
        return false;
    const tp_machine machine = *tp_context_machine(context);
    snprintf(run->machine, sizeof run->machine, "%s, %d processors, L1d %zu KiB, L2 %zu KiB, L3 %zu KiB",
             machine.vendor, machine.processors, machine.l1d >> 10, machine.l2 >> 10, machine.l3 >> 10);
    run->isa = bf16 ? tp_context_bf16(context) : machine.isa;
    tp_context_destroy(context);
    bench_choose_processors(processors, run->threads, run->isa);
    bench_list_processors(run->processors, sizeof run->processors, processors);
    return true;
}

void bench_print_number(int width, int digits, double x) {
    if (isfinite(x) && x > 0)
        printf(" %*.*f", width, digits, x);
    else
        printf(" %*s", width, "-");
}

static void print_contestants(const struct bench_field *field) {
    for (int p = BENCH_AT_OWN; p < field->count; p++) {
        const struct bench_contestant *c = &field->contestant[p];
        if (c->present)
            printf("%-11s %s, says that it runs as %s, %d thread%s%s%s\n", c->label, c->info.version, c->info.core,
                   c->threads, c->threads > 1 ? "s" : "", *c->info.path ? ", " : "", c->info.path);
        else
            printf("%-11s ABSENT, left out: %s\n", c->label, c->info.problem);
    }
}

void bench_print_head(const struct bench_run *run, const char *unit) {
    printf("%s\n%s, %d thread%s, processors %s; %s, median of %d interleaved rounds\n", run->machine, run->isa,
           run->threads, run->threads > 1 ? "s" : "", run->processors, unit, run->field.repeats);
    print_contestants(&run->field);
}

void bench_print_means(const struct bench_field *field, double share, double ratio, const double *to_peer) {
    printf("  geometric means: of peak");
    bench_print_number(0, 1, 100 * share);
    printf(" %%, to the best peer of each row");
    bench_print_number(0, 3, ratio);
    for (int p = BENCH_AT_OTHERS; p < field->count; p++)
        if (bench_is_peer(field, p) && field->contestant[p].present) {
            printf(", to %s", field->contestant[p].label);
            bench_print_number(0, 3, to_peer[p]);
        }
    printf("\n");
}

static bool is_plotted(const struct bench_field *field, int place) {
    return place != field->single && field->contestant[place].present;
}

FILE *bench_plot_begin(const struct bench_field *field, const char *what, const char *path) {
    FILE *file = fopen(path, "w");
    if (!file)
        return NULL;
    fprintf(file, "%s", what);
    for (int p = BENCH_AT_OWN; p < field->count; p++) {
        const struct bench_contestant *c = &field->contestant[p];
        if (is_plotted(field, p))
            fprintf(file, " \"%s %.*s\"", c->label, (int)strcspn(c->info.version, ","), c->info.version);
    }
    fprintf(file, "\n");
    return file;
}

void bench_plot_shares(const struct bench_field *field, const struct bench_scores *scores, FILE *file) {
    for (int p = BENCH_AT_OWN; p < field->count; p++) {
        const double share = bench_share_of_peak(scores, p);
        if (is_plotted(field, p))
            fprintf(file, isnan(share) ? " ?" : " %.2f", 100 * share);
    }
    fprintf(file, "\n");
}

bool bench_plot_end(FILE *file, const char *path) {
    if (file && !ferror(file) && fclose(file) == 0)
        return true;
    fprintf(stderr, "%s: %s: %s\n", program_invocation_short_name, path, strerror(errno));
    return false;
}

void bench_mean_add(struct bench_mean *mean, double x) {
    if (isnan(x))
        return;
    mean->logs += log(x);
    mean->count++;
}

double bench_mean_value(struct bench_mean mean) {
    return mean.count > 0 ? exp(mean.logs / mean.count) : (double)NAN;
}
