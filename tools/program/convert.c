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
    int missing; /* of missing_name */
    const char *out;
};

enum { KEEP, DROP };

static const struct synonyms missing_also[] = {{"mean error", "keep"}, {0}};

static const char *missing_name(int value) {
    static const char *const names[] = {[KEEP] = "keep", [DROP] = "drop"};
    return value <= DROP ? names[value] : NULL;
}

#define OPTION_STRUCT struct convert_options
static const struct option_row rows[] = {
    OPTION_ROW_SAMPLES("data", true),
    {.name = "out",
     .also = "output save",
     IS_FILE(FILE_SAVED, out),
     .endings = {".npz"},
     .required = true,
     .operand = true,
     .help = "the NPZ file"},
    OPTION_ROWS_COLUMNS,
    OPTION_ROW_WEIGHT,
    OPTION_ROW_ID("column that names the rows"),
    {.name = "missing",
     .also = "na nan impute",
     IS_NAME(missing_name, missing),
     HAS_SYNONYMS(missing_also),
     .help = "rows in which a value is missing: keep them for training to decide, or leave them out"},
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
    struct data_options data = options->data;
    tp_dataset *dataset = NULL;
    data.keep_missing = true;
    data.missing = options->missing == DROP ? TP_MISSING_DROP : TP_MISSING_ERROR;
    int code = data_check(session, data.path, data_open_training(session, &data, NULL, &none, &dataset));
    if (!code)
        code = npz_write(session, dataset, &data, output);
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
    .also = "transform npz",
    .summary = "Write the samples of a file as NPZ, which needs no conversion when it is read",
    .example = "tileprop convert data.csv data.npz",
    .usage = "IN OUT.npz [OPTION...]",
    .about = "The arrays, not compressed: 'inputs', the features before scaling, each\n"
             "category an input of 0 and 1, and NaN where a value is missing; 'targets',\n"
             "names or integers of classes, or numbers; 'names', of the inputs and targets,\n"
             "if the data has them; an input of a category is called <column>=<category>, and\n"
             "'one_hot' tells which these are. The columns of --weight and --id become arrays\n"
             "of that name, so the same options take them when the file is used. What --task\n"
             "and --scaling say is not kept in the file. A model that is trained on it takes\n"
             "files that are converted likewise. The file appears when it is complete; until\n"
             "then, and after an error or a signal, an old one stays. It may not be a file\n"
             "that is read.\n",
    .rows = rows,
    .values_size = sizeof(struct convert_options),
    .defaults = defaults,
    .run = run,
};
