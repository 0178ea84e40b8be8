/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * cblas_sgemm of libtileprop_cblas.so as a program sees it that has its own cblas_xerbla: every argument error with the
 * number that the reference implementation gives it, every mode bit by bit, and calls from many threads.
 */
#include "cblas/cblas.h"
#include "support/support.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <limits.h>
#include <math.h>
#include <omp.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PADDING 12345.0f /* between the rows of C */

/* What the program's own handler received. */
static struct {
    int calls;
    int parameter;
    char routine[32];
    char message[1024];
} error;

void cblas_xerbla(int parameter, const char *routine, const char *format, ...) {
    error.calls++;
    error.parameter = parameter;
    snprintf(error.routine, sizeof error.routine, "%s", routine);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(error.message, sizeof error.message, format, arguments);
    va_end(arguments);
}

static const CBLAS_LAYOUT layouts[] = {CblasRowMajor, CblasColMajor};
static const CBLAS_TRANSPOSE transposes[] = {CblasNoTrans, CblasTrans, CblasConjTrans};

/* ---------------------------------------------------------------------------------------------- argument errors */

struct arguments {
    CBLAS_LAYOUT layout;
    CBLAS_TRANSPOSE ta, tb;
    int m, n, k, lda, ldb, ldc;
    bool a, b, c;
};

/* 3 x 5 with k = 7 and no leading dimension larger than it must be. */
static struct arguments good_arguments(CBLAS_LAYOUT layout, CBLAS_TRANSPOSE ta, CBLAS_TRANSPOSE tb) {
    const bool row = layout == CblasRowMajor;
    return (struct arguments){.layout = layout,
                              .ta = ta,
                              .tb = tb,
                              .m = 3,
                              .n = 5,
                              .k = 7,
                              .lda = row == (ta == CblasNoTrans) ? 7 : 3,
                              .ldb = row == (tb == CblasNoTrans) ? 5 : 7,
                              .ldc = row ? 5 : 3,
                              .a = true,
                              .b = true,
                              .c = true};
}

/* Calls, and checks which parameter was reported (-1: none) and that a call with an error left C alone. */
static void expect_report(const struct arguments *p, int parameter) {
    static const float a[64] = {1}, b[64] = {1};
    float c[64];
    memset(c, 0, sizeof c);
    memset(&error, 0, sizeof error);
    cblas_sgemm(p->layout, p->ta, p->tb, p->m, p->n, p->k, 1, p->a ? a : NULL, p->lda, p->b ? b : NULL, p->ldb, 1,
                p->c ? c : NULL, p->ldc);
    const int expected_calls = parameter >= 0;
    cr_assert_eq(error.calls, expected_calls, "%d reports, layout %d ta %d tb %d, expected parameter %d", error.calls,
                 (int)p->layout, (int)p->ta, (int)p->tb, parameter);
    if (parameter < 0)
        return;
    cr_expect_eq(error.parameter, parameter, "parameter %d instead of %d, layout %d ta %d tb %d", error.parameter,
                 parameter, (int)p->layout, (int)p->ta, (int)p->tb);
    cr_expect_str_eq(error.routine, "cblas_sgemm");
    for (size_t i = 0; i < 64; i++)
        cr_expect_eq(c[i], 0);
}

/* One bad integer at a time. The numbers are what a handler gets from the reference implementation: in row-major order
 * m and n, and lda and ldb, have changed places. */
static int report_integers(const struct arguments *good) {
    const bool row = good->layout == CblasRowMajor;
    struct arguments bad = *good;
    const struct {
        int *value, parameter, largest;
        const char *message; /* names it as the caller does */
    } integers[] = {
        {&bad.m, row ? 5 : 4, -1, "Illegal M setting"},
        {&bad.n, row ? 4 : 5, -1, "Illegal N setting"},
        {&bad.k, 6, -1, "Illegal K setting"},
        {&bad.lda, row ? 11 : 9, good->lda - 1, "Illegal lda setting"},
        {&bad.ldb, row ? 9 : 11, good->ldb - 1, "Illegal ldb setting"},
        {&bad.ldc, 14, good->ldc - 1, "Illegal ldc setting"},
    };
    int cases = 0;
    for (size_t i = 0; i < sizeof integers / sizeof *integers; i++) {
        const int values[] = {integers[i].largest, -1, INT_MIN};
        for (size_t v = 0; v < sizeof values / sizeof *values; v++, cases++) {
            *integers[i].value = values[v];
            expect_report(&bad, integers[i].parameter);
            cr_expect_not_null(strstr(error.message, integers[i].message), "%s", error.message);
            bad = *good;
        }
    }
    return cases;
}

static int report_modes(const struct arguments *good) {
    static const int modes[] = {-1, 0, 110, 114, INT_MAX};
    int cases = 0;
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++, cases += 3) {
        struct arguments bad = *good;
        bad.layout = (CBLAS_LAYOUT)modes[i];
        expect_report(&bad, 1);
        bad = *good;
        bad.ta = (CBLAS_TRANSPOSE)modes[i];
        expect_report(&bad, 2);
        bad = *good;
        bad.tb = (CBLAS_TRANSPOSE)modes[i];
        expect_report(&bad, 3);
    }
    return cases;
}

Test(cblas, every_bad_argument_is_reported) {
    int cases = 0;
    for (size_t i = 0; i < 2 * 3 * 3; i++) {
        const struct arguments good = good_arguments(layouts[i / 9], transposes[i / 3 % 3], transposes[i % 3]);
        expect_report(&good, -1);
        cases += report_integers(&good) + report_modes(&good);
    }
    cr_expect_eq(cases, 2 * 9 * (6 * 3 + 3 * 5), "%d cases ran", cases);
}

/* Products of size 0 are checked too; leading dimensions are at least 1. */
Test(cblas, empty_products_have_arguments_too) {
    int cases = 0;
    for (size_t i = 0; i < 2 * 3 * 3; i++) {
        struct arguments empty = good_arguments(layouts[i / 9], transposes[i / 3 % 3], transposes[i % 3]);
        empty.m = empty.n = empty.k = 0;
        empty.lda = empty.ldb = empty.ldc = 1;
        expect_report(&empty, -1);
        cases += report_integers(&empty);
    }
    cr_expect_eq(cases, 2 * 9 * 6 * 3, "%d cases ran", cases);
}

/* The reference implementation stops at the first error, in the order of the column-major product. */
Test(cblas, first_error_wins) {
    const struct {
        CBLAS_LAYOUT layout;
        int ta, m, n, lda, ldb, ldc, parameter;
    } calls[] = {
        {CblasColMajor, 0, -1, -1, 0, 0, 0, 2},   {CblasColMajor, 111, -1, -1, 0, 0, 0, 4},
        {CblasColMajor, 111, 3, -1, 0, 0, 0, 5},  {CblasColMajor, 111, 3, 5, 0, 0, 0, 9},
        {CblasColMajor, 111, 3, 5, 3, 0, 0, 11},  {CblasRowMajor, 0, -1, -1, 0, 0, 0, 2},
        {CblasRowMajor, 111, -1, -1, 0, 0, 0, 4}, {CblasRowMajor, 111, -1, 5, 0, 0, 0, 5},
        {CblasRowMajor, 111, 3, 5, 0, 0, 0, 9},   {CblasRowMajor, 111, 3, 5, 0, 5, 0, 11},
    };
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        const struct arguments p = {.layout = calls[i].layout,
                                    .ta = (CBLAS_TRANSPOSE)calls[i].ta,
                                    .tb = CblasNoTrans,
                                    .m = calls[i].m,
                                    .n = calls[i].n,
                                    .k = 7,
                                    .lda = calls[i].lda,
                                    .ldb = calls[i].ldb,
                                    .ldc = calls[i].ldc,
                                    .a = true,
                                    .b = true,
                                    .c = true};
        expect_report(&p, calls[i].parameter);
    }
}

/* Ours alone: the reference implementation would crash. */
Test(cblas, null_matrices_are_reported) {
    for (size_t i = 0; i < 2; i++) {
        const bool row = layouts[i] == CblasRowMajor;
        const struct arguments good = good_arguments(layouts[i], CblasNoTrans, CblasTrans);
        struct arguments bad = good;
        bad.a = false;
        expect_report(&bad, row ? 10 : 8);
        cr_expect_str_eq(error.message, "Illegal A setting, 0\n");
        bad = good;
        bad.b = false;
        expect_report(&bad, row ? 8 : 10);
        cr_expect_str_eq(error.message, "Illegal B setting, 0\n");
        bad = good;
        bad.c = false;
        expect_report(&bad, 13);
        bad.m = 0; /* nothing to read or write */
        bad.a = bad.b = false;
        expect_report(&bad, -1);
        bad.m = 3, bad.k = 0; /* beta is 1 */
        expect_report(&bad, -1);
    }
}

/* Also shows that the environment is honoured. */
Test(cblas, unknown_instruction_set_is_reported) {
    setenv("TILEPROP_ISA", "nonesuch", 1);
    const struct arguments good = good_arguments(CblasRowMajor, CblasNoTrans, CblasNoTrans);
    for (int call = 0; call < 2; call++) {
        expect_report(&good, 0);
        cr_expect(strstr(error.message, "\"nonesuch\""), "the message is \"%s\"", error.message);
    }
}

/* --------------------------------------------------------------------------------------------------------- values */

/* Element (i, j) of op(A) and op(B) and of the old C: the same however they are stored. */
static float element(uint64_t seed, size_t i, size_t j) {
    return (float)(int32_t)(tp_test_random(seed, i * 1000003 + j) >> 32) * 0x1p-31f;
}

struct stored {
    float *p;
    size_t rows, columns; /* of op(X) */
    size_t ld;
    size_t lines; /* rows or columns, whichever lie apart by ld */
    bool by_columns;
};

static float *at(const struct stored *x, size_t i, size_t j) {
    return &x->p[x->by_columns ? j * x->ld + i : i * x->ld + j];
}

static void fill(const struct stored *x, float padding, uint64_t seed) {
    for (size_t i = 0; i < x->lines * x->ld; i++)
        x->p[i] = padding;
    for (size_t i = 0; i < x->rows; i++)
        for (size_t j = 0; j < x->columns; j++)
            *at(x, i, j) = element(seed, i, j);
}

static struct stored store(size_t rows, size_t columns, CBLAS_LAYOUT layout, CBLAS_TRANSPOSE transpose, size_t extra,
                           float padding, uint64_t seed) {
    const bool by_columns = (layout == CblasColMajor) == (transpose == CblasNoTrans);
    const size_t line = by_columns ? rows : columns;
    struct stored x = {.rows = rows, .columns = columns, .by_columns = by_columns};
    x.lines = by_columns ? columns : rows;
    x.ld = line + extra + !(line + extra);
    x.p = tp_test_guarded(x.lines * x.ld, 4);
    fill(&x, padding, seed);
    return x;
}

enum { A_SEED = 1, B_SEED, C_SEED };

struct sizes {
    size_t m, n, k;
};

/* tp_sgemm's chain, alpha times the first operand of the row-major problem, which is B for column-major storage. */
static float chain(const struct sizes *s, CBLAS_LAYOUT layout, float alpha, float beta, size_t i, size_t j) {
    float acc = beta == 0 ? 0 : beta * element(C_SEED, i, j);
    for (size_t k = 0; alpha != 0 && k < s->k; k++) {
        const float a = element(A_SEED, i, k), b = element(B_SEED, k, j);
        acc = layout == CblasRowMajor ? fmaf(alpha * a, b, acc) : fmaf(alpha * b, a, acc);
    }
    return acc;
}

/* The product in double precision, and the standard bound of a chain of k fused steps. */
static double naive(const struct sizes *s, float alpha, float beta, size_t i, size_t j, double *bound) {
    double sum = (double)beta * (double)element(C_SEED, i, j), magnitude = fabs(sum);
    for (size_t k = 0; k < s->k; k++) {
        const double term = (double)alpha * (double)element(A_SEED, i, k) * (double)element(B_SEED, k, j);
        sum += term;
        magnitude += fabs(term);
    }
    *bound = (double)(s->k + 2) * 0x1p-23 * magnitude;
    return sum;
}

/* m x n, without padding; by rows. */
static float *expected_product(const struct sizes *s, CBLAS_LAYOUT layout, float alpha, float beta) {
    float *expected = tp_test_floats(s->m * s->n);
    for (size_t i = 0; i < s->m; i++)
        for (size_t j = 0; j < s->n; j++) {
            double bound;
            const double sum = naive(s, alpha, beta, i, j, &bound);
            float *e = &expected[i * s->n + j];
            *e = chain(s, layout, alpha, beta, i, j);
            cr_assert(fabs((double)*e - sum) <= bound, "the chain is inaccurate");
        }
    return expected;
}

/* The old C with the product in it and the padding as it was. */
static float *expected_storage(const struct stored *c, const float *product) {
    float *expected = tp_test_floats(c->lines * c->ld);
    memcpy(expected, c->p, c->lines * c->ld * sizeof(float));
    for (size_t i = 0; i < c->rows; i++)
        for (size_t j = 0; j < c->columns; j++)
            expected[c->by_columns ? j * c->ld + i : i * c->ld + j] = product[i * c->columns + j];
    return expected;
}

struct call {
    struct sizes size;
    CBLAS_LAYOUT layout;
    float alpha, beta;
    const float *product;
};

/* C starts as NaN if beta is 0; A and B are NULL if alpha is 0. */
static bool run(const struct call *p, CBLAS_TRANSPOSE ta, CBLAS_TRANSPOSE tb, const struct stored *a,
                const struct stored *b, const struct stored *c) {
    fill(c, PADDING, C_SEED);
    float *expected = expected_storage(c, p->product);
    for (size_t i = 0; p->beta == 0 && i < c->rows; i++)
        for (size_t j = 0; j < c->columns; j++)
            *at(c, i, j) = NAN;
    const bool reads = p->alpha != 0;
    cblas_sgemm(p->layout, ta, tb, (int)p->size.m, (int)p->size.n, (int)p->size.k, p->alpha, reads ? a->p : NULL,
                (int)a->ld, reads ? b->p : NULL, (int)b->ld, p->beta, c->p, (int)c->ld);
    const bool same = tp_test_same_bits(expected, c->p, c->lines * c->ld,
                                        "layout %d, %d %d, %zu x %zu x %zu, alpha %g beta %g", (int)p->layout, (int)ta,
                                        (int)tb, p->size.m, p->size.n, p->size.k, (double)p->alpha, (double)p->beta);
    free(expected);
    return same;
}

static const float factors[] = {0, 1, 0.7f, 1.3f};
#define FACTORS (sizeof factors / sizeof *factors)

/* Every alpha and beta with operands that are stored once, and must not have changed at the end. */
static size_t run_factors(struct call *p, CBLAS_TRANSPOSE ta, CBLAS_TRANSPOSE tb, size_t extra,
                          float *const products[]) {
    const size_t m = p->size.m, n = p->size.n, k = p->size.k;
    const struct stored a = store(m, k, p->layout, ta, extra, NAN, A_SEED);
    const struct stored b = store(k, n, p->layout, tb, extra, NAN, B_SEED);
    const struct stored c = store(m, n, p->layout, CblasNoTrans, extra, PADDING, C_SEED);
    const struct stored a_before = store(m, k, p->layout, ta, extra, NAN, A_SEED);
    const struct stored b_before = store(k, n, p->layout, tb, extra, NAN, B_SEED);
    for (size_t f = 0; f < FACTORS * FACTORS; f++) {
        p->alpha = factors[f / FACTORS], p->beta = factors[f % FACTORS], p->product = products[f];
        cr_assert(run(p, ta, tb, &a, &b, &c));
    }
    cr_expect_eq(memcmp(a.p, a_before.p, a.lines * a.ld * sizeof(float)), 0, "A was changed");
    cr_expect_eq(memcmp(b.p, b_before.p, b.lines * b.ld * sizeof(float)), 0, "B was changed");
    float *const guarded[] = {a.p, b.p, c.p, a_before.p, b_before.p};
    for (size_t i = 0; i < sizeof guarded / sizeof *guarded; i++)
        tp_test_guarded_free(guarded[i]);
    return FACTORS * FACTORS;
}

static size_t run_transposes(const struct sizes *size, CBLAS_LAYOUT layout) {
    float *products[FACTORS * FACTORS];
    for (size_t f = 0; f < FACTORS * FACTORS; f++)
        products[f] = expected_product(size, layout, factors[f / FACTORS], factors[f % FACTORS]);
    struct call call = {.size = *size, .layout = layout};
    size_t cases = 0;
    for (size_t t = 0; t < 9; t++)
        for (size_t extra = 0; extra < 2; extra++)
            cases += run_factors(&call, transposes[t / 3], transposes[t % 3], extra, products);
    for (size_t f = 0; f < FACTORS * FACTORS; f++)
        free(products[f]);
    return cases;
}

Test(cblas, every_mode_size_and_factor) {
    static const size_t edges[] = {0, 1, 2, 3, 5, 9, 35, 65};
    size_t cases = 0;
    memset(&error, 0, sizeof error);
    for (size_t s = 0; s < 8 * 8 * 8; s++) {
        const struct sizes size = {edges[s / 64], edges[s / 8 % 8], edges[s % 8]};
        for (size_t l = 0; l < 2; l++)
            cases += run_transposes(&size, layouts[l]);
    }
    cr_expect_eq(error.calls, 0);
    cr_expect_eq(cases, (size_t)8 * 8 * 8 * 2 * 9 * 2 * 16, "%zu cases ran", cases);
}

/* -------------------------------------------------------------------------------------------------------- threads */

struct problem {
    int m, n, k;
    float *a, *b, *c, *expected;
};

/* expected comes from tp_sgemm. */
static struct problem make_problem(tp_context *context, int m, int n, int k) {
    const size_t rows = (size_t)m, columns = (size_t)n, depth = (size_t)k;
    struct problem p = {m,
                        n,
                        k,
                        tp_test_floats(rows * depth),
                        tp_test_floats(depth * columns),
                        tp_test_floats(rows * columns),
                        tp_test_floats(rows * columns)};
    tp_test_fill(p.a, rows * depth, 1, -1, 1);
    tp_test_fill(p.b, depth * columns, 2, -1, 1);
    cr_assert_eq(tp_sgemm(context, TP_TRANSPOSE_NO, TP_TRANSPOSE_NO, rows, columns, depth, 1, p.a, depth, p.b, columns,
                          0, p.expected, columns, NULL, 0),
                 TP_OK);
    return p;
}

static void free_problem(const struct problem *p) {
    free(p->a), free(p->b), free(p->c), free(p->expected);
}

static bool solve(const struct problem *p) {
    const size_t size = (size_t)p->m * (size_t)p->n;
    memset(p->c, 0xff, size * sizeof(float));
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, p->m, p->n, p->k, 1, p->a, p->k, p->b, p->n, 0, p->c, p->n);
    return tp_test_same_bits(p->expected, p->c, size, "%d x %d x %d", p->m, p->n, p->k);
}

#define CALLERS 8
#define REPEATS 200

struct caller {
    struct problem small, large;
    pthread_barrier_t *start;
    int right;
};

static void *call_repeatedly(void *argument) {
    struct caller *caller = argument;
    pthread_barrier_wait(caller->start);
    for (int i = 0; i < REPEATS; i++)
        caller->right += solve(&caller->small) && solve(&caller->large);
    return NULL;
}

/* The first calls of the process race to make its context; workspaces grow, and go when their threads end. */
Test(cblas, many_threads_call_at_once) {
    tp_context *context = tp_test_context(NULL, 1);
    pthread_barrier_t start;
    cr_assert_eq(pthread_barrier_init(&start, NULL, CALLERS), 0);
    struct caller callers[CALLERS];
    pthread_t threads[CALLERS];
    for (int i = 0; i < CALLERS; i++) {
        callers[i] = (struct caller){make_problem(context, 1 + i, 9 + 5 * i, 1 + 3 * i),
                                     make_problem(context, 80 + 13 * i, 250 - 17 * i, 60 + 29 * i), &start, 0};
    }
    for (int i = 0; i < CALLERS; i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, call_repeatedly, &callers[i]), 0);
    for (int i = 0; i < CALLERS; i++) {
        cr_assert_eq(pthread_join(threads[i], NULL), 0);
        cr_expect_eq(callers[i].right, REPEATS, "thread %d: %d of %d right", i, callers[i].right, REPEATS);
        free_problem(&callers[i].small);
        free_problem(&callers[i].large);
    }
    pthread_barrier_destroy(&start);
    tp_context_destroy(context);
}

/* The second product needs many times the workspace of the first, and packs B to the end of it. */
Test(cblas, workspaces_grow_by_leaps) {
    tp_context *context = tp_test_context(NULL, 1);
    const struct problem small = make_problem(context, 2, 3, 5), large = make_problem(context, 300, 900, 400);
    cr_expect(solve(&small));
    cr_expect(solve(&large));
    free_problem(&small);
    free_problem(&large);
    tp_context_destroy(context);
}

static int threads_of_process(void) {
    DIR *tasks = opendir("/proc/self/task");
    cr_assert_not_null(tasks);
    int count = 0;
    while (readdir(tasks))
        count++;
    closedir(tasks);
    return count;
}

/* The runtime keeps its threads, so their number is the largest team so far. */
Test(cblas, each_call_uses_the_threads_of_openmp) {
    static const int counts[] = {1, 3, 2, 4, 1};
    tp_context *context = tp_test_context(NULL, 1);
    const struct problem p = make_problem(context, 300, 280, 310);
    const int before = threads_of_process();
    setenv("OMP_NUM_THREADS", "1", 1); /* a quota does not limit what was asked for */
    int largest = 1;
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        omp_set_num_threads(counts[i]);
        largest = counts[i] > largest ? counts[i] : largest;
        cr_expect(solve(&p), "%d threads", counts[i]);
        if (i < 2) /* some runtimes let threads end when a team shrinks */
            cr_expect_eq(threads_of_process() - before, largest - 1, "%d more threads instead of %d",
                         threads_of_process() - before, largest - 1);
    }
    free_problem(&p);
    tp_context_destroy(context);
}
