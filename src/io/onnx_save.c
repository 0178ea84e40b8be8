/* SPDX-License-Identifier: BSD-3-Clause */
/* A model becomes an ONNX graph. */
#include "core/memory.h"
#include "core/size.h"
#include "io/exchange.h"
#include "io/model_names.h"
#include "io/onnx.h"
#include "io/safetensors.h"
#include "io/schema_json.h"
#include "net/slices.h"

#include <float.h>
#include <limits.h>
#include <math.h>
#include <string.h>

#define NODES (TP_MAX_LAYERS * (1 + TP_ONNX_MAX_STEPS) + 5) /* and scaling of inputs by 3, of outputs by 2 */
#define TENSORS (TP_MAX_LAYERS * (2 + TP_ONNX_MAX_STEPS) + 5)
#define NAME 64 /* with two numbers of 64 bits */

struct node {
    TpOnnx__NodeProto proto;
    TpOnnx__AttributeProto attribute, *attributes[1];
    char *input[3], *output[1];
    char name[NAME];
};

struct tensor {
    TpOnnx__TensorProto proto;
    int64_t dims[2];
    float number; /* of an activation's constants */
    char name[NAME];
};

/* An input or output: [N, width]. */
struct value {
    TpOnnx__ValueInfoProto proto, *list[1];
    TpOnnx__TypeProto type;
    TpOnnx__TypeProto__Tensor tensor;
    TpOnnx__TensorShapeProto shape;
    TpOnnx__TensorShapeProto__Dimension dims[2], *dim[2];
};

/* All of a file. */
struct writer {
    const char *function;
    const tp_model *model;
    const struct tp_context *context;
    tp_model_options options;
    float *parameters, *scaling; /* as files have them; three for each input, and two for each output */
    json_t *metadata;
    TpOnnx__StringStringEntryProto *entry, **entries;
    char *last; /* name of the value that the next node takes */
    struct value input, output;
    size_t nodes, tensors;
    struct node node[NODES];
    TpOnnx__NodeProto *node_list[NODES];
    struct tensor tensor[TENSORS];
    TpOnnx__TensorProto *tensor_list[TENSORS];
    TpOnnx__OperatorSetIdProto opset, *opsets[1];
    TpOnnx__GraphProto graph;
    TpOnnx__ModelProto proto;
};

/* protobuf-c has no const. */
static char *text(const char *constant) {
    return (char *)(uintptr_t)constant;
}

/* ---- pieces of a graph ---- */

/* Little-endian floats, rank 0, 1 or 2. */
static struct tensor *add_tensor(struct writer *writer, const float *floats, size_t rank, size_t rows, size_t columns) {
    struct tensor *tensor = &writer->tensor[writer->tensors];
    writer->tensor_list[writer->tensors++] = &tensor->proto;
    tp_onnx__tensor_proto__init(&tensor->proto);
    tensor->proto.name = tensor->name;
    tensor->proto.n_dims = rank;
    tensor->proto.dims = tensor->dims;
    tensor->dims[0] = (int64_t)(rank == 2 ? rows : columns);
    tensor->dims[1] = (int64_t)columns;
    tensor->proto.has_data_type = 1;
    tensor->proto.data_type = TP_ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT;
    tensor->proto.has_raw_data = 1;
    tensor->proto.raw_data.len = (rank == 2 ? rows : 1) * columns * sizeof(float);
    tensor->proto.raw_data.data = (uint8_t *)(uintptr_t)floats;
    return tensor;
}

static struct node *add_node(struct writer *writer, const char *op, char *first, char *second) {
    struct node *node = &writer->node[writer->nodes];
    writer->node_list[writer->nodes++] = &node->proto;
    tp_onnx__node_proto__init(&node->proto);
    node->proto.op_type = text(op);
    node->proto.name = node->output[0] = node->name; /* a value is called as the node that computes it */
    node->proto.n_input = second ? 2 : 1;
    node->proto.input = node->input;
    node->proto.n_output = 1;
    node->proto.output = node->output;
    node->input[0] = first;
    node->input[1] = second;
    writer->last = node->name;
    return node;
}

static TpOnnx__AttributeProto *add_attribute(struct node *node, const char *name) {
    tp_onnx__attribute_proto__init(&node->attribute);
    node->attributes[0] = &node->attribute;
    node->proto.n_attribute = 1;
    node->proto.attribute = node->attributes;
    node->attribute.name = text(name);
    node->attribute.has_type = 1;
    return &node->attribute;
}

static void add_integer(struct node *node, const char *name, int64_t integer) {
    TpOnnx__AttributeProto *attribute = add_attribute(node, name);
    attribute->type = TP_ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INT;
    attribute->has_i = 1;
    attribute->i = integer;
}

static void add_float(struct node *node, const char *name, float number) {
    TpOnnx__AttributeProto *attribute = add_attribute(node, name);
    attribute->type = TP_ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOAT;
    attribute->has_f = 1;
    attribute->f = number;
}

/* ---- layers ---- */

/* With weights as [outputs, inputs], as PyTorch writes them: OpenCV 4.6 refuses the other order. */
static void add_product(struct writer *writer, size_t l) {
    const struct tp_shape *shape = &writer->model->shape[l];
    struct tensor *weight = add_tensor(writer, writer->parameters + shape->weight, 2, shape->outputs, shape->inputs);
    struct tensor *bias = add_tensor(writer, writer->parameters + shape->bias, 1, 1, shape->outputs);
    snprintf(weight->name, NAME, "layers.%zu.weight", l);
    snprintf(bias->name, NAME, "layers.%zu.bias", l);
    struct node *node = add_node(writer, "Gemm", writer->last, weight->name);
    snprintf(node->name, NAME, "layers.%zu.gemm", l);
    node->input[2] = bias->name;
    node->proto.n_input = 3;
    add_integer(node, "transB", 1);
}

static char *constant(struct writer *writer, size_t l, size_t step, float number) {
    struct tensor *tensor = add_tensor(writer, NULL, 0, 1, 1);
    tensor->number = number;
    tensor->proto.raw_data.data = (uint8_t *)&tensor->number;
    tp_safetensors_swap(&tensor->number, 1, sizeof number);
    snprintf(tensor->name, NAME, "layers.%zu.constant.%zu", l, step);
    return tensor->name;
}

static char *operand(struct writer *writer, size_t l, size_t step, size_t i, const struct node *first, char *input) {
    const struct tp_onnx_step *of = &tp_onnx_pattern_of(writer->model->layer[l].activation)->step[step];
    const int which = of->operand[i];
    return which == TP_ONNX_NOTHING    ? NULL
           : which == TP_ONNX_INPUT    ? input
           : which == TP_ONNX_CONSTANT ? constant(writer, l, step, of->constant)
                                       : text(first[which].name);
}

static void add_attributes(struct node *node, const tp_layer *layer) {
    if (tp_has_slope(layer->activation))
        add_float(node, "alpha", layer->slope);
    if (layer->activation == TP_ACTIVATION_SOFTMAX)
        add_integer(node, "axis", 1);
}

static void add_activation(struct writer *writer, size_t l) {
    const tp_layer *layer = &writer->model->layer[l];
    const struct tp_onnx_pattern *pattern = tp_onnx_pattern_of(layer->activation);
    struct node *const first = &writer->node[writer->nodes];
    char *const input = writer->last;
    for (size_t s = 0; pattern && s < pattern->steps; s++) {
        char *const a = operand(writer, l, s, 0, first, input), *const b = operand(writer, l, s, 1, first, input);
        struct node *node = add_node(writer, pattern->step[s].op, a, b);
        snprintf(node->name, NAME, "layers.%zu.%s.%zu", l, tp_activation_name(layer->activation), s);
        add_attributes(node, layer);
    }
}

/* ---- scaling ---- */

/* Floats that one operation takes: of as many values as the scaling has pairs. */
static void add_arithmetic(struct writer *writer, const char *op, const char *name, float *floats, size_t count) {
    struct tensor *tensor = add_tensor(writer, floats, 1, 1, count);
    snprintf(tensor->name, NAME, "%s", name);
    struct node *node = add_node(writer, op, writer->last, tensor->name);
    snprintf(node->name, NAME, "%s.%s", name, op);
}

/* (value - mean) (1 / deviation), where the mean is a sum of two floats: a mean that is far from 0 would otherwise lose
 * what the deviation is compared with. */
static void add_input_scaling(struct writer *writer, float *floats) {
    const tp_scaling *scaling = &writer->options.inputs_scaled;
    const size_t n = scaling->count;
    float *high = floats, *low = high + n, *factor = low + n;
    bool rest = false;
    for (size_t i = 0; i < n; i++) {
        high[i] = (float)scaling->mean[i];
        low[i] = (float)(scaling->mean[i] - (double)high[i]);
        factor[i] = (float)(1 / scaling->deviation[i]);
        rest = rest || low[i] != 0;
    }
    tp_safetensors_swap(floats, 3 * n, sizeof *floats);
    add_arithmetic(writer, "Sub", "input_mean", high, n);
    if (rest)
        add_arithmetic(writer, "Sub", "input_mean_rest", low, n);
    add_arithmetic(writer, "Mul", "input_factor", factor, n);
}

static void add_output_scaling(struct writer *writer, float *floats) {
    const tp_scaling *scaling = &writer->options.outputs_scaled;
    const size_t n = scaling->count;
    for (size_t i = 0; i < n; i++) {
        floats[i] = (float)scaling->deviation[i];
        floats[n + i] = (float)scaling->mean[i];
    }
    tp_safetensors_swap(floats, 2 * n, sizeof *floats);
    add_arithmetic(writer, "Mul", "output_deviation", floats, n);
    add_arithmetic(writer, "Add", "output_mean", floats + n, n);
}

static tp_status check_scaling(const struct writer *writer, const char *name, const tp_scaling *scaling) {
    for (size_t i = 0; i < scaling->count; i++) {
        const double mean = scaling->mean[i], deviation = scaling->deviation[i];
        if (fabs(mean) > (double)FLT_MAX || !(deviation >= (double)FLT_MIN && 1 / deviation >= (double)FLT_MIN))
            return tp_fail(writer->context, TP_ERR_UNSUPPORTED,
                           "%s: %s: mean[%zu] is %g and deviation[%zu] %g: ONNX needs floats", writer->function, name,
                           i, mean, i, deviation);
    }
    return TP_OK;
}

/* ---- the whole ---- */

static void set_value(struct value *value, const char *name, size_t width) {
    tp_onnx__value_info_proto__init(&value->proto);
    tp_onnx__type_proto__init(&value->type);
    tp_onnx__type_proto__tensor__init(&value->tensor);
    tp_onnx__tensor_shape_proto__init(&value->shape);
    for (int i = 0; i < 2; i++) {
        tp_onnx__tensor_shape_proto__dimension__init(&value->dims[i]);
        value->dim[i] = &value->dims[i];
    }
    value->dims[0].value_case = TP_ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_PARAM;
    value->dims[0].dim_param = text("N");
    value->dims[1].value_case = TP_ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE;
    value->dims[1].dim_value = (int64_t)width;
    value->shape.n_dim = 2;
    value->shape.dim = value->dim;
    value->tensor.has_elem_type = 1;
    value->tensor.elem_type = TP_ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT;
    value->tensor.shape = &value->shape;
    value->type.value_case = TP_ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE;
    value->type.tensor_type = &value->tensor;
    value->proto.name = text(name);
    value->proto.type = &value->type;
    value->list[0] = &value->proto;
}

static void make_graph(struct writer *writer) {
    const tp_model_options *options = &writer->options;
    writer->last = text("input");
    if (options->inputs_scaled.count)
        add_input_scaling(writer, writer->scaling);
    for (size_t l = 0; l < writer->model->layers; l++) {
        add_product(writer, l);
        add_activation(writer, l);
    }
    if (options->outputs_scaled.count)
        add_output_scaling(writer, writer->scaling + 3 * options->inputs_scaled.count);
    writer->node[writer->nodes - 1].output[0] = text("output");
    set_value(&writer->input, "input", options->inputs);
    set_value(&writer->output, "output", tp_model_outputs(writer->model));
    tp_onnx__graph_proto__init(&writer->graph);
    writer->graph.name = text("tileprop");
    writer->graph.n_node = writer->nodes;
    writer->graph.node = writer->node_list;
    writer->graph.n_initializer = writer->tensors;
    writer->graph.initializer = writer->tensor_list;
    writer->graph.n_input = writer->graph.n_output = 1;
    writer->graph.input = writer->input.list;
    writer->graph.output = writer->output.list;
}

static void set_entries(struct writer *writer) {
    const char *key;
    json_t *value;
    size_t i = 0;
    json_object_foreach(writer->metadata, key, value) {
        tp_onnx__string_string_entry_proto__init(&writer->entry[i]);
        writer->entry[i].key = text(key);
        writer->entry[i].value = text(json_string_value(value));
        writer->entries[i] = &writer->entry[i];
        i++;
    }
    writer->proto.n_metadata_props = i;
    writer->proto.metadata_props = writer->entries;
}

static void make_proto(struct writer *writer) {
    tp_onnx__model_proto__init(&writer->proto);
    tp_onnx__operator_set_id_proto__init(&writer->opset);
    writer->opset.domain = text("");
    writer->opset.has_version = 1;
    writer->opset.version = TP_ONNX_OPSET;
    writer->opsets[0] = &writer->opset;
    writer->proto.has_ir_version = 1;
    writer->proto.ir_version = TP_ONNX_IR;
    writer->proto.producer_name = text("tileprop");
    writer->proto.producer_version = text(tp_version());
    writer->proto.n_opset_import = 1;
    writer->proto.opset_import = writer->opsets;
    writer->proto.graph = &writer->graph;
    make_graph(writer);
    set_entries(writer);
}

/* ---- memory ---- */

static void lay_out(struct tp_arena *arena, struct writer *writer) {
    const tp_model_options *options = &writer->options;
    const size_t entries = json_object_size(writer->metadata);
    writer->parameters = tp_arena_take(arena, tp_model_parameter_count(writer->model), sizeof(float));
    writer->scaling =
        tp_arena_take(arena, 3 * options->inputs_scaled.count + 2 * options->outputs_scaled.count, sizeof(float));
    writer->entry = tp_arena_take(arena, entries, sizeof *writer->entry);
    writer->entries = tp_arena_take(arena, entries, sizeof *writer->entries);
}

static void fill_parameters(const struct writer *writer) {
    const tp_model *model = writer->model;
    for (size_t l = 0; l < model->layers; l++) {
        const struct tp_shape *shape = &model->shape[l];
        float *weight = writer->parameters + shape->weight;
        for (size_t o = 0; o < shape->outputs; o += TP_TORCH_ROWS)
            tp_torch_turn(model, l, o, tp_min(TP_TORCH_ROWS, shape->outputs - o), weight + o * shape->inputs);
        tp_model_copy_parameters(model, shape->bias, shape->outputs, writer->parameters + shape->bias);
    }
    tp_safetensors_swap(writer->parameters, tp_model_parameter_count(model), sizeof(float));
}

static tp_status pack(struct writer *writer, ProtobufCBuffer *buffer, size_t *size) {
    fill_parameters(writer);
    make_proto(writer);
    *size = tp_onnx__model_proto__get_packed_size(&writer->proto);
    if (*size > INT_MAX)
        return tp_fail(writer->context, TP_ERR_UNSUPPORTED,
                       "%s: the file would have %zu bytes; ONNX files have at most %d", writer->function, *size,
                       INT_MAX);
    if (buffer)
        tp_onnx__model_proto__pack_to_buffer(&writer->proto, buffer);
    return TP_OK;
}

static tp_status allocate_and_pack(struct writer *writer, ProtobufCBuffer *buffer, size_t *size) {
    struct tp_arena arena = {0};
    lay_out(&arena, writer);
    const size_t needed = arena.used;
    arena = (struct tp_arena){.base = tp_allocate(writer->context, needed)};
    if (!arena.base)
        return tp_fail_allocation(writer->context, writer->function, needed);
    void *const block = arena.base;
    lay_out(&arena, writer);
    const tp_status status = pack(writer, buffer, size);
    tp_release(writer->context, block);
    return status;
}

/* With the schema as JSON, or NULL. */
static tp_status describe_and_pack(struct writer *writer, const char *schema, size_t schema_size,
                                   ProtobufCBuffer *buffer, size_t *size) {
    writer->metadata = tp_onnx_describe(writer->model, &writer->options, schema, schema_size);
    if (!writer->metadata)
        return tp_fail(writer->context, TP_ERR_MEMORY, "%s: cannot allocate the metadata", writer->function);
    const tp_status status = allocate_and_pack(writer, buffer, size);
    json_decref(writer->metadata);
    return status;
}

static tp_status encode(struct writer *writer, ProtobufCBuffer *buffer, size_t *size) {
    char *schema = NULL;
    size_t schema_size = 0;
    tp_status status = tp_model_describe(writer->model, &writer->options);
    if (!status)
        status = check_scaling(writer, "inputs_scaled", &writer->options.inputs_scaled);
    if (!status)
        status = check_scaling(writer, "outputs_scaled", &writer->options.outputs_scaled);
    if (!status && writer->options.schema)
        status = tp_schema_to_json(writer->context, writer->function, writer->options.schema, &schema, &schema_size);
    if (!status)
        status = describe_and_pack(writer, schema, schema_size, buffer, size);
    tp_release(writer->context, schema);
    return status;
}

tp_status tp_onnx_encode(const char *function, const tp_model *model, ProtobufCBuffer *buffer, size_t *size) {
    const struct tp_context *context = tp_model_context(model);
    struct writer *writer = tp_allocate(context, sizeof *writer);
    if (!writer)
        return tp_fail_allocation(context, function, sizeof *writer);
    memset(writer, 0, sizeof *writer);
    writer->function = function;
    writer->model = model;
    writer->context = context;
    const tp_status status = encode(writer, buffer, size);
    tp_release(context, writer);
    return status;
}
