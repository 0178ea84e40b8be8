/* SPDX-License-Identifier: BSD-3-Clause */
#include "train_log.h"
#include "report.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int fail(const struct train_log *log) {
    complain("--log %s: %s", log->path, strerror(errno));
    return EXIT_FAILURE;
}

/* ---- lines that stay ---- */

/* The number of the epoch of a whole line; 0: it has none; negative: it is no line of a log. */
static json_int_t epoch_of(const char *text) {
    json_t *line = text[strcspn(text, "\n")] ? json_loads(text, 0, NULL) : NULL;
    const json_t *epoch = json_object_get(line, "epoch");
    const json_int_t number = !json_is_object(line) ? -1 : epoch ? json_integer_value(epoch) : 0;
    json_decref(line);
    return number;
}

/* Copies a first line without an epoch and those of epochs 1, 2, 3, ...; returns an exit code. */
static int copy_lines(struct train_log *log, const struct session *session, FILE *old, size_t epochs, tp_output *output,
                      size_t *found) {
    char *text = NULL;
    size_t size = 0;
    int code = EXIT_SUCCESS;
    *found = 0;
    while (!code && getline(&text, &size, old) >= 0) {
        const json_int_t epoch = epoch_of(text);
        const bool stays = epoch ? *found < epochs && epoch == (json_int_t)*found + 1 : log->empty;
        if (!stays)
            break;
        code = session_check(session, tp_output_write(output, text, strlen(text)));
        log->empty = false;
        *found += epoch != 0;
    }
    free(text);
    return code;
}

static int refuse_short(const struct train_log *log, const struct train_log_past *past, size_t found) {
    complain("--log %s: has no line of epoch %zu, which %s has", log->path, found + 1, past->checkpoint);
    return EXIT_FAILURE;
}

static int keep_lines(struct train_log *log, const struct session *session, const struct train_log_past *past,
                      tp_output *output) {
    FILE *const old = past->checkpoint ? fopen(log->path, "re") : NULL;
    size_t found = 0;
    int code = EXIT_SUCCESS;
    if (!old && past->checkpoint && errno != ENOENT)
        return fail(log);
    if (old) {
        code = copy_lines(log, session, old, past->epochs, output, &found);
        fclose(old);
    }
    if (!code && found < past->epochs)
        return refuse_short(log, past, found);
    return code ? code : session_check(session, tp_output_commit(output));
}

static int replace(struct train_log *log, const struct session *session, const struct train_log_past *past) {
    tp_output *output = NULL;
    int code = session_check(session, tp_output_create(session->context, log->path, &output));
    if (!code)
        code = keep_lines(log, session, past, output);
    tp_output_destroy(output);
    return code;
}

/* ---- the log ---- */

static bool is_special(const char *path) {
    struct stat facts;
    return !stat(path, &facts) && !S_ISREG(facts.st_mode);
}

int train_log_open(struct train_log *log, const struct session *session, const char *path,
                   const struct train_log_past *past) {
    *log = (struct train_log){.path = path, .empty = true};
    if (!path)
        return EXIT_SUCCESS;
    const bool goes_on = past && !is_special(path);
    const int code = goes_on ? replace(log, session, past) : EXIT_SUCCESS;
    if (code)
        return code;
    log->file = fopen(path, goes_on ? "ae" : "we");
    return log->file ? EXIT_SUCCESS : fail(log);
}

void train_log_flush(struct train_log *log) {
    ssize_t written = 0;
    while (log->waiting_size && (written = write(fileno(log->file), log->waiting, log->waiting_size)) > 0) {
        log->waiting_size -= (size_t)written;
        memmove(log->waiting, log->waiting + written, log->waiting_size);
    }
    log->error = log->lost ? ENOMEM : log->waiting_size ? errno : 0;
}

/* Not through the stream, which forgets what it could not write. text is to be freed; NULL: no memory for it. */
static void add(struct train_log *log, char *text) {
    const size_t size = text ? strlen(text) : 0;
    char *const waiting = text ? realloc(log->waiting, log->waiting_size + size + 1) : NULL;
    if (waiting) {
        memcpy(waiting + log->waiting_size, text, size + 1);
        log->waiting = waiting;
        log->waiting_size += size;
    }
    log->lost = log->lost || !waiting;
    free(text);
    train_log_flush(log);
}

void train_log_begin(struct train_log *log, const char *config) {
    char *text = NULL;
    if (!log->file || !log->empty)
        return;
    const int length = asprintf(&text, "{\"config\":%s}\n", config);
    add(log, length < 0 ? NULL : text);
}

void train_log_write(struct train_log *log, json_t *line) {
    char *text = NULL;
    size_t size;
    FILE *const memory = open_memstream(&text, &size);
    if (memory)
        report_write(line, memory);
    else
        json_decref(line);
    const bool complete = memory && !fclose(memory);
    if (!complete) {
        free(text);
        text = NULL;
    }
    add(log, text);
}

/* Pipes and terminals cannot be synced. */
int train_log_sync(const struct train_log *log) {
    const bool failed = log->file && fsync(fileno(log->file)) && errno != EINVAL && errno != EROFS;
    return failed ? errno : 0;
}

int train_log_close(struct train_log *log) {
    FILE *const file = log->file;
    if (file)
        train_log_flush(log);
    log->file = NULL;
    free(log->waiting);
    log->waiting = NULL;
    return !file || close_file(file, log->path, log->error) ? EXIT_SUCCESS : EXIT_FAILURE;
}
