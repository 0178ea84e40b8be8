/* SPDX-License-Identifier: BSD-3-Clause */
#include "net/snapshot.h"

#include "net/pass.h"

#include <string.h>

/* The array of a trainer, or NULL; the parameters have a way of their own. */
static float *array_of(const struct tp_trainer *t, int which) {
    float *const arrays[TP_KEPT_COUNT] = {t->model->parameters, t->optimizer->state[0], t->optimizer->state[1],
                                          t->average, t->best};
    return arrays[which];
}

static bool is_state(int which) {
    return which == TP_KEPT_STATE_0 || which == TP_KEPT_STATE_1;
}

/* An array into the snapshot's flat one, or back. */
static void copy(struct tp_trainer *t, int which, float *flat, bool load) {
    float *array = array_of(t, which);
    if (is_state(which) && tp_has_ranks(&t->ranks) && load)
        tp_ranks_take_state(&t->ranks, array, flat);
    else if (is_state(which) && tp_has_ranks(&t->ranks))
        tp_ranks_give_state(&t->ranks, array, flat);
    else
        tp_slices_copy_state(t->model, is_state(which) ? t->slices.count : 0, array, flat, load);
}

static size_t lay_out(struct tp_snapshot *snapshot, struct tp_arena *arena) {
    const struct tp_trainer *t = snapshot->trainer;
    tp_arena_take(arena, 1, sizeof *snapshot);
    for (int i = 0; i < TP_KEPT_COUNT; i++)
        if (array_of(t, i))
            snapshot->array[i] = tp_arena_take(arena, t->model->parameter_count, sizeof(float));
    return arena->used;
}

static size_t needed(const struct tp_trainer *trainer) {
    struct tp_snapshot snapshot = {.trainer = trainer};
    return lay_out(&snapshot, &(struct tp_arena){0});
}

size_t tp_snapshot_size(const tp_trainer *trainer) {
    return trainer ? tp_block_size(needed(trainer)) : 0;
}

tp_status tp_snapshot_create(const tp_trainer *trainer, void *memory, size_t size, tp_snapshot **snapshot) {
    if (!trainer)
        return TP_ERR_ARGUMENT;
    const struct tp_context *context = trainer->model->context;
    if (!snapshot)
        return tp_fail(context, TP_ERR_ARGUMENT, "snapshot is NULL");
    struct tp_snapshot made = {.trainer = trainer, .context = context};
    tp_status status = tp_model_describe(trainer->model, &made.model);
    if (!status)
        status = tp_block_open(context, "snapshot", needed(trainer), memory, size, &made.block);
    if (status)
        return status;
    lay_out(&made, &(struct tp_arena){.base = made.block.base});
    *snapshot = made.block.base;
    **snapshot = made;
    return TP_OK;
}

void tp_snapshot_destroy(tp_snapshot *snapshot) {
    if (snapshot) {
        const struct tp_block block = snapshot->block;
        tp_block_close(snapshot->context, &block);
    }
}

tp_status tp_snapshot_take(tp_snapshot *snapshot) {
    if (!snapshot)
        return TP_ERR_ARGUMENT;
    struct tp_trainer *t = (struct tp_trainer *)(uintptr_t)snapshot->trainer; /* only its exchanges change */
    tp_trained_parameters(t, snapshot->array[TP_KEPT_PARAMETERS]);
    for (int i = TP_KEPT_STATE_0; i < TP_KEPT_COUNT; i++)
        if (snapshot->array[i])
            copy(t, i, snapshot->array[i], false);
    snapshot->at = t->at;
    snapshot->at.step_seconds += t->steps_began > 0 ? tp_now() - t->steps_began : 0;
    const tp_status status = tp_ranks_status(&t->ranks, snapshot->context);
    if (status)
        return status;
    snapshot->taken = tp_finite_rows(snapshot->array[TP_KEPT_PARAMETERS], 0, 1, t->model->parameter_count);
    if (snapshot->taken)
        return TP_OK;
    return tp_fail(snapshot->context, TP_ERR_NONFINITE, "step %llu: the parameters are no longer finite",
                   (unsigned long long)tp_steps_done(t));
}

void tp_snapshot_apply(const struct tp_snapshot *snapshot, struct tp_trainer *t) {
    tp_slices_end(t->model);
    for (int i = 0; i < TP_KEPT_COUNT; i++)
        if (snapshot->array[i])
            copy(t, i, snapshot->array[i], true);
    t->shows = false;
    t->at = snapshot->at;
    t->ranks.compared = false;
    t->optimizer->steps = tp_steps_done(t);
    t->optimizer->reductions = t->at.reductions;
    tp_trainer_order(t);
    tp_best_show(t);
}
