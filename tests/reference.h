/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The oracle: multilayer perceptrons and update rules in double precision, as naive as possible. It shares nothing with
 * the library but the enumerations and the options of the public header, whose notation it follows.
 */
#ifndef TP_TESTS_REFERENCE_H
#define TP_TESTS_REFERENCE_H

#include "tileprop/tileprop.h"

#define REF_MAX_LAYERS 8

/* Layers are counted from 1 as in the notation; width[0] is the number of inputs. */
struct ref_net {
    size_t layers;
    size_t width[REF_MAX_LAYERS + 1];
    tp_activation activation[REF_MAX_LAYERS + 1];
    double slope[REF_MAX_LAYERS + 1];
    double dropout[REF_MAX_LAYERS + 1]; /* its rate; 0: none */
    tp_loss loss;
    double huber_delta, label_smoothing;
    tp_precision precision; /* of the library's model; the oracle knows none */
};

/* The flat order of parameters and gradients is that of the public header. */
size_t ref_parameter_count(const struct ref_net *net);
size_t ref_weight_offset(const struct ref_net *net, size_t layer);
size_t ref_bias_offset(const struct ref_net *net, size_t layer);

/* What a forward and backward pass leaves behind: z[l], a[l] and dz[l] are batch x width[l]; a[0] is the input. */
struct ref_pass {
    struct ref_net net;
    size_t batch;
    const double *weights; /* per sample; NULL, as after ref_pass_open: all 1 */
    double *z[REF_MAX_LAYERS + 1];
    double *a[REF_MAX_LAYERS + 1];
    double *dz[REF_MAX_LAYERS + 1];
    double *factor[REF_MAX_LAYERS + 1]; /* of a[l] on its way to the next layer: 1, or what dropout has drawn */
};

void ref_pass_open(struct ref_pass *pass, const struct ref_net *net, size_t batch);
void ref_pass_close(struct ref_pass *pass);

/* f(z), elementwise ones only. */
double ref_activation(tp_activation activation, double slope, double z);

void ref_forward(struct ref_pass *pass, const double *parameters, const double *x);

/* w_i / sum_i w_i; 0 if the sum is 0. */
double ref_share(const struct ref_pass *pass, size_t i);

/* J of the last forward; targets are batch x n_L values. */
double ref_loss(const struct ref_pass *pass, const double *targets);

/* gradients and dx are overwritten; dx may be NULL. */
void ref_backward(struct ref_pass *pass, const double *parameters, const double *targets, double *gradients,
                  double *dx);
/* dy = dJ/dA_L. */
void ref_backward_from(struct ref_pass *pass, const double *parameters, const double *dy, double *gradients,
                       double *dx);

struct ref_optimizer {
    tp_optimizer_options options;
    uint64_t steps;
    double *first;  /* velocity, or Adam's m */
    double *second; /* Adam's s */
};

void ref_optimizer_open(struct ref_optimizer *optimizer, const tp_optimizer_options *options, size_t parameters);
void ref_optimizer_close(struct ref_optimizer *optimizer);

double ref_learning_rate(const tp_optimizer_options *options, uint64_t step);

/* Clips the gradient, adds the decay, updates. */
void ref_optimizer_step(struct ref_optimizer *optimizer, const struct ref_net *net, double *parameters,
                        const double *gradients);

#endif
