/* SPDX-License-Identifier: BSD-3-Clause */
#include "cblas/cblas.h"
#include "cblas/process.h"
#include "cblas/xerbla.h"
#include "core/parallel.h"

#define ROUTINE "cblas_sgemm"

/* A column-major product; a row-major one has become C^T = op(B)^T op(A)^T. */
struct product {
    tp_transpose transpose_a, transpose_b;
    int m, n, k;
    float alpha;
    const float *a;
    int lda;
    const float *b;
    int ldb;
    float beta;
    float *c;
    int ldc;
};

static void report(int parameter, int value, bool row_major) {
    static const char *const names[] = {NULL, "layout", "TransA", "TransB", "M",    "N", "K",  "alpha",
                                        "A",  "lda",    "B",      "ldb",    "beta", "C", "ldc"};
    tp_cblas_row_major = row_major;
    cblas_xerbla(parameter, ROUTINE, "Illegal %s setting, %d\n", names[tp_cblas_position(parameter)], value);
    tp_cblas_row_major = false;
}

static bool is_transpose(CBLAS_TRANSPOSE transpose) {
    return transpose == CblasNoTrans || transpose == CblasTrans || transpose == CblasConjTrans;
}

static bool check_modes(CBLAS_LAYOUT layout, CBLAS_TRANSPOSE transpose_a, CBLAS_TRANSPOSE transpose_b) {
    const bool row_major = layout == CblasRowMajor;
    if (!row_major && layout != CblasColMajor)
        report(1, (int)layout, false);
    else if (!is_transpose(transpose_a))
        report(2, (int)transpose_a, row_major);
    else if (!is_transpose(transpose_b))
        report(3, (int)transpose_b, row_major);
    else
        return true;
    return false;
}

static int at_least_one(int rows) {
    return rows > 1 ? rows : 1;
}

static bool adds_product(const struct product *p) {
    return p->k > 0 && p->alpha != 0;
}

static bool changes_c(const struct product *p) {
    return p->m > 0 && p->n > 0 && (adds_product(p) || p->beta != 1);
}

/* In the order of the reference implementation, whose first error is the one that is reported; then the pointers. */
static bool check_product(const struct product *p, bool row_major) {
    const struct {
        int parameter, value, minimum;
    } checks[] = {
        {4, p->m, 0},
        {5, p->n, 0},
        {6, p->k, 0},
        {9, p->lda, at_least_one(p->transpose_a ? p->k : p->m)},
        {11, p->ldb, at_least_one(p->transpose_b ? p->n : p->k)},
        {14, p->ldc, at_least_one(p->m)},
        {8, p->a != NULL, changes_c(p) && adds_product(p)},
        {10, p->b != NULL, changes_c(p) && adds_product(p)},
        {13, p->c != NULL, changes_c(p)},
    };
    for (size_t i = 0; i < sizeof checks / sizeof *checks; i++)
        if (checks[i].value < checks[i].minimum) {
            report(checks[i].parameter, checks[i].value, row_major);
            return false;
        }
    return true;
}

/* Back to row-major storage, in which the operands change places. */
static void multiply(const struct product *p) {
    const char *why;
    const struct tp_context *shared = tp_cblas_context(&why);
    if (!shared) {
        cblas_xerbla(0, ROUTINE, "%s\n", why);
        return;
    }
    tp_context context = *shared;
    context.threads = tp_default_threads(context.machine);
    const size_t m = (size_t)p->n, n = (size_t)p->m, k = (size_t)p->k;
    const size_t size = tp_sgemm_workspace_size(&context, m, n, k);
    void *workspace = tp_cblas_workspace(size);
    if (!workspace) {
        cblas_xerbla(0, ROUTINE, "cannot allocate %zu bytes\n", size);
        return;
    }
    const tp_status status = tp_sgemm(&context, p->transpose_b, p->transpose_a, m, n, k, p->alpha, p->b, (size_t)p->ldb,
                                      p->a, (size_t)p->lda, p->beta, p->c, (size_t)p->ldc, workspace, size);
    if (status)
        cblas_xerbla(0, ROUTINE, "%s\n", tp_status_text(status));
}

void cblas_sgemm(CBLAS_LAYOUT layout, CBLAS_TRANSPOSE transpose_a, CBLAS_TRANSPOSE transpose_b, int m, int n, int k,
                 float alpha, const float *a, int lda, const float *b, int ldb, float beta, float *c, int ldc) {
    if (!check_modes(layout, transpose_a, transpose_b))
        return;
    const tp_transpose ta = transpose_a == CblasNoTrans ? TP_TRANSPOSE_NO : TP_TRANSPOSE_YES;
    const tp_transpose tb = transpose_b == CblasNoTrans ? TP_TRANSPOSE_NO : TP_TRANSPOSE_YES;
    const bool row_major = layout == CblasRowMajor;
    const struct product product = row_major ? (struct product){tb, ta, n, m, k, alpha, b, ldb, a, lda, beta, c, ldc}
                                             : (struct product){ta, tb, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc};
    if (check_product(&product, row_major) && changes_c(&product))
        multiply(&product);
}
