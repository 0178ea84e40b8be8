/* SPDX-License-Identifier: BSD-3-Clause */
/* What nodes do not say of a model, for us and, as lists of names, for other programs. */
#include "core/message.h"
#include "io/exchange.h"
#include "io/onnx.h"

#include <string.h>

/* 0, or -1 if memory runs out, as functions of jansson. */

static bool is_utf8(const char *text) {
    uint32_t character;
    for (size_t size; *text; text += size) {
        size = tp_decode(text, &character);
        if (!size)
            return false;
    }
    return true;
}

/* A name, or with a category "name=category"; null where there is none, or it is no UTF-8. */
static int add_name(json_t *list, const char *name, const char *category) {
    if (!name || !is_utf8(name) || (category && !is_utf8(category)))
        return json_array_append_new(list, json_null());
    return json_array_append_new(list, category ? json_sprintf("%s=%s", name, category) : json_string(name));
}

static int list_features(json_t *list, const tp_schema *schema) {
    int failed = 0;
    for (size_t i = 0; i < tp_schema_feature_count(schema); i++) {
        const tp_column *column = tp_schema_feature(schema, i);
        for (size_t c = 0; !failed && c < column->category_count; c++)
            failed = add_name(list, column->name, column->categories[c]);
        if (!failed && column->kind == TP_COLUMN_NUMBER)
            failed = add_name(list, column->name, NULL);
    }
    return failed;
}

static bool has_classes(const tp_schema *schema) {
    return tp_task_has_classes(tp_schema_task(schema));
}

/* Classes, or names of columns. */
static int list_targets(json_t *list, const tp_schema *schema) {
    const tp_column *first = tp_schema_target(schema, 0);
    int failed = 0;
    for (size_t c = 0; !failed && has_classes(schema) && c < first->category_count; c++)
        failed = add_name(list, first->categories[c], NULL);
    for (size_t i = 0; !failed && !has_classes(schema) && i < tp_schema_target_count(schema); i++)
        failed = add_name(list, tp_schema_target(schema, i)->name, NULL);
    return failed;
}

/* A list as text; jansson's, to be released with free. */
static int set_list(json_t *metadata, const char *key, const tp_schema *schema,
                    int (*fill)(json_t *list, const tp_schema *schema)) {
    json_t *list = json_array();
    char *text = list && !fill(list, schema) ? json_dumps(list, JSON_COMPACT) : NULL;
    const int failed = json_object_set_new(metadata, key, text ? json_string(text) : NULL);
    free(text);
    json_decref(list);
    return failed;
}

static int set_names(json_t *metadata, const tp_schema *schema) {
    if (!schema)
        return 0;
    return set_list(metadata, "input_names", schema, list_features) ||
                   set_list(metadata, has_classes(schema) ? "class_names" : "output_names", schema, list_targets)
               ? -1
               : 0;
}

static int set_notes(json_t *metadata, const tp_model *model) {
    const char *name;
    int failed = 0;
    for (size_t i = 0; !failed && (name = tp_model_note_name(model, i)); i++)
        failed = json_object_set_new(metadata, name, json_string(tp_model_note(model, name)));
    return failed;
}

/* The entries of own under longer keys. */
static int set_own(json_t *metadata, json_t *own) {
    const char *key;
    json_t *value;
    json_object_foreach(own, key, value) {
        char longer[128];
        snprintf(longer, sizeof longer, TP_ONNX_PREFIX "%s", key);
        if (strcmp(key, TP_KEY_FORMAT) != 0 && json_object_set(metadata, longer, value))
            return -1;
    }
    return 0;
}

json_t *tp_onnx_describe(const tp_model *model, const tp_model_options *options, const char *schema, size_t size) {
    json_t *metadata = json_object(), *own = json_object();
    if (!own || tp_torch_describe(tp_model_context(model), own, options, schema, size) || set_own(metadata, own) ||
        set_notes(metadata, model) || set_names(metadata, options->schema)) {
        json_decref(metadata);
        metadata = NULL;
    }
    json_decref(own);
    return metadata;
}
