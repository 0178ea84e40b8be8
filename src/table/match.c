/* SPDX-License-Identifier: BSD-3-Clause */
/* Columns of a table for a schema that a model has. */
#include "core/memory.h"
#include "core/size.h"
#include "table/plan.h"

#include <stdlib.h>
#include <string.h>

static const struct tp_schema_column *find_column(const struct tp_schema_column *columns, size_t count,
                                                  const char *name) {
    for (size_t i = 0; i < count; i++)
        if (columns[i].column.name && !strcmp(columns[i].column.name, name))
            return &columns[i];
    return NULL;
}

static enum tp_field_kind kind_of(const struct tp_schema_column *column) {
    return column->column.kind == TP_COLUMN_CATEGORY && column->texts ? TP_FIELD_TEXT : TP_FIELD_NUMBER;
}

enum tp_field_kind tp_schema_hint(const struct tp_schema *schema, bool no_target, const char *name) {
    if (!name || !tp_schema_has_names(schema))
        return TP_FIELD_ANY;
    const struct tp_schema_column *column = find_column(schema->features, schema->feature_count, name);
    if (column)
        return kind_of(column);
    column = find_column(schema->targets, schema->target_count, name);
    return column && !no_target ? kind_of(column) : TP_FIELD_SKIP;
}

/* ---- fields by name ---- */

struct named {
    const char *name;
    size_t field;
};

static int by_name(const void *a, const void *b) {
    return strcmp(((const struct named *)a)->name, ((const struct named *)b)->name);
}

/* Fields sorted by their names, which all have. */
static struct named *sort_fields(struct tp_table *table) {
    struct named *sorted = tp_table_take(table, table->count, sizeof *sorted);
    for (size_t i = 0; sorted && i < table->count; i++)
        sorted[i] = (struct named){table->fields[i].name, i};
    if (sorted)
        qsort(sorted, table->count, sizeof *sorted, by_name);
    return sorted;
}

static tp_status look_up(const struct tp_table *table, const struct named *sorted, const char *name, size_t *field) {
    const struct named wanted = {name, 0};
    const struct named *found = bsearch(&wanted, sorted, table->count, sizeof *sorted, by_name);
    *field = found ? found->field : TP_NO_FIELD;
    if (!found || ((found == sorted || strcmp(found[-1].name, name) != 0) &&
                   (found + 1 == sorted + table->count || strcmp(found[1].name, name) != 0)))
        return TP_OK;
    return tp_find_name(table, name, field); /* says which two */
}

static tp_status fail_absent(const struct tp_table *table, const char *what, const char *name) {
    return tp_fail(table->context, TP_ERR_FORMAT, "%s: has no column '%s', a %s of the model", table->path, name, what);
}

static tp_status find_features(struct tp_plan *plan, const struct tp_schema *schema, const struct named *sorted) {
    tp_status status = TP_OK;
    for (size_t i = 0; !status && i < schema->feature_count; i++) {
        const char *name = schema->features[i].column.name;
        status = look_up(plan->table, sorted, name, &plan->feature[i]);
        if (!status && plan->feature[i] == TP_NO_FIELD)
            status = fail_absent(plan->table, "feature", name);
    }
    return status;
}

/* All targets or none. */
static tp_status find_targets(struct tp_plan *plan, const struct tp_schema *schema, const struct named *sorted) {
    const char *absent = NULL;
    size_t found = 0;
    for (size_t i = 0; i < schema->target_count; i++) {
        const char *name = schema->targets[i].column.name;
        plan->target[i] = TP_NO_FIELD;
        const tp_status status = name ? look_up(plan->table, sorted, name, &plan->target[i]) : TP_OK;
        if (status)
            return status;
        if (plan->target[i] == TP_NO_FIELD)
            absent = name ? name : "";
        else
            found++;
    }
    plan->target_count = absent ? 0 : schema->target_count;
    return absent && found ? fail_absent(plan->table, "target", absent) : TP_OK;
}

static tp_status match_names(struct tp_plan *plan, const struct tp_schema *schema) {
    const struct named *sorted = sort_fields(plan->table);
    tp_status status = sorted ? find_features(plan, schema, sorted) : TP_ERR_MEMORY;
    if (!status && !plan->options->no_target)
        status = find_targets(plan, schema, sorted);
    return status;
}

/* ---- fields by number ---- */

/* Whether the column of an id or of weights is one of these. */
static bool is_taken(const struct tp_plan *plan, const struct tp_schema_column *columns, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (columns[i].index == plan->id || columns[i].index == plan->weight)
            return true;
    return false;
}

/* As many columns as in training, each of which is where it was; an id or weights may be others. */
static bool is_laid_out(const struct tp_plan *plan, const struct tp_schema *schema) {
    return plan->table->count - plan->table->others == schema->columns &&
           !is_taken(plan, schema->features, schema->feature_count) &&
           !is_taken(plan, schema->targets, schema->target_count);
}

/* The columns of training, or its features alone. */
static tp_status match_numbers(struct tp_plan *plan, const struct tp_schema *schema) {
    const struct tp_table *table = plan->table;
    const size_t others = (plan->weight != TP_NO_FIELD ? 1U : 0U) + (plan->id != TP_NO_FIELD ? 1U : 0U);
    const bool all = is_laid_out(plan, schema);
    size_t next = 0;
    if (!all && table->count - tp_min(table->count, others) != schema->feature_count)
        return tp_fail(table->context, TP_ERR_FORMAT,
                       "%s: has %zu columns; without names there must be %zu as in training, or the %zu features",
                       table->path, table->count, schema->columns, schema->feature_count);
    for (size_t i = 0; i < schema->feature_count; i++) {
        while (next == plan->weight || next == plan->id)
            next++;
        plan->feature[i] = all ? schema->features[i].index : next++;
    }
    for (size_t i = 0; i < schema->target_count; i++)
        plan->target[i] = schema->targets[i].index;
    plan->target_count = all && !plan->options->no_target ? schema->target_count : 0;
    return TP_OK;
}

/* ---- kinds ---- */

static tp_status fail_text(const struct tp_table *table, size_t index) {
    const struct tp_field *field = &table->fields[index];
    char label[TP_LABEL_SIZE];
    size_t row = 0;
    while (row + 1 < table->rows && field->codes[row] == TP_NO_WORD)
        row++;
    return tp_fail(table->context, TP_ERR_FORMAT, "%s: %s, column %s: '%s' is not a number", table->path,
                   tp_row_label(table, row).text, tp_field_label(table, index, label, sizeof label),
                   field->codes[row] == TP_NO_WORD ? "" : field->words[field->codes[row]]);
}

/* A column without any value may have been read as texts. */
static tp_status become_numbers(struct tp_table *table, size_t index) {
    struct tp_field *field = &table->fields[index];
    if (field->word_count)
        return fail_text(table, index);
    double *numbers = tp_table_take(table, table->rows, sizeof *numbers);
    for (size_t row = 0; numbers && row < table->rows; row++)
        numbers[row] = (double)__builtin_nanf("");
    *field = (struct tp_field){.name = field->name, .numbers = numbers, .type = TP_NUMBER_F64, .stride = 1};
    return numbers ? TP_OK : TP_ERR_MEMORY;
}

static tp_status check_kinds(struct tp_table *table, const struct tp_schema_column *columns, const size_t *list,
                             size_t count) {
    tp_status status = TP_OK;
    for (size_t i = 0; !status && i < count; i++) {
        const bool numbers = table->fields[list[i]].numbers != NULL;
        if (columns[i].column.kind == TP_COLUMN_NUMBER)
            status = numbers ? TP_OK : become_numbers(table, list[i]);
        else
            status = numbers ? tp_number_words(table, list[i]) : TP_OK;
    }
    return status;
}

tp_status tp_match_numbers(struct tp_plan *plan) {
    tp_status status = TP_OK;
    for (size_t i = 0; !status && i < plan->feature_count; i++)
        if (!plan->table->fields[plan->feature[i]].numbers)
            status = become_numbers(plan->table, plan->feature[i]);
    return status;
}

tp_status tp_match_schema(struct tp_plan *plan) {
    const struct tp_schema *schema = plan->options->schema;
    struct tp_table *table = plan->table;
    bool named = tp_schema_has_names(schema);
    for (size_t i = 0; named && i < table->count; i++)
        named = table->fields[i].name != NULL;
    plan->task = schema->task;
    plan->feature_count = schema->feature_count;
    plan->feature = tp_table_take(table, schema->feature_count, sizeof *plan->feature);
    plan->target = plan->feature ? tp_table_take(table, schema->target_count, sizeof *plan->target) : NULL;
    if (!plan->target)
        return TP_ERR_MEMORY;
    tp_status status = named ? match_names(plan, schema) : match_numbers(plan, schema);
    if (!status)
        status = check_kinds(table, schema->features, plan->feature, plan->feature_count);
    return status ? status : check_kinds(table, schema->targets, plan->target, plan->target_count);
}
