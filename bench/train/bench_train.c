/* SPDX-License-Identifier: BSD-3-Clause */
/* Speed of whole training steps, or of forward passes, against other libraries and against the machine's own speed of
 * multiply-adds. */
#include "options.h"
#include "train_explain.h"
#include "train_report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TRAINING_PEERS "openblas,blis,onednn,torch,sklearn,fann"
#define INFERENCE_PEERS "openblas,blis,onednn"
#define MOST_PARTS 65536
#define BF16_PEERS "onednn,torch" /* the others compute in f32 */

static const char usage[] =
    "usage: bench_train [OPTION...]\n"
    "  --nets FILE      lines 'name batch sgd|adam inputs width...'; may be given again (default: "
    "bench/nets/table.txt)\n"
    "  --net LIST       only the networks with these names\n"
    "  --inference      measures forward passes instead (default file: bench/nets/inference.txt)\n"
    "  --precision P    f32 or bf16: what products read (peers of bf16: onednn, torch)\n"
    "  --parts N        cuts tileprop's batches into N parts, a power of two (default 1)\n"
    "  --explain        measures nothing: prints which way each product takes\n"
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
    struct bench_options common;
    const char *names;
    bool inference, explain;
    int parts;
    double seconds;
};

static double seconds(const struct bench_options *options) {
    char *end;
    const double x = strtod(optarg, &end);
    if (*end || !(x > 0) || x > 1e6)
        bench_refuse(options, "--seconds needs a positive number that is not too large");
    return x;
}

static int parts(const struct bench_options *options) {
    char *end;
    const long x = strtol(optarg, &end, 10);
    if (*end || x < 1 || x > MOST_PARTS || x & (x - 1))
        bench_refuse(options, "--parts needs a power of two that is not too large");
    return (int)x;
}

static void set_option(struct options *options, int name) {
    if (name == 'n')
        options->names = optarg;
    else if (name == 'x')
        options->inference = true;
    else if (name == 'e')
        options->explain = true;
    else if (name == 'g')
        options->parts = parts(&options->common);
    else if (name == 's')
        options->seconds = seconds(&options->common);
    else
        bench_set_option(&options->common, name);
}

static struct options read_options(int argc, char **argv) {
    static const struct option names[] = {{"nets", required_argument, NULL, 'f'},
                                          {"net", required_argument, NULL, 'n'},
                                          {"inference", no_argument, NULL, 'x'},
                                          {"explain", no_argument, NULL, 'e'},
                                          {"parts", required_argument, NULL, 'g'},
                                          {"seconds", required_argument, NULL, 's'},
                                          {"plot", required_argument, NULL, 'd'},
                                          BENCH_OPTIONS,
                                          {0}};
    struct options options = {.common = {.usage = usage, .threads = 1, .repeats = 5}, .parts = 1, .seconds = 1};
    struct bench_options *common = &options.common;
    for (int o; (o = getopt_long(argc, argv, "", names, NULL)) != -1;)
        set_option(&options, o);
    if (optind < argc)
        bench_refuse(common, "unexpected argument");
    if (!common->file_count)
        common->files[common->file_count++] =
            options.inference ? BENCH_DIRECTORY "/nets/inference.txt" : BENCH_DIRECTORY "/nets/table.txt";
    if (!common->peers)
        common->peers = common->bf16 ? BF16_PEERS : options.inference ? INFERENCE_PEERS : TRAINING_PEERS;
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
static int compare(struct train_run *run, const struct bench_options *options, const struct train_nets *nets) {
    run->row = calloc(nets->count, sizeof *run->row);
    cpu_set_t processors;
    if (!run->row || !bench_describe_machine(&run->bench, options->isa, run->bf16, &processors))
        return 2;
    bool done = measure_all(run, nets, &processors);
    done = (!options->json || train_write_json(run, options->json)) && done;
    done = (!options->plot || train_write_plot(run, options->plot)) && done;
    return done ? 0 : 1;
}

int main(int argc, char **argv) {
    if (argc > 1 && !strcmp(argv[1], BENCH_WORKER_OPTION))
        return train_worker_main(argc, argv);
    struct options options = read_options(argc, argv);
    static struct train_run run;
    run.inference = options.inference;
    run.bf16 = options.common.bf16;
    run.seconds = options.seconds;
    run.parts = options.parts;
    bench_enter(&run.bench, &options.common, "--peers: the names are openblas, blis, onednn, torch, sklearn and fann");
    struct train_nets nets = {0};
    bool read = true;
    for (int f = 0; f < options.common.file_count && read; f++)
        read = train_nets_read(&nets, options.common.files[f], options.names, options.inference, options.common.bf16);
    for (size_t n = 0; n < nets.count; n++)
        nets.net[n].task.parts = options.parts;
    if (read && !nets.count)
        bench_refuse(&options.common, "--net: no network has such a name");
    const struct bench_options *common = &options.common;
    int status = 2;
    if (read && options.explain)
        status = train_explain(&nets, common->isa, common->threads, options.inference) ? 0 : 2;
    else if (read)
        status = compare(&run, common, &nets);
    free(run.row);
    free(nets.net);
    return status;
}
