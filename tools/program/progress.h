/* SPDX-License-Identifier: BSD-3-Clause */
/* Progress of a training run on standard error: a line per epoch, and on a terminal a bar below them.
 * What does not fit on a terminal is left out: of a line first samples/s, then the rate, the time, training loss and
 * metric, and validation loss; of the bar samples/s, the bar itself, and the loss; of the first line the instruction
 * set, threads, samples and parameters. */
#ifndef TILEPROP_TOOLS_PROGRESS_H
#define TILEPROP_TOOLS_PROGRESS_H

#include "metric.h"

struct progress {
    bool lines;      /* off with --quiet */
    bool bar;        /* on a terminal that can rewrite a line */
    bool color;      /* and NO_COLOR is not set */
    size_t samples;  /* per epoch */
    uint64_t before; /* steps that an earlier process has done */
    size_t drawn;    /* columns that the bar has covered */
    double drawn_at; /* seconds since the run began; negative before the first drawing */
};

struct progress progress_start(bool quiet, size_t samples_per_epoch, uint64_t steps_before);

/* What is going to be trained, in one line. */
void progress_header(const struct progress *progress, const tp_context *context, const tp_model *model);

void progress_step(struct progress *progress, const tp_step *step);
void progress_epoch(struct progress *progress, const tp_epoch *epoch, const struct metric *metric);

/* Removes the bar, so that other messages can be printed. */
void progress_clear(struct progress *progress);

#endif
