/* SPDX-License-Identifier: BSD-3-Clause */
#include "checkpoint_writer.h"
#include "report.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

int checkpoint_writer_open(struct checkpoint_writer *writer, const struct session *session, const tp_trainer *trainer) {
    return session_check(session, tp_snapshot_create(trainer, NULL, 0, &writer->snapshot));
}

/* ---- the thread ---- */

/* A checkpoint never has epochs that the log lacks. */
static void write_checkpoint(struct checkpoint_writer *writer) {
    if (!writer->log_error)
        writer->log_error = train_log_sync(writer->log);
    writer->status = writer->taken ? writer->taken : TP_ERR_IO;
    if (writer->path && !writer->log_error && !writer->taken)
        writer->status = tp_snapshot_save(writer->snapshot, writer->path);
    if (writer->status)
        checkpoint_dir_failed(writer->directory);
    else
        checkpoint_dir_written(writer->directory, writer->step, writer->keep);
}

static void *work(void *user) {
    struct checkpoint_writer *writer = user;
    session_divert(&writer->message);
    write_checkpoint(writer);
    session_divert(NULL);
    atomic_store(&writer->busy, false);
    return NULL;
}

/* ---- the others ---- */

/* Signals are for the threads that train. */
static bool start_thread(struct checkpoint_writer *writer) {
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    const bool started = !pthread_create(&writer->thread, NULL, work, writer);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return started;
}

void checkpoint_writer_start(struct checkpoint_writer *writer, uint64_t step) {
    writer->step = step;
    train_log_flush(writer->log);
    writer->log_error = writer->log->error;
    writer->path = checkpoint_dir_file(writer->directory, step);
    writer->untold = true;
    writer->taken = tp_snapshot_take(writer->snapshot);
    atomic_store(&writer->busy, true);
    writer->running = start_thread(writer);
    if (!writer->running)
        work(writer); /* training waits for it */
}

bool checkpoint_writer_is_busy(const struct checkpoint_writer *writer) {
    return atomic_load(&writer->busy);
}

/* Why there is no checkpoint, to be freed. */
static char *reason(const struct checkpoint_writer *writer) {
    char *text = NULL;
    const char *why = !writer->path     ? "out of memory"
                      : writer->message ? writer->message
                                        : tp_status_text(writer->status);
    const int length = writer->log_error ? asprintf(&text, "%s: %s", writer->log->path, strerror(writer->log_error))
                                         : asprintf(&text, "%s", why);
    return length < 0 ? NULL : text;
}

static bool collect(struct checkpoint_writer *writer, char **text) {
    writer->untold = false;
    writer->failed = writer->status != TP_OK;
    if (writer->failed)
        *text = reason(writer);
    free(writer->path);
    free(writer->message);
    writer->path = writer->message = NULL;
    return !writer->failed;
}

bool checkpoint_writer_join(struct checkpoint_writer *writer, char **text) {
    *text = NULL;
    if (writer->running)
        pthread_join(writer->thread, NULL);
    writer->running = false;
    return !writer->untold || collect(writer, text);
}

void checkpoint_writer_close(struct checkpoint_writer *writer) {
    char *text;
    checkpoint_writer_join(writer, &text);
    free(text);
    tp_snapshot_destroy(writer->snapshot);
}
