/* SPDX-License-Identifier: BSD-3-Clause */
/* Products in bf16, by every way that this machine has, against the rule element by element (support/bf16.h). */
#include "core/context.h"
#include "cpu/dispatch.h"
#include "support/bf16.h"
#include "support/fence.h"
#include "support/process.h"
#include "support/support.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CASES 60
#define EMULATED_CASES 20
#define LONG_CASES 20000           /* with TILEPROP_TEST_LONG=1 */
#define CAPACITY ((size_t)1 << 18) /* floats of a matrix, with its surroundings */
#define WORKSPACE ((size_t)16 << 20)
#define MARGIN 32
#define MAX_WAYS 8

/* Around tiles, vectors and blocks of k. */
static const size_t heights[] = {1, 2, 5, 6, 7, 8, 9, 13, 16, 17, 31, 32, 33, 64, 65};
static const size_t widths[] = {1, 3, 8, 15, 16, 17, 24, 31, 32, 33, 47, 48, 49, 64, 65, 97};
static const size_t depths[] = {0, 1, 2, 3, 30, 31, 32, 33, 34, 63, 64, 65, 97, 255, 257, 511, 513};
static const float betas[] = {0, 1, -0.0f, 0.37f, 0x1p-20f};

#define COUNT(a) (sizeof(a) / sizeof *(a))

/* A matrix as stored, and its bf16 numbers as op(X) has them. */
struct operand {
    struct test_fence memory;
    bool transpose;
    tp_precision precision;
    const void *p;
    size_t ld;
    float *op;
};

static struct {
    tp_context *contexts[MAX_WAYS][TEST_BF16_THREADS];
    struct test_fence workspace;
    struct operand a, b;
    float *before, *expected;
} t;

static void open_all(void) {
    cr_assert(test_bf16_ways() <= MAX_WAYS);
    for (int way = 0; way < test_bf16_ways(); way++)
        for (int i = 0; i < TEST_BF16_THREADS; i++)
            t.contexts[way][i] = test_bf16_context(way, i + 1);
    struct operand *const operands[] = {&t.a, &t.b};
    for (size_t i = 0; i < 2; i++) {
        operands[i]->memory = test_fence_open(CAPACITY * sizeof(float));
        operands[i]->op = tp_test_floats(CAPACITY);
    }
    t.workspace = test_fence_open(WORKSPACE);
    float **const floats[] = {&t.before, &t.expected};
    for (size_t i = 0; i < COUNT(floats); i++)
        *floats[i] = tp_test_floats(CAPACITY);
}

static void close_all(void) {
    for (int way = 0; way < test_bf16_ways(); way++)
        for (int i = 0; i < TEST_BF16_THREADS; i++)
            tp_context_destroy(t.contexts[way][i]);
    test_fence_close(&t.a.memory);
    test_fence_close(&t.b.memory);
    test_fence_close(&t.workspace);
    float *const floats[] = {t.a.op, t.b.op, t.before, t.expected};
    for (size_t i = 0; i < COUNT(floats); i++)
        free(floats[i]);
}

TestSuite(bf16, .init = open_all, .fini = close_all);

static size_t draw(uint64_t what, size_t q, size_t count) {
    return tp_test_random(what, q) % count;
}

/* Kinds of numbers: ordinary; of all sizes, so that sums cancel and vanish; with products around 2^-126. */
enum kind { ORDINARY, WIDE, TINY, KINDS };

static float number(enum kind kind, uint64_t bits) {
    static const struct {
        uint32_t lowest, count;
    } exponents[] = {[ORDINARY] = {120, 10}, [WIDE] = {40, 110}, [TINY] = {60, 9}};
    const uint32_t exponent = exponents[kind].lowest + (uint32_t)(bits >> 32) % exponents[kind].count;
    const uint32_t word = (uint32_t)(bits & 0x807fffff) | exponent << 23;
    float x;
    memcpy(&x, &word, sizeof x);
    return x;
}

/* One element as stored, and what it counts as. */
static void put(struct operand *x, size_t at, float value, float *counts_as) {
    const uint16_t bits = test_bf16_bits(value);
    *counts_as = test_bf16_of_bits(bits);
    if (x->precision == TP_PRECISION_BF16)
        memcpy((char *)(uintptr_t)x->p + at * sizeof bits, &bits, sizeof bits);
    else
        memcpy((char *)(uintptr_t)x->p + at * sizeof value, &value, sizeof value);
}

/* Up to the fence or somewhere before it, with NaN around it. */
static void store(struct operand *x, const float *values, size_t rows, size_t columns, size_t bits) {
    x->transpose = bits % 2;
    x->precision = bits / 2 % 2 ? TP_PRECISION_BF16 : TP_PRECISION_F32;
    const size_t stored_rows = x->transpose ? columns : rows, width = x->transpose ? rows : columns;
    x->ld = width + bits / 4 % 3 * 5 + !width;
    const size_t extent = width ? (stored_rows - !!stored_rows) * x->ld + width : 0;
    const size_t element = x->precision == TP_PRECISION_BF16 ? sizeof(uint16_t) : sizeof(float);
    cr_assert(extent + 2 * MARGIN <= CAPACITY);
    x->p = x->memory.end - extent * element - bits / 16 % 2 * (bits / 32 % 16) * element;
    unsigned char *begin = (unsigned char *)(uintptr_t)x->p - MARGIN * sizeof(float);
    memset(begin, 0xff, (size_t)(x->memory.end - begin));
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < columns; j++)
            put(x, x->transpose ? j * x->ld + i : i * x->ld + j, values[i * columns + j], &x->op[i * columns + j]);
}

struct product {
    size_t m, n, k, ldc;
    float beta;
    bool own_workspace;
};

static TEST_WITH_FMA void expect(const struct product *p) {
    for (size_t i = 0; i < p->m; i++)
        for (size_t j = 0; j < p->n; j++) {
            const size_t at = i * p->ldc + j;
            const float start = p->beta == 0 ? 0 : p->beta * t.before[at];
            t.expected[at] = test_bf16_chain(start, t.a.op + i * p->k, 1, t.b.op + j, p->n, p->k);
        }
}

static void check_way(const struct product *p, int way, int threads) {
    tp_context *context = t.contexts[way][threads - 1];
    const size_t extent = (p->m - 1) * p->ldc + p->n;
    float *c = tp_test_guarded(extent, p->ldc % 4 * sizeof(float));
    memcpy(c, t.before, extent * sizeof *c);
    const size_t size = p->own_workspace ? tp_bf16gemm_workspace_size(context, p->m, p->n, p->k) : 0;
    cr_assert(size <= WORKSPACE);
    void *workspace = p->own_workspace ? t.workspace.end - size : NULL;
    if (size)
        memset(workspace, 0xff, size);
    const unsigned long mode = test_mode();
    const tp_status status = tp_bf16gemm(context, t.a.transpose ? TP_TRANSPOSE_YES : TP_TRANSPOSE_NO,
                                         t.b.transpose ? TP_TRANSPOSE_YES : TP_TRANSPOSE_NO, p->m, p->n, p->k,
                                         t.a.precision, p->k ? t.a.p : NULL, t.a.ld, t.b.precision, p->k ? t.b.p : NULL,
                                         t.b.ld, p->beta, c, p->ldc, workspace, size);
    cr_assert_eq(test_mode(), mode, "%s leaves mode %lx", test_bf16_way(way), test_mode());
    cr_assert_eq(status, TP_OK, "%s", tp_test_message(context));
    cr_assert(tp_test_same_bits(t.expected, c, extent,
                                "%s, %d threads: %zu x %zu x %zu, transposed %d %d, types %d %d, beta %g",
                                test_bf16_way(way), threads, p->m, p->n, p->k, t.a.transpose, t.b.transpose,
                                (int)t.a.precision, (int)t.b.precision, (double)p->beta));
    tp_test_guarded_free(c);
}

static void check_all_ways(const struct product *p) {
    memcpy(t.expected, t.before, ((p->m - 1) * p->ldc + p->n) * sizeof(float));
    expect(p);
    for (int way = 0; way < test_bf16_ways(); way++)
        for (int threads = 1; threads <= TEST_BF16_THREADS; threads += 1 + (int)(p->m + p->n) % 2)
            check_way(p, way, threads);
}

static void fill(float *x, size_t count, enum kind kind, uint64_t seed) {
    for (size_t i = 0; i < count; i++)
        x[i] = number(kind, tp_test_random(seed, i));
}

static void check_sizes(struct product *p, size_t q) {
    const size_t bits = draw(1, q, SIZE_MAX);
    const enum kind kind = q % KINDS;
    float *values = tp_test_floats(CAPACITY);
    p->ldc = p->n + bits % 3;
    p->beta = betas[q % COUNT(betas)];
    p->own_workspace = bits / 4 % 2;
    fill(values, p->m * p->k, kind, 3 * q);
    store(&t.a, values, p->m, p->k, bits / 8);
    fill(values, p->k * p->n, kind, 3 * q + 1);
    store(&t.b, values, p->k, p->n, bits / 65536);
    fill(t.before, p->m * p->ldc, kind, 3 * q + 2);
    if (kind == TINY)
        for (size_t i = 0; i < p->m * p->ldc; i++)
            t.before[i] *= 0x1p-62f; /* some are denormal */
    if (p->beta == 0 && q % 2)
        memset(t.before, 0xff, p->m * p->ldc * sizeof(float)); /* not read */
    check_all_ways(p);
    free(values);
}

static size_t case_count(void) {
    const char *text = getenv("TILEPROP_TEST_LONG");
    if (text && !strcmp(text, "1"))
        return LONG_CASES;
    return getenv("TILEPROP_TEST_EMULATED") ? EMULATED_CASES : CASES;
}

Test(bf16, products_of_all_sizes) {
    const size_t cases = case_count();
    for (size_t q = 0; q < cases; q++) {
        struct product p = {heights[q % COUNT(heights)], widths[draw(2, q, COUNT(widths))],
                            depths[draw(3, q, COUNT(depths))]};
        check_sizes(&p, q);
    }
}

/* In each direction a block and the beginning of the next. */
Test(bf16, products_beyond_blocks) {
    for (int way = 0; way < test_bf16_ways(); way++) {
        const struct tp_bf16 *path =
            tp_bf16_choose(t.contexts[way][0]->cpu, t.contexts[way][0]->isa, test_bf16_way(way));
        const size_t sizes[][3] = {{path->mc + 1, 3, 65},
                                   {3, path->nc + 1, 35},
                                   {path->mr + 1, 5, path->near + 33},
                                   {2, path->nr, path->kc + 1},
                                   {path->mr, 3, 2 * path->kc + 34}};
        for (size_t q = 0; q < COUNT(sizes); q++) {
            struct product p = {sizes[q][0], sizes[q][1], sizes[q][2]};
            check_sizes(&p, 1000000 + (size_t)way * COUNT(sizes) + q);
        }
    }
}

/* C = A B, n columns; rows of B and C are ld apart. */
static void multiply_floats(tp_context *context, size_t m, size_t n, size_t k, const float *a, const float *b,
                            size_t ld, float *c) {
    cr_assert_eq(tp_bf16gemm(context, TP_TRANSPOSE_NO, TP_TRANSPOSE_NO, m, n, k, TP_PRECISION_F32, a, k,
                             TP_PRECISION_F32, b, ld, 0, c, ld, NULL, 0),
                 TP_OK);
}

/* Several blocks in each direction against products of some columns at a time: panels of A are packed once for few
 * blocks of rows, and for each block of columns if there are more. */
static void compare_blocks(int way, size_t m) {
    tp_context *context = t.contexts[way][0];
    const struct tp_bf16 *path = tp_bf16_choose(context->cpu, context->isa, test_bf16_way(way));
    const size_t n = path->nc + 1, k = path->kc + 1;
    float *a = tp_test_floats(m * k), *b = tp_test_floats(k * n);
    float *whole = tp_test_floats(m * n), *parts = tp_test_floats(m * n);
    fill(a, m * k, ORDINARY, 1);
    fill(b, k * n, ORDINARY, 2);
    for (size_t j = 0; j < n; j += path->nc)
        multiply_floats(context, m, j ? 1 : path->nc, k, a, b + j, n, parts + j);
    multiply_floats(context, m, n, k, a, b, n, whole);
    cr_expect(tp_test_same_bits(parts, whole, m * n, "%s, %zu rows", test_bf16_way(way), m));
    free(a);
    free(b);
    free(whole);
    free(parts);
}

Test(bf16, blocks_are_kept) {
    for (int way = 0; way < test_bf16_ways(); way++) {
        const tp_context *context = t.contexts[way][0];
        compare_blocks(way, tp_bf16_choose(context->cpu, context->isa, test_bf16_way(way))->mc + 1);
    }
}

/* More rows than are kept, on the best way: the others take the same blocks. */
Test(bf16, more_blocks_than_are_kept) {
    const tp_context *context = t.contexts[0][0];
    const struct tp_bf16 *path = tp_bf16_choose(context->cpu, context->isa, test_bf16_way(0));
    if (path->element == sizeof(uint16_t)) /* else without an instruction for it, and slow */
        compare_blocks(0, 8 * path->mc + 1);
}

/* ---------------------------------------------------------------------------------------------------- special values
 */

/* Of either operand, at every place of a whole block and of one that is filled up; every pair of them meets. */
Test(bf16, special_values_at_every_step) {
    static const float specials[] = {NAN,
                                     INFINITY,
                                     -INFINITY,
                                     0,
                                     -0.0f,
                                     0x1p-127f,
                                     -0x1.8p-130f,
                                     0x1p-149f,
                                     0x1.fffffep127f,
                                     0x1.fep127f,
                                     -0x1.ffp127f,
                                     0x1p-126f,
                                     -0x1.fffffep-127f,
                                     0x1.01p0f,
                                     0x1.03p0f};
    enum { K = 41, M = COUNT(specials), N = COUNT(specials) };
    static float a[M * K], b[K * N];
    struct product p = {M, N, K, N, 1, true};
    for (size_t place = 0; place < K; place++) {
        fill(a, M * K, place % 2 ? ORDINARY : TINY, 7);
        fill(b, K * N, place % 2 ? ORDINARY : TINY, 8);
        for (size_t i = 0; i < M; i++)
            a[i * K + place] = b[place * N + i] = specials[i];
        fill(t.before, M * N, ORDINARY, 9);
        store(&t.a, a, M, K, place / 2);
        store(&t.b, b, K, N, place / 4);
        check_all_ways(&p);
    }
}

/* C itself. */
Test(bf16, special_values_to_add_to) {
    static const float specials[] = {NAN, INFINITY, -INFINITY, -0.0f, 0x1p-127f, -0x1p-149f, 0x1.fffffep127f};
    enum { M = 4, KINDS_OF_B = 4, N = KINDS_OF_B * COUNT(specials) };
    static const float a[M] = {0x1p-63f, -0x1p-63f, 0, 0x1p100f};
    static const float kinds[KINDS_OF_B] = {0x1p-63f, 0x1p-64f, -1, 0x1p24f};
    float b[N];
    for (size_t j = 0; j < N; j++)
        b[j] = kinds[j % KINDS_OF_B];
    for (size_t beta = 0; beta < COUNT(betas); beta++)
        for (size_t k = 0; k < 2; k++) {
            struct product p = {M, N, k, N, betas[beta], true};
            for (size_t i = 0; i < M * N; i++)
                t.before[i] = specials[i % N / KINDS_OF_B];
            store(&t.a, a, M, k, 0);
            store(&t.b, b, k, N, 0);
            check_all_ways(&p);
        }
}

/* bf16 numbers that are denormal count as zero. */
Test(bf16, denormal_operands) {
    static const uint16_t a[] = {0x0001, 0x807f, 0x0040}, b[] = {0x7f00, 0x3f80, 0x0080};
    for (int way = 0; way < test_bf16_ways(); way++) {
        float c[9];
        for (size_t i = 0; i < 9; i++)
            c[i] = NAN;
        cr_assert_eq(tp_bf16gemm(t.contexts[way][0], TP_TRANSPOSE_NO, TP_TRANSPOSE_NO, 3, 3, 1, TP_PRECISION_BF16, a, 1,
                                 TP_PRECISION_BF16, b, 3, 0, c, 3, NULL, 0),
                     TP_OK);
        cr_expect(tp_test_same_bits((const float[9]){0}, c, 9, "%s", test_bf16_way(way)));
    }
}

/* ------------------------------------------------------------------------------------------------ the rule in numbers
 */

#define SMALLEST 0x1p-126f

/* Three products of even steps; what is below 2^-126 only before it is rounded to 24 bits is not zero. */
static const struct sum {
    float a[3], b[3], start, result;
} sums[] = {
    {{0x1p-63f, 0x1.8p-75f}, {0x1p-63f, -0x1p-76f}, 0, 0},      /* 2^-126 - 1.5 2^-151 */
    {{0x1p-63f, 0x1p-75f}, {0x1p-63f, -0x1p-76f}, 0, SMALLEST}, /* 2^-126 - 2^-151, a tie */
    {{0x1p-63f, 0x1p-76f}, {0x1p-63f, -0x1p-76f}, 0, SMALLEST}, /* 2^-126 - 2^-152 */
    {{0x1p-63f, 0x1p-75f}, {-0x1p-63f, 0x1p-76f}, 0, -SMALLEST},
    {{0x1p-63f, 0x1.8p-75f}, {-0x1p-63f, 0x1p-76f}, 0, 0},
    {{0x1p-63f, 0x1.02p-75f}, {0x1p-63f, -0x1p-76f}, 0, 0},        /* just beyond the tie */
    {{0x1p-63f, 0x1.fep-76f}, {0x1p-63f, -0x1p-76f}, 0, SMALLEST}, /* just before it */
    {{0x1p-63f, 0x1p-126f}, {0x1p-63f, -0x1p-126f}, 0, SMALLEST},
    {{0x1.fep-64f}, {0x1.fep-64f}, 0, 0},               /* a product below */
    {{0x1p-64f, 0x1p-64f}, {0x1p-63f, 0x1p-63f}, 0, 0}, /* each half is lost */
    {{0x1p-62f, 0x1p-64f}, {0x1p-63f, -0x1p-63f}, 0, 0x1.8p-126f},
    {{0x1p-62f, -0x1.8p-63f}, {0x1p-64f, 0x1p-64f}, 0x1p-126f, SMALLEST}, /* E vanishes, C does not */
    {{0x1p-63f}, {-0x1p-63f}, 0x1.8p-126f, 0},                            /* C vanishes */
    {{0x1p100f, 0x1p100f}, {0x1p100f, -0x1p100f}, 0, INFINITY},
    {{0x1.fep63f, 0x1.fep63f}, {0x1p63f, 0x1p63f}, 0, 0x1.fep127f},
    {{0x1.fep63f, 0x1.fep63f}, {0x1p64f, 0x1p63f}, 0, INFINITY},
};

/* With the products on even or odd steps from first on. */
static void check_sum(const struct sum *s, int way, size_t first) {
    enum { K = 48, N = 3 };
    float a[K] = {0}, b[K * N] = {0}, c[N], expected[N];
    for (size_t i = 0; i < 3; i++)
        for (size_t j = 0; j < N; j++) {
            a[first + 2 * i] = s->a[i];
            b[(first + 2 * i) * N + j] = s->b[i];
        }
    for (size_t j = 0; j < N; j++)
        c[j] = s->start, expected[j] = s->result;
    cr_assert_eq(tp_bf16gemm(t.contexts[way][0], TP_TRANSPOSE_NO, TP_TRANSPOSE_NO, 1, N, K, TP_PRECISION_F32, a, K,
                             TP_PRECISION_F32, b, N, 1, c, N, NULL, 0),
                 TP_OK);
    cr_expect(tp_test_same_bits(expected, c, N, "%s: sum %d at %zu", test_bf16_way(way), (int)(s - sums), first));
}

Test(bf16, sums_around_the_smallest_normal_number) {
    for (size_t i = 0; i < COUNT(sums); i++) {
        float own = 0;
        for (size_t p = 0; p < 3; p++)
            own = test_bf16_step(sums[i].a[p], sums[i].b[p], own);
        if (sums[i].start == 0)
            cr_expect(tp_test_same_bits(&sums[i].result, &(float){own + 0.0f}, 1, "the test's own sum %zu", i));
        for (int way = 0; way < test_bf16_ways(); way++)
            for (size_t first = 0; first < 44; first = first == 27 ? 32 : first + 1) /* within a block */
                check_sum(&sums[i], way, first);
    }
}

/* Even steps have a sum of their own, and odd ones: 2^24 + 1 - 2^24 depends on who meets whom. */
Test(bf16, even_and_odd_steps_are_apart) {
    static const float a[] = {0x1p24f, 1, -0x1p24f, 1}, b[] = {1, 1, 1, 1};
    for (int way = 0; way < test_bf16_ways(); way++) {
        float c = 0;
        cr_assert_eq(tp_bf16gemm(t.contexts[way][0], TP_TRANSPOSE_NO, TP_TRANSPOSE_NO, 1, 1, 4, TP_PRECISION_F32, a, 4,
                                 TP_PRECISION_F32, b, 1, 0, &c, 1, NULL, 0),
                     TP_OK);
        cr_expect_eq(c, 2, "%s: %g", test_bf16_way(way), (double)c);
    }
}

/* ---------------------------------------------------------------------------------------------------------- contexts
 */

/* What is named is used; without a name, one of the list. */
/* Blocks end what a larger product needs. */
Test(bf16, workspace_of_the_largest_sizes) {
    const size_t large = (size_t)1 << 20;
    for (int way = 0; way < test_bf16_ways(); way++)
        cr_expect_eq(tp_bf16gemm_workspace_size(t.contexts[way][0], SIZE_MAX, SIZE_MAX, SIZE_MAX),
                     tp_bf16gemm_workspace_size(t.contexts[way][0], large, large, large), "%s", test_bf16_way(way));
}

Test(bf16, ways_have_names) {
    tp_context *context = tp_test_context(NULL, 1);
    const char *all = tp_context_machine(context)->bf16;
    cr_expect(strstr(all, tp_context_bf16(context)), "%s is not one of %s", tp_context_bf16(context), all);
    cr_expect_null(tp_context_bf16(NULL));
    for (int way = 0; way < test_bf16_ways(); way++)
        cr_expect(strstr(all, test_bf16_way(way)));
    tp_context_destroy(context);
}
