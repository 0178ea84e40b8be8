/* SPDX-License-Identifier: BSD-3-Clause */
/* Models in memory, beside the tests of files that compare both: large ones, and sizes that are not those of the file.
 */

#include "support/model_file.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static tp_context *context;

static void set_up(void) {
    tp_test_scratch_open();
    context = tp_test_scratch.context;
}

TestSuite(model_buffer, .init = set_up, .fini = tp_test_scratch_close);

/* More parameters and more scaling than are written at a time. */
Test(model_buffer, large_model) {
    enum { INPUTS = 20000, OUTPUTS = 9000 };
    static double mean[INPUTS], deviation[INPUTS];
    const tp_layer layers[] = {{3, TP_ACTIVATION_GELU, 0, 0.25f, 0}, {OUTPUTS, TP_ACTIVATION_IDENTITY, 0, 0, 0}};
    tp_model_options options;
    tp_model_options_default(&options);
    for (size_t i = 0; i < INPUTS; i++)
        mean[i] = (double)i / 3, deviation[i] = 1 + (double)i / 7;
    options.inputs = INPUTS, options.layer_count = 2, options.layers = layers, options.loss = TP_LOSS_HUBER;
    options.inputs_scaled = (tp_scaling){INPUTS, mean, deviation};
    options.outputs_scaled = (tp_scaling){OUTPUTS, mean + 5, deviation + 3};
    tp_model *model = test_make_model(&options);
    test_save_model(model, "model");
    test_check_memory(model, "model");
    tp_model_destroy(model);
}

Test(model_buffer, room_is_left) {
    enum { SIZE = 4096 };
    unsigned char buffer[SIZE], file[MAX_FILE];
    size_t needed = 0;
    tp_model *model = test_small_model(1), *copy = NULL;
    memset(buffer, 0x5a, sizeof buffer);
    test_save_model(model, "model");
    const size_t size = test_read_model_file("model", file);
    cr_assert_eq(tp_model_write(model, buffer, SIZE, &needed), TP_OK);
    cr_assert_eq(needed, size);
    cr_expect_eq(memcmp(buffer, file, size), 0);
    for (size_t i = size; i < SIZE; i++)
        cr_assert_eq(buffer[i], 0x5a, "byte %zu was written", i);
    cr_expect_eq(tp_model_read(context, buffer, needed + 1, &copy), TP_ERR_FORMAT);
    cr_expect_str_eq(tp_test_message(context), "the buffer: its tensors have 28 bytes, but 29 follow the header");
    cr_expect_null(copy);
    tp_model_destroy(model);
}

/* Every size, also of a buffer of no bytes. */
Test(model_buffer, too_small) {
    unsigned char buffer[MAX_FILE];
    char message[100];
    size_t needed = 0;
    tp_model *model = test_small_model(1);
    test_save_model(model, "model");
    const size_t size = test_read_model_file("model", buffer), held = tp_test_held();
    memset(buffer, 0x5a, sizeof buffer);
    for (size_t n = 0; n < size; n++) {
        needed = 0;
        snprintf(message, sizeof message, "tp_model_write: buffer has %zu bytes; %zu are needed", n, size);
        cr_assert_eq(tp_model_write(model, buffer, n, &needed), TP_ERR_MEMORY);
        cr_expect_eq(needed, size);
        cr_expect_str_eq(tp_test_message(context), message);
    }
    for (size_t i = 0; i < sizeof buffer; i++)
        cr_assert_eq(buffer[i], 0x5a, "byte %zu was written", i);
    cr_expect_eq(tp_test_held(), held, "something leaked");
    tp_model_destroy(model);
}
