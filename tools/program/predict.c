/* SPDX-License-Identifier: BSD-3-Clause */
#include "command.h"
#include "data.h"
#include "files.h"
#include "interrupt.h"
#include "predict_format.h"
#include "ranks.h"
#include "ranks_inference.h"
#include "report.h"
#include "sink.h"

#include <inttypes.h>
#include <stdlib.h>

struct predict_options {
    struct machine_options machine;
    const char *model;
    struct data_options data;
    const char *output; /* NULL: standard output */
    int format;
    uint64_t top;
    bool top_given, mpi;
};

#define OPTION_STRUCT struct predict_options
static const struct option_row rows[] = {
    OPTION_ROW_MODEL(false),
    OPTION_ROW_SAMPLES("input", false),
    OPTION_ROW_ID("column that names the rows, to be written before the prediction (csv, jsonl)"),
    OPTION_ROWS_VALUES,
    OPTION_ROWS_READING,
    {.name = "output", .also = "out save", IS_FILE(FILE_SAVED, output), .help = "default: standard output"},
    {.name = "format", .also = "output-format", IS_NAME(predict_format_name, format), .help = "of the predictions"},
    {.name = "top",
     .also = "top-k topk",
     IS_INTEGER(top, 1, 1000000),
     OPTION_GIVEN(top_given),
     .help = "text: write the best N classes, best first"},
    OPTION_ROW_THREADS,
    OPTION_ROW_ISA,
    OPTION_ROW_MPI("share the samples: a power of two of them"),
    {0},
};

static void defaults(void *values) {
    *(struct predict_options *)values = (struct predict_options){.top = 1};
}

/* What a run holds. */
struct prediction {
    const struct session *session;
    const struct predict_options *options;
    struct sink sink;
    tp_model *model;
    tp_dataset *dataset;
    const tp_data *data; /* of the data set */
    struct predictions predictions;
};

/* ---- samples ---- */

/* Nothing says what the columns of a file are for a model without a schema. */
static int check_columns(const struct prediction *run, const tp_model_options *shape, const tp_schema *schema) {
    const int code = check_fit(shape, run->data, run->options->model, run->options->data.path);
    if (code && !schema && ranks_is_first())
        complain("%s has no schema: it takes files of its inputs alone, as numbers and in their order",
                 run->options->model);
    return code;
}

static int open_data(struct prediction *run, const tp_model_options *shape) {
    const tp_schema *schema = tp_model_schema(run->model);
    if (!schema && run->options->data.missing == TP_MISSING_MEAN) {
        complain("--missing mean: %s has no schema, which has the means", run->options->model);
        return EXIT_FAILURE;
    }
    const int code = data_check(run->session, run->options->data.path,
                                data_open_unlabelled(run->session, &run->options->data, schema, &run->dataset));
    run->data = tp_dataset_data(run->dataset);
    return code ? code : check_columns(run, shape, schema);
}

/* ---- options ---- */

static int check_format(const struct predict_options *options) {
    const char *format = predict_format_name(options->format);
    if (options->data.id && (options->format == PREDICT_TEXT || options->format == PREDICT_NPY))
        complain("--id %s: is for --format csv and jsonl, not %s", options->data.id, format);
    else if (options->top_given && options->format != PREDICT_TEXT)
        complain("--top %" PRIu64 ": is for --format text, not %s", options->top, format);
    else
        return EXIT_SUCCESS;
    return options_usage_error(&predict_command);
}

static int check_top(const struct predict_options *options, const tp_model *model) {
    tp_model_options shape;
    tp_model_describe(model, &shape);
    const size_t choices = predict_choices(model_task(model), model_outputs(&shape));
    if (options->top <= (choices ? choices : 1))
        return EXIT_SUCCESS;
    complain("--top %" PRIu64 ": %s tells %zu classes apart", options->top, options->model, choices);
    return options_usage_error(&predict_command);
}

/* ---- the run ---- */

/* A model without a schema is not loaded for data that does not fit. */
static int load(struct prediction *run) {
    struct architecture saved;
    int code = session_describe(run->session, run->options->model, &saved);
    if (!code && !saved.has_schema)
        code = open_data(run, &saved.model);
    if (!code)
        code = session_load(run->session, run->options->model, &run->model);
    if (!code)
        code = check_format(run->options);
    if (!code)
        code = check_top(run->options, run->model);
    if (!code && !run->dataset)
        code = open_data(run, &saved.model);
    return code ? code : interrupt_code();
}

static int predict(struct prediction *run) {
    const int code = ranks_predict(run->session, run->model, run->data, &run->predictions);
    if (code || !ranks_is_first())
        return code;
    return predictions_check(&run->predictions, run->dataset, run->options->data.path);
}

static int write_predictions(struct prediction *run) {
    const tp_schema *schema = tp_model_schema(run->model);
    const struct prediction_report report = {.format = (enum predict_format)run->options->format,
                                             .task = model_task(run->model),
                                             .schema = schema,
                                             .predictions = &run->predictions,
                                             .dataset = run->dataset,
                                             .id = run->options->data.id,
                                             .top = (size_t)run->options->top};
    int code = predict_write(&report, run->sink.file);
    if (!code)
        code = sink_commit(&run->sink);
    return code ? code : interrupt_code();
}

static void release(struct prediction *run) {
    predictions_release(&run->predictions);
    tp_dataset_destroy(run->dataset);
    tp_model_destroy(run->model);
    sink_close(&run->sink);
}

/* The first process alone has an output. */
static int open_output(struct prediction *run) {
    if (!ranks_is_first())
        return EXIT_SUCCESS;
    const int code = sink_open(&run->sink, run->session, run->options->output);
    return code ? code : files_check(&predict_command, run->options, run->sink.output);
}

static int prepare(struct prediction *run) {
    int code = open_output(run);
    if (!code)
        code = load(run);
    code = ranks_agree(code);
    return code ? code : ranks_check(run->session, &predict_command, run->options, run->model, run->data);
}

static int run_prediction(const struct session *session, const struct predict_options *options) {
    struct prediction run = {.session = session, .options = options};
    interrupt_catch(false);
    int code = prepare(&run);
    if (!code)
        code = predict(&run);
    if (!code && ranks_is_first())
        code = write_predictions(&run);
    release(&run);
    return (int)ranks_follow((uint64_t)code);
}

static int run(int argc, char **argv) {
    struct predict_options options;
    int code = options_parse(&predict_command, argc, argv, &options);
    if (code != OPTIONS_PARSED)
        return code;
    struct session session;
    code = session_open(&session, &options.machine);
    if (!code)
        code = ranks_open(&session, options.mpi);
    if (!code)
        code = run_prediction(&session, &options);
    ranks_close();
    session_close(&session);
    return code;
}

const struct command predict_command = {
    .name = "predict",
    .also = "infer inference run classify",
    .summary = "Run a saved model on samples from a file",
    .example = "tileprop predict --model iris.safetensors --input new.csv --format csv",
    .usage = "--model FILE --input D [OPTION...]",
    .about = "The file needs no targets; columns with names may come in any order.\n"
             "text: per sample a class and its probability, or with --top N the N best such\n"
             "pairs; of regression the numbers. csv and jsonl: the id, the prediction (the\n"
             "name of a class; for several targets, 0 or 1 or a number in the column of\n"
             "each), and for classes and labels the probabilities p_<name>. npy: the outputs\n"
             "as a float32 matrix; of two classes that is the probability of the second.\n"
             "A file of --output appears when it is complete; until then, and after an error\n"
             "or a signal, an old one stays. It may not be a file that is read.\n",
    .rows = rows,
    .values_size = sizeof(struct predict_options),
    .defaults = defaults,
    .run = run,
};
