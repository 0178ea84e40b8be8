/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The processes of a group (tp_group). Sums of gradients are exchanged layer by layer, by recursive halving: on level k
 * a rank and the one whose number differs in bit k have the same range of the layer; each gives away one half, and adds
 * the other half to its own, the lower rank's sum first. So additions follow the tree over the ranks, and in the end
 * each rank has its share: all sums of a part of the layer. It updates these parameters, and the shares are gathered on
 * the way back. Ranges end at multiples of TP_SUM_CHUNK parameters of the layer, for which sums of squares are taken.
 *
 * All functions but those that say otherwise are called on the thread that called the trainer. After a failure they do
 * nothing.
 */
#ifndef TP_NET_RANKS_H
#define TP_NET_RANKS_H

#include "core/memory.h"
#include "net/parts.h"

enum tp_exchange_kind { TP_EXCHANGE_NONE, TP_EXCHANGE_GRADIENTS, TP_EXCHANGE_PARAMETERS };

/* Of a layer that is under way. */
struct tp_exchange {
    enum tp_exchange_kind kind;
    bool started; /* this level */
    int level;
};

struct tp_ranks {
    tp_group group; /* ranks 0 or 1: there is none */
    const struct tp_model *model;
    int levels;                           /* 2^levels ranks */
    tp_status status;                     /* of the first exchange that failed */
    float *gradients;                     /* flat: this rank's sums, then the totals of its shares */
    float *received[TP_MAX_LAYERS];       /* half a layer */
    struct tp_range share[TP_MAX_LAYERS]; /* in the flat order */
    size_t state[TP_MAX_LAYERS];          /* where the optimiser's state of the share begins */
    size_t state_count;
    struct tp_exchange layer[TP_MAX_LAYERS];
    float *loss, *weight; /* of the samples of a whole batch, for validation */
    bool compared;        /* the ranks are known to do the same run */
    bool wants_stop;      /* a callback of this rank */
};

static inline bool tp_has_ranks(const struct tp_ranks *ranks) {
    return ranks && ranks->group.ranks > 1;
}

/* A program's group, checked; it may have so many ranks, which messages call most, "" or "parts, ". */
tp_status tp_ranks_take(const struct tp_context *context, const tp_group *given, size_t limit, const char *most,
                        tp_group *group);

void tp_ranks_describe(struct tp_ranks *ranks, const struct tp_model *model, const tp_group *group);
void tp_ranks_lay_out(struct tp_ranks *ranks, size_t batch, struct tp_arena *arena);

/* Begins to exchange gradients of layer l, or to gather its parameters, and goes on with those under way. */
void tp_ranks_begin(struct tp_ranks *ranks, size_t l, enum tp_exchange_kind kind);
/* Waits until nothing of layer l is under way, or of any layer. */
void tp_ranks_end(struct tp_ranks *ranks, size_t l);
void tp_ranks_end_all(struct tp_ranks *ranks);
/* The first by any thread of a team: afterwards all of them have the layer. */
void tp_ranks_await(struct tp_ranks *ranks, size_t l, struct tp_team team);

/* Gathers what belongs to chunks of TP_SUM_CHUNK parameters of layer l, chunk_bytes for each, bytes in all. */
void tp_ranks_gather(struct tp_ranks *ranks, size_t l, void *array, size_t chunk_bytes, size_t bytes);
/* Chunks of layer l that this rank has. */
struct tp_range tp_ranks_chunks(const struct tp_ranks *ranks, size_t l);

/* Gathers values of the samples of a batch, which the ranks have by their parts. */
void tp_ranks_gather_samples(struct tp_ranks *ranks, const struct tp_parts *parts, float *values);

/* Swaps records with the other ranks, level by level; combine adds that of higher ranks to that of lower ones, which
 * becomes the record of both. */
typedef void tp_combine_fn(void *lower, const void *higher);
void tp_ranks_combine(struct tp_ranks *ranks, void *record, size_t size, tp_combine_fn *combine);

/* Whether any rank says so. */
bool tp_ranks_any(struct tp_ranks *ranks, bool own);

/* The failure of the lowest rank that has one, with its message, on all of them; status: this rank's, which its
 * context's message tells of. */
tp_status tp_ranks_share_failure(struct tp_ranks *ranks, const struct tp_context *context, tp_status status);

/* Whether all ranks are about to do the same run: their description, as in a checkpoint, and their parameters. This is
 * in io/ranks.c. */
struct tp_trainer;
tp_status tp_ranks_compare(struct tp_ranks *ranks, const struct tp_trainer *trainer);

/* What an exchange has failed with, with a message. */
tp_status tp_ranks_status(const struct tp_ranks *ranks, const struct tp_context *context);

/* An array of the optimiser's state into the flat order of parameters, gathered, and this rank's share back. */
void tp_ranks_give_state(struct tp_ranks *ranks, const float *state, float *flat);
void tp_ranks_take_state(const struct tp_ranks *ranks, float *state, const float *flat);

#endif
