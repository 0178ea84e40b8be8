/* SPDX-License-Identifier: BSD-3-Clause */
/* Model files: what is written, byte for byte, and what is read. */

#include "core/context.h"
#include "support/model_file.h"
#include "support/nets.h"

#include <criterion/criterion.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static tp_context *context;

static void set_up(void) {
    tp_test_scratch_open();
    context = tp_test_scratch.context;
}

TestSuite(save, .init = set_up, .fini = tp_test_scratch_close);
TestSuite(load, .init = set_up, .fini = tp_test_scratch_close);

/* ---- what is written ---- */

Test(save, every_byte) {
    unsigned char expected[MAX_FILE], file[MAX_FILE];
    char header[MAX_FILE] = HEADER(METADATA, TENSORS);
    while (strlen(header) % 8)
        strcat(header, " ");
    const size_t size = test_compose_model(header, 28, expected);
    tp_model *model = test_small_model(1);
    test_save_model(model, "model");
    cr_assert_eq(test_read_model_file("model", file), size);
    cr_expect_eq(memcmp(file, expected, size), 0, "%.*s instead of %s", (int)(size - 36), file + 8, header);
    tp_model_destroy(model);
}

/* Whatever the length of the header. */
Test(save, data_is_aligned) {
    const tp_layer layer = {1, TP_ACTIVATION_IDENTITY, 0, 0};
    tp_model_options options;
    tp_model_options_default(&options);
    options.layer_count = 1, options.layers = &layer, options.loss = TP_LOSS_MSE;
    int padded = 0;
    for (options.inputs = 1; options.inputs <= 1000; options.inputs *= 10) {
        unsigned char file[MAX_FILE];
        tp_model *model = test_make_model(&options);
        test_save_model(model, "model");
        const size_t length = test_read_model_file("model", file) - 4 * (options.inputs + 1);
        cr_expect_eq(length % 8, 0, "%zu bytes before the data", length);
        padded += file[length - 1] == ' ';
        tp_model_destroy(model);
    }
    cr_expect_gt(padded, 0, "no length needed it");
}

/* The text follows the loss in the metadata. */
static void check_saved_loss(const tp_model_options *options, const char *text) {
    char file[MAX_FILE] = {0};
    tp_model *model = test_make_model(options);
    test_save_model(model, "model");
    test_read_model_file("model", file);
    cr_expect_not_null(strstr(file + 8, text), "\"%s\" does not contain \"%s\"", file + 8, text);
    tp_model_destroy(model);
}

/* Models of other losses have nothing between loss and layers, as before there were such options. */
Test(save, options_of_the_loss) {
    tp_layer layer = {2, TP_ACTIVATION_SOFTMAX, 0, 0};
    tp_model_options options;
    tp_model_options_default(&options);
    options.inputs = 2, options.layer_count = 1, options.layers = &layer;
    for (int loss = 0; loss < TP_LOSS_COUNT; loss++) {
        char text[64];
        if (loss == TP_LOSS_BCE || loss == TP_LOSS_HUBER)
            continue;
        snprintf(text, sizeof text, "\"loss\":\"%s\",\"layers.0.activation\":", tp_loss_name((tp_loss)loss));
        layer.activation = test_last_activation((tp_loss)loss, TP_ACTIVATION_SOFTMAX);
        options.loss = (tp_loss)loss, options.huber_delta = 0.1f, check_saved_loss(&options, text);
    }
    layer.activation = TP_ACTIVATION_SOFTMAX;
    options.loss = TP_LOSS_CCE, options.label_smoothing = 0.1f;
    check_saved_loss(&options, "\"loss\":\"cce\",\"label_smoothing\":\"0.100000001\",\"layers.0.activation\":");
    options.loss = TP_LOSS_HUBER, options.label_smoothing = 0;
    check_saved_loss(&options, "\"loss\":\"huber\",\"huber_delta\":\"0.100000001\",\"layers.0.activation\":");
}

/* The seed is how a model came about, not what it is. */
Test(save, equal_models_give_equal_files) {
    tp_model *model = test_small_model(1), *other = test_small_model(2);
    test_save_model(model, "model");
    test_save_model(other, "other");
    test_check_same_files("model", "other");
    tp_model_destroy(other);
    tp_model_destroy(model);
}

static void check_round_trip(const tp_model_options *options) {
    const size_t held_before = tp_test_held();
    tp_model *model = test_make_model(options);
    test_save_model(model, "model");
    tp_model *copy = test_load_model("model");
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
    test_save_model(copy, "copy");
    test_check_same_files("model", "copy");
    test_check_memory(model, "model");
    free(actual);
    free(expected);
    tp_model_destroy(copy);
    tp_model_destroy(model);
    cr_expect_eq(tp_test_held(), held_before, "something leaked");
}

Test(load, every_activation_and_loss) {
    for (int loss = 0; loss < TP_LOSS_COUNT; loss++) {
        const tp_activation last = test_last_activation((tp_loss)loss, TP_ACTIVATION_TANH);
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
                .label_smoothing = loss == TP_LOSS_BCE || loss == TP_LOSS_CCE ? 0.1f : 0,
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
    tp_model *model = test_make_model(&(tp_model_options){.struct_size = sizeof(tp_model_options),
                                                          .inputs = 1,
                                                          .layer_count = TP_MAX_LAYERS,
                                                          .layers = layer,
                                                          .layer_size = sizeof *layer,
                                                          .init = TP_INIT_ZERO});
    test_save_model(model, "deep");
    tp_model *copy = test_load_model("deep");
    test_check_memory(copy, "deep");
    cr_expect_eq(tp_model_parameter_count(copy), tp_model_parameter_count(model));
    tp_model_destroy(copy);
    tp_model_destroy(model);
}

/* NaN and infinite parameters are what they are. */
Test(load, parameters_that_are_not_finite) {
    const uint32_t bits[7] = {0x7f800000, 0xff800000, 0x7fc00001, 0xffc12345, 0x7f800001, 0x00000001, 0x80000000};
    float parameters[7], loaded[7];
    tp_model *model = test_small_model(1);
    memcpy(parameters, bits, sizeof bits);
    cr_assert_eq(tp_model_set_parameters(model, parameters, 7), TP_OK);
    test_save_model(model, "model");
    tp_model *copy = test_load_model("model");
    cr_assert_eq(tp_model_get_parameters(copy, loaded, 7), TP_OK);
    cr_expect_eq(memcmp(loaded, bits, sizeof bits), 0);
    tp_model_destroy(copy);
    tp_model_destroy(model);
}

/* Some locales write 0,1 for 0.1. */
Test(save, decimal_comma_locale) {
    static const char *const names[] = {"de_DE.UTF-8", "de_DE.utf8",  "de_DE",
                                        "fr_FR.UTF-8", "es_ES.UTF-8", "da_DK.UTF-8"};
    tp_model *model = test_small_model(1);
    test_save_model(model, "plain");
    const char *chosen = NULL;
    for (size_t i = 0; !chosen && i < sizeof names / sizeof *names; i++)
        chosen = setlocale(LC_ALL, names[i]);
    if (!chosen) {
        tp_model_destroy(model);
        cr_skip_test(
            "NOT TESTED: no locale with a decimal comma is installed (localedef -i de_DE -f UTF-8 de_DE.UTF-8)");
    }
    cr_assert_str_eq(localeconv()->decimal_point, ",");
    test_save_model(model, "comma");
    test_check_same_files("plain", "comma");
    tp_model *copy = test_load_model("plain");
    test_check_small_model(copy, 0.1);
    cr_expect_str_eq(setlocale(LC_ALL, NULL), chosen);
    tp_model_destroy(copy);
    tp_model_destroy(model);
}

/* ---- what is read besides what is written ---- */

Test(load, other_ways_to_write_it) {
    test_accept_model(HEADER(METADATA, TENSORS));
    test_accept_model(HEADER(METADATA, B1 "," W0 "," W1 "," B0));
    test_accept_model(" \n" HEADER(METADATA, TENSORS) "   ");
    test_accept_model("{" TENSORS ",\"__metadata__\":{" METADATA ",\"more\":\"\\u0416\"}}");
    test_accept_model("{" W0 "," B0 "," W1 ",\"__metadata__\":{" METADATA "},\"layers.1.bias\":"
                      "{\"more\":1,\"data_offsets\":[20,28],\"shape\":[2],\"dtype\":\"F32\"}}");
}

/* As the Python writer orders them: biases before weights. The values must follow the names. */
Test(load, tensors_in_another_order) {
    float parameters[7];
    test_write_model_file(
        "model",
        HEADER(METADATA, TENSOR("layers.1.bias", "2", 0, 8) "," TENSOR("layers.0.bias", "1", 8, 12) "," TENSOR(
                             "layers.1.weight", "1,2", 12, 20) "," TENSOR("layers.0.weight", "2,1", 20, 28)),
        28);
    tp_model *model = test_load_model("model");
    cr_assert_eq(tp_model_get_parameters(model, parameters, 7), TP_OK);
    cr_expect(tp_test_same_bits((const float[]){3, -1.5f, 0.5f, 0x1p-149f, -0.0f, 1, -2}, parameters, 7, "parameters"));
    tp_model_destroy(model);
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
    tp_model *model = test_make_model(&options);
    test_save_model(model, "model");
    tp_model *copy = test_load_model("model");
    cr_assert_eq(tp_model_describe(copy, &described), TP_OK);
    cr_assert(described.inputs_scaled.count == 5 && described.outputs_scaled.count == 2);
    cr_expect_eq(memcmp(described.inputs_scaled.mean, mean, sizeof mean), 0);
    cr_expect_eq(memcmp(described.inputs_scaled.deviation, deviation, sizeof deviation), 0);
    cr_expect_eq(memcmp(described.outputs_scaled.mean, mean + 1, 2 * sizeof *mean), 0);
    cr_expect_eq(memcmp(described.outputs_scaled.deviation, deviation + 1, 2 * sizeof *mean), 0);
    test_save_model(copy, "copy");
    test_check_same_files("model", "copy");
    test_check_memory(model, "model");
    tp_model_destroy(copy);
    tp_model_destroy(model);
}

static void note_message(void *user, tp_status status, const char *message) {
    cr_expect_eq(status, TP_OK, "%s", message);
    snprintf(user, 1024, "%s", message);
}

Test(load, files_without_digest) {
    char note[1024] = "", file[MAX_FILE];
    tp_context copy = *context;
    tp_model *model = NULL;
    copy.on_message = note_message, copy.message_user = note;
    test_write_model_file("model", HEADER(METADATA, TENSORS), 28);
    cr_assert_eq(tp_model_load(&copy, tp_test_in_scratch("model"), &model), TP_OK);
    tp_model_destroy(model);
    cr_expect_str_eq(note, "");
    test_write_model_file("model", HEADER("\"format\":\"tileprop\"," OLD_METADATA, TENSORS), 28);
    cr_assert_eq(tp_model_load(&copy, tp_test_in_scratch("model"), &model), TP_OK);
    test_check_small_model(model, (double)0.1f); /* the first format meant floats */
    cr_expect(strstr(note, "model: __metadata__ has no \"sha256\": damage would not be found"), "%s", note);
    cr_expect_str_eq(tp_test_message(context), "", "a note is not an error");
    tp_model_destroy(model);
    cr_assert_eq(tp_model_read(&copy, file, test_read_model_file("model", file), &model), TP_OK);
    test_check_small_model(model, (double)0.1f);
    cr_expect(strstr(note, "the buffer: __metadata__ has no \"sha256\": damage would not be found"), "%s", note);
    tp_model_destroy(model);
}

/* ---- the architecture alone ---- */

Test(load, description_without_parameters) {
    tp_model_options options;
    tp_layer layer[TP_MAX_LAYERS];
    const size_t held = tp_test_held();
    test_write_model_file("large",
                          HEADER("\"format\":\"tileprop\"," SCALED "\"layers.0.activation\":\"softmax\"",
                                 TENSOR("layers.0.weight", "1,1000000000", 0,
                                        4000000000) "," TENSOR("layers.0.bias", "1000000000", 4000000000, 8000000000)),
                          0);
    struct stat facts;
    cr_assert_eq(stat(tp_test_in_scratch("large"), &facts), 0);
    cr_assert_eq(truncate(tp_test_in_scratch("large"), facts.st_size + 8000000000), 0); /* nothing of them is there */
    cr_assert_eq(tp_model_describe_file(context, tp_test_in_scratch("large"), &options, layer), TP_OK);
    cr_expect(options.inputs == 1 && options.layer_count == 1 && layer[0].width == 1000000000);
    test_write_model_file("model", HEADER(METADATA, W0 "," B0 "," W1), 20);
    test_check_file_failure(tp_model_describe_file(context, tp_test_in_scratch("model"), &options, layer),
                            TP_ERR_FORMAT, "tensor layers.1.bias is missing");
    cr_expect(options.inputs == 1 && options.layers == layer && layer[0].width == 1000000000, "an output changed");
    test_write_model_file("small", HEADER(METADATA, TENSORS), 28);
    cr_assert_eq(tp_model_describe_file(context, tp_test_in_scratch("small"), &options, layer), TP_OK);
    cr_expect(options.inputs == 2 && options.layer_count == 2 && options.layers == layer &&
              options.loss == TP_LOSS_CCE);
    cr_expect(layer[0].width == 1 && layer[0].activation == TP_ACTIVATION_LEAKY_RELU && layer[0].slope == 0.01f);
    cr_expect(layer[1].width == 2 && layer[1].activation == TP_ACTIVATION_SOFTMAX);
    cr_expect(options.inputs_scaled.count == 1 && !options.inputs_scaled.mean && !options.inputs_scaled.deviation);
    cr_expect_eq(tp_test_held(), held, "something leaked");
}
