/* SPDX-License-Identifier: BSD-3-Clause */
/* Which epoch is the best, what follows from it, and the parameters that are kept beside those that are trained. */
#include "net/pass.h"
#include "net/trainer.h"

#include <math.h>
#include <string.h>

static float *take(const struct tp_trainer *t, struct tp_arena *arena, bool needed) {
    return needed ? tp_arena_take(arena, t->model->parameter_count, sizeof(float)) : NULL;
}

void tp_best_lay_out(struct tp_trainer *t, struct tp_arena *arena) {
    t->average = take(t, arena, tp_averages(t));
    t->best = take(t, arena, tp_keeps_best(t));
    t->hidden = take(t, arena, tp_averages(t) || tp_keeps_best(t));
}

void tp_average_step(struct tp_trainer *t, struct tp_team team) {
    const struct tp_range mine = tp_share(t->model->parameter_count, TP_SUM_LANES, team.id, team.size);
    tp_enter(tp_team_clock(team), TP_PHASE_UPDATE);
    if (team.id == 0)
        tp_ranks_end_all(&t->ranks);
    tp_team_barrier(team); /* the updates of all are there */
    t->model->context->isa->average(t->average + mine.begin, t->model->parameters + mine.begin, mine.end - mine.begin,
                                    (float)(1 - t->options.average));
    tp_team_barrier(team);
}

/* ---- what the model shows ---- */

void tp_best_hide(struct tp_trainer *t) {
    if (t->shows)
        memcpy(t->model->parameters, t->hidden, t->model->parameter_count * sizeof *t->hidden);
    t->shows = false;
}

static void show(struct tp_trainer *t, const float *parameters) {
    const size_t size = t->model->parameter_count * sizeof *parameters;
    if (!t->shows)
        memcpy(t->hidden, t->model->parameters, size);
    memcpy(t->model->parameters, parameters, size);
    t->shows = true;
}

void tp_best_begin(struct tp_trainer *t) {
    tp_best_hide(t);
    if (tp_averages(t) && !tp_steps_done(t))
        memcpy(t->average, t->model->parameters, t->model->parameter_count * sizeof *t->average);
}

void tp_best_show_average(struct tp_trainer *t) {
    if (tp_averages(t))
        show(t, t->average);
}

void tp_best_show(struct tp_trainer *t) {
    if (tp_keeps_best(t) && t->at.best_epoch)
        show(t, t->best);
    else
        tp_best_show_average(t);
}

void tp_trained_parameters(const struct tp_trainer *t, float *parameters) {
    const size_t count = t->model->parameter_count;
    if (t->shows)
        memcpy(parameters, t->hidden, count * sizeof *parameters);
    else
        tp_model_copy_parameters(t->model, 0, count, parameters);
}

/* ---- which epoch is the best ---- */

/* The lower the better. */
static double measure(const struct tp_trainer *t, const tp_epoch *epoch) {
    const tp_score *score = epoch->validation.samples ? &epoch->validation : &epoch->train;
    return t->options.monitor == TP_MONITOR_LOSS ? score->loss : -(double)score->correct / (double)score->samples;
}

static void take_best(struct tp_trainer *t, size_t epoch, double value) {
    t->at.best_epoch = epoch;
    t->at.best = value;
    t->at.waited = t->at.flat = 0;
    if (t->best)
        tp_model_copy_parameters(t->model, 0, t->model->parameter_count, t->best);
}

static void wait_longer(struct tp_trainer *t) {
    t->at.waited++;
    t->at.flat++;
    if (t->options.optimizer.schedule == TP_SCHEDULE_PLATEAU && t->at.flat >= t->options.plateau) {
        t->at.flat = 0;
        t->optimizer->reductions = ++t->at.reductions;
    }
}

void tp_best_judge(struct tp_trainer *t, const tp_epoch *epoch) {
    const double value = measure(t, epoch);
    if (isfinite(value) && (!t->at.best_epoch || value < t->at.best - t->options.min_delta))
        take_best(t, epoch->epoch, value);
    else
        wait_longer(t);
}

bool tp_best_is_final(const struct tp_trainer *t) {
    return t->at.epoch >= t->options.epochs || (t->options.patience && t->at.waited >= t->options.patience);
}
