/* SPDX-License-Identifier: BSD-3-Clause */
#include "train_worker.h"
#include "contestant.h"
#include "timing.h"

#include <dlfcn.h>
#include <malloc.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct worker {
    const struct train_engine *engine; /* NULL: the FMA peak */
    const char *isa;
    int threads;
    struct train_task task;
    struct train_data data;
    bool prepared;
    double loss, losses; /* sum, and of how many steps */
    double before;       /* bytes of this process before the network was built */
};

/* Bytes of this process: "VmRSS:" now, "VmHWM:" at most. */
static double memory(const char *what) {
    FILE *file = fopen("/proc/self/status", "r");
    double kib = 0;
    for (char line[256]; file && fgets(line, sizeof line, file);)
        if (!strncmp(line, what, strlen(what)))
            kib = atof(line + strlen(what));
    if (file)
        fclose(file);
    return 1024 * kib;
}

/* The largest size from here on. */
static double restart_memory(void) {
    malloc_trim(0);
    FILE *file = fopen("/proc/self/clear_refs", "w");
    if (file) {
        fputs("5", file);
        fclose(file);
    }
    return memory("VmRSS:");
}

static void release(struct worker *worker) {
    if (worker->engine)
        worker->engine->release();
    train_data_release(&worker->data);
}

static struct train_answer prepare(struct worker *worker, const struct train_task *task) {
    release(worker);
    worker->task = *task;
    worker->loss = worker->losses = 0;
    if (!worker->engine)
        return (struct train_answer){.value = 1};
    worker->data = train_data_make(task);
    worker->before = restart_memory();
    worker->prepared = worker->engine->prepare(&worker->task, &worker->data);
    restart_memory(); /* copies of the first weights do not count */
    return (struct train_answer){.value = worker->prepared};
}

static struct train_answer run(struct worker *worker, const struct train_command *command) {
    if (!worker->engine)
        return (struct train_answer){.value = bench_peak_of_team(worker->isa, worker->threads, command->seconds)};
    if (!worker->prepared)
        return (struct train_answer){.loss = NAN};
    if (command->warm_up)
        worker->loss += worker->engine->run((size_t)command->warm_up);
    const double began = bench_now();
    worker->loss += worker->engine->run((size_t)command->steps);
    const double seconds = bench_now() - began;
    worker->losses += worker->task.inference ? 1 : (double)(command->warm_up + command->steps);
    return (struct train_answer){.value = seconds, .loss = worker->loss / worker->losses};
}

static struct train_answer report_memory(const struct worker *worker) {
    struct train_answer answer = {0};
    if (worker->engine && worker->prepared) {
        answer.value = memory("VmHWM:") - worker->before;
        if (worker->engine->sizes)
            worker->engine->sizes(&answer.sizes);
    }
    return answer;
}

static struct train_answer report_phases(const struct worker *worker, size_t steps) {
    struct train_answer answer = {0};
    if (worker->engine && worker->prepared && worker->engine->phases)
        worker->engine->phases(steps, &answer.phases);
    return answer;
}

static bool obey(struct worker *worker, const struct train_command *command) {
    struct train_answer answer;
    if (command->kind == TRAIN_PREPARE)
        answer = prepare(worker, &command->task);
    else if (command->kind == TRAIN_PHASES)
        answer = report_phases(worker, (size_t)command->steps);
    else
        answer = command->kind == TRAIN_RUN ? run(worker, command) : report_memory(worker);
    return bench_send(STDIN_FILENO, &answer, sizeof answer);
}

/* oneDNN is called through its header, so what calls it is a module that is there if the header was. */
static const struct train_engine *open_module(const struct worker *worker, const char *file,
                                              struct bench_library_info *info) {
    const struct bench_library module = {.name = bench_onednn.name, .files = {TRAIN_ONEDNN}};
    void *handle = bench_library_load(&module, file, info);
    if (!handle || !bench_onednn.open(handle, worker->isa, worker->threads, info))
        return NULL;
    return dlsym(handle, TRAIN_ONEDNN_SYMBOL);
}

/* NULL if the library is absent. */
static const struct train_engine *open_engine(const struct worker *worker, const char *name, const char *file,
                                              struct bench_library_info *info) {
    static const struct train_engine *const engines[] = {&train_tileprop, &train_openblas, &train_blis, &train_fann};
    if (!strcmp(name, bench_onednn.name))
        return open_module(worker, file, info);
    for (size_t e = 0; e < sizeof engines / sizeof *engines; e++)
        if (!strcmp(name, engines[e]->library->name))
            return bench_library_open(engines[e]->library, file, worker->isa, worker->threads, info) ? engines[e]
                                                                                                     : NULL;
    return NULL;
}

int train_worker_main(int argc, char **argv) {
    if (argc != 6)
        return 2;
    struct bench_greeting greeting = {0};
    struct worker worker = {.isa = argv[4], .threads = atoi(argv[5])};
    const bool is_peak = !strcmp(argv[2], BENCH_PEAK);
    if (!is_peak)
        worker.engine = open_engine(&worker, argv[2], argv[3], &greeting.info);
    greeting.usable = is_peak || worker.engine;
    bool going = bench_send(STDIN_FILENO, &greeting, sizeof greeting) && greeting.usable;
    struct train_command command;
    while (going && bench_receive(STDIN_FILENO, &command, sizeof command))
        going = obey(&worker, &command);
    if (greeting.usable)
        release(&worker);
    return 0;
}
