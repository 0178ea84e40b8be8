/* SPDX-License-Identifier: BSD-3-Clause */
/* The text of libsvm and svmlight. */
#include "io/number.h"
#include "support/scratch.h"
#include "support/tables.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

static const struct tp_read_options defaults;

TestSuite(svmlight, .init = tp_test_scratch_open, .fini = tp_test_scratch_close);

static const char *write_text(const char *text) {
    return tp_test_write_file("a.svm", text, strlen(text));
}

Test(svmlight, rows) {
    const double numbers[] = {1, 0, 0, -1, 0.5, 0, 0, 2, -1.5, 0, 0, 3};
    const double padded[] = {1, 0, 0, 0, 7};
    struct tp_table table =
        tp_test_read_table(write_text("# all\n\n-1 1:1 # first\r\n2 qid:3 1:.5\n3 1:-15e-1 "), &defaults);
    tp_table_release(&table);
    table = tp_test_read_table(write_text("# all\n\n-1 1:1 # first\r\n2 qid:3 1:.5\n3 1:-15e-1 3:0"), &defaults);
    tp_test_expect_numbers(&table, numbers, 3, 4);
    cr_expect_eq(table.targets, 1);
    cr_expect(table.lines[0] == 3 && table.lines[1] == 4 && table.lines[2] == 5);
    tp_table_release(&table);
    const struct tp_read_options four = {.features = 4};
    table = tp_test_read_table(write_text("7 1:1\n"), &four);
    tp_test_expect_numbers(&table, padded, 1, 5);
    tp_table_release(&table);
    tp_test_refuse_table(write_text("7 5:1\n"), &four, TP_ERR_FORMAT, "line 1: '5:1' has an index above 4");
}

Test(svmlight, refused) {
    static const struct {
        const char *text, *fragment;
    } rows[] = {
        {"1 1:1\n1 0:1\n", "line 2: '0:1' has the index 0; indices count from 1"},
        {"1 2:1 2:1\n", "line 1: '2:1' has an index that is not larger"},
        {"1 1:1\n1,3 2:1\n", "line 2: '1,3' is a list of labels"},
        {"1 1:1\nx 2:1\n", "line 2: 'x' is not a number"},
        {"1 1:1\n1 2\n", "line 2: '2' is not index:value"},
        {"1 1:x\n", "line 1: '1:x' has a value that is not a number"},
        {"1 1:1e39\n", "too large for a 32-bit float"},
        {"1 999999999:1\n", "with an index of 1..99999999"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        tp_test_refuse_table(write_text(rows[i].text), &defaults, TP_ERR_FORMAT, rows[i].fragment);
    tp_test_refuse_table(write_text("# nothing\n"), &defaults, TP_ERR_FORMAT, "has no rows");
}

/* More than any disk has room for. */
Test(svmlight, one_line_cannot_ask_for_all_memory) {
    static char text[100000 * 6 + 100];
    char *end = stpcpy(text, "1 1:1\n1 99999999:1 \n1 99999999:2\n");
    for (size_t i = 0; i < 100000; i++)
        end = stpcpy(end, "1 2:3\n");
    tp_test_refuse_table(write_text(text), &defaults, TP_ERR_MEMORY,
                         "line 2 has the index 99999999: a matrix of 100003 rows and 99999999 columns is larger than ");
}

Test(svmlight, numbers) {
    static struct {
        char text[32];
        double value;
    } rows[] = {
        {"0", 0},
        {"-12.5", -12.5},
        {"+.25", .25},
        {"5.", 5},
        {"1e300", 1e300},
        {"123456789012345678", 123456789012345680.0},
        {"0.1", 0.1},
        {"9007199254740993", 9007199254740992},
        {"4.9e-324", 4.9e-324},
        {"1.7976931348623157e308", 1.7976931348623157e308},
        {"inf", INFINITY},
    };
    static char bad[][8] = {"", "-", ".", "1,5", "0x10", " 1", "1 ", "1e", "--1", "+-1", "nan(1)", "1-2"};
    double value;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        cr_expect(tp_parse_number(rows[i].text, &value) && value == rows[i].value, "%s: %.17g", rows[i].text, value);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        cr_expect(!tp_parse_number(bad[i], &value), "%s", bad[i]);
}
