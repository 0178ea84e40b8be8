/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TILEPROP_TOOLS_MANUAL_H
#define TILEPROP_TOOLS_MANUAL_H

#include <stdio.h>

void manual_page(FILE *file);       /* troff, for man */
void manual_completion(FILE *file); /* for bash */

#endif
