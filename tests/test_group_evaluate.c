/* SPDX-License-Identifier: BSD-3-Clause */
/* Scores and predictions by groups of ranks: the bits of one process, and failures that all ranks get. */
#include "support/clouds.h"
#include "support/ranks.h"
#include "support/support.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_RANKS = 4, COUNTS = CLOUD_CLASSES * CLOUD_CLASSES, VALUES = CLOUD_SAMPLES * CLOUD_CLASSES };

/* A data set, what is wrong on one rank, and what one process has. */
struct plan {
    size_t samples, max_batch;
    bool weighted, counted;
    int odd_rank;        /* the one with something wrong */
    int32_t odd_class;   /* of its sample 5, if not 0 */
    bool odd_batch;      /* its max_batch is one more */
    bool uncounted;      /* it wants no confusion */
    int good_exchanges;  /* of the odd rank, if it is broken */
    bool broken;         /* it fails to exchange after them */
    tp_status expected;  /* on all ranks */
    const char *message; /* a part of it */
    tp_score score;
    uint64_t confusion[COUNTS];
    float y[VALUES];
};

struct member {
    struct test_world world;
    tp_workspace *workspace;
    tp_data data;
    float weights[CLOUD_SAMPLES];
};

static void open_member(struct member *m, const struct plan *plan, bool odd) {
    tp_workspace_options room;
    test_open_world(&m->world, NULL);
    tp_workspace_options_default(&room);
    room.max_batch = plan->max_batch + (odd && plan->odd_batch);
    cr_assert_eq(tp_workspace_create(m->world.model, &room, NULL, 0, &m->workspace), TP_OK);
    m->data = m->world.clouds.data;
    m->data.samples = plan->samples;
    for (size_t i = 0; i < CLOUD_SAMPLES; i++)
        m->weights[i] = 0.1f + (float)(i % 7);
    m->data.weights = plan->weighted ? m->weights : NULL;
    if (odd && plan->odd_class)
        m->world.clouds.classes[5] = plan->odd_class;
}

static void close_member(struct member *m) {
    tp_workspace_destroy(m->workspace);
    test_close_world(&m->world);
    free(m);
}

static struct member *make_member(const struct plan *plan, bool odd) {
    struct member *m = calloc(1, sizeof *m);
    cr_assert(m);
    open_member(m, plan, odd);
    return m;
}

static void evaluate_alone(struct plan *plan) {
    struct member *m = make_member(plan, false);
    const tp_outputs y = {.floats = plan->y};
    cr_assert_eq(
        tp_evaluate(m->world.model, m->workspace, &m->data, &plan->score, plan->counted ? plan->confusion : NULL),
        TP_OK);
    cr_assert_eq(tp_predict(m->world.model, m->workspace, &m->data, &y), TP_OK);
    close_member(m);
}

static void check_score(const struct plan *plan, const tp_score *score, const uint64_t *confusion) {
    cr_assert(!memcmp(&score->loss, &plan->score.loss, sizeof score->loss), "%a is not %a", score->loss,
              plan->score.loss);
    cr_assert(!memcmp(&score->weight, &plan->score.weight, sizeof score->weight));
    cr_assert_eq(score->correct, plan->score.correct);
    cr_assert_eq(score->samples, plan->score.samples);
    if (plan->counted)
        cr_assert(!memcmp(confusion, plan->confusion, sizeof plan->confusion));
}

/* A rank whose exchanges fail from some moment on. */
struct weak {
    const tp_group *under;
    int good;
};

static tp_status start_weakly(void *user, int slot, int peer, const void *send, size_t send_bytes, void *receive,
                              size_t receive_bytes) {
    struct weak *weak = user;
    if (weak->good-- > 0)
        return weak->under->start(weak->under->user, slot, peer, send, send_bytes, receive, receive_bytes);
    test_break_rank(weak->under, TP_ERR_IO);
    return TP_ERR_IO;
}

static tp_status finish_weakly(void *user, int slot, bool wait, bool *done) {
    const struct weak *weak = user;
    return weak->under->finish(weak->under->user, slot, wait, done);
}

static void evaluate_as_rank(const tp_group *group, void *argument) {
    const struct plan *plan = argument;
    const bool odd = plan->expected && group->rank == plan->odd_rank;
    struct member *m = make_member(plan, odd);
    tp_score score;
    uint64_t confusion[COUNTS];
    memset(confusion, 255, sizeof confusion);
    struct weak weak = {group, plan->good_exchanges};
    const tp_group weak_group = {sizeof weak_group, group->rank,   group->ranks, &weak,
                                 start_weakly,      finish_weakly, group->reason};
    if (odd && plan->broken)
        group = &weak_group;
    const tp_status status = tp_group_evaluate(m->world.model, m->workspace, &m->data, group, &score,
                                               plan->counted && !(odd && plan->uncounted) ? confusion : NULL);
    const char *message = tp_test_message(m->world.context);
    cr_assert_eq(status, plan->expected, "%s", message);
    if (status)
        cr_assert(strstr(message, plan->message), "%s", message);
    else
        check_score(plan, &score, confusion);
    close_member(m);
}

static void predict_as_rank(const tp_group *group, void *argument) {
    const struct plan *plan = argument;
    struct member *m = make_member(plan, false);
    float y[VALUES];
    size_t first, count;
    memset(y, 255, sizeof y);
    const tp_outputs outputs = {.floats = y};
    cr_assert_eq(tp_group_predict(m->world.model, m->workspace, &m->data, group, &outputs, &first, &count), TP_OK);
    cr_assert_eq(test_bytes_sent(group), 0);
    const size_t each = plan->samples / (size_t)group->ranks;
    cr_assert(count == each || count == each + 1);
    if (group->rank == 0)
        cr_assert_eq(first, 0);
    if (group->rank == group->ranks - 1)
        cr_assert_eq(first + count, plan->samples);
    for (size_t i = 0; i < plan->samples; i++)
        for (size_t j = i * CLOUD_CLASSES; j < (i + 1) * CLOUD_CLASSES; j++)
            if (i >= first && i < first + count)
                cr_assert(!memcmp(&y[j], &plan->y[j], sizeof *y));
            else
                cr_assert(isnan(y[j]), "sample %zu is not of this rank", i);
    close_member(m);
}

/* Whole batches, a ragged one, fewer samples than ranks in the last or in all, and one batch for all. */
static const size_t sizes[][2] = {{64, 16}, {90, 16}, {33, 16}, {3, 16}, {1, 1}, {90, 7}, {90, 1000}};

Test(group_evaluate, has_the_bits_of_one_process) {
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (int kind = 0; kind < 2; kind++) {
            struct plan plan = {.samples = sizes[i][0], .max_batch = sizes[i][1], .weighted = kind, .counted = !kind};
            evaluate_alone(&plan);
            for (int ranks = 1; ranks <= MAX_RANKS; ranks *= 2) {
                test_run_ranks(ranks, evaluate_as_rank, &plan);
                test_run_ranks(ranks, predict_as_rank, &plan);
            }
        }
}

static void expect_failure(struct plan plan) {
    plan.samples = 90;
    plan.max_batch = 16;
    plan.counted = true;
    test_run_ranks(MAX_RANKS, evaluate_as_rank, &plan);
}

Test(group_evaluate, fails_on_all_ranks_with_the_message_of_one) {
    expect_failure((struct plan){
        .odd_rank = 2, .odd_class = 9, .expected = TP_ERR_ARGUMENT, .message = "rank 2: data: classes[5] is 9"});
}

Test(group_evaluate, refuses_ranks_that_would_not_match) {
    expect_failure((struct plan){.odd_rank = 3,
                                 .odd_batch = true,
                                 .expected = TP_ERR_ARGUMENT,
                                 .message = "rank 3 has another evaluation than rank 0: max_batch is 17 there and 16"});
    expect_failure(
        (struct plan){.odd_rank = 1,
                      .uncounted = true,
                      .expected = TP_ERR_ARGUMENT,
                      .message = "rank 1 has another evaluation than rank 0: presence of confusion is 0 there and 1"});
}

/* At once, in the comparison, in the first batch and in the third. */
Test(group_evaluate, ends_when_an_exchange_fails) {
    for (int good = 0; good <= 8; good += good ? good : 2)
        expect_failure((struct plan){.odd_rank = 1,
                                     .good_exchanges = good,
                                     .broken = true,
                                     .expected = TP_ERR_IO,
                                     .message = "failed: the office is closed"});
}
