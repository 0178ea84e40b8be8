/* SPDX-License-Identifier: BSD-3-Clause */
/* Model files: what is written, byte for byte; what is read; what is refused, and why; and what a failed save leaves.
 */

#include "core/context.h"
#include "support/scratch.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_FILE 8192

static tp_context *context;
static const char *scratch;

static void set_up(void) {
    tp_test_scratch_open();
    context = tp_test_scratch.context;
    scratch = tp_test_scratch.path;
}

TestSuite(save, .init = set_up, .fini = tp_test_scratch_close);
TestSuite(load, .init = set_up, .fini = tp_test_scratch_close);

static size_t read_file(const char *name, void *data) {
    FILE *file = fopen(tp_test_in_scratch(name), "rb");
    cr_assert_not_null(file);
    const size_t size = fread(data, 1, MAX_FILE, file);
    cr_assert_lt(size, MAX_FILE);
    fclose(file);
    return size;
}

static void check_same_files(const char *a, const char *b) {
    char x[MAX_FILE], y[MAX_FILE];
    const size_t size = read_file(a, x);
    cr_assert_eq(size, read_file(b, y), "%s and %s have different sizes", a, b);
    cr_expect_eq(memcmp(x, y, size), 0, "%s and %s differ", a, b);
}

/* The status, a part of the message, and the name of the file in it. */
static void check_failure(tp_status got, tp_status expected, const char *fragment) {
    const char *message = tp_test_message(context);
    cr_expect_eq(got, expected, "status %d instead of %d (%s)", (int)got, (int)expected, message);
    cr_expect(strstr(message, fragment), "\"%s\" does not say \"%s\"", message, fragment);
    cr_expect(strstr(message, scratch), "\"%s\" does not name the file", message);
}

static tp_model *make_model(const tp_model_options *options) {
    tp_model *model = NULL;
    cr_assert_eq(tp_model_create(context, options, &model), TP_OK, "%s", tp_test_message(context));
    return model;
}

static void save(const tp_model *model, const char *name) {
    cr_assert_eq(tp_model_save(model, tp_test_in_scratch(name)), TP_OK, "%s", tp_test_message(context));
}

static tp_model *load(const char *name) {
    tp_model *model = NULL;
    cr_assert_eq(tp_model_load(context, tp_test_in_scratch(name), &model), TP_OK, "%s", tp_test_message(context));
    return model;
}

/* ---- the model of most tests, and its file ---- */

/* 2 inputs, leaky ReLU of width 1, softmax of width 2: 7 parameters. */
static tp_model *small_model(uint64_t seed) {
    const float parameters[] = {1, -2, 0.5f, 0x1p-149f, -0.0f, 3, -1.5f};
    const tp_layer layer[] = {{1, TP_ACTIVATION_LEAKY_RELU, 0.01f, 0}, {2, TP_ACTIVATION_SOFTMAX, 0, 0}};
    tp_model_options options;
    tp_model_options_default(&options);
    options.inputs = 2;
    options.layer_count = 2;
    options.layers = layer;
    options.seed = seed;
    options.inputs_scaled = (tp_scaling){1, &(const double){0.1}, &(const double){255}};
    tp_model *model = make_model(&options);
    cr_assert_eq(tp_model_set_parameters(model, parameters, 7), TP_OK);
    return model;
}

#define DIGEST "4e8143b825437b8e28face1a8c654664a4537ec16dd4a3ac7ad4a046019f796c"
#define OLD_METADATA                                                                                                   \
    "\"loss\":\"cce\",\"input_mean\":\"0.100000001\",\"input_deviation\":\"255.0\","                                   \
    "\"layers.0.activation\":\"leaky_relu\",\"layers.0.slope\":\"0.00999999978\","                                     \
    "\"layers.1.activation\":\"softmax\""
#define METADATA                                                                                                       \
    "\"format\":\"tileprop\",\"version\":\"0.2.0\",\"sha256\":\"" DIGEST "\",\"format_version\":\"2\","                \
    "\"loss\":\"cce\",\"input_mean\":\"0.10000000000000001\",\"input_deviation\":\"255.0\","                           \
    "\"layers.0.activation\":\"leaky_relu\",\"layers.0.slope\":\"0.00999999978\","                                     \
    "\"layers.1.activation\":\"softmax\""
#define TENSOR(name, shape, begin, end)                                                                                \
    "\"" name "\":{\"dtype\":\"F32\",\"shape\":[" shape "],\"data_offsets\":[" #begin "," #end "]}"
#define W0 TENSOR("layers.0.weight", "2,1", 0, 8)
#define B0 TENSOR("layers.0.bias", "1", 8, 12)
#define W1 TENSOR("layers.1.weight", "1,2", 12, 20)
#define B1 TENSOR("layers.1.bias", "2", 20, 28)
#define TENSORS W0 "," B0 "," W1 "," B1
#define HEADER(metadata, tensors) "{\"__metadata__\":{" metadata "}," tensors "}"

static const unsigned char small_data[] = {0, 0, 0x80, 0x3f, 0, 0,    0, 0xc0, 0,    0,    0, 0x3f, 1,    0,
                                           0, 0, 0,    0,    0, 0x80, 0, 0,    0x40, 0x40, 0, 0,    0xc0, 0xbf};

/* A file of this header text, not padded, and the first data_size bytes of small_data (zeros after them). */
static size_t compose(const char *header, size_t data_size, unsigned char *file) {
    const size_t length = strlen(header);
    cr_assert_lt(8 + length + data_size, MAX_FILE);
    memset(file, 0, MAX_FILE);
    for (size_t i = 0; i < 8; i++)
        file[i] = (unsigned char)((uint64_t)length >> 8 * i);
    memcpy(file + 8, header, length);
    memcpy(file + 8 + length, small_data, data_size < sizeof small_data ? data_size : sizeof small_data);
    return 8 + length + data_size;
}

static void write_model_file(const char *name, const char *header, size_t data_size) {
    unsigned char file[MAX_FILE];
    tp_test_write_file(name, file, compose(header, data_size, file));
}

static void check_small_model(const tp_model *model, double mean) {
    float parameters[7];
    tp_model_options options;
    cr_assert_eq(tp_model_describe(model, &options), TP_OK);
    cr_assert_eq(options.layer_count, 2);
    cr_expect_eq(options.inputs, 2);
    cr_expect_eq(options.loss, TP_LOSS_CCE);
    cr_assert_eq(options.inputs_scaled.count, 1);
    cr_expect_eq(*options.inputs_scaled.mean, mean);
    cr_expect_eq(*options.inputs_scaled.deviation, 255);
    cr_expect_eq(options.outputs_scaled.count, 0);
    cr_expect_eq(options.layers[0].width, 1);
    cr_expect_eq(options.layers[0].activation, TP_ACTIVATION_LEAKY_RELU);
    cr_expect_eq(options.layers[0].slope, 0.01f);
    cr_expect_eq(options.layers[1].width, 2);
    cr_expect_eq(options.layers[1].activation, TP_ACTIVATION_SOFTMAX);
    cr_assert_eq(tp_model_get_parameters(model, parameters, 7), TP_OK);
    cr_expect(tp_test_same_bits((const float[]){1, -2, 0.5f, 0x1p-149f, -0.0f, 3, -1.5f}, parameters, 7, "parameters"));
}

/* ---- what is written ---- */

Test(save, every_byte) {
    unsigned char expected[MAX_FILE], file[MAX_FILE];
    char header[MAX_FILE] = HEADER(METADATA, TENSORS);
    while (strlen(header) % 8)
        strcat(header, " ");
    const size_t size = compose(header, 28, expected);
    tp_model *model = small_model(1);
    save(model, "model");
    cr_assert_eq(read_file("model", file), size);
    cr_expect_eq(memcmp(file, expected, size), 0, "%.*s instead of %s", (int)(size - 36), file + 8, header);
    tp_model_destroy(model);
}

/* The text follows the loss in the metadata. */
static void check_saved_loss(const tp_model_options *options, const char *text) {
    char file[MAX_FILE] = {0};
    tp_model *model = make_model(options);
    save(model, "model");
    read_file("model", file);
    cr_expect_not_null(strstr(file + 8, text), "\"%s\" does not contain \"%s\"", file + 8, text);
    tp_model_destroy(model);
}

/* Models of other losses have nothing between loss and layers, as before there were such options. */
Test(save, options_of_the_loss) {
    const tp_layer layer = {2, TP_ACTIVATION_SOFTMAX, 0, 0};
    tp_model_options options;
    tp_model_options_default(&options);
    options.inputs = 2, options.layer_count = 1, options.layers = &layer;
    for (int loss = 0; loss < TP_LOSS_COUNT; loss++) {
        char text[64];
        if (loss == TP_LOSS_BCE || loss == TP_LOSS_HUBER)
            continue;
        snprintf(text, sizeof text, "\"loss\":\"%s\",\"layers.0.activation\":", tp_loss_name((tp_loss)loss));
        options.loss = (tp_loss)loss, options.huber_delta = 0.1f, check_saved_loss(&options, text);
    }
    options.loss = TP_LOSS_CCE, options.label_smoothing = 0.1f;
    check_saved_loss(&options, "\"loss\":\"cce\",\"label_smoothing\":\"0.100000001\",\"layers.0.activation\":");
    options.loss = TP_LOSS_HUBER, options.label_smoothing = 0;
    check_saved_loss(&options, "\"loss\":\"huber\",\"huber_delta\":\"0.100000001\",\"layers.0.activation\":");
}

/* The seed is how a model came about, not what it is. */
Test(save, equal_models_give_equal_files) {
    tp_model *model = small_model(1), *other = small_model(2);
    save(model, "model");
    save(other, "other");
    check_same_files("model", "other");
    tp_model_destroy(other);
    tp_model_destroy(model);
}

static void check_round_trip(const tp_model_options *options) {
    const size_t held_before = tp_test_held();
    tp_model *model = make_model(options);
    save(model, "model");
    tp_model *copy = load("model");
    const size_t count = tp_model_parameter_count(model);
    float *expected = tp_test_floats(count), *actual = tp_test_floats(count);
    tp_model_options described;
    cr_assert_eq(tp_model_parameter_count(copy), count);
    cr_assert_eq(tp_model_get_parameters(model, expected, count), TP_OK);
    cr_assert_eq(tp_model_get_parameters(copy, actual, count), TP_OK);
    cr_expect(tp_test_same_bits(expected, actual, count, "parameters"));
    cr_assert_eq(tp_model_describe(copy, &described), TP_OK);
    cr_assert_eq(described.layer_count, options->layer_count);
    cr_expect_eq(described.inputs, options->inputs);
    cr_expect_eq(described.loss, options->loss);
    cr_expect_eq(described.huber_delta, options->loss == TP_LOSS_HUBER ? options->huber_delta : 1);
    cr_expect_eq(described.label_smoothing, options->label_smoothing);
    cr_expect_eq(described.inputs_scaled.count, options->inputs_scaled.count);
    if (options->inputs_scaled.count == 1) {
        cr_expect_eq(*described.inputs_scaled.mean, *options->inputs_scaled.mean);
        cr_expect_eq(*described.inputs_scaled.deviation, *options->inputs_scaled.deviation);
    }
    for (size_t l = 0; l < options->layer_count; l++) {
        cr_expect_eq(described.layers[l].width, options->layers[l].width);
        cr_expect_eq(described.layers[l].activation, options->layers[l].activation);
        cr_expect_eq(described.layers[l].slope, options->layers[l].slope);
    }
    save(copy, "copy");
    check_same_files("model", "copy");
    free(actual);
    free(expected);
    tp_model_destroy(copy);
    tp_model_destroy(model);
    cr_expect_eq(tp_test_held(), held_before, "something leaked");
}

Test(load, every_activation_and_loss) {
    for (int loss = 0; loss < TP_LOSS_COUNT; loss++) {
        const tp_activation last = loss == TP_LOSS_BCE   ? TP_ACTIVATION_SIGMOID
                                   : loss == TP_LOSS_CCE ? TP_ACTIVATION_SOFTMAX
                                                         : TP_ACTIVATION_TANH;
        for (int hidden = 0; hidden < TP_ACTIVATION_COUNT; hidden++) {
            const tp_activation activation = (tp_activation)hidden;
            if (activation == TP_ACTIVATION_SOFTMAX)
                continue;
            const bool sloped = activation == TP_ACTIVATION_LEAKY_RELU || activation == TP_ACTIVATION_ELU;
            const tp_layer layer[] = {{5, activation, sloped ? 1.0f / 3 : 0, 0}, {2, last, 0, 0}};
            const tp_model_options options = {
                .struct_size = sizeof options,
                .inputs = 3,
                .layer_count = 2,
                .layers = layer,
                .layer_size = sizeof *layer,
                .loss = (tp_loss)loss,
                .huber_delta = 1e-30f / 3,
                .label_smoothing = last == TP_ACTIVATION_TANH ? 0 : 0.1f,
                .seed = 7,
                .inputs_scaled = {1, &(const double){-1e-30 / 3}, &(const double){1e300 / 3}}};
            check_round_trip(&options);
        }
    }
}

Test(load, every_depth) {
    tp_layer layer[TP_MAX_LAYERS];
    for (size_t l = 0; l < TP_MAX_LAYERS; l++)
        layer[l] = (tp_layer){1 + l % 3, TP_ACTIVATION_RELU, 0, 0};
    for (size_t layers = 1; layers <= 12; layers++) {
        const tp_model_options options = {.struct_size = sizeof options,
                                          .inputs = 1,
                                          .layer_count = layers,
                                          .layers = layer,
                                          .layer_size = sizeof *layer,
                                          .inputs_scaled = {1, &(const double){0}, &(const double){1e-300}}};
        check_round_trip(&options);
    }
    tp_model *model = make_model(&(tp_model_options){.struct_size = sizeof(tp_model_options),
                                                     .inputs = 1,
                                                     .layer_count = TP_MAX_LAYERS,
                                                     .layers = layer,
                                                     .layer_size = sizeof *layer,
                                                     .init = TP_INIT_ZERO});
    save(model, "deep");
    tp_model *copy = load("deep");
    cr_expect_eq(tp_model_parameter_count(copy), tp_model_parameter_count(model));
    tp_model_destroy(copy);
    tp_model_destroy(model);
}

/* NaN and infinite parameters are what they are. */
Test(load, parameters_that_are_not_finite) {
    const uint32_t bits[7] = {0x7f800000, 0xff800000, 0x7fc00001, 0xffc12345, 0x7f800001, 0x00000001, 0x80000000};
    float parameters[7], loaded[7];
    tp_model *model = small_model(1);
    memcpy(parameters, bits, sizeof bits);
    cr_assert_eq(tp_model_set_parameters(model, parameters, 7), TP_OK);
    save(model, "model");
    tp_model *copy = load("model");
    cr_assert_eq(tp_model_get_parameters(copy, loaded, 7), TP_OK);
    cr_expect_eq(memcmp(loaded, bits, sizeof bits), 0);
    tp_model_destroy(copy);
    tp_model_destroy(model);
}

/* Some locales write 0,1 for 0.1. */
Test(save, decimal_comma_locale) {
    static const char *const names[] = {"de_DE.UTF-8", "de_DE.utf8",  "de_DE",
                                        "fr_FR.UTF-8", "es_ES.UTF-8", "da_DK.UTF-8"};
    tp_model *model = small_model(1);
    save(model, "plain");
    const char *chosen = NULL;
    for (size_t i = 0; !chosen && i < sizeof names / sizeof *names; i++)
        chosen = setlocale(LC_ALL, names[i]);
    if (!chosen) {
        tp_model_destroy(model);
        cr_skip_test(
            "NOT TESTED: no locale with a decimal comma is installed (localedef -i de_DE -f UTF-8 de_DE.UTF-8)");
    }
    cr_assert_str_eq(localeconv()->decimal_point, ",");
    save(model, "comma");
    check_same_files("plain", "comma");
    tp_model *copy = load("plain");
    check_small_model(copy, 0.1);
    cr_expect_str_eq(setlocale(LC_ALL, NULL), chosen);
    tp_model_destroy(copy);
    tp_model_destroy(model);
}

/* ---- what is read besides what is written ---- */

static void accept(const char *header) {
    write_model_file("model", header, 28);
    tp_model *model = load("model");
    check_small_model(model, 0.1);
    tp_model_destroy(model);
}

Test(load, other_ways_to_write_it) {
    accept(HEADER(METADATA, TENSORS));
    accept(HEADER(METADATA, B1 "," W0 "," W1 "," B0));
    accept(" \n" HEADER(METADATA, TENSORS) "   ");
    accept("{" TENSORS ",\"__metadata__\":{" METADATA ",\"more\":\"\\u0416\"}}");
    accept("{" W0 "," B0 "," W1 ",\"__metadata__\":{" METADATA "},\"layers.1.bias\":"
           "{\"more\":1,\"data_offsets\":[20,28],\"shape\":[2],\"dtype\":\"F32\"}}");
}

/* As the Python writer orders them: biases before weights. The values must follow the names. */
Test(load, tensors_in_another_order) {
    float parameters[7];
    write_model_file(
        "model",
        HEADER(METADATA, TENSOR("layers.1.bias", "2", 0, 8) "," TENSOR("layers.0.bias", "1", 8, 12) "," TENSOR(
                             "layers.1.weight", "1,2", 12, 20) "," TENSOR("layers.0.weight", "2,1", 20, 28)),
        28);
    tp_model *model = load("model");
    cr_assert_eq(tp_model_get_parameters(model, parameters, 7), TP_OK);
    cr_expect(tp_test_same_bits((const float[]){3, -1.5f, 0.5f, 0x1p-149f, -0.0f, 1, -2}, parameters, 7, "parameters"));
    tp_model_destroy(model);
}

/* ---- what is refused ---- */

static void refuse_load(tp_status status, const char *fragment) {
    tp_model *model = (tp_model *)scratch;
    const size_t held_before = tp_test_held();
    check_failure(tp_model_load(context, tp_test_in_scratch("model"), &model), status, fragment);
    cr_expect_eq(tp_test_held(), held_before, "%s: something leaked", fragment);
    cr_expect_eq(model, (tp_model *)scratch, "%s: the output was changed", fragment);
}

struct refusal {
    const char *fragment, *header;
    size_t data_size;
};

#define NAMED(metadata) HEADER("\"format\":\"tileprop\"," metadata, TENSORS)
#define SCALED "\"loss\":\"cce\",\"input_mean\":\"0\",\"input_deviation\":\"1\","
#define LAYER0 "\"layers.0.activation\":\"relu\""
#define LAYER1 ",\"layers.1.activation\":\"softmax\""
#define REST ",\"input_mean\":\"0\",\"input_deviation\":\"1\"," LAYER0 LAYER1
#define SMOOTHING "\"loss\":\"cce\",\"label_smoothing\":"
#define HUBER(delta) "\"loss\":\"huber\",\"huber_delta\":\"" delta "\"" REST

static const struct refusal refusals[] = {
    /* JSON */
    {"header is not valid JSON", "", 0},
    {"header is not valid JSON", "        ", 28},
    {"header is not valid JSON", "{\"__metadata__\":{}", 28},
    {"header is not valid JSON", HEADER(METADATA, TENSORS) "}", 28},
    {"header is not valid JSON", HEADER(METADATA, TENSORS) "{}", 28},
    {"unable to decode byte 0xff", HEADER(METADATA ",\"\xff\":\"\"", TENSORS), 28},
    {"unable to decode byte 0xc0", HEADER(METADATA ",\"a\":\"\xc0\xaf\"", TENSORS), 28},
    {"\\u0000", HEADER(METADATA ",\"a\\u0000b\":\"\"", TENSORS), 28},
    {"header is not a JSON object", "[]", 28},
    {"duplicate object key", HEADER(METADATA, TENSORS "," W0), 28},
    {"duplicate object key", HEADER(METADATA ",\"loss\":\"mse\"", TENSORS), 28},
    {"duplicate object key", "{\"__metadata__\":{" METADATA "}," TENSORS ",\"__metadata__\":{}}", 28},
    {"duplicate object key",
     HEADER(METADATA, W0 "," B0 "," W1 ",\"layers.1.bias\":{\"dtype\":\"F16\",\"dtype\":\"F32\","
                         "\"shape\":[2],\"data_offsets\":[20,28]}"),
     28},
    {"too big integer", HEADER(METADATA, W0 "," B0 "," W1 "," TENSOR("layers.1.bias", "2", 20, 18446744073709551644)),
     28},
    /* metadata */
    {"sha256 is not valid: \"\"", NAMED(SCALED LAYER0 LAYER1 ",\"sha256\":\"\""), 28},
    {"sha256 is not valid: \"1\"", NAMED(SCALED LAYER0 LAYER1 ",\"sha256\":\"1\""), 28},
    {"sha256 is not valid: \"" DIGEST "0\"", NAMED(SCALED LAYER0 LAYER1 ",\"sha256\":\"" DIGEST "0\""), 28},
    {"__metadata__ is not a JSON object", "{\"__metadata__\":[]," TENSORS "}", 28},
    {"__metadata__: \"epoch\" is not a string", HEADER(METADATA ",\"epoch\":3", TENSORS), 28},
    {"__metadata__ has no \"format\"", "{" TENSORS "}", 28},
    {"__metadata__ has no \"format\"", HEADER("\"loss\":\"cce\"", TENSORS), 28},
    {"format is not valid: \"pt\"", HEADER("\"format\":\"pt\"", TENSORS), 28},
    {"has no \"loss\"", NAMED("\"a\":\"\""), 28},
    {"loss is not valid: \"hinge\\x1b\"", NAMED("\"loss\":\"hinge\\u001b\""), 28},
    {"has no \"huber_delta\"", NAMED("\"loss\":\"huber\""), 28},
    {"huber_delta is not valid: \"nan\"", NAMED("\"loss\":\"huber\",\"huber_delta\":\"nan\""), 28},
    {"huber_delta is not valid: \"1e39\"", NAMED("\"loss\":\"huber\",\"huber_delta\":\"1e39\""), 28},
    {"huber_delta is 0", NAMED(HUBER("0")), 28},
    {"huber_delta is 0", NAMED(HUBER("1e-60")), 28},
    {"huber_delta is -1", NAMED(HUBER("-1")), 28},
    {"label_smoothing is not valid: \"\"", NAMED("\"loss\":\"cce\",\"label_smoothing\":\"\""), 28},
    {"label_smoothing is not valid: \"x\"", NAMED("\"loss\":\"cce\",\"label_smoothing\":\"x\""), 28},
    {"label_smoothing is 1; it must be", NAMED(SMOOTHING "\"1\"" REST), 28},
    {"label_smoothing is -0.5; it must be", NAMED(SMOOTHING "\"-0.5\"" REST), 28},
    {"label_smoothing is 0.5; with loss mse it must be 0", NAMED("\"loss\":\"mse\",\"label_smoothing\":\"0.5\"" REST),
     28},
    {"has no \"input_mean\"", NAMED("\"loss\":\"cce\""), 28},
    {"input_mean is not valid: \"nan\"", NAMED("\"loss\":\"cce\",\"input_mean\":\"nan\""), 28},
    {"input_mean is not valid: \"0,5\"", NAMED("\"loss\":\"cce\",\"input_mean\":\"0,5\""), 28},
    {"input_mean is not valid: \"\"", NAMED("\"loss\":\"cce\",\"input_mean\":\"\""), 28},
    {"input_mean is not valid: \"1x\"", NAMED("\"loss\":\"cce\",\"input_mean\":\"1x\""), 28},
    {"input_mean is not valid: \"[1]\"", NAMED("\"loss\":\"cce\",\"input_mean\":\"[1]\""), 28},
    {"input_mean is not valid: \"1e39\"", NAMED("\"loss\":\"cce\",\"input_mean\":\"1e39\""), 28},
    {"input_mean is not valid: \"1e999\"", NAMED("\"loss\":\"cce\",\"input_mean\":\"1e999\""), 28},
    {"input_mean is not valid: \"-3.4028236e38\"", NAMED("\"loss\":\"cce\",\"input_mean\":\"-3.4028236e38\""), 28},
    {"has no \"input_deviation\"", NAMED("\"loss\":\"cce\",\"input_mean\":\"0\""), 28},
    {"tensor input_deviation is missing",
     HEADER(METADATA, "\"input_mean\":{\"dtype\":\"F64\",\"shape\":[2],\"data_offsets\":[28,44]}," TENSORS), 44},
    {"tensor input_mean is not of F64",
     HEADER(METADATA, "\"input_mean\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[28,36]}," TENSORS), 36},
    {"tensor output_mean does not fit the layers",
     HEADER(METADATA, "\"output_mean\":{\"dtype\":\"F64\",\"shape\":[3],\"data_offsets\":[28,52]},"
                      "\"output_deviation\":{\"dtype\":\"F64\",\"shape\":[3],\"data_offsets\":[52,76]}," TENSORS),
     76},
    {"inputs_scaled: deviation[0] is 0",
     NAMED("\"loss\":\"cce\",\"input_mean\":\"0\",\"input_deviation\":\"0\"," LAYER0 LAYER1), 28},
    {"has no \"layers.0.activation\"", NAMED(SCALED "\"a\":\"\""), 28},
    {"layers.0.activation is not valid: \"selu\"", NAMED(SCALED "\"layers.0.activation\":\"selu\""), 28},
    {"has no \"layers.1.activation\"", NAMED(SCALED LAYER0), 28},
    {"has no \"layers.0.slope\"", NAMED(SCALED "\"layers.0.activation\":\"leaky_relu\"" LAYER1), 28},
    {"slope is 2", NAMED(SCALED "\"layers.0.activation\":\"leaky_relu\",\"layers.0.slope\":\"2\"" LAYER1), 28},
    {"dropout is 1", NAMED(SCALED "\"layers.0.activation\":\"relu\",\"layers.0.dropout\":\"1\"" LAYER1), 28},
    {"softmax is for the last layer", NAMED(SCALED "\"layers.0.activation\":\"softmax\"" LAYER1), 28},
    {"loss cce needs softmax", NAMED(SCALED LAYER0 ",\"layers.1.activation\":\"relu\""), 28},
    /* which tensors */
    {"holds 0 tensors", "{}", 0},
    {"holds 0 tensors", "{\"__metadata__\":{" METADATA "}}", 0},
    {"holds 1 tensors", HEADER(METADATA, W0), 8},
    {"tensor layers.1.bias is missing", HEADER(METADATA, W0 "," B0 "," W1), 20},
    {"tensor layers.0.weight is missing",
     HEADER(METADATA, TENSOR("layers.0.bias", "1", 0, 4) "," TENSOR("layers.1.bias", "1", 4, 8)), 8},
    {"tensor scale is not part of a tileprop model", HEADER(METADATA, TENSORS "," TENSOR("scale", "1", 28, 32)), 32},
    {"tensor layers.01.bias is not part", HEADER(METADATA, W0 "," B0 "," W1 "," TENSOR("layers.01.bias", "2", 20, 28)),
     28},
    {"tensor layers.64.weight is not part", HEADER(METADATA, TENSORS "," TENSOR("layers.64.weight", "1", 28, 32)), 32},
    /* what a tensor is */
    {"tensor layers.1.bias: has no dtype", HEADER(METADATA, W0 "," B0 "," W1 ",\"layers.1.bias\":{}"), 28},
    {"tensor layers.1.bias: has no dtype", HEADER(METADATA, W0 "," B0 "," W1 ",\"layers.1.bias\":[]"), 28},
    {"dtype is F16; only F32",
     HEADER(METADATA, W0 "," B0 "," W1 ",\"layers.1.bias\":{\"dtype\":\"F16\",\"shape\":[4],\"data_offsets\":[20,28]}"),
     28},
    {"shape is not an array of 1 or 2", HEADER(METADATA, W0 "," B0 "," W1 "," TENSOR("layers.1.bias", "", 20, 28)), 28},
    {"shape is not an array of 1 or 2", HEADER(METADATA, W0 "," B0 "," W1 "," TENSOR("layers.1.bias", "2,1,1", 20, 28)),
     28},
    {"shape is not an array of 1 or 2",
     HEADER(METADATA, W0 "," B0 "," W1 ",\"layers.1.bias\":{\"dtype\":\"F32\",\"data_offsets\":[20,28]}"), 28},
    {"not a positive integer", HEADER(METADATA, W0 "," B0 "," W1 "," TENSOR("layers.1.bias", "0", 20, 20)), 20},
    {"not a positive integer", HEADER(METADATA, W0 "," B0 "," W1 "," TENSOR("layers.1.bias", "-2", 20, 28)), 28},
    {"not a positive integer", HEADER(METADATA, W0 "," B0 "," W1 "," TENSOR("layers.1.bias", "2.0", 20, 28)), 28},
    {"not a positive integer", HEADER(METADATA, W0 "," B0 "," W1 "," TENSOR("layers.1.bias", "\"2\"", 20, 28)), 28},
    {"product of its shape overflows",
     HEADER(METADATA, W0 "," B0 "," W1 "," TENSOR("layers.1.bias", "4294967296,4294967296", 20, 28)), 28},
    {"product of its shape overflows",
     HEADER(METADATA, W0 "," B0 "," W1 "," TENSOR("layers.1.bias", "4611686018427387906", 20, 28)), 28},
    {"data_offsets is not an array of 2",
     HEADER(METADATA, W0 "," B0 "," W1 ",\"layers.1.bias\":{\"dtype\":\"F32\",\"shape\":[2]}"), 28},
    {"data_offsets is not an array of 2",
     HEADER(METADATA, W0 "," B0 "," W1 ",\"layers.1.bias\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[20]}"),
     28},
    {"data_offsets is not an array of 2",
     HEADER(METADATA,
            W0 "," B0 "," W1 ",\"layers.1.bias\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[20,28,36]}"),
     28},
    {"data_offsets is not an array of 2", HEADER(METADATA, W0 "," B0 "," W1 "," TENSOR("layers.1.bias", "2", -8, 0)),
     28},
    {"data_offsets is not an array of 2", HEADER(METADATA, W0 "," B0 "," W1 "," TENSOR("layers.1.bias", "2", 20, 28.0)),
     28},
    {"data_offsets are 28 and 20; its shape needs 18446744073709551608 bytes",
     HEADER(METADATA, W0 "," B0 "," W1 "," TENSOR("layers.1.bias", "4611686018427387902", 28, 20)), 28},
    {"data_offsets are 28 and 20; its shape needs 8 bytes",
     HEADER(METADATA, W0 "," B0 "," W1 "," TENSOR("layers.1.bias", "2", 28, 20)), 28},
    {"data_offsets are 20 and 24; its shape needs 8 bytes",
     HEADER(METADATA, W0 "," B0 "," W1 "," TENSOR("layers.1.bias", "2", 20, 24)), 24},
    {"data_offsets are 20 and 32; its shape needs 8 bytes",
     HEADER(METADATA, W0 "," B0 "," W1 "," TENSOR("layers.1.bias", "2", 20, 32)), 32},
    {"needs 4000000000000 bytes",
     HEADER(METADATA, W0 "," B0 "," W1 "," TENSOR("layers.1.bias", "1000000,1000000", 20, 28)), 28},
    /* where tensors are */
    {"tensor layers.1.bias: data begins at 24, but",
     HEADER(METADATA, W0 "," B0 "," W1 "," TENSOR("layers.1.bias", "2", 24, 32)), 32},
    {"tensor layers.1.bias: data begins at 16, but",
     HEADER(METADATA, W0 "," B0 "," W1 "," TENSOR("layers.1.bias", "2", 16, 24)), 24},
    {"data begins at 0, but that of the tensor before it ends at",
     HEADER(METADATA, W0 "," B0 "," W1 "," TENSOR("layers.1.bias", "2", 0, 8)), 20},
    {"tensor layers.0.weight: data begins at 4, but",
     HEADER(METADATA, TENSOR("layers.0.weight", "1,1", 4, 8) "," TENSOR("layers.0.bias", "1", 8, 12)), 12},
    {"its tensors have 28 bytes, but 27 follow the header", HEADER(METADATA, TENSORS), 27},
    {"its tensors have 28 bytes, but 29 follow the header", HEADER(METADATA, TENSORS), 29},
    {"its tensors have 28 bytes, but 0 follow the header", HEADER(METADATA, TENSORS), 0},
    {"its tensors have 4000000000004 bytes, but 8 follow",
     HEADER(METADATA, TENSOR("layers.0.weight", "1000000,1000000", 0,
                             4000000000000) "," TENSOR("layers.0.bias", "1", 4000000000000, 4000000000004)),
     8},
    /* what tensors are to each other */
    {"tensor layers.0.weight does not have 2 dimensions",
     HEADER(METADATA, TENSOR("layers.0.weight", "2", 0, 8) "," B0 "," W1 "," B1), 28},
    {"tensor layers.1.bias does not have 1 dimension",
     HEADER(METADATA, W0 "," B0 "," W1 "," TENSOR("layers.1.bias", "1,2", 20, 28)), 28},
    {"tensor layers.1.weight has 2 rows; the layer before it has width 1",
     HEADER(METADATA, W0 "," B0 "," TENSOR("layers.1.weight", "2,1", 12, 20) "," TENSOR("layers.1.bias", "2", 20, 28)),
     28},
    {"tensor layers.1.bias has 1 elements; the layer has width 2",
     HEADER(METADATA, W0 "," B0 "," W1 "," TENSOR("layers.1.bias", "1", 20, 24)), 24},
};

Test(load, invalid_headers) {
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        write_model_file("model", refusals[i].header, refusals[i].data_size);
        refuse_load(TP_ERR_FORMAT, refusals[i].fragment);
    }
}

static void refuse_bytes(const void *file, size_t size, const char *fragment) {
    tp_test_write_file("model", file, size);
    refuse_load(TP_ERR_FORMAT, fragment);
}

static void count_message(void *user, tp_status status, const char *message) {
    (void)status, (void)message;
    ++*(int *)user;
}

Test(load, the_caller_hears_of_a_failure_once) {
    int heard = 0;
    tp_context copy = *context;
    copy.on_message = count_message, copy.message_user = &heard;
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        tp_model *model = NULL;
        write_model_file("model", refusals[i].header, refusals[i].data_size);
        heard = 0;
        cr_expect_eq(tp_model_load(&copy, tp_test_in_scratch("model"), &model), TP_ERR_FORMAT);
        cr_expect_eq(heard, 1, "%s: %d messages", refusals[i].fragment, heard);
    }
}

Test(load, invalid_header_length) {
    unsigned char file[MAX_FILE];
    const size_t size = compose(HEADER(METADATA, TENSORS), 28, file);
    for (size_t prefix = 0; prefix < 8; prefix++)
        refuse_bytes(file, prefix, "a safetensors file has at least 8");
    refuse_bytes("\1\0\0\0\0\0\0", 8, "truncated: header length is 1, but 0 bytes follow");
    refuse_bytes("\377\377\377\377\377\377\377\377", 8,
                 "header length is 18446744073709551615; it must be at most 262144");
    memcpy(file, "\1\0\4\0\0\0\0\0", 8);
    tp_test_write_file("model", file, size);
    cr_assert_eq(truncate(tp_test_in_scratch("model"), 262144 + 100), 0);
    refuse_load(TP_ERR_FORMAT, "header length is 262145; it must be at most 262144");
    file[0] = 0;
    tp_test_write_file("model", file, size);
    cr_assert_eq(truncate(tp_test_in_scratch("model"), 262144 + 8), 0);
    refuse_load(TP_ERR_FORMAT, "header is not valid JSON");
}

/* The parser calls itself for each level. */
Test(load, deep_header) {
    char header[1000] = "";
    for (size_t depth = 1; depth < 400; depth++) {
        memset(header, '[', depth);
        memset(header + depth, ']', depth);
        header[2 * depth] = '\0';
        write_model_file("model", header, 0);
        refuse_load(TP_ERR_FORMAT, depth > 8 ? "header has more than 8 levels of brackets" : "is not a JSON object");
    }
    accept(HEADER(METADATA ",\"a\":\"[[[[[[[[[[[[[[[[[\\\"[[[[\"", TENSORS));
}

Test(load, zero_byte_in_header) {
    unsigned char file[MAX_FILE];
    const size_t size = compose(HEADER(METADATA, TENSORS) " ", 28, file);
    file[size - 29] = 0;
    refuse_bytes(file, size, "header is not valid JSON");
}

Test(load, too_many_tensors) {
    char header[MAX_FILE] = "{";
    for (int i = 0; i <= 2 * TP_MAX_LAYERS + 4; i++)
        sprintf(header + strlen(header), "%s\"%d\":{}", i ? "," : "", i);
    strcat(header, "}");
    write_model_file("model", header, 0);
    refuse_load(TP_ERR_FORMAT, "holds 133 tensors; a model has 2 to 132");
}

/* A pair for each input and each output, in f64 tensors before the others. */
Test(load, scaling_of_each_value) {
    const tp_layer layers[] = {{3, TP_ACTIVATION_TANH, 0, 0, 0}, {2, TP_ACTIVATION_IDENTITY, 0, 0, 0}};
    const double mean[] = {101325.03, -1e-300, 0.1, 7, 1e300}, deviation[] = {1e-3, 2, 1e200, 0.3, 5};
    tp_model_options options, described;
    tp_model_options_default(&options);
    options.inputs = 5, options.layer_count = 2, options.layers = layers, options.loss = TP_LOSS_MSE;
    options.inputs_scaled = (tp_scaling){5, mean, deviation};
    options.outputs_scaled = (tp_scaling){2, mean + 1, deviation + 1};
    tp_model *model = make_model(&options);
    save(model, "model");
    tp_model *copy = load("model");
    cr_assert_eq(tp_model_describe(copy, &described), TP_OK);
    cr_assert(described.inputs_scaled.count == 5 && described.outputs_scaled.count == 2);
    cr_expect_eq(memcmp(described.inputs_scaled.mean, mean, sizeof mean), 0);
    cr_expect_eq(memcmp(described.inputs_scaled.deviation, deviation, sizeof deviation), 0);
    cr_expect_eq(memcmp(described.outputs_scaled.mean, mean + 1, 2 * sizeof *mean), 0);
    cr_expect_eq(memcmp(described.outputs_scaled.deviation, deviation + 1, 2 * sizeof *mean), 0);
    save(copy, "copy");
    check_same_files("model", "copy");
    tp_model_destroy(copy);
    tp_model_destroy(model);
}

/* The file names the version that can read it. */
Test(load, a_later_format) {
    write_model_file("model", HEADER("\"format\":\"tileprop\",\"version\":\"7.8.9\",\"format_version\":\"3\"", TENSORS),
                     28);
    refuse_load(TP_ERR_UNSUPPORTED, "is in format 3 of tileprop 7.8.9, which can read it; this is 0.2.0");
    write_model_file("model", HEADER("\"format\":\"tileprop\",\"format_version\":\"x\"", TENSORS), 28);
    refuse_load(TP_ERR_FORMAT, "format_version is not valid: \"x\"");
}

Test(load, every_prefix) {
    unsigned char file[MAX_FILE];
    const size_t size = compose(HEADER(METADATA, TENSORS), 28, file);
    for (size_t prefix = 8; prefix < size; prefix++)
        refuse_bytes(file, prefix, prefix < size - 28 ? "truncated: header length" : "follow the header");
}

/* Any byte of length and header replaced by any of a few: a model or a refusal, but never a fault or a leak. */
Test(load, every_byte_replaced) {
    const unsigned char replacements[] = {0, '0', '9', '"', ',', '{', '}', '[', '-', 0xff};
    unsigned char file[MAX_FILE];
    size_t loaded = 0;
    const size_t size = compose(HEADER(METADATA, TENSORS), 28, file);
    const char *path = tp_test_in_scratch("model");
    FILE *out = fopen(path, "wb");
    fwrite(file, 1, size, out);
    for (size_t i = 0; i < size - 28; i++) {
        for (size_t r = 0; r < sizeof replacements; r++) {
            tp_model *model = NULL;
            fseek(out, (long)i, SEEK_SET);
            fputc(replacements[r], out);
            fflush(out);
            const tp_status status = tp_model_load(context, path, &model);
            cr_assert(status == TP_ERR_FORMAT || status == TP_ERR_UNSUPPORTED ? !model : !status && model,
                      "byte %zu: status %d", i, (int)status);
            loaded += model != NULL;
            tp_model_destroy(model);
        }
        fseek(out, (long)i, SEEK_SET);
        fputc(file[i], out);
    }
    fclose(out);
    cr_expect_gt(loaded, 0);
    accept(HEADER(METADATA, TENSORS));
}

/* ---- damage ---- */

Test(load, damaged_parameters) {
    unsigned char file[MAX_FILE];
    const size_t size = compose(HEADER(METADATA, TENSORS), 28, file);
    for (size_t bit = 0; bit < 8 * 28; bit++) {
        unsigned char *byte = &file[size - 28 + bit / 8];
        *byte = (unsigned char)(*byte ^ 1 << bit % 8);
        refuse_bytes(file, size, "damaged: the SHA-256 of its tensors is ");
        *byte = (unsigned char)(*byte ^ 1 << bit % 8);
    }
    cr_expect(strstr(tp_test_message(context), "; __metadata__ has " DIGEST), "%s", tp_test_message(context));
    tp_test_write_file("model", file, size);
    tp_model_destroy(load("model"));
}

static void note_message(void *user, tp_status status, const char *message) {
    cr_expect_eq(status, TP_OK, "%s", message);
    snprintf(user, 1024, "%s", message);
}

Test(load, files_without_digest) {
    char note[1024] = "";
    tp_context copy = *context;
    tp_model *model = NULL;
    copy.on_message = note_message, copy.message_user = note;
    write_model_file("model", HEADER(METADATA, TENSORS), 28);
    cr_assert_eq(tp_model_load(&copy, tp_test_in_scratch("model"), &model), TP_OK);
    tp_model_destroy(model);
    cr_expect_str_eq(note, "");
    write_model_file("model", HEADER("\"format\":\"tileprop\"," OLD_METADATA, TENSORS), 28);
    cr_assert_eq(tp_model_load(&copy, tp_test_in_scratch("model"), &model), TP_OK);
    check_small_model(model, (double)0.1f); /* the first format meant floats */
    cr_expect(strstr(note, "model: __metadata__ has no \"sha256\": damage would not be found"), "%s", note);
    cr_expect_str_eq(tp_test_message(context), "", "a note is not an error");
    tp_model_destroy(model);
}

/* ---- the architecture alone ---- */

Test(load, description_without_parameters) {
    tp_model_options options;
    tp_layer layer[TP_MAX_LAYERS];
    const size_t held = tp_test_held();
    write_model_file("large",
                     HEADER("\"format\":\"tileprop\"," SCALED "\"layers.0.activation\":\"softmax\"",
                            TENSOR("layers.0.weight", "1,1000000000", 0,
                                   4000000000) "," TENSOR("layers.0.bias", "1000000000", 4000000000, 8000000000)),
                     0);
    struct stat facts;
    cr_assert_eq(stat(tp_test_in_scratch("large"), &facts), 0);
    cr_assert_eq(truncate(tp_test_in_scratch("large"), facts.st_size + 8000000000), 0); /* nothing of them is there */
    cr_assert_eq(tp_model_describe_file(context, tp_test_in_scratch("large"), &options, layer), TP_OK);
    cr_expect(options.inputs == 1 && options.layer_count == 1 && layer[0].width == 1000000000);
    write_model_file("model", HEADER(METADATA, W0 "," B0 "," W1), 20);
    check_failure(tp_model_describe_file(context, tp_test_in_scratch("model"), &options, layer), TP_ERR_FORMAT,
                  "tensor layers.1.bias is missing");
    cr_expect(options.inputs == 1 && options.layers == layer && layer[0].width == 1000000000, "an output changed");
    write_model_file("small", HEADER(METADATA, TENSORS), 28);
    cr_assert_eq(tp_model_describe_file(context, tp_test_in_scratch("small"), &options, layer), TP_OK);
    cr_expect(options.inputs == 2 && options.layer_count == 2 && options.layers == layer &&
              options.loss == TP_LOSS_CCE);
    cr_expect(layer[0].width == 1 && layer[0].activation == TP_ACTIVATION_LEAKY_RELU && layer[0].slope == 0.01f);
    cr_expect(layer[1].width == 2 && layer[1].activation == TP_ACTIVATION_SOFTMAX);
    cr_expect(options.inputs_scaled.count == 1 && !options.inputs_scaled.mean && !options.inputs_scaled.deviation);
    cr_expect_eq(tp_test_held(), held, "something leaked");
}

Test(load, files_that_cannot_be_read) {
    refuse_load(TP_ERR_IO, "cannot open: No such file or directory");
    cr_assert_eq(mkdir(tp_test_in_scratch("model"), 0700), 0);
    refuse_load(TP_ERR_IO, "is a directory");
    cr_assert_eq(rmdir(tp_test_in_scratch("model")), 0);
    cr_assert_eq(mkfifo(tp_test_in_scratch("model"), 0600), 0);
    refuse_load(TP_ERR_IO, "is not a regular file");
}

/* ---- arguments and memory ---- */
