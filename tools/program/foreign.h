/* SPDX-License-Identifier: BSD-3-Clause */
/* Models of other programs that were given as models of this one. */
#ifndef TILEPROP_TOOLS_FOREIGN_H
#define TILEPROP_TOOLS_FOREIGN_H

#include <stdbool.h>

/* If path, which could not be read as a model, or if imported not as one of another program, is one of another program,
 * says which, and how it becomes a model. */
void foreign_explain(const char *path, bool imported);

#endif
