/* SPDX-License-Identifier: BSD-3-Clause */
/* Follows an ONNX graph from its output back to its input: whatever else is in it does not matter. */
#include "io/onnx.h"

#include <math.h>
#include <string.h>

#define NEAR 1e-6    /* constants of activations differ in their last digits */
#define MAX_COPIES 4 /* of copies of a constant: each is looked for among all nodes */

/* ---- nodes and their attributes ---- */

static bool is_own_domain(const char *domain) {
    return !*tp_onnx_text(domain) || !strcmp(domain, "ai.onnx");
}

static bool is_op(const TpOnnx__NodeProto *node, const char *op) {
    return !strcmp(tp_onnx_text(node->op_type), op) && is_own_domain(node->domain);
}

static const char *input_of(const TpOnnx__NodeProto *node, size_t i) {
    return i < node->n_input ? tp_onnx_text(node->input[i]) : "";
}

tp_status tp_onnx_fail_node(const struct tp_onnx_chain *chain, const TpOnnx__NodeProto *node, const char *problem) {
    size_t number = 0;
    while (number < chain->graph->n_node && chain->graph->node[number] != node)
        number++;
    return tp_fail(chain->file->context, TP_ERR_FORMAT, "%s: node %zu '%s' (%s) %s", chain->file->path, number,
                   tp_onnx_text(node->name), tp_onnx_text(node->op_type), problem);
}

static const TpOnnx__NodeProto *producer_of(const struct tp_onnx_chain *chain, const char *value) {
    const TpOnnx__GraphProto *graph = chain->graph;
    for (size_t i = 0; i < graph->n_node; i++)
        if (graph->node[i]->n_output && !strcmp(tp_onnx_text(graph->node[i]->output[0]), value))
            return graph->node[i];
    return NULL;
}

static const TpOnnx__AttributeProto *attribute_of(const TpOnnx__NodeProto *node, const char *name) {
    for (size_t i = 0; i < node->n_attribute; i++)
        if (!strcmp(tp_onnx_text(node->attribute[i]->name), name))
            return node->attribute[i];
    return NULL;
}

static float float_of(const TpOnnx__NodeProto *node, const char *name, float otherwise) {
    const TpOnnx__AttributeProto *attribute = attribute_of(node, name);
    return attribute && attribute->has_f ? attribute->f : otherwise;
}

static int64_t integer_of(const TpOnnx__NodeProto *node, const char *name, int64_t otherwise) {
    const TpOnnx__AttributeProto *attribute = attribute_of(node, name);
    return attribute && attribute->has_i ? attribute->i : otherwise;
}

/* ---- constants ---- */

static const TpOnnx__TensorProto *initializer_of(const struct tp_onnx_chain *chain, const char *value) {
    const TpOnnx__GraphProto *graph = chain->graph;
    for (size_t i = 0; i < graph->n_initializer; i++)
        if (!strcmp(tp_onnx_text(graph->initializer[i]->name), value))
            return graph->initializer[i];
    return NULL;
}

/* With two dimensions it can only be the other order, or none. */
static bool turns(const TpOnnx__NodeProto *node) {
    const TpOnnx__AttributeProto *order = attribute_of(node, "perm");
    return !order || (order->n_ints == 2 && order->ints[0] == 1 && order->ints[1] == 0);
}

/* The value of which this one is a copy: PyTorch writes equal initializers once, and copies of them. */
static const char *original_of(const struct tp_onnx_chain *chain, const char *value) {
    for (size_t copies = 0; copies < MAX_COPIES; copies++) {
        const TpOnnx__NodeProto *node = *value ? producer_of(chain, value) : NULL;
        if (!node || !is_op(node, "Identity"))
            break;
        value = input_of(node, 0);
    }
    return value;
}

/* An initializer, a node Constant, or the transposition of one. NULL: it depends on inputs. */
static const TpOnnx__TensorProto *constant_of(const struct tp_onnx_chain *chain, const char *value, bool *transposed) {
    *transposed = false;
    value = original_of(chain, value);
    const TpOnnx__TensorProto *tensor = *value ? initializer_of(chain, value) : NULL;
    const TpOnnx__NodeProto *node = tensor || !*value ? NULL : producer_of(chain, value);
    if (node && is_op(node, "Transpose") && turns(node)) {
        *transposed = true;
        return initializer_of(chain, original_of(chain, input_of(node, 0)));
    }
    const TpOnnx__AttributeProto *attribute = node && is_op(node, "Constant") ? attribute_of(node, "value") : NULL;
    return attribute ? attribute->t : tensor;
}

static bool is_constant(const struct tp_onnx_chain *chain, const char *value) {
    bool transposed;
    return constant_of(chain, value, &transposed) != NULL;
}

static tp_status take_constant(const struct tp_onnx_chain *chain, const char *value, struct tp_onnx_array *array) {
    bool transposed;
    const TpOnnx__TensorProto *tensor = constant_of(chain, value, &transposed);
    const tp_status status = tp_onnx_take(chain->file, tensor, value, array);
    if (!status && transposed && array->rank == 2) {
        array->transposed = true;
        array->dims[0] = (size_t)tensor->dims[1];
        array->dims[1] = (size_t)tensor->dims[0];
    }
    return status;
}

/* The number of the operands that is a constant, where exactly one is; 2: both or none. */
static size_t constant_operand(const struct tp_onnx_chain *chain, const TpOnnx__NodeProto *node) {
    const bool first = is_constant(chain, input_of(node, 0)), second = is_constant(chain, input_of(node, 1));
    return first == second ? 2 : second;
}

/* ---- activations ---- */

/* A pattern that is compared with nodes. */
struct match {
    const struct tp_onnx_chain *chain;
    const struct tp_onnx_pattern *pattern;
    const char *input;                    /* of the activation; NULL until it is known */
    const char *value[TP_ONNX_MAX_STEPS]; /* results of steps */
};

static bool is_number(const struct tp_onnx_chain *chain, const char *value, float number) {
    bool transposed;
    struct tp_onnx_array array;
    const TpOnnx__TensorProto *tensor = constant_of(chain, value, &transposed);
    struct tp_message unheard = {.lock = ATOMIC_FLAG_INIT}; /* what is wrong with it is said when it is used */
    struct tp_context silent = *chain->file->context;
    silent.on_message = NULL;
    silent.message = &unheard;
    const struct tp_file file = {.context = &silent, .path = ""};
    if (!tensor || tp_onnx_take(&file, tensor, value, &array) || array.count != 1)
        return false;
    return fabs(tp_onnx_element(&array, 0) - (double)number) <= NEAR * fabs((double)number);
}

static bool match_input(struct match *match, const char *value) {
    if (!match->input && *value && !is_constant(match->chain, value))
        match->input = value;
    return match->input && !strcmp(match->input, value);
}

static bool match_operand(struct match *match, const struct tp_onnx_step *step, int operand, const char *value) {
    if (operand == TP_ONNX_INPUT)
        return match_input(match, value);
    if (operand == TP_ONNX_CONSTANT)
        return is_number(match->chain, value, step->constant);
    match->value[operand] = value;
    return true;
}

static bool match_step(struct match *match, size_t number, bool swapped) {
    const struct tp_onnx_step *step = &match->pattern->step[number];
    const TpOnnx__NodeProto *node = producer_of(match->chain, match->value[number]);
    const size_t count = step->operand[1] == TP_ONNX_NOTHING ? 1 : 2;
    bool same = node && is_op(node, step->op) && node->n_input == count && (!swapped || tp_onnx_commutes(step->op));
    for (size_t i = 0; same && i < count; i++)
        same = match_operand(match, step, step->operand[i], input_of(node, swapped ? 1 - i : i));
    return same;
}

/* From the last step back, each of which finds the values of earlier ones; swapped: a bit for each step. */
static bool match_steps(struct match *match, const char *value, unsigned swapped) {
    size_t number = match->pattern->steps;
    match->input = NULL;
    match->value[number - 1] = value;
    bool same = true;
    while (same && number-- > 0)
        same = match_step(match, number, swapped >> number & 1);
    return same;
}

static bool match_pattern(struct match *match, const char *value) {
    bool same = false;
    for (unsigned swapped = 0; !same && swapped < 1U << match->pattern->steps; swapped++)
        same = match_steps(match, value, swapped);
    return same;
}

static tp_status take_attributes(const struct tp_onnx_chain *chain, struct tp_onnx_part *part) {
    const TpOnnx__NodeProto *node = part->node;
    const TpOnnx__AttributeProto *approximate = attribute_of(node, "approximate");
    const int64_t axis = integer_of(node, "axis", -1);
    if (part->activation == TP_ACTIVATION_SOFTMAX && axis != 1 && axis != -1)
        return tp_onnx_fail_node(chain, node, "has an axis that is neither 1 nor -1: that of the outputs fits");
    if (part->activation == TP_ACTIVATION_GELU && approximate && approximate->has_s &&
        !(approximate->s.len == 4 && !memcmp(approximate->s.data, "none", 4)))
        return tp_onnx_fail_node(chain, node, "is an approximation; GELU by the error function fits");
    part->slope = part->activation == TP_ACTIVATION_LEAKY_RELU ? float_of(node, "alpha", 0.01F)
                  : part->activation == TP_ACTIVATION_ELU      ? float_of(node, "alpha", 1)
                                                               : 0;
    if (part->activation == TP_ACTIVATION_ELU && !(part->slope > 0))
        return tp_onnx_fail_node(chain, node, "has an alpha that is not positive");
    return TP_OK;
}

static const char *take_activation(const struct tp_onnx_chain *chain, const char *value, struct tp_onnx_part *part) {
    struct match match = {.chain = chain};
    for (size_t i = 0; (match.pattern = tp_onnx_pattern(i)); i++)
        if (match_pattern(&match, value)) {
            part->kind = TP_ONNX_ACTIVATION;
            part->activation = match.pattern->activation;
            return match.input;
        }
    return NULL;
}

/* ---- products ---- */

static tp_status take_weight(const struct tp_onnx_chain *chain, const TpOnnx__NodeProto *node,
                             struct tp_onnx_part *part) {
    struct tp_onnx_array *weight = &part->weight;
    if (!is_constant(chain, input_of(node, 1)))
        return tp_onnx_fail_node(chain, node, "has a second operand that is no constant: weights must be");
    const tp_status status = take_constant(chain, input_of(node, 1), weight);
    if (status || weight->rank == 2)
        return status;
    return tp_fail(chain->file->context, TP_ERR_FORMAT, "%s: tensor '%s' has %zu dimensions; weights have 2",
                   chain->file->path, weight->name, weight->rank);
}

static tp_status take_bias(const struct tp_onnx_chain *chain, const TpOnnx__NodeProto *node, const char *value,
                           struct tp_onnx_part *part) {
    const struct tp_onnx_array *bias = &part->constant;
    const size_t width = part->weight.dims[1];
    if (!is_constant(chain, value))
        return tp_onnx_fail_node(chain, node, "has biases that are no constant");
    const tp_status status = take_constant(chain, value, &part->constant);
    if (status || bias->count == 1 || (bias->count == width && (bias->rank == 1 || bias->dims[0] == 1)))
        return status;
    return tp_fail(chain->file->context, TP_ERR_FORMAT, "%s: tensor '%s' has %zu numbers; %zu biases, or 1, fit",
                   chain->file->path, bias->name, bias->count, width);
}

static void transpose(struct tp_onnx_array *array) {
    const size_t rows = array->dims[0];
    array->transposed = !array->transposed;
    array->dims[0] = array->dims[1];
    array->dims[1] = rows;
}

static tp_status take_gemm(const struct tp_onnx_chain *chain, const TpOnnx__NodeProto *node,
                           struct tp_onnx_part *part) {
    if (integer_of(node, "transA", 0))
        return tp_onnx_fail_node(chain, node, "has transA; samples must be rows");
    tp_status status = take_weight(chain, node, part);
    if (!status && integer_of(node, "transB", 0))
        transpose(&part->weight);
    part->alpha = float_of(node, "alpha", 1);
    part->beta = float_of(node, "beta", 1);
    if (!status && *input_of(node, 2))
        status = take_bias(chain, node, input_of(node, 2), part);
    return status;
}

/* The product without biases to which a node Add adds some, or NULL. */
static const TpOnnx__NodeProto *product_before(const struct tp_onnx_chain *chain, const TpOnnx__NodeProto *node) {
    const size_t constant = is_op(node, "Add") ? constant_operand(chain, node) : 2;
    const TpOnnx__NodeProto *product = constant < 2 ? producer_of(chain, input_of(node, 1 - constant)) : NULL;
    if (!product || !(is_op(product, "MatMul") || is_op(product, "Gemm")) || *input_of(product, 2))
        return NULL;
    return product;
}

static tp_status take_product(const struct tp_onnx_chain *chain, const TpOnnx__NodeProto *product,
                              struct tp_onnx_part *part) {
    part->kind = TP_ONNX_PRODUCT;
    part->alpha = part->beta = 1;
    tp_status status = is_op(product, "Gemm") ? take_gemm(chain, product, part) : take_weight(chain, product, part);
    if (status || product == part->node)
        return status;
    part->beta = 1; /* that of a Gemm without biases is not for those which are added later */
    return take_bias(chain, part->node, input_of(part->node, constant_operand(chain, part->node)), part);
}

/* ---- the chain ---- */

static bool is_arithmetic(const TpOnnx__NodeProto *node) {
    return is_op(node, "Add") || is_op(node, "Sub") || is_op(node, "Mul") || is_op(node, "Div");
}

static tp_status take_arithmetic(const struct tp_onnx_chain *chain, struct tp_onnx_part *part, const char **value) {
    const TpOnnx__NodeProto *node = part->node;
    const size_t constant = constant_operand(chain, node);
    part->kind = TP_ONNX_ARITHMETIC;
    if (constant == 2)
        return tp_onnx_fail_node(chain, node, "does not fit: exactly one of its operands must be a constant");
    if (constant == 0 && !tp_onnx_commutes(node->op_type))
        return tp_onnx_fail_node(chain, node, "does not fit: its second operand must be the constant");
    *value = input_of(node, 1 - constant);
    return take_constant(chain, input_of(node, constant), &part->constant);
}

/* Does nothing to samples of one dimension when a network is used. */
static bool passes(const TpOnnx__NodeProto *node) {
    return is_op(node, "Identity") || is_op(node, "Dropout") ||
           (is_op(node, "Flatten") && integer_of(node, "axis", 1) == 1);
}

/* Takes the part that ends at *value, which becomes the value before it. */
static tp_status take_part(const struct tp_onnx_chain *chain, struct tp_onnx_part *part, const char **value) {
    const TpOnnx__NodeProto *node = part->node;
    const char *before = take_activation(chain, *value, part);
    if (before) {
        *value = before;
        return take_attributes(chain, part);
    }
    const bool alone = is_op(node, "Gemm") || is_op(node, "MatMul");
    const TpOnnx__NodeProto *product = alone ? node : product_before(chain, node);
    if (product) {
        *value = input_of(product, 0);
        return take_product(chain, product, part);
    }
    if (is_arithmetic(node))
        return take_arithmetic(chain, part, value);
    return tp_onnx_fail_node(
        chain, node,
        "does not fit: models are made of Gemm, or MatMul and Add; Relu, LeakyRelu, Sigmoid, Tanh, "
        "Softmax, Elu, Softplus, Exp, Gelu, and what makes up SiLU and GELU; at both ends Add, "
        "Sub, Mul and Div by constants");
}

static bool is_input(const TpOnnx__GraphProto *graph, const char *value) {
    for (size_t i = 0; i < graph->n_input; i++)
        if (!strcmp(tp_onnx_text(graph->input[i]->name), value))
            return true;
    return false;
}

static void reverse(struct tp_onnx_chain *chain) {
    for (size_t i = 0; i < chain->count / 2; i++) {
        const struct tp_onnx_part part = chain->part[i];
        chain->part[i] = chain->part[chain->count - 1 - i];
        chain->part[chain->count - 1 - i] = part;
    }
}

static tp_status follow(struct tp_onnx_chain *chain) {
    const struct tp_file *file = chain->file;
    const char *value = tp_onnx_text(chain->graph->output[0]->name);
    const TpOnnx__NodeProto *node;
    for (size_t steps = 0; (node = producer_of(chain, value)); steps++) {
        if (steps == chain->graph->n_node)
            return tp_onnx_fail_node(chain, node, "is part of a circle");
        if (passes(node)) {
            value = input_of(node, 0);
            continue;
        }
        if (chain->count == TP_ONNX_MAX_PARTS)
            return tp_onnx_fail_node(chain, node, "does not fit: there are too many behind it");
        struct tp_onnx_part *part = &chain->part[chain->count++];
        *part = (struct tp_onnx_part){.node = node};
        const tp_status status = take_part(chain, part, &value);
        if (status)
            return status;
    }
    if (!is_input(chain->graph, value))
        return tp_fail(file->context, TP_ERR_FORMAT, "%s: value '%s' is neither an input nor computed by a node",
                       file->path, value);
    reverse(chain);
    return TP_OK;
}

static tp_status check_opset(const struct tp_file *file, const TpOnnx__ModelProto *model) {
    for (size_t i = 0; i < model->n_opset_import; i++)
        if (is_own_domain(model->opset_import[i]->domain) && model->opset_import[i]->version < TP_ONNX_FIRST_OPSET)
            return tp_fail(file->context, TP_ERR_FORMAT, "%s: is of opset %lld; %d and later ones fit", file->path,
                           (long long)model->opset_import[i]->version, TP_ONNX_FIRST_OPSET);
    return TP_OK;
}

tp_status tp_onnx_follow(const struct tp_file *file, const TpOnnx__ModelProto *model, struct tp_onnx_chain *chain) {
    const TpOnnx__GraphProto *graph = model->graph;
    chain->file = file;
    chain->graph = graph;
    chain->count = 0;
    if (!graph || !graph->n_node)
        return tp_fail(file->context, TP_ERR_FORMAT, "%s: not an ONNX model: it has no graph with nodes", file->path);
    if (graph->n_node > TP_ONNX_MAX_NODES)
        return tp_fail(file->context, TP_ERR_FORMAT, "%s: graph has %zu nodes; at most %d fit", file->path,
                       graph->n_node, TP_ONNX_MAX_NODES);
    if (graph->n_output != 1)
        return tp_fail(file->context, TP_ERR_FORMAT, "%s: graph has %zu outputs; exactly 1 fits", file->path,
                       graph->n_output);
    const tp_status status = check_opset(file, model);
    return status ? status : follow(chain);
}
