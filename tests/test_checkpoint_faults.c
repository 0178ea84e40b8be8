/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Every file-system call of saving a checkpoint and of resuming one fails once, as support/fault_sweep.h says; where
 * resuming fails, the trainer and its model are what they were. Allocations: test_allocation_faults.c.
 */
#include "support/fault_sweep.h"
#include "support/saved_run.h"
#include "support/scratch.h"

#include <criterion/criterion.h>
#include <string.h>
#include <unistd.h>

TestSuite(checkpoint_faults, .init = test_saved_run_open, .fini = test_saved_run_close);

static struct {
    char bytes[TEST_MAX_FILE];
    size_t size;
} before; /* the trainer's state before it was to be resumed */

/* ---- operations ---- */

static void with_old_file(void) {
    char old[TEST_MAX_FILE];
    tp_test_write_file(TEST_FAULT_FILE, old, test_read_scratch("old", old));
}

static void without_file(void) {
    unlink(tp_test_in_scratch(TEST_FAULT_FILE));
}

static tp_status save_to(const char *path) {
    return tp_trainer_save(test_saved_run.trainer, path);
}

static tp_status save(void) {
    return save_to(tp_test_in_scratch(TEST_FAULT_FILE));
}

/* The trainer, at its beginning again. */
static void with_fresh_trainer(void) {
    test_saved_run_restart();
    test_saved_run_save("state");
    before.size = test_read_scratch("state", before.bytes);
}

static tp_status resume(void) {
    return tp_trainer_resume(test_saved_run.trainer, tp_test_in_scratch("new"));
}

static void check_resumed(void) {
    test_saved_run_save("state");
    cr_expect(test_same_files("state", "new"));
}

static void check_unchanged(const char *what) {
    char state[TEST_MAX_FILE];
    test_saved_run_save("state");
    cr_expect(test_read_scratch("state", state) == before.size && !memcmp(state, before.bytes, before.size),
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
