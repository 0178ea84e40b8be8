/* SPDX-License-Identifier: BSD-3-Clause */
#include "net/shards.h"

#include <string.h>

/* How much less than the most that one thread has the mean may be. */
#define EVEN_ENOUGH 0.85

static struct tp_range columns_of(const struct tp_model *model, int shard, int count) {
    return tp_share(model->shape[0].outputs, TP_LINE, shard, count);
}

int tp_shard_count(const struct tp_model *model, size_t batch, int threads) {
    const size_t outputs = model->shape[0].outputs;
    const struct tp_range most = columns_of(model, 0, threads), least = columns_of(model, threads - 1, threads);
    const bool even = (double)outputs >= EVEN_ENOUGH * (double)(most.end * (size_t)threads);
    /* for more samples than outputs threads share the samples, and each reads all of W */
    return threads > 1 && outputs >= batch && least.begin < least.end && even ? threads : 0;
}

struct tp_range tp_shard_columns(const struct tp_model *model, int shard) {
    return columns_of(model, shard, model->first.count);
}

float *tp_shard(const struct tp_model *model, struct tp_range columns) {
    return model->first.weights + model->shape[0].inputs * columns.begin;
}

static void copy_shards(const struct tp_model *model, float *parameters, bool load, struct tp_team team) {
    const struct tp_shape *shape = &model->shape[0];
    for (int s = team.id; s < model->first.count; s += team.size) {
        const struct tp_range columns = tp_shard_columns(model, s);
        const size_t n = columns.end - columns.begin;
        float *shard = tp_shard(model, columns), *row = parameters + shape->weight + columns.begin;
        for (size_t i = 0; i < shape->inputs; i++, shard += n, row += shape->outputs)
            memcpy(load ? shard : row, load ? row : shard, n * sizeof *row);
    }
}

void tp_shards_load(const struct tp_model *model, struct tp_team team) {
    copy_shards(model, model->parameters, true, team);
}

void tp_shards_store(const struct tp_model *model, float *parameters, struct tp_team team) {
    copy_shards(model, parameters, false, team);
}
