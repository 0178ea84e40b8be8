/* SPDX-License-Identifier: BSD-3-Clause */
/* ONNX files as other programs write them: the many ways to say the same, what does not fit, and what is no file. */
#include "support/onnx_graph.h"
#include "support/scratch.h"

#include <criterion/criterion.h>
#include <string.h>

#define PROTO(type) TP_ONNX__TENSOR_PROTO__DATA_TYPE__##type

static tp_context *context;
static struct test_onnx onnx;

static void set_up(void) {
    tp_test_scratch_open();
    context = tp_test_scratch.context;
    test_onnx_begin(&onnx);
}

TestSuite(onnx_import, .init = set_up, .fini = tp_test_scratch_close);

/* ---- one layer: 2 inputs, 3 outputs, parameters 1..9 ---- */

static const float weights[] = {1, 2, 3, 4, 5, 6}, turned[] = {1, 4, 2, 5, 3, 6}, biases[] = {7, 8, 9};
static const float doubled[] = {2, 4, 6, 8, 10, 12}, halved[] = {3.5F, 4, 4.5F}, one = 1, two = 2, half = 0.5F;

static struct test_onnx_tensor *weight(void) {
    return test_onnx_tensor(&onnx, "W", 2, 3, weights);
}

static struct test_onnx_tensor *bias(void) {
    return test_onnx_tensor(&onnx, "b", 3, 0, biases);
}

/* From x to a value. */
static struct test_onnx_node *layer(const char *result) {
    weight(), bias();
    return test_onnx_node(&onnx, "Gemm", "x", "W", "b", result);
}

static void gemm(void) {
    layer("y");
}

static void gemm_turned(void) {
    test_onnx_tensor(&onnx, "W", 3, 2, turned), bias();
    test_onnx_integer(test_onnx_node(&onnx, "Gemm", "x", "W", "b", "y"), "transB", 1);
}

static void gemm_with_factors(void) {
    test_onnx_tensor(&onnx, "W", 2, 3, doubled), test_onnx_tensor(&onnx, "b", 1, 3, halved);
    struct test_onnx_node *node = test_onnx_node(&onnx, "Gemm", "x", "W", "b", "y");
    test_onnx_float(node, "alpha", 0.5F), test_onnx_float(node, "beta", 2);
}

static void gemm_then_add(void) {
    weight(), bias();
    test_onnx_float(test_onnx_node(&onnx, "Gemm", "x", "W", NULL, "z"), "beta", 2);
    test_onnx_node(&onnx, "Add", "z", "b", NULL, "y");
}

static void matmul(void) {
    weight(), bias();
    test_onnx_node(&onnx, "MatMul", "x", "W", NULL, "z");
    test_onnx_node(&onnx, "Add", "b", "z", NULL, "y");
}

static void matmul_of_transposed(void) {
    test_onnx_tensor(&onnx, "T", 3, 2, turned), bias();
    test_onnx_node(&onnx, "Transpose", "T", NULL, NULL, "W");
    test_onnx_node(&onnx, "MatMul", "x", "W", NULL, "z");
    test_onnx_node(&onnx, "Add", "z", "b", NULL, "y");
}

static void copies_of_constants(void) {
    test_onnx_tensor(&onnx, "T", 3, 2, turned), bias();
    test_onnx_node(&onnx, "Identity", "T", NULL, NULL, "T again");
    test_onnx_node(&onnx, "Transpose", "T again", NULL, NULL, "W");
    test_onnx_node(&onnx, "Identity", "b", NULL, NULL, "b again");
    test_onnx_node(&onnx, "Identity", "b again", NULL, NULL, "b once more");
    test_onnx_node(&onnx, "Gemm", "x", "W", "b once more", "y");
}

static void constant_node(void) {
    struct test_onnx_tensor *tensor = weight();
    onnx.graph.n_initializer = 0;
    static struct test_onnx_tensor kept;
    kept = *tensor;
    kept.proto.dims = kept.dims;
    test_onnx_attribute(test_onnx_node(&onnx, "Constant", NULL, NULL, NULL, "W"), "value")->t = &kept.proto;
    bias();
    test_onnx_node(&onnx, "Gemm", "x", "W", "b", "y");
}

static void with_what_does_nothing(void) {
    test_onnx_node(&onnx, "Flatten", "x", NULL, NULL, "flat");
    weight(), bias();
    test_onnx_node(&onnx, "Identity", "flat", NULL, NULL, "same");
    test_onnx_node(&onnx, "Gemm", "same", "W", "b", "z");
    test_onnx_node(&onnx, "Dropout", "z", NULL, NULL, "y");
    test_onnx_node(&onnx, "Shape", "y", NULL, NULL, "nobody takes it");
}

static void of_floats(void) {
    TpOnnx__TensorProto *proto = (gemm(), &onnx.tensor[0].proto);
    proto->has_raw_data = 0;
    proto->n_float_data = 6, proto->float_data = (float *)(uintptr_t)weights;
}

static void of_doubles(void) {
    static double doubles[] = {1, 2, 3, 4, 5, 6};
    TpOnnx__TensorProto *proto = (gemm(), &onnx.tensor[0].proto);
    proto->has_raw_data = 0, proto->data_type = PROTO(DOUBLE);
    proto->n_double_data = 6, proto->double_data = doubles;
}

static void of_raw_doubles(void) {
    static double doubles[] = {1, 2, 3, 4, 5, 6};
    TpOnnx__TensorProto *proto = (gemm(), &onnx.tensor[0].proto);
    proto->data_type = PROTO(DOUBLE);
    proto->raw_data.len = sizeof doubles, proto->raw_data.data = (uint8_t *)doubles;
}

static void of_halves(void) {
    static int32_t halves[] = {0x3c00, 0x4000, 0x4200, 0x4400, 0x4500, 0x4600};
    TpOnnx__TensorProto *proto = (gemm(), &onnx.tensor[0].proto);
    proto->has_raw_data = 0, proto->data_type = PROTO(FLOAT16);
    proto->n_int32_data = 6, proto->int32_data = halves;
}

static void of_raw_brain_floats(void) {
    static uint8_t bytes[] = {0x80, 0x3f, 0, 0x40, 0x40, 0x40, 0x80, 0x40, 0xa0, 0x40, 0xc0, 0x40};
    TpOnnx__TensorProto *proto = (gemm(), &onnx.tensor[0].proto);
    proto->data_type = PROTO(BFLOAT16);
    proto->raw_data.len = sizeof bytes, proto->raw_data.data = bytes;
}

static tp_model *read(const char *what) {
    tp_model *model = NULL;
    test_onnx_pack(&onnx);
    cr_assert_eq(tp_model_read_onnx(context, onnx.bytes, onnx.size, NULL, &model), TP_OK, "%s: %s", what,
                 tp_test_message(context));
    return model;
}

Test(onnx_import, ways_to_say_a_layer) {
    static const struct {
        const char *name;
        void (*build)(void);
    } ways[] = {{"gemm", gemm},
                {"gemm_turned", gemm_turned},
                {"gemm_with_factors", gemm_with_factors},
                {"gemm_then_add", gemm_then_add},
                {"matmul", matmul},
                {"matmul_of_transposed", matmul_of_transposed},
                {"copies_of_constants", copies_of_constants},
                {"constant_node", constant_node},
                {"with_what_does_nothing", with_what_does_nothing},
                {"of_floats", of_floats},
                {"of_doubles", of_doubles},
                {"of_raw_doubles", of_raw_doubles},
                {"of_halves", of_halves},
                {"of_raw_brain_floats", of_raw_brain_floats}};
    const float expected[] = {1, 2, 3, 4, 5, 6, 7, 8, 9};
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        float parameters[9];
        test_onnx_begin(&onnx);
        ways[i].build();
        tp_model *model = read(ways[i].name);
        cr_assert_eq(tp_model_get_parameters(model, parameters, 9), TP_OK);
        cr_expect(tp_test_same_bits(expected, parameters, 9, "%s", ways[i].name));
        cr_expect_eq(tp_model_layer(model, 0)->activation, TP_ACTIVATION_IDENTITY);
        tp_model_destroy(model);
    }
}

/* Without biases, and with one for all. */
Test(onnx_import, biases) {
    float parameters[9];
    weight();
    test_onnx_node(&onnx, "MatMul", "x", "W", NULL, "y");
    tp_model *model = read("none");
    cr_assert_eq(tp_model_get_parameters(model, parameters, 9), TP_OK);
    cr_expect(tp_test_same_bits((const float[]){0, 0, 0}, parameters + 6, 3, "no biases"));
    tp_model_destroy(model);
    test_onnx_begin(&onnx);
    weight(), test_onnx_tensor(&onnx, "b", 0, 0, &two);
    test_onnx_node(&onnx, "Gemm", "x", "W", "b", "y");
    model = read("one");
    cr_assert_eq(tp_model_get_parameters(model, parameters, 9), TP_OK);
    cr_expect(tp_test_same_bits((const float[]){2, 2, 2}, parameters + 6, 3, "one bias"));
    tp_model_destroy(model);
}

/* ---- activations ---- */

static const float root = 1.41421354F, inverse = 0.70710677F;

static void constants(void) {
    test_onnx_tensor(&onnx, "one", 0, 0, &one), test_onnx_tensor(&onnx, "half", 1, 0, &half);
    test_onnx_tensor(&onnx, "root", 0, 0, &root), test_onnx_tensor(&onnx, "inverse", 1, 1, &inverse);
}

static void erf_of(const char *op, const char *constant) {
    layer("z"), constants();
    test_onnx_node(&onnx, op, "z", constant, NULL, "s");
    test_onnx_node(&onnx, "Erf", "s", NULL, NULL, "e");
    test_onnx_node(&onnx, "Add", "one", "e", NULL, "p");
}

static void gelu_half_last(void) {
    erf_of("Div", "root");
    test_onnx_node(&onnx, "Mul", "p", "z", NULL, "q");
    test_onnx_node(&onnx, "Mul", "half", "q", NULL, "y");
}

static void gelu_by_product(void) {
    erf_of("Mul", "inverse");
    test_onnx_node(&onnx, "Mul", "z", "p", NULL, "q");
    test_onnx_node(&onnx, "Mul", "q", "half", NULL, "y");
}

static void gelu_half_first(void) {
    erf_of("Div", "root");
    test_onnx_node(&onnx, "Mul", "half", "z", NULL, "q");
    test_onnx_node(&onnx, "Mul", "p", "q", NULL, "y");
}

static void gelu_half_inside(void) {
    erf_of("Mul", "inverse");
    test_onnx_node(&onnx, "Mul", "half", "p", NULL, "q");
    test_onnx_node(&onnx, "Mul", "q", "z", NULL, "y");
}

static void gelu_node(void) {
    layer("z");
    TpOnnx__AttributeProto *attribute =
        test_onnx_attribute(test_onnx_node(&onnx, "Gelu", "z", NULL, NULL, "y"), "approximate");
    attribute->has_s = 1, attribute->s = (ProtobufCBinaryData){4, (uint8_t *)(uintptr_t) "none"};
}

static void silu(void) {
    layer("z");
    test_onnx_node(&onnx, "Sigmoid", "z", NULL, NULL, "s");
    test_onnx_node(&onnx, "Mul", "s", "z", NULL, "y");
}

static void leaky_relu(void) {
    layer("z");
    test_onnx_node(&onnx, "LeakyRelu", "z", NULL, NULL, "y");
}

static void elu(void) {
    layer("z");
    test_onnx_float(test_onnx_node(&onnx, "Elu", "z", NULL, NULL, "y"), "alpha", 0.75F);
}

static void softmax(void) {
    layer("z");
    test_onnx_integer(test_onnx_node(&onnx, "Softmax", "z", NULL, NULL, "y"), "axis", -1);
}

static void sigmoid(void) {
    layer("z");
    test_onnx_node(&onnx, "Sigmoid", "z", NULL, NULL, "y");
}

Test(onnx_import, ways_to_say_an_activation) {
    static const struct {
        void (*build)(void);
        tp_activation activation;
        float slope;
        tp_loss loss;
    } ways[] = {{gelu_half_last, TP_ACTIVATION_GELU, 0, TP_LOSS_MSE},
                {gelu_by_product, TP_ACTIVATION_GELU, 0, TP_LOSS_MSE},
                {gelu_half_first, TP_ACTIVATION_GELU, 0, TP_LOSS_MSE},
                {gelu_half_inside, TP_ACTIVATION_GELU, 0, TP_LOSS_MSE},
                {gelu_node, TP_ACTIVATION_GELU, 0, TP_LOSS_MSE},
                {silu, TP_ACTIVATION_SILU, 0, TP_LOSS_MSE},
                {leaky_relu, TP_ACTIVATION_LEAKY_RELU, 0.01F, TP_LOSS_MSE},
                {elu, TP_ACTIVATION_ELU, 0.75F, TP_LOSS_MSE},
                {softmax, TP_ACTIVATION_SOFTMAX, 0, TP_LOSS_CCE},
                {sigmoid, TP_ACTIVATION_SIGMOID, 0, TP_LOSS_BCE}};
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        tp_model_options options;
        test_onnx_begin(&onnx);
        ways[i].build();
        tp_model *model = read(tp_activation_name(ways[i].activation));
        cr_assert_eq(tp_model_describe(model, &options), TP_OK);
        cr_expect_eq(options.layers[0].activation, ways[i].activation, "%zu: %s", i,
                     tp_activation_name(options.layers[0].activation));
        cr_expect_eq(options.layers[0].slope, ways[i].slope);
        cr_expect_eq(options.loss, ways[i].loss);
        cr_expect(!options.inputs_scaled.count && !options.outputs_scaled.count);
        tp_model_destroy(model);
    }
}

Test(onnx_import, loss_of_the_caller) {
    tp_exchange_options exchange;
    tp_model_options options;
    tp_model *model = NULL;
    tp_exchange_options_default(&exchange);
    exchange.loss = TP_LOSS_MAE;
    sigmoid();
    test_onnx_pack(&onnx);
    cr_assert_eq(tp_model_read_onnx(context, onnx.bytes, onnx.size, &exchange, &model), TP_OK);
    cr_assert_eq(tp_model_describe(model, &options), TP_OK);
    cr_expect_eq(options.loss, TP_LOSS_MAE);
    tp_model_destroy(model);
}

/* ---- scaling ---- */

static void check_pairs(const tp_scaling *scaling, size_t count, const double *mean, const double *deviation) {
    cr_assert_eq(scaling->count, count);
    for (size_t i = 0; i < count; i++) {
        cr_expect_eq(scaling->mean[i], mean[i], "mean %zu: %g", i, scaling->mean[i]);
        cr_expect_eq(scaling->deviation[i], deviation[i], "deviation %zu: %g", i, scaling->deviation[i]);
    }
}

/* ((x + (1, 3)) / 2 - 0.5) * 2 = (x - (0, -2)) / 1; y = ((z / 0.5 - 1) * (1, 2, 4) + 2) */
Test(onnx_import, arithmetic_at_both_ends) {
    static const float shift[] = {1, 3}, factor[] = {1, 2, 4};
    tp_model_options options;
    constants();
    test_onnx_tensor(&onnx, "shift", 2, 0, shift), test_onnx_tensor(&onnx, "factor", 1, 3, factor);
    test_onnx_tensor(&onnx, "two", 1, 0, &two);
    test_onnx_node(&onnx, "Add", "shift", "x", NULL, "a");
    test_onnx_node(&onnx, "Div", "a", "two", NULL, "b1");
    test_onnx_node(&onnx, "Sub", "b1", "half", NULL, "c");
    test_onnx_node(&onnx, "Mul", "c", "two", NULL, "d");
    weight(), bias();
    test_onnx_node(&onnx, "Gemm", "d", "W", "b", "z");
    test_onnx_node(&onnx, "Div", "z", "half", NULL, "e");
    test_onnx_node(&onnx, "Sub", "e", "one", NULL, "f");
    test_onnx_node(&onnx, "Mul", "factor", "f", NULL, "g");
    test_onnx_node(&onnx, "Add", "g", "two", NULL, "y");
    tp_model *model = read("scaling");
    cr_assert_eq(tp_model_describe(model, &options), TP_OK);
    check_pairs(&options.inputs_scaled, 2, (const double[]){0, -2}, (const double[]){1, 1});
    check_pairs(&options.outputs_scaled, 3, (const double[]){1, 0, -2}, (const double[]){2, 4, 8});
    cr_expect_eq(options.loss, TP_LOSS_MSE);
    tp_model_destroy(model);
}

/* ---- what does not fit ---- */

static void no_graph(void) {
    onnx.model.graph = NULL;
}

static void two_outputs(void) {
    gemm();
    static TpOnnx__ValueInfoProto *outputs[2];
    outputs[0] = outputs[1] = &onnx.output;
    onnx.graph.n_output = 2, onnx.graph.output = outputs;
}

static void old_opset(void) {
    gemm();
    onnx.opset.version = 6;
}

static void unknown_op(void) {
    layer("z");
    test_onnx_node(&onnx, "Conv", "z", "W", NULL, "y");
}

static void foreign_domain(void) {
    layer("z");
    test_onnx_node(&onnx, "Relu", "z", NULL, NULL, "y")->proto.domain = (char *)(uintptr_t) "com.example";
}

static void circle(void) {
    test_onnx_node(&onnx, "Identity", "y", NULL, NULL, "z");
    test_onnx_node(&onnx, "Identity", "z", NULL, NULL, "y");
}

static void nobody_computes(void) {
    weight(), bias();
    test_onnx_node(&onnx, "Gemm", "elsewhere", "W", "b", "y");
}

static void no_layer(void) {
    constants();
    test_onnx_node(&onnx, "Mul", "x", "half", NULL, "y");
}

static void activation_first(void) {
    test_onnx_node(&onnx, "Relu", "x", NULL, NULL, "r");
    weight(), bias();
    test_onnx_node(&onnx, "Gemm", "r", "W", "b", "y");
}

static void activation_twice(void) {
    layer("z");
    test_onnx_node(&onnx, "Relu", "z", NULL, NULL, "r");
    test_onnx_node(&onnx, "Tanh", "r", NULL, NULL, "y");
}

static void arithmetic_between(void) {
    layer("z"), constants();
    test_onnx_node(&onnx, "Mul", "z", "half", NULL, "m");
    test_onnx_node(&onnx, "Tanh", "m", NULL, NULL, "y");
}

static void sum_of_two(void) {
    layer("z");
    test_onnx_node(&onnx, "Relu", "z", NULL, NULL, "r");
    test_onnx_node(&onnx, "Add", "r", "z", NULL, "y");
}

static void constant_less_value(void) {
    layer("z"), constants();
    test_onnx_node(&onnx, "Sub", "one", "z", NULL, "y");
}

static void weight_that_is_none(void) {
    layer("z");
    test_onnx_node(&onnx, "MatMul", "z", "z", NULL, "y");
}

static void transposed_samples(void) {
    test_onnx_integer(layer("y"), "transA", 1);
}

static void widths(void) {
    layer("z");
    test_onnx_node(&onnx, "MatMul", "z", "W", NULL, "y");
}

static void too_many_biases(void) {
    weight(), test_onnx_tensor(&onnx, "b", 6, 0, weights);
    test_onnx_node(&onnx, "Gemm", "x", "W", "b", "y");
}

static void flat_weights(void) {
    test_onnx_tensor(&onnx, "W", 6, 0, weights);
    test_onnx_node(&onnx, "MatMul", "x", "W", NULL, "y");
}

static void three_dimensions(void) {
    gemm();
    onnx.tensor[0].proto.n_dims = 3, onnx.tensor[0].dims[2] = 1;
}

static void no_dimension(void) {
    gemm();
    onnx.tensor[0].dims[0] = 0;
}

static void huge_dimensions(void) {
    gemm();
    onnx.tensor[0].dims[0] = onnx.tensor[0].dims[1] = INT64_MAX;
}

static void short_of_bytes(void) {
    gemm();
    onnx.tensor[0].proto.raw_data.len--;
}

static void short_of_numbers(void) {
    of_floats();
    onnx.tensor[0].proto.n_float_data--;
}

static void of_integers(void) {
    gemm();
    onnx.tensor[0].proto.data_type = PROTO(INT64);
}

static void in_another_file(void) {
    gemm();
    onnx.tensor[0].proto.has_data_location = 1;
    onnx.tensor[0].proto.data_location = TP_ONNX__TENSOR_PROTO__DATA_LOCATION__EXTERNAL;
}

static void beyond_floats(void) {
    of_doubles();
    static double numbers[] = {1, 2, 3, 4, 5, 1e39};
    onnx.tensor[0].proto.double_data = numbers;
}

static void scaled_by_zero(void) {
    static const float zero = 0;
    layer("z"), test_onnx_tensor(&onnx, "zero", 0, 0, &zero);
    test_onnx_node(&onnx, "Mul", "z", "zero", NULL, "y");
}

static void scaled_by_others(void) {
    layer("z"), test_onnx_tensor(&onnx, "c", 2, 0, weights);
    test_onnx_node(&onnx, "Mul", "z", "c", NULL, "y");
}

static void softmax_of_samples(void) {
    layer("z");
    test_onnx_integer(test_onnx_node(&onnx, "Softmax", "z", NULL, NULL, "y"), "axis", 0);
}

static void approximate_gelu(void) {
    gelu_node();
    onnx.node[1].attribute[0].s.data = (uint8_t *)(uintptr_t) "tanh";
}

static void elu_without_alpha(void) {
    elu();
    onnx.node[1].attribute[0].f = 0;
}

static void other_constant(void) {
    gelu_half_last();
    onnx.tensor[3].proto.raw_data.data = (uint8_t *)(uintptr_t)&two;
}

static void bad_note(void) {
    static TpOnnx__StringStringEntryProto entry, *entries[1] = {&entry};
    gemm();
    tp_onnx__string_string_entry_proto__init(&entry);
    entry.key = (char *)(uintptr_t) "note.a", entry.value = (char *)(uintptr_t) "\a";
    onnx.model.n_metadata_props = 1, onnx.model.metadata_props = entries;
}

Test(onnx_import, refused) {
    static const struct {
        void (*build)(void);
        const char *message;
    } cases[] = {
        {no_graph, "not an ONNX model: it has no graph with nodes"},
        {two_outputs, "graph has 2 outputs; exactly 1 fits"},
        {old_opset, "is of opset 6; 7 and later ones fit"},
        {unknown_op, "node 1 'y' (Conv) does not fit: models are made of Gemm"},
        {foreign_domain, "node 1 'y' (Relu) does not fit: models are made of"},
        {circle, "is part of a circle"},
        {nobody_computes, "value 'elsewhere' is neither an input nor computed by a node"},
        {no_layer, "graph has no layer: no Gemm or MatMul"},
        {activation_first, "node 0 'r' (Relu) does not fit: an activation must follow Gemm"},
        {activation_twice, "node 2 'y' (Tanh) does not fit: an activation must follow Gemm"},
        {arithmetic_between, "node 1 'm' (Mul) does not fit between layers: only at the ends of the graph"},
        {sum_of_two, "node 2 'y' (Add) does not fit: exactly one of its operands must be a constant"},
        {constant_less_value, "node 1 'y' (Sub) does not fit: its second operand must be the constant"},
        {weight_that_is_none, "node 1 'y' (MatMul) has a second operand that is no constant"},
        {transposed_samples, "node 0 'y' (Gemm) has transA; samples must be rows"},
        {widths, "tensor 'W' has 2 rows; the layer before it has width 3"},
        {too_many_biases, "tensor 'b' has 6 numbers; 3 biases, or 1, fit"},
        {flat_weights, "tensor 'W' has 1 dimensions; weights have 2"},
        {three_dimensions, "tensor 'W' has 3 dimensions; at most 2 fit"},
        {no_dimension, "tensor 'W' has a dimension that is not positive"},
        {huge_dimensions, "tensor 'W' has 24 bytes; its shape needs 18446744073709551615"},
        {short_of_bytes, "tensor 'W' has 23 bytes; its shape needs 24"},
        {short_of_numbers, "tensor 'W' has 5 numbers; its shape needs 6"},
        {of_integers, "tensor 'W': data type is 7; 1 (float), 10 (float16)"},
        {in_another_file, "tensor 'W' has its numbers in another file"},
        {beyond_floats, "tensor 'W' has a number that is beyond the largest float"},
        {scaled_by_zero, "outputs_scaled: deviation[0] is 0"},
        {scaled_by_others, "tensor 'c' has 2 numbers; 3, or 1, fit"},
        {softmax_of_samples, "node 1 'y' (Softmax) has an axis that is neither 1 nor -1"},
        {approximate_gelu, "node 1 'y' (Gelu) is an approximation"},
        {elu_without_alpha, "node 1 'y' (Elu) has an alpha that is not positive"},
        {other_constant, "node 4 'q' (Mul) does not fit: exactly one"},
        {bad_note, "metadata 'note.a' is not UTF-8, or has control characters"},
    };
    const size_t held = tp_test_held();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        tp_model *model = NULL;
        test_onnx_begin(&onnx);
        cases[i].build();
        test_onnx_pack(&onnx);
        cr_expect_eq(tp_model_read_onnx(context, onnx.bytes, onnx.size, NULL, &model), TP_ERR_FORMAT, "%s",
                     cases[i].message);
        cr_expect(strstr(tp_test_message(context), cases[i].message), "\"%s\" does not say \"%s\"",
                  tp_test_message(context), cases[i].message);
        cr_expect_null(model);
    }
    cr_expect_eq(tp_test_held(), held, "something leaked");
}

/* ---- what is no message ---- */

static void check_bytes(const void *bytes, size_t size, const char *message) {
    tp_model *model = NULL;
    const size_t held = tp_test_held();
    cr_expect_eq(tp_model_read_onnx(context, bytes, size, NULL, &model), TP_ERR_FORMAT, "%s", message);
    cr_expect(strstr(tp_test_message(context), message), "\"%s\" does not say \"%s\"", tp_test_message(context),
              message);
    cr_expect_eq(tp_test_held(), held);
}

/* Graphs of attributes of nodes of graphs: the innermost one is empty. */
static size_t nest(int levels, unsigned char *bytes) {
    static const unsigned char tags[] = {7 << 3 | 2, 1 << 3 | 2, 5 << 3 | 2, 6 << 3 | 2};
    unsigned char *end = bytes + TEST_ONNX_MAX_BYTES, *at = end;
    for (int level = levels; level-- > 0;) {
        const size_t size = (size_t)(end - at);
        *--at = (unsigned char)(size >> 7);
        *--at = (unsigned char)(size | 128);
        *--at = tags[level ? 1 + (level - 1) % 3 : 0];
    }
    memmove(bytes, at, (size_t)(end - at));
    return (size_t)(end - at);
}

Test(onnx_import, no_message) {
    static unsigned char many[2 * 65537];
    for (size_t i = 0; i < sizeof many; i++)
        many[i] = i % 2 ? 0 : 14 << 3 | 2;
    check_bytes("", 0, "it has no graph with nodes");
    check_bytes("\xff\xff", 2, "not an ONNX file, or damaged");
    check_bytes("\x3a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11, "not an ONNX file, or damaged"); /* its length */
    check_bytes("\x3a\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 12, "not an ONNX file, or damaged");
    check_bytes("\x03", 1, "not an ONNX file, or damaged"); /* field 0 */
    check_bytes("\x3b", 1, "not an ONNX file, or damaged"); /* a group */
    check_bytes("\x3d\0\0\0", 4, "not an ONNX file, or damaged");
    check_bytes(onnx.bytes, nest(15, onnx.bytes), "graph has 0 outputs");
    check_bytes(onnx.bytes, nest(16, onnx.bytes), "has more than 16 levels of messages");
    check_bytes(onnx.bytes, nest(2000, onnx.bytes), "has more than 16 levels of messages");
    check_bytes(many, sizeof many, "has more than 65536 fields");
}
