/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * {"task": "regression", "missing": "error", "unknown": "error", "scaling": "standard", "columns": 5,
 *  "features": {"index": [0, 1], "name": ["a", "b"], "categories": [null, ["x", "y"]], "texts": [false, true],
 *               "mean": [1.5, null], "deviation": ..., "minimum": ..., "maximum": ..., "missing": [0, 0]},
 *  "targets": the same}
 * Arrays of null or false alone are left out. A text that is not UTF-8 is an array of its bytes.
 */
#include "io/schema_json.h"

#include "core/memory.h"
#include "io/safetensors.h"
#include "table/plan.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MAX_DEPTH 5

/* ---- to JSON; NULL if memory runs out, which jansson's functions take for an argument ---- */

static json_t *bytes_of(const char *text) {
    json_t *bytes = json_array();
    for (; *text; text++)
        if (json_array_append_new(bytes, json_integer((unsigned char)*text))) {
            json_decref(bytes);
            return NULL;
        }
    return bytes;
}

static json_t *text_of(const char *text) {
    if (!text)
        return json_null();
    errno = 0;
    json_t *string = json_string(text);
    return string || errno == ENOMEM ? string : bytes_of(text);
}

static json_t *number_of(double value) {
    return isnan(value) ? json_null() : json_real(value);
}

static json_t *index_of(const struct tp_schema_column *column) {
    return json_integer((json_int_t)column->index);
}

static json_t *name_of(const struct tp_schema_column *column) {
    return text_of(column->column.name);
}

static json_t *categories_of(const struct tp_schema_column *column) {
    const tp_column *c = &column->column;
    json_t *names = c->kind == TP_COLUMN_CATEGORY ? json_array() : json_null();
    for (size_t i = 0; i < c->category_count; i++)
        if (json_array_append_new(names, text_of(c->categories[i]))) {
            json_decref(names);
            return NULL;
        }
    return names;
}

static json_t *texts_of(const struct tp_schema_column *column) {
    return json_boolean(column->texts);
}

static json_t *mean_of(const struct tp_schema_column *column) {
    return number_of(column->column.mean);
}

static json_t *deviation_of(const struct tp_schema_column *column) {
    return number_of(column->column.deviation);
}

static json_t *minimum_of(const struct tp_schema_column *column) {
    return number_of(column->column.minimum);
}

static json_t *maximum_of(const struct tp_schema_column *column) {
    return number_of(column->column.maximum);
}

static json_t *missing_of(const struct tp_schema_column *column) {
    return json_integer((json_int_t)column->column.missing);
}

static bool all_empty(const json_t *array) {
    const json_t *value;
    size_t i;
    json_array_foreach(array, i, value) {
        if (!json_is_null(value) && !json_is_false(value))
            return false;
    }
    return true;
}

static int set_array(json_t *object, const char *key, json_t *(*part)(const struct tp_schema_column *),
                     const struct tp_schema_column *columns, size_t count) {
    json_t *array = json_array();
    for (size_t i = 0; array && i < count; i++)
        if (json_array_append_new(array, part(&columns[i]))) {
            json_decref(array);
            return -1;
        }
    if (!array || !all_empty(array))
        return json_object_set_new(object, key, array);
    json_decref(array);
    return 0;
}

static json_t *columns_of(const struct tp_schema_column *columns, size_t count) {
    static const struct {
        const char *key;
        json_t *(*part)(const struct tp_schema_column *);
    } parts[] = {{"index", index_of},     {"name", name_of},       {"categories", categories_of},
                 {"texts", texts_of},     {"mean", mean_of},       {"deviation", deviation_of},
                 {"minimum", minimum_of}, {"maximum", maximum_of}, {"missing", missing_of}};
    json_t *object = json_object();
    for (size_t i = 0; object && i < sizeof parts / sizeof *parts; i++)
        if (set_array(object, parts[i].key, parts[i].part, columns, count)) {
            json_decref(object);
            return NULL;
        }
    return object;
}

static json_t *schema_of(const struct tp_schema *schema) {
    json_t *json = json_object();
    if (!json_object_set_new(json, "task", json_string(tp_task_name(schema->task))) &&
        !json_object_set_new(json, "missing", json_string(tp_missing_name(schema->missing))) &&
        !json_object_set_new(json, "unknown", json_string(tp_unknown_name(schema->unknown))) &&
        !json_object_set_new(json, "scaling", json_string(tp_input_scaling_name(schema->scaling))) &&
        !json_object_set_new(json, "columns", json_integer((json_int_t)schema->columns)) &&
        !json_object_set_new(json, "features", columns_of(schema->features, schema->feature_count)) &&
        !json_object_set_new(json, "targets", columns_of(schema->targets, schema->target_count)))
        return json;
    json_decref(json);
    return NULL;
}

/* A block of one byte more than the JSON, so that there is always one. */
static char *write_json(const struct tp_context *context, const json_t *json, size_t *size) {
    *size = json_dumpb(json, NULL, 0, JSON_COMPACT);
    char *text = *size ? tp_allocate(context, *size + 1) : NULL;
    if (text && json_dumpb(json, text, *size, JSON_COMPACT) == *size)
        return text;
    tp_release(context, text);
    return NULL;
}

tp_status tp_schema_to_json(const struct tp_context *context, const char *function, const struct tp_schema *schema,
                            char **text, size_t *size) {
    json_t *json = schema_of(schema);
    *text = write_json(context, json, size);
    json_decref(json);
    if (!*text)
        return tp_fail(context, TP_ERR_MEMORY, "%s: cannot allocate the schema", function);
    if (*size <= TP_MAX_SCHEMA)
        return TP_OK;
    tp_release(context, *text);
    *text = NULL;
    return tp_fail(context, TP_ERR_UNSUPPORTED, "%s: the schema has %zu bytes; a file can have %zu", function, *size,
                   TP_MAX_SCHEMA);
}

/* ---- from JSON ---- */

/* The memory of what is read is that of a table without columns, until all of it is copied. */
struct reader {
    struct tp_table memory;
    const char *key; /* what is not valid */
};

static tp_status fail_key(struct reader *reader, const char *key) {
    reader->key = key;
    return TP_ERR_FORMAT;
}

static bool get_size(const json_t *value, size_t *size) {
    return json_is_integer(value) && !__builtin_add_overflow(json_integer_value(value), 0, size);
}

/* A name of an enumeration, from first on. */
static tp_status get_enum(struct reader *reader, const json_t *json, const char *key, const char *(*name)(unsigned),
                          unsigned first, unsigned *value) {
    const char *text = json_string_value(json_object_get(json, key));
    for (*value = first; text && name(*value); ++*value)
        if (!strcmp(text, name(*value)))
            return TP_OK;
    return fail_key(reader, key);
}

static const char *task_name(unsigned value) {
    return tp_task_name((tp_task)value);
}

static const char *missing_name(unsigned value) {
    return tp_missing_name((tp_missing)value);
}

static const char *unknown_name(unsigned value) {
    return tp_unknown_name((tp_unknown)value);
}

static const char *scaling_name(unsigned value) {
    return tp_input_scaling_name((tp_input_scaling)value);
}

static tp_status get_enums(struct reader *reader, const json_t *json, struct tp_schema *schema) {
    unsigned task = 0, missing = 0, unknown = 0, scaling = 0;
    tp_status status = get_enum(reader, json, "task", task_name, TP_TASK_AUTO + 1, &task);
    if (!status)
        status = get_enum(reader, json, "missing", missing_name, 0, &missing);
    if (!status)
        status = get_enum(reader, json, "unknown", unknown_name, 0, &unknown);
    if (!status)
        status = get_enum(reader, json, "scaling", scaling_name, TP_INPUT_SCALING_AUTO + 1, &scaling);
    schema->task = (tp_task)task;
    schema->missing = (tp_missing)missing;
    schema->unknown = (tp_unknown)unknown;
    schema->scaling = (tp_input_scaling)scaling;
    return status;
}

static tp_status get_bytes(struct reader *reader, const json_t *bytes, const char *key, const char **text) {
    const size_t count = json_array_size(bytes);
    char *made = tp_table_take(&reader->memory, count + 1, 1);
    if (!made)
        return TP_ERR_MEMORY;
    for (size_t i = 0; i < count; i++) {
        size_t byte = 0;
        if (!get_size(json_array_get(bytes, i), &byte) || !byte || byte > UINT8_MAX)
            return fail_key(reader, key);
        made[i] = (char)(unsigned char)byte;
    }
    *text = made;
    return TP_OK;
}

static tp_status get_text(struct reader *reader, const json_t *value, const char *key, const char **text) {
    *text = json_string_value(value);
    if (*text)
        return TP_OK;
    return json_is_array(value) ? get_bytes(reader, value, key, text) : fail_key(reader, key);
}

static int by_bytes(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static tp_status check_different(struct reader *reader, const char *const *names, size_t count) {
    const char **sorted = tp_table_take(&reader->memory, count, sizeof *sorted);
    if (!sorted)
        return TP_ERR_MEMORY;
    memcpy(sorted, names, count * sizeof *sorted);
    qsort(sorted, count, sizeof *sorted, by_bytes);
    for (size_t i = 1; i < count; i++)
        if (!strcmp(sorted[i - 1], sorted[i]))
            return fail_key(reader, "categories");
    return TP_OK;
}

static tp_status get_categories(struct reader *reader, const json_t *array, tp_column *column) {
    const size_t count = json_array_size(array);
    const char **names = count ? tp_table_take(&reader->memory, count, sizeof *names) : NULL;
    if (!count)
        return fail_key(reader, "categories");
    tp_status status = names ? TP_OK : TP_ERR_MEMORY;
    for (size_t i = 0; !status && i < count; i++)
        status = get_text(reader, json_array_get(array, i), "categories", &names[i]);
    column->kind = TP_COLUMN_CATEGORY;
    column->categories = names;
    column->category_count = count;
    column->mean = column->deviation = column->minimum = column->maximum = (double)NAN;
    return status ? status : check_different(reader, names, count);
}

static tp_status get_numbers(struct reader *reader, const json_t *json, size_t i, tp_column *column) {
    static const char *const keys[] = {"mean", "deviation", "minimum", "maximum"};
    double *const values[] = {&column->mean, &column->deviation, &column->minimum, &column->maximum};
    for (size_t k = 0; k < sizeof keys / sizeof *keys; k++) {
        const json_t *value = json_array_get(json_object_get(json, keys[k]), i);
        *values[k] = json_number_value(value);
        if (!json_is_number(value) || !isfinite(*values[k]))
            return fail_key(reader, keys[k]);
    }
    return column->deviation >= 0 ? TP_OK : fail_key(reader, "deviation");
}

static tp_status get_column(struct reader *reader, const json_t *json, size_t i, size_t columns,
                            struct tp_schema_column *made) {
    const json_t *name = json_array_get(json_object_get(json, "name"), i);
    const json_t *categories = json_array_get(json_object_get(json, "categories"), i);
    size_t missing;
    if (!get_size(json_array_get(json_object_get(json, "index"), i), &made->index) || made->index >= columns)
        return fail_key(reader, "index");
    if (!get_size(json_array_get(json_object_get(json, "missing"), i), &missing))
        return fail_key(reader, "missing");
    made->column.missing = missing;
    made->texts = json_is_true(json_array_get(json_object_get(json, "texts"), i));
    const tp_status status = !name || json_is_null(name) ? TP_OK : get_text(reader, name, "name", &made->column.name);
    if (status)
        return status;
    return !categories || json_is_null(categories) ? get_numbers(reader, json, i, &made->column)
                                                   : get_categories(reader, categories, &made->column);
}

static tp_status get_columns(struct reader *reader, const json_t *json, size_t columns, struct tp_schema_column **made,
                             size_t *count) {
    *count = json_array_size(json_object_get(json, "index"));
    if (!*count)
        return fail_key(reader, "index");
    const char *key;
    json_t *array;
    json_object_foreach((json_t *)(uintptr_t)json, key, array) {
        if (json_array_size(array) != *count)
            return fail_key(reader, "columns");
    }
    *made = tp_table_take(&reader->memory, *count, sizeof **made);
    tp_status status = *made ? TP_OK : TP_ERR_MEMORY;
    for (size_t i = 0; !status && i < *count; i++)
        status = get_column(reader, json, i, columns, &(*made)[i]);
    return status;
}

/* Whether the targets are those of the task. */
static tp_status check_targets(struct reader *reader, const struct tp_schema *schema) {
    const bool classes = tp_task_has_classes(schema->task);
    if (classes && schema->target_count != 1)
        return fail_key(reader, "targets");
    if (schema->task == TP_TASK_BINARY && schema->targets->column.category_count > 2)
        return fail_key(reader, "targets");
    for (size_t i = 0; i < schema->target_count; i++)
        if ((schema->targets[i].column.kind == TP_COLUMN_CATEGORY) != classes)
            return fail_key(reader, "targets");
    return TP_OK;
}

static tp_status get_schema(struct reader *reader, const json_t *json, struct tp_schema *schema) {
    tp_status status = get_enums(reader, json, schema);
    if (!status && !get_size(json_object_get(json, "columns"), &schema->columns))
        status = fail_key(reader, "columns");
    if (!status)
        status = get_columns(reader, json_object_get(json, "features"), schema->columns, &schema->features,
                             &schema->feature_count);
    if (!status)
        status = get_columns(reader, json_object_get(json, "targets"), schema->columns, &schema->targets,
                             &schema->target_count);
    return status ? status : check_targets(reader, schema);
}

static tp_status read_json(const json_t *json, const struct tp_context *context, const char *path,
                           struct tp_schema **schema) {
    struct reader reader = {.memory = {.context = context, .path = path}};
    struct tp_schema read = {0};
    tp_status status = get_schema(&reader, json, &read);
    if (status == TP_ERR_FORMAT)
        tp_fail(context, status, "%s: schema: \"%s\" is not valid", path, reader.key);
    if (!status)
        status = tp_schema_copy(context, path, &read, schema);
    tp_table_release(&reader.memory);
    return status;
}

tp_status tp_schema_from_json(const struct tp_context *context, const char *path, const char *text, size_t size,
                              struct tp_schema **schema) {
    json_error_t error;
    bool refused = false;
    if (tp_json_depth(text, size) > MAX_DEPTH)
        return tp_fail(context, TP_ERR_FORMAT, "%s: schema has more than %d levels of brackets", path, MAX_DEPTH);
    json_t *json = tp_json_parse(text, size, JSON_REJECT_DUPLICATES, &error, &refused);
    if (refused)
        return tp_fail(context, TP_ERR_MEMORY, "%s: cannot allocate memory for its schema", path);
    if (!json)
        return tp_fail(context, TP_ERR_FORMAT, "%s: schema is not valid JSON: %s (at byte %d)", path, error.text,
                       error.position);
    const tp_status status = read_json(json, context, path, schema);
    json_decref(json);
    return status;
}
