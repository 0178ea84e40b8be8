/* SPDX-License-Identifier: BSD-3-Clause */
/* The training loop: shuffled mini-batches, one parallel region per epoch, validation after each epoch. */
#include "core/cancel.h"
#include "core/options.h"
#include "core/random.h"
#include "core/size.h"
#include "net/evaluate.h"
#include "net/gather.h"
#include "net/optimizer.h"
#include "net/pass.h"
#include "table/split.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>

/* For no more steps it does not pay to bring weights into shards and back. */
#define FEW_STEPS 2

struct tp_trainer {
    struct tp_model *model;
    struct tp_block block;
    tp_data data, validation; /* validation: samples = 0 without */
    tp_train_options options; /* the optimiser's total_steps filled in */
    struct tp_workspace *workspace;
    struct tp_optimizer *optimizer;
    int threads;             /* that are worth waking */
    struct tp_shards shards; /* for its runs; count 0: none */
    uint32_t *pool;          /* sample numbers: first those to train on, then those held out */
    uint32_t *order;         /* of this epoch: a permutation of 0..train_count */
    size_t train_count, held_out;
    uint64_t steps_per_epoch;
    size_t epoch;        /* done */
    uint64_t step;       /* done in this epoch */
    tp_score running;    /* of this epoch, by tp_add_score */
    double step_seconds; /* of this epoch */
    double epoch_began, run_began;
    struct tp_clock clock; /* of this call's first thread, if the options ask for phases */
    tp_phases phases;      /* of the runs so far */
};

static const tp_train_options default_options = {
    .struct_size = sizeof default_options, .batch = 128, .epochs = 10, .shuffle = true, .seed = 1};
static const struct tp_struct options_type = {.name = "train options",
                                              .size = sizeof default_options,
                                              .first = offsetof(tp_train_options, class_weights),
                                              .defaults = &default_options};
_Static_assert(sizeof(tp_optimizer_options) <= sizeof((tp_train_options *)0)->optimizer_room, "more room is needed");

TP_NO_PADDING(tp_train_options, class_weights);

void tp_train_options_init(tp_train_options *options, size_t struct_size, size_t optimizer_size) {
    tp_struct_init(&options_type, options, struct_size);
    if (options && struct_size >= options_type.first && optimizer_size <= sizeof options->optimizer_room)
        tp_optimizer_options_init(&options->optimizer, optimizer_size);
}

static tp_status check_numbers(const struct tp_context *context, const tp_data *data, const tp_train_options *o) {
    if (o->batch < 1)
        return tp_fail(context, TP_ERR_ARGUMENT, "batch is 0; it must be at least 1");
    if (o->epochs < 1)
        return tp_fail(context, TP_ERR_ARGUMENT, "epochs is 0; it must be at least 1");
    if (!(o->validation_fraction >= 0 && o->validation_fraction < 1))
        return tp_fail(context, TP_ERR_ARGUMENT, "validation_fraction is %g; it must be 0 or more and below 1",
                       o->validation_fraction);
    if (o->validation && o->validation_fraction > 0)
        return tp_fail(context, TP_ERR_ARGUMENT, "validation and validation_fraction exclude each other");
    if (tp_size_mul(o->epochs, data->samples) == TP_SIZE_OVERFLOW)
        return tp_fail(context, TP_ERR_ARGUMENT, "epochs is %zu; the number of steps does not fit in 64 bits",
                       o->epochs);
    const double held_out = floor((double)data->samples * o->validation_fraction);
    if (held_out >= (double)data->samples || (o->validation_fraction > 0 && held_out < 1))
        return tp_fail(context, TP_ERR_ARGUMENT, "validation_fraction %g of %zu samples leaves one of the sets empty",
                       o->validation_fraction, data->samples);
    return TP_OK;
}

static tp_status take_options(const struct tp_context *context, const tp_train_options *given,
                              tp_train_options *options) {
    if (!given)
        return tp_fail(context, TP_ERR_ARGUMENT, "options is NULL");
    const tp_status status = tp_struct_take(context, &options_type, given, options);
    return status ? status : tp_take_optimizer(context, &given->optimizer, &options->optimizer);
}

/* What the program gives, checked. */
static tp_status take(const struct tp_model *model, const tp_data *data, const tp_train_options *given,
                      struct tp_trainer *t) {
    tp_status status = take_options(model->context, given, &t->options);
    if (!status)
        status = tp_take_data(model, "data", data, true, &t->data);
    if (!status)
        status = check_numbers(model->context, &t->data, &t->options);
    if (!status && t->options.validation)
        status = tp_take_data(model, "validation", t->options.validation, true, &t->validation);
    if (!status)
        status = tp_check_class_weights(model, "options", t->options.class_weights, t->data.classes);
    return status;
}

/* Everything about a trainer but its memory. */
static tp_status describe_trainer(struct tp_model *model, const tp_data *data, const tp_train_options *given,
                                  struct tp_trainer *t) {
    *t = (struct tp_trainer){.model = model};
    const tp_status status = take(model, data, given, t);
    if (status)
        return status;
    tp_optimizer_options *rule = &t->options.optimizer;
    t->held_out = (size_t)floor((double)t->data.samples * t->options.validation_fraction);
    t->train_count = t->data.samples - t->held_out;
    t->options.batch = tp_min(t->options.batch, t->train_count);
    t->steps_per_epoch = (t->train_count - 1) / t->options.batch + 1;
    if (!rule->total_steps)
        rule->total_steps = t->steps_per_epoch * t->options.epochs;
    t->threads = tp_pass_threads(model, model->context->threads, t->options.batch, true);
    if (rule->clip_norm == 0 && t->steps_per_epoch * t->options.epochs > FEW_STEPS)
        t->shards.count = tp_shard_count(model, t->options.batch, t->threads);
    return tp_check_optimizer(model, rule);
}

struct parts {
    void *workspace, *optimizer;
    size_t workspace_size, optimizer_size;
};

static tp_workspace_options workspace_options(const struct tp_trainer *t) {
    tp_workspace_options options;
    tp_workspace_options_default(&options);
    options.max_batch = t->options.batch;
    options.mode = TP_MODE_TRAINING;
    return options;
}

static struct parts lay_out_trainer(struct tp_trainer *t, struct tp_arena *arena) {
    struct parts parts;
    const tp_workspace_options workspace = workspace_options(t);
    parts.workspace_size = tp_workspace_size(t->model, &workspace);
    parts.optimizer_size = tp_optimizer_size(t->model, &t->options.optimizer);
    parts.workspace = tp_arena_take(arena, parts.workspace_size, 1);
    parts.optimizer = tp_arena_take(arena, parts.optimizer_size, 1);
    const size_t weights = t->model->shape[0].inputs * t->model->shape[0].outputs;
    t->shards.weights = tp_arena_take(arena, t->shards.count ? weights : 0, sizeof(float));
    t->pool = tp_arena_take(arena, t->data.samples, sizeof *t->pool);
    t->order = tp_arena_take(arena, t->train_count, sizeof *t->order);
    return parts;
}

static size_t needed(struct tp_trainer t) {
    struct tp_arena arena = {0};
    tp_arena_take(&arena, 1, sizeof t);
    const struct parts parts = lay_out_trainer(&t, &arena);
    return parts.workspace_size && parts.optimizer_size ? arena.used : TP_SIZE_OVERFLOW;
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

static void begin_epoch(struct tp_trainer *t) {
    if (t->options.shuffle)
        tp_random_permutation(t->order, t->train_count, t->options.seed, TP_PURPOSE_SHUFFLE, (uint32_t)t->epoch);
    else
        for (size_t i = 0; i < t->train_count; i++)
            t->order[i] = (uint32_t)i;
    t->running = (tp_score){0};
    t->step_seconds = 0;
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
    const struct parts parts = lay_out_trainer(&t, &arena);
    const tp_workspace_options workspace = workspace_options(&t);
    status = tp_workspace_create(model, &workspace, parts.workspace, parts.workspace_size, &t.workspace);
    if (!status)
        status = tp_optimizer_create(model, &t.options.optimizer, parts.optimizer, parts.optimizer_size, &t.optimizer);
    if (status) {
        tp_block_close(model->context, &t.block);
        return status;
    }
    choose_pool(&t);
    begin_epoch(&t);
    *made = t;
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
    const size_t first = (size_t)t->step * t->options.batch, rest = t->train_count - first;
    return (struct tp_batch){&t->data, t->pool, t->order, first, rest < t->options.batch ? rest : t->options.batch,
                             true};
}

static tp_targets batch_targets(const struct tp_trainer *t) {
    tp_targets targets = tp_gathered_targets(t->workspace, &t->data);
    targets.class_weights = t->options.class_weights;
    return targets;
}

static uint64_t steps_done(const struct tp_trainer *t) {
    return t->epoch * t->steps_per_epoch + t->step;
}

/* On one thread, before the others begin the step. */
static void prepare_step(const struct tp_trainer *t) {
    t->workspace->dropout_seed = t->options.seed;
    t->workspace->dropout_step = steps_done(t) + 1;
}

static void run_step(struct tp_trainer *t, struct tp_team team) {
    struct tp_workspace *w = t->workspace;
    const struct tp_batch batch = next_batch(t);
    tp_enter(tp_team_clock(team), TP_PHASE_DATA);
    tp_run_gather(w, &batch, team);
    const tp_targets targets = batch_targets(t);
    tp_run_step(w, t->optimizer, t->model, &targets, team);
}

static tp_status fail_nonfinite(const struct tp_trainer *t, uint64_t step, double loss) {
    char when[32];
    const struct tp_batch batch = next_batch(t);
    const tp_targets targets = batch_targets(t);
    snprintf(when, sizeof when, "step %llu: ", (unsigned long long)step);
    return tp_fail_nonfinite(t->workspace, &targets, &batch, when, loss);
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
                           t->epoch + 1, l);
    return TP_OK;
}

/* Calls the step callback; true if it wants to stop. */
static bool report_step(const struct tp_trainer *t, double loss) {
    if (!t->options.on_step)
        return false;
    const tp_step step = {steps_done(t), t->steps_per_epoch,     t->epoch + 1, t->options.epochs,
                          loss,          tp_now() - t->run_began};
    return t->options.on_step(t->options.user, &step);
}

/* Counts and reports a step, and prepares the next, on one thread. */
static tp_status end_step(struct tp_trainer *t) {
    const tp_targets targets = batch_targets(t);
    const tp_score score = tp_read_score(t->workspace, &targets);
    if (!isfinite(score.loss))
        return fail_nonfinite(t, steps_done(t) + 1, score.loss);
    t->step++;
    tp_add_score(&t->running, &score);
    const bool stop = report_step(t, score.loss);
    tp_shards_begin(t->model, &t->shards); /* a callback may have ended them */
    prepare_step(t);
    return stop ? TP_ERR_STOPPED : TP_OK;
}

struct epoch_call {
    struct tp_trainer *trainer;
    tp_status status;
};

/* The steps that are left of an epoch: one parallel region, so that threads are not sent home between steps. */
static void epoch_task(void *argument, struct tp_team team) {
    struct epoch_call *call = argument;
    struct tp_trainer *t = call->trainer;
    if (team.id == 0 && t->options.phases)
        team.crew->clock = &t->clock;
    while (!call->status && t->step < t->steps_per_epoch) {
        run_step(t, team);
        tp_enter(tp_team_clock(team), TP_PHASE_NONE);
        if (team.id == 0) /* nobody reads status and step behind the barriers of a step */
            call->status = end_step(t);
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

static tp_status run_epoch(struct tp_trainer *t) {
    struct epoch_call call = {t, TP_OK};
    tp_shards_begin(t->model, &t->shards);
    prepare_step(t);
    const double began = tp_now();
    t->clock = (struct tp_clock){.since = began};
    tp_parallel(t->threads, epoch_task, &call);
    t->step_seconds += tp_now() - began;
    if (t->options.phases)
        add_phases(&t->phases, t->clock.seconds);
    return call.status;
}

static tp_score validate(const struct tp_trainer *t) {
    struct tp_evaluation e = {.workspace = t->workspace, .data = &t->data};
    if (t->validation.samples)
        e = (struct tp_evaluation){t->workspace, &t->validation, NULL, t->validation.samples, NULL};
    else if (t->held_out)
        e = (struct tp_evaluation){t->workspace, &t->data, t->pool + t->train_count, t->held_out, NULL};
    return e.count ? tp_run_evaluation(&e) : (tp_score){0};
}

/* Closes the epoch, calls the callback, begins the next; true if the callback wants to stop. */
static bool end_epoch(struct tp_trainer *t) {
    tp_epoch epoch = {
        .epoch = t->epoch + 1,
        .epochs = t->options.epochs,
        .steps = steps_done(t),
        .learning_rate = (double)tp_optimizer_learning_rate(t->optimizer, tp_optimizer_steps(t->optimizer)),
        .train = tp_mean_score(&t->running),
        .validation = validate(t),
    };
    epoch.seconds = tp_now() - t->epoch_began;
    epoch.samples_per_second = (double)epoch.train.samples / t->step_seconds;
    t->epoch++;
    t->step = 0;
    begin_epoch(t);
    t->epoch_began = tp_now();
    return t->options.on_epoch && t->options.on_epoch(t->options.user, &epoch);
}

static tp_status run_epochs(struct tp_trainer *t) {
    while (t->epoch < t->options.epochs) {
        tp_status status = run_epoch(t);
        if (t->step == t->steps_per_epoch && status != TP_ERR_NONFINITE)
            status = check_parameters(t) ? TP_ERR_NONFINITE : status;
        if (status == TP_ERR_NONFINITE)
            return status;
        const bool stopped = status == TP_ERR_STOPPED;
        if ((t->step == t->steps_per_epoch && end_epoch(t)) || stopped)
            return tp_fail(t->model->context, TP_ERR_STOPPED, "stopped by a callback after step %llu",
                           (unsigned long long)steps_done(t));
    }
    return TP_OK;
}

tp_status tp_trainer_run(tp_trainer *t) {
    if (!t)
        return TP_ERR_ARGUMENT;
    t->run_began = t->epoch_began = tp_now();
    tp_shards_end(t->model); /* it has shards if this is the callback of another run, which will take them again */
    const int cancel = tp_cancel_hold(); /* callbacks must return */
    const tp_status status = run_epochs(t);
    tp_cancel_restore(cancel);
    tp_shards_end(t->model);
    return status;
}

const tp_phases *tp_trainer_phases(const tp_trainer *trainer) {
    return trainer ? &trainer->phases : NULL;
}
