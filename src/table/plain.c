/* SPDX-License-Identifier: BSD-3-Clause */
/* Schemas for models of which nobody knows the data. */
#include "core/memory.h"
#include "table/loss_task.h"
#include "table/schema.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { DIGITS = 24 };

/* Memory of a schema before it is copied. */
struct plain {
    struct tp_schema_column *columns;
    const char **names;
    char (*digits)[DIGITS];
};

static void lay_out(struct tp_arena *arena, size_t columns, size_t classes, struct plain *plain) {
    plain->columns = tp_arena_take(arena, columns, sizeof *plain->columns);
    plain->names = tp_arena_take(arena, classes, sizeof *plain->names);
    plain->digits = tp_arena_take(arena, classes, sizeof *plain->digits);
}

static void name_classes(const struct plain *plain, size_t classes) {
    for (size_t i = 0; i < classes; i++) {
        snprintf(plain->digits[i], sizeof plain->digits[i], "%zu", i);
        plain->names[i] = plain->digits[i];
    }
}

/* Numbers must have statistics: 0 and 1 change nothing where somebody scales by them. */
static tp_column number_column(void) {
    return (tp_column){.kind = TP_COLUMN_NUMBER, .deviation = 1};
}

static tp_column class_column(const char *const *names, size_t classes) {
    return (tp_column){.kind = TP_COLUMN_CATEGORY,
                       .category_count = classes,
                       .categories = names,
                       .mean = (double)NAN,
                       .deviation = (double)NAN,
                       .minimum = (double)NAN,
                       .maximum = (double)NAN};
}

static void fill_columns(const struct plain *plain, size_t features, size_t columns, size_t classes) {
    memset(plain->columns, 0, columns * sizeof *plain->columns);
    for (size_t i = 0; i < columns; i++) {
        plain->columns[i].index = i;
        plain->columns[i].column = i >= features && classes ? class_column(plain->names, classes) : number_column();
    }
}

tp_status tp_schema_make_plain(const struct tp_context *context, const char *what, const tp_model_options *options,
                               struct tp_schema **schema) {
    const size_t features = options->inputs, outputs = options->layers[options->layer_count - 1].width;
    const tp_task task = tp_task_of_loss(options->loss, outputs);
    const size_t classes = task == TP_TASK_MULTICLASS ? outputs : task == TP_TASK_BINARY ? 2 : 0;
    const size_t targets = classes ? 1 : outputs, columns = tp_size_add(features, targets);
    struct tp_arena arena = {0};
    struct plain plain;
    lay_out(&arena, columns, classes, &plain);
    const size_t size = arena.used;
    void *const block = tp_allocate(context, size);
    if (!block)
        return tp_fail_allocation(context, what, size);
    arena = (struct tp_arena){.base = block};
    lay_out(&arena, columns, classes, &plain);
    name_classes(&plain, classes);
    fill_columns(&plain, features, columns, classes);
    const struct tp_schema source = {.task = task,
                                     .scaling = TP_INPUT_SCALING_NONE,
                                     .columns = columns,
                                     .feature_count = features,
                                     .target_count = targets,
                                     .features = plain.columns,
                                     .targets = plain.columns + features};
    const tp_status status = tp_schema_copy(context, what, &source, schema);
    tp_release(context, block);
    return status;
}
