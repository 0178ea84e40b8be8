/* SPDX-License-Identifier: BSD-3-Clause */
/* The inside of a trainer, for the loop, for what chooses the best epoch, and for checkpoints. */
#ifndef TP_NET_TRAINER_H
#define TP_NET_TRAINER_H

#include "net/optimizer.h"
#include "net/ranks.h"
#include "net/tuner.h"
#include "net/workspace.h"

/* Where a run is, but for arrays; every field has 8 bytes. */
struct tp_point {
    size_t epoch;        /* done */
    uint64_t step;       /* done in this epoch */
    tp_score running;    /* of this epoch, by tp_add_score */
    double step_seconds; /* of this epoch */
    size_t best_epoch;   /* 0: none yet */
    double best;         /* its measure, the lower the better */
    size_t waited;       /* epochs since then */
    size_t flat;         /* epochs since then or the last reduction of the rate */
    uint64_t reductions;
};

struct tp_trainer {
    struct tp_model *model;
    struct tp_block block;
    tp_data data, validation; /* validation: samples = 0 without */
    tp_train_options options; /* the optimiser's total_steps filled in */
    struct tp_workspace *workspace;
    struct tp_parts parts; /* of a whole batch */
    struct tp_ranks ranks;
    struct tp_optimizer *optimizer;
    struct tp_tuner tuner;
    struct tp_context tried;          /* the context with the tuner's choice, which the model has during steps */
    const struct tp_context *context; /* the model's own */
    int threads;                      /* that are worth waking, as the built-in choice has it */
    struct tp_slices slices;          /* for its runs; count 0: none */
    uint32_t *pool;                   /* sample numbers: first those to train on, then those held out */
    uint32_t *order;                  /* of this epoch: a permutation of 0..train_count */
    size_t train_count, held_out;
    uint64_t steps_per_epoch;
    struct tp_point at;
    float *average, *best; /* like the parameters; NULL without these options */
    float *hidden;         /* the parameters that are trained, while the model shows others; NULL: it never does */
    bool shows;            /* others */
    char fingerprint[256]; /* of the data, as the program says; or empty */
    double epoch_began, run_began;
    double steps_began;    /* those of an epoch that are being done; 0: none */
    struct tp_clock clock; /* of this call's first thread, if the options ask for phases */
    tp_phases phases;      /* of the runs so far */
};

static inline uint64_t tp_steps_done(const struct tp_trainer *t) {
    return t->at.epoch * t->steps_per_epoch + t->at.step;
}

static inline bool tp_averages(const struct tp_trainer *t) {
    return t->options.average > 0;
}

/* Whether the model goes back to its best epoch after the run. */
static inline bool tp_keeps_best(const struct tp_trainer *t) {
    return t->options.keep == TP_KEEP_BEST && (t->validation.samples || t->held_out);
}

/* What the program gives, checked, into an empty trainer of this model. */
tp_status tp_take_training(const struct tp_model *model, const tp_data *data, const tp_train_options *given,
                           struct tp_trainer *t);

/* The order of this epoch's samples. */
void tp_trainer_order(struct tp_trainer *t);

/* ---- best.c: averages of parameters, and the best epoch ---- */

void tp_best_lay_out(struct tp_trainer *t, struct tp_arena *arena);

/* A thread's part of the average after a step; begins and ends with a barrier. */
void tp_average_step(struct tp_trainer *t, struct tp_team team);

/* Before steps: the model has the parameters that are trained. */
void tp_best_begin(struct tp_trainer *t);
void tp_best_hide(struct tp_trainer *t);
/* The model has the averages, or after a run what the options keep. Its weights must not be in column slices. */
void tp_best_show_average(struct tp_trainer *t);
void tp_best_show(struct tp_trainer *t);

/* After an epoch, with what it showed: whether it is the best, and what follows for the learning rate. */
void tp_best_judge(struct tp_trainer *t, const tp_epoch *epoch);

/* Whether no epoch is left to be trained. */
bool tp_best_is_final(const struct tp_trainer *t);

/* The parameters that are trained, whatever the model shows. */
void tp_trained_parameters(const struct tp_trainer *t, float *parameters);

#endif
