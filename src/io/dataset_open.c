/* SPDX-License-Identifier: BSD-3-Clause */
/* Files of any format as samples. */
#include "core/cancel.h"
#include "core/options.h"
#include "io/dataset.h"
#include "io/file.h"
#include "io/format.h"
#include "io/store.h"

static const tp_dataset_options default_options = {.struct_size = sizeof default_options, .seed = 1};
static const struct tp_struct options_type = {.name = "dataset options",
                                              .size = sizeof default_options,
                                              .first = sizeof default_options,
                                              .defaults = &default_options};

TP_NO_PADDING(tp_dataset_options, memory);

void tp_dataset_options_init(tp_dataset_options *options, size_t struct_size) {
    tp_struct_init(&options_type, options, struct_size);
}

static tp_status check_enums(const struct tp_context *context, const tp_dataset_options *options) {
    const struct {
        const char *name, *known;
        int value;
    } enums[] = {{"task", tp_task_name(options->task), (int)options->task},
                 {"missing", tp_missing_name(options->missing), (int)options->missing},
                 {"unknown", tp_unknown_name(options->unknown), (int)options->unknown},
                 {"scaling", tp_input_scaling_name(options->scaling), (int)options->scaling}};
    for (size_t i = 0; i < sizeof enums / sizeof *enums; i++)
        if (!enums[i].known)
            return tp_fail(context, TP_ERR_ARGUMENT, "tp_dataset_open: %s %d is unknown", enums[i].name,
                           enums[i].value);
    if (options->split != TP_SPLIT_TRAIN && options->split != TP_SPLIT_TEST)
        return tp_fail(context, TP_ERR_ARGUMENT, "tp_dataset_open: split is %d; it must be 0 or 1",
                       (int)options->split);
    return TP_OK;
}

static tp_status check_options(const struct tp_context *context, const tp_dataset_options *options) {
    const double fraction = options->validation_fraction;
    if (!(fraction >= 0 && fraction < 1))
        return tp_fail(context, TP_ERR_ARGUMENT,
                       "tp_dataset_open: validation_fraction is %g; it must be 0 or more and below 1", fraction);
    if (options->folds && fraction > 0)
        return tp_fail(context, TP_ERR_ARGUMENT, "tp_dataset_open: folds is %zu; with validation_fraction it must be 0",
                       options->folds);
    if (options->folds == 1)
        return tp_fail(context, TP_ERR_ARGUMENT, "tp_dataset_open: folds is 1; it must be 0, or at least 2");
    if (options->folds ? options->fold >= options->folds : options->fold)
        return tp_fail(context, TP_ERR_ARGUMENT, "tp_dataset_open: fold is %zu; with %zu folds it must be less",
                       options->fold, options->folds);
    if (options->schema_only && options->schema)
        return tp_fail(context, TP_ERR_ARGUMENT, "tp_dataset_open: schema_only excludes schema");
    if (options->no_target && !options->schema && options->missing == TP_MISSING_MEAN)
        return tp_fail(context, TP_ERR_ARGUMENT,
                       "tp_dataset_open: missing is mean; with no_target that needs a schema, which has the means");
    return check_enums(context, options);
}

/* ---- directories ---- */

/* Fields beside each other in rows of count numbers. */
static void fill_fields(struct tp_field *fields, const void *numbers, enum tp_number type, size_t count) {
    for (size_t i = 0; i < count; i++)
        fields[i] = (struct tp_field){
            .numbers = (const char *)numbers + i * tp_number_size(type), .type = type, .stride = count};
}

/* The classes as numbers; NULL after a message. */
static double *class_column(struct tp_dataset *dataset, size_t samples) {
    double *classes = tp_table_take(&dataset->table, samples, sizeof *classes);
    for (size_t i = 0; classes && i < samples; i++)
        classes[i] = dataset->classes[i];
    return classes;
}

/* Images are a matrix of columns without names; their targets are the columns behind them. */
static tp_status fill_table(struct tp_dataset *dataset) {
    struct tp_table *table = &dataset->table;
    const tp_data *data = &dataset->samples.data;
    const size_t targets = data->classes ? 1 : data->outputs;
    const void *numbers = data->classes ? class_column(dataset, data->samples) : (const void *)data->values;
    table->fields = numbers ? tp_table_take(table, data->features + targets, sizeof *table->fields) : NULL;
    if (!table->fields)
        return TP_ERR_MEMORY;
    fill_fields(table->fields, dataset->images.data, data->bytes ? TP_NUMBER_U8 : TP_NUMBER_F32, data->features);
    fill_fields(table->fields + data->features, numbers, data->classes ? TP_NUMBER_F64 : TP_NUMBER_F32, targets);
    table->count = data->features + targets;
    table->rows = data->samples;
    table->rank = dataset->images.rank;
    table->targets = targets;
    table->class_numbers = data->classes != NULL;
    return TP_OK;
}

static tp_status read_directory(struct tp_dataset *dataset, const tp_dataset_options *options) {
    const tp_status status = tp_dataset_load_images(dataset, dataset->table.path, options->split);
    return status ? status : fill_table(dataset);
}

/* ---- files ---- */

static tp_status read_file(struct tp_dataset *dataset, const tp_dataset_options *options) {
    const struct tp_read_options read = {.split = options->split,
                                         .no_header = options->no_header,
                                         .inputs = options->inputs,
                                         .targets = options->targets,
                                         .others = {options->weight, options->id},
                                         .features = tp_schema_feature_count(options->schema),
                                         .memory = options->memory,
                                         .kind = tp_column_hint,
                                         .user = options};
    return tp_read_table(dataset->context, dataset->table.path, &read, &dataset->table);
}

static tp_status open_dataset(struct tp_dataset *dataset, const tp_dataset_options *options) {
    const char *path = dataset->table.path;
    const bool directory = tp_file_is_directory(path) || (tp_dataset_is_known(path) && tp_file_missing(path));
    const tp_status status = directory ? read_directory(dataset, options) : read_file(dataset, options);
    return status ? status : tp_table_samples(&dataset->table, options, tp_store_allocate, &dataset->samples);
}

static tp_status take_options(const struct tp_context *context, const tp_dataset_options *given,
                              tp_dataset_options *options) {
    *options = default_options;
    const tp_status status = given ? tp_struct_take(context, &options_type, given, options) : TP_OK;
    return status ? status : check_options(context, options);
}

tp_status tp_dataset_open(tp_context *context, const char *path, const tp_dataset_options *given,
                          tp_dataset **dataset) {
    if (!context)
        return TP_ERR_ARGUMENT;
    if (!path || !dataset)
        return tp_fail(context, TP_ERR_ARGUMENT, "tp_dataset_open: %s is NULL", path ? "dataset" : "path");
    tp_dataset_options options;
    tp_status status = take_options(context, given, &options);
    if (status)
        return status;
    const int cancel = tp_cancel_hold();
    struct tp_dataset *made = tp_dataset_make(context, "tp_dataset_open", path);
    status = made ? open_dataset(made, &options) : TP_ERR_MEMORY;
    if (status)
        tp_dataset_destroy(made);
    else
        *dataset = made;
    tp_cancel_restore(cancel);
    return status;
}

/* ---- what a data set is ---- */

const tp_schema *tp_dataset_schema(const tp_dataset *dataset) {
    return dataset ? dataset->samples.schema : NULL;
}

const tp_data *tp_dataset_validation(const tp_dataset *dataset) {
    return dataset && dataset->samples.held_out.samples ? &dataset->samples.held_out : NULL;
}

size_t tp_dataset_row(const tp_dataset *dataset, size_t i) {
    if (!dataset || i >= dataset->samples.data.samples)
        return 0;
    return dataset->samples.data.rows ? dataset->samples.data.rows[i] : i;
}

const char *tp_dataset_id(tp_dataset *dataset, size_t i) {
    if (!dataset || dataset->samples.id == TP_NO_FIELD || i >= dataset->samples.data.samples)
        return NULL;
    const struct tp_field *field = &dataset->table.fields[dataset->samples.id];
    const size_t row = tp_dataset_row(dataset, i);
    if (tp_field_missing(field, row))
        return "";
    if (field->codes)
        return field->words[field->codes[row]];
    tp_number_text(dataset->id, tp_field_number(field, row));
    return dataset->id;
}
