/* SPDX-License-Identifier: BSD-3-Clause */
#include "net/slices.h"

#include "core/size.h"

#include <assert.h>
#include <string.h>

/* How much less than the most that one thread has the mean may be. */
#define EVEN_ENOUGH 0.85

/* Slices of more than so many second-level caches leave these before they are needed again, shared lines or not. */
#define FAR_CACHES 4

static struct tp_range columns_of(const struct tp_model *model, int number, int count) {
    return tp_share(model->shape[0].outputs, TP_LINE, number, count);
}

int tp_slice_count(const struct tp_model *model, size_t batch, int threads) {
    const size_t outputs = model->shape[0].outputs;
    const struct tp_range most = columns_of(model, 0, threads), least = columns_of(model, threads - 1, threads);
    const bool even = (double)outputs >= EVEN_ENOUGH * (double)(most.end * (size_t)threads);
    const struct tp_blocking *blocking = model->context->blocking;
    const bool near = model->shape[0].inputs * most.end <= FAR_CACHES * blocking->kc * blocking->nc;
    /* products in bf16 copy W, and a chain of theirs cannot be cut between any two columns;
     * for more samples than outputs threads share the samples, and each reads all of W */
    return !model->bf16 && threads > 1 && outputs >= batch && least.begin < least.end && even && near ? threads : 0;
}

int tp_weight_parts(const struct tp_model *model, size_t l) {
    return l == 0 && model->slices.count ? model->slices.count : 1;
}

struct tp_weights tp_weight_part(const struct tp_model *model, size_t l, int number) {
    const struct tp_shape *shape = &model->shape[l];
    assert(l < model->layers && number >= 0 && number < tp_weight_parts(model, l));
    if (l || !model->slices.count)
        return (struct tp_weights){model->parameters + shape->weight, 0, shape->outputs, shape->weight, l};
    const struct tp_range columns = columns_of(model, number, model->slices.count);
    const size_t before = shape->inputs * columns.begin;
    return (struct tp_weights){model->slices.weights + before, columns.begin, columns.end - columns.begin,
                               shape->weight + before, l};
}

/* Between the rows of a slice, n columns from begin on, and those of the first layer's weights. */
static void copy_rows(const struct tp_model *model, float *slice, float *weights, struct tp_range columns, bool load) {
    const struct tp_shape *shape = &model->shape[0];
    const size_t n = columns.end - columns.begin;
    float *out = weights + columns.begin;
    for (size_t i = 0; i < shape->inputs; i++, slice += n, out += shape->outputs)
        memcpy(load ? slice : out, load ? out : slice, n * sizeof *slice);
}

static void copy_slices(const struct tp_model *model, float *parameters, bool load, struct tp_team team) {
    for (int s = team.id; s < model->slices.count; s += team.size) {
        const struct tp_weights slice = tp_weight_part(model, 0, s);
        copy_rows(model, slice.p, parameters + model->shape[0].weight,
                  (struct tp_range){slice.begin, slice.begin + slice.n}, load);
    }
}

void tp_slices_copy_state(const struct tp_model *model, int count, float *state, float *flat, bool load) {
    const struct tp_shape *shape = &model->shape[0];
    const size_t rest = count ? shape->bias : 0;
    for (int s = 0; s < count; s++) {
        const struct tp_range columns = columns_of(model, s, count);
        copy_rows(model, state + shape->weight + shape->inputs * columns.begin, flat + shape->weight, columns, load);
    }
    memcpy(load ? state + rest : flat + rest, load ? flat + rest : state + rest,
           (model->parameter_count - rest) * sizeof *state);
}

/* Where parameter number index is, and how many follow it there. */
static const float *find_parameter(const struct tp_model *model, size_t index, size_t *count) {
    const size_t width = model->shape[0].outputs, row = index / width, column = index % width;
    *count = model->parameter_count - index;
    if (!model->slices.count || row >= model->shape[0].inputs)
        return model->parameters + index;
    struct tp_weights slice = tp_weight_part(model, 0, 0);
    for (int s = 1; column >= slice.begin + slice.n; s++)
        slice = tp_weight_part(model, 0, s);
    *count = slice.begin + slice.n - column;
    return slice.p + row * slice.n + column - slice.begin;
}

void tp_model_copy_parameters(const struct tp_model *model, size_t begin, size_t count, float *parameters) {
    assert(begin <= model->parameter_count && count <= model->parameter_count - begin);
    for (size_t n = 0; count; begin += n, parameters += n, count -= n) {
        const float *found = find_parameter(model, begin, &n);
        n = tp_min(n, count);
        memcpy(parameters, found, n * sizeof *parameters);
    }
}

static void load_task(void *model, struct tp_team team) {
    const struct tp_model *m = model;
    copy_slices(m, m->parameters, true, team);
}

static void store_task(void *model, struct tp_team team) {
    const struct tp_model *m = model;
    copy_slices(m, m->parameters, false, team);
}

static int copying_threads(const struct tp_model *model) {
    const int threads = model->context->threads;
    return model->slices.count < threads ? model->slices.count : threads;
}

void tp_slices_begin(struct tp_model *model, const struct tp_slices *slices) {
    if (!slices->count || model->slices.count)
        return;
    assert(slices->weights);
    model->slices = *slices;
    tp_parallel(copying_threads(model), load_task, model);
}

void tp_slices_end(struct tp_model *model) {
    tp_parallel(copying_threads(model), store_task, model);
    model->slices.count = 0;
}
