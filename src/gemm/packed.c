/* SPDX-License-Identifier: BSD-3-Clause */
#include "gemm/packed.h"

#include "core/size.h"
#include "gemm/share.h"

static struct tp_packed describe_packed(const struct tp_context *context, size_t k, size_t n) {
    return (struct tp_packed){.context = context, .isa = context->isa, .k = k, .n = n};
}

static void lay_out_packed(struct tp_packed *packed, struct tp_arena *arena) {
    const size_t width = tp_panel_width(packed->isa, packed->n > 0 ? packed->n : 1);
    const size_t columns = tp_size_mul(tp_ceil_div(packed->n, width), width);
    packed->panels = tp_arena_take(arena, tp_size_mul(columns, packed->k), sizeof(float));
}

static size_t needed(struct tp_packed packed) {
    struct tp_arena arena = {0};
    tp_arena_take(&arena, 1, sizeof packed);
    lay_out_packed(&packed, &arena);
    return arena.used;
}

size_t tp_packed_size(const tp_context *context, size_t k, size_t n) {
    return context ? tp_block_size(needed(describe_packed(context, k, n))) : 0;
}

static tp_status check(const struct tp_context *context, tp_transpose transpose, size_t k, size_t n, const float *b,
                       size_t ldb) {
    const bool t = transpose == TP_TRANSPOSE_YES;
    const tp_status status = tp_check_transpose(context, "b", transpose);
    return status ? status : tp_check_matrix(context, "b", b, ldb, t ? n : k, t ? k : n, k > 0 && n > 0);
}

struct pack_call {
    const struct tp_packed *packed;
    struct tp_operand b;
};

static void pack_task(void *argument, struct tp_team team) {
    const struct pack_call *call = argument;
    const struct tp_packed *p = call->packed;
    const size_t width = tp_panel_width(p->isa, p->n);
    const struct tp_range columns = tp_share(p->n, width, team.id, team.size);
    if (columns.begin < columns.end)
        p->isa->pack_b(p->panels + columns.begin * p->k, call->b.p + columns.begin * call->b.column_step,
                       call->b.row_step, call->b.column_step, p->k, columns.end - columns.begin, width, width * p->k);
}

static void pack(const struct tp_packed *packed, tp_transpose transpose, const float *b, size_t ldb) {
    struct pack_call call = {packed, tp_operand_of(b, ldb, transpose)};
    const double flops = TP_READ_FLOPS * (double)packed->k * (double)packed->n;
    if (packed->k && packed->n)
        tp_parallel(tp_useful_threads(packed->context->blocking, packed->context->threads, flops), pack_task, &call);
}

tp_status tp_packed_create(tp_context *context, tp_transpose transpose_b, size_t k, size_t n, const float *b,
                           size_t ldb, void *memory, size_t size, tp_packed **packed) {
    if (!context)
        return TP_ERR_ARGUMENT;
    if (!packed)
        return tp_fail(context, TP_ERR_ARGUMENT, "packed is NULL");
    tp_status status = check(context, transpose_b, k, n, b, ldb);
    if (status)
        return status;
    struct tp_packed made = describe_packed(context, k, n);
    status = tp_block_open(context, "packed matrix", needed(made), memory, size, &made.block);
    if (status)
        return status;
    struct tp_arena arena = {.base = made.block.base};
    *packed = tp_arena_take(&arena, 1, sizeof made);
    lay_out_packed(&made, &arena);
    **packed = made;
    pack(*packed, transpose_b, b, ldb);
    return TP_OK;
}

tp_status tp_packed_update(tp_packed *packed, tp_transpose transpose_b, const float *b, size_t ldb) {
    if (!packed)
        return TP_ERR_ARGUMENT;
    const tp_status status = check(packed->context, transpose_b, packed->k, packed->n, b, ldb);
    if (!status)
        pack(packed, transpose_b, b, ldb);
    return status;
}

void tp_packed_destroy(tp_packed *packed) {
    if (packed) {
        const struct tp_block block = packed->block;
        tp_block_close(packed->context, &block);
    }
}
