/* SPDX-License-Identifier: BSD-3-Clause */
#include "contestant.h"
#include "timing.h"

#include <stdio.h>

#define ROUNDS 5
#define SECONDS 3e-3

/* The processors of a virtual machine are not equally fast if other machines use their cores too. */
static double speed(size_t processor, const char *isa) {
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(processor, &one);
    double gflops[ROUNDS];
    sched_setaffinity(0, sizeof one, &one);
    for (int round = 0; round < ROUNDS; round++)
        gflops[round] = bench_fma(isa, SECONDS);
    return bench_median(gflops, ROUNDS);
}

static size_t slowest(const cpu_set_t *processors, const double *speeds) {
    size_t found = CPU_SETSIZE;
    for (size_t p = 0; p < CPU_SETSIZE; p++)
        if (CPU_ISSET(p, processors) && (found == CPU_SETSIZE || speeds[p] < speeds[found]))
            found = p;
    return found;
}

void bench_choose_processors(cpu_set_t *processors, int count, const char *isa) {
    if (sched_getaffinity(0, sizeof *processors, processors) != 0 || CPU_COUNT(processors) <= count)
        return;
    const cpu_set_t all = *processors;
    double speeds[CPU_SETSIZE] = {0};
    for (size_t p = 0; p < CPU_SETSIZE; p++)
        if (CPU_ISSET(p, &all))
            speeds[p] = speed(p, isa);
    sched_setaffinity(0, sizeof all, &all);
    while (CPU_COUNT(processors) > count)
        CPU_CLR(slowest(processors, speeds), processors);
}

void bench_list_processors(char *text, size_t size, const cpu_set_t *processors) {
    size_t length = 0;
    for (size_t p = 0; p < CPU_SETSIZE && length < size; p++)
        if (CPU_ISSET(p, processors))
            length += (size_t)snprintf(text + length, size - length, "%s%zu", length ? "," : "", p);
}
