/* SPDX-License-Identifier: BSD-3-Clause */
#include "train_data.h"
#include "command.h"
#include "report.h"

#include <inttypes.h>
#include <stdlib.h>

static int check_validation(const struct train_options *options, const tp_dataset *dataset) {
    const tp_data *held_out = tp_dataset_validation(dataset);
    if (options->validation <= 0 || held_out)
        return EXIT_SUCCESS;
    complain("--validation %g: of %zu samples, that leaves nothing to validate on", options->validation,
             tp_dataset_data(dataset)->samples);
    return options_usage_error(options->command);
}

static int check_warmup(const struct train_options *options, size_t samples) {
    if (train_warmup_fits(options, samples))
        return EXIT_SUCCESS;
    const uint64_t total = train_steps(options, samples) * options->epochs;
    complain("--warmup %" PRIu64 ": must be less than the %" PRIu64 " steps of the run", options->warmup, total);
    return options_usage_error(options->command);
}

static int check_parts(const struct train_options *options) {
    if (!(options->parts & (options->parts - 1)))
        return EXIT_SUCCESS;
    complain("--parts %" PRIu64 ": must be a power of two", options->parts);
    return options_usage_error(options->command);
}

int train_load(const struct session *session, struct train_options *options, const tp_model *init,
               tp_dataset **dataset) {
    const struct data_hold_out hold_out = {
        .fraction = options->validation, .seed = options->seed, .keep_order = options->no_shuffle};
    int code = data_check(session, options->data.path,
                          data_open_training(session, &options->data, tp_model_schema(init), &hold_out, dataset));
    if (!code)
        code = check_validation(options, *dataset);
    if (code)
        return code;
    const size_t samples = tp_dataset_data(*dataset)->samples;
    train_settle(options, samples);
    code = check_parts(options);
    return code ? code : check_warmup(options, samples);
}

/* A directory without test files is fine, damaged ones are not. */
static int open_test(const struct session *session, const struct train_options *options, const tp_model *model,
                     const char *path, tp_dataset **test) {
    const tp_status status = data_open(session, &options->data, path, tp_model_schema(model), TP_SPLIT_TEST, test);
    if (status != TP_ERR_MISSING || options->test)
        return data_check(session, path, status);
    if (!options->quiet)
        complain("no test set: %s", session_message(session, status));
    return EXIT_SUCCESS;
}

int train_load_test(const struct session *session, const struct train_options *options, const tp_model *model,
                    tp_dataset **test) {
    const char *path = options->test ? options->test : data_has_parts(options->data.path) ? options->data.path : NULL;
    const int code = path ? open_test(session, options, model, path, test) : EXIT_SUCCESS;
    if (code || !*test)
        return code;
    tp_model_options shape;
    tp_model_describe(model, &shape);
    return check_fit(&shape, tp_dataset_data(*test), "the model", "the test set");
}
