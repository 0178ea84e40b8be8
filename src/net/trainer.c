/* SPDX-License-Identifier: BSD-3-Clause */
/* The training loop: shuffled mini-batches, one parallel region per epoch, validation after each epoch. */
#include "net/trainer.h"

#include "core/cancel.h"
#include "core/random.h"
#include "core/size.h"
#include "net/evaluate.h"
#include "net/gather.h"
#include "net/pass.h"
#include "table/split.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* For no more steps it does not pay to bring weights into column slices and back. */
#define FEW_STEPS 2

/* Samples of a whole batch that this process has, or 1: then it has none in other batches either. */
static size_t own_batch(const struct tp_trainer *t) {
    const struct tp_range samples = tp_own_samples(&t->parts);
    return tp_max(samples.end - samples.begin, 1);
}

static const struct tp_ranks *others(const struct tp_trainer *t) {
    return tp_has_ranks(&t->ranks) ? &t->ranks : NULL;
}

/* Everything about a trainer but its memory. */
static tp_status describe_trainer(struct tp_model *model, const tp_data *data, const tp_train_options *given,
                                  struct tp_trainer *t) {
    *t = (struct tp_trainer){.model = model};
    const tp_status status = tp_take_training(model, data, given, t);
    if (status)
        return status;
    tp_optimizer_options *rule = &t->options.optimizer;
    t->held_out = (size_t)floor((double)t->data.samples * t->options.validation_fraction);
    t->train_count = t->data.samples - t->held_out;
    t->options.batch = tp_min(t->options.batch, t->train_count);
    t->steps_per_epoch = (t->train_count - 1) / t->options.batch + 1;
    if (!rule->total_steps)
        rule->total_steps = t->steps_per_epoch * t->options.epochs;
    t->parts.batch = t->options.batch;
    t->threads = tp_pass_threads(model, model->context->threads, own_batch(t), true);
    if (rule->clip_norm == 0 && !tp_has_ranks(&t->ranks) && !tp_averages(t) &&
        t->steps_per_epoch * t->options.epochs > FEW_STEPS)
        t->slices.count = tp_slice_count(model, own_batch(t), t->threads);
    return tp_check_optimizer(model, rule);
}

struct blocks {
    void *workspace, *optimizer;
    size_t workspace_size, optimizer_size;
};

static tp_workspace_options workspace_options(const struct tp_trainer *t) {
    tp_workspace_options options;
    tp_workspace_options_default(&options);
    options.max_batch = own_batch(t);
    options.mode = TP_MODE_TRAINING;
    return options;
}

static struct blocks lay_out_trainer(struct tp_trainer *t, struct tp_arena *arena) {
    struct blocks blocks;
    const tp_workspace_options workspace = workspace_options(t);
    blocks.workspace_size = tp_workspace_size(t->model, &workspace);
    blocks.optimizer_size = tp_optimizer_size_of(t->model, &t->options.optimizer, others(t));
    blocks.workspace = tp_arena_take(arena, blocks.workspace_size, 1);
    blocks.optimizer = tp_arena_take(arena, blocks.optimizer_size, 1);
    tp_parts_lay_out(&t->parts, t->model, t->model->context->threads, arena);
    if (others(t))
        tp_ranks_lay_out(&t->ranks, t->options.batch, arena);
    const size_t weights = t->model->shape[0].inputs * t->model->shape[0].outputs;
    t->slices.weights = tp_arena_take(arena, t->slices.count ? weights : 0, sizeof(float));
    t->pool = tp_arena_take(arena, t->data.samples, sizeof *t->pool);
    t->order = tp_arena_take(arena, t->train_count, sizeof *t->order);
    tp_best_lay_out(t, arena);
    return blocks;
}

static size_t needed(struct tp_trainer t) {
    struct tp_arena arena = {0};
    tp_arena_take(&arena, 1, sizeof t);
    const struct blocks blocks = lay_out_trainer(&t, &arena);
    return blocks.workspace_size && blocks.optimizer_size ? arena.used : TP_SIZE_OVERFLOW;
}

size_t tp_trainer_size(const tp_model *model, const tp_data *data, const tp_train_options *options) {
    struct tp_trainer t;
    if (!model || describe_trainer((struct tp_model *)(uintptr_t)model, data, options, &t))
        return 0;
    return tp_block_size(needed(t));
}

static void choose_pool(struct tp_trainer *t) {
    const struct tp_split_request split = {.samples = t->data.samples,
                                           .classes = t->data.classes,
                                           .numbers = t->data.rows,
                                           .fraction = t->options.validation_fraction,
                                           .seed = t->options.seed,
                                           .keep_order = !t->options.shuffle};
    size_t kept;
    tp_split_rows(&split, t->pool, &kept);
    assert(kept == t->train_count);
    (void)kept;
}

void tp_trainer_order(struct tp_trainer *t) {
    if (t->options.shuffle)
        tp_random_permutation(t->order, t->train_count, t->options.seed, TP_PURPOSE_SHUFFLE, (uint32_t)t->at.epoch);
    else
        for (size_t i = 0; i < t->train_count; i++)
            t->order[i] = (uint32_t)i;
}

static void begin_epoch(struct tp_trainer *t) {
    tp_trainer_order(t);
    t->at.step = 0;
    t->at.running = (tp_score){0};
    t->at.step_seconds = 0;
}

static bool wants_tuner(const struct tp_trainer *t) {
    return t->options.tune == TP_TUNE_AUTO && tp_may_tune();
}

tp_status tp_trainer_create(tp_model *model, const tp_data *data, const tp_train_options *options, void *memory,
                            size_t size, tp_trainer **trainer) {
    if (!model)
        return TP_ERR_ARGUMENT;
    if (!trainer)
        return tp_fail(model->context, TP_ERR_ARGUMENT, "trainer is NULL");
    struct tp_trainer t;
    tp_status status = describe_trainer(model, data, options, &t);
    if (!status)
        status = tp_block_open(model->context, "trainer", needed(t), memory, size, &t.block);
    if (status)
        return status;
    struct tp_arena arena = {.base = t.block.base};
    tp_trainer *made = tp_arena_take(&arena, 1, sizeof t);
    const struct blocks blocks = lay_out_trainer(&t, &arena);
    const tp_workspace_options workspace = workspace_options(&t);
    status = tp_workspace_create(model, &workspace, blocks.workspace, blocks.workspace_size, &t.workspace);
    if (!status)
        status = tp_optimizer_create_of(model, &t.options.optimizer, others(&t), blocks.optimizer,
                                        blocks.optimizer_size, &t.optimizer);
    if (status) {
        tp_block_close(model->context, &t.block);
        return status;
    }
    t.optimizer->by_layer = tp_has_parts(&t.parts);
    t.ranks.gradients = t.optimizer->room;
    tp_tuner_start(&t.tuner, model->context, t.threads, model->context->threads, wants_tuner(&t));
    choose_pool(&t);
    begin_epoch(&t);
    *made = t;
    if (others(made))
        made->parts.ranks = made->optimizer->ranks = &made->ranks;
    *trainer = made;
    return TP_OK;
}

void tp_trainer_destroy(tp_trainer *trainer) {
    if (trainer) {
        const struct tp_block block = trainer->block;
        tp_block_close(trainer->model->context, &block);
    }
}

static struct tp_batch next_batch(const struct tp_trainer *t) {
    const struct tp_parts *parts = &t->workspace->parts;
    const struct tp_range samples = tp_own_samples(parts);
    return (struct tp_batch){
        &t->data, t->pool, t->order, (size_t)t->at.step * t->options.batch + samples.begin, samples.end - samples.begin,
        true};
}

static tp_targets batch_targets(const struct tp_trainer *t) {
    tp_targets targets = tp_gathered_targets(t->workspace, &t->data);
    targets.class_weights = t->options.class_weights;
    return targets;
}

/* On one thread, before the others begin the step. */
static void prepare_step(const struct tp_trainer *t) {
    struct tp_workspace *w = t->workspace;
    const size_t first = (size_t)t->at.step * t->options.batch;
    w->dropout_seed = t->options.seed;
    w->dropout_step = tp_steps_done(t) + 1;
    w->parts = t->parts;
    w->parts.batch = first < t->train_count ? tp_min(t->options.batch, t->train_count - first) : 0; /* after an epoch */
    w->dropout_first = tp_own_samples(&w->parts).begin;
}

static void run_step(struct tp_trainer *t, struct tp_team team) {
    struct tp_workspace *w = t->workspace;
    const struct tp_batch batch = next_batch(t);
    tp_enter(tp_team_clock(team), TP_PHASE_DATA);
    tp_run_gather(w, &batch, team);
    const tp_targets targets = batch_targets(t);
    if (tp_run_step(w, t->optimizer, t->model, &targets, team) && tp_averages(t))
        tp_average_step(t, team);
}

static tp_status fail_nonfinite_here(const struct tp_trainer *t, uint64_t step, double loss) {
    char when[32];
    const struct tp_batch batch = next_batch(t);
    const tp_targets targets = batch_targets(t);
    snprintf(when, sizeof when, "step %llu: ", (unsigned long long)step);
    return tp_fail_nonfinite(t->workspace, &targets, &batch, when, loss);
}

/* Ranks whose own samples are well have nothing to tell, unless all are. */
static tp_status fail_nonfinite(struct tp_trainer *t, uint64_t step, double loss) {
    if (!tp_has_ranks(&t->ranks))
        return fail_nonfinite_here(t, step, loss);
    const tp_targets targets = batch_targets(t);
    const tp_score own = tp_read_score(t->workspace, &targets);
    const tp_status status = isfinite(own.loss) ? TP_OK : fail_nonfinite_here(t, step, own.loss);
    const tp_status all = tp_ranks_share_failure(&t->ranks, t->model->context, status);
    return all ? all : fail_nonfinite_here(t, step, loss);
}

static bool is_finite(const struct tp_model *model, size_t l) {
    const struct tp_shape *shape = &model->shape[l];
    for (int i = 0; i < tp_weight_parts(model, l); i++) {
        const struct tp_weights weights = tp_weight_part(model, l, i);
        if (!tp_finite_rows(weights.p, weights.n, shape->inputs, weights.n))
            return false;
    }
    return tp_finite_rows(model->parameters + shape->bias, 0, 1, shape->outputs);
}

/* An update may overflow although every loss was finite; the next loss would show it, but there may be none. */
static tp_status check_parameters(const struct tp_trainer *t) {
    const struct tp_model *model = t->model;
    for (size_t l = 0; l < model->layers; l++)
        if (!is_finite(model, l))
            return tp_fail(model->context, TP_ERR_NONFINITE,
                           "epoch %zu: the parameters of layer %zu are no longer finite: the learning rate may be too "
                           "large",
                           t->at.epoch + 1, l);
    return TP_OK;
}

/* Calls the step callback; true if it wants to stop. */
static bool report_step(struct tp_trainer *t, double loss) {
    if (!t->options.on_step)
        return false;
    tp_ranks_end_all(&t->ranks);
    t->model->context = t->context;
    const tp_step step = {tp_steps_done(t),       t->steps_per_epoch, t->at.epoch + 1, t->options.epochs, loss,
                          tp_now() - t->run_began};
    const bool stop = t->options.on_step(t->options.user, &step);
    t->model->context = &t->tried;
    return stop;
}

/* Counts and reports a step, and prepares the next, on one thread. */
static tp_status end_step(struct tp_trainer *t, bool *leave) {
    const tp_targets targets = batch_targets(t);
    const tp_score score = tp_read_step_score(t->workspace, &targets);
    if (t->ranks.status || t->workspace->parts.stops)
        return t->ranks.status ? tp_ranks_status(&t->ranks, t->context) : TP_ERR_STOPPED;
    if (!isfinite(score.loss))
        return fail_nonfinite(t, tp_steps_done(t) + 1, score.loss);
    t->at.step++;
    tp_add_score(&t->at.running, &score);
    const bool stop = report_step(t, score.loss);
    tp_slices_begin(t->model, &t->slices); /* a callback may have ended them */
    prepare_step(t);
    *leave = tp_tuner_step(&t->tuner, t->options.epochs * t->steps_per_epoch - tp_steps_done(t));
    t->ranks.wants_stop |= stop;
    return stop && !tp_has_ranks(&t->ranks) ? TP_ERR_STOPPED : TP_OK; /* ranks stop together */
}

struct epoch_call {
    struct tp_trainer *trainer;
    tp_status status;
    bool leave; /* another team goes on */
};

/* The steps that are left of an epoch, as long as the tuner stays with its choice: one parallel region, so that threads
 * are not sent home between steps. */
static void epoch_task(void *argument, struct tp_team team) {
    struct epoch_call *call = argument;
    struct tp_trainer *t = call->trainer;
    if (team.id == 0 && t->options.phases)
        team.crew->clock = &t->clock;
    while (!call->status && !call->leave && t->at.step < t->steps_per_epoch) {
        run_step(t, team);
        tp_enter(tp_team_clock(team), TP_PHASE_NONE);
        if (team.id == 0) /* nobody reads status and step behind the barriers of a step */
            call->status = end_step(t, &call->leave);
        tp_team_barrier(team);
    }
}

static void add_phases(tp_phases *phases, const double *seconds) {
    phases->data += seconds[TP_PHASE_DATA];
    phases->forward += seconds[TP_PHASE_FORWARD];
    phases->loss += seconds[TP_PHASE_LOSS];
    phases->backward += seconds[TP_PHASE_BACKWARD];
    phases->update += seconds[TP_PHASE_UPDATE];
    phases->barrier += seconds[TP_PHASE_BARRIER];
}

/* With the tuner's choice; what is called meanwhile sees the model's own context. */
static void run_steps(struct tp_trainer *t, struct epoch_call *call) {
    const struct tp_candidate *choice = tp_tuner_current(&t->tuner);
    t->context = t->model->context;
    t->tried = *t->context;
    t->tried.isa = choice->isa;
    t->tried.blocking = choice->blocking;
    t->model->context = &t->tried;
    call->leave = false;
    tp_tuner_enter(&t->tuner);
    tp_parallel(choice->threads, epoch_task, call);
    tp_tuner_leave(&t->tuner);
    t->model->context = t->context;
}

static tp_status run_epoch(struct tp_trainer *t) {
    struct epoch_call call = {.trainer = t, .leave = true};
    tp_slices_begin(t->model, &t->slices);
    prepare_step(t);
    t->steps_began = tp_now();
    t->clock = (struct tp_clock){.since = t->steps_began};
    while (call.leave && !call.status)
        run_steps(t, &call);
    tp_ranks_end_all(&t->ranks);
    if (!call.status)
        call.status = tp_ranks_status(&t->ranks, t->model->context);
    t->at.step_seconds += tp_now() - t->steps_began;
    t->steps_began = 0;
    if (t->options.phases)
        add_phases(&t->phases, t->clock.seconds);
    return call.status;
}

static tp_score validate(struct tp_trainer *t) {
    struct tp_evaluation e = {.workspace = t->workspace, .data = &t->data};
    if (t->validation.samples)
        e = (struct tp_evaluation){t->workspace, &t->validation, NULL, t->validation.samples, NULL};
    else if (t->held_out)
        e = (struct tp_evaluation){t->workspace, &t->data, t->pool + t->train_count, t->held_out, NULL};
    if (e.count && tp_has_ranks(&t->ranks))
        return tp_evaluate_by_ranks(&e, &t->parts);
    return e.count ? tp_run_evaluation(&e) : (tp_score){0};
}

/* Closes the epoch, calls the callback, begins the next; true if the callback wants to stop. */
static bool end_epoch(struct tp_trainer *t) {
    tp_best_show_average(t);
    tp_epoch epoch = {
        .epoch = t->at.epoch + 1,
        .epochs = t->options.epochs,
        .steps = tp_steps_done(t),
        .learning_rate = (double)tp_optimizer_learning_rate(t->optimizer, tp_optimizer_steps(t->optimizer)),
        .train = tp_mean_score(&t->at.running),
        .validation = validate(t),
    };
    epoch.seconds = tp_now() - t->epoch_began;
    epoch.samples_per_second = (double)epoch.train.samples / t->at.step_seconds;
    tp_best_judge(t, &epoch);
    epoch.best_epoch = t->at.best_epoch;
    t->at.epoch++;
    begin_epoch(t);
    t->epoch_began = tp_now();
    const bool stop = t->options.on_epoch && t->options.on_epoch(t->options.user, &epoch);
    tp_best_hide(t);
    return tp_ranks_any(&t->ranks, stop || t->ranks.wants_stop);
}

static tp_status run_epochs(struct tp_trainer *t) {
    while (!tp_best_is_final(t)) {
        tp_status status = run_epoch(t);
        if (t->at.step == t->steps_per_epoch && status != TP_ERR_NONFINITE)
            status = check_parameters(t) ? TP_ERR_NONFINITE : status;
        if (status && status != TP_ERR_STOPPED)
            return status;
        const bool stopped = status == TP_ERR_STOPPED;
        const bool last = (t->at.step == t->steps_per_epoch && end_epoch(t)) || stopped;
        if (t->ranks.status)
            return tp_ranks_status(&t->ranks, t->model->context);
        if (last)
            return tp_fail(t->model->context, TP_ERR_STOPPED, "stopped by a callback after step %llu",
                           (unsigned long long)tp_steps_done(t));
    }
    return TP_OK;
}

tp_status tp_trainer_run(tp_trainer *t) {
    if (!t)
        return TP_ERR_ARGUMENT;
    t->run_began = t->epoch_began = tp_now();
    tp_slices_end(t->model); /* it has slices if this is the callback of another run, which will take them again */
    tp_best_begin(t);
    t->ranks.wants_stop = false;
    const int cancel = tp_cancel_hold(); /* callbacks must return */
    tp_status status = tp_has_ranks(&t->ranks) && !t->ranks.compared ? tp_ranks_compare(&t->ranks, t) : TP_OK;
    t->ranks.compared = !status;
    if (!status)
        status = run_epochs(t);
    tp_cancel_restore(cancel);
    tp_slices_end(t->model);
    tp_best_show(t);
    return status;
}

const char *tp_trainer_isa(const tp_trainer *trainer) {
    return trainer ? tp_tuner_current(&trainer->tuner)->isa->name : NULL;
}

int tp_trainer_threads(const tp_trainer *trainer) {
    return trainer ? tp_tuner_current(&trainer->tuner)->threads : 0;
}

size_t tp_trainer_epochs(const tp_trainer *trainer) {
    return trainer ? trainer->at.epoch : 0;
}

uint64_t tp_trainer_steps(const tp_trainer *trainer) {
    return trainer ? tp_steps_done(trainer) : 0;
}

size_t tp_trainer_best_epoch(const tp_trainer *trainer) {
    return trainer ? trainer->at.best_epoch : 0;
}

const tp_phases *tp_trainer_phases(const tp_trainer *trainer) {
    return trainer ? &trainer->phases : NULL;
}
