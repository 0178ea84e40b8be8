/* SPDX-License-Identifier: BSD-3-Clause */
#include "log_lines.h"
#include "report.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct reading {
    const char *path;
    log_epoch_fn *take;
    void *user;
    json_t *config;
};

/* The first line of a run, which has no epoch. */
static bool take_config(struct reading *reading, const json_t *line) {
    json_t *const config = json_object_get(line, "config");
    if (!config)
        return false;
    json_decref(reading->config);
    reading->config = json_incref(config);
    return true;
}

static int take_line(struct reading *reading, const char *text, size_t number) {
    json_error_t error;
    json_t *const line = json_loads(text, 0, &error);
    const bool good = json_is_object(line) && (take_config(reading, line) || reading->take(reading->user, line));
    if (!good)
        complain("%s: line %zu is no epoch of a log: %s", reading->path, number,
                 line ? "an object with a number 'epoch' is needed" : error.text);
    json_decref(line);
    return good ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int take_lines(struct reading *reading, FILE *file) {
    char *text = NULL;
    size_t size = 0;
    int code = EXIT_SUCCESS;
    errno = 0;
    for (size_t number = 1; !code && getline(&text, &size, file) >= 0; number++)
        code = take_line(reading, text, number);
    if (!code && ferror(file)) {
        complain("%s: %s", reading->path, strerror(errno));
        code = EXIT_FAILURE;
    }
    free(text);
    return code;
}

int log_lines(const char *path, log_epoch_fn *take, void *user, json_t **config) {
    struct reading reading = {.path = path, .take = take, .user = user};
    FILE *const file = fopen(path, "re");
    if (!file) {
        complain("%s: %s", path, strerror(errno));
        return EXIT_FAILURE;
    }
    const int code = take_lines(&reading, file);
    fclose(file);
    if (config)
        *config = reading.config;
    else
        json_decref(reading.config);
    return code;
}
