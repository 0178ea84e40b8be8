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
    [TP_TASK_REGRESSION] = {3, {TP_LOSS_MSE, TP_LOSS_MAE, TP_LOSS_HUBER}},
};

/* Whether the other options are for this loss, too. */
static bool suits(const struct train_options *options, tp_task task, tp_loss loss) {
    return task != TP_TASK_REGRESSION || !options->huber_delta_given || loss == TP_LOSS_HUBER;
}

static void list_losses(const struct train_options *options, tp_task task, char *text, size_t size) {
    const struct fitting *fitting = &fitting_losses[task];
    size_t used = 0;
    for (size_t i = 0; i < fitting->count && used < size; i++)
        if (suits(options, task, fitting->loss[i]))
            used += (size_t)snprintf(text + used, size - used, "%s--loss %s", used ? ", " : "",
                                     tp_loss_name(fitting->loss[i]));
}

/* The option that no loss of the task has, or "". */
static const char *option_to_drop(const struct train_options *options, tp_task task) {
    if (task == TP_TASK_REGRESSION)
        return options->label_smoothing > 0 ? " without --label-smoothing" : "";
    return options->huber_delta_given ? " without --huber-delta" : "";
}

static bool fits(tp_task task, tp_loss loss) {
    for (size_t i = 0; i < fitting_losses[task].count; i++)
        if (fitting_losses[task].loss[i] == loss)
            return true;
    return false;
}

/* What else the loss may have meant, or "". */
static const char *other_task(const tp_schema *schema, tp_loss loss) {
    const tp_task task = tp_schema_task(schema);
    const bool single = tp_schema_target_count(schema) == 1;
    if (task == TP_TASK_REGRESSION)
        return single ? "; if the targets are classes: --task multiclass" : "";
    if (single && fits(TP_TASK_REGRESSION, loss) && data_are_integers(tp_schema_target(schema, 0)))
        return "; if the targets are no classes: --task regression";
    return "";
}

static int refuse_loss(const struct train_options *options, const tp_schema *schema) {
    const tp_loss loss = (tp_loss)options->loss;
    const tp_task task = tp_schema_task(schema);
    char fitting[96];
    list_losses(options, task, fitting, sizeof fitting);
    complain("--loss %s: does not fit the task %s of %s; what does: %s%s%s", tp_loss_name(loss), tp_task_name(task),
             options->data.path, fitting, option_to_drop(options, task), other_task(schema, loss));
    return options_usage_error(options->command);
}

/* Options of other losses than that of the model. */
static int check_loss_options(const struct train_options *options, const tp_model_options *model) {
    const tp_task task = tp_schema_task(model->schema);
    const bool smoothed = task != TP_TASK_REGRESSION;
    if (!smoothed && options->label_smoothing > 0)
        complain("--label-smoothing %g: is for classes and labels; the task of %s is %s", options->label_smoothing,
                 options->data.path, tp_task_name(task));
    else if (smoothed && options->huber_delta_given)
        complain("--huber-delta %g: is for regression; the task of %s is %s", options->huber_delta, options->data.path,
                 tp_task_name(task));
    else if (!suits(options, task, model->loss))
        complain("--huber-delta %g: is for --loss huber, not %s", options->huber_delta, tp_loss_name(model->loss));
    else
        return EXIT_SUCCESS;
    return options_usage_error(options->command);
}

int train_choose_loss(const struct train_options *options, tp_model_options *model) {
    const tp_task task = tp_schema_task(model->schema);
    const bool given = options->loss != LOSS_OF_TASK;
    model->loss = given ? (tp_loss)options->loss : fitting_losses[task].loss[0];
    return fits(task, model->loss) ? check_loss_options(options, model) : refuse_loss(options, model->schema);
}

tp_activation train_last_activation(tp_loss loss) {
    return loss == TP_LOSS_BCE   ? TP_ACTIVATION_SIGMOID
           : loss == TP_LOSS_CCE ? TP_ACTIVATION_SOFTMAX
                                 : TP_ACTIVATION_IDENTITY;
}

void train_count_classes(const tp_data *data, size_t *counts) {
    for (size_t i = 0; i < data->samples; i++)
        counts[data->classes[data_row(data, i)]]++;
}
