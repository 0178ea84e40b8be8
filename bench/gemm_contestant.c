/* SPDX-License-Identifier: BSD-3-Clause */
#define _GNU_SOURCE /* sched_setaffinity, environ */
#include "gemm_contestant.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define IDLE_CHECK 300000L /* nanoseconds between two looks at the processor time of a worker */
#define IDLE_CHECKS 300
#define IDLE_SHARE 10 /* idle: it has used less than this part of the time between */

static bool is_foreign(const char *entry) {
    static const char *const prefixes[] = {"OMP_",  "GOMP_", "KMP_", "OPENBLAS_", "GOTO_",
                                           "BLIS_", "DNNL_", "MKL_", "ONEDNN_",   "TILEPROP_"};
    bool foreign = false;
    for (size_t p = 0; p < sizeof prefixes / sizeof *prefixes; p++)
        foreign = foreign || !strncmp(entry, prefixes[p], strlen(prefixes[p]));
    return foreign;
}

/* Nothing that the user has set for one library may change how the others run. */
static void clear_environment(void) {
    for (char **entry = environ; *entry;) {
        char *name = strndup(*entry, strcspn(*entry, "="));
        if (!name || !is_foreign(name) || unsetenv(name) != 0)
            entry++;
        free(name);
    }
}

/* Threads keep to processors of their own: when a team wakes up after the turns of the others, the system may put all
 * of it on one processor for longer than a run lasts. */
static void set_environment(const struct gemm_contestant *contestant, const char *isa) {
    char threads[12];
    snprintf(threads, sizeof threads, "%d", contestant->threads);
    clear_environment();
    setenv("OMP_NUM_THREADS", threads, 1);
    setenv("OPENBLAS_NUM_THREADS", threads, 1);
    setenv("BLIS_NUM_THREADS", threads, 1);
    if (contestant->threads > 1) {
        setenv("OMP_PLACES", "threads", 1);
        setenv("OMP_PROC_BIND", "close", 1);
    }
    const struct gemm_library *library = gemm_library_find(contestant->library);
    const char *core = library ? gemm_library_core(library, isa) : NULL;
    if (core && library->variable)
        setenv(library->variable, core, 1);
}

static void become_worker(const struct gemm_contestant *contestant, const char *isa, const cpu_set_t *processors,
                          int socket) {
    char threads[12];
    snprintf(threads, sizeof threads, "%d", contestant->threads);
    set_environment(contestant, isa);
    sched_setaffinity(0, sizeof *processors, processors);
    if (dup2(socket, STDIN_FILENO) >= 0)
        execl("/proc/self/exe", "bench_gemm", GEMM_WORKER_OPTION, contestant->library, contestant->file, isa, threads,
              (char *)NULL);
    _exit(127);
}

static bool start_process(struct gemm_contestant *contestant, const char *isa, const cpu_set_t *processors) {
    int sockets[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) != 0)
        return false;
    fflush(NULL);
    contestant->process = fork();
    if (contestant->process == 0)
        become_worker(contestant, isa, processors, sockets[1]);
    close(sockets[1]);
    contestant->socket = sockets[0];
    return contestant->process > 0;
}

void gemm_contestant_stop(struct gemm_contestant *contestant) {
    if (contestant->process <= 0)
        return;
    close(contestant->socket);
    waitpid(contestant->process, NULL, 0);
    contestant->process = 0;
    contestant->alive = false;
}

bool gemm_contestant_start(struct gemm_contestant *contestant, const char *isa, const cpu_set_t *processors) {
    struct gemm_greeting greeting = {.info.problem = "its process could not start or ended at once"};
    if (start_process(contestant, isa, processors))
        gemm_receive(contestant->socket, &greeting, sizeof greeting);
    contestant->info = greeting.info;
    contestant->present = contestant->alive = greeting.usable;
    if (!contestant->alive)
        gemm_contestant_stop(contestant);
    return contestant->alive;
}

static void report_end(struct gemm_contestant *contestant) {
    fprintf(stderr, "bench_gemm: the worker of %s ended; its results are left out from here on\n", contestant->label);
    gemm_contestant_stop(contestant);
}

static double processor_time(clockid_t clock) {
    struct timespec t = {0};
    clock_gettime(clock, &t);
    return 1e9 * (double)t.tv_sec + (double)t.tv_nsec;
}

/* The threads of an OpenMP team go on spinning for some milliseconds after a parallel region, which would slow the
 * next contestant down. Telling them not to would slow the active one down. */
static void wait_until_idle(pid_t process) {
    clockid_t clock;
    if (clock_getcpuclockid(process, &clock) != 0)
        return;
    double before = processor_time(clock);
    for (int check = 0; check < IDLE_CHECKS; check++) {
        nanosleep(&(struct timespec){.tv_nsec = IDLE_CHECK}, NULL);
        const double now = processor_time(clock);
        if (now - before < (double)IDLE_CHECK / IDLE_SHARE)
            return;
        before = now;
    }
}

static double ask(struct gemm_contestant *contestant, const struct gemm_command *command) {
    double answer = 0;
    if (!contestant->alive)
        return 0;
    if (gemm_send(contestant->socket, command, sizeof *command) &&
        gemm_receive(contestant->socket, &answer, sizeof answer))
        wait_until_idle(contestant->process);
    else
        report_end(contestant);
    return answer;
}

double gemm_contestant_prepare(struct gemm_contestant *contestant, const struct gemm_shape *shape) {
    return ask(contestant, &(struct gemm_command){.kind = GEMM_PREPARE, .shape = *shape});
}

double gemm_contestant_run(struct gemm_contestant *contestant, size_t calls, double seconds) {
    return ask(contestant, &(struct gemm_command){.kind = GEMM_RUN, .calls = calls, .seconds = seconds});
}

bool gemm_contestant_result(struct gemm_contestant *contestant, float *c, size_t elements) {
    const struct gemm_command command = {.kind = GEMM_RESULT};
    if (!contestant->alive)
        return false;
    if (!gemm_send(contestant->socket, &command, sizeof command) ||
        !gemm_receive(contestant->socket, c, elements * sizeof *c))
        report_end(contestant);
    return contestant->alive;
}
