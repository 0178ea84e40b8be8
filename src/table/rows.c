/* SPDX-License-Identifier: BSD-3-Clause */
/* Which rows are used: missing and infinite values, weights. */
#include "core/memory.h"
#include "core/size.h"
#include "table/plan.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define NAMED_ROWS 5 /* so many are in a message */

/* The first rows that cannot be used, and how many there are. */
struct problems {
    size_t rows, row[NAMED_ROWS], field[NAMED_ROWS];
};

static void note_problem(struct problems *problems, size_t row, size_t field) {
    if (problems->rows < NAMED_ROWS) {
        problems->row[problems->rows] = row;
        problems->field[problems->rows] = field;
    }
    problems->rows++;
}

static tp_status fail_missing(const struct tp_plan *plan, const struct problems *problems, const char *help) {
    char text[512];
    size_t used = 0;
    for (size_t i = 0; i < tp_min(problems->rows, NAMED_ROWS) && used < sizeof text; i++) {
        char label[64];
        const int n = snprintf(text + used, sizeof text - used, "%s%s (%s)", i ? ", " : "",
                               tp_row_label(plan->table, problems->row[i]).text,
                               tp_field_label(plan->table, problems->field[i], label, sizeof label));
        used += n < 0 ? 0 : (size_t)n;
    }
    return tp_fail(plan->table->context, TP_ERR_FORMAT, "%s: %zu row%s with missing values: %s%s%s", plan->table->path,
                   problems->rows, problems->rows == 1 ? "" : "s", text, problems->rows > NAMED_ROWS ? ", ..." : "",
                   help);
}

static tp_status fail_infinite(const struct tp_plan *plan, size_t field, size_t row) {
    char label[TP_LABEL_SIZE];
    return tp_fail(plan->table->context, TP_ERR_FORMAT, "%s: %s, column %s: the number is infinite", plan->table->path,
                   tp_row_label(plan->table, row).text, tp_field_label(plan->table, field, label, sizeof label));
}

/* A scan of the columns of a list. */
struct scan {
    const size_t *list;
    size_t count;
    size_t *first; /* for each row the first field without a value, or TP_NO_FIELD */
};

static void mark_missing(const struct scan *scan, size_t row, size_t field) {
    if (scan->first[row] > field)
        scan->first[row] = field;
}

static tp_status look_at_row(const struct tp_plan *plan, const struct scan *scan, const struct tp_span *span,
                             const double *numbers, size_t row) {
    for (size_t j = 0; j < span->count; j++) {
        const size_t field = scan->list[span->first + j];
        if (isinf(numbers[j]))
            return fail_infinite(plan, field, row);
        if (isnan(numbers[j]))
            mark_missing(scan, row, field);
    }
    return TP_OK;
}

/* Finite numbers less themselves are 0. */
static bool all_finite(const double *numbers, size_t count) {
    double sum = 0;
    for (size_t j = 0; j < count; j++)
        sum = sum + (numbers[j] - numbers[j]);
    return sum == 0;
}

static tp_status scan_numbers(const struct tp_plan *plan, const struct scan *scan, const struct tp_span *span,
                              double *numbers) {
    const size_t most = tp_block_rows(span);
    tp_status status = TP_OK;
    for (size_t row = 0; !status && row < plan->table->rows; row += most) {
        const size_t n = tp_min(most, plan->table->rows - row);
        tp_span_load(span, row, n, numbers);
        if (all_finite(numbers, n * span->count))
            continue;
        for (size_t i = 0; !status && i < n; i++)
            status = look_at_row(plan, scan, span, numbers + i * span->count, row + i);
    }
    return status;
}

static void scan_words(const struct tp_plan *plan, const struct scan *scan, size_t field) {
    for (size_t row = 0; row < plan->table->rows; row++)
        if (plan->table->fields[field].codes[row] == TP_NO_WORD)
            mark_missing(scan, row, field);
}

static tp_status scan_span(const struct tp_plan *plan, const struct scan *scan, const struct tp_span *span) {
    if (!span->numbers)
        scan_words(plan, scan, scan->list[span->first]);
    if (!span->numbers || span->type == TP_NUMBER_U8)
        return TP_OK;
    double *numbers = tp_table_take(plan->table, tp_block_rows(span) * span->count, sizeof *numbers);
    return numbers ? scan_numbers(plan, scan, span, numbers) : TP_ERR_MEMORY;
}

static tp_status scan_list(const struct tp_plan *plan, const size_t *list, size_t count, size_t **first) {
    const size_t size = tp_size_mul(plan->table->rows, sizeof **first);
    *first = tp_table_allocate(plan->table, size);
    if (!*first)
        return tp_fail_allocation(plan->table->context, plan->table->path, size);
    memset(*first, 0xff, size);
    const struct scan scan = {list, count, *first};
    tp_status status = TP_OK;
    for (size_t i = 0; !status && i < count;) {
        const struct tp_span span = tp_span_at(plan->table, list, count, i);
        status = scan_span(plan, &scan, &span);
        i += span.count;
    }
    return status;
}

/* Rows with a gap are dropped if that is asked for, else they are problems if they may not be there. */
static void use_rows(struct tp_plan *plan, const size_t *first, bool allowed, struct problems *problems) {
    for (size_t row = 0; row < plan->table->rows; row++) {
        if (first[row] == TP_NO_FIELD || plan->use[row] == TP_ROW_DROPPED)
            continue;
        if (plan->missing == TP_MISSING_DROP)
            plan->use[row] = TP_ROW_DROPPED;
        else if (!allowed)
            note_problem(problems, row, first[row]);
        else
            plan->gaps = true;
    }
}

static tp_status use_features(struct tp_plan *plan) {
    size_t *first;
    struct problems problems = {0};
    const tp_status status = scan_list(plan, plan->feature, plan->feature_count, &first);
    if (status)
        return status;
    use_rows(plan, first, plan->missing == TP_MISSING_MEAN, &problems);
    const bool has_means = plan->options->schema || !plan->options->no_target;
    const char *help = has_means ? "; the option 'missing' can be mean or drop" : "; the option 'missing' can be drop";
    return problems.rows ? fail_missing(plan, &problems, help) : TP_OK;
}

static tp_status use_needed(struct tp_plan *plan, const size_t *list, size_t count, const char *help) {
    size_t *first;
    struct problems problems = {0};
    const tp_status status = count ? scan_list(plan, list, count, &first) : TP_OK;
    if (status || !count)
        return status;
    use_rows(plan, first, false, &problems);
    return problems.rows ? fail_missing(plan, &problems, help) : TP_OK;
}

static tp_status check_weights(const struct tp_plan *plan) {
    if (plan->weight == TP_NO_FIELD)
        return TP_OK;
    for (size_t row = 0; row < plan->table->rows; row++) {
        const double weight = tp_field_number(&plan->table->fields[plan->weight], row);
        if (plan->use[row] != TP_ROW_DROPPED && !(weight >= 0 && isfinite((float)weight)))
            return tp_fail(plan->table->context, TP_ERR_FORMAT, "%s: %s: weight %g; it must be finite and at least 0",
                           plan->table->path, tp_row_label(plan->table, row).text, weight);
    }
    return TP_OK;
}

static tp_status count_rows(struct tp_plan *plan) {
    const struct tp_table *table = plan->table;
    for (size_t row = 0; row < table->rows; row++)
        plan->kept += plan->use[row] != TP_ROW_DROPPED;
    if (!plan->kept)
        return tp_fail(table->context, TP_ERR_FORMAT, "%s: %s", table->path,
                       table->rows ? "every row has missing values" : "has no rows");
    if (plan->kept < table->rows)
        tp_note(table->context, "%s: %zu of %zu rows have missing values and are left out", table->path,
                table->rows - plan->kept, table->rows);
    return TP_OK;
}

tp_status tp_plan_rows(struct tp_plan *plan) {
    const struct tp_table *table = plan->table;
    if (table->rows > UINT32_MAX)
        return tp_fail(table->context, TP_ERR_UNSUPPORTED, "%s: has %zu rows; at most %lu can be samples", table->path,
                       table->rows, (unsigned long)UINT32_MAX);
    plan->use = tp_table_take(plan->table, table->rows, 1);
    if (!plan->use)
        return TP_ERR_MEMORY;
    memset(plan->use, TP_ROW_TRAINING, table->rows);
    tp_status status = use_needed(plan, plan->target, plan->target_count, "; a row needs its target");
    if (!status)
        status = use_needed(plan, &plan->weight, plan->weight != TP_NO_FIELD, "; a row needs its weight");
    if (!status)
        status = use_features(plan);
    if (!status)
        status = check_weights(plan);
    return status ? status : count_rows(plan);
}
