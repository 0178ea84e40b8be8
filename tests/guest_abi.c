/* SPDX-License-Identifier: BSD-3-Clause */
/* Every kernel of every instruction set keeps what its caller may rely on: the callee-saved registers, the stack
 * pointer, the direction flag, the floating-point mode, and vector registers whose upper halves are not in use. */
#include "cpu/dispatch.h"
#include "support/abi.h"
#include "support/support.h"
#include "support/tap.h"

#include <stdio.h>
#include <string.h>
#if defined(__x86_64__)
#include <cpuid.h>
#endif

enum { ROWS = 3, MAX_N = 131, LD = 160, BUFFER = 64 * 1024 };

#define FIRST_SLOT offsetof(struct tp_isa, gemm_strip)
#define SLOTS ((sizeof(struct tp_isa) - FIRST_SLOT) / sizeof(void (*)(void)))

static const size_t lengths[] = {1, 3, 4, 7, 8, 12, 15, 16, 17, 31, 32, 33, 64, 67, MAX_N};
#define LENGTHS (sizeof lengths / sizeof *lengths)

static const struct tp_isa *isa;
static bool called[SLOTS];
static bool upper_halves_seen; /* this processor tells which are in use */
static float v[BUFFER], w[BUFFER], x[BUFFER], y[BUFFER], z[BUFFER];

/* The rule that the call broke, or NULL. */
static const char *broken_rule(const struct test_abi_call *call, const struct test_abi_call *reference) {
    for (int i = 0; i < ABI_REGISTERS; i++)
        if (call->registers[i] != test_abi_patterns[i])
            return test_abi_register_names[i];
    if (call->stack[0] != call->stack[1])
        return "the stack pointer";
    if (call->flags & ABI_BACKWARDS)
        return "the direction flag";
    if (call->in_use & ABI_UPPER_ZMM)
        return "upper halves of zmm registers";
    if (call->in_use & ABI_UPPER_YMM)
        return "upper halves of ymm registers";
    if ((call->mode ^ reference->mode) & ~UINT64_C(0x3f)) /* but for the flags of MXCSR */
        return "the floating-point mode";
    return NULL;
}

/* Calls function with the arguments in call; the rule that it broke, or NULL. */
static const char *invoke(struct test_abi_call *call, void (*function)(void)) {
    struct test_abi_call nothing = {.function = test_abi_nothing};
    test_abi_invoke(&nothing);
    call->function = function;
    call->use_xgetbv = upper_halves_seen;
    test_abi_invoke(call);
    return broken_rule(call, &nothing);
}

/* ------------------------------------------------------------------------------------------------ test of the test */

#if defined(__x86_64__)
#ifdef __OPTIMIZE__
#define OPTIMIZED true
#else /* compilers then leave them in use */
#define OPTIMIZED false
#endif

static bool has_xgetbv_in_use(void) {
    unsigned a, b, c, d;
    return __get_cpuid_count(0xd, 1, &a, &b, &c, &d) && (a & 4);
}
#endif

static bool sees(void (*function)(void), const char *rule) {
    struct test_abi_call call = {0};
    const char *broken = invoke(&call, function);
    return broken && strstr(broken, rule);
}

static void the_test_sees(void) {
    struct test_abi_call call = {0};
    const char *broken = invoke(&call, test_abi_nothing);
    test_tap_check(!broken, "nothing breaks %s", broken ? broken : "");
    test_tap_check(sees(test_abi_shift_stack, "stack"), "a moved stack was not seen");
#if defined(__x86_64__)
    test_tap_check(sees(test_abi_clobber_integer, "r14"), "a clobbered register was not seen");
    test_tap_check(sees(test_abi_leave_backwards, "direction"), "the direction flag was not seen");
    upper_halves_seen = OPTIMIZED && has_xgetbv_in_use();
    upper_halves_seen = upper_halves_seen && sees(test_abi_leave_upper_ymm, "ymm");
    if (!upper_halves_seen)
        test_tap_skipped(
            "guest_abi: this processor, or build, does not tell whether upper halves of registers are in use");
    if (upper_halves_seen && strstr(isa->name, "avx512"))
        test_tap_check(sees(test_abi_leave_upper_zmm, "zmm"), "upper halves of zmm registers were not seen");
#elif defined(__aarch64__)
    test_tap_check(sees(test_abi_clobber_integer, "x27"), "a clobbered register was not seen");
    test_tap_check(sees(test_abi_clobber_vector, "d13"), "a clobbered vector register was not seen");
#endif
}

/* ---------------------------------------------------------------------------------------------------------- kernels */

#define P(pointer) ((uint64_t)(uintptr_t)(pointer))

static void tick(const void *slot) {
    called[((uintptr_t)slot - (uintptr_t)isa - FIRST_SLOT) / sizeof(void (*)(void))] = true;
}

/* slot points into the table. */
static void call_kernel(const void *slot, const char *name, const struct test_abi_call *arguments) {
    struct test_abi_call call = *arguments;
    void (*function)(void);
    memcpy(&function, slot, sizeof function);
    const char *broken = invoke(&call, function);
    test_tap_check(!broken, "%s: %s clobbers %s", isa->name, name, broken ? broken : "");
    tick(slot);
}

#define CALL(member, ...) call_kernel(&isa->member, #member, &(struct test_abi_call){__VA_ARGS__})

/* Before every call, because some work in place. */
static void fill(void) {
    tp_test_fill(w, BUFFER, 1, 0.1f, 0.9f);
    memcpy(x, w, sizeof x);
    memcpy(y, w, sizeof y);
    memcpy(z, w, sizeof z);
}

static void call_activations(size_t n) {
    for (int f = 0; f < TP_ACTIVATION_COUNT; f++) {
        CALL(activation[f].activate, .integers = {P(x), LD, ROWS, n}, .floats = {0.1f});
        CALL(activation[f].derive, .integers = {P(y), LD, P(x), LD, ROWS, n}, .floats = {0.1f});
        tick(&isa->activation[f].from); /* no kernel */
    }
}

static void call_losses(size_t n) {
    for (int loss = 0; loss < TP_LOSS_COUNT; loss++) {
        CALL(loss_row[loss], .integers = {P(x), P(y), n, P(z)}, .floats = {0.4f, 0.5f});
        CALL(loss_row[loss], .integers = {P(x), P(y), n, 0}, .floats = {0.4f, 0.5f});
        CALL(loss_column[loss], .integers = {P(x), P(y), n, P(w), P(z), P(x)}, .floats = {0.4f});
        CALL(loss_column[loss], .integers = {P(x), P(y), n, P(w), P(z), 0}, .floats = {0.4f});
    }
}

static void call_updates(size_t n) {
    const struct tp_update update = {0.01f, 1, 0.003f, 0.9f, 0.9f, 0.1f, 0.999f, 0.001f, 3.3f, 1e-8f, 4e-18f, 4e-36f};
    for (int kind = 0; kind < TP_OPTIMIZER_COUNT; kind++) {
        CALL(update[kind], .integers = {P(&update), P(w), P(x), P(y), P(z), n});
        CALL(update_outer[kind], .integers = {P(&update), P(w), P(x), P(y), P(z), P(z), ROWS, n});
    }
}

static void call_others(size_t n) {
    CALL(column_sums, .integers = {P(x), P(y), LD, ROWS, n, 0});
    CALL(column_sums, .integers = {P(x), P(y), LD, ROWS, n, 1});
    CALL(square_sum, .integers = {P(y), n});
    static const double pairs[LD] = {1, 2};
    for (int each = 0; each < 2; each++) {
        const size_t few = each && n > LD ? LD : n;
        CALL(scale_bytes, .integers = {P(x), P(y), few, P(pairs), P(pairs), (size_t)each});
        CALL(scale_floats, .integers = {P(x), P(y), few, P(pairs), P(pairs), (size_t)each});
        CALL(scale_doubles, .integers = {P(x), P(y), few / 2, P(pairs), P(pairs), (size_t)each});
    }
    CALL(normals, .integers = {P(x), P(y), n}, .floats = {2});
    CALL(cosine, .floats = {0.3f});
    CALL(average, .integers = {P(y), P(x), 37}, .floats = {0.25f});
    static const float *const lower[] = {x};
    CALL(add_levels, .integers = {P(y), P(x), P(lower), 1, 37});
}

static void call_packing(size_t n) {
    for (int transposed = 0; transposed < 2; transposed++) {
        const uint64_t row_step = transposed ? 1 : LD, column_step = transposed ? LD : 1;
        for (size_t height = 1; height <= isa->mr; height++)
            CALL(pack_a, .integers = {P(x), P(y), row_step, column_step, n, 13, height}, .floats = {0.5f});
        for (size_t width = isa->lanes; width <= isa->nr; width += isa->lanes)
            CALL(pack_b, .integers = {P(x), P(y), row_step, column_step, 13, n, width, 13 * width});
    }
    CALL(transpose, .integers = {P(x), LD, P(y), LD, 13, n});
    CALL(transpose, .integers = {P(x), LD, P(y), LD, n, 13});
}

/* How B lies: in panels, and A too; or in place, and copied by narrow tiles, with A either way. */
enum layout { IN_PANELS, IN_PLACE, COPIED, COPIED_BESIDE, LAYOUTS };

static void call_strip(size_t m, size_t n, size_t k, enum tp_start start, enum layout layout) {
    const size_t width = isa->nr;
    const bool packed = layout == IN_PANELS, copies = layout >= COPIED, beside = packed || layout == COPIED_BESIDE;
    if (copies && (n % width != 0 || width > TP_LINE))
        return;
    const struct tp_strip strip = {
        .m = m,
        .n = n,
        .k = k,
        .strips = 1,
        .a = w,
        .b = x,
        .a_row = beside ? 1 : LD,
        .a_step = beside ? m : 1,
        .b_step = packed ? width : LD,
        .b_panel = packed ? width * k : width,
        .b_next = packed ? 0 : (ptrdiff_t)width,
        .next_rows = layout == IN_PLACE ? k / 2 : 0,
        .width = width,
        .b_padded = packed,
        .b_uncached = copies || n % 2,
        .b_copy = copies ? v : NULL,
        .b_copy_panel = width * k,
        .c = y,
        .ldc = LD,
        .prefetch_c = packed ? NULL : y,
        .ldprefetch = LD,
        .start = start,
        .beta = 0.5f,
        .bias = z,
    };
    CALL(gemm_strip, .integers = {P(&strip)});
}

static void call_skinny(size_t m, size_t n, size_t k, enum tp_start start, bool beside) {
    const struct tp_skinny product = {.m = m,
                                      .n = n,
                                      .k = k,
                                      .a = w,
                                      .b = x,
                                      .a_row = beside ? 1 : LD,
                                      .a_step = beside ? LD : 1,
                                      .b_step = LD,
                                      .c = y,
                                      .ldc = LD,
                                      .start = start,
                                      .beta = 0.5f,
                                      .bias = z};
    if (k == 1 && start == TP_START_ZERO)
        CALL(gemm_ger, .integers = {P(&product)});
    if (k >= TP_DOTS_STEPS && n >= isa->lanes && (beside || m <= TP_DOTS_APART))
        CALL(gemm_dot, .integers = {P(&product)});
    if (m <= TP_AXPY_ROWS)
        CALL(gemm_axpy, .integers = {P(&product)});
    if (n <= TP_LANES_COLUMNS && !beside && (start == TP_START_ZERO || start == TP_START_BIAS))
        CALL(gemm_lanes, .integers = {P(&product)});
}

static void call_strips(size_t n) {
    for (size_t m = 1; m <= isa->mr; m++)
        for (size_t k = 0; k <= 40; k = 3 * k + 1)
            for (int start = TP_START_ZERO; start <= TP_START_BIAS; start++)
                for (int layout = 0; layout < LAYOUTS; layout++)
                    call_strip(m, n, k, (enum tp_start)start, (enum layout)layout);
}

static void call_skinny_products(size_t n) {
    static const size_t steps[] = {1, TP_DOTS_STEPS, TP_DOTS_STEPS + 3, 40};
    for (size_t m = 1; m <= TP_DOTS_ROWS; m++)
        for (size_t k = 0; k < sizeof steps / sizeof *steps; k++)
            for (int start = TP_START_ZERO; start <= TP_START_BIAS; start++)
                for (int beside = 0; beside < 2; beside++)
                    call_skinny(m, n, steps[k], (enum tp_start)start, beside);
}

/* Of the instruction set, which has slots in its table, or by other instructions. */
static const struct tp_bf16 *bf16;

static void call_bf16(const void *slot, const char *name, const struct test_abi_call *arguments) {
    struct test_abi_call call = *arguments;
    void (*function)(void);
    memcpy(&function, slot, sizeof function);
    const char *broken = invoke(&call, function);
    test_tap_check(!broken, "%s: %s of bf16 clobbers %s", bf16->name, name, broken ? broken : "");
}

#define CALL_BF16(member, ...) call_bf16(&bf16->member, #member, &(struct test_abi_call){__VA_ARGS__})

static void call_bf16_packing(size_t lanes, size_t k) {
    for (int beside = 0; beside < 2; beside++)
        for (int narrow = 0; narrow < 2; narrow++) {
            const struct tp_bf16_lanes from = {y, beside ? 1 : LD, beside ? LD : 1, narrow};
            CALL_BF16(pack_a, .integers = {P(x), BUFFER, P(&from), lanes < bf16->mr ? lanes : bf16->mr, k});
            CALL_BF16(pack_b, .integers = {P(x), BUFFER, P(&from), lanes < bf16->nr ? lanes : bf16->nr, k});
        }
}

static void call_bf16_tiles(size_t m, size_t blocks) {
    for (int start = 0; start < 3; start++) {
        const struct tp_bf16_tiles tiles = {.m = m,
                                            .panels = 1,
                                            .blocks = blocks,
                                            .a = x,
                                            .b = y,
                                            .b_panel = sizeof y / 2,
                                            .start = start ? z : NULL,
                                            .ldstart = start > 1 ? LD : 0,
                                            .c = w,
                                            .ldc = LD};
        CALL_BF16(tiles, .integers = {P(&tiles)});
    }
}

/* Tiles between a beginning and an end, where there are such. */
static void call_bf16_strip(size_t m, size_t blocks) {
    if (bf16->begin)
        CALL_BF16(begin, .integers = {0});
    call_bf16_tiles(m, blocks);
    if (bf16->end)
        CALL_BF16(end, .integers = {0});
}

static void call_bf16_kernels(void) {
    for (size_t i = 0; i < LENGTHS; i++) {
        fill();
        call_bf16_packing(lengths[i], lengths[LENGTHS - 1 - i]);
        call_bf16_strip(lengths[i] < bf16->mr ? lengths[i] : bf16->mr, 1 + i % 3);
    }
}

static void tick_bf16(void) {
    const char *begin = (const char *)&isa->bf16, *end = begin + sizeof isa->bf16;
    for (const char *slot = begin; slot < end; slot += sizeof(void (*)(void)))
        tick(slot);
    bf16 = &isa->bf16;
    call_bf16_kernels();
}

static void call_every_kernel(void) {
    memset(called, 0, sizeof called);
    for (size_t i = 0; i < LENGTHS; i++) {
        void (*const groups[])(size_t) = {call_activations, call_losses, call_updates,        call_others,
                                          call_packing,     call_strips, call_skinny_products};
        for (size_t g = 0; g < sizeof groups / sizeof *groups; g++) {
            fill();
            groups[g](lengths[i]);
        }
    }
    tick_bf16();
    for (size_t slot = 0; slot < SLOTS; slot++)
        test_tap_check(called[slot], "%s: the kernel at slot %zu of the table was not called", isa->name, slot);
}

/* By the ways that are not a part of an instruction set. */
static void run_bf16(const struct tp_cpu *cpu) {
    char names[64];
    tp_bf16_names(cpu, names, sizeof names);
    for (char *name = strtok(names, " "); name; name = strtok(NULL, " ")) {
        isa = tp_isa_choose(cpu, name);
        bf16 = isa ? tp_bf16_choose(cpu, isa, name) : NULL;
        if (!isa)
            test_tap_skipped("guest_abi: this system refuses an instruction for bf16");
        else if (bf16 != &isa->bf16)
            test_tap_run(name, call_bf16_kernels);
    }
}

int main(void) {
    const struct tp_cpu cpu = tp_cpu_detect();
    char names[64];
    tp_isa_names(&cpu, names, sizeof names);
    isa = tp_isa_choose(&cpu, NULL);
    test_tap_run("the test sees broken rules", the_test_sees);
    for (char *name = strtok(names, " "); name; name = strtok(NULL, " ")) {
        isa = tp_isa_choose(&cpu, name);
        test_tap_run(name, call_every_kernel);
    }
    run_bf16(&cpu);
    return test_tap_status();
}
