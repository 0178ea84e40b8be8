/* SPDX-License-Identifier: BSD-3-Clause */
#include "net/gather.h"

#include "core/options.h"
#include "core/size.h"
#include "net/pass.h"

#include <assert.h>
#include <math.h>

static int count_set(const void *a, const void *b, const void *c) {
    return (a != NULL) + (b != NULL) + (c != NULL);
}

static tp_status check_targets(const struct tp_model *model, const char *what, const tp_data *data) {
    if (count_set(data->classes, data->values, data->double_values) != 1)
        return tp_fail(model->context, TP_ERR_ARGUMENT,
                       "%s: exactly one of classes, values and double_values must be set", what);
    const tp_status status = tp_check_weights(model->context, what, data->weights, data->rows, data->samples);
    if (status)
        return status;
    if (data->classes && model->outputs_scaled.count)
        return tp_fail(model->context, TP_ERR_ARGUMENT, "%s: the model scales its outputs: targets must be values",
                       what);
    if (data->classes)
        return tp_check_classes(model, what, data->classes, data->rows, data->samples);
    if (data->outputs != tp_model_outputs(model))
        return tp_fail(model->context, TP_ERR_ARGUMENT, "%s: outputs is %zu; the model has %zu", what, data->outputs,
                       tp_model_outputs(model));
    return TP_OK;
}

tp_status tp_take_strides(const struct tp_context *context, const char *what, size_t samples, size_t values,
                          size_t *sample_stride, size_t *value_stride) {
    if (!*sample_stride && !*value_stride)
        *sample_stride = values, *value_stride = 1;
    const size_t last = tp_size_add(tp_size_mul(samples - 1, *sample_stride), tp_size_mul(values - 1, *value_stride));
    if (tp_size_mul(tp_size_add(last, 1), sizeof(double)) == TP_SIZE_OVERFLOW)
        return tp_fail(context, TP_ERR_ARGUMENT, "%s: strides of %zu and %zu lead out of memory", what, *sample_stride,
                       *value_stride);
    return TP_OK;
}

/* One more than the largest number of a sample. */
static size_t extent(const tp_data *data) {
    size_t last = data->rows ? 0 : data->samples - 1;
    for (size_t i = 0; data->rows && i < data->samples; i++)
        last = tp_max(last, data->rows[i]);
    return last + 1;
}

static double raw_target(const tp_data *data, size_t at) {
    return data->values ? (double)data->values[at] : data->double_values[at];
}

tp_status tp_check_values(const struct tp_model *model, const char *what, const tp_data *data) {
    for (size_t i = 0; model->loss == TP_LOSS_POISSON && i < data->samples; i++) {
        const size_t sample = data->rows ? data->rows[i] : i, first = sample * data->target_sample_stride;
        for (size_t j = 0; j < data->outputs; j++) {
            const float value = (float)raw_target(data, first + j * data->target_stride);
            if (!(value >= 0 && isfinite(value)))
                return tp_fail(model->context, TP_ERR_ARGUMENT,
                               "%s: target %zu of sample %zu is %g; with loss poisson it must be finite and at least 0",
                               what, j, sample, (double)value);
        }
    }
    return TP_OK;
}

static tp_status check_inputs(const struct tp_context *context, const char *what, const tp_data *data) {
    if (data->samples < 1 || data->samples > UINT32_MAX)
        return tp_fail(context, TP_ERR_ARGUMENT, "%s: samples is %zu; it must be 1..%lu", what, data->samples,
                       (unsigned long)UINT32_MAX);
    if (count_set(data->bytes, data->floats, data->doubles) != 1)
        return tp_fail(context, TP_ERR_ARGUMENT, "%s: exactly one of bytes, floats and doubles must be set", what);
    return TP_OK;
}

/* Of inputs, and of targets if they are values. */
static tp_status take_both_strides(const struct tp_context *context, const char *what, tp_data *data, bool values) {
    const size_t numbers = extent(data);
    const tp_status status =
        tp_take_strides(context, what, numbers, data->features, &data->sample_stride, &data->value_stride);
    if (status || !values)
        return status;
    return tp_take_strides(context, what, numbers, data->outputs, &data->target_sample_stride, &data->target_stride);
}

static tp_status take_struct(const struct tp_context *context, const char *what, const tp_data *given, tp_data *data) {
    static const tp_data none = {.struct_size = sizeof none};
    const struct tp_struct type = {
        .name = what, .size = sizeof none, .first = offsetof(tp_data, rows), .defaults = &none, .data = true};
    if (!given)
        return tp_fail(context, TP_ERR_ARGUMENT, "%s is NULL", what);
    const tp_status status = tp_struct_take(context, &type, given, data);
    return status ? status : check_inputs(context, what, data);
}

tp_status tp_take_data(const struct tp_model *model, const char *what, const tp_data *given, bool need_targets,
                       tp_data *data) {
    tp_status status = take_struct(model->context, what, given, data);
    if (!status && data->features != model->inputs)
        return tp_fail(model->context, TP_ERR_ARGUMENT, "%s: features is %zu; the model has %zu inputs", what,
                       data->features, model->inputs);
    if (!status && need_targets)
        status = check_targets(model, what, data);
    const bool values = need_targets && !data->classes;
    if (!status)
        status = take_both_strides(model->context, what, data, values);
    return status || !values ? status : tp_check_values(model, what, data);
}

tp_status tp_take_samples(const struct tp_context *context, const char *what, const tp_data *given, tp_data *data) {
    tp_status status = take_struct(context, what, given, data);
    if (status)
        return status;
    const bool values = data->values || data->double_values;
    if (data->features < 1)
        return tp_fail(context, TP_ERR_ARGUMENT, "%s: features is 0; it must be at least 1", what);
    if (count_set(data->classes, data->values, data->double_values) > 1)
        return tp_fail(context, TP_ERR_ARGUMENT, "%s: only one of classes, values and double_values may be set", what);
    if (values && data->outputs < 1)
        return tp_fail(context, TP_ERR_ARGUMENT, "%s: outputs is 0; it must be at least 1", what);
    status = tp_check_weights(context, what, data->weights, data->rows, data->samples);
    return status ? status : take_both_strides(context, what, data, values);
}

static size_t sample_number(const struct tp_batch *batch, size_t i) {
    const size_t at = batch->order ? batch->order[batch->first + i] : batch->first + i;
    const size_t sample = batch->pool ? batch->pool[at] : at;
    assert(sample < batch->data->samples);
    return batch->data->rows ? batch->data->rows[sample] : sample;
}

/* Of kernels/reduce.h, for values that are apart. */
static float scale_value(double raw, const struct tp_scaler *scaler, size_t j) {
    const size_t at = tp_scales_each(scaler) ? j : 0;
    return tp_to_float((raw - scaler->mean[at]) * scaler->factor[at]);
}

static double raw_value(const tp_data *data, size_t at) {
    if (data->bytes)
        return data->bytes[at];
    if (data->doubles)
        return data->doubles[at];
    return (double)tp_to_float((double)data->floats[at]);
}

static void gather_inputs(const struct tp_model *model, const tp_data *data, size_t sample, float *x) {
    const struct tp_isa *isa = model->context->isa;
    const struct tp_scaler *s = &model->inputs_scaled;
    const size_t n = data->features, first = sample * data->sample_stride;
    const bool each = tp_scales_each(s);
    if (data->value_stride != 1)
        for (size_t j = 0; j < n; j++)
            x[j] = scale_value(raw_value(data, first + j * data->value_stride), s, j);
    else if (data->bytes)
        isa->scale_bytes(x, data->bytes + first, n, s->mean, s->factor, each);
    else if (data->floats)
        isa->scale_floats(x, data->floats + first, n, s->mean, s->factor, each);
    else
        isa->scale_doubles(x, data->doubles + first, n, s->mean, s->factor, each);
}

double tp_batch_input(const struct tp_batch *batch, struct tp_cell *cell) {
    const tp_data *data = batch->data;
    cell->row = sample_number(batch, cell->row);
    return raw_value(data, cell->row * data->sample_stride + cell->column * data->value_stride);
}

double tp_batch_target(const struct tp_batch *batch, struct tp_cell *cell) {
    const tp_data *data = batch->data;
    cell->row = sample_number(batch, cell->row);
    return raw_target(data, cell->row * data->target_sample_stride + cell->column * data->target_stride);
}

/* Without scaling floats are taken as they are. */
static void gather_values(const struct tp_model *model, const tp_data *data, size_t sample, float *y) {
    const size_t first = sample * data->target_sample_stride, step = data->target_stride;
    for (size_t j = 0; j < data->outputs; j++) {
        const size_t at = first + j * step;
        const double raw = raw_target(data, at);
        if (model->outputs_scaled.count)
            y[j] = scale_value(data->values ? (double)tp_to_float(raw) : raw, &model->outputs_scaled, j);
        else
            y[j] = (float)raw;
    }
}

static void gather_sample(struct tp_workspace *w, const struct tp_batch *batch, size_t i) {
    const tp_data *data = batch->data;
    const size_t sample = sample_number(batch, i);
    gather_inputs(w->model, data, sample, tp_row(&w->input, i));
    if (batch->targets && data->weights)
        w->weights[i] = data->weights[sample];
    if (batch->targets && data->classes)
        w->classes[i] = data->classes[sample];
    else if (batch->targets)
        gather_values(w->model, data, sample, tp_row(&w->values, i));
}

void tp_run_gather(struct tp_workspace *w, const struct tp_batch *batch, struct tp_team team) {
    assert((batch->count || w->parts.ranks) && batch->count <= w->max_batch);
    const struct tp_range rows = tp_share(batch->count, 1, team.id, team.size);
    for (size_t i = rows.begin; i < rows.end; i++)
        gather_sample(w, batch, i);
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
