/* SPDX-License-Identifier: BSD-3-Clause */
#include "support/onnx_graph.h"

#ifdef TP_HAVE_LIBPROTOBUF_C

#include "require.h"

#include <stdint.h>
#include <string.h>

static char *text(const char *constant) {
    return (char *)(uintptr_t)constant;
}

void test_onnx_begin(struct test_onnx *onnx) {
    memset(onnx, 0, sizeof *onnx);
    tp_onnx__model_proto__init(&onnx->model);
    tp_onnx__graph_proto__init(&onnx->graph);
    tp_onnx__operator_set_id_proto__init(&onnx->opset);
    tp_onnx__value_info_proto__init(&onnx->input);
    tp_onnx__value_info_proto__init(&onnx->output);
    onnx->opset.has_version = 1, onnx->opset.version = 13;
    onnx->opsets[0] = &onnx->opset, onnx->inputs[0] = &onnx->input, onnx->outputs[0] = &onnx->output;
    onnx->input.name = text("x"), onnx->output.name = text("y");
    onnx->model.graph = &onnx->graph;
    onnx->model.n_opset_import = 1, onnx->model.opset_import = onnx->opsets;
    onnx->graph.n_input = 1, onnx->graph.input = onnx->inputs;
    onnx->graph.n_output = 1, onnx->graph.output = onnx->outputs;
    onnx->graph.node = onnx->nodes, onnx->graph.initializer = onnx->tensors;
}

struct test_onnx_tensor *test_onnx_tensor(struct test_onnx *onnx, const char *name, int64_t rows, int64_t columns,
                                          const float *numbers) {
    const size_t i = onnx->graph.n_initializer++;
    struct test_onnx_tensor *tensor = &onnx->tensor[i];
    require(i < TEST_ONNX_TENSORS);
    onnx->tensors[i] = &tensor->proto;
    tp_onnx__tensor_proto__init(&tensor->proto);
    tensor->dims[0] = rows, tensor->dims[1] = columns;
    tensor->proto.name = text(name);
    tensor->proto.n_dims = (size_t)(rows > 0) + (size_t)(columns > 0), tensor->proto.dims = tensor->dims;
    tensor->proto.has_data_type = 1, tensor->proto.data_type = TP_ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT;
    tensor->proto.has_raw_data = 1;
    tensor->proto.raw_data.len = (size_t)(rows ? rows : 1) * (size_t)(columns ? columns : 1) * sizeof(float);
    tensor->proto.raw_data.data = (uint8_t *)(uintptr_t)numbers;
    return tensor;
}

struct test_onnx_node *test_onnx_node(struct test_onnx *onnx, const char *op, const char *a, const char *b,
                                      const char *c, const char *result) {
    const size_t i = onnx->graph.n_node++;
    struct test_onnx_node *node = &onnx->node[i];
    require(i < TEST_ONNX_NODES);
    onnx->nodes[i] = &node->proto;
    tp_onnx__node_proto__init(&node->proto);
    node->proto.op_type = text(op), node->proto.name = text(result);
    node->input[0] = text(a), node->input[1] = text(b), node->input[2] = text(c), node->output[0] = text(result);
    node->proto.n_input = a ? b ? c ? 3 : 2 : 1 : 0, node->proto.input = node->input;
    node->proto.n_output = 1, node->proto.output = node->output;
    node->proto.attribute = node->attributes;
    return node;
}

TpOnnx__AttributeProto *test_onnx_attribute(struct test_onnx_node *node, const char *name) {
    const size_t i = node->proto.n_attribute++;
    require(i < 4);
    node->attributes[i] = &node->attribute[i];
    tp_onnx__attribute_proto__init(&node->attribute[i]);
    node->attribute[i].name = text(name);
    return &node->attribute[i];
}

void test_onnx_integer(struct test_onnx_node *node, const char *name, int64_t value) {
    TpOnnx__AttributeProto *attribute = test_onnx_attribute(node, name);
    attribute->has_i = 1, attribute->i = value;
}

void test_onnx_float(struct test_onnx_node *node, const char *name, float value) {
    TpOnnx__AttributeProto *attribute = test_onnx_attribute(node, name);
    attribute->has_f = 1, attribute->f = value;
}

void test_onnx_pack(struct test_onnx *onnx) {
    onnx->size = tp_onnx__model_proto__get_packed_size(&onnx->model);
    require(onnx->size <= sizeof onnx->bytes);
    tp_onnx__model_proto__pack(&onnx->model, onnx->bytes);
}

#endif
