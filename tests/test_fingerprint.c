/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Fingerprints of data and of parameters. The known ones were made with Python's hashlib of what the header says:
 *   sha256(b"tileprop data 1\0" + struct.pack("<3Q3B", samples, inputs, targets, types...) + samples)
 * Everything else is compared with these: other places of the same values, and what differs in one thing.
 */
#include "support/fixture.h"

#include <criterion/criterion.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum { SAMPLES = 5, FEATURES = 3, OUTPUTS = 2, WIDE = 7001 };

#define OF_BYTES "853f5212730f40aa1f7672ae5428a38ddefc6bde1dcb6185b8dbc673e0cdbed1"
#define OF_CLASSES "6d31d395ed0b601142a1aba570e686337e8c8ad490890e2374029bf25da6460e"
#define OF_FLOATS "ff3290ddbfcfa3d1ccb79752d8a4f673fda12323669b136e3ba21932fb67f7ad"
#define OF_DOUBLES "86acd680c294f427cf0b43a966e28eac58fd24025e6a370add9eea6a3fc4685b"
#define OF_WEIGHTS "6d7bed9d06acb2f0644851f0de840b803d4d791da5674066ff27a4efc01e9da4"
#define OF_ROWS "458b1462a76dc9863875498662db1b0e1e9a46f4c57e2d4cabd2175cf274971c"
#define OF_WIDE_BYTES "bf8a3bbc779ebcd3828d64dab38df29e60ffd2a282fdf166abec1f0c1ef4704c"
#define OF_WIDE_DOUBLES "7f711123a3b091d8e3265cfd0508309b1752bab2ad35f3d5dab29a5d7d1589c9"
#define OF_PARAMETERS "3adb4fa9475a4099c89ef4e79e6e27c0a4d1d16086a6ece746b2996df9dfbfa1"

static struct {
    uint8_t bytes[SAMPLES * FEATURES];
    float floats[SAMPLES * FEATURES], values[SAMPLES * OUTPUTS], weights[SAMPLES];
    double doubles[SAMPLES * FEATURES], double_values[SAMPLES * OUTPUTS];
    int32_t classes[SAMPLES];
} set;

static void set_up(void) {
    static const int32_t classes[] = {2, 0, 1, -1, INT32_MAX};
    test_fixture_open();
    for (int i = 0; i < SAMPLES * FEATURES; i++) {
        set.bytes[i] = (uint8_t)(7 * i + 3);
        set.floats[i] = (float)i / 4 - 1;
        set.doubles[i] = set.floats[i];
    }
    for (int i = 0; i < SAMPLES * OUTPUTS; i++)
        set.double_values[i] = set.values[i] = (float)(i / OUTPUTS) + (float)(i % OUTPUTS) / 8;
    for (int i = 0; i < SAMPLES; i++)
        set.weights[i] = (float)i / 2;
    memcpy(set.classes, classes, sizeof classes);
}

TestSuite(fingerprint, .init = set_up, .fini = test_fixture_close);

static const tp_data *of_bytes(void) {
    static tp_data data;
    data = (tp_data){.samples = SAMPLES, .features = FEATURES, .bytes = set.bytes};
    return &data;
}

static const tp_data *of_floats(void) {
    static tp_data data;
    data = (tp_data){.samples = SAMPLES,
                     .features = FEATURES,
                     .floats = set.floats,
                     .values = set.values,
                     .outputs = OUTPUTS,
                     .weights = set.weights};
    return &data;
}

static const tp_data *of_doubles(void) {
    static tp_data data;
    data = (tp_data){.samples = SAMPLES,
                     .features = FEATURES,
                     .doubles = set.doubles,
                     .double_values = set.double_values,
                     .outputs = OUTPUTS};
    return &data;
}

static const char *fingerprint_of(const tp_data *data) {
    static char text[TP_FINGERPRINT_SIZE];
    memset(text, 'x', sizeof text);
    const tp_status status = tp_data_fingerprint(fixture.context, data, text);
    cr_assert_eq(status, TP_OK, "%s", tp_test_message(fixture.context));
    return text;
}

Test(fingerprint, is_known_for_every_type) {
    tp_data data = *of_bytes();
    cr_expect_str_eq(fingerprint_of(&data), OF_BYTES);
    data.outputs = 77; /* means nothing without values */
    cr_expect_str_eq(fingerprint_of(&data), OF_BYTES);
    data.classes = set.classes;
    cr_expect_str_eq(fingerprint_of(&data), OF_CLASSES);
    data.outputs = 0;
    cr_expect_str_eq(fingerprint_of(&data), OF_CLASSES);
    data.classes = NULL, data.double_values = set.double_values, data.outputs = OUTPUTS, data.weights = set.weights;
    cr_expect_str_eq(fingerprint_of(&data), OF_WEIGHTS);
    cr_expect_str_eq(fingerprint_of(of_floats()), OF_FLOATS);
    cr_expect_str_eq(fingerprint_of(of_doubles()), OF_DOUBLES);
}

/* ---- the same values elsewhere ---- */

Test(fingerprint, is_the_same_for_strides) {
    static double x[FEATURES][2 * SAMPLES], y[OUTPUTS][SAMPLES];
    static float fx[FEATURES * SAMPLES], fy[OUTPUTS * SAMPLES];
    static uint8_t bytes[FEATURES * SAMPLES];
    for (int i = 0; i < SAMPLES; i++) {
        for (int j = 0; j < FEATURES; j++) {
            x[j][2 * i] = set.doubles[i * FEATURES + j];
            fx[j * SAMPLES + i] = set.floats[i * FEATURES + j];
            bytes[j * SAMPLES + i] = set.bytes[i * FEATURES + j];
        }
        for (int j = 0; j < OUTPUTS; j++)
            fy[j * SAMPLES + i] = set.values[i * OUTPUTS + j], y[j][i] = set.double_values[i * OUTPUTS + j];
    }
    tp_data data = *of_doubles();
    data.doubles = x[0], data.sample_stride = 2, data.value_stride = (size_t)2 * SAMPLES;
    data.double_values = y[0], data.target_sample_stride = 1, data.target_stride = SAMPLES;
    cr_expect_str_eq(fingerprint_of(&data), OF_DOUBLES);
    data = *of_floats();
    data.floats = fx, data.sample_stride = 1, data.value_stride = SAMPLES;
    data.values = fy, data.target_sample_stride = 1, data.target_stride = SAMPLES;
    cr_expect_str_eq(fingerprint_of(&data), OF_FLOATS);
    data = *of_bytes();
    data.bytes = bytes, data.sample_stride = 1, data.value_stride = SAMPLES;
    cr_expect_str_eq(fingerprint_of(&data), OF_BYTES);
}

Test(fingerprint, is_the_same_for_strides_of_0) {
    static const uint8_t repeated[SAMPLES * FEATURES] = {9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9};
    char expected[TP_FINGERPRINT_SIZE];
    tp_data data = *of_bytes();
    data.bytes = repeated;
    memcpy(expected, fingerprint_of(&data), sizeof expected);
    data.sample_stride = 1; /* a stride of 0 between values */
    cr_expect_str_eq(fingerprint_of(&data), expected);
    data.sample_stride = 0, data.value_stride = 1;
    cr_expect_str_eq(fingerprint_of(&data), expected);
}

Test(fingerprint, is_of_the_rows) {
    static const uint32_t repeated[] = {4, 0, 0}, order[] = {3, 1, 4, 0, 2};
    uint8_t bytes[SAMPLES * FEATURES];
    float weights[SAMPLES];
    int32_t classes[SAMPLES];
    tp_data data = {.struct_size = sizeof data,
                    .samples = 3,
                    .features = FEATURES,
                    .bytes = set.bytes,
                    .classes = set.classes,
                    .weights = set.weights,
                    .rows = repeated};
    cr_expect_str_eq(fingerprint_of(&data), OF_ROWS);
    for (size_t i = 0; i < SAMPLES; i++) {
        memcpy(bytes + FEATURES * order[i], set.bytes + FEATURES * i, FEATURES);
        classes[order[i]] = set.classes[i];
        weights[order[i]] = set.weights[i];
    }
    data.samples = SAMPLES, data.rows = order;
    data.bytes = bytes, data.classes = classes, data.weights = weights;
    char moved[TP_FINGERPRINT_SIZE];
    memcpy(moved, fingerprint_of(&data), sizeof moved);
    data.bytes = set.bytes, data.classes = set.classes, data.weights = set.weights, data.rows = NULL;
    cr_expect_str_eq(fingerprint_of(&data), moved);
}

/* Samples that are longer than the pieces that are hashed, whose ends are within values. */
Test(fingerprint, is_known_for_long_samples) {
    static const int32_t classes[] = {0, 1};
    static uint8_t bytes[2 * WIDE], turned[WIDE][2];
    static double doubles[2 * WIDE];
    for (int i = 0; i < 2; i++)
        for (int k = 0; k < WIDE; k++) {
            bytes[i * WIDE + k] = turned[k][i] = (uint8_t)((k * 31 + 7 * i) % 251);
            doubles[i * WIDE + k] = bytes[i * WIDE + k];
        }
    tp_data data = {.samples = 2, .features = WIDE, .bytes = bytes, .classes = classes};
    cr_expect_str_eq(fingerprint_of(&data), OF_WIDE_BYTES);
    data.bytes = turned[0], data.sample_stride = 1, data.value_stride = 2;
    cr_expect_str_eq(fingerprint_of(&data), OF_WIDE_BYTES);
    data = (tp_data){.samples = 2, .features = WIDE, .doubles = doubles, .classes = classes};
    cr_expect_str_eq(fingerprint_of(&data), OF_WIDE_DOUBLES);
}

/* A program of version 0.2.0 has no rows in its struct. */
Test(fingerprint, is_the_same_for_older_programs) {
    tp_data data = *of_floats();
    data.struct_size = offsetof(tp_data, rows);
    data.rows = (const uint32_t *)1;
    cr_expect_str_eq(fingerprint_of(&data), OF_FLOATS);
}

/* ---- what differs in one thing ---- */

static void expect_other(const tp_data *data, const char *known) {
    const char *other = fingerprint_of(data);
    cr_expect_str_neq(other, known);
    cr_expect_eq(strspn(other, "0123456789abcdef"), strlen(known));
}

static void flip(void *value, size_t size, const tp_data *data, const char *known) {
    unsigned char *byte = value;
    for (size_t bit = 0; bit < 8 * size; bit++) {
        byte[bit / 8] ^= (unsigned char)(1u << bit % 8);
        expect_other(data, known);
        byte[bit / 8] ^= (unsigned char)(1u << bit % 8);
    }
}

Test(fingerprint, differs_by_one_bit) {
    tp_data data = *of_bytes();
    data.classes = set.classes;
    flip(set.bytes, sizeof set.bytes, &data, OF_CLASSES);
    flip(set.classes, sizeof set.classes, &data, OF_CLASSES);
    flip(set.floats, sizeof set.floats, of_floats(), OF_FLOATS);
    flip(set.values, sizeof set.values, of_floats(), OF_FLOATS);
    flip(set.doubles, sizeof set.doubles, of_doubles(), OF_DOUBLES);
    flip(set.double_values, sizeof set.double_values, of_doubles(), OF_DOUBLES);
    set.weights[0] = 0x1p-149f;
    expect_other(of_floats(), OF_FLOATS);
    set.weights[0] = -0.0f;
    expect_other(of_floats(), OF_FLOATS);
}

/* The bytes that are hashed of the samples are the same. */
Test(fingerprint, differs_by_shape) {
    tp_data data = *of_bytes();
    data.samples = FEATURES, data.features = SAMPLES;
    expect_other(&data, OF_BYTES);
    char halves[TP_FINGERPRINT_SIZE];
    data = (tp_data){.samples = 1, .features = 2, .floats = set.floats + 2, .values = set.floats + 4, .outputs = 1};
    memcpy(halves, fingerprint_of(&data), sizeof halves);
    data.features = 1, data.values = set.floats + 3, data.outputs = 2;
    expect_other(&data, halves);
}

Test(fingerprint, differs_by_type) {
    static const float zeros[4];
    static const double double_zeros[4];
    static const uint8_t bytes[16];
    const tp_data sets[] = {
        {.samples = 1, .features = 1, .bytes = bytes},
        {.samples = 1, .features = 1, .floats = zeros},
        {.samples = 1, .features = 1, .doubles = double_zeros},
        {.samples = 1, .features = 1, .floats = zeros, .weights = zeros},
        {.samples = 1, .features = 1, .floats = zeros, .classes = (const int32_t[]){0}},
        {.samples = 1, .features = 1, .floats = zeros, .values = zeros, .outputs = 1},
        {.samples = 1, .features = 1, .floats = zeros, .double_values = double_zeros, .outputs = 1},
    };
    enum { COUNT = sizeof sets / sizeof *sets };
    char text[COUNT][TP_FINGERPRINT_SIZE];
    for (int i = 0; i < COUNT; i++) {
        memcpy(text[i], fingerprint_of(&sets[i]), sizeof *text);
        for (int j = 0; j < i; j++)
            cr_expect_str_neq(text[i], text[j], "%d and %d", i, j);
    }
}

/* ---- what is refused ---- */

static void refuse(const tp_data *data, const char *fragment) {
    char text[TP_FINGERPRINT_SIZE] = "untouched";
    test_expect_argument(tp_data_fingerprint(fixture.context, data, text), fragment);
    cr_expect_str_eq(text, "untouched");
}

Test(fingerprint, is_refused) {
    tp_data data = *of_floats();
    refuse(NULL, "data is NULL");
    data.double_values = set.double_values;
    refuse(&data, "data: only one of classes, values and double_values may be set");
    data = *of_floats();
    data.outputs = 0;
    refuse(&data, "data: outputs is 0; it must be at least 1");
    data.outputs = SIZE_MAX;
    refuse(&data, "lead out of memory");
    data = *of_floats();
    data.target_sample_stride = SIZE_MAX / 2;
    refuse(&data, "data: strides of 9223372036854775807 and 0 lead out of memory");
    data = *of_floats();
    data.struct_size = 8;
    refuse(&data, "data: struct_size is 8");
}

/* ---- parameters ---- */

Test(fingerprint, of_parameters_is_known) {
    enum { INPUTS = 8502, COUNT = INPUTS + 1 };
    char text[TP_FINGERPRINT_SIZE];
    tp_model_options options;
    tp_model *model = NULL;
    float *parameters = tp_test_floats(COUNT);
    tp_model_options_default(&options);
    options.inputs = INPUTS, options.loss = TP_LOSS_MSE;
    options.layers = &(const tp_layer){1, TP_ACTIVATION_IDENTITY, 0, 0}, options.layer_count = 1;
    cr_assert_eq(tp_model_create(fixture.context, &options, &model), TP_OK);
    for (int k = 0; k < COUNT; k++)
        parameters[k] = (float)k / 8 - 3;
    cr_assert_eq(tp_model_set_parameters(model, parameters, COUNT), TP_OK);
    cr_assert_eq(tp_model_fingerprint(model, text), TP_OK);
    cr_expect_str_eq(text, OF_PARAMETERS);
    parameters[COUNT - 1] += 0x1p-10f;
    cr_assert_eq(tp_model_set_parameters(model, parameters, COUNT), TP_OK);
    cr_assert_eq(tp_model_fingerprint(model, text), TP_OK);
    cr_expect_str_neq(text, OF_PARAMETERS);
    tp_model_destroy(model);
    free(parameters);
}

/* Those of the step, wherever the run has its weights. */
enum { BIG_IN = 64, BIG_OUT = 128, BIG = BIG_IN * BIG_OUT + BIG_OUT, BIG_SAMPLES = 8 };

struct run {
    tp_model *model;
    char last[TP_FINGERPRINT_SIZE];
    int steps;
};

static int look(void *user, const tp_step *step) {
    struct run *run = user;
    static float parameters[BIG];
    char text[TP_FINGERPRINT_SIZE], expected[TP_FINGERPRINT_SIZE];
    cr_assert_eq(tp_model_fingerprint(run->model, text), TP_OK);
    cr_assert_eq(tp_model_get_parameters(run->model, parameters, BIG), TP_OK);
    tp_test_sha256(parameters, sizeof parameters, expected);
    cr_expect_str_eq(text, expected);
    cr_expect_str_neq(text, run->last);
    memcpy(run->last, text, sizeof text);
    run->steps += step->step > 0;
    return 0;
}

Test(fingerprint, of_parameters_in_callbacks) {
    static float x[BIG_SAMPLES * BIG_IN];
    static int32_t classes[BIG_SAMPLES];
    struct run run = {0};
    tp_model_options options;
    tp_train_options train;
    tp_trainer *trainer = NULL;
    tp_context *context = tp_test_eager_context(NULL, 2);
    const tp_data data = {.samples = BIG_SAMPLES, .features = BIG_IN, .floats = x, .classes = classes};
    tp_test_fill(x, BIG_SAMPLES * BIG_IN, 1, -1, 1);
    tp_test_fill_classes(classes, BIG_SAMPLES, 2, BIG_OUT);
    tp_model_options_default(&options);
    options.inputs = BIG_IN;
    options.layers = &(const tp_layer){BIG_OUT, TP_ACTIVATION_SOFTMAX, 0, 0}, options.layer_count = 1;
    cr_assert_eq(tp_model_create(context, &options, &run.model), TP_OK);
    tp_train_options_default(&train);
    train.batch = 4, train.epochs = 2, train.on_step = look, train.user = &run;
    train.optimizer.schedule = TP_SCHEDULE_CONSTANT;
    cr_assert_eq(tp_trainer_create(run.model, &data, &train, NULL, 0, &trainer), TP_OK);
    cr_expect_eq(tp_trainer_run(trainer), TP_OK);
    cr_expect_eq(run.steps, 4);
    tp_trainer_destroy(trainer);
    tp_model_destroy(run.model);
    tp_context_destroy(context);
}
