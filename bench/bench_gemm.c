/* SPDX-License-Identifier: BSD-3-Clause */
/* Speed of the matrix product against other libraries and against the machine's own speed of multiply-adds. */
#define _GNU_SOURCE /* cpu_set_t */
#include "gemm_report.h"
#include "gemm_worker.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] =
    "usage: bench_gemm [OPTION...]\n"
    "  --shapes FILE    lines 'name M N K transA transB'; may be given again\n"
    "  --isa NAME       instruction set: avx512, avx2, neon, scalar (default: the best)\n"
    "  --threads N      (default 1); with more, tileprop is also measured on one thread\n"
    "  --peers LIST     of openblas, blis, onednn, each NAME or NAME=FILE; '' for none (default: all)\n"
    "  --repeats N      interleaved rounds for each shape (default 7)\n"
    "  --limit GFLOP    leaves out the shapes that need more\n"
    "  --json FILE      writes everything, with every sample\n"
    "  --cubes FILE     writes everybody's share of the peak over the size of cubes, for plots\n";

struct options {
    const char *isa, *json, *cubes;
    char peers[512];
    int threads, repeats;
    double limit;
    const char *files[16];
    int file_count;
};

static void refuse(const char *what) {
    fprintf(stderr, "bench_gemm: %s\n%s", what, usage);
    exit(2);
}

static int integer(const char *text, int largest) {
    char *end;
    const long x = strtol(text, &end, 10);
    if (*end || x < 1 || x > largest)
        refuse("--threads and --repeats need positive integers that are not too large");
    return (int)x;
}

static void set_option(struct options *options, int name) {
    if (name == 'f' && options->file_count < (int)(sizeof options->files / sizeof *options->files))
        options->files[options->file_count++] = optarg;
    else if (name == 'i')
        options->isa = optarg;
    else if (name == 't')
        options->threads = integer(optarg, CPU_SETSIZE);
    else if (name == 'p')
        snprintf(options->peers, sizeof options->peers, "%s", optarg);
    else if (name == 'r')
        options->repeats = integer(optarg, BENCH_MAX_REPEATS);
    else if (name == 'l')
        options->limit = atof(optarg);
    else if (name == 'j')
        options->json = optarg;
    else if (name == 'c')
        options->cubes = optarg;
    else
        refuse("the options are:");
}

static struct options read_options(int argc, char **argv) {
    static const struct option names[] = {{"shapes", required_argument, NULL, 'f'},
                                          {"isa", required_argument, NULL, 'i'},
                                          {"threads", required_argument, NULL, 't'},
                                          {"peers", required_argument, NULL, 'p'},
                                          {"repeats", required_argument, NULL, 'r'},
                                          {"limit", required_argument, NULL, 'l'},
                                          {"json", required_argument, NULL, 'j'},
                                          {"cubes", required_argument, NULL, 'c'},
                                          {0}};
    struct options options = {.threads = 1, .repeats = 7, .limit = 1e9, .peers = "openblas,blis,onednn"};
    for (int o; (o = getopt_long(argc, argv, "", names, NULL)) != -1;)
        set_option(&options, o);
    if (optind < argc || !options.file_count)
        refuse(optind < argc ? "unexpected argument" : "--shapes FILE is missing");
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
static int compare(struct gemm_run *run, struct options *options, const struct gemm_shapes *shapes) {
    struct bench_field *field = &run->bench.field;
    run->row = calloc(shapes->count + 1, sizeof *run->row);
    if (!run->row || !bench_describe_machine(&run->bench, options->isa))
        return 2;
    cpu_set_t processors;
    bench_choose_processors(&processors, run->bench.threads, run->bench.isa);
    bench_list_processors(run->bench.processors, sizeof run->bench.processors, &processors);
    if (!bench_field_start(field, run->bench.isa, &processors))
        return 1;
    bool done = measure_all(run, shapes);
    done = (!options->json || gemm_write_json(run, options->json)) && done;
    done = (!options->cubes || gemm_write_cubes(run, options->cubes)) && done;
    bench_field_stop(field);
    return done ? 0 : 1;
}

/* What was asked for, before anything is started. */
static void enter_all(struct gemm_run *run, struct options *options) {
    run->bench.threads = options->threads;
    run->bench.field.repeats = options->repeats;
    const char *problem = bench_field_enter(&run->bench.field, options->peers,
                                            "--peers: the names are openblas, blis and onednn", options->threads);
    if (problem)
        refuse(problem);
}

int main(int argc, char **argv) {
    if (argc > 1 && !strcmp(argv[1], BENCH_WORKER_OPTION))
        return gemm_worker_main(argc, argv);
    struct options options = read_options(argc, argv);
    struct gemm_shapes shapes = {0};
    bool read = true;
    for (int f = 0; f < options.file_count && read; f++)
        read = gemm_shapes_read(&shapes, options.files[f], options.limit);
    static struct gemm_run run;
    if (read)
        enter_all(&run, &options);
    const int status = read ? compare(&run, &options, &shapes) : 2;
    free(run.row);
    free(shapes.shape);
    return status;
}
