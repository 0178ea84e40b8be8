/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A contestant is a worker, a process of its own that runs one library, so that OpenMP runtimes, environment variables
 * and symbols of different libraries cannot meet. It takes commands from a socket, its standard input, answers there,
 * and waits in a read while another one computes.
 */
#ifndef TP_BENCH_CONTESTANT_H
#define TP_BENCH_CONTESTANT_H

#include "library.h"

#include <sched.h>
#include <sys/types.h>

struct bench_contestant {
    char label[32];
    const struct bench_library *library; /* NULL: the FMA peak */
    char file[128];                      /* of the library, "" for the usual places */
    int threads;
    bool present;                   /* its library could be loaded */
    bool alive;                     /* and its process has not ended since */
    struct bench_library_info info; /* of the library */
    pid_t process;
    int socket;
};

/* The first that a worker says. */
struct bench_greeting {
    bool usable;
    struct bench_library_info info;
};

/* Arguments of a worker: BENCH_WORKER_OPTION, name of the library or BENCH_PEAK, its file or "", instruction set,
 * threads. Scripts in Python get the threads only. */
#define BENCH_WORKER_OPTION "--worker"
#define BENCH_PEAK "peak"

/* Starts the worker, on these processors, and waits until it has loaded its library. False if that is absent. */
bool bench_contestant_start(struct bench_contestant *contestant, const char *isa, const cpu_set_t *processors);

/* Sends a command, receives the answer. A worker that has ended is reported on standard error, once, and not alive. */
bool bench_contestant_ask(struct bench_contestant *contestant, const void *command, size_t command_size, void *answer,
                          size_t answer_size);

void bench_contestant_stop(struct bench_contestant *contestant);

/* Move whole messages; false if the other side has gone. */
bool bench_send(int socket, const void *data, size_t size);
bool bench_receive(int socket, void *data, size_t size);

/* Reduces the set of usable processors to the count of them on which fused multiply-adds run fastest. */
void bench_choose_processors(cpu_set_t *processors, int count, const char *isa);

/* Their numbers, as text. */
void bench_list_processors(char *text, size_t size, const cpu_set_t *processors);

#endif
