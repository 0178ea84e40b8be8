/* SPDX-License-Identifier: BSD-3-Clause */
/* Notes of a model: what can be set, in which order they are, and what files keep of them. */
#include "support/model_file.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME63 "note.4567890123456789012345678901234567890123456789012345678901"
enum { MOST = 65536 };

static tp_context *context;
static tp_model *model;

static void set_up(void) {
    tp_test_scratch_open();
    context = tp_test_scratch.context;
    model = test_small_model(1);
}

static void tear_down(void) {
    tp_model_destroy(model);
    tp_test_scratch_close();
}

TestSuite(notes, .init = set_up, .fini = tear_down);

static void set(const char *name, const char *text) {
    cr_expect_eq(tp_model_set_note(model, name, text), TP_OK, "%s", tp_test_message(context));
}

static void expect(const tp_model *of, const char *name, const char *text) {
    const char *found = tp_model_note(of, name);
    cr_assert_not_null(found, "%s", name);
    cr_expect_str_eq(found, text);
}

static void expect_names(const tp_model *of, const char *const *names, size_t count) {
    for (size_t i = 0; i < count; i++) {
        const char *name = tp_model_note_name(of, i);
        cr_assert_not_null(name, "%zu", i);
        cr_expect_str_eq(name, names[i]);
    }
    cr_expect_null(tp_model_note_name(of, count));
    cr_expect_null(tp_model_note_name(of, SIZE_MAX));
}

/* ---- in memory ---- */

Test(notes, are_set_replaced_and_removed) {
    char text[] = "a text of the program";
    expect_names(model, NULL, 0);
    cr_expect_null(tp_model_note(model, "note.a"));
    set("note.a", text);
    memset(text, '?', 3);
    expect(model, "note.a", "a text of the program");
    set("note.a", "");
    expect(model, "note.a", "");
    set("note.a", "other");
    expect(model, "note.a", "other");
    set("note.b", NULL);
    set("note.a", NULL);
    cr_expect_null(tp_model_note(model, "note.a"));
    expect_names(model, NULL, 0);
    set("note.a", NULL);
}

Test(notes, are_in_the_order_of_names) {
    static const char *const names[] = {NAME63,   "note.A", "note.a", "note.a.b", "note.a1", "note.b",
                                        "note.c", "note.d", "note.e", "note.f",   "note.z",  "note.\xc3\xa9"};
    enum { COUNT = sizeof names / sizeof *names, STEP = 5 };
    for (size_t i = 0; i < COUNT; i++)
        set(names[i * STEP % COUNT], names[i * STEP % COUNT] + 4);
    expect_names(model, names, COUNT);
    for (size_t i = 0; i < COUNT; i++)
        expect(model, names[i], names[i] + 4);
    for (size_t i = 0; i < COUNT / 2; i++)
        set(names[i], NULL);
    expect_names(model, names + COUNT / 2, COUNT - COUNT / 2);
}

Test(notes, may_be_set_to_their_own_text) {
    set("note.a", "first");
    set("note.b", "second");
    set("note.a", tp_model_note(model, "note.a"));
    set(tp_model_note_name(model, 1), tp_model_note(model, "note.a"));
    expect(model, "note.a", "first");
    expect(model, "note.b", "first");
    set(tp_model_note_name(model, 0), NULL);
    expect_names(model, (const char *const[]){"note.b"}, 1);
}

static void refuse(const char *name, const char *text, const char *fragment) {
    cr_expect_eq(tp_model_set_note(model, name, text), TP_ERR_ARGUMENT, "%s", fragment);
    const char *message = tp_test_message(context);
    cr_expect(strstr(message, "tp_model_set_note: ") && strstr(message, fragment), "%s: %s", fragment, message);
}

Test(notes, refuse_what_is_no_name) {
    static const char *const names[] = {"",        "a",    "note",   "note.",  "Note.a",  " note.a",
                                        "notes.a", "loss", "format", "sha256", NAME63 "2"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        refuse(names[i], "text", "is no name of a note: it must begin with \"note.\" and have 6..63 bytes");
        refuse(names[i], NULL, "is no name of a note");
    }
    expect_names(model, NULL, 0);
    set(NAME63, "text");
    expect(model, NAME63, "text");
    set("note.1", "text");
}

static const char *const no_texts[] = {"\x80",
                                       "a\xff",
                                       "\xc0\xaf",
                                       "\xc1\xbf",
                                       "\xe0\x9f\xbf",
                                       "\xe2\x82",
                                       "\xc3",
                                       "\xc3(",
                                       "\xf0\x8f\xbf\xbf",
                                       "\xf4\x90\x80\x80",
                                       "\xf8\x88\x80\x80\x80",
                                       "\xed\xa0\x80",
                                       "\xed\xbf\xbf",
                                       "\x01",
                                       "a\x1f",
                                       "\x0b",
                                       "\x0c",
                                       "\x08",
                                       "\x1b[31m"};

Test(notes, refuse_what_is_no_text) {
    char name[32];
    set("note.a", "before");
    for (size_t i = 0; i < sizeof no_texts / sizeof *no_texts; i++) {
        snprintf(name, sizeof name, "note.%s", no_texts[i]);
        refuse("note.a", no_texts[i], "is not UTF-8, or has control characters besides tabs and ends of lines");
        refuse(name, "text", "is not UTF-8");
    }
    expect(model, "note.a", "before");
    expect_names(model, (const char *const[]){"note.a"}, 1);
}

Test(notes, are_limited_together) {
    char *text = malloc(MOST + 1);
    cr_assert_not_null(text);
    memset(text, 'x', MOST);
    text[MOST] = 0;
    refuse("note.a", text, "is too long: all notes must have at most 65536 bytes together");
    text[MOST - 12] = 0;
    set("note.a", text);
    set("note.b", "");
    refuse("note.b", "x", "is too long");
    refuse("note.c", "", "is too long");
    set("note.a", text + 1);
    set("note.b", "x");
    refuse("note.b", "xx", "is too long");
    refuse("note.a", text, "is too long");
    set("note.a", NULL);
    set("note.b", text);
    set("note.a", "");
    free(text);
}

/* What the end of a test finds out is no failure. */
Test(notes, are_released) {
    const size_t held = tp_test_held();
    char name[] = "note.a";
    tp_model *noted = test_small_model(1);
    for (; name[5] <= 'z'; name[5]++)
        cr_assert_eq(tp_model_set_note(noted, name, "text"), TP_OK);
    cr_assert_eq(tp_model_set_note(noted, "note.a", "other"), TP_OK);
    cr_assert_eq(tp_model_set_note(noted, "note.b", NULL), TP_OK);
    test_save_model(noted, "model");
    tp_model_destroy(test_load_model("model"));
    tp_model_destroy(noted);
    cr_expect_eq(tp_test_held(), held);
}

Test(notes, without_a_model_or_a_name) {
    cr_expect_eq(tp_model_set_note(NULL, "note.a", "text"), TP_ERR_ARGUMENT);
    refuse(NULL, "text", "name is NULL");
    set("note.a", "text");
    cr_expect_null(tp_model_note(NULL, "note.a"));
    cr_expect_null(tp_model_note(model, NULL));
    cr_expect_null(tp_model_note(model, ""));
    cr_expect_null(tp_model_note_name(NULL, 0));
}

/* ---- in files ---- */

#define TEXT                                                                                                           \
    "tab\tline\r\n\"quoted\\\" /\x7f \xc2\x80 \xdf\xbf \xe0\xa0\x80 \xed\x9f\xbf \xee\x80\x80 \xef\xbf\xbf"            \
    " \xf0\x90\x80\x80 \xf4\x8f\xbf\xbf {\"json\": [1, \"\\u0001\"]}"

static tp_model *copy_of(const tp_model *original) {
    tp_model *copy;
    test_save_model(original, "model");
    test_check_memory(original, "model");
    copy = test_load_model("model");
    test_save_model(copy, "copy");
    test_check_same_files("model", "copy");
    return copy;
}

Test(notes, are_in_files) {
    set("note.z", TEXT);
    set("note.a", "");
    set(NAME63, "long name");
    set("note.\xf0\x9f\x8c\x8a \"\t\\", "strange name");
    tp_model *copy = copy_of(model);
    expect(copy, "note.z", TEXT);
    expect(copy, "note.a", "");
    expect(copy, NAME63, "long name");
    expect(copy, "note.\xf0\x9f\x8c\x8a \"\t\\", "strange name");
    cr_expect_null(tp_model_note_name(copy, 4));
    tp_model_destroy(copy);
}

Test(notes, do_not_depend_on_how_they_came) {
    tp_model *other = test_small_model(1);
    set("note.b", "text");
    set("note.a", "wrong");
    set("note.c", "gone");
    set("note.a", "right");
    set("note.c", NULL);
    test_save_model(model, "model");
    cr_expect_eq(tp_model_set_note(other, "note.a", "right"), TP_OK);
    cr_expect_eq(tp_model_set_note(other, "note.b", "text"), TP_OK);
    test_save_model(other, "other");
    test_check_same_files("model", "other");
    tp_model_destroy(other);
}

static tp_model *large_copy_of(const tp_model *original) {
    size_t size;
    tp_model *copy = NULL;
    cr_assert_eq(tp_model_write(original, NULL, 0, &size), TP_OK);
    unsigned char *bytes = malloc(size);
    cr_assert_not_null(bytes);
    cr_assert_eq(tp_model_write(original, bytes, size, &size), TP_OK);
    cr_assert_eq(tp_model_read(context, bytes, size, &copy), TP_OK, "%s", tp_test_message(context));
    free(bytes);
    return copy;
}

/* What JSON makes of the most bytes leaves the header within its limit, also with the most notes. */
Test(notes, of_the_most_bytes) {
    char *text = malloc(MOST);
    cr_assert_not_null(text);
    memset(text, '"', MOST);
    text[MOST - 6] = 0;
    set("note.a", text);
    tp_model *copy = large_copy_of(model);
    expect(copy, "note.a", text);
    tp_model_destroy(copy);
    free(text);
}

Test(notes, of_the_largest_number) {
    enum { BYTES = 9, COUNT = MOST / BYTES, STEP = 5 }; /* of each, with four digits */
    char name[16];
    for (unsigned i = 0; i < COUNT; i++) {
        snprintf(name, sizeof name, "note.%04x", i * STEP % COUNT);
        set(name, "");
    }
    refuse("note.more", "", "is too long");
    tp_model *copy = large_copy_of(model);
    for (unsigned i = 0; i < COUNT; i++) {
        snprintf(name, sizeof name, "note.%04x", i);
        cr_assert_str_eq(tp_model_note_name(copy, i), name);
    }
    cr_expect_null(tp_model_note_name(copy, COUNT));
    tp_model_destroy(copy);
}

#define WITH_NOTE(name, text) HEADER(METADATA ",\"" name "\":\"" text "\"", TENSORS)

static void refuse_file(const char *header, const char *fragment) {
    tp_model *loaded = NULL;
    tp_model_options options;
    tp_layer layers[TP_MAX_LAYERS];
    test_write_model_file("model", header, 28);
    test_check_file_failure(tp_model_load(context, tp_test_in_scratch("model"), &loaded), TP_ERR_FORMAT, fragment);
    cr_expect_null(loaded);
    test_check_file_failure(tp_model_describe_file(context, tp_test_in_scratch("model"), &options, layers),
                            TP_ERR_FORMAT, fragment);
}

Test(notes, of_files_are_checked) {
    test_accept_model(WITH_NOTE("note.a", "text\\u0009\\u007f"));
    test_accept_model(WITH_NOTE("note", "\\u0001"));
    test_accept_model(WITH_NOTE("notes.a", "\\u0001"));
    refuse_file(WITH_NOTE("note.", "text"), "__metadata__: \"note.\" is no name of a note");
    refuse_file(WITH_NOTE(NAME63 "2", "text"), "is no name of a note");
    refuse_file(WITH_NOTE("note.a", "\\u0001"), "__metadata__: \"note.a\" is not UTF-8, or has control characters");
    refuse_file(HEADER(METADATA ",\"note.a\":1", TENSORS), "\"note.a\" is not a string");
}

Test(notes, of_files_have_a_limit) {
    enum { TENSOR_BYTES = 28 };
    char *header = malloc(2 * MOST), *text = malloc(MOST + 1);
    cr_assert(header && text);
    memset(text, 'x', MOST);
    text[MOST] = 0;
    for (size_t more = 0; more < 2; more++) {
        const int length = snprintf(header + 8, 2 * MOST - 8,
                                    "{\"__metadata__\":{" METADATA ",\"note.b\":\"y\",\"note.a\":\"%s\"}," TENSORS "}",
                                    text + 13 - more);
        const uint64_t size = (uint64_t)length;
        tp_model *loaded = NULL;
        memcpy(header, &size, 8);
        memset(header + 8 + length, 0, TENSOR_BYTES);
        const tp_status status = tp_model_read(context, header, (size_t)length + 8 + TENSOR_BYTES, &loaded);
        cr_expect_eq(status, TP_ERR_FORMAT); /* zeros are not the tensors that the digest is of */
        const char *fragment = more ? "\"note.a\" is too long: all notes must have at most 65536 bytes" : "damaged";
        cr_expect(strstr(tp_test_message(context), fragment), "%s", tp_test_message(context));
    }
    free(text);
    free(header);
}
