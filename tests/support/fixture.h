/* SPDX-License-Identifier: BSD-3-Clause */
/* A small network with one of everything, an allocator that counts and a message callback that listens. */
#ifndef TP_TESTS_SUPPORT_FIXTURE_H
#define TP_TESTS_SUPPORT_FIXTURE_H

#include "support.h"

enum { IN = 5, HIDDEN = 19, OUT = 3, BATCH = 6, MAX_BATCH = 8, PARAMETERS = IN * HIDDEN + HIDDEN + HIDDEN * OUT + OUT };

struct test_fixture {
    struct tp_test_allocator counter;
    tp_allocator allocator;
    tp_context *context;
    tp_model *model;
    tp_workspace *training, *inference;
    tp_optimizer *optimizer;
    tp_trainer *trainer;
    tp_layer layers[2];
    int32_t classes[MAX_BATCH];
    tp_targets targets;
    tp_data data;
    float x[MAX_BATCH * IN], y[MAX_BATCH * OUT], gradients[PARAMETERS], dx[MAX_BATCH * IN];
    int messages; /* since the last test_expect */
    tp_status status;
    char text[512];
};

extern struct test_fixture fixture;

/* For TestSuite. y holds the outputs of a forward pass of BATCH samples of x in the training workspace. The end checks
 * that every block that was taken was given back. */
void test_fixture_open(void);
void test_fixture_close(void);

/* What the fixture was made with. */
tp_context_options test_context_options(void);
tp_model_options test_model_options(void);
tp_optimizer_options test_optimizer_options(void);
tp_train_options test_train_options(void);

/* The first failure, or TP_OK; and back to NULL. */
tp_status test_make_all(void);
void test_destroy_all(void);

/* One message was sent, it is the one that the context holds, and it contains name. */
void test_expect(tp_status actual, tp_status expected, const char *name);
void test_expect_argument(tp_status actual, const char *name);

#endif
