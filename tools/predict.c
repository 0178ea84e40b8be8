/* SPDX-License-Identifier: BSD-3-Clause */
#include "command.h"
#include "report.h"
#include "session.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct predict_options {
    struct machine_options machine;
    const char *model;
    const char *input;
    const char *output; /* NULL: standard output */
    uint64_t top;
};

#define OPTION_STRUCT struct predict_options
static const struct option_row rows[] = {
    OPTION_ROW_MODEL,
    {.name = "input",
     IS_TEXT("FILE", input),
     .required = true,
     .help = "IDX file of bytes or floats, plain or gzipped; its first dimension counts the samples"},
    {.name = "output", IS_TEXT("FILE", output), .help = "default: standard output"},
    {.name = "top", IS_INTEGER(top, 1, 1000000), .help = "print the best N classes, best first"},
    OPTION_ROW_THREADS,
    OPTION_ROW_ISA,
    {0},
};

static void defaults(void *values) {
    *(struct predict_options *)values = (struct predict_options){.top = 1};
}

/* The largest output; the lowest index among equals, and among NaNs. */
static size_t best_class(const float *y, size_t outputs, const bool *taken) {
    size_t best = outputs;
    for (size_t i = 0; i < outputs; i++) {
        if (!taken[i] && (best == outputs || y[i] > y[best]))
            best = i;
    }
    return best;
}

/* "class value" for the best top classes, or the value of the only output. */
static void print_sample(FILE *file, const float *y, size_t outputs, size_t top, bool *taken) {
    if (outputs == 1) {
        fprintf(file, "%.9g\n", (double)y[0]);
        return;
    }
    memset(taken, 0, outputs * sizeof *taken);
    for (size_t i = 0; i < top; i++) {
        const size_t best = best_class(y, outputs, taken);
        taken[best] = true;
        fprintf(file, "%s%zu %.9g", i ? " " : "", best, (double)y[best]);
    }
    fputc('\n', file);
}

static int write_predictions(const char *path, const float *y, size_t samples, size_t outputs, size_t top) {
    bool *const taken = calloc(outputs, sizeof *taken);
    FILE *const file = path ? fopen(path, "w") : stdout;
    int code = EXIT_FAILURE;
    if (!file) {
        complain("%s: %s", path, strerror(errno));
    } else if (!taken) {
        complain("out of memory");
    } else {
        for (size_t i = 0; i < samples; i++)
            print_sample(file, y + i * outputs, outputs, top, taken);
        code = EXIT_SUCCESS;
    }
    if (file && path && !close_file(file, path))
        code = EXIT_FAILURE;
    free(taken);
    return code;
}

static int run_model(const struct session *session, const struct predict_options *options, const tp_model *model,
                     const tp_data *data, size_t outputs) {
    float *const y = calloc(data->samples, outputs * sizeof *y);
    if (!y) {
        complain("out of memory");
        return EXIT_FAILURE;
    }
    tp_workspace *workspace = NULL;
    tp_status status = session_workspace(model, &workspace);
    if (status == TP_OK)
        status = tp_predict(model, workspace, data, &(const tp_outputs){.floats = y});
    int code = session_check(session, status);
    if (!code)
        code = write_predictions(options->output, y, data->samples, outputs, (size_t)options->top);
    tp_workspace_destroy(workspace);
    free(y);
    return code;
}

static int predict(const struct session *session, const struct predict_options *options, const tp_model *model,
                   const tp_idx *idx) {
    if (idx->type == TP_IDX_TYPE_I32) {
        complain("%s: holds 32-bit integers; only bytes and floats can be the input of a model", options->input);
        return EXIT_FAILURE;
    }
    const tp_data data = {
        .samples = idx->dims[0],
        .features = idx->elements / idx->dims[0],
        .bytes = idx->type == TP_IDX_TYPE_U8 ? idx->data : NULL,
        .floats = idx->type == TP_IDX_TYPE_F32 ? idx->data : NULL,
    };
    tp_model_options shape;
    tp_model_describe(model, &shape);
    const int code = check_fit(&shape, data.features, 0, options->model, options->input);
    if (code)
        return code;
    const size_t outputs = model_outputs(&shape);
    if (options->top > outputs) {
        complain("--top %" PRIu64 ": %s has %zu outputs", options->top, options->model, outputs);
        return options_usage_error(&predict_command);
    }
    return run_model(session, options, model, &data, outputs);
}

static int load_and_predict(const struct session *session, const struct predict_options *options) {
    tp_model *model = NULL;
    tp_idx idx = {0};
    tp_status status = tp_model_load(session->context, options->model, &model);
    if (status == TP_OK)
        status = tp_idx_read(session->context, options->input, &idx);
    int code = session_check(session, status);
    if (!code)
        code = predict(session, options, model, &idx);
    tp_idx_release(session->context, &idx);
    tp_model_destroy(model);
    return code;
}

static int run(int argc, char **argv) {
    struct predict_options options;
    int code = options_parse(&predict_command, argc, argv, &options);
    if (code != OPTIONS_PARSED)
        return code;
    struct session session;
    code = session_open(&session, &options.machine);
    if (!code)
        code = load_and_predict(&session, &options);
    session_close(&session);
    return code;
}

const struct command predict_command = {
    .name = "predict",
    .summary = "Run a saved model on samples from an IDX file",
    .example = "tileprop predict --model model.safetensors --input images.idx --top 3",
    .usage = "--model FILE --input FILE [OPTION...]",
    .about = "One line per sample: a class and its output (a probability after softmax), or\n"
             "with --top N the N best such pairs. For a model with one output: its value.\n",
    .rows = rows,
    .defaults = defaults,
    .run = run,
};
