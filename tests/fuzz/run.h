/* SPDX-License-Identifier: BSD-3-Clause */
/* The run whose checkpoints are fuzzed: of a model with two parameters, so that files are small. */
#ifndef TP_TESTS_FUZZ_RUN_H
#define TP_TESTS_FUZZ_RUN_H

#include "tileprop/tileprop.h"

enum { FUZZ_RUN_PARAMETERS = 2, FUZZ_RUN_STEPS = 6 };

struct fuzz_run {
    tp_model *model;
    tp_trainer *trainer;
    uint64_t stop_at; /* a step */
};

/* A run before its first step. */
void fuzz_run_open(tp_context *context, struct fuzz_run *run);
void fuzz_run_close(struct fuzz_run *run);

#endif
