/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The stages of a step. Every function here is run by all threads of a team (core/parallel.h); each stage ends with a
 * barrier, so that the next one may read what it wrote.
 */
#ifndef TP_NET_PASS_H
#define TP_NET_PASS_H

#include "net/optimizer.h"
#include "net/slices.h"
#include "net/workspace.h"

struct tp_batch; /* net/gather.h */

/* What a step spends its time on, besides barriers. */
enum { TP_PHASE_DATA = TP_PHASE_FIRST, TP_PHASE_FORWARD, TP_PHASE_LOSS, TP_PHASE_BACKWARD, TP_PHASE_UPDATE };

/* Checks what tp_forward is given, and makes it the workspace's batch. */
tp_status tp_begin_forward(const tp_model *model, tp_workspace *workspace, size_t batch, const float *x, size_t ldx,
                           const float *y, size_t ldy);

/* z or a of the last layer is in workspace->layer[L-1] afterwards, and A_L in y if it is not NULL. */
void tp_run_forward(struct tp_workspace *workspace, float *y, size_t ldy, struct tp_team team);

/* One layer of that: Z_l = A_{l-1} W_l + 1 b_l, A_l = f_l(Z_l); N x n_l. */
void tp_run_forward_layer(struct tp_workspace *workspace, size_t l, struct tp_team team);

/* A_l with this step's dropout, if any; the mask is kept. And dZ_l, so far without it. For layers with a mask only. */
void tp_run_dropout(struct tp_workspace *workspace, size_t l, struct tp_team team);
void tp_run_dropout_derivative(struct tp_workspace *workspace, size_t l, struct tp_team team);

/* What dZ_L is the derivative of: nothing, sum_i w_i L_i / sum_i w_i, or sum_i w_i L_i. */
enum tp_gradient { TP_GRADIENT_NONE, TP_GRADIENT_OF_MEAN, TP_GRADIENT_OF_SUM };

/* Loss per sample into workspace->loss, right answers into workspace->count, and dZ_L. */
void tp_run_loss(struct tp_workspace *workspace, const tp_targets *targets, enum tp_gradient gradient,
                 struct tp_team team);

/* dZ_L = dJ/dA_L through the last activation. */
void tp_run_output_derivative(struct tp_workspace *workspace, const float *dy, size_t lddy, struct tp_team team);

/* Where the gradients of the parameters go. */
enum tp_sink_kind {
    TP_SINK_NOWHERE, /* they are not computed */
    TP_SINK_STORE,
    TP_SINK_ADD,   /* to those that are there */
    TP_SINK_UPDATE /* each strip, as soon as it is complete, into the step that tp_update_begin has prepared */
};

struct tp_gradient_sink {
    enum tp_sink_kind kind;
    float *gradients;               /* to store or add: flat */
    struct tp_optimizer *optimizer; /* to update */
    struct tp_model *model;
};

/* One step on the workspace's batch: forward, loss, backward, update. If the loss is not finite, all threads return
 * together before the backward pass. */
bool tp_run_step(struct tp_workspace *workspace, struct tp_optimizer *optimizer, struct tp_model *model,
                 const tp_targets *targets, struct tp_team team);

/* Whether all elements are finite. */
bool tp_finite_rows(const float *p, size_t ld, size_t rows, size_t columns);

/* TP_ERR_NONFINITE for the workspace's last forward pass and these targets, naming the first input, target or layer's
 * output that is not finite. Samples have the numbers of the program's arrays, of which the batch was gathered; without
 * batch, of the workspace's rows. when begins the message. */
tp_status tp_fail_nonfinite(const struct tp_workspace *workspace, const tp_targets *targets,
                            const struct tp_batch *batch, const char *when, double loss);

/* C = (dZ_l W_l^T) * f'_{l-1}, rows x n_{l-1}: one layer down; of the first layer without a derivative. */
struct tp_propagation {
    size_t l, rows;
    const float *dz;
    size_t lddz;
    const float *x; /* what f'_{l-1} is computed from; ldx may be 0: one row for all */
    size_t ldx;
    float *c;
    size_t ldc;
    bool alone; /* by this thread, else by the team */
};
void tp_propagate(const struct tp_workspace *workspace, const struct tp_propagation *propagation, struct tp_team team);

/* From dZ_L: the gradients, and dx if it is not NULL. All threads meet before the first update, which thread 0 may so
 * prepare right before. */
void tp_run_backward(struct tp_workspace *workspace, const struct tp_gradient_sink *sink, float *dx, size_t lddx,
                     struct tp_team team);

/* Mean loss and right answers of the last tp_run_loss, whose targets these are; the same on every thread. */
tp_score tp_read_score(const struct tp_workspace *workspace, const tp_targets *targets);

/* Sums of w_i L_i and w_i over some samples, each one chain, as loss and weight of a score. */
tp_score tp_sum_losses(const float *losses, const tp_targets *targets, struct tp_range samples);
size_t tp_count_correct(const struct tp_workspace *workspace);

/* The score of a step, of all parts of its batch; the same on every thread. */
tp_score tp_read_step_score(const struct tp_workspace *workspace, const tp_targets *targets);

/* Many scores into one: sums, in which the loss is not yet divided by the weight; then the mean. */
void tp_add_score(tp_score *sum, const tp_score *score);
tp_score tp_mean_score(const tp_score *sum);

/* d = dJ/dZ_L for rows of dJ/dA_L that belong to sample i, in place; x is room for a row. */
void tp_derive_output(const struct tp_workspace *workspace, size_t i, float *d, size_t ldd, size_t rows, float *x);

/* A product with layer l's weights as B, which is set here. */
void tp_run_layer_product(const struct tp_workspace *workspace, size_t l, struct tp_gemm *gemm, struct tp_team team);

/* A product of a layer, with this thread's part of the scratch; and one that this thread does alone. */
void tp_run_product(const struct tp_workspace *workspace, const struct tp_gemm *gemm, struct tp_team team);
void tp_run_alone(const struct tp_workspace *workspace, const struct tp_gemm *gemm, struct tp_team team);

/* How many of threads work on batch samples. */
int tp_pass_threads(const struct tp_model *model, int threads, size_t batch, bool training);

/* Index of the largest element, the lowest among equals. */
size_t tp_largest(const float *row, size_t n);

/* Classes against the model's outputs, number rows[0..count), or 0..count if rows is NULL; what names them in messages.
 */
tp_status tp_check_classes(const struct tp_model *model, const char *what, const int32_t *classes, const uint32_t *rows,
                           size_t count);

/* A program's targets for batch samples, checked. */
tp_status tp_take_targets(const struct tp_model *model, const tp_targets *given, size_t batch, tp_targets *targets);

/* Weights of samples, numbered likewise, and weights of classes, which only targets by class have; both may be NULL. */
tp_status tp_check_weights(const struct tp_context *context, const char *what, const float *weights,
                           const uint32_t *rows, size_t count);
/* How many classes a model tells apart. */
size_t tp_class_count(const struct tp_model *model);
tp_status tp_check_class_weights(const struct tp_model *model, const char *what, const float *class_weights,
                                 const int32_t *classes);

#endif
