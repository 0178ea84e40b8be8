/* SPDX-License-Identifier: BSD-3-Clause */
/* What all workers start from: the network, its first weights and random data, the same in every one of them. The
 * workers in Python make the same numbers (train_worker.py). */
#ifndef TP_BENCH_TRAIN_DATA_H
#define TP_BENCH_TRAIN_DATA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TRAIN_MAX_LAYERS 16

/* Sent to the workers as it is. ReLU between layers; softmax and cross entropy at the end, or with one output a sigmoid
 * and binary cross entropy. */
struct train_task {
    int32_t adam;      /* else SGD */
    int32_t inference; /* forward passes only */
    int32_t shuffled;  /* samples in a pseudo-random order, else as they are stored */
    int32_t layers;
    int32_t bf16;  /* products in bf16, else in f32 */
    int32_t parts; /* of tileprop's batches, whose gradients are added as a tree; the others add sample by sample */
    int64_t batch;
    int64_t samples; /* a multiple of batch */
    double rate;
    int64_t widths[TRAIN_MAX_LAYERS + 1]; /* inputs, layers */
};

struct train_data {
    size_t samples, inputs, outputs;
    uint8_t *bytes;   /* samples x inputs */
    int32_t *classes; /* with one output 0 or 1 */
    size_t stride;    /* from one sample to the next in the order of training */
    size_t next;
};

/* How bytes become inputs. */
#define TRAIN_MEAN 128.0f
#define TRAIN_DEVIATION 74.0f

/* Of Adam; its other constants are the usual ones everywhere. */
#define TRAIN_BETA1 0.9f
#define TRAIN_BETA2 0.999f
#define TRAIN_EPSILON 1e-8f

struct train_data train_data_make(const struct train_task *task);
void train_data_release(struct train_data *data);

/* He uniform, inputs x outputs, row-major. Biases start at 0. */
void train_start_weights(float *w, size_t inputs, size_t outputs, size_t layer);

#endif
