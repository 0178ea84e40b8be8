/* SPDX-License-Identifier: BSD-3-Clause */
/* What the columns of a table are, in one block of a context's memory. */
#ifndef TP_TABLE_SCHEMA_H
#define TP_TABLE_SCHEMA_H

#include "core/context.h"

struct tp_schema_column {
    tp_column column;
    size_t index; /* in the file, from 0: data without names is found by it */
    bool texts;   /* a category whose names were texts, not numbers */
};

struct tp_schema {
    const struct tp_context *context;
    tp_task task;
    tp_missing missing;
    tp_unknown unknown;
    tp_input_scaling scaling; /* never TP_INPUT_SCALING_AUTO */
    size_t columns;           /* of the file */
    size_t feature_count, target_count;
    struct tp_schema_column *features, *targets;
    /* What tp_schema_copy makes of the rest: */
    size_t inputs, outputs;
    tp_scaling inputs_scaled, outputs_scaled;
};

/* A copy of the source and of all it points to, where context, inputs, outputs and scalings need not be set. what is
 * for messages. */
tp_status tp_schema_copy(const struct tp_context *context, const char *what, const struct tp_schema *source,
                         struct tp_schema **copy);
/* What a model without a schema can be taken to be of: columns without names, one for each input, then those of the
 * targets; classes are 0, 1, ... The loss tells the task. */
tp_status tp_schema_make_plain(const struct tp_context *context, const char *what, const tp_model_options *options,
                               struct tp_schema **schema);
void tp_schema_release(struct tp_schema *schema);

/* How many counts a column has, if it has any. */
size_t tp_counts_of(const tp_column *column);

/* Whether the targets are classes. */
static inline bool tp_task_has_classes(tp_task task) {
    return task == TP_TASK_BINARY || task == TP_TASK_MULTICLASS;
}

/* Whether all columns, or all features alone, have names. */
bool tp_schema_has_names(const struct tp_schema *schema);

/* What the options of a model must be to fit, as a message says it; NULL if these do. */
const char *tp_schema_misfit(const struct tp_schema *schema, const tp_model_options *options);

#endif
