/* SPDX-License-Identifier: BSD-3-Clause */
/* Checkpoints of a run of 'tileprop train': which it goes on from, and when the next one is due. */
#ifndef TILEPROP_TOOLS_CHECKPOINTS_H
#define TILEPROP_TOOLS_CHECKPOINTS_H

#include "checkpoint_writer.h"
#include "interval.h"
#include "progress.h"
#include "train_options.h"

struct checkpoints {
    const struct train_options *options; /* NULL: there are none, and the functions do nothing */
    struct interval every;
    struct checkpoint_dir directory;
    struct checkpoint_list past; /* those that were there */
    char *resumed;               /* path of the one that the run goes on from; NULL: it starts */
    struct checkpoint_writer writer;
    struct progress *progress; /* to be cleared before a message */
    bool due;
    double taken_at;
};

/* These return an exit code; they have said why. In any case checkpoints_close comes at the end. */

/* What options say about checkpoints is right, and the directory is this run's. */
int checkpoints_open(struct checkpoints *checkpoints, const struct train_options *options);

/* Takes the run to its newest checkpoint that can be read. */
int checkpoints_resume(struct checkpoints *checkpoints, const struct session *session, tp_trainer *trainer);

/* Before the first step. */
int checkpoints_begin(struct checkpoints *checkpoints, const struct session *session, const tp_trainer *trainer,
                      struct train_log *log, struct progress *progress);

/* After a step and after an epoch: begin to write one if that is due. */
void checkpoints_step(struct checkpoints *checkpoints, const tp_step *step);
void checkpoints_epoch(struct checkpoints *checkpoints, const tp_epoch *epoch);

/* After the run: what there is then is written. */
void checkpoints_end(struct checkpoints *checkpoints, const tp_trainer *trainer);

/* Before the trainer is destroyed: nothing is written any more. */
void checkpoints_stop(struct checkpoints *checkpoints);

void checkpoints_close(struct checkpoints *checkpoints);

/* Whether the last one could not be written. */
bool checkpoints_failed(const struct checkpoints *checkpoints);

/* The path of the newest one, to be freed; NULL: there is none. */
char *checkpoints_newest(const struct checkpoints *checkpoints);

#endif
