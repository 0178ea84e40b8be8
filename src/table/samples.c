/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/memory.h"
#include "table/plan.h"
#include "table/split.h"

#include <string.h>

/* Rows of the file that are samples: those to train on, then those held out. */
struct chosen {
    uint32_t *rows; /* NULL: all, in the order of the file */
    size_t training, held_out;
};

static bool holds_out(const tp_dataset_options *options) {
    return options->folds || options->validation_fraction > 0;
}

static uint32_t *list_kept(const struct tp_plan *plan) {
    uint32_t *kept = tp_table_take(plan->table, plan->kept, sizeof *kept);
    size_t count = 0;
    for (size_t row = 0; kept && row < plan->table->rows; row++)
        if (plan->use[row] != TP_ROW_DROPPED)
            kept[count++] = (uint32_t)row;
    return kept;
}

/* Classes for a split, whatever their numbers; NULL also without classes. */
static tp_status list_classes(const struct tp_plan *plan, int32_t **classes) {
    *classes = NULL;
    if (!tp_task_has_classes(plan->task) || !plan->target_count)
        return TP_OK;
    const uint32_t *codes = plan->table->fields[*plan->target].codes;
    *classes = tp_table_take(plan->table, plan->table->rows, sizeof **classes);
    for (size_t row = 0; *classes && row < plan->table->rows; row++)
        (*classes)[row] = codes[row] == TP_NO_WORD ? 0 : (int32_t)codes[row];
    return *classes ? TP_OK : TP_ERR_MEMORY;
}

static tp_status split_rows(const struct tp_plan *plan, const uint32_t *kept, struct chosen *chosen) {
    const tp_dataset_options *options = plan->options;
    int32_t *classes;
    const tp_status status = list_classes(plan, &classes);
    if (status)
        return status;
    if (options->folds > plan->kept)
        return tp_fail(plan->table->context, TP_ERR_ARGUMENT, "%s: folds is %zu, but there are %zu samples",
                       plan->table->path, options->folds, plan->kept);
    const struct tp_split_request request = {.samples = plan->kept,
                                             .classes = classes,
                                             .numbers = kept,
                                             .fraction = options->validation_fraction,
                                             .folds = options->folds,
                                             .fold = options->fold,
                                             .seed = options->seed,
                                             .keep_order = options->keep_order};
    tp_split_rows(&request, chosen->rows, &chosen->training);
    chosen->held_out = plan->kept - chosen->training;
    for (size_t i = 0; i < plan->kept; i++) {
        chosen->rows[i] = kept[chosen->rows[i]];
        plan->use[chosen->rows[i]] = i < chosen->training ? TP_ROW_TRAINING : TP_ROW_HELD_OUT;
    }
    return TP_OK;
}

static tp_status choose_rows(const struct tp_plan *plan, struct chosen *chosen) {
    *chosen = (struct chosen){.training = plan->kept};
    if (plan->kept == plan->table->rows && !holds_out(plan->options))
        return TP_OK;
    uint32_t *kept = list_kept(plan);
    if (!kept || !holds_out(plan->options)) {
        chosen->rows = kept;
        return kept ? TP_OK : TP_ERR_MEMORY;
    }
    chosen->rows = tp_table_take(plan->table, plan->kept, sizeof *chosen->rows);
    return chosen->rows ? split_rows(plan, kept, chosen) : TP_ERR_MEMORY;
}

static void give_rows(const struct chosen *chosen, struct tp_samples *samples) {
    samples->data.samples = chosen->training;
    samples->data.rows = chosen->rows;
    if (!chosen->held_out)
        return;
    samples->held_out = samples->data;
    samples->held_out.samples = chosen->held_out;
    samples->held_out.rows = chosen->rows + chosen->training;
}

static tp_status make_schema(const struct tp_plan *plan, struct tp_schema **made) {
    const struct tp_table *table = plan->table;
    struct tp_schema schema;
    if (plan->options->schema)
        return tp_schema_copy(table->context, table->path, plan->options->schema, made);
    const tp_status status = tp_fit_schema(plan, &schema);
    return status ? status : tp_schema_copy(table->context, table->path, &schema, made);
}

static tp_status make_plan(struct tp_plan *plan) {
    const struct tp_schema *schema = plan->options->schema;
    plan->missing = plan->options->missing;
    plan->unknown = plan->options->unknown;
    if (plan->options->schema_only || (plan->options->keep_missing && plan->missing != TP_MISSING_DROP))
        plan->missing = TP_MISSING_MEAN;
    if (schema && !plan->missing)
        plan->missing = schema->missing;
    if (schema && !plan->unknown)
        plan->unknown = schema->unknown;
    tp_status status = tp_plan_roles(plan);
    if (!status && schema)
        status = tp_match_schema(plan);
    else if (!status && plan->options->no_target)
        status = tp_match_numbers(plan);
    if (!status)
        status = tp_plan_rows(plan);
    if (status || schema || plan->options->schema_only || plan->options->no_target)
        return status;
    return tp_plan_task(plan);
}

tp_status tp_table_samples(struct tp_table *table, const tp_dataset_options *options, tp_table_store *store,
                           struct tp_samples *samples) {
    struct tp_plan plan = {.table = table, .options = options, .store = store};
    struct chosen chosen = {0};
    *samples = (struct tp_samples){0};
    tp_status status = make_plan(&plan);
    if (!status)
        status = choose_rows(&plan, &chosen);
    if (!status)
        status = make_schema(&plan, &samples->schema);
    if (!status && !options->schema_only)
        status = tp_encode(&plan, samples->schema, &samples->data);
    if (status)
        return status;
    samples->id = plan.id;
    give_rows(&chosen, samples);
    return TP_OK;
}
