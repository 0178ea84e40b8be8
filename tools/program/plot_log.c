/* SPDX-License-Identifier: BSD-3-Clause */
#include "plot_log.h"

#include "report.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The task's metric is what train_... has beside the loss. */
static void find_metric(struct run_log *log, json_t *line) {
    static const char prefix[] = "train_";
    const char *key;
    json_t *value;
    json_object_foreach(line, key, value) {
        const bool fits =
            !strncmp(key, prefix, strlen(prefix)) && strcmp(key, "train_loss") != 0 && strlen(key) < sizeof log->metric;
        if (fits && !*log->metric)
            strcpy(log->metric, key + strlen(prefix));
    }
}

/* A number or NaN; false if it is something else. */
static bool read_value(const json_t *line, const char *prefix, const char *name, double *value) {
    char key[128];
    snprintf(key, sizeof key, "%s%s", prefix, name);
    const json_t *member = json_object_get(line, key);
    *value = json_is_number(member) ? json_number_value(member) : (double)NAN;
    return !member || json_is_null(member) || json_is_number(member);
}

static bool read_epoch(struct run_log *log, json_t *line, struct log_epoch *epoch) {
    static const struct {
        const char *prefix, *name; /* NULL: the metric */
    } keys[LOG_VALUES] = {
        {"train_", "loss"}, {"validation_", "loss"}, {"train_", NULL}, {"validation_", NULL}, {"", "learning_rate"}};
    find_metric(log, line);
    bool good = read_value(line, "", "epoch", &epoch->epoch) && isfinite(epoch->epoch);
    for (size_t i = 0; i < LOG_VALUES; i++)
        good = read_value(line, keys[i].prefix, keys[i].name ? keys[i].name : log->metric, &epoch->value[i]) && good;
    return good;
}

static int add_line(struct run_log *log, const char *text, size_t number) {
    json_error_t error;
    json_t *line = json_loads(text, 0, &error);
    struct log_epoch epoch;
    if (json_object_get(line, "config")) {
        json_decref(line);
        return EXIT_SUCCESS;
    }
    const bool good = json_is_object(line) && read_epoch(log, line, &epoch);
    json_decref(line);
    if (!good) {
        complain("%s: line %zu is no epoch of a log: %s", log->path, number,
                 line ? "an object with a number 'epoch' is needed" : error.text);
        return EXIT_FAILURE;
    }
    struct log_epoch *const epochs = reallocarray(log->epochs, log->count + 1, sizeof *epochs);
    if (!epochs) {
        complain("out of memory");
        return EXIT_FAILURE;
    }
    log->epochs = epochs;
    epochs[log->count++] = epoch;
    return EXIT_SUCCESS;
}

static int read_lines(struct run_log *log, FILE *file) {
    char *text = NULL;
    size_t size = 0;
    int code = EXIT_SUCCESS;
    errno = 0;
    for (size_t number = 1; !code && getline(&text, &size, file) >= 0; number++)
        code = add_line(log, text, number);
    if (!code && ferror(file)) {
        complain("%s: %s", log->path, strerror(errno));
        code = EXIT_FAILURE;
    }
    if (!code && !log->count) {
        complain("%s: has no epochs", log->path);
        code = EXIT_FAILURE;
    }
    free(text);
    return code;
}

int log_read(struct run_log *log, const char *path) {
    *log = (struct run_log){.path = path};
    FILE *const file = fopen(path, "re");
    if (!file) {
        complain("%s: %s", path, strerror(errno));
        return EXIT_FAILURE;
    }
    const int code = read_lines(log, file);
    fclose(file);
    return code;
}

void log_release(struct run_log *log) {
    free(log->epochs);
}

bool log_has(const struct run_log *log, enum log_value value) {
    for (size_t i = 0; i < log->count; i++)
        if (isfinite(log->epochs[i].value[value]))
            return true;
    return false;
}
