/* SPDX-License-Identifier: BSD-3-Clause */
/* A worker is a process of its own that runs one library, so that OpenMP runtimes, environment variables and symbols
 * of different libraries cannot meet. It takes commands from a socket, its standard input, and answers there. */
#ifndef TP_BENCH_GEMM_WORKER_H
#define TP_BENCH_GEMM_WORKER_H

#include "gemm_library.h"

enum gemm_command_kind {
    GEMM_PREPARE, /* allocates, warms up; answers with the seconds of one call */
    GEMM_RUN,     /* answers with GFLOP/s; the FMA peak runs for so many seconds, a library so many times */
    GEMM_RESULT   /* answers with C, m x n floats */
};

struct gemm_command {
    enum gemm_command_kind kind;
    struct gemm_shape shape; /* PREPARE */
    size_t calls;            /* RUN */
    double seconds;          /* RUN */
};

/* The first that a worker says. */
struct gemm_greeting {
    bool usable;
    struct gemm_library_info info;
};

#define GEMM_WORKER_OPTION "--worker"
#define GEMM_PEAK "peak" /* the library's name for the FMA peak */

/* main of a worker: argv is program, GEMM_WORKER_OPTION, library, file or "", instruction set, threads. */
int gemm_worker_main(int argc, char **argv);

/* GFLOP/s of so many threads that do nothing but fused multiply-adds at the same time. */
double gemm_peak(const char *isa, int threads, double seconds);

/* Move whole messages; false if the other side has gone. */
bool gemm_send(int socket, const void *data, size_t size);
bool gemm_receive(int socket, void *data, size_t size);

#endif
