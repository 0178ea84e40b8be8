/* SPDX-License-Identifier: BSD-3-Clause */
/* Models as ONNX graphs: chains of products, activations, and arithmetic with constants before and behind them. */
#ifndef TP_IO_ONNX_H
#define TP_IO_ONNX_H

#include "io/file.h"
#include "net/model.h"

#include <onnx.pb-c.h>
/* needs the types above */
#include <jansson.h>

#define TP_ONNX_OPSET 13           /* what is written, and when what is read got its meaning: */
#define TP_ONNX_FIRST_OPSET 7      /* since this one, shapes of operands follow NumPy */
#define TP_ONNX_IR 7               /* the version of the file's format that goes with the opset */
#define TP_ONNX_MAX_NODES 2048     /* of a graph; each is looked for by name among all */
#define TP_ONNX_MAX_STEPS 5        /* of an activation */
#define TP_ONNX_PREFIX "tileprop." /* of keys in the metadata that are ours, besides those of notes */

/* ---- activations, as nodes ---- */

/* What a step takes: the result of an earlier step, from 0 on, or one of these. */
enum { TP_ONNX_NOTHING = -3, TP_ONNX_CONSTANT, TP_ONNX_INPUT };

struct tp_onnx_step {
    const char *op;
    int operand[2];
    float constant; /* where an operand is one */
};

/* The last step has the result. Of those of an activation the first one is written, and all are understood. */
struct tp_onnx_pattern {
    tp_activation activation;
    size_t steps;
    struct tp_onnx_step step[TP_ONNX_MAX_STEPS];
};

/* NULL behind the last one. */
const struct tp_onnx_pattern *tp_onnx_pattern(size_t i);
/* The one that is written; NULL for the identity, which needs no node. */
const struct tp_onnx_pattern *tp_onnx_pattern_of(tp_activation activation);

/* Whether operands of a node may change places. */
bool tp_onnx_commutes(const char *op);

/* protobuf-c's texts are NULL where the file has none. */
static inline const char *tp_onnx_text(const char *text) {
    return text ? text : "";
}

/* ---- bytes ---- */

/* Decodes a file, whose allocator the message needs until tp_onnx_release. TP_ERR_FORMAT for whatever is no message of
 * the schema, or one of more parts or levels than models have. */
struct tp_onnx_message {
    TpOnnx__ModelProto *model;
    ProtobufCAllocator allocator;
    const struct tp_context *context;
    bool refused; /* an allocation failed */
};
tp_status tp_onnx_decode(const struct tp_file *file, struct tp_onnx_message *message);
void tp_onnx_release(struct tp_onnx_message *message);

/* ---- tensors ---- */

/* Constant numbers of a graph, which stay in its message. */
struct tp_onnx_array {
    const char *name; /* for messages */
    const TpOnnx__TensorProto *tensor;
    bool transposed;
    size_t rank, dims[2]; /* as they are used: after the transposition; 1 beyond rank */
    size_t count;
};

/* Takes a tensor of at most two dimensions. TP_ERR_FORMAT if there are other numbers in it than its type and its
 * dimensions say, or they are not of a type that can be read. */
tp_status tp_onnx_take(const struct tp_file *file, const TpOnnx__TensorProto *tensor, const char *name,
                       struct tp_onnx_array *array);
/* Element i of the tensor in its own order. */
double tp_onnx_element(const struct tp_onnx_array *array, size_t i);
/* All elements, row by row, times a factor. TP_ERR_FORMAT if one is beyond the largest float. */
tp_status tp_onnx_fill(const struct tp_file *file, const struct tp_onnx_array *array, float factor, float *floats);

/* ---- graphs ---- */

/* A piece of a chain: exactly one of these. */
enum tp_onnx_kind { TP_ONNX_PRODUCT, TP_ONNX_ACTIVATION, TP_ONNX_ARITHMETIC };

struct tp_onnx_part {
    enum tp_onnx_kind kind;
    const TpOnnx__NodeProto *node; /* the last one, for messages */
    struct tp_onnx_array weight;   /* product: [inputs, outputs] */
    struct tp_onnx_array constant; /* product: biases, count 0: none; arithmetic: the operand */
    float alpha, beta;             /* product: factors of these */
    tp_activation activation;
    float slope;
};

#define TP_ONNX_MAX_PARTS (2 * TP_MAX_LAYERS + 16)

struct tp_onnx_chain {
    const struct tp_file *file;
    const TpOnnx__GraphProto *graph;
    size_t count;
    struct tp_onnx_part part[TP_ONNX_MAX_PARTS]; /* from the input on */
};

/* Finds the chain from the graph's input to its output. */
tp_status tp_onnx_follow(const struct tp_file *file, const TpOnnx__ModelProto *model, struct tp_onnx_chain *chain);

/* TP_ERR_FORMAT: a node that does not fit, and what would. */
tp_status tp_onnx_fail_node(const struct tp_onnx_chain *chain, const TpOnnx__NodeProto *node, const char *problem);

/* ---- models ---- */

/* Makes the model of a chain, with what the metadata adds; loss TP_LOSS_COUNT: what that says. */
tp_status tp_onnx_make(tp_context *context, const struct tp_onnx_chain *chain, const TpOnnx__ModelProto *proto,
                       tp_loss loss, tp_model **model);

/* Puts the bytes of a model's file into a buffer of protobuf-c; function is for messages. size receives their number;
 * with NULL as buffer they are only counted. */
tp_status tp_onnx_encode(const char *function, const tp_model *model, ProtobufCBuffer *buffer, size_t *size);

/* The metadata of a model's file; NULL if memory runs out. schema is JSON, or NULL. */
json_t *tp_onnx_describe(const tp_model *model, const tp_model_options *options, const char *schema, size_t size);

#endif
