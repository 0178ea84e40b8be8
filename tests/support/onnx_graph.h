/* SPDX-License-Identifier: BSD-3-Clause */
/* ONNX files as others write them, for tests of import: a graph from "x" to "y", node after node. */
#ifndef TP_TESTS_ONNX_GRAPH_H
#define TP_TESTS_ONNX_GRAPH_H

#ifdef TP_HAVE_LIBPROTOBUF_C

#include <onnx.pb-c.h>

enum { TEST_ONNX_NODES = 16, TEST_ONNX_TENSORS = 16, TEST_ONNX_MAX_BYTES = 8192 };

/* A file of opset 13 that a test may change before it is packed. Names are not copied. */
struct test_onnx {
    TpOnnx__ModelProto model;
    TpOnnx__GraphProto graph;
    TpOnnx__OperatorSetIdProto opset, *opsets[1];
    TpOnnx__ValueInfoProto input, output, *inputs[1], *outputs[1];
    struct test_onnx_node {
        TpOnnx__NodeProto proto;
        char *input[3], *output[1];
        TpOnnx__AttributeProto attribute[4], *attributes[4];
    } node[TEST_ONNX_NODES];
    TpOnnx__NodeProto *nodes[TEST_ONNX_NODES];
    struct test_onnx_tensor {
        TpOnnx__TensorProto proto;
        int64_t dims[3];
    } tensor[TEST_ONNX_TENSORS];
    TpOnnx__TensorProto *tensors[TEST_ONNX_TENSORS];
    unsigned char bytes[TEST_ONNX_MAX_BYTES];
    size_t size;
};

void test_onnx_begin(struct test_onnx *onnx);

/* A constant of these dimensions (0: fewer of them), of f32 as raw bytes. */
struct test_onnx_tensor *test_onnx_tensor(struct test_onnx *onnx, const char *name, int64_t rows, int64_t columns,
                                          const float *numbers);

/* Operands that are NULL are not there. */
struct test_onnx_node *test_onnx_node(struct test_onnx *onnx, const char *op, const char *a, const char *b,
                                      const char *c, const char *result);
TpOnnx__AttributeProto *test_onnx_attribute(struct test_onnx_node *node, const char *name);
void test_onnx_integer(struct test_onnx_node *node, const char *name, int64_t value);
void test_onnx_float(struct test_onnx_node *node, const char *name, float value);

/* Sets bytes and size. */
void test_onnx_pack(struct test_onnx *onnx);

#endif
#endif
