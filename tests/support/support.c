/* SPDX-License-Identifier: BSD-3-Clause */
#include "support.h"

#include "blocking.h"
#include "core/context.h"
#include "cpu/dispatch.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
/* needs types */
#include <sha2.h>

#define MAX_ISAS 8
#define ISA_NAME 16

struct isa_list {
    int count;
    char name[MAX_ISAS][ISA_NAME];
    const struct tp_isa *table[MAX_ISAS];
};

static void split_names(const char *names, struct isa_list *list) {
    list->count = 0;
    while (list->count < MAX_ISAS) {
        names += strspn(names, " ");
        const size_t length = strcspn(names, " ");
        if (length == 0)
            return;
        cr_assert(length < ISA_NAME);
        memcpy(list->name[list->count], names, length);
        list->name[list->count++][length] = '\0';
        names += length;
    }
}

/* Those of the machine, or of them the ones in TILEPROP_TEST_ISA, for who is at work on these. */
static const struct isa_list *usable(void) {
    static struct isa_list list;
    if (list.count == 0) {
        tp_context *context = tp_test_context(NULL, 1);
        const char *wanted = getenv("TILEPROP_TEST_ISA");
        split_names(wanted ? wanted : tp_context_machine(context)->usable, &list);
        for (int i = 0; i < list.count; i++) {
            list.table[i] = tp_isa_choose(context->cpu, list.name[i]);
            cr_assert(list.table[i], "%s cannot run here", list.name[i]);
        }
        tp_context_destroy(context);
        cr_assert(list.count > 0, "the machine lists no usable instruction set");
    }
    return &list;
}

int tp_test_isa_count(void) {
    return usable()->count;
}

const char *tp_test_isa(int index) {
    cr_assert(index >= 0 && index < usable()->count);
    return usable()->name[index];
}

const struct tp_isa *tp_test_table(int index) {
    cr_assert(index >= 0 && index < usable()->count);
    return usable()->table[index];
}

tp_context *tp_test_context(const char *isa, int threads) {
    tp_context_options options;
    tp_context_options_default(&options);
    options.isa = isa;
    options.threads = threads;
    tp_context *context = NULL;
    const tp_status status = tp_context_create(&options, &context);
    cr_assert_eq(status, TP_OK, "context for isa %s: %s", isa ? isa : "(default)", tp_status_text(status));
    return context;
}

tp_context *tp_test_eager_context(const char *isa, int threads) {
    tp_context *context = tp_test_context(isa, threads);
    tp_test_wake_all(context);
    return context;
}

const char *tp_test_message(const tp_context *context) {
    static _Thread_local char text[1024];
    tp_context_message(context, text, sizeof text);
    return text;
}

/* SplitMix64: an increment per index, then its finaliser. */
uint64_t tp_test_random(uint64_t seed, uint64_t index) {
    uint64_t z = (seed + 1) * UINT64_C(0xd1342543de82ef95) + (index + 1) * UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

void tp_test_fill(float *x, size_t n, uint64_t seed, float low, float high) {
    for (size_t i = 0; i < n; i++) {
        const double unit = (double)(tp_test_random(seed, i) >> 40) * 0x1p-24;
        /* fma written out, so that no compiler flag changes the data; the last rounding must not reach high */
        const float value = (float)fma((double)high - (double)low, unit, (double)low);
        x[i] = value < high ? value : low;
    }
}

static uint64_t draw_below(uint64_t seed, uint64_t index, uint64_t count) {
    return (tp_test_random(seed, index) >> 32) % count;
}

void tp_test_fill_integers(float *x, size_t n, uint64_t seed, int low, int high) {
    for (size_t i = 0; i < n; i++)
        x[i] = (float)(low + (int)draw_below(seed, i, (uint64_t)(high - low) + 1));
}

void tp_test_fill_classes(int32_t *classes, size_t n, uint64_t seed, int32_t count) {
    for (size_t i = 0; i < n; i++)
        classes[i] = (int32_t)draw_below(seed, i, (uint64_t)count);
}

static void *allocate_or_fail(size_t count, size_t element_size) {
    void *block = calloc(count ? count : 1, element_size);
    cr_assert_not_null(block, "no memory for %zu elements of %zu bytes", count, element_size);
    return block;
}

float *tp_test_floats(size_t n) {
    return allocate_or_fail(n, sizeof(float));
}

double *tp_test_doubles(size_t n) {
    return allocate_or_fail(n, sizeof(double));
}

static uint32_t bits_of(float x) {
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static bool same(float a, float b) {
    return bits_of(a) == bits_of(b) || (isnan(a) && isnan(b));
}

static size_t count_differences(const float *expected, const float *actual, size_t n, size_t *first) {
    size_t count = 0;
    for (size_t i = n; i-- > 0;) {
        if (!same(expected[i], actual[i])) {
            *first = i;
            count++;
        }
    }
    return count;
}

bool tp_test_same_bits(const float *expected, const float *actual, size_t n, const char *format, ...) {
    size_t i = 0;
    const size_t count = count_differences(expected, actual, n, &i);
    if (count == 0)
        return true;
    char what[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    fprintf(stderr, "%s: %zu of %zu differ, first at %zu: expected %.9g (0x%08x), got %.9g (0x%08x)\n", what, count, n,
            i, (double)expected[i], (unsigned)bits_of(expected[i]), (double)actual[i], (unsigned)bits_of(actual[i]));
    return false;
}

/* -------------------------------------------------------------------------------------------------------- allocator */

static void *counting_allocate(void *user, size_t alignment, size_t size) {
    struct tp_test_allocator *counter = user;
    const long remaining = atomic_load(&counter->remaining);
    if (remaining == 0) {
        atomic_fetch_add(&counter->refusals, 1);
        return NULL;
    }
    if (remaining > 0)
        atomic_fetch_sub(&counter->remaining, 1);
    cr_assert(alignment >= 64 && (alignment & (alignment - 1)) == 0, "alignment %zu", alignment);
    atomic_fetch_add(&counter->allocations, 1);
    return aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);
}

static void counting_release(void *user, void *block) {
    struct tp_test_allocator *counter = user;
    atomic_fetch_add(&counter->releases, 1);
    free(block);
}

tp_allocator tp_test_allocator_hooks(struct tp_test_allocator *counter) {
    atomic_init(&counter->allocations, 0);
    atomic_init(&counter->releases, 0);
    atomic_init(&counter->refusals, 0);
    atomic_init(&counter->remaining, -1);
    return (tp_allocator){.allocate = counting_allocate, .release = counting_release, .user = counter};
}

void tp_test_sha256(const void *data, size_t size, char hex[65]) {
    memset(hex, 0, 65);
    SHA256Data(data, size, hex);
}
