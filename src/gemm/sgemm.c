/* SPDX-License-Identifier: BSD-3-Clause */
/* tp_sgemm and tp_sgemm_packed: the public matrix products. */
#include "core/context.h"
#include "core/memory.h"
#include "core/names.h"
#include "core/options.h"
#include "gemm/gemm.h"
#include "gemm/packed.h"
#include "gemm/share.h"

struct call {
    struct tp_gemm gemm;
    float *scratch;
    size_t scratch_each; /* floats per thread */
};

static void run(void *argument, struct tp_team team) {
    const struct call *call = argument;
    tp_gemm_run(&call->gemm, team, call->scratch + (size_t)team.id * call->scratch_each);
}

static size_t scratch_bytes(size_t scratch_each, int threads) {
    return tp_size_mul(tp_size_mul(scratch_each, sizeof(float)), (size_t)threads);
}

size_t tp_product_workspace(const struct tp_context *context, const struct tp_bf16 *bf16, size_t m, size_t n,
                            size_t k) {
    const size_t each = tp_product_scratch(context->isa, context->blocking, bf16, m, n, k);
    return tp_block_size(scratch_bytes(each, context->threads));
}

size_t tp_sgemm_workspace_size(const tp_context *context, size_t m, size_t n, size_t k) {
    return context ? tp_product_workspace(context, NULL, m, n, k) : 0;
}

tp_status tp_check_matrix(const struct tp_context *context, const char *name, const float *p, size_t ld, size_t rows,
                          size_t columns, bool used) {
    if (ld < columns || ld < 1)
        return tp_fail(context, TP_ERR_ARGUMENT, "ld%s is %zu; it must be at least %zu, the length of a row as stored",
                       name, ld, columns > 1 ? columns : 1);
    if (used && !p)
        return tp_fail(context, TP_ERR_ARGUMENT, "%s is NULL", name);
    return tp_check_rows(context, name, rows, ld);
}

tp_status tp_check_transpose(const struct tp_context *context, const char *name, tp_transpose transpose) {
    if (transpose != TP_TRANSPOSE_NO && transpose != TP_TRANSPOSE_YES)
        return tp_fail(context, TP_ERR_ARGUMENT, "transpose_%s is %d; it must be TP_TRANSPOSE_NO or TP_TRANSPOSE_YES",
                       name, (int)transpose);
    return TP_OK;
}

struct tp_operand tp_operand_of(const float *p, size_t ld, tp_transpose transpose) {
    return transpose == TP_TRANSPOSE_YES ? tp_transposed(p, ld) : tp_plain(p, ld);
}

static enum tp_start start_of(float beta) {
    return beta == 0 ? TP_START_ZERO : beta == 1 ? TP_START_C : TP_START_BETA;
}

tp_status tp_multiply(const struct tp_context *context, const char *what, const struct tp_gemm *gemm, double flops,
                      void *workspace, size_t size) {
    const int threads = tp_useful_threads(context->blocking, context->threads, flops);
    const size_t each = tp_product_scratch(context->isa, context->blocking, gemm->bf16, gemm->m, gemm->n, gemm->k);
    struct tp_block block;
    const tp_status status = tp_block_open(context, what, scratch_bytes(each, threads), workspace, size, &block);
    if (status)
        return status;
    struct call call = {*gemm, block.base, each};
    call.gemm.isa = context->isa;
    call.gemm.blocking = context->blocking;
    tp_parallel(threads, run, &call);
    tp_block_close(context, &block);
    return TP_OK;
}

static tp_status multiply(const struct tp_context *context, const struct tp_gemm *gemm, void *workspace, size_t size) {
    const size_t m = gemm->m, n = gemm->n, k = gemm->k;
    const double flops = 2.0 * (double)m * (double)n * (double)k + tp_read_flops(context->blocking, k, n);
    return tp_multiply(context, "sgemm workspace", gemm, flops, workspace, size);
}

tp_status tp_sgemm(tp_context *context, tp_transpose transpose_a, tp_transpose transpose_b, size_t m, size_t n,
                   size_t k, float alpha, const float *a, size_t lda, const float *b, size_t ldb, float beta, float *c,
                   size_t ldc, void *workspace, size_t workspace_size) {
    if (!context)
        return TP_ERR_ARGUMENT;
    const bool output = m > 0 && n > 0, input = output && k > 0 && alpha != 0;
    const bool ta = transpose_a == TP_TRANSPOSE_YES, tb = transpose_b == TP_TRANSPOSE_YES;
    tp_status status = tp_check_transpose(context, "a", transpose_a);
    if (!status)
        status = tp_check_transpose(context, "b", transpose_b);
    if (!status)
        status = tp_check_matrix(context, "a", a, lda, ta ? k : m, ta ? m : k, input);
    if (!status)
        status = tp_check_matrix(context, "b", b, ldb, tb ? n : k, tb ? k : n, input);
    if (!status)
        status = tp_check_matrix(context, "c", c, ldc, m, n, output);
    if (status || !output)
        return status;
    const struct tp_gemm gemm = {.m = m,
                                 .n = n,
                                 .k = k,
                                 .alpha = alpha,
                                 .a = tp_operand_of(a, lda, transpose_a),
                                 .b = tp_operand_of(b, ldb, transpose_b),
                                 .start = start_of(beta),
                                 .beta = beta,
                                 .c = c,
                                 .ldc = ldc};
    return multiply(context, &gemm, workspace, workspace_size);
}

static const tp_epilogue no_epilogue = {.struct_size = sizeof no_epilogue, .activation = TP_ACTIVATION_IDENTITY};
static const struct tp_struct epilogue_type = {.name = "epilogue",
                                               .size = sizeof no_epilogue,
                                               .first = sizeof no_epilogue,
                                               .defaults = &no_epilogue,
                                               .data = true};

static tp_status check_epilogue(const struct tp_context *context, const tp_epilogue *e, size_t m, size_t n,
                                float beta) {
    if (!tp_activation_name(e->activation) || e->activation == TP_ACTIVATION_SOFTMAX)
        return tp_fail(context, TP_ERR_ARGUMENT, "epilogue: activation %d is unknown or not elementwise",
                       (int)e->activation);
    if (e->bias && beta != 0)
        return tp_fail(context, TP_ERR_ARGUMENT, "epilogue: bias needs beta = 0, not %g", (double)beta);
    if (e->outputs && e->ld < n)
        return tp_fail(context, TP_ERR_ARGUMENT, "epilogue: ld is %zu; it must be at least %zu", e->ld, n);
    const tp_status status = e->outputs ? tp_check_rows(context, "epilogue", m, e->ld) : TP_OK;
    return status ? status : tp_check_slope(context, "epilogue", e->activation, e->slope);
}

static struct tp_gemm_epilogue gemm_epilogue_of(const struct tp_context *context, const tp_epilogue *e) {
    const struct tp_activation_kernels *f = &context->isa->activation[e->activation];
    struct tp_gemm_epilogue made = {.parameter = e->slope};
    if (e->outputs) {
        made.derive = f->derive;
        made.x = e->outputs;
        made.ldx = e->ld;
    } else if (e->activation != TP_ACTIVATION_IDENTITY) {
        made.activate = f->activate;
    }
    return made;
}

tp_status tp_sgemm_packed(tp_context *context, tp_transpose transpose_a, size_t m, float alpha, const float *a,
                          size_t lda, const tp_packed *b, float beta, const tp_epilogue *epilogue, float *c, size_t ldc,
                          void *workspace, size_t workspace_size) {
    tp_epilogue e = no_epilogue;
    if (!context)
        return TP_ERR_ARGUMENT;
    if (!b || b->isa != context->isa)
        return tp_fail(context, TP_ERR_ARGUMENT, b ? "b was packed for another instruction set" : "b is NULL");
    const size_t n = b->n, k = b->k;
    const bool output = m > 0 && n > 0, ta = transpose_a == TP_TRANSPOSE_YES;
    tp_status status = tp_check_transpose(context, "a", transpose_a);
    if (!status)
        status = tp_check_matrix(context, "a", a, lda, ta ? k : m, ta ? m : k, output && k > 0 && alpha != 0);
    if (!status)
        status = tp_check_matrix(context, "c", c, ldc, m, n, output);
    if (!status && epilogue)
        status = tp_struct_take(context, &epilogue_type, epilogue, &e);
    e.slope = tp_slope(e.activation, e.slope);
    if (!status)
        status = check_epilogue(context, &e, m, n, beta);
    if (status || !output)
        return status;
    const struct tp_gemm gemm = {.m = m,
                                 .n = n,
                                 .k = k,
                                 .alpha = alpha,
                                 .a = tp_operand_of(a, lda, transpose_a),
                                 .b = {.p = b->panels, .packed = true},
                                 .start = e.bias ? TP_START_BIAS : start_of(beta),
                                 .beta = beta,
                                 .bias = e.bias,
                                 .c = c,
                                 .ldc = ldc,
                                 .epilogue = gemm_epilogue_of(context, &e)};
    return multiply(context, &gemm, workspace, workspace_size);
}
