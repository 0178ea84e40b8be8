/* SPDX-License-Identifier: BSD-3-Clause */
/* What the tests share: contexts per instruction set, test data, bit comparison, guarded memory, SHA-256. */
#ifndef TP_TESTS_SUPPORT_H
#define TP_TESTS_SUPPORT_H

#include "tileprop/tileprop.h"

#include <stdatomic.h>

/* Workspace options, for the context's threads. */
#define TEST_WORKSPACE(batch, mode) (&(const tp_workspace_options){sizeof(tp_workspace_options), batch, mode, 0})

/* The instruction sets that this machine can run, best first. */
int tp_test_isa_count(void);
const char *tp_test_isa(int index);
const struct tp_isa *tp_test_table(int index);

/* A context that works, or the test fails. isa NULL: the default; threads 0: the default. */
tp_context *tp_test_context(const char *isa, int threads);
/* A context whose blocking wakes every thread for any work. */
tp_context *tp_test_eager_context(const char *isa, int threads);

/* The last message of a context, in a buffer that the next call on the same thread overwrites. */
const char *tp_test_message(const tp_context *context);

/* Element i is a function of (seed, i) alone: the same on every machine. Uniform in [low, high). */
uint64_t tp_test_random(uint64_t seed, uint64_t index);
void tp_test_fill(float *x, size_t n, uint64_t seed, float low, float high);
/* Uniform integers low..high. */
void tp_test_fill_integers(float *x, size_t n, uint64_t seed, int low, int high);
/* Uniform integers 0..count-1. */
void tp_test_fill_classes(int32_t *classes, size_t n, uint64_t seed, int32_t count);

/* Memory that stops the test instead of returning NULL; n = 0 gives a pointer as well. Release with free. */
float *tp_test_floats(size_t n);
double *tp_test_doubles(size_t n);

/* True if n floats have the same bits (any NaN equals any NaN). Otherwise reports the first difference and the number
 * of differences on stderr, after the formatted text that says what was compared. */
bool tp_test_same_bits(const float *expected, const float *actual, size_t n, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* n floats between two canaries, misalign_bytes past a multiple of 64, filled with NaN. tp_test_guard_intact reports
 * on stderr what was overwritten. */
float *tp_test_guarded(size_t n, size_t misalign_bytes);
bool tp_test_guard_intact(const float *guarded);
/* Checks the canaries, fails the test if they were overwritten, and releases. NULL is accepted. */
void tp_test_guarded_free(float *guarded);

/* An allocator that counts, and that can be told to refuse. */
struct tp_test_allocator {
    atomic_size_t allocations;
    atomic_size_t releases;
    atomic_size_t refusals;
    atomic_long remaining; /* allocations before it refuses; negative: never */
};

tp_allocator tp_test_allocator_hooks(struct tp_test_allocator *counter);

/* 64 hexadecimal digits and a terminator. */
void tp_test_sha256(const void *data, size_t size, char hex[65]);

#endif
