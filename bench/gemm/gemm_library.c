/* SPDX-License-Identifier: BSD-3-Clause */
/* How the libraries are called. */
#include "gemm_library.h"

#include <stdlib.h>
#include <string.h>

static size_t workspace_size(const struct gemm_shape *shape) {
    if (shape->bf16)
        return tp_bf16gemm_workspace_size(bench_context, shape->m, shape->n, shape->k);
    return tp_sgemm_workspace_size(bench_context, shape->m, shape->n, shape->k);
}

static void multiply_own(const struct gemm_shape *s, const struct gemm_operands *x) {
    const tp_transpose ta = s->transpose_a ? TP_TRANSPOSE_YES : TP_TRANSPOSE_NO;
    const tp_transpose tb = s->transpose_b ? TP_TRANSPOSE_YES : TP_TRANSPOSE_NO;
    const size_t lda = s->transpose_a ? s->m : s->k, ldb = s->transpose_b ? s->k : s->n;
    const tp_status status =
        s->bf16 ? tp_bf16gemm(bench_context, ta, tb, s->m, s->n, s->k, TP_PRECISION_BF16, x->a_bf16, lda,
                              TP_PRECISION_BF16, x->b_bf16, ldb, 0, x->c, s->n, x->workspace, x->workspace_size)
                : tp_sgemm(bench_context, ta, tb, s->m, s->n, s->k, 1, x->a, lda, x->b, ldb, 0, x->c, s->n,
                           x->workspace, x->workspace_size);
    if (status != TP_OK)
        exit(1); /* the reader of the results sees that this worker ended */
}

static void close_own(void) {
    tp_context_destroy(bench_context);
}

static void multiply_cblas(const struct gemm_shape *s, const struct gemm_operands *x) {
    const int m = (int)s->m, n = (int)s->n, k = (int)s->k;
    bench_cblas_sgemm(BENCH_ROW_MAJOR, s->transpose_a ? BENCH_TRANSPOSE : BENCH_NO_TRANSPOSE,
                      s->transpose_b ? BENCH_TRANSPOSE : BENCH_NO_TRANSPOSE, m, n, k, 1, x->a, s->transpose_a ? m : k,
                      x->b, s->transpose_b ? k : n, 0, x->c, n);
}

static void multiply_onednn(const struct gemm_shape *s, const struct gemm_operands *x) {
    const int64_t m = (int64_t)s->m, n = (int64_t)s->n, k = (int64_t)s->k;
    const char ta = s->transpose_a ? 'T' : 'N', tb = s->transpose_b ? 'T' : 'N';
    const int64_t lda = s->transpose_a ? m : k, ldb = s->transpose_b ? k : n;
    const int failed = s->bf16 && bench_dnnl_bf16gemm
                           ? bench_dnnl_bf16gemm(ta, tb, m, n, k, 1, x->a_bf16, lda, x->b_bf16, ldb, 0, x->c, n)
                           : bench_dnnl_sgemm(ta, tb, m, n, k, 1, x->a, lda, x->b, ldb, 0, x->c, n);
    if (failed)
        exit(1); /* the reader of the results sees that this worker ended */
}

static const struct gemm_library libraries[] = {
    {&bench_tileprop, workspace_size, multiply_own, close_own},
    {&bench_openblas, NULL, multiply_cblas, NULL},
    {&bench_blis, NULL, multiply_cblas, NULL},
    {&bench_onednn, NULL, multiply_onednn, NULL},
};

const struct gemm_library *gemm_library_find(const char *name) {
    for (size_t l = 0; l < sizeof libraries / sizeof *libraries; l++)
        if (!strcmp(name, libraries[l].library->name))
            return &libraries[l];
    return NULL;
}
