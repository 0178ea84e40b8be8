/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The stages of a step. Every function here is run by all threads of a team (core/parallel.h); each stage ends with a
 * barrier, so that the next one may read what it wrote.
 */
#ifndef TP_NET_PASS_H
#define TP_NET_PASS_H

#include "net/optimizer.h"
#include "net/shards.h"
#include "net/workspace.h"

/* z or a of the last layer is in workspace->layer[L-1] afterwards, and A_L in y if it is not NULL. */
void tp_run_forward(struct tp_workspace *workspace, float *y, size_t ldy, struct tp_team team);

/* A_l with this step's dropout, if any; the mask is kept. And dZ_l, so far without it. For layers with a mask only. */
void tp_run_dropout(struct tp_workspace *workspace, size_t l, struct tp_team team);
void tp_run_dropout_derivative(struct tp_workspace *workspace, size_t l, struct tp_team team);

/* Loss per sample into workspace->loss, right answers into workspace->count, and with derivative dZ_L. */
void tp_run_loss(struct tp_workspace *workspace, const tp_targets *targets, bool derivative, struct tp_team team);

/* dZ_L = dJ/dA_L through the last activation. */
void tp_run_output_derivative(struct tp_workspace *workspace, const float *dy, size_t lddy, struct tp_team team);

/* Where the gradients of the parameters go: to a flat array; or, with an optimizer, each strip as soon as it is
 * complete into the step that tp_update_begin has prepared. */
struct tp_gradient_sink {
    float *gradients; /* flat; with an optimizer: room for the weights of the largest layer */
    struct tp_optimizer *optimizer;
    struct tp_model *model; /* of the optimizer's step */
};

/* From dZ_L: the gradients, and dx if it is not NULL. */
void tp_run_backward(struct tp_workspace *workspace, const struct tp_gradient_sink *sink, float *dx, size_t lddx,
                     struct tp_team team);

/* Mean loss and right answers of the last tp_run_loss, whose targets these are; the same on every thread. */
tp_score tp_read_score(const struct tp_workspace *workspace, const tp_targets *targets);

/* Many scores into one: sums, in which the loss is not yet divided by the weight; then the mean. */
void tp_add_score(tp_score *sum, const tp_score *score);
tp_score tp_mean_score(const tp_score *sum);

/* A product of a layer, with this thread's part of the scratch; and one that this thread does alone. */
void tp_run_product(const struct tp_workspace *workspace, const struct tp_gemm *gemm, struct tp_team team);
void tp_run_alone(const struct tp_workspace *workspace, const struct tp_gemm *gemm, struct tp_team team);

/* How many of threads work on batch samples. */
int tp_pass_threads(const struct tp_model *model, int threads, size_t batch, bool training);

/* Index of the largest element, the lowest among equals. */
size_t tp_largest(const float *row, size_t n);

/* Classes against the model's outputs; what names them in messages. */
tp_status tp_check_classes(const struct tp_model *model, const char *what, const int32_t *classes, size_t count);
tp_status tp_check_targets(const struct tp_workspace *workspace, const tp_targets *targets);

/* count weights of samples, and weights of classes, which only targets by class have; both may be NULL. */
tp_status tp_check_weights(const struct tp_model *model, const char *what, const float *weights, size_t count);
tp_status tp_check_class_weights(const struct tp_model *model, const char *what, const float *class_weights,
                                 const int32_t *classes);

#endif
