/* SPDX-License-Identifier: BSD-3-Clause */
/* Memory of the caller, allocations, rows and batches, and threads that share a model. */
#include "support/fixture.h"

#include "core/parallel.h"

#include <criterion/criterion.h>
#include <omp.h>
#include <pthread.h>
#include <string.h>

TestSuite(workspace, .init = test_fixture_open, .fini = test_fixture_close);

/* ----------------------------------------------------------------------------------------------------------- memory */

/* Runs create in blocks of size bytes at several alignments between canaries, and in one that is a byte too small. */
static void check_block(size_t size, tp_status create(void *memory, size_t size)) {
    cr_assert_gt(size, 0);
    const size_t shifts[] = {0, 1, 3, 4, 33, 63};
    for (size_t i = 0; i < sizeof shifts / sizeof *shifts; i++) {
        const size_t rest = (4 - size % 4) % 4; /* so that the block ends at the canary */
        float *block = tp_test_guarded((size + rest) / 4, shifts[i]);
        void *memory = (char *)block + rest;
        const size_t allocations = atomic_load(&fixture.counter.allocations);
        cr_assert_eq(create(memory, size), TP_OK);
        cr_assert_eq(atomic_load(&fixture.counter.allocations), allocations);
        test_expect(create(memory, size - 1), TP_ERR_MEMORY, "bytes");
        test_expect_argument(create(NULL, size), "memory");
        tp_test_guarded_free(block);
    }
}

static tp_status use_workspace(void *memory, size_t size) {
    tp_workspace *workspace = NULL;
    const tp_status status =
        tp_workspace_create(fixture.model, TEST_WORKSPACE(BATCH, TP_MODE_TRAINING), memory, size, &workspace);
    if (!status) {
        float y[BATCH * OUT];
        cr_assert_eq(tp_forward(fixture.model, workspace, BATCH, fixture.x, IN, y, OUT), TP_OK);
        cr_assert_eq(tp_backward(fixture.model, workspace, &fixture.targets, fixture.gradients, fixture.dx, IN, NULL),
                     TP_OK);
        cr_assert(tp_test_same_bits(fixture.y, y, BATCH * OUT, "y"));
    }
    tp_workspace_destroy(workspace);
    return status;
}

static tp_status use_inference_workspace(void *memory, size_t size) {
    tp_workspace *workspace = NULL;
    const tp_status status =
        tp_workspace_create(fixture.model, TEST_WORKSPACE(BATCH, TP_MODE_INFERENCE), memory, size, &workspace);
    if (!status) {
        float y[BATCH * OUT];
        tp_score score;
        cr_assert_eq(tp_forward(fixture.model, workspace, BATCH, fixture.x, IN, y, OUT), TP_OK);
        cr_assert(tp_test_same_bits(fixture.y, y, BATCH * OUT, "y"));
        cr_assert_eq(tp_evaluate(fixture.model, workspace, &fixture.data, &score, NULL), TP_OK);
    }
    tp_workspace_destroy(workspace);
    return status;
}

static tp_status use_optimizer(void *memory, size_t size) {
    const tp_optimizer_options options = test_optimizer_options();
    tp_optimizer *optimizer = NULL;
    const tp_status status = tp_optimizer_create(fixture.model, &options, memory, size, &optimizer);
    if (!status) {
        float zeros[PARAMETERS] = {0};
        cr_assert_eq(tp_optimizer_step(optimizer, fixture.model, zeros), TP_OK);
    }
    tp_optimizer_destroy(optimizer);
    return status;
}

static tp_status use_trainer(void *memory, size_t size) {
    tp_train_options options = test_train_options();
    options.validation_fraction = 0.25;
    tp_trainer *trainer = NULL;
    const tp_status status = tp_trainer_create(fixture.model, &fixture.data, &options, memory, size, &trainer);
    if (!status)
        cr_assert_eq(tp_trainer_run(trainer), TP_OK);
    tp_trainer_destroy(trainer);
    return status;
}

Test(workspace, memory_of_the_caller) {
    const tp_optimizer_options optimizer = test_optimizer_options();
    tp_train_options train = test_train_options();
    train.validation_fraction = 0.25;
    check_block(tp_workspace_size(fixture.model, TEST_WORKSPACE(BATCH, TP_MODE_TRAINING)), use_workspace);
    check_block(tp_workspace_size(fixture.model, TEST_WORKSPACE(BATCH, TP_MODE_INFERENCE)), use_inference_workspace);
    check_block(tp_optimizer_size(fixture.model, &optimizer), use_optimizer);
    check_block(tp_trainer_size(fixture.model, &fixture.data, &train), use_trainer);
}

Test(workspace, nothing_is_allocated_after_set_up) {
    tp_score score;
    float y[MAX_BATCH * OUT];
    atomic_store(&fixture.counter.remaining, 0);
    const size_t before = atomic_load(&fixture.counter.allocations);
    cr_assert_eq(tp_forward(fixture.model, fixture.training, BATCH, fixture.x, IN, y, OUT), TP_OK);
    cr_assert_eq(tp_forward(fixture.model, fixture.inference, BATCH, fixture.x, IN, y, OUT), TP_OK);
    cr_assert_eq(tp_loss_value(fixture.model, fixture.training, &fixture.targets, &score), TP_OK);
    cr_assert_eq(
        tp_backward(fixture.model, fixture.training, &fixture.targets, fixture.gradients, fixture.dx, IN, &score),
        TP_OK);
    cr_assert_eq(tp_backward_from(fixture.model, fixture.training, y, OUT, fixture.gradients, fixture.dx, IN), TP_OK);
    cr_assert_eq(tp_optimizer_step(fixture.optimizer, fixture.model, fixture.gradients), TP_OK);
    cr_assert_eq(tp_trainer_run(fixture.trainer), TP_OK);
    cr_assert_eq(tp_evaluate(fixture.model, fixture.inference, &fixture.data, &score, NULL), TP_OK);
    cr_assert_eq(tp_predict(fixture.model, fixture.inference, &fixture.data, &(const tp_outputs){.floats = y}), TP_OK);
    cr_assert_eq(atomic_load(&fixture.counter.allocations), before);
    cr_assert_eq(atomic_load(&fixture.counter.refusals), 0);
}

/* ------------------------------------------------------------------------------------------------- rows and batches */

enum { WIDE = 7 }; /* added to each row */

/* Copies rows into longer ones, the rest NaN. */
static float *spread(const float *rows, size_t count, size_t n) {
    float *wide = tp_test_guarded(count * (n + WIDE), 4);
    for (size_t i = 0; i < count; i++)
        memcpy(wide + i * (n + WIDE), rows + i * n, n * sizeof *rows);
    return wide;
}

static void check_spread(const float *expected, float *wide, size_t count, size_t n, const char *what) {
    float *padded = spread(expected, count, n);
    cr_assert(tp_test_same_bits(padded, wide, count * (n + WIDE), "%s with its gaps", what));
    tp_test_guarded_free(padded);
}

Test(workspace, rows_may_be_apart) {
    float gradients[PARAMETERS], values[BATCH * OUT];
    tp_test_fill(values, BATCH * OUT, 4, 0, 1);
    const tp_targets close = {.values = values, .ld = OUT};
    cr_assert_eq(tp_backward(fixture.model, fixture.training, &close, gradients, fixture.dx, IN, NULL), TP_OK);
    float *x = spread(fixture.x, BATCH, IN), *far = spread(values, BATCH, OUT);
    float *y = tp_test_guarded(BATCH * (OUT + WIDE), 4), *dx = tp_test_guarded(BATCH * (IN + WIDE), 4);
    const tp_targets apart = {.values = far, .ld = OUT + WIDE};
    cr_assert_eq(tp_forward(fixture.model, fixture.training, BATCH, x, IN + WIDE, y, OUT + WIDE), TP_OK);
    check_spread(fixture.y, y, BATCH, OUT, "y");
    cr_assert_eq(tp_backward(fixture.model, fixture.training, &apart, fixture.gradients, dx, IN + WIDE, NULL), TP_OK);
    check_spread(fixture.dx, dx, BATCH, IN, "dx");
    cr_assert(tp_test_same_bits(gradients, fixture.gradients, PARAMETERS, "gradients"));
    cr_assert_eq(tp_backward_from(fixture.model, fixture.training, values, OUT, gradients, NULL, 0), TP_OK);
    cr_assert_eq(tp_backward_from(fixture.model, fixture.training, far, OUT + WIDE, fixture.gradients, NULL, 0), TP_OK);
    cr_assert(tp_test_same_bits(gradients, fixture.gradients, PARAMETERS, "gradients from dy"));
    tp_test_guarded_free(x);
    tp_test_guarded_free(far);
    tp_test_guarded_free(y);
    tp_test_guarded_free(dx);
}

/* A sample's output does not depend on its neighbours; both modes agree. */
Test(workspace, batches_smaller_than_the_workspace) {
    for (size_t batch = 1; batch <= BATCH; batch++) {
        float y[BATCH * OUT];
        cr_assert_eq(tp_forward(fixture.model, fixture.training, batch, fixture.x, IN, y, OUT), TP_OK);
        cr_assert(tp_test_same_bits(fixture.y, y, batch * OUT, "training, batch %zu", batch));
        cr_assert_eq(tp_forward(fixture.model, fixture.inference, batch, fixture.x, IN, y, OUT), TP_OK);
        cr_assert(tp_test_same_bits(fixture.y, y, batch * OUT, "inference, batch %zu", batch));
    }
}

Test(workspace, an_empty_batch_does_nothing) {
    float before[PARAMETERS];
    tp_score score, after;
    float y[1] = {7};
    cr_assert_eq(tp_backward(fixture.model, fixture.training, &fixture.targets, before, NULL, 0, &score), TP_OK);
    cr_assert_eq(tp_forward(fixture.model, fixture.training, 0, NULL, IN, y, OUT), TP_OK);
    cr_assert_eq(y[0], 7);
    cr_assert_eq(tp_backward(fixture.model, fixture.training, &fixture.targets, fixture.gradients, NULL, 0, &after),
                 TP_OK);
    cr_assert(tp_test_same_bits(before, fixture.gradients, PARAMETERS, "gradients"));
    cr_assert_eq(after.samples, BATCH);
}

Test(workspace, a_training_workspace_can_keep_the_output_to_itself) {
    float gradients[PARAMETERS];
    cr_assert_eq(tp_backward(fixture.model, fixture.training, &fixture.targets, gradients, NULL, 0, NULL), TP_OK);
    cr_assert_eq(tp_forward(fixture.model, fixture.training, BATCH, fixture.x, IN, NULL, 0), TP_OK);
    cr_assert_eq(tp_backward(fixture.model, fixture.training, &fixture.targets, fixture.gradients, NULL, 0, NULL),
                 TP_OK);
    cr_assert(tp_test_same_bits(gradients, fixture.gradients, PARAMETERS, "gradients"));
}

Test(workspace, scores_count_right_answers) {
    int32_t best[BATCH];
    for (size_t i = 0; i < BATCH; i++) {
        best[i] = 0;
        for (int32_t j = 1; j < OUT; j++)
            best[i] = fixture.y[i * OUT + (size_t)j] > fixture.y[i * OUT + (size_t)best[i]] ? j : best[i];
    }
    best[2] = (best[2] + 1) % OUT;
    const tp_targets mostly = {.classes = best};
    tp_score score;
    cr_assert_eq(tp_loss_value(fixture.model, fixture.training, &mostly, &score), TP_OK);
    cr_assert_eq(score.correct, BATCH - 1);
    cr_assert_eq(score.samples, BATCH);
}

/* ---------------------------------------------------------------------------------------------------------- threads */

/* A batch of its own for each worker, and what it gives on one thread. */
struct worker {
    pthread_t thread;
    size_t first; /* sample */
    float y[BATCH * OUT], gradients[PARAMETERS];
    bool same;
};

enum { WORKERS = MAX_BATCH - BATCH + 1, REPEATS = 10000 };

static bool pass(tp_workspace *workspace, size_t first, float *y, float *gradients) {
    const tp_targets own = {.classes = fixture.classes + first};
    return tp_forward(fixture.model, workspace, BATCH, fixture.x + first * IN, IN, y, OUT) == TP_OK &&
           tp_backward(fixture.model, workspace, &own, gradients, NULL, 0, NULL) == TP_OK;
}

static void prepare(struct worker *workers) {
    for (size_t i = 0; i < WORKERS; i++) {
        workers[i].first = i;
        cr_assert(pass(fixture.training, i, workers[i].y, workers[i].gradients));
    }
}

/* The pass with a workspace of its own on the shared model, again and again. */
static void *work(void *argument) {
    struct worker *worker = argument;
    tp_workspace *workspace = NULL;
    float y[BATCH * OUT], gradients[PARAMETERS];
    worker->same =
        tp_workspace_create(fixture.model, TEST_WORKSPACE(BATCH, TP_MODE_TRAINING), NULL, 0, &workspace) == TP_OK;
    for (int i = 0; i < REPEATS && worker->same; i++)
        worker->same = pass(workspace, worker->first, y, gradients) &&
                       tp_test_same_bits(worker->y, y, BATCH * OUT, "y in a thread") &&
                       tp_test_same_bits(worker->gradients, gradients, PARAMETERS, "gradients in a thread");
    tp_workspace_destroy(workspace);
    return NULL;
}

Test(workspace, threads_share_a_model) {
    struct worker workers[WORKERS];
    prepare(workers);
    for (size_t i = 0; i < WORKERS; i++)
        cr_assert_eq(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
    for (size_t i = 0; i < WORKERS; i++) {
        cr_assert_eq(pthread_join(workers[i].thread, NULL), 0);
        cr_assert(workers[i].same);
    }
}

static void note_size(void *argument, struct tp_team team) {
    *(int *)argument = team.size;
}

/* The library must be alone on its thread even where OpenMP would nest. */
static void work_in_team(void *argument, struct tp_team team) {
    struct worker *worker = (struct worker *)argument + team.id;
    int size = 0;
    work(worker);
    tp_parallel(2, note_size, &size);
    worker->same = worker->same && size == 1;
}

/* tp_parallel opens an OpenMP region. */
Test(workspace, called_inside_a_parallel_region) {
    struct worker workers[WORKERS];
    prepare(workers);
    omp_set_max_active_levels(2);
    for (size_t i = 0; i < WORKERS; i++)
        workers[i].same = true; /* the team may be smaller */
    tp_parallel(WORKERS, work_in_team, workers);
    for (size_t i = 0; i < WORKERS; i++)
        cr_assert(workers[i].same);
}
