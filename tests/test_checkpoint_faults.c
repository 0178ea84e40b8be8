/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Every file-system call of saving a checkpoint and of resuming one fails once, as support/fault_sweep.h says; where
 * resuming fails, the trainer and its model are what they were. Allocations: test_allocation_faults.c.
 */
#include "support/clouds.h"
#include "support/fault_sweep.h"
#include "support/scratch.h"

#include <criterion/criterion.h>
#include <string.h>
#include <unistd.h>

enum { HIDDEN = 64 }; /* for a file of several pages */

static struct {
    struct test_world world;
    tp_train_options options;
    tp_trainer *trainer;
    char state[TEST_MAX_FILE]; /* of the trainer, before it was to be resumed */
    size_t size;
} all;

static void check(tp_status status) {
    cr_assert_eq(status, TP_OK, "%s", tp_test_message(tp_test_scratch.context));
}

static void save_as(const char *name) {
    check(tp_trainer_save(all.trainer, tp_test_in_scratch(name)));
}

static tp_model *make_model(uint64_t seed) {
    static const tp_layer layers[] = {{HIDDEN, TP_ACTIVATION_RELU, 0, 0.25F, 0},
                                      {CLOUD_CLASSES, TP_ACTIVATION_SOFTMAX, 0, 0, 0}};
    tp_model_options options;
    tp_model_options_default(&options);
    options.inputs = CLOUD_IN;
    options.layer_count = 2;
    options.layers = layers;
    options.seed = seed;
    tp_model *model = NULL;
    check(tp_model_create(tp_test_scratch.context, &options, &model));
    return model;
}

static void make_trainer(uint64_t seed) {
    all.world.model = make_model(seed);
    all.trainer = test_make_trainer(&all.world, &all.options);
}

static void destroy_trainer(void) {
    tp_trainer_destroy(all.trainer);
    tp_model_destroy(all.world.model);
}

/* Two moments of a run, "old" and "new", and a trainer at the later one. */
static void set_up(void) {
    tp_test_scratch_open();
    test_open_world(&all.world, NULL);
    tp_model_destroy(all.world.model);
    tp_context_destroy(all.world.context);
    all.world.context = tp_test_scratch.context;
    all.options = test_small_options(&all.world.diary);
    all.options.validation_fraction = 0.2;
    all.options.keep = TP_KEEP_BEST;
    all.options.average = 0.5;
    make_trainer(1);
    all.world.diary.stop_at_step = 7;
    cr_assert_eq(tp_trainer_run(all.trainer), TP_ERR_STOPPED);
    save_as("old");
    all.world.diary.stop_at_step = 11;
    cr_assert_eq(tp_trainer_run(all.trainer), TP_ERR_STOPPED);
    save_as("new");
    cr_assert_not(test_same_files("old", "new"));
}

static void tear_down(void) {
    destroy_trainer();
    tp_test_scratch_close();
}

TestSuite(checkpoint_faults, .init = set_up, .fini = tear_down);

/* ---- operations ---- */

static void with_old_file(void) {
    char old[TEST_MAX_FILE];
    tp_test_write_file(TEST_FAULT_FILE, old, test_read_scratch("old", old));
}

static void without_file(void) {
    unlink(tp_test_in_scratch(TEST_FAULT_FILE));
}

static tp_status save_to(const char *path) {
    return tp_trainer_save(all.trainer, path);
}

static tp_status save(void) {
    return save_to(tp_test_in_scratch(TEST_FAULT_FILE));
}

/* The trainer, at its beginning again. */
static void with_fresh_trainer(void) {
    destroy_trainer();
    make_trainer(2);
    save_as("state");
    all.size = test_read_scratch("state", all.state);
}

static tp_status resume(void) {
    return tp_trainer_resume(all.trainer, tp_test_in_scratch("new"));
}

static void check_resumed(void) {
    save_as("state");
    cr_expect(test_same_files("state", "new"));
}

static void check_unchanged(const char *what) {
    char state[TEST_MAX_FILE];
    save_as("state");
    cr_expect(test_read_scratch("state", state) == all.size && !memcmp(state, all.state, all.size),
              "%s: the trainer changed", what);
}

static const struct test_fault_operation operations[] = {
    {"saving over a checkpoint", with_old_file, save, 15},
    {"saving a new checkpoint", without_file, save, 18, .creates = true},
    {"resuming", with_fresh_trainer, resume, 8, check_resumed, check_unchanged},
};

Test(checkpoint_faults, every_call_fails_once) {
    struct test_tally tally = {0};
    for (size_t i = 0; i < sizeof operations / sizeof *operations; i++)
        test_fault_sweep(&operations[i], &tally);
    cr_expect(tally.failures > 80 && tally.cases - tally.failures > 40, "%d cases, %d failures", tally.cases,
              tally.failures);
}

Test(checkpoint_faults, dev_full) {
    test_dev_full(save_to);
}

Test(checkpoint_faults, disk_full) {
    test_disk_full(save_to);
}
