/* SPDX-License-Identifier: BSD-3-Clause */
/* A small network that every thread of a team works on, and what it gives on one thread; for programs without
 * Criterion. */
#ifndef TP_TESTS_SUPPORT_GUEST_H
#define TP_TESTS_SUPPORT_GUEST_H

#include "support.h"

enum {
    GUEST_IN = 20,
    GUEST_HIDDEN = 61,
    GUEST_OUT = 10,
    GUEST_BATCH = 48,
    GUEST_SAMPLES = 2 * GUEST_BATCH + 7,
    GUEST_STEPS = 9, /* of a training run */
    GUEST_PARAMETERS = GUEST_IN * GUEST_HIDDEN + GUEST_HIDDEN + GUEST_HIDDEN * GUEST_OUT + GUEST_OUT
};

struct test_guest {
    tp_context *context;
    tp_model *model;
    float x[GUEST_SAMPLES * GUEST_IN];
    int32_t classes[GUEST_SAMPLES];
    tp_data data;
};

/* What a forward and backward pass gives. */
struct test_guest_pass {
    float y[GUEST_BATCH * GUEST_OUT], gradients[GUEST_PARAMETERS], dx[GUEST_BATCH * GUEST_IN];
};

/* The functions below return false after a failed check (tap.h). */
bool test_guest_open(struct test_guest *guest, int threads);
void test_guest_close(struct test_guest *guest);

/* A pass in a workspace of its own. */
bool test_guest_pass(const struct test_guest *guest, struct test_guest_pass *pass);
/* A pass in a given training workspace. */
bool test_guest_pass_in(const struct test_guest *guest, tp_workspace *workspace, struct test_guest_pass *pass);
bool test_guest_same(const struct test_guest_pass *expected, const struct test_guest_pass *actual, const char *what);

/* The parameters after GUEST_STEPS steps of the model, which it changes. on_step may be NULL. */
bool test_guest_train(struct test_guest *guest, tp_step_fn *on_step, void *user, float *parameters);

/* Pass and training run on one thread. */
struct test_guest_results {
    struct test_guest_pass pass;
    float trained[GUEST_PARAMETERS];
};
bool test_guest_expect(struct test_guest_results *results);

#endif
