/* SPDX-License-Identifier: BSD-3-Clause */
/* Scores of a data set by all ranks of a group, and predictions by each of them for some samples. */
#include "core/cancel.h"
#include "core/size.h"
#include "net/evaluate.h"
#include "net/ranks.h"

#include <string.h>

/* What decides how much the ranks exchange. */
enum { SAMPLES, MAX_BATCH, OUTPUTS, WEIGHTS, CONFUSION, FACTS };
static const char *const fact_names[FACTS] = {"data.samples", "max_batch", "number of outputs",
                                              "presence of data.weights", "presence of confusion"};

/* Facts of the lowest of some ranks, and of the lowest of them that has others. */
struct facts {
    int32_t rank, other_rank; /* other_rank -1: all have the same */
    uint64_t own[FACTS], other[FACTS];
};

static void compare(void *lower, const void *higher) {
    struct facts *facts = lower;
    const struct facts *above = higher;
    if (facts->other_rank >= 0)
        return;
    const bool same = !memcmp(facts->own, above->own, sizeof facts->own);
    facts->other_rank = same ? above->other_rank : above->rank;
    memcpy(facts->other, same ? above->other : above->own, sizeof facts->other);
}

/* Exchanges would not match. */
static tp_status compare_ranks(struct tp_ranks *ranks, const struct tp_evaluation *e) {
    const struct tp_context *context = ranks->model->context;
    struct facts facts = {.rank = ranks->group.rank, .other_rank = -1};
    facts.own[SAMPLES] = e->count;
    facts.own[MAX_BATCH] = e->workspace->max_batch;
    facts.own[OUTPUTS] = tp_model_outputs(ranks->model);
    facts.own[WEIGHTS] = e->data->weights != NULL;
    facts.own[CONFUSION] = e->confusion != NULL;
    tp_ranks_combine(ranks, &facts, sizeof facts, compare);
    size_t i = 0;
    while (i < FACTS && facts.own[i] == facts.other[i])
        i++;
    if (ranks->status || facts.other_rank < 0)
        return tp_ranks_status(ranks, context);
    return tp_fail(context, TP_ERR_ARGUMENT,
                   "group: rank %d has another evaluation than rank 0: %s is %llu there and %llu on rank 0",
                   (int)facts.other_rank, fact_names[i], (unsigned long long)facts.other[i],
                   (unsigned long long)facts.own[i]);
}

/* Losses and weights of a batch. */
static void lay_out(struct tp_ranks *ranks, size_t batch, bool weighted, struct tp_arena *arena) {
    ranks->loss = tp_arena_take(arena, batch, sizeof *ranks->loss);
    ranks->weight = tp_arena_take(arena, weighted ? batch : 0, sizeof *ranks->weight);
}

static tp_status open_block(struct tp_ranks *ranks, const struct tp_parts *parts, bool weighted,
                            struct tp_block *block) {
    struct tp_arena arena = {0};
    lay_out(ranks, parts->batch, weighted, &arena);
    const tp_status status = tp_block_open(ranks->model->context, "group evaluation", arena.used, NULL, 0, block);
    arena = (struct tp_arena){.base = block->base};
    if (!status)
        lay_out(ranks, parts->batch, weighted, &arena);
    return status;
}

/* The ranks are known to take part, and to have made their arrays. */
static tp_status evaluate(struct tp_ranks *ranks, const struct tp_parts *parts, const struct tp_evaluation *e,
                          tp_score *score) {
    const size_t outputs = tp_model_outputs(ranks->model);
    const tp_status status = compare_ranks(ranks, e);
    if (status)
        return status;
    if (e->confusion)
        memset(e->confusion, 0, outputs * outputs * sizeof *e->confusion);
    *score = tp_evaluate_by_ranks(e, parts);
    e->workspace->batch = 0; /* there is no forward pass of the caller's to go back from */
    return tp_ranks_status(ranks, ranks->model->context);
}

static tp_status take_group(const struct tp_model *model, const tp_group *given, tp_group *group) {
    return given ? tp_ranks_take(model->context, given, TP_MAX_PARTS, "", group)
                 : tp_fail(model->context, TP_ERR_ARGUMENT, "group is NULL");
}

/* As all ranks come here, one that has failed must tell the others. */
static tp_status evaluate_in_group(const tp_model *model, tp_workspace *w, const tp_data *given, const tp_group *group,
                                   tp_score *score, uint64_t *confusion) {
    struct tp_ranks ranks;
    struct tp_block block = {0};
    tp_data data;
    tp_ranks_describe(&ranks, model, group);
    struct tp_parts parts = {.total = (size_t)group->ranks, .first = (size_t)group->rank, .count = 1, .ranks = &ranks};
    tp_status status = tp_take_evaluation(model, w, given, score, confusion, &data);
    if (!status) {
        parts.batch = tp_min(w->max_batch, data.samples);
        status = open_block(&ranks, &parts, data.weights, &block);
    }
    status = tp_ranks_share_failure(&ranks, model->context, status);
    if (!status)
        status = evaluate(&ranks, &parts, &(struct tp_evaluation){w, &data, NULL, data.samples, confusion}, score);
    tp_block_close(model->context, &block);
    return status;
}

tp_status tp_group_evaluate(const tp_model *model, tp_workspace *workspace, const tp_data *data, const tp_group *group,
                            tp_score *score, uint64_t *confusion) {
    if (!model)
        return TP_ERR_ARGUMENT;
    tp_group checked;
    tp_status status = take_group(model, group, &checked);
    if (status)
        return status;
    const int cancel = tp_cancel_hold(); /* other ranks wait for this one */
    status = evaluate_in_group(model, workspace, data, &checked, score, confusion);
    tp_cancel_restore(cancel);
    return status;
}

tp_status tp_group_predict(const tp_model *model, tp_workspace *workspace, const tp_data *data, const tp_group *group,
                           const tp_outputs *y, size_t *first, size_t *count) {
    if (!model)
        return TP_ERR_ARGUMENT;
    tp_group checked;
    tp_data samples;
    tp_outputs rows;
    tp_status status = take_group(model, group, &checked);
    if (!status)
        status = tp_take_prediction(model, workspace, data, y, &samples, &rows);
    if (!status && (!first || !count))
        status = tp_fail(model->context, TP_ERR_ARGUMENT, "%s is NULL", first ? "count" : "first");
    if (status)
        return status;
    const struct tp_range own = tp_share(samples.samples, 1, checked.rank, checked.ranks);
    tp_run_prediction(workspace, &samples, &rows, own);
    *first = own.begin;
    *count = own.end - own.begin;
    return TP_OK;
}
