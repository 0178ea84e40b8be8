/* SPDX-License-Identifier: BSD-3-Clause */
/* How much memory saving and loading take, beside the model. */
#define _XOPEN_SOURCE 700

#include "support/scratch.h"

#include <criterion/criterion.h>
#include <jansson.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { IN = 1000, OUT = 1000, BYTES = 4 * (IN * OUT + OUT), SMALL = 256 * 1024 };

/* Blocks with their size in front. */
static size_t held, peak;

static void *take(void *user, size_t alignment, size_t size) {
    (void)user;
    size_t *block = aligned_alloc(alignment, (size + 2 * alignment - 1) / alignment * alignment);
    if (!block)
        return NULL;
    *block = size;
    held += size;
    peak = held > peak ? held : peak;
    return (char *)block + alignment;
}

static void give_back(void *user, void *block) {
    (void)user;
    size_t *begin = (size_t *)(void *)((char *)block - 64);
    held -= *begin;
    free(begin);
}

static tp_context *context;
static tp_model *model;

static void set_up(void) {
    tp_context_options options;
    tp_model_options shape;
    tp_test_scratch_open();
    tp_context_options_default(&options);
    tp_model_options_default(&shape);
    options.allocator = (tp_allocator){take, give_back, NULL};
    shape.inputs = IN, shape.layer_count = 1, shape.layers = &(tp_layer){OUT, TP_ACTIVATION_SOFTMAX, 0, 0};
    cr_assert_eq(tp_context_create(&options, &context), TP_OK);
    cr_assert_eq(tp_model_create(context, &shape, &model), TP_OK);
}

static void tear_down(void) {
    tp_model_destroy(model);
    tp_context_destroy(context);
    tp_test_scratch_close();
}

TestSuite(model_memory, .init = set_up, .fini = tear_down);

static size_t peak_since(size_t before) {
    const size_t most = peak - before;
    cr_expect_eq(held, before);
    return most;
}

Test(model_memory, of_a_model_of_4_mb) {
    static unsigned char bytes[BYTES + 4096];
    tp_model *loaded = NULL;
    tp_model_options options;
    tp_layer layer[TP_MAX_LAYERS];
    size_t needed = 0;
    const char *path = tp_test_in_scratch("model");
    const size_t before = peak = held;
    cr_assert_eq(tp_model_save(model, path), TP_OK);
    cr_expect_lt(peak_since(before), SMALL, "saving took %zu bytes", peak - before);
    peak = held;
    cr_assert_eq(tp_model_describe_file(context, path, &options, layer), TP_OK);
    cr_expect_lt(peak_since(before), SMALL, "describing took %zu bytes", peak - before);
    peak = held;
    cr_assert_eq(tp_model_load(context, path, &loaded), TP_OK);
    tp_model_destroy(loaded);
    cr_expect_lt(peak_since(before), BYTES + SMALL, "loading took %zu bytes", peak - before);
    peak = held;
    cr_assert_eq(tp_model_write(model, bytes, sizeof bytes, &needed), TP_OK);
    cr_expect_lt(peak_since(before), SMALL, "writing took %zu bytes", peak - before);
    peak = held;
    cr_assert_eq(tp_model_read(context, bytes, needed, &loaded), TP_OK);
    tp_model_destroy(loaded);
    cr_expect_lt(peak_since(before), BYTES + SMALL, "reading took %zu bytes", peak - before);
    peak = held;
    cr_assert_eq(truncate(path, BYTES), 0); /* not all of it is there */
    cr_expect_eq(tp_model_load(context, path, &loaded), TP_ERR_FORMAT);
    cr_expect_lt(peak_since(before), SMALL, "refusing took %zu bytes", peak - before);
}

static void *take_json(size_t size) {
    void *block = malloc(size);
    held += malloc_usable_size(block);
    peak = held > peak ? held : peak;
    return block;
}

static void give_back_json(void *block) {
    held -= malloc_usable_size(block);
    free(block);
}

static void check_header_of(const char *element) {
    enum { HEADER = 256 * 1024, LIMIT = 32 << 20 };
    static const unsigned char length[8] = {0, 0, 4};
    static char file[sizeof length + HEADER];
    tp_model *loaded = NULL;
    const size_t size = strlen(element), before = peak = held;
    memcpy(file, length, sizeof length);
    file[sizeof length] = '[';
    memset(file + sizeof length + 1, ' ', HEADER - 1);
    for (size_t at = sizeof length + 1; at + size + 2 < sizeof file; at += size)
        memcpy(file + at, element, size);
    memcpy(file + sizeof file - 2, "0]", 2);
    tp_test_write_file("model", file, sizeof file);
    cr_expect_eq(tp_model_load(context, tp_test_in_scratch("model"), &loaded), TP_ERR_FORMAT);
    cr_expect(strstr(tp_test_message(context), "header is not a JSON object"), "%s", tp_test_message(context));
    cr_expect_lt(peak_since(before), LIMIT, "%s: %zu bytes", element, peak - before);
}

/* What is made of the longest header that is read. */
Test(model_memory, of_a_header_of_brackets) {
    static const char *const elements[] = {"[],", "{},", "0,", "\"\",", "[[[[[[[]]]]]]],", "{\"\":{}},"};
    json_set_alloc_funcs(take_json, give_back_json);
    for (size_t i = 0; i < sizeof elements / sizeof *elements; i++)
        check_header_of(elements[i]);
    json_set_alloc_funcs(malloc, free);
}
