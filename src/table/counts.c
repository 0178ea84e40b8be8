/* SPDX-License-Identifier: BSD-3-Clause */
/* How often values occur: what a person looks at, not training. */
#include "core/memory.h"
#include "core/size.h"
#include "table/plan.h"

#include <math.h>

size_t tp_counts_of(const tp_column *column) {
    return column->kind == TP_COLUMN_CATEGORY ? column->category_count : TP_COLUMN_BINS;
}

/* Halves of the differences, which do not overflow. */
static size_t bin_of(const tp_column *column, double value) {
    const double width = column->maximum / 2 - column->minimum / 2;
    const double part = width > 0 ? (value / 2 - column->minimum / 2) / width : 0;
    return tp_min((size_t)(part * TP_COLUMN_BINS), TP_COLUMN_BINS - 1);
}

static void count_numbers(const struct tp_table *table, const struct tp_field *field, const tp_column *column,
                          uint64_t *counts) {
    for (size_t row = 0; row < table->rows; row++) {
        const double value = tp_field_number(field, row);
        if (!isnan(value))
            counts[bin_of(column, value)]++;
    }
}

static tp_status count_words(struct tp_table *table, const struct tp_field *field, const tp_column *column,
                             uint64_t *counts) {
    uint32_t *map;
    const tp_status status = tp_map_words(table, field, column, &map);
    for (size_t row = 0; !status && row < table->rows; row++)
        if (field->codes[row] != TP_NO_WORD)
            counts[map[field->codes[row]]]++;
    return status;
}

tp_status tp_count_columns(const struct tp_plan *plan, struct tp_schema *schema) {
    tp_status status = TP_OK;
    for (size_t i = 0; !status && i < schema->feature_count; i++) {
        tp_column *column = &schema->features[i].column;
        const struct tp_field *field = &plan->table->fields[plan->feature[i]];
        uint64_t *counts = tp_table_take(plan->table, tp_counts_of(column), sizeof *counts);
        if (!counts)
            return TP_ERR_MEMORY;
        if (field->numbers)
            count_numbers(plan->table, field, column, counts);
        else
            status = count_words(plan->table, field, column, counts);
        column->counts = counts;
    }
    return status;
}
