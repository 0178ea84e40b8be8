/* SPDX-License-Identifier: BSD-3-Clause */
#include "train_run.h"
#include "interrupt.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MOST_EPOCHS_SHOWN 50

/* ---- the log ---- */

static void flush_log(struct training *run) {
    if (fflush(run->log) && !run->log_error)
        run->log_error = errno;
}

static void log_config(struct training *run) {
    fprintf(run->log, "{\"config\":%s}\n", run->record.config);
    flush_log(run);
}

static void log_epoch(struct training *run, const tp_epoch *epoch) {
    report_write(train_epoch_json(epoch, &run->result.metric, run->model), run->log);
    flush_log(run);
}

static int open_log(struct training *run) {
    if (!run->options->log)
        return EXIT_SUCCESS;
    run->log = fopen(run->options->log, "w");
    if (!run->log) {
        complain("--log %s: %s", run->options->log, strerror(errno));
        return EXIT_FAILURE;
    }
    log_config(run);
    return EXIT_SUCCESS;
}

/* ---- callbacks ---- */

static int on_step(void *user, const tp_step *step) {
    struct training *run = user;
    run->result.steps = step->step;
    checkpoint_prove(&run->checkpoint);
    progress_step(&run->progress, step);
    return step->step == run->watch.steps ? 1 : interrupt_signal();
}

static void measure_epoch(struct training *run, const tp_epoch *epoch) {
    struct metric *metric = &run->result.metric;
    metric->train = metric_of_training(run->model, &epoch->train);
    if (epoch->validation.samples)
        run->failed = metric_measure(run->session, run->model, tp_dataset_validation(run->train), &epoch->validation,
                                     &metric->validation);
}

/* Small tables take many short epochs: not all of them are shown. */
static bool is_shown(const tp_epoch *epoch) {
    const size_t step = (epoch->epochs - 1) / MOST_EPOCHS_SHOWN + 1;
    return epoch->epoch == epoch->epochs || epoch->epoch % step == 0;
}

static int on_epoch(void *user, const tp_epoch *epoch) {
    struct training *run = user;
    run->result.last = *epoch;
    run->result.step_seconds += (double)epoch->train.samples / epoch->samples_per_second;
    measure_epoch(run, epoch);
    if (is_shown(epoch))
        progress_epoch(&run->progress, epoch, &run->result.metric);
    if (run->log)
        log_epoch(run, epoch);
    progress_clear(&run->progress);
    notes_epoch(&run->notes, epoch);
    checkpoint_take(&run->checkpoint, run->model, epoch);
    if (run->watch.epoch && !run->watch.epoch(run->watch.user, epoch))
        return 1;
    return run->failed ? run->failed : interrupt_signal();
}

/* ---- the run ---- */

static void announce(const struct training *run) {
    if (run->options->quiet)
        return;
    progress_header(&run->progress, run->session->context, run->model);
    if (!run->options->out && !run->watch.epoch)
        complain("no --out: the model will not be saved");
}

/* The model goes back to its last good epoch, and is then finished like others, but with a code of failure. */
static int recover(struct training *run) {
    run->result.diverged = true;
    if (checkpoint_restore(&run->checkpoint, run->model)) {
        run->result.restored = run->checkpoint.epoch;
        complain("training has diverged: what is saved is the model after epoch %zu", run->checkpoint.epoch);
        return EXIT_SUCCESS;
    }
    if (run->output)
        complain("training has diverged and no epoch is good: nothing is saved");
    return EXIT_FAILURE;
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

static int run_trainer(struct training *run, tp_trainer *trainer) {
    announce(run);
    const double start = now();
    const tp_status status = tp_trainer_run(trainer);
    run->result.seconds = now() - start;
    run->result.signal = status == TP_ERR_STOPPED ? interrupt_signal() : 0;
    progress_clear(&run->progress);
    if (run->failed)
        return run->failed;
    if (status == TP_OK || (status == TP_ERR_STOPPED && run->result.steps))
        return check_end(run);
    if (status == TP_ERR_STOPPED)
        return EXIT_SUCCESS;
    const int code = session_check(run->session, status);
    return status == TP_ERR_NONFINITE ? recover(run) : code;
}

static tp_train_options trainer_options(struct training *run) {
    const struct train_options *options = run->options;
    tp_train_options library = train_library_options(options, run->result.samples);
    library.validation = tp_dataset_validation(run->train);
    library.class_weights = options->class_weights.count ? options->class_weights.real : NULL;
    library.on_step = on_step;
    library.on_epoch = on_epoch;
    library.user = run;
    return library;
}

int train_run(struct training *run) {
    const tp_data *data = tp_dataset_data(run->train);
    run->result.samples = data->samples;
    run->result.metric = metric_start(run->model);
    run->progress = progress_start(run->options->quiet, run->result.samples);
    const tp_train_options library = trainer_options(run);
    tp_trainer *trainer = NULL;
    int code = session_check(run->session, tp_trainer_create(run->model, data, &library, NULL, 0, &trainer));
    if (!code)
        code = notes_begin(&run->notes, run->options, data, run->model);
    if (!code && run->output)
        code = checkpoint_open(&run->checkpoint, run->model);
    if (!code)
        code = open_log(run);
    if (!code)
        code = run_trainer(run, trainer);
    checkpoint_close(&run->checkpoint);
    tp_trainer_destroy(trainer);
    return code;
}
