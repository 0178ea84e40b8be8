/* SPDX-License-Identifier: BSD-3-Clause */
/* Models as layers for PyTorch and back: names, shapes, types, what the metadata says, and what is refused. */

#include "core/context.h"
#include "support/model_file.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static tp_context *context;
static char notes[1024]; /* the last note */

static void hear(void *user, tp_status status, const char *message) {
    (void)user;
    if (!status)
        snprintf(notes, sizeof notes, "%s", message);
}

static void set_up(void) {
    tp_test_scratch_open();
    context = tp_test_scratch.context;
    context->on_message = hear;
    *notes = '\0';
}

TestSuite(torch, .init = set_up, .fini = tp_test_scratch_close);

#define UNTOUCHED ((tp_model *)&context)

static tp_exchange_options defaults(void) {
    tp_exchange_options options;
    tp_exchange_options_default(&options);
    return options;
}

static void export_model(const tp_model *model, const char *name, const tp_exchange_options *options) {
    tp_output *output = NULL;
    cr_assert_eq(tp_output_create(context, tp_test_in_scratch(name), &output), TP_OK);
    cr_assert_eq(tp_model_export_torch(model, output, options), TP_OK, "%s", tp_test_message(context));
    tp_output_destroy(output);
}

static tp_model *import_model(const char *name, const tp_exchange_options *options) {
    tp_model *model = NULL;
    cr_assert_eq(tp_model_import_torch(context, tp_test_in_scratch(name), options, &model), TP_OK, "%s",
                 tp_test_message(context));
    return model;
}

static void write_tensors(const char *name, const char *header, const void *data, size_t size) {
    unsigned char file[MAX_FILE];
    const size_t begin = test_compose_model(header, size, file) - size;
    memcpy(file + begin, data, size);
    tp_test_write_file(name, file, begin + size);
}

static void check_parameters(const tp_model *model, const float *expected, size_t count) {
    float *actual = tp_test_floats(count);
    cr_assert_eq(tp_model_parameter_count(model), count);
    cr_assert_eq(tp_model_get_parameters(model, actual, count), TP_OK);
    cr_expect(tp_test_same_bits(expected, actual, count, "parameters"));
    free(actual);
}

/* ---- what is written ---- */

Test(torch, every_byte) {
    unsigned char expected[MAX_FILE], file[MAX_FILE];
    char header[MAX_FILE] =
        HEADER("\"format\":\"pt\",\"tileprop\":\"0.2.0\",\"loss\":\"cce\",\"input_mean\":\"[0.10000000000000001]\","
               "\"input_deviation\":\"[255.0]\",\"layers.0.activation\":\"leaky_relu\","
               "\"layers.0.slope\":\"0.00999999978\",\"layers.1.activation\":\"softmax\"",
               TENSOR("0.weight", "1,2", 0, 8) "," TENSOR("0.bias", "1", 8, 12) "," TENSOR(
                   "2.weight", "2,1", 12, 20) "," TENSOR("2.bias", "2", 20, 28));
    while (strlen(header) % 8)
        strcat(header, " ");
    const size_t size = test_compose_model(header, 28, expected);
    tp_model *model = test_small_model(1);
    export_model(model, "layers", NULL);
    cr_assert_eq(test_read_model_file("layers", file), size);
    cr_expect_eq(memcmp(file, expected, size), 0, "%.*s instead of %s", (int)(size - 36), file + 8, header);
    cr_expect_str_eq(notes, "the model scales its inputs; the layers do not: means and deviations are in the metadata "
                            "of the file");
    tp_model *copy = import_model("layers", NULL);
    test_check_small_model(copy, 0.1);
    tp_model_destroy(copy);
    tp_model_destroy(model);
}

/* Of a model with everything, and more outputs than are turned together. */
static tp_model *large_model(void) {
    static const double means[20] = {1, 2},
                        deviations[20] = {3, 4, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0.1};
    static const tp_layer layers[] = {{37, TP_ACTIVATION_ELU, 0.5f, 0.25f},
                                      {3, TP_ACTIVATION_IDENTITY, 0, 0.5f},
                                      {16, TP_ACTIVATION_GELU, 0, 0},
                                      {1, TP_ACTIVATION_IDENTITY, 0, 0}};
    tp_model_options options;
    tp_model_options_default(&options);
    options.inputs = 20, options.layer_count = 4, options.layers = layers;
    options.loss = TP_LOSS_HUBER, options.huber_delta = 0.1f;
    options.inputs_scaled = (tp_scaling){20, means, deviations};
    options.outputs_scaled = (tp_scaling){1, &means[1], &deviations[19]};
    tp_model *model = test_make_model(&options);
    const size_t count = tp_model_parameter_count(model);
    float *parameters = tp_test_floats(count);
    tp_test_fill(parameters, count, 1, -1, 1);
    cr_assert_eq(tp_model_set_parameters(model, parameters, count), TP_OK);
    free(parameters);
    return model;
}

/* Equal models have equal files. */
static void check_round_trip(const tp_exchange_options *there, const tp_exchange_options *back) {
    tp_model *model = large_model();
    const size_t held_before = tp_test_held();
    export_model(model, "layers", there);
    tp_model *copy = import_model("layers", back);
    test_save_model(model, "model");
    test_save_model(copy, "copy");
    test_check_same_files("model", "copy");
    tp_model_destroy(copy);
    cr_expect_eq(tp_test_held(), held_before, "something leaked");
    tp_model_destroy(model);
}

static void check_names(const char *expected) {
    char file[MAX_FILE] = {0};
    test_read_model_file("layers", file);
    cr_expect_not_null(strstr(file + 8, expected), "%s: not in %s", expected, file + 8);
}

/* nn.Sequential has a place for each ELU and dropout, and none for the identity. */
Test(torch, round_trip_by_order) {
    check_round_trip(NULL, NULL);
    check_names("\"3.weight\":{\"dtype\":\"F32\",\"shape\":[3,37]");
    check_names("\"5.weight\":{\"dtype\":\"F32\",\"shape\":[16,3]");
    check_names("\"7.bias\":{\"dtype\":\"F32\",\"shape\":[1]");
}

Test(torch, round_trip_by_pattern) {
    tp_exchange_options there = defaults(), back = defaults();
    there.pattern = "net.weight.fc{9}.weight_g", back.pattern = "net.weight.fc{}.weight_g";
    check_round_trip(&there, &back);
    check_names("\"net.weight.fc10.weight_g\":");
    check_names("\"net.weight.fc12.bias_g\":");
    there.pattern = "net.{}.weight", back.pattern = "net.{}.weight";
    check_round_trip(&there, &back);
    check_names("\"net.5.bias\":");
}

Test(torch, round_trip_by_names) {
    tp_exchange_options options = defaults();
    options.name_count = 4;
    options.weights = (const char *const[]){"d", "c", "b", "a"};
    options.biases = (const char *const[]){"w", "x", "y", "z"};
    check_round_trip(&options, &options);
    check_names("\"a\":{\"dtype\":\"F32\",\"shape\":[1,16]");
    options.weights = (const char *const[]){"weight.d", "weightweight", "b.weight.", "\xc3\xa4.weight"};
    options.biases = NULL;
    check_round_trip(&options, &options);
    check_names("\"weightbias\":");
    check_names("\"\xc3\xa4.bias\":");
}

/* ---- what is read ---- */

static void check_file(const char *header, const void *data, size_t size, const float *expected, size_t count,
                       const tp_exchange_options *options) {
    write_tensors("layers", header, data, size);
    tp_model *model = import_model("layers", options);
    check_parameters(model, expected, count);
    tp_model_destroy(model);
}

static const tp_activation relu_identity[] = {TP_ACTIVATION_RELU, TP_ACTIVATION_IDENTITY};

static tp_exchange_options with_activations(const tp_activation *activations, size_t count) {
    tp_exchange_options options = defaults();
    options.activations = activations, options.activation_count = count;
    return options;
}

#define TYPED(name, type, shape, begin, end)                                                                           \
    "\"" name "\":{\"dtype\":\"" type "\",\"shape\":[" shape "],\"data_offsets\":[" #begin "," #end "]}"

/* Rows of outputs, of all types; the biases come first in the file. */
Test(torch, types) {
    static const struct {
        double bias[2];
        uint16_t half[6];
    } narrow = {{0.1, -0x1p-150}, {0x3c00, 0x8000, 0x7bff, 0x0001, 0xfc00, 0x3555}};
    static const float of_f16[] = {1, 0x1p-24f, -0.0f, -INFINITY, 65504, 0x1.554p-2f, 0.1f, -0.0f},
                       of_bf16[] = {0x1p-7f, 0x1p-133f, -0.0f, -0x1p+121f, 0x1.fep+120f, 0x1.aap-21f, 0.1f, -0.0f};
    const tp_exchange_options options = with_activations(relu_identity + 1, 1);
    check_file("{" TYPED("a.weight", "F16", "2,3", 16, 28) "," TYPED("a.bias", "F64", "2", 0, 16) "}", &narrow, 28,
               of_f16, 8, &options);
    check_file("{" TYPED("a.weight", "BF16", "2,3", 16, 28) "," TYPED("a.bias", "F64", "2", 0, 16) "}", &narrow, 28,
               of_bf16, 8, &options);
    cr_expect_str_eq(notes, "");
}

/* Numbers are numbers; without a bias it is 0; what a pattern leaves out may be anything. */
Test(torch, order) {
    const float data[] = {2, 3, 4, 5};
    tp_exchange_options options = with_activations(relu_identity, 2);
    const char *const two = "{" TENSOR("fc10.weight", "1,1", 0, 4) "," TENSOR("fc9.weight", "1,1", 4,
                                                                              8) "," TENSOR("fc9.bias", "1", 8, 12) "}";
    check_file(two, data, 12, (const float[]){3, 4, 2, 0}, 4, &options);
    cr_expect_str_eq(notes, "");
    check_file("{" TENSOR("z.weight", "1,1", 0, 4) "," TENSOR("y.weight", "1,1", 4, 8) "}", data, 8,
               (const float[]){3, 0, 2, 0}, 4, &options);
    cr_expect(strstr(notes, "layers are taken in the order of their names: y.weight, z.weight"), "%s", notes);
    options.pattern = "fc{}.weight";
    check_file("{" TENSOR("fc10.weight", "1,1", 0, 4) "," TENSOR(
                   "fc9.weight", "1,1", 4,
                   8) ",\"fc.weight\":[],\"fcx.weight\":0,\"bn.running_mean\":{\"dtype\":\"I64\",\"shape\":[]},"
                      "\"fc1.weight_norm\":{}}",
               data, 8, (const float[]){3, 0, 2, 0}, 4, &options);
    options.pattern = NULL, options.name_count = 2;
    options.weights = (const char *const[]){"b", "a"}, options.biases = (const char *const[]){NULL, "c"};
    check_file("{" TENSOR("a", "1,1", 0, 4) "," TENSOR("b", "1,1", 4, 8) "," TENSOR("c", "1", 12, 16) ",\"d\":0}", data,
               16, (const float[]){3, 0, 2, 5}, 4, &options);
}

/* Activations of options, one for each layer or two, and the losses that follow. */
Test(torch, activations) {
    static const struct {
        tp_activation last;
        tp_loss loss;
        tp_task task;
    } rows[] = {{TP_ACTIVATION_IDENTITY, TP_LOSS_MSE, TP_TASK_REGRESSION},
                {TP_ACTIVATION_SOFTMAX, TP_LOSS_CCE, TP_TASK_MULTICLASS},
                {TP_ACTIVATION_SIGMOID, TP_LOSS_BCE, TP_TASK_BINARY},
                {TP_ACTIVATION_EXP, TP_LOSS_POISSON, TP_TASK_REGRESSION},
                {TP_ACTIVATION_TANH, TP_LOSS_MAE, TP_TASK_REGRESSION}};
    write_tensors(
        "layers",
        "{" TENSOR("0.weight", "1,1", 0, 4) "," TENSOR("1.weight", "1,1", 0, 4) "," TENSOR("2.weight", "1,1", 0, 4) "}",
        (const float[]){1}, 4);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const tp_activation two[] = {TP_ACTIVATION_ELU, rows[i].last};
        tp_exchange_options options = with_activations(two, 2);
        options.slope = 0.5f;
        options.loss = rows[i].loss == TP_LOSS_MAE ? TP_LOSS_MAE : TP_LOSS_COUNT;
        tp_model *model = import_model("layers", &options);
        tp_model_options found;
        cr_assert_eq(tp_model_describe(model, &found), TP_OK);
        cr_expect_eq(found.loss, rows[i].loss);
        cr_expect_eq(tp_schema_task(tp_model_schema(model)), rows[i].task);
        cr_expect_eq(tp_schema_outputs(tp_model_schema(model)), 1);
        cr_expect(found.layers[0].activation == TP_ACTIVATION_ELU && found.layers[0].slope == 0.5f);
        cr_expect_eq(found.layers[1].activation, TP_ACTIVATION_ELU);
        cr_expect_eq(found.layers[2].activation, rows[i].last);
        tp_model_destroy(model);
    }
}

/* Another program changed the numbers and lost the metadata. */
Test(torch, like) {
    const float data[] = {1, -2, 0.5f, 0x1p-149f, -0.0f, 3, -1.5f};
    tp_model *model = test_small_model(1);
    tp_exchange_options options = defaults();
    float zeros[7] = {0};
    cr_assert_eq(tp_model_set_parameters(model, zeros, 7), TP_OK);
    options.like = model;
    write_tensors("layers",
                  "{" TENSOR("a1.weight", "1,2", 0, 8) "," TENSOR("a1.bias", "1", 8, 12) "," TENSOR(
                      "a2.weight", "2,1", 12, 20) "," TENSOR("a2.bias", "2", 20, 28) "}",
                  data, 28);
    tp_model *copy = import_model("layers", &options);
    test_check_small_model(copy, 0.1);
    tp_model_destroy(copy);
    tp_model_destroy(model);
}

/* ---- what is refused ---- */

static void refuse(tp_status status, const char *fragment, const tp_exchange_options *options) {
    tp_model *model = UNTOUCHED;
    const size_t held_before = tp_test_held();
    test_check_file_failure(tp_model_import_torch(context, tp_test_in_scratch("layers"), options, &model), status,
                            fragment);
    cr_expect_eq(tp_test_held(), held_before, "%s: something leaked", fragment);
    cr_expect_eq(model, UNTOUCHED, "%s: the output was changed", fragment);
}

#define SAID(more) "\"tileprop\":\"0.2.0\",\"loss\":\"mse\"," more
#define W TENSOR("0.weight", "1,2", 0, 8)
#define TWO(shape, end) W "," TENSOR("0.bias", "1", 0, 4) "," TENSOR("1.weight", shape, 0, end)

Test(torch, files_that_do_not_fit) {
    static const struct {
        const char *fragment, *header;
    } rows[] = {
        {"does not say the activations of its 1 layers", "{" W "}"},
        {"has no tensors", "{\"__metadata__\":{}}"},
        {"is a model's file", HEADER("\"format\":\"tileprop\"", W)},
        {"tensor 1.weight has shape [4, 2]; after 0.weight, which has [1, 2], [4, 1] would fit",
         "{" W "," TENSOR("1.weight", "4,2", 0, 32) "}"},
        {"tensor 0.bias has shape [2]; beside 0.weight, which has [1, 2], [1] would fit",
         "{" W "," TENSOR("0.bias", "2", 0, 8) "}"},
        {"tensor 0.bias has shape [1, 1]; beside", "{" W "," TENSOR("0.bias", "1,1", 0, 4) "}"},
        {"tensor 0.weight has shape [2]; weights [outputs, inputs] would fit", "{" TENSOR("0.weight", "2", 0, 8) "}"},
        {"tensor 1.bias is neither the weight nor the bias of a linear layer",
         "{" W "," TENSOR("1.bias", "1", 0, 4) "}"},
        {"tensor weight.x is neither", "{" W "," TENSOR("weight.x", "1", 0, 4) "}"},
        {"tensor 0.weight: dtype is I64; only F32, F64, F16 and BF16 are supported",
         "{" TYPED("0.weight", "I64", "1,1", 0, 8) "}"},
        {"tensor 0.weight: shape is not an array of 1 or 2", "{" TENSOR("0.weight", "1,1,2", 0, 8) "}"},
        {"truncated: tensor 0.weight ends at 9000", "{" TENSOR("0.weight", "1,2", 8992, 9000) "}"},
        {"has no \"loss\"", HEADER("\"tileprop\":\"0.2.0\"", W)},
        {"has no \"layers.0.activation\"", HEADER(SAID("\"a\":\"b\""), W)},
        {"input_mean is not a list of numbers",
         HEADER(SAID("\"layers.0.activation\":\"relu\",\"input_mean\":\"[null]\""), W)},
        {"input_mean does not fit the layers",
         HEADER(SAID("\"layers.0.activation\":\"relu\",\"input_mean\":\"[1,2,3]\""), W)},
        {"input_mean does not fit the layers",
         HEADER(SAID("\"layers.0.activation\":\"relu\",\"input_mean\":\"1\""), W)},
        {"input_mean has not as many values as the deviation",
         HEADER(SAID("\"layers.0.activation\":\"relu\",\"input_mean\":\"[1,2]\",\"input_deviation\":\"[1]\""), W)},
        {"output_mean has not as many", HEADER(SAID("\"layers.0.activation\":\"relu\",\"output_mean\":\"[1]\""), W)},
        {"schema is not valid JSON", HEADER(SAID("\"layers.0.activation\":\"relu\",\"schema\":\"{\""), W)},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        write_tensors("layers", rows[i].header, (const float[8]){0}, 32);
        refuse(i ? TP_ERR_FORMAT : TP_ERR_ARGUMENT, rows[i].fragment, NULL);
    }
    write_tensors("layers", "{" TYPED("0.weight", "F64", "1,1", 0, 8) "}", (const double[]){1e300}, 8);
    const tp_exchange_options options = with_activations(relu_identity, 1);
    refuse(TP_ERR_FORMAT, "tensor 0.weight has a number that is beyond the largest float", &options);
}

Test(torch, options_that_do_not_fit) {
    tp_model *model = test_small_model(1);
    write_tensors("layers", "{" TWO("2,1", 8) "}", (const float[8]){0}, 32);
    tp_exchange_options options = with_activations(relu_identity, 1);
    refuse(TP_ERR_ARGUMENT, "has 2 layers, but 1 activations are given", &options);
    options = defaults(), options.like = model;
    write_tensors("layers", "{" TWO("1,1", 4) "}", (const float[8]){0}, 32);
    refuse(TP_ERR_FORMAT, "tensor 1.weight has shape [1, 1]; as layer 1 of the model that it should be like [2, 1]",
           &options);
    write_tensors("layers", "{" W "}", (const float[8]){0}, 32);
    refuse(TP_ERR_FORMAT, "has 1 layers; the model that it should be like has 2", &options);
    options = defaults(), options.pattern = "fc{}.weight";
    refuse(TP_ERR_FORMAT, "has no tensor with a name like fc{}.weight; it has 0.weight", &options);
    options = defaults(), options.name_count = 1, options.weights = (const char *const[]){"1.weight"};
    refuse(TP_ERR_FORMAT, "has no tensor 1.weight; it has 0.weight", &options);
    options.weights = (const char *const[]){"__metadata__"};
    refuse(TP_ERR_FORMAT, "has no tensor __metadata__", &options);
    options.weights = (const char *const[]){"0.weight"}, options.biases = (const char *const[]){"b"};
    refuse(TP_ERR_FORMAT, "has no tensor b; it has 0.weight", &options);
    tp_model_destroy(model);
}

static void refuse_export(const tp_model *model, const char *fragment, const tp_exchange_options *options) {
    tp_output *output = NULL;
    cr_assert_eq(tp_output_create(context, tp_test_in_scratch("layers"), &output), TP_OK);
    const size_t held_before = tp_test_held();
    cr_expect_eq(tp_model_export_torch(model, output, options), TP_ERR_ARGUMENT);
    cr_expect(strstr(tp_test_message(context), fragment), "%s", tp_test_message(context));
    cr_expect_eq(tp_test_held(), held_before, "%s: something leaked", fragment);
    tp_output_destroy(output);
}

Test(torch, names_that_cannot_be_written) {
    static const char *const patterns[] = {"weight", "{}", "{x}weight", "{}{}weight", "{}weight}", "wei{}ght", "{1"};
    tp_model *model = test_small_model(1);
    tp_exchange_options options = defaults();
    for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++) {
        options.pattern = patterns[i];
        refuse_export(model, patterns[i], &options);
    }
    char *const longer = calloc(1, 300);
    memset(longer, 'x', 299);
    const struct {
        const char *fragment, *weights[2], *biases[2];
    } rows[] = {
        {"layer 1: two tensors have the same name", {"a", "b"}, {"c", "a"}},
        {"layer 0: two tensors have the same name, or one that the format takes", {"__metadata__", "b"}, {"c", "a"}},
        {"layer 1: the name of a tensor is empty, or not UTF-8", {"a", ""}, {"c", "d"}},
        {"layer 0: the name of a tensor is empty, or not UTF-8", {"\xff", "b"}, {"c", "d"}},
        {"layer 1: the name of a tensor is longer than 255", {"a", "b"}, {"c", longer}},
        {"layer 1: the name of the biases is missing", {"a", "b"}, {"c", NULL}},
    };
    options = defaults(), options.name_count = 2;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        options.weights = rows[i].weights, options.biases = rows[i].biases;
        refuse_export(model, rows[i].fragment, &options);
    }
    options.biases = NULL, options.weights = (const char *const[]){"weight", "x"};
    refuse_export(model, "layer 1: the name of the biases is missing", &options);
    options.name_count = 1;
    refuse_export(model, "name_count is 1; the model has 2 layers", &options);
    free(longer);
    tp_model_destroy(model);
}
