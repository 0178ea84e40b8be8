/* SPDX-License-Identifier: BSD-3-Clause */
/* Speed of the matrix product against other libraries and against the machine's own speed of multiply-adds. */
#define _GNU_SOURCE /* cpu_set_t */
#include "gemm_report.h"
#include "tileprop/tileprop.h"

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
        options->repeats = integer(optarg, GEMM_MAX_REPEATS);
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

static struct gemm_contestant *enter(struct gemm_field *field, const char *label, const char *library, int threads) {
    if (field->count == GEMM_MAX_CONTESTANTS)
        refuse("too many peers");
    struct gemm_contestant *contestant = &field->contestant[field->count++];
    snprintf(contestant->label, sizeof contestant->label, "%s", label);
    snprintf(contestant->library, sizeof contestant->library, "%s", library);
    contestant->threads = threads;
    return contestant;
}

/* entry: NAME or NAME=FILE. */
static void enter_peer(struct gemm_field *field, char *entry, int threads) {
    char *file = strchr(entry, '=');
    if (file)
        *file++ = '\0';
    const struct gemm_library *library = gemm_library_find(entry);
    if (!library || !library->files[0])
        refuse("--peers: the names are openblas, blis and onednn");
    int earlier = 0;
    for (int p = 0; p < field->count; p++)
        earlier += !strcmp(field->contestant[p].library, entry);
    char label[32];
    snprintf(label, sizeof label, earlier ? "%.16s-%d" : "%.16s", entry, earlier + 1);
    struct gemm_contestant *contestant = enter(field, label, entry, threads);
    if (file)
        snprintf(contestant->file, sizeof contestant->file, "%s", file);
}

static void enter_all(struct gemm_run *run, struct options *options) {
    struct gemm_field *field = &run->field;
    field->repeats = options->repeats;
    enter(field, GEMM_PEAK, GEMM_PEAK, run->threads);
    enter(field, gemm_tileprop.name, gemm_tileprop.name, run->threads);
    if (run->threads > 1) {
        field->single = field->count;
        enter(field, "one thread", gemm_tileprop.name, 1);
    }
    for (char *entry = strtok(options->peers, ","); entry; entry = strtok(NULL, ","))
        enter_peer(field, entry, run->threads);
}

/* A peer that is absent is named; one that runs as something else than it was told to is not a fair contestant. */
static void start_all(struct gemm_run *run, const cpu_set_t *processors) {
    for (int p = 0; p < run->field.count; p++) {
        struct gemm_contestant *c = &run->field.contestant[p];
        if (!gemm_contestant_start(c, run->isa, processors)) {
            fprintf(stderr, "bench_gemm: %s is ABSENT: %s\n", c->label, c->info.problem);
            if (p <= GEMM_AT_OWN)
                exit(1);
            continue;
        }
        const struct gemm_library *library = gemm_library_find(c->library);
        const char *core = library ? gemm_library_core(library, run->isa) : NULL;
        if (core && strcmp(core, c->info.core) != 0)
            fprintf(stderr, "bench_gemm: %s was told to run as %s, but runs as %s\n", c->label, core, c->info.core);
    }
}

static void print_message(void *user, tp_status status, const char *message) {
    (void)user;
    (void)status;
    fprintf(stderr, "bench_gemm: %s\n", message);
}

/* Asks the library which instruction set it is, and describes the machine. */
static bool describe_machine(struct gemm_run *run, const char *isa) {
    tp_context_options options;
    tp_context_options_default(&options);
    options.isa = isa;
    options.message = print_message;
    tp_context *context;
    tp_machine machine;
    if (tp_context_create(&options, &context) != TP_OK)
        return false;
    tp_context_machine(context, &machine);
    snprintf(run->machine, sizeof run->machine, "%s, %d processors, L1d %zu KiB, L2 %zu KiB, L3 %zu KiB",
             machine.vendor, machine.processors, machine.l1d >> 10, machine.l2 >> 10, machine.l3 >> 10);
    run->isa = machine.isa;
    tp_context_destroy(context);
    return true;
}

/* Whether all results are right and all workers still there. */
static bool is_sound(const struct gemm_field *field, const struct gemm_row *row) {
    bool sound = true;
    for (int p = 0; p < field->count; p++) {
        if (row->wrong[p])
            fprintf(stderr, "bench_gemm: %s: %s differs from tileprop by %.2g\n", row->shape.name,
                    field->contestant[p].label, row->difference[p]);
        sound = sound && !row->wrong[p] && field->contestant[p].present == field->contestant[p].alive;
    }
    return sound;
}

static bool measure_all(struct gemm_run *run, const struct gemm_shapes *shapes) {
    bool sound = true;
    gemm_print_head(run);
    for (size_t s = 0; s < shapes->count; s++, run->rows++) {
        if (!gemm_measure(&run->field, &shapes->shape[s], &run->row[s])) {
            fprintf(stderr, "bench_gemm: cannot go on without tileprop, or without memory\n");
            return false;
        }
        gemm_print_row(run, &run->row[s]);
        sound = is_sound(&run->field, &run->row[s]) && sound;
    }
    gemm_print_summary(run);
    return sound;
}

/* Exit status. */
static int compare(struct gemm_run *run, struct options *options, const struct gemm_shapes *shapes) {
    run->threads = options->threads;
    run->row = calloc(shapes->count + 1, sizeof *run->row);
    if (!run->row || !describe_machine(run, options->isa))
        return 2;
    cpu_set_t processors;
    gemm_choose_processors(&processors, run->threads, run->isa);
    gemm_list_processors(run->processors, sizeof run->processors, &processors);
    enter_all(run, options);
    start_all(run, &processors);
    bool done = measure_all(run, shapes);
    done = (!options->json || gemm_write_json(run, options->json)) && done;
    done = (!options->cubes || gemm_write_cubes(run, options->cubes)) && done;
    for (int p = 0; p < run->field.count; p++)
        gemm_contestant_stop(&run->field.contestant[p]);
    return done ? 0 : 1;
}

int main(int argc, char **argv) {
    if (argc > 1 && !strcmp(argv[1], GEMM_WORKER_OPTION))
        return gemm_worker_main(argc, argv);
    struct options options = read_options(argc, argv);
    struct gemm_shapes shapes = {0};
    bool read = true;
    for (int f = 0; f < options.file_count && read; f++)
        read = gemm_shapes_read(&shapes, options.files[f], options.limit);
    static struct gemm_run run;
    const int status = read ? compare(&run, &options, &shapes) : 2;
    free(run.row);
    free(shapes.shape);
    return status;
}
