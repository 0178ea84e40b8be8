/* SPDX-License-Identifier: BSD-3-Clause */
#include "contestant.h"

#include <errno.h>
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

bool bench_send(int socket, const void *data, size_t size) {
    for (const char *next = data; size;) {
        const ssize_t sent = send(socket, next, size, MSG_NOSIGNAL);
        if (sent <= 0)
            return false;
        next += sent;
        size -= (size_t)sent;
    }
    return true;
}

bool bench_receive(int socket, void *data, size_t size) {
    for (char *next = data; size;) {
        const ssize_t received = recv(socket, next, size, MSG_WAITALL);
        if (received <= 0)
            return false;
        next += received;
        size -= (size_t)received;
    }
    return true;
}

static bool is_foreign(const char *entry) {
    static const char *const prefixes[] = {"OMP_",  "GOMP_", "KMP_",    "OPENBLAS_", "GOTO_", "BLIS_",
                                           "DNNL_", "MKL_",  "ONEDNN_", "TILEPROP_", "ATEN_", "PYTHON"};
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
static void set_environment(const struct bench_contestant *contestant, const char *isa) {
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
    bench_library_set_cores(isa);
}

/* Python: no byte code is written, nothing of the user's is imported. */
static void execute(const struct bench_contestant *contestant, const char *isa, const char *threads) {
    const struct bench_library *library = contestant->library;
    const char *name = library ? library->name : BENCH_PEAK;
    if (!library || !library->script) {
        execl("/proc/self/exe", program_invocation_short_name, BENCH_WORKER_OPTION, name, contestant->file, isa,
              threads, (char *)NULL);
        return;
    }
    char script[512];
    const char *python = *contestant->file ? contestant->file : library->files[0];
    if ((size_t)snprintf(script, sizeof script, "%s/%s", BENCH_DIRECTORY, library->script) < sizeof script)
        execlp(python, python, "-B", "-E", "-s", script, threads, (char *)NULL);
}

static void become_worker(const struct bench_contestant *contestant, const char *isa, const cpu_set_t *processors,
                          int socket) {
    char threads[12];
    snprintf(threads, sizeof threads, "%d", contestant->threads);
    set_environment(contestant, isa);
    sched_setaffinity(0, sizeof *processors, processors);
    if (dup2(socket, STDIN_FILENO) >= 0)
        execute(contestant, isa, threads);
    _exit(127);
}

static bool start_process(struct bench_contestant *contestant, const char *isa, const cpu_set_t *processors) {
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

void bench_contestant_stop(struct bench_contestant *contestant) {
    if (contestant->process <= 0)
        return;
    close(contestant->socket);
    waitpid(contestant->process, NULL, 0);
    contestant->process = 0;
    contestant->alive = false;
}

bool bench_contestant_start(struct bench_contestant *contestant, const char *isa, const cpu_set_t *processors) {
    struct bench_greeting greeting = {.info.problem = "its process could not start or ended at once"};
    if (start_process(contestant, isa, processors))
        bench_receive(contestant->socket, &greeting, sizeof greeting);
    contestant->info = greeting.info;
    contestant->present = contestant->alive = greeting.usable;
    if (!contestant->alive)
        bench_contestant_stop(contestant);
    return contestant->alive;
}

static void report_end(struct bench_contestant *contestant) {
    fprintf(stderr, "%s: the worker of %s ended; its results are left out from here on\n",
            program_invocation_short_name, contestant->label);
    bench_contestant_stop(contestant);
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

bool bench_contestant_ask(struct bench_contestant *contestant, const void *command, size_t command_size, void *answer,
                          size_t answer_size) {
    if (!contestant->alive)
        return false;
    if (bench_send(contestant->socket, command, command_size) && bench_receive(contestant->socket, answer, answer_size))
        wait_until_idle(contestant->process);
    else
        report_end(contestant);
    return contestant->alive;
}
