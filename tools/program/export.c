/* SPDX-License-Identifier: BSD-3-Clause */
#include "command.h"
#include "exchange.h"
#include "files.h"
#include "interrupt.h"
#include "report.h"

#include <stdlib.h>

struct export_options {
    struct machine_options machine;
    const char *model, *out;
    int format;                       /* of exchange_export_name, or FORMAT_OF_ENDING */
    const char *pattern, *map, *name; /* NULL: not given */
};

#define OPTION_STRUCT struct export_options
static const struct option_row rows[] = {
    OPTION_ROW_MODEL(true),
    {.name = "out",
     .also = "output save",
     IS_FILE(FILE_SAVED, out),
     .required = true,
     .operand = true,
     .help = "the file to write"},
    {.name = "to",
     .also = "format as",
     IS_NAME(exchange_export_name, format),
     .help = "the format (default: that of the file's ending)"},
    OPTION_ROW_PATTERN,
    OPTION_ROW_MAP,
    {.name = "name",
     .also = "identifier prefix",
     IS_TEXT("NAME", name),
     .help = "c: what the names of arrays and functions begin with (default: model)"},
    {0},
};

static void defaults(void *values) {
    *(struct export_options *)values = (struct export_options){.format = FORMAT_OF_ENDING};
}

static bool refuse(const char *option, const char *value, const struct exchange_format *format) {
    complain("--%s %s: is not for %s", option, value, format->name);
    return false;
}

static bool take_options(const struct export_options *options, const struct exchange_format *format,
                         struct exchange_names *names) {
    const char *const tensors = options->pattern ? options->pattern : options->map;
    if (options->pattern && options->map)
        return complain("--map %s: cannot be combined with --pattern", options->map), false;
    if (tensors && !format->tensors)
        return refuse(options->pattern ? "pattern" : "map", tensors, format);
    if (options->name && !format->identifier)
        return refuse("name", options->name, format);
    names->options.pattern = options->pattern;
    names->options.name = options->name;
    return !options->map || exchange_read_map(names, options->map);
}

static int write_file(const struct session *session, const struct export_options *options,
                      const struct exchange_format *format, const tp_exchange_options *names) {
    tp_model *model = NULL;
    tp_output *output = NULL;
    interrupt_catch(false);
    int code = session_load(session, options->model, &model);
    if (!code)
        code = session_check(session, tp_output_create(session->context, options->out, &output));
    if (!code)
        code = files_check(&export_command, options, output);
    if (!code)
        code = session_check(session, format->export_model(model, output, names));
    tp_output_destroy(output);
    tp_model_destroy(model);
    return code ? code : interrupt_code();
}

static int export_model(const struct session *session, const struct export_options *options) {
    const struct exchange_format *format = exchange_find("to", options->format, options->out);
    struct exchange_names names = {0};
    tp_exchange_options_default(&names.options);
    int code = format && take_options(options, format, &names) ? EXIT_SUCCESS : options_usage_error(&export_command);
    if (!code)
        code = write_file(session, options, format, &names.options);
    exchange_release(&names);
    return code;
}

static int run(int argc, char **argv) {
    struct export_options options;
    int code = options_parse(&export_command, argc, argv, &options);
    if (code != OPTIONS_PARSED)
        return code;
    struct session session;
    code = session_open(&session, &options.machine);
    if (!code)
        code = export_model(&session, &options);
    session_close(&session);
    return code;
}

const struct command export_command = {
    .name = "export",
    .also = "save to-torch pytorch to-onnx",
    .summary = "Write a model for other programs",
    .example = "tileprop export iris.safetensors iris.torch.safetensors",
    .usage = "MODEL OUT [OPTION...]",
    .about = "torch: the layers as PyTorch has them, in a safetensors file: weights of\n"
             "[outputs, inputs] and biases, '0.weight', '0.bias', '2.weight', ..., as the\n"
             "layers of an nn.Sequential with the same activations and dropout are called,\n"
             "for load_state_dict(safetensors.torch.load_file(OUT)). With --pattern or --map\n"
             "other names. Activations, loss, scaling, columns and classes are in the\n"
             "metadata, where import finds them again. The layers do not scale their inputs\n"
             "and outputs: a note says so if the model does.\n"
             "c: a header of C99 with the parameters as const arrays and one function,\n"
             "NAME_predict(const float *x, float *y), which needs only <math.h>. Where the\n"
             "layers need no exp, tanh or the like, the bits are those of predict.\n"
             "onnx: the whole model, with scaling, as an ONNX file of opset 13, from 'input' to\n"
             "'output'; names of columns and classes are in its metadata. Categories are to be\n"
             "encoded as input_names there says.\n"
             "The file appears when it is complete; until then, and after an error, an old one\n"
             "stays.\n",
    .rows = rows,
    .values_size = sizeof(struct export_options),
    .defaults = defaults,
    .run = run,
};
