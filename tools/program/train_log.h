/* SPDX-License-Identifier: BSD-3-Clause */
/* The log of a run: a line for each epoch. That of a resumed run is that of one that was never stopped, but for times.
 */
#ifndef TILEPROP_TOOLS_TRAIN_LOG_H
#define TILEPROP_TOOLS_TRAIN_LOG_H

#include "session.h"

#include <jansson.h>
#include <stdio.h>

struct train_log {
    const char *path;
    FILE *file;    /* NULL: none is open */
    bool empty;    /* it had no line when it was opened */
    char *waiting; /* what could not be written yet */
    size_t waiting_size;
    bool lost; /* there was no memory for some of it */
    int error; /* errno why something waits, or 0 */
};

/* What an earlier process has left in a log. */
struct train_log_past {
    const char *checkpoint; /* that the run goes on from; NULL: it starts */
    size_t epochs;          /* that the checkpoint has */
};

/* Opens the log; nothing is done if path is NULL. With past, a regular file is replaced, at once, by its lines of the
 * epochs that the checkpoint has, and what comes before them. Returns an exit code; it has said why. */
int train_log_open(struct train_log *log, const struct session *session, const char *path,
                   const struct train_log_past *past);

/* Writes the first line of a log that has none: the configuration of the run, JSON. */
void train_log_begin(struct train_log *log, const char *config);

/* Writes and releases a line. What cannot be written waits for the next call of this function or of train_log_flush, so
 * that a disk that is full for some time costs no line. */
void train_log_write(struct train_log *log, json_t *line);
void train_log_flush(struct train_log *log);

/* Waits until lines are on the disk; returns an errno. Another thread may do this. */
int train_log_sync(const struct train_log *log);

/* Writes what waits and closes the log, if it is open. Returns an exit code; it has said why. */
int train_log_close(struct train_log *log);

#endif
