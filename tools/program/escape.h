/* SPDX-License-Identifier: BSD-3-Clause */
/* Paths and messages can hold anything: what must not reach a terminal or forge a line is shown as \xNN. */
#ifndef TILEPROP_TOOLS_ESCAPE_H
#define TILEPROP_TOOLS_ESCAPE_H

/* From now on UTF-8 counts as text; before that only ASCII does. */
void escape_init(void);

/* A copy in which every byte that is no part of a printable character is \xNN; to be freed. NULL: out of memory. */
char *escaped(const char *text);

#endif
