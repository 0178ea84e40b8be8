/* SPDX-License-Identifier: BSD-3-Clause */
#include "class_weights.h"
#include "command.h"
#include "files.h"
#include "interrupt.h"
#include "range_test.h"
#include "ranks.h"
#include "train_prepare.h"

#include <math.h>
#include <stdlib.h>

/* ---- before the run ---- */

static int open_output(struct training *run) {
    run->saves = run->options->out;
    if (!run->saves || run->output)
        return EXIT_SUCCESS;
    return session_check(run->session, tp_output_create(run->session->context, run->options->out, &run->output));
}

/* Before all work whose result could then not be saved. With checkpoints it is not lost, and a process that is killed
 * leaves no temporary file. */
static int check_output(struct training *run) {
    int code = open_output(run);
    if (!code)
        code = files_check(&train_command, run->options, run->output);
    if (run->checkpoints.options) {
        tp_output_destroy(run->output);
        run->output = NULL;
    }
    return code;
}

static int prepare_alone(struct training *run) {
    int code = checkpoints_open(&run->checkpoints, run->options);
    if (!code)
        code = check_output(run);
    if (!code)
        code = train_prepare(run);
    if (!code && (run->saves || run->options->log || run->checkpoints.options || run->options->mpi))
        code = train_record_begin(&run->record, run->session, run->options, run->train, run->model);
    return code ? code : interrupt_code();
}

static int prepare(struct training *run) {
    return ranks_agree(prepare_alone(run));
}

/* ---- after the run ---- */

static int score_test(struct training *run) {
    if (!run->test)
        return EXIT_SUCCESS;
    struct train_result *result = &run->result;
    const tp_data *data = tp_dataset_data(run->test);
    const int code = session_score(run->session, run->model, data, &result->test, NULL);
    return code ? code : metric_measure(run->session, run->model, data, &result->test, &result->metric.test);
}

static int save(struct training *run) {
    if (!run->saves)
        return EXIT_SUCCESS;
    train_record_note(&run->record, run->session, run->options, tp_dataset_validation(run->train), &run->result,
                      run->model);
    int code = open_output(run);
    if (!code)
        code = session_check(run->session, tp_model_save_to(run->model, run->output));
    run->result.saved = !code;
    return code;
}

/* The last step's loss may have been finite when its update no longer was. */
static int check_losses(const struct training *run) {
    const struct {
        const char *name;
        const tp_score *score;
    } scores[] = {{"validation", &run->result.kept.validation}, {"test", &run->result.test}};
    for (size_t i = 0; i < sizeof scores / sizeof *scores; i++)
        if (scores[i].score->samples && !isfinite(scores[i].score->loss)) {
            complain("the %s loss is not finite: training has diverged", scores[i].name);
            return EXIT_FAILURE;
        }
    return EXIT_SUCCESS;
}

static void print(struct training *run) {
    run->result.parameters = tp_model_parameter_count(run->model);
    run->result.checkpoint = checkpoints_newest(&run->checkpoints);
    train_print(&run->result, run->options, run->session->context);
}

/* Without its checkpoint a run that is tried again would do all of this again. */
static int pause_run(struct training *run) {
    const int logged = train_log_close(&run->log);
    print(run);
    return logged || checkpoints_failed(&run->checkpoints) ? EXIT_FAILURE : INTERRUPT_PAUSED;
}

/* A signal may also have come after the last step: a run that is complete need not be resumed. */
static int last_code(const struct training *run) {
    const int code = interrupt_code();
    if (checkpoints_failed(&run->checkpoints) && !run->result.saved)
        return EXIT_FAILURE;
    return code == INTERRUPT_PAUSED ? EXIT_SUCCESS : code;
}

/* Whatever fails, the rest is still done: what was trained may not come again. So a run that was stopped is saved at
 * once, by who may soon lose patience; others wait for the test, whose result is in the model. */
static int finish(struct training *run) {
    int saved = run->result.signal ? save(run) : EXIT_SUCCESS;
    int scored = score_test(run);
    if (!run->result.signal)
        saved = save(run);
    const int logged = train_log_close(&run->log);
    if (!scored)
        scored = check_losses(run);
    print(run);
    return saved || logged || scored || run->result.diverged ? EXIT_FAILURE : last_code(run);
}

static int train_and_finish(struct training *run) {
    int code = train_run(run);
    if (!code && ranks_is_first())
        code = (train_is_paused(run) ? pause_run : finish)(run);
    return (int)ranks_follow((uint64_t)code);
}

/* Instead of the run. */
static int find_rate(struct training *run) {
    struct range_test test = {.session = run->session, .options = run->options};
    int code = range_test_run(&test, tp_dataset_data(run->train), run->model);
    if (!code)
        range_test_print(&test);
    if (!code && run->options->plot)
        code = range_test_draw(&test);
    range_test_release(&test);
    return code;
}

/* The others neither save nor log. */
static void settle_rank(struct train_options *options) {
    if (ranks_is_first())
        return;
    options->out = options->log = NULL;
    options->quiet = true;
}

static int run_training(const struct session *session, struct train_options *options) {
    settle_rank(options);
    struct training run = {.options = options, .session = session};
    int code = prepare(&run);
    if (!code)
        code = options->find_lr ? find_rate(&run) : train_and_finish(&run);
    train_release(&run);
    return code;
}

static int check_find_lr(struct train_options *options) {
    if (options->find_lr)
        range_test_settle(options);
    if (options->find_lr || !options->plot)
        return EXIT_SUCCESS;
    complain("--plot %s: is for --find-lr; 'tileprop plot' draws the course of a training from its --log",
             options->plot);
    return options_usage_error(&train_command);
}

static int check_mpi(const struct train_options *options) {
    if (!options->mpi || !options->find_lr)
        return EXIT_SUCCESS;
    complain("--mpi: --find-lr is for one process");
    return options_usage_error(&train_command);
}

static int run(int argc, char **argv) {
    struct train_options options;
    int code = options_parse(&train_command, argc, argv, &options);
    if (code != OPTIONS_PARSED)
        return code;
    code = check_find_lr(&options);
    if (!code)
        code = check_mpi(&options);
    if (code)
        return code;
    interrupt_catch(options.checkpoint || options.resume);
    struct session session;
    code = session_open(&session, &options.machine);
    if (!code)
        code = ranks_open(&session, options.mpi);
    if (!code)
        code = run_training(&session, &options);
    ranks_close();
    session_close(&session);
    return code;
}

const struct command train_command = {
    .name = "train",
    .also = "fit learn",
    .summary = "Train a network on a table or on images and save it",
    .example = "tileprop train --data iris.csv --target species --out iris.safetensors",
    .usage = "--data D [OPTION...]",
    .about = train_about,
    .keys = train_keys,
    .rows = train_rows,
    .values_size = sizeof(struct train_options),
    .defaults = train_defaults,
    .settle = train_settle_options,
    .run = run,
};
