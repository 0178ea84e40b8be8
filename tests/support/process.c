/* SPDX-License-Identifier: BSD-3-Clause */

#include "process.h"

#include <fcntl.h>
#include <fenv.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

extern char **environ;

unsigned long test_mode(void) {
#if defined(__x86_64__)
    return _mm_getcsr() & 0xffc0u; /* the others are flags, which every operation may raise */
#elif defined(__aarch64__)
    unsigned long fpcr;
    __asm__ volatile("mrs %0, fpcr" : "=r"(fpcr));
    return fpcr;
#endif
}

static void flush_subnormals(void) {
#if defined(__x86_64__)
    _mm_setcsr(_mm_getcsr() | 0x8040u);
#elif defined(__aarch64__)
    __asm__ volatile("msr fpcr, %0" : : "r"(test_mode() | 1ul << 24));
#endif
}

void test_set_odd_mode(void) {
    fesetround(FE_UPWARD);
    flush_subnormals();
}

void test_set_default_mode(void) {
    fesetenv(FE_DFL_ENV);
}

static unsigned long x87_control(void) {
    unsigned short word = 0;
#if defined(__x86_64__)
    __asm__ volatile("fnstcw %0" : "=m"(word));
#endif
    return word;
}

static void thread_state(struct test_thread_state *state) {
    state->mode = test_mode();
    state->x87 = x87_control();
    pthread_sigmask(SIG_BLOCK, NULL, &state->mask);
    sched_getaffinity(0, sizeof state->affinity, &state->affinity);
}

static int count_descriptors(void) {
    int count = 0;
    for (int i = 0; i < 64; i++)
        count += fcntl(i, F_GETFD) != -1;
    return count;
}

static unsigned long digest_environment(void) {
    unsigned long digest = 14695981039346656037u;
    for (char **variable = environ; *variable; variable++)
        for (const char *c = *variable; *c; c++)
            digest = (digest ^ (unsigned char)*c) * 1099511628211u;
    return digest;
}

void test_process_state(struct test_process_state *state) {
    memset(state, 0, sizeof *state);
#pragma omp parallel num_threads(PROCESS_TEAM)
    thread_state(&state->thread[omp_get_thread_num()]);
    for (int i = 1; i <= PROCESS_SIGNALS; i++) {
        struct sigaction action = {0};
        sigaction(i, NULL, &action);
        state->handler[i] = action.sa_handler;
    }
    state->thread_locale = uselocale((locale_t)0);
    strncpy(state->locale, setlocale(LC_ALL, NULL), sizeof state->locale - 1);
    if (!getcwd(state->directory, sizeof state->directory))
        abort();
    state->umask = umask(0);
    umask(state->umask);
    state->descriptors = count_descriptors();
    state->environment = digest_environment();
}

static const char *thread_difference(const struct test_thread_state *a, const struct test_thread_state *b) {
    return a->mode != b->mode                                       ? "floating-point mode"
           : a->x87 != b->x87                                       ? "x87 control word"
           : memcmp(&a->mask, &b->mask, sizeof a->mask)             ? "signal mask"
           : memcmp(&a->affinity, &b->affinity, sizeof a->affinity) ? "affinity"
                                                                    : NULL;
}

const char *test_process_difference(const struct test_process_state *a, const struct test_process_state *b) {
    for (int i = 0; i < PROCESS_TEAM; i++) {
        const char *difference = thread_difference(&a->thread[i], &b->thread[i]);
        if (difference)
            return difference;
    }
    return memcmp(a->handler, b->handler, sizeof a->handler)                           ? "signal handlers"
           : a->thread_locale != b->thread_locale || strcmp(a->locale, b->locale) != 0 ? "locale"
           : strcmp(a->directory, b->directory) != 0                                   ? "current directory"
           : a->umask != b->umask                                                      ? "umask"
           : a->descriptors != b->descriptors                                          ? "open descriptors"
           : a->environment != b->environment                                          ? "environment"
                                                                                       : NULL;
}
