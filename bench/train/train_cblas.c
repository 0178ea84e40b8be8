/* SPDX-License-Identifier: BSD-3-Clause */
/* The step as it stands in textbooks, on cblas_sgemm of OpenBLAS or BLIS and plain loops. */
#include "train_engine.h"
#include "memory.h"
#include "train_loops.h"

#include <stdlib.h>
#include <string.h>

struct layer {
    size_t inputs, outputs;
    float *w, *b;            /* one block: inputs x outputs, then outputs */
    float *gradient, *m, *v; /* of the same size */
    float *a;                /* batch x outputs: what it puts out */
    float *delta;            /* batch x outputs: derivative of the loss by its sums */
};

static struct {
    const struct train_task *task;
    struct train_data *data;
    struct layer layer[TRAIN_MAX_LAYERS];
    float *x;
    int32_t *classes;
    size_t step;
} net;

/* C = op(A) op(B): m x n. */
static void multiply(bool transpose_a, bool transpose_b, size_t m, size_t n, size_t k, const float *a, const float *b,
                     float *c) {
    bench_cblas_sgemm(BENCH_ROW_MAJOR, transpose_a ? BENCH_TRANSPOSE : BENCH_NO_TRANSPOSE,
                      transpose_b ? BENCH_TRANSPOSE : BENCH_NO_TRANSPOSE, (int)m, (int)n, (int)k, 1, a,
                      (int)(transpose_a ? m : k), b, (int)(transpose_b ? k : n), 0, c, (int)n);
}

static size_t parameters(const struct layer *layer) {
    return (layer->inputs + 1) * layer->outputs;
}

static void make_layer(struct layer *layer, size_t l) {
    const struct train_task *task = net.task;
    const size_t size = (size_t)task->batch * (size_t)task->widths[l + 1] * sizeof(float);
    layer->inputs = (size_t)task->widths[l];
    layer->outputs = (size_t)task->widths[l + 1];
    layer->w = bench_allocate(parameters(layer) * sizeof(float));
    layer->b = layer->w + layer->inputs * layer->outputs;
    layer->a = bench_allocate(size);
    train_start_weights(layer->w, layer->inputs, layer->outputs, l);
    if (task->inference)
        return;
    layer->gradient = bench_allocate(parameters(layer) * sizeof(float));
    layer->delta = bench_allocate(size);
    if (task->adam) {
        layer->m = bench_allocate(parameters(layer) * sizeof(float));
        layer->v = bench_allocate(parameters(layer) * sizeof(float));
    }
}

static bool prepare(const struct train_task *task, struct train_data *data) {
    net.task = task;
    net.data = data;
    net.x = bench_allocate((size_t)task->batch * data->inputs * sizeof *net.x);
    net.classes = bench_allocate((size_t)task->batch * sizeof *net.classes);
    for (size_t l = 0; l < (size_t)task->layers; l++)
        make_layer(&net.layer[l], l);
    if (task->inference)
        train_gather(data, (size_t)task->batch, net.x, net.classes);
    return true;
}

static const float *input_of(size_t l) {
    return l ? net.layer[l - 1].a : net.x;
}

static struct layer *last_layer(void) {
    return &net.layer[net.task->layers - 1];
}

static void forward(void) {
    const size_t batch = (size_t)net.task->batch;
    for (size_t l = 0; l < (size_t)net.task->layers; l++) {
        struct layer *layer = &net.layer[l];
        multiply(false, false, batch, layer->outputs, layer->inputs, input_of(l), layer->w, layer->a);
        if (layer != last_layer())
            train_bias_relu(layer->a, layer->b, batch, layer->outputs);
        else
            train_bias(layer->a, layer->b, batch, layer->outputs);
    }
    train_probabilities(last_layer()->a, batch, last_layer()->outputs);
}

static void update(struct layer *layer) {
    const float rate = (float)net.task->rate;
    if (net.task->adam)
        train_adam(layer->w, layer->gradient, layer->m, layer->v, parameters(layer), rate, net.step);
    else
        train_sgd(layer->w, layer->gradient, parameters(layer), rate);
}

static void backward(void) {
    const size_t batch = (size_t)net.task->batch;
    for (size_t l = (size_t)net.task->layers; l-- > 0;) {
        struct layer *layer = &net.layer[l], *below = l ? layer - 1 : NULL;
        const size_t n = layer->outputs, k = layer->inputs;
        multiply(true, false, k, n, batch, input_of(l), layer->delta, layer->gradient);
        train_column_sums(layer->gradient + k * n, layer->delta, batch, n);
        if (below) {
            multiply(false, true, batch, k, n, layer->delta, layer->w, below->delta);
            train_relu_backward(below->delta, below->a, batch * k);
        }
    }
}

/* Returns the mean loss of the batch. */
static double train_step(void) {
    struct layer *last = last_layer();
    const size_t batch = (size_t)net.task->batch;
    net.step++;
    train_gather(net.data, batch, net.x, net.classes);
    forward();
    const double loss = train_loss(last->a, net.classes, batch, last->outputs);
    memcpy(last->delta, last->a, batch * last->outputs * sizeof *last->a);
    train_delta(last->delta, net.classes, batch, last->outputs);
    backward();
    for (size_t l = 0; l < (size_t)net.task->layers; l++)
        update(&net.layer[l]);
    return loss;
}

static double run(size_t steps) {
    return train_run(net.task, steps, train_step, forward, last_layer()->a, net.classes);
}

static void release(void) {
    for (struct layer *layer = net.layer; layer < net.layer + TRAIN_MAX_LAYERS; layer++) {
        free(layer->w);
        free(layer->gradient);
        free(layer->m);
        free(layer->v);
        free(layer->a);
        free(layer->delta);
    }
    free(net.x);
    free(net.classes);
    memset(&net, 0, sizeof net);
}

const struct train_engine train_openblas = {
    .library = &bench_openblas, .prepare = prepare, .run = run, .release = release};
const struct train_engine train_blis = {.library = &bench_blis, .prepare = prepare, .run = run, .release = release};
