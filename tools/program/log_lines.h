/* SPDX-License-Identifier: BSD-3-Clause */
/* Reading a log of 'tileprop train --log': a JSON object on each line. */
#ifndef TILEPROP_TOOLS_LOG_LINES_H
#define TILEPROP_TOOLS_LOG_LINES_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* Takes an epoch of the log; false: it is none. */
typedef bool log_epoch_fn(void *user, json_t *epoch);

/* Calls take for each epoch, in the order of lines. config receives the configuration of the run, to be released, or
 * NULL if the log has none; it may be NULL. Returns an exit code; it has said why. */
int log_lines(const char *path, log_epoch_fn *take, void *user, json_t **config);

#endif
