/* SPDX-License-Identifier: BSD-3-Clause */
/* Configurations: the values of a table of options as a JSON object, whose keys are the names of the options. What has
 * no value yet, because the command itself chooses it, is null. The member "version" is the program's. */
#ifndef TILEPROP_TOOLS_OPTIONS_JSON_H
#define TILEPROP_TOOLS_OPTIONS_JSON_H

#include "options.h"

#define CONFIG_VERSION "version"

/* Which options a text has. */
enum config_scope {
    CONFIG_ALL,    /* all that a configuration can have, a line for each */
    CONFIG_RESULT, /* those that results depend on, in one line: no paths, nothing of the machine */
};

/* The values as text, to be freed. NULL, with a message: out of memory, or a value is not UTF-8. */
char *options_config(const struct command *command, const void *values, enum config_scope scope);

/* Whether the option for that was given. */
bool options_ask_for_config(const struct command *command, const void *values);

/* Settles the values and prints all on standard output. Returns an exit code. */
int options_print_config(const struct command *command, void *values);

/* Sets the values of a file; path "-" is standard input. False, with a message, if something is refused. Texts among
 * the values live until the process ends. */
bool options_read_config(const struct command *command, const char *path, void *values);

/* Likewise from a text; name is what messages call it. */
bool options_parse_config(const struct command *command, const char *name, const char *text, void *values);

#endif
