/* SPDX-License-Identifier: BSD-3-Clause */
#include "net/shards.h"

#include "core/size.h"

#include <assert.h>
#include <string.h>

/* How much less than the most that one thread has the mean may be. */
#define EVEN_ENOUGH 0.85

/* Shards of more than so many second-level caches leave these before they are needed again, shared lines or not. */
#define FAR_CACHES 4

static struct tp_range columns_of(const struct tp_model *model, int number, int count) {
    return tp_share(model->shape[0].outputs, TP_LINE, number, count);
}

int tp_shard_count(const struct tp_model *model, size_t batch, int threads) {
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
    return l == 0 && model->shards.count ? model->shards.count : 1;
}

struct tp_weights tp_weight_part(const struct tp_model *model, size_t l, int number) {
    const struct tp_shape *shape = &model->shape[l];
    assert(l < model->layers && number >= 0 && number < tp_weight_parts(model, l));
    if (l || !model->shards.count)
        return (struct tp_weights){model->parameters + shape->weight, 0, shape->outputs, shape->weight, l};
    const struct tp_range columns = columns_of(model, number, model->shards.count);
    const size_t before = shape->inputs * columns.begin;
    return (struct tp_weights){model->shards.weights + before, columns.begin, columns.end - columns.begin,
                               shape->weight + before, l};
}

/* Between the rows of a shard, n columns from begin on, and those of the first layer's weights. */
static void copy_rows(const struct tp_model *model, float *shard, float *weights, struct tp_range columns, bool load) {
    const struct tp_shape *shape = &model->shape[0];
    const size_t n = columns.end - columns.begin;
    float *out = weights + columns.begin;
    for (size_t i = 0; i < shape->inputs; i++, shard += n, out += shape->outputs)
        memcpy(load ? shard : out, load ? out : shard, n * sizeof *shard);
}

static void copy_shards(const struct tp_model *model, float *parameters, bool load, struct tp_team team) {
    for (int s = team.id; s < model->shards.count; s += team.size) {
        const struct tp_weights shard = tp_weight_part(model, 0, s);
        copy_rows(model, shard.p, parameters + model->shape[0].weight,
                  (struct tp_range){shard.begin, shard.begin + shard.n}, load);
    }
}

void tp_shards_copy_state(const struct tp_model *model, int count, float *state, float *flat, bool load) {
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
    if (!model->shards.count || row >= model->shape[0].inputs)
        return model->parameters + index;
    struct tp_weights shard = tp_weight_part(model, 0, 0);
    for (int s = 1; column >= shard.begin + shard.n; s++)
        shard = tp_weight_part(model, 0, s);
    *count = shard.begin + shard.n - column;
    return shard.p + row * shard.n + column - shard.begin;
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
    copy_shards(m, m->parameters, true, team);
}

static void store_task(void *model, struct tp_team team) {
    const struct tp_model *m = model;
    copy_shards(m, m->parameters, false, team);
}

static int copying_threads(const struct tp_model *model) {
    const int threads = model->context->threads;
    return model->shards.count < threads ? model->shards.count : threads;
}

void tp_shards_begin(struct tp_model *model, const struct tp_shards *shards) {
    if (!shards->count || model->shards.count)
        return;
    assert(shards->weights);
    model->shards = *shards;
    tp_parallel(copying_threads(model), load_task, model);
}

void tp_shards_end(struct tp_model *model) {
    tp_parallel(copying_threads(model), store_task, model);
    model->shards.count = 0;
}
