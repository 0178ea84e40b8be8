/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What every public function refuses: a row changes one argument of a call that works, and says which status and which
 * message must come of it. Each time no output changes, no parameter, nothing leaks, and a forward pass that was made
 * before is still there. The last test compares the table with the public header.
 *
 * A new way to be wrong is a row, REFUSE(message, WITH(argument, value)...); a new function is a CALL with its rows and
 * a line in functions.
 */
#include "support/fixture.h"
#include "support/scratch.h"

#include <criterion/criterion.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { M = 3, N = 5, K = 4 };

/* What was put where the functions write. */
static struct outputs {
    tp_context *context;
    tp_model *model;
    tp_workspace *workspace;
    tp_optimizer *optimizer;
    tp_trainer *trainer;
    tp_packed *packed;
    tp_dataset *dataset;
    tp_output *output;
    tp_idx idx;
    tp_model_options described;
    tp_layer layers[TP_MAX_LAYERS];
    tp_score score;
    size_t weight, bias, needed;
    uint64_t confusion[OUT * OUT];
    float parameters[PARAMETERS], gradients[PARAMETERS], y[MAX_BATCH * OUT], dx[MAX_BATCH * IN], c[M * N];
} out;

/* Arguments of all functions. */
static struct arguments {
    tp_context *context;
    tp_model *model, *other_model;
    tp_workspace *workspace, *inference, *derivatives, *other_workspace, *fresh_workspace;
    tp_optimizer *optimizer, *other_optimizer;
    tp_trainer *trainer;
    tp_packed *packed, *foreign_packed;
    tp_output *output, *committed;
    const char *path, *idx_path, *where;
    const void *bytes; /* of a model file */
    tp_context_options context_options;
    tp_layer layers[2];
    tp_model_options model_options, *model_options_p;
    tp_optimizer_options optimizer_options, *optimizer_options_p;
    tp_workspace_options workspace_options, *workspace_options_p;
    tp_train_options train_options, *train_options_p;
    tp_data data, *data_p, validation, *validation_p;
    tp_targets targets, *targets_p;
    tp_outputs outputs, *outputs_p;
    tp_epilogue epilogue;
    int32_t classes[MAX_BATCH];
    float weights[MAX_BATCH], *weights_p;
    void *memory, *spare; /* spare: a block that is too small */
    size_t size, bytes_size, struct_size, layer_size, m, n, k, lda, ldb, ldc, count, layer, batch, ldx, ldy, lddx, lddy;
    size_t *needed;
    tp_transpose ta, tb;
    tp_split split;
    int threads, value;
    float beta, rate;
    const float *a, *b, *x, *dy;
    float *c, *y, *gradients, *dx, *parameters;
    uint64_t step, *confusion;
    tp_context **context_out;
    tp_model **model_out;
    tp_workspace **workspace_out;
    tp_optimizer **optimizer_out;
    tp_trainer **trainer_out;
    tp_packed **packed_out;
    tp_dataset **dataset_out;
    tp_output **output_out;
    tp_layer *layers_out;
    tp_idx *idx, samples, *samples_p;
    tp_model_options *described;
    tp_score *score;
} now;

/* ---- rows ---- */

static const double bad[] = {(double)NAN, (double)INFINITY, 0, 1, -1, 1e-320};
static float negative[PARAMETERS] = {-0.0f, NAN, INFINITY, -0.5f, -2};

struct change {
    size_t to, size;
    const void *value; /* NULL: what is at from */
    size_t from;
};

#define MEMBER(member) (((struct arguments *)0)->member)
#define WITH(member, ...)                                                                                              \
    { offsetof(struct arguments, member), sizeof MEMBER(member), &(const __typeof__(MEMBER(member))){__VA_ARGS__}, 0 }
#define FROM(member, source)                                                                                           \
    { offsetof(struct arguments, member), sizeof MEMBER(member), NULL, offsetof(struct arguments, source) }

struct refusal {
    const char *text; /* part of the message; NULL: there is no message */
    tp_status status;
    struct change change[3]; /* up to the first of size 0 */
};

/* SILENT is for NULL in place of the object that would keep the message, and for functions without a status. */
#define REFUSE_AS(status, text, ...)                                                                                   \
    {                                                                                                                  \
        text, status, {                                                                                                \
            __VA_ARGS__                                                                                                \
        }                                                                                                              \
    }
#define REFUSE(text, ...) REFUSE_AS(TP_ERR_ARGUMENT, text, __VA_ARGS__)
#define SILENT(...) REFUSE(NULL, __VA_ARGS__)

/* Rows that several functions share. */

#define REFUSED_MEMORY(what)                                                                                           \
    REFUSE(what ": memory is NULL but size is 5; it must be 0", WITH(size, 5)),                                        \
        REFUSE(what ": memory is NULL but size is 18446744073709551615; it must be 0", WITH(size, SIZE_MAX)),          \
        REFUSE_AS(TP_ERR_MEMORY, what ": memory has 1 bytes; ", FROM(memory, spare), WITH(size, 1)),                   \
        REFUSE_AS(TP_ERR_MEMORY, what ": memory has 0 bytes; ", FROM(memory, spare))

/* An options struct that nobody initialised, and those of other versions. */
#define REFUSED_SIZES(what, member)                                                                                    \
    REFUSE(what ": struct_size is 0; it must be at least ", WITH(member.struct_size, 0)),                              \
        REFUSE(what ": struct_size is 8; it must be at least ", WITH(member.struct_size, 8))
#define REFUSED_NEWER(what, member)                                                                                    \
    REFUSE_AS(TP_ERR_UNSUPPORTED, what ": struct_size is 9999, but library ", WITH(member.struct_size, 9999)),         \
        REFUSE_AS(TP_ERR_UNSUPPORTED, ": the program was compiled for a later version",                                \
                  WITH(member.struct_size, sizeof MEMBER(member) + 8))

#define REFUSED_DATA_SIZES(what, member)                                                                               \
    REFUSE(what ": struct_size is 8; it must be at least ", WITH(member.struct_size, 8))

#define REFUSED_MODEL_OPTIONS                                                                                          \
    REFUSED_SIZES("model options", model_options), REFUSED_NEWER("model options", model_options),                      \
        REFUSE("layer_size is 0; it must be at least", WITH(model_options.layer_size, 0)),                             \
        REFUSE_AS(TP_ERR_UNSUPPORTED, "layer_size is 9999, but library", WITH(model_options.layer_size, 9999)),        \
        REFUSE("layer 1: reserved is 1; it must be 0", WITH(layers[1].reserved, 1)),                                   \
        REFUSE("inputs is 0; it must be at least 1", WITH(model_options.inputs, 0)),                                   \
        REFUSE("layer_count is 0; it must be 1..64", WITH(model_options.layer_count, 0)),                              \
        REFUSE("layer_count is 65; it must be 1..64", WITH(model_options.layer_count, TP_MAX_LAYERS + 1)),             \
        REFUSE("layer_count is 18446744073709551615; it must be 1..64", WITH(model_options.layer_count, SIZE_MAX)),    \
        REFUSE("layers is NULL", WITH(model_options.layers, NULL)),                                                    \
        REFUSE("loss -1 is unknown", WITH(model_options.loss, (tp_loss)-1)),                                           \
        REFUSE("is unknown", WITH(model_options.loss, TP_LOSS_COUNT)),                                                 \
        REFUSE("init -1 is unknown", WITH(model_options.init, (tp_init)-1)),                                           \
        REFUSE("is unknown", WITH(model_options.init, TP_INIT_COUNT)),                                                 \
        REFUSE("inputs_scaled: mean[0] is nan; it must be finite",                                                     \
               WITH(model_options.inputs_scaled, 1, &bad[0], &bad[3])),                                                \
        REFUSE("inputs_scaled: mean[0] is inf; it must be finite",                                                     \
               WITH(model_options.inputs_scaled, 1, &bad[1], &bad[3])),                                                \
        REFUSE("inputs_scaled: deviation[0] is 0; it must be positive",                                                \
               WITH(model_options.inputs_scaled, 1, &bad[3], &bad[2])),                                                \
        REFUSE("inputs_scaled: deviation[0] is -1; it must be positive",                                               \
               WITH(model_options.inputs_scaled, 1, &bad[3], &bad[4])),                                                \
        REFUSE("inputs_scaled: deviation[0] is nan; it must be positive",                                              \
               WITH(model_options.inputs_scaled, 1, &bad[3], &bad[0])),                                                \
        REFUSE("inputs_scaled: deviation[0] is inf; it must be positive",                                              \
               WITH(model_options.inputs_scaled, 1, &bad[3], &bad[1])),                                                \
        REFUSE("it and its reciprocal finite", WITH(model_options.inputs_scaled, 1, &bad[3], &bad[5])),                \
        REFUSE("inputs_scaled: count is 2; it must be 0, 1 or 5",                                                      \
               WITH(model_options.inputs_scaled, 2, &bad[3], &bad[3])),                                                \
        REFUSE("inputs_scaled: mean is NULL", WITH(model_options.inputs_scaled, 1, NULL, &bad[3])),                    \
        REFUSE("inputs_scaled: deviation is NULL", WITH(model_options.inputs_scaled, 1, &bad[3], NULL)),               \
        REFUSE("outputs_scaled: count is 1; with loss cce it must be 0",                                               \
               WITH(model_options.outputs_scaled, 1, &bad[3], &bad[3])),                                               \
        REFUSE("outputs_scaled: count is 4; it must be 0, 1 or 3", WITH(model_options.loss, TP_LOSS_MSE),              \
               WITH(model_options.outputs_scaled, 4, &bad[3], &bad[3])),                                               \
        REFUSE("layer 1: width is 0; it must be at least 1", WITH(layers[1].width, 0)),                                \
        REFUSE("layer 0: activation -1 is unknown", WITH(layers[0].activation, (tp_activation)-1)),                    \
        REFUSE("layer 0: activation", WITH(layers[0].activation, TP_ACTIVATION_COUNT)),                                \
        REFUSE("layer 0: softmax is for the last layer, 1", WITH(layers[0].activation, TP_ACTIVATION_SOFTMAX)),        \
        REFUSE("layer 0: slope is -0.5; it must be 0..1", WITH(layers[0].activation, TP_ACTIVATION_LEAKY_RELU),        \
               WITH(layers[0].slope, -0.5f)),                                                                          \
        REFUSE("layer 0: slope is 1.5; it must be 0..1", WITH(layers[0].activation, TP_ACTIVATION_LEAKY_RELU),         \
               WITH(layers[0].slope, 1.5f)),                                                                           \
        REFUSE("layer 0: slope is nan; it must be 0..1", WITH(layers[0].activation, TP_ACTIVATION_LEAKY_RELU),         \
               WITH(layers[0].slope, NAN)),                                                                            \
        REFUSE("layer 1: loss cce needs softmax as last activation, not tanh",                                         \
               WITH(layers[1].activation, TP_ACTIVATION_TANH)),                                                        \
        REFUSE("layer 1: loss bce needs sigmoid as last activation, not softmax",                                      \
               WITH(model_options.loss, TP_LOSS_BCE)),                                                                 \
        REFUSE("layer 0: slope is -1; it must be positive", WITH(layers[0].activation, TP_ACTIVATION_ELU),             \
               WITH(layers[0].slope, -1)),                                                                             \
        REFUSE("layer 0: slope is inf; it must be positive", WITH(layers[0].activation, TP_ACTIVATION_ELU),            \
               WITH(layers[0].slope, INFINITY)),                                                                       \
        REFUSE("layer 0: slope is nan; it must be positive", WITH(layers[0].activation, TP_ACTIVATION_ELU),            \
               WITH(layers[0].slope, NAN)),                                                                            \
        REFUSE("label_smoothing is -0.5; it must be 0 or more and below 1",                                            \
               WITH(model_options.label_smoothing, -0.5f)),                                                            \
        REFUSE("label_smoothing is 1; it must be 0 or more and below 1", WITH(model_options.label_smoothing, 1)),      \
        REFUSE("label_smoothing is nan; it must be 0", WITH(model_options.label_smoothing, NAN)),                      \
        REFUSE("label_smoothing is 0.5; with loss mse it must be 0", WITH(model_options.loss, TP_LOSS_MSE),            \
               WITH(model_options.label_smoothing, 0.5f)),                                                             \
        REFUSE("huber_delta is 0; it must be positive and finite", WITH(model_options.loss, TP_LOSS_HUBER),            \
               WITH(model_options.huber_delta, 0)),                                                                    \
        REFUSE("huber_delta is -1; it must be positive", WITH(model_options.loss, TP_LOSS_HUBER),                      \
               WITH(model_options.huber_delta, -1)),                                                                   \
        REFUSE("huber_delta is inf; it must be positive", WITH(model_options.loss, TP_LOSS_HUBER),                     \
               WITH(model_options.huber_delta, INFINITY)),                                                             \
        REFUSE("huber_delta is nan; it must be positive", WITH(model_options.loss, TP_LOSS_HUBER),                     \
               WITH(model_options.huber_delta, NAN))

#define REFUSED_OPTIMIZER_OPTIONS(o)                                                                                   \
    REFUSED_SIZES("optimizer options", o),                                                                             \
        REFUSE("optimizer: kind -1 is unknown", WITH(o.kind, (tp_optimizer_kind)-1)),                                  \
        REFUSE("optimizer: kind", WITH(o.kind, TP_OPTIMIZER_COUNT)),                                                   \
        REFUSE("optimizer: schedule -1 is unknown", WITH(o.schedule, (tp_schedule)-1)),                                \
        REFUSE("optimizer: schedule", WITH(o.schedule, TP_SCHEDULE_COUNT)),                                            \
        REFUSE("optimizer: learning_rate is 0; it must be positive and finite", WITH(o.learning_rate, 0)),             \
        REFUSE("optimizer: learning_rate is -1; it must be positive", WITH(o.learning_rate, -1)),                      \
        REFUSE("optimizer: learning_rate is nan; it must be positive", WITH(o.learning_rate, NAN)),                    \
        REFUSE("optimizer: learning_rate is inf; it must be positive", WITH(o.learning_rate, INFINITY)),               \
        REFUSE("optimizer: momentum is -0.5; it must be 0 or more and below 1", WITH(o.momentum, -0.5f)),              \
        REFUSE("optimizer: momentum is 1; it must be 0 or more and below 1", WITH(o.momentum, 1)),                     \
        REFUSE("optimizer: momentum is nan; it must be 0", WITH(o.momentum, NAN)),                                     \
        REFUSE("optimizer: beta1 is 1; it must be 0 or more and below 1", WITH(o.beta1, 1)),                           \
        REFUSE("optimizer: beta1 is nan; it must be 0", WITH(o.beta1, NAN)),                                           \
        REFUSE("optimizer: beta2 is -1; it must be 0 or more and below 1", WITH(o.beta2, -1)),                         \
        REFUSE("optimizer: beta2 is 1; it must be 0 or more and below 1", WITH(o.beta2, 1)),                           \
        REFUSE("optimizer: beta2 is nan; it must be 0", WITH(o.beta2, NAN)),                                           \
        REFUSE("optimizer: epsilon is 0; it must be positive and finite", WITH(o.epsilon, 0)),                         \
        REFUSE("optimizer: epsilon is inf; it must be positive and finite", WITH(o.epsilon, INFINITY)),                \
        REFUSE("optimizer: weight_decay is -1; it must be 0 or more and finite", WITH(o.weight_decay, -1)),            \
        REFUSE("optimizer: weight_decay is inf; it must be 0 or more", WITH(o.weight_decay, INFINITY)),                \
        REFUSE("optimizer: clip_norm is -1; it must be 0 (off) or more and finite", WITH(o.clip_norm, -1)),            \
        REFUSE("optimizer: clip_norm is nan; it must be 0 (off)", WITH(o.clip_norm, NAN)),                             \
        REFUSE("optimizer: step_every is 0; it must be at least 1", WITH(o.schedule, TP_SCHEDULE_STEP),                \
               WITH(o.step_every, 0)),                                                                                 \
        REFUSE("optimizer: step_factor is 0; it must be positive", WITH(o.schedule, TP_SCHEDULE_STEP),                 \
               WITH(o.step_factor, 0)),                                                                                \
        REFUSE("optimizer: total_steps is 5; it must be more than warmup_steps, 5",                                    \
               WITH(o.schedule, TP_SCHEDULE_COSINE), WITH(o.warmup_steps, 5), WITH(o.total_steps, 5)),                 \
        REFUSE("optimizer: final_factor is 1.5; it must be 0..1", WITH(o.final_factor, 1.5f)),                         \
        REFUSE("optimizer: final_factor is nan; it must be 0..1", WITH(o.final_factor, NAN))

#define REFUSED_SAMPLES                                                                                                \
    REFUSE("data is NULL", WITH(data_p, NULL)), REFUSED_DATA_SIZES("data", data),                                      \
        REFUSE("data: samples is 0; it must be 1..4294967295", WITH(data.samples, 0)),                                 \
        REFUSE("data: samples is 4294967296; it must be 1..4294967295", WITH(data.samples, (size_t)UINT32_MAX + 1)),   \
        REFUSE("data: samples is 18446744073709551615; it must be 1..", WITH(data.samples, SIZE_MAX)),                 \
        REFUSE("data: features is 4; the model has 5 inputs", WITH(data.features, IN - 1)),                            \
        REFUSE("data: features is 0; the model has 5 inputs", WITH(data.features, 0)),                                 \
        REFUSE("data: features is 18446744073709551615; the model has 5", WITH(data.features, SIZE_MAX)),              \
        REFUSE("data: exactly one of bytes, floats and doubles must be set", WITH(data.floats, NULL)),                 \
        REFUSE("data: exactly one of bytes, floats and doubles must be set", WITH(data.bytes, (const uint8_t *)""))

#define REFUSED_DATA                                                                                                   \
    REFUSED_SAMPLES,                                                                                                   \
        REFUSE("data: exactly one of classes, values and double_values must be set", WITH(data.classes, NULL)),        \
        REFUSE("data: exactly one of classes, values and double_values must be set", FROM(data.values, x)),            \
        REFUSE("data: outputs is 4; the model has 3", WITH(data.classes, NULL), FROM(data.values, x),                  \
               WITH(data.outputs, OUT + 1)),                                                                           \
        REFUSE("data: classes[7] is 3; it must be 0..2", WITH(classes[7], OUT)),                                       \
        REFUSE("data: classes[0] is -1; it must be 0..2", WITH(classes[0], -1)),                                       \
        REFUSE("data: weights[7] is -1; it must be finite and at least 0", FROM(data.weights, weights_p),              \
               WITH(weights[7], -1)),                                                                                  \
        REFUSE("data: weights[0] is nan; it must be finite", FROM(data.weights, weights_p), WITH(weights[0], NAN)),    \
        REFUSE("data: weights[0] is inf; it must be finite", FROM(data.weights, weights_p),                            \
               WITH(weights[0], INFINITY))

#define REFUSED_TRAIN_OPTIONS                                                                                          \
    REFUSED_DATA, REFUSED_SIZES("train options", train_options),                                                       \
        REFUSE("options is NULL", WITH(train_options_p, NULL)),                                                        \
        REFUSE("batch is 0; it must be at least 1", WITH(train_options.batch, 0)),                                     \
        REFUSE("epochs is 0; it must be at least 1", WITH(train_options.epochs, 0)),                                   \
        REFUSE("epochs is 18446744073709551615; the number of steps", WITH(train_options.epochs, SIZE_MAX)),           \
        REFUSE("epochs is 2305843009213693952; the number of steps", WITH(train_options.epochs, (size_t)1 << 61)),     \
        REFUSE("validation_fraction is -0.1; it must be 0 or more and below 1",                                        \
               WITH(train_options.validation_fraction, -0.1)),                                                         \
        REFUSE("validation_fraction is 1; it must be 0 or more and below 1",                                           \
               WITH(train_options.validation_fraction, 1)),                                                            \
        REFUSE("validation_fraction is nan; it must be 0", WITH(train_options.validation_fraction, NAN)),              \
        REFUSE("validation_fraction is inf; it must be 0", WITH(train_options.validation_fraction, INFINITY)),         \
        REFUSE("validation_fraction 0.01 of 8 samples leaves one of the sets empty",                                   \
               WITH(train_options.validation_fraction, 0.01)),                                                         \
        REFUSE("validation and validation_fraction exclude each other", FROM(train_options.validation, data_p),        \
               WITH(train_options.validation_fraction, 0.25)),                                                         \
        REFUSE("validation: samples is 0; it must be 1..", FROM(train_options.validation, validation_p),               \
               WITH(validation.samples, 0)),                                                                           \
        REFUSE("validation: features is 6; the model has 5 inputs", FROM(train_options.validation, validation_p),      \
               WITH(validation.features, IN + 1)),                                                                     \
        REFUSED_OPTIMIZER_OPTIONS(train_options.optimizer),                                                            \
        REFUSE("options: class_weights[2] is -1; it must be finite and at least 0",                                    \
               FROM(train_options.class_weights, weights_p), WITH(weights[2], -1)),                                    \
        REFUSE("options: class_weights[0] is nan; it must be finite", FROM(train_options.class_weights, weights_p),    \
               WITH(weights[0], NAN)),                                                                                 \
        REFUSE("options: class_weights needs targets by class", FROM(train_options.class_weights, weights_p),          \
               WITH(data.classes, NULL), FROM(data.values, x))

#define REFUSED_TARGETS                                                                                                \
    REFUSE("targets is NULL", WITH(targets_p, NULL)), REFUSED_DATA_SIZES("targets", targets),                          \
        REFUSE("targets: exactly one of classes and values must be set", WITH(targets.classes, NULL)),                 \
        REFUSE("targets: exactly one of classes and values must be set", FROM(targets.values, x)),                     \
        REFUSE("targets: ld is 2; it must be at least 3", WITH(targets.classes, NULL), FROM(targets.values, x),        \
               WITH(targets.ld, OUT - 1)),                                                                             \
        REFUSE("targets: ld is 0; it must be at least 3", WITH(targets.classes, NULL), FROM(targets.values, x)),       \
        REFUSE("targets: 6 rows of 18446744073709551615 floats do not fit in memory", WITH(targets.classes, NULL),     \
               FROM(targets.values, x), WITH(targets.ld, SIZE_MAX)),                                                   \
        REFUSE("targets: 6 rows of 1152921504606846976 floats do not fit in memory", WITH(targets.classes, NULL),      \
               FROM(targets.values, x), WITH(targets.ld, (size_t)1 << 60)),                                            \
        REFUSE("targets: classes[5] is 3; it must be 0..2", WITH(classes[BATCH - 1], OUT)),                            \
        REFUSE("targets: classes[5] is -1; it must be 0..2", WITH(classes[BATCH - 1], -1)),                            \
        REFUSE("targets: classes[0] is 2147483647; it must be 0..2", WITH(classes[0], INT32_MAX)),                     \
        REFUSE("targets: classes[0] is -2147483648; it must be 0..2", WITH(classes[0], INT32_MIN)),                    \
        REFUSE("targets: weights[5] is -1; it must be finite and at least 0", FROM(targets.weights, weights_p),        \
               WITH(weights[BATCH - 1], -1)),                                                                          \
        REFUSE("targets: weights[0] is nan; it must be finite", FROM(targets.weights, weights_p),                      \
               WITH(weights[0], NAN)),                                                                                 \
        REFUSE("targets: weights[0] is inf; it must be finite", FROM(targets.weights, weights_p),                      \
               WITH(weights[0], INFINITY)),                                                                            \
        REFUSE("targets: class_weights[2] is -1; it must be finite and at least 0",                                    \
               FROM(targets.class_weights, weights_p), WITH(weights[2], -1)),                                          \
        REFUSE("targets: class_weights[0] is nan; it must be finite", FROM(targets.class_weights, weights_p),          \
               WITH(weights[0], NAN))

#define REFUSED_TRAINING_WORKSPACE                                                                                     \
    SILENT(WITH(model, NULL)), REFUSE("workspace is NULL", WITH(workspace, NULL)),                                     \
        REFUSE("workspace must be a training workspace of this model", FROM(workspace, inference)),                    \
        REFUSE("workspace must be a training workspace of this model", FROM(workspace, other_workspace)),              \
        REFUSE("workspace must be a training workspace of this model", FROM(model, other_model)),                      \
        REFUSE("workspace has no forward pass to", FROM(workspace, fresh_workspace))

#define REFUSED_DX                                                                                                     \
    REFUSE("lddx is 4; it must be at least 5", WITH(lddx, IN - 1)),                                                    \
        REFUSE("lddx is 0; it must be at least 5", WITH(lddx, 0)),                                                     \
        REFUSE("dx: 6 rows of 18446744073709551615 floats do not fit in memory", WITH(lddx, SIZE_MAX)),                \
        REFUSE("dx: 6 rows of 1152921504606846976 floats do not fit in memory", WITH(lddx, (size_t)1 << 60)),          \
        REFUSE("dx is x, which the gradients need; it must not overlap x", WITH(dx, fixture.x))

/* Any workspace. */
#define REFUSED_WORKSPACE                                                                                              \
    SILENT(WITH(model, NULL)), REFUSE("workspace is NULL", WITH(workspace, NULL)),                                     \
        REFUSE("workspace was made for another model", FROM(workspace, other_workspace)),                              \
        REFUSE("workspace was made for another model", FROM(model, other_model))

#define REFUSED_FACTORS                                                                                                \
    SILENT(WITH(context, NULL)),                                                                                       \
        REFUSE("transpose_a is -1; it must be TP_TRANSPOSE_NO or TP_TRANSPOSE_YES", WITH(ta, (tp_transpose)-1)),       \
        REFUSE("transpose_a is 2; it must be TP_TRANSPOSE_NO or TP_TRANSPOSE_YES", WITH(ta, (tp_transpose)2)),         \
        REFUSE("a is NULL", WITH(a, NULL)), REFUSE("c is NULL", WITH(c, NULL)),                                        \
        REFUSE("lda is 3; it must be at least 4, the length of a row as stored", WITH(lda, K - 1)),                    \
        REFUSE("lda is 0; it must be at least 4", WITH(lda, 0)),                                                       \
        REFUSE("lda is 2; it must be at least 3", WITH(ta, TP_TRANSPOSE_YES), WITH(lda, M - 1)),                       \
        REFUSE("ldc is 4; it must be at least 5", WITH(ldc, N - 1)),                                                   \
        REFUSE("ldc is 0; it must be at least 5", WITH(ldc, 0)),                                                       \
        REFUSE("a: 3 rows of 18446744073709551615 floats do not fit in memory", WITH(lda, SIZE_MAX)),                  \
        REFUSE("a: 18446744073709551615 rows of 4 floats do not fit in memory", WITH(m, SIZE_MAX)),                    \
        REFUSE("c: 3 rows of 18446744073709551615 floats do not fit in memory", WITH(ldc, SIZE_MAX)),                  \
        REFUSED_MEMORY("sgemm workspace")

#define REFUSED_B                                                                                                      \
    REFUSE("transpose_b is -1; it must be TP_TRANSPOSE_NO or TP_TRANSPOSE_YES", WITH(tb, (tp_transpose)-1)),           \
        REFUSE("transpose_b is 2; it must be TP_TRANSPOSE_NO or TP_TRANSPOSE_YES", WITH(tb, (tp_transpose)2)),         \
        REFUSE("b is NULL", WITH(b, NULL)), REFUSE("ldb is 4; it must be at least 5", WITH(ldb, N - 1)),               \
        REFUSE("ldb is 0; it must be at least 5", WITH(ldb, 0)),                                                       \
        REFUSE("ldb is 3; it must be at least 4", WITH(tb, TP_TRANSPOSE_YES), WITH(ldb, K - 1)),                       \
        REFUSE("b: 4 rows of 18446744073709551615 floats do not fit in memory", WITH(ldb, SIZE_MAX)),                  \
        REFUSE("b: 5 rows of 1152921504606846976 floats do not fit in memory", WITH(tb, TP_TRANSPOSE_YES),             \
               WITH(ldb, (size_t)1 << 60))

#define REFUSED_PATH(member)                                                                                           \
    REFUSE("path is NULL", WITH(member, NULL)),                                                                        \
        REFUSE_AS(TP_ERR_IO, "/nonesuch/x: cannot ", WITH(member, "/nonesuch/x")),                                     \
        REFUSE_AS(TP_ERR_IO, "/dev/null/x: cannot ", WITH(member, "/dev/null/x")),                                     \
        REFUSE_AS(TP_ERR_IO, "/: is a directory", WITH(member, "/")),                                                  \
        REFUSE_AS(TP_ERR_IO, ".: is a directory", WITH(member, ".")),                                                  \
        REFUSE_AS(TP_ERR_IO, "/dev/null: is not a regular file", WITH(member, "/dev/null")),                           \
        REFUSE_AS(TP_ERR_IO, "/dev/full: is not a regular file", WITH(member, "/dev/full")),                           \
        REFUSE_AS(TP_ERR_IO, ": cannot ", WITH(member, ""))

#define REFUSED_NAME(count)                                                                                            \
    SILENT(WITH(value, count)), SILENT(WITH(value, -1)), SILENT(WITH(value, INT_MAX)), SILENT(WITH(value, INT_MIN))

/* ---- calls: functions without a status give TP_ERR_ARGUMENT for what stands for a refusal ---- */

static tp_status nothing(bool is_nothing) {
    return is_nothing ? TP_ERR_ARGUMENT : TP_OK;
}

#define CALL(name, expression)                                                                                         \
    static tp_status call_##name(void) {                                                                               \
        return expression;                                                                                             \
    }                                                                                                                  \
    static const struct refusal refuse_##name[] =

#define CALL_VOID(name, statement)                                                                                     \
    static tp_status call_##name(void) {                                                                               \
        statement;                                                                                                     \
        return TP_ERR_ARGUMENT;                                                                                        \
    }                                                                                                                  \
    static const struct refusal refuse_##name[] =

/* ---- context ---- */

CALL(context_create, tp_context_create(&now.context_options, now.context_out)){
    SILENT(WITH(context_out, NULL)),
    SILENT(WITH(context_options.struct_size, 0)),
    REFUSE_AS(TP_ERR_UNSUPPORTED, NULL, WITH(context_options.struct_size, 9999)),
    REFUSE("threads is -1; it must be 1..4096", WITH(context_options.threads, -1)),
    REFUSE("threads is -2147483648; it must be 1..4096", WITH(context_options.threads, INT_MIN)),
    REFUSE("threads is 4097; it must be 1..4096", WITH(context_options.threads, 4097)),
    REFUSE("threads is 2147483647; it must be 1..4096", WITH(context_options.threads, INT_MAX)),
    REFUSE("allocator has only one", WITH(context_options.allocator.allocate, NULL)),
    REFUSE("allocator has only one", WITH(context_options.allocator.release, NULL)),
    REFUSE_AS(TP_ERR_UNSUPPORTED, "isa: instruction set \"\" is unknown", WITH(context_options.isa, "")),
    REFUSE_AS(TP_ERR_UNSUPPORTED, "isa: instruction set \"avx1024\" is unknown", WITH(context_options.isa, "avx1024")),
    REFUSE_AS(TP_ERR_UNSUPPORTED, "isa: instruction set \"SCALAR\" is unknown", WITH(context_options.isa, "SCALAR")),
    REFUSE_AS(TP_ERR_UNSUPPORTED, "isa: instruction set \"scalar \" is unknown", WITH(context_options.isa, "scalar ")),
    REFUSE_AS(TP_ERR_UNSUPPORTED, "isa: instruction set \"%s%n\" is unknown", WITH(context_options.isa, "%s%n")),
};
CALL(context_set_threads, tp_context_set_threads(now.context, now.threads)){
    SILENT(WITH(context, NULL)),
    REFUSE("threads is -1; it must be 1..4096, or 0", WITH(threads, -1)),
    REFUSE("threads is -2147483648; it must be 1..4096", WITH(threads, INT_MIN)),
    REFUSE("threads is 4097; it must be 1..4096", WITH(threads, 4097)),
    REFUSE("threads is 2147483647; it must be 1..4096", WITH(threads, INT_MAX)),
};
CALL(context_machine, nothing(!tp_context_machine(now.context))){SILENT(WITH(context, NULL))};
CALL_VOID(context_options_init, tp_context_options_init(NULL, 64)){SILENT({0})};
CALL_VOID(context_destroy, tp_context_destroy(NULL)){SILENT({0})};
CALL(context_isa, nothing(!tp_context_isa(now.context))){SILENT(WITH(context, NULL))};
CALL(context_threads, nothing(!tp_context_threads(now.context))){SILENT(WITH(context, NULL))};
CALL(context_message, nothing(!tp_context_message(NULL, NULL, 0) && !tp_context_message(NULL, NULL, 5))){SILENT({0})};
CALL(context_set_message, tp_context_set_message(NULL, TP_ERR_ARGUMENT, "nobody hears")){SILENT({0})};

/* ---- products ---- */

CALL(sgemm, tp_sgemm(now.context, now.ta, now.tb, now.m, now.n, now.k, 1, now.a, now.lda, now.b, now.ldb, now.beta,
                     now.c, now.ldc, now.memory, now.size)){
    REFUSED_FACTORS,
    REFUSED_B,
    REFUSE("lda is 4; it must be at least 18446744073709551615", WITH(k, SIZE_MAX)),
    REFUSE("ldb is 5; it must be at least 18446744073709551615", WITH(n, SIZE_MAX)),
};
CALL(sgemm_workspace_size, nothing(!tp_sgemm_workspace_size(now.context, now.m, now.n, now.k))){
    SILENT(WITH(context, NULL)),
};
CALL(packed_size, nothing(!tp_packed_size(now.context, now.k, now.n))){
    SILENT(WITH(context, NULL)),
    SILENT(WITH(k, SIZE_MAX)),
    SILENT(WITH(n, SIZE_MAX)),
    SILENT(WITH(k, SIZE_MAX), WITH(n, SIZE_MAX)),
    SILENT(WITH(k, SIZE_MAX / 2)),
    SILENT(WITH(n, SIZE_MAX / 2)),
    SILENT(WITH(k, (size_t)1 << 32), WITH(n, (size_t)1 << 32)),
    SILENT(WITH(k, 1), WITH(n, (size_t)1 << 62)),
    SILENT(WITH(k, (size_t)1 << 62), WITH(n, 1)),
    SILENT(WITH(k, (size_t)1 << 62), WITH(n, 4)),
};
CALL(packed_create,
     tp_packed_create(now.context, now.tb, now.k, now.n, now.b, now.ldb, now.memory, now.size, now.packed_out)){
    REFUSED_B,
    REFUSED_MEMORY("packed matrix"),
    SILENT(WITH(context, NULL)),
    REFUSE("packed is NULL", WITH(packed_out, NULL)),
    REFUSE("ldb is 5; it must be at least 18446744073709551615", WITH(n, SIZE_MAX)),
    REFUSE("b: 18446744073709551615 rows of 5 floats do not fit in memory", WITH(k, SIZE_MAX)),
    REFUSE("b: 4611686018427387904 rows of 5 floats do not fit in memory", WITH(k, (size_t)1 << 62)),
};
CALL(packed_update, tp_packed_update(now.packed, now.tb, now.b, now.ldb)){
    REFUSED_B,
    SILENT(WITH(packed, NULL)),
    REFUSE("transpose_b is 2147483647; it must be", WITH(tb, (tp_transpose)INT_MAX)),
};
CALL_VOID(packed_destroy, tp_packed_destroy(NULL)){SILENT({0})};
CALL(sgemm_packed, tp_sgemm_packed(now.context, now.ta, now.m, 1, now.a, now.lda, now.packed, now.beta, &now.epilogue,
                                   now.c, now.ldc, now.memory, now.size)){
    REFUSED_FACTORS,
    REFUSE("b is NULL", WITH(packed, NULL)),
    REFUSE("b was packed for another instruction set", FROM(packed, foreign_packed)),
    REFUSE("epilogue: activation -1 is unknown", WITH(epilogue.activation, (tp_activation)-1)),
    REFUSE("epilogue: activation", WITH(epilogue.activation, TP_ACTIVATION_COUNT)),
    REFUSE("or not elementwise", WITH(epilogue.activation, TP_ACTIVATION_SOFTMAX)),
    REFUSE("epilogue: slope is -0.5; it must be 0..1", WITH(epilogue.activation, TP_ACTIVATION_LEAKY_RELU),
           WITH(epilogue.slope, -0.5f)),
    REFUSE("epilogue: slope is 2; it must be 0..1", WITH(epilogue.activation, TP_ACTIVATION_LEAKY_RELU),
           WITH(epilogue.slope, 2)),
    REFUSE("epilogue: slope is nan; it must be 0..1", WITH(epilogue.activation, TP_ACTIVATION_LEAKY_RELU),
           WITH(epilogue.slope, NAN)),
    REFUSE("epilogue: slope is -1; it must be positive and finite, or 0 for 1: it is ELU's alpha",
           WITH(epilogue.activation, TP_ACTIVATION_ELU), WITH(epilogue.slope, -1)),
    REFUSED_DATA_SIZES("epilogue", epilogue),
    REFUSE("epilogue: bias needs beta = 0, not 1", FROM(epilogue.bias, x), WITH(beta, 1)),
    REFUSE("epilogue: bias needs beta = 0, not nan", FROM(epilogue.bias, x), WITH(beta, NAN)),
    REFUSE("epilogue: ld is 4; it must be at least 5", FROM(epilogue.outputs, x), WITH(epilogue.ld, N - 1)),
    REFUSE("epilogue: 3 rows of 18446744073709551615 floats do not fit in memory", FROM(epilogue.outputs, x),
           WITH(epilogue.ld, SIZE_MAX)),
};

/* ---- model ---- */

CALL(activation_name, nothing(!tp_activation_name((tp_activation)now.value))){REFUSED_NAME(TP_ACTIVATION_COUNT)};
CALL(loss_name, nothing(!tp_loss_name((tp_loss)now.value))){REFUSED_NAME(TP_LOSS_COUNT)};
CALL(init_name, nothing(!tp_init_name((tp_init)now.value))){REFUSED_NAME(TP_INIT_COUNT)};
CALL_VOID(model_options_init, tp_model_options_init(NULL, 64, 0)){SILENT({0})};
CALL(model_create, tp_model_create(now.context, now.model_options_p, now.model_out)){
    SILENT(WITH(context, NULL)),
    REFUSE("options is NULL", WITH(model_options_p, NULL)),
    REFUSE("model is NULL", WITH(model_out, NULL)),
    REFUSED_MODEL_OPTIONS,
    REFUSE_AS(TP_ERR_MEMORY, "model: its size does not fit in size_t", WITH(model_options.inputs, SIZE_MAX)),
    REFUSE_AS(TP_ERR_MEMORY, "model: its size does not fit in size_t",
              WITH(model_options.inputs, SIZE_MAX / 4 / HIDDEN)),
    REFUSE_AS(TP_ERR_MEMORY, "model: its size does not fit in size_t", WITH(model_options.inputs, (size_t)1 << 62),
              WITH(layers[0].width, 1)),
    REFUSE_AS(TP_ERR_MEMORY, "model: its size does not fit in size_t", WITH(layers[0].width, SIZE_MAX)),
    REFUSE_AS(TP_ERR_MEMORY, "model: its size does not fit in size_t", WITH(layers[1].width, (size_t)1 << 60)),
    REFUSE_AS(TP_ERR_MEMORY, "model: its size does not fit in size_t", WITH(model_options.inputs, (size_t)1 << 32),
              WITH(layers[0].width, (size_t)1 << 32)),
};
CALL_VOID(model_destroy, tp_model_destroy(NULL)){SILENT({0})};
#define REFUSED_STRUCT_SIZE                                                                                            \
    REFUSE("model options: struct_size is 0; it must be at least ", WITH(struct_size, 0)),                             \
        REFUSE("model options: struct_size is 8; it must be at least ", WITH(struct_size, 8)),                         \
        REFUSE("it must be at least ", WITH(struct_size, offsetof(tp_model_options, label_smoothing) - 1))
CALL(model_get_options, tp_model_get_options(now.model, now.described, now.struct_size)){
    SILENT(WITH(model, NULL)),
    REFUSE("options is NULL", WITH(described, NULL)),
    REFUSED_STRUCT_SIZE,
};
CALL(model_layer, nothing(!tp_model_layer(now.model, now.layer))){
    SILENT(WITH(model, NULL)),
    SILENT(WITH(layer, 2)),
    SILENT(WITH(layer, SIZE_MAX)),
};
CALL(model_parameter_count, nothing(!tp_model_parameter_count(now.model))){SILENT(WITH(model, NULL))};
CALL(model_layer_offsets, tp_model_layer_offsets(now.model, now.layer, &out.weight, &out.bias)){
    SILENT(WITH(model, NULL)),
    REFUSE("layer is 2; the model has 2", WITH(layer, 2)),
    REFUSE("layer is 64; the model has 2", WITH(layer, TP_MAX_LAYERS)),
    REFUSE("layer is 18446744073709551615; the model has 2", WITH(layer, SIZE_MAX)),
};
#define REFUSED_PARAMETERS                                                                                             \
    SILENT(WITH(model, NULL)), REFUSE("parameters is NULL", WITH(parameters, NULL)),                                   \
        REFUSE("count is 0; the model has 174 parameters", WITH(count, 0)),                                            \
        REFUSE("count is 1; the model has 174 parameters", WITH(count, 1)),                                            \
        REFUSE("count is 173; the model has 174 parameters", WITH(count, PARAMETERS - 1)),                             \
        REFUSE("count is 175; the model has 174 parameters", WITH(count, PARAMETERS + 1)),                             \
        REFUSE("count is 696; the model has 174 parameters", WITH(count, PARAMETERS * 4)),                             \
        REFUSE("count is 4294967470; the model has 174", WITH(count, ((size_t)1 << 32) + PARAMETERS)),                 \
        REFUSE("count is 9223372036854775807; the model has 174", WITH(count, SIZE_MAX / 2)),                          \
        REFUSE("count is 18446744073709551615; the model has 174", WITH(count, SIZE_MAX))
CALL(model_get_parameters, tp_model_get_parameters(now.model, now.parameters, now.count)){REFUSED_PARAMETERS};
CALL(model_set_parameters, tp_model_set_parameters(now.model, now.parameters, now.count)){REFUSED_PARAMETERS};
CALL(model_save, tp_model_save(now.model, now.path)){
    SILENT(WITH(model, NULL)),
    REFUSE_AS(TP_ERR_IO, "cannot open its directory: No such file or directory", WITH(path, "/nonesuch/x/")),
    REFUSED_PATH(path),
};
CALL(output_create, tp_output_create(now.context, now.path, now.output_out)){
    SILENT(WITH(context, NULL)),
    REFUSE("output is NULL", WITH(output_out, NULL)),
    REFUSE_AS(TP_ERR_IO, ": cannot write: No such file or directory", WITH(path, "")),
    REFUSED_PATH(path),
};
CALL_VOID(output_destroy, tp_output_destroy(NULL)){SILENT({0})};
CALL(output_write, tp_output_write(now.output, now.x, now.size)){
    SILENT(WITH(output, NULL)),
    REFUSE("data is NULL", WITH(x, NULL), WITH(size, 1)),
    REFUSE("tp_output_write: ", FROM(output, committed)),
    REFUSE("has been committed; it can only be destroyed", FROM(output, committed)),
};
CALL(output_commit, tp_output_commit(now.output)){
    SILENT(WITH(output, NULL)),
    REFUSE("tp_output_commit: ", FROM(output, committed)),
    REFUSE("has been committed; it can only be destroyed", FROM(output, committed)),
};
CALL(output_is, nothing(!tp_output_is(now.output, now.path))){
    SILENT(WITH(output, NULL)),
    SILENT(WITH(path, NULL)),
    SILENT(WITH(path, "")),
    SILENT(WITH(path, "/nonesuch/x")),
};
CALL(model_save_to, tp_model_save_to(now.model, now.output)){
    SILENT(WITH(model, NULL)),
    REFUSE("output is NULL", WITH(output, NULL)),
    REFUSE("output is not empty", FROM(output, committed)),
};
CALL(model_get_file_options,
     tp_model_get_file_options(now.context, now.path, now.described, now.struct_size, now.layers_out, now.layer_size)){
    SILENT(WITH(context, NULL)),
    REFUSE("options is NULL", WITH(described, NULL)),
    REFUSED_STRUCT_SIZE,
    REFUSE("layer_size is 0; it must be at least 16", WITH(layer_size, 0)),
    REFUSE("layer_size is 15; it must be at least 16", WITH(layer_size, 15)),
    REFUSE("layers is NULL", WITH(layers_out, NULL)),
    REFUSE_AS(TP_ERR_FORMAT, "safetensors", FROM(path, idx_path)),
    REFUSED_PATH(path),
};
CALL(model_load, tp_model_load(now.context, now.path, now.model_out)){
    SILENT(WITH(context, NULL)),
    REFUSE("model is NULL", WITH(model_out, NULL)),
    REFUSE_AS(TP_ERR_FORMAT, "safetensors", FROM(path, idx_path)),
    REFUSED_PATH(path),
};

CALL(model_write, tp_model_write(now.model, now.memory, now.size, now.needed)){
    SILENT(WITH(model, NULL)),
    REFUSE("tp_model_write: needed is NULL", WITH(needed, NULL)),
    REFUSE("tp_model_write: needed is NULL", WITH(needed, NULL), FROM(memory, spare), WITH(size, 1)),
    REFUSE("tp_model_write: buffer is NULL", WITH(size, 1)),
    REFUSE("tp_model_write: buffer is NULL", WITH(size, SIZE_MAX)),
};
CALL(model_read, tp_model_read(now.context, now.bytes, now.bytes_size, now.model_out)){
    SILENT(WITH(context, NULL)),
    REFUSE("tp_model_read: model is NULL", WITH(model_out, NULL)),
    REFUSE("tp_model_read: buffer is NULL", WITH(bytes, NULL)),
    REFUSE("tp_model_read: buffer is NULL", WITH(bytes, NULL), WITH(bytes_size, 0)),
    REFUSE_AS(TP_ERR_FORMAT, "the buffer: has 0 bytes; a safetensors file has at least 8", WITH(bytes_size, 0)),
    REFUSE_AS(TP_ERR_FORMAT, "the buffer: truncated", WITH(bytes_size, 100)),
};

/* ---- workspace and passes ---- */

CALL_VOID(workspace_options_init, tp_workspace_options_init(NULL, 64)){SILENT({0})};
CALL(workspace_size, nothing(!tp_workspace_size(now.model, now.workspace_options_p))){
    SILENT(WITH(model, NULL)),
    SILENT(WITH(workspace_options_p, NULL)),
    REFUSED_SIZES("workspace options", workspace_options),
    REFUSE("max_batch is 0; it must be at least 1", WITH(workspace_options.max_batch, 0)),
    REFUSE("; it must be one of tp_mode", WITH(workspace_options.mode, (tp_mode)-1)),
    REFUSE("; it must be one of tp_mode", WITH(workspace_options.mode, (tp_mode)3)),
    REFUSE("; it must be one of tp_mode", WITH(workspace_options.mode, (tp_mode)INT_MAX)),
    SILENT(WITH(workspace_options.max_batch, SIZE_MAX)),
    SILENT(WITH(workspace_options.max_batch, SIZE_MAX / 2)),
    SILENT(WITH(workspace_options.max_batch, (size_t)1 << 62)),
    SILENT(WITH(workspace_options.max_batch, (size_t)1 << 60)),
    SILENT(WITH(workspace_options.max_batch, (size_t)1 << 60), WITH(workspace_options.mode, TP_MODE_INFERENCE)),
};
CALL(workspace_create,
     tp_workspace_create(now.model, now.workspace_options_p, now.memory, now.size, now.workspace_out)){
    SILENT(WITH(model, NULL)),
    REFUSE("workspace is NULL", WITH(workspace_out, NULL)),
    REFUSE("options is NULL", WITH(workspace_options_p, NULL)),
    REFUSED_SIZES("workspace options", workspace_options),
    REFUSED_NEWER("workspace options", workspace_options),
    REFUSE("threads is -1; it must be 1..4096", WITH(workspace_options.threads, -1)),
    REFUSE("threads is 4097; it must be 1..4096", WITH(workspace_options.threads, 4097)),
    REFUSE("max_batch is 0; it must be at least 1", WITH(workspace_options.max_batch, 0)),
    REFUSE("mode is -1; it must be one of tp_mode", WITH(workspace_options.mode, (tp_mode)-1)),
    REFUSE("mode is 3; it must be one of tp_mode", WITH(workspace_options.mode, (tp_mode)3)),
    REFUSE_AS(TP_ERR_MEMORY, "workspace: its size does not fit in size_t", WITH(workspace_options.max_batch, SIZE_MAX)),
    REFUSE_AS(TP_ERR_MEMORY, "workspace: its size does not fit in size_t",
              WITH(workspace_options.max_batch, SIZE_MAX / 2)),
    REFUSE_AS(TP_ERR_MEMORY, "workspace: its size does not fit in size_t",
              WITH(workspace_options.max_batch, (size_t)1 << 62)),
    REFUSE_AS(TP_ERR_MEMORY, "workspace: its size does not fit in size_t",
              WITH(workspace_options.max_batch, (size_t)1 << 60)),
    REFUSED_MEMORY("workspace"),
};
CALL_VOID(workspace_destroy, tp_workspace_destroy(NULL)){SILENT({0})};
CALL(workspace_set_dropout, tp_workspace_set_dropout(now.workspace, 1, 1)){
    SILENT(WITH(workspace, NULL)),
    REFUSE("workspace: dropout needs a training workspace", FROM(workspace, inference)),
};
#define REFUSED_FORWARD                                                                                                \
    REFUSED_WORKSPACE, REFUSE("batch is 9; the workspace holds at most 8", WITH(batch, MAX_BATCH + 1)),                \
        REFUSE("batch is 18446744073709551615; the workspace holds at most 8", WITH(batch, SIZE_MAX)),                 \
        REFUSE("x is NULL", WITH(x, NULL)), REFUSE("ldx is 4; it must be at least 5", WITH(ldx, IN - 1)),              \
        REFUSE("ldx is 0; it must be at least 5", WITH(ldx, 0)),                                                       \
        REFUSE("x: 6 rows of 18446744073709551615 floats do not fit in memory", WITH(ldx, SIZE_MAX)),                  \
        REFUSE("x: 6 rows of 1152921504606846976 floats do not fit in memory", WITH(ldx, (size_t)1 << 60))

#define REFUSED_DERIVATIVES                                                                                            \
    SILENT(WITH(model, NULL)), REFUSE("workspace is NULL", WITH(derivatives, NULL)),                                   \
        REFUSE("workspace was not made for derivatives", FROM(derivatives, workspace)),                                \
        REFUSE("workspace was made for another model", FROM(derivatives, other_workspace)),                            \
        REFUSE("batch is 9; the workspace holds at most 8", WITH(batch, MAX_BATCH + 1)),                               \
        REFUSE("x is NULL", WITH(x, NULL)), REFUSE("ldx is 4; it must be at least 5", WITH(ldx, IN - 1))

#define REFUSED_Y                                                                                                      \
    REFUSE("ldy is 2; it must be at least 3", WITH(ldy, OUT - 1)),                                                     \
        REFUSE("ldy is 0; it must be at least 3", WITH(ldy, 0)),                                                       \
        REFUSE("y: 6 rows of 18446744073709551615 floats do not fit in memory", WITH(ldy, SIZE_MAX)),                  \
        REFUSE("y: 6 rows of 1152921504606846976 floats do not fit in memory", WITH(ldy, (size_t)1 << 60))

CALL(forward, tp_forward(now.model, now.workspace, now.batch, now.x, now.ldx, now.y, now.ldy)){
    REFUSED_FORWARD,
    REFUSED_Y,
    REFUSE("y is NULL; an inference workspace does not allow that", FROM(workspace, inference), WITH(y, NULL)),
};
CALL(jacobian, tp_jacobian(now.model, now.derivatives, now.batch, now.x, now.ldx, now.y, now.ldy, now.parameters)){
    REFUSED_DERIVATIVES,
    REFUSED_Y,
    REFUSE("jacobian is NULL", WITH(parameters, NULL)),
};
CALL(jvp, tp_jvp(now.model, now.derivatives, now.batch, now.x, now.ldx, now.dy, now.lddx, NULL, 0, now.y, now.ldy)){
    REFUSED_DERIVATIVES,
    REFUSE("v is NULL", WITH(dy, NULL)),
    REFUSE("jv is NULL", WITH(y, NULL)),
    REFUSE("ldv is 4; it must be at least 5", WITH(lddx, IN - 1)),
    REFUSE("ldjv is 2; it must be at least 3", WITH(ldy, OUT - 1)),
    REFUSE("v: 6 rows of 1152921504606846976 floats do not fit in memory", WITH(lddx, (size_t)1 << 60)),
    REFUSE("jv: 6 rows of 1152921504606846976 floats do not fit in memory", WITH(ldy, (size_t)1 << 60)),
};
CALL(train_step,
     tp_train_step(now.model, now.workspace, now.optimizer, now.batch, now.x, now.ldx, now.targets_p, now.score)){
    SILENT(WITH(model, NULL)),
    REFUSE("workspace is NULL", WITH(workspace, NULL)),
    REFUSE("optimizer is NULL", WITH(optimizer, NULL)),
    REFUSE("workspace must be a training workspace of this model", FROM(workspace, inference)),
    REFUSE("workspace must be a training workspace of this model", FROM(workspace, other_workspace)),
    REFUSE("workspace must be a training workspace of this model", FROM(model, other_model)),
    REFUSE("optimizer was made for another model", FROM(optimizer, other_optimizer)),
    REFUSE("batch is 0; it must be at least 1", WITH(batch, 0)),
    REFUSE("batch is 9; the workspace holds at most 8", WITH(batch, MAX_BATCH + 1)),
    REFUSE("x is NULL", WITH(x, NULL)),
    REFUSE("ldx is 4; it must be at least 5", WITH(ldx, IN - 1)),
    REFUSED_TARGETS,
};
CALL(loss_value, tp_loss_value(now.model, now.workspace, now.targets_p, now.score)){
    REFUSED_TRAINING_WORKSPACE,
    REFUSED_TARGETS,
    REFUSE("score is NULL", WITH(score, NULL)),
};
CALL(backward, tp_backward(now.model, now.workspace, now.targets_p, now.gradients, now.dx, now.lddx, now.score)){
    REFUSED_TRAINING_WORKSPACE,
    REFUSED_TARGETS,
    REFUSED_DX,
    REFUSE("gradients and dx are NULL: there is nothing to compute", WITH(gradients, NULL), WITH(dx, NULL)),
};
CALL(backward_accumulate,
     tp_backward_accumulate(now.model, now.workspace, now.targets_p, now.gradients, now.dx, now.lddx, now.score)){
    REFUSED_TRAINING_WORKSPACE,
    REFUSED_TARGETS,
    REFUSED_DX,
    REFUSE("gradients and dx are NULL: there is nothing to compute", WITH(gradients, NULL), WITH(dx, NULL)),
};
CALL(backward_from, tp_backward_from(now.model, now.workspace, now.dy, now.lddy, now.gradients, now.dx, now.lddx)){
    REFUSED_TRAINING_WORKSPACE,
    REFUSED_DX,
    REFUSE("gradients and dx are NULL: there is nothing to compute", WITH(gradients, NULL), WITH(dx, NULL)),
    REFUSE("dy is NULL", WITH(dy, NULL)),
    REFUSE("lddy is 2; it must be at least 3", WITH(lddy, OUT - 1)),
    REFUSE("lddy is 0; it must be at least 3", WITH(lddy, 0)),
    REFUSE("dy: 6 rows of 18446744073709551615 floats do not fit in memory", WITH(lddy, SIZE_MAX)),
    REFUSE("dy: 6 rows of 1152921504606846976 floats do not fit in memory", WITH(lddy, (size_t)1 << 60)),
};

/* ---- optimiser and training ---- */

CALL(optimizer_name, nothing(!tp_optimizer_name((tp_optimizer_kind)now.value))){REFUSED_NAME(TP_OPTIMIZER_COUNT)};
CALL(schedule_name, nothing(!tp_schedule_name((tp_schedule)now.value))){REFUSED_NAME(TP_SCHEDULE_COUNT)};
CALL_VOID(optimizer_options_init, tp_optimizer_options_init(NULL, 64)){SILENT({0})};
CALL(optimizer_size, nothing(!tp_optimizer_size(now.model, now.optimizer_options_p))){
    SILENT(WITH(model, NULL)),
    SILENT(WITH(optimizer_options_p, NULL)),
    REFUSED_OPTIMIZER_OPTIONS(optimizer_options),
};
CALL(optimizer_create,
     tp_optimizer_create(now.model, now.optimizer_options_p, now.memory, now.size, now.optimizer_out)){
    SILENT(WITH(model, NULL)),
    REFUSE("options is NULL", WITH(optimizer_options_p, NULL)),
    REFUSE("optimizer is NULL", WITH(optimizer_out, NULL)),
    REFUSED_OPTIMIZER_OPTIONS(optimizer_options),
    REFUSED_NEWER("optimizer options", optimizer_options),
    REFUSED_MEMORY("optimizer"),
};
CALL_VOID(optimizer_destroy, tp_optimizer_destroy(NULL)){SILENT({0})};
CALL(optimizer_step, tp_optimizer_step(now.optimizer, now.model, now.x)){
    SILENT(WITH(model, NULL)),
    REFUSE("optimizer is NULL", WITH(optimizer, NULL)),
    REFUSE("gradients is NULL", WITH(x, NULL)),
    REFUSE("optimizer was made for another model", FROM(model, other_model)),
};
CALL(optimizer_set_learning_rate, tp_optimizer_set_learning_rate(now.optimizer, now.rate)){
    SILENT(WITH(optimizer, NULL)),
    REFUSE("optimizer: learning_rate is 0; it must be positive and finite", WITH(rate, 0)),
    REFUSE("optimizer: learning_rate is -1; it must be positive and finite", WITH(rate, -1)),
    REFUSE("optimizer: learning_rate is nan; it must be positive and finite", WITH(rate, NAN)),
    REFUSE("optimizer: learning_rate is inf; it must be positive and finite", WITH(rate, INFINITY)),
};
CALL(optimizer_state_count, nothing(!tp_optimizer_state_count(now.optimizer))){SILENT(WITH(optimizer, NULL))};
#define REFUSED_STATE                                                                                                  \
    SILENT(WITH(optimizer, NULL)), REFUSE("values is NULL", WITH(parameters, NULL)),                                   \
        REFUSE("which is 2; adam has 2 states", WITH(layer, 2)),                                                       \
        REFUSE("which is 18446744073709551615; adam has 2 states", WITH(layer, SIZE_MAX)),                             \
        REFUSE("count is 0; the model has 174 parameters", WITH(count, 0)),                                            \
        REFUSE("count is 175; the model has 174 parameters", WITH(count, PARAMETERS + 1))
CALL(optimizer_get_state, tp_optimizer_get_state(now.optimizer, now.layer, now.parameters, now.count)){REFUSED_STATE};
CALL(optimizer_set_state, tp_optimizer_set_state(now.optimizer, now.layer, now.parameters, now.count)){
    REFUSED_STATE,
    REFUSE("values[3] is -0.5; s must not be negative", WITH(layer, 1), WITH(parameters, negative)),
};
CALL(optimizer_set_steps, tp_optimizer_set_steps(now.optimizer, now.step)){
    SILENT(WITH(optimizer, NULL)),
    REFUSE("steps is 9007199254740993; it must be at most 2^53", WITH(step, (UINT64_C(1) << 53) + 1)),
    REFUSE("steps is 18446744073709551615; it must be", WITH(step, UINT64_MAX)),
};
CALL(optimizer_steps, nothing(!tp_optimizer_steps(now.optimizer))){SILENT(WITH(optimizer, NULL))};
CALL(optimizer_learning_rate, nothing(!(tp_optimizer_learning_rate(now.optimizer, now.step) > 0))){
    SILENT(WITH(optimizer, NULL)),
    SILENT(WITH(step, 0)),
};
CALL_VOID(train_options_init, tp_train_options_init(NULL, 64, 0)){SILENT({0})};
CALL(trainer_size, nothing(!tp_trainer_size(now.model, now.data_p, now.train_options_p))){
    SILENT(WITH(model, NULL)),
    REFUSED_TRAIN_OPTIONS,
};
CALL(trainer_create,
     tp_trainer_create(now.model, now.data_p, now.train_options_p, now.memory, now.size, now.trainer_out)){
    SILENT(WITH(model, NULL)),
    REFUSE("trainer is NULL", WITH(trainer_out, NULL)),
    REFUSED_TRAIN_OPTIONS,
    REFUSED_NEWER("train options", train_options),
    REFUSED_NEWER("optimizer options", train_options.optimizer),
    REFUSED_NEWER("data", data),
    REFUSED_MEMORY("trainer"),
};
CALL_VOID(trainer_destroy, tp_trainer_destroy(NULL)){SILENT({0})};
CALL(trainer_phases, nothing(!tp_trainer_phases(now.trainer))){SILENT(WITH(trainer, NULL))};
CALL(trainer_run, tp_trainer_run(now.trainer)){SILENT(WITH(trainer, NULL))};
CALL(evaluate, tp_evaluate(now.model, now.workspace, now.data_p, now.score, now.confusion)){
    REFUSED_WORKSPACE,
    REFUSED_DATA,
    REFUSE("score is NULL", WITH(score, NULL)),
    REFUSE("confusion needs classes", WITH(data.classes, NULL), FROM(data.values, x)),
};
CALL(predict, tp_predict(now.model, now.workspace, now.data_p, now.outputs_p)){
    REFUSED_WORKSPACE,
    REFUSED_SAMPLES,
    REFUSE("y is NULL", WITH(outputs_p, NULL)),
    REFUSED_DATA_SIZES("y", outputs),
    REFUSE("y: exactly one of floats and doubles must be set", WITH(outputs.floats, NULL)),
    REFUSE("y: exactly one of floats and doubles must be set", WITH(outputs.doubles, (double *)1)),
    REFUSE("y: strides of 18446744073709551615 and 1 lead out of memory", WITH(outputs.sample_stride, SIZE_MAX),
           WITH(outputs.value_stride, 1)),
    REFUSE("y: strides of 0 and 1 put two values in one place", WITH(outputs.value_stride, 1)),
    REFUSE("y: strides of 3 and 0 put two values in one place", WITH(outputs.sample_stride, 3)),
    REFUSE("y: strides of 1 and 1 put two values in one place", WITH(outputs.sample_stride, 1),
           WITH(outputs.value_stride, 1)),
    REFUSE("y: strides of 2 and 1 put two values in one place", WITH(outputs.sample_stride, 2),
           WITH(outputs.value_stride, 1)),
    REFUSE("y: strides of 1 and 7 put two values in one place", WITH(outputs.sample_stride, 1),
           WITH(outputs.value_stride, 7)),
    REFUSE("y: strides of 4 and 6 put two values in one place", WITH(outputs.sample_stride, 4),
           WITH(outputs.value_stride, 6)),
};

/* ---- files ---- */

CALL(idx_read, tp_idx_read(now.context, now.idx_path, now.idx)){
    SILENT(WITH(context, NULL)),
    REFUSE("idx is NULL", WITH(idx, NULL)),
    REFUSE_AS(TP_ERR_FORMAT, "not an IDX file", FROM(idx_path, path)),
    REFUSED_PATH(idx_path),
};
CALL(idx_to_samples, tp_idx_to_samples(now.context, now.path, now.samples_p)){
    SILENT(WITH(context, NULL)),
    REFUSE("path is NULL", WITH(path, NULL)),
    REFUSE("idx is NULL", WITH(samples_p, NULL)),
    REFUSE("data is NULL", WITH(samples.data, NULL)),
    REFUSE("type is 0; it must be one of u8, i8, i16, i32, f32 and f64", WITH(samples.type, (tp_idx_type)0)),
    REFUSE("type is 10; it must be one of", WITH(samples.type, (tp_idx_type)10)),
    REFUSE("type is -1; it must be one of", WITH(samples.type, (tp_idx_type)-1)),
    REFUSE_AS(TP_ERR_MEMORY, "its size does not fit in size_t", WITH(samples.type, TP_IDX_TYPE_I8),
              WITH(samples.elements, SIZE_MAX / 2)),
    REFUSE_AS(TP_ERR_FORMAT, "/model: element 1 is -1e+300;", WITH(samples.type, TP_IDX_TYPE_F64),
              WITH(samples.data, (void *)(const double[]){1, -1e300})),
};
CALL_VOID(idx_release, (tp_idx_release(NULL, &out.idx), tp_idx_release(now.context, NULL))){SILENT({0})};
CALL(dataset_load, tp_dataset_load(now.context, now.where, now.split, now.dataset_out)){
    SILENT(WITH(context, NULL)),
    REFUSE("where is NULL", WITH(where, NULL)),
    REFUSE("dataset is NULL", WITH(dataset_out, NULL)),
    REFUSE("split is -1; it must be 0 or 1", WITH(split, (tp_split)-1)),
    REFUSE("split is 2; it must be 0 or 1", WITH(split, (tp_split)2)),
    REFUSE("split is 2147483647; it must be 0 or 1", WITH(split, (tp_split)INT_MAX)),
    REFUSE_AS(TP_ERR_IO, "/nonesuch: no such directory", WITH(where, "/nonesuch")),
    REFUSE_AS(TP_ERR_IO, ": no such directory", WITH(where, "")),
    REFUSE_AS(TP_ERR_IO, "/dev/null: is not a directory", WITH(where, "/dev/null")),
    REFUSE_AS(TP_ERR_IO, "/dev/null/x: no such directory", WITH(where, "/dev/null/x")),
    REFUSE_AS(TP_ERR_MISSING, "/dev: neither train-images-idx3-ubyte nor", WITH(where, "/dev")),
};
CALL_VOID(dataset_destroy, tp_dataset_destroy(NULL)){SILENT({0})};
CALL(dataset_data, nothing(!tp_dataset_data(NULL))){SILENT({0})};

/* Can the good arguments be tried, and are there ten ways to be wrong? */
enum kind { MANY, FEW, NULL_ONLY };

static const struct function {
    const char *name;
    tp_status (*call)(void);
    const struct refusal *refusal;
    size_t count;
    enum kind kind;
} functions[] = {
#define FUNCTION(name, kind)                                                                                           \
    { "tp_" #name, call_##name, refuse_##name, sizeof refuse_##name / sizeof *refuse_##name, kind }
    FUNCTION(context_options_init, NULL_ONLY),
    FUNCTION(context_create, MANY),
    FUNCTION(context_destroy, NULL_ONLY),
    FUNCTION(context_isa, FEW),
    FUNCTION(context_threads, FEW),
    FUNCTION(context_set_threads, FEW),
    FUNCTION(context_message, NULL_ONLY),
    FUNCTION(context_set_message, NULL_ONLY),
    FUNCTION(context_machine, FEW),
    FUNCTION(sgemm, MANY),
    FUNCTION(sgemm_workspace_size, FEW),
    FUNCTION(packed_size, MANY),
    FUNCTION(packed_create, MANY),
    FUNCTION(packed_update, MANY),
    FUNCTION(packed_destroy, NULL_ONLY),
    FUNCTION(sgemm_packed, MANY),
    FUNCTION(activation_name, FEW),
    FUNCTION(loss_name, FEW),
    FUNCTION(init_name, FEW),
    FUNCTION(model_options_init, NULL_ONLY),
    FUNCTION(model_create, MANY),
    FUNCTION(model_destroy, NULL_ONLY),
    FUNCTION(model_get_options, FEW),
    FUNCTION(model_layer, FEW),
    FUNCTION(model_parameter_count, FEW),
    FUNCTION(model_layer_offsets, FEW),
    FUNCTION(model_get_parameters, MANY),
    FUNCTION(model_set_parameters, MANY),
    FUNCTION(model_save, MANY),
    FUNCTION(output_create, FEW),
    FUNCTION(output_destroy, NULL_ONLY),
    FUNCTION(output_write, FEW),
    FUNCTION(output_commit, NULL_ONLY),
    FUNCTION(output_is, NULL_ONLY),
    FUNCTION(model_save_to, NULL_ONLY),
    FUNCTION(model_load, MANY),
    FUNCTION(model_write, FEW),
    FUNCTION(model_read, FEW),
    FUNCTION(workspace_options_init, NULL_ONLY),
    FUNCTION(model_get_file_options, FEW),
    FUNCTION(workspace_size, MANY),
    FUNCTION(workspace_create, MANY),
    FUNCTION(workspace_destroy, NULL_ONLY),
    FUNCTION(workspace_set_dropout, FEW),
    FUNCTION(forward, MANY),
    FUNCTION(loss_value, MANY),
    FUNCTION(backward, MANY),
    FUNCTION(backward_from, MANY),
    FUNCTION(backward_accumulate, MANY),
    FUNCTION(jacobian, MANY),
    FUNCTION(jvp, MANY),
    FUNCTION(optimizer_name, FEW),
    FUNCTION(schedule_name, FEW),
    FUNCTION(optimizer_options_init, NULL_ONLY),
    FUNCTION(optimizer_size, MANY),
    FUNCTION(optimizer_create, MANY),
    FUNCTION(optimizer_destroy, NULL_ONLY),
    FUNCTION(optimizer_step, FEW),
    FUNCTION(optimizer_steps, FEW),
    FUNCTION(optimizer_set_learning_rate, FEW),
    FUNCTION(optimizer_state_count, FEW),
    FUNCTION(optimizer_get_state, FEW),
    FUNCTION(optimizer_set_state, FEW),
    FUNCTION(optimizer_set_steps, FEW),
    FUNCTION(train_step, MANY),
    FUNCTION(optimizer_learning_rate, FEW),
    FUNCTION(train_options_init, NULL_ONLY),
    FUNCTION(trainer_size, MANY),
    FUNCTION(trainer_create, MANY),
    FUNCTION(trainer_destroy, NULL_ONLY),
    FUNCTION(trainer_run, FEW),
    FUNCTION(trainer_phases, FEW),
    FUNCTION(evaluate, MANY),
    FUNCTION(predict, MANY),
    FUNCTION(idx_read, MANY),
    FUNCTION(idx_to_samples, FEW),
    FUNCTION(idx_release, NULL_ONLY),
    FUNCTION(dataset_load, MANY),
    FUNCTION(dataset_destroy, NULL_ONLY),
    FUNCTION(dataset_data, NULL_ONLY),
};
enum { FUNCTIONS = sizeof functions / sizeof *functions };

/* ---- the arguments that are right ---- */

static struct {
    tp_context *context;
    tp_model *model, *foreign_model; /* of the fixture's context, and of the one here */
    tp_workspace *workspace, *fresh, *derivatives;
    tp_optimizer *optimizer; /* of model */
    tp_packed *packed, *foreign;
    tp_output *output, *committed;
    char path[PATH_MAX], idx_path[PATH_MAX];
    unsigned char bytes[4096]; /* of a model file */
    size_t bytes_size;
    float x[MAX_BATCH * PARAMETERS], small[16];
    double loss; /* of the forward pass in fixture.training */
} made;

static void write_file(char path[PATH_MAX], const char *name, const unsigned char *data, size_t size) {
    snprintf(path, PATH_MAX, "%s/%s", tp_test_scratch.path, name);
    FILE *file = fopen(path, "wb");
    cr_assert(file && fwrite(data, 1, size, file) == size && !fclose(file));
}

static double loss_of_the_forward_pass(void) {
    tp_score score;
    cr_assert_eq(tp_loss_value(fixture.model, fixture.training, &fixture.targets, &score), TP_OK);
    return score.loss;
}

static void set_up(void) {
    static const unsigned char images[] = {0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 1, 7, 9},
                               labels[] = {0, 0, 8, 1, 0, 0, 0, 2, 0, 1};
    const tp_model_options options = test_model_options();
    char labels_path[PATH_MAX];
    test_fixture_open();
    tp_test_scratch_open();
    made.context = tp_test_context("scalar", 1);
    cr_assert_eq(tp_model_create(fixture.context, &options, &made.model), TP_OK);
    cr_assert_eq(tp_model_create(made.context, &options, &made.foreign_model), TP_OK);
    cr_assert_eq(
        tp_workspace_create(made.foreign_model, TEST_WORKSPACE(MAX_BATCH, TP_MODE_TRAINING), NULL, 0, &made.workspace),
        TP_OK);
    cr_assert_eq(tp_workspace_create(fixture.model, TEST_WORKSPACE(MAX_BATCH, TP_MODE_TRAINING), NULL, 0, &made.fresh),
                 TP_OK);
    const tp_optimizer_options rule = test_optimizer_options();
    cr_assert_eq(tp_optimizer_create(made.model, &rule, NULL, 0, &made.optimizer), TP_OK);
    cr_assert_eq(
        tp_workspace_create(fixture.model, TEST_WORKSPACE(MAX_BATCH, TP_MODE_DERIVATIVES), NULL, 0, &made.derivatives),
        TP_OK);
    tp_test_fill(made.x, sizeof made.x / sizeof *made.x, 7, -1, 1);
    cr_assert_eq(tp_packed_create(fixture.context, TP_TRANSPOSE_NO, K, N, made.x, N, NULL, 0, &made.packed), TP_OK);
    cr_assert_eq(tp_packed_create(made.context, TP_TRANSPOSE_NO, K, N, made.x, N, NULL, 0, &made.foreign), TP_OK);
    write_file(made.idx_path, "train-images-idx3-ubyte", images, sizeof images);
    write_file(labels_path, "train-labels-idx1-ubyte", labels, sizeof labels);
    snprintf(made.path, sizeof made.path, "%s/model", tp_test_scratch.path);
    cr_assert_eq(tp_model_save(fixture.model, made.path), TP_OK);
    cr_assert_eq(tp_model_write(fixture.model, made.bytes, sizeof made.bytes, &made.bytes_size), TP_OK);
    cr_assert_eq(tp_output_create(fixture.context, tp_test_in_scratch("output"), &made.output), TP_OK);
    cr_assert_eq(tp_output_create(fixture.context, tp_test_in_scratch("committed"), &made.committed), TP_OK);
    cr_assert_eq(tp_model_save_to(fixture.model, made.committed), TP_OK);
    made.loss = loss_of_the_forward_pass();
    cr_assert_eq(fixture.messages, 0);
}

static void tear_down(void) {
    tp_output_destroy(made.committed);
    tp_output_destroy(made.output);
    tp_packed_destroy(made.foreign);
    tp_packed_destroy(made.packed);
    tp_workspace_destroy(made.derivatives);
    tp_optimizer_destroy(made.optimizer);
    tp_workspace_destroy(made.fresh);
    tp_workspace_destroy(made.workspace);
    tp_model_destroy(made.foreign_model);
    tp_model_destroy(made.model);
    tp_context_destroy(made.context);
    tp_test_scratch_close();
    test_fixture_close();
}

TestSuite(refuse, .init = set_up, .fini = tear_down);

static void set_objects(void) {
    now.context = fixture.context;
    now.model = fixture.model;
    now.other_model = made.model;
    now.workspace = fixture.training;
    now.inference = fixture.inference;
    now.derivatives = made.derivatives;
    now.other_workspace = made.workspace;
    now.fresh_workspace = made.fresh;
    now.optimizer = fixture.optimizer;
    now.other_optimizer = made.optimizer;
    now.trainer = fixture.trainer;
    now.packed = made.packed;
    now.foreign_packed = made.foreign;
    now.output = made.output;
    now.committed = made.committed;
    now.path = made.path;
    now.idx_path = made.idx_path;
    now.samples = (tp_idx){TP_IDX_TYPE_F32, 2, {2, 1}, 2, made.x}; /* stays as it is */
    now.samples_p = &now.samples;
    now.where = tp_test_scratch.path;
    now.bytes = made.bytes, now.bytes_size = made.bytes_size;
}

static void set_options(void) {
    now.context_options = test_context_options();
    memcpy(now.layers, fixture.layers, sizeof now.layers);
    now.model_options = test_model_options();
    now.model_options.layers = now.layers;
    now.optimizer_options = test_optimizer_options();
    now.train_options = test_train_options();
    memcpy(now.classes, fixture.classes, sizeof now.classes);
    now.data = now.validation = fixture.data;
    now.data.classes = now.validation.classes = now.targets.classes = now.classes;
    now.model_options_p = &now.model_options;
    now.optimizer_options_p = &now.optimizer_options;
    now.workspace_options = *TEST_WORKSPACE(MAX_BATCH, TP_MODE_TRAINING);
    now.workspace_options_p = &now.workspace_options;
    now.train_options_p = &now.train_options;
    now.data_p = &now.data;
    now.validation_p = &now.validation;
    now.targets_p = &now.targets;
    now.outputs_p = &now.outputs;
    now.weights_p = now.weights; /* all 0 */
    now.spare = made.small;
}

static void set_numbers(void) {
    now.m = M, now.n = N, now.k = K;
    now.lda = K, now.ldb = N, now.ldc = N;
    now.a = now.b = now.x = now.dy = made.x;
    now.count = PARAMETERS;
    now.struct_size = sizeof out.described, now.layer_size = sizeof *now.layers_out;
    now.batch = BATCH;
    now.ldx = IN, now.ldy = OUT, now.lddx = IN, now.lddy = OUT;
    now.threads = 2;
    now.rate = 0.5f;
    now.step = 1;
}

static void set_outputs(void) {
    memset(&out, 0x5a, sizeof out);
    now.c = out.c, now.y = out.y, now.dx = out.dx;
    now.outputs = (tp_outputs){.floats = out.y};
    now.gradients = out.gradients, now.parameters = out.parameters, now.confusion = out.confusion;
    now.context_out = &out.context, now.model_out = &out.model, now.workspace_out = &out.workspace;
    now.optimizer_out = &out.optimizer, now.trainer_out = &out.trainer, now.packed_out = &out.packed;
    now.output_out = &out.output, now.layers_out = out.layers;
    now.dataset_out = &out.dataset, now.idx = &out.idx;
    now.described = &out.described, now.score = &out.score, now.needed = &out.needed;
}

static void set_good_arguments(void) {
    memset(&now, 0, sizeof now);
    set_objects();
    set_options();
    set_numbers();
    set_outputs();
}

/* Whether something was written where the pattern was. */
static bool is_set(const void *pointer) {
    void *untouched;
    memset(&untouched, 0x5a, sizeof untouched);
    return pointer != untouched;
}

static void release_outputs(void) {
    tp_trainer_destroy(is_set(out.trainer) ? out.trainer : NULL);
    tp_optimizer_destroy(is_set(out.optimizer) ? out.optimizer : NULL);
    tp_workspace_destroy(is_set(out.workspace) ? out.workspace : NULL);
    tp_packed_destroy(is_set(out.packed) ? out.packed : NULL);
    tp_output_destroy(is_set(out.output) ? out.output : NULL);
    tp_dataset_destroy(is_set(out.dataset) ? out.dataset : NULL);
    tp_model_destroy(is_set(out.model) ? out.model : NULL);
    tp_context_destroy(is_set(out.context) ? out.context : NULL);
    if (is_set(out.idx.data))
        tp_idx_release(fixture.context, &out.idx);
}

/* ---- tests ---- */

static size_t live(void) {
    return atomic_load(&fixture.counter.allocations) - atomic_load(&fixture.counter.releases);
}

static void apply(const struct change *change) {
    for (size_t i = 0; i < 3 && change[i].size; i++)
        memmove((char *)&now + change[i].to, change[i].value ? change[i].value : (char *)&now + change[i].from,
                change[i].size);
}

static void check_message(const struct function *f, const struct refusal *r, size_t row) {
    const int expected = r->text != NULL;
    cr_expect_eq(fixture.messages, expected, "%s, row %zu: %d messages (%s)", f->name, row, fixture.messages,
                 fixture.text);
    if (r->text)
        cr_expect(strstr(fixture.text, r->text), "%s, row %zu: \"%s\" does not say \"%s\"", f->name, row, fixture.text,
                  r->text);
    if (r->text && f->call != call_context_create) /* where there is no context yet to keep it */
        cr_expect_str_eq(fixture.text, tp_test_message(fixture.context));
}

static void check_untouched(const struct function *f, size_t row, const float *parameters) {
    static struct outputs untouched;
    float after[PARAMETERS];
    memset(&untouched, 0x5a, sizeof untouched);
    cr_expect_eq(memcmp(&untouched, &out, sizeof out), 0, "%s, row %zu: an output changed", f->name, row);
    cr_assert_eq(tp_model_get_parameters(fixture.model, after, PARAMETERS), TP_OK);
    cr_expect(tp_test_same_bits(parameters, after, PARAMETERS, "%s, row %zu: parameters", f->name, row));
    cr_expect_eq(loss_of_the_forward_pass(), made.loss, "%s, row %zu: the forward pass changed", f->name, row);
}

static void check_refusal(const struct function *f, size_t row) {
    const struct refusal *r = &f->refusal[row];
    float parameters[PARAMETERS];
    set_good_arguments();
    apply(r->change);
    cr_assert_eq(tp_model_get_parameters(fixture.model, parameters, PARAMETERS), TP_OK);
    const size_t held = live() + tp_test_held();
    fixture.messages = 0;
    fixture.text[0] = '\0';
    const tp_status status = f->call();
    cr_expect_eq(status, r->status, "%s, row %zu (%s): %s", f->name, row, r->text ? r->text : "silent",
                 tp_status_text(status));
    check_message(f, r, row);
    check_untouched(f, row, parameters);
    cr_expect_eq(live() + tp_test_held(), held, "%s, row %zu: something leaked", f->name, row);
}

/* A refusal says something only if the call is otherwise right. */
static void check_acceptance(const struct function *f) {
    set_good_arguments();
    if (f->call == call_optimizer_steps) /* there is one to be counted */
        cr_assert_eq(tp_optimizer_step(fixture.optimizer, fixture.model, made.x), TP_OK);
    const tp_status status = f->call();
    cr_expect_eq(status, TP_OK, "%s refuses good arguments: %s", f->name, tp_test_message(fixture.context));
    release_outputs();
}

Test(refuse, arguments_that_are_right_are_accepted) {
    for (size_t i = 0; i < FUNCTIONS; i++)
        if (functions[i].kind != NULL_ONLY)
            check_acceptance(&functions[i]);
}

/* The foreign matrix is packed for scalar code, which on some machines is all there is. */
static bool can_happen(const struct refusal *r) {
    return r->change[0].from != offsetof(struct arguments, foreign_packed) ||
           strcmp(tp_context_isa(fixture.context), "scalar") != 0;
}

Test(refuse, every_wrong_argument) {
    size_t rows = 0;
    for (size_t i = 0; i < FUNCTIONS; i++) {
        for (size_t row = 0; row < functions[i].count; row++)
            if (can_happen(&functions[i].refusal[row]))
                check_refusal(&functions[i], row);
        if (functions[i].kind == MANY)
            cr_expect_geq(functions[i].count, 10, "%s has %zu refusals", functions[i].name, functions[i].count);
        rows += functions[i].count;
    }
    cr_expect_gt(rows, 400, "%zu rows", rows);
}

static bool is_in_table(const char *name) {
    size_t i = 0;
    while (i < FUNCTIONS && strcmp(functions[i].name, name) != 0)
        i++;
    return i < FUNCTIONS;
}

/* The name between a declaration's type and its first parenthesis. */
static const char *name_in(char *line) {
    char *end = strchr(line, '(');
    cr_assert_not_null(end, "no function in \"%s\"", line);
    *end = '\0';
    while (end > line && end[-1] != ' ' && end[-1] != '*')
        end--;
    return end;
}

/* These take anything. */
static bool cannot_refuse(const char *name) {
    return !strcmp(name, "tp_version") || !strcmp(name, "tp_status_text");
}

Test(refuse, every_function_of_the_header) {
    char line[256];
    size_t count = 0;
    FILE *header = fopen(TP_PUBLIC_HEADER, "r");
    cr_assert_not_null(header);
    while (fgets(line, sizeof line, header)) {
        if (strncmp(line, "TP_API ", 7) != 0)
            continue;
        const char *name = name_in(line);
        count += !cannot_refuse(name);
        cr_expect(cannot_refuse(name) || is_in_table(name), "%s has no refusals", name);
    }
    fclose(header);
    cr_expect_eq(count, (size_t)FUNCTIONS, "the header has %zu functions, the table %d", count, (int)FUNCTIONS);
}
