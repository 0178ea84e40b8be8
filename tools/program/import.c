/* SPDX-License-Identifier: BSD-3-Clause */
#include "command.h"
#include "exchange.h"
#include "files.h"
#include "foreign.h"
#include "interrupt.h"
#include "report.h"

#include <math.h>
#include <stdlib.h>

struct import_options {
    struct machine_options machine;
    const char *config; /* NULL: none; likewise below */
    const char *file, *out;
    int format; /* of exchange_import_name, or FORMAT_OF_ENDING */
    const char *pattern, *map, *activations, *like;
    double slope;
    int loss; /* tp_loss, or LOSS_OF_ACTIVATION */
};

#define LOSS_OF_ACTIVATION (-1)

static const char *loss_name(int value) {
    return tp_loss_name((tp_loss)value);
}

#define OPTION_STRUCT struct import_options
static const struct option_row rows[] = {
    OPTION_ROW_CONFIG,
    {.name = "file",
     .also = "in input load",
     IS_FILE(FILE_INPUT, file),
     .required = true,
     .operand = true,
     .help = "the file to read"},
    {.name = "like",
     .also = "model template",
     IS_FILE(FILE_INPUT, like),
     .help = "a saved model of these layers, which says all but the parameters: activations, loss, scaling, columns"},
    {.name = "out",
     .also = "output save model",
     IS_FILE(FILE_SAVED, out),
     .replaces = "like",
     .required = true,
     .operand = true,
     .help = "save the model here, also over that of --like"},
    {.name = "from",
     .also = "format as",
     IS_NAME(exchange_import_name, format),
     .help = "the format (default: that of the file's ending)"},
    OPTION_ROW_PATTERN,
    OPTION_ROW_MAP,
    {.name = "activations",
     .also = "activation act nonlinearity",
     IS_TEXT("LIST", activations),
     .help = "of the layers, as relu,relu,softmax; two are those of all layers but the last, and of the last (default: "
             "as --like or the file says)"},
    {.name = "slope",
     .also = "negative-slope alpha",
     IS_REAL(slope, 0, INFINITY),
     .above_low = true,
     .help = "of leaky_relu, or alpha of elu, in --activations (default: 0.01, 1)"},
    {.name = "loss",
     .also = "criterion objective",
     IS_NAME(loss_name, loss),
     .help = "for training to go on with (default: as --like or the file says, else by the last activation: softmax "
             "cce, sigmoid bce, exp poisson, others mse)"},
    {0},
};

static void defaults(void *values) {
    *(struct import_options *)values = (struct import_options){.format = FORMAT_OF_ENDING, .loss = LOSS_OF_ACTIVATION};
}

/* As train has it. */
#define LEAKY_SLOPE 0.01F

static float slope_of(const struct import_options *options, const struct exchange_names *names) {
    for (size_t i = 0; i < names->options.activation_count; i++)
        if (names->activations[i] == TP_ACTIVATION_LEAKY_RELU && !(options->slope > 0))
            return LEAKY_SLOPE;
    return (float)options->slope;
}

static bool take_options(const struct import_options *options, const struct exchange_format *format,
                         struct exchange_names *names) {
    const char *const tensors = options->pattern ? options->pattern : options->map;
    if (options->pattern && options->map)
        return complain("--map %s: cannot be combined with --pattern", options->map), false;
    if (tensors && !format->tensors)
        return complain("--%s %s: is not for %s", options->pattern ? "pattern" : "map", tensors, format->name), false;
    if (format->complete && (options->activations || options->like))
        return complain("--%s %s: is not for %s, which says it itself", options->activations ? "activations" : "like",
                        options->activations ? options->activations : options->like, format->name),
               false;
    if (options->activations && !exchange_take_activations(names, options->activations))
        return false;
    names->options.pattern = options->pattern;
    names->options.slope = slope_of(options, names);
    if (options->loss != LOSS_OF_ACTIVATION)
        names->options.loss = (tp_loss)options->loss;
    return !options->map || exchange_read_map(names, options->map);
}

static int read_file(const struct session *session, const struct import_options *options,
                     const struct exchange_format *format, tp_exchange_options *names, tp_model **model) {
    tp_model *like = NULL;
    int code = options->like ? session_load(session, options->like, &like) : 0;
    names->like = like;
    if (!code)
        code = session_check(session, format->import_model(session->context, options->file, names, model));
    tp_model_destroy(like);
    return code;
}

static int save_file(const struct session *session, const struct import_options *options,
                     const struct exchange_format *format, tp_exchange_options *names) {
    tp_model *model = NULL;
    tp_output *output = NULL;
    interrupt_catch(false);
    int code = session_check(session, tp_output_create(session->context, options->out, &output));
    if (!code)
        code = files_check(&import_command, options, output);
    if (!code)
        code = read_file(session, options, format, names, &model);
    if (!code)
        code = session_check(session, tp_model_save_to(model, output));
    tp_output_destroy(output);
    tp_model_destroy(model);
    return code ? code : interrupt_code();
}

static int import_model(const struct session *session, const struct import_options *options) {
    const struct exchange_format *format = exchange_find("from", options->format, options->file);
    struct exchange_names names = {0};
    tp_exchange_options_default(&names.options);
    int code = format && take_options(options, format, &names) ? EXIT_SUCCESS : options_usage_error(&import_command);
    if (!code)
        code = save_file(session, options, format, &names.options);
    exchange_release(&names);
    if (code)
        foreign_explain(options->file, true);
    return code;
}

static int run(int argc, char **argv) {
    struct import_options options;
    int code = options_parse(&import_command, argc, argv, &options);
    if (code != OPTIONS_PARSED)
        return code;
    struct session session;
    code = session_open(&session, &options.machine);
    if (!code)
        code = import_model(&session, &options);
    session_close(&session);
    return code;
}

const struct command import_command = {
    .name = "import",
    .also = "load from-torch pytorch from-onnx",
    .summary = "Make a model of a file of another program",
    .example = "tileprop import mlp.safetensors model.safetensors --activations relu,softmax",
    .usage = "IN MODEL [OPTION...]",
    .about = "torch: layers as PyTorch has them, as safetensors.torch.save_file writes a\n"
             "state_dict: weights of [outputs, inputs] and biases, of F32, F64, F16 or BF16.\n"
             "Names end with 'weight' and 'bias', and numbers in them tell the order; with\n"
             "--pattern or --map other tensors may be in the file, too. A file that export\n"
             "wrote says all the rest itself. After a training elsewhere --like takes it from\n"
             "the model as it was. A pattern has {} where the number is: 'fc{}.weight'. A map\n"
             "is a JSON list of the layers in order:\n"
             "  [{\"weight\": \"fc1.weight\", \"bias\": \"fc1.bias\"}, ...], or \"bias\": null\n"
             "onnx: a graph of Gemm, or MatMul and Add, with activations, and of arithmetic\n"
             "with constants before and behind them, which becomes scaling.\n",
    .rows = rows,
    .values_size = sizeof(struct import_options),
    .defaults = defaults,
    .run = run,
};
