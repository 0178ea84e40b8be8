/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The first layer's weights as the threads of a training run share them. Each thread computes some outputs of that
 * layer and updates their weights, which nothing else reads: columns of W. Where these lie in the rows of W, processors
 * that fetch ahead take lines of the neighbour's columns at the end of each row, and both lose time until they have
 * their own again. So for the time of a run the columns of each thread are a matrix of their own, a shard.
 */
#ifndef TP_NET_SHARDS_H
#define TP_NET_SHARDS_H

#include "core/parallel.h"
#include "net/model.h"

/* How many shards are worth making for a team of so many threads and batches of batch samples; 0: none. */
int tp_shard_count(const struct tp_model *model, size_t batch, int threads);

static inline bool tp_in_shards(const struct tp_model *model, size_t l) {
    return l == 0 && model->shards.count > 0;
}

/* Number 0..count-1 of the model: n columns of W from column begin on, whole cache lines but for the last shard's; rows
 * follow each other from p on. */
struct tp_shard {
    float *p;
    size_t begin, n;
};
struct tp_shard tp_shard(const struct tp_model *model, int number);

/* Brings the weights of a model without shards into these, or back into its parameters if it has any. */
void tp_shards_take(struct tp_model *model, const struct tp_shards *shards);
void tp_shards_settle(struct tp_model *model);
/* Copies count parameters from number begin of the flat order on, wherever they are. */
void tp_model_copy_parameters(const struct tp_model *model, size_t begin, size_t count, float *parameters);

#endif
