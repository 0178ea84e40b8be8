/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/context.h"
#include "core/memory.h"
#include "core/options.h"
#include "core/parallel.h"
#include "core/quota.h"
#include "cpu/dispatch.h"
#include "cpu/float_mode.h"
#include "gemm/bf16.h"

#include <stdlib.h>
#include <string.h>

/* A context with everything that it points to. */
struct context_block {
    struct tp_context context;
    struct tp_message message;
    struct tp_cpu cpu;
    struct tp_blocking blocking, other_blocking;
    tp_machine machine;
    const struct tp_bf16 *_Atomic bf16;
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
}

tp_status tp_take_threads(const struct tp_context *context, int wanted, int *threads) {
    if (wanted < 1 || wanted > TP_MAX_THREADS)
        return tp_fail(context, TP_ERR_ARGUMENT, "threads is %d; it must be 1..%d, or 0 for the default", wanted,
                       TP_MAX_THREADS);
    *threads = tp_has_teams() ? wanted : 1;
    return TP_OK;
}

/* origin: where the name came from. */
static tp_status choose_isa(const struct tp_context *context, const char *name, const char *origin,
                            const struct tp_isa **isa) {
    *isa = tp_isa_choose(context->cpu, name);
    if (*isa)
        return TP_OK;
    char usable[64];
    tp_bf16_names(context->cpu, usable, sizeof usable); /* and with them those of instruction sets */
    if (!*usable)
        return tp_fail(context, TP_ERR_UNSUPPORTED,
                       "no instruction set can run here: x86 needs FMA and AVX enabled by the operating system");
    if (tp_bf16_is_refused(context->cpu, name))
        return tp_fail(context, TP_ERR_UNSUPPORTED,
                       "%s: \"%s\" cannot be used: the system refuses its registers, or a tile computed with it was "
                       "wrong; this processor has: %s",
                       origin, name, usable);
    return tp_fail(context, TP_ERR_UNSUPPORTED, "%s: instruction set \"%s\" is unknown or cannot run here; usable: %s",
                   origin, name, usable);
}

/* Its parts point to each other. */
static void join(struct context_block *block) {
    block->context.cpu = &block->cpu;
    block->context.blocking = &block->blocking;
    block->context.other.blocking = &block->other_blocking;
    block->context.machine = &block->machine;
    block->context.bf16 = &block->bf16;
    block->context.message = &block->message;
}

static void begin(struct context_block *block, const tp_context_options *options) {
    *block = (struct context_block){
        .message = {.lock = ATOMIC_FLAG_INIT},
        .context = {.allocator = options->allocator,
                    .on_message = options->message,
                    .message_user = options->message_user},
    };
    join(block);
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
        .threading = tp_has_teams() ? "OpenMP" : "none",
        .quota = tp_quota(""),
    };
    memcpy(machine->vendor, cpu->vendor, sizeof machine->vendor);
    tp_cpu_feature_names(cpu->features, machine->features, sizeof machine->features);
    tp_isa_names(cpu, machine->usable, sizeof machine->usable);
    tp_bf16_names(cpu, machine->bf16, sizeof machine->bf16);
    tp_float_mode_names(tp_float_mode(), machine->floating_point, sizeof machine->floating_point);
}

static void note_float_mode(const tp_context *context) {
    const char *mode = context->machine->floating_point;
    if (strcmp(mode, "default") != 0)
        tp_note(context,
                "the floating-point mode of this thread is not the default: %s "
                "(as in programs that were linked with -ffast-math); "
                "the same bits are promised in the default mode alone",
                mode);
}

/* origin: of the name of the instruction set. */
static tp_status complete(struct context_block *block, const tp_context_options *options, const char *origin) {
    tp_context *context = &block->context;
    if (!options->allocator.allocate || !options->allocator.release)
        return tp_fail(context, TP_ERR_ARGUMENT, "allocator has only one of its two functions");
    block->cpu = tp_cpu_detect();
    const tp_status status = choose_isa(context, options->isa, origin, &context->isa);
    if (status)
        return status;
    block->blocking = tp_blocking_choose(&block->cpu, context->isa);
    if (options->isa)
        block->bf16 = tp_bf16_choose(&block->cpu, context->isa, options->isa);
    context->other.isa = options->isa ? NULL : tp_isa_after(&block->cpu, context->isa);
    if (context->other.isa)
        block->other_blocking = tp_blocking_choose(&block->cpu, context->other.isa);
    describe_machine(block);
    return tp_context_set_threads(context, options->threads);
}

tp_status tp_context_create(const tp_context_options *given, tp_context **context) {
    if (!context)
        return TP_ERR_ARGUMENT;
    tp_context_options options = default_options;
    struct context_block local;
    fill_in(&options);
    begin(&local, &options);
    tp_status status = given ? tp_struct_take(&local.context, &options_type, given, &options) : TP_OK;
    if (status)
        return status;
    fill_in(&options);
    begin(&local, &options);
    status = complete(&local, &options, given && given->isa ? "isa" : "TILEPROP_ISA");
    if (status)
        return status;
    struct context_block *block = tp_allocate(&local.context, sizeof *block);
    if (!block)
        return tp_fail_allocation(&local.context, "context", sizeof *block);
    *block = local;
    join(block);
    *context = &block->context;
    note_float_mode(*context);
    return TP_OK;
}

void tp_context_destroy(tp_context *context) {
    if (context)
        tp_release(context, context); /* the block begins with its context */
}

const char *tp_context_bf16(const tp_context *context) {
    return context ? tp_bf16_of_context(context)->name : NULL;
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
    return tp_take_threads(context, threads ? threads : tp_default_threads(context->machine), &context->threads);
}

const tp_machine *tp_context_machine(const tp_context *context) {
    return context ? context->machine : NULL;
}
