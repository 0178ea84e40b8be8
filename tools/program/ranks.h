/* SPDX-License-Identifier: BSD-3-Clause */
/* Processes of one run with --mpi. The first one speaks, logs and saves; what the others have to say is said by it when
 * all agree on a failure. Without --mpi this process is the first and only one. */
#ifndef TILEPROP_TOOLS_RANKS_H
#define TILEPROP_TOOLS_RANKS_H

#include "session.h"

/* Joins the other processes, if mpi. Returns an exit code; it has said why. */
int ranks_open(const struct session *session, bool mpi);
/* At the end, when what uses the group is gone. */
void ranks_close(void);

bool ranks_is_first(void);
/* For the library; NULL: this process is alone. */
const tp_group *ranks_group(void);
/* ", 1 x 2 ranks x 4 threads": machines, processes of each, threads of each; without --mpi ", 4 threads". */
void ranks_describe(char *text, size_t size, int threads);

/* All of them make each of these calls at the same place. */

/* The exit code of the first one that has failed, which has said why, or that of all. */
int ranks_agree(int code);
/* What the first one says. */
uint64_t ranks_follow(uint64_t number);
/* Likewise, in place of so many bytes of the others. */
void ranks_follow_bytes(void *bytes, int size);

#endif
