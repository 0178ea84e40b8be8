/* SPDX-License-Identifier: BSD-3-Clause */
/* Schemas: copies, as JSON, in models and their files. */

#include "io/schema_json.h"
#include "support/model_file.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define NOT_A_NUMBER ((double)NAN)

static const char *const colours[] = {"blue", "\xe9t\xe9", ""}; /* one is not UTF-8 */
static const char *const classes[] = {"no", "yes"};
static struct tp_schema_column features[] = {
    {{"length", TP_COLUMN_NUMBER, 0, NULL, 0.1, 2.5, -1, 1e300, 3}, 0, false},
    {{"colour", TP_COLUMN_CATEGORY, 3, colours, NOT_A_NUMBER, NOT_A_NUMBER, NOT_A_NUMBER, NOT_A_NUMBER, 0}, 2, true},
    {{NULL, TP_COLUMN_NUMBER, 0, NULL, 7, 0, 7, 7, 0}, 3, false}};
static struct tp_schema_column target = {
    {"ok, \"really\"", TP_COLUMN_CATEGORY, 2, classes, NOT_A_NUMBER, NOT_A_NUMBER, NOT_A_NUMBER, NOT_A_NUMBER, 0},
    1,
    true};

static tp_context *context;
static struct tp_schema *schema;

static void set_up(void) {
    tp_test_scratch_open();
    context = tp_test_scratch.context;
    const struct tp_schema source = {.task = TP_TASK_BINARY,
                                     .missing = TP_MISSING_DROP,
                                     .unknown = TP_UNKNOWN_IGNORE,
                                     .scaling = TP_INPUT_SCALING_STANDARD,
                                     .columns = 4,
                                     .feature_count = 3,
                                     .target_count = 1,
                                     .features = features,
                                     .targets = &target};
    cr_assert_eq(tp_schema_copy(context, "test", &source, &schema), TP_OK);
}

static void tear_down(void) {
    tp_schema_release(schema);
    tp_test_scratch_close();
}

TestSuite(schema, .init = set_up, .fini = tear_down);

static void check_text(const char *expected, const char *actual) {
    cr_expect_eq(!expected, !actual);
    if (expected && actual)
        cr_expect_str_eq(expected, actual);
}

static void check_column(const tp_column *expected, const tp_column *actual) {
    check_text(expected->name, actual->name);
    cr_expect_eq(actual->kind, expected->kind);
    cr_assert_eq(actual->category_count, expected->category_count);
    for (size_t i = 0; i < expected->category_count; i++)
        check_text(expected->categories[i], actual->categories[i]);
    if (expected->kind == TP_COLUMN_NUMBER) {
        cr_expect_eq(actual->mean, expected->mean);
        cr_expect_eq(actual->deviation, expected->deviation);
        cr_expect_eq(actual->minimum, expected->minimum);
        cr_expect_eq(actual->maximum, expected->maximum);
    } else {
        cr_expect(isnan(actual->mean) && isnan(actual->deviation) && isnan(actual->minimum) && isnan(actual->maximum));
    }
    cr_expect_eq(actual->missing, expected->missing);
}

static void check_schema(const struct tp_schema *actual) {
    cr_assert(actual && actual != schema);
    cr_assert_eq(tp_schema_feature_count(actual), 3);
    cr_assert_eq(tp_schema_target_count(actual), 1);
    for (size_t i = 0; i < 3; i++) {
        check_column(&features[i].column, tp_schema_feature(actual, i));
        cr_expect_eq(actual->features[i].index, features[i].index);
        cr_expect_eq(actual->features[i].texts, features[i].texts);
    }
    check_column(&target.column, tp_schema_target(actual, 0));
    cr_expect_null(tp_schema_feature(actual, 3));
    cr_expect_null(tp_schema_target(actual, 1));
    cr_expect_eq(tp_schema_task(actual), TP_TASK_BINARY);
    cr_expect_eq(actual->missing, TP_MISSING_DROP);
    cr_expect_eq(actual->unknown, TP_UNKNOWN_IGNORE);
    cr_expect_eq(actual->columns, 4);
    cr_expect_eq(tp_schema_inputs(actual), 5);
    cr_expect_eq(tp_schema_outputs(actual), 1);
    cr_assert_eq(actual->inputs_scaled.count, 5);
    cr_expect_arr_eq(actual->inputs_scaled.mean, ((double[]){0.1, 0, 0, 0, 7}), 5 * sizeof(double));
    cr_expect_arr_eq(actual->inputs_scaled.deviation, ((double[]){2.5, 1, 1, 1, 1}), 5 * sizeof(double));
}

Test(schema, as_json_and_back) {
    char *text;
    size_t size;
    struct tp_schema *again = NULL;
    cr_assert_eq(tp_schema_to_json(context, "test", schema, &text, &size), TP_OK);
    cr_assert_eq(tp_schema_from_json(context, "path", text, size, &again), TP_OK, "%s", tp_test_message(context));
    check_schema(again);
    tp_schema_release(again);
    context->allocator.release(context->allocator.user, text);
}

static tp_model *make_model(void) {
    const tp_layer layer = {1, TP_ACTIVATION_SIGMOID, 0, 0};
    tp_model_options options;
    tp_model_options_default(&options);
    options.layers = &layer;
    options.layer_count = 1;
    cr_assert_eq(tp_schema_apply(schema, &options), TP_OK);
    cr_expect_eq(options.loss, TP_LOSS_BCE);
    cr_expect_eq(options.inputs, 5);
    return test_make_model(&options);
}

Test(schema, of_a_model_and_its_file) {
    tp_model *model = make_model();
    const size_t before = tp_test_held();
    check_schema(tp_model_schema(model));
    test_save_model(model, "model");
    test_check_memory(model, "model");
    tp_model *loaded = test_load_model("model");
    check_schema(tp_model_schema(loaded));
    tp_model_destroy(loaded);
    cr_expect_eq(tp_test_held(), before, "something leaked");
    tp_model_destroy(model);
}

Test(schema, of_models_without) {
    tp_model *model = test_small_model(1);
    cr_expect_null(tp_model_schema(model));
    test_save_model(model, "model");
    tp_model *loaded = test_load_model("model");
    cr_expect_null(tp_model_schema(loaded));
    tp_model_destroy(loaded);
    tp_model_destroy(model);
}

Test(schema, that_layers_contradict) {
    const tp_layer layer = {2, TP_ACTIVATION_SIGMOID, 0, 0};
    tp_model *model = NULL;
    tp_model_options options;
    tp_model_options_default(&options);
    options.layers = &layer;
    options.layer_count = 1;
    cr_assert_eq(tp_schema_apply(schema, &options), TP_OK);
    cr_expect_eq(tp_model_create(context, &options, &model), TP_ERR_ARGUMENT);
    cr_expect_str_eq(tp_test_message(context), "schema: it has 5 inputs and 1 outputs; the layers have other outputs");
    options.struct_size = offsetof(tp_model_options, schema);
    cr_expect_eq(tp_schema_apply(schema, &options), TP_ERR_ARGUMENT);
}

/* A change of the bytes of the schema, and of the digest, which is left out. */
static void check_file_with(const char *text, const char *with, const char *fragment) {
    size_t size;
    tp_model *model = make_model(), *loaded = NULL;
    test_save_model(model, "model");
    tp_model_destroy(model);
    char *bytes = (char *)test_bytes_of_file("model", &size);
    char *found = NULL, *digest = NULL;
    for (size_t i = 0; i + strlen(text) <= size; i++) {
        found = !memcmp(bytes + i, text, strlen(text)) ? bytes + i : found;
        digest = !memcmp(bytes + i, "sha256", 6) ? bytes + i : digest;
    }
    cr_assert(found && digest && strlen(text) == strlen(with), "%s", text);
    memcpy(found, with, strlen(with));
    memcpy(digest, "sha999", 6);
    cr_expect_eq(tp_model_load(context, tp_test_write_file("model", bytes, size), &loaded), TP_ERR_FORMAT, "%s", with);
    cr_expect(strstr(tp_test_message(context), fragment), "%s: %s", with, tp_test_message(context));
    free(bytes);
}

Test(schema, of_a_damaged_file) {
    check_file_with("\"binary\"", "\"binarz\"", "schema: \"task\" is not valid");
    check_file_with("\"standard\"", "\"standing\"", "schema: \"scaling\" is not valid");
    check_file_with("\"index\":[0,2,3]", "\"index\":[0,2,4]", "schema: \"index\" is not valid");
    check_file_with("\"index\":[0,2,3]", "\"index\":[0,203]", "schema: \"columns\" is not valid");
    check_file_with("[\"blue\",", "[       ", "schema has other inputs than the layers");
    check_file_with("[2.5,null,", "[-25,null,", "schema: \"deviation\" is not valid");
}

static void refuse(const char *text, const char *fragment) {
    struct tp_schema *made = NULL;
    const size_t before = tp_test_held();
    cr_expect_eq(tp_schema_from_json(context, "path", text, strlen(text), &made), TP_ERR_FORMAT, "%s", text);
    cr_expect(strstr(tp_test_message(context), fragment), "\"%s\" does not say \"%s\"", tp_test_message(context),
              fragment);
    cr_expect_null(made);
    cr_expect_eq(tp_test_held(), before);
}

#define BEGIN "{\"task\":\"regression\",\"missing\":\"error\",\"unknown\":\"error\",\"scaling\":\"none\",\"columns\":2,"
#define NUMBER "\"mean\":[1],\"deviation\":[1],\"minimum\":[0],\"maximum\":[2],\"missing\":[0]}"
#define FEATURES "\"features\":{\"index\":[0]," NUMBER ","

Test(schema, json_that_is_none) {
    struct tp_schema *made = NULL;
    const char *const valid = BEGIN FEATURES "\"targets\":{\"index\":[1]," NUMBER "}";
    cr_assert_eq(tp_schema_from_json(context, "path", valid, strlen(valid), &made), TP_OK, "%s",
                 tp_test_message(context));
    cr_expect_eq(made->outputs_scaled.count, 1);
    tp_schema_release(made);
    refuse("", "not valid JSON");
    refuse("[]", "\"task\"");
    refuse("[[[[[[]]]]]]", "levels of brackets");
    refuse("{\"task\":\"auto\"}", "\"task\"");
    refuse("{\"task\":\"binary\"}", "\"missing\"");
    refuse(BEGIN "\"features\":{}}", "\"index\"");
    refuse(BEGIN "\"features\":[]}", "\"index\"");
    refuse(BEGIN "\"features\":{\"index\":[0]," NUMBER "}", "\"index\"");
    refuse(BEGIN "\"features\":{\"index\":[-1]," NUMBER "}", "\"index\"");
    refuse(BEGIN "\"features\":{\"index\":[0],\"name\":[0]," NUMBER "}", "\"name\"");
    refuse(BEGIN "\"features\":{\"index\":[0],\"name\":[[256]]," NUMBER "}", "\"name\"");
    refuse(BEGIN "\"features\":{\"index\":[0],\"missing\":[0],\"mean\":[1]}}", "\"deviation\"");
    refuse(BEGIN "\"features\":{\"index\":[0],\"missing\":[0],\"categories\":[[]]}}", "\"categories\"");
    refuse(BEGIN "\"features\":{\"index\":[0],\"missing\":[0],\"categories\":[[\"a\",\"a\"]]}}", "\"categories\"");
    refuse(BEGIN FEATURES "\"targets\":{\"index\":[1],\"missing\":[0],\"categories\":[[\"a\"]]}}", "\"targets\"");
}
