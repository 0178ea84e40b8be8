/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A predictor has a model of its own, which never changes, and whose weights lie as products read them fastest: for
 * each layer and each size of batches that was told, in one of the layouts below. All give the same bits.
 */
#ifndef TP_NET_PREDICTOR_H
#define TP_NET_PREDICTOR_H

#include "net/layout.h"
#include "net/workspace.h"

/* A size of batches that was told, and what batches near it do. */
struct tp_told {
    size_t batch;
    size_t most; /* the largest batch that is nearer to this size than to the next one */
    int threads; /* the most for this many samples or fewer */
    enum tp_layout layout[TP_MAX_LAYERS];
    struct tp_operand weights[TP_MAX_LAYERS]; /* in this layout; p is NULL: among the model's parameters */
};

/* What the model of a predictor points to: the sizes, ascending. */
struct tp_layouts {
    size_t count;
    struct tp_told *told;
};

struct tp_predictor {
    const struct tp_context *context;
    struct tp_model model; /* parameters are the biases, and the weights of narrow layers */
    struct tp_layouts layouts;
    struct tp_copies copies[TP_MAX_LAYERS]; /* of wide layers */
};

typedef double tp_now_fn(void);

/* tp_predictor_create with a clock. */
tp_status tp_predictor_make(tp_context *context, const tp_model *model, const tp_predictor_options *given,
                            tp_now_fn *now, tp_predictor **predictor);

/* Lets a layer have this layout, which must be there, for one told size. */
void tp_predictor_choose(struct tp_predictor *predictor, struct tp_told *told, size_t l, enum tp_layout layout);

/* Chooses by time layouts and threads for one told size; every layout is there. */
void tp_predictor_measure(struct tp_predictor *predictor, struct tp_told *told, struct tp_workspace *workspace,
                          tp_now_fn *now);

static inline const struct tp_told *tp_told_of(const struct tp_layouts *layouts, size_t batch) {
    const struct tp_told *told = layouts->told;
    while (batch > told->most)
        told++;
    return told;
}

/* The weights of layer l for a product of so many rows; NULL: they are among the parameters. */
static inline const struct tp_operand *tp_laid_out(const struct tp_layouts *layouts, size_t rows, size_t l) {
    if (!layouts)
        return NULL;
    const struct tp_operand *weights = &tp_told_of(layouts, rows)->weights[l];
    return weights->p ? weights : NULL;
}

/* How many of threads work on batch samples. */
static inline int tp_told_threads(const struct tp_layouts *layouts, size_t batch, int threads) {
    const struct tp_told *told = tp_told_of(layouts, batch);
    return batch <= told->batch && told->threads < threads ? told->threads : threads;
}

#endif
