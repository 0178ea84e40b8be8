/* SPDX-License-Identifier: BSD-3-Clause */
/* Models as ONNX files and back; without protobuf-c both are refused. */
#include "support/model_file.h"
#include "support/onnx_nets.h"
#include "table/schema.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static tp_context *context;

static void set_up(void) {
    tp_test_scratch_open();
    context = tp_test_scratch.context;
}

TestSuite(onnx, .init = set_up, .fini = tp_test_scratch_close);

#ifdef TP_HAVE_LIBPROTOBUF_C

#define MAX_BYTES 65536

static void export(const tp_model *model, const char *name) {
    tp_output *output = NULL;
    cr_assert_eq(tp_output_create(context, tp_test_in_scratch(name), &output), TP_OK);
    cr_assert_eq(tp_model_export_onnx(model, output), TP_OK, "%s", tp_test_message(context));
    tp_output_destroy(output);
}

static tp_model *import(const char *name) {
    tp_model *model = NULL;
    cr_assert_eq(tp_model_import_onnx(context, tp_test_in_scratch(name), NULL, &model), TP_OK, "%s",
                 tp_test_message(context));
    return model;
}

/* Memory and files are the same, and the model that comes back has the same file. */
static void check_round_trip(const tp_model *model, const char *name) {
    static unsigned char bytes[MAX_BYTES];
    size_t needed = 0, size;
    tp_model *copy = NULL;
    export(model, "a.onnx");
    unsigned char *file = test_bytes_of_file("a.onnx", &size);
    cr_assert_eq(tp_model_write_onnx(model, bytes, sizeof bytes, &needed), TP_OK);
    cr_expect(needed == size && !memcmp(bytes, file, size), "%s", name);
    cr_assert_eq(tp_model_read_onnx(context, file, size, NULL, &copy), TP_OK, "%s: %s", name, tp_test_message(context));
    free(file);
    tp_model *other = import("a.onnx");
    test_save_model(model, "model");
    test_save_model(copy, "copy");
    test_save_model(other, "other");
    test_check_same_files("model", "copy");
    test_check_same_files("model", "other");
    tp_model_destroy(copy);
    tp_model_destroy(other);
}

Test(onnx, round_trips) {
    const char *name;
    tp_model *model;
    for (size_t i = 0; (model = tp_test_onnx_net(context, i, &name)); i++) {
        check_round_trip(model, name);
        tp_model_destroy(model);
    }
}

/* Of a denormal number, -0 and NaN as well. */
Test(onnx, every_bit) {
    const uint32_t bits = 0x7fa12345; /* a signalling NaN */
    float parameters[7] = {1, -2, 0, 0x1p-149F, -0.0F, 3, INFINITY};
    memcpy(&parameters[2], &bits, sizeof bits);
    tp_model *model = test_small_model(1);
    cr_assert_eq(tp_model_set_parameters(model, parameters, 7), TP_OK);
    check_round_trip(model, "bits");
    tp_model_destroy(model);
}

/* Names are also for other programs, but not those that are no UTF-8. */
Test(onnx, schema) {
    static const char *const colours[] = {"blue", "\xe9t\xe9"}, *const classes[] = {"no", "yes"};
    static struct tp_schema_column features[] = {
        {{"length", TP_COLUMN_NUMBER, 0, NULL, 0.1, 2.5, -1, 1e300, 3}, 0, false},
        {{"c", TP_COLUMN_CATEGORY, 2, colours, (double)NAN, (double)NAN, (double)NAN, (double)NAN, 0}, 2, true}};
    static struct tp_schema_column target = {
        {"ok", TP_COLUMN_CATEGORY, 2, classes, (double)NAN, (double)NAN, (double)NAN, (double)NAN, 0}, 1, true};
    const struct tp_schema source = {.task = TP_TASK_BINARY,
                                     .scaling = TP_INPUT_SCALING_STANDARD,
                                     .columns = 3,
                                     .feature_count = 2,
                                     .target_count = 1,
                                     .features = features,
                                     .targets = &target};
    struct tp_schema *schema = NULL;
    tp_model_options options;
    unsigned char bytes[MAX_FILE];
    const tp_layer layer = {1, TP_ACTIVATION_SIGMOID, 0, 0, 0};
    cr_assert_eq(tp_schema_copy(context, "test", &source, &schema), TP_OK);
    tp_model_options_default(&options);
    cr_assert_eq(tp_schema_apply(schema, &options), TP_OK);
    options.layers = &layer, options.layer_count = 1;
    tp_model *model = test_make_model(&options);
    check_round_trip(model, "schema");
    const size_t size = test_read_model_file("a.onnx", bytes);
    cr_expect(memmem(bytes, size, "[\"length\",\"c=blue\",null]", 24), "names of inputs");
    cr_expect(memmem(bytes, size, "[\"no\",\"yes\"]", 12), "names of classes");
    tp_model_destroy(model);
    tp_schema_release(schema);
}

Test(onnx, room_in_memory) {
    unsigned char bytes[MAX_FILE];
    size_t needed = 0, again = 0;
    tp_model *model = test_small_model(1);
    memset(bytes, 0x5a, sizeof bytes);
    cr_assert_eq(tp_model_write_onnx(model, NULL, 0, &needed), TP_OK);
    cr_assert_eq(tp_model_write_onnx(model, bytes, needed - 1, &again), TP_ERR_MEMORY);
    cr_expect(again == needed && bytes[0] == 0x5a);
    cr_assert_eq(tp_model_write_onnx(model, bytes, needed, &again), TP_OK);
    cr_expect(again == needed && bytes[needed] == 0x5a);
    tp_model_destroy(model);
}

/* A mean that a float loses would shift small deviations. */
Test(onnx, means_far_from_zero) {
    const tp_layer layer = {1, TP_ACTIVATION_IDENTITY, 0, 0, 0};
    unsigned char bytes[MAX_FILE];
    size_t size = 0;
    for (int rest = 0; rest < 2; rest++) {
        const double mean = 0x1p24 + rest, deviation = 1;
        tp_model_options options;
        tp_model_options_default(&options);
        options.inputs = 1, options.layers = &layer, options.layer_count = 1, options.loss = TP_LOSS_MSE;
        options.inputs_scaled = (tp_scaling){1, &mean, &deviation};
        tp_model *model = test_make_model(&options);
        cr_assert_eq(tp_model_write_onnx(model, bytes, sizeof bytes, &size), TP_OK);
        cr_expect_eq(memmem(bytes, size, "input_mean_rest", 15) != NULL, rest);
        check_round_trip(model, "mean");
        tp_model_destroy(model);
    }
}

/* Lists within lists are no numbers, however deep they are. */
Test(onnx, deep_metadata) {
    enum { DEPTH = 2000 };
    unsigned char bytes[MAX_FILE];
    size_t size = 0;
    tp_model *model = test_small_model(1), *copy = NULL;
    char text[DEPTH + 1];
    memset(text, '[', DEPTH), text[DEPTH] = '\0';
    cr_assert_eq(tp_model_write_onnx(model, bytes, sizeof bytes, &size), TP_OK);
    /* field 14, an entry: 1 is its key, 2 its value; both lengths take two bytes where they are above 127 */
    static const char key[] = "tileprop.input_deviation";
    const size_t entry = 2 + sizeof key - 1 + 3 + DEPTH;
    unsigned char *at = bytes + size;
    *at++ = 14 << 3 | 2, *at++ = (unsigned char)(entry & 127) | 128, *at++ = (unsigned char)(entry >> 7);
    *at++ = 1 << 3 | 2, *at++ = sizeof key - 1;
    memcpy(at, key, sizeof key - 1), at += sizeof key - 1;
    *at++ = 2 << 3 | 2, *at++ = (unsigned char)(DEPTH & 127) | 128, *at++ = (unsigned char)(DEPTH >> 7);
    memcpy(at, text, DEPTH), at += DEPTH;
    cr_assert_leq(at, bytes + sizeof bytes);
    cr_expect_eq(tp_model_read_onnx(context, bytes, (size_t)(at - bytes), NULL, &copy), TP_ERR_FORMAT);
    cr_expect(strstr(tp_test_message(context), "input_deviation is not a list of numbers"), "%s",
              tp_test_message(context));
    tp_model_destroy(model);
}

/* What no float can be. */
Test(onnx, scaling_beyond_floats) {
    const double means[] = {1e39, 0, 0}, deviations[] = {1, 1e-40, 1e40};
    const tp_layer layer = {1, TP_ACTIVATION_IDENTITY, 0, 0, 0};
    size_t needed = 7;
    for (int i = 0; i < 3; i++) {
        tp_model_options options;
        tp_model_options_default(&options);
        options.inputs = 1, options.layers = &layer, options.layer_count = 1, options.loss = TP_LOSS_MSE;
        options.inputs_scaled = (tp_scaling){1, &means[i], &deviations[i]};
        tp_model *model = test_make_model(&options);
        cr_expect_eq(tp_model_write_onnx(model, NULL, 0, &needed), TP_ERR_UNSUPPORTED);
        cr_expect(strstr(tp_test_message(context), "inputs_scaled: mean[0] is"), "%s", tp_test_message(context));
        cr_expect_eq(needed, 7);
        tp_model_destroy(model);
    }
}

/* Nodes can be changed by others, but then metadata is not theirs. */
Test(onnx, metadata_that_lies) {
    static const struct {
        const char *from, *to, *problem;
    } changes[] = {
        {"LeakyRelu", "LeakyRelv", "node 4 'layers.0.leaky_relu.0' (LeakyRelv) does not fit: models are"},
        {"0.00999999978", "0.00999999878", "metadata tileprop.layers.0.activation is not what the nodes say"},
        {"[255.0]", "[254.0]", "metadata tileprop.input_mean is not what the nodes say"},
        {"[0.1000000", "[0.1001000", "metadata tileprop.input_mean is not what the nodes say"},
        {"\x03"
         "cce",
         "\x03"
         "bce",
         "loss bce needs sigmoid as last activation"},
        {"\x03"
         "cce",
         "\x03\xff"
         "ce",
         "loss is not valid"}};
    unsigned char bytes[MAX_FILE];
    size_t size = 0;
    tp_model *model = test_small_model(1), *copy = NULL;
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        cr_assert_eq(tp_model_write_onnx(model, bytes, sizeof bytes, &size), TP_OK);
        unsigned char *at = memmem(bytes, size, changes[i].from, strlen(changes[i].from));
        cr_assert_not_null(at, "%s", changes[i].from);
        memcpy(at, changes[i].to, strlen(changes[i].to));
        cr_expect_eq(tp_model_read_onnx(context, bytes, size, NULL, &copy), TP_ERR_FORMAT, "%s", changes[i].to);
        cr_expect(strstr(tp_test_message(context), changes[i].problem), "%s", tp_test_message(context));
    }
    tp_model_destroy(model);
}

/* The end can be anywhere, and any byte can be another: refused, or a model. */
Test(onnx, damaged) {
    unsigned char bytes[MAX_FILE];
    size_t size = 0;
    tp_model *model = test_small_model(1), *copy = NULL;
    cr_assert_eq(tp_model_write_onnx(model, bytes, sizeof bytes, &size), TP_OK);
    const size_t held = tp_test_held();
    for (size_t i = 0; i < 2 * size; i++) {
        unsigned char *part = malloc(size);
        memcpy(part, bytes, size);
        part[i / 2] = (unsigned char)(i % 2 ? part[i / 2] : part[i / 2] ^ 1U << i / 2 % 8);
        const tp_status status = tp_model_read_onnx(context, part, i % 2 ? i / 2 : size, NULL, &copy);
        cr_expect(status == TP_ERR_FORMAT || status == TP_OK, "%zu: %s", i, tp_test_message(context));
        if (!status)
            tp_model_destroy(copy);
        free(part);
    }
    cr_expect_eq(tp_test_held(), held);
    tp_model_destroy(model);
}

#else

Test(onnx, without_protobuf) {
    size_t needed = 0;
    tp_output *output = NULL;
    tp_model *model = test_small_model(1), *copy = NULL;
    cr_assert_eq(tp_output_create(context, tp_test_in_scratch("a.onnx"), &output), TP_OK);
    cr_expect_eq(tp_model_export_onnx(model, output), TP_ERR_UNSUPPORTED);
    cr_expect(strstr(tp_test_message(context), "TILEPROP_ONNX"));
    cr_expect_eq(tp_model_write_onnx(model, NULL, 0, &needed), TP_ERR_UNSUPPORTED);
    cr_expect_eq(tp_model_import_onnx(context, tp_test_in_scratch("a.onnx"), NULL, &copy), TP_ERR_UNSUPPORTED);
    cr_expect_eq(tp_model_read_onnx(context, "", 0, NULL, &copy), TP_ERR_UNSUPPORTED);
    tp_output_destroy(output);
    tp_model_destroy(model);
}

#endif
