/* SPDX-License-Identifier: BSD-3-Clause */
#include "io/dataset.h"

#include "core/cancel.h"
#include "core/memory.h"
#include "core/size.h"
#include "io/dataset_names.h"
#include "io/file.h"
#include "io/idx_types.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

/* Fewer classes than this are taken whatever the number of samples, which bounds the others: a label decides how much
 * memory a model takes. */
#define MANY_CLASSES 1024

static const struct {
    const char *name; /* and directory in TP_DATASETS_ROOT */
    const char *package;
} known_sets[] = {{"fashion-mnist", "dataset-fashion-mnist"}};

static const char *package_of(const char *where) {
    for (size_t i = 0; i < sizeof known_sets / sizeof *known_sets; i++)
        if (!strcmp(where, known_sets[i].name))
            return known_sets[i].package;
    return NULL;
}

/* directory/name; a directory of "" leaves name alone. */
static tp_status join(const struct tp_context *context, char *path, size_t size, const char *directory,
                      const char *name) {
    const int length = snprintf(path, size, "%s%s%s", directory, *directory ? "/" : "", name);
    if (length >= 0 && (size_t)length < size)
        return TP_OK;
    return tp_fail(context, TP_ERR_IO, "%s: the path is longer than %zu bytes", *directory ? directory : name,
                   size - 1);
}

tp_status tp_dataset_directory(const struct tp_context *context, const char *root, const char *where, char *directory,
                               size_t size) {
    const char *package = package_of(where);
    const tp_status status = join(context, directory, size, package ? root : "", where);
    if (status || tp_file_is_directory(directory))
        return status;
    if (!tp_file_missing(directory))
        return tp_fail(context, TP_ERR_IO, "%s: is not a directory that can be examined", directory);
    if (package)
        return tp_fail(context, TP_ERR_IO, "%s is not installed (no directory %s): apt-get install %s", where,
                       directory, package);
    return tp_fail(context, TP_ERR_IO, "%s: no such directory, and not a known data set (fashion-mnist)", where);
}

/* path receives the file that is there, "" if none is. */
static tp_status find(const struct tp_context *context, const char *directory, tp_split split,
                      enum tp_dataset_part part, char path[PATH_MAX]) {
    for (size_t i = 0; i < TP_DATASET_NAMES; i++) {
        const tp_status status = join(context, path, PATH_MAX, directory, tp_dataset_names[part][split][i]);
        if (status || !tp_file_missing(path))
            return status;
    }
    *path = '\0';
    return TP_OK;
}

static tp_status fail_missing(const struct tp_context *context, tp_status status, const char *directory, tp_split split,
                              enum tp_dataset_part part) {
    const char *const *name = tp_dataset_names[part][split];
    return tp_fail(context, status, "%s: neither %s nor %s is there, nor %s or %s", directory, name[0], name[1],
                   name[2], name[3]);
}

static tp_status load_images(struct tp_dataset *dataset, const char *path) {
    tp_idx *images = &dataset->images;
    tp_status status = tp_idx_read(dataset->context, path, images);
    if (status)
        return status;
    if (images->rank < 2)
        return tp_fail(dataset->context, TP_ERR_FORMAT, "%s: rank is 1; images need at least 2 dimensions", path);
    status = tp_idx_to_samples(dataset->context, path, images);
    if (status)
        return status;
    dataset->samples.data.samples = images->dims[0];
    dataset->samples.data.features = images->elements / images->dims[0];
    if (images->type == TP_IDX_TYPE_U8)
        dataset->samples.data.bytes = images->data;
    else
        dataset->samples.data.floats = images->data;
    return TP_OK;
}

static tp_status check_labels(const struct tp_dataset *dataset, const char *path, const tp_idx *labels) {
    const size_t most = tp_idx_kind_of(labels->type)->to_classes ? 1 : 2;
    if (labels->rank > most)
        return tp_fail(dataset->context, TP_ERR_FORMAT, "%s: rank is %zu; labels of %s must have %s", path,
                       labels->rank, tp_idx_kind_of(labels->type)->name,
                       most == 1 ? "1 dimension" : "1 or 2 dimensions");
    if (labels->dims[0] != dataset->samples.data.samples)
        return tp_fail(dataset->context, TP_ERR_FORMAT, "%s: %zu labels for %zu images", path, labels->dims[0],
                       dataset->samples.data.samples);
    return TP_OK;
}

static tp_status count_classes(struct tp_dataset *dataset, const char *path) {
    const size_t most = tp_max(MANY_CLASSES, dataset->samples.data.samples);
    int32_t largest = 0;
    for (size_t i = 0; i < dataset->samples.data.samples; i++) {
        const int32_t class = dataset->classes[i];
        if (class < 0)
            return tp_fail(dataset->context, TP_ERR_FORMAT, "%s: label %zu is %d; it must be at least 0", path, i,
                           class);
        if ((size_t) class >= most)
            return tp_fail(dataset->context, TP_ERR_FORMAT,
                           "%s: label %zu is %d; with %zu samples it must be less than %zu", path, i, class,
                           dataset->samples.data.samples, most);
        largest = class > largest ? class : largest;
    }
    dataset->samples.data.classes = dataset->classes;
    dataset->samples.data.outputs = (size_t)largest + 1;
    return TP_OK;
}

static tp_status make_classes(struct tp_dataset *dataset, const char *path, const tp_idx *labels) {
    void *classes = NULL;
    const tp_status status =
        tp_idx_convert(dataset->context, path, labels, tp_idx_kind_of(labels->type)->to_classes, &classes);
    dataset->classes = classes;
    return status ? status : count_classes(dataset, path);
}

/* Floats are targets of regression, or labels that are 0 and 1. */
static tp_status make_values(struct tp_dataset *dataset, const char *path, tp_idx *labels) {
    const tp_status status = tp_idx_to_samples(dataset->context, path, labels);
    if (status)
        return status;
    dataset->values = *labels;
    labels->data = NULL;
    dataset->samples.data.values = dataset->values.data;
    dataset->samples.data.outputs = dataset->values.elements / dataset->values.dims[0];
    return TP_OK;
}

static tp_status load_labels(struct tp_dataset *dataset, const char *path) {
    tp_idx labels;
    tp_status status = tp_idx_read(dataset->context, path, &labels);
    if (status)
        return status;
    status = check_labels(dataset, path, &labels);
    if (!status)
        status = (tp_idx_kind_of(labels.type)->to_classes ? make_classes(dataset, path, &labels)
                                                          : make_values(dataset, path, &labels));
    tp_idx_release(dataset->context, &labels);
    return status;
}

static tp_status load_files(struct tp_dataset *dataset, const char *directory, tp_split split) {
    char images[PATH_MAX], labels[PATH_MAX];
    tp_status status = find(dataset->context, directory, split, TP_DATASET_IMAGES, images);
    if (!status)
        status = find(dataset->context, directory, split, TP_DATASET_LABELS, labels);
    if (status)
        return status;
    if (!*images)
        return fail_missing(dataset->context, *labels ? TP_ERR_IO : TP_ERR_MISSING, directory, split,
                            TP_DATASET_IMAGES);
    if (!*labels)
        return fail_missing(dataset->context, TP_ERR_IO, directory, split, TP_DATASET_LABELS);
    status = load_images(dataset, images);
    return status ? status : load_labels(dataset, labels);
}

bool tp_dataset_is_known(const char *where) {
    return package_of(where) != NULL;
}

tp_status tp_dataset_load_images(struct tp_dataset *dataset, const char *where, tp_split split) {
    char directory[PATH_MAX];
    const tp_status status =
        tp_dataset_directory(dataset->context, TP_DATASETS_ROOT, where, directory, sizeof directory);
    return status ? status : load_files(dataset, directory, split);
}

tp_status tp_dataset_load(tp_context *context, const char *where, tp_split split, tp_dataset **dataset) {
    if (!context)
        return TP_ERR_ARGUMENT;
    if (!where || !dataset)
        return tp_fail(context, TP_ERR_ARGUMENT, "tp_dataset_load: %s is NULL", where ? "dataset" : "where");
    if (split != TP_SPLIT_TRAIN && split != TP_SPLIT_TEST)
        return tp_fail(context, TP_ERR_ARGUMENT, "tp_dataset_load: split is %d; it must be 0 or 1", (int)split);
    const int cancel = tp_cancel_hold();
    struct tp_dataset *loaded = tp_dataset_make(context, "tp_dataset_load", where);
    const tp_status status = loaded ? tp_dataset_load_images(loaded, where, split) : TP_ERR_MEMORY;
    if (status)
        tp_dataset_destroy(loaded);
    else
        *dataset = loaded;
    tp_cancel_restore(cancel);
    return status;
}

struct tp_dataset *tp_dataset_make(tp_context *context, const char *function, const char *path) {
    struct tp_dataset *dataset = tp_allocate(context, sizeof *dataset);
    if (dataset)
        *dataset = (struct tp_dataset){
            .context = context, .table = {.context = context, .path = path}, .samples.id = TP_NO_FIELD};
    else
        tp_fail_allocation(context, function, sizeof *dataset);
    return dataset;
}

void tp_dataset_destroy(tp_dataset *dataset) {
    if (!dataset)
        return;
    tp_context *context = dataset->context;
    tp_schema_release(dataset->samples.schema);
    tp_table_release(&dataset->table);
    tp_release(context, dataset->classes);
    tp_idx_release(context, &dataset->values);
    tp_idx_release(context, &dataset->images);
    tp_release(context, dataset);
}

const tp_data *tp_dataset_data(const tp_dataset *dataset) {
    return dataset ? &dataset->samples.data : NULL;
}
