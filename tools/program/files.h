/* SPDX-License-Identifier: BSD-3-Clause */
/* No output of a command may be one of its other files: what was to be read, or written as well, would be gone. */
#ifndef TILEPROP_TOOLS_FILES_H
#define TILEPROP_TOOLS_FILES_H

#include "command.h"

/* Looks at every pair of files that the command's rows name, and at standard output and error, by what the paths lead
 * to. values are the parsed options, saved the output of the row with FILE_SAVED, or NULL. Returns an exit code. */
int files_check(const struct command *command, const void *values, const tp_output *saved);

#endif
