/* SPDX-License-Identifier: BSD-3-Clause */
/* Options of the context, its messages, and the parameters of a model. */
#include "support/fixture.h"

#include <criterion/criterion.h>
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#if defined(__x86_64__)
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#endif

TestSuite(context, .init = test_fixture_open, .fini = test_fixture_close);

/* ---------------------------------------------------------------------------------------------------------- context */

static tp_status create_with(const char *isa, int threads, tp_context **context) {
    tp_context_options options = test_context_options();
    options.isa = isa;
    options.threads = threads;
    options.allocator = (tp_allocator){0};
    return tp_context_create(&options, context);
}

static void refuse_isa(const char *isa) {
    tp_context *context = NULL;
    cr_assert_eq(create_with(isa, 1, &context), TP_ERR_UNSUPPORTED);
    cr_assert_null(context);
    cr_assert_eq(fixture.messages, 1);
    for (int i = 0; i < tp_test_isa_count(); i++) {
        cr_assert_not_null(strstr(fixture.text, tp_test_isa(i)), "\"%s\" does not list %s", fixture.text,
                           tp_test_isa(i));
    }
    fixture.messages = 0;
}

static void accept_isa(const char *isa, const char *expected) {
    tp_context *context = NULL;
    cr_assert_eq(create_with(isa, 1, &context), TP_OK);
    cr_assert_str_eq(tp_context_isa(context), expected);
    tp_context_destroy(context);
}

Test(context, instruction_set_by_name) {
    const char *names[] = {"", "avx1024", "AVX2", "avx", "scalar ", "avx2 avx512"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        refuse_isa(names[i]);
    for (int i = 0; i < tp_test_isa_count(); i++)
        accept_isa(tp_test_isa(i), tp_test_isa(i));
}

Test(context, instruction_set_by_environment) {
    char best[16];
    unsetenv("TILEPROP_ISA");
    strncpy(best, tp_test_isa(0), sizeof best - 1);
    setenv("TILEPROP_ISA", "scalar", 1);
    accept_isa(NULL, "scalar");
    accept_isa(best, best);
    setenv("TILEPROP_ISA", "", 1);
    accept_isa(NULL, best);
    setenv("TILEPROP_ISA", "mmx", 1);
    refuse_isa(NULL);
    unsetenv("TILEPROP_ISA");
}

#if defined(__x86_64__)
/* From here on this process is not given leave to use tile registers. */
static void refuse_tiles(void) {
    struct sock_filter steps[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_arch_prctl, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const struct sock_fprog filter = {sizeof steps / sizeof *steps, steps};
    cr_assert_eq(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
    cr_assert_eq(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter), 0);
}

Test(context, tiles_that_the_system_refuses) {
    tp_context *context = NULL;
    unsetenv("TILEPROP_ISA");
    if (!strstr(tp_context_machine(fixture.context)->bf16, "amx")) {
        fprintf(stderr, "SKIPPED: tile registers, which this processor does not have\n");
        return;
    }
    refuse_tiles();
    cr_assert_eq(create_with("amx", 1, &context), TP_ERR_UNSUPPORTED);
    cr_assert_not_null(strstr(fixture.text, "\"amx\" cannot be used: the system refuses"), "%s", fixture.text);
    cr_assert_eq(create_with(NULL, 1, &context), TP_OK);
    cr_expect_str_neq(tp_context_bf16(context), "amx");
    tp_context_destroy(context);
}
#endif

Test(context, thread_counts) {
    tp_context *context = NULL;
    cr_assert_eq(create_with(NULL, -1, &context), TP_ERR_ARGUMENT);
    cr_assert_null(context);
    cr_assert_not_null(strstr(fixture.text, "threads"));
    fixture.messages = 0;
    cr_assert_eq(tp_context_threads(fixture.context), 2);
    test_expect_argument(tp_context_set_threads(fixture.context, -3), "threads");
    test_expect_argument(tp_context_set_threads(fixture.context, 4097), "threads is 4097; it must be 1..4096");
    cr_assert_eq(tp_context_threads(fixture.context), 2);
    cr_assert_eq(tp_context_set_threads(fixture.context, 5), TP_OK);
    cr_assert_eq(tp_context_threads(fixture.context), 5);
    cr_assert_eq(tp_context_set_threads(fixture.context, 0), TP_OK);
    cr_assert_geq(tp_context_threads(fixture.context), 1);
}

/* OMP_NUM_THREADS may be anything. */
Test(context, no_more_threads_by_default_than_may_be_asked_for) {
    tp_context *context = NULL;
    omp_set_num_threads(5000);
    cr_assert_eq(create_with(NULL, 0, &context), TP_OK);
    cr_expect_eq(tp_context_threads(context), 4096);
    cr_assert_eq(tp_context_set_threads(context, 1), TP_OK);
    cr_assert_eq(tp_context_set_threads(context, 0), TP_OK);
    cr_expect_eq(tp_context_threads(context), 4096);
    tp_context_destroy(context);
}

Test(context, more_threads_than_the_workspace_was_made_for) {
    float y[MAX_BATCH * OUT];
    cr_assert_eq(tp_context_set_threads(fixture.context, 64), TP_OK);
    cr_assert_eq(tp_forward(fixture.model, fixture.training, BATCH, fixture.x, IN, y, OUT), TP_OK);
    cr_assert_eq(tp_backward(fixture.model, fixture.training, &fixture.targets, fixture.gradients, NULL, 0, NULL),
                 TP_OK);
    cr_assert(tp_test_same_bits(fixture.y, y, BATCH * OUT, "y"));
}

Test(context, an_allocator_has_both_functions) {
    tp_context_options options = test_context_options();
    tp_context *context = NULL;
    options.allocator.release = NULL;
    cr_assert_eq(tp_context_create(&options, &context), TP_ERR_ARGUMENT);
    cr_assert_null(context);
    cr_assert_not_null(strstr(fixture.text, "allocator"));
}

Test(context, messages_are_cut_to_the_buffer) {
    char whole[512], cut[8];
    cr_assert_eq(tp_context_message(fixture.context, whole, sizeof whole), 0);
    cr_assert_str_empty(whole);
    test_expect_argument(tp_model_describe(fixture.model, NULL), "options");
    const size_t length = tp_context_message(fixture.context, whole, sizeof whole);
    cr_assert_eq(length, strlen(whole));
    cr_assert_eq(tp_context_message(fixture.context, cut, sizeof cut), length);
    cr_assert_eq(strlen(cut), sizeof cut - 1);
    cr_assert_eq(strncmp(cut, whole, sizeof cut - 1), 0);
    cr_assert_eq(tp_context_message(fixture.context, NULL, 0), length);
}

Test(context, a_caller_reports_through_the_context) {
    char text[32];
    fixture.messages = 0;
    cr_assert_eq(tp_context_set_message(fixture.context, TP_ERR_FORMAT, "100% of a caller"), TP_ERR_FORMAT);
    cr_assert_eq(fixture.messages, 1);
    cr_assert_str_eq(fixture.text, "100% of a caller");
    tp_context_message(fixture.context, text, sizeof text);
    cr_assert_str_eq(text, "100% of a caller");
    cr_assert_eq(tp_context_set_message(fixture.context, TP_ERR_IO, NULL), TP_ERR_IO);
    cr_assert_eq(tp_context_message(fixture.context, text, sizeof text), 0);
    cr_assert_eq(tp_context_set_message(NULL, TP_ERR_IO, "nobody hears"), TP_ERR_IO);
}

Test(context, a_note_of_a_caller_is_not_kept) {
    char text[32];
    tp_context_set_message(fixture.context, TP_ERR_FORMAT, "an error");
    fixture.messages = 0;
    cr_assert_eq(tp_context_set_message(fixture.context, TP_OK, "a note"), TP_OK);
    cr_assert_eq(fixture.messages, 1);
    cr_assert_str_eq(fixture.text, "a note");
    tp_context_message(fixture.context, text, sizeof text);
    cr_assert_str_eq(text, "an error");
}

/* All of it, if it is not too long for a message. */
Test(context, long_messages_of_a_caller) {
    static char given[4000], text[2000];
    for (size_t size = 290; size < sizeof given; size += size < 1100 ? 1 : 1000) {
        for (size_t i = 0; i < size; i++)
            given[i] = (char)('a' + i % 26);
        given[size] = '\0';
        tp_context_set_message(fixture.context, TP_ERR_IO, given);
        const size_t length = tp_context_message(fixture.context, text, sizeof text);
        cr_assert_eq(length, size < 1023 ? size : 1023, "%zu of %zu", length, size);
        cr_assert_eq(memcmp(text, given, size < 1024 ? size : 100), 0, "%zu", size);
        if (size > 1023)
            cr_assert(!memcmp(text + 100, "...", 3) && !strcmp(text + 103, given + size - 920), "%zu", size);
    }
}

/* ------------------------------------------------------------------------------------------------------- parameters */

Test(context, parameters_round_trip) {
    float before[PARAMETERS], after[PARAMETERS];
    tp_test_fill(before, PARAMETERS, 3, -1, 1);
    cr_assert_eq(tp_model_parameter_count(fixture.model), PARAMETERS);
    cr_assert_eq(tp_model_set_parameters(fixture.model, before, PARAMETERS), TP_OK);
    cr_assert_eq(tp_model_get_parameters(fixture.model, after, PARAMETERS), TP_OK);
    cr_assert(tp_test_same_bits(before, after, PARAMETERS, "parameters"));
    test_expect_argument(tp_model_set_parameters(fixture.model, before, PARAMETERS + 1), "count");
    test_expect_argument(tp_model_get_parameters(fixture.model, after, 0), "count");
}

Test(context, layer_offsets) {
    size_t weight = 0, bias = 0;
    cr_assert_eq(tp_model_layer_offsets(fixture.model, 0, &weight, &bias), TP_OK);
    cr_assert(weight == 0 && bias == IN * HIDDEN);
    cr_assert_eq(tp_model_layer_offsets(fixture.model, 1, &weight, NULL), TP_OK);
    cr_assert_eq(tp_model_layer_offsets(fixture.model, 1, NULL, &bias), TP_OK);
    cr_assert(weight == IN * HIDDEN + HIDDEN && bias == PARAMETERS - OUT);
    test_expect_argument(tp_model_layer_offsets(fixture.model, 2, &weight, &bias), "layer");
}

Test(context, describe_gives_back_the_options) {
    tp_model_options options;
    cr_assert_eq(tp_model_describe(fixture.model, &options), TP_OK);
    cr_assert(options.inputs == IN && options.layer_count == 2 && options.loss == TP_LOSS_CCE && options.seed == 1);
    cr_assert_neq(options.layers, fixture.layers);
    cr_assert(options.layers[0].width == HIDDEN && options.layers[0].activation == TP_ACTIVATION_RELU);
    cr_assert(options.layers[1].width == OUT && options.layers[1].activation == TP_ACTIVATION_SOFTMAX);
}
