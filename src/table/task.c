/* SPDX-License-Identifier: BSD-3-Clause */
/* What the targets say about the task, and whether the one that was asked for fits. */
#include "table/plan.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define FEW_NUMBERS 20 /* so many different integers are classes */

/* What is known of the targets. */
struct findings {
    bool texts, integers, zero_one; /* a target has texts; all numbers are integers, 0 or 1 */
    size_t different;               /* values of the only target; of numbers at most FEW_NUMBERS + 1 */
    double value[FEW_NUMBERS + 1];
};

static void add_number(struct findings *f, double value) {
    size_t i = 0;
    f->integers = f->integers && value == floor(value);
    f->zero_one = f->zero_one && (value == 0 || value == 1);
    while (i < f->different && f->value[i] != value)
        i++;
    if (i == f->different && i <= FEW_NUMBERS)
        f->value[f->different++] = value;
}

static tp_status count_words(const struct tp_plan *plan, const struct tp_field *field, struct findings *f) {
    bool *seen = tp_table_take(plan->table, field->word_count, sizeof *seen);
    if (!seen)
        return TP_ERR_MEMORY;
    for (size_t row = 0; row < plan->table->rows; row++)
        if (plan->use[row] != TP_ROW_DROPPED && !seen[field->codes[row]]) {
            seen[field->codes[row]] = true;
            f->different++;
        }
    return TP_OK;
}

static tp_status look_at_target(const struct tp_plan *plan, size_t i, struct findings *f) {
    const struct tp_field *field = &plan->table->fields[plan->target[i]];
    f->different = 0;
    if (field->codes) {
        f->texts = true;
        f->integers = f->zero_one = false;
        return count_words(plan, field, f);
    }
    for (size_t row = 0; row < plan->table->rows; row++)
        if (plan->use[row] != TP_ROW_DROPPED)
            add_number(f, tp_field_number(field, row));
    return TP_OK;
}

static tp_task of_classes(size_t count) {
    return count <= 2 ? TP_TASK_BINARY : TP_TASK_MULTICLASS;
}

/* TP_TASK_AUTO: none. */
static tp_task choose(const struct tp_plan *plan, const struct findings *f) {
    if (plan->target_count > 1)
        return f->texts ? TP_TASK_AUTO : f->zero_one ? TP_TASK_MULTILABEL : TP_TASK_REGRESSION;
    if (plan->table->class_numbers) {
        double largest = 1;
        for (size_t i = 0; i < f->different; i++)
            largest = fmax(largest, f->value[i]);
        return largest > 1 ? TP_TASK_MULTICLASS : TP_TASK_BINARY;
    }
    if (f->texts || (f->integers && f->different <= FEW_NUMBERS))
        return of_classes(f->different);
    return TP_TASK_REGRESSION;
}

static bool fits(const struct tp_plan *plan, const struct findings *f, tp_task task) {
    switch (task) {
    case TP_TASK_BINARY:
        return plan->target_count == 1 && f->different <= 2 && (f->texts || f->integers);
    case TP_TASK_MULTICLASS:
        return plan->target_count == 1 && (f->texts || f->integers);
    case TP_TASK_MULTILABEL:
        return f->zero_one;
    default:
        return !f->texts;
    }
}

/* "target 'species': 3 different texts", or what there is else. */
static void describe(const struct tp_plan *plan, const struct findings *f, char *text, size_t size) {
    char label[TP_LABEL_SIZE];
    const char *many = !f->texts && f->different > FEW_NUMBERS ? "more than " : "";
    const size_t shown = *many ? FEW_NUMBERS : f->different;
    if (plan->target_count > 1)
        snprintf(text, size, "%zu targets of %s", plan->target_count,
                 f->texts      ? "which some are texts"
                 : f->zero_one ? "0 and 1"
                               : "numbers");
    else
        snprintf(text, size, "target %s: %s%zu different %s",
                 tp_field_label(plan->table, *plan->target, label, sizeof label), many, shown,
                 f->texts      ? "texts"
                 : f->integers ? "integers"
                               : "numbers");
}

static tp_status settle(struct tp_plan *plan, const struct findings *f) {
    const struct tp_table *table = plan->table;
    const tp_task asked = plan->options->task, chosen = choose(plan, f);
    char what[TP_LABEL_SIZE + 64];
    describe(plan, f, what, sizeof what);
    plan->task = asked ? asked : chosen;
    if (!plan->task)
        return tp_fail(table->context, TP_ERR_FORMAT, "%s: %s; several targets must be numbers", table->path, what);
    if (asked && !fits(plan, f, asked))
        return tp_fail(table->context, TP_ERR_ARGUMENT, "%s: %s: task %s does not fit%s%s", table->path, what,
                       tp_task_name(asked), chosen ? "; the one that does is " : "",
                       chosen ? tp_task_name(chosen) : "");
    if (!asked && !table->class_numbers) /* those are what the file says itself */
        tp_note(table->context, "%s: %s: %s", table->path, what, tp_task_name(chosen));
    if (tp_task_has_classes(plan->task) && f->different == 1)
        tp_note(table->context, "%s: %s: there is nothing to tell apart", table->path, what);
    return TP_OK;
}

tp_status tp_plan_task(struct tp_plan *plan) {
    struct findings f = {.integers = true, .zero_one = true};
    tp_status status = TP_OK;
    for (size_t i = 0; !status && i < plan->target_count; i++)
        status = look_at_target(plan, i, &f);
    if (!status)
        status = settle(plan, &f);
    if (status || !tp_task_has_classes(plan->task) || plan->texts[*plan->target])
        return status;
    return plan->table->class_numbers ? tp_class_words(plan->table, *plan->target)
                                      : tp_number_words(plan->table, *plan->target);
}
