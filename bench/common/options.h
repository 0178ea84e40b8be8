/* SPDX-License-Identifier: BSD-3-Clause */
/* The options that all benchmarks have. */
#ifndef TP_BENCH_OPTIONS_H
#define TP_BENCH_OPTIONS_H

#include "report.h"

#include <getopt.h>

struct bench_options {
    const char *usage;
    const char *isa, *peers, *json, *plot; /* NULL if not given */
    bool bf16;                             /* products in bf16 */
    int threads, repeats;
    const char *files[16];
    int file_count;
};

/* For getopt_long: those with the same names; a file to measure is 'f', a file for plots is 'd'. */
#define BENCH_OPTIONS                                                                                                  \
    {"isa", required_argument, NULL, 'i'}, {"threads", required_argument, NULL, 't'},                                  \
        {"precision", required_argument, NULL, 'b'}, {"peers", required_argument, NULL, 'p'},                          \
        {"repeats", required_argument, NULL, 'r'}, {                                                                   \
        "json", required_argument, NULL, 'j'                                                                           \
    }

/* Says what is wrong and what the options are, and ends the program. */
_Noreturn void bench_refuse(const struct bench_options *options, const char *what);

/* Takes optarg for the option that getopt_long found. */
void bench_set_option(struct bench_options *options, int name);

/* What was asked for, before anything is started; names is the text that says which peers there are. */
void bench_enter(struct bench_run *run, const struct bench_options *options, const char *names);

#endif
