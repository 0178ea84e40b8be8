/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * tp_sgemm on every instruction set against the chain that the header promises, bit by bit: edge sizes of tiles and
 * blocks (blocking made small), every transpose, leading dimensions, misaligned and guarded memory, alpha and beta.
 */
#include "support/blocking.h"
#include "support/stride.h"
#include "support/support.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct problem {
    size_t m, n, k;
    bool ta, tb;
    float alpha, beta;
    size_t extra; /* leading dimensions beyond the row length */
    size_t misalign;
    bool integers;
};

struct matrix {
    float *p;
    size_t rows, columns, ld;
};

static struct matrix make(size_t rows, size_t columns, const struct problem *p, uint64_t seed) {
    struct matrix x = {.rows = rows, .columns = columns, .ld = columns + p->extra + !columns};
    x.p = tp_test_guarded(rows * x.ld, p->misalign);
    for (size_t i = 0; i < rows; i++) {
        if (p->integers)
            tp_test_fill_integers(x.p + i * x.ld, columns, seed + i, -8, 8);
        else
            tp_test_fill(x.p + i * x.ld, columns, seed + i, -1, 1);
    }
    return x;
}

static float at(const struct matrix *x, bool transposed, size_t i, size_t j) {
    return transposed ? x->p[j * x->ld + i] : x->p[i * x->ld + j];
}

/* The header's words: acc = beta C (0 if beta is 0), then acc = fma(alpha a, b, acc), k ascending. */
static float chain(const struct problem *p, const struct matrix *a, const struct matrix *b, float c, size_t i,
                   size_t j) {
    float acc = p->beta == 0 ? 0 : p->beta * c;
    for (size_t k = 0; p->alpha != 0 && k < p->k; k++)
        acc = fmaf(p->alpha * at(a, p->ta, i, k), at(b, p->tb, k, j), acc);
    return acc;
}

static double exact(const struct problem *p, const struct matrix *a, const struct matrix *b, float c, size_t i,
                    size_t j, double *magnitude) {
    double sum = (double)p->beta * (double)c;
    *magnitude = fabs(sum);
    for (size_t k = 0; k < p->k; k++) {
        const double term = (double)p->alpha * (double)at(a, p->ta, i, k) * (double)at(b, p->tb, k, j);
        sum += term;
        *magnitude += fabs(term);
    }
    return sum;
}

/* Standard bound of a chain with k fused steps, alpha a and beta c rounded: gamma_{k+2}. */
static bool accurate(double expected, double actual, double magnitude, size_t k) {
    const double ku = (double)(k + 2) * 0x1p-24;
    return fabs(actual - expected) <= ku / (1 - ku) * magnitude + 0x1p-140 * (double)(k + 2);
}

static void expected_c(const struct problem *p, const struct matrix *a, const struct matrix *b, const struct matrix *c,
                       float *expected) {
    for (size_t i = 0; i < c->rows; i++)
        for (size_t j = 0; j < c->ld; j++) {
            const float old = c->p[i * c->ld + j];
            float *e = &expected[i * c->ld + j];
            *e = old; /* beyond the columns nothing may change */
            if (j >= c->columns)
                continue;
            *e = chain(p, a, b, old, i, j);
            double magnitude;
            const double sum = exact(p, a, b, old, i, j, &magnitude);
            if (p->integers)
                cr_assert(sum == (double)*e, "the integers of this test are not exact");
            else if (magnitude < 1e38) /* beyond that the chain may overflow on its way */
                cr_assert(accurate(sum, (double)*e, magnitude, p->k));
        }
}

/* Runs one problem and compares; true if all bits are as promised. */
static bool check(tp_context *context, const struct problem *p) {
    const struct matrix a = make(p->ta ? p->k : p->m, p->ta ? p->m : p->k, p, 11);
    const struct matrix b = make(p->tb ? p->n : p->k, p->tb ? p->k : p->n, p, 1234567);
    const struct matrix c = make(p->m, p->n, p, 987654321);
    float *expected = tp_test_floats(c.rows * c.ld);
    expected_c(p, &a, &b, &c, expected);
    const tp_status status =
        tp_sgemm(context, p->ta ? TP_TRANSPOSE_YES : TP_TRANSPOSE_NO, p->tb ? TP_TRANSPOSE_YES : TP_TRANSPOSE_NO, p->m,
                 p->n, p->k, p->alpha, a.p, a.ld, b.p, b.ld, p->beta, c.p, c.ld, NULL, 0);
    cr_expect_eq(status, TP_OK);
    const bool same = tp_test_same_bits(expected, c.p, c.rows * c.ld, "%s %zu x %zu x %zu%s%s alpha %g beta %g +%zu",
                                        tp_context_isa(context), p->m, p->n, p->k, p->ta ? " A^T" : "",
                                        p->tb ? " B^T" : "", (double)p->alpha, (double)p->beta, p->extra);
    tp_test_guarded_free(a.p);
    tp_test_guarded_free(b.p);
    tp_test_guarded_free(c.p);
    free(expected);
    return same;
}

/* Every m and n up to two tiles and one more, small k, all transposes, blocks smaller than a tile and larger. */
static size_t sweep_tiles(const tp_context *context, const struct tp_blocking *blocking) {
    tp_context c = tp_test_with_blocking(context, blocking);
    static const size_t ks[] = {0, 1, 2, 5, 9};
    size_t cases = 0, wrong = 0;
    for (size_t m = 0; m <= 2 * c.isa->mr + 1; m++)
        for (size_t n = 0; n <= 2 * c.isa->nr + 1; n += n < 20 || n + 4 > 2 * c.isa->nr ? 1 : 5) {
            const size_t k = ks[(m + n) % 5];
            const struct problem p = {.m = m,
                                      .n = n,
                                      .k = k,
                                      .ta = cases & 1,
                                      .tb = cases >> 1 & 1,
                                      .alpha = 1,
                                      .beta = (float)(cases % 3),
                                      .extra = cases % 3 == 2 ? 17 : cases % 3,
                                      .misalign = 4 * (cases % 16),
                                      .integers = true};
            wrong += !check(&c, &p);
            cases++;
        }
    cr_expect_eq(wrong, 0);
    return cases;
}

Test(gemm, edges_of_tiles_and_blocks_are_exact) {
    static const struct tp_blocking small[] = {{1, 1, 1, 1}, {3, 2, 5, 1}, {16, 4, 40, 1}, {1000, 1000, 1000, 1}};
    for (int i = 0; i < tp_test_isa_count(); i++) {
        tp_context *context = tp_test_context(tp_test_isa(i), 1);
        size_t cases = 0;
        for (size_t b = 0; b < sizeof small / sizeof *small; b++)
            cases += sweep_tiles(context, &small[b]);
        cr_expect_geq(cases, 400, "%s: only %zu cases ran", tp_test_isa(i), cases);
        tp_context_destroy(context);
    }
}

Test(gemm, edges_of_the_chosen_blocking) {
    for (int i = 0; i < tp_test_isa_count(); i++) {
        tp_context *context = tp_test_context(tp_test_isa(i), 1);
        const struct tp_blocking *b = context->blocking;
        const size_t mr = context->isa->mr, nr = context->isa->nr;
        const struct problem problems[] = {
            {.m = 2, .n = 3, .k = b->kc - 1, .alpha = 1, .integers = true},
            {.m = 3, .n = 2, .k = b->kc, .alpha = 1, .beta = 1, .integers = true},
            {.m = mr, .n = nr, .k = b->kc + 1, .tb = true, .alpha = 1, .integers = true},
            {.m = mr + 1, .n = nr + 1, .k = 2 * b->kc + 3, .ta = true, .alpha = 1, .integers = true},
            {.m = b->mc - 1, .n = 2, .k = 3, .alpha = 1, .integers = true},
            {.m = b->mc + 1, .n = 2, .k = 3, .ta = true, .alpha = 1, .beta = 1, .integers = true},
            {.m = 6 * mr + 1, .n = 3 * nr + 5, .k = 2 * b->kc + 1, .alpha = 1, .integers = true},
            {.m = 6 * mr + 1, .n = 10 * nr + 5, .k = 33, .ta = true, .alpha = 1, .beta = 1, .integers = true},
            {.m = 1, .n = 9 * nr + 3, .k = b->kc + 7, .alpha = 1, .beta = 1, .integers = true},
            {.m = 1, .n = 9 * nr + 3, .k = b->kc + 7, .ta = true, .alpha = 1, .integers = true},
            {.m = 1, .n = 3 * nr + 1, .k = 3 * b->kc + 5, .alpha = 1, .beta = 3, .integers = true},
            {.m = 2, .n = 3 * nr + 1, .k = 3 * b->kc + 3, .alpha = 1, .beta = 3, .integers = true},
            {.m = 2, .n = 3100, .k = 13, .alpha = 1, .integers = true},
            {.m = 5, .n = 3 * nr + 1, .k = 30, .ta = true, .tb = true, .alpha = 1, .beta = 1, .integers = true},
            {.m = 600, .n = 1, .k = 37, .alpha = 1, .beta = 3, .integers = true},
            {.m = 600, .n = 5, .k = 38, .alpha = 1, .beta = 1, .integers = true},
            {.m = 700, .n = 2, .k = 50, .ta = true, .alpha = 1, .beta = 1, .integers = true},
            {.m = 41, .n = 4, .k = 1024, .alpha = 1, .beta = 1, .integers = true},
            {.m = 2, .n = 9 * nr + 3, .k = 11, .ta = true, .alpha = 2, .integers = true},
            {.m = 3, .n = 8 * nr, .k = b->kc + 1, .tb = true, .alpha = 1, .beta = 3, .integers = true},
            {.m = mr + 1, .n = 5 * nr, .k = 21, .tb = true, .alpha = 1, .integers = true},
            {.m = 2 * mr + 3, .n = 8 * nr + 1, .k = 21, .alpha = 1, .integers = true},
            {.m = 2, .n = b->nc - 1, .k = 2, .alpha = 1, .integers = true},
            {.m = 3, .n = b->nc + 1, .k = 3, .tb = true, .alpha = 1, .beta = 1, .integers = true},
            {.m = 17 * mr, .n = b->nc / 2 + 5, .k = 9, .alpha = 1, .integers = true},
            /* a B so large that its k blocks are short */
            {.m = 2 * mr + 3, .n = 700, .k = 401, .alpha = 1, .beta = 1, .integers = true},
            /* long rows from beyond the second-level cache */
            {.m = 2 * mr + 3, .n = 1040, .k = 300, .alpha = 1, .beta = 1, .integers = true},
            {.m = 2 * mr, .n = 1024, .k = 300, .alpha = 1, .integers = true},
            /* rows 4 KiB apart */
            {.m = 2 * mr + 1, .n = 1024, .k = 150, .alpha = 1, .integers = true},
            {.m = 2 * mr + 1, .n = 1024 - 5, .k = 301, .extra = 5, .alpha = 1, .beta = 1, .integers = true},
            {.m = 4 * mr, .n = 768, .k = b->nc * b->kc / 1500, .alpha = 1, .integers = true},
            {.m = 8 * mr, .n = 521, .k = b->nc * b->kc / 1000, .alpha = 1, .integers = true},
            {.m = 5 * mr, .n = 1024, .k = 66, .alpha = 2, .integers = true},
            {.m = b->mc, .n = 1024, .k = 67, .alpha = 1, .integers = true},
            {.m = b->mc + 1, .n = 1024, .k = 10, .alpha = 1, .integers = true},
            {.m = 2 * mr + 1, .n = nr + 1, .extra = 1024 - nr - 1, .k = 30, .alpha = 1, .integers = true},
            /* rows at lines, and strips enough to pack B */
            {.m = 20 * mr, .n = 512, .k = 150, .ta = true, .alpha = 1, .beta = 1, .integers = true},
            {.m = 3 * mr, .n = 300, .k = 1024, .tb = true, .alpha = 1, .integers = true},
            {.m = TP_DOTS_ROWS, .n = 2 * nr + 1, .k = 1024, .tb = true, .alpha = 1, .integers = true},
            /* dot products in blocks of k and pieces of columns */
            {.m = TP_DOTS_ROWS, .n = 1100, .k = 257, .tb = true, .alpha = 1, .beta = 1, .integers = true},
            {.m = 4, .n = 3 * nr + 1, .k = 515, .tb = true, .alpha = 1, .beta = 3, .integers = true},
            {.m = 1100, .n = 5, .k = 259, .tb = true, .alpha = 1, .beta = 3, .integers = true},
            {.m = 70, .n = 2 * nr + 1, .k = 1024, .alpha = 1, .beta = 1, .integers = true},
        };
        for (size_t q = 0; q < sizeof problems / sizeof *problems; q++)
            cr_expect(check(context, &problems[q]));
        tp_context_destroy(context);
    }
}

/* Workspaces are as large as blocks, so what is copied of B must not be larger. */
Test(gemm, copies_of_b_fit_small_blocks) {
    static const struct tp_blocking small = {200, 64, 33, 1};
    for (int i = 0; i < tp_test_isa_count(); i++) {
        tp_context *context = tp_test_context(tp_test_isa(i), 1);
        tp_context copy = tp_test_with_blocking(context, &small);
        for (size_t k = 3; k < 70; k = 2 * k + 1) {
            const size_t mr = context->isa->mr;
            const struct problem crowded = {.m = 2 * mr + 1, .n = 1024, .k = k, .alpha = 1, .integers = true};
            const struct problem packed = {.m = 17 * mr + 1, .n = 512, .k = k, .alpha = 1, .integers = true};
            cr_expect(check(&copy, &crowded));
            cr_expect(check(&copy, &packed));
        }
        tp_context_destroy(context);
    }
}

Test(gemm, real_data_with_every_alpha_and_beta) {
    static const float factors[] = {0, -0.0f, 1, -1, 0.7f, 1e-40f, 3e38f, INFINITY, NAN};
    const size_t count = sizeof factors / sizeof *factors;
    for (int i = 0; i < tp_test_isa_count(); i++) {
        tp_context *context = tp_test_context(tp_test_isa(i), 1);
        for (size_t q = 0; q < 4 * count * count; q++) {
            const struct problem p = {.m = 1 + q % 17,
                                      .n = 1 + q % 37,
                                      .k = 1 + q % 23,
                                      .ta = q & 1,
                                      .tb = q >> 1 & 1,
                                      .alpha = factors[q / 4 % count],
                                      .beta = factors[q / 4 / count],
                                      .extra = q % 2};
            cr_expect(check(context, &p));
        }
        tp_context_destroy(context);
    }
}

Test(gemm, threads_do_not_change_a_bit) {
    static const struct problem problems[] = {
        {.m = 211, .n = 193, .k = 257, .tb = true, .alpha = 0.7f, .beta = 1.3f, .extra = 1},
        {.m = 211, .n = 6, .k = 57, .alpha = 1, .beta = 1, .extra = 1},
        {.m = 7, .n = 37, .k = 21, .alpha = 1, .extra = 1},
        {.m = 6, .n = 37, .k = 70, .tb = true, .alpha = 1, .extra = 1},
        {.m = 1, .n = 21, .k = 10, .tb = true, .alpha = 1},
        {.m = 2, .n = 301, .k = 90, .alpha = 1, .extra = 1},
        {.m = 301, .n = 3, .k = 90, .alpha = 1, .extra = 1},
        {.m = 37, .n = 35, .k = 1, .ta = true, .alpha = 1, .extra = 1},
        {.m = 1, .n = 37, .k = 1, .alpha = 1},
        {.m = 41, .n = 1024, .k = 300, .alpha = 1}, /* threads copy B */
    };
    for (int i = 0; i < tp_test_isa_count(); i++)
        for (int threads = 1; threads <= 8; threads += threads < 3 || threads == 7 ? 1 : 2) {
            tp_context *context = tp_test_eager_context(tp_test_isa(i), threads);
            for (size_t q = 0; q < sizeof problems / sizeof *problems; q++)
                if (test_takes(q + (size_t)(i + threads)))
                    cr_expect(check(context, &problems[q]), "%d threads", threads);
            tp_context_destroy(context);
        }
}

/* beta = 0 must store, not multiply; alpha = 0 must not read A and B. */
Test(gemm, nan_rules) {
    for (int i = 0; i < tp_test_isa_count(); i++) {
        tp_context *context = tp_test_context(tp_test_isa(i), 1);
        float c[3] = {NAN, INFINITY, NAN};
        const float a[1] = {2}, b[3] = {1, 2, 3}, zeros[3] = {0}, product[3] = {2, 4, 6};
        cr_expect_eq(tp_sgemm(context, TP_TRANSPOSE_NO, TP_TRANSPOSE_NO, 1, 3, 1, 1, a, 1, b, 3, 0, c, 3, NULL, 0),
                     TP_OK);
        cr_expect(tp_test_same_bits(product, c, 3, "beta = 0"));
        c[1] = NAN;
        cr_expect_eq(
            tp_sgemm(context, TP_TRANSPOSE_NO, TP_TRANSPOSE_NO, 1, 3, 7, 0, NULL, 7, NULL, 3, 0, c, 3, NULL, 0), TP_OK);
        cr_expect(tp_test_same_bits(zeros, c, 3, "alpha = 0 and beta = 0"));
        const float bad[1] = {0}, infinite[3] = {INFINITY, 1, NAN};
        cr_expect_eq(
            tp_sgemm(context, TP_TRANSPOSE_NO, TP_TRANSPOSE_NO, 1, 3, 1, 1, bad, 1, infinite, 3, 0, c, 3, NULL, 0),
            TP_OK);
        cr_expect(isnan(c[0]) && c[1] == 0 && isnan(c[2]), "0 * Inf and 0 * NaN must show");
        tp_context_destroy(context);
    }
}

Test(gemm, workspace_of_the_caller) {
    tp_context *context = tp_test_context(NULL, 2);
    const size_t m = 40, n = 50, k = 60, size = tp_sgemm_workspace_size(context, m, n, k);
    float *a = tp_test_floats(m * k), *b = tp_test_floats(k * n), *c = tp_test_floats(m * n),
          *d = tp_test_floats(m * n);
    tp_test_fill(a, m * k, 1, -1, 1);
    tp_test_fill(b, k * n, 2, -1, 1);
    float *memory = tp_test_guarded(size / sizeof(float) + 1, 4);
    cr_expect_eq(tp_sgemm(context, TP_TRANSPOSE_NO, TP_TRANSPOSE_NO, m, n, k, 1, a, k, b, n, 0, c, n, memory, size),
                 TP_OK);
    cr_expect_eq(tp_sgemm(context, TP_TRANSPOSE_NO, TP_TRANSPOSE_NO, m, n, k, 1, a, k, b, n, 0, d, n, NULL, 0), TP_OK);
    cr_expect(tp_test_same_bits(c, d, m * n, "own workspace"));
    cr_expect_eq(tp_sgemm(context, TP_TRANSPOSE_NO, TP_TRANSPOSE_NO, m, n, k, 1, a, k, b, n, 0, c, n, memory, 64),
                 TP_ERR_MEMORY);
    tp_test_guarded_free(memory);
    free(a), free(b), free(c), free(d);
    tp_context_destroy(context);
}

/* Blocks so small that panels need less room than the rows which dot products pack. */
Test(gemm, workspace_for_packed_rows) {
    static const struct tp_blocking small = {13, 7, 40, 1};
    const size_t m = TP_DOTS_ROWS, n = 40, k = 300;
    float *a = tp_test_floats(m * k), *b = tp_test_floats(n * k), *c = tp_test_floats(m * n),
          *d = tp_test_floats(m * n);
    tp_test_fill(a, m * k, 1, -1, 1);
    tp_test_fill(b, n * k, 2, -1, 1);
    for (int i = 0; i < tp_test_isa_count(); i++) {
        tp_context *context = tp_test_context(tp_test_isa(i), 1);
        tp_context copy = tp_test_with_blocking(context, &small);
        const size_t size = tp_sgemm_workspace_size(&copy, m, n, k);
        float *memory = tp_test_guarded(size / sizeof(float) + 1, 0);
        cr_expect_eq(tp_sgemm(&copy, TP_TRANSPOSE_NO, TP_TRANSPOSE_YES, m, n, k, 1, a, k, b, k, 0, c, n, memory, size),
                     TP_OK);
        cr_expect_eq(tp_sgemm(context, TP_TRANSPOSE_NO, TP_TRANSPOSE_YES, m, n, k, 1, a, k, b, k, 0, d, n, NULL, 0),
                     TP_OK);
        cr_expect(tp_test_same_bits(d, c, m * n, "%s", tp_test_isa(i)));
        tp_test_guarded_free(memory);
        tp_context_destroy(context);
    }
    free(a), free(b), free(c), free(d);
}

struct bad_call {
    const char *names;
    int ta;
    size_t m, lda, ldb, ldc;
    bool a, b, c;
};

Test(gemm, argument_errors_name_the_argument) {
    static const struct bad_call calls[] = {
        {"transpose_a", 2, 4, 3, 5, 5, true, true, true},
        {"lda", 0, 4, 2, 5, 5, true, true, true},
        {"lda", 1, 4, 3, 5, 5, true, true, true},
        {"ldb", 0, 4, 3, 4, 5, true, true, true},
        {"ldc", 0, 4, 3, 5, 4, true, true, true},
        {"a is NULL", 0, 4, 3, 5, 5, false, true, true},
        {"b is NULL", 0, 4, 3, 5, 5, true, false, true},
        {"c is NULL", 0, 4, 3, 5, 5, true, true, false},
        {"c: ", 0, SIZE_MAX / 8, 3, 5, 5, true, true, true},
    };
    tp_context *context = tp_test_context(NULL, 1);
    float a[64] = {0}, b[64] = {0}, c[64];
    for (size_t i = 0; i < 64; i++)
        c[i] = 3;
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        const struct bad_call *q = &calls[i];
        const tp_status status = tp_sgemm(context, (tp_transpose)q->ta, TP_TRANSPOSE_NO, q->m, 5, 3, 1, q->a ? a : NULL,
                                          q->lda, q->b ? b : NULL, q->ldb, 0, q->c ? c : NULL, q->ldc, NULL, 0);
        cr_expect_eq(status, TP_ERR_ARGUMENT, "call %zu (%s)", i, q->names);
        cr_expect(strstr(tp_test_message(context), q->names) || q->m > 4, "\"%s\" does not name %s",
                  tp_test_message(context), q->names);
    }
    for (size_t i = 0; i < 64; i++)
        cr_expect_eq(c[i], 3);
    cr_expect_eq(tp_sgemm(NULL, TP_TRANSPOSE_NO, TP_TRANSPOSE_NO, 1, 1, 1, 1, a, 1, b, 1, 0, c, 1, NULL, 0),
                 TP_ERR_ARGUMENT);
    tp_context_destroy(context);
}
