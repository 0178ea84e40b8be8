/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Every public function leaves the process and every thread of its team as it found them, in the default environment
 * and in an odd one: rounding up, flushing subnormals, signals blocked and handled, pinned, in another locale. The
 * argument is the public header, whose functions must all have been called.
 */

#include "core/context.h"
#include "support/guest.h"
#include "support/lone_rank.h"
#include "support/process.h"
#include "support/tap.h"

#include <limits.h>
#include <math.h>
#include <omp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_CALLED 256

static const char *header;
static const char *called[MAX_CALLED];
static size_t called_count;
static char isas[64]; /* that this machine can run */
static struct test_process_state before;
static char what[64]; /* scenario and instruction set */

static void note(const char *function) {
    for (size_t i = 0; i < called_count; i++)
        if (strcmp(called[i], function) == 0)
            return;
    if (called_count < MAX_CALLED)
        called[called_count++] = function;
}

static void check_state(const char *function) {
    struct test_process_state after;
    test_process_state(&after);
    const char *difference = test_process_difference(&before, &after);
    test_tap_check(!difference, "%s changed the %s (%s)", function, difference ? difference : "", what);
    if (difference)
        before = after; /* blame the next one only for what it does itself */
}

/* Calls a function and looks what it changed besides its arguments. */
#define CALL(function, ...)                                                                                            \
    do {                                                                                                               \
        note(#function);                                                                                               \
        function(__VA_ARGS__);                                                                                         \
        check_state(#function);                                                                                        \
    } while (0)

/* The same for a function that must return status. */
#define EXPECT(status, function, ...)                                                                                  \
    do {                                                                                                               \
        note(#function);                                                                                               \
        const tp_status actual = function(__VA_ARGS__);                                                                \
        check_state(#function);                                                                                        \
        test_tap_check(actual == (status), "%s: %s (%s)", #function, tp_status_text(actual), what);                    \
    } while (0)

/* ------------------------------------------------------------------------------------------------------------ calls */

static struct test_guest guest;

static void call_products(void) {
    enum { M = 48, N = 33, K = 20 };
    static float c[M * N];
    tp_packed *packed = NULL;
    CALL(tp_sgemm_workspace_size, guest.context, M, N, K);
    EXPECT(TP_OK, tp_sgemm, guest.context, TP_TRANSPOSE_NO, TP_TRANSPOSE_NO, M, N, K, 1, guest.x, K, guest.x, N, 0, c,
           N, NULL, 0);
    static uint16_t bits[K * N];
    CALL(tp_bf16gemm_workspace_size, guest.context, M, N, K);
    EXPECT(TP_OK, tp_bf16_from_f32, guest.context, bits, guest.x, K * N);
    EXPECT(TP_OK, tp_bf16gemm, guest.context, TP_TRANSPOSE_NO, TP_TRANSPOSE_NO, M, N, K, TP_PRECISION_F32, guest.x, K,
           TP_PRECISION_BF16, bits, N, 0, c, N, NULL, 0);
    EXPECT(TP_OK, tp_bf16_to_f32, guest.context, c, bits, K * N);
    CALL(tp_packed_size, guest.context, K, N);
    EXPECT(TP_OK, tp_packed_create, guest.context, TP_TRANSPOSE_NO, K, N, guest.x, N, NULL, 0, &packed);
    EXPECT(TP_OK, tp_packed_update, packed, TP_TRANSPOSE_YES, guest.x, K);
    EXPECT(TP_OK, tp_sgemm_packed, guest.context, TP_TRANSPOSE_NO, M, 1, guest.x, K, packed, 0, NULL, c, N, NULL, 0);
    CALL(tp_packed_destroy, packed);
}

enum { OPEN_FILES = 2 }; /* of an output: directory and temporary file */

static void call_output(const tp_model *model, bool save) {
    tp_output *output = NULL;
    before.descriptors += OPEN_FILES;
    EXPECT(TP_OK, tp_output_create, guest.context, "model.safetensors", &output);
    CALL(tp_output_is, output, "model.safetensors");
    if (save) {
        EXPECT(TP_OK, tp_model_save_to, model, output);
    } else {
        EXPECT(TP_OK, tp_output_write, output, "not saved", 9);
        EXPECT(TP_OK, tp_output_write, output, NULL, 0);
    }
    before.descriptors -= OPEN_FILES;
    CALL(tp_output_destroy, output);
}

/* The longest that there are, with bytes that take four to be shown. */
static const char *long_path(void) {
    static char path[PATH_MAX];
    memset(path, '\n', sizeof path - 1);
    for (size_t i = 100; i < sizeof path; i += 100)
        path[i] = '/';
    return path;
}

static void call_with_long_paths(const tp_model *model) {
    tp_output *output = NULL;
    tp_model *loaded = NULL;
    tp_model_options options;
    tp_layer layer[TP_MAX_LAYERS];
    tp_idx idx;
    tp_dataset *set = NULL;
    EXPECT(TP_ERR_IO, tp_output_create, guest.context, long_path(), &output);
    EXPECT(TP_ERR_IO, tp_model_save, model, long_path());
    EXPECT(TP_ERR_IO, tp_model_load, guest.context, long_path(), &loaded);
    EXPECT(TP_ERR_IO, tp_model_get_file_options, guest.context, long_path(), &options, sizeof options, layer,
           sizeof *layer);
    EXPECT(TP_ERR_IO, tp_idx_read, guest.context, long_path(), &idx);
    EXPECT(TP_ERR_IO, tp_dataset_load, guest.context, long_path(), TP_SPLIT_TRAIN, &set);
}

static void call_outputs(const tp_model *model) {
    static const char deep[] = "\x80\0\0\0\0\0\0\0";
    char file[8 + 128];
    tp_model *loaded = NULL;
    tp_model_options options;
    tp_layer layer[TP_MAX_LAYERS];
    call_output(model, true);
    call_output(model, false);
    EXPECT(TP_OK, tp_model_get_file_options, guest.context, "model.safetensors", &options, sizeof options, layer,
           sizeof *layer);
    memcpy(file, deep, 8);
    memset(file + 8, '[', sizeof file - 8);
    before.descriptors += OPEN_FILES;
    tp_output *output = NULL;
    EXPECT(TP_OK, tp_output_create, guest.context, "deep", &output);
    EXPECT(TP_OK, tp_output_write, output, file, sizeof file);
    EXPECT(TP_OK, tp_output_commit, output);
    before.descriptors -= OPEN_FILES;
    CALL(tp_output_destroy, output);
    EXPECT(TP_ERR_FORMAT, tp_model_load, guest.context, "deep", &loaded);
    EXPECT(TP_ERR_FORMAT, tp_model_read, guest.context, file, sizeof file, &loaded);
    call_with_long_paths(model);
}

static void call_exchange(const tp_model *model) {
    tp_exchange_options options;
    tp_output *output = NULL;
    tp_model *imported = NULL;
    CALL(tp_exchange_options_init, &options, sizeof options);
    before.descriptors += OPEN_FILES;
    EXPECT(TP_OK, tp_output_create, guest.context, "layers.safetensors", &output);
    EXPECT(TP_OK, tp_model_export_torch, model, output, &options);
    before.descriptors -= OPEN_FILES;
    CALL(tp_output_destroy, output);
    before.descriptors += OPEN_FILES;
    EXPECT(TP_OK, tp_output_create, guest.context, "layers.h", &output);
    EXPECT(TP_OK, tp_model_export_c, model, output, &options);
    before.descriptors -= OPEN_FILES;
    CALL(tp_output_destroy, output);
    EXPECT(TP_OK, tp_model_import_torch, guest.context, "layers.safetensors", &options, &imported);
    CALL(tp_model_destroy, imported);
    options.pattern = "{}";
    EXPECT(TP_ERR_ARGUMENT, tp_model_import_torch, guest.context, "layers.safetensors", &options, &imported);
}

/* Without protobuf-c there is nothing to be read or written. */
#ifdef TP_HAVE_LIBPROTOBUF_C
#define WITH_ONNX(status) (status)
#else
#define WITH_ONNX(status) TP_ERR_UNSUPPORTED
#endif

static void call_onnx(const tp_model *model) {
    static unsigned char bytes[65536];
    tp_output *output = NULL;
    tp_model *imported = NULL;
    size_t needed = 0;
    before.descriptors += OPEN_FILES;
    EXPECT(TP_OK, tp_output_create, guest.context, "model.onnx", &output);
    EXPECT(WITH_ONNX(TP_OK), tp_model_export_onnx, model, output);
    before.descriptors -= OPEN_FILES;
    CALL(tp_output_destroy, output);
    EXPECT(WITH_ONNX(TP_OK), tp_model_import_onnx, guest.context, "model.onnx", NULL, &imported);
    CALL(tp_model_destroy, imported);
    imported = NULL;
    EXPECT(WITH_ONNX(TP_ERR_FORMAT), tp_model_import_onnx, guest.context, "model.safetensors", NULL, &imported);
    EXPECT(WITH_ONNX(TP_OK), tp_model_write_onnx, model, bytes, sizeof bytes, &needed);
    EXPECT(WITH_ONNX(TP_OK), tp_model_read_onnx, guest.context, bytes, needed, NULL, &imported);
    CALL(tp_model_destroy, imported);
    unlink("model.onnx");
}

static void call_model_in_memory(const tp_model *model) {
    static unsigned char bytes[65536];
    tp_model *copy = NULL;
    size_t needed = 0;
    EXPECT(TP_OK, tp_model_write, model, NULL, 0, &needed);
    EXPECT(TP_ERR_MEMORY, tp_model_write, model, bytes, needed - 1, &needed);
    EXPECT(TP_OK, tp_model_write, model, bytes, sizeof bytes, &needed);
    EXPECT(TP_OK, tp_model_read, guest.context, bytes, needed, &copy);
    CALL(tp_model_destroy, copy);
}

static void call_notes(tp_model *model) {
    char fingerprint[TP_FINGERPRINT_SIZE];
    EXPECT(TP_OK, tp_model_set_note, model, "note.a", "text");
    EXPECT(TP_ERR_ARGUMENT, tp_model_set_note, model, "note.a", "\x80");
    CALL(tp_model_note, model, "note.a");
    CALL(tp_model_note_name, model, 0);
    EXPECT(TP_OK, tp_model_fingerprint, model, fingerprint);
    EXPECT(TP_OK, tp_data_fingerprint, guest.context, &guest.data, fingerprint);
}

static void call_model(void) {
    static float parameters[GUEST_PARAMETERS];
    tp_model_options options;
    tp_model *model = NULL, *loaded = NULL;
    size_t weight, bias;
    CALL(tp_model_options_init, &options, sizeof options, sizeof(tp_layer));
    EXPECT(TP_OK, tp_model_get_options, guest.model, &options, sizeof options);
    CALL(tp_model_layer, guest.model, 1);
    EXPECT(TP_OK, tp_model_create, guest.context, &options, &model);
    CALL(tp_model_parameter_count, model);
    EXPECT(TP_OK, tp_model_layer_offsets, model, 1, &weight, &bias);
    EXPECT(TP_OK, tp_model_get_parameters, model, parameters, GUEST_PARAMETERS);
    EXPECT(TP_OK, tp_model_set_parameters, model, parameters, GUEST_PARAMETERS);
    call_notes(model);
    EXPECT(TP_OK, tp_model_save, model, "model.safetensors");
    EXPECT(TP_OK, tp_model_load, guest.context, "model.safetensors", &loaded);
    CALL(tp_model_destroy, loaded);
    EXPECT(TP_ERR_IO, tp_model_load, guest.context, "missing", &loaded);
    EXPECT(TP_ERR_IO, tp_model_save, model, "missing/model.safetensors");
    call_outputs(model);
    call_exchange(model);
    call_onnx(model);
    call_model_in_memory(model);
    CALL(tp_model_destroy, model);
}

static void call_passes(void) {
    static struct test_guest_pass pass;
    static float y[GUEST_SAMPLES * GUEST_OUT];
    const tp_targets targets = {.classes = guest.classes};
    tp_workspace *workspace = NULL;
    tp_optimizer *optimizer = NULL;
    tp_optimizer_options options;
    tp_score score;
    tp_workspace_options room;
    CALL(tp_workspace_options_init, &room, sizeof room);
    room.max_batch = GUEST_BATCH, room.mode = TP_MODE_TRAINING;
    CALL(tp_workspace_size, guest.model, &room);
    EXPECT(TP_OK, tp_workspace_create, guest.model, &room, NULL, 0, &workspace);
    EXPECT(TP_OK, tp_forward, guest.model, workspace, GUEST_BATCH, guest.x, GUEST_IN, pass.y, GUEST_OUT);
    EXPECT(TP_OK, tp_loss_value, guest.model, workspace, &targets, &score);
    EXPECT(TP_OK, tp_backward, guest.model, workspace, &targets, pass.gradients, pass.dx, GUEST_IN, &score);
    EXPECT(TP_OK, tp_backward_from, guest.model, workspace, pass.y, GUEST_OUT, pass.gradients, pass.dx, GUEST_IN);
    EXPECT(TP_OK, tp_backward_accumulate, guest.model, workspace, &targets, pass.gradients, NULL, 0, &score);
    EXPECT(TP_OK, tp_workspace_set_dropout, workspace, 1, 1);
    EXPECT(TP_OK, tp_evaluate, guest.model, workspace, &guest.data, &score, NULL);
    const tp_outputs outputs = {.floats = y};
    EXPECT(TP_OK, tp_predict, guest.model, workspace, &guest.data, &outputs);
    const tp_group group = {sizeof group, 0, 1, NULL, start_nothing, finish_nothing, NULL};
    size_t first, count;
    EXPECT(TP_OK, tp_group_evaluate, guest.model, workspace, &guest.data, &group, &score, NULL);
    EXPECT(TP_OK, tp_group_predict, guest.model, workspace, &guest.data, &group, &outputs, &first, &count);
    CALL(tp_optimizer_options_init, &options, sizeof options);
    CALL(tp_optimizer_size, guest.model, &options);
    EXPECT(TP_OK, tp_optimizer_create, guest.model, &options, NULL, 0, &optimizer);
    EXPECT(TP_OK, tp_optimizer_step, optimizer, guest.model, pass.gradients);
    CALL(tp_optimizer_steps, optimizer);
    EXPECT(TP_OK, tp_optimizer_set_learning_rate, optimizer, 0.01f);
    CALL(tp_optimizer_state_count, optimizer);
    EXPECT(TP_OK, tp_optimizer_get_state, optimizer, 1, pass.gradients, GUEST_PARAMETERS);
    EXPECT(TP_OK, tp_optimizer_set_state, optimizer, 1, pass.gradients, GUEST_PARAMETERS);
    EXPECT(TP_OK, tp_optimizer_set_steps, optimizer, 3);
    EXPECT(TP_OK, tp_train_step, guest.model, workspace, optimizer, GUEST_BATCH, guest.x, GUEST_IN, &targets, &score);
    CALL(tp_optimizer_learning_rate, optimizer, 3);
    CALL(tp_optimizer_destroy, optimizer);
    CALL(tp_workspace_destroy, workspace);
}

static void call_predictor(void) {
    static float y[GUEST_SAMPLES * GUEST_OUT];
    static const size_t batches[] = {1, GUEST_BATCH};
    const tp_outputs outputs = {.floats = y};
    tp_predictor *predictor = NULL;
    tp_workspace *workspace = NULL;
    tp_predictor_options options;
    tp_score score;
    CALL(tp_predictor_options_init, &options, sizeof options);
    options.batches = batches, options.batch_count = 2;
    for (int measured = 0; measured < 2; measured++) {
        options.measure = measured;
        EXPECT(TP_OK, tp_predictor_create, guest.context, guest.model, &options, &predictor);
        CALL(tp_predictor_workspace_size, predictor, TEST_WORKSPACE(GUEST_BATCH, TP_MODE_INFERENCE));
        EXPECT(TP_OK, tp_predictor_workspace_create, predictor, TEST_WORKSPACE(GUEST_BATCH, TP_MODE_INFERENCE), NULL, 0,
               &workspace);
        EXPECT(TP_OK, tp_predictor_run, predictor, workspace, GUEST_BATCH, guest.x, GUEST_IN, y, GUEST_OUT);
        EXPECT(TP_OK, tp_predictor_evaluate, predictor, workspace, &guest.data, &score, NULL);
        EXPECT(TP_OK, tp_predictor_predict, predictor, workspace, &guest.data, &outputs);
        CALL(tp_workspace_destroy, workspace);
        CALL(tp_predictor_destroy, predictor);
    }
}

static void call_derivatives(void) {
    static float jacobian[GUEST_BATCH * GUEST_OUT * GUEST_IN], jv[GUEST_BATCH * GUEST_OUT];
    tp_workspace *workspace = NULL;
    EXPECT(TP_OK, tp_workspace_create, guest.model, TEST_WORKSPACE(GUEST_BATCH, TP_MODE_DERIVATIVES), NULL, 0,
           &workspace);
    EXPECT(TP_OK, tp_jacobian, guest.model, workspace, GUEST_BATCH, guest.x, GUEST_IN, NULL, 0, jacobian);
    EXPECT(TP_OK, tp_jvp, guest.model, workspace, GUEST_BATCH, guest.x, GUEST_IN, guest.x, GUEST_IN, NULL, 0, jv,
           GUEST_OUT);
    CALL(tp_workspace_destroy, workspace);
}

static int check_step(void *user, const tp_step *step) {
    (void)user;
    return step->step == 4;
}

static void call_checkpoints(tp_trainer *trainer) {
    tp_snapshot *snapshot = NULL;
    EXPECT(TP_OK, tp_trainer_save, trainer, "run.safetensors");
    EXPECT(TP_OK, tp_trainer_resume, trainer, "run.safetensors");
    EXPECT(TP_ERR_IO, tp_trainer_save, trainer, long_path());
    EXPECT(TP_ERR_IO, tp_trainer_resume, trainer, long_path());
    EXPECT(TP_ERR_FORMAT, tp_trainer_resume, trainer, "model.safetensors");
    EXPECT(TP_ERR_FORMAT, tp_trainer_resume, trainer, "deep");
    CALL(tp_snapshot_size, trainer);
    EXPECT(TP_OK, tp_snapshot_create, trainer, NULL, 0, &snapshot);
    EXPECT(TP_ERR_ARGUMENT, tp_snapshot_save, snapshot, "run.safetensors");
    EXPECT(TP_OK, tp_snapshot_take, snapshot);
    EXPECT(TP_OK, tp_snapshot_save, snapshot, "run.safetensors");
    CALL(tp_snapshot_destroy, snapshot);
}

static void call_trainer(void) {
    tp_train_options options;
    tp_trainer *trainer = NULL;
    CALL(tp_train_options_init, &options, sizeof options, sizeof(tp_optimizer_options));
    options.batch = GUEST_BATCH;
    options.epochs = 3;
    options.on_step = check_step;
    options.validation_fraction = 0.1;
    CALL(tp_trainer_size, guest.model, &guest.data, &options);
    EXPECT(TP_OK, tp_trainer_create, guest.model, &guest.data, &options, NULL, 0, &trainer);
    EXPECT(TP_ERR_STOPPED, tp_trainer_run, trainer);
    EXPECT(TP_OK, tp_trainer_run, trainer);
    CALL(tp_trainer_phases, trainer);
    CALL(tp_trainer_epochs, trainer);
    CALL(tp_trainer_steps, trainer);
    CALL(tp_trainer_isa, trainer);
    CALL(tp_trainer_threads, trainer);
    CALL(tp_trainer_best_epoch, trainer);
    call_checkpoints(trainer);
    CALL(tp_trainer_destroy, trainer);
}

static void call_metrics(void) {
    static const double predictions[] = {0.25, 0.75};
    static const int32_t classes[] = {0, 1};
    const tp_data targets = {.struct_size = sizeof targets, .samples = 2, .classes = classes};
    tp_metrics metrics;
    EXPECT(TP_OK, tp_metrics_compute, guest.context, TP_TASK_BINARY, &targets, 1, predictions, 1, &metrics, NULL, NULL);
}

static void write_idx(const char *name, const unsigned char *bytes, size_t count) {
    FILE *file = fopen(name, "wb");
    test_tap_check(file && fwrite(bytes, 1, count, file) == count, "%s", name);
    if (file)
        fclose(file);
}

static void call_files(void) {
    static const unsigned char images[] = {0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 2, 3, 4};
    static const unsigned char labels[] = {0, 0, 8, 1, 0, 0, 0, 1, 1};
    static const unsigned char wide[] = {0, 0, 14, 2, 0, 0, 0, 1, 0, 0, 0, 1, 0x3f, 0xf0, 0, 0, 0, 0, 0, 1};
    tp_idx idx;
    tp_dataset *set = NULL;
    write_idx("train-images-idx3-ubyte", images, sizeof images);
    write_idx("train-labels-idx1-ubyte", labels, sizeof labels);
    write_idx("wide", wide, sizeof wide);
    EXPECT(TP_OK, tp_idx_read, guest.context, "wide", &idx);
    EXPECT(TP_OK, tp_idx_to_samples, guest.context, "wide", &idx);
    CALL(tp_idx_release, guest.context, &idx);
    EXPECT(TP_ERR_IO, tp_idx_read, guest.context, "missing", &idx);
    EXPECT(TP_OK, tp_dataset_load, guest.context, ".", TP_SPLIT_TRAIN, &set);
    CALL(tp_dataset_data, set);
    CALL(tp_dataset_destroy, set);
}

static void call_tables(void) {
    tp_dataset *set = NULL;
    tp_dataset_options options;
    tp_model_options model;
    CALL(tp_dataset_options_init, &options, sizeof options);
    EXPECT(TP_OK, tp_dataset_open, guest.context, ".", &options, &set);
    const tp_schema *schema = tp_dataset_schema(set);
    CALL(tp_dataset_schema, set);
    CALL(tp_dataset_validation, set);
    CALL(tp_dataset_id, set, 0);
    CALL(tp_dataset_row, set, 0);
    CALL(tp_schema_task, schema);
    CALL(tp_schema_feature_count, schema);
    CALL(tp_schema_target_count, schema);
    CALL(tp_schema_feature, schema, 0);
    CALL(tp_schema_target, schema, 0);
    CALL(tp_schema_inputs, schema);
    CALL(tp_schema_outputs, schema);
    tp_model_options_default(&model);
    EXPECT(TP_OK, tp_schema_apply, schema, &model);
    CALL(tp_model_schema, guest.model);
    CALL(tp_dataset_destroy, set);
}

static void call_context(const char *isa) {
    tp_context_options options;
    tp_context *context = NULL;
    char text[64];
    CALL(tp_version, );
    CALL(tp_status_text, TP_OK);
    CALL(tp_activation_name, TP_ACTIVATION_RELU);
    CALL(tp_loss_name, TP_LOSS_MSE);
    CALL(tp_init_name, TP_INIT_AUTO);
    CALL(tp_precision_name, TP_PRECISION_BF16);
    CALL(tp_optimizer_name, TP_OPTIMIZER_SGD);
    CALL(tp_schedule_name, TP_SCHEDULE_STEP);
    CALL(tp_monitor_name, TP_MONITOR_LOSS);
    CALL(tp_keep_name, TP_KEEP_BEST);
    CALL(tp_task_name, TP_TASK_AUTO);
    CALL(tp_missing_name, TP_MISSING_MEAN);
    CALL(tp_unknown_name, TP_UNKNOWN_IGNORE);
    CALL(tp_input_scaling_name, TP_INPUT_SCALING_UNIT);
    CALL(tp_context_options_init, &options, sizeof options);
    options.isa = isa;
    EXPECT(TP_OK, tp_context_create, &options, &context);
    EXPECT(TP_OK, tp_context_set_threads, context, PROCESS_TEAM);
    CALL(tp_context_threads, context);
    CALL(tp_context_isa, context);
    CALL(tp_context_bf16, context);
    CALL(tp_context_machine, context);
    CALL(tp_context_message, context, text, sizeof text);
    EXPECT(TP_ERR_IO, tp_context_set_message, context, TP_ERR_IO, "of a caller");
    CALL(tp_context_destroy, context);
}

static void call_everything(const char *scenario) {
    static char names[sizeof isas];
    memcpy(names, isas, sizeof names);
    for (char *isa = strtok(names, " "); isa; isa = strtok(NULL, " ")) {
        snprintf(what, sizeof what, "%s, %s", scenario, isa);
        setenv("TILEPROP_ISA", isa, 1);
        if (test_guest_open(&guest, PROCESS_TEAM)) {
            test_process_state(&before);
            call_context(isa);
            call_products();
            call_model();
            call_passes();
            call_predictor();
            call_derivatives();
            call_trainer();
            call_metrics();
            call_files();
            call_tables();
        }
        test_guest_close(&guest);
    }
    unsetenv("TILEPROP_ISA");
}

/* -------------------------------------------------------------------------------------------------------- scenarios */

static void default_environment(void) {
    call_everything("default environment");
}

static void ignore(int number) {
    (void)number;
}

static void make_thread_odd(void) {
    sigset_t set;
    cpu_set_t processors, one;
    test_set_odd_mode();
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigaddset(&set, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    sched_getaffinity(0, sizeof processors, &processors);
    CPU_ZERO(&one);
    for (size_t i = 0; i < CPU_SETSIZE && !CPU_COUNT(&one); i++)
        if (CPU_ISSET(i, &processors))
            CPU_SET(i, &one);
    sched_setaffinity(0, sizeof one, &one);
}

static void odd_environment(void) {
    struct test_process_state usual, odd;
    test_process_state(&usual);
    signal(SIGFPE, ignore);
    signal(SIGUSR2, SIG_IGN);
    umask(027);
    if (!setlocale(LC_ALL, "de_DE.UTF-8"))
        setlocale(LC_ALL, "C.UTF-8");
#pragma omp parallel num_threads(PROCESS_TEAM)
    make_thread_odd();
    test_set_odd_mode(); /* LLVM's OpenMP undoes it after the region, and gives the workers the caller's in the next */
    test_process_state(&odd);
    for (int i = 0; i < PROCESS_TEAM; i++)
        test_tap_check(usual.thread[i].mode != odd.thread[i].mode, "thread %d is not odd", i);
    call_everything("odd environment");
#pragma omp parallel num_threads(PROCESS_TEAM)
    test_set_default_mode();
    setlocale(LC_ALL, "C");
}

/* The header: so much stack is enough for every function. */
#define STACK ((size_t)64 * 1024)

static void *call_everything_here(void *argument) {
    call_everything(argument);
    return NULL;
}

/* Below the stack is memory that must not be touched. */
static void small_stack(void) {
    pthread_t thread;
    pthread_attr_t attributes;
    const size_t least = (size_t)PTHREAD_STACK_MIN, size = least > STACK ? least : STACK;
    const size_t guard = (size_t)sysconf(_SC_PAGESIZE);
    char *memory = mmap(NULL, guard + size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    if (!test_tap_check(memory != MAP_FAILED && !mprotect(memory, guard, PROT_NONE), "no memory for a stack"))
        return;
    pthread_attr_init(&attributes);
    const bool created = !pthread_attr_setstack(&attributes, memory + guard, size) &&
                         !pthread_create(&thread, &attributes, call_everything_here, "small stack");
    if (test_tap_check(created, "no thread with a stack of %zu bytes", size))
        pthread_join(thread, NULL);
    pthread_attr_destroy(&attributes);
    munmap(memory, guard + size);
}

/* ------------------------------------------------------------------------------------------------------------ modes */

enum { M = 48, N = 40, K = 40 }; /* guest.x holds the operands */

static bool multiply(float *c) {
    const tp_status status = tp_sgemm(guest.context, TP_TRANSPOSE_NO, TP_TRANSPOSE_NO, M, N, K, 1, guest.x, K,
                                      guest.x + 7, N, 0, c, N, NULL, 0);
    return test_tap_check(status == TP_OK, "%s", tp_status_text(status));
}

/* Whether workers get the caller's mode from OpenMP. */
#if defined(__clang__)
#define INHERITS true
#else
#define INHERITS false
#endif

/* The header: every thread computes in the mode that it has. Here the caller's is odd, and that of its worker is not if
 * OpenMP left it alone. */
static void modes_are_the_threads_own(void) {
    static float usual[M * N], odd[M * N], mixed[M * N];
    size_t usual_elements = 0, odd_elements = 0;
    if (test_guest_open(&guest, 2) && multiply(mixed) && tp_context_set_threads(guest.context, 1) == TP_OK &&
        multiply(usual)) {
        test_tap_check(tp_test_same_bits(usual, mixed, M * N, "two threads"), "bits differ in the default mode");
        test_set_odd_mode();
        const bool done = multiply(odd) && tp_context_set_threads(guest.context, 2) == TP_OK && multiply(mixed);
        test_set_default_mode();
        for (size_t i = 0; i < M * N && done; i++) {
            const bool as_usual = !memcmp(&mixed[i], &usual[i], sizeof(float)),
                       as_odd = !memcmp(&mixed[i], &odd[i], sizeof(float));
            test_tap_check(as_usual || as_odd, "element %zu is neither", i);
            usual_elements += as_usual && !as_odd;
            odd_elements += as_odd && !as_usual;
        }
        test_tap_check(odd_elements > M * N / 4 && (INHERITS ? !usual_elements : usual_elements > M * N / 4),
                       "%zu as usual, %zu odd", usual_elements, odd_elements);
        multiply(mixed);
        test_tap_check(tp_test_same_bits(usual, mixed, M * N, "afterwards"), "an odd mode has consequences");
    }
    test_guest_close(&guest);
}

/* ------------------------------------------------------------------------------------------------------------- main */

/* Every function that the header declares was called above. */
static void whole_interface(void) {
    char line[512], name[128];
    size_t declared = 0;
    FILE *file = fopen(header, "r");
    if (!test_tap_check(file != NULL, "%s", header))
        return;
    while (fgets(line, sizeof line, file)) {
        const char *at = strncmp(line, "TP_API ", 7) == 0 ? strstr(line, "tp_") : NULL;
        while (at && strcspn(at, " (*") != strcspn(at, "(")) /* a type */
            at = strstr(at + 3, "tp_");
        if (!at)
            continue;
        snprintf(name, sizeof name, "%.*s", (int)strcspn(at, "("), at);
        bool found = false;
        for (size_t i = 0; i < called_count; i++)
            found |= strcmp(called[i], name) == 0;
        test_tap_check(found, "%s is not called in %s", name, __FILE__);
        declared++;
    }
    fclose(file);
    test_tap_check(declared == called_count, "%zu functions are declared, %zu were called", declared, called_count);
}

static bool list_instruction_sets(void) {
    tp_context *context = NULL;
    const bool ok = tp_context_create(NULL, &context) == TP_OK;
    if (ok)
        memcpy(isas, tp_context_machine(context)->usable, sizeof isas);
    tp_context_destroy(context);
    return ok;
}

static char directory[] = "/tmp/tileprop-guest-XXXXXX";

static void nothing_is_left_behind(void) {
    static const char *const files[] = {"model.safetensors",       "layers.h", "layers.safetensors",
                                        "run.safetensors",         "deep",     "train-images-idx3-ubyte",
                                        "train-labels-idx1-ubyte", "wide"};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        test_tap_check(unlink(files[i]) == 0, "%s is missing", files[i]);
    test_tap_check(rmdir(directory) == 0, "%s is not empty", directory);
}

int main(int argc, char **argv) {
    char *path = argc == 2 ? realpath(argv[1], NULL) : NULL;
    header = path;
    if (!path || !list_instruction_sets() || !mkdtemp(directory) || chdir(directory) != 0)
        return 1;
    test_tap_run("default environment", default_environment);
    test_tap_run("the whole interface was called", whole_interface);
    test_tap_run("floating-point modes are the threads' own", modes_are_the_threads_own);
    test_tap_run("odd environment", odd_environment);
    test_tap_run("small stack", small_stack);
    test_tap_run("nothing is left behind", nothing_is_left_behind);
    free(path);
    return test_tap_status();
}
