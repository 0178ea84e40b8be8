/* SPDX-License-Identifier: BSD-3-Clause */
/* Files of samples: what the options of a command say about them, and how the library opens them. */
#ifndef TILEPROP_TOOLS_DATA_H
#define TILEPROP_TOOLS_DATA_H

#include "session.h"

struct data_options {
    const char *path;
    const char *target, *ignore, *categories, *weight, *id; /* columns; NULL: none is named */
    int task, missing, unknown, scaling;                    /* tp_task, ... */
    bool no_header, keep_missing;
    const char *inputs, *targets; /* arrays; NULL: the usual names */
};

/* Samples that are not for training. */
struct data_hold_out {
    double fraction;    /* 0: see folds */
    size_t folds, fold; /* 0: none */
    uint64_t seed;
    bool keep_order;
};

/* Names for rows of options. */
const char *data_task_name(int value);
const char *data_missing_name(int value);
const char *data_unknown_name(int value);
const char *data_scaling_name(int value);

/* Rows for a command whose values have a struct data_options data. */
#define OPTION_ROW_SAMPLES(option, is_operand)                                                                         \
    {                                                                                                                  \
        .name = option, .also = "data input dataset file csv train", IS_TEXT("D", data.path), .role = FILE_DATA,       \
        .required = true, .operand = is_operand,                                                                       \
        .help = "CSV, NPY, NPZ, libsvm, HDF5 or IDX file, '-' (text from standard input), directory of the four "      \
                "MNIST-named IDX files, or fashion-mnist"                                                              \
    }

/* What training decides; a model has it. */
#define OPTION_ROWS_COLUMNS                                                                                            \
    {.name = "target",                                                                                                 \
     .also = "label labels class response",                                                                            \
     IS_TEXT("LIST", data.target),                                                                                     \
     .help = "columns to be predicted, names or numbers from 1 (default: the last one)"},                              \
        {.name = "ignore",                                                                                             \
         .also = "drop exclude skip",                                                                                  \
         IS_TEXT("LIST", data.ignore),                                                                                 \
         .help = "columns that are not used"},                                                                         \
        {.name = "categories",                                                                                         \
         .also = "categorical",                                                                                        \
         IS_TEXT("LIST", data.categories),                                                                             \
         .help = "columns whose numbers are names; those of texts are categories anyway"},                             \
        {.name = "task",                                                                                               \
         .also = "problem",                                                                                            \
         IS_NAME(data_task_name, data.task),                                                                           \
         .help = "auto: texts and few integers are classes, several columns of 0 and 1 multilabel, others "            \
                 "regression"},                                                                                        \
    {                                                                                                                  \
        .name = "scaling", .also = "scale normalize standardize", IS_NAME(data_scaling_name, data.scaling),            \
        .help = "of the inputs: standard gives each column mean 0 and deviation 1 over the training data, unit takes " \
                "bytes to 0..1; auto: unit for images of bytes, else standard"                                         \
    }

#define OPTION_ROW_WEIGHT                                                                                              \
    {                                                                                                                  \
        .name = "weight", .also = "weights sample-weight", IS_TEXT("COLUMN", data.weight),                             \
        .help = "how much each sample counts (default: all 1)"                                                         \
    }

#define OPTION_ROW_ID(what)                                                                                            \
    { .name = "id", .also = "id-column index", IS_TEXT("COLUMN", data.id), .help = what }

/* Values that a network cannot take. */
#define OPTION_ROWS_VALUES                                                                                             \
    {.name = "missing",                                                                                                \
     .also = "na nan impute",                                                                                          \
     IS_NAME(data_missing_name, data.missing),                                                                         \
     .help = "rows in which a value is missing: refuse the data, take the mean over the training data instead, or "    \
             "leave the row out; a model keeps what its training said"},                                               \
    {                                                                                                                  \
        .name = "unknown", .also = "handle-unknown", IS_NAME(data_unknown_name, data.unknown),                         \
        .help = "categories that training has not seen: refuse the data, or take them for none of its categories"      \
    }

/* How a file is read. */
#define OPTION_ROWS_READING                                                                                            \
    {.name = "no-header",                                                                                              \
     .also = "noheader headerless",                                                                                    \
     IS_FLAG(data.no_header),                                                                                          \
     .help = "the first line of a text file is a row"},                                                                \
        {.name = "inputs",                                                                                             \
         .also = "features x",                                                                                         \
         IS_TEXT("NAME", data.inputs),                                                                                 \
         .help = "NPZ, HDF5: array of the features (default: x_train or x_test, X, inputs, ...)"},                     \
    {                                                                                                                  \
        .name = "targets", .also = "y", IS_TEXT("NAME", data.targets),                                                 \
        .help = "NPZ, HDF5: array of the targets (default: y_train or y_test, y, targets, ...)"                        \
    }

/* Opens options->path for training: the schema is made from the samples that are not held out, unless schema is that
 * of a model. */
tp_status data_open_training(const struct session *session, const struct data_options *options, const tp_schema *schema,
                             const struct data_hold_out *hold_out, tp_dataset **dataset);

/* Opens path as a model with this schema needs it. */
tp_status data_open(const struct session *session, const struct data_options *options, const char *path,
                    const tp_schema *schema, tp_split split, tp_dataset **dataset);

/* Opens options->path likewise, whatever its targets are. */
tp_status data_open_unlabelled(const struct session *session, const struct data_options *options,
                               const tp_schema *schema, tp_dataset **dataset);

/* session_check of opening path, which if it does not exist names what may have been meant. */
int data_check(const struct session *session, const char *path, tp_status status);

/* The first of the options that a schema decides and that was given, or NULL. */
const char *data_schema_option(const struct data_options *options);

/* The row of a data set's arrays that a sample is, and a target value of a sample. */
size_t data_row(const tp_data *data, size_t sample);
double data_target(const tp_data *data, size_t sample, size_t target);

/* Whether the name is that which the library gives an integer, and whether those of all categories are. */
bool data_is_integer(const char *name, int64_t *value);
bool data_are_integers(const tp_column *column);

/* Whether path is a directory, or a set of an installed package, which have a part for the test. */
bool data_has_parts(const char *path);

#endif
