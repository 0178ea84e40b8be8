/* SPDX-License-Identifier: BSD-3-Clause */
/* How activations are made of ONNX's operators, of which opset 13 has neither SiLU nor GELU. */
#include "io/onnx.h"

#include <string.h>

#define IN TP_ONNX_INPUT
#define C TP_ONNX_CONSTANT
#define NONE TP_ONNX_NOTHING
#define ROOT 0x1.6a09e6p+0F    /* sqrt(2) */
#define INVERSE 0x1.6a09e6p-1F /* 1 / sqrt(2) */
#define ONE(op)                                                                                                        \
    1, {                                                                                                               \
        { op, {IN, NONE}, 0 }                                                                                          \
    }

static const struct tp_onnx_pattern patterns[] = {
    {TP_ACTIVATION_RELU, ONE("Relu")},
    {TP_ACTIVATION_LEAKY_RELU, ONE("LeakyRelu")},
    {TP_ACTIVATION_SIGMOID, ONE("Sigmoid")},
    {TP_ACTIVATION_TANH, ONE("Tanh")},
    {TP_ACTIVATION_SOFTMAX, ONE("Softmax")},
    {TP_ACTIVATION_ELU, ONE("Elu")},
    {TP_ACTIVATION_SOFTPLUS, ONE("Softplus")},
    {TP_ACTIVATION_EXP, ONE("Exp")},
    {TP_ACTIVATION_SILU, 2, {{"Sigmoid", {IN, NONE}, 0}, {"Mul", {IN, 0}, 0}}},
    /* As PyTorch writes it; then as others do. */
    {TP_ACTIVATION_GELU,
     5,
     {{"Div", {IN, C}, ROOT}, {"Erf", {0, NONE}, 0}, {"Add", {1, C}, 1}, {"Mul", {IN, 2}, 0}, {"Mul", {3, C}, 0.5F}}},
    {TP_ACTIVATION_GELU,
     5,
     {{"Mul", {IN, C}, INVERSE},
      {"Erf", {0, NONE}, 0},
      {"Add", {1, C}, 1},
      {"Mul", {IN, 2}, 0},
      {"Mul", {3, C}, 0.5F}}},
    {TP_ACTIVATION_GELU,
     5,
     {{"Div", {IN, C}, ROOT}, {"Erf", {0, NONE}, 0}, {"Add", {1, C}, 1}, {"Mul", {IN, C}, 0.5F}, {"Mul", {3, 2}, 0}}},
    {TP_ACTIVATION_GELU,
     5,
     {{"Mul", {IN, C}, INVERSE},
      {"Erf", {0, NONE}, 0},
      {"Add", {1, C}, 1},
      {"Mul", {2, C}, 0.5F},
      {"Mul", {IN, 3}, 0}}},
    {TP_ACTIVATION_GELU, ONE("Gelu")}, /* since opset 20 */
};

const struct tp_onnx_pattern *tp_onnx_pattern(size_t i) {
    return i < sizeof patterns / sizeof *patterns ? &patterns[i] : NULL;
}

const struct tp_onnx_pattern *tp_onnx_pattern_of(tp_activation activation) {
    const struct tp_onnx_pattern *pattern;
    for (size_t i = 0; (pattern = tp_onnx_pattern(i)); i++)
        if (pattern->activation == activation)
            break;
    return pattern;
}

bool tp_onnx_commutes(const char *op) {
    return !strcmp(op, "Mul") || !strcmp(op, "Add");
}
