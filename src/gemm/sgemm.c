/* SPDX-License-Identifier: BSD-3-Clause */
/* tp_sgemm: the public matrix product. */
#include "core/context.h"
#include "core/memory.h"
#include "gemm/gemm.h"

struct call {
    struct tp_gemm gemm;
    float *scratch;
    size_t scratch_each; /* floats per thread */
};

static void run(void *argument, struct tp_team team) {
    const struct call *call = argument;
    tp_gemm_run(&call->gemm, team, call->scratch + (size_t)team.id * call->scratch_each);
}

static size_t scratch_each(const struct tp_context *context, size_t m, size_t n, size_t k) {
    return tp_gemm_scratch(context->isa, context->blocking, m, n, k);
}

static size_t scratch_bytes(const struct tp_context *context, size_t m, size_t n, size_t k, int threads) {
    return tp_size_mul(tp_size_mul(scratch_each(context, m, n, k), sizeof(float)), (size_t)threads);
}

size_t tp_sgemm_workspace_size(const tp_context *context, size_t m, size_t n, size_t k) {
    return context ? tp_block_size(scratch_bytes(context, m, n, k, context->threads)) : 0;
}

static tp_status check_matrix(const struct tp_context *context, const char *name, const float *p, size_t ld,
                              size_t rows, size_t columns, bool used) {
    if (ld < columns || ld < 1)
        return tp_fail(context, TP_ERR_ARGUMENT, "ld%s is %zu; it must be at least %zu, the length of a row as stored",
                       name, ld, columns > 1 ? columns : 1);
    if (used && !p)
        return tp_fail(context, TP_ERR_ARGUMENT, "%s is NULL", name);
    if (tp_size_mul(tp_size_mul(rows, ld), sizeof(float)) == TP_SIZE_OVERFLOW)
        return tp_fail(context, TP_ERR_ARGUMENT, "%s: %zu rows of %zu floats do not fit in memory", name, rows, ld);
    return TP_OK;
}

static tp_status check_transpose(const struct tp_context *context, const char *name, tp_transpose transpose) {
    if (transpose != TP_NO_TRANSPOSE && transpose != TP_TRANSPOSE)
        return tp_fail(context, TP_ERR_ARGUMENT, "transpose_%s is %d; it must be TP_NO_TRANSPOSE or TP_TRANSPOSE", name,
                       (int)transpose);
    return TP_OK;
}

static struct tp_operand operand(const float *p, size_t ld, tp_transpose transpose) {
    return transpose == TP_TRANSPOSE ? (struct tp_operand){p, 1, ld} : (struct tp_operand){p, ld, 1};
}

static enum tp_start start_of(float beta) {
    return beta == 0 ? TP_START_ZERO : beta == 1 ? TP_START_C : TP_START_BETA;
}

tp_status tp_sgemm(tp_context *context, tp_transpose transpose_a, tp_transpose transpose_b, size_t m, size_t n,
                   size_t k, float alpha, const float *a, size_t lda, const float *b, size_t ldb, float beta, float *c,
                   size_t ldc, void *workspace, size_t workspace_size) {
    if (!context)
        return TP_ERR_ARGUMENT;
    const bool output = m > 0 && n > 0, input = output && k > 0 && alpha != 0;
    const bool ta = transpose_a == TP_TRANSPOSE, tb = transpose_b == TP_TRANSPOSE;
    tp_status status = check_transpose(context, "a", transpose_a);
    if (!status)
        status = check_transpose(context, "b", transpose_b);
    if (!status)
        status = check_matrix(context, "a", a, lda, ta ? k : m, ta ? m : k, input);
    if (!status)
        status = check_matrix(context, "b", b, ldb, tb ? n : k, tb ? k : n, input);
    if (!status)
        status = check_matrix(context, "c", c, ldc, m, n, output);
    if (status || !output)
        return status;

    const int threads = tp_useful_threads(context->blocking, context->threads, 2.0 * (double)m * (double)n * (double)k);
    struct tp_block block;
    status = tp_block_open(context, "sgemm workspace", scratch_bytes(context, m, n, k, threads), workspace,
                           workspace_size, &block);
    if (status)
        return status;
    struct call call = {
        .gemm = {.isa = context->isa,
                 .blocking = context->blocking,
                 .m = m,
                 .n = n,
                 .k = k,
                 .alpha = alpha,
                 .a = operand(a, lda, transpose_a),
                 .b = operand(b, ldb, transpose_b),
                 .start = start_of(beta),
                 .beta = beta,
                 .c = c,
                 .ldc = ldc},
        .scratch = block.base,
        .scratch_each = scratch_each(context, m, n, k),
    };
    tp_parallel(threads, run, &call);
    tp_block_close(context, &block);
    return TP_OK;
}
