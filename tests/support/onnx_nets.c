/* SPDX-License-Identifier: BSD-3-Clause */
#include "support/onnx_nets.h"

#include "require.h"

#define OUTPUTS 3

static const double means[] = {0, -0.7, 1250000.3, 3, 0.1, -5, 0.3}, deviations[] = {1, 0.3, 2.5, 10, 0.7, 3, 1.1};

/* How inputs, or outputs, are scaled. */
enum scaling { NOT, BY_ONE, BY_EACH };

static const struct net {
    const char *name;
    tp_activation hidden, last;
    tp_loss loss;
    enum scaling inputs, outputs;
} nets[] = {
    {"identity", TP_ACTIVATION_IDENTITY, TP_ACTIVATION_IDENTITY, TP_LOSS_MSE, NOT, NOT},
    {"relu", TP_ACTIVATION_RELU, TP_ACTIVATION_SOFTMAX, TP_LOSS_CCE, BY_ONE, NOT},
    {"leaky_relu", TP_ACTIVATION_LEAKY_RELU, TP_ACTIVATION_LEAKY_RELU, TP_LOSS_MAE, BY_EACH, NOT},
    {"sigmoid", TP_ACTIVATION_SIGMOID, TP_ACTIVATION_SIGMOID, TP_LOSS_BCE, BY_EACH, NOT},
    {"tanh", TP_ACTIVATION_TANH, TP_ACTIVATION_TANH, TP_LOSS_HUBER, NOT, BY_ONE},
    {"elu", TP_ACTIVATION_ELU, TP_ACTIVATION_ELU, TP_LOSS_MSE, BY_ONE, BY_EACH},
    {"softplus", TP_ACTIVATION_SOFTPLUS, TP_ACTIVATION_SOFTPLUS, TP_LOSS_MSE, NOT, NOT},
    {"silu", TP_ACTIVATION_SILU, TP_ACTIVATION_SILU, TP_LOSS_MSE, BY_EACH, BY_EACH},
    {"gelu", TP_ACTIVATION_GELU, TP_ACTIVATION_GELU, TP_LOSS_MSE, BY_ONE, BY_ONE},
    {"exp", TP_ACTIVATION_RELU, TP_ACTIVATION_EXP, TP_LOSS_POISSON, NOT, NOT},
};

static tp_scaling scaling_of(enum scaling scaling, size_t from, size_t values) {
    return (tp_scaling){scaling == BY_EACH ? values : scaling, means + from, deviations + from};
}

tp_model *tp_test_onnx_net(tp_context *context, size_t i, const char **name) {
    if (i == sizeof nets / sizeof *nets)
        return NULL;
    const struct net *net = &nets[i];
    const tp_layer layers[] = {
        {11, net->hidden, 0.3F, 0.25F, 0}, {6, net->hidden, 0.125F, 0, 0}, {OUTPUTS, net->last, 0.7F, 0, 0}};
    tp_model *model = NULL;
    tp_model_options options;
    tp_model_options_default(&options);
    options.inputs = TP_TEST_ONNX_INPUTS, options.layer_count = 3, options.layers = layers, options.loss = net->loss;
    options.label_smoothing = net->loss == TP_LOSS_CCE ? 0.1F : 0;
    options.inputs_scaled = scaling_of(net->inputs, net->inputs == BY_ONE, TP_TEST_ONNX_INPUTS);
    options.outputs_scaled = scaling_of(net->outputs, 4, OUTPUTS);
    *name = net->name;
    require(!tp_model_create(context, &options, &model));
    require(!tp_model_set_note(model, "note.author", "A. N. \"Other\"\n\xc3\xa9"));
    return model;
}
