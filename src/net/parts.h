/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Parts of a batch, whose sums are added as a binary tree (gemm/tree.h), so that its bits do not depend on how many
 * processes share the parts.
 */
#ifndef TP_NET_PARTS_H
#define TP_NET_PARTS_H

#include "core/memory.h"
#include "core/parallel.h"
#include "gemm/tree.h"

struct tp_ranks;
struct tp_workspace;

#define TP_MAX_PARTS (1 << TP_TREE_LEVELS)

struct tp_parts {
    size_t total;                 /* G; 0 or 1: the batch is not cut */
    size_t first, count;          /* of them, those of this process: a power of two */
    size_t batch;                 /* samples of all parts */
    float *level[TP_TREE_LEVELS]; /* sums of gradients that wait, of the layer in work: of its biases; after room for
                                     those of any layer, of its weights, if that many groups have them */
    size_t biases;                /* that room */
    float *waiting;               /* the same within a product: waiting_each floats per thread */
    size_t waiting_each;
    struct tp_ranks *ranks; /* which have the others; NULL: there are no others */
    tp_score score;         /* of the last step's loss, of all parts */
    bool stops;             /* some rank wants the run to stop before this step */
};

static inline bool tp_has_parts(const struct tp_parts *parts) {
    return parts->total > 1;
}

/* Samples of a batch that are in this part; and those of this process. */
struct tp_range tp_part_samples(const struct tp_parts *parts, size_t number);
struct tp_range tp_own_samples(const struct tp_parts *parts);

/* The levels, for any layer of the model, and for so many threads. */
void tp_parts_lay_out(struct tp_parts *parts, const tp_model *model, int threads, struct tp_arena *arena);

/* How many parts one product of a model with this blocking adds: a group. */
size_t tp_parts_together(const struct tp_parts *parts, const tp_model *model, const struct tp_blocking *blocking);

/* Takes n sums of number i of count groups of this process' parts, whose place in a level is at. The last group
 * completes them: they are where it returns, in total or, if that is NULL, elsewhere. Else NULL. Groups must come in
 * their order. */
const float *tp_parts_add(const struct tp_parts *parts, const struct tp_isa *isa, size_t i, size_t count, size_t at,
                          const float *sums, size_t n, float *total);

/* Loss and weight of all parts after tp_run_loss, into parts->score; right answers are counted. Ends with a barrier. */
void tp_run_parts_score(struct tp_workspace *workspace, const tp_targets *targets, struct tp_team team);

#endif
