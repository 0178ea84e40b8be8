/* SPDX-License-Identifier: BSD-3-Clause */
#include "net/parts.h"

#include "core/size.h"
#include "net/pass.h"
#include "net/ranks.h"

#include <assert.h>

struct tp_range tp_part_samples(const struct tp_parts *parts, size_t number) {
    assert(number < parts->total);
    return tp_share(parts->batch, 1, (int)number, (int)parts->total);
}

struct tp_range tp_own_samples(const struct tp_parts *parts) {
    return (struct tp_range){tp_part_samples(parts, parts->first).begin,
                             tp_part_samples(parts, parts->first + parts->count - 1).end};
}

size_t tp_parts_together(const struct tp_parts *parts, const tp_model *model, const struct tp_blocking *blocking) {
    return tp_gemm_parts(blocking, model->bf16, parts->count, tp_ceil_div(parts->batch, parts->total));
}

/* A trainer may change to the context's other instruction set. Smaller batches have no more groups. */
static size_t most_groups(const struct tp_parts *parts, const tp_model *model) {
    const struct tp_context *context = model->context;
    size_t together = tp_parts_together(parts, model, context->blocking);
    if (context->other.isa)
        together = tp_min(together, tp_parts_together(parts, model, context->other.blocking));
    return parts->count / together;
}

void tp_parts_lay_out(struct tp_parts *parts, const tp_model *model, int threads, struct tp_arena *arena) {
    const size_t groups = most_groups(parts, model);
    size_t weights = 0;
    for (size_t l = 0; l < model->layers; l++)
        weights = tp_max(weights, model->shape[l].inputs * model->shape[l].outputs);
    parts->biases = tp_padded(tp_model_widest(model));
    for (size_t level = 0; (size_t)1 << level < parts->count; level++)
        parts->level[level] =
            tp_arena_take(arena, tp_size_add(parts->biases, (size_t)1 << level < groups ? weights : 0), sizeof(float));
    parts->waiting_each = tp_level_floats(parts->count);
    parts->waiting = tp_arena_take(arena, tp_size_mul(parts->waiting_each, (size_t)threads), sizeof(float));
}

const float *tp_parts_add(const struct tp_parts *parts, const struct tp_isa *isa, size_t i, size_t count, size_t at,
                          const float *sums, size_t n, float *total) {
    const bool last = i + 1 == count;
    if (count == 1 && !total)
        return sums;
    if (last && !total)
        total = parts->level[0] + at;
    tp_tree_add(isa, parts->level, i, at, sums, n, last ? total : NULL);
    return last ? total : NULL;
}

static tp_score add(const tp_score *lower, const tp_score *higher) {
    return (tp_score){.loss = lower->loss + higher->loss, .weight = lower->weight + higher->weight};
}

/* The sums of this process' parts; loss is not divided by the weight. */
static tp_score own_sums(const struct tp_workspace *w, const tp_targets *targets) {
    const struct tp_parts *parts = &w->parts;
    const size_t begin = tp_own_samples(parts).begin;
    tp_score waiting[TP_TREE_LEVELS + 1], sum = {0};
    for (size_t i = 0; i < parts->count; i++) {
        const struct tp_range part = tp_part_samples(parts, parts->first + i);
        size_t level = 0;
        sum = tp_sum_losses(w->loss, targets, (struct tp_range){part.begin - begin, part.end - begin});
        for (; tp_has_lower(i, level); level++)
            sum = add(&waiting[level], &sum);
        waiting[level] = sum;
    }
    return sum;
}

/* A score's sums, and whether a callback wants to stop. */
struct record {
    double loss, weight;
    uint64_t correct, stops;
};

static void add_record(void *lower, const void *higher) {
    struct record *sum = lower;
    const struct record *other = higher;
    sum->loss += other->loss;
    sum->weight += other->weight;
    sum->correct += other->correct;
    sum->stops += other->stops;
}

/* Of all parts, mean loss and all. */
static void take_score(struct tp_parts *parts, const tp_score *own) {
    struct tp_ranks *ranks = parts->ranks;
    struct record sum = {own->loss, own->weight, own->correct, ranks && ranks->wants_stop};
    if (ranks)
        tp_ranks_combine(ranks, &sum, sizeof sum, add_record);
    const tp_score all = {
        .loss = sum.loss, .weight = sum.weight, .correct = (size_t)sum.correct, .samples = parts->batch};
    parts->score = tp_mean_score(&all);
    parts->stops = sum.stops > 0 || (ranks && ranks->status);
}

void tp_run_parts_score(struct tp_workspace *w, const tp_targets *targets, struct tp_team team) {
    if (team.id == 0) {
        tp_score sum = own_sums(w, targets);
        sum.correct = tp_count_correct(w);
        take_score(&w->parts, &sum);
    }
    tp_team_barrier(team);
}
