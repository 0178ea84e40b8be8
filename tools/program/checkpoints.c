/* SPDX-License-Identifier: BSD-3-Clause */
#include "checkpoints.h"
#include "command.h"
#include "ranks.h"
#include "report.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* ---- the directory ---- */

/* The option that says how to do what is not done at all, or NULL. */
static const char *find_idle(const struct train_options *options) {
    if (options->checkpoint || options->resume)
        return NULL;
    return options->every_given ? "every" : options->keep_checkpoints_given ? "keep-checkpoints" : NULL;
}

static int check_options(const struct train_options *options, struct interval *every) {
    const char *a = options->checkpoint, *b = options->resume, *idle = find_idle(options);
    if (!interval_parse(options->every, every))
        complain("--every '%s': must be %s", options->every, interval_limits);
    else if (a && b && strcmp(a, b) != 0)
        complain("--checkpoint %s: --resume %s keeps its checkpoints in its own directory", a, b);
    else if (idle)
        complain("--%s: needs --checkpoint, the directory where checkpoints are kept", idle);
    else
        return EXIT_SUCCESS;
    return options_usage_error(options->command);
}

static int check_past(const struct checkpoints *checkpoints) {
    const struct train_options *options = checkpoints->options;
    if (options->resume || !checkpoints->past.count)
        return EXIT_SUCCESS;
    complain("--checkpoint %s: has checkpoints of a run; --resume %s goes on with it", options->checkpoint,
             options->checkpoint);
    return options_usage_error(options->command);
}

int checkpoints_open(struct checkpoints *checkpoints, const struct train_options *options) {
    *checkpoints = (struct checkpoints){0};
    int code = check_options(options, &checkpoints->every);
    const char *path = options->resume ? options->resume : options->checkpoint;
    if (code || !path)
        return code;
    checkpoints->options = options;
    checkpoints->directory = (struct checkpoint_dir){.path = path, .descriptor = -1};
    if (!ranks_is_first())
        return EXIT_SUCCESS;
    checkpoints->writer.directory = &checkpoints->directory;
    checkpoints->writer.keep = options->keep_checkpoints;
    code = checkpoint_dir_open(&checkpoints->directory, path);
    if (!code)
        code = checkpoint_dir_list(&checkpoints->directory, &checkpoints->past);
    return code ? code : check_past(checkpoints);
}

/* ---- resume ---- */

/* A damaged one is told, but no failure. One that the system does not let us read may be whole. */
static int try_step(struct checkpoints *checkpoints, const struct session *session, tp_trainer *trainer,
                    uint64_t step) {
    char *path = checkpoint_dir_file(&checkpoints->directory, step);
    const tp_status status = path ? tp_trainer_resume(trainer, path) : TP_ERR_MEMORY;
    if (status == TP_OK) {
        checkpoints->directory.newest = step;
        checkpoints->resumed = path;
        return EXIT_SUCCESS;
    }
    free(path);
    if (status == TP_ERR_FORMAT) {
        complain("note: this checkpoint cannot be read: %s", session_message(session, status));
        return EXIT_SUCCESS;
    }
    const int code = session_check(session, status);
    if (status == TP_ERR_IO && ranks_is_first())
        complain("%s: the run goes on when it can be read; if it is moved away, from the checkpoint before it",
                 checkpoints->directory.path);
    return code;
}

static void announce(const struct checkpoints *checkpoints, const tp_trainer *trainer) {
    if (checkpoints->options->quiet)
        return;
    if (checkpoints->resumed)
        complain("going on after step %" PRIu64 ", epoch %zu, with %s", tp_trainer_steps(trainer),
                 tp_trainer_epochs(trainer), checkpoints->resumed);
    else if (checkpoints->options->resume)
        complain("%s has no checkpoint yet: this run starts", checkpoints->directory.path);
}

/* To the newest one that can be read. */
static int resume_first(struct checkpoints *checkpoints, const struct session *session, tp_trainer *trainer) {
    const struct checkpoint_list *past = &checkpoints->past;
    for (size_t i = 0; i < past->count && !checkpoints->resumed; i++) {
        const int code = try_step(checkpoints, session, trainer, past->step[i]);
        if (code)
            return code;
    }
    if (past->count && !checkpoints->resumed) {
        complain("%s: has checkpoints, but none that can be read; without them the run starts anew",
                 checkpoints->directory.path);
        return EXIT_FAILURE;
    }
    announce(checkpoints, trainer);
    return EXIT_SUCCESS;
}

/* Other processes take the one that the first one has found. */
int checkpoints_resume(struct checkpoints *checkpoints, const struct session *session, tp_trainer *trainer) {
    if (!checkpoints->options)
        return EXIT_SUCCESS;
    int code = ranks_agree(ranks_is_first() ? resume_first(checkpoints, session, trainer) : EXIT_SUCCESS);
    if (code)
        return code;
    const uint64_t step = ranks_follow(checkpoints->directory.newest);
    if (!ranks_is_first() && step)
        code = try_step(checkpoints, session, trainer, step);
    if (!ranks_is_first() && step && !code && !checkpoints->resumed)
        code = EXIT_FAILURE; /* try_step has said why */
    return ranks_agree(code);
}

/* ---- during the run ---- */

int checkpoints_begin(struct checkpoints *checkpoints, const struct session *session, const tp_trainer *trainer,
                      struct train_log *log, struct progress *progress) {
    if (!checkpoints->options)
        return EXIT_SUCCESS;
    if (checkpoints->resumed && ranks_is_first())
        checkpoint_dir_prune(&checkpoints->directory, checkpoints->writer.keep);
    checkpoints->writer.log = log;
    checkpoints->progress = progress;
    checkpoints->taken_at = now();
    return checkpoint_writer_open(&checkpoints->writer, session, trainer);
}

/* Waits for the writer, and tells what has failed. */
static void join(struct checkpoints *checkpoints) {
    char *text;
    if (checkpoint_writer_join(&checkpoints->writer, &text))
        return;
    progress_clear(checkpoints->progress);
    complain("note: no checkpoint of step %" PRIu64 ": %s", checkpoints->writer.step, text ? text : "out of memory");
    free(text);
}

static void take(struct checkpoints *checkpoints, uint64_t step) {
    checkpoints->due = false;
    checkpoints->taken_at = now();
    if (ranks_is_first())
        checkpoint_writer_start(&checkpoints->writer, step);
    else
        tp_snapshot_take(checkpoints->writer.snapshot); /* for its part of it */
}

static bool is_ready(struct checkpoints *checkpoints) {
    if (!ranks_is_first() || checkpoint_writer_is_busy(&checkpoints->writer))
        return false;
    join(checkpoints);
    return checkpoints->due;
}

static void take_if_due(struct checkpoints *checkpoints, uint64_t step) {
    if (ranks_follow(is_ready(checkpoints)))
        take(checkpoints, step);
}

void checkpoints_step(struct checkpoints *checkpoints, const tp_step *step) {
    const struct interval *every = &checkpoints->every;
    if (!checkpoints->options)
        return;
    if ((every->steps && step->step % every->steps == 0) ||
        (every->seconds && now() - checkpoints->taken_at >= (double)every->seconds))
        checkpoints->due = true;
    take_if_due(checkpoints, step->step);
}

void checkpoints_epoch(struct checkpoints *checkpoints, const tp_epoch *epoch) {
    const uint64_t every = checkpoints->every.epochs;
    if (!checkpoints->options)
        return;
    if (every && epoch->epoch % every == 0)
        checkpoints->due = true;
    take_if_due(checkpoints, epoch->steps);
}

void checkpoints_end(struct checkpoints *checkpoints, const tp_trainer *trainer) {
    const uint64_t step = tp_trainer_steps(trainer);
    if (!checkpoints->options)
        return;
    join(checkpoints);
    if (ranks_follow(step > checkpoints->directory.newest)) {
        take(checkpoints, step);
        join(checkpoints);
    }
}

void checkpoints_stop(struct checkpoints *checkpoints) {
    checkpoint_writer_close(&checkpoints->writer);
}

void checkpoints_close(struct checkpoints *checkpoints) {
    checkpoint_dir_close(&checkpoints->directory);
    free(checkpoints->past.step);
    free(checkpoints->resumed);
}

/* ---- after it ---- */

bool checkpoints_failed(const struct checkpoints *checkpoints) {
    return checkpoints->writer.failed;
}

char *checkpoints_newest(const struct checkpoints *checkpoints) {
    return checkpoints->directory.newest ? checkpoint_dir_file(&checkpoints->directory, checkpoints->directory.newest)
                                         : NULL;
}
