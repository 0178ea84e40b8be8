/* SPDX-License-Identifier: BSD-3-Clause */
/* What belongs to the program and not to a library: the modes, masks and places of the process and its threads. */
#ifndef TP_TESTS_SUPPORT_PROCESS_H
#define TP_TESTS_SUPPORT_PROCESS_H

#include <locale.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

enum { PROCESS_TEAM = 3, PROCESS_SIGNALS = 64 };

struct test_thread_state {
    unsigned long mode; /* rounding, flushing and traps: MXCSR without its flags, or FPCR */
    unsigned long x87;  /* control word */
    sigset_t mask;
    cpu_set_t affinity;
};

struct test_process_state {
    struct test_thread_state thread[PROCESS_TEAM]; /* of the calling thread's OpenMP team */
    void (*handler[PROCESS_SIGNALS + 1])(int);
    locale_t thread_locale;
    char locale[256], directory[1024];
    mode_t umask;
    int descriptors;
    unsigned long environment; /* a digest */
};

/* Of this thread. */
unsigned long test_mode(void);
/* Rounds up, and flushes subnormal operands and results to zero; or the default. */
void test_set_odd_mode(void);
void test_set_default_mode(void);

void test_process_state(struct test_process_state *state);
/* What differs first, or NULL. */
const char *test_process_difference(const struct test_process_state *a, const struct test_process_state *b);

#endif
