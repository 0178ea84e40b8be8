/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/context.h"
#include "core/memory.h"
#include "core/parallel.h"
#include "cpu/dispatch.h"
#include "gemm/gemm.h"

#include <stdlib.h>
#include <string.h>

#define MAX_THREADS 4096

/* A context with everything that it points to. */
struct context_block {
    struct tp_context context;
    struct tp_message message;
    struct tp_cpu cpu;
    struct tp_blocking blocking;
};

void tp_context_options_default(tp_context_options *options) {
    if (options)
        *options = (tp_context_options){0};
}

/* NULL options or fields become their defaults. */
static tp_context_options with_defaults(const tp_context_options *given) {
    tp_context_options options = given ? *given : (tp_context_options){0};
    if (!options.allocator.allocate && !options.allocator.release)
        options.allocator = tp_default_allocator();
    const char *wanted = getenv("TILEPROP_ISA");
    if (!options.isa && wanted && *wanted)
        options.isa = wanted;
    if (options.threads == 0)
        options.threads = tp_default_threads();
    return options;
}

static tp_status check_threads(const struct tp_context *context, int threads) {
    if (threads < 1 || threads > MAX_THREADS)
        return tp_fail(context, TP_ERR_ARGUMENT, "threads is %d; it must be 1..%d, or 0 for OpenMP's own number",
                       threads, MAX_THREADS);
    return TP_OK;
}

static tp_status check_options(const struct tp_context *context, const tp_context_options *options) {
    if (!options->allocator.allocate || !options->allocator.release)
        return tp_fail(context, TP_ERR_ARGUMENT, "allocator has only one of its two functions");
    return check_threads(context, options->threads);
}

/* origin: where the name came from. */
static tp_status choose_isa(const struct tp_context *context, const char *name, const char *origin,
                            const struct tp_isa **isa) {
    *isa = tp_isa_choose(context->cpu, name);
    if (*isa)
        return TP_OK;
    char usable[64];
    tp_isa_names(context->cpu, usable, sizeof usable);
    if (!*usable)
        return tp_fail(context, TP_ERR_UNSUPPORTED,
                       "no instruction set can run here: x86 needs FMA and AVX enabled by the operating system");
    return tp_fail(context, TP_ERR_UNSUPPORTED, "%s: instruction set \"%s\" is unknown or cannot run here; usable: %s",
                   origin, name, usable);
}

static void initialise(struct context_block *block, const tp_context_options *options) {
    *block = (struct context_block){.message = {.lock = ATOMIC_FLAG_INIT}};
    block->context = (struct tp_context){
        .allocator = options->allocator,
        .on_message = options->message,
        .message_user = options->message_user,
        .threads = options->threads,
        .cpu = &block->cpu,
        .blocking = &block->blocking,
        .message = &block->message,
    };
    block->cpu = tp_cpu_detect();
}

tp_status tp_context_create(const tp_context_options *given, tp_context **context) {
    if (!context)
        return TP_ERR_ARGUMENT;
    const tp_context_options options = with_defaults(given);
    struct context_block local;
    initialise(&local, &options);
    tp_status status = check_options(&local.context, &options);
    if (!status)
        status =
            choose_isa(&local.context, options.isa, given && given->isa ? "isa" : "TILEPROP_ISA", &local.context.isa);
    if (status)
        return status;
    struct context_block *block = tp_allocate(&local.context, sizeof *block);
    if (!block)
        return tp_fail(&local.context, TP_ERR_MEMORY, "context: cannot allocate %zu bytes", sizeof *block);
    initialise(block, &options);
    block->context.isa = local.context.isa;
    block->blocking = tp_blocking_choose(&block->cpu, block->context.isa);
    *context = &block->context;
    return TP_OK;
}

void tp_context_destroy(tp_context *context) {
    if (context)
        tp_release(context, context); /* the block begins with its context */
}

const char *tp_context_isa(const tp_context *context) {
    return context ? context->isa->name : NULL;
}

int tp_context_threads(const tp_context *context) {
    return context ? context->threads : 0;
}

tp_status tp_context_set_threads(tp_context *context, int threads) {
    if (!context)
        return TP_ERR_ARGUMENT;
    const int wanted = threads ? threads : tp_default_threads();
    const tp_status status = check_threads(context, wanted);
    if (!status)
        context->threads = wanted;
    return status;
}

tp_status tp_context_machine(const tp_context *context, tp_machine *machine) {
    if (!context)
        return TP_ERR_ARGUMENT;
    if (!machine)
        return tp_fail(context, TP_ERR_ARGUMENT, "machine is NULL");
    const struct tp_cpu *cpu = context->cpu;
    *machine = (tp_machine){
        .l1d = cpu->l1d,
        .l2 = cpu->l2,
        .l3 = cpu->l3,
        .processors = tp_processors(),
        .isa = context->isa->name,
        .tile_rows = context->isa->mr,
        .tile_columns = context->isa->nr,
        .mc = context->blocking->mc,
        .kc = context->blocking->kc,
        .nc = context->blocking->nc,
        .sleef = TP_SLEEF_VERSION,
    };
    memcpy(machine->vendor, cpu->vendor, sizeof machine->vendor);
    tp_cpu_feature_names(cpu->features, machine->features, sizeof machine->features);
    tp_isa_names(cpu, machine->usable, sizeof machine->usable);
    return TP_OK;
}
