/* SPDX-License-Identifier: BSD-3-Clause */
/* Where a checkpoint says that its run was: what the run allows, up to its limits, and nothing else. */
#include "io/checkpoint.h"
#include "support/saved_run.h"
#include "support/scratch.h"

#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

TestSuite(checkpoint_point, .init = test_saved_run_open, .fini = test_saved_run_close);

/* A point in the third epoch, to which changes are made. */
static const struct tp_point middle = {.epoch = 2,
                                       .step = 1,
                                       .running = {.loss = 1, .correct = 10, .samples = 20, .weight = 20},
                                       .step_seconds = 1,
                                       .best_epoch = 1,
                                       .best = 0.5,
                                       .waited = 1,
                                       .flat = 1,
                                       .reductions = 1};

static tp_status read(const struct tp_point *point, struct tp_point *found) {
    struct tp_snapshot *snapshot;
    cr_assert_eq(tp_snapshot_create(test_saved_run.trainer, NULL, 0, &snapshot), TP_OK);
    snapshot->at = *point;
    json_t *header = tp_checkpoint_header(snapshot);
    cr_assert_not_null(header);
    const tp_status status = tp_checkpoint_point(snapshot, "file", header, found);
    json_decref(header);
    tp_snapshot_destroy(snapshot);
    return status;
}

static void accept(struct tp_point point) {
    struct tp_point found;
    cr_expect_eq(read(&point, &found), TP_OK, "%s", tp_test_message(tp_test_scratch.context));
    cr_expect_eq(memcmp(&found, &point, sizeof point), 0);
}

static void refuse(struct tp_point point, const char *what) {
    struct tp_point found;
    char expected[128];
    snprintf(expected, sizeof expected, "says epoch %zu, step %" PRIu64 ": this run cannot be there", point.epoch,
             point.step);
    cr_expect_eq(read(&point, &found), TP_ERR_FORMAT, "%s", what);
    cr_expect_not_null(strstr(tp_test_message(tp_test_scratch.context), expected), "%s: %s", what,
                       tp_test_message(tp_test_scratch.context));
}

/* The most that the run allows for a field is accepted, and one more is refused. */
#define LIMIT(field, most)                                                                                             \
    do {                                                                                                               \
        struct tp_point point = middle;                                                                                \
        point.field = (most);                                                                                          \
        accept(point);                                                                                                 \
        point.field++;                                                                                                 \
        refuse(point, #field);                                                                                         \
    } while (0)

Test(checkpoint_point, is_within_the_run) {
    const struct tp_trainer *t = test_saved_run.trainer;
    cr_assert(middle.epoch < t->options.epochs && middle.step < t->steps_per_epoch);
    LIMIT(step, t->steps_per_epoch);
    LIMIT(epoch, t->options.epochs - 1); /* a step of an epoch that is not there */
    LIMIT(best_epoch, middle.epoch);
    LIMIT(waited, middle.epoch);
    LIMIT(flat, middle.waited);
    LIMIT(reductions, middle.epoch);
    LIMIT(running.samples, t->train_count);
    LIMIT(running.correct, middle.running.samples);
}

Test(checkpoint_point, may_be_the_end) {
    struct tp_point point = middle;
    point.step = 0;
    point.epoch = test_saved_run.options.epochs;
    accept(point);
    point.epoch++;
    refuse(point, "an epoch after the last one");
}

Test(checkpoint_point, has_no_negative_times) {
    struct tp_point point = middle;
    point.step_seconds = point.running.weight = 0;
    accept(point);
    point.step_seconds = -1;
    refuse(point, "seconds");
    point = middle;
    point.running.weight = -1;
    refuse(point, "weight");
}
