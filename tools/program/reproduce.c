/* SPDX-License-Identifier: BSD-3-Clause */
#include "command.h"
#include "files.h"
#include "interrupt.h"
#include "model_compare.h"
#include "options_json.h"
#include "reproduce_log.h"
#include "train_prepare.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct reproduce_options {
    struct machine_options machine;
    const char *model;
    struct data_options data;
    const char *test, *init, *log; /* may be NULL */
    bool quiet;
};

#define OPTION_STRUCT struct reproduce_options
static const struct option_row rows[] = {
    OPTION_ROW_MODEL(true),
    OPTION_ROW_SAMPLES("data", true),
    {.name = "test",
     .also = "test-data test-file",
     IS_TEXT("FILE", test),
     .role = FILE_DATA,
     .help = "file of the test samples, to measure the result"},
    {.name = "init", .also = "warm-start", IS_FILE(FILE_INPUT, init), .help = "the model that the training began with"},
    {.name = "log",
     .also = "log-file history",
     IS_FILE(FILE_INPUT, log),
     .help = "log of the training, to find the first epoch that differs"},
    OPTION_ROW_THREADS,
    OPTION_ROW_ISA,
    {.name = "quiet", .also = "silent", IS_FLAG(quiet), .use = OPTION_HERE, .help = "no progress"},
    {0},
};

static void defaults(void *values) {
    *(struct reproduce_options *)values = (struct reproduce_options){0};
}

/* Everything that a reproduction holds. */
struct reproduction {
    const struct reproduce_options *options;
    const struct session *session;
    const char *path; /* of the model */
    tp_model *model;
    struct expected_log log;
    struct train_options train;
    struct train_watch watch;
    struct training run;
};

/* ---- before the run ---- */

static int refuse_note(const struct reproduction *r, const char *name) {
    complain("%s: has no %s: the model does not say how it was trained", r->path, name);
    return EXIT_FAILURE;
}

/* The options that the model has noted, and the paths of this command. */
static int read_options(struct reproduction *r) {
    const char *const config = tp_model_note(r->model, NOTE_CONFIG);
    char *name = NULL;
    if (!config)
        return refuse_note(r, NOTE_CONFIG);
    if (asprintf(&name, "%s: %s", r->path, NOTE_CONFIG) < 0)
        return complain("out of memory"), EXIT_FAILURE;
    train_defaults(&r->train);
    const bool read = options_parse_config(&train_command, name, config, &r->train);
    free(name);
    r->train.command = &reproduce_command;
    r->train.machine = r->options->machine;
    r->train.data.path = r->options->data.path;
    r->train.test = r->options->test;
    r->train.init = r->options->init;
    r->train.quiet = r->options->quiet;
    return read ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int check_init(const struct reproduction *r) {
    const bool noted = tp_model_note(r->model, NOTE_INIT);
    if (noted == (r->options->init != NULL))
        return EXIT_SUCCESS;
    if (noted)
        complain("%s: its training began with another model: --init MODEL is missing", r->path);
    else
        complain("--init %s: the training of %s did not begin with a model", r->options->init, r->path);
    return options_usage_error(&reproduce_command);
}

static int load(struct reproduction *r) {
    int code = session_load(r->session, r->path, &r->model);
    if (!code)
        code = read_options(r);
    if (!code)
        code = check_init(r);
    if (!code)
        code = expected_log_read(&r->log, r->options->log, tp_model_note(r->model, NOTE_CONFIG));
    if (!code)
        code = train_prepare(&r->run);
    if (!code)
        code = train_record_begin(&r->run.record, r->session, &r->train, r->run.train, r->run.model);
    return code;
}

/* found is empty if there is none. */
static int compare_fingerprints(const struct reproduction *r, const char *name, const char *what, const char *found) {
    const char *const noted = tp_model_note(r->model, name);
    if (!noted && !*found)
        return EXIT_SUCCESS;
    const bool same = noted && !strcmp(noted, found);
    if (same)
        printf("%-11s the same, SHA-256 %s\n", what, found);
    else
        printf("%-11s different: SHA-256 %s, was %s\n", what, *found ? found : "of nothing",
               noted ? noted : "of nothing");
    return same ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* What the training begins with. */
static int compare_inputs(const struct reproduction *r) {
    const struct train_record *const record = &r->run.record;
    int code = compare_fingerprints(r, NOTE_DATA, "data", record->data);
    if (!code)
        code = compare_fingerprints(r, NOTE_VALIDATION, "validation", record->validation);
    return code ? code : compare_fingerprints(r, NOTE_INIT, "init", record->init);
}

/* ---- the run, and after it ---- */

static bool watch_epoch(void *user, const tp_epoch *epoch) {
    struct reproduction *const r = user;
    return expected_log_check(&r->log, epoch->epoch, r->run.model);
}

/* A run that was stopped is stopped there again. */
static int train(struct reproduction *r) {
    const char *const steps = tp_model_note(r->model, NOTE_STEPS);
    const char *const epochs = tp_model_note(r->model, NOTE_EPOCHS);
    const bool stopped = tp_model_note(r->model, NOTE_STOPPED);
    if (stopped && (!steps || !epochs))
        return refuse_note(r, steps ? NOTE_EPOCHS : NOTE_STEPS);
    r->watch = (struct train_watch){.epoch = watch_epoch, .user = r};
    if (stopped) {
        r->watch.steps = strtoull(steps, NULL, 10);
        r->watch.epochs = strtoull(epochs, NULL, 10);
    }
    r->run.watch = &r->watch;
    const int code = train_run(&r->run);
    return code ? code : interrupt_code();
}

static int compare_epochs(const struct reproduction *r) {
    if (r->log.different) {
        printf("%-11s different after epoch %zu of %s\n", "epochs", r->log.different, r->log.path);
        return EXIT_FAILURE;
    }
    if (r->log.path)
        printf("%-11s the same, %zu of %zu in %s\n", "epochs", r->log.same, json_array_size(r->log.hashes),
               r->log.path);
    return EXIT_SUCCESS;
}

static int reproduce(struct reproduction *r) {
    int code = load(r);
    if (!code)
        code = compare_inputs(r);
    if (!code)
        code = train(r);
    if (!code)
        code = compare_epochs(r);
    return code ? code : model_compare(r->session, r->model, r->run.model);
}

static int open_and_reproduce(const struct session *session, const struct reproduce_options *options) {
    struct reproduction *const r = calloc(1, sizeof *r);
    if (!r)
        return complain("out of memory"), EXIT_FAILURE;
    *r = (struct reproduction){.options = options, .session = session, .path = options->model};
    r->run = (struct training){.options = &r->train, .session = session};
    interrupt_catch(false);
    const int code = reproduce(r);
    train_release(&r->run);
    expected_log_release(&r->log);
    tp_model_destroy(r->model);
    free(r);
    return code;
}

static int run(int argc, char **argv) {
    struct reproduce_options options;
    int code = options_parse(&reproduce_command, argc, argv, &options);
    if (code != OPTIONS_PARSED)
        return code;
    code = files_check(&reproduce_command, &options, NULL);
    if (code)
        return code;
    struct session session;
    code = session_open(&session, &options.machine);
    if (!code)
        code = open_and_reproduce(&session, &options);
    session_close(&session);
    return code;
}

const struct command reproduce_command = {
    .name = "reproduce",
    .also = "repeat retrain replicate",
    .summary = "Train a model again from what it says, and compare every bit",
    .example = "tileprop reproduce iris.safetensors iris.csv",
    .usage = "MODEL D [OPTION...]",
    .about = "The model's file says which options it was trained with. What differs first is told:\n"
             "data, held-out samples, the model of --init, the first epoch with --log, or the\n"
             "parameters. Exit code 0 only if all of the model is the same: tensors, layers,\n"
             "scaling and columns. Another version of the program, instruction set or number of\n"
             "threads is no reason for a difference.\n",
    .rows = rows,
    .values_size = sizeof(struct reproduce_options),
    .defaults = defaults,
    .run = run,
};
