/* SPDX-License-Identifier: BSD-3-Clause */
#include "train_model.h"
#include "command.h"
#include "report.h"
#include "train_task.h"

#include <stdlib.h>

static size_t fill_layers(const struct train_options *options, tp_layer *layer) {
    const tp_activation activation = train_activation(options->activation);
    for (size_t i = 0; i < options->hidden.count; i++)
        layer[i] = (tp_layer){.width = options->hidden.size[i],
                              .activation = activation,
                              .slope = activation == TP_ACTIVATION_ELU ? 1 : 0.01F,
                              .dropout = (float)options->dropout};
    return options->hidden.count;
}

int train_make_model(const struct session *session, const struct train_options *options, const tp_schema *schema,
                     tp_model **model) {
    tp_layer layer[TP_MAX_LAYERS];
    tp_model_options shape;
    tp_model_options_default(&shape);
    int code = session_check(session, tp_schema_apply(schema, &shape));
    if (!code)
        code = train_choose_loss(options, &shape);
    if (code)
        return code;
    const size_t hidden = fill_layers(options, layer);
    layer[hidden] = (tp_layer){.width = tp_schema_outputs(schema), .activation = train_last_activation(shape.loss)};
    shape.layer_count = hidden + 1;
    shape.layers = layer;
    shape.huber_delta = (float)options->huber_delta;
    shape.label_smoothing = (float)options->label_smoothing;
    shape.init = (tp_init)options->init_weights;
    shape.precision = (tp_precision)options->precision;
    shape.seed = options->seed;
    return session_check(session, tp_model_create(session->context, &shape, model));
}

/* The first option that was given and contradicts the saved model, or NULL. */
static const char *contradiction(const struct train_options *options, const tp_model_options *saved) {
    if (options->loss_given && options->loss != (int)saved->loss)
        return "loss";
    if (options->huber_delta_given &&
        (saved->loss != TP_LOSS_HUBER || (float)options->huber_delta != saved->huber_delta))
        return "huber-delta";
    if (options->label_smoothing_given && (float)options->label_smoothing != saved->label_smoothing)
        return "label-smoothing";
    if (options->precision_given && options->precision != (int)saved->precision)
        return "precision";
    if (options->hidden_given && options->hidden.count != saved->layer_count - 1)
        return "hidden";
    for (size_t i = 0; i + 1 < saved->layer_count; i++) {
        if (options->hidden_given && options->hidden.size[i] != saved->layers[i].width)
            return "hidden";
        if (options->activation_given && train_activation(options->activation) != saved->layers[i].activation)
            return "activation";
        if (options->dropout_given && (float)options->dropout != saved->layers[i].dropout)
            return "dropout";
    }
    return NULL;
}

int train_load_model(const struct session *session, const struct train_options *options, tp_model **model) {
    const int code = session_load(session, options->init, model);
    if (code)
        return code;
    tp_model_options saved;
    tp_model_describe(*model, &saved);
    const char *option = contradiction(options, &saved);
    if (!option)
        return EXIT_SUCCESS;
    complain("--%s contradicts the model of --init %s, which has its own", option, options->init);
    return options_usage_error(options->command);
}
