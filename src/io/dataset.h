/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_IO_DATASET_H
#define TP_IO_DATASET_H

#include "core/context.h"

/* The directory that where stands for: itself, or a directory in root if it is the name of a known set. Fails if it
 * does not exist. */
tp_status tp_dataset_directory(const struct tp_context *context, const char *root, const char *where, char *directory,
                               size_t size);

#endif
