/* SPDX-License-Identifier: BSD-3-Clause */
#include "train_names.h"

/* The library's names; they end where the option's values end. */
tp_activation train_activation(int value) {
    return (tp_activation)(value < TP_ACTIVATION_SOFTMAX ? value : value + 1);
}

const char *train_activation_name(int value) {
    return tp_activation_name(train_activation(value));
}

const char *train_loss_name(int value) {
    return tp_loss_name((tp_loss)value);
}

const char *train_precision_name(int value) {
    return tp_precision_name((tp_precision)value);
}

const char *train_init_name(int value) {
    return tp_init_name((tp_init)value);
}

const char *train_optimizer_name(int value) {
    return tp_optimizer_name((tp_optimizer_kind)value);
}

/* The one after these is for a range test of rates. */
const char *train_schedule_name(int value) {
    return tp_schedule_name((tp_schedule)value);
}

const char *train_monitor_name(int value) {
    return tp_monitor_name((tp_monitor)value);
}

const char *train_keep_name(int value) {
    return tp_keep_name((tp_keep)value);
}

const struct synonyms train_activation_also[] = {
    {"linear none", "identity"},
    {"logistic sigm", "sigmoid"},
    {"hyperbolic_tangent", "tanh"},
    {"rectifier", "relu"},
    {"leakyrelu lrelu prelu", "leaky_relu"},
    {"swish", "silu"},
    {0},
};

const struct synonyms train_loss_also[] = {
    {"cross_entropy crossentropy categorical_crossentropy sparse_categorical_crossentropy softmax nll log_loss", "cce"},
    {"binary_crossentropy binary_cross_entropy logistic bce_with_logits", "bce"},
    {"mean_squared_error squared_error squared l2 rmse", "mse"},
    {"mean_absolute_error absolute_error absolute l1", "mae"},
    {"smooth_l1", "huber"},
    {"poisson_nll count counts", "poisson"},
    {0},
};

const struct synonyms train_init_also[] = {
    {"he kaiming kaiming_normal", "he_normal"},
    {"kaiming_uniform", "he_uniform"},
    {"glorot xavier xavier_normal", "glorot_normal"},
    {"xavier_uniform", "glorot_uniform"},
    {"zeros", "zero"},
    {0},
};

const struct synonyms train_optimizer_also[] = {
    {"gd gradient_descent", "sgd"}, {"sgdm heavy_ball", "momentum"}, {"nag", "nesterov"}, {"adaptive", "adam"}, {0},
};

const struct synonyms train_schedule_also[] = {
    {"none fixed", "constant"},
    {"cosine_annealing", "cosine"},
    {"step_decay step_lr", "step"},
    {"exponential_decay exponential_lr", "exponential"},
    {"reduce_on_plateau reduce_lr_on_plateau adaptive", "plateau"},
    {0},
};

const struct synonyms train_monitor_also[] = {
    {"val_loss validation_loss", "loss"},
    {"val_accuracy validation_accuracy acc", "accuracy"},
    {0},
};

const struct synonyms train_keep_also[] = {
    {"1 2 3 4 5 6 7 8 9 10 all", "--keep-checkpoints"},
    {0},
};
