/* SPDX-License-Identifier: BSD-3-Clause */
#include "options_json.h"
#include "command.h"
#include "nearest.h"
#include "report.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* A value of JSON becomes what the command line would say, and goes the way of the command line. */

/* Writes value as the argument of the row's option; false: it is of another type. */
typedef bool write_argument_fn(const struct option_row *row, const json_t *value, FILE *text);

static bool write_list(const struct option_row *row, const json_t *list, write_argument_fn *element, char separator,
                       FILE *text) {
    for (size_t i = 0; i < json_array_size(list); i++) {
        if (i)
            fputc(separator, text);
        if (!element(row, json_array_get(list, i), text))
            return false;
    }
    return true;
}

static bool write_text(const struct option_row *row, const json_t *value, FILE *text) {
    (void)row;
    if (json_is_string(value))
        fputs(json_string_value(value), text);
    return json_is_string(value);
}

static bool write_flag(const struct option_row *row, const json_t *value, FILE *text) {
    (void)row;
    fputs(json_is_true(value) ? "true" : "false", text);
    return json_is_boolean(value);
}

/* Integers of JSON end at 2^63 - 1 here; larger ones are texts. */
static bool write_integer(const struct option_row *row, const json_t *value, FILE *text) {
    if (json_is_string(value) && strtoull(json_string_value(value), NULL, 10) > INT64_MAX)
        return write_text(row, value, text);
    fprintf(text, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    return json_is_integer(value);
}

static bool write_real(const struct option_row *row, const json_t *value, FILE *text) {
    (void)row;
    fprintf(text, "%.17g", json_number_value(value));
    return json_is_number(value);
}

static bool write_reals(const struct option_row *row, const json_t *value, FILE *text) {
    if (json_is_array(value))
        return write_list(row, value, write_real, ',', text);
    if (json_is_string(value) && (row->by_name || (row->word && !strcmp(json_string_value(value), row->word))))
        return write_text(row, value, text);
    return write_real(row, value, text);
}

static bool write_sizes(const struct option_row *row, const json_t *value, FILE *text) {
    if (!json_array_size(value))
        fputs("none", text);
    return json_is_array(value) && write_list(row, value, write_integer, ',', text);
}

static bool write_size_grid(const struct option_row *row, const json_t *value, FILE *text) {
    if (json_is_array(json_array_get(value, 0)))
        return write_list(row, value, write_sizes, '/', text);
    return write_sizes(row, value, text);
}

static const struct {
    write_argument_fn *write;
    const char *type;
} from_json[] = {
    [OPTION_FLAG] = {write_flag, "a truth value"},
    [OPTION_INTEGER] = {write_integer, "an integer"},
    [OPTION_REAL] = {write_real, "a number"},
    [OPTION_REALS] = {write_reals, "a list of numbers"},
    [OPTION_NAME] = {write_text, "a text"},
    [OPTION_SIZES] = {write_sizes, "a list of integers"},
    [OPTION_SIZE_GRID] = {write_size_grid, "a list of lists of integers"},
    [OPTION_TEXT] = {write_text, "a text"},
};

static void complain_memory(void) {
    complain("out of memory");
}

/* Every argument that was read: values may point to it. */
static json_t *arguments;

/* Takes text and frees it. NULL: out of memory. */
static const char *keep(char *text) {
    json_t *const kept = text ? json_string(text) : NULL;
    free(text);
    if (!arguments)
        arguments = json_array();
    return json_array_append_new(arguments, kept) ? NULL : json_string_value(kept);
}

/* NULL, with a message: another type, or out of memory. */
static const char *argument_of(const char *origin, const struct option_row *row, const json_t *value) {
    char *text = NULL;
    size_t size = 0;
    FILE *const stream = open_memstream(&text, &size);
    const bool fits = stream && from_json[row->kind].write(row, value, stream);
    const bool written = stream && !fclose(stream);
    if (fits || !written) {
        const char *const argument = keep(text);
        if (!argument)
            complain_memory();
        return argument;
    }
    char limits[256];
    options_describe_limits(row, limits, sizeof limits);
    char *const found = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT | JSON_REAL_PRECISION(15));
    complain("%s%s: %s is not %s: must be %s", origin, row->name, found ? found : "it", from_json[row->kind].type,
             limits);
    free(found);
    free(text);
    return NULL;
}

static const struct option_row *find_row(const struct command *command, const char *key) {
    for (const struct option_row *row = command->rows; row->name; row++)
        if (!strcmp(row->name, key) && row->use < OPTION_CONFIG)
            return row;
    return NULL;
}

static bool complain_unknown(const struct command *command, const char *origin, const char *key) {
    const struct nearest nearest = options_nearest(command, key);
    if (nearest.best && find_row(command, nearest.best))
        complain("%sunknown key '%s'; did you mean '%s'?", origin, key, nearest.best);
    else
        complain("%sunknown key '%s'", origin, key);
    return false;
}

static bool accept_version(const char *origin, const json_t *value) {
    if (!json_is_string(value))
        return complain("%s%s: must be a text", origin, CONFIG_VERSION), false;
    if (strcmp(json_string_value(value), tp_version()) != 0)
        complain("note: %sis of version %s; this is %s", origin, json_string_value(value), tp_version());
    return true;
}

static bool accept_member(const struct command *command, const char *origin, const char *key, const json_t *value,
                          void *values) {
    const struct option_row *const row = find_row(command, key);
    if (!strcmp(key, CONFIG_VERSION))
        return accept_version(origin, value);
    if (!row)
        return complain_unknown(command, origin, key);
    if (json_is_null(value))
        return true;
    const char *const argument = argument_of(origin, row, value);
    return argument && options_accept(origin, row, argument, values);
}

static bool accept_members(const struct command *command, const char *name, json_t *config, void *values) {
    char *origin = NULL;
    const char *key;
    json_t *value;
    if (asprintf(&origin, "%s: ", name) < 0)
        return complain_memory(), false;
    bool good = json_is_object(config);
    if (!good)
        complain("%sis no JSON object of options", origin);
    json_object_foreach(config, key, value) {
        good = good && accept_member(command, origin, key, value, values);
    }
    free(origin);
    return good;
}

/* Takes config; error is why there is none. */
static bool accept_config(const struct command *command, const char *name, json_t *config, const json_error_t *error,
                          void *values) {
    if (!config)
        complain("%s: line %d: %s", name, error->line, error->text);
    const bool good = config && accept_members(command, name, config, values);
    json_decref(config);
    return good;
}

bool options_parse_config(const struct command *command, const char *name, const char *text, void *values) {
    json_error_t error;
    json_t *const config = json_loads(text, JSON_REJECT_DUPLICATES, &error);
    return accept_config(command, name, config, &error, values);
}

bool options_read_config(const struct command *command, const char *path, void *values) {
    const bool standard = !strcmp(path, "-");
    FILE *const file = standard ? stdin : fopen(path, "re");
    json_error_t error;
    if (!file)
        return complain("--config %s: %s", path, strerror(errno)), false;
    errno = 0;
    json_t *const config = json_loadf(file, JSON_REJECT_DUPLICATES, &error);
    const bool failed = ferror(file);
    if (failed)
        complain("--config %s: %s", path, strerror(errno));
    if (!standard)
        fclose(file);
    if (failed)
        return json_decref(config), false;
    return accept_config(command, standard ? "standard input" : path, config, &error, values);
}
