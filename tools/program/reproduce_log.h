/* SPDX-License-Identifier: BSD-3-Clause */
/* What a log says that each epoch left, for a run that is compared with it. */
#ifndef TILEPROP_TOOLS_REPRODUCE_LOG_H
#define TILEPROP_TOOLS_REPRODUCE_LOG_H

#include "session.h"

#include <jansson.h>

struct expected_log {
    const char *path; /* NULL: there is none */
    json_t *hashes;   /* of the epochs in their order */
    size_t same;      /* epochs that were compared and were the same */
    size_t different; /* the first that was not; 0: none */
};

/* Reads the log, which must be that of a run with this configuration. Returns an exit code; it has said why. In any
 * case expected_log_release comes at the end. */
int expected_log_read(struct expected_log *log, const char *path, const char *config);

/* Whether the model is after this epoch what the log says. */
bool expected_log_check(struct expected_log *log, size_t epoch, const tp_model *model);

void expected_log_release(struct expected_log *log);

#endif
