/* SPDX-License-Identifier: BSD-3-Clause */
/* What every subcommand needs from the library: a context whose messages are kept, data that fits a model, a score. */
#ifndef TILEPROP_TOOLS_SESSION_H
#define TILEPROP_TOOLS_SESSION_H

#include "options.h"

struct session {
    tp_context *context;
    char *message; /* the last error, or NULL */
    bool silent;   /* notes are not printed */
};

/* These return an exit code, EXIT_SUCCESS to go on; on failure they have said why. */
int session_open(struct session *session, const struct machine_options *options);
int session_check(const struct session *session, tp_status status);
int session_score(const struct session *session, const tp_model *model, const tp_data *data, tp_score *score,
                  uint64_t *confusion);

/* Of a file of another program these say what makes a model of it. */
int session_load(const struct session *session, const char *path, tp_model **model);

void session_close(struct session *session);

/* From now on errors of the calling thread go to *message, to be freed, and not to the session; for a thread that works
 * beside the one that calls session_check. NULL: back to the session. */
void session_divert(char **message);

/* Why the call with this status failed. */
const char *session_message(const struct session *session, tp_status status);

/* The architecture in a model's file, which need not be loaded to see that data does not fit, if no schema says which
 * columns are its inputs. */
struct architecture {
    bool has_schema;
    tp_model_options model;
    tp_layer layer[TP_MAX_LAYERS];
};
int session_describe(const struct session *session, const char *path, struct architecture *architecture);

/* Whether data, with or without targets, can go through the model; if not, says why. */
int check_fit(const tp_model_options *model, const tp_data *data, const char *model_name, const char *data_name);

/* Classes that the model tells apart. */
size_t model_classes(const tp_model_options *model);

/* Of the schema; without one the loss tells. */
tp_task model_task(const tp_model *model);

/* Width of the last layer. */
size_t model_outputs(const tp_model_options *model);

#endif
