/* SPDX-License-Identifier: BSD-3-Clause */
/* Packed matrices and epilogues: the bits of tp_sgemm, and of the kernels applied to its result. */
#include "cpu/dispatch.h"
#include "support/blocking.h"
#include "support/support.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

#define LD_EXTRA 3

struct problem {
    size_t m, n, k;
    tp_transpose ta, tb;
    float alpha, beta;
};

struct data {
    float *a, *b, *c, *expected, *bias, *outputs;
    size_t lda, ldb, ldc;
};

static float *filled(size_t rows, size_t ld, uint64_t seed) {
    float *x = tp_test_guarded(rows * ld, 4 * (seed % 16));
    tp_test_fill(x, rows * ld, seed, -1, 1);
    return x;
}

static struct data make(const struct problem *p) {
    struct data d = {.lda = (p->ta ? p->m : p->k) + LD_EXTRA, .ldb = (p->tb ? p->k : p->n) + 1, .ldc = p->n + LD_EXTRA};
    d.a = filled(p->ta ? p->k : p->m, d.lda, 1);
    d.b = filled(p->tb ? p->n : p->k, d.ldb, 2);
    d.c = filled(p->m, d.ldc, 3);
    d.expected = filled(p->m, d.ldc, 3);
    d.bias = filled(1, p->n, 4);
    d.outputs = filled(p->m, d.ldc, 5);
    return d;
}

static void release(struct data *d) {
    float *all[] = {d->a, d->b, d->c, d->expected, d->bias, d->outputs};
    for (size_t i = 0; i < 6; i++)
        tp_test_guarded_free(all[i]);
}

/* What a bias means: every row of C is the bias to begin with. */
static void expect(tp_context *context, const struct problem *p, const tp_epilogue *e, struct data *d) {
    const float beta = e && e->bias ? 1 : p->beta;
    for (size_t i = 0; e && e->bias && i < p->m; i++)
        memcpy(d->expected + i * d->ldc, e->bias, p->n * sizeof(float));
    cr_assert_eq(tp_sgemm(context, p->ta, p->tb, p->m, p->n, p->k, p->alpha, d->a, d->lda, d->b, d->ldb, beta,
                          d->expected, d->ldc, NULL, 0),
                 TP_OK);
    if (!e)
        return;
    const struct tp_activation_kernels *f = &tp_isa_scalar.activation[e->activation];
    if (e->outputs)
        f->derive(d->expected, d->ldc, e->outputs, e->ld, p->m, p->n, e->slope);
    else
        f->activate(d->expected, d->ldc, p->m, p->n, e->slope);
}

static bool check(tp_context *context, const struct problem *p, const tp_epilogue *kind, bool bias, bool outputs) {
    struct data d = make(p);
    tp_epilogue e = kind ? *kind : (tp_epilogue){0};
    e.bias = bias ? d.bias : NULL;
    e.outputs = outputs ? d.outputs : NULL;
    e.ld = d.ldc;
    expect(context, p, kind ? &e : NULL, &d);
    tp_packed *packed = NULL;
    cr_assert_eq(tp_packed_create(context, p->tb, p->k, p->n, d.b, d.ldb, NULL, 0, &packed), TP_OK);
    cr_assert_eq(tp_sgemm_packed(context, p->ta, p->m, p->alpha, d.a, d.lda, packed, bias ? 0 : p->beta,
                                 kind ? &e : NULL, d.c, d.ldc, NULL, 0),
                 TP_OK);
    tp_packed_destroy(packed);
    const bool same = tp_test_same_bits(
        d.expected, d.c, p->m * d.ldc, "%s %zu x %zu x %zu, %s%s%s", tp_context_isa(context), p->m, p->n, p->k,
        kind ? tp_activation_name(e.activation) : "no epilogue", bias ? ", bias" : "", outputs ? ", derivative" : "");
    release(&d);
    return same;
}

static const struct problem problems[] = {
    {1, 1, 1, TP_TRANSPOSE_NO, TP_TRANSPOSE_NO, 1, 0},
    {0, 5, 3, TP_TRANSPOSE_NO, TP_TRANSPOSE_NO, 1, 0},
    {5, 7, 0, TP_TRANSPOSE_NO, TP_TRANSPOSE_NO, 1, 0},
    {3, 10, 33, TP_TRANSPOSE_NO, TP_TRANSPOSE_YES, 1, 0},
    {17, 33, 9, TP_TRANSPOSE_YES, TP_TRANSPOSE_NO, 0.7f, 1.3f},
    {61, 77, 130, TP_TRANSPOSE_NO, TP_TRANSPOSE_YES, 1, 1},
    {1, 300, 20, TP_TRANSPOSE_NO, TP_TRANSPOSE_NO, 1, 0},
    {3, 300, 700, TP_TRANSPOSE_NO, TP_TRANSPOSE_YES, 1, 1},
    {100, 65, 600, TP_TRANSPOSE_YES, TP_TRANSPOSE_YES, -1, 0.5f},
    {9, 32, 16, TP_TRANSPOSE_NO, TP_TRANSPOSE_NO, 0, 2},
};

#define PROBLEMS (sizeof problems / sizeof *problems)

Test(packed, products_have_the_same_bits) {
    static const struct tp_blocking tiny = {5, 7, 3, 1};
    for (int i = 0; i < tp_test_isa_count(); i++)
        for (size_t q = 0; q < PROBLEMS; q++) {
            tp_context *context = tp_test_context(tp_test_isa(i), 3);
            tp_context copy = tp_test_with_blocking(context, &tiny);
            cr_expect(check(context, &problems[q], NULL, false, false));
            cr_expect(check(&copy, &problems[q], NULL, false, false), "tiny blocks, three threads");
            tp_context_destroy(context);
        }
}

Test(packed, epilogues) {
    for (int i = 0; i < tp_test_isa_count(); i++)
        for (int f = 0; f < TP_ACTIVATION_COUNT; f++)
            for (size_t q = 0; f != TP_ACTIVATION_SOFTMAX && q < PROBLEMS * 4; q++) {
                tp_context *context = tp_test_context(tp_test_isa(i), 1);
                const tp_epilogue e = {.activation = (tp_activation)f, .slope = 0.125f};
                cr_expect(check(context, &problems[q / 4], &e, q & 1, q & 2));
                tp_context_destroy(context);
            }
}

Test(packed, updates_replace_the_matrix) {
    tp_context *context = tp_test_context(NULL, 1);
    float one[12], two[12], a[4] = {1, 2, 3, 4}, c[3], expected[3];
    tp_test_fill(one, 12, 1, -1, 1);
    tp_test_fill(two, 12, 2, -1, 1);
    const size_t size = tp_packed_size(context, 4, 3);
    float *memory = tp_test_guarded(size / sizeof(float) + 1, 12);
    tp_packed *packed = NULL;
    cr_assert_eq(tp_packed_create(context, TP_TRANSPOSE_NO, 4, 3, one, 3, memory, size, &packed), TP_OK);
    cr_assert_eq(tp_packed_update(packed, TP_TRANSPOSE_YES, two, 4), TP_OK);
    cr_assert_eq(tp_sgemm_packed(context, TP_TRANSPOSE_NO, 1, 1, a, 4, packed, 0, NULL, c, 3, NULL, 0), TP_OK);
    cr_assert_eq(
        tp_sgemm(context, TP_TRANSPOSE_NO, TP_TRANSPOSE_YES, 1, 3, 4, 1, a, 4, two, 4, 0, expected, 3, NULL, 0), TP_OK);
    cr_expect(tp_test_same_bits(expected, c, 3, "after an update"));
    tp_packed_destroy(packed);
    tp_test_guarded_free(memory);
    tp_context_destroy(context);
}
