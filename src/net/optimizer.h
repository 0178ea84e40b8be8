/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_NET_OPTIMIZER_H
#define TP_NET_OPTIMIZER_H

#include "core/memory.h"
#include "net/slices.h"

struct tp_ranks;

struct tp_optimizer {
    const struct tp_model *model;
    struct tp_block block;
    tp_optimizer_options options;
    uint64_t steps;
    uint64_t reductions;    /* of the learning rate so far: TP_SCHEDULE_PLATEAU */
    struct tp_ranks *ranks; /* among which the parameters are shared; NULL: this process has all */
    float *state[2];     /* flat like the parameters, or the shares one after the other; NULL where the rule has none */
    bool far;            /* they and the parameters are more than the second-level cache holds */
    double *square_sums; /* per TP_SUM_CHUNK gradients, for clipping */
    float *room;         /* of a step on a batch: gradients of a layer's weights, or flat if they are to be clipped */
    float *layer_rates;  /* as in the options; NULL: all 1 */
    struct tp_update *next; /* numbers of the step that is being done, of each layer */
    double weight;          /* by which its gradients are divided */
    bool by_layer;          /* for clipping: each layer has chunks of its own */
};

/* A program's options, not yet checked. */
tp_status tp_take_optimizer(const struct tp_context *context, const tp_optimizer_options *given,
                            tp_optimizer_options *options);
tp_status tp_check_optimizer(const struct tp_model *model, const tp_optimizer_options *options);

/* The public functions, for one of some ranks or, with NULL, for one that has all parameters. */
size_t tp_optimizer_size_of(const tp_model *model, const tp_optimizer_options *options, const struct tp_ranks *ranks);
tp_status tp_optimizer_create_of(const tp_model *model, const tp_optimizer_options *options,
                                 const struct tp_ranks *ranks, void *memory, size_t size, tp_optimizer **optimizer);

/* Whether a layer is updated as soon as its gradient is there: not if it has to come from other ranks, nor where the
 * gradient's norm is clipped, which is known only after all. */
bool tp_update_is_fused(const struct tp_optimizer *optimizer);

/* Whether the layer keeps its parameters. */
bool tp_layer_is_frozen(const struct tp_optimizer *optimizer, size_t l);
/* The first layer that does not; the number of layers if there is none. */
size_t tp_lowest_trained(const struct tp_optimizer *optimizer);

/* Prepares the next step, on one thread; a barrier must come before the others take part. Gradients will be divided by
 * weight, or be 0 if it is 0. */
void tp_update_begin(struct tp_optimizer *optimizer, double weight);
/* Some of a part of the weights, and columns of layer l's biases, and their state, from their gradients; without
 * clipping. Threads may update different ones at a time. */
void tp_update_weights(struct tp_optimizer *optimizer, const struct tp_weights *weights, const float *gradients,
                       size_t ld, const struct tp_place *place);
/* count of them from number at on, which follow each other. */
void tp_update_row(struct tp_optimizer *optimizer, const struct tp_weights *weights, const float *gradients, size_t at,
                   size_t count);
/* Rows of them from those of a gradient that is the outer product of a and b. */
void tp_update_weights_outer(struct tp_optimizer *optimizer, const struct tp_weights *weights, const float *a,
                             const float *b, struct tp_range rows);
void tp_update_biases(struct tp_optimizer *optimizer, struct tp_model *model, size_t l, const float *gradients,
                      struct tp_range columns);

/* A thread's part of the step; ends with a barrier. */
void tp_run_update(struct tp_optimizer *optimizer, struct tp_model *model, const float *gradients, struct tp_team team);

#endif
