/* SPDX-License-Identifier: BSD-3-Clause */
#include "train_model.h"
#include "command.h"
#include "report.h"

#include <math.h>
#include <stdlib.h>

__extension__ typedef unsigned __int128 uint128;

/* One pair for all inputs. */
struct pair {
    double mean, deviation;
};

/* Mean and deviation from exact sums. */
static struct pair standardize_bytes(const tp_data *data, uint64_t count) {
    uint64_t sum = 0;
    uint64_t squares = 0;
    for (uint64_t i = 0; i < count; i++) {
        sum += data->bytes[i];
        squares += (uint64_t)data->bytes[i] * data->bytes[i];
    }
    const double variance = (double)((uint128)count * squares - (uint128)sum * sum) / (double)count / (double)count;
    return (struct pair){(double)sum / (double)count, sqrt(variance)};
}

static struct pair standardize_floats(const tp_data *data, uint64_t count) {
    double sum = 0;
    double squares = 0;
    for (uint64_t i = 0; i < count; i++)
        sum += (double)data->floats[i];
    const double mean = sum / (double)count;
    for (uint64_t i = 0; i < count; i++)
        squares += ((double)data->floats[i] - mean) * ((double)data->floats[i] - mean);
    return (struct pair){mean, sqrt(squares / (double)count)};
}

static int choose_scaling(const struct train_options *options, const tp_data *data, struct pair *pair) {
    if (options->scaling == SCALING_UNIT)
        *pair = (struct pair){0, data->bytes ? 255 : 1};
    else
        *pair = (data->bytes ? standardize_bytes : standardize_floats)(data, (uint64_t)data->samples * data->features);
    if (isfinite(pair->deviation) && pair->deviation > 0)
        return EXIT_SUCCESS;
    complain("%s: the deviation of the values is %g; --scaling standard needs finite values that differ", options->data,
             pair->deviation);
    return EXIT_FAILURE;
}

static tp_activation last_activation(int loss) {
    return loss == TP_LOSS_BCE   ? TP_ACTIVATION_SIGMOID
           : loss == TP_LOSS_CCE ? TP_ACTIVATION_SOFTMAX
                                 : TP_ACTIVATION_IDENTITY;
}

static int create(const struct session *session, const struct train_options *options, const tp_data *data,
                  tp_model **model) {
    tp_layer layer[TP_MAX_LAYERS];
    const size_t hidden = options->hidden.count;
    const tp_activation activation = train_activation(options->activation);
    for (size_t i = 0; i < hidden; i++)
        layer[i] = (tp_layer){.width = options->hidden.size[i],
                              .activation = activation,
                              .slope = activation == TP_ACTIVATION_ELU ? 1 : 0.01F,
                              .dropout = (float)options->dropout};
    layer[hidden] = (tp_layer){.width = data->outputs, .activation = last_activation(options->loss)};
    tp_model_options shape;
    tp_model_options_default(&shape);
    shape.inputs = data->features;
    shape.layer_count = hidden + 1;
    shape.layers = layer;
    shape.loss = (tp_loss)options->loss;
    shape.huber_delta = (float)options->huber_delta;
    shape.label_smoothing = (float)options->label_smoothing;
    shape.init = (tp_init)options->init_weights;
    shape.seed = options->seed;
    struct pair pair;
    const int code = choose_scaling(options, data, &pair);
    shape.inputs_scaled = (tp_scaling){1, &pair.mean, &pair.deviation};
    return code ? code : session_check(session, tp_model_create(session->context, &shape, model));
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

static int check_saved(const struct train_options *options, const tp_data *data, const tp_model_options *saved) {
    const char *option = contradiction(options, saved);
    if (!option)
        return check_fit(saved, data->features, data->outputs, options->init, options->data);
    complain("--%s contradicts the model of --init %s", option, options->init);
    return options_usage_error(&train_command);
}

static int load(const struct session *session, const struct train_options *options, const tp_data *data,
                tp_model **model) {
    struct architecture saved;
    int code = session_describe(session, options->init, &saved);
    if (!code)
        code = check_saved(options, data, &saved.model);
    return code ? code : session_check(session, tp_model_load(session->context, options->init, model));
}

int train_make_model(const struct session *session, const struct train_options *options, const tp_data *data,
                     tp_model **model) {
    return (options->init ? load : create)(session, options, data, model);
}
