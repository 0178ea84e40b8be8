/* SPDX-License-Identifier: BSD-3-Clause */
/* Statistics and categories of the training rows, in the order of the file. */
#include "core/memory.h"
#include "core/size.h"
#include "table/plan.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Of fewer rows it says nothing that all texts differ. */
#define FEW_ROWS 20

/* Running moments of columns beside each other: Welford 1962. They are exact for a constant column. */
struct moments {
    double *mean, *squares, *minimum, *maximum; /* squares: of the distances from the mean, summed up */
    double *count;                              /* values that are not missing */
    double *numbers;                            /* of a block */
};

static tp_status take_moments(struct tp_table *table, const struct tp_span *span, struct moments *m) {
    double **const arrays[] = {&m->mean, &m->squares, &m->minimum, &m->maximum, &m->count};
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++) {
        *arrays[i] = tp_table_take(table, span->count, sizeof(double));
        if (!*arrays[i])
            return TP_ERR_MEMORY;
    }
    m->numbers = tp_table_take(table, tp_block_rows(span) * span->count, sizeof(double));
    for (size_t j = 0; m->numbers && j < span->count; j++) {
        m->minimum[j] = (double)INFINITY;
        m->maximum[j] = (double)-INFINITY;
    }
    return m->numbers ? TP_OK : TP_ERR_MEMORY;
}

/* A row without gaps; part is 1 / (number of rows so far). */
static void add_row(const struct moments *m, size_t count, const double *x, double part) {
    for (size_t j = 0; j < count; j++) {
        const double before = x[j] - m->mean[j];
        m->mean[j] += before * part;
        m->squares[j] += before * (x[j] - m->mean[j]);
        m->minimum[j] = x[j] < m->minimum[j] ? x[j] : m->minimum[j];
        m->maximum[j] = x[j] > m->maximum[j] ? x[j] : m->maximum[j];
        m->count[j] += 1;
    }
}

static void add_row_with_gaps(const struct moments *m, size_t count, const double *x) {
    for (size_t j = 0; j < count; j++) {
        const struct moments column = {m->mean + j, m->squares + j, m->minimum + j, m->maximum + j, m->count + j, NULL};
        if (!isnan(x[j]))
            add_row(&column, 1, x + j, 1 / (m->count[j] + 1));
    }
}

static void add_rows(const struct tp_plan *plan, const struct tp_span *span, const struct moments *m) {
    const size_t most = tp_block_rows(span);
    double rows = 0;
    for (size_t row = 0; row < plan->table->rows; row += most) {
        const size_t n = tp_min(most, plan->table->rows - row);
        tp_span_load(span, row, n, m->numbers);
        for (size_t i = 0; i < n; i++) {
            const double *x = m->numbers + i * span->count;
            if (plan->use[row + i] != TP_ROW_TRAINING)
                continue;
            if (plan->gaps)
                add_row_with_gaps(m, span->count, x);
            else
                add_row(m, span->count, x, 1 / ++rows);
        }
    }
}

static tp_status fail_statistics(const struct tp_plan *plan, size_t field, const char *problem) {
    char label[TP_LABEL_SIZE];
    return tp_fail(plan->table->context, TP_ERR_FORMAT, "%s: column %s: %s", plan->table->path,
                   tp_field_label(plan->table, field, label, sizeof label), problem);
}

/* Which cannot be an input, but can be looked at. */
static tp_status no_value(const struct tp_plan *plan, size_t field) {
    return plan->options->schema_only ? TP_OK : fail_statistics(plan, field, "has no value in the training rows");
}

static size_t training_rows(const struct tp_plan *plan) {
    size_t rows = 0;
    for (size_t i = 0; i < plan->table->rows; i++)
        rows += plan->use[i] == TP_ROW_TRAINING;
    return rows;
}

static tp_status set_number(const struct tp_plan *plan, size_t field, const struct moments *m, size_t j, size_t rows,
                            tp_column *column) {
    column->kind = TP_COLUMN_NUMBER;
    column->missing = rows - (uint64_t)m->count[j];
    column->mean = column->deviation = column->minimum = column->maximum = (double)NAN;
    if (!(m->count[j] > 0))
        return no_value(plan, field);
    column->mean = m->mean[j];
    column->deviation = sqrt(m->squares[j] / m->count[j]);
    column->minimum = m->minimum[j];
    column->maximum = m->maximum[j];
    if (!isfinite(column->mean) || !isfinite(column->deviation))
        return fail_statistics(plan, field, "has numbers that are too large for a mean and a deviation");
    if (plan->table->fields[field].one_hot && !plan->options->schema_only) {
        column->mean = 0; /* as of a category: a missing value is none of them, and scaling changes nothing */
        column->deviation = 1;
    }
    return TP_OK;
}

static tp_status fit_numbers(const struct tp_plan *plan, const size_t *list, const struct tp_span *span, size_t rows,
                             struct tp_schema_column *columns) {
    struct moments m;
    tp_status status = take_moments(plan->table, span, &m);
    if (status)
        return status;
    add_rows(plan, span, &m);
    for (size_t j = 0; !status && j < span->count; j++)
        status = set_number(plan, list[span->first + j], &m, j, rows, &columns[span->first + j].column);
    return status;
}

/* ---- categories ---- */

static int by_bytes(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Marks the words of training rows; of targets those of held-out rows as well, so that every class is known. */
static uint64_t mark_words(const struct tp_plan *plan, const struct tp_field *field, bool target, bool *seen) {
    uint64_t missing = 0;
    for (size_t row = 0; row < plan->table->rows; row++) {
        const bool training = plan->use[row] == TP_ROW_TRAINING;
        missing += training && field->codes[row] == TP_NO_WORD;
        if (field->codes[row] != TP_NO_WORD && (training || (target && plan->use[row] != TP_ROW_DROPPED)))
            seen[field->codes[row]] = true;
    }
    return missing;
}

static void list_words(const struct tp_field *field, const bool *seen, const char **names, tp_column *column) {
    for (size_t i = 0; i < field->word_count; i++)
        if (seen[i])
            names[column->category_count++] = field->words[i];
    column->categories = names;
}

/* Names of rows say nothing of other rows. */
static void note_all_differ(const struct tp_plan *plan, size_t field, size_t rows) {
    char label[TP_LABEL_SIZE];
    if (!plan->options->schema_only)
        tp_note(plan->table->context,
                "%s: column %s: the texts of all %zu training rows differ; is it no feature, but an id?",
                plan->table->path, tp_field_label(plan->table, field, label, sizeof label), rows);
}

static tp_status fit_words(const struct tp_plan *plan, size_t index, bool target, size_t rows,
                           struct tp_schema_column *made) {
    const struct tp_field *field = &plan->table->fields[index];
    tp_column *column = &made->column;
    bool *seen = tp_table_take(plan->table, field->word_count, sizeof *seen);
    const char **names = seen ? tp_table_take(plan->table, field->word_count, sizeof *names) : NULL;
    if (!names)
        return TP_ERR_MEMORY;
    column->kind = TP_COLUMN_CATEGORY;
    column->mean = column->deviation = column->minimum = column->maximum = (double)NAN;
    column->missing = mark_words(plan, field, target, seen);
    if (target && plan->table->class_numbers)
        memset(seen, true, field->word_count);
    list_words(field, seen, names, column);
    if (made->texts)
        qsort(names, column->category_count, sizeof *names, by_bytes);
    if (!target && column->category_count >= FEW_ROWS && column->category_count == rows - column->missing)
        note_all_differ(plan, index, rows);
    return column->category_count ? TP_OK : no_value(plan, index);
}

static tp_status fit_columns(const struct tp_plan *plan, const size_t *list, size_t count, bool target,
                             struct tp_schema_column **made) {
    struct tp_schema_column *columns = tp_table_take(plan->table, count, sizeof *columns);
    const size_t rows = training_rows(plan);
    if (!columns)
        return TP_ERR_MEMORY;
    for (size_t i = 0; i < count; i++) {
        columns[i].column.name = plan->table->fields[list[i]].name;
        columns[i].index = list[i];
        columns[i].texts = plan->texts[list[i]];
    }
    tp_status status = TP_OK;
    for (size_t i = 0; !status && i < count;) {
        const struct tp_span span = tp_span_at(plan->table, list, count, i);
        status = span.numbers ? fit_numbers(plan, list, &span, rows, columns)
                              : fit_words(plan, list[i], target, rows, &columns[i]);
        i += span.count;
    }
    *made = columns;
    return status;
}

/* ---- scaling ---- */

static bool all_bytes(const struct tp_plan *plan) {
    for (size_t i = 0; i < plan->feature_count; i++) {
        const struct tp_field *field = &plan->table->fields[plan->feature[i]];
        if (!field->numbers || field->type != TP_NUMBER_U8)
            return false;
    }
    return true;
}

static tp_input_scaling choose_scaling(const struct tp_plan *plan) {
    const tp_input_scaling asked = plan->options->scaling;
    if (asked == TP_INPUT_SCALING_AUTO)
        return plan->table->rank > 2 && all_bytes(plan) ? TP_INPUT_SCALING_UNIT : TP_INPUT_SCALING_STANDARD;
    return asked == TP_INPUT_SCALING_UNIT && !all_bytes(plan) ? TP_INPUT_SCALING_NONE : asked;
}

tp_status tp_fit_schema(const struct tp_plan *plan, struct tp_schema *schema) {
    *schema = (struct tp_schema){.task = plan->task,
                                 .missing = plan->missing,
                                 .unknown = plan->unknown,
                                 .scaling = choose_scaling(plan),
                                 .columns = plan->table->count - plan->table->others,
                                 .feature_count = plan->feature_count,
                                 .target_count = plan->target_count};
    const tp_status status = fit_columns(plan, plan->feature, plan->feature_count, false, &schema->features);
    if (!status && plan->options->schema_only)
        return tp_count_columns(plan, schema);
    return status ? status : fit_columns(plan, plan->target, plan->target_count, true, &schema->targets);
}
