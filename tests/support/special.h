/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_TESTS_SPECIAL_H
#define TP_TESTS_SPECIAL_H

#include "reference.h"
#include "tileprop/tileprop.h"

#define TEST_SPECIAL_SIZE 512

/* One network with its data, in both precisions, and what the formulas of the test say. */
struct test_special {
    struct ref_net net;
    size_t batch, parameters, inputs, outputs;
    float p32[TEST_SPECIAL_SIZE], x32[TEST_SPECIAL_SIZE], y32[TEST_SPECIAL_SIZE];
    double p[TEST_SPECIAL_SIZE], x[TEST_SPECIAL_SIZE], y[TEST_SPECIAL_SIZE];
    double loss, gradients[TEST_SPECIAL_SIZE], dx[TEST_SPECIAL_SIZE];
};

/* In double what is there in float. */
void test_widen_special(struct test_special *special);

/* Random data; targets of cross-entropies are 0 and 1. */
void test_open_special(struct test_special *special, const struct ref_net *net, size_t batch);

/* A model with a training workspace after its forward pass. */
struct test_run {
    tp_context *context;
    tp_model *model;
    tp_workspace *workspace;
    float y[TEST_SPECIAL_SIZE];
};

void test_start(struct test_run *run, const char *isa, const struct test_special *special);
void test_finish(struct test_run *run);

tp_targets test_special_values(const struct test_special *special);

/* The library on every instruction set against the formulas. */
void test_check_special(const struct test_special *special);

#endif
