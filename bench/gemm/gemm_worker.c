/* SPDX-License-Identifier: BSD-3-Clause */
#include "gemm_worker.h"
#include "contestant.h"
#include "memory.h"
#include "timing.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TRIAL_SECONDS 1e-3 /* of the runs that tell how long a call takes */
#define WARM_UP 8 /* untimed before each run is this part of it, for caches, sleeping threads and the clock rate */

struct worker {
    const struct gemm_library *library; /* NULL: the FMA peak */
    const char *isa;
    int threads;
    struct gemm_shape shape;
    struct gemm_operands operands;
};

static void release_operands(struct gemm_operands *operands) {
    free(operands->a);
    free(operands->b);
    free(operands->c);
    free(operands->a_bf16);
    free(operands->b_bf16);
    free(operands->workspace);
    *operands = (struct gemm_operands){0};
}

/* Numbers from 0.5 to 1.5, the same in every worker. All are positive, so that no sum cancels and the relative
 * difference of two results means something. */
static float *random_matrix(size_t elements, uint32_t seed) {
    float *x = bench_allocate(elements * sizeof *x);
    for (size_t i = 0; i < elements; i++) {
        uint32_t hash = (uint32_t)i * 2654435761u + seed;
        hash = (hash ^ hash >> 15) * 2246822519u;
        x[i] = 0.5f + (float)((hash ^ hash >> 13) >> 8) * 0x1p-24f;
    }
    return x;
}

/* Rounds the elements; returns them as bf16. */
static uint16_t *narrow(float *x, size_t elements) {
    uint16_t *narrowed = bench_allocate(elements * sizeof *narrowed);
    tp_context *context;
    if (tp_context_create(NULL, &context) || tp_bf16_from_f32(context, narrowed, x, elements) ||
        tp_bf16_to_f32(context, x, narrowed, elements))
        exit(1); /* as above */
    tp_context_destroy(context);
    return narrowed;
}

static double seconds_of(const struct worker *worker, size_t calls) {
    const double began = bench_now();
    for (size_t i = 0; i < calls; i++)
        worker->library->multiply(&worker->shape, &worker->operands);
    return bench_now() - began;
}

static double prepare(struct worker *worker, const struct gemm_shape *shape) {
    if (!worker->library)
        return 0;
    struct gemm_operands *x = &worker->operands;
    release_operands(x);
    worker->shape = *shape;
    x->a = random_matrix(shape->m * shape->k, 1);
    x->b = random_matrix(shape->k * shape->n, 2);
    if (shape->bf16) {
        x->a_bf16 = narrow(x->a, shape->m * shape->k);
        x->b_bf16 = narrow(x->b, shape->k * shape->n);
    }
    x->c = bench_allocate(shape->m * shape->n * sizeof(float));
    x->workspace_size = worker->library->workspace_size ? worker->library->workspace_size(shape) : 0;
    x->workspace = bench_allocate(x->workspace_size);
    seconds_of(worker, 1);
    size_t calls = 1;
    double seconds = seconds_of(worker, calls);
    while (seconds < TRIAL_SECONDS)
        seconds = seconds_of(worker, calls *= 2);
    return seconds / (double)calls;
}

static double run(const struct worker *worker, const struct gemm_command *command) {
    if (!worker->library) {
        bench_peak_of_team(worker->isa, worker->threads, command->seconds / WARM_UP);
        return bench_peak_of_team(worker->isa, worker->threads, command->seconds);
    }
    seconds_of(worker, command->calls / WARM_UP + (command->calls > 1));
    return gemm_shape_gflop(&worker->shape) * (double)command->calls / seconds_of(worker, command->calls);
}

static bool obey(struct worker *worker, const struct gemm_command *command) {
    if (command->kind == GEMM_RESULT)
        return bench_send(STDIN_FILENO, worker->operands.c, worker->shape.m * worker->shape.n * sizeof(float));
    const double answer = command->kind == GEMM_PREPARE ? prepare(worker, &command->shape) : run(worker, command);
    return bench_send(STDIN_FILENO, &answer, sizeof answer);
}

int gemm_worker_main(int argc, char **argv) {
    if (argc != 6)
        return 2;
    struct worker worker = {.library = gemm_library_find(argv[2]), .isa = argv[4], .threads = atoi(argv[5])};
    struct bench_greeting greeting = {.usable = !worker.library};
    if (worker.library)
        greeting.usable =
            bench_library_open(worker.library->library, argv[3], worker.isa, worker.threads, &greeting.info);
    bool going = bench_send(STDIN_FILENO, &greeting, sizeof greeting) && greeting.usable;
    struct gemm_command command;
    while (going && bench_receive(STDIN_FILENO, &command, sizeof command))
        going = obey(&worker, &command);
    release_operands(&worker.operands);
    if (greeting.usable && worker.library && worker.library->close)
        worker.library->close();
    return 0;
}
