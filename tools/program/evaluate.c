/* SPDX-License-Identifier: BSD-3-Clause */
#include "command.h"
#include "data.h"
#include "evaluate_plot.h"
#include "files.h"
#include "gnuplot.h"
#include "metrics_report.h"
#include "ranks.h"
#include "ranks_inference.h"
#include "report.h"

#include <stdlib.h>
#include <string.h>

struct evaluate_options {
    struct machine_options machine;
    const char *model;
    struct data_options data;
    int split;
    const char *plot; /* or NULL */
    uint64_t width;
    bool json, mpi;
};

/* What was measured; report points to the rest. */
struct result {
    tp_score score;
    struct predictions predictions;
    tp_metrics metrics;
    tp_output_metrics *each;
    uint64_t *confusion;
    const char **names;
    struct metrics_report report;
    double seconds;
};

struct evaluation {
    const struct session *session;
    const struct evaluate_options *options;
    tp_model *model;
    tp_dataset *dataset;
    struct result result;
};

static const char *split_name(int value) {
    static const char *const names[] = {[TP_SPLIT_TRAIN] = "train", [TP_SPLIT_TEST] = "test"};
    return (size_t)value < sizeof names / sizeof *names ? names[value] : NULL;
}

#define OPTION_STRUCT struct evaluate_options
static const struct option_row rows[] = {
    OPTION_ROW_MODEL(false),
    OPTION_ROW_SAMPLES("data", false),
    OPTION_ROW_WEIGHT,
    OPTION_ROWS_VALUES,
    OPTION_ROWS_READING,
    {.name = "split",
     .also = "part subset",
     IS_NAME(split_name, split),
     .help = "which part of a directory or of an NPZ file that has both"},
    {.name = "plot",
     IS_FILE(FILE_SAVED, plot),
     .endings = PICTURE_ENDINGS,
     .help = "draw into this .svg or .png file: classes: confusion matrix, ROC and precision-recall curves; labels: "
             "the curves; numbers: predicted against true values"},
    {.name = "width", IS_INTEGER(width, PICTURE_LEAST, PICTURE_MOST), .help = "of the picture, in pixels"},
    OPTION_ROW_THREADS,
    OPTION_ROW_ISA,
    OPTION_ROW_MPI("share the samples: a power of two of them"),
    OPTION_ROW_JSON,
    {0},
};

static void defaults(void *values) {
    *(struct evaluate_options *)values = (struct evaluate_options){.split = TP_SPLIT_TEST, .width = PICTURE_WIDTH};
}

/* ---- the report ---- */

static void print_text(const struct result *result) {
    printf("%-11s %9.4f\n", "loss", score_loss(&result->score));
    metrics_print(&result->report);
}

static void print_json(const struct result *result, const tp_context *context) {
    json_t *report = report_new();
    report_real(report, "loss", score_loss(&result->score));
    metrics_json(&result->report, report);
    report_real(report, "seconds", result->seconds);
    report_real(report, "samples_per_second", (double)result->score.samples / result->seconds);
    report_context(report, context);
    report_write(report, stdout);
}

/* ---- the measurement ---- */

/* Without a schema targets may be classes whatever the loss is. */
static tp_task task_of(const struct evaluation *run) {
    if (!tp_model_schema(run->model) && tp_dataset_data(run->dataset)->classes)
        return run->result.predictions.outputs == 1 ? TP_TASK_BINARY : TP_TASK_MULTICLASS;
    return model_task(run->model);
}

/* Of a target with classes these, else the targets. */
static const char *name_at(const tp_schema *schema, size_t i) {
    const tp_column *first = tp_schema_target(schema, 0);
    if (first && first->kind == TP_COLUMN_CATEGORY)
        return i < first->category_count ? first->categories[i] : NULL;
    const tp_column *target = tp_schema_target(schema, i);
    return target ? target->name : NULL;
}

static int make_room(struct evaluation *run) {
    struct result *result = &run->result;
    const tp_task task = task_of(run);
    const bool classes = task == TP_TASK_BINARY || task == TP_TASK_MULTICLASS;
    const size_t count = task == TP_TASK_BINARY ? 2 : result->predictions.outputs;
    result->names = calloc(count, sizeof *result->names);
    result->each = calloc(count, sizeof *result->each);
    result->confusion = classes ? calloc(count * count, sizeof *result->confusion) : NULL;
    if (!result->names || !result->each || (classes && !result->confusion)) {
        complain("out of memory");
        return EXIT_FAILURE;
    }
    for (size_t i = 0; i < count; i++)
        result->names[i] = name_at(tp_model_schema(run->model), i);
    result->report = (struct metrics_report){.task = task,
                                             .count = count,
                                             .names = result->names,
                                             .metrics = &result->metrics,
                                             .each = result->each,
                                             .confusion = result->confusion};
    return EXIT_SUCCESS;
}

static int compute(struct evaluation *run, const tp_data *data) {
    struct result *result = &run->result;
    const struct predictions *predictions = &result->predictions;
    return session_check(run->session,
                         tp_metrics_compute(run->session->context, result->report.task, data, predictions->outputs,
                                            predictions->values, predictions->outputs, &result->metrics, result->each,
                                            result->confusion));
}

static int measure(struct evaluation *run) {
    struct result *result = &run->result;
    const tp_data *data = tp_dataset_data(run->dataset);
    const double start = now();
    int code = ranks_score(run->session, run->model, data, &result->score);
    if (!code)
        code = ranks_predict(run->session, run->model, data, &result->predictions);
    result->seconds = now() - start;
    if (code || !ranks_is_first()) /* what else there is to do is the first one's */
        return code;
    code = predictions_check(&result->predictions, run->dataset, run->options->data.path);
    if (!code)
        code = make_room(run);
    return code ? code : compute(run, data);
}

/* ---- model and data ---- */

static int check_targets(const struct evaluation *run) {
    const tp_data *data = tp_dataset_data(run->dataset);
    if (data->classes || data->values || data->double_values)
        return EXIT_SUCCESS;
    const tp_column *target = tp_schema_target(tp_model_schema(run->model), 0);
    complain("%s: has no column '%s', a target of the model", run->options->data.path,
             target && target->name ? target->name : "of targets");
    return EXIT_FAILURE;
}

/* Nothing says what the classes of a model without a schema are called, so theirs are the numbers from 0 on. A file
 * numbers those that it has. */
static int check_classes(const struct evaluation *run) {
    const tp_column *target = tp_schema_target(tp_dataset_schema(run->dataset), 0);
    if (tp_model_schema(run->model) || !tp_dataset_data(run->dataset)->classes || !target)
        return EXIT_SUCCESS;
    for (size_t i = 0; i < target->category_count; i++) {
        char number[24];
        snprintf(number, sizeof number, "%zu", i);
        if (strcmp(target->categories[i], number) != 0) {
            complain("%s: class %zu is '%s'; %s has no schema, so that its classes are the numbers from 0 on, and the "
                     "file must have each up to its largest",
                     run->options->data.path, i, target->categories[i], run->options->model);
            return EXIT_FAILURE;
        }
    }
    return EXIT_SUCCESS;
}

/* For a model without a schema that has one number as output few different integers are no classes. */
static struct data_options data_options_for(const struct evaluation *run, const tp_model_options *shape) {
    struct data_options data = run->options->data;
    if (!tp_model_schema(run->model) && model_outputs(shape) == 1 && shape->loss != TP_LOSS_CCE &&
        shape->loss != TP_LOSS_BCE)
        data.task = TP_TASK_REGRESSION;
    return data;
}

static int open_data(struct evaluation *run, const tp_model_options *shape) {
    const struct evaluate_options *options = run->options;
    const struct data_options data = data_options_for(run, shape);
    int code = data_check(run->session, data.path,
                          data_open(run->session, &data, data.path, tp_model_schema(run->model),
                                    (tp_split)options->split, &run->dataset));
    if (!code)
        code = check_targets(run);
    if (!code)
        code = check_classes(run);
    return code ? code : check_fit(shape, tp_dataset_data(run->dataset), options->model, options->data.path);
}

/* A model without a schema is not loaded for data that does not fit. */
static int load(struct evaluation *run) {
    struct architecture saved;
    int code = session_describe(run->session, run->options->model, &saved);
    if (!code && !saved.has_schema)
        code = open_data(run, &saved.model);
    if (!code)
        code = session_load(run->session, run->options->model, &run->model);
    return code || run->dataset ? code : open_data(run, &saved.model);
}

static int draw(const struct evaluation *run) {
    const struct picture_target target = {run->session, run->options->plot, (size_t)run->options->width};
    return evaluate_plot(&target, &run->result.report, tp_dataset_data(run->dataset), &run->result.predictions);
}

static void release(struct evaluation *run) {
    free(run->result.confusion);
    free(run->result.each);
    free(run->result.names);
    predictions_release(&run->result.predictions);
    tp_dataset_destroy(run->dataset);
    tp_model_destroy(run->model);
}

static int prepare(struct evaluation *run) {
    const struct evaluate_options *options = run->options;
    int code = options->plot ? files_check(&evaluate_command, options, NULL) : EXIT_SUCCESS;
    if (!code)
        code = load(run);
    code = ranks_agree(code);
    return code ? code
                : ranks_check(run->session, &evaluate_command, options, run->model, tp_dataset_data(run->dataset));
}

static int report(const struct evaluation *run) {
    if (run->options->json)
        print_json(&run->result, run->session->context);
    else
        print_text(&run->result);
    return run->options->plot ? draw(run) : EXIT_SUCCESS;
}

static int run_evaluation(const struct session *session, const struct evaluate_options *options) {
    struct evaluation run = {.options = options, .session = session};
    int code = prepare(&run);
    if (!code)
        code = measure(&run);
    if (!code && ranks_is_first())
        code = report(&run);
    release(&run);
    return (int)ranks_follow((uint64_t)code);
}

static int run(int argc, char **argv) {
    struct evaluate_options options;
    int code = options_parse(&evaluate_command, argc, argv, &options);
    if (code != OPTIONS_PARSED)
        return code;
    struct session session;
    code = session_open(&session, &options.machine);
    if (!code)
        code = ranks_open(&session, options.mpi);
    if (!code)
        code = run_evaluation(&session, &options);
    ranks_close();
    session_close(&session);
    return code;
}

const struct command evaluate_command = {
    .name = "evaluate",
    .also = "test score eval",
    .summary = "Measure a saved model on data: loss and the metrics of its task",
    .example = "tileprop evaluate --model iris.safetensors --data test.csv",
    .usage = "--model FILE --data D [OPTION...]",
    .about = metrics_about,
    .keys = metrics_keys,
    .rows = rows,
    .values_size = sizeof(struct evaluate_options),
    .defaults = defaults,
    .run = run,
};
