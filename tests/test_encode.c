/* SPDX-License-Identifier: BSD-3-Clause */
/* What becomes of columns: roles, tasks, statistics, categories, missing values, samples. */

#include "core/digits.h"
#include "support/scratch.h"
#include "table/plan.h"

#include <criterion/criterion.h>
#include <float.h>
#include <math.h>
#include <string.h>

#define ROWS 6
#define NONE TP_NO_WORD

static const double length[ROWS] = {1, 2, 3, 4, 5, 9};
static const double width[ROWS] = {0.5, 0.5, 0.5, 0.5, 0.5, 0.5};
static const uint32_t colour_codes[ROWS] = {0, 1, 0, 2, 1, 0};
static const char *const colours[] = {"red", "blue", "green"};
static const uint32_t species_codes[ROWS] = {1, 0, 1, 2, 2, 0};
static const char *const species[] = {"setosa", "Virginica", "ibis"};

static struct tp_field fields[8], used_fields[8];
static struct tp_table table, used; /* a copy is used, because fields can change */
static tp_dataset_options options;
static struct tp_samples samples;
static char notes[1024];
static size_t held;

static void keep_note(void *user, tp_status status, const char *message) {
    (void)user;
    if (!status)
        strncat(notes, message, sizeof notes - strlen(notes) - 1);
}

static struct tp_field numbers(const char *name, const double *values) {
    return (struct tp_field){.name = name, .numbers = values, .type = TP_NUMBER_F64, .stride = 1};
}

static struct tp_field texts(const char *name, const uint32_t *codes, const char *const *words, size_t count) {
    return (struct tp_field){.name = name, .codes = codes, .words = words, .word_count = count};
}

static void set_up(void) {
    tp_test_scratch_open();
    tp_test_scratch.context->on_message = keep_note;
    fields[0] = numbers("length", length);
    fields[1] = numbers("width", width);
    fields[2] = texts("colour", colour_codes, colours, 3);
    fields[3] = texts("species", species_codes, species, 3);
    table = (struct tp_table){
        .context = tp_test_scratch.context, .path = "t", .rows = ROWS, .count = 4, .fields = fields, .rank = 2};
    tp_dataset_options_default(&options);
    held = tp_test_held();
}

TestSuite(encode, .init = set_up, .fini = tp_test_scratch_close);

static tp_status run(void) {
    memcpy(used_fields, fields, sizeof fields);
    used = table;
    used.fields = used_fields;
    return tp_table_samples(&used, &options, NULL, &samples);
}

static void make(void) {
    const tp_status status = run();
    cr_assert_eq(status, TP_OK, "%s", tp_test_message(table.context));
}

static void done(void) {
    tp_schema_release(samples.schema);
    tp_table_release(&used);
    cr_expect_eq(tp_test_held(), held, "something leaked");
}

static void refuse(tp_status expected, const char *fragment) {
    const tp_status status = run();
    const char *message = tp_test_message(table.context);
    cr_expect_eq(status, expected, "%d: %s", (int)status, message);
    cr_expect(strstr(message, fragment), "\"%s\" does not say \"%s\"", message, fragment);
    done();
}

Test(encode, columns_become_inputs_and_classes) {
    make();
    const tp_schema *schema = samples.schema;
    cr_expect_eq(tp_schema_task(schema), TP_TASK_MULTICLASS);
    cr_expect_eq(tp_schema_inputs(schema), 5);
    cr_expect_eq(tp_schema_outputs(schema), 3);
    cr_expect_str_eq(tp_schema_feature(schema, 2)->categories[0], "blue");
    cr_expect_str_eq(tp_schema_target(schema, 0)->categories[0], "Virginica");
    cr_expect_str_eq(tp_schema_target(schema, 0)->categories[2], "setosa");
    cr_expect_eq(tp_schema_feature(schema, 0)->mean, 4);
    cr_expect_float_eq(tp_schema_feature(schema, 0)->deviation, sqrt(40.0 / 6), 1e-15);
    cr_expect_eq(tp_schema_feature(schema, 0)->maximum, 9);
    const double row[] = {3, 0.5, 0, 0, 1}, last[] = {9, 0.5, 0, 0, 1};
    cr_expect_arr_eq(samples.data.doubles + 2 * 5, row, sizeof row);
    cr_expect_arr_eq(samples.data.doubles + 5 * 5, last, sizeof last);
    cr_expect_arr_eq(samples.data.classes, ((int32_t[]){0, 2, 0, 1, 1, 2}), ROWS * sizeof(int32_t));
    cr_expect_eq(samples.data.outputs, 3);
    cr_expect_null(samples.data.rows);
    cr_expect(strstr(notes, "target 'species': 3 different texts: multiclass"), "%s", notes);
    done();
}

Test(encode, a_matrix_is_taken_as_it_is) {
    static const float matrix[ROWS][4] = {{1, 2, 3, 0}, {4, 5, 6, 1}, {7, 8, 9, 0}, {1, 1, 1, 1}, {2, 2, 2, 0}};
    for (size_t i = 0; i < 4; i++)
        fields[i] = (struct tp_field){.numbers = &matrix[0][i], .type = TP_NUMBER_F32, .stride = 4};
    make();
    cr_expect_eq(samples.data.floats, matrix[0]);
    cr_expect_eq(samples.data.sample_stride, 4);
    cr_expect_eq(samples.data.value_stride, 1);
    cr_expect_eq(samples.data.features, 3);
    cr_expect_eq(tp_schema_task(samples.schema), TP_TASK_BINARY);
    cr_expect_eq(tp_schema_outputs(samples.schema), 1);
    cr_expect_str_eq(tp_schema_target(samples.schema, 0)->categories[1], "1");
    done();
}

Test(encode, targets_of_a_matrix_are_taken_as_they_are) {
    static const double matrix[ROWS][4] = {{1, 2.5, 3, 0.5}, {4, 5, 6, 1}, {7, 8, 9, 0}, {1, 1, 1, 1}, {2, 2, 2, 0}};
    for (size_t i = 0; i < 4; i++)
        fields[i] = (struct tp_field){.numbers = &matrix[0][i], .type = TP_NUMBER_F64, .stride = 4};
    options.target = "2,4";
    make();
    cr_expect_eq(samples.data.double_values, &matrix[0][1]);
    cr_expect_eq(samples.data.target_stride, 2);
    cr_expect_eq(samples.data.doubles, matrix[0]);
    cr_expect_eq(samples.data.value_stride, 2);
    cr_expect_eq(tp_schema_task(samples.schema), TP_TASK_REGRESSION);
    cr_expect_eq(samples.schema->outputs_scaled.count, 2);
    cr_expect_eq(samples.schema->outputs_scaled.mean[1], tp_schema_target(samples.schema, 1)->mean);
    done();
}

Test(encode, bytes_of_images_are_scaled_to_one) {
    static const uint8_t matrix[ROWS][4] = {{1, 2, 3, 0}, {4, 5, 6, 1}, {7, 8, 9, 3}, {1, 1, 1, 1}, {2, 2, 2, 0}};
    for (size_t i = 0; i < 4; i++)
        fields[i] = (struct tp_field){.numbers = &matrix[0][i], .type = TP_NUMBER_U8, .stride = 4};
    table.rank = 3;
    table.targets = 1;
    table.class_numbers = true;
    make();
    cr_expect_eq(samples.data.bytes, matrix[0]);
    cr_expect_eq(samples.schema->inputs_scaled.count, 1);
    cr_expect_eq(*samples.schema->inputs_scaled.deviation, 255);
    cr_expect_eq(tp_schema_outputs(samples.schema), 4, "class 2 counts although no row has it");
    cr_expect_eq(samples.data.classes[2], 3);
    done();
}

Test(encode, roles_by_name_and_number) {
    options.target = " \"length\" ";
    options.ignore = "3";
    options.categories = "width";
    options.id = "species";
    make();
    cr_expect_eq(samples.id, 3);
    cr_expect_eq(tp_schema_feature_count(samples.schema), 1);
    cr_expect_eq(tp_schema_feature(samples.schema, 0)->kind, TP_COLUMN_CATEGORY);
    cr_expect_str_eq(tp_schema_feature(samples.schema, 0)->categories[0], "0.5");
    cr_expect_eq(tp_schema_task(samples.schema), TP_TASK_MULTICLASS, "6 different integers");
    done();
}

Test(encode, roles_that_are_refused) {
    options.target = "lenght";
    refuse(TP_ERR_ARGUMENT, "target: no column 'lenght' among 4; the nearest: 'length'");
    options.target = "5";
    refuse(TP_ERR_ARGUMENT, "target: no column 5: there are 1..4");
    options.target = "species";
    options.ignore = "4,colour";
    refuse(TP_ERR_ARGUMENT, "column 'species' is in ignore and in target");
    options.ignore = "1,2,3";
    refuse(TP_ERR_FORMAT, "none is left as a feature");
    options.ignore = NULL;
    options.weight = "colour";
    refuse(TP_ERR_FORMAT, "weight 'colour': the column has texts");
    options.weight = NULL;
    fields[1].name = "length";
    refuse(TP_ERR_FORMAT, "two features are called 'length'");
}

Test(encode, tasks_that_do_not_fit) {
    options.task = TP_TASK_BINARY;
    refuse(TP_ERR_ARGUMENT, "target 'species': 3 different texts: task binary does not fit; the one that does is "
                            "multiclass");
    options.task = TP_TASK_REGRESSION;
    refuse(TP_ERR_ARGUMENT, "the one that does is multiclass");
    options.target = "width";
    options.task = TP_TASK_MULTICLASS;
    refuse(TP_ERR_ARGUMENT, "target 'width': 1 different numbers: task multiclass does not fit; the one that does is "
                            "regression");
    options.target = "width,colour";
    options.task = TP_TASK_AUTO;
    refuse(TP_ERR_FORMAT, "2 targets of which some are texts; several targets must be numbers");
}

Test(encode, missing_values) {
    static const double gaps[ROWS] = {1, (double)NAN, 3, 4, (double)NAN, 10};
    static const uint32_t colour_gaps[ROWS] = {0, 1, NONE, 2, 1, 0};
    fields[0] = numbers("length", gaps);
    fields[2].codes = colour_gaps;
    refuse(TP_ERR_FORMAT, "3 rows with missing values: row 2 ('length'), row 3 ('colour'), row 5 ('length')");
    options.missing = TP_MISSING_MEAN;
    make();
    cr_expect_eq(tp_schema_feature(samples.schema, 0)->mean, 4.5);
    cr_expect_eq(tp_schema_feature(samples.schema, 0)->missing, 2);
    cr_expect_eq(samples.data.doubles[5], 4.5);
    cr_expect_arr_eq(samples.data.doubles + 12, ((double[]){0, 0, 0}), 3 * sizeof(double));
    done();
    options.missing = TP_MISSING_DROP;
    make();
    cr_expect_eq(samples.data.samples, 3);
    cr_expect_arr_eq(samples.data.rows, ((uint32_t[]){0, 3, 5}), 3 * sizeof(uint32_t));
    cr_expect_eq(tp_schema_feature(samples.schema, 0)->mean, 5);
    cr_expect(strstr(notes, "3 of 6 rows have missing values and are left out"), "%s", notes);
    done();
}

Test(encode, missing_values_are_kept) {
    static const double gap[ROWS] = {1, NAN, 3, 4, 5, 6};
    static const uint32_t gap_codes[ROWS] = {0, 1, NONE, 1, 0, 1};
    fields[0] = numbers("length", gap);
    fields[2] = texts("colour", gap_codes, colours, 2);
    options.keep_missing = true;
    make();
    for (size_t row = 0; row < ROWS; row++) {
        const double *inputs = samples.data.doubles + row * samples.data.features;
        cr_expect_eq(isnan(inputs[0]) != 0, row == 1);
        cr_expect_eq(isnan(inputs[2]) != 0, row == 2);
        cr_expect_eq(isnan(inputs[3]) != 0, row == 2);
    }
    done();
    options.missing = TP_MISSING_DROP;
    make();
    cr_expect_eq(samples.data.samples, ROWS - 2);
    done();
}

/* As the inputs of a category are. */
Test(encode, one_hot_numbers_are_not_scaled) {
    static const double one_hot[ROWS] = {1, 0, 0, NAN, 0, 0};
    fields[1] = numbers("colour=red", one_hot);
    fields[1].one_hot = true;
    options.missing = TP_MISSING_MEAN;
    make();
    cr_expect_eq(samples.schema->inputs_scaled.mean[1], 0);
    cr_expect_eq(samples.schema->inputs_scaled.deviation[1], 1);
    cr_expect_eq(samples.data.doubles[3 * samples.data.features + 1], 0);
    done();
    options.schema_only = true;
    make();
    cr_expect_eq(tp_schema_feature(samples.schema, 1)->mean, 0.2);
    done();
}

Test(encode, targets_and_weights_must_be_there) {
    static const uint32_t gaps[ROWS] = {0, 1, NONE, 2, 1, 0};
    static const size_t lines[ROWS] = {2, 3, 5, 6, 7, 8};
    static const double weights[ROWS] = {1, 2, -1, 0, 1, 1};
    fields[3].codes = gaps;
    table.lines = lines;
    options.missing = TP_MISSING_MEAN;
    refuse(TP_ERR_FORMAT, "1 row with missing values: line 5 ('species'); a row needs its target");
    fields[3].codes = species_codes;
    fields[1] = numbers("width", weights);
    options.weight = "width";
    refuse(TP_ERR_FORMAT, "line 5: weight -1; it must be finite and at least 0");
}

Test(encode, infinite_numbers) {
    static const double values[ROWS] = {1, 2, 3, (double)-INFINITY};
    fields[1] = numbers("width", values);
    options.missing = TP_MISSING_DROP;
    refuse(TP_ERR_FORMAT, "row 4, column 'width': the number is infinite");
}

Test(encode, rows_that_are_held_out) {
    options.folds = 3;
    make();
    cr_expect_eq(samples.data.samples, 4);
    cr_expect_eq(samples.held_out.samples, 2);
    cr_expect_eq(samples.held_out.rows, samples.data.rows + 4);
    double sum = 0;
    for (size_t i = 0; i < 4; i++)
        sum += length[samples.data.rows[i]];
    cr_expect_float_eq(tp_schema_feature(samples.schema, 0)->mean, sum / 4, 1e-15);
    done();
}

Test(encode, rows_are_dropped_before_others_are_held_out) {
    static const double gaps[ROWS] = {(double)NAN, 2, 3, 4, 5, 9};
    fields[0] = numbers("length", gaps);
    options.missing = TP_MISSING_DROP;
    options.validation_fraction = 0.2;
    options.keep_order = true;
    make();
    cr_expect_arr_eq(samples.data.rows, ((uint32_t[]){1, 2, 3, 4}), 4 * sizeof(uint32_t));
    cr_assert_eq(samples.held_out.samples, 1);
    cr_expect_eq(*samples.held_out.rows, 5);
    cr_expect_eq(tp_schema_feature(samples.schema, 0)->mean, 3.5);
    done();
    options.validation_fraction = 0;
    options.folds = 6;
    refuse(TP_ERR_ARGUMENT, "folds is 6, but there are 5 samples");
}

Test(encode, classes_of_numbers_are_sorted_by_value) {
    static const double values[ROWS] = {10, 3, -1, 10, 3, 3};
    fields[3] = numbers("class", values);
    make();
    cr_expect_str_eq(tp_schema_target(samples.schema, 0)->categories[0], "-1");
    cr_expect_str_eq(tp_schema_target(samples.schema, 0)->categories[2], "10");
    cr_expect_arr_eq(samples.data.classes, ((int32_t[]){2, 1, 0, 2, 1, 1}), ROWS * sizeof(int32_t));
    done();
}

/* ---- with the schema of other data ---- */

static struct tp_schema *of_training(void) {
    make();
    struct tp_schema *schema = samples.schema;
    tp_table_release(&used);
    options.schema = schema;
    held = tp_test_held();
    return schema;
}

Test(encode, as_many_digits_as_tell_numbers_apart) {
    static const struct {
        double value;
        bool is_float;
        int least, digits;
    } numbers[] = {{0.1, false, 1, 1},
                   {0.1, false, 15, 15},
                   {1.0 / 3, false, 1, 16},
                   {0.1 + 0.2, false, 1, 17},
                   {(double)0.1F, true, 1, 1},
                   {(double)0.1F, false, 1, 17},
                   {(double)16777216.0F, true, 1, 8},
                   {(double)FLT_MAX, true, 1, 8},
                   {(double)(1 / 3.0F), true, 1, 8},
                   {0x1.cf7664p+6, true, 1, 9},
                   {100, false, 1, 1}};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        cr_expect_eq(tp_shortest_digits(numbers[i].value, numbers[i].is_float, numbers[i].least), numbers[i].digits,
                     "%a", numbers[i].value);
}

Test(encode, columns_are_found_by_name) {
    struct tp_schema *schema = of_training();
    const struct tp_field there[] = {fields[3], numbers("other", width), fields[2], fields[1], fields[0]};
    memcpy(fields, there, sizeof there);
    table.count = 5;
    make();
    cr_expect_arr_eq(samples.data.doubles + 10, ((double[]){3, 0.5, 0, 0, 1}), 5 * sizeof(double));
    cr_expect_eq(samples.data.classes[1], 2);
    done();
    fields[0] = fields[1];
    make();
    cr_expect_null(samples.data.classes, "targets may be absent");
    done();
    table.count = 4;
    refuse(TP_ERR_FORMAT, "has no column 'length', a feature of the model");
    tp_schema_release(schema);
}

Test(encode, columns_are_found_by_number) {
    for (size_t i = 0; i < 4; i++)
        fields[i].name = NULL;
    options.target = "2";
    struct tp_schema *schema = of_training();
    options.target = NULL;
    make();
    cr_expect_eq(samples.data.double_values, width);
    done();
    fields[1] = fields[2];
    fields[2] = fields[3];
    table.count = 3;
    make();
    cr_expect_null(samples.data.double_values);
    cr_expect_eq(samples.data.doubles[0], 1);
    cr_expect_eq(samples.data.doubles[3], 1, "red is the last of three");
    done();
    table.count = 2;
    refuse(TP_ERR_FORMAT, "has 2 columns; without names there must be 4 as in training, or the 3 features");
    tp_schema_release(schema);
}

Test(encode, categories_that_training_had_not) {
    static const char *const more[] = {"red", "pink", "green"};
    struct tp_schema *schema = of_training();
    fields[2].words = more;
    refuse(TP_ERR_FORMAT, "row 2, column 'colour': 'pink' is a category that the training rows do not have");
    options.unknown = TP_UNKNOWN_IGNORE;
    make();
    cr_expect_arr_eq(samples.data.doubles + 7, ((double[]){0, 0, 0}), 3 * sizeof(double));
    done();
    fields[2].words = colours;
    fields[3].words = more;
    refuse(TP_ERR_FORMAT, "'pink' is none of the classes of the model");
    tp_schema_release(schema);
}
