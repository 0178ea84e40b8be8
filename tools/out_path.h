/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TILEPROP_TOOLS_OUT_PATH_H
#define TILEPROP_TOOLS_OUT_PATH_H

#include <stdbool.h>

/* True if both paths lead to one file or, where one is not there yet, are the same. */
bool is_same_file(const char *a, const char *b);

/* Finds out before a long run that its end could not save to path. Returns an exit code. */
int check_out_path(const char *path);

#endif
