/* SPDX-License-Identifier: BSD-3-Clause */
/* Passes of a predictor, timed layer by layer: with all layers in one layout, then in the next one, so that the caches
 * hold what they would hold in use. */
#include "net/pass.h"
#include "net/predictor.h"

#include <float.h>
#include <string.h>

/* Each layout is timed so many times, for so many seconds and at least one pass, after one that is not timed. */
#define ROUNDS 3
#define ROUND_SECONDS 1e-3
/* A layout or a team that is so much faster than the built-in choice takes its place. */
#define FASTER 0.95
/* A team that takes so many times as long as the best one is not looked at any longer. */
#define DROPPED 2

/* With one team. Times are the least ones: what else a processor does makes passes longer, never shorter. */
struct trial {
    int threads;
    double seconds[TP_LAYOUT_COUNT][TP_MAX_LAYERS];
    double outside; /* of a pass, but not in a layer */
};

struct pass {
    struct tp_workspace *workspace;
    tp_now_fn *now;
    double begin, end; /* of the layers */
    double *seconds;   /* the least so far */
};

static double lesser(double a, double b) {
    return a < b ? a : b;
}

static void pass_task(void *argument, struct tp_team team) {
    struct pass *pass = argument;
    const bool first = team.id == 0;
    double before = first ? pass->now() : 0;
    if (first)
        pass->begin = before;
    for (size_t l = 0; l < pass->workspace->model->layers; l++) {
        tp_run_forward_layer(pass->workspace, l, team);
        if (!first)
            continue;
        const double now = pass->now();
        pass->seconds[l] = lesser(pass->seconds[l], now - before);
        pass->end = before = now;
    }
}

/* One pass; returns when it ended. */
static double run_pass(struct pass *pass, struct trial *trial) {
    const double begin = pass->now();
    tp_parallel(trial->threads, pass_task, pass);
    const double end = pass->now();
    trial->outside = lesser(trial->outside, end - begin - (pass->end - pass->begin));
    return end;
}

/* Without wide layers there are still teams to choose from. */
static bool is_candidate(const struct tp_predictor *p, enum tp_layout layout) {
    bool there = layout == TP_LAYOUT_ROWS;
    for (size_t l = 0; l < p->model.layers; l++)
        there = there || tp_layout_is_there(&p->copies[l], layout);
    return there;
}

static void tell_all(struct tp_predictor *p, struct tp_told *told, enum tp_layout layout) {
    for (size_t l = 0; l < p->model.layers; l++)
        if (tp_layout_is_there(&p->copies[l], layout))
            tp_predictor_choose(p, told, l, layout);
}

static void time_layout(struct tp_predictor *p, struct tp_told *told, struct pass *pass, struct trial *trial,
                        enum tp_layout layout) {
    double ignored[TP_MAX_LAYERS];
    tell_all(p, told, layout);
    pass->seconds = ignored;
    const double begin = run_pass(pass, trial);
    pass->seconds = trial->seconds[layout];
    while (run_pass(pass, trial) - begin < ROUND_SECONDS)
        ;
}

static enum tp_layout fastest(const struct tp_predictor *p, const struct trial *trial, size_t l,
                              enum tp_layout built_in) {
    enum tp_layout best = built_in;
    for (int i = 0; i < TP_LAYOUT_COUNT; i++)
        if (tp_layout_is_there(&p->copies[l], (enum tp_layout)i) && trial->seconds[i][l] < trial->seconds[best][l])
            best = (enum tp_layout)i;
    return trial->seconds[best][l] < FASTER * trial->seconds[built_in][l] ? best : built_in;
}

/* Of a pass with the fastest layouts. */
static double total(const struct tp_predictor *p, const struct trial *trial, const enum tp_layout *built_in) {
    double sum = trial->outside;
    for (size_t l = 0; l < p->model.layers; l++)
        sum += trial->seconds[fastest(p, trial, l, built_in[l])][l];
    return sum;
}

/* Ends early if the team is slow. */
static void run_trial(struct tp_predictor *p, struct tp_told *told, struct pass *pass, struct trial *trial,
                      const enum tp_layout *built_in, double best) {
    for (int i = 0; i < TP_LAYOUT_COUNT; i++)
        for (size_t l = 0; l < p->model.layers; l++)
            trial->seconds[i][l] = DBL_MAX / TP_MAX_LAYERS;
    trial->outside = DBL_MAX / TP_MAX_LAYERS;
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < TP_LAYOUT_COUNT; i++)
            if (is_candidate(p, (enum tp_layout)i))
                time_layout(p, told, pass, trial, (enum tp_layout)i);
        if (total(p, trial, built_in) > DROPPED * best)
            return;
    }
}

/* Samples without meaning; no product takes longer for other ones. */
static void begin_pass(struct tp_workspace *w, size_t batch) {
    for (size_t i = 0; i < batch; i++)
        for (size_t j = 0; j < w->model->inputs; j++)
            tp_row(&w->input, i)[j] = 0.5f;
    w->batch = batch;
    w->x = w->input.p;
    w->ldx = w->input.ld;
}

void tp_predictor_measure(struct tp_predictor *p, struct tp_told *told, struct tp_workspace *w, tp_now_fn *now) {
    const int most = tp_pass_threads(&p->model, w->threads, told->batch, false);
    const int teams[] = {most, most > 3 ? most / 2 : 1, 1};
    struct pass pass = {.workspace = w, .now = now};
    struct trial trial, best = {.threads = 0};
    enum tp_layout built_in[TP_MAX_LAYERS];
    double least = DBL_MAX / DROPPED;
    memcpy(built_in, told->layout, sizeof built_in);
    begin_pass(w, told->batch);
    for (size_t i = 0; i < sizeof teams / sizeof *teams; i++) {
        if (i && teams[i] == teams[i - 1])
            continue;
        trial.threads = teams[i];
        run_trial(p, told, &pass, &trial, built_in, least);
        if (i && total(p, &trial, built_in) > FASTER * least)
            continue;
        best = trial;
        least = total(p, &best, built_in);
    }
    told->threads = best.threads < most ? best.threads : TP_MAX_THREADS;
    for (size_t l = 0; l < p->model.layers; l++)
        if (tp_has_layouts(&p->model, l))
            tp_predictor_choose(p, told, l, fastest(p, &best, l, built_in[l]));
}
