/* SPDX-License-Identifier: BSD-3-Clause */
#include "train_prepare.h"
#include "class_weights.h"
#include "command.h"
#include "train_data.h"
#include "train_model.h"
#include "train_task.h"

#include <inttypes.h>
#include <stdlib.h>

static int refuse_with_init(const struct train_options *options, const char *option, const char *taken) {
    complain("--%s contradicts --init, which takes %s from the saved model", option, taken);
    return options_usage_error(options->command);
}

static int check_freeze(const struct train_options *options, const tp_model *model) {
    tp_model_options shape;
    tp_model_describe(model, &shape);
    if (options->freeze < shape.layer_count)
        return EXIT_SUCCESS;
    complain("--freeze %" PRIu64 ": must be less than the %zu layers of --init %s", options->freeze, shape.layer_count,
             options->init);
    return options_usage_error(options->command);
}

/* A model without a schema has its scaling all the same. */
static int check_init(const struct train_options *options, const tp_model *model) {
    const char *decided = data_schema_option(&options->data);
    if (options->init_weights_given)
        return refuse_with_init(options, "init-weights", "weights");
    if (options->data.scaling)
        return refuse_with_init(options, "scaling", "the scaling");
    if (decided && tp_model_schema(model))
        return refuse_with_init(options, decided, "columns and task");
    return check_freeze(options, model);
}

static int load_model(struct training *run) {
    if (!run->options->init && run->options->freeze) {
        complain("--freeze %" PRIu64 ": needs --init, a model whose layers it keeps", run->options->freeze);
        return options_usage_error(run->options->command);
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

static int check_best(const struct training *run) {
    return train_check_best(run->options, tp_schema_task(tp_model_schema(run->model)),
                            tp_dataset_validation(run->train));
}

int train_prepare(struct training *run) {
    int code = load_model_and_data(run);
    if (!code && !run->model)
        code = train_make_model(run->session, run->options, tp_dataset_schema(run->train), &run->model);
    if (!code)
        code = check_best(run);
    if (!code)
        code = class_weights_settle(run->options, tp_dataset_data(run->train), run->model);
    if (!code && !run->options->find_lr)
        code = train_load_test(run->session, run->options, run->model, &run->test);
    return code;
}

void train_release(struct training *run) {
    train_log_close(&run->log);
    checkpoints_close(&run->checkpoints);
    free(run->result.checkpoint);
    train_record_release(&run->record);
    tp_output_destroy(run->output);
    tp_model_destroy(run->model);
    tp_dataset_destroy(run->test);
    tp_dataset_destroy(run->train);
}
