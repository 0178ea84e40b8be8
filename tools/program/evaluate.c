/* SPDX-License-Identifier: BSD-3-Clause */
#include "command.h"
#include "report.h"
#include "session.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

struct evaluate_options {
    struct machine_options machine;
    const char *model;
    const char *data;
    int split;
    bool json;
};

/* What was measured. confusion is classes x classes, row = target; none (classes 0) for a model with one output. */
struct result {
    tp_score score;
    uint64_t *confusion;
    size_t classes;
    double seconds;
};

static const char *split_name(int value) {
    static const char *const names[] = {[TP_SPLIT_TRAIN] = "train", [TP_SPLIT_TEST] = "test"};
    return (size_t)value < sizeof names / sizeof *names ? names[value] : NULL;
}

#define OPTION_STRUCT struct evaluate_options
static const struct option_row rows[] = {
    OPTION_ROW_MODEL,
    OPTION_ROW_DATA,
    {.name = "split", IS_NAME(split_name, split), .help = "which half of the data"},
    OPTION_ROW_THREADS,
    OPTION_ROW_ISA,
    OPTION_ROW_JSON,
    {0},
};

static void defaults(void *values) {
    *(struct evaluate_options *)values = (struct evaluate_options){.split = TP_SPLIT_TEST};
}

/* Samples of a class that are predicted as it, that are targets, that are predictions. */
struct class_counts {
    uint64_t hits, targets, predictions;
};

static struct class_counts count_class(const struct result *result, size_t label) {
    struct class_counts counts = {.hits = result->confusion[label * result->classes + label]};
    for (size_t other = 0; other < result->classes; other++) {
        counts.targets += result->confusion[label * result->classes + other];
        counts.predictions += result->confusion[other * result->classes + label];
    }
    return counts;
}

static double ratio(uint64_t part, uint64_t whole) {
    return whole ? (double)part / (double)whole : (double)NAN;
}

static void print_confusion(const struct result *result) {
    puts("\nconfusion matrix (row: target, column: prediction)\n");
    printf("%6s", "");
    for (size_t column = 0; column < result->classes; column++)
        printf(" %6zu", column);
    putchar('\n');
    for (size_t row = 0; row < result->classes; row++) {
        printf("%6zu", row);
        for (size_t column = 0; column < result->classes; column++)
            printf(" %6" PRIu64, result->confusion[row * result->classes + column]);
        putchar('\n');
    }
}

static void print_ratio(double value) {
    if (isnan(value))
        printf(" %10s", "-");
    else
        printf(" %10.4f", value);
}

static void print_classes(const struct result *result) {
    printf("\n%6s %8s %10s %10s\n", "class", "samples", "precision", "recall");
    for (size_t label = 0; label < result->classes; label++) {
        const struct class_counts counts = count_class(result, label);
        printf("%6zu %8" PRIu64, label, counts.targets);
        print_ratio(ratio(counts.hits, counts.predictions));
        print_ratio(ratio(counts.hits, counts.targets));
        putchar('\n');
    }
}

static void print_text(const struct result *result) {
    printf("loss      %.6f\n", score_loss(&result->score));
    printf("accuracy  %.4f (%zu of %zu)\n", score_accuracy(&result->score), result->score.correct,
           result->score.samples);
    if (result->classes) {
        print_confusion(result);
        print_classes(result);
    }
}

static json_t *confusion_json(const struct result *result) {
    json_t *matrix = report_list();
    for (size_t row = 0; row < result->classes; row++) {
        json_t *list = report_list();
        for (size_t column = 0; column < result->classes; column++)
            report_append(list, json_integer((json_int_t)result->confusion[row * result->classes + column]));
        report_append(matrix, list);
    }
    return matrix;
}

static json_t *classes_json(const struct result *result) {
    json_t *list = report_list();
    for (size_t label = 0; label < result->classes; label++) {
        const struct class_counts counts = count_class(result, label);
        json_t *row = report_new();
        report_integer(row, "class", label);
        report_integer(row, "samples", counts.targets);
        report_real(row, "precision", ratio(counts.hits, counts.predictions));
        report_real(row, "recall", ratio(counts.hits, counts.targets));
        report_append(list, row);
    }
    return list;
}

static void print_json(const struct result *result, const tp_context *context) {
    json_t *report = report_new();
    report_score(report, "", &result->score);
    report_integer(report, "correct", result->score.correct);
    report_integer(report, "samples", result->score.samples);
    report_real(report, "seconds", result->seconds);
    report_real(report, "samples_per_second", (double)result->score.samples / result->seconds);
    report_context(report, context);
    report_member(report, "confusion", confusion_json(result));
    report_member(report, "classes", classes_json(result));
    report_write(report, stdout);
}

static int measure(const struct session *session, const tp_model *model, const tp_data *data, size_t outputs,
                   struct result *result) {
    result->classes = outputs > 1 ? outputs : 0;
    result->confusion = calloc(outputs * outputs, sizeof *result->confusion);
    if (!result->confusion) {
        complain("out of memory");
        return EXIT_FAILURE;
    }
    const double start = now();
    const int code = session_score(session, model, data, &result->score, result->classes ? result->confusion : NULL);
    result->seconds = now() - start;
    return code;
}

static int evaluate(const struct session *session, const struct evaluate_options *options, const tp_model *model,
                    const tp_data *data) {
    tp_model_options shape;
    tp_model_describe(model, &shape);
    struct result result = {0};
    const int code = measure(session, model, data, model_outputs(&shape), &result);
    if (!code && options->json)
        print_json(&result, session->context);
    else if (!code)
        print_text(&result);
    free(result.confusion);
    return code;
}

static int load_and_evaluate(const struct session *session, const struct evaluate_options *options,
                             const struct architecture *saved, const tp_data *data) {
    tp_model *model = NULL;
    int code = check_fit(&saved->model, data->features, data->outputs, options->model, options->data);
    if (!code)
        code = session_check(session, tp_model_load(session->context, options->model, &model));
    if (!code)
        code = evaluate(session, options, model, data);
    tp_model_destroy(model);
    return code;
}

static int run_evaluation(const struct session *session, const struct evaluate_options *options) {
    struct architecture saved;
    tp_dataset *dataset = NULL;
    int code = session_describe(session, options->model, &saved);
    if (!code)
        code = session_check(session,
                             tp_dataset_load(session->context, options->data, (tp_split)options->split, &dataset));
    if (!code)
        code = load_and_evaluate(session, options, &saved, tp_dataset_data(dataset));
    tp_dataset_destroy(dataset);
    return code;
}

static int run(int argc, char **argv) {
    struct evaluate_options options;
    int code = options_parse(&evaluate_command, argc, argv, &options);
    if (code != OPTIONS_PARSED)
        return code;
    struct session session;
    code = session_open(&session, &options.machine);
    if (!code)
        code = run_evaluation(&session, &options);
    session_close(&session);
    return code;
}

const struct command evaluate_command = {
    .name = "evaluate",
    .summary = "Measure a saved model on data: loss, accuracy, confusion matrix, classes",
    .example = "tileprop evaluate --model model.safetensors --data fashion-mnist",
    .usage = "--model FILE --data D [OPTION...]",
    .about = "Per class: precision is the part of its predictions that is right, recall the\n"
             "part of its samples that is found; '-' (null) when there are none.\n\n"
             "JSON keys: loss, accuracy, correct, samples, seconds, samples_per_second, isa,\n"
             "threads, confusion (rows: targets), classes (list of class, samples, precision,\n"
             "recall). A model with one output has no confusion matrix and no classes.\n",
    .rows = rows,
    .values_size = sizeof(struct evaluate_options),
    .defaults = defaults,
    .run = run,
};
