/* SPDX-License-Identifier: BSD-3-Clause */
/* What a training step needs beside the matrix products, as plain loops: what a user of a BLAS writes. */
#ifndef TP_BENCH_TRAIN_LOOPS_H
#define TP_BENCH_TRAIN_LOOPS_H

#include "train_data.h"

/* The next batch, scaled, and its classes. */
void train_gather(struct train_data *data, size_t batch, float *x, int32_t *classes);

/* z: rows x n. */
void train_bias(float *z, const float *bias, size_t rows, size_t n);
void train_bias_relu(float *z, const float *bias, size_t rows, size_t n);

/* Rows of logits become probabilities: softmax, or sigmoid if n is 1. */
void train_probabilities(float *z, size_t rows, size_t n);

/* Mean of the cross entropies of rows of probabilities. */
double train_loss(const float *y, const int32_t *classes, size_t rows, size_t n);

/* The run of an engine: train_step does a step and returns its loss, forward writes the probabilities y. */
double train_run(const struct train_task *task, size_t steps, double (*train_step)(void), void (*forward)(void),
                 const float *y, const int32_t *classes);

/* Probabilities become the derivative of the mean loss by the logits. */
void train_delta(float *y, const int32_t *classes, size_t rows, size_t n);

/* dx = 0 where the output of the ReLU is 0. */
void train_relu_backward(float *dx, const float *a, size_t count);

/* sums of the columns of dz, rows x n. */
void train_column_sums(float *sums, const float *dz, size_t rows, size_t n);

/* The updates; they are shared between the threads of OpenMP if there is enough to do. */
void train_sgd(float *w, const float *g, size_t count, float rate);
void train_adam(float *w, const float *g, float *m, float *v, size_t count, float rate, size_t step);

#endif
