/* SPDX-License-Identifier: BSD-3-Clause */
/* Networks that tests run through both the oracle and the library. */
#ifndef TP_TESTS_SUPPORT_NETS_H
#define TP_TESTS_SUPPORT_NETS_H

#include "../reference.h"

/* Last activations with the losses that they accept; exp, to save time, with one of those that every activation has. */
struct test_head {
    tp_activation activation;
    tp_loss loss;
};

#define TEST_HEADS 34
extern const struct test_head test_heads[TEST_HEADS];

/* Hidden layers may have any activation but softmax. */
#define TEST_HIDDEN 10
extern const tp_activation test_hidden[TEST_HIDDEN];

#define TEST_SLOPE 0.125f   /* of every leaky layer; exact in float */
#define TEST_SMOOTHING 0.2f /* of tests that smooth labels */
#define TEST_DELTA 0.375f   /* Huber's; errors of random data lie on both sides */
#define TEST_ALPHA 0.75f    /* of every ELU layer; so too */

/* The last activation that the loss needs; otherwise if it takes any. */
tp_activation test_last_activation(tp_loss loss, tp_activation otherwise);

/* widths holds inputs, hidden widths, outputs: hidden + 2 of them. */
struct ref_net test_net(size_t hidden, const size_t *widths, tp_activation activation, struct test_head head);

/* Takes 2 from the biases of exp's hidden layers: exponentials of exponentials are soon beyond all bounds. */
void test_lower_biases(const struct ref_net *net, float *parameters);

/* Gives every hidden layer a rate; test_net gives none. */
void test_set_dropout(struct ref_net *net);

/* The factors of a step, as the library draws them. */
void test_draw_dropout(struct ref_pass *pass, uint64_t seed, uint64_t step);

/* "3-relu-10-sigmoid/bce" for messages; a buffer that the next call overwrites. */
const char *test_net_name(const struct ref_net *net);

/* The library's model of the same network. parameters NULL: as initialised. */
tp_model *test_model(tp_context *context, const struct ref_net *net, const float *parameters);

/* Whether the loss takes label smoothing; test_net sets none. */
bool test_smooths(const struct ref_net *net);

/* Targets that the loss accepts: BCE in [0, 1), CCE rows of soft targets that sum to exactly 1, Poisson 0, 1, 2 and 3,
 * else in [-1, 1). */
void test_fill_targets(float *targets, const struct ref_net *net, size_t batch, uint64_t seed);

/* A copy in double precision; release with free. */
double *test_widen(const float *x, size_t n);

#endif
