/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where the weights of a model are. During a training run the threads share the first layer's: each thread computes
 * some outputs of that layer and updates their weights, which nothing else reads: columns of W. Where these lie in the
 * rows of W, processors that fetch ahead take lines of the neighbour's columns at the end of each row, and both lose
 * time until they have their own again. So for the time of a run the columns of each thread are a matrix of their own,
 * a column slice, in memory of the trainer.
 *
 * Products and updates take a layer's weights part by part, whether these are slices or not. Functions that need the
 * parameters in their flat order copy them, or end the slices first.
 */
#ifndef TP_NET_SLICES_H
#define TP_NET_SLICES_H

#include "core/parallel.h"
#include "net/model.h"

/* n columns of a layer's weights, from column begin on. Rows follow each other from p on, and so does their state of an
 * optimiser from number state on. */
struct tp_weights {
    float *p;
    size_t begin, n, state, layer;
};

/* In how many parts the weights of layer l are, 1 or the column slices, and part number 0.., in the order of columns;
 * slices are whole cache lines but for the last one's. */
int tp_weight_parts(const struct tp_model *model, size_t l);
struct tp_weights tp_weight_part(const struct tp_model *model, size_t l, int number);

/* How many column slices are worth making for a team of so many threads and batches of batch samples; 0: none. */
int tp_slice_count(const struct tp_model *model, size_t batch, int threads);

/* Brings the weights into these slices, unless there are none or the weights are in slices already. */
void tp_slices_begin(struct tp_model *model, const struct tp_slices *slices);
/* Brings them back into the parameters, if they are in slices. */
void tp_slices_end(struct tp_model *model);

/* Copies a state of the optimiser of runs with so many slices, where their order is that of slices, from or to the flat
 * order; 0: it is flat already. */
void tp_slices_copy_state(const struct tp_model *model, int count, float *state, float *flat, bool load);

/* Copies count parameters from number begin of the flat order on, wherever they are. */
void tp_model_copy_parameters(const struct tp_model *model, size_t begin, size_t count, float *parameters);

#endif
