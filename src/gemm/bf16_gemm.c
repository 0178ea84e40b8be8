/* SPDX-License-Identifier: BSD-3-Clause */
/* tp_bf16gemm: the public product in bf16, and conversions. */
#include "core/memory.h"
#include "core/names.h"
#include "gemm/bf16.h"
#include "gemm/packed.h"
#include "kernels/bf16_exact.h"

size_t tp_bf16gemm_workspace_size(const tp_context *context, size_t m, size_t n, size_t k) {
    return context ? tp_product_workspace(context, tp_bf16_of_context(context), m, n, k) : 0;
}

static tp_status check_precision(const struct tp_context *context, const char *name, tp_precision precision) {
    if (!tp_precision_name(precision))
        return tp_fail(context, TP_ERR_ARGUMENT, "%s_precision is %d; it must be TP_PRECISION_F32 or TP_PRECISION_BF16",
                       name, (int)precision);
    return TP_OK;
}

/* rows and columns are those of the matrix as stored. */
static tp_status check_operand(const struct tp_context *context, const char *name, tp_transpose transpose,
                               tp_precision precision, const void *p, size_t ld, size_t rows, size_t columns,
                               bool used) {
    const bool t = transpose == TP_TRANSPOSE_YES;
    tp_status status = tp_check_transpose(context, name, transpose);
    if (!status)
        status = check_precision(context, name, precision);
    return status ? status : tp_check_matrix(context, name, p, ld, t ? columns : rows, t ? rows : columns, used);
}

static struct tp_operand operand_of(const void *p, size_t ld, tp_transpose transpose, tp_precision precision) {
    struct tp_operand operand = tp_operand_of(p, ld, transpose);
    operand.narrow = precision == TP_PRECISION_BF16;
    return operand;
}

tp_status tp_bf16gemm(tp_context *context, tp_transpose transpose_a, tp_transpose transpose_b, size_t m, size_t n,
                      size_t k, tp_precision a_precision, const void *a, size_t lda, tp_precision b_precision,
                      const void *b, size_t ldb, float beta, float *c, size_t ldc, void *workspace,
                      size_t workspace_size) {
    if (!context)
        return TP_ERR_ARGUMENT;
    const bool output = m > 0 && n > 0, input = output && k > 0;
    tp_status status = check_operand(context, "a", transpose_a, a_precision, a, lda, m, k, input);
    if (!status)
        status = check_operand(context, "b", transpose_b, b_precision, b, ldb, k, n, input);
    if (!status)
        status = tp_check_matrix(context, "c", c, ldc, m, n, output);
    if (status || !output)
        return status;
    const struct tp_gemm gemm = {.bf16 = tp_bf16_of_context(context),
                                 .m = m,
                                 .n = n,
                                 .k = k,
                                 .alpha = 1,
                                 .a = operand_of(a, lda, transpose_a, a_precision),
                                 .b = operand_of(b, ldb, transpose_b, b_precision),
                                 .start = beta == 0   ? TP_START_ZERO
                                          : beta == 1 ? TP_START_C
                                                      : TP_START_BETA,
                                 .beta = beta,
                                 .c = c,
                                 .ldc = ldc};
    const double flops = 2.0 * (double)m * (double)n * (double)k;
    return tp_multiply(context, "bf16gemm workspace", &gemm, flops, workspace, workspace_size);
}

static tp_status check_arrays(const struct tp_context *context, const void *out, const void *in, size_t count) {
    if (!context)
        return TP_ERR_ARGUMENT;
    if (count && (!out || !in))
        return tp_fail(context, TP_ERR_ARGUMENT, "%s is NULL", out ? "in" : "out");
    return TP_OK;
}

tp_status tp_bf16_from_f32(const tp_context *context, uint16_t *out, const float *in, size_t count) {
    const tp_status status = check_arrays(context, out, in, count);
    for (size_t i = 0; !status && i < count; i++)
        out[i] = tp_bf16_of(in[i]);
    return status;
}

tp_status tp_bf16_to_f32(const tp_context *context, float *out, const uint16_t *in, size_t count) {
    const tp_status status = check_arrays(context, out, in, count);
    for (size_t i = 0; !status && i < count; i++)
        out[i] = tp_bf16_float(in[i]);
    return status;
}
