/* SPDX-License-Identifier: BSD-3-Clause */
/* From a table to samples: which columns are what, which rows are used, and what they become. */
#ifndef TP_TABLE_PLAN_H
#define TP_TABLE_PLAN_H

#include "table/schema.h"
#include "table/table.h"

#define TP_NO_FIELD SIZE_MAX

/* What becomes of a row of the file. */
enum tp_row_use { TP_ROW_DROPPED, TP_ROW_TRAINING, TP_ROW_HELD_OUT };

/* Memory of a table for an array that may be too large to be kept in memory. */
typedef tp_status tp_table_store(struct tp_table *table, const struct tp_read_options *options, size_t size,
                                 void **block);

/* What is known so far; all memory is the table's. */
struct tp_plan {
    struct tp_table *table;
    tp_table_store *store; /* NULL: all is in memory */
    const tp_dataset_options *options;
    tp_missing missing; /* of the options or of their schema */
    tp_unknown unknown;
    tp_task task;
    size_t feature_count, target_count;
    size_t *feature, *target; /* fields of the table */
    bool *texts;              /* of fields: they had no numbers in the file */
    size_t weight, id;        /* fields or TP_NO_FIELD */
    unsigned char *use;       /* of each row: tp_row_use */
    size_t kept;              /* rows that are not dropped */
    bool gaps;                /* a feature has missing values in a kept row */
};

/* Fields beside each other whose numbers are a matrix; one field of texts is a span as well. */
struct tp_span {
    size_t first, count; /* of the list of fields */
    const void *numbers; /* NULL: texts */
    enum tp_number type;
    size_t stride, step; /* from row to row, from field to field, in numbers */
};

/* The span that begins with field number first of the list. */
struct tp_span tp_span_at(const struct tp_table *table, const size_t *list, size_t count, size_t first);

/* Rows that are looked at together: what a block of doubles of TP_BLOCK holds, at least one. */
#define TP_BLOCK 4096
size_t tp_block_rows(const struct tp_span *span);
/* The numbers of some rows of a span, row after row. */
void tp_span_load(const struct tp_span *span, size_t row, size_t rows, double *numbers);

/* count elements of the table's memory, all zero. NULL after a message. */
void *tp_table_take(struct tp_table *table, size_t count, size_t size);

/* What a message calls row i of the file: "line 7", or "row 6". */
struct tp_row_label {
    char text[32];
};
struct tp_row_label tp_row_label(const struct tp_table *table, size_t row);

/* How much of a label of a field is shown. */
#define TP_LABEL_SIZE 256

/* Whether the field has no value in this row. */
bool tp_field_missing(const struct tp_field *field, size_t row);

/* roles.c: for the reader; user: the options. */
enum tp_field_kind tp_column_hint(const void *user, const char *name, size_t index);
tp_status tp_plan_roles(struct tp_plan *plan);
/* match.c: the same with the schema of the options. */
enum tp_field_kind tp_schema_hint(const struct tp_schema *schema, bool no_target, const char *name);
tp_status tp_match_schema(struct tp_plan *plan);
/* Without a schema of theirs, samples for a model are numbers alone. */
tp_status tp_match_numbers(struct tp_plan *plan);

/* The field of this name, or TP_NO_FIELD. TP_ERR_ARGUMENT after a message if there are two. */
tp_status tp_find_name(const struct tp_table *table, const char *name, size_t *field);
/* The field that a user calls so, by name or number from 1. option is for messages. */
tp_status tp_find_field(const struct tp_table *table, const char *option, const char *entry, size_t *field);

/* rows.c: which rows are used. */
tp_status tp_plan_rows(struct tp_plan *plan);

/* words.c: makes words of the numbers of a field, sorted by value. */
tp_status tp_number_words(struct tp_table *table, size_t index);
/* The same for numbers of classes 0..max. */
tp_status tp_class_words(struct tp_table *table, size_t index);
/* For each word of a field its place among the categories of the column, or TP_NO_WORD. */
tp_status tp_map_words(struct tp_table *table, const struct tp_field *field, const tp_column *column, uint32_t **map);

/* A number as short as it can be and still the same, with a point in every locale. */
#define TP_NUMBER_TEXT 64
void tp_number_text(char text[TP_NUMBER_TEXT], double value);

/* task.c: what the targets say; fields of classes become words. */
tp_status tp_plan_task(struct tp_plan *plan);

/* fit.c: the schema of the training rows; names and categories point to the table's memory. */
tp_status tp_fit_schema(const struct tp_plan *plan, struct tp_schema *schema);

/* counts.c: the columns' counts, of all rows. */
tp_status tp_count_columns(const struct tp_plan *plan, struct tp_schema *schema);

/* encode.c: the table's rows as samples, of which none is chosen yet. */
tp_status tp_encode(const struct tp_plan *plan, const struct tp_schema *schema, tp_data *data);
/* Classes of the only target for all rows. */
tp_status tp_encode_classes(const struct tp_plan *plan, const tp_column *column, int32_t **classes);

/* samples.c: all of it. */
struct tp_samples {
    struct tp_schema *schema; /* to release */
    tp_data data, held_out;   /* held_out.samples 0: none */
    size_t id;                /* field or TP_NO_FIELD */
};
tp_status tp_table_samples(struct tp_table *table, const tp_dataset_options *options, tp_table_store *store,
                           struct tp_samples *samples);

#endif
