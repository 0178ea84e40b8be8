/* SPDX-License-Identifier: BSD-3-Clause */
/* The context as every folder sees it: memory, messages, and pointers to what the folders above fill in. */
#ifndef TP_CORE_CONTEXT_H
#define TP_CORE_CONTEXT_H

#include "tileprop/tileprop.h"

#include <stdatomic.h>

#define TP_MESSAGE_SIZE 1024 /* three long strings and the text around them */

struct tp_message {
    atomic_flag lock;
    char text[TP_MESSAGE_SIZE];
};

struct tp_context {
    tp_allocator allocator;
    tp_message_fn *on_message;
    void *message_user;
    int threads;
    const struct tp_isa *isa;
    const struct tp_cpu *cpu;
    const struct tp_blocking *blocking;
    struct {
        const struct tp_isa *isa;
        const struct tp_blocking *blocking;
    } other; /* the next best instruction set, for tuners, if nobody asked for one; or NULL */
    const tp_machine *machine;
    const struct tp_bf16 *_Atomic *bf16; /* how bf16 is multiplied; to NULL until it is needed (gemm/bf16.h) */
    struct tp_message *message;          /* outside, so that a const context can report errors */
};

/* Formats the message, stores it in the context, calls the callback, and returns status, so that a check reads
 * `return tp_fail(ctx, TP_ERR_ARGUMENT, "batch is 0; it must be at least 1")`. The format is one of tp_format
 * (core/message.h), which makes any %s fit to be shown. */
tp_status tp_fail(const struct tp_context *context, tp_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* What static analysis does not find out: that this is never success. */
#ifdef __clang_analyzer__
#define tp_fail(context, status, ...) (tp_fail(context, status, __VA_ARGS__), status)
#endif

/* Tells the callback, with TP_OK, of something that succeeded but that the user should know. */
void tp_note(const struct tp_context *context, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
