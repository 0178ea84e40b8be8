/* SPDX-License-Identifier: BSD-3-Clause */
#include "command.h"
#include "files.h"
#include "interrupt.h"
#include "train_data.h"
#include "train_model.h"
#include "train_run.h"
#include "train_task.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

/* ---- before the run ---- */

static int refuse_with_init(const char *option, const char *taken) {
    complain("--%s contradicts --init, which takes %s from the saved model", option, taken);
    return options_usage_error(&train_command);
}

static int check_freeze(const struct train_options *options, const tp_model *model) {
    tp_model_options shape;
    tp_model_describe(model, &shape);
    if (options->freeze < shape.layer_count)
        return EXIT_SUCCESS;
    complain("--freeze %" PRIu64 ": must be less than the %zu layers of --init %s", options->freeze, shape.layer_count,
             options->init);
    return options_usage_error(&train_command);
}

/* A model without a schema has its scaling all the same. */
static int check_init(const struct train_options *options, const tp_model *model) {
    const char *decided = data_schema_option(&options->data);
    if (options->init_weights_given)
        return refuse_with_init("init-weights", "weights");
    if (options->data.scaling)
        return refuse_with_init("scaling", "the scaling");
    if (decided && tp_model_schema(model))
        return refuse_with_init(decided, "columns and task");
    return check_freeze(options, model);
}

/* Before all work whose result could then not be saved. */
static int open_output(struct training *run) {
    const struct train_options *options = run->options;
    int code = EXIT_SUCCESS;
    if (options->out)
        code = session_check(run->session, tp_output_create(run->session->context, options->out, &run->output));
    return code ? code : files_check(&train_command, options, run->output);
}

static int load_model(struct training *run) {
    if (!run->options->init && run->options->freeze) {
        complain("--freeze %" PRIu64 ": needs --init, a model whose layers it keeps", run->options->freeze);
        return options_usage_error(&train_command);
    }
    if (!run->options->init)
        return EXIT_SUCCESS;
    const int code = train_load_model(run->session, run->options, &run->model);
    return code ? code : check_init(run->options, run->model);
}

/* shape is that of a saved model, or NULL. */
static int load_data(struct training *run, const tp_model_options *shape) {
    const struct train_options *options = run->options;
    const int code = train_load(run->session, run->options, run->model, &run->train);
    if (code || !shape)
        return code;
    return check_fit(shape, tp_dataset_data(run->train), options->init, options->data.path);
}

/* A model without a schema is not loaded for data that does not fit. */
static int load_model_and_data(struct training *run) {
    struct architecture saved = {.has_schema = true};
    int code = run->options->init ? session_describe(run->session, run->options->init, &saved) : EXIT_SUCCESS;
    if (!code && !saved.has_schema)
        code = load_data(run, &saved.model);
    if (!code)
        code = load_model(run);
    return code || run->train ? code : load_data(run, run->model ? &saved.model : NULL);
}

static int load(struct training *run) {
    int code = load_model_and_data(run);
    if (!code && !run->model)
        code = train_make_model(run->session, run->options, tp_dataset_schema(run->train), &run->model);
    if (!code)
        code = train_settle_class_weights(run->options, tp_dataset_data(run->train), run->model);
    if (!code)
        code = train_load_test(run->session, run->options, run->model, &run->test);
    return code;
}

static int prepare(struct training *run) {
    int code = open_output(run);
    if (!code)
        code = load(run);
    return code ? code : interrupt_code();
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
    struct train_result *result = &run->result;
    const tp_data *data = tp_dataset_data(run->test);
    const int code = session_score(run->session, run->model, data, &result->test, NULL);
    return code ? code : metric_measure(run->session, run->model, data, &result->test, &result->metric.test);
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
    return saved || logged || scored || run->result.diverged ? EXIT_FAILURE : interrupt_code();
}

static void release(struct training *run) {
    if (run->log)
        fclose(run->log);
    free(run->config);
    tp_output_destroy(run->output);
    tp_model_destroy(run->model);
    tp_dataset_destroy(run->test);
    tp_dataset_destroy(run->train);
}

static int run_training(const struct session *session, struct train_options *options) {
    struct training run = {.options = options, .session = session};
    interrupt_catch();
    int code = prepare(&run);
    if (!code)
        code = train_run(&run);
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
        code = run_training(&session, &options);
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
