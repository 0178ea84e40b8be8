/* SPDX-License-Identifier: BSD-3-Clause */
#include "options.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void bench_refuse(const struct bench_options *options, const char *what) {
    fprintf(stderr, "%s: %s\n%s", program_invocation_short_name, what, options->usage);
    exit(2);
}

static int integer(const struct bench_options *options, int largest) {
    char *end;
    const long x = strtol(optarg, &end, 10);
    if (*end || x < 1 || x > largest)
        bench_refuse(options, "--threads and --repeats need positive integers that are not too large");
    return (int)x;
}

static bool is_bf16(const struct bench_options *options) {
    const bool bf16 = !strcmp(optarg, tp_precision_name(TP_PRECISION_BF16));
    if (!bf16 && strcmp(optarg, tp_precision_name(TP_PRECISION_F32)) != 0)
        bench_refuse(options, "--precision is f32 or bf16");
    return bf16;
}

void bench_set_option(struct bench_options *options, int name) {
    if (name == 'f' && options->file_count < (int)(sizeof options->files / sizeof *options->files))
        options->files[options->file_count++] = optarg;
    else if (name == 'i')
        options->isa = optarg;
    else if (name == 't')
        options->threads = integer(options, CPU_SETSIZE);
    else if (name == 'b')
        options->bf16 = is_bf16(options);
    else if (name == 'p')
        options->peers = optarg;
    else if (name == 'r')
        options->repeats = integer(options, BENCH_MAX_REPEATS);
    else if (name == 'j')
        options->json = optarg;
    else if (name == 'd')
        options->plot = optarg;
    else
        bench_refuse(options, "the options are:");
}

void bench_enter(struct bench_run *run, const struct bench_options *options, const char *names) {
    char peers[512];
    snprintf(peers, sizeof peers, "%s", options->peers);
    run->threads = options->threads;
    run->field.repeats = options->repeats;
    const char *problem = bench_field_enter(&run->field, peers, names, options->threads);
    if (problem)
        bench_refuse(options, problem);
}
