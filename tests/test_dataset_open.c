/* SPDX-License-Identifier: BSD-3-Clause */
/* Files of samples: read, trained on, and read again for the model. */

#include "support/model_file.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static tp_context *context;
static tp_dataset *dataset;
static tp_dataset_options options;
static size_t held;

static void set_up(void) {
    tp_test_scratch_open();
    context = tp_test_scratch.context;
    tp_dataset_options_default(&options);
    held = tp_test_held();
}

TestSuite(open, .init = set_up, .fini = tp_test_scratch_close);

static void open_text(const char *name, const char *text) {
    const char *path = tp_test_write_file(name, text, strlen(text));
    cr_assert_eq(tp_dataset_open(context, path, &options, &dataset), TP_OK, "%s", tp_test_message(context));
}

static void refuse_text(const char *text, tp_status status, const char *fragment) {
    const char *path = tp_test_write_file("refused.csv", text, strlen(text));
    const size_t before = tp_test_held();
    tp_dataset *none = NULL;
    cr_expect_eq(tp_dataset_open(context, path, &options, &none), status, "%s", tp_test_message(context));
    cr_expect(strstr(tp_test_message(context), fragment), "\"%s\" does not say \"%s\"", tp_test_message(context),
              fragment);
    cr_expect_eq(tp_test_held(), before, "something leaked");
}

static void close_dataset(void) {
    tp_dataset_destroy(dataset);
    cr_expect_eq(tp_test_held(), held, "something leaked");
}

#define TABLE                                                                                                          \
    "name,length,colour,weight,species\n"                                                                              \
    "a,1,red,1,x\n"                                                                                                    \
    "b,2.5,blue,0,y\n"                                                                                                 \
    "c,NA,red,2,x\n"                                                                                                   \
    "d,4,green,1,z\n"

Test(open, a_table_with_every_role) {
    options.target = "species";
    options.weight = "weight";
    options.id = "name";
    options.missing = TP_MISSING_DROP;
    open_text("table.csv", TABLE);
    const tp_data *data = tp_dataset_data(dataset);
    const tp_schema *schema = tp_dataset_schema(dataset);
    cr_assert_eq(data->samples, 3);
    cr_expect_eq(data->features, 4, "length, blue, green and red");
    cr_expect_eq(tp_schema_feature_count(schema), 2);
    cr_expect_str_eq(tp_dataset_id(dataset, 2), "d");
    cr_expect_eq(tp_dataset_row(dataset, 2), 3);
    cr_expect_null(tp_dataset_id(dataset, 3));
    cr_expect_eq(data->weights[data->rows[1]], 0);
    cr_expect_eq(data->classes[data->rows[2]], 2);
    cr_expect_null(tp_dataset_validation(dataset));
    close_dataset();
}

/* What is made of the file is in a temporary file where memory has no room for it. */
Test(open, samples_larger_than_memory) {
    options.target = "species";
    options.ignore = "name,weight";
    options.missing = TP_MISSING_MEAN;
    open_text("table.csv", TABLE);
    double in_memory[16];
    memcpy(in_memory, tp_dataset_data(dataset)->doubles, sizeof in_memory);
    tp_dataset_destroy(dataset);
    options.memory = 64;
    open_text("table.csv", TABLE);
    cr_expect_arr_eq(tp_dataset_data(dataset)->doubles, in_memory, sizeof in_memory);
    close_dataset();
}

Test(open, lines_of_a_file_are_in_messages) {
    options.ignore = "name,weight";
    refuse_text(TABLE, TP_ERR_FORMAT, "1 row with missing values: line 4 ('length')");
    options.ignore = "nam";
    refuse_text(TABLE, TP_ERR_ARGUMENT, "ignore: no column 'nam' among 5; the nearest: 'name'");
}

static tp_model *train(void) {
    const size_t outputs = tp_schema_outputs(tp_dataset_schema(dataset));
    const tp_layer layer = {outputs, outputs == 1 ? TP_ACTIVATION_SIGMOID : TP_ACTIVATION_SOFTMAX, 0, 0};
    tp_model_options shape;
    tp_train_options how;
    tp_trainer *trainer = NULL;
    tp_model_options_default(&shape);
    tp_train_options_default(&how);
    shape.layers = &layer;
    shape.layer_count = 1;
    cr_assert_eq(tp_schema_apply(tp_dataset_schema(dataset), &shape), TP_OK);
    tp_model *model = test_make_model(&shape);
    how.validation = tp_dataset_validation(dataset);
    cr_assert_eq(tp_trainer_create(model, tp_dataset_data(dataset), &how, NULL, 0, &trainer), TP_OK, "%s",
                 tp_test_message(context));
    cr_expect_eq(tp_trainer_run(trainer), TP_OK, "%s", tp_test_message(context));
    tp_trainer_destroy(trainer);
    return model;
}

static void predict(const tp_model *model, float *y) {
    tp_workspace *workspace = NULL;
    cr_assert_eq(tp_workspace_create(model, TEST_WORKSPACE(4, TP_MODE_INFERENCE), NULL, 0, &workspace), TP_OK);
    cr_expect_eq(tp_predict(model, workspace, tp_dataset_data(dataset), &(const tp_outputs){.floats = y}), TP_OK, "%s",
                 tp_test_message(context));
    tp_workspace_destroy(workspace);
}

/* A model knows how it was trained: no option is needed, and columns may be in any order. */
Test(open, other_data_for_a_model) {
    float first[12] = {0}, second[12] = {0};
    options.missing = TP_MISSING_MEAN;
    options.ignore = "name,weight";
    options.folds = 4;
    open_text("table.csv", TABLE);
    tp_model *model = train();
    tp_dataset_destroy(dataset);
    test_save_model(model, "model");
    tp_model_destroy(model);
    model = test_load_model("model");
    tp_dataset_options_default(&options);
    options.schema = tp_model_schema(model);
    open_text("table.csv", TABLE);
    cr_expect_not_null(tp_dataset_data(dataset)->classes);
    predict(model, first);
    tp_dataset_destroy(dataset);
    open_text("other.csv", "colour,extra,length\nred,?,1\nblue,?,2.5\nred,?,\ngreen,?,4\n");
    cr_expect_null(tp_dataset_data(dataset)->classes);
    predict(model, second);
    cr_expect(tp_test_same_bits(first, second, 12, "predictions"));
    tp_dataset_destroy(dataset);
    refuse_text("colour,wide\nred,1\n", TP_ERR_FORMAT, "has no column 'length', a feature of the model");
    refuse_text("colour,length\nred,long\n", TP_ERR_FORMAT, "long");
    tp_model_destroy(model);
}

/* An NPY file is used where it is. */
Test(open, a_matrix_of_floats) {
    enum { ROWS = 3, COLUMNS = 3, HEAD = 128 };
    static const float values[ROWS][COLUMNS] = {{1, 2, 0.5f}, {3, 4, 1.5f}, {5, 6, 2.5f}};
    char file[HEAD + sizeof values] = "\x93NUMPY\x01";
    memset(file + 8, ' ', HEAD - 8);
    file[8] = HEAD - 10;
    file[9] = 0;
    file[HEAD - 1] = '\n';
    static const char head[] = "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 3), }";
    memcpy(file + 10, head, sizeof head - 1);
    memcpy(file + HEAD, values, sizeof values);
    const char *path = tp_test_write_file("m.npy", file, sizeof file);
    cr_assert_eq(tp_dataset_open(context, path, NULL, &dataset), TP_OK, "%s", tp_test_message(context));
    const tp_data *data = tp_dataset_data(dataset);
    cr_assert_not_null(data->floats);
    cr_expect_eq(data->sample_stride, 3);
    cr_expect_eq(data->features, 2);
    cr_expect_eq(data->floats[4], 4);
    cr_expect_eq(data->values, data->floats + 2);
    cr_expect_eq(tp_schema_task(tp_dataset_schema(dataset)), TP_TASK_REGRESSION);
    close_dataset();
}

Test(open, directories_as_before) {
    static const unsigned char images[] = {0, 0, 8, 3, 0, 0, 0, 3, 0, 0, 0, 1, 0, 0, 0, 2, 1, 2, 3, 4, 5, 6};
    static const unsigned char labels[] = {0, 0, 8, 1, 0, 0, 0, 3, 0, 3, 0};
    tp_test_write_file("train-images-idx3-ubyte", images, sizeof images);
    tp_test_write_file("train-labels-idx1-ubyte", labels, sizeof labels);
    tp_dataset *loaded = NULL;
    cr_assert_eq(tp_dataset_load(context, tp_test_scratch.path, TP_SPLIT_TRAIN, &loaded), TP_OK);
    cr_assert_eq(tp_dataset_open(context, tp_test_scratch.path, NULL, &dataset), TP_OK, "%s", tp_test_message(context));
    const tp_data *a = tp_dataset_data(loaded), *b = tp_dataset_data(dataset);
    cr_expect_eq(b->samples, a->samples);
    cr_expect_eq(b->features, a->features);
    cr_expect_eq(b->outputs, a->outputs);
    cr_expect_arr_eq(b->bytes, a->bytes, 6);
    cr_expect_arr_eq(b->classes, a->classes, 3 * sizeof(int32_t));
    cr_expect_null(tp_dataset_schema(loaded));
    cr_expect_eq(tp_schema_task(tp_dataset_schema(dataset)), TP_TASK_MULTICLASS);
    tp_dataset_destroy(loaded);
    close_dataset();
}

/* For a model of which nobody knows the data: numbers in the order of the columns. */
Test(open, inputs_alone_without_a_schema) {
    options.no_target = true;
    options.id = "name";
    open_text("inputs.csv", "a,name,b\n1,x,2\n3,y,4.5\n5,z,6\n");
    const tp_data *data = tp_dataset_data(dataset);
    cr_expect_eq(data->samples, 3);
    cr_assert_eq(data->features, 2);
    cr_expect_arr_eq(data->doubles, ((const double[]){1, 2, 3, 4.5, 5, 6}), 6 * sizeof(double));
    cr_expect(!data->classes && !data->values && !data->double_values && !data->outputs);
    cr_expect_str_eq(tp_dataset_id(dataset, 1), "y");
    cr_expect_eq(tp_schema_target_count(tp_dataset_schema(dataset)), 0);
    cr_expect_eq(tp_schema_inputs(tp_dataset_schema(dataset)), 2);
    cr_expect_eq(tp_schema_task(tp_dataset_schema(dataset)), TP_TASK_AUTO);
    close_dataset();
}

Test(open, targets_that_are_known_are_no_inputs) {
    options.no_target = true;
    open_text("inputs.svm", "1 1:2 3:4\n0 2:1\n");
    cr_expect_eq(tp_dataset_data(dataset)->features, 3, "not the label");
    tp_dataset_destroy(dataset);
    options.target = "species";
    options.ignore = "name,colour";
    options.missing = TP_MISSING_DROP;
    open_text("table.csv", TABLE);
    cr_expect_eq(tp_dataset_data(dataset)->features, 2, "length and weight");
    cr_expect_eq(tp_dataset_data(dataset)->samples, 3, "a row is dropped");
    close_dataset();
}

Test(open, inputs_without_a_schema_are_numbers) {
    options.no_target = true;
    refuse_text("a,b\n1,2\n3,red\n", TP_ERR_FORMAT, "line 3, column 'b': 'red' is not a number");
    refuse_text("a,b\n1,2\n3,\n", TP_ERR_FORMAT, "line 3 ('b'); the option 'missing' can be drop");
}

/* A sparse row has as many features as the model, although its own largest index is smaller. */
Test(open, sparse_rows) {
    open_text("train.svm", "1 1:2 3:4\n0 2:1\n");
    tp_model *model = train();
    tp_dataset_destroy(dataset);
    options.schema = tp_model_schema(model);
    open_text("test.svm", "0 1:7\n");
    cr_expect_eq(tp_dataset_data(dataset)->features, 3);
    tp_dataset_destroy(dataset);
    tp_model_destroy(model);
}
