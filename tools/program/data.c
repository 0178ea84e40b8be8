/* SPDX-License-Identifier: BSD-3-Clause */
#include "data.h"

#include "../../src/io/dataset_names.h"
#include "nearest.h"
#include "ranks.h"
#include "report.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const char *data_task_name(int value) {
    return tp_task_name((tp_task)value);
}

const char *data_missing_name(int value) {
    return tp_missing_name((tp_missing)value);
}

const char *data_unknown_name(int value) {
    return tp_unknown_name((tp_unknown)value);
}

const char *data_scaling_name(int value) {
    return tp_input_scaling_name((tp_input_scaling)value);
}

static bool is_directory(const char *path) {
    struct stat facts;
    return !stat(path, &facts) && S_ISDIR(facts.st_mode);
}

bool data_has_parts(const char *path) {
    struct stat facts;
    char *installed = NULL;
    if (!stat(path, &facts))
        return S_ISDIR(facts.st_mode);
    const bool found = asprintf(&installed, TP_DATASETS_ROOT "/%s", path) >= 0 && is_directory(installed);
    free(installed);
    return found;
}

/* With a schema the library does not look at what decides a schema. */
static tp_dataset_options library_options(const struct data_options *options, const tp_schema *schema) {
    tp_dataset_options library;
    tp_dataset_options_default(&library);
    library.schema = schema;
    library.target = options->target;
    library.ignore = options->ignore;
    library.categories = options->categories;
    library.weight = options->weight;
    library.id = options->id;
    library.task = (tp_task)options->task;
    library.missing = (tp_missing)options->missing;
    library.unknown = (tp_unknown)options->unknown;
    library.scaling = (tp_input_scaling)options->scaling;
    library.no_header = options->no_header;
    library.keep_missing = options->keep_missing;
    library.inputs = options->inputs;
    library.targets = options->targets;
    return library;
}

tp_status data_open_training(const struct session *session, const struct data_options *options, const tp_schema *schema,
                             const struct data_hold_out *hold_out, tp_dataset **dataset) {
    tp_dataset_options library = library_options(options, schema);
    library.validation_fraction = hold_out->fraction;
    library.folds = hold_out->folds;
    library.fold = hold_out->fold;
    library.seed = hold_out->seed;
    library.keep_order = hold_out->keep_order;
    return tp_dataset_open(session->context, options->path, &library, dataset);
}

tp_status data_open(const struct session *session, const struct data_options *options, const char *path,
                    const tp_schema *schema, tp_split split, tp_dataset **dataset) {
    tp_dataset_options library = library_options(options, schema);
    library.split = split;
    return tp_dataset_open(session->context, path, &library, dataset);
}

tp_status data_open_unlabelled(const struct session *session, const struct data_options *options,
                               const tp_schema *schema, tp_dataset **dataset) {
    tp_dataset_options library = library_options(options, schema);
    library.split = TP_SPLIT_TEST;
    library.no_target = true;
    return tp_dataset_open(session->context, options->path, &library, dataset);
}

/* ---- names that were mistyped ---- */

/* Entries of a directory, in place of the last part of path. */
static void offer_entries(const char *directory, struct nearest *nearest, char *best, size_t size) {
    DIR *stream = opendir(directory);
    for (const struct dirent *entry; stream && (entry = readdir(stream));) {
        if (*entry->d_name != '.')
            nearest_offer(nearest, entry->d_name);
        if (nearest->best == entry->d_name) {
            snprintf(best, size, "%s", entry->d_name);
            nearest->best = best;
        }
    }
    if (stream)
        closedir(stream);
}

static void suggest_path(const char *path) {
    const char *slash = strrchr(path, '/');
    const int length = slash ? (int)(slash + 1 - path) : 0;
    char best[256] = "";
    char *directory = NULL;
    struct nearest nearest = nearest_to(path + length);
    if (!slash)
        nearest_offer(&nearest, "fashion-mnist");
    if (asprintf(&directory, "%.*s.", length, path) >= 0)
        offer_entries(directory, &nearest, best, sizeof best);
    free(directory);
    if (nearest.best && ranks_is_first())
        complain("did you mean '%.*s%s'?", length, path, nearest.best);
}

int data_check(const struct session *session, const char *path, tp_status status) {
    const int code = session_check(session, status);
    if (code && strcmp(path, "-") != 0 && !data_has_parts(path) && access(path, F_OK))
        suggest_path(path);
    return code;
}

const char *data_schema_option(const struct data_options *options) {
    return options->target       ? "target"
           : options->ignore     ? "ignore"
           : options->categories ? "categories"
           : options->task       ? "task"
           : options->scaling    ? "scaling"
                                 : NULL;
}

size_t data_row(const tp_data *data, size_t sample) {
    return data->rows ? data->rows[sample] : sample;
}

double data_target(const tp_data *data, size_t sample, size_t target) {
    const bool together = !data->target_sample_stride && !data->target_stride;
    const size_t at = data_row(data, sample) * (together ? data->outputs : data->target_sample_stride) +
                      target * (together ? 1 : data->target_stride);
    return data->values ? (double)data->values[at] : data->double_values[at];
}

bool data_is_integer(const char *name, int64_t *value) {
    char again[32];
    *value = strtoll(name, NULL, 10);
    snprintf(again, sizeof again, "%lld", (long long)*value);
    return !strcmp(again, name);
}

bool data_are_integers(const tp_column *column) {
    int64_t value;
    for (size_t i = 0; i < column->category_count; i++)
        if (!data_is_integer(column->categories[i], &value))
            return false;
    return true;
}
