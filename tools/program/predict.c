/* SPDX-License-Identifier: BSD-3-Clause */
#include "command.h"
#include "files.h"
#include "interrupt.h"
#include "report.h"
#include "sink.h"

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
     IS_FILE(FILE_INPUT, input),
     .required = true,
     .help = "IDX file, plain or gzipped; its first dimension counts the samples"},
    {.name = "output", IS_FILE(FILE_SAVED, output), .help = "default: standard output"},
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

/* What a run needs: samples go through the model and out block by block. */
struct prediction {
    const struct session *session;
    const tp_model *model;
    const tp_data *data;
    size_t outputs;
    size_t top;
    tp_workspace *workspace;
    float *y; /* of one block */
    bool *taken;
    struct sink *sink;
};

#define BLOCK (16 * INFERENCE_BATCH)

static tp_data block_at(const tp_data *data, size_t first) {
    const size_t left = data->samples - first;
    tp_data block = *data;
    block.samples = left < BLOCK ? left : BLOCK;
    block.bytes = data->bytes ? data->bytes + first * data->features : NULL;
    block.floats = data->floats ? data->floats + first * data->features : NULL;
    return block;
}

static int print_block(const struct prediction *run, size_t first) {
    const tp_data block = block_at(run->data, first);
    const int code = session_check(
        run->session, tp_predict(run->model, run->workspace, &block, &(const tp_outputs){.floats = run->y}));
    for (size_t i = 0; !code && i < block.samples; i++)
        print_sample(run->sink->file, run->y + i * run->outputs, run->outputs, run->top, run->taken);
    return code;
}

/* Goes no further than the file, which may be a pipe that was closed, and the user want. */
static int print_blocks(const struct prediction *run) {
    int code = EXIT_SUCCESS;
    for (size_t i = 0; !code && !ferror(run->sink->file) && i < run->data->samples; i += BLOCK) {
        code = interrupt_code();
        if (!code)
            code = print_block(run, i);
    }
    if (!code)
        code = sink_commit(run->sink);
    return code ? code : interrupt_code();
}

static int run_model(struct prediction *run) {
    const size_t samples = run->data->samples < BLOCK ? run->data->samples : BLOCK;
    run->y = calloc(samples, run->outputs * sizeof *run->y);
    run->taken = calloc(run->outputs, sizeof *run->taken);
    int code = EXIT_FAILURE;
    if (!run->y || !run->taken)
        complain("out of memory");
    else
        code = session_check(run->session, session_workspace(run->model, &run->workspace));
    if (!code)
        code = print_blocks(run);
    tp_workspace_destroy(run->workspace);
    free(run->taken);
    free(run->y);
    return code;
}

static int check_input(const struct predict_options *options, const tp_idx *idx, const tp_model_options *shape) {
    const size_t outputs = model_outputs(shape);
    const int code = check_fit(shape, idx->elements / idx->dims[0], 0, options->model, options->input);
    if (code || options->top <= outputs)
        return code;
    complain("--top %" PRIu64 ": %s has %zu outputs", options->top, options->model, outputs);
    return options_usage_error(&predict_command);
}

static int predict(const struct session *session, const struct predict_options *options, const tp_idx *idx,
                   const tp_model *model, struct sink *sink) {
    const tp_data data = {
        .samples = idx->dims[0],
        .features = idx->elements / idx->dims[0],
        .bytes = idx->type == TP_IDX_TYPE_U8 ? idx->data : NULL,
        .floats = idx->type == TP_IDX_TYPE_F32 ? idx->data : NULL,
    };
    tp_model_options shape;
    tp_model_describe(model, &shape);
    const int code = check_input(options, idx, &shape); /* once more: the file may have been replaced */
    struct prediction run = {.session = session,
                             .model = model,
                             .data = &data,
                             .outputs = model_outputs(&shape),
                             .top = (size_t)options->top,
                             .sink = sink};
    return code ? code : run_model(&run);
}

static int load_and_predict(const struct session *session, const struct predict_options *options, const tp_idx *idx,
                            struct sink *sink) {
    tp_model *model = NULL;
    int code = session_check(session, tp_model_load(session->context, options->model, &model));
    if (!code)
        code = predict(session, options, idx, model, sink);
    tp_model_destroy(model);
    return code;
}

static int run_on_input(const struct session *session, const struct predict_options *options, struct sink *sink) {
    struct architecture saved;
    tp_idx idx = {0};
    int code = session_describe(session, options->model, &saved);
    if (!code)
        code = session_check(session, tp_idx_read(session->context, options->input, &idx));
    if (!code)
        code = session_check(session, tp_idx_to_samples(session->context, options->input, &idx));
    if (!code)
        code = check_input(options, &idx, &saved.model);
    if (!code)
        code = interrupt_code();
    if (!code)
        code = load_and_predict(session, options, &idx, sink);
    tp_idx_release(session->context, &idx);
    return code;
}

static int run_prediction(const struct session *session, const struct predict_options *options) {
    struct sink sink;
    interrupt_catch();
    int code = sink_open(&sink, session, options->output);
    if (!code)
        code = files_check(&predict_command, options, sink.output);
    if (!code)
        code = run_on_input(session, options, &sink);
    sink_close(&sink);
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
        code = run_prediction(&session, &options);
    session_close(&session);
    return code;
}

const struct command predict_command = {
    .name = "predict",
    .summary = "Run a saved model on samples from an IDX file",
    .example = "tileprop predict --model model.safetensors --input images.idx --top 3",
    .usage = "--model FILE --input FILE [OPTION...]",
    .about = "One line per sample: a class and its output (a probability after softmax), or\n"
             "with --top N the N best such pairs. For a model with one output: its value.\n"
             "A file of --output appears when it is complete; until then, and after an error\n"
             "or a signal, an old one stays. It may not be a file that is read.\n",
    .rows = rows,
    .values_size = sizeof(struct predict_options),
    .defaults = defaults,
    .run = run,
};
