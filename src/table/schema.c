/* SPDX-License-Identifier: BSD-3-Clause */
#include "table/schema.h"

#include "core/memory.h"

#include <math.h>
#include <string.h>

/* Where the parts of a copy go; with NULL their sizes are added up. */
struct parts {
    struct tp_schema *schema;
    struct tp_schema_column *features, *targets;
    const char **categories;
    double *scaling;
    uint64_t *counts;
    char *text;
};

struct sizes {
    size_t categories, counts, text, inputs, outputs;
};

static size_t text_size(const char *text) {
    return text ? strlen(text) + 1 : 0;
}

static void add_column(const tp_column *column, struct sizes *sizes) {
    sizes->text += text_size(column->name);
    sizes->categories += column->category_count;
    sizes->counts += column->counts ? tp_counts_of(column) : 0;
    for (size_t i = 0; i < column->category_count; i++)
        sizes->text += text_size(column->categories[i]);
}

static size_t outputs_of(const struct tp_schema *schema) {
    if (schema->task == TP_TASK_MULTICLASS)
        return schema->targets->column.category_count;
    return schema->target_count;
}

static struct sizes measure(const struct tp_schema *source) {
    struct sizes sizes = {0};
    for (size_t i = 0; i < source->feature_count; i++) {
        const tp_column *column = &source->features[i].column;
        add_column(column, &sizes);
        sizes.inputs += column->kind == TP_COLUMN_CATEGORY ? column->category_count : 1;
    }
    for (size_t i = 0; i < source->target_count; i++)
        add_column(&source->targets[i].column, &sizes);
    sizes.outputs = outputs_of(source);
    return sizes;
}

static size_t lay_out(struct tp_arena *arena, const struct tp_schema *source, const struct sizes *sizes,
                      struct parts *parts) {
    parts->schema = tp_arena_take(arena, 1, sizeof *source);
    parts->features = tp_arena_take(arena, source->feature_count, sizeof *source->features);
    parts->targets = tp_arena_take(arena, source->target_count, sizeof *source->targets);
    parts->categories = tp_arena_take(arena, sizes->categories, sizeof *parts->categories);
    parts->scaling = tp_arena_take(arena, 2 * sizes->inputs + 2 * sizes->outputs, sizeof *parts->scaling);
    parts->counts = tp_arena_take(arena, sizes->counts, sizeof *parts->counts);
    parts->text = tp_arena_take(arena, sizes->text, 1);
    return arena->used;
}

static const char *put_text(struct parts *parts, const char *text) {
    const size_t size = text_size(text);
    char *copy = parts->text;
    if (!text)
        return NULL;
    memcpy(copy, text, size);
    parts->text += size;
    return copy;
}

static void put_column(struct parts *parts, tp_column *column) {
    const char **names = parts->categories;
    column->name = put_text(parts, column->name);
    for (size_t i = 0; i < column->category_count; i++)
        names[i] = put_text(parts, column->categories[i]);
    column->categories = column->category_count ? names : NULL;
    parts->categories += column->category_count;
    if (!column->counts)
        return;
    memcpy(parts->counts, column->counts, tp_counts_of(column) * sizeof *column->counts);
    column->counts = parts->counts;
    parts->counts += tp_counts_of(column);
}

static struct tp_schema_column *put_columns(struct parts *parts, struct tp_schema_column *to,
                                            const struct tp_schema_column *from, size_t count) {
    for (size_t i = 0; i < count; i++) {
        to[i] = from[i];
        put_column(parts, &to[i].column);
    }
    return to;
}

/* A column that hardly varies becomes 0, not noise. */
static double divisor(double deviation) {
    return deviation > 0 && isfinite(1 / deviation) ? deviation : 1;
}

static void scale_inputs(struct tp_schema *schema, double *mean, double *deviation) {
    size_t at = 0;
    for (size_t i = 0; i < schema->feature_count; i++) {
        const tp_column *column = &schema->features[i].column;
        const bool number = column->kind == TP_COLUMN_NUMBER;
        for (size_t j = 0; j < (number ? 1 : column->category_count); j++, at++) {
            mean[at] = number ? column->mean : 0;
            deviation[at] = number ? divisor(column->deviation) : 1;
        }
    }
    schema->inputs_scaled = (tp_scaling){at, mean, deviation};
}

static void set_input_scaling(struct tp_schema *schema, double *mean, double *deviation) {
    if (schema->scaling == TP_INPUT_SCALING_STANDARD) {
        scale_inputs(schema, mean, deviation);
    } else if (schema->scaling == TP_INPUT_SCALING_UNIT) {
        *mean = 0;
        *deviation = UINT8_MAX;
        schema->inputs_scaled = (tp_scaling){1, mean, deviation};
    }
}

static void set_output_scaling(struct tp_schema *schema, double *mean, double *deviation) {
    if (schema->task != TP_TASK_REGRESSION)
        return;
    for (size_t i = 0; i < schema->target_count; i++) {
        mean[i] = schema->targets[i].column.mean;
        deviation[i] = divisor(schema->targets[i].column.deviation);
    }
    schema->outputs_scaled = (tp_scaling){schema->target_count, mean, deviation};
}

tp_status tp_schema_copy(const struct tp_context *context, const char *what, const struct tp_schema *source,
                         struct tp_schema **copy) {
    const struct sizes sizes = measure(source);
    struct tp_arena arena = {0};
    struct parts parts;
    const size_t size = lay_out(&arena, source, &sizes, &parts);
    arena = (struct tp_arena){.base = tp_allocate(context, size)};
    if (!arena.base)
        return tp_fail_allocation(context, what, size);
    lay_out(&arena, source, &sizes, &parts);
    struct tp_schema *made = parts.schema;
    *made = *source;
    made->context = context;
    made->features = put_columns(&parts, parts.features, source->features, source->feature_count);
    made->targets = put_columns(&parts, parts.targets, source->targets, source->target_count);
    made->inputs = sizes.inputs;
    made->outputs = sizes.outputs;
    made->inputs_scaled = made->outputs_scaled = (tp_scaling){0};
    set_input_scaling(made, parts.scaling, parts.scaling + sizes.inputs);
    set_output_scaling(made, parts.scaling + 2 * sizes.inputs, parts.scaling + 2 * sizes.inputs + sizes.outputs);
    *copy = made;
    return TP_OK;
}

void tp_schema_release(struct tp_schema *schema) {
    if (schema)
        tp_release(schema->context, schema); /* the block begins with it */
}

bool tp_schema_has_names(const struct tp_schema *schema) {
    for (size_t i = 0; i < schema->feature_count; i++)
        if (!schema->features[i].column.name)
            return false;
    return true;
}

const char *tp_schema_misfit(const struct tp_schema *schema, const tp_model_options *options) {
    if (options->inputs != schema->inputs)
        return "inputs";
    return options->layers[options->layer_count - 1].width != schema->outputs ? "outputs" : NULL;
}

tp_task tp_schema_task(const tp_schema *schema) {
    return schema ? schema->task : TP_TASK_AUTO;
}

size_t tp_schema_feature_count(const tp_schema *schema) {
    return schema ? schema->feature_count : 0;
}

size_t tp_schema_target_count(const tp_schema *schema) {
    return schema ? schema->target_count : 0;
}

const tp_column *tp_schema_feature(const tp_schema *schema, size_t i) {
    return i < tp_schema_feature_count(schema) ? &schema->features[i].column : NULL;
}

const tp_column *tp_schema_target(const tp_schema *schema, size_t i) {
    return i < tp_schema_target_count(schema) ? &schema->targets[i].column : NULL;
}

size_t tp_schema_inputs(const tp_schema *schema) {
    return schema ? schema->inputs : 0;
}

size_t tp_schema_outputs(const tp_schema *schema) {
    return schema ? schema->outputs : 0;
}

tp_status tp_schema_apply(const tp_schema *schema, tp_model_options *options) {
    static const tp_loss losses[TP_TASK_COUNT] = {[TP_TASK_BINARY] = TP_LOSS_BCE,
                                                  [TP_TASK_MULTICLASS] = TP_LOSS_CCE,
                                                  [TP_TASK_MULTILABEL] = TP_LOSS_BCE,
                                                  [TP_TASK_REGRESSION] = TP_LOSS_MSE};
    const size_t needed = offsetof(tp_model_options, schema) + sizeof options->schema;
    if (!schema)
        return TP_ERR_ARGUMENT;
    if (!options)
        return tp_fail(schema->context, TP_ERR_ARGUMENT, "tp_schema_apply: options is NULL");
    if (options->struct_size < needed)
        return tp_fail(schema->context, TP_ERR_ARGUMENT, "tp_schema_apply: struct_size is %zu; it must be at least %zu",
                       options->struct_size, needed);
    options->schema = schema;
    options->inputs = schema->inputs;
    options->inputs_scaled = schema->inputs_scaled;
    options->outputs_scaled = schema->outputs_scaled;
    options->loss = losses[schema->task];
    return TP_OK;
}
