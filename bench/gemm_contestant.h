/* SPDX-License-Identifier: BSD-3-Clause */
/* The workers, seen from the process that measures them. Each waits in a read while another one computes. */
#ifndef TP_BENCH_GEMM_CONTESTANT_H
#define TP_BENCH_GEMM_CONTESTANT_H

#include "gemm_worker.h"

#include <sched.h> /* for cpu_set_t define _GNU_SOURCE first */
#include <sys/types.h>

struct gemm_contestant {
    char label[32];
    char library[32]; /* or GEMM_PEAK */
    char file[128];   /* of the library, "" for the usual places */
    int threads;
    bool present;                  /* its library could be loaded */
    bool alive;                    /* and its process has not ended since */
    struct gemm_library_info info; /* of the library */
    pid_t process;
    int socket;
};

/* Starts the worker, on these processors, and waits until it has loaded its library. False if that is absent. */
bool gemm_contestant_start(struct gemm_contestant *contestant, const char *isa, const cpu_set_t *processors);

/* As the commands of the same names. A worker that has ended is reported on standard error, once, and not alive. */
double gemm_contestant_prepare(struct gemm_contestant *contestant, const struct gemm_shape *shape);
double gemm_contestant_run(struct gemm_contestant *contestant, size_t calls, double seconds);
bool gemm_contestant_result(struct gemm_contestant *contestant, float *c, size_t elements);

void gemm_contestant_stop(struct gemm_contestant *contestant);

/* Reduces the set of usable processors to the count of them on which fused multiply-adds run fastest. */
void gemm_choose_processors(cpu_set_t *processors, int count, const char *isa);

/* Their numbers, as text. */
void gemm_list_processors(char *text, size_t size, const cpu_set_t *processors);

#endif
