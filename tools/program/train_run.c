/* SPDX-License-Identifier: BSD-3-Clause */
#include "train_run.h"
#include "inference.h"
#include "interrupt.h"
#include "ranks.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#define MOST_EPOCHS_SHOWN 50

/* ---- callbacks ---- */

/* A run that is watched ends where another one was stopped: within an epoch, or after it. */
static bool ends_within(const struct train_watch *watch, const tp_step *step) {
    return watch && step->step == watch->steps && step->epoch > watch->epochs;
}

static bool ends_after(const struct train_watch *watch, const tp_epoch *epoch) {
    return watch && (!watch->epoch(watch->user, epoch) || epoch->steps == watch->steps);
}

static int on_step(void *user, const tp_step *step) {
    struct training *run = user;
    if (!ranks_is_first()) {
        checkpoints_step(&run->checkpoints, step);
        return 0;
    }
    good_epoch_prove(&run->good);
    progress_step(&run->progress, step);
    checkpoints_step(&run->checkpoints, step);
    return ends_within(run->watch, step) ? 1 : interrupt_signal();
}

static struct metric measure_epoch(struct training *run, const tp_epoch *epoch) {
    struct metric metric = metric_start(run->model);
    metric.train = metric_of_training(run->model, &epoch->train);
    if (epoch->validation.samples)
        run->failed = metric_measure(run->session, run->model, tp_dataset_validation(run->train), &epoch->validation,
                                     &metric.validation);
    return metric;
}

/* Small tables take many short epochs: not all of them are shown. */
static bool is_shown(const tp_epoch *epoch) {
    const size_t step = (epoch->epochs - 1) / MOST_EPOCHS_SHOWN + 1;
    return epoch->epoch == epoch->epochs || epoch->epoch % step == 0;
}

static void take_good(struct training *run, const tp_epoch *epoch) {
    good_epoch_take(&run->good, run->model, (struct good_point){epoch->steps, epoch->epoch});
    if (epoch->validation.samples && isfinite(epoch->validation.loss))
        good_epoch_prove(&run->good);
}

static bool keeps_best(const struct training *run) {
    return run->options->keep == TP_KEEP_BEST;
}

static void take_result(struct training *run, const tp_epoch *epoch, const struct metric *metric) {
    struct train_result *result = &run->result;
    result->epochs_here++;
    result->step_seconds += (double)epoch->train.samples / epoch->samples_per_second;
    if (keeps_best(run) && epoch->best_epoch && epoch->best_epoch != epoch->epoch)
        return;
    result->kept = *epoch;
    result->metric = *metric;
}

static int on_epoch(void *user, const tp_epoch *epoch) {
    struct training *run = user;
    if (!ranks_is_first()) {
        checkpoints_epoch(&run->checkpoints, epoch);
        return 0;
    }
    const struct metric metric = measure_epoch(run, epoch);
    take_result(run, epoch, &metric);
    if (is_shown(epoch))
        progress_epoch(&run->progress, epoch, &metric);
    if (run->log.file)
        train_log_write(&run->log, train_epoch_json(epoch, &metric, run->model));
    progress_clear(&run->progress);
    notes_epoch(&run->notes, epoch);
    take_good(run, epoch);
    checkpoints_epoch(&run->checkpoints, epoch);
    if (run->failed)
        return run->failed;
    return ends_after(run->watch, epoch) ? 1 : interrupt_signal();
}

/* ---- the run ---- */

static void announce(const struct training *run) {
    if (run->options->quiet)
        return;
    progress_header(&run->progress, run->session->context, run->model);
    if (!run->options->out && !run->watch)
        complain("no --out: the model will not be saved");
}

/* The model goes back to its best or last good epoch, and is then finished like others, but with a code of failure. */
static int recover(struct training *run) {
    const struct good_point *at = &run->good.at;
    run->result.diverged = true;
    if (keeps_best(run) && run->result.best_epoch)
        complain("training has diverged: what is saved is the best model, of epoch %zu", run->result.best_epoch);
    else if (!good_epoch_restore(&run->good, run->model)) {
        if (run->saves)
            complain("training has diverged and no epoch is good: nothing is saved");
        return EXIT_FAILURE;
    } else if (at->epoch)
        complain("training has diverged: what is saved is the model after epoch %zu", at->epoch);
    else
        complain("training has diverged: what is saved is the model after step %" PRIu64, at->step);
    run->result.restored = keeps_best(run) && run->result.best_epoch ? 0 : at->step;
    return EXIT_SUCCESS;
}

/* Whether the last update left a model whose loss is finite; a part of the training samples tells. */
static int check_end(struct training *run) {
    tp_data data = *tp_dataset_data(run->train);
    tp_score score;
    data.samples = data.samples < INFERENCE_BATCH ? data.samples : INFERENCE_BATCH;
    const int code = session_score(run->session, run->model, &data, &score, NULL);
    if (code || isfinite(score.loss))
        return code;
    complain("the loss is not finite after the last step");
    return recover(run);
}

/* The epoch whose parameters the model has; 0: those of a step in between. */
static size_t find_epoch(const struct training *run) {
    const struct train_result *result = &run->result;
    if (keeps_best(run) && result->best_epoch)
        return result->best_epoch;
    if (result->diverged)
        return run->good.at.epoch;
    return result->steps == result->epochs * train_steps(run->options, result->samples) ? result->epochs : 0;
}

/* The result is about the parameters that the model has. If no epoch of this process has left them, validation is
 * measured anew. */
static int measure_result(struct training *run) {
    struct train_result *result = &run->result;
    const tp_data *data = tp_dataset_validation(run->train);
    const size_t epoch = find_epoch(run);
    if (epoch && epoch == result->kept.epoch)
        return EXIT_SUCCESS;
    if (epoch)
        result->kept.train = (tp_score){0};
    result->kept.epoch = epoch;
    if (!data)
        return EXIT_SUCCESS;
    const int code = session_score(run->session, run->model, data, &result->kept.validation, NULL);
    return code ? code
                : metric_measure(run->session, run->model, data, &result->kept.validation, &result->metric.validation);
}

static int finish_run(struct training *run, tp_status status) {
    const bool stopped = status == TP_ERR_STOPPED;
    if (run->failed)
        return run->failed;
    if (train_is_paused(run) || (stopped && !run->result.steps))
        return EXIT_SUCCESS;
    if (status == TP_OK || stopped)
        return check_end(run);
    const int code = session_check(run->session, status);
    return status == TP_ERR_NONFINITE ? recover(run) : code;
}

static int run_trainer(struct training *run, tp_trainer *trainer) {
    struct train_result *result = &run->result;
    announce(run);
    const double start = now();
    const tp_status status = tp_trainer_run(trainer);
    result->seconds = now() - start;
    result->signal = status == TP_ERR_STOPPED ? interrupt_signal() : 0;
    result->steps = tp_trainer_steps(trainer);
    result->epochs = tp_trainer_epochs(trainer);
    result->best_epoch = tp_trainer_best_epoch(trainer);
    progress_clear(&run->progress);
    if (status == TP_OK || status == TP_ERR_STOPPED)
        checkpoints_end(&run->checkpoints, trainer);
    if (!ranks_is_first()) /* what else there is to do is the first one's */
        return EXIT_SUCCESS;
    const int code = finish_run(run, status);
    return code || train_is_paused(run) ? code : measure_result(run);
}

bool train_is_paused(const struct training *run) {
    return run->result.signal && interrupt_code() == INTERRUPT_PAUSED;
}

static tp_train_options trainer_options(struct training *run) {
    const struct train_options *options = run->options;
    tp_train_options library = train_library_options(options, run->result.samples);
    library.validation = tp_dataset_validation(run->train);
    library.class_weights = options->class_weights.count ? options->class_weights.real : NULL;
    library.on_step = on_step;
    library.on_epoch = on_epoch;
    library.user = run;
    library.group = ranks_group();
    return library;
}

/* ---- before it ---- */

static int make_trainer(struct training *run, tp_trainer **trainer) {
    char fingerprint[TRAIN_RECORD_FINGERPRINT];
    tp_train_options library = trainer_options(run);
    train_record_fingerprint(&run->record, fingerprint);
    library.fingerprint = fingerprint;
    return session_check(run->session,
                         tp_trainer_create(run->model, tp_dataset_data(run->train), &library, NULL, 0, trainer));
}

static int open_log(struct training *run, const tp_trainer *trainer) {
    const struct train_log_past past = {run->checkpoints.resumed, tp_trainer_epochs(trainer)};
    const int code =
        train_log_open(&run->log, run->session, run->options->log, run->checkpoints.options ? &past : NULL);
    if (!code)
        train_log_begin(&run->log, run->record.config);
    return code;
}

/* What an earlier process has trained. */
static int open_good(struct training *run, const tp_trainer *trainer) {
    const uint64_t step = tp_trainer_steps(trainer);
    const size_t epochs = tp_trainer_epochs(trainer);
    const int code = run->saves ? good_epoch_open(&run->good, run->model) : EXIT_SUCCESS;
    const bool between = step != epochs * train_steps(run->options, run->result.samples);
    if (!code && step)
        good_epoch_take(&run->good, run->model, (struct good_point){step, between ? 0 : epochs});
    return code;
}

static int prepare_run(struct training *run, const tp_trainer *trainer) {
    int code = notes_begin(&run->notes, run->options, tp_dataset_data(run->train), run->model);
    if (!code)
        code = open_good(run, trainer);
    if (!code)
        code = open_log(run, trainer);
    run->progress = progress_start(run->options->quiet, run->result.samples, tp_trainer_steps(trainer));
    run->result.resumed_steps = tp_trainer_steps(trainer);
    return code ? code : checkpoints_begin(&run->checkpoints, run->session, trainer, &run->log, &run->progress);
}

int train_run(struct training *run) {
    run->result.samples = tp_dataset_data(run->train)->samples;
    run->result.metric = metric_start(run->model);
    tp_trainer *trainer = NULL;
    int code = ranks_agree(make_trainer(run, &trainer));
    if (!code)
        code = checkpoints_resume(&run->checkpoints, run->session, trainer);
    if (!code)
        code = ranks_agree(prepare_run(run, trainer));
    if (!code)
        code = run_trainer(run, trainer);
    checkpoints_stop(&run->checkpoints);
    good_epoch_close(&run->good);
    tp_trainer_destroy(trainer);
    return code;
}
