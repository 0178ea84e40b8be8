/* SPDX-License-Identifier: BSD-3-Clause */

#include "model_file.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

tp_model *test_make_model(const tp_model_options *options) {
    tp_model *model = NULL;
    cr_assert_eq(tp_model_create(tp_test_scratch.context, options, &model), TP_OK, "%s",
                 tp_test_message(tp_test_scratch.context));
    return model;
}

tp_model *test_small_model(uint64_t seed) {
    const float parameters[] = {1, -2, 0.5f, 0x1p-149f, -0.0f, 3, -1.5f};
    const tp_layer layer[] = {{1, TP_ACTIVATION_LEAKY_RELU, 0.01f, 0}, {2, TP_ACTIVATION_SOFTMAX, 0, 0}};
    tp_model_options options;
    tp_model_options_default(&options);
    options.inputs = 2;
    options.layer_count = 2;
    options.layers = layer;
    options.seed = seed;
    options.inputs_scaled = (tp_scaling){1, &(const double){0.1}, &(const double){255}};
    tp_model *model = test_make_model(&options);
    cr_assert_eq(tp_model_set_parameters(model, parameters, 7), TP_OK);
    return model;
}

void test_check_small_model(const tp_model *model, double mean) {
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

static const unsigned char small_data[] = {0, 0, 0x80, 0x3f, 0, 0,    0, 0xc0, 0,    0,    0, 0x3f, 1,    0,
                                           0, 0, 0,    0,    0, 0x80, 0, 0,    0x40, 0x40, 0, 0,    0xc0, 0xbf};

size_t test_compose_model(const char *header, size_t data_size, unsigned char *file) {
    const size_t length = strlen(header);
    cr_assert_lt(8 + length + data_size, MAX_FILE);
    memset(file, 0, MAX_FILE);
    for (size_t i = 0; i < 8; i++)
        file[i] = (unsigned char)((uint64_t)length >> 8 * i);
    memcpy(file + 8, header, length);
    memcpy(file + 8 + length, small_data, data_size < sizeof small_data ? data_size : sizeof small_data);
    return 8 + length + data_size;
}

void test_write_model_file(const char *name, const char *header, size_t data_size) {
    unsigned char file[MAX_FILE];
    tp_test_write_file(name, file, test_compose_model(header, data_size, file));
}

size_t test_read_model_file(const char *name, void *data) {
    FILE *file = fopen(tp_test_in_scratch(name), "rb");
    cr_assert_not_null(file);
    const size_t size = fread(data, 1, MAX_FILE, file);
    cr_assert_lt(size, MAX_FILE);
    fclose(file);
    return size;
}

void test_check_same_files(const char *a, const char *b) {
    char x[MAX_FILE], y[MAX_FILE];
    const size_t size = test_read_model_file(a, x);
    cr_assert_eq(size, test_read_model_file(b, y), "%s and %s have different sizes", a, b);
    cr_expect_eq(memcmp(x, y, size), 0, "%s and %s differ", a, b);
}

unsigned char *test_bytes_of_file(const char *name, size_t *size) {
    struct stat facts;
    FILE *file = fopen(tp_test_in_scratch(name), "rb");
    cr_assert(file && !fstat(fileno(file), &facts));
    *size = (size_t)facts.st_size;
    unsigned char *bytes = malloc(*size + !*size);
    cr_assert(bytes && fread(bytes, 1, *size, file) == *size);
    fclose(file);
    return bytes;
}

#define UNTOUCHED 0x5a

static size_t untouched_bytes(const unsigned char *buffer, size_t size) {
    size_t i = 0;
    while (i < size && buffer[i] == UNTOUCHED)
        i++;
    return i;
}

static void check_written(const tp_model *model, unsigned char *buffer, const unsigned char *expected, size_t size) {
    size_t needed = 0;
    memset(buffer, UNTOUCHED, size + 1);
    cr_assert_eq(tp_model_write(model, NULL, 0, &needed), TP_OK);
    cr_assert_eq(needed, size);
    needed = 0;
    cr_assert_eq(tp_model_write(model, buffer, size - 1, &needed), TP_ERR_MEMORY);
    cr_expect_eq(needed, size);
    cr_assert_eq(untouched_bytes(buffer, size + 1), size + 1, "something was written");
    needed = 0;
    cr_assert_eq(tp_model_write(model, buffer, size, &needed), TP_OK);
    cr_expect_eq(needed, size);
    cr_expect_eq(memcmp(buffer, expected, size), 0);
    cr_expect_eq(buffer[size], UNTOUCHED);
}

void test_check_memory(const tp_model *model, const char *name) {
    tp_model *copy = NULL;
    size_t size;
    unsigned char *file = test_bytes_of_file(name, &size), *buffer = malloc(size + 2);
    cr_assert_not_null(buffer);
    check_written(model, buffer + 1, file, size); /* not aligned */
    cr_assert_eq(tp_model_read(tp_test_scratch.context, buffer + 1, size, &copy), TP_OK);
    memset(buffer, 0, size + 2); /* it does not need it any more */
    check_written(copy, buffer, file, size);
    tp_model_destroy(copy);
    free(buffer);
    free(file);
}

void test_save_model(const tp_model *model, const char *name) {
    cr_assert_eq(tp_model_save(model, tp_test_in_scratch(name)), TP_OK, "%s", tp_test_message(tp_test_scratch.context));
}

tp_model *test_load_model(const char *name) {
    tp_model *model = NULL;
    cr_assert_eq(tp_model_load(tp_test_scratch.context, tp_test_in_scratch(name), &model), TP_OK, "%s",
                 tp_test_message(tp_test_scratch.context));
    return model;
}

void test_accept_model(const char *header) {
    test_write_model_file("model", header, 28);
    tp_model *model = test_load_model("model");
    test_check_small_model(model, 0.1);
    tp_model_destroy(model);
}

void test_check_file_failure(tp_status got, tp_status expected, const char *fragment) {
    const char *message = tp_test_message(tp_test_scratch.context);
    cr_expect_eq(got, expected, "status %d instead of %d (%s)", (int)got, (int)expected, message);
    cr_expect(strstr(message, fragment), "\"%s\" does not say \"%s\"", message, fragment);
    cr_expect(strstr(message, tp_test_scratch.path), "\"%s\" does not name the file", message);
}
