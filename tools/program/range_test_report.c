/* SPDX-License-Identifier: BSD-3-Clause */
#include "range_test.h"
#include "report.h"

#include <math.h>

#define ROWS 16 /* two for each decade of rates */

/* ---- text ---- */

static void print_table(const struct range_test *test) {
    printf("%13s %14s\n", "learning rate", "smoothed loss");
    for (size_t row = 0; row <= ROWS; row++) {
        const size_t i = row * (test->planned - 1) / ROWS;
        if (i < test->count)
            printf("%13.2g %14.4f\n", test->points[i].rate, test->points[i].smoothed);
    }
}

static void print_end(const struct range_test *test) {
    static const char *const reasons[] = {[RANGE_ROSE] = "the smoothed loss was over 4 times its least",
                                          [RANGE_NOT_FINITE] = "the loss was no longer finite"};
    if (test->end != RANGE_ALL)
        printf("%-11s after %zu of %zu steps: %s\n", "stopped", test->count, test->planned, reasons[test->end]);
}

static void print_suggestion(const struct range_test *test) {
    if (!test->fell) {
        printf("%-11s nothing: the loss did not fall\n", "suggested");
        return;
    }
    printf("%-11s %.2g, where the smoothed loss falls fastest\n", "steepest", test->steepest->rate);
    printf("%-11s %.2g, where it is least: %.4f\n", "minimum", test->least->rate, test->least->smoothed);
    printf("%-11s --lr %.2g, a tenth of the minimum: far enough below divergence. The\n"
           "%-11s steepest descent is that of the first steps, and mostly slower.\n",
           "suggested", test->suggested, "");
}

static void print_text(const struct range_test *test) {
    const tp_context *context = test->session->context;
    print_table(test);
    print_end(test);
    print_suggestion(test);
    printf("%-11s %.2f s, %s, %d threads\n", "time", test->seconds, tp_context_isa(context),
           tp_context_threads(context));
}

/* ---- JSON ---- */

static json_t *list_of(const struct range_test *test, size_t member) {
    json_t *list = report_list();
    for (size_t i = 0; i < test->count; i++)
        report_append(list, json_real(*(const double *)((const unsigned char *)&test->points[i] + member)));
    return list;
}

static void print_json(const struct range_test *test) {
    json_t *report = report_new();
    report_real(report, "suggested_rate", test->fell ? test->suggested : (double)NAN);
    report_real(report, "steepest_rate", test->fell ? test->steepest->rate : (double)NAN);
    report_real(report, "minimum_rate", test->fell ? test->least->rate : (double)NAN);
    report_real(report, "minimum_loss", test->fell ? test->least->smoothed : (double)NAN);
    report_integer(report, "steps", test->count);
    report_integer(report, "planned_steps", test->planned);
    report_truth(report, "diverged", test->end != RANGE_ALL);
    report_member(report, "rates", list_of(test, offsetof(struct range_point, rate)));
    report_member(report, "losses", list_of(test, offsetof(struct range_point, loss)));
    report_member(report, "smoothed_losses", list_of(test, offsetof(struct range_point, smoothed)));
    report_real(report, "seconds", test->seconds);
    report_context(report, test->session->context);
    report_write(report, stdout);
}

void range_test_print(const struct range_test *test) {
    (test->options->json ? print_json : print_text)(test);
}

const struct report_key range_test_keys[] = {
    {"suggested_rate", "a tenth of minimum_rate; null if the loss did not fall, like the next three"},
    {"steepest_rate", "where the smoothed loss falls fastest"},
    {"minimum_rate", "where the smoothed loss is least"},
    {"minimum_loss", "the smoothed loss there"},
    {"steps", "done"},
    {"planned_steps", "from the lowest rate to the highest"},
    {"diverged", "whether the test ended before them"},
    {"rates", "list: learning rate of each step"},
    {"losses", "list: loss of each step before its update"},
    {"smoothed_losses", "list: exponentially weighted means of the losses so far"},
    {"seconds", "of training, without loading"},
    {"isa", "instruction set"},
    {"threads", "at most so many"},
    {0},
};
