/* SPDX-License-Identifier: BSD-3-Clause */
#include "train_record.h"
#include "command.h"
#include "options_json.h"

/* What the data has decided. */
static void settle(struct train_options *options, const tp_model *model) {
    tp_model_options shape;
    tp_model_describe(model, &shape);
    train_settle_options(options);
    if (options->init)
        return;
    options->hidden_given = options->loss_given = true;
    options->loss = (int)shape.loss;
    options->huber_delta_given = shape.loss == TP_LOSS_HUBER;
    options->data.task = (int)tp_schema_task(tp_model_schema(model));
}

char *train_config(const struct train_options *options, const tp_model *model) {
    struct train_options settled = *options;
    settle(&settled, model);
    return options_config(&train_command, &settled, CONFIG_RESULT);
}
