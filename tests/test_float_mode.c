/* SPDX-License-Identifier: BSD-3-Clause */
/* Contexts that are created in another floating-point mode than the default say so. */
#include "cpu/float_mode.h"
#include "support/fixture.h"
#include "support/process.h"

#include <criterion/criterion.h>
#include <fenv.h>
#include <string.h>

#define FLUSHES TP_FLOAT_FLUSHES
#define ZERO TP_FLOAT_DENORMALS_ARE_ZERO

TestSuite(float_mode, .init = test_fixture_open, .fini = test_fixture_close);

Test(float_mode, control_registers_of_x86) {
    static const struct {
        uint32_t mxcsr, mode;
    } modes[] = {
        {0x1f80, 0},
        {0x1fbf, 0}, /* every exception was raised */
        {0x9f80, FLUSHES},
        {0x1fc0, ZERO},
        {0x9fc0, FLUSHES | ZERO}, /* -ffast-math */
        {0x3f80, TP_FLOAT_DOWN},
        {0x5f80, TP_FLOAT_UP},
        {0x7f80, TP_FLOAT_TOWARDS_ZERO},
        {0x1f00, TP_FLOAT_TRAPS},
        {0x0f80, TP_FLOAT_TRAPS},
        {0xe040, FLUSHES | ZERO | TP_FLOAT_TOWARDS_ZERO | TP_FLOAT_TRAPS},
    };
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++)
        cr_expect_eq(tp_float_mode_x86(modes[i].mxcsr), modes[i].mode, "%#x", modes[i].mxcsr);
}

Test(float_mode, control_registers_of_arm) {
    static const struct {
        uint64_t fpcr;
        uint32_t mode;
    } modes[] = {
        {0, 0},
        {1 << 25 | 1 << 26 | 1 << 19, 0}, /* of NaNs, and of half precision */
        {1 << 24, FLUSHES | ZERO},        /* -ffast-math */
        {1 << 0, ZERO},
        {1 << 22, TP_FLOAT_UP},
        {2 << 22, TP_FLOAT_DOWN},
        {3 << 22, TP_FLOAT_TOWARDS_ZERO},
        {1 << 8, TP_FLOAT_TRAPS},
        {1 << 15, TP_FLOAT_TRAPS},
    };
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++)
        cr_expect_eq(tp_float_mode_arm(modes[i].fpcr), modes[i].mode, "%#llx", (unsigned long long)modes[i].fpcr);
}

Test(float_mode, names) {
    char text[sizeof(tp_machine){0}.floating_point], few[8];
    tp_float_mode_names(0, text, sizeof text);
    cr_expect_str_eq(text, "default");
    tp_float_mode_names(TP_FLOAT_DOWN | TP_FLOAT_TRAPS, text, sizeof text);
    cr_expect_str_eq(text, "rounding down, traps");
    tp_float_mode_names(FLUSHES | ZERO | TP_FLOAT_TOWARDS_ZERO | TP_FLOAT_TRAPS, text, sizeof text);
    cr_expect_str_eq(text, "flush-to-zero, denormals-are-zero, rounding towards zero, traps");
    tp_float_mode_names(FLUSHES | ZERO, few, sizeof few);
    cr_expect_str_eq(few, "flush-t");
}

/* In the mode that the thread has, which must stay. */
static void expect_mode(const char *mode) {
    const tp_context_options options = test_context_options();
    const unsigned long before = test_mode();
    tp_context *context = NULL;
    char kept[16];
    fixture.messages = 0;
    const tp_status status = tp_context_create(&options, &context);
    const unsigned long after = test_mode();
    test_set_default_mode();
    const bool usual = strcmp(mode, "default") == 0;
    cr_assert_eq(status, TP_OK);
    cr_expect_eq(before, after);
    cr_expect_str_eq(tp_context_machine(context)->floating_point, mode);
    cr_expect_eq(fixture.messages, usual ? 0 : 1, "%s: %d messages", mode, fixture.messages);
    if (!usual) {
        cr_expect_eq(fixture.status, TP_OK, "a note");
        cr_expect(strstr(fixture.text, mode), "%s: %s", mode, fixture.text);
    }
    cr_expect_eq(tp_context_message(context, kept, sizeof kept), 0, "a note is not kept");
    tp_context_destroy(context);
}

Test(float_mode, is_noted_once) {
    static const struct {
        int rounding;
        const char *mode;
    } modes[] = {{FE_TONEAREST, "default"},
                 {FE_UPWARD, "rounding up"},
                 {FE_DOWNWARD, "rounding down"},
                 {FE_TOWARDZERO, "rounding towards zero"}};
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        cr_assert_eq(fesetround(modes[i].rounding), 0);
        expect_mode(modes[i].mode);
    }
    test_set_odd_mode();
    expect_mode("flush-to-zero, denormals-are-zero, rounding up");
    expect_mode("default");
}

Test(float_mode, traps_are_noted) {
    feenableexcept(FE_DIVBYZERO);
    if (fegetexcept() & FE_DIVBYZERO) /* not every arm64 has them */
        expect_mode("traps");
    expect_mode("default");
}

/* Without a callback, and with a context that could not be created. */
Test(float_mode, nobody_listens) {
    tp_context_options options = test_context_options();
    tp_context *context = NULL;
    options.message = NULL;
    test_set_odd_mode();
    const tp_status status = tp_context_create(&options, &context);
    test_set_default_mode();
    cr_expect_eq(status, TP_OK);
    tp_context_destroy(context);
    options = test_context_options();
    options.threads = -1;
    fixture.messages = 0;
    test_set_odd_mode();
    cr_expect_eq(tp_context_create(&options, &context), TP_ERR_ARGUMENT);
    test_set_default_mode();
    cr_expect_eq(fixture.messages, 1, "the error alone");
}
