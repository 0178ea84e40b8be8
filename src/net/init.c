/* SPDX-License-Identifier: BSD-3-Clause */
/* Weight initialisation. He et al. 2015 (arXiv:1502.01852), Glorot and Bengio 2010. */
#include "net/model.h"

#include "core/random.h"

#include <math.h>
#include <string.h>

struct distribution {
    bool normal;
    float scale; /* standard deviation, or half width of the uniform */
};

static tp_init automatic(tp_activation activation) {
    switch (activation) {
    case TP_ACTIVATION_RELU:
    case TP_ACTIVATION_LEAKY_RELU:
    case TP_ACTIVATION_ELU:
    case TP_ACTIVATION_SOFTPLUS:
    case TP_ACTIVATION_SILU:
    case TP_ACTIVATION_GELU:
        return TP_INIT_HE_NORMAL;
    default:
        return TP_INIT_GLOROT_UNIFORM;
    }
}

static struct distribution choose(tp_init init, tp_activation activation, size_t inputs, size_t outputs) {
    const double in = (double)inputs, both = (double)inputs + (double)outputs;
    switch (init == TP_INIT_AUTO ? automatic(activation) : init) {
    case TP_INIT_HE_NORMAL:
        return (struct distribution){true, (float)sqrt(2 / in)};
    case TP_INIT_HE_UNIFORM:
        return (struct distribution){false, (float)sqrt(6 / in)};
    case TP_INIT_GLOROT_NORMAL:
        return (struct distribution){true, (float)sqrt(2 / both)};
    case TP_INIT_GLOROT_UNIFORM:
        return (struct distribution){false, (float)sqrt(6 / both)};
    default:
        return (struct distribution){false, 0};
    }
}

/* Centre of one of 2^23 equal parts of (0, 1); exact. */
static float unit(uint32_t bits) {
    return ((float)(bits >> 9) + 0.5f) * 0x1p-23f;
}

/* In (0, 1], from all 32 bits, so that the tail of a normal reaches 6.6 deviations. */
static float unit_fine(uint32_t bits) {
    return (float)(((double)bits + 1) * 0x1p-32);
}

#define BLOCK 256

static void fill_normal(const tp_model *model, size_t l, size_t first, size_t count, float deviation, float *w) {
    float angle[BLOCK];
    for (size_t i = 0; i < count; i++) {
        const struct tp_draw draw = tp_random(model->seed, TP_PURPOSE_INIT, (uint32_t)l, first + i);
        w[i] = unit_fine(draw.word[0]);
        angle[i] = unit(draw.word[1]);
    }
    model->context->isa->normals(w, angle, count, deviation);
}

static void fill_uniform(const tp_model *model, size_t l, size_t first, size_t count, float width, float *w) {
    for (size_t i = 0; i < count; i++) {
        const struct tp_draw draw = tp_random(model->seed, TP_PURPOSE_INIT, (uint32_t)l, first + i);
        w[i] = width * (2.0f * unit(draw.word[0]) - 1.0f);
    }
}

static void initialise_layer(tp_model *model, size_t l) {
    const struct tp_shape *shape = &model->shape[l];
    const struct distribution d = choose(model->init, model->layer[l].activation, shape->inputs, shape->outputs);
    const size_t weights = d.scale > 0 ? shape->bias - shape->weight : 0;
    memset(model->parameters + shape->weight, 0, (shape->bias + shape->outputs - shape->weight) * sizeof(float));
    for (size_t i = 0; i < weights; i += BLOCK) {
        const size_t count = weights - i < BLOCK ? weights - i : BLOCK;
        (d.normal ? fill_normal : fill_uniform)(model, l, i, count, d.scale, model->parameters + shape->weight + i);
    }
}

void tp_model_initialise(tp_model *model) {
    for (size_t l = 0; l < model->layers; l++)
        initialise_layer(model, l);
}
