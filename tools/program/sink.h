/* SPDX-License-Identifier: BSD-3-Clause */
/* Where text results go: standard output, a file that appears whole at the end, or a device or pipe with a name. */
#ifndef TILEPROP_TOOLS_SINK_H
#define TILEPROP_TOOLS_SINK_H

#include "session.h"

#include <stdio.h>

struct sink {
    const struct session *session;
    const char *path;  /* NULL: standard output */
    tp_output *output; /* NULL: file goes straight to where it leads */
    FILE *file;
    bool ended; /* nothing more is written to output */
};

/* Returns an exit code; it has said why. In any case sink_close comes at the end. */
int sink_open(struct sink *sink, const struct session *session, const char *path);

/* All of it was written: the file takes its place. Returns an exit code. */
int sink_commit(struct sink *sink);

/* Without a commit an old file stays. */
void sink_close(struct sink *sink);

#endif
