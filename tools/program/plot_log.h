/* SPDX-License-Identifier: BSD-3-Clause */
/* The file that 'tileprop train --log' writes: a JSON object for each epoch. */
#ifndef TILEPROP_TOOLS_PLOT_LOG_H
#define TILEPROP_TOOLS_PLOT_LOG_H

#include <stdbool.h>
#include <stddef.h>

enum log_value { LOG_TRAIN_LOSS, LOG_VALIDATION_LOSS, LOG_TRAIN_METRIC, LOG_VALIDATION_METRIC, LOG_RATE, LOG_VALUES };

/* NaN: the epoch has no such value. */
struct log_epoch {
    double epoch, value[LOG_VALUES];
};

struct run_log {
    const char *path;
    char metric[64]; /* its name, empty if there is none */
    struct log_epoch *epochs;
    size_t count;
    bool complete; /* there was memory for all of them */
};

/* Returns an exit code; it has said why, by file and line. In any case log_release comes at the end. */
int log_read(struct run_log *log, const char *path);
void log_release(struct run_log *log);

/* Whether some epoch has the value. */
bool log_has(const struct run_log *log, enum log_value value);

#endif
