/* SPDX-License-Identifier: BSD-3-Clause */

#include "core/startable.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

/* A stack of LLVM's OpenMP where the process has no limit of its own, and how much larger than asked it can be. */
#define UNLIMITED_STACK ((size_t)64 << 20)
#define MORE_STACK ((size_t)256 << 10)
/* Address space for what a runtime allocates beside the stacks. LLVM's threads do so themselves, for which the C
 * library maps 128 MiB for each, to keep a half. */
#define ROOM ((size_t)2 << 20)
#if defined(__clang__)
#define ROOM_PER_THREAD ((size_t)128 << 20)
#else
#define ROOM_PER_THREAD ((size_t)256 << 10)
#endif
#define POLLS 10000

/* "512", "64k", " 8 M": as OpenMP reads it, by default in units of 2^shift bytes; 0 if it is nothing of the kind. */
static unsigned long long parse_size(const char *text, int shift) {
    static const char units[] = "bkmg";
    char *end;
    const unsigned long long count = strtoull(text, &end, 10);
    end += strspn(end, " \t");
    const char *unit = *end ? strchr(units, *end | 0x20) : NULL;
    if (unit)
        shift = 10 * (int)(unit - units);
    return count <= ~0ull >> shift ? count << shift : 0;
}

/* The largest that the environment asks for, or 0: not every runtime reads every variable. */
static unsigned long long asked_stack(void) {
    static const struct {
        const char *name;
        int shift;
    } variables[] = {{"OMP_STACKSIZE", 10}, {"GOMP_STACKSIZE", 10}, {"KMP_STACKSIZE", 0}};
    unsigned long long largest = 0;
    for (size_t i = 0; i < sizeof variables / sizeof *variables; i++) {
        const char *text = getenv(variables[i].name);
        const unsigned long long size = text ? parse_size(text, variables[i].shift) : 0;
        largest = size > largest ? size : largest;
    }
    return largest;
}

/* Without a wish both runtimes take the C library's default, which is the limit of the process when it began. */
static size_t usual_stack(const pthread_attr_t *attributes) {
    size_t usual = 0;
    struct rlimit limit = {0};
    pthread_attr_getstacksize(attributes, &usual);
    getrlimit(RLIMIT_STACK, &limit);
    return limit.rlim_cur == RLIM_INFINITY ? UNLIMITED_STACK : usual;
}

static void set_stack(pthread_attr_t *attributes) {
    const unsigned long long asked = asked_stack();
    pthread_attr_setstacksize(attributes, (asked ? asked : usual_stack(attributes)) + MORE_STACK);
}

/* Each thread starts the next and waits for its end, so that all live at the same time. */
struct link {
    const pthread_attr_t *attributes;
    int wanted;
    int started; /* from this one on */
    pid_t thread;
};

static int start_chain(const pthread_attr_t *attributes, int wanted);

static void *go_on(void *argument) {
    struct link *link = argument;
    link->thread = gettid();
    link->started = 1 + start_chain(link->attributes, link->wanted - 1);
    return NULL;
}

/* A thread that was joined counts until the kernel has forgotten it. The number of polls ends, because another thread
 * may have got its number. */
static void wait_until_gone(pid_t thread) {
    for (int i = 0; i < POLLS && syscall(SYS_tgkill, getpid(), thread, 0) == 0; i++)
        sched_yield();
}

static int start_chain(const pthread_attr_t *attributes, int wanted) {
    struct link link = {attributes, wanted, 0, 0};
    pthread_t thread;
    if (wanted <= 0 || pthread_create(&thread, attributes, go_on, &link))
        return 0;
    pthread_join(thread, NULL);
    wait_until_gone(link.thread);
    return link.started;
}

/* With room for what the runtime needs beside the stacks, which stay in the C library's cache. */
int tp_startable_threads(int wanted) {
    const size_t room = ROOM + ROOM_PER_THREAD * (size_t)wanted;
    void *reserved = mmap(NULL, room, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    pthread_attr_t attributes;
    if (reserved == MAP_FAILED)
        return 0;
    pthread_attr_init(&attributes);
    set_stack(&attributes);
    const int started = start_chain(&attributes, wanted);
    pthread_attr_destroy(&attributes);
    munmap(reserved, room);
    return started;
}
