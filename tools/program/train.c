/* SPDX-License-Identifier: BSD-3-Clause */
#include "command.h"
#include "files.h"
#include "interrupt.h"
#include "progress.h"
#include "train_model.h"
#include "train_report.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Everything that a run holds; released by release(). */
struct training {
    const struct train_options *options;
    const struct session *session;
    tp_dataset *train;
    tp_dataset *test; /* NULL if the data has none */
    tp_model *model;
    tp_output *output; /* NULL without --out */
    FILE *log;         /* NULL without --log, and before the run */
    int log_error;     /* errno of the first line that could not be written, or 0 */
    struct progress progress;
    struct train_result result;
};

/* ---- before the run ---- */

/* Options of other losses than the one that is chosen. */
static bool loss_options_contradict(const struct train_options *options) {
    const char *loss = tp_loss_name((tp_loss)options->loss);
    if (options->huber_delta_given && options->loss != TP_LOSS_HUBER)
        complain("--huber-delta %g: is for --loss huber, not %s", options->huber_delta, loss);
    else if (options->label_smoothing > 0 && options->loss != TP_LOSS_CCE && options->loss != TP_LOSS_BCE)
        complain("--label-smoothing %g: is for --loss cce and bce, not %s", options->label_smoothing, loss);
    else
        return false;
    return true;
}

static int check_options(const struct train_options *options) {
    if (options->init && (options->init_weights_given || options->scaling_given)) {
        complain("--%s contradicts --init, which takes weights and scaling from the saved model",
                 options->init_weights_given ? "init-weights" : "scaling");
        return options_usage_error(&train_command);
    }
    if (!options->init && loss_options_contradict(options))
        return options_usage_error(&train_command);
    return EXIT_SUCCESS;
}

/* Before all work whose result could then not be saved. */
static int open_output(struct training *run) {
    const struct train_options *options = run->options;
    int code = EXIT_SUCCESS;
    if (options->out)
        code = session_check(run->session, tp_output_create(run->session->context, options->out, &run->output));
    return code ? code : files_check(&train_command, options, run->output);
}

/* A directory without test files is fine, damaged ones are not. */
static int load_test(struct training *run) {
    const struct train_options *options = run->options;
    const tp_status status = tp_dataset_load(run->session->context, options->data, TP_SPLIT_TEST, &run->test);
    if (status != TP_ERR_MISSING)
        return session_check(run->session, status);
    if (!options->quiet)
        complain("no test set: %s", session_message(run->session, status));
    return EXIT_SUCCESS;
}

static int load_data(struct training *run) {
    const tp_status status = tp_dataset_load(run->session->context, run->options->data, TP_SPLIT_TRAIN, &run->train);
    int code = session_check(run->session, status);
    if (!code)
        code = load_test(run);
    return code ? code : interrupt_code();
}

static int check_test(const struct training *run) {
    if (!run->test)
        return EXIT_SUCCESS;
    tp_model_options shape;
    tp_model_describe(run->model, &shape);
    const tp_data *data = tp_dataset_data(run->test);
    return check_fit(&shape, data->features, data->outputs, "the model", "the test set");
}

static int check_warmup(const struct train_options *options, size_t samples) {
    if (train_warmup_fits(options, samples))
        return EXIT_SUCCESS;
    const uint64_t total = train_steps(options, samples) * options->epochs;
    complain("--warmup %" PRIu64 ": must be less than the %" PRIu64 " steps of the run", options->warmup, total);
    return options_usage_error(&train_command);
}

static int check_validation(const struct train_options *options, size_t samples) {
    const size_t kept = train_samples(options, samples);
    if (options->validation <= 0 || (kept > 0 && kept < samples))
        return EXIT_SUCCESS;
    complain("--validation %g: of %zu samples, that leaves nothing to %s", options->validation, samples,
             kept ? "validate on" : "train on");
    return options_usage_error(&train_command);
}

static int check_class_weights(const struct training *run) {
    const size_t count = run->options->class_weights.count;
    tp_model_options shape;
    tp_model_describe(run->model, &shape);
    if (!count || count == model_classes(&shape))
        return EXIT_SUCCESS;
    complain("--class-weights: %zu weights for %zu classes", count, model_classes(&shape));
    return options_usage_error(&train_command);
}

static int open_log(struct training *run) {
    if (!run->options->log)
        return EXIT_SUCCESS;
    run->log = fopen(run->options->log, "w");
    if (run->log)
        return EXIT_SUCCESS;
    complain("--log %s: %s", run->options->log, strerror(errno));
    return EXIT_FAILURE;
}

static int prepare(struct training *run) {
    int code = open_output(run);
    if (!code)
        code = load_data(run);
    if (code)
        return code;
    const tp_data *data = tp_dataset_data(run->train);
    code = check_validation(run->options, data->samples);
    if (!code)
        code = check_warmup(run->options, data->samples);
    if (!code)
        code = train_make_model(run->session, run->options, data, &run->model);
    if (!code)
        code = check_class_weights(run);
    if (!code)
        code = check_test(run);
    return code ? code : interrupt_code();
}

/* ---- the run ---- */

static int on_step(void *user, const tp_step *step) {
    struct training *run = user;
    run->result.steps = step->step;
    progress_step(&run->progress, step);
    return interrupt_signal();
}

static void log_epoch(struct training *run, const tp_epoch *epoch) {
    report_write(train_epoch_json(epoch), run->log);
    if (fflush(run->log) && !run->log_error)
        run->log_error = errno;
}

static int on_epoch(void *user, const tp_epoch *epoch) {
    struct training *run = user;
    run->result.last = *epoch;
    run->result.step_seconds += (double)epoch->train.samples / epoch->samples_per_second;
    progress_epoch(&run->progress, epoch);
    if (run->log)
        log_epoch(run, epoch);
    return interrupt_signal();
}

static void announce(const struct training *run) {
    if (run->options->quiet)
        return;
    const tp_context *context = run->session->context;
    tp_model_options shape;
    tp_model_describe(run->model, &shape);
    fprintf(stderr, "tileprop: training %zu", shape.inputs);
    for (size_t i = 0; i < shape.layer_count; i++)
        fprintf(stderr, "-%zu", shape.layers[i].width);
    fprintf(stderr, " (%zu parameters) on %zu samples, %s, %d threads\n", tp_model_parameter_count(run->model),
            run->result.samples, tp_context_isa(context), tp_context_threads(context));
    if (!run->options->out)
        complain("no --out: the model will not be saved");
}

static int run_trainer(struct training *run, tp_trainer *trainer) {
    announce(run);
    const double start = now();
    const tp_status status = tp_trainer_run(trainer);
    run->result.seconds = now() - start;
    run->result.signal = status == TP_ERR_STOPPED ? interrupt_signal() : 0;
    progress_clear(&run->progress);
    return status == TP_ERR_STOPPED ? EXIT_SUCCESS : session_check(run->session, status);
}

static int train(struct training *run) {
    const tp_data *data = tp_dataset_data(run->train);
    run->result.samples = train_samples(run->options, data->samples);
    run->progress = progress_start(run->options->quiet, run->result.samples);
    tp_train_options library = train_library_options(run->options, data->samples);
    library.on_step = on_step;
    library.on_epoch = on_epoch;
    library.user = run;
    tp_trainer *trainer = NULL;
    int code = session_check(run->session, tp_trainer_create(run->model, data, &library, NULL, 0, &trainer));
    if (!code)
        code = open_log(run);
    if (!code)
        code = run_trainer(run, trainer);
    tp_trainer_destroy(trainer);
    return code;
}

/* ---- after the run ---- */

static int close_log(struct training *run) {
    FILE *log = run->log;
    run->log = NULL;
    return !log || close_file(log, run->options->log, run->log_error) ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int score_test(struct training *run) {
    if (!run->test)
        return EXIT_SUCCESS;
    return session_score(run->session, run->model, tp_dataset_data(run->test), &run->result.test, NULL);
}

static int save(struct training *run) {
    if (!run->output)
        return EXIT_SUCCESS;
    const int code = session_check(run->session, tp_model_save_to(run->model, run->output));
    run->result.saved = !code;
    return code;
}

/* The last step's loss may have been finite when its update no longer was. */
static int check_losses(const struct training *run) {
    const struct {
        const char *name;
        const tp_score *score;
    } scores[] = {{"validation", &run->result.last.validation}, {"test", &run->result.test}};
    for (size_t i = 0; i < sizeof scores / sizeof *scores; i++)
        if (scores[i].score->samples && !isfinite(scores[i].score->loss)) {
            complain("the %s loss is not finite: training has diverged", scores[i].name);
            return EXIT_FAILURE;
        }
    return EXIT_SUCCESS;
}

/* Whatever fails, the rest is still done: what was trained may not come again. */
static int finish(struct training *run) {
    const int saved = save(run);
    const int logged = close_log(run);
    int scored = score_test(run);
    if (!scored)
        scored = check_losses(run);
    run->result.parameters = tp_model_parameter_count(run->model);
    train_print(&run->result, run->options, run->session->context);
    /* A signal may also have come after the last step. */
    return saved || logged || scored ? EXIT_FAILURE : interrupt_code();
}

static void release(struct training *run) {
    if (run->log)
        fclose(run->log);
    tp_output_destroy(run->output);
    tp_model_destroy(run->model);
    tp_dataset_destroy(run->test);
    tp_dataset_destroy(run->train);
}

static int run_training(const struct session *session, const struct train_options *options) {
    struct training run = {.options = options, .session = session};
    interrupt_catch();
    int code = prepare(&run);
    if (!code)
        code = train(&run);
    if (!code)
        code = finish(&run);
    release(&run);
    return code;
}

static int run(int argc, char **argv) {
    struct train_options options;
    int code = options_parse(&train_command, argc, argv, &options);
    if (code != OPTIONS_PARSED)
        return code;
    struct session session;
    code = session_open(&session, &options.machine);
    if (!code)
        code = check_options(&options);
    if (!code)
        code = run_training(&session, &options);
    session_close(&session);
    return code;
}

const struct command train_command = {
    .name = "train",
    .summary = "Train a network on labelled images and save it",
    .example = "tileprop train --data fashion-mnist --out model.safetensors",
    .usage = "--data D [OPTION...]",
    .about = train_about,
    .rows = train_rows,
    .values_size = sizeof(struct train_options),
    .defaults = train_defaults,
    .run = run,
};
