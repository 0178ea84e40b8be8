/* SPDX-License-Identifier: BSD-3-Clause */
/* Factors of the learning rate for each layer: 0 freezes a layer, 1 is no factor. */
#include "support/clouds.h"
#include "support/support.h"

#include <criterion/criterion.h>
#include <string.h>

/* Where the second layer's parameters begin. */
enum { SECOND = CLOUD_IN * CLOUD_HIDDEN + CLOUD_HIDDEN, LAYERS = 2 };

/* Ways of an update: fused, one sample (outer products), clipped, with decay, with slices. */
static const struct way {
    tp_optimizer_kind kind;
    size_t batch;
    float clip_norm, weight_decay;
} ways[] = {
    {TP_OPTIMIZER_SGD, 16, 0, 0},     {TP_OPTIMIZER_ADAM, 1, 0, 0.01f},     {TP_OPTIMIZER_MOMENTUM, 16, 0.5f, 0.1f},
    {TP_OPTIMIZER_ADAMW, 8, 0, 0.1f}, {TP_OPTIMIZER_NESTEROV, 4, 1, 0.01f}, {TP_OPTIMIZER_ADAGRAD, 4, 0, 0}};
#define WAYS (sizeof ways / sizeof *ways)

static void train(const char *isa, const struct way *way, const float *rates, float learning_rate, float *before,
                  float *after) {
    static struct test_world w;
    test_open_world(&w, isa);
    tp_train_options options = test_small_options(&w.diary);
    options.batch = way->batch;
    options.epochs = 2;
    options.optimizer.kind = way->kind;
    options.optimizer.learning_rate = learning_rate;
    options.optimizer.clip_norm = way->clip_norm;
    options.optimizer.weight_decay = way->weight_decay;
    options.optimizer.layer_rates = rates;
    test_get_parameters(w.model, before);
    cr_assert_eq(test_train(&w, &options), TP_OK, "%s", tp_test_message(w.context));
    test_get_parameters(w.model, after);
    test_close_world(&w);
}

static bool same(const float *a, const float *b, size_t begin, size_t end) {
    return memcmp(a + begin, b + begin, (end - begin) * sizeof *a) == 0;
}

Test(layer_rates, ones_are_no_factors) {
    float before[CLOUD_PARAMETERS], plain[CLOUD_PARAMETERS], after[CLOUD_PARAMETERS];
    const float ones[LAYERS] = {1, 1};
    for (int i = 0; i < tp_test_isa_count(); i++)
        for (size_t way = 0; way < WAYS; way++) {
            train(tp_test_isa(i), &ways[way], NULL, 0.05f, before, plain);
            train(tp_test_isa(i), &ways[way], ones, 0.05f, before, after);
            cr_assert(test_equal_parameters(plain, after), "%s, way %zu", tp_test_isa(i), way);
        }
}

Test(layer_rates, equal_factors_are_another_rate) {
    float before[CLOUD_PARAMETERS], plain[CLOUD_PARAMETERS], after[CLOUD_PARAMETERS];
    const float halves[LAYERS] = {0.5f, 0.5f};
    for (size_t way = 0; way < WAYS; way++) {
        train(NULL, &ways[way], NULL, 0.0625f, before, plain);
        train(NULL, &ways[way], halves, 0.125f, before, after);
        cr_assert(test_equal_parameters(plain, after), "way %zu", way);
    }
}

Test(layer_rates, a_frozen_layer_keeps_its_bits) {
    float before[CLOUD_PARAMETERS], after[CLOUD_PARAMETERS], first[CLOUD_PARAMETERS];
    const float below[LAYERS] = {0, 1}, above[LAYERS] = {1, 0}, all[LAYERS] = {0, 0};
    for (int i = 0; i < tp_test_isa_count(); i++)
        for (size_t way = 0; way < WAYS; way++) {
            train(tp_test_isa(i), &ways[way], below, 0.05f, before, after);
            cr_assert(same(before, after, 0, SECOND), "%s, way %zu", tp_test_isa(i), way);
            cr_assert_not(same(before, after, SECOND, CLOUD_PARAMETERS), "%s, way %zu", tp_test_isa(i), way);
            cr_assert(i == 0 || way || test_equal_parameters(first, after), "%s", tp_test_isa(i));
            if (!way)
                memcpy(first, after, sizeof first);
            train(tp_test_isa(i), &ways[way], above, 0.05f, before, after);
            cr_assert(same(before, after, SECOND, CLOUD_PARAMETERS), "%s, way %zu", tp_test_isa(i), way);
            cr_assert_not(same(before, after, 0, SECOND), "%s, way %zu", tp_test_isa(i), way);
            train(tp_test_isa(i), &ways[way], all, 0.05f, before, after);
            cr_assert(test_equal_parameters(before, after), "%s, way %zu", tp_test_isa(i), way);
        }
}

/* One step by hand: SGD on gradients of which the first layer's count half, the second's not at all, nor in the norm.
 */
Test(layer_rates, a_clipped_step) {
    static struct test_world w;
    float before[CLOUD_PARAMETERS], after[CLOUD_PARAMETERS], gradients[CLOUD_PARAMETERS] = {0};
    const float rates[LAYERS] = {0.5f, 0};
    tp_optimizer_options options;
    tp_optimizer *optimizer = NULL;
    test_open_world(&w, NULL);
    tp_optimizer_options_default(&options);
    options.kind = TP_OPTIMIZER_SGD;
    options.learning_rate = 0.25f;
    options.clip_norm = 2;
    options.layer_rates = rates;
    gradients[0] = 3, gradients[1] = 4;
    for (size_t i = SECOND; i < CLOUD_PARAMETERS; i++)
        gradients[i] = 100;
    test_get_parameters(w.model, before);
    cr_assert_eq(tp_optimizer_create(w.model, &options, NULL, 0, &optimizer), TP_OK);
    cr_assert_eq(tp_optimizer_step(optimizer, w.model, gradients), TP_OK);
    test_get_parameters(w.model, after);
    const float scale = (float)(2.0 / 5.0);
    cr_assert_eq(after[0], before[0] - 0.125f * (3 * scale));
    cr_assert_eq(after[1], before[1] - 0.125f * (4 * scale));
    cr_assert(same(before, after, 2, CLOUD_PARAMETERS));
    tp_optimizer_destroy(optimizer);
    test_close_world(&w);
}

/* The state of a frozen layer stays what it was, though the layer below it learns. */
Test(layer_rates, the_state_of_a_frozen_layer) {
    static struct test_world w;
    float state[CLOUD_PARAMETERS];
    const float rates[LAYERS] = {1, 0}, none[CLOUD_PARAMETERS] = {0};
    tp_optimizer_options options;
    tp_optimizer *optimizer = NULL;
    tp_workspace *workspace = NULL;
    test_open_world(&w, NULL);
    tp_optimizer_options_default(&options);
    options.layer_rates = rates;
    const tp_targets targets = {.classes = w.clouds.classes};
    cr_assert_eq(tp_optimizer_create(w.model, &options, NULL, 0, &optimizer), TP_OK);
    cr_assert_eq(tp_workspace_create(w.model, TEST_WORKSPACE(16, TP_MODE_TRAINING), NULL, 0, &workspace), TP_OK);
    cr_assert_eq(tp_train_step(w.model, workspace, optimizer, 16, w.clouds.x, CLOUD_IN, &targets, NULL), TP_OK);
    for (size_t i = 0; i < tp_optimizer_state_count(optimizer); i++) {
        cr_assert_eq(tp_optimizer_get_state(optimizer, i, state, CLOUD_PARAMETERS), TP_OK);
        cr_assert(same(state, none, SECOND, CLOUD_PARAMETERS));
        cr_assert_not(same(state, none, 0, SECOND));
    }
    tp_workspace_destroy(workspace);
    tp_optimizer_destroy(optimizer);
    test_close_world(&w);
}
