/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Inverted dropout, Srivastava et al. 2014: a_l = m a_l / (1 - p), m = 0 with probability p, else 1. m is a function of
 * (seed, step, l, i n_l + j), i the number of the sample in the batch. The backward pass reads m as bits, for drawing
 * it again costs more.
 */
#include "core/random.h"
#include "net/pass.h"

#include <assert.h>
#include <string.h>

struct drop {
    uint64_t key; /* of the step and layer */
    uint32_t layer;
    uint32_t threshold; /* draws below it drop */
    float scale;
};

static float scale_of(const tp_layer *layer) {
    return 1 / (1 - layer->dropout);
}

static struct drop drop_of(const struct tp_workspace *w, size_t l) {
    const tp_layer *layer = &w->model->layer[l];
    const struct tp_draw draw = tp_random(w->dropout_seed, TP_PURPOSE_DROPOUT_STEP, (uint32_t)l, w->dropout_step);
    return (struct drop){.key = (uint64_t)draw.word[1] << 32 | draw.word[0],
                         .layer = (uint32_t)l,
                         .threshold = (uint32_t)((double)layer->dropout * 0x1p32),
                         .scale = scale_of(layer)};
}

/* x scale, or 0: if it is dropped or x is denormal (kernels/map.h). Without branches that nobody can predict. */
static inline float scale_if(float x, float scale, uint32_t kept) {
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    bits &= -(kept & ((bits & 0x7f800000) != 0));
    memcpy(&x, &bits, sizeof x);
    return x * scale;
}

static void drop_row(const struct drop *drop, float *a, uint8_t *mask, size_t n, uint64_t first) {
    memset(mask, 0, tp_mask_bytes(n));
    for (size_t j = 0; j < n;) {
        const struct tp_draw draw = tp_random(drop->key, TP_PURPOSE_DROPOUT, drop->layer, (first + j) / 4);
        for (size_t e = (first + j) % 4; e < 4 && j < n; e++, j++) {
            const uint32_t kept = draw.word[e] >= drop->threshold;
            mask[j / 8] |= (uint8_t)(kept << j % 8);
            a[j] = scale_if(a[j], drop->scale, kept);
        }
    }
}

void tp_run_dropout(struct tp_workspace *w, size_t l, struct tp_team team) {
    assert(w->mask[l]);
    const tp_layer *layer = &w->model->layer[l];
    const bool keep = w->model->context->isa->activation[layer->activation].from == TP_FROM_A;
    const struct drop drop = drop_of(w, l);
    const size_t n = layer->width;
    const struct tp_range rows = tp_share(w->batch, 1, team.id, team.size);
    for (size_t i = rows.begin; i < rows.end; i++) {
        float *a = tp_row(&w->layer[l], i);
        if (keep)
            memcpy(tp_row(&w->kept[l], i), a, n * sizeof *a);
        if (w->dropout_step)
            drop_row(&drop, a, w->mask[l] + i * tp_mask_bytes(n), n, (uint64_t)(w->dropout_first + i) * n);
    }
    tp_team_barrier(team);
}

void tp_run_dropout_derivative(struct tp_workspace *w, size_t l, struct tp_team team) {
    assert(w->mask[l] && w->dropout_step);
    const size_t n = w->model->layer[l].width;
    const float scale = scale_of(&w->model->layer[l]);
    const struct tp_range rows = tp_share(w->batch, 1, team.id, team.size);
    for (size_t i = rows.begin; i < rows.end; i++) {
        float *d = tp_row(tp_delta(w, l), i);
        const uint8_t *mask = w->mask[l] + i * tp_mask_bytes(n);
        for (size_t j = 0; j < n; j++)
            d[j] = scale_if(d[j], scale, (uint32_t)(mask[j / 8] >> j % 8 & 1));
    }
    tp_team_barrier(team);
}

tp_status tp_workspace_set_dropout(tp_workspace *w, uint64_t seed, uint64_t step) {
    if (!w)
        return TP_ERR_ARGUMENT;
    if (w->mode != TP_MODE_TRAINING)
        return tp_fail(w->model->context, TP_ERR_ARGUMENT, "workspace: dropout needs a training workspace");
    w->dropout_seed = seed;
    w->dropout_step = step;
    w->batch = 0;
    return TP_OK;
}
