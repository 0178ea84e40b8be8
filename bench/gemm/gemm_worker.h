/* SPDX-License-Identifier: BSD-3-Clause */
/* The worker of bench_gemm and the commands that it takes. */
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

/* main of a worker: see contestant.h for argv. */
int gemm_worker_main(int argc, char **argv);

#endif
