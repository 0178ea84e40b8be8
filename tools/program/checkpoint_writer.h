/* SPDX-License-Identifier: BSD-3-Clause */
/* Writes checkpoints on a thread of its own while training goes on: one at a time, never a queue of them. */
#ifndef TILEPROP_TOOLS_CHECKPOINT_WRITER_H
#define TILEPROP_TOOLS_CHECKPOINT_WRITER_H

#include "checkpoint_dir.h"
#include "train_log.h"

#include <pthread.h>
#include <stdatomic.h>

struct checkpoint_writer {
    struct checkpoint_dir *directory;
    struct train_log *log; /* on the disk before the checkpoint */
    uint64_t keep;
    tp_snapshot *snapshot;
    uint64_t step; /* of the last snapshot */
    bool failed;   /* it could not be written */
    pthread_t thread;
    bool running;     /* it is to be joined */
    bool untold;      /* its result */
    atomic_bool busy; /* the fields below are its own */
    int log_error;    /* errno of writing or syncing the log */
    tp_status taken;  /* of the snapshot */
    tp_status status;
    char *path, *message; /* to be freed; NULL */
};

/* Returns an exit code; it has said why. In any case checkpoint_writer_close comes at the end. */
int checkpoint_writer_open(struct checkpoint_writer *writer, const struct session *session, const tp_trainer *trainer);

/* Takes where the run is and begins to write it. Nothing may be written at the moment. */
void checkpoint_writer_start(struct checkpoint_writer *writer, uint64_t step);

/* Whether something is being written. */
bool checkpoint_writer_is_busy(const struct checkpoint_writer *writer);

/* Waits until it is written. False if that has failed, with why in *text, to be freed; each failure is told once. */
bool checkpoint_writer_join(struct checkpoint_writer *writer, char **text);

void checkpoint_writer_close(struct checkpoint_writer *writer);

#endif
