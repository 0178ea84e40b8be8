/* SPDX-License-Identifier: BSD-3-Clause */
/* Products and the table "NaN and infinity" of the public header, as test_nonfinite.c has it for networks. */
#include "support/nonfinite.h"
#include "support/support.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

/* rows x columns of small integers, one constant if low is high, with NaN between the rows and guards around. */
static float *matrix(size_t rows, size_t columns, uint64_t seed, int low, int high) {
    const size_t ld = columns + TEST_PADDING;
    float *x = tp_test_guarded(rows * ld, 4 * (seed % 16));
    for (size_t i = 0; i < rows; i++)
        tp_test_fill_integers(x + i * ld, columns, seed + i, low, high);
    return x;
}

/* -------------------------------------------------------------------------------------------------- matrix product */

struct product {
    tp_context *context;
    size_t m, n, k;
    tp_transpose ta, tb;
    float beta;
    bool packed;
    tp_epilogue epilogue; /* of packed ones */
    float *a, *b, *old, *bias, *outputs, *c, *clean;
    size_t lda, ldb, ldc;
};

static void multiply(const struct product *p, float *c) {
    const size_t size = p->m * p->ldc;
    memcpy(c, p->old, size * sizeof(float));
    if (!p->packed) {
        cr_assert_eq(tp_sgemm(p->context, p->ta, p->tb, p->m, p->n, p->k, 1, p->a, p->lda, p->b, p->ldb, p->beta, c,
                              p->ldc, NULL, 0),
                     TP_OK);
        return;
    }
    tp_packed *b = NULL;
    cr_assert_eq(tp_packed_create(p->context, p->tb, p->k, p->n, p->b, p->ldb, NULL, 0, &b), TP_OK);
    cr_assert_eq(
        tp_sgemm_packed(p->context, p->ta, p->m, 1, p->a, p->lda, b, p->beta, &p->epilogue, c, p->ldc, NULL, 0), TP_OK);
    tp_packed_destroy(b);
}

/* Operands of low..high, old C and bias of 1..4, outputs of 1. */
static void open_product(struct product *p, int low, int high) {
    p->lda = (p->ta ? p->m : p->k) + TEST_PADDING;
    p->ldb = (p->tb ? p->k : p->n) + TEST_PADDING;
    p->ldc = p->n + TEST_PADDING;
    p->a = matrix(p->ta ? p->k : p->m, p->ta ? p->m : p->k, 1, low, high);
    p->b = matrix(p->tb ? p->n : p->k, p->tb ? p->k : p->n, 2, low, high);
    p->old = matrix(p->m, p->n, 3, 1, 4);
    p->bias = matrix(1, p->n, 4, 1, 4);
    p->outputs = matrix(p->m, p->n, 5, 1, 1);
    p->c = matrix(p->m, p->n, 6, 0, 0);
    p->clean = matrix(p->m, p->n, 7, 0, 0);
}

static void run_clean(struct product *p) {
    multiply(p, p->clean);
    for (size_t i = 0; i < p->m; i++)
        for (size_t j = 0; j < p->n; j++)
            cr_assert(isfinite(p->clean[i * p->ldc + j]), "padding shows at %zu, %zu", i, j);
}

static void close_product(struct product *p) {
    float *const all[] = {p->a, p->b, p->old, p->bias, p->outputs, p->c, p->clean};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        tp_test_guarded_free(all[i]);
}

/* With value for *element nothing finite is left in its row and column of C (TEST_EVERY: in all of them), NaN for NaN;
 * everywhere else C has the bits that it had. */
static void spoil(const struct product *p, float *element, float value, size_t row, size_t column, const char *what) {
    const float before = *element;
    *element = value;
    multiply(p, p->c);
    *element = before;
    for (size_t i = 0; i < p->m; i++)
        for (size_t j = 0; j < p->ldc; j++) {
            const float *c = &p->c[i * p->ldc + j];
            const bool shows = j < p->n && (row == TEST_EVERY || i == row) && (column == TEST_EVERY || j == column);
            cr_assert(shows ? !isfinite(*c) && (!isnan(value) || isnan(*c))
                            : test_equal_bits(c, &p->clean[i * p->ldc + j]),
                      "%s %zu x %zu x %zu, transposes %d %d, beta %g, %s%s: %g in %s, row %zu, column %zu: C(%zu, %zu) "
                      "is %g",
                      tp_context_isa(p->context), p->m, p->n, p->k, (int)p->ta, (int)p->tb, (double)p->beta,
                      p->packed ? "packed, " : "", tp_activation_name(p->epilogue.activation), (double)value, what, row,
                      column, i, j, (double)*c);
        }
}

static void spoil_operands(const struct product *p, float value) {
    for (size_t k = 0; k < p->k; k++) {
        for (size_t i = 0; i < p->m; i++)
            spoil(p, &p->a[p->ta ? k * p->lda + i : i * p->lda + k], value, i, TEST_EVERY, "A");
        for (size_t j = 0; j < p->n; j++)
            spoil(p, &p->b[p->tb ? j * p->ldb + k : k * p->ldb + j], value, TEST_EVERY, j, "B");
    }
}

static void spoil_start(const struct product *p, float value) {
    for (size_t j = 0; j < p->n; j++) {
        for (size_t i = 0; p->beta != 0 && i < p->m; i++)
            spoil(p, &p->old[i * p->ldc + j], value, i, j, "C");
        if (p->epilogue.bias)
            spoil(p, &p->bias[j], value, TEST_EVERY, j, "the bias");
    }
}

enum { SHAPES = 5 };

/* Tails of rows, of columns and of both, a wide C, several tiles. */
static void shape(struct product *p, int s) {
    const tp_machine *machine = tp_context_machine(p->context);
    const size_t mr = machine->tile_rows, nr = machine->tile_columns;
    const size_t shapes[SHAPES][3] = {
        {1, nr + 1, 3}, {mr + 1, nr - 1, 5}, {2 * mr + 1, 3, 4}, {2, 4 * nr + 1, 2}, {3, 2 * nr, 9}};
    p->m = shapes[s][0], p->n = shapes[s][1], p->k = shapes[s][2];
}

static void check_plain(tp_context *context, int s, int transposes, float beta) {
    struct product p = {.context = context, .beta = beta};
    p.ta = transposes & 1 ? TP_TRANSPOSE_YES : TP_TRANSPOSE_NO;
    p.tb = transposes & 2 ? TP_TRANSPOSE_YES : TP_TRANSPOSE_NO;
    shape(&p, s);
    for (int zeros = 0; zeros < 2; zeros++) { /* 0 times what is not finite is NaN */
        open_product(&p, zeros ? 0 : 1, zeros ? 0 : 4);
        run_clean(&p);
        for (size_t v = 0; v < TEST_BAD; v++) {
            spoil_operands(&p, test_bad[v]);
            spoil_start(&p, test_bad[v]);
        }
        close_product(&p);
    }
}

Test(nonfinite_products, what_takes_part_in_a_product_shows) {
    static const float betas[] = {0, 1, 0.5f};
    for (int i = 0; i < tp_test_isa_count(); i++) {
        tp_context *context = tp_test_context(tp_test_isa(i), 1);
        for (int s = 0; s < SHAPES; s++)
            for (int transposes = 0; transposes < 4; transposes++)
                check_plain(context, s, transposes, betas[(s + transposes) % 3]);
        tp_context_destroy(context);
    }
}

static void check_epilogue(tp_context *context, tp_activation f, int s, bool bias, bool outputs) {
    struct product p = {.context = context, .packed = true, .beta = bias ? 0 : 1};
    shape(&p, s);
    open_product(&p, 1, 4);
    p.epilogue = (tp_epilogue){.bias = bias ? p.bias : NULL, .activation = f, .slope = 0.125f};
    if (outputs)
        p.epilogue.outputs = p.outputs, p.epilogue.ld = p.ldc;
    run_clean(&p);
    spoil_operands(&p, NAN);
    spoil_start(&p, NAN);
    close_product(&p);
}

/* f(NaN) is NaN; and so is NaN times f'. */
Test(nonfinite_products, nan_passes_every_epilogue) {
    for (int i = 0; i < tp_test_isa_count(); i++) {
        tp_context *context = tp_test_context(tp_test_isa(i), 1);
        for (int f = 0; f < TP_ACTIVATION_COUNT; f++)
            for (int q = 0; f != TP_ACTIVATION_SOFTMAX && q < 4; q++)
                check_epilogue(context, (tp_activation)f, 1 + q % 3, q & 1, q & 2);
        tp_context_destroy(context);
    }
}

/* beta = 0 or -0: stored, not multiplied. alpha = 0 or -0, or k = 0: A and B may be anything, even NULL. */
static void check_unread(tp_context *context, int s, float alpha, float beta, size_t k) {
    struct product p = {.context = context};
    shape(&p, s);
    open_product(&p, 1, 4);
    float *expected = p.clean;
    for (size_t i = 0; i < p.m; i++)
        for (size_t j = 0; j < p.n; j++)
            expected[i * p.ldc + j] = beta == 0 ? 0 : beta * p.old[i * p.ldc + j];
    memcpy(p.c, p.old, p.m * p.ldc * sizeof(float));
    for (size_t i = 0; beta == 0 && i < p.m; i++)
        memset(p.c + i * p.ldc, 0xff, p.n * sizeof(float));
    cr_assert_eq(tp_sgemm(context, p.ta, p.tb, p.m, p.n, k, alpha, NULL, p.lda, NULL, p.ldb, beta, p.c, p.ldc, NULL, 0),
                 TP_OK);
    cr_assert(tp_test_same_bits(expected, p.c, p.m * p.ldc, "%s, shape %d, alpha %g, beta %g, k %zu",
                                tp_context_isa(context), s, (double)alpha, (double)beta, k));
    close_product(&p);
}

/* C is all NaN before; the result must be that of a C of zeros. */
static void check_stores(tp_context *context, int s, int transposes, float beta) {
    struct product p = {.context = context};
    p.ta = transposes & 1 ? TP_TRANSPOSE_YES : TP_TRANSPOSE_NO;
    p.tb = transposes & 2 ? TP_TRANSPOSE_YES : TP_TRANSPOSE_NO;
    shape(&p, s);
    open_product(&p, 1, 4);
    run_clean(&p);
    p.beta = beta;
    for (int packed = 0; packed < 2; packed++) {
        p.packed = packed;
        for (size_t v = 0; v < TEST_BAD; v++) {
            for (size_t i = 0; i < p.m * p.ldc; i++)
                p.old[i] = test_bad[v];
            multiply(&p, p.c);
            for (size_t i = 0; i < p.m; i++)
                cr_assert(tp_test_same_bits(p.clean + i * p.ldc, p.c + i * p.ldc, p.n, "beta %g", (double)beta));
        }
    }
    close_product(&p);
}

Test(nonfinite_products, factors_of_zero_do_not_read) {
    static const float zeros[] = {0, -0.0f}, betas[] = {0, -0.0f, 1, -1, 0.5f};
    for (int i = 0; i < tp_test_isa_count(); i++) {
        tp_context *context = tp_test_context(tp_test_isa(i), 1);
        for (int s = 0; s < SHAPES; s++) {
            for (size_t q = 0; q < 2 * 5; q++) {
                check_unread(context, s, zeros[q % 2], betas[q / 2], 5);
                check_unread(context, s, 1, betas[q / 2], 0);
            }
            for (int q = 0; q < 8; q++)
                check_stores(context, s, q / 2, zeros[q % 2]);
        }
        tp_context_destroy(context);
    }
}

/* A factor that is not finite is data as well: everything shows it. */
Test(nonfinite_products, factors_show) {
    const float a[2] = {0, 1}, b[2] = {1, 0};
    for (int i = 0; i < tp_test_isa_count(); i++) {
        tp_context *context = tp_test_context(tp_test_isa(i), 1);
        for (size_t v = 0; v < TEST_BAD; v++) {
            float c[2] = {1, 1};
            tp_sgemm(context, TP_TRANSPOSE_NO, TP_TRANSPOSE_NO, 1, 1, 2, test_bad[v], a, 2, b, 1, 0, c, 1, NULL, 0);
            tp_sgemm(context, TP_TRANSPOSE_NO, TP_TRANSPOSE_NO, 1, 1, 2, 0, NULL, 2, NULL, 1, test_bad[v], c + 1, 1,
                     NULL, 0);
            cr_assert(isnan(c[0]), "0 times alpha = %g", (double)test_bad[v]);
            cr_assert(tp_test_same_bits(&test_bad[v], c + 1, 1, "beta"));
        }
        tp_context_destroy(context);
    }
}
