/* SPDX-License-Identifier: BSD-3-Clause */
/* The public header stands alone: nothing is included before it, and it brings all that it uses. */
#include "tileprop/tileprop.h"

static const tp_optimizer_options options = {.kind = TP_OPTIMIZER_ADAM, .warmup_steps = UINT64_C(1)};
static const tp_train_options training = {.shuffle = true, .validation = NULL};

#include <criterion/criterion.h>
#include <stdio.h>

Test(header, version_text_is_that_of_the_macros) {
    char expected[32];
    snprintf(expected, sizeof expected, "%d.%d.%d", TP_VERSION_MAJOR, TP_VERSION_MINOR, TP_VERSION_PATCH);
    cr_assert_str_eq(tp_version(), expected);
}

Test(header, types_are_complete) {
    cr_assert_eq(options.kind, TP_OPTIMIZER_ADAM);
    cr_assert(training.shuffle);
}

static void check_names(const char *(*name)(int), int count) {
    for (int i = 0; i < count; i++) {
        cr_assert_not_null(name(i), "%d", i);
        for (int j = 0; j < i; j++)
            cr_assert_str_neq(name(i), name(j));
    }
    cr_assert_null(name(-1));
    cr_assert_null(name(count));
}

static const char *activation_name(int i) {
    return tp_activation_name((tp_activation)i);
}

static const char *loss_name(int i) {
    return tp_loss_name((tp_loss)i);
}

static const char *init_name(int i) {
    return tp_init_name((tp_init)i);
}

static const char *optimizer_name(int i) {
    return tp_optimizer_name((tp_optimizer_kind)i);
}

static const char *schedule_name(int i) {
    return tp_schedule_name((tp_schedule)i);
}

Test(header, every_value_has_its_own_name) {
    check_names(activation_name, TP_ACTIVATION_COUNT);
    check_names(loss_name, TP_LOSS_COUNT);
    check_names(init_name, TP_INIT_COUNT);
    check_names(optimizer_name, TP_OPTIMIZER_COUNT);
    check_names(schedule_name, TP_SCHEDULE_COUNT);
    cr_assert_str_eq(tp_activation_name(TP_ACTIVATION_RELU), "relu");
    cr_assert_str_eq(tp_loss_name(TP_LOSS_CCE), "cce");
    cr_assert_str_eq(tp_init_name(TP_INIT_HE_NORMAL), "he_normal");
}

Test(header, every_status_has_a_text) {
    for (int i = TP_OK; i <= TP_ERR_STOPPED; i++) {
        cr_assert(tp_status_text((tp_status)i)[0] != '\0');
        for (int j = TP_OK; j < i; j++)
            cr_assert_str_neq(tp_status_text((tp_status)i), tp_status_text((tp_status)j));
    }
    cr_assert_not_null(tp_status_text((tp_status)-1));
    cr_assert_not_null(tp_status_text((tp_status)(TP_ERR_STOPPED + 1)));
}
