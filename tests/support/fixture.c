/* SPDX-License-Identifier: BSD-3-Clause */
#include "fixture.h"

#include <criterion/criterion.h>
#include <string.h>

struct test_fixture fixture;

static const struct test_fixture initial = {
    .layers = {{HIDDEN, TP_ACTIVATION_RELU, 0, 0}, {OUT, TP_ACTIVATION_SOFTMAX, 0, 0}},
    .classes = {0, 1, 2, 1, 0, 2, 2, 1},
    .targets = {.classes = fixture.classes},
    .data = {.samples = MAX_BATCH, .features = IN, .floats = fixture.x, .classes = fixture.classes, .outputs = OUT},
};

static void hear(void *user, tp_status status, const char *message) {
    struct test_fixture *heard = user;
    heard->messages++;
    heard->status = status;
    strncpy(heard->text, message, sizeof heard->text - 1);
}

tp_model_options test_model_options(void) {
    tp_model_options options;
    tp_model_options_default(&options);
    options.inputs = IN;
    options.layer_count = 2;
    options.layers = fixture.layers;
    return options;
}

tp_optimizer_options test_optimizer_options(void) {
    tp_optimizer_options options;
    tp_optimizer_options_default(&options);
    return options;
}

tp_train_options test_train_options(void) {
    tp_train_options options;
    tp_train_options_default(&options);
    options.batch = 3;
    options.epochs = 2;
    return options;
}

tp_context_options test_context_options(void) {
    tp_context_options options;
    tp_context_options_default(&options);
    options.threads = 2;
    options.allocator = fixture.allocator;
    options.message = hear;
    options.message_user = &fixture;
    return options;
}

tp_status test_make_all(void) {
    const tp_context_options context = test_context_options();
    const tp_model_options model = test_model_options();
    const tp_optimizer_options optimizer = test_optimizer_options();
    const tp_train_options train = test_train_options();
    tp_status status = tp_context_create(&context, &fixture.context);
    status = status ? status : tp_model_create(fixture.context, &model, &fixture.model);
    status = status ? status
                    : tp_workspace_create(fixture.model, TEST_WORKSPACE(MAX_BATCH, TP_MODE_TRAINING), NULL, 0,
                                          &fixture.training);
    status = status ? status
                    : tp_workspace_create(fixture.model, TEST_WORKSPACE(MAX_BATCH, TP_MODE_INFERENCE), NULL, 0,
                                          &fixture.inference);
    status = status ? status : tp_optimizer_create(fixture.model, &optimizer, NULL, 0, &fixture.optimizer);
    return status ? status : tp_trainer_create(fixture.model, &fixture.data, &train, NULL, 0, &fixture.trainer);
}

void test_destroy_all(void) {
    tp_trainer_destroy(fixture.trainer);
    tp_optimizer_destroy(fixture.optimizer);
    tp_workspace_destroy(fixture.inference);
    tp_workspace_destroy(fixture.training);
    tp_model_destroy(fixture.model);
    tp_context_destroy(fixture.context);
    fixture.trainer = NULL;
    fixture.optimizer = NULL;
    fixture.inference = NULL;
    fixture.training = NULL;
    fixture.model = NULL;
    fixture.context = NULL;
}

void test_fixture_open(void) {
    fixture = initial;
    fixture.allocator = tp_test_allocator_hooks(&fixture.counter);
    tp_test_fill(fixture.x, MAX_BATCH * IN, 1, -1, 1);
    cr_assert_eq(test_make_all(), TP_OK, "%s", fixture.text);
    cr_assert_eq(tp_forward(fixture.model, fixture.training, BATCH, fixture.x, IN, fixture.y, OUT), TP_OK);
    cr_assert_eq(fixture.messages, 0);
}

void test_fixture_close(void) {
    test_destroy_all();
    cr_assert_eq(atomic_load(&fixture.counter.allocations), atomic_load(&fixture.counter.releases));
}

void test_expect(tp_status actual, tp_status expected, const char *name) {
    cr_assert_eq(actual, expected, "%s: %s instead of %s", name, tp_status_text(actual), tp_status_text(expected));
    cr_assert_eq(fixture.messages, 1, "%s: %d messages", name, fixture.messages);
    cr_assert_eq(fixture.status, expected);
    cr_assert_not_null(strstr(fixture.text, name), "\"%s\" does not contain \"%s\"", fixture.text, name);
    cr_assert_str_eq(fixture.text, tp_test_message(fixture.context));
    fixture.messages = 0;
}

void test_expect_argument(tp_status actual, const char *name) {
    test_expect(actual, TP_ERR_ARGUMENT, name);
}
