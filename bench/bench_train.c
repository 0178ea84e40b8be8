/* SPDX-License-Identifier: BSD-3-Clause */
/* Speed of whole training steps, or of forward passes, against other libraries and against the machine's own speed of
 * multiply-adds. */
#define _GNU_SOURCE /* cpu_set_t */
#include "train_report.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TRAINING_PEERS "openblas,blis,onednn,torch,sklearn,fann"
#define INFERENCE_PEERS "openblas,blis,onednn"

static const char usage[] =
    "usage: bench_train [OPTION...]\n"
    "  --nets FILE      lines 'name batch sgd|adam inputs width...'; may be given again (default: "
    "bench/nets/table.txt)\n"
    "  --net LIST       only the networks with these names\n"
    "  --inference      measures forward passes instead (default file: bench/nets/inference.txt)\n"
    "  --isa NAME       instruction set: avx512, avx2, neon, scalar (default: the best)\n"
    "  --threads N      (default 1); with more, tileprop is also measured on one thread\n"
    "  --peers LIST     of openblas, blis, onednn, torch, sklearn, fann, each NAME or NAME=FILE, where FILE is a "
    "library\n"
    "                   or a Python; '' for none (default: all; for --inference the first three)\n"
    "  --seconds S      time of each contestant for each network, over all rounds (default 1)\n"
    "  --repeats N      interleaved rounds for each network (default 5)\n"
    "  --json FILE      writes everything, with every sample\n"
    "  --plot FILE      writes everybody's share of the peak for each network, for plots\n";

struct options {
    const char *isa, *json, *plot, *names;
    char peers[512];
    bool peers_given, inference;
    int threads, repeats;
    double seconds;
    const char *files[16];
    int file_count;
};

static void refuse(const char *what) {
    fprintf(stderr, "bench_train: %s\n%s", what, usage);
    exit(2);
}

static int integer(const char *text, int largest) {
    char *end;
    const long x = strtol(text, &end, 10);
    if (*end || x < 1 || x > largest)
        refuse("--threads and --repeats need positive integers that are not too large");
    return (int)x;
}

static double positive(const char *text) {
    char *end;
    const double x = strtod(text, &end);
    if (*end || !(x > 0) || x > 1e6)
        refuse("--seconds needs a positive number that is not too large");
    return x;
}

static void set_peers(struct options *options, const char *list) {
    snprintf(options->peers, sizeof options->peers, "%s", list);
    options->peers_given = true;
}

static void set_option(struct options *options, int name) {
    if (name == 'f' && options->file_count < (int)(sizeof options->files / sizeof *options->files))
        options->files[options->file_count++] = optarg;
    else if (name == 'n')
        options->names = optarg;
    else if (name == 'x')
        options->inference = true;
    else if (name == 'i')
        options->isa = optarg;
    else if (name == 't')
        options->threads = integer(optarg, CPU_SETSIZE);
    else if (name == 'p')
        set_peers(options, optarg);
    else if (name == 's')
        options->seconds = positive(optarg);
    else if (name == 'r')
        options->repeats = integer(optarg, BENCH_MAX_REPEATS);
    else if (name == 'j')
        options->json = optarg;
    else if (name == 'd')
        options->plot = optarg;
    else
        refuse("the options are:");
}

static struct options read_options(int argc, char **argv) {
    static const struct option names[] = {{"nets", required_argument, NULL, 'f'},
                                          {"net", required_argument, NULL, 'n'},
                                          {"inference", no_argument, NULL, 'x'},
                                          {"isa", required_argument, NULL, 'i'},
                                          {"threads", required_argument, NULL, 't'},
                                          {"peers", required_argument, NULL, 'p'},
                                          {"seconds", required_argument, NULL, 's'},
                                          {"repeats", required_argument, NULL, 'r'},
                                          {"json", required_argument, NULL, 'j'},
                                          {"plot", required_argument, NULL, 'd'},
                                          {0}};
    struct options options = {.threads = 1, .repeats = 5, .seconds = 1};
    for (int o; (o = getopt_long(argc, argv, "", names, NULL)) != -1;)
        set_option(&options, o);
    if (optind < argc)
        refuse("unexpected argument");
    if (!options.file_count)
        options.files[options.file_count++] =
            options.inference ? BENCH_DIRECTORY "/nets/inference.txt" : BENCH_DIRECTORY "/nets/table.txt";
    if (!options.peers_given)
        set_peers(&options, options.inference ? INFERENCE_PEERS : TRAINING_PEERS);
    return options;
}

static bool measure_all(struct train_run *run, const struct train_nets *nets, const cpu_set_t *processors) {
    struct bench_field *field = &run->bench.field;
    bool sound = true;
    for (size_t n = 0; n < nets->count; n++, run->rows++) {
        const bool measured =
            train_measure(field, run->bench.isa, processors, run->seconds, &nets->net[n], &run->row[n]);
        sound = bench_is_sound(field, &run->row[n].scores, nets->net[n].name) && sound;
        bench_field_stop(field);
        if (!measured) {
            fprintf(stderr, "bench_train: cannot go on without tileprop\n");
            return false;
        }
        if (n == 0)
            train_print_head(run);
        train_print_row(run, &run->row[n]);
    }
    train_print_summary(run);
    return sound;
}

/* Exit status. */
static int compare(struct train_run *run, const struct options *options, const struct train_nets *nets) {
    run->row = calloc(nets->count, sizeof *run->row);
    if (!run->row || !bench_describe_machine(&run->bench, options->isa))
        return 2;
    cpu_set_t processors;
    bench_choose_processors(&processors, run->bench.threads, run->bench.isa);
    bench_list_processors(run->bench.processors, sizeof run->bench.processors, &processors);
    bool done = measure_all(run, nets, &processors);
    done = (!options->json || train_write_json(run, options->json)) && done;
    done = (!options->plot || train_write_plot(run, options->plot)) && done;
    return done ? 0 : 1;
}

/* What was asked for, before anything is started. */
static void enter_all(struct train_run *run, struct options *options) {
    run->inference = options->inference;
    run->seconds = options->seconds;
    run->bench.threads = options->threads;
    run->bench.field.repeats = options->repeats;
    const char *problem =
        bench_field_enter(&run->bench.field, options->peers,
                          "--peers: the names are openblas, blis, onednn, torch, sklearn and fann", options->threads);
    if (problem)
        refuse(problem);
}

int main(int argc, char **argv) {
    if (argc > 1 && !strcmp(argv[1], BENCH_WORKER_OPTION))
        return train_worker_main(argc, argv);
    struct options options = read_options(argc, argv);
    static struct train_run run;
    enter_all(&run, &options);
    struct train_nets nets = {0};
    bool read = true;
    for (int f = 0; f < options.file_count && read; f++)
        read = train_nets_read(&nets, options.files[f], options.names, options.inference);
    if (read && !nets.count)
        refuse("--net: no network has such a name");
    const int status = read ? compare(&run, &options, &nets) : 2;
    free(run.row);
    free(nets.net);
    return status;
}
