/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_NET_MODEL_H
#define TP_NET_MODEL_H

#include "core/memory.h"
#include "gemm/gemm.h"
#include "net/notes.h"
#include "table/schema.h"

/* Where layer l = 0..L-1 lives in the flat parameters: W from weight, b from bias. */
struct tp_shape {
    size_t inputs, outputs;
    size_t weight, bias;
};

/* The first layer's weights during a run; only net/slices.c looks inside. */
struct tp_slices {
    float *weights;
    int count;
};

/* tp_scaling of a model, with at least one pair: 0 and 1 stand for none. */
struct tp_scaler {
    size_t count;                      /* as given */
    double *mean, *deviation, *factor; /* factor: 1 / deviation */
};

/* Takes its arrays of the arena. */
void tp_scaler_lay_out(struct tp_scaler *scaler, struct tp_arena *arena);

static inline bool tp_scales_each(const struct tp_scaler *scaler) {
    return scaler->count > 1;
}

struct tp_layouts;

struct tp_model {
    const struct tp_context *context;
    size_t inputs, layers;
    tp_layer layer[TP_MAX_LAYERS];
    struct tp_shape shape[TP_MAX_LAYERS];
    tp_loss loss;
    tp_init init;
    uint64_t seed;
    struct tp_scaler inputs_scaled, outputs_scaled;
    float huber_delta, label_smoothing;
    const struct tp_bf16 *bf16; /* products are in bf16, this way; NULL: in f32 */
    size_t parameter_count;
    float *parameters;
    struct tp_schema *schema; /* NULL: none */
    struct tp_notes notes;
    const struct tp_layouts *layouts; /* of a predictor's model (net/predictor.h); else NULL */
    struct tp_slices slices;          /* of the run that goes on; count 0: none, all weights are in parameters */
};

/* What tp_model_create demands of options and their layers. */
tp_status tp_check_model(const struct tp_context *context, const tp_model_options *options);
/* Of these checks the one of the loss, which must be known, with the number of outputs that are scaled. */
tp_status tp_check_scaled_loss(const struct tp_context *context, const tp_model_options *options);

/* TP_ERR_ARGUMENT: the size of layers of a program is that of no version. */
tp_status tp_check_layer_size(const struct tp_context *context, size_t size);
/* The library's options into those of a program, of struct_size bytes. */
tp_status tp_give_model_options(const struct tp_context *context, const tp_model_options *own,
                                tp_model_options *options, size_t struct_size);

const struct tp_context *tp_model_context(const tp_model *model);

static inline size_t tp_model_outputs(const tp_model *model) {
    return model->layer[model->layers - 1].width;
}

/* The last activation that a loss needs; TP_ACTIVATION_COUNT: any. */
tp_activation tp_loss_activation(tp_loss loss);

/* Losses that need a certain last activation read its input Z_L, the others its output A_L. */
static inline bool tp_reads_logits(const tp_model *model) {
    return tp_loss_activation(model->loss) != TP_ACTIVATION_COUNT;
}

/* Losses whose targets are probabilities: they take label smoothing, and their outputs are right or wrong. */
static inline bool tp_is_cross_entropy(tp_loss loss) {
    return loss == TP_LOSS_BCE || loss == TP_LOSS_CCE;
}

/* Where the parameters of layer l are. */
static inline struct tp_range tp_layer_range(const tp_model *model, size_t l) {
    return (struct tp_range){model->shape[l].weight, model->shape[l].bias + model->shape[l].outputs};
}

/* Whether the forward product of layer l has the sums of layers with few outputs. */
bool tp_model_sums_in_lanes(const tp_model *model, size_t l);

/* Width of the widest layer. */
size_t tp_model_widest(const tp_model *model);

/* Multiply-adds counted as 2, per sample: forward alone, or forward, dW and dX of all layers but the first. */
double tp_model_flops(const tp_model *model, bool training);

/* Checks means and deviations that were changed in the model, and makes the factors of them. */
tp_status tp_model_finish_scaling(const struct tp_context *context, tp_model *model);

/* Fills the parameters by the model's init and seed. */
void tp_model_initialise(tp_model *model);

#endif
