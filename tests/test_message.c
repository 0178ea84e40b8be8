/* SPDX-License-Identifier: BSD-3-Clause */
/* Messages: what a long or hostile path or name leaves of them. */
#include "core/context.h"
#include "core/message.h"
#include "support/scratch.h"

#include <criterion/criterion.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

TestSuite(message, .init = tp_test_scratch_open, .fini = tp_test_scratch_close);

__attribute__((format(printf, 1, 2))) static const char *formatted(const char *format, ...) {
    static char text[TP_MESSAGE_SIZE];
    va_list arguments;
    va_start(arguments, format);
    memset(text, 'x', sizeof text);
    tp_format(text, sizeof text, format, arguments);
    va_end(arguments);
    cr_assert_not_null(memchr(text, '\0', sizeof text));
    return text;
}

Test(message, numbers) {
    cr_expect_str_eq(formatted("plain"), "plain");
    cr_expect_str_eq(formatted("%d, %d and %u", -7, INT_MIN, UINT_MAX), "-7, -2147483648 and 4294967295");
    cr_expect_str_eq(formatted("%zu%lu%llu", SIZE_MAX, ULONG_MAX, ULLONG_MAX),
                     "184467440737095516151844674407370955161518446744073709551615");
    cr_expect_str_eq(formatted("0x%02x 0x%02x", 5u, 255u), "0x05 0xff");
    cr_expect_str_eq(formatted("%g %g %s %g", 0.1, -1e300, "s", 1 / 3.0), "0.1 -1e+300 s 0.333333");
}

static const struct {
    const char *text, *shown;
} strings[] = {
    {"", ""},
    {"/tmp/a b\\c%s'\"~", "/tmp/a b\\c%s'\"~"},
    {"\x01\t\n\r\x1b[31m\x7f", "\\x01\\x09\\x0a\\x0d\\x1b[31m\\x7f"},
    {"na\xc3\xafve \xe2\x82\xac \xf0\x9f\x98\x80 \xf4\x8f\xbf\xbf",
     "na\xc3\xafve \xe2\x82\xac \xf0\x9f\x98\x80 \xf4\x8f\xbf\xbf"},
    {"\xc2\x9b"
     "2J\xc2\xa0",
     "\\xc2\\x9b2J\xc2\xa0"},                                /* C1; no-break space */
    {"\x80 \xbf \xc3", "\\x80 \\xbf \\xc3"},                 /* a part of a character */
    {"\xe2\x82 \xf0\x9f\x98", "\\xe2\\x82 \\xf0\\x9f\\x98"}, /* cut short */
    {"\xc0\xaf \xc1\xbf \xe0\x9f\xbf \xf0\x8f\xbf\xbf", "\\xc0\\xaf \\xc1\\xbf \\xe0\\x9f\\xbf \\xf0\\x8f\\xbf\\xbf"},
    {"\xed\xa0\x80 \xf4\x90\x80\x80 \xf8\x88\x80\x80\x80 \xff\xfe", /* surrogate, too large, too long, never */
     "\\xed\\xa0\\x80 \\xf4\\x90\\x80\\x80 \\xf8\\x88\\x80\\x80\\x80 \\xff\\xfe"},
    {"\xe2\x80\xa8 \xe2\x80\xa9 \xe2\x80\xae \xe2\x81\xa6 \xef\xbb\xbf", /* line separators, other directions, mark */
     "\\xe2\\x80\\xa8 \\xe2\\x80\\xa9 \\xe2\\x80\\xae \\xe2\\x81\\xa6 \\xef\\xbb\\xbf"},
};

Test(message, strings) {
    for (size_t i = 0; i < sizeof strings / sizeof *strings; i++) {
        char expected[200];
        snprintf(expected, sizeof expected, "<%s>", strings[i].shown);
        cr_expect_str_eq(formatted("<%s>", strings[i].text), expected, "%zu: %s", i,
                         formatted("<%s>", strings[i].text));
    }
}

/* Any byte, and any two, are shown in bytes that are fit to be shown. */
Test(message, all_bytes) {
    for (unsigned first = 1; first < 256; first++) {
        for (unsigned second = 1; second < 256; second++) {
            const char text[] = {(char)first, (char)second, '\0'};
            const bool pair = first >= 0xc2 && first < 0xe0 && (second & 0xc0) == 0x80 &&
                              !(first == 0xc2 && second < 0xa0) && !(first == 0xd8 && second == 0x9c);
            char expected[16] = "";
            for (int i = 0; i < 2; i++) {
                const unsigned char byte = (unsigned char)text[i];
                snprintf(expected + strlen(expected), 5, pair || (byte >= 0x20 && byte < 0x7f) ? "%c" : "\\x%02x",
                         byte);
            }
            cr_assert_str_eq(formatted("%s", text), expected, "%u, %u", first, second);
        }
    }
}

/* The begin and the end stay, characters are not cut in two, and what follows is all there. */
Test(message, long_strings) {
    char text[PATH_MAX], expected[TP_MESSAGE_SIZE];
    for (size_t size = TP_SHOWN_SIZE - 3; size < PATH_MAX; size += size < 310 ? 1 : 1237) {
        for (size_t i = 0; i < size; i++)
            text[i] = (char)('a' + i % 26);
        text[size] = '\0';
        if (size <= TP_SHOWN_SIZE)
            snprintf(expected, sizeof expected, "%.1000s: reason", text);
        else
            snprintf(expected, sizeof expected, "%.100s...%s: reason", text, text + size - 197);
        cr_expect_str_eq(formatted("%s: %s", text, "reason"), expected, "%zu bytes", size);
        snprintf(expected, sizeof expected, "%zu", size);
        cr_expect(strstr(formatted("%s %s %s %zu", text, text, text, size), expected), "three of them");
    }
    for (size_t offset = 0; offset < 3; offset++) {
        memset(text, 'a', offset);
        for (size_t i = offset; i < 1000; i += 3)
            memcpy(text + i, "\xe2\x82\xac", 4);
        cr_expect_null(strstr(formatted("%s", text), "\\x"), "a character was cut");
    }
    memset(text, '\n', PATH_MAX - 1);
    text[PATH_MAX - 1] = '\0';
    cr_expect(strstr(formatted("%s: %s, %s: reason", text, text, text), "\\x0a: reason"), "%s", formatted("%s", text));
}

/* ---- of functions ---- */

static char heard[TP_MESSAGE_SIZE];

static void hear(void *user, tp_status status, const char *message) {
    (void)user, (void)status;
    snprintf(heard, sizeof heard, "%s", message);
}

static struct {
    tp_context *context;
    tp_model *model;
    union {
        tp_model *model;
        tp_dataset *dataset;
        tp_output *output;
        tp_idx idx;
    } out;
    tp_model_options options;
    tp_layer layer[TP_MAX_LAYERS];
} all;

static tp_status load(const char *path) {
    return tp_model_load(all.context, path, &all.out.model);
}

static tp_status describe(const char *path) {
    return tp_model_describe_file(all.context, path, &all.options, all.layer);
}

static tp_status save(const char *path) {
    return tp_model_save(all.model, path);
}

static tp_status create(const char *path) {
    return tp_output_create(all.context, path, &all.out.output);
}

static tp_status read_idx(const char *path) {
    return tp_idx_read(all.context, path, &all.out.idx);
}

static tp_status load_dataset(const char *path) {
    return tp_dataset_load(all.context, path, TP_SPLIT_TRAIN, &all.out.dataset);
}

static const struct {
    const char *name;
    tp_status (*run)(const char *path);
    const char *missing, *too_long; /* what the message ends with */
} functions[] = {
    {"load", load, "cannot open: No such file or directory", "cannot open: File name too long"},
    {"describe", describe, "cannot open: No such file or directory", "cannot open: File name too long"},
    {"save", save, "cannot open its directory: No such file or directory", "cannot write: File name too long"},
    {"create", create, "cannot open its directory: No such file or directory", "cannot write: File name too long"},
    {"idx", read_idx, "cannot open: No such file or directory", "cannot open: File name too long"},
    {"dataset", load_dataset, "no such directory, and not a known data set (fashion-mnist)", ""},
};

static bool ends_with(const char *text, const char *end) {
    const size_t size = strlen(text), length = strlen(end);
    return size >= length && !strcmp(text + size - length, end);
}

Test(message, paths_do_not_hide_the_reason) {
    static char path[2 * PATH_MAX];
    tp_context_options options;
    tp_model_options model;
    tp_context_options_default(&options);
    tp_model_options_default(&model);
    options.message = hear;
    model.inputs = model.layer_count = 1, model.layers = &(tp_layer){2, TP_ACTIVATION_SOFTMAX, 0, 0};
    cr_assert_eq(tp_context_create(&options, &all.context), TP_OK);
    cr_assert_eq(tp_model_create(all.context, &model, &all.model), TP_OK);
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
        for (size_t size = 54; size < sizeof path; size += 250) {
            for (size_t j = 0; j < size; j++)
                path[j] = j % 7 ? (j % 7 == 3 ? '\n' : 'd') : '/';
            memcpy(path + size - 3, "end", 4);
            cr_expect_neq(functions[i].run(path), TP_OK);
            cr_expect(ends_with(heard, size < PATH_MAX ? functions[i].missing : functions[i].too_long), "%s, %zu: %s",
                      functions[i].name, size, heard);
            cr_expect(strstr(heard, "end: ") && !strchr(heard, '\n'), "%s, %zu: %s", functions[i].name, size, heard);
            cr_expect_str_eq(heard, tp_test_message(all.context));
        }
    }
    tp_model_destroy(all.model);
    tp_context_destroy(all.context);
}
