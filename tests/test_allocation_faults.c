/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The first allocation fails, the second, ... until an operation works: each time it says that memory ran out, nothing
 * leaks, and outputs, parameters and files are what they were. Of the context (the C library's), jansson and zlib; not
 * what OpenMP and the C library allocate for themselves.
 */

#include "core/context.h"
#include "io/csv.h"
#include "io/format.h"
#include "support/archives.h"
#include "support/faults.h"
#include "support/lone_rank.h"
#include "support/scratch.h"
#include "support/tables.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum { IN = 6, HIDDEN = 9, OUT = 3, SAMPLES = 40, PARAMETERS = IN * HIDDEN + HIDDEN + HIDDEN * OUT + OUT };
enum { MAX_FILE = 4096 };
#define UNTOUCHED 0x5a
#define NOTE "note.of_the_model"
#define NOTE_TEXT "a text that is longer than the first buffer of jansson, which has 16 bytes"

/* What the operations work on, and everything that they may write. */
static struct {
    tp_context *context;
    tp_model *model;
    tp_packed *packed;
    tp_workspace *workspace;
    tp_trainer *trainer;
    tp_snapshot *snapshot;
    float x[SAMPLES * IN], b[SAMPLES * IN];
    int32_t classes[SAMPLES];
    tp_data data;
    unsigned char bytes[MAX_FILE]; /* of the model's file */
    size_t size;
    struct outputs {
        tp_context *context;
        tp_model *model;
        tp_workspace *workspace;
        tp_optimizer *optimizer;
        tp_trainer *trainer;
        tp_snapshot *snapshot;
        tp_packed *packed;
        tp_dataset *dataset;
        tp_output *output;
        tp_idx idx;
        struct tp_table table;
        unsigned char bytes[MAX_FILE];
        size_t needed;
        float c[SAMPLES * SAMPLES], y[SAMPLES * OUT];
        tp_score score;
    } out;
} all;

static const tp_layer layers[] = {{HIDDEN, TP_ACTIVATION_LEAKY_RELU, 0.01f, 0}, {OUT, TP_ACTIVATION_SOFTMAX, 0, 0}};

static tp_model_options model_options(void) {
    tp_model_options options;
    tp_model_options_default(&options);
    options.inputs = IN;
    options.layer_count = 2;
    options.layers = layers;
    /* as long as a double is in a file: jansson enlarges its buffer for it */
    static const double mean = -2.2250738585072014e-308, deviation = 1.2345678901234567e-30;
    options.inputs_scaled = (tp_scaling){1, &mean, &deviation};
    return options;
}

static tp_train_options train_options(void) {
    tp_train_options options;
    tp_train_options_default(&options);
    options.batch = 16;
    options.epochs = 2;
    options.validation_fraction = 0.25;
    options.average = 0.5;
    options.keep = TP_KEEP_BEST;
    return options;
}

static size_t gzip(const void *data, size_t size, unsigned char *out) {
    z_stream z = {.next_in = (Bytef *)(uintptr_t)data, .avail_in = (uInt)size, .next_out = out, .avail_out = MAX_FILE};
    cr_assert_eq(deflateInit2(&z, 9, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY), Z_OK);
    cr_assert_eq(deflate(&z, Z_FINISH), Z_STREAM_END);
    deflateEnd(&z);
    return z.total_out;
}

/* Arrays that are read and not mapped, and names of their columns. */
static void write_arrays(void) {
#define MATRIX "{'descr': '>f4', 'fortran_order': False, 'shape': (2, 2)}"
#define NAMES "{'descr': '|S1', 'fortran_order': False, 'shape': (4,)}"
    static const unsigned char matrix[16] = {0x3f, 0x80, 0, 0, 0x40};
    unsigned char file[256];
    tp_test_write_file("table.npy", file, tp_test_npy(file, 1, MATRIX, matrix, sizeof matrix));
#ifdef TP_HAVE_LIBZIP
    const char *npz = tp_test_in_scratch("table.npz");
    tp_test_npz_add(npz, "X.npy", MATRIX, matrix, sizeof matrix, ZIP_CM_DEFLATE);
    tp_test_npz_add(npz, "y.npy", MATRIX, matrix, sizeof matrix, ZIP_CM_STORE);
    tp_test_npz_add(npz, "names.npy", NAMES, "abcd", 4, ZIP_CM_STORE);
#endif
#ifdef TP_HAVE_HDF5
    tp_test_hdf5_write(tp_test_in_scratch("table.h5"), 2, 2, (const double[]){1, 2, 3, 4}, (const double[]){0, 1});
#endif
}

/* "begin" and "end": where a run is before its first step and after its last one. The trainer goes back. */
static void write_checkpoints(void) {
    cr_assert_eq(tp_trainer_save(all.trainer, tp_test_in_scratch("begin")), TP_OK);
    cr_assert_eq(tp_trainer_run(all.trainer), TP_OK);
    cr_assert_eq(tp_trainer_save(all.trainer, tp_test_in_scratch("end")), TP_OK);
    cr_assert_eq(tp_trainer_resume(all.trainer, tp_test_in_scratch("begin")), TP_OK);
}

static tp_status export_to_layers(const tp_model *model) {
    tp_output *output = NULL;
    tp_status status = tp_output_create(all.context, tp_test_in_scratch("layers"), &output);
    if (!status)
        status = tp_model_export_torch(model, output, NULL);
    tp_output_destroy(output);
    return status;
}

static tp_status export_layers(void) {
    return export_to_layers(all.model);
}

static tp_status export_source(void) {
    tp_output *output = NULL;
    tp_status status = tp_output_create(all.context, tp_test_in_scratch("source"), &output);
    if (!status)
        status = tp_model_export_c(all.model, output, NULL);
    tp_output_destroy(output);
    return status;
}

static tp_status import_layers(void) {
    return tp_model_import_torch(all.context, tp_test_in_scratch("layers"), NULL, &all.out.model);
}

/* Of which nobody knows the data. */
static tp_status import_plain_layers(void) {
    tp_exchange_options options;
    tp_exchange_options_default(&options);
    options.activation_count = 1, options.activations = &(const tp_activation){TP_ACTIVATION_SOFTMAX};
    return tp_model_import_torch(all.context, tp_test_in_scratch("plain"), &options, &all.out.model);
}

#ifdef TP_HAVE_LIBPROTOBUF_C
static tp_status export_to_onnx(const tp_model *model) {
    tp_output *output = NULL;
    tp_status status = tp_output_create(all.context, tp_test_in_scratch("onnx"), &output);
    if (!status)
        status = tp_model_export_onnx(model, output);
    tp_output_destroy(output);
    return status;
}

static tp_status export_onnx(void) {
    return export_to_onnx(all.model);
}

static tp_status import_onnx(void) {
    return tp_model_import_onnx(all.context, tp_test_in_scratch("onnx"), NULL, &all.out.model);
}

static tp_status write_onnx_to_memory(void) {
    return tp_model_write_onnx(all.model, all.out.bytes, sizeof all.out.bytes, &all.out.needed);
}
#endif

static void write_files(void) {
    static const unsigned char images[] = {0, 0, 8, 3, 0, 0, 0, 3, 0, 0, 0, 1, 0, 0, 0, 2, 10, 11, 12, 13, 14, 15};
    static const unsigned char labels[] = {0, 0, 8, 1, 0, 0, 0, 3, 4, 200, 0};
    static const unsigned char i16[] = {0, 0, 11, 1, 0, 0, 0, 2, 1, 2, 3, 4};
    static const char libsvm[] = "0 1:1 2:7\n1 1:2 2:8\n";
    static const char plain[] =
        "\111\0\0\0\0\0\0\0{\"weight\":{\"dtype\":\"F32\",\"shape\":[2,1],\"data_offsets\":[0,8]}}            "
        "\0\0\200?\0\0\0@";
    static const char table[] = "age,town\n1,Oslo\n2,Rome\n3,Oslo\n";
    unsigned char packed[MAX_FILE];
    tp_test_write_file("table.csv", table, sizeof table - 1);
    tp_test_write_file("table.svm", libsvm, sizeof libsvm - 1);
    write_arrays();
    tp_test_write_file("train-images-idx3-ubyte", images, sizeof images);
    tp_test_write_file("train-labels-idx1-ubyte", labels, sizeof labels);
    tp_test_write_file("i16", i16, sizeof i16);
    tp_test_write_file("images.gz", packed, gzip(images, sizeof images, packed));
    tp_test_write_file("t10k-images-idx3-ubyte.gz", packed, gzip(images, sizeof images, packed));
    tp_test_write_file("t10k-labels-idx1-ubyte.gz", packed, gzip(labels, sizeof labels, packed));
    tp_test_write_file("plain", plain, sizeof plain - 1);
    cr_assert_eq(export_layers(), TP_OK);
#ifdef TP_HAVE_LIBPROTOBUF_C
    cr_assert_eq(export_onnx(), TP_OK);
#endif
    cr_assert_eq(tp_model_save(all.model, tp_test_in_scratch("model")), TP_OK);
    cr_assert_eq(tp_model_save(all.model, tp_test_in_scratch("old")), TP_OK);
    cr_assert_eq(tp_model_write(all.model, all.bytes, sizeof all.bytes, &all.size), TP_OK);
}

static void set_up(void) {
    const tp_model_options model = model_options();
    const tp_train_options train = train_options();
    tp_test_scratch_open();
    tp_test_fill(all.x, SAMPLES * IN, 1, -1, 1);
    tp_test_fill(all.b, SAMPLES * IN, 2, -1, 1);
    tp_test_fill_classes(all.classes, SAMPLES, 3, OUT);
    all.data = (tp_data){.samples = SAMPLES, .features = IN, .floats = all.x, .classes = all.classes, .outputs = OUT};
    cr_assert_eq(
        tp_context_create(&(tp_context_options){.struct_size = sizeof(tp_context_options), .threads = 2}, &all.context),
        TP_OK);
    cr_assert_eq(tp_model_create(all.context, &model, &all.model), TP_OK);
    cr_assert_eq(tp_model_set_note(all.model, NOTE, NOTE_TEXT), TP_OK);
    cr_assert_eq(tp_packed_create(all.context, TP_TRANSPOSE_YES, IN, SAMPLES, all.b, IN, NULL, 0, &all.packed), TP_OK);
    cr_assert_eq(tp_workspace_create(all.model, TEST_WORKSPACE(SAMPLES, TP_MODE_TRAINING), NULL, 0, &all.workspace),
                 TP_OK);
    cr_assert_eq(tp_trainer_create(all.model, &all.data, &train, NULL, 0, &all.trainer), TP_OK);
    cr_assert_eq(tp_snapshot_create(all.trainer, NULL, 0, &all.snapshot), TP_OK);
    cr_assert_eq(tp_snapshot_take(all.snapshot), TP_OK);
    write_checkpoints();
    write_files();
    memset(&all.out, UNTOUCHED, sizeof all.out);
}

static void tear_down(void) {
    tp_snapshot_destroy(all.snapshot);
    tp_trainer_destroy(all.trainer);
    tp_workspace_destroy(all.workspace);
    tp_packed_destroy(all.packed);
    tp_model_destroy(all.model);
    tp_context_destroy(all.context);
    tp_test_scratch_close();
}

TestSuite(allocation_faults, .init = set_up, .fini = tear_down);

/* ---- operations, and what releases what they made ---- */

static char heard[512];

static void hear(void *user, tp_status status, const char *message) {
    (void)user, (void)status;
    snprintf(heard, sizeof heard, "%s", message);
}

static tp_status make_context(void) {
    return tp_context_create(
        &(tp_context_options){.struct_size = sizeof(tp_context_options), .threads = 2, .message = hear},
        &all.out.context);
}

static tp_status make_model(void) {
    const tp_model_options options = model_options();
    return tp_model_create(all.context, &options, &all.out.model);
}

/* More of them than there is room for at first. */
static tp_status make_noted_model(void) {
    const tp_model_options options = model_options();
    char name[] = "note.a";
    tp_model *model = NULL;
    tp_status status = tp_model_create(all.context, &options, &model);
    for (; !status && name[5] < 'k'; name[5]++)
        status = tp_model_set_note(model, name, "text");
    if (!status)
        status = tp_model_set_note(model, "note.a", "another text");
    if (status)
        tp_model_destroy(model);
    else
        all.out.model = model;
    return status;
}

static tp_status make_inference(void) {
    return tp_workspace_create(all.model, TEST_WORKSPACE(SAMPLES, TP_MODE_INFERENCE), NULL, 0, &all.out.workspace);
}

static tp_status make_workspace(void) {
    return tp_workspace_create(all.model, TEST_WORKSPACE(SAMPLES, TP_MODE_TRAINING), NULL, 0, &all.out.workspace);
}

static tp_status make_optimizer(void) {
    tp_optimizer_options options;
    tp_optimizer_options_default(&options);
    return tp_optimizer_create(all.model, &options, NULL, 0, &all.out.optimizer);
}

static tp_status make_trainer(void) {
    const tp_train_options options = train_options();
    return tp_trainer_create(all.model, &all.data, &options, NULL, 0, &all.out.trainer);
}

static tp_status make_packed(void) {
    return tp_packed_create(all.context, TP_TRANSPOSE_YES, IN, SAMPLES, all.b, IN, NULL, 0, &all.out.packed);
}

static tp_status multiply(void) {
    return tp_sgemm(all.context, TP_TRANSPOSE_NO, TP_TRANSPOSE_YES, SAMPLES, SAMPLES, IN, 0.5f, all.x, IN, all.b, IN, 0,
                    all.out.c, SAMPLES, NULL, 0);
}

static tp_status multiply_bf16(void) {
    return tp_bf16gemm(all.context, TP_TRANSPOSE_NO, TP_TRANSPOSE_YES, SAMPLES, SAMPLES, IN, TP_PRECISION_F32, all.x,
                       IN, TP_PRECISION_F32, all.b, IN, 0, all.out.c, SAMPLES, NULL, 0);
}

static tp_status multiply_packed(void) {
    return tp_sgemm_packed(all.context, TP_TRANSPOSE_NO, SAMPLES, 0.5f, all.x, IN, all.packed, 0, NULL, all.out.c,
                           SAMPLES, NULL, 0);
}

static tp_status save(void) {
    return tp_model_save(all.model, tp_test_in_scratch("model"));
}

static tp_status make_output(void) {
    return tp_output_create(all.context, tp_test_in_scratch("model"), &all.out.output);
}

static void release_output(void) {
    tp_output_destroy(all.out.output);
}

static tp_status describe(void) {
    tp_model_options options;
    tp_layer layer[TP_MAX_LAYERS];
    return tp_model_describe_file(all.context, tp_test_in_scratch("model"), &options, layer);
}

static tp_status load(void) {
    return tp_model_load(all.context, tp_test_in_scratch("model"), &all.out.model);
}

static tp_status write_to_memory(void) {
    return tp_model_write(all.model, all.out.bytes, sizeof all.out.bytes, &all.out.needed);
}

static tp_status measure(void) {
    return tp_model_write(all.model, NULL, 0, &all.out.needed);
}

static tp_status read_from_memory(void) {
    return tp_model_read(all.context, all.bytes, all.size, &all.out.model);
}

static tp_status read_idx(void) {
    return tp_idx_read(all.context, tp_test_in_scratch("train-images-idx3-ubyte"), &all.out.idx);
}

static tp_status read_gzipped_idx(void) {
    return tp_idx_read(all.context, tp_test_in_scratch("images.gz"), &all.out.idx);
}

static tp_status take_table(tp_status status, struct tp_table *table) {
    if (status)
        tp_table_release(table);
    else
        all.out.table = *table;
    return status;
}

/* One part: allocations of one thread come in the same order each time. */
static tp_status read_csv(void) {
    const struct tp_read_options options = {0};
    struct tp_table table = {.context = all.context, .path = tp_test_in_scratch("table.csv")};
    return take_table(tp_csv_read_in_parts(table.path, &options, MAX_FILE, &table), &table);
}

static tp_status read_table(const struct tp_format *format, const char *name) {
    const struct tp_read_options options = {0};
    struct tp_table table = {.context = all.context, .path = tp_test_in_scratch(name)};
    return take_table(format->read(table.path, &options, &table), &table);
}

static tp_status read_libsvm(void) {
    return read_table(&tp_svmlight_format, "table.svm");
}

static tp_status read_npy(void) {
    return read_table(&tp_npy_format, "table.npy");
}

#ifdef TP_HAVE_LIBZIP
static tp_status read_npz(void) {
    return read_table(&tp_npz_format, "table.npz");
}
#endif

#ifdef TP_HAVE_HDF5
static tp_status read_hdf5(void) {
    return read_table(&tp_hdf5_format, "table.h5");
}
#endif

static tp_status convert_idx(void) {
    tp_idx idx;
    tp_status status = tp_idx_read(all.context, tp_test_in_scratch("i16"), &idx);
    if (status)
        return status;
    status = tp_idx_to_samples(all.context, "i16", &idx);
    if (status)
        tp_idx_release(all.context, &idx);
    else
        all.out.idx = idx;
    return status;
}

static tp_status load_dataset(void) {
    return tp_dataset_load(all.context, tp_test_scratch.path, TP_SPLIT_TRAIN, &all.out.dataset);
}

static tp_status load_gzipped_dataset(void) {
    return tp_dataset_load(all.context, tp_test_scratch.path, TP_SPLIT_TEST, &all.out.dataset);
}

static tp_status open_dataset(void) {
    tp_dataset_options options;
    tp_dataset_options_default(&options);
    options.folds = 2;
    return tp_dataset_open(all.context, tp_test_scratch.path, &options, &all.out.dataset);
}

static tp_status open_inputs(void) {
    tp_dataset_options options;
    tp_dataset_options_default(&options);
    options.no_target = true;
    options.missing = TP_MISSING_DROP;
    return tp_dataset_open(all.context, tp_test_in_scratch("table.svm"), &options, &all.out.dataset);
}

/* A model with the schema of that data set, in memory. */
static tp_status make_described_model(tp_dataset *dataset, tp_model **model) {
    const tp_layer layer = {tp_schema_outputs(tp_dataset_schema(dataset)), TP_ACTIVATION_SOFTMAX, 0, 0};
    tp_model_options options;
    tp_model_options_default(&options);
    options.layers = &layer;
    options.layer_count = 1;
    const tp_status status = tp_schema_apply(tp_dataset_schema(dataset), &options);
    return status ? status : tp_model_create(all.context, &options, model);
}

static tp_status copy_described_model(void) {
    tp_dataset *dataset = NULL;
    tp_model *model = NULL;
    tp_status status = tp_dataset_open(all.context, tp_test_scratch.path, NULL, &dataset);
    if (!status)
        status = make_described_model(dataset, &model);
    static unsigned char bytes[4 * MAX_FILE];
    size_t size = 0;
    if (!status)
        status = tp_model_write(model, bytes, sizeof bytes, &size);
    if (!status)
        status = tp_model_read(all.context, bytes, size, &all.out.model);
    tp_model_destroy(model);
    tp_dataset_destroy(dataset);
    return status;
}

static tp_status exchange_described_model(void) {
    tp_dataset *dataset = NULL;
    tp_model *model = NULL;
    tp_status status = tp_dataset_open(all.context, tp_test_scratch.path, NULL, &dataset);
    if (!status)
        status = make_described_model(dataset, &model);
    if (!status)
        status = export_to_layers(model);
    if (!status)
        status = import_layers();
    tp_model_destroy(model);
    tp_dataset_destroy(dataset);
    return status;
}

#ifdef TP_HAVE_LIBPROTOBUF_C
static tp_status exchange_described_onnx(void) {
    tp_dataset *dataset = NULL;
    tp_model *model = NULL;
    tp_status status = tp_dataset_open(all.context, tp_test_scratch.path, NULL, &dataset);
    if (!status)
        status = make_described_model(dataset, &model);
    if (!status)
        status = export_to_onnx(model);
    if (!status)
        status = import_onnx();
    tp_model_destroy(model);
    tp_dataset_destroy(dataset);
    return status;
}
#endif

static tp_status train(void) {
    return tp_trainer_run(all.trainer);
}

static tp_status make_snapshot(void) {
    return tp_snapshot_create(all.trainer, NULL, 0, &all.out.snapshot);
}

/* Over the model, whose file must stay what it is if memory runs out. */
static tp_status save_trainer(void) {
    return tp_trainer_save(all.trainer, tp_test_in_scratch("model"));
}

static tp_status save_snapshot(void) {
    return tp_snapshot_save(all.snapshot, tp_test_in_scratch("model"));
}

static tp_status resume(void) {
    return tp_trainer_resume(all.trainer, tp_test_in_scratch("end"));
}

static tp_status evaluate(void) {
    return tp_evaluate(all.model, all.workspace, &all.data, &all.out.score, NULL);
}

static tp_status predict(void) {
    return tp_predict(all.model, all.workspace, &all.data, &(const tp_outputs){.floats = all.out.y});
}

static tp_status evaluate_in_group(void) {
    const tp_group group = {sizeof group, 0, 1, NULL, start_nothing, finish_nothing, NULL};
    return tp_group_evaluate(all.model, all.workspace, &all.data, &group, &all.out.score, NULL);
}

static void release_context(void) {
    tp_context_destroy(all.out.context);
}

static void release_model(void) {
    tp_model_destroy(all.out.model);
}

static void release_workspace(void) {
    tp_workspace_destroy(all.out.workspace);
}

static void release_optimizer(void) {
    tp_optimizer_destroy(all.out.optimizer);
}

static void release_trainer(void) {
    tp_trainer_destroy(all.out.trainer);
}

static void release_snapshot(void) {
    tp_snapshot_destroy(all.out.snapshot);
}

static void check_checkpoint(void) {
    cr_expect_eq(tp_trainer_resume(all.trainer, tp_test_in_scratch("model")), TP_OK);
    cr_assert_eq(rename(tp_test_in_scratch("old"), tp_test_in_scratch("model")), 0);
    cr_assert_eq(tp_model_save(all.model, tp_test_in_scratch("old")), TP_OK);
}

static void go_back(void) {
    cr_expect_eq(tp_trainer_epochs(all.trainer), 2);
    cr_assert_eq(tp_trainer_resume(all.trainer, tp_test_in_scratch("begin")), TP_OK);
}

static void release_packed(void) {
    tp_packed_destroy(all.out.packed);
}

static void release_table(void) {
    tp_table_release(&all.out.table);
}

static void release_idx(void) {
    tp_idx_release(all.context, &all.out.idx);
}

static void release_dataset(void) {
    tp_dataset_destroy(all.out.dataset);
}

static void check_loaded(void) {
    float expected[PARAMETERS], actual[PARAMETERS];
    tp_model_options options, loaded;
    cr_assert_eq(tp_model_get_parameters(all.model, expected, PARAMETERS), TP_OK);
    cr_assert_eq(tp_model_get_parameters(all.out.model, actual, PARAMETERS), TP_OK);
    cr_expect(tp_test_same_bits(expected, actual, PARAMETERS, "parameters of the loaded model"));
    cr_assert_eq(tp_model_describe(all.model, &options), TP_OK);
    cr_assert_eq(tp_model_describe(all.out.model, &loaded), TP_OK);
    cr_expect_eq(loaded.inputs_scaled.count, 1);
    cr_expect_eq(*loaded.inputs_scaled.mean, *options.inputs_scaled.mean);
    cr_expect_eq(*loaded.inputs_scaled.deviation, *options.inputs_scaled.deviation);
    cr_expect_str_eq(tp_model_note(all.out.model, NOTE), NOTE_TEXT);
    release_model();
}

static void check_written(void) {
    cr_expect_eq(all.out.needed, all.size);
    cr_expect_eq(memcmp(all.out.bytes, all.bytes, all.size), 0);
    cr_expect_eq(all.out.bytes[all.size], UNTOUCHED);
}

static void check_measured(void) {
    cr_expect_eq(all.out.needed, all.size);
}

static const struct operation {
    const char *name;
    tp_status (*run)(void);
    void (*release)(void); /* may be NULL */
    size_t least;          /* allocations that it makes: more than this is no error, except for 0 */
    bool parses;           /* a header, which is parsed again if one allocation fails */
} operations[] = {
    {"tp_context_create", make_context, release_context, 1},
    {"tp_model_create", make_model, release_model, 1},
    {"tp_model_set_note", make_noted_model, release_model, 14},
    {"tp_workspace_create for inference", make_inference, release_workspace, 1},
    {"tp_workspace_create for training", make_workspace, release_workspace, 1},
    {"tp_optimizer_create", make_optimizer, release_optimizer, 1},
    {"tp_trainer_create", make_trainer, release_trainer, 1},
    {"tp_packed_create", make_packed, release_packed, 1},
    {"tp_sgemm", multiply, NULL, 1},
    {"tp_bf16gemm", multiply_bf16, NULL, 1},
    {"tp_sgemm_packed", multiply_packed, NULL, 1},
    {"tp_model_save", save, NULL, 50},
    {"tp_model_export_torch", export_layers, NULL, 50},
    {"tp_model_export_c", export_source, NULL, 1},
    {"tp_model_import_torch", import_layers, release_model, 50, true},
    {"tp_model_import_torch of other tensors", import_plain_layers, release_model, 20, true},
#ifdef TP_HAVE_LIBPROTOBUF_C
    {"tp_model_export_onnx", export_onnx, NULL, 50},
    {"tp_model_write_onnx", write_onnx_to_memory, NULL, 50},
    {"tp_model_import_onnx", import_onnx, check_loaded, 50, true},
    {"an ONNX file with a schema", exchange_described_onnx, release_model, 50, true},
#endif
    {"tp_output_create", make_output, release_output, 1},
    {"tp_model_describe_file", describe, NULL, 50, true},
    {"tp_model_load", load, check_loaded, 50, true},
    {"tp_model_write", write_to_memory, check_written, 50},
    {"tp_model_write of nothing", measure, check_measured, 50},
    {"tp_model_read", read_from_memory, check_loaded, 50, true},
    {"tp_idx_read", read_idx, release_idx, 1},
    {"tp_idx_read, gzipped", read_gzipped_idx, release_idx, 3},
    {"a CSV file", read_csv, release_table, 15},
    {"a libsvm file", read_libsvm, release_table, 9},
    {"an NPY file", read_npy, release_table, 3},
#ifdef TP_HAVE_LIBZIP
    {"an NPZ file", read_npz, release_table, 12},
#endif
#ifdef TP_HAVE_HDF5
    {"an HDF5 file", read_hdf5, release_table, 4},
#endif
    {"tp_idx_to_samples", convert_idx, release_idx, 2},
    {"tp_dataset_load", load_dataset, release_dataset, 4},
    {"tp_dataset_load, gzipped", load_gzipped_dataset, release_dataset, 8},
    {"tp_dataset_open", open_dataset, release_dataset, 20},
    {"inputs without a schema", open_inputs, release_dataset, 10},
    {"a model with a schema", copy_described_model, release_model, 50, true},
    {"layers with a schema", exchange_described_model, release_model, 50, true},
    {"tp_snapshot_create", make_snapshot, release_snapshot, 1},
    {"tp_snapshot_save", save_snapshot, check_checkpoint, 100},
    {"tp_trainer_save", save_trainer, check_checkpoint, 100},
    {"tp_trainer_resume", resume, go_back, 150, true},
    {"tp_trainer_run", train, NULL, 0},
    {"tp_evaluate", evaluate, NULL, 0},
    {"tp_predict", predict, NULL, 0},
    {"tp_group_evaluate", evaluate_in_group, NULL, 1},
};

/* ---- the sweep ---- */

static size_t read_file(const char *name, char *data) {
    FILE *file = fopen(tp_test_in_scratch(name), "rb");
    cr_assert_not_null(file);
    const size_t size = fread(data, 1, MAX_FILE, file);
    fclose(file);
    return size;
}

static void check_file(const char *name) {
    char old[MAX_FILE], now[MAX_FILE];
    const size_t size = read_file("old", old);
    cr_expect(read_file("model", now) == size && !memcmp(old, now, size), "%s: the file changed", name);
}

static void check_refusal(const struct operation *operation, tp_status status, const struct outputs *before,
                          const float *parameters, uint64_t steps) {
    const char *name = operation->name;
    const char *message = operation->run == make_context ? heard : tp_test_message(all.context);
    float now[PARAMETERS];
    cr_expect_eq(status, TP_ERR_MEMORY, "%s: allocation %zu of %zu: %s (%s)", name, test_faults.refuse,
                 test_faults.allocations, tp_status_text(status), message);
    cr_expect(strstr(message, "allocate"), "%s: \"%s\"", name, message);
    cr_expect_eq(memcmp(before, &all.out, sizeof *before), 0, "%s: an output changed", name);
    cr_assert_eq(tp_model_get_parameters(all.model, now, PARAMETERS), TP_OK);
    cr_expect(tp_test_same_bits(parameters, now, PARAMETERS, "parameters after %s", name));
    cr_expect_eq(tp_trainer_steps(all.trainer), steps, "%s: the trainer changed", name);
    check_file(name);
}

/* Refuses allocation n, and all after it if rest is set; false if the operation did not get that far and worked. */
static bool try(const struct operation *operation, size_t n, bool rest) {
    static struct outputs before;
    float parameters[PARAMETERS];
    before = all.out;
    cr_assert_eq(tp_model_get_parameters(all.model, parameters, PARAMETERS), TP_OK);
    const uint64_t steps = tp_trainer_steps(all.trainer);
    const size_t held = tp_test_held();
    test_faults_reset();
    test_faults.refuse = n;
    test_faults.refuse_rest = rest;
    const long live = test_faults.live;
    test_faults.armed = true;
    const tp_status status = operation->run();
    test_faults.armed = false;
    const bool overcome = operation->parses && !rest && status == TP_OK;
    if (test_faults.refused && !overcome) {
        check_refusal(operation, status, &before, parameters, steps);
    } else {
        cr_assert_eq(status, TP_OK, "%s: %s", operation->name, tp_status_text(status));
        if (operation->release)
            operation->release();
        all.out = before;
    }
    cr_expect_eq(test_faults.live, live, "%s: allocation %zu: %ld blocks leaked", operation->name, n,
                 test_faults.live - live);
    cr_expect_eq(tp_test_held(), held, "%s: allocation %zu: something leaked", operation->name, n);
    return test_faults.refused;
}

static void sweep(bool rest) {
    for (size_t i = 0; i < sizeof operations / sizeof *operations; i++) {
        size_t n = 0;
        while (try(&operations[i], n, rest))
            n++;
        cr_expect(n >= operations[i].least && (n == 0 || operations[i].least), "%s: %zu allocations",
                  operations[i].name, n);
    }
}

Test(allocation_faults, one_allocation_fails) {
    sweep(false);
}

Test(allocation_faults, all_allocations_fail_from_one_on) {
    sweep(true);
}
