/* SPDX-License-Identifier: BSD-3-Clause */
/* How a model file calls things; shared by saving and loading. */
#ifndef TP_IO_MODEL_NAMES_H
#define TP_IO_MODEL_NAMES_H

#include "tileprop/tileprop.h"

#include <stdio.h>

#define TP_KEY_METADATA "__metadata__"
#define TP_KEY_FORMAT "format"
#define TP_FORMAT "tileprop"
#define TP_KEY_VERSION "version"
#define TP_KEY_LOSS "loss"
#define TP_KEY_HUBER_DELTA "huber_delta"
#define TP_KEY_SMOOTHING "label_smoothing"
#define TP_KEY_PRECISION "precision"           /* absent: f32 */
#define TP_KEY_FORMAT_VERSION "format_version" /* absent: 1 */
#define TP_FORMAT_VERSION 2

/* Scaling by one pair is in the metadata, by a pair for each value in f64 tensors; absent: none. */
enum tp_scaling_array { TP_INPUT_MEAN, TP_INPUT_DEVIATION, TP_OUTPUT_MEAN, TP_OUTPUT_DEVIATION, TP_SCALING_ARRAYS };

static inline const char *tp_scaling_key(enum tp_scaling_array array) {
    static const char *const keys[] = {"input_mean", "input_deviation", "output_mean", "output_deviation"};
    return keys[array];
}
#define TP_SCHEMA_KEY "schema" /* a tensor of bytes: io/schema_json.c; absent: none */
#define TP_KEY_DIGEST "sha256" /* of the bytes of all tensors; absent in files of old versions and other programs */
#define TP_OF_LAYER_ACTIVATION "activation"
#define TP_OF_LAYER_SLOPE "slope"
#define TP_OF_LAYER_DROPOUT "dropout" /* absent: 0 */
#define TP_OF_LAYER_WEIGHT "weight"
#define TP_OF_LAYER_BIAS "bias"

/* Whether a file says the slope of such a layer. */
static inline bool tp_has_slope(tp_activation activation) {
    return activation == TP_ACTIVATION_LEAKY_RELU || activation == TP_ACTIVATION_ELU;
}

/* layers.<layer>.<what> */
struct tp_layer_key {
    char text[48];
};
static inline struct tp_layer_key tp_layer_key(size_t layer, const char *what) {
    struct tp_layer_key key;
    snprintf(key.text, sizeof key.text, "layers.%zu.%s", layer, what);
    return key;
}

/* The name of tensor slot in the flat order of the parameters: W_1, b_1, W_2, ... */
static inline struct tp_layer_key tp_tensor_key(size_t slot) {
    return tp_layer_key(slot / 2, slot % 2 ? TP_OF_LAYER_BIAS : TP_OF_LAYER_WEIGHT);
}

#endif
