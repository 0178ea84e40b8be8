/* SPDX-License-Identifier: BSD-3-Clause */
/* oneDNN's inner products with fused ReLU. Weights stay in the layout that the forward pass prefers, and where the
 * backward pass prefers another one they are reordered in each step; the rest is plain loops. SGD only, whose update is
 * the same in any layout. A module of its own, because it is made for one version of oneDNN. */
#include "train_engine.h"
#include "memory.h"
#include "train_loops.h"
#include "train_onednn.h"

#include <stdlib.h>
#include <string.h>

struct layer {
    int64_t inputs, outputs;
    float *a, *delta; /* batch x outputs: what it puts out; derivative of the loss by its sums */
    dnnl_memory_t a_memory, delta_memory;
    dnnl_memory_t w, b;                   /* as the forward pass prefers them */
    dnnl_memory_t w_gradient, b_gradient; /* in the same layouts */
    dnnl_memory_t w_back;                 /* as the backward pass prefers them: w itself, or a copy */
    dnnl_memory_t w_gradient_back;        /* the same of w_gradient */
    dnnl_primitive_t forward, backward_data, backward_weights, reorder_w, reorder_gradient;
};

static struct {
    const struct train_task *task;
    struct train_data *data;
    struct layer layer[TRAIN_MAX_LAYERS];
    float *x;
    dnnl_memory_t x_memory;
    int32_t *classes;
} net;

static dnnl_primitive_attr_t fused_relu(void) {
    dnnl_post_ops_t operations;
    dnnl_primitive_attr_t attributes;
    onednn_need(dnnl_post_ops_create(&operations));
    onednn_need(dnnl_post_ops_append_eltwise(operations, 1, dnnl_eltwise_relu, 0, 0));
    onednn_need(dnnl_primitive_attr_create(&attributes));
    onednn_need(dnnl_primitive_attr_set_post_ops(attributes, operations));
    onednn_need(dnnl_post_ops_destroy(operations));
    return attributes;
}

static void start_weights(const struct layer *layer, size_t l) {
    const dnnl_memory_desc_t plain = onednn_matrix(layer->outputs, layer->inputs, dnnl_ba);
    dnnl_memory_t memory = onednn_make_zeros(&plain);
    train_start_weights(onednn_block_of(memory), (size_t)layer->inputs, (size_t)layer->outputs, l);
    dnnl_primitive_t to_layer = onednn_make_reorder(memory, layer->w);
    onednn_reorder(to_layer, memory, layer->w);
    onednn_need(dnnl_primitive_destroy(to_layer));
    onednn_release_memory(memory);
}

/* The forward primitive and its weights; the descriptor is a hint for the backward ones. */
static dnnl_primitive_desc_t make_forward(struct layer *layer, size_t l) {
    const int64_t batch = net.task->batch;
    const dnnl_memory_desc_t x = onednn_matrix(batch, layer->inputs, dnnl_ab),
                             y = onednn_matrix(batch, layer->outputs, dnnl_ab),
                             w = onednn_matrix(layer->outputs, layer->inputs, dnnl_format_tag_any),
                             b = onednn_vector(layer->outputs);
    dnnl_inner_product_desc_t what;
    onednn_need(dnnl_inner_product_forward_desc_init(
        &what, net.task->inference ? dnnl_forward_inference : dnnl_forward_training, &x, &w, &b, &y));
    dnnl_primitive_attr_t attributes = (int)l < net.task->layers - 1 ? fused_relu() : NULL;
    dnnl_primitive_desc_t desc;
    onednn_need(dnnl_primitive_desc_create(&desc, &what, attributes, onednn_engine, NULL));
    if (attributes)
        onednn_need(dnnl_primitive_attr_destroy(attributes));
    onednn_need(dnnl_primitive_create(&layer->forward, desc));
    layer->w = onednn_make_zeros(dnnl_primitive_desc_query_md(desc, dnnl_query_weights_md, 0));
    layer->b = onednn_make_zeros(&b);
    layer->a = bench_allocate((size_t)(batch * layer->outputs) * sizeof(float));
    layer->a_memory = onednn_make_memory(&y, layer->a);
    start_weights(layer, l);
    return desc;
}

static void make_backward_data(struct layer *layer, dnnl_primitive_desc_t hint) {
    const dnnl_memory_desc_t x = onednn_matrix(net.task->batch, layer->inputs, dnnl_ab),
                             y = onednn_matrix(net.task->batch, layer->outputs, dnnl_ab),
                             w = onednn_matrix(layer->outputs, layer->inputs, dnnl_format_tag_any);
    dnnl_inner_product_desc_t what;
    dnnl_primitive_desc_t desc;
    onednn_need(dnnl_inner_product_backward_data_desc_init(&what, &x, &w, &y));
    onednn_need(dnnl_primitive_desc_create(&desc, &what, NULL, onednn_engine, hint));
    onednn_need(dnnl_primitive_create(&layer->backward_data, desc));
    layer->w_back = onednn_memory_for(desc, dnnl_query_weights_md, layer->w);
    if (layer->w_back != layer->w)
        layer->reorder_w = onednn_make_reorder(layer->w, layer->w_back);
    onednn_need(dnnl_primitive_desc_destroy(desc));
}

static void make_backward_weights(struct layer *layer, dnnl_primitive_desc_t hint) {
    const dnnl_memory_desc_t x = onednn_matrix(net.task->batch, layer->inputs, dnnl_ab),
                             y = onednn_matrix(net.task->batch, layer->outputs, dnnl_ab),
                             w = onednn_matrix(layer->outputs, layer->inputs, dnnl_format_tag_any),
                             b = onednn_vector(layer->outputs), *w_desc;
    dnnl_inner_product_desc_t what;
    dnnl_primitive_desc_t desc;
    onednn_need(dnnl_inner_product_backward_weights_desc_init(&what, &x, &w, &b, &y));
    onednn_need(dnnl_primitive_desc_create(&desc, &what, NULL, onednn_engine, hint));
    onednn_need(dnnl_primitive_create(&layer->backward_weights, desc));
    onednn_need(dnnl_memory_get_memory_desc(layer->w, &w_desc));
    layer->w_gradient = onednn_make_zeros(w_desc);
    layer->b_gradient = onednn_make_zeros(&b);
    layer->w_gradient_back = onednn_memory_for(desc, dnnl_query_diff_weights_md, layer->w_gradient);
    if (layer->w_gradient_back != layer->w_gradient)
        layer->reorder_gradient = onednn_make_reorder(layer->w_gradient_back, layer->w_gradient);
    layer->delta = bench_allocate((size_t)(net.task->batch * layer->outputs) * sizeof(float));
    layer->delta_memory = onednn_make_memory(&y, layer->delta);
    onednn_need(dnnl_primitive_desc_destroy(desc));
}

static void make_layer(struct layer *layer, size_t l) {
    layer->inputs = net.task->widths[l];
    layer->outputs = net.task->widths[l + 1];
    dnnl_primitive_desc_t desc = make_forward(layer, l);
    if (!net.task->inference) {
        make_backward_weights(layer, desc);
        if (l)
            make_backward_data(layer, desc);
    }
    onednn_need(dnnl_primitive_desc_destroy(desc));
}

static bool prepare(const struct train_task *task, struct train_data *data) {
    if (task->adam)
        return false;
    onednn_start();
    onednn_need(dnnl_set_default_fpmath_mode(task->bf16 ? dnnl_fpmath_mode_bf16 : dnnl_fpmath_mode_strict));
    net.task = task;
    net.data = data;
    net.x = bench_allocate((size_t)task->batch * data->inputs * sizeof *net.x);
    net.classes = bench_allocate((size_t)task->batch * sizeof *net.classes);
    const dnnl_memory_desc_t x = onednn_matrix(task->batch, task->widths[0], dnnl_ab);
    net.x_memory = onednn_make_memory(&x, net.x);
    for (size_t l = 0; l < (size_t)task->layers; l++)
        make_layer(&net.layer[l], l);
    if (task->inference)
        train_gather(data, (size_t)task->batch, net.x, net.classes);
    return true;
}

static dnnl_memory_t input_of(const struct layer *layer) {
    return layer == net.layer ? net.x_memory : layer[-1].a_memory;
}

static struct layer *last_layer(void) {
    return &net.layer[net.task->layers - 1];
}

static void forward(void) {
    for (struct layer *layer = net.layer; layer <= last_layer(); layer++)
        onednn_execute(layer->forward, 4,
                       (const dnnl_exec_arg_t[]){{DNNL_ARG_SRC, input_of(layer)},
                                                 {DNNL_ARG_WEIGHTS, layer->w},
                                                 {DNNL_ARG_BIAS, layer->b},
                                                 {DNNL_ARG_DST, layer->a_memory}});
    train_probabilities(last_layer()->a, (size_t)net.task->batch, (size_t)last_layer()->outputs);
}

static void backward_weights(const struct layer *layer) {
    onednn_execute(layer->backward_weights, 4,
                   (const dnnl_exec_arg_t[]){{DNNL_ARG_SRC, input_of(layer)},
                                             {DNNL_ARG_DIFF_DST, layer->delta_memory},
                                             {DNNL_ARG_DIFF_WEIGHTS, layer->w_gradient_back},
                                             {DNNL_ARG_DIFF_BIAS, layer->b_gradient}});
    if (layer->reorder_gradient)
        onednn_reorder(layer->reorder_gradient, layer->w_gradient_back, layer->w_gradient);
}

static void backward_data(const struct layer *layer) {
    const struct layer *below = layer - 1;
    if (layer->reorder_w)
        onednn_reorder(layer->reorder_w, layer->w, layer->w_back);
    onednn_execute(layer->backward_data, 3,
                   (const dnnl_exec_arg_t[]){{DNNL_ARG_DIFF_DST, layer->delta_memory},
                                             {DNNL_ARG_WEIGHTS, layer->w_back},
                                             {DNNL_ARG_DIFF_SRC, below->delta_memory}});
    train_relu_backward(below->delta, below->a, (size_t)(net.task->batch * below->outputs));
}

static void update(dnnl_memory_t parameters, dnnl_memory_t gradient) {
    train_sgd(onednn_block_of(parameters), onednn_block_of(gradient), onednn_elements_of(parameters),
              (float)net.task->rate);
}

/* Returns the mean loss of the batch. */
static double train_step(void) {
    const struct layer *last = last_layer();
    const size_t batch = (size_t)net.task->batch, outputs = (size_t)last->outputs;
    train_gather(net.data, batch, net.x, net.classes);
    forward();
    const double loss = train_loss(last->a, net.classes, batch, outputs);
    memcpy(last->delta, last->a, batch * outputs * sizeof *last->a);
    train_delta(last->delta, net.classes, batch, outputs);
    for (const struct layer *layer = last; layer >= net.layer; layer--) {
        backward_weights(layer);
        if (layer > net.layer)
            backward_data(layer);
        update(layer->w, layer->w_gradient);
        update(layer->b, layer->b_gradient);
    }
    return loss;
}

static double run(size_t steps) {
    return train_run(net.task, steps, train_step, forward, last_layer()->a, net.classes);
}

static void release_layer(struct layer *layer) {
    const dnnl_primitive_t primitives[] = {layer->forward, layer->backward_data, layer->backward_weights,
                                           layer->reorder_w, layer->reorder_gradient};
    for (size_t p = 0; p < sizeof primitives / sizeof *primitives; p++)
        if (primitives[p])
            dnnl_primitive_destroy(primitives[p]);
    if (layer->w_back != layer->w)
        onednn_release_memory(layer->w_back);
    if (layer->w_gradient_back != layer->w_gradient)
        onednn_release_memory(layer->w_gradient_back);
    const dnnl_memory_t memories[] = {layer->a_memory, layer->delta_memory, layer->w,
                                      layer->b,        layer->w_gradient,   layer->b_gradient};
    for (size_t m = 0; m < sizeof memories / sizeof *memories; m++)
        onednn_release_memory(memories[m]);
}

static void release(void) {
    for (struct layer *layer = net.layer; layer < net.layer + TRAIN_MAX_LAYERS; layer++)
        release_layer(layer);
    onednn_release_memory(net.x_memory);
    free(net.classes);
    memset(&net, 0, sizeof net);
}

extern const struct train_engine train_onednn;
const struct train_engine train_onednn = {.prepare = prepare, .run = run, .release = release};
