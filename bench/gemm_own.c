/* SPDX-License-Identifier: BSD-3-Clause */
/* tileprop as one of the libraries. */
#include "gemm_library.h"
#include "tileprop/tileprop.h"

#include <stdio.h>
#include <stdlib.h>

static tp_context *context;

static void keep_message(void *user, tp_status status, const char *message) {
    struct gemm_library_info *info = user;
    (void)status;
    snprintf(info->problem, sizeof info->problem, "%s", message);
}

static bool open_own(void *handle, const char *isa, int threads, struct gemm_library_info *info) {
    (void)handle;
    tp_context_options options;
    tp_context_options_default(&options);
    options.isa = isa;
    options.threads = threads;
    options.message = keep_message;
    options.message_user = info;
    if (tp_context_create(&options, &context) != TP_OK)
        return false;
    snprintf(info->version, sizeof info->version, "%s", tp_version());
    snprintf(info->core, sizeof info->core, "%s", tp_context_isa(context));
    return true;
}

static size_t workspace_size(const struct gemm_shape *shape) {
    return tp_sgemm_workspace_size(context, shape->m, shape->n, shape->k);
}

static void multiply(const struct gemm_shape *s, const struct gemm_operands *x) {
    const tp_status status = tp_sgemm(context, s->transpose_a ? TP_TRANSPOSE : TP_NO_TRANSPOSE,
                                      s->transpose_b ? TP_TRANSPOSE : TP_NO_TRANSPOSE, s->m, s->n, s->k, 1, x->a,
                                      s->transpose_a ? s->m : s->k, x->b, s->transpose_b ? s->k : s->n, 0, x->c, s->n,
                                      x->workspace, x->workspace_size);
    if (status != TP_OK)
        exit(1); /* the reader of the results sees that this worker ended */
}

static void close_own(void) {
    tp_context_destroy(context);
}

const struct gemm_library gemm_tileprop = {.name = "tileprop",
                                           .variable = "TILEPROP_ISA",
                                           .avx512 = "avx512",
                                           .avx2 = "avx2",
                                           .open = open_own,
                                           .workspace_size = workspace_size,
                                           .multiply = multiply,
                                           .close = close_own};
