/* SPDX-License-Identifier: BSD-3-Clause */
#include "npz.h"
#include "npz_array.h"
#include "report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- numbers ---- */

/* A matrix as tp_data has it. */
struct matrix {
    const unsigned char *values;
    const char *type;
    size_t size, width, sample_stride, value_stride;
};

static int add_matrix(struct npz_writer *writer, const struct matrix *matrix) {
    const bool packed = !matrix->sample_stride && !matrix->value_stride;
    const size_t sample_step = (packed ? matrix->width : matrix->sample_stride) * matrix->size;
    const size_t value_step = (packed ? 1 : matrix->value_stride) * matrix->size;
    int code = EXIT_SUCCESS;
    for (size_t i = 0; !code && i < writer->data->samples; i++) {
        const unsigned char *sample = matrix->values + data_row(writer->data, i) * sample_step;
        for (size_t j = 0; !code && j < matrix->width; j++)
            code = npz_add(writer, sample + j * value_step, matrix->size);
    }
    return code;
}

static int write_matrix(struct npz_writer *writer, const char *name, const struct matrix *matrix, const char *more) {
    char shape[80];
    snprintf(shape, sizeof shape, "%zu, %zu%s", writer->data->samples, matrix->width, more);
    int code = npz_begin(writer, name, matrix->type, shape);
    if (!code)
        code = add_matrix(writer, matrix);
    return code ? code : npz_end(writer);
}

/* Bytes that are divided by 255 are those of images, which a third dimension says. */
static bool are_images(const struct npz_writer *writer) {
    tp_model_options options;
    tp_model_options_default(&options);
    return writer->data->bytes && !tp_schema_apply(writer->schema, &options) && options.inputs_scaled.count == 1 &&
           *options.inputs_scaled.deviation == UINT8_MAX;
}

static int write_inputs(struct npz_writer *writer) {
    const tp_data *data = writer->data;
    const struct matrix matrix = {
        .values = data->bytes    ? (const void *)data->bytes
                  : data->floats ? (const void *)data->floats
                                 : (const void *)data->doubles,
        .type = data->bytes    ? "u1"
                : data->floats ? "f4"
                               : "f8",
        .size = data->bytes    ? 1
                : data->floats ? sizeof *data->floats
                               : sizeof *data->doubles,
        .width = data->features,
        .sample_stride = data->sample_stride,
        .value_stride = data->value_stride,
    };
    return write_matrix(writer, "inputs.npy", &matrix, are_images(writer) ? ", 1" : "");
}

static int write_values(struct npz_writer *writer) {
    const tp_data *data = writer->data;
    const struct matrix matrix = {
        .values = data->values ? (const void *)data->values : (const void *)data->double_values,
        .type = data->values ? "f4" : "f8",
        .size = data->values ? sizeof *data->values : sizeof *data->double_values,
        .width = data->outputs,
        .sample_stride = data->target_sample_stride,
        .value_stride = data->target_stride,
    };
    return write_matrix(writer, "targets.npy", &matrix, "");
}

/* ---- classes ---- */

static int write_integers(struct npz_writer *writer, const tp_column *column) {
    char shape[32];
    snprintf(shape, sizeof shape, "%zu,", writer->data->samples);
    int code = npz_begin(writer, "targets.npy", "i8", shape);
    for (size_t i = 0; !code && i < writer->data->samples; i++) {
        int64_t value;
        data_is_integer(column->categories[writer->data->classes[data_row(writer->data, i)]], &value);
        code = npz_add(writer, &value, sizeof value);
    }
    return code ? code : npz_end(writer);
}

static int write_class_names(struct npz_writer *writer, const tp_column *column) {
    size_t width = 1;
    int code = EXIT_SUCCESS;
    for (size_t i = 0; !code && i < column->category_count; i++)
        code = npz_widen(&width, column->categories[i]);
    if (!code)
        code = npz_begin_texts(writer, "targets.npy", width, writer->data->samples);
    for (size_t i = 0; !code && i < writer->data->samples; i++)
        code = npz_add_text(writer, column->categories[writer->data->classes[data_row(writer->data, i)]], width);
    return code ? code : npz_end(writer);
}

static int write_targets(struct npz_writer *writer) {
    const tp_column *column = tp_schema_target(writer->schema, 0);
    if (!writer->data->classes)
        return write_values(writer);
    return (data_are_integers(column) ? write_integers : write_class_names)(writer, column);
}

/* ---- names ---- */

/* Calls visit with the name of each input and target, as long as it returns EXIT_SUCCESS. */
typedef int visit_fn(struct npz_writer *writer, const char *name, size_t *width);
typedef int visit_list_fn(struct npz_writer *writer, visit_fn *visit, size_t *width);

static int visit_column(struct npz_writer *writer, const tp_column *column, visit_fn *visit, size_t *width) {
    int code = column->category_count ? EXIT_SUCCESS : visit(writer, column->name, width);
    for (size_t i = 0; !code && i < column->category_count; i++) {
        char *name = NULL;
        if (asprintf(&name, "%s=%s", column->name, column->categories[i]) < 0) {
            complain("out of memory");
            return EXIT_FAILURE;
        }
        code = visit(writer, name, width);
        free(name);
    }
    return code;
}

static int visit_names(struct npz_writer *writer, visit_fn *visit, size_t *width) {
    int code = EXIT_SUCCESS;
    for (size_t i = 0; !code && i < tp_schema_feature_count(writer->schema); i++)
        code = visit_column(writer, tp_schema_feature(writer->schema, i), visit, width);
    for (size_t i = 0; !code && i < tp_schema_target_count(writer->schema); i++)
        code = visit(writer, tp_schema_target(writer->schema, i)->name, width);
    return code;
}

static int widen_by(struct npz_writer *writer, const char *name, size_t *width) {
    (void)writer;
    return npz_widen(width, name);
}

static int add_name(struct npz_writer *writer, const char *name, size_t *width) {
    return npz_add_text(writer, name, *width);
}

static bool have_names(const tp_schema *schema) {
    for (size_t i = 0; i < tp_schema_feature_count(schema); i++)
        if (!tp_schema_feature(schema, i)->name)
            return false;
    for (size_t i = 0; i < tp_schema_target_count(schema); i++)
        if (!tp_schema_target(schema, i)->name)
            return false;
    return true;
}

/* An array with a text for each input and target. */
static int write_list(struct npz_writer *writer, const char *name, visit_list_fn *visit) {
    size_t width = 1;
    int code = visit(writer, widen_by, &width);
    const size_t count = tp_schema_inputs(writer->schema) + tp_schema_target_count(writer->schema);
    if (!code)
        code = npz_begin_texts(writer, name, width, count);
    if (!code)
        code = visit(writer, add_name, &width);
    return code ? code : npz_end(writer);
}

/* ---- categories ---- */

/* Of numbers, 1 for rows of a category and 0 for others, which have this mean and deviation and no others could. */
static bool is_one_hot(const tp_column *column) {
    return column->mean == 0 && column->deviation == 1 && column->minimum >= 0;
}

/* What the array says of each input of the column; to be freed. */
static char *category_name(const tp_column *column) {
    const char *name = column->name && *column->name ? column->name : "-";
    if (column->category_count)
        return strdup(name);
    return strndup(name, is_one_hot(column) ? strcspn(name, "=") : 0);
}

static int visit_category(struct npz_writer *writer, const tp_column *column, visit_fn *visit, size_t *width) {
    const size_t inputs = column->category_count ? column->category_count : 1;
    char *name = category_name(column);
    int code = name ? EXIT_SUCCESS : EXIT_FAILURE;
    if (!name)
        complain("out of memory");
    for (size_t i = 0; !code && i < inputs; i++)
        code = visit(writer, name, width);
    free(name);
    return code;
}

/* Targets have none. */
static int visit_categories(struct npz_writer *writer, visit_fn *visit, size_t *width) {
    int code = EXIT_SUCCESS;
    for (size_t i = 0; !code && i < tp_schema_feature_count(writer->schema); i++)
        code = visit_category(writer, tp_schema_feature(writer->schema, i), visit, width);
    for (size_t i = 0; !code && i < tp_schema_target_count(writer->schema); i++)
        code = visit(writer, "", width);
    return code;
}

static bool have_categories(const tp_schema *schema) {
    for (size_t i = 0; i < tp_schema_feature_count(schema); i++)
        if (tp_schema_feature(schema, i)->category_count || is_one_hot(tp_schema_feature(schema, i)))
            return true;
    return false;
}

/* ---- weights and ids ---- */

/* For an array that gets its name from the user. */
static int begin_column(struct npz_writer *writer, const char *option, const char *column, const char *type) {
    static const char *const taken[] = {"inputs", "targets", "names", "one_hot"};
    char name[ZIP_NAME], shape[32];
    bool fits = npz_is_utf8(column) && (size_t)snprintf(name, sizeof name, "%s.npy", column) < sizeof name;
    for (size_t i = 0; i < sizeof taken / sizeof *taken; i++)
        fits = fits && strcmp(column, taken[i]) != 0;
    if (!fits) {
        complain("--%s %s: an array of an NPZ file cannot have this name here; a number of the column can", option,
                 column);
        return EXIT_FAILURE;
    }
    snprintf(shape, sizeof shape, "%zu,", writer->data->samples);
    return npz_begin(writer, name, type, shape);
}

static int write_weights(struct npz_writer *writer, const char *column) {
    const float *weights = writer->data->weights;
    int code = begin_column(writer, "weight", column, "f4");
    for (size_t i = 0; !code && i < writer->data->samples; i++)
        code = npz_add(writer, &weights[data_row(writer->data, i)], sizeof *weights);
    return code ? code : npz_end(writer);
}

static int write_ids(struct npz_writer *writer, const char *column) {
    char type[32];
    size_t width = 1;
    int code = EXIT_SUCCESS;
    for (size_t i = 0; !code && i < writer->data->samples; i++)
        code = npz_widen(&width, tp_dataset_id(writer->dataset, i));
    snprintf(type, sizeof type, "U%zu", width);
    if (!code)
        code = begin_column(writer, "id", column, type);
    for (size_t i = 0; !code && i < writer->data->samples; i++)
        code = npz_add_text(writer, tp_dataset_id(writer->dataset, i), width);
    return code ? code : npz_end(writer);
}

/* ---- the file ---- */

static int write_arrays(struct npz_writer *writer, const struct data_options *options) {
    int code = write_inputs(writer);
    if (!code)
        code = write_targets(writer);
    if (!code && have_names(writer->schema))
        code = write_list(writer, "names.npy", visit_names);
    if (!code && have_categories(writer->schema))
        code = write_list(writer, "one_hot.npy", visit_categories);
    if (!code && options->weight)
        code = write_weights(writer, options->weight);
    if (!code && options->id)
        code = write_ids(writer, options->id);
    return code ? code : zip_finish(&writer->zip);
}

int npz_write(const struct session *session, tp_dataset *dataset, const struct data_options *options,
              tp_output *output) {
    struct npz_writer *writer = calloc(1, sizeof *writer);
    if (!writer) {
        complain("out of memory");
        return EXIT_FAILURE;
    }
    writer->zip = (struct zip){.session = session, .output = output};
    writer->dataset = dataset;
    writer->data = tp_dataset_data(dataset);
    writer->schema = tp_dataset_schema(dataset);
    const int code = write_arrays(writer, options);
    free(writer);
    return code;
}
