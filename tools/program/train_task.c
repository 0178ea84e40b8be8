/* SPDX-License-Identifier: BSD-3-Clause */
#include "train_task.h"
#include "command.h"
#include "report.h"

#include <stdlib.h>

/* Losses that fit, the usual one first. */
struct fitting {
    size_t count;
    tp_loss loss[4];
};
static const struct fitting fitting_losses[TP_TASK_COUNT] = {
    [TP_TASK_BINARY] = {1, {TP_LOSS_BCE}},
    [TP_TASK_MULTICLASS] = {2, {TP_LOSS_CCE, TP_LOSS_BCE}},
    [TP_TASK_MULTILABEL] = {1, {TP_LOSS_BCE}},
    [TP_TASK_REGRESSION] = {4, {TP_LOSS_MSE, TP_LOSS_MAE, TP_LOSS_HUBER, TP_LOSS_POISSON}},
};

static void list_losses(const struct fitting *fitting, char *text, size_t size) {
    size_t used = 0;
    for (size_t i = 0; i < fitting->count && used < size; i++)
        used += (size_t)snprintf(text + used, size - used, "%s%s", i ? ", " : "", tp_loss_name(fitting->loss[i]));
}

static int refuse_loss(const struct train_options *options, tp_task task) {
    char fitting[64];
    list_losses(&fitting_losses[task], fitting, sizeof fitting);
    complain("--loss %s: does not fit the task %s of %s; what does: %s", tp_loss_name((tp_loss)options->loss),
             tp_task_name(task), options->data.path, fitting);
    return options_usage_error(options->command);
}

int train_choose_loss(const struct train_options *options, tp_model_options *model) {
    const tp_task task = tp_schema_task(model->schema);
    const struct fitting *fitting = &fitting_losses[task];
    if (options->loss == LOSS_OF_TASK) {
        model->loss = fitting->loss[0];
        return EXIT_SUCCESS;
    }
    model->loss = (tp_loss)options->loss;
    if (model->loss == TP_LOSS_POISSON)
        model->outputs_scaled = (tp_scaling){0}; /* counts are not scaled */
    for (size_t i = 0; i < fitting->count; i++)
        if (fitting->loss[i] == model->loss)
            return EXIT_SUCCESS;
    return refuse_loss(options, task);
}

tp_activation train_last_activation(tp_loss loss) {
    static const tp_activation last[TP_LOSS_COUNT] = {[TP_LOSS_BCE] = TP_ACTIVATION_SIGMOID,
                                                      [TP_LOSS_CCE] = TP_ACTIVATION_SOFTMAX,
                                                      [TP_LOSS_POISSON] = TP_ACTIVATION_EXP};
    return last[loss]; /* of others the identity */
}

void train_count_classes(const tp_data *data, size_t *counts) {
    for (size_t i = 0; i < data->samples; i++)
        counts[data->classes[data_row(data, i)]]++;
}

/* For balanced weights, n / (k n_c) for the n_c of n samples in class c of k, into weights; k at most REALS_MAX. 0 for
 * a class without samples. */
static int balance_classes(const tp_data *data, size_t classes, struct real_list *weights) {
    size_t counts[REALS_MAX] = {0};
    if (classes > REALS_MAX) {
        complain("--class-weights balanced: is for at most %d classes", REALS_MAX);
        return EXIT_USAGE;
    }
    train_count_classes(data, counts);
    weights->count = classes;
    for (size_t i = 0; i < classes; i++)
        weights->real[i] = counts[i] ? (float)((double)data->samples / ((double)classes * (double)counts[i])) : 0;
    return EXIT_SUCCESS;
}

int train_settle_class_weights(struct train_options *options, const tp_data *data, const tp_model *model) {
    struct real_list *weights = &options->class_weights;
    tp_model_options shape;
    tp_model_describe(model, &shape);
    const size_t classes = model_classes(&shape);
    const bool given = weights->by_word || weights->count;
    if (given && !data->classes)
        complain("--class-weights: %s has no classes", options->data.path);
    else if (weights->by_word)
        return balance_classes(data, classes, weights);
    else if (given && weights->count != classes)
        complain("--class-weights: %zu weights for %zu classes", weights->count, classes);
    else
        return EXIT_SUCCESS;
    return EXIT_USAGE;
}
