/* SPDX-License-Identifier: BSD-3-Clause */
/* Progress of a training run on standard error: a line per epoch, and on a terminal a bar below them. */
#ifndef TILEPROP_TOOLS_PROGRESS_H
#define TILEPROP_TOOLS_PROGRESS_H

#include "metric.h"

struct progress {
    bool lines;      /* off with --quiet */
    bool bar;        /* on a terminal that can rewrite a line */
    bool color;      /* and NO_COLOR is not set */
    size_t samples;  /* per epoch */
    size_t drawn;    /* columns that the bar has covered */
    double drawn_at; /* seconds since the run began; negative before the first drawing */
};

struct progress progress_start(bool quiet, size_t samples_per_epoch);
void progress_step(struct progress *progress, const tp_step *step);
void progress_epoch(struct progress *progress, const tp_epoch *epoch, const struct metric *metric);

/* Removes the bar, so that other messages can be printed. */
void progress_clear(struct progress *progress);

#endif
