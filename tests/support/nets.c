/* SPDX-License-Identifier: BSD-3-Clause */
#include "nets.h"
#include "core/random.h"
#include "support.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>

const struct test_head test_heads[TEST_HEADS] = {
    {TP_ACTIVATION_IDENTITY, TP_LOSS_MSE},     {TP_ACTIVATION_RELU, TP_LOSS_MSE},
    {TP_ACTIVATION_LEAKY_RELU, TP_LOSS_MSE},   {TP_ACTIVATION_SIGMOID, TP_LOSS_MSE},
    {TP_ACTIVATION_TANH, TP_LOSS_MSE},         {TP_ACTIVATION_SOFTMAX, TP_LOSS_MSE},
    {TP_ACTIVATION_SIGMOID, TP_LOSS_BCE},      {TP_ACTIVATION_SOFTMAX, TP_LOSS_CCE},
    {TP_ACTIVATION_ELU, TP_LOSS_MSE},          {TP_ACTIVATION_SOFTPLUS, TP_LOSS_MSE},
    {TP_ACTIVATION_SILU, TP_LOSS_MSE},         {TP_ACTIVATION_GELU, TP_LOSS_MSE},
    {TP_ACTIVATION_IDENTITY, TP_LOSS_MAE},     {TP_ACTIVATION_RELU, TP_LOSS_MAE},
    {TP_ACTIVATION_LEAKY_RELU, TP_LOSS_MAE},   {TP_ACTIVATION_SIGMOID, TP_LOSS_MAE},
    {TP_ACTIVATION_TANH, TP_LOSS_MAE},         {TP_ACTIVATION_SOFTMAX, TP_LOSS_MAE},
    {TP_ACTIVATION_ELU, TP_LOSS_MAE},          {TP_ACTIVATION_SOFTPLUS, TP_LOSS_MAE},
    {TP_ACTIVATION_SILU, TP_LOSS_MAE},         {TP_ACTIVATION_GELU, TP_LOSS_MAE},
    {TP_ACTIVATION_IDENTITY, TP_LOSS_HUBER},   {TP_ACTIVATION_RELU, TP_LOSS_HUBER},
    {TP_ACTIVATION_LEAKY_RELU, TP_LOSS_HUBER}, {TP_ACTIVATION_SIGMOID, TP_LOSS_HUBER},
    {TP_ACTIVATION_TANH, TP_LOSS_HUBER},       {TP_ACTIVATION_SOFTMAX, TP_LOSS_HUBER},
    {TP_ACTIVATION_ELU, TP_LOSS_HUBER},        {TP_ACTIVATION_SOFTPLUS, TP_LOSS_HUBER},
    {TP_ACTIVATION_SILU, TP_LOSS_HUBER},       {TP_ACTIVATION_GELU, TP_LOSS_HUBER},
    {TP_ACTIVATION_EXP, TP_LOSS_MSE},          {TP_ACTIVATION_EXP, TP_LOSS_POISSON},
};

const tp_activation test_hidden[TEST_HIDDEN] = {
    TP_ACTIVATION_IDENTITY, TP_ACTIVATION_RELU,     TP_ACTIVATION_LEAKY_RELU, TP_ACTIVATION_SIGMOID, TP_ACTIVATION_TANH,
    TP_ACTIVATION_ELU,      TP_ACTIVATION_SOFTPLUS, TP_ACTIVATION_SILU,       TP_ACTIVATION_GELU,    TP_ACTIVATION_EXP};

tp_activation test_last_activation(tp_loss loss, tp_activation otherwise) {
    return loss == TP_LOSS_BCE       ? TP_ACTIVATION_SIGMOID
           : loss == TP_LOSS_CCE     ? TP_ACTIVATION_SOFTMAX
           : loss == TP_LOSS_POISSON ? TP_ACTIVATION_EXP
                                     : otherwise;
}

struct ref_net test_net(size_t hidden, const size_t *widths, tp_activation activation, struct test_head head) {
    struct ref_net net = {.layers = hidden + 1, .loss = head.loss, .huber_delta = (double)TEST_DELTA};
    net.width[0] = widths[0];
    for (size_t l = 1; l <= net.layers; l++) {
        net.width[l] = widths[l];
        net.activation[l] = l == net.layers ? head.activation : activation;
        net.slope[l] = net.activation[l] == TP_ACTIVATION_LEAKY_RELU ? (double)TEST_SLOPE
                       : net.activation[l] == TP_ACTIVATION_ELU      ? (double)TEST_ALPHA
                                                                     : 0;
    }
    return net;
}

void test_lower_biases(const struct ref_net *net, float *parameters) {
    for (size_t l = 1; l < net->layers; l++)
        for (size_t j = 0; net->activation[l] == TP_ACTIVATION_EXP && j < net->width[l]; j++)
            parameters[ref_bias_offset(net, l) + j] -= 2;
}

void test_set_dropout(struct ref_net *net) {
    for (size_t l = 1; l < net->layers; l++)
        net->dropout[l] = l % 2 ? 0.25 : 0.375;
}

void test_draw_dropout(struct ref_pass *pass, uint64_t seed, uint64_t step) {
    for (size_t l = 1; l < pass->net.layers; l++) {
        const double rate = pass->net.dropout[l];
        const struct tp_draw key = tp_random(seed, TP_PURPOSE_DROPOUT_STEP, (uint32_t)l - 1, step);
        for (size_t e = 0; rate > 0 && e < pass->batch * pass->net.width[l]; e++) {
            const struct tp_draw draw =
                tp_random((uint64_t)key.word[1] << 32 | key.word[0], TP_PURPOSE_DROPOUT, (uint32_t)l - 1, e / 4);
            pass->factor[l][e] = (double)draw.word[e % 4] < rate * 0x1p32 ? 0 : 1 / (1 - rate);
        }
    }
}

bool test_smooths(const struct ref_net *net) {
    return net->loss == TP_LOSS_BCE || net->loss == TP_LOSS_CCE;
}

const char *test_net_name(const struct ref_net *net) {
    static char name[256];
    size_t used = (size_t)snprintf(name, sizeof name, "%zu", net->width[0]);
    for (size_t l = 1; l <= net->layers; l++) {
        used += (size_t)snprintf(name + used, sizeof name - used, "-%s-%zu", tp_activation_name(net->activation[l]),
                                 net->width[l]);
    }
    snprintf(name + used, sizeof name - used, "/%s%s%s%s", tp_loss_name(net->loss), net->label_smoothing > 0 ? "~" : "",
             net->dropout[1] > 0 ? " with dropout" : "", net->precision == TP_PRECISION_BF16 ? " in bf16" : "");
    return name;
}

tp_model *test_model(tp_context *context, const struct ref_net *net, const float *parameters) {
    tp_layer layers[REF_MAX_LAYERS];
    for (size_t l = 0; l < net->layers; l++)
        layers[l] =
            (tp_layer){net->width[l + 1], net->activation[l + 1], (float)net->slope[l + 1], (float)net->dropout[l + 1]};
    tp_model_options options;
    tp_model_options_default(&options);
    options.inputs = net->width[0];
    options.layer_count = net->layers;
    options.layers = layers;
    options.loss = net->loss;
    options.huber_delta = (float)net->huber_delta;
    options.label_smoothing = (float)net->label_smoothing;
    options.precision = net->precision;
    tp_model *model = NULL;
    cr_assert_eq(tp_model_create(context, &options, &model), TP_OK, "%s", tp_test_message(context));
    if (parameters)
        cr_assert_eq(tp_model_set_parameters(model, parameters, ref_parameter_count(net)), TP_OK);
    return model;
}

/* Multiples of 2^-16, so that floats hold them, and their sum, exactly. */
static void fill_distribution(float *row, size_t n, uint64_t seed) {
    const float unit = 0x1p-16f;
    float left = 1;
    for (size_t j = 0; j + 1 < n; j++) {
        row[j] = (float)(tp_test_random(seed, j) % (uint64_t)(left / unit / 2 + 1)) * unit;
        left -= row[j];
    }
    row[n - 1] = left;
}

void test_fill_targets(float *targets, const struct ref_net *net, size_t batch, uint64_t seed) {
    const size_t n = net->width[net->layers];
    if (net->loss != TP_LOSS_CCE) {
        tp_test_fill(targets, batch * n, seed, net->loss == TP_LOSS_BCE ? 0.0f : -1.0f, 1.0f);
        for (size_t i = 0; net->loss == TP_LOSS_POISSON && i < batch * n; i++)
            targets[i] = floorf(2 * targets[i] + 2);
        return;
    }
    for (size_t i = 0; i < batch; i++)
        fill_distribution(targets + i * n, n, seed + i);
}

double *test_widen(const float *x, size_t n) {
    double *wide = tp_test_doubles(n);
    for (size_t i = 0; i < n; i++)
        wide[i] = (double)x[i];
    return wide;
}
