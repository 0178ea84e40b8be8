/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/context.h"
#include "core/memory.h"
#include "core/options.h"
#include "core/parallel.h"
#include "cpu/dispatch.h"
#include "gemm/gemm.h"

#include <stdlib.h>
#include <string.h>

/* A context with everything that it points to. */
struct context_block {
    struct tp_context context;
    struct tp_message message;
    struct tp_cpu cpu;
    struct tp_blocking blocking;
    tp_machine machine;
};

static const tp_context_options default_options = {.struct_size = sizeof default_options};
static const struct tp_struct options_type = {.name = "context options",
                                              .size = sizeof default_options,
                                              .first = offsetof(tp_context_options, message_user),
                                              .defaults = &default_options};

TP_NO_PADDING(tp_context_options, message_user);

void tp_context_options_init(tp_context_options *options, size_t struct_size) {
    tp_struct_init(&options_type, options, struct_size);
}

/* Fields that say nothing become what they stand for. */
static void fill_in(tp_context_options *options) {
    if (!options->allocator.allocate && !options->allocator.release)
        options->allocator = tp_default_allocator();
    const char *wanted = getenv("TILEPROP_ISA");
    if (!options->isa && wanted && *wanted)
        options->isa = wanted;
    if (options->threads == 0)
        options->threads = tp_default_threads();
}

tp_status tp_check_threads(const struct tp_context *context, int threads) {
    if (threads < 1 || threads > TP_MAX_THREADS)
        return tp_fail(context, TP_ERR_ARGUMENT, "threads is %d; it must be 1..%d, or 0 for OpenMP's own number",
                       threads, TP_MAX_THREADS);
    return TP_OK;
}

static tp_status check_options(const struct tp_context *context, const tp_context_options *options) {
    if (!options->allocator.allocate || !options->allocator.release)
        return tp_fail(context, TP_ERR_ARGUMENT, "allocator has only one of its two functions");
    return tp_check_threads(context, options->threads);
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
        .machine = &block->machine,
        .message = &block->message,
    };
    block->cpu = tp_cpu_detect();
}

static void describe_machine(struct context_block *block) {
    const struct tp_cpu *cpu = &block->cpu;
    const struct tp_isa *isa = block->context.isa;
    tp_machine *machine = &block->machine;
    *machine = (tp_machine){
        .l1d = cpu->l1d,
        .l2 = cpu->l2,
        .l3 = cpu->l3,
        .processors = tp_processors(),
        .isa = isa->name,
        .tile_rows = isa->mr,
        .tile_columns = isa->nr,
        .mc = block->blocking.mc,
        .kc = block->blocking.kc,
        .nc = block->blocking.nc,
        .sleef = TP_SLEEF_VERSION,
    };
    memcpy(machine->vendor, cpu->vendor, sizeof machine->vendor);
    tp_cpu_feature_names(cpu->features, machine->features, sizeof machine->features);
    tp_isa_names(cpu, machine->usable, sizeof machine->usable);
}

tp_status tp_context_create(const tp_context_options *given, tp_context **context) {
    if (!context)
        return TP_ERR_ARGUMENT;
    tp_context_options options = default_options;
    struct context_block local;
    fill_in(&options);
    initialise(&local, &options);
    tp_status status = given ? tp_struct_take(&local.context, &options_type, given, &options) : TP_OK;
    if (status)
        return status;
    fill_in(&options);
    initialise(&local, &options);
    status = check_options(&local.context, &options);
    if (!status)
        status =
            choose_isa(&local.context, options.isa, given && given->isa ? "isa" : "TILEPROP_ISA", &local.context.isa);
    if (status)
        return status;
    struct context_block *block = tp_allocate(&local.context, sizeof *block);
    if (!block)
        return tp_fail_allocation(&local.context, "context", sizeof *block);
    initialise(block, &options);
    block->context.isa = local.context.isa;
    block->blocking = tp_blocking_choose(&block->cpu, block->context.isa);
    describe_machine(block);
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
    const tp_status status = tp_check_threads(context, wanted);
    if (!status)
        context->threads = wanted;
    return status;
}

const tp_machine *tp_context_machine(const tp_context *context) {
    return context ? context->machine : NULL;
}
