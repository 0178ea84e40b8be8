/* SPDX-License-Identifier: BSD-3-Clause */
/* Models as C source that depends on nothing but the C library. */
#include "core/cancel.h"
#include "core/size.h"
#include "io/c_functions.h"
#include "io/exchange.h"
#include "net/model.h"
#include "net/slices.h"

#include <string.h>

#define FUNCTION "tp_model_export_c"
#define MAX_NAME 40
#define PIECE ((size_t)1024) /* parameters that are copied together */

static bool is_identifier(const char *name) {
    const size_t length = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789");
    return length && !name[length] && (*name < '0' || *name > '9') && length <= MAX_NAME;
}

/* ---- what the text says ---- */

static bool uses_libm(const tp_model *model) {
    bool uses = false;
    for (size_t l = 0; l < model->layers; l++)
        uses = uses || tp_c_activation(model->layer[l].activation)->libm;
    return uses;
}

/* Layer l reads buffer l % 2 and writes the other one, the last layer y. Floats of a buffer. */
static size_t buffer_size(const tp_model *model, size_t buffer) {
    size_t most = 0;
    for (size_t l = buffer; l < model->layers; l += 2)
        most = tp_max(most, model->shape[l].inputs);
    return most;
}

static void put_layers(struct tp_c_text *text, const tp_model *model) {
    tp_c_print(text, " *   %zu", model->inputs);
    for (size_t l = 0; l < model->layers; l++)
        tp_c_print(text, " -> %zu %s", model->layer[l].width, tp_activation_name(model->layer[l].activation));
    tp_c_put(text, "\n");
}

static const char equal_bits[] =
    " * The bits of results are those of tileprop where the compiler keeps to IEEE 754: nothing like Ofast, and\n"
    " * -ffp-contract=off (which -std=c99 means for gcc), and with FLT_EVAL_METHOD 0.\n";

static const char other_bits[] =
    " * Activations are made of functions of the C library, which tileprop has of its own: of each value they differ "
    "by\n"
    " * at most 8 units in the last place from tileprop's, with functions as exact as those of glibc. Sums are in the\n"
    " * same order. The compiler must keep to IEEE 754: nothing like Ofast, and -ffp-contract=off (which -std=c99\n"
    " * means for gcc), and with FLT_EVAL_METHOD 0.\n";

static const char other_precision[] =
    " * The model has products in bf16; here they are in f32, which is more exact: results differ as the two do.\n";

static void put_comment(struct tp_c_text *text, const tp_model *model) {
    const size_t stack = (buffer_size(model, 0) + buffer_size(model, 1)) * sizeof(float);
    tp_c_print(text, "/* A multilayer perceptron, written by tileprop %s:\n", tp_version());
    put_layers(text, model);
    tp_c_print(text,
               " *\n * @_predict reads %zu inputs and writes %zu outputs, both in the units of the data that the model "
               "was\n * trained on. It has no state and needs %zu bytes of stack for values. C99; link with -lm.\n",
               model->inputs, tp_model_outputs(model), stack);
    tp_c_put(text, uses_libm(model) ? other_bits : equal_bits);
    tp_c_put(text, model->bf16 ? other_precision : "");
    tp_c_put(text, " */\n#ifndef TILEPROP_@_H\n#define TILEPROP_@_H\n\n");
}

/* ---- arrays ---- */

static void put_parameters(struct tp_c_text *text, const tp_model *model, size_t begin, size_t count) {
    float piece[PIECE];
    tp_c_print(text, "[%zu] = {\n", count);
    for (size_t i = 0; i < count && !text->status; i++) {
        if (i % PIECE == 0)
            tp_model_copy_parameters(model, begin + i, tp_min(PIECE, count - i), piece);
        tp_c_put_float(text, piece[i % PIECE], i);
    }
    tp_c_put(text, "};\n");
}

static void put_layer_arrays(struct tp_c_text *text, const tp_model *model) {
    for (size_t l = 0; l < model->layers; l++) {
        const struct tp_shape *shape = &model->shape[l];
        tp_c_print(text, "\n/* [%zu][%zu] */\nstatic const float @_weight%zu", shape->inputs, shape->outputs, l);
        put_parameters(text, model, shape->weight, shape->inputs * shape->outputs);
        tp_c_print(text, "\nstatic const float @_bias%zu", l);
        put_parameters(text, model, shape->bias, shape->outputs);
    }
}

static void put_doubles(struct tp_c_text *text, const char *what, const double *values, size_t count) {
    tp_c_print(text, "\nstatic const double @_%s[%zu] = {\n", what, count);
    for (size_t i = 0; i < count; i++)
        tp_c_put_double(text, values[i], i);
    tp_c_put(text, "};\n");
}

static void put_scaling_arrays(struct tp_c_text *text, const tp_model *model) {
    const struct tp_scaler *inputs = &model->inputs_scaled, *outputs = &model->outputs_scaled;
    if (inputs->count) {
        put_doubles(text, "input_mean", inputs->mean, inputs->count);
        put_doubles(text, "input_factor", inputs->factor, inputs->count);
    }
    if (outputs->count) {
        put_doubles(text, "output_mean", outputs->mean, outputs->count);
        put_doubles(text, "output_deviation", outputs->deviation, outputs->count);
    }
}

/* ---- functions ---- */

static void put_activations(struct tp_c_text *text, const tp_model *model) {
    bool used[TP_ACTIVATION_COUNT] = {false}, exp = false;
    for (size_t l = 0; l < model->layers; l++) {
        used[model->layer[l].activation] = true;
        exp = exp || tp_c_activation(model->layer[l].activation)->exp;
    }
    tp_c_put(text, exp ? tp_c_exp : "");
    for (int i = 0; i < TP_ACTIVATION_COUNT; i++)
        if (used[i] && tp_c_activation((tp_activation)i)->text) {
            tp_c_put(text, "\n");
            tp_c_put(text, tp_c_activation((tp_activation)i)->text);
        }
}

/* Another order of sums is another function. */
static void put_products(struct tp_c_text *text, const tp_model *model) {
    size_t lanes = 0;
    for (size_t l = 0; l < model->layers; l++)
        lanes += tp_model_sums_in_lanes(model, l);
    tp_c_put(text, lanes < model->layers ? tp_c_chain : "");
    tp_c_put(text, lanes ? tp_c_lanes : "");
}

static void put_functions(struct tp_c_text *text, const tp_model *model) {
    tp_c_put(text, tp_c_begin);
    if (model->inputs_scaled.count || model->outputs_scaled.count)
        tp_c_put(text, tp_c_to_float);
    put_products(text, model);
    put_activations(text, model);
}

static void put_input(struct tp_c_text *text, const tp_model *model) {
    const struct tp_scaler *scaler = &model->inputs_scaled;
    const char *const index = tp_scales_each(scaler) ? "i" : "0";
    tp_c_print(text, "    for (size_t i = 0; i < %zu; i++)\n        a[i] = ", model->inputs);
    if (scaler->count)
        tp_c_print(text, "@_to_float(((double)x[i] - @_input_mean[%s]) * @_input_factor[%s]);\n", index, index);
    else
        tp_c_put(text, "@_flush(x[i]);\n");
}

static void put_layer_activation(struct tp_c_text *text, const tp_layer *layer, const char *values) {
    const struct tp_c_activation *activation = tp_c_activation(layer->activation);
    const char *const name = tp_activation_name(layer->activation);
    if (activation->row)
        tp_c_print(text, "    @_%s(%s, %zu);\n", name, values, layer->width);
    if (activation->row || !activation->text)
        return;
    tp_c_print(text, "    for (size_t i = 0; i < %zu; i++)\n        %s[i] = @_%s(%s[i]", layer->width, values, name,
               values);
    if (activation->parameter) {
        tp_c_put(text, ",\n");
        tp_c_put_float(text, layer->slope, 0);
    }
    tp_c_put(text, ");\n");
}

static void put_layer(struct tp_c_text *text, const tp_model *model, size_t l) {
    static const char *const buffers[] = {"a", "b"};
    const struct tp_shape *shape = &model->shape[l];
    const char *const to = l + 1 < model->layers ? buffers[(l + 1) % 2] : "y";
    tp_c_print(text, "    @_%s(@_weight%zu, @_bias%zu, %zu, %zu, %s, %s);\n",
               tp_model_sums_in_lanes(model, l) ? "lanes" : "chain", l, l, shape->inputs, shape->outputs,
               buffers[l % 2], to);
    put_layer_activation(text, &model->layer[l], to);
}

static void put_output(struct tp_c_text *text, const tp_model *model) {
    const struct tp_scaler *scaler = &model->outputs_scaled;
    const char *const index = tp_scales_each(scaler) ? "i" : "0";
    if (scaler->count)
        tp_c_print(text,
                   "    for (size_t i = 0; i < %zu; i++)\n"
                   "        y[i] = @_to_float((double)@_flush(y[i]) * @_output_deviation[%s] + @_output_mean[%s]);\n",
                   tp_model_outputs(model), index, index);
}

static void put_predict(struct tp_c_text *text, const tp_model *model) {
    tp_c_print(text, "\n/* x: %zu values; y: %zu */\nstatic inline void @_predict(const float *x, float *y) {\n",
               model->inputs, tp_model_outputs(model));
    tp_c_print(text, "    float a[%zu];\n", buffer_size(model, 0));
    if (model->layers > 1)
        tp_c_print(text, "    float b[%zu];\n", buffer_size(model, 1));
    put_input(text, model);
    for (size_t l = 0; l < model->layers; l++)
        put_layer(text, model, l);
    put_output(text, model);
    tp_c_put(text, "}\n\n#endif\n");
}

/* ---- model ---- */

static tp_status export_model(const tp_model *model, tp_output *output, const char *name) {
    struct tp_c_text text = {.output = output, .name = name};
    put_comment(&text, model);
    put_functions(&text, model);
    put_scaling_arrays(&text, model);
    put_layer_arrays(&text, model);
    put_predict(&text, model);
    const tp_status status = tp_c_end(&text);
    return status ? status : tp_output_commit(output);
}

tp_status tp_model_export_c(const tp_model *model, tp_output *output, const tp_exchange_options *given) {
    if (!model)
        return TP_ERR_ARGUMENT;
    tp_exchange_options options;
    tp_status status = tp_exchange_check_output(model, FUNCTION, output);
    if (!status)
        status = tp_exchange_take(tp_model_context(model), given, &options);
    if (status)
        return status;
    const char *name = options.name ? options.name : "model";
    if (!is_identifier(name))
        return tp_fail(tp_model_context(model), TP_ERR_ARGUMENT,
                       FUNCTION ": name \"%s\": it must be an identifier of C of at most %d characters", name,
                       MAX_NAME);
    const int cancel = tp_cancel_hold();
    status = export_model(model, output, name);
    tp_cancel_restore(cancel);
    return status;
}
