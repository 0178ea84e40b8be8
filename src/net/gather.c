/* SPDX-License-Identifier: BSD-3-Clause */
#include "net/gather.h"

#include "core/options.h"
#include "core/size.h"
#include "net/pass.h"

#include <string.h>

static tp_status check_targets(const struct tp_model *model, const char *what, const tp_data *data) {
    if (!data->classes == !data->values)
        return tp_fail(model->context, TP_ERR_ARGUMENT, "%s: exactly one of classes and values must be set", what);
    const tp_status status = tp_check_weights(model, what, data->weights, data->samples);
    if (status)
        return status;
    if (data->classes)
        return tp_check_classes(model, what, data->classes, data->samples);
    if (data->outputs != tp_model_outputs(model))
        return tp_fail(model->context, TP_ERR_ARGUMENT, "%s: outputs is %zu; the model has %zu", what, data->outputs,
                       tp_model_outputs(model));
    return TP_OK;
}

static tp_status check_data(const struct tp_model *model, const char *what, const tp_data *data, bool need_targets) {
    const struct tp_context *context = model->context;
    if (data->samples < 1 || data->samples > UINT32_MAX)
        return tp_fail(context, TP_ERR_ARGUMENT, "%s: samples is %zu; it must be 1..%lu", what, data->samples,
                       (unsigned long)UINT32_MAX);
    if (data->features != model->inputs)
        return tp_fail(context, TP_ERR_ARGUMENT, "%s: features is %zu; the model has %zu inputs", what, data->features,
                       model->inputs);
    if (!data->bytes == !data->floats)
        return tp_fail(context, TP_ERR_ARGUMENT, "%s: exactly one of bytes and floats must be set", what);
    return need_targets ? check_targets(model, what, data) : TP_OK;
}

tp_status tp_take_data(const struct tp_model *model, const char *what, const tp_data *given, bool need_targets,
                       tp_data *data) {
    static const tp_data none = {.struct_size = sizeof none};
    const struct tp_struct type = {
        .name = what, .size = sizeof none, .first = sizeof none, .defaults = &none, .data = true};
    if (!given)
        return tp_fail(model->context, TP_ERR_ARGUMENT, "%s is NULL", what);
    const tp_status status = tp_struct_take(model->context, &type, given, data);
    return status ? status : check_data(model, what, data, need_targets);
}

static size_t sample_number(const struct tp_batch *batch, size_t i) {
    const size_t at = batch->order ? batch->order[batch->first + i] : batch->first + i;
    return batch->pool ? batch->pool[at] : at;
}

static void gather_sample(struct tp_workspace *w, const struct tp_batch *batch, size_t i, float scale) {
    const tp_data *data = batch->data;
    const struct tp_isa *isa = w->model->context->isa;
    const size_t sample = sample_number(batch, i), n = data->features;
    const float mean = w->model->input_mean;
    if (data->bytes)
        isa->scale_bytes(tp_row(&w->input, i), data->bytes + sample * n, n, mean, scale);
    else
        isa->scale_floats(tp_row(&w->input, i), data->floats + sample * n, n, mean, scale);
    if (batch->targets && data->weights)
        w->weights[i] = data->weights[sample];
    if (batch->targets && data->classes)
        w->classes[i] = data->classes[sample];
    else if (batch->targets)
        memcpy(tp_row(&w->values, i), data->values + sample * data->outputs, data->outputs * sizeof(float));
}

void tp_run_gather(struct tp_workspace *w, const struct tp_batch *batch, struct tp_team team) {
    const float scale = 1 / w->model->input_deviation;
    const struct tp_range rows = tp_share(batch->count, 1, team.id, team.size);
    for (size_t i = rows.begin; i < rows.end; i++)
        gather_sample(w, batch, i, scale);
    if (team.id == 0) {
        w->batch = batch->count;
        w->x = w->input.p;
        w->ldx = w->input.ld;
    }
    tp_team_barrier(team);
}

tp_targets tp_gathered_targets(const struct tp_workspace *w, const tp_data *data) {
    const float *weights = data->weights ? w->weights : NULL;
    if (data->classes)
        return (tp_targets){.classes = w->classes, .weights = weights};
    return (tp_targets){.values = w->values.p, .ld = w->values.ld, .weights = weights};
}
