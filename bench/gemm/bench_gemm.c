/* SPDX-License-Identifier: BSD-3-Clause */
/* Speed of the matrix product against other libraries and against the machine's own speed of multiply-adds. */
#include "gemm_explain.h"
#include "gemm_report.h"
#include "gemm_worker.h"
#include "options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] =
    "usage: bench_gemm [OPTION...]\n"
    "  --shapes FILE    lines 'name M N K transA transB'; may be given again\n"
    "  --isa NAME       instruction set: avx512, avx2, neon, scalar (default: the best)\n"
    "  --precision P    f32 or bf16; in bf16 openblas and blis multiply the same numbers as f32\n"
    "  --threads N      (default 1); with more, tileprop is also measured on one thread\n"
    "  --peers LIST     of openblas, blis, onednn, each NAME or NAME=FILE; '' for none (default: all)\n"
    "  --repeats N      interleaved rounds for each shape (default 7)\n"
    "  --limit GFLOP    leaves out the shapes that need more\n"
    "  --json FILE      writes everything, with every sample\n"
    "  --explain M N K OP\n"
    "                   measures nothing: prints which way a product takes and why; OP is nn, nt, tn or tt\n"
    "  --cubes FILE     writes everybody's share of the peak over the size of cubes, for plots\n";

struct options {
    struct bench_options common;
    double limit;
    bool explain;
};

static struct options read_options(int argc, char **argv) {
    static const struct option names[] = {{"shapes", required_argument, NULL, 'f'},
                                          {"limit", required_argument, NULL, 'l'},
                                          {"cubes", required_argument, NULL, 'd'},
                                          {"explain", no_argument, NULL, 'e'},
                                          BENCH_OPTIONS,
                                          {0}};
    struct options options = {.common = {.usage = usage, .threads = 1, .repeats = 7, .peers = "openblas,blis,onednn"},
                              .limit = 1e9};
    for (int o; (o = getopt_long(argc, argv, "", names, NULL)) != -1;)
        if (o == 'l')
            options.limit = atof(optarg);
        else if (o == 'e')
            options.explain = true;
        else
            bench_set_option(&options.common, o);
    if (options.explain)
        return options;
    if (optind < argc || !options.common.file_count)
        bench_refuse(&options.common, optind < argc ? "unexpected argument" : "--shapes FILE is missing");
    return options;
}

static bool measure_all(struct gemm_run *run, const struct gemm_shapes *shapes) {
    bool sound = true;
    gemm_print_head(run);
    for (size_t s = 0; s < shapes->count; s++, run->rows++) {
        if (!gemm_measure(&run->bench.field, &shapes->shape[s], &run->row[s])) {
            fprintf(stderr, "bench_gemm: cannot go on without tileprop, or without memory\n");
            return false;
        }
        gemm_print_row(run, &run->row[s]);
        sound = bench_is_sound(&run->bench.field, &run->row[s].scores, shapes->shape[s].name) && sound;
    }
    gemm_print_summary(run);
    return sound;
}

/* Exit status. */
static int compare(struct gemm_run *run, const struct bench_options *options, const struct gemm_shapes *shapes) {
    struct bench_field *field = &run->bench.field;
    run->row = calloc(shapes->count + 1, sizeof *run->row);
    cpu_set_t processors;
    if (!run->row || !bench_describe_machine(&run->bench, options->isa, options->bf16, &processors))
        return 2;
    if (!bench_field_start(field, run->bench.isa, &processors))
        return 1;
    bool done = measure_all(run, shapes);
    done = (!options->json || gemm_write_json(run, options->json)) && done;
    done = (!options->plot || gemm_write_cubes(run, options->plot)) && done;
    bench_field_stop(field);
    return done ? 0 : 1;
}

int main(int argc, char **argv) {
    if (argc > 1 && !strcmp(argv[1], BENCH_WORKER_OPTION))
        return gemm_worker_main(argc, argv);
    struct options options = read_options(argc, argv);
    if (options.explain)
        return gemm_explain(&options.common, argc - optind, argv + optind);
    struct gemm_shapes shapes = {0};
    bool read = true;
    for (int f = 0; f < options.common.file_count && read; f++)
        read = gemm_shapes_read(&shapes, options.common.files[f], options.limit);
    static struct gemm_run run;
    for (size_t s = 0; s < shapes.count; s++)
        shapes.shape[s].bf16 = options.common.bf16;
    if (read)
        bench_enter(&run.bench, &options.common, "--peers: the names are openblas, blis and onednn");
    const int status = read ? compare(&run, &options.common, &shapes) : 2;
    free(run.row);
    free(shapes.shape);
    return status;
}
