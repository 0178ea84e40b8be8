/* SPDX-License-Identifier: BSD-3-Clause */
#include "command.h"
#include "data.h"
#include "files.h"
#include "interrupt.h"
#include "npz.h"

#include <stdlib.h>

struct convert_options {
    struct machine_options machine;
    struct data_options data;
    const char *out;
};

#define OPTION_STRUCT struct convert_options
static const struct option_row rows[] = {
    OPTION_ROW_SAMPLES("data"),
    {.name = "out", IS_FILE(FILE_SAVED, out), .required = true, .help = "the NPZ file"},
    OPTION_ROWS_COLUMNS,
    OPTION_ROWS_READING,
    OPTION_ROW_THREADS,
    OPTION_ROW_ISA,
    {0},
};

static void defaults(void *values) {
    *(struct convert_options *)values = (struct convert_options){0};
}

static int convert(const struct session *session, const struct convert_options *options, tp_output *output) {
    const struct data_hold_out none = {0};
    tp_dataset *dataset = NULL;
    int code = session_check(session, data_open_training(session, &options->data, NULL, &none, &dataset));
    if (!code)
        code = npz_write(session, tp_dataset_data(dataset), tp_dataset_schema(dataset), output);
    tp_dataset_destroy(dataset);
    return code;
}

static int run_conversion(const struct session *session, const struct convert_options *options) {
    tp_output *output = NULL;
    interrupt_catch(false);
    int code = session_check(session, tp_output_create(session->context, options->out, &output));
    if (!code)
        code = files_check(&convert_command, options, output);
    if (!code)
        code = convert(session, options, output);
    if (!code)
        code = session_check(session, tp_output_commit(output));
    tp_output_destroy(output);
    return code ? code : interrupt_code();
}

static int run(int argc, char **argv) {
    struct convert_options options;
    int code = options_parse(&convert_command, argc, argv, &options);
    if (code != OPTIONS_PARSED)
        return code;
    struct session session;
    code = session_open(&session, &options.machine);
    if (!code)
        code = run_conversion(&session, &options);
    session_close(&session);
    return code;
}

const struct command convert_command = {
    .name = "convert",
    .also = "export transform npz",
    .summary = "Write the samples of a file as NPZ, which needs no conversion when it is read",
    .example = "tileprop convert --data data.csv --out data.npz",
    .usage = "--data D --out FILE [OPTION...]",
    .about = "The arrays, not compressed: 'inputs', the features before scaling, each\n"
             "category an input of 0 and 1; 'targets', names or integers of classes, or\n"
             "numbers; 'names', of the inputs and targets, if the data has them; an input of\n"
             "a category is called <column>=<category>. Columns of weights are features here;\n"
             "--weight takes them later. What --task and --scaling say is not kept in the\n"
             "file. The file appears when it is complete; until then, and after an error or a\n"
             "signal, an old one stays. It may not be a file that is read.\n",
    .rows = rows,
    .values_size = sizeof(struct convert_options),
    .defaults = defaults,
    .run = run,
};
