/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_IO_DATASET_H
#define TP_IO_DATASET_H

#include "table/plan.h"

/* The directory that where stands for: itself, or a directory in root if it is the name of a known set. Fails if it
 * does not exist. */
tp_status tp_dataset_directory(const struct tp_context *context, const char *root, const char *where, char *directory,
                               size_t size);

struct tp_dataset {
    tp_context *context;
    tp_idx images;    /* of a directory */
    int32_t *classes; /* of a directory, or */
    tp_idx values;    /* its targets, f32 */
    struct tp_table table;
    struct tp_samples samples;
    char id[TP_NUMBER_TEXT]; /* what tp_dataset_id last made of a number */
};

/* An empty one; NULL after a message. The caller keeps path until the data set is made. */
struct tp_dataset *tp_dataset_make(tp_context *context, const char *function, const char *path);

/* Whether where is the name of a known set. */
bool tp_dataset_is_known(const char *where);

/* Images and classes of a directory, and samples.data of them. */
tp_status tp_dataset_load_images(struct tp_dataset *dataset, const char *where, tp_split split);

#endif
