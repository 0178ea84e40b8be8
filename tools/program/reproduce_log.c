/* SPDX-License-Identifier: BSD-3-Clause */
#include "reproduce_log.h"
#include "log_lines.h"
#include "report.h"

#include <stdlib.h>
#include <string.h>

static bool take_epoch(void *user, json_t *line) {
    struct expected_log *const log = user;
    const json_t *const epoch = json_object_get(line, "epoch");
    json_t *const hash = json_object_get(line, "parameters_sha256");
    if (!json_is_integer(epoch) || json_integer_value(epoch) != (json_int_t)json_array_size(log->hashes) + 1)
        return false;
    return json_is_string(hash) && !json_array_append(log->hashes, hash);
}

static const char *different_key(json_t *a, json_t *b) {
    const char *key;
    json_t *value;
    json_object_foreach(a, key, value) {
        if (!json_equal(value, json_object_get(b, key)))
            return key;
    }
    return json_object_size(a) == json_object_size(b) ? NULL : "number of options";
}

static int check_config(const struct expected_log *log, json_t *logged, const char *config) {
    json_t *const wanted = json_loads(config, 0, NULL);
    const char *const key = wanted && logged ? different_key(wanted, logged) : NULL;
    if (key)
        complain("%s: is not the log of this model: its %s is another one", log->path, key);
    else if (!logged)
        complain("%s: does not begin with the configuration of a run", log->path);
    json_decref(wanted);
    return key || !logged ? EXIT_FAILURE : EXIT_SUCCESS;
}

int expected_log_read(struct expected_log *log, const char *path, const char *config) {
    json_t *logged = NULL;
    *log = (struct expected_log){.path = path, .hashes = json_array()};
    if (!path)
        return EXIT_SUCCESS;
    int code = log_lines(path, take_epoch, log, &logged);
    if (!code)
        code = check_config(log, logged, config);
    json_decref(logged);
    return code;
}

bool expected_log_check(struct expected_log *log, size_t epoch, const tp_model *model) {
    const char *const wanted = json_string_value(json_array_get(log->hashes, epoch - 1));
    char found[TP_FINGERPRINT_SIZE];
    if (!wanted || tp_model_fingerprint(model, found))
        return true;
    if (!strcmp(wanted, found))
        log->same++;
    else
        log->different = epoch;
    return !log->different;
}

void expected_log_release(struct expected_log *log) {
    json_decref(log->hashes);
}
