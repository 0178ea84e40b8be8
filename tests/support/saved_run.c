/* SPDX-License-Identifier: BSD-3-Clause */

#include "saved_run.h"

#include "scratch.h"

#include <criterion/criterion.h>

enum { HIDDEN = 64 }; /* for a file of several pages */

struct test_saved_run test_saved_run;

static void make_trainer(uint64_t seed) {
    struct test_saved_run *run = &test_saved_run;
    run->world.model = test_dropout_model(tp_test_scratch.context, seed, HIDDEN, 0.25F);
    run->trainer = test_make_trainer(&run->world, &run->options);
}

static void destroy_trainer(void) {
    tp_trainer_destroy(test_saved_run.trainer);
    tp_model_destroy(test_saved_run.world.model);
}

void test_saved_run_restart(void) {
    destroy_trainer();
    make_trainer(2);
}

void test_saved_run_save(const char *name) {
    cr_assert_eq(tp_trainer_save(test_saved_run.trainer, tp_test_in_scratch(name)), TP_OK, "%s",
                 tp_test_message(tp_test_scratch.context));
}

static void run_to(uint64_t step, const char *name) {
    test_saved_run.world.diary.stop_at_step = step;
    cr_assert_eq(tp_trainer_run(test_saved_run.trainer), TP_ERR_STOPPED);
    test_saved_run_save(name);
}

void test_saved_run_open(void) {
    struct test_saved_run *run = &test_saved_run;
    tp_test_scratch_open();
    test_open_world(&run->world, NULL);
    tp_model_destroy(run->world.model);
    tp_context_destroy(run->world.context);
    run->world.context = tp_test_scratch.context;
    run->options = test_small_options(&run->world.diary);
    run->options.validation_fraction = 0.2;
    run->options.keep = TP_KEEP_BEST;
    run->options.average = 0.5;
    make_trainer(1);
    run_to(SAVED_RUN_OLD, "old");
    run_to(SAVED_RUN_NEW, "new");
}

void test_saved_run_close(void) {
    destroy_trainer();
    tp_test_scratch_close();
}
