/* SPDX-License-Identifier: BSD-3-Clause */
/* Threads of the caller that share a context, a model, a predictor and a packed matrix, and make errors, while one of
 * them trains a model of its own. */
#include "plain.h"

#include <pthread.h>
#include <string.h>

enum { CALLERS = 4, ROUNDS = 3, INPUTS = 17, OUTPUTS = 5, SAMPLES = 40, MODEL_BYTES = 8192 };

struct shared {
    tp_context *context;
    tp_model *model;
    tp_packed *packed;
    tp_predictor *predictor;
};

static float x[SAMPLES * INPUTS], weights[INPUTS * OUTPUTS];
static int32_t classes[SAMPLES];
static const tp_data data = {
    .samples = SAMPLES, .features = INPUTS, .floats = x, .classes = classes, .outputs = OUTPUTS};
static float expected_y[SAMPLES * OUTPUTS], expected_product[SAMPLES * OUTPUTS];
static unsigned char expected_bytes[MODEL_BYTES];

static tp_model *make_model(tp_context *context) {
    const tp_layer layers[] = {{29, TP_ACTIVATION_SIGMOID, 0, 0}, {OUTPUTS, TP_ACTIVATION_SOFTMAX, 0, 0}};
    tp_model_options options;
    tp_model_options_default(&options);
    options.inputs = INPUTS, options.layer_count = 2, options.layers = layers;
    tp_model *model = NULL;
    require(!tp_model_create(context, &options, &model));
    return model;
}

static void copy_model(const struct shared *shared, unsigned char *bytes) {
    tp_model *copy = NULL;
    size_t needed = 0;
    if (!PLAIN_MODEL_FILES)
        return;
    require(!tp_model_write(shared->model, bytes, MODEL_BYTES, &needed) && needed <= MODEL_BYTES);
    require(!tp_model_read(shared->context, bytes, needed, &copy));
    tp_model_destroy(copy);
}

static void use(const struct shared *shared, float *y, float *product) {
    tp_workspace *workspace = NULL;
    tp_score score;
    require(!tp_workspace_create(shared->model, TEST_WORKSPACE(16, TP_MODE_INFERENCE), NULL, 0, &workspace));
    require(!tp_predict(shared->model, workspace, &data, &(const tp_outputs){.floats = y}));
    require(!tp_evaluate(shared->model, workspace, &data, &score, NULL));
    tp_workspace_destroy(workspace);
    float again[SAMPLES * OUTPUTS];
    require(
        !tp_predictor_workspace_create(shared->predictor, TEST_WORKSPACE(16, TP_MODE_INFERENCE), NULL, 0, &workspace));
    require(!tp_predictor_predict(shared->predictor, workspace, &data, &(const tp_outputs){.floats = again}));
    tp_workspace_destroy(workspace);
    require(tp_test_same_bits(y, again, SAMPLES * OUTPUTS, "y of a predictor"));
    require(!tp_sgemm_packed(shared->context, TP_TRANSPOSE_NO, SAMPLES, 1, x, INPUTS, shared->packed, 0, NULL, product,
                             OUTPUTS, NULL, 0));
}

static void make_errors(const struct shared *shared) {
    char text[64];
    require(tp_sgemm(shared->context, TP_TRANSPOSE_NO, TP_TRANSPOSE_NO, 1, 1, 1, 1, NULL, 1, x, 1, 0, NULL, 1, NULL,
                     0) == TP_ERR_ARGUMENT);
    require(tp_context_message(shared->context, text, sizeof text) > 0);
}

static void *call(void *argument) {
    const struct shared *shared = argument;
    float y[SAMPLES * OUTPUTS], product[SAMPLES * OUTPUTS];
    unsigned char bytes[MODEL_BYTES] = {0};
    for (int round = 0; round < ROUNDS; round++) {
        use(shared, y, product);
        require(tp_test_same_bits(expected_y, y, SAMPLES * OUTPUTS, "y"));
        require(tp_test_same_bits(expected_product, product, SAMPLES * OUTPUTS, "product"));
        copy_model(shared, bytes);
        require(!memcmp(bytes, expected_bytes, MODEL_BYTES));
        make_errors(shared);
    }
    return NULL;
}

static void *train(void *argument) {
    const struct shared *shared = argument;
    tp_model *model = make_model(shared->context);
    tp_train_options options;
    tp_train_options_default(&options);
    options.batch = 16, options.epochs = 1;
    tp_trainer *trainer = NULL;
    require(!tp_trainer_create(model, &data, &options, NULL, 0, &trainer) && !tp_trainer_run(trainer));
    tp_trainer_destroy(trainer);
    tp_model_destroy(model);
    return NULL;
}

static void check(tp_context *context) {
    struct shared shared = {.context = context, .model = make_model(context)};
    static const tp_predictor_options fast = {.struct_size = sizeof fast, .measure = true};
    pthread_t threads[CALLERS];
    require(!tp_packed_create(context, TP_TRANSPOSE_NO, INPUTS, OUTPUTS, weights, OUTPUTS, NULL, 0, &shared.packed));
    require(!tp_predictor_create(context, shared.model, &fast, &shared.predictor));
    use(&shared, expected_y, expected_product);
    copy_model(&shared, expected_bytes);
    for (int i = 0; i < CALLERS; i++)
        require(!pthread_create(&threads[i], NULL, i ? call : train, &shared));
    for (int i = 0; i < CALLERS; i++)
        require(!pthread_join(threads[i], NULL));
    tp_predictor_destroy(shared.predictor);
    tp_packed_destroy(shared.packed);
    tp_model_destroy(shared.model);
}

int main(void) {
    tp_test_fill(x, SAMPLES * INPUTS, 1, -1, 1);
    tp_test_fill(weights, INPUTS * OUTPUTS, 2, -1, 1);
    tp_test_fill_classes(classes, SAMPLES, 3, OUTPUTS);
    plain_for_each(check);
}
