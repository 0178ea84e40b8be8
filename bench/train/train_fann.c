/* SPDX-License-Identifier: BSD-3-Clause */
/* libfann knows one step at batch 1: incremental training. It has neither ReLU nor softmax nor cross entropy, so it
 * runs with its cheapest activation between layers, sigmoids at the end and squared errors, and its loss is not
 * compared. */
#include "train_engine.h"
#include "memory.h"
#include "train_loops.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

enum { SIGMOID_STEPWISE = 4, LINEAR_PIECE = 12, INCREMENTAL = 0 }; /* of fann_data.h */

struct fann;
typedef struct fann *create_fn(unsigned layers, const unsigned *widths);
typedef void destroy_fn(struct fann *ann);
typedef void train_fn(struct fann *ann, float *x, float *y);
typedef void choose_fn(struct fann *ann, int which);
typedef void set_rate_fn(struct fann *ann, float rate);

static struct {
    struct fann *ann;
    train_fn *train;
    destroy_fn *destroy;
    struct train_data *data;
    float *x, *y;
} net;

static void *find(const char *name) {
    void *symbol = dlsym(bench_fann_handle, name);
    if (!symbol)
        exit(1); /* the reader of the answers sees that this worker ended */
    return symbol;
}

static bool prepare(const struct train_task *task, struct train_data *data) {
    if (task->batch != 1 || task->adam || task->inference)
        return false;
    unsigned widths[TRAIN_MAX_LAYERS + 1];
    for (int l = 0; l <= task->layers; l++)
        widths[l] = (unsigned)task->widths[l];
    net.ann = ((create_fn *)find("fann_create_standard_array"))((unsigned)task->layers + 1, widths);
    if (!net.ann)
        return false;
    net.train = (train_fn *)find("fann_train");
    net.destroy = (destroy_fn *)find("fann_destroy");
    ((choose_fn *)find("fann_set_training_algorithm"))(net.ann, INCREMENTAL);
    ((choose_fn *)find("fann_set_activation_function_hidden"))(net.ann, LINEAR_PIECE);
    ((choose_fn *)find("fann_set_activation_function_output"))(net.ann, SIGMOID_STEPWISE);
    ((set_rate_fn *)find("fann_set_learning_rate"))(net.ann, (float)task->rate);
    net.data = data;
    net.x = bench_allocate(data->inputs * sizeof *net.x);
    net.y = bench_allocate(data->outputs * sizeof *net.y);
    return true;
}

static double run(size_t steps) {
    for (size_t i = 0; i < steps; i++) {
        int32_t class;
        train_gather(net.data, 1, net.x, &class);
        const size_t at = net.data->outputs > 1 ? (size_t) class : 0;
        net.y[at] = net.data->outputs > 1 ? 1 : (float)class;
        net.train(net.ann, net.x, net.y);
        net.y[at] = 0;
    }
    return -(double)steps; /* see train_engine.h */
}

static void release(void) {
    if (net.ann)
        net.destroy(net.ann);
    free(net.x);
    free(net.y);
    memset(&net, 0, sizeof net);
}

const struct train_engine train_fann = {.library = &bench_fann, .prepare = prepare, .run = run, .release = release};
