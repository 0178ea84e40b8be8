/* SPDX-License-Identifier: BSD-3-Clause */
/* How refusals are written: arguments, rows that change them, calls that must refuse; test_refuse.c says more. */
#ifndef TP_TESTS_REFUSE_H
#define TP_TESTS_REFUSE_H

#include "support/fixture.h"

#include <limits.h>
#include <math.h>
#include <stddef.h>

enum { M = 3, N = 5, K = 4 };

/* What was put where the functions write. */
struct outputs {
    tp_context *context;
    tp_model *model;
    tp_workspace *workspace;
    tp_optimizer *optimizer;
    tp_trainer *trainer;
    tp_snapshot *snapshot;
    tp_packed *packed;
    tp_predictor *predictor;
    tp_dataset *dataset;
    tp_output *output;
    tp_idx idx;
    tp_model_options described;
    tp_layer layers[TP_MAX_LAYERS];
    tp_score score;
    tp_metrics metrics;
    size_t weight, bias, needed;
    uint64_t confusion[OUT * OUT];
    char fingerprint[TP_FINGERPRINT_SIZE];
    float parameters[PARAMETERS], gradients[PARAMETERS], y[MAX_BATCH * OUT], dx[MAX_BATCH * IN], c[M * N];
    uint16_t bits[M * N];
};
extern struct outputs out;

/* Arguments of all functions. */
struct arguments {
    tp_context *context;
    tp_model *model, *other_model;
    tp_workspace *workspace, *inference, *derivatives, *other_workspace, *fresh_workspace;
    tp_optimizer *optimizer, *other_optimizer;
    tp_trainer *trainer;
    tp_snapshot *snapshot, *empty_snapshot; /* of it */
    tp_packed *packed, *foreign_packed;
    tp_predictor *predictor;
    tp_workspace *predictor_workspace;
    tp_output *output, *committed;
    tp_dataset *dataset; /* with a schema */
    const tp_schema *schema;
    const char *path, *layers_path, *idx_path, *run_path, *where, *name, *text; /* run_path: of a checkpoint */
    char *fingerprint;
    const void *bytes; /* of a model file */
    tp_context_options context_options;
    tp_layer layers[2];
    tp_model_options model_options, *model_options_p;
    tp_optimizer_options optimizer_options, *optimizer_options_p;
    tp_workspace_options workspace_options, *workspace_options_p, inference_options, *inference_options_p;
    tp_predictor_options predictor_options, *predictor_options_p;
    tp_train_options train_options, *train_options_p;
    tp_dataset_options dataset_options, *dataset_options_p;
    tp_exchange_options exchange_options, *exchange_options_p;
    tp_data data, *data_p, validation, *validation_p;
    tp_targets targets, *targets_p;
    tp_outputs outputs, *outputs_p;
    tp_group group, *group_p; /* of one rank */
    tp_epilogue epilogue;
    int32_t classes[MAX_BATCH];
    float weights[MAX_BATCH], *weights_p;
    void *memory, *spare; /* spare: a block that is too small */
    size_t size, bytes_size, struct_size, layer_size, m, n, k, lda, ldb, ldc, count, layer, batch, ldx, ldy, lddx, lddy;
    size_t *needed;
    tp_transpose ta, tb;
    tp_precision a_precision, b_precision;
    uint16_t *bits;
    tp_split split;
    tp_task task;
    const double *predictions;
    tp_metrics *metrics;
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
    tp_snapshot **snapshot_out;
    tp_packed **packed_out;
    tp_predictor **predictor_out;
    tp_dataset **dataset_out;
    tp_output **output_out;
    tp_layer *layers_out;
    tp_idx *idx, samples, *samples_p;
    tp_model_options *described;
    tp_score *score;
};
extern struct arguments now;

/* ---- rows ---- */

static const double bad[] = {(double)NAN, (double)INFINITY, 0, 1, -1, 1e-320};

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
        REFUSE("precision -1 is unknown", WITH(model_options.precision, (tp_precision)-1)),                            \
        REFUSE("is unknown", WITH(model_options.precision, TP_PRECISION_COUNT)),                                       \
        REFUSE("reserved is 1; it must be 0", WITH(model_options.reserved, 1)),                                        \
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
        REFUSE("layer 1: loss poisson needs exp as last activation, not softmax",                                      \
               WITH(model_options.loss, TP_LOSS_POISSON)),                                                             \
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
        REFUSE("optimizer: total_steps is 4; it must be more than warmup_steps, 5",                                    \
               WITH(o.schedule, TP_SCHEDULE_EXPONENTIAL), WITH(o.warmup_steps, 5), WITH(o.total_steps, 4)),            \
        REFUSE("optimizer: final_factor is 0; it must be positive and finite",                                         \
               WITH(o.schedule, TP_SCHEDULE_EXPONENTIAL), WITH(o.total_steps, 4)),                                     \
        REFUSE("optimizer: final_factor is inf; it must be positive and finite",                                       \
               WITH(o.schedule, TP_SCHEDULE_EXPONENTIAL), WITH(o.total_steps, 4), WITH(o.final_factor, INFINITY)),     \
        REFUSE("optimizer: final_factor is 1.5; it must be 0..1", WITH(o.final_factor, 1.5f)),                         \
        REFUSE("optimizer: final_factor is nan; it must be 0..1", WITH(o.final_factor, NAN))

#define REFUSED_ANY_DATA                                                                                               \
    REFUSE("data is NULL", WITH(data_p, NULL)), REFUSED_DATA_SIZES("data", data),                                      \
        REFUSE("data: samples is 0; it must be 1..4294967295", WITH(data.samples, 0)),                                 \
        REFUSE("data: samples is 4294967296; it must be 1..4294967295", WITH(data.samples, (size_t)UINT32_MAX + 1)),   \
        REFUSE("data: samples is 18446744073709551615; it must be 1..", WITH(data.samples, SIZE_MAX)),                 \
        REFUSE("data: exactly one of bytes, floats and doubles must be set", WITH(data.floats, NULL)),                 \
        REFUSE("data: exactly one of bytes, floats and doubles must be set", WITH(data.bytes, (const uint8_t *)""))

#define REFUSED_SAMPLES                                                                                                \
    REFUSED_ANY_DATA, REFUSE("data: features is 4; the model has 5 inputs", WITH(data.features, IN - 1)),              \
        REFUSE("data: features is 0; the model has 5 inputs", WITH(data.features, 0)),                                 \
        REFUSE("data: features is 18446744073709551615; the model has 5", WITH(data.features, SIZE_MAX))

#define REFUSED_WEIGHTS                                                                                                \
    REFUSE("data: weights[7] is -1; it must be finite and at least 0", FROM(data.weights, weights_p),                  \
           WITH(weights[7], -1)),                                                                                      \
        REFUSE("data: weights[0] is nan; it must be finite", FROM(data.weights, weights_p), WITH(weights[0], NAN)),    \
        REFUSE("data: weights[0] is inf; it must be finite", FROM(data.weights, weights_p),                            \
               WITH(weights[0], INFINITY))

#define REFUSED_DATA                                                                                                   \
    REFUSED_SAMPLES,                                                                                                   \
        REFUSE("data: exactly one of classes, values and double_values must be set", WITH(data.classes, NULL)),        \
        REFUSE("data: exactly one of classes, values and double_values must be set", FROM(data.values, x)),            \
        REFUSE("data: outputs is 4; the model has 3", WITH(data.classes, NULL), FROM(data.values, x),                  \
               WITH(data.outputs, OUT + 1)),                                                                           \
        REFUSE("data: classes[7] is 3; it must be 0..2", WITH(classes[7], OUT)),                                       \
        REFUSE("data: classes[0] is -1; it must be 0..2", WITH(classes[0], -1)), REFUSED_WEIGHTS

#define TEXT_16 "0123456789abcdef"
#define TEXT_64 TEXT_16 TEXT_16 TEXT_16 TEXT_16
#define TEXT_256 TEXT_64 TEXT_64 TEXT_64 TEXT_64

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
        REFUSE("monitor -1 is unknown", WITH(train_options.monitor, (tp_monitor)-1)),                                  \
        REFUSE("monitor 2 is unknown", WITH(train_options.monitor, TP_MONITOR_COUNT)),                                 \
        REFUSE("keep -1 is unknown", WITH(train_options.keep, (tp_keep)-1)),                                           \
        REFUSE("keep 2 is unknown", WITH(train_options.keep, TP_KEEP_COUNT)),                                          \
        REFUSE("min_delta is -1; it must be 0 or more and finite", WITH(train_options.min_delta, -1)),                 \
        REFUSE("min_delta is inf; it must be 0 or more and finite", WITH(train_options.min_delta, INFINITY)),          \
        REFUSE("min_delta is nan; it must be 0 or more and finite", WITH(train_options.min_delta, NAN)),               \
        REFUSE("plateau is 0; it must be at least 1", WITH(train_options.plateau, 0)),                                 \
        REFUSE("average is -0.5; it must be 0 (off) or more and below 1", WITH(train_options.average, -0.5)),          \
        REFUSE("average is 1; it must be 0 (off) or more and below 1", WITH(train_options.average, 1)),                \
        REFUSE("average is nan; it must be 0 (off)", WITH(train_options.average, NAN)),                                \
        REFUSE("fingerprint has 256 bytes; it must have at most 255",                                                  \
               WITH(train_options.fingerprint, (const char[257]){TEXT_256})),                                          \
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
        REFUSE("workspace was made without TP_MODE_TRAINING", FROM(workspace, inference)),                             \
        REFUSE("workspace was made for another model", FROM(workspace, other_workspace)),                              \
        REFUSE("workspace was made for another model", FROM(model, other_model)),                                      \
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

#define REFUSED_FACTORS(product)                                                                                       \
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
        REFUSED_MEMORY(product " workspace")

#define REFUSED_B                                                                                                      \
    REFUSE("transpose_b is -1; it must be TP_TRANSPOSE_NO or TP_TRANSPOSE_YES", WITH(tb, (tp_transpose)-1)),           \
        REFUSE("transpose_b is 2; it must be TP_TRANSPOSE_NO or TP_TRANSPOSE_YES", WITH(tb, (tp_transpose)2)),         \
        REFUSE("b is NULL", WITH(b, NULL)), REFUSE("ldb is 4; it must be at least 5", WITH(ldb, N - 1)),               \
        REFUSE("ldb is 0; it must be at least 5", WITH(ldb, 0)),                                                       \
        REFUSE("ldb is 3; it must be at least 4", WITH(tb, TP_TRANSPOSE_YES), WITH(ldb, K - 1)),                       \
        REFUSE("b: 4 rows of 18446744073709551615 floats do not fit in memory", WITH(ldb, SIZE_MAX)),                  \
        REFUSE("b: 5 rows of 1152921504606846976 floats do not fit in memory", WITH(tb, TP_TRANSPOSE_YES),             \
               WITH(ldb, (size_t)1 << 60))

#define REFUSED_EXCHANGE_OPTIONS                                                                                       \
    REFUSED_SIZES("exchange options", exchange_options), REFUSED_NEWER("exchange options", exchange_options),          \
        REFUSE("name_count is 1; with a pattern it must be 0", WITH(exchange_options.pattern, "{}.weight"),            \
               WITH(exchange_options.name_count, 1)),                                                                  \
        REFUSE("name_count is 65; it must be at most 64", WITH(exchange_options.name_count, 65)),                      \
        REFUSE("name_count is 1, but weights is NULL", WITH(exchange_options.name_count, 1)),                          \
        REFUSE("layer 0: the name of the weights is NULL", WITH(exchange_options.name_count, 1),                       \
               WITH(exchange_options.weights, (const char *const[]){NULL})),                                           \
        REFUSE("activation_count is 1, but activations is NULL", WITH(exchange_options.activation_count, 1))

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

static inline tp_status nothing(bool is_nothing) {
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

/* ---- functions ---- */

/* Can the good arguments be tried, and are there ten ways to be wrong? */
enum kind { MANY, FEW, NULL_ONLY };

struct function {
    const char *name;
    tp_status (*call)(void);
    const struct refusal *refusal;
    size_t count;
    enum kind kind;
};

#define FUNCTION(name, kind)                                                                                           \
    { "tp_" #name, call_##name, refuse_##name, sizeof refuse_##name / sizeof *refuse_##name, kind }

/* Those of a file. */
struct group {
    const struct function *functions;
    size_t count;
};

#define GROUP(name, ...)                                                                                               \
    static const struct function name##_functions[] = {__VA_ARGS__};                                                   \
    const struct group name = {name##_functions, sizeof name##_functions / sizeof *name##_functions}

extern const struct group refuse_context, refuse_products, refuse_model, refuse_passes, refuse_predictor,
    refuse_training, refuse_files;

#endif
