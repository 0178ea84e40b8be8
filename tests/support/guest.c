/* SPDX-License-Identifier: BSD-3-Clause */
#include "guest.h"

#include "blocking.h"
#include "tap.h"

static const tp_layer layers[] = {{GUEST_HIDDEN, TP_ACTIVATION_TANH, 0, 0}, {GUEST_OUT, TP_ACTIVATION_SOFTMAX, 0, 0}};

static bool ok(tp_status status, const char *what) {
    return test_tap_check(status == TP_OK, "%s: %s", what, tp_status_text(status));
}

bool test_guest_open(struct test_guest *guest, int threads) {
    *guest = (struct test_guest){0};
    tp_context_options options;
    tp_context_options_default(&options);
    options.threads = threads;
    if (!ok(tp_context_create(&options, &guest->context), "context"))
        return false;
    tp_test_wake_all(guest->context); /* although the network is small */
    tp_model_options shape;
    tp_model_options_default(&shape);
    shape.inputs = GUEST_IN;
    shape.layer_count = 2;
    shape.layers = layers;
    tp_test_fill(guest->x, GUEST_SAMPLES * GUEST_IN, 1, -1, 1);
    tp_test_fill_classes(guest->classes, GUEST_SAMPLES, 2, GUEST_OUT);
    guest->data = (tp_data){.samples = GUEST_SAMPLES,
                            .features = GUEST_IN,
                            .floats = guest->x,
                            .classes = guest->classes,
                            .outputs = GUEST_OUT};
    return ok(tp_model_create(guest->context, &shape, &guest->model), "model");
}

void test_guest_close(struct test_guest *guest) {
    tp_model_destroy(guest->model);
    tp_context_destroy(guest->context);
}

bool test_guest_pass_in(const struct test_guest *guest, tp_workspace *workspace, struct test_guest_pass *pass) {
    const tp_targets targets = {.classes = guest->classes};
    return ok(tp_forward(guest->model, workspace, GUEST_BATCH, guest->x, GUEST_IN, pass->y, GUEST_OUT), "forward") &&
           ok(tp_backward(guest->model, workspace, &targets, pass->gradients, pass->dx, GUEST_IN, NULL), "backward");
}

bool test_guest_pass(const struct test_guest *guest, struct test_guest_pass *pass) {
    tp_workspace *workspace = NULL;
    const bool done =
        ok(tp_workspace_create(guest->model, TEST_WORKSPACE(GUEST_BATCH, TP_MODE_TRAINING), NULL, 0, &workspace),
           "workspace") &&
        test_guest_pass_in(guest, workspace, pass);
    tp_workspace_destroy(workspace);
    return done;
}

bool test_guest_same(const struct test_guest_pass *expected, const struct test_guest_pass *actual, const char *what) {
    const bool same = tp_test_same_bits(expected->y, actual->y, GUEST_BATCH * GUEST_OUT, "y") &&
                      tp_test_same_bits(expected->gradients, actual->gradients, GUEST_PARAMETERS, "gradients") &&
                      tp_test_same_bits(expected->dx, actual->dx, GUEST_BATCH * GUEST_IN, "dx");
    return test_tap_check(same, "%s: other bits than on one thread", what);
}

bool test_guest_train(struct test_guest *guest, tp_step_fn *on_step, void *user, float *parameters) {
    tp_train_options options;
    tp_train_options_default(&options);
    options.batch = GUEST_BATCH;
    options.epochs = GUEST_STEPS / 3;
    options.on_step = on_step;
    options.user = user;
    tp_trainer *trainer = NULL;
    const bool done = ok(tp_trainer_create(guest->model, &guest->data, &options, NULL, 0, &trainer), "trainer") &&
                      ok(tp_trainer_run(trainer), "training") &&
                      ok(tp_model_get_parameters(guest->model, parameters, GUEST_PARAMETERS), "parameters");
    tp_trainer_destroy(trainer);
    return done;
}

bool test_guest_expect(struct test_guest_results *results) {
    struct test_guest guest;
    const bool done = test_guest_open(&guest, 1) && test_guest_pass(&guest, &results->pass) &&
                      test_guest_train(&guest, NULL, NULL, results->trained);
    test_guest_close(&guest);
    return done;
}
