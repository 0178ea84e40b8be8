/* SPDX-License-Identifier: BSD-3-Clause */
/* Batches out of a data set: chosen rows, scaled, with their targets, in the workspace's own buffers. */
#ifndef TP_NET_GATHER_H
#define TP_NET_GATHER_H

#include "net/workspace.h"

#include <math.h>

/* count samples: number first + i of the set, or pool[order[first + i]]. pool and order may be NULL: the identity. */
struct tp_batch {
    const tp_data *data;
    const uint32_t *pool, *order;
    size_t first, count;
    bool targets; /* gather these too */
};

/* A program's set as it may be for any model: targets may be absent, and classes are what they are. */
tp_status tp_take_samples(const struct tp_context *context, const char *what, const tp_data *given, tp_data *data);

/* A program's set, checked against a model; targets may be absent if need_targets is false. what names it in messages.
 */
tp_status tp_take_data(const struct tp_model *model, const char *what, const tp_data *given, bool need_targets,
                       tp_data *data);

/* 0 and 0 become those of samples that follow each other. */
tp_status tp_take_strides(const struct tp_context *context, const char *what, size_t samples, size_t values,
                          size_t *sample_stride, size_t *value_stride);

/* Rounded; 0 for what is below 2^-126 in magnitude, as in kernels/map.h. */
static inline float tp_to_float(double value) {
    return fabs(value) < 0x1p-126 ? 0 : (float)value;
}

/* A thread's part; the workspace's forward input becomes the batch. Ends with a barrier. */
void tp_run_gather(struct tp_workspace *workspace, const struct tp_batch *batch, struct tp_team team);

/* The targets of a gathered batch. */
tp_targets tp_gathered_targets(const struct tp_workspace *workspace, const tp_data *data);

#endif
