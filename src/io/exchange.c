/* SPDX-License-Identifier: BSD-3-Clause */
#include "io/exchange.h"

#include "core/options.h"
#include "io/output.h"
#include "net/model.h"

#include <stdlib.h>
#include <string.h>

static const tp_exchange_options default_options = {.struct_size = sizeof default_options, .loss = TP_LOSS_COUNT};
static const struct tp_struct options_type = {.name = "exchange options",
                                              .size = sizeof default_options,
                                              .first = sizeof default_options,
                                              .defaults = &default_options};

TP_NO_PADDING(tp_exchange_options, loss);

void tp_exchange_options_init(tp_exchange_options *options, size_t struct_size) {
    tp_struct_init(&options_type, options, struct_size);
}

static tp_status check_options(const struct tp_context *context, const tp_exchange_options *options) {
    if (options->name_count && options->pattern)
        return tp_fail(context, TP_ERR_ARGUMENT, "exchange options: name_count is %zu; with a pattern it must be 0",
                       options->name_count);
    if (options->name_count > TP_MAX_LAYERS)
        return tp_fail(context, TP_ERR_ARGUMENT, "exchange options: name_count is %zu; it must be at most %d",
                       options->name_count, TP_MAX_LAYERS);
    if (options->name_count && !options->weights)
        return tp_fail(context, TP_ERR_ARGUMENT, "exchange options: name_count is %zu, but weights is NULL",
                       options->name_count);
    for (size_t l = 0; l < options->name_count; l++)
        if (!options->weights[l])
            return tp_fail(context, TP_ERR_ARGUMENT, "exchange options: layer %zu: the name of the weights is NULL", l);
    if (options->activation_count && !options->activations)
        return tp_fail(context, TP_ERR_ARGUMENT, "exchange options: activation_count is %zu, but activations is NULL",
                       options->activation_count);
    return TP_OK;
}

tp_status tp_exchange_take(const struct tp_context *context, const tp_exchange_options *given,
                           tp_exchange_options *options) {
    *options = default_options;
    const tp_status status = given ? tp_struct_take(context, &options_type, given, options) : TP_OK;
    return status ? status : check_options(context, options);
}

tp_loss tp_loss_after(tp_activation last) {
    tp_loss loss = 0;
    while (loss < TP_LOSS_COUNT && tp_loss_activation(loss) != last)
        loss++;
    return loss < TP_LOSS_COUNT ? loss : TP_LOSS_MSE;
}

tp_status tp_exchange_check_output(const tp_model *model, const char *function, const tp_output *output) {
    if (!output)
        return tp_fail(tp_model_context(model), TP_ERR_ARGUMENT, "%s: output is NULL", function);
    if (!tp_output_is_empty(output))
        return tp_fail(tp_model_context(model), TP_ERR_ARGUMENT, "%s: output is not empty", function);
    return TP_OK;
}
