/* SPDX-License-Identifier: BSD-3-Clause */
/* A fixture: two moments of a run of a small model, saved as "old" and "new" in the scratch directory. */
#ifndef TP_TESTS_SUPPORT_SAVED_RUN_H
#define TP_TESTS_SUPPORT_SAVED_RUN_H

#include "clouds.h"

enum { SAVED_RUN_OLD = 7, SAVED_RUN_NEW = 11 }; /* steps that were done */

struct test_saved_run {
    struct test_world world;
    tp_train_options options;
    tp_trainer *trainer; /* at the later moment */
};

extern struct test_saved_run test_saved_run;

/* With the scratch directory and its context; for .init and .fini of a suite. */
void test_saved_run_open(void);
void test_saved_run_close(void);

/* Puts a trainer that is at its beginning, of a model with other parameters, in place of the one that is there. */
void test_saved_run_restart(void);

void test_saved_run_save(const char *name);

#endif
