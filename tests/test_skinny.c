/* SPDX-License-Identifier: BSD-3-Clause */
/* Kernels of skinny products against chains of fused multiply-adds, element by element, with nothing else written. */
#include "kernels/kernels.h"
#include "support/support.h"

#include <criterion/criterion.h>
#include <math.h>

#define GAP 5 /* floats between rows that belong to nothing */
#define BETA 0.75f

/* A beside: its elements lie side by side along the rows, else along k. B likewise along the columns, else along k. */
struct product {
    size_t m, n, k;
    enum tp_start start;
    bool a_beside, b_beside;
};

static float *filled(size_t count, size_t misalign, uint64_t seed) {
    float *x = tp_test_guarded(count, misalign);
    tp_test_fill(x, count, seed, -3, 3);
    return x;
}

static float start(const struct product *p, float c, float bias) {
    return p->start == TP_START_ZERO ? 0 : p->start == TP_START_C ? c : p->start == TP_START_BETA ? BETA * c : bias;
}

static float element(const struct tp_skinny *s, const struct product *p, size_t i, size_t j) {
    float sum = start(p, s->c[i * s->ldc + j], s->bias[j]);
    for (size_t k = 0; k < p->k; k++)
        sum = fmaf(s->a[i * s->a_row + k * s->a_step], p->b_beside ? s->b[k * s->b_step + j] : s->b[j * s->b_step + k],
                   sum);
    return sum;
}

static void check(const struct tp_isa *isa, const char *name, tp_skinny_fn *kernel, const struct product *p) {
    const size_t lda = (p->a_beside ? p->m : p->k) + GAP, ldb = (p->b_beside ? p->n : p->k) + GAP, ldc = p->n + GAP;
    float *a = filled((p->a_beside ? p->k : p->m) * lda, 4, 1), *b = filled((p->b_beside ? p->k : p->n) * ldb, 8, 2);
    float *c = filled(p->m * ldc, 12, 3), *expected = filled(p->m * ldc, 0, 3), *bias = filled(p->n, 4, 4);
    const struct tp_skinny strip = {.m = p->m,
                                    .n = p->n,
                                    .k = p->k,
                                    .a = a,
                                    .a_row = p->a_beside ? 1 : lda,
                                    .a_step = p->a_beside ? lda : 1,
                                    .b = b,
                                    .b_step = ldb,
                                    .c = c,
                                    .ldc = ldc,
                                    .start = p->start,
                                    .beta = BETA,
                                    .bias = bias};
    for (size_t i = 0; i < p->m; i++)
        for (size_t j = 0; j < p->n; j++)
            expected[i * ldc + j] = element(&strip, p, i, j);
    kernel(&strip);
    cr_expect(tp_test_same_bits(expected, c, p->m * ldc, "%s: %s, %zu x %zu x %zu, start %d, beside %d", isa->name,
                                name, p->m, p->n, p->k, (int)p->start, p->a_beside));
    tp_test_guarded_free(a), tp_test_guarded_free(b), tp_test_guarded_free(c);
    tp_test_guarded_free(expected), tp_test_guarded_free(bias);
}

/* Ends of vectors, lines and passes on either side. */
static const size_t columns[] = {1, 7, 8, 15, 16, 17, 31, 33, 64, 70}, steps[] = {1, 3, 4, 7, 8, 9, 16, 18, 41};

#define COUNT(array) (sizeof(array) / sizeof *(array))

static void for_all(const struct tp_isa *isa, size_t rows, void (*kernels)(const struct tp_isa *, struct product *)) {
    for (size_t m = 1; m <= rows; m++)
        for (size_t n = 0; n < COUNT(columns); n++)
            for (size_t k = 0; k < COUNT(steps); k++)
                for (int s = TP_START_ZERO; s <= TP_START_BIAS; s++)
                    for (int beside = 0; beside < 2; beside++) {
                        struct product p = {m, columns[n], steps[k], (enum tp_start)s, beside, false};
                        kernels(isa, &p);
                    }
}

static void dot(const struct tp_isa *isa, struct product *p) {
    if (p->n >= isa->lanes && p->k >= TP_DOTS_STEPS && (p->a_beside || p->m <= TP_DOTS_APART))
        check(isa, "dot", isa->gemm_dot, p);
}

static void axpy(const struct tp_isa *isa, struct product *p) {
    p->b_beside = true;
    check(isa, "axpy", isa->gemm_axpy, p);
}

static void ger(const struct tp_isa *isa, struct product *p) {
    p->b_beside = true;
    if (p->k == 1 && p->start == TP_START_ZERO)
        check(isa, "ger", isa->gemm_ger, p);
}

Test(skinny, dot) {
    for (int i = 0; i < tp_test_isa_count(); i++)
        for_all(tp_test_table(i), TP_DOTS_ROWS, dot);
}

Test(skinny, axpy) {
    for (int i = 0; i < tp_test_isa_count(); i++)
        for_all(tp_test_table(i), TP_AXPY_ROWS, axpy);
}

Test(skinny, ger) {
    for (int i = 0; i < tp_test_isa_count(); i++)
        for_all(tp_test_table(i), 9, ger);
}
