/* SPDX-License-Identifier: BSD-3-Clause */
#include "plot_log.h"
#include "log_lines.h"
#include "report.h"

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

static bool add_epoch(void *user, json_t *line) {
    struct run_log *const log = user;
    struct log_epoch epoch;
    if (!read_epoch(log, line, &epoch))
        return false;
    struct log_epoch *const epochs = reallocarray(log->epochs, log->count + 1, sizeof *epochs);
    log->complete = log->complete && epochs;
    if (!epochs)
        return true;
    log->epochs = epochs;
    epochs[log->count++] = epoch;
    return true;
}

int log_read(struct run_log *log, const char *path) {
    *log = (struct run_log){.path = path, .complete = true};
    const int code = log_lines(path, add_epoch, log, NULL);
    if (code)
        return code;
    if (log->complete && log->count)
        return EXIT_SUCCESS;
    if (log->complete)
        complain("%s: has no epochs", path);
    else
        complain("out of memory");
    return EXIT_FAILURE;
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
