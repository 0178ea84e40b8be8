/* SPDX-License-Identifier: BSD-3-Clause */
/* Columns become inputs and targets. */
#include "core/memory.h"
#include "core/size.h"
#include "table/plan.h"

#include <math.h>
#include <string.h>

/* Rows of inputs that are written. */
struct store {
    size_t width;
    float *floats;
    double *doubles; /* exactly one is set */
};

static void put(const struct store *store, size_t row, size_t at, double value) {
    if (store->floats)
        store->floats[row * store->width + at] = (float)value;
    else
        store->doubles[row * store->width + at] = value;
}

/* Whether floats hold all numbers of these columns. */
static bool fit_floats(const struct tp_table *table, const size_t *list, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (table->fields[list[i]].numbers && table->fields[list[i]].type == TP_NUMBER_F64)
            return false;
    return true;
}

static tp_status take_block(const struct tp_plan *plan, size_t values, size_t size, void **block) {
    const struct tp_read_options options = {.memory = plan->options->memory};
    const size_t bytes = tp_size_mul(tp_max(values, 1), size);
    if (!plan->store || bytes == TP_SIZE_OVERFLOW) {
        *block = tp_table_take(plan->table, values, size);
        return *block ? TP_OK : TP_ERR_MEMORY;
    }
    const tp_status status = plan->store(plan->table, &options, bytes, block);
    if (!status)
        memset(*block, 0, bytes);
    return status;
}

static tp_status make_store(const struct tp_plan *plan, const size_t *list, size_t count, size_t width,
                            struct store *store) {
    const bool floats = fit_floats(plan->table, list, count);
    void *block = NULL;
    const tp_status status = take_block(plan, tp_size_mul(plan->table->rows, width),
                                        floats ? sizeof *store->floats : sizeof *store->doubles, &block);
    *store = (struct store){width, floats ? block : NULL, floats ? NULL : block};
    return status;
}

/* Some rows of a span go where its columns begin; means, if there are columns, take the place of gaps. */
static void put_rows(const struct tp_span *span, const double *numbers, const struct tp_schema_column *columns,
                     const struct store *store, size_t row, size_t rows, size_t at) {
    for (size_t i = 0; i < rows; i++, numbers += span->count)
        for (size_t j = 0; j < span->count; j++)
            put(store, row + i, at + j,
                columns && isnan(numbers[j]) ? columns[span->first + j].column.mean : numbers[j]);
}

static tp_status put_numbers(const struct tp_plan *plan, const struct tp_span *span,
                             const struct tp_schema_column *columns, const struct store *store, size_t at) {
    const size_t most = tp_block_rows(span);
    double *numbers = tp_table_take(plan->table, most * span->count, sizeof *numbers);
    if (!numbers)
        return TP_ERR_MEMORY;
    for (size_t row = 0; row < plan->table->rows; row += most) {
        const size_t n = tp_min(most, plan->table->rows - row);
        tp_span_load(span, row, n, numbers);
        put_rows(span, numbers, columns, store, row, n, at);
    }
    return TP_OK;
}

static tp_status fail_unknown(const struct tp_plan *plan, size_t field, size_t row, const char *help) {
    char label[TP_LABEL_SIZE];
    const struct tp_field *f = &plan->table->fields[field];
    return tp_fail(plan->table->context, TP_ERR_FORMAT, "%s: %s, column %s: '%s' %s", plan->table->path,
                   tp_row_label(plan->table, row).text, tp_field_label(plan->table, field, label, sizeof label),
                   f->words[f->codes[row]], help);
}

static void put_gap(const struct store *store, size_t row, size_t at, size_t count) {
    for (size_t i = 0; i < count; i++)
        put(store, row, at + i, (double)NAN);
}

static tp_status put_categories(const struct tp_plan *plan, size_t index, const tp_column *column,
                                const struct store *store, size_t at) {
    const struct tp_field *field = &plan->table->fields[index];
    uint32_t *map;
    const tp_status status = tp_map_words(plan->table, field, column, &map);
    if (status)
        return status;
    for (size_t row = 0; row < plan->table->rows; row++) {
        if (field->codes[row] == TP_NO_WORD && plan->options->keep_missing)
            put_gap(store, row, at, column->category_count);
        if (field->codes[row] == TP_NO_WORD || plan->use[row] == TP_ROW_DROPPED)
            continue;
        const uint32_t category = map[field->codes[row]];
        if (category != TP_NO_WORD)
            put(store, row, at + category, 1);
        else if (plan->unknown == TP_UNKNOWN_ERROR)
            return fail_unknown(plan, index, row,
                                "is a category that the training rows do not have; the option 'unknown' can be ignore");
    }
    return TP_OK;
}

static tp_status fill_store(const struct tp_plan *plan, const struct tp_schema *schema, const struct store *store) {
    const struct tp_schema_column *means = plan->options->keep_missing ? NULL : schema->features;
    tp_status status = TP_OK;
    size_t at = 0;
    for (size_t i = 0; !status && i < plan->feature_count;) {
        const struct tp_span span = tp_span_at(plan->table, plan->feature, plan->feature_count, i);
        const tp_column *column = &schema->features[i].column;
        status = span.numbers ? put_numbers(plan, &span, means, store, at)
                              : put_categories(plan, plan->feature[i], column, store, at);
        at += span.numbers ? span.count : column->category_count;
        i += span.count;
    }
    return status;
}

/* Whether samples can be taken from where they are. */
static bool is_matrix(const struct tp_plan *plan, const size_t *list, size_t count, struct tp_span *span) {
    *span = tp_span_at(plan->table, list, count, 0);
    return span->numbers && span->count == count;
}

static tp_status encode_inputs(const struct tp_plan *plan, const struct tp_schema *schema, tp_data *data) {
    struct tp_span span;
    struct store store;
    data->samples = plan->table->rows;
    data->features = schema->inputs;
    if ((!plan->gaps || plan->options->keep_missing) && is_matrix(plan, plan->feature, plan->feature_count, &span)) {
        data->bytes = span.type == TP_NUMBER_U8 ? span.numbers : NULL;
        data->floats = span.type == TP_NUMBER_F32 ? span.numbers : NULL;
        data->doubles = span.type == TP_NUMBER_F64 ? span.numbers : NULL;
        data->sample_stride = span.stride;
        data->value_stride = span.step;
        return TP_OK;
    }
    const tp_status status = make_store(plan, plan->feature, plan->feature_count, schema->inputs, &store);
    data->floats = store.floats;
    data->doubles = store.doubles;
    data->sample_stride = schema->inputs;
    data->value_stride = 1;
    return status ? status : fill_store(plan, schema, &store);
}

/* ---- targets ---- */

tp_status tp_encode_classes(const struct tp_plan *plan, const tp_column *column, int32_t **classes) {
    const struct tp_field *field = &plan->table->fields[*plan->target];
    uint32_t *map;
    tp_status status = tp_map_words(plan->table, field, column, &map);
    if (status)
        return status;
    *classes = tp_table_take(plan->table, plan->table->rows, sizeof **classes);
    if (!*classes)
        return TP_ERR_MEMORY;
    for (size_t row = 0; row < plan->table->rows; row++) {
        if (plan->use[row] == TP_ROW_DROPPED)
            continue;
        const uint32_t class = map[field->codes[row]];
        if (class == TP_NO_WORD)
            return fail_unknown(plan, *plan->target, row, "is none of the classes of the model");
        (*classes)[row] = (int32_t) class;
    }
    return TP_OK;
}

static tp_status encode_values(const struct tp_plan *plan, const struct tp_schema *schema, tp_data *data) {
    struct tp_span span;
    struct store store;
    data->outputs = plan->target_count;
    if (is_matrix(plan, plan->target, plan->target_count, &span) && span.type != TP_NUMBER_U8) {
        data->values = span.type == TP_NUMBER_F32 ? span.numbers : NULL;
        data->double_values = span.type == TP_NUMBER_F64 ? span.numbers : NULL;
        data->target_sample_stride = span.stride;
        data->target_stride = span.step;
        return TP_OK;
    }
    tp_status status = make_store(plan, plan->target, plan->target_count, plan->target_count, &store);
    data->values = store.floats;
    data->double_values = store.doubles;
    for (size_t i = 0; !status && i < plan->target_count; i += span.count) {
        span = tp_span_at(plan->table, plan->target, plan->target_count, i);
        status = put_numbers(plan, &span, schema->targets, &store, i);
    }
    return status;
}

static tp_status encode_targets(const struct tp_plan *plan, const struct tp_schema *schema, tp_data *data) {
    int32_t *classes = NULL;
    if (!plan->target_count)
        return TP_OK;
    if (!tp_task_has_classes(schema->task))
        return encode_values(plan, schema, data);
    const tp_status status = tp_encode_classes(plan, &schema->targets->column, &classes);
    data->classes = classes;
    data->outputs = schema->targets->column.category_count;
    return status;
}

static tp_status encode_weights(const struct tp_plan *plan, tp_data *data) {
    if (plan->weight == TP_NO_FIELD)
        return TP_OK;
    float *weights = tp_table_take(plan->table, plan->table->rows, sizeof *weights);
    for (size_t row = 0; weights && row < plan->table->rows; row++)
        weights[row] = (float)tp_field_number(&plan->table->fields[plan->weight], row);
    data->weights = weights;
    return weights ? TP_OK : TP_ERR_MEMORY;
}

tp_status tp_encode(const struct tp_plan *plan, const struct tp_schema *schema, tp_data *data) {
    *data = (tp_data){.struct_size = sizeof *data};
    tp_status status = encode_inputs(plan, schema, data);
    if (!status)
        status = encode_targets(plan, schema, data);
    return status ? status : encode_weights(plan, data);
}
