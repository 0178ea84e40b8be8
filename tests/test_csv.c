/* SPDX-License-Identifier: BSD-3-Clause */
/* CSV files: what is read, whatever the threads and parts, what is refused, and why. */
#include "io/csv.h"
#include "support/scratch.h"

#include <criterion/criterion.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

static tp_context *context;

static void set_up(void) {
    tp_test_scratch_open();
    context = tp_test_scratch.context;
}

TestSuite(csv, .init = set_up, .fini = tp_test_scratch_close);

static tp_status read_with(const tp_context *with, const char *path, size_t part, const struct tp_read_options *options,
                           struct tp_table *table) {
    *table = (struct tp_table){.context = with, .path = path};
    const tp_status status = tp_csv_read_in_parts(path, options, part, table);
    if (status)
        tp_table_release(table);
    return status;
}

static void read_text(const char *text, struct tp_table *table) {
    const struct tp_read_options options = {0};
    const char *path = tp_test_write_file("file.csv", text, strlen(text));
    cr_assert_eq(read_with(context, path, 0, &options, table), TP_OK, "%s", tp_test_message(context));
}

static const char *word(const struct tp_table *table, size_t column, size_t row) {
    const struct tp_field *field = &table->fields[column];
    cr_assert(field->codes && !field->numbers);
    return field->codes[row] == TP_NO_WORD ? NULL : field->words[field->codes[row]];
}

/* ---- the same, whatever the threads and parts ---- */

static bool same_number(double a, double b) {
    return !memcmp(&a, &b, sizeof a);
}

static void expect_same(const struct tp_table *a, const struct tp_table *b, size_t part) {
    cr_assert(a->rows == b->rows && a->count == b->count, "parts of %zu", part);
    for (size_t i = 0; i < a->count; i++) {
        const struct tp_field *x = &a->fields[i], *y = &b->fields[i];
        cr_assert_eq(x->word_count, y->word_count, "parts of %zu: words of column %zu", part, i);
        for (size_t j = 0; j < x->word_count; j++)
            cr_assert_str_eq(x->words[j], y->words[j]);
        for (size_t row = 0; row < a->rows; row++) {
            cr_assert_eq(a->lines[row], b->lines[row], "parts of %zu: line of row %zu", part, row);
            cr_assert(x->codes ? x->codes[row] == y->codes[row]
                               : same_number(tp_field_number(x, row), tp_field_number(y, row)),
                      "parts of %zu: column %zu, row %zu", part, i, row);
        }
    }
}

static const char mixed[] =
    "\xef\xbb\xbf\r\n age ,\"to\"\"wn\", b\r\n1,Oslo,3\r\n\r\n2.5e3, \"Ro\nme, \"\"x\"\"\" ,NA\n"
    "  \n\"-7\",Oslo, ? \r-0,\"\",1e400\n0.1,\"a\r\n\r\nb\",nan\n,Lima ,123456789012345678901";

Test(csv, parts_and_threads) {
    static const int threads[] = {1, 2, 5};
    const struct tp_read_options options = {0};
    const char *path = tp_test_write_file("file.csv", mixed, sizeof mixed - 1);
    struct tp_table whole, table;
    cr_assert_eq(read_with(context, path, 0, &options, &whole), TP_OK, "%s", tp_test_message(context));
    for (size_t i = 0; i < COUNT(threads); i++) {
        tp_context *team = tp_test_context(NULL, threads[i]);
        for (size_t part = 1; part < sizeof mixed; part++) {
            cr_assert_eq(read_with(team, path, part, &options, &table), TP_OK, "%s", tp_test_message(team));
            expect_same(&whole, &table, part);
            tp_table_release(&table);
        }
        tp_context_destroy(team);
    }
    tp_table_release(&whole);
}

Test(csv, rules) {
    static const size_t lines[] = {3, 5, 8, 9, 10, 13};
    struct tp_table table;
    read_text(mixed, &table);
    cr_assert(table.rows == 6 && table.count == 3 && table.rank == 2);
    cr_expect_str_eq(table.fields[0].name, "age");
    cr_expect_str_eq(table.fields[1].name, "to\"wn");
    for (size_t i = 0; i < COUNT(lines); i++)
        cr_expect_eq(table.lines[i], lines[i], "row %zu begins on line %zu", i, table.lines[i]);
    cr_expect_str_eq(word(&table, 1, 1), "Ro\nme, \"x\"");
    cr_expect_str_eq(word(&table, 1, 4), "a\r\n\r\nb");
    cr_expect_null(word(&table, 1, 3));
    cr_expect_eq(table.fields[1].codes[2], 0);
    cr_expect(table.fields[0].stride == 2 && table.fields[2].numbers == (const double *)table.fields[0].numbers + 1);
    cr_expect(same_number(tp_field_number(&table.fields[0], 3), -0.0));
    cr_expect(isnan(tp_field_number(&table.fields[0], 5)) && isnan(tp_field_number(&table.fields[2], 1)));
    cr_expect(isinf(tp_field_number(&table.fields[2], 3)));
    tp_table_release(&table);
}

Test(csv, delimiters_and_names) {
    static const struct {
        const char *text, *second;
        size_t count;
    } cases[] = {{"a\tb\n1\t2\n", "b", 2}, {"a;b\n1;2\n", "b", 2}, {"a;b,c\nx,2\n", "c", 2},  {"1,2\n3,4\n", NULL, 2},
                 {"a,\n1,2\n", "2", 2},    {"a\n1", NULL, 1},      {"\"a,b\";c\n1;2", "c", 2}};
    struct tp_table table;
    for (size_t i = 0; i < COUNT(cases); i++) {
        read_text(cases[i].text, &table);
        cr_expect_eq(table.count, cases[i].count, "%s", cases[i].text);
        if (cases[i].second)
            cr_expect_str_eq(table.fields[1].name, cases[i].second);
        tp_table_release(&table);
    }
}

/* ---- numbers ---- */

static void expect_number(const char *text) {
    char line[128];
    struct tp_table table;
    snprintf(line, sizeof line, "x,y\n%s,1\n", text);
    read_text(line, &table);
    cr_assert(table.fields[0].numbers, "%s is no number", text);
    cr_expect(same_number(tp_field_number(&table.fields[0], 0), strtod(text, NULL)), "%s is %.17g", text,
              tp_field_number(&table.fields[0], 0));
    tp_table_release(&table);
}

Test(csv, numbers) {
    static const char *const texts[] = {"0",
                                        "-0",
                                        "+1.5",
                                        ".5",
                                        "5.",
                                        "1e22",
                                        "1e23",
                                        "9007199254740993",
                                        "9007199254740992e22",
                                        "1e-22",
                                        "1e-23",
                                        "123456789012345678",
                                        "12345678901234567890123",
                                        "0.000000000000000000000000000001",
                                        "4.9e-324",
                                        "2.5e-324",
                                        "1.7976931348623157e308",
                                        "1e309",
                                        "-inf",
                                        "Infinity",
                                        "1E+5",
                                        "00012.50",
                                        "0.1",
                                        "1e99999999999999999999",
                                        "1e-99999999999999999999",
                                        "8.5e-9",
                                        "2.2250738585072011e-308"};
    char text[64];
    for (size_t i = 0; i < COUNT(texts); i++)
        expect_number(texts[i]);
    for (size_t i = 0; i < 300; i++) {
        const double scale = pow(10, (double)(tp_test_random(8, i) % 60) - 30);
        snprintf(text, sizeof text, "%.*g", (int)(i % 18 + 1), scale * (double)tp_test_random(9, i));
        expect_number(text);
    }
}

Test(csv, decimal_comma_locale) {
    if (!setlocale(LC_ALL, "de_DE.UTF-8"))
        cr_skip_test(
            "NOT TESTED: no locale with a decimal comma is installed (localedef -i de_DE -f UTF-8 de_DE.UTF-8)");
    struct tp_table table;
    read_text("x\n0.12345678901234567890\n", &table);
    cr_expect(same_number(tp_field_number(&table.fields[0], 0), 0.12345678901234567890));
    tp_table_release(&table);
}

/* ---- kinds ---- */

static enum tp_field_kind third_skipped(const void *user, const char *name, size_t index) {
    (void)user, (void)name;
    return index == 2 ? TP_FIELD_SKIP : index == 1 ? TP_FIELD_TEXT : TP_FIELD_ANY;
}

Test(csv, kinds) {
    static const char text[] = "a,zip,c,d,e\n?,007,x,1,1\n1,08,1,2,x\n2,007,2,y,\n";
    const struct tp_read_options options = {.kind = third_skipped};
    struct tp_table table;
    const char *path = tp_test_write_file("file.csv", text, sizeof text - 1);
    cr_assert_eq(read_with(context, path, 0, &options, &table), TP_ERR_FORMAT); /* most of d are numbers */
    cr_expect(strstr(tp_test_message(context), ": line 4, column 'd': 'y' is not a number"));
    path = tp_test_write_file("file.csv", text, sizeof text - 1 - strlen("2,007,2,y,\n"));
    cr_assert_eq(read_with(context, path, 0, &options, &table), TP_OK, "%s", tp_test_message(context));
    cr_expect_str_eq(word(&table, 1, 0), "007");
    cr_expect(!table.fields[2].numbers && !table.fields[2].codes);
    cr_expect(table.fields[3].numbers && table.fields[4].codes); /* half of e are */
    tp_table_release(&table);
}

/* ---- what is refused ---- */

static enum tp_field_kind all_numbers(const void *user, const char *name, size_t index) {
    (void)user, (void)name, (void)index;
    return TP_FIELD_NUMBER;
}

Test(csv, refused) {
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"", ": is empty"},
        {"\n \n", ": is empty"},
        {"a,b\n", ": has no rows"},
        {"a,b\n1,2\n\n1,2,3\n", ": line 4 has 3 fields; it must have 2"},
        {"a,b\n1\n", ": line 2 has 1 fields; it must have 2"},
        {"a,age\n1,2\n3,abc\n", ": line 3, column 'age': 'abc' is not a number"},
        {"1,2\n3,0x1p3\n", ": line 2, column 2: '0x1p3' is not a number"},
        {"a,b\n1,\"2\n\n3", ": line 2, column 'b': the quote that begins here is never closed"},
        {"a,b\n1,2\"\n", ": line 2, column 'b': a quote in a field that does not begin with one"},
        {"a,b\n1,\"2\"x\n", ": line 2, column 'b': text after the quote that ends the field"},
        {"a,b,a\n1,2,3\n", ": line 1: columns 1 and 3 are both called 'a'"},
    };
    const struct tp_read_options options = {.kind = all_numbers};
    struct tp_table table;
    for (size_t i = 0; i < COUNT(cases); i++) {
        for (size_t part = 0; part < 12; part++) {
            const char *path = tp_test_write_file("file.csv", cases[i].text, strlen(cases[i].text));
            const size_t held = tp_test_held();
            cr_expect_eq(read_with(context, path, part, &options, &table), TP_ERR_FORMAT, "%s", cases[i].text);
            cr_expect(strstr(tp_test_message(context), cases[i].message), "\"%s\" does not say \"%s\"",
                      tp_test_message(context), cases[i].message);
            cr_expect_eq(tp_test_held(), held, "%s: something leaked", cases[i].text);
        }
    }
    cr_expect_eq(read_with(context, tp_test_write_file("file.csv", "a\n1\n\0", 5), 0, &options, &table), TP_ERR_FORMAT);
    cr_expect(strstr(tp_test_message(context), ": line 3: has a byte 0x00"), "%s", tp_test_message(context));
}

/* ---- where it comes from ---- */

Test(csv, gzip_and_standard_input) {
    const struct tp_read_options options = {0};
    struct tp_table plain, other;
    read_text(mixed, &plain);
    gzFile gz = gzopen(tp_test_in_scratch("file.csv.gz"), "wb");
    cr_assert_eq(gzwrite(gz, mixed, sizeof mixed - 1), (int)sizeof mixed - 1);
    gzclose(gz);
    cr_assert_eq(read_with(context, tp_test_in_scratch("file.csv.gz"), 0, &options, &other), TP_OK);
    expect_same(&plain, &other, 0);
    tp_table_release(&other);
    cr_assert(freopen(tp_test_in_scratch("file.csv"), "rb", stdin));
    cr_assert_eq(tp_read_table(context, "-", &options, &other), TP_OK, "%s", tp_test_message(context));
    expect_same(&plain, &other, 0);
    tp_table_release(&other);
    tp_table_release(&plain);
}
