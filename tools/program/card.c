/* SPDX-License-Identifier: BSD-3-Clause */
#include "card_text.h"
#include "command.h"
#include "files.h"
#include "report.h"
#include "sink.h"

#include <stdlib.h>

struct card_options {
    struct machine_options machine;
    const char *model;
    const char *out; /* NULL: standard output */
};

#define OPTION_STRUCT struct card_options
static const struct option_row rows[] = {
    OPTION_ROW_MODEL(true),
    {.name = "out",
     .also = "output save",
     IS_FILE(FILE_SAVED, out),
     .help = "write the card to this file (default: standard output)"},
    {0},
};

static void defaults(void *values) {
    *(struct card_options *)values = (struct card_options){0};
}

static int write_card(const struct session *session, const struct card_options *options, const tp_model *model) {
    struct sink sink;
    int code = sink_open(&sink, session, options->out);
    if (!code)
        code = files_check(&card_command, options, sink.output);
    if (!code)
        code = card_print(model, options->model, sink.file);
    if (!code)
        code = sink_commit(&sink);
    sink_close(&sink);
    return code;
}

static int make_card(const struct session *session, const struct card_options *options) {
    tp_model *model = NULL;
    int code = session_load(session, options->model, &model);
    if (!code)
        code = write_card(session, options, model);
    tp_model_destroy(model);
    return code;
}

static int run(int argc, char **argv) {
    struct card_options options;
    int code = options_parse(&card_command, argc, argv, &options);
    if (code != OPTIONS_PARSED)
        return code;
    struct session session;
    code = session_open(&session, &options.machine);
    if (!code)
        code = make_card(&session, &options);
    session_close(&session);
    return code;
}

const struct command card_command = {
    .name = "card",
    .also = "model-card readme",
    .summary = "Write a model card in Markdown",
    .example = "tileprop card iris.safetensors --out iris.md",
    .usage = "MODEL [OPTION...]",
    .about = "The task, the columns and the layers; fingerprints and sizes of the data, the\n"
             "metrics, the options of the training and the command that repeats it, as far as\n"
             "the model's file says so; and the SHA-256 of the file and of the parameters.\n",
    .rows = rows,
    .values_size = sizeof(struct card_options),
    .defaults = defaults,
    .run = run,
};
