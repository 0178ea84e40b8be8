/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_NET_WORKSPACE_H
#define TP_NET_WORKSPACE_H

#include "core/memory.h"
#include "net/model.h"
#include "net/parts.h"

#include <assert.h>

/* A matrix with padded rows. */
struct tp_matrix {
    float *p;
    size_t ld;
};

static inline float *tp_row(const struct tp_matrix *matrix, size_t row) {
    return matrix->p + row * matrix->ld;
}

/* What one thread counts on its own; a cache line each. */
struct tp_count {
    _Alignas(TP_ALIGNMENT) size_t correct;
};

struct tp_workspace {
    const struct tp_model *model;
    struct tp_block block;
    size_t max_batch;
    tp_mode mode;
    int threads;
    struct tp_matrix input;                /* scaled samples of a gathered batch */
    struct tp_matrix layer[TP_MAX_LAYERS]; /* A_l; of the last layer Z_L for BCE, CCE and Poisson */
    struct tp_matrix kept[TP_MAX_LAYERS];  /* what the derivative needs if it is not in layer[l]: Z_l, or A_l from
                                              before dropout; not for inference */
    uint8_t *mask[TP_MAX_LAYERS];          /* of layers with dropout: a bit per output, tp_mask_bytes per row; training
                                              only */
    struct tp_matrix delta[3];             /* tp_delta in training; two for derivatives, which alternate */
    float *bias_gradients;                 /* of the layer in work; training only */
    struct tp_matrix target;               /* a row per thread: one-hot, smoothed */
    float *loss;                           /* per sample */
    int32_t *classes;                      /* of a gathered batch */
    struct tp_matrix values;               /* of a gathered batch */
    float *weights;                        /* of a gathered batch */
    struct tp_count *count;                /* per thread */
    float *scratch;                        /* scratch_each floats per thread, for packing */
    size_t scratch_each;

    uint64_t dropout_seed, dropout_step; /* step 0: no dropout */
    size_t dropout_first;                /* number of the first sample in the batch that masks are drawn for */
    struct tp_parts parts;               /* of a step's batch, which a trainer may cut */

    /* of the last forward; batch = 0: none */
    size_t batch;
    const float *x;
    size_t ldx;
};

/* dZ_l. That of a layer, of the one below and of the one above are there at the same time, so that no thread has to
 * wait for those that still read the latter. */
static inline const struct tp_matrix *tp_delta(const struct tp_workspace *workspace, size_t l) {
    assert(workspace->mode == TP_MODE_TRAINING);
    return &workspace->delta[l % 3];
}

static inline size_t tp_mask_bytes(size_t width) {
    return width / 8 + 1;
}

/* What the derivative of layer l's activation reads: Z_l or A_l. */
static inline const struct tp_matrix *tp_derivative_operand(const struct tp_workspace *workspace, size_t l) {
    return workspace->kept[l].p ? &workspace->kept[l] : &workspace->layer[l];
}

/* Row length in memory for rows of width floats: whole cache lines, and never a multiple of 1 KiB, at which the rows of
 * a column would share cache sets. */
size_t tp_padded(size_t width);

/* Whether a workspace is there and was made for this model; and whether it is one for training. */
tp_status tp_check_workspace(const tp_model *model, const tp_workspace *workspace);
tp_status tp_check_training_workspace(const tp_model *model, const tp_workspace *workspace);

/* Lays the workspace's parts out in the arena. */
void tp_workspace_lay_out(struct tp_workspace *workspace, struct tp_arena *arena);

#endif
