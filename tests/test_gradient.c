/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The library in f32 against the oracle in double precision, on every instruction set of this machine: outputs, loss,
 * gradients of all parameters and of the input. The bound is the running error analysis of support/bound.h: chains of
 * length K contribute gamma_K |A||B|, activations a few ulp, and each layer passes on what came in. It is a worst case
 * that no correct implementation can exceed. So that it cannot become vacuous, the tests also require that it stays
 * below SHARPNESS of the largest element of what it bounds.
 */
#include "support/bf16.h"
#include "support/bound.h"
#include "support/nets.h"
#include "support/stride.h"
#include "support/support.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

#define SHARPNESS 1e-2
#define BF16_SHARPNESS 0.2 /* of most */
#define ROUNDING 1e-14     /* of the oracle */
#define SHAPES 3
#define MAX_BATCH 33
#define DROPOUT_SEED 42
#define DROPOUT_STEP 7
#define MAX_ISAS 8

/* Per instruction set, or way to multiply bf16, for all problems of a test. */
static tp_context *contexts[MAX_ISAS];
static int context_count;

static void open_contexts(void) {
    cr_assert(tp_test_isa_count() <= MAX_ISAS);
    context_count = tp_test_isa_count();
    for (int i = 0; i < context_count; i++)
        contexts[i] = tp_test_context(tp_test_isa(i), 2);
}

static void close_contexts(void) {
    for (int i = 0; i < context_count; i++)
        tp_context_destroy(contexts[i]);
}

/* After those of the suite were opened. */
static void open_bf16_contexts(void) {
    close_contexts();
    cr_assert(test_bf16_ways() <= MAX_ISAS);
    context_count = test_bf16_ways();
    for (int i = 0; i < context_count; i++)
        contexts[i] = test_bf16_context(i, 2);
}

TestSuite(gradient, .init = open_contexts, .fini = close_contexts);

static const struct {
    size_t size;
    bool weighted;
} batches[] = {{1, false}, {2, true}, {7, false}, {7, true}, {MAX_BATCH, false}};
static const size_t shapes[5][SHAPES][6] = {
    {{17, 10}, {33, 1}, {1, 3}},
    {{10, 33, 3}, {3, 17, 1}, {33, 1, 10}},
    {{33, 17, 10, 3}, {1, 3, 33, 17}, {17, 10, 3, 1}},
    {{3, 10, 33, 17, 10}, {17, 33, 1, 10, 3}, {10, 3, 17, 33, 1}},
    {{10, 17, 3, 10, 7, 3}, {3, 1, 10, 17, 3, 10}, {17, 10, 9, 3, 10, 1}},
};

/* A network with its data, what the oracle says, and how far the library may be from it. */
struct problem {
    struct ref_net net;
    size_t batch, parameters, inputs, outputs;
    float *parameter, *x, *y, *dy, *weights;
    bool weighted;
    double *wide_parameter, *wide_weights;
    struct ref_pass pass;
    struct test_bound bound;
    double loss, loss_bound;
    double *gradients, *gradients_bound, *dx, *dx_bound;                     /* of the loss */
    double *from_gradients, *from_gradients_bound, *from_dx, *from_dx_bound; /* of sum dy * A_L */
};

/* Weights of the usual size, 1/sqrt(n_l-1), and mostly positive biases, so that no last ReLU is dead. */
static void fill_parameters(struct problem *p) {
    for (size_t l = 1; l <= p->net.layers; l++) {
        const size_t weight = ref_weight_offset(&p->net, l), bias = ref_bias_offset(&p->net, l);
        const float size = 1 / sqrtf((float)p->net.width[l - 1]);
        tp_test_fill(p->parameter + weight, bias - weight, 10 + l, -size, size);
        tp_test_fill(p->parameter + bias, p->net.width[l], 30 + l, 0, 1);
    }
    test_lower_biases(&p->net, p->parameter);
}

static void fill(struct problem *p) {
    p->parameter = tp_test_floats(p->parameters);
    p->x = tp_test_floats(p->inputs);
    p->y = tp_test_floats(p->outputs);
    p->dy = tp_test_floats(p->outputs);
    fill_parameters(p);
    tp_test_fill(p->x, p->inputs, 2 + p->batch, -1, 1);
    tp_test_fill(p->dy, p->outputs, 3 + p->batch, -1, 1);
    test_fill_targets(p->y, &p->net, p->batch, 11);
    p->wide_parameter = test_widen(p->parameter, p->parameters);
    p->weights = tp_test_floats(p->batch);
    tp_test_fill(p->weights, p->batch, 5, 0.125f, 3);
    if (p->batch > 2)
        p->weights[p->batch / 2] = 0;
    p->wide_weights = test_widen(p->weights, p->batch);
    p->pass.weights = p->weighted ? p->wide_weights : NULL;
}

static void ask_oracle(struct problem *p) {
    double *x = test_widen(p->x, p->inputs), *y = test_widen(p->y, p->outputs), *dy = test_widen(p->dy, p->outputs);
    ref_forward(&p->pass, p->wide_parameter, x);
    test_bound_forward(&p->bound, p->wide_parameter);
    p->loss = ref_loss(&p->pass, y);
    p->loss_bound = test_bound_loss(&p->bound, y);
    ref_backward(&p->pass, p->wide_parameter, y, p->gradients, p->dx);
    test_bound_backward(&p->bound, p->wide_parameter, y, p->gradients_bound, p->dx_bound);
    ref_backward_from(&p->pass, p->wide_parameter, dy, p->from_gradients, p->from_dx);
    test_bound_backward_from(&p->bound, p->wide_parameter, dy, p->from_gradients_bound, p->from_dx_bound);
    free(x);
    free(y);
    free(dy);
}

static void open_problem(struct problem *p, const struct ref_net *net, size_t batch, bool weighted) {
    *p = (struct problem){.net = *net, .batch = batch, .weighted = weighted, .parameters = ref_parameter_count(net)};
    p->inputs = batch * net->width[0];
    p->outputs = batch * net->width[net->layers];
    p->gradients = tp_test_doubles(p->parameters);
    p->gradients_bound = tp_test_doubles(p->parameters);
    p->from_gradients = tp_test_doubles(p->parameters);
    p->from_gradients_bound = tp_test_doubles(p->parameters);
    p->dx = tp_test_doubles(p->inputs);
    p->dx_bound = tp_test_doubles(p->inputs);
    p->from_dx = tp_test_doubles(p->inputs);
    p->from_dx_bound = tp_test_doubles(p->inputs);
    ref_pass_open(&p->pass, net, batch);
    test_draw_dropout(&p->pass, DROPOUT_SEED, DROPOUT_STEP);
    test_bound_open(&p->bound, &p->pass);
    fill(p);
    ask_oracle(p);
}

static void close_problem(struct problem *p) {
    test_bound_close(&p->bound);
    ref_pass_close(&p->pass);
    void *const blocks[] = {
        p->parameter,    p->x,  p->y,        p->dy,      p->weights,         p->wide_parameter, p->wide_weights,
        p->gradients,    p->dx, p->dx_bound, p->from_dx, p->gradients_bound, p->from_gradients, p->from_gradients_bound,
        p->from_dx_bound};
    for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++)
        free(blocks[i]);
}

static void check_forward(const struct problem *p, const tp_model *model, tp_workspace *workspace, const char *isa) {
    const size_t last = p->net.layers;
    float *y = tp_test_guarded(p->outputs, 0);
    cr_assert_eq(tp_forward(model, workspace, p->batch, p->x, p->net.width[0], y, p->net.width[last]), TP_OK);
    cr_assert(test_within(y, p->pass.a[last], p->bound.a[last], p->outputs, "%s %s batch %zu output", isa,
                          test_net_name(&p->net), p->batch));
    tp_test_guarded_free(y);
}

static void check_loss(const struct problem *p, const tp_score *score, const char *isa) {
    cr_assert(fabs(score->loss - p->loss) <= p->loss_bound, "%s %s batch %zu loss: expected %.9g, got %.9g, bound %.3g",
              isa, test_net_name(&p->net), p->batch, p->loss, score->loss, p->loss_bound);
    cr_assert_eq(score->samples, p->batch);
}

static void check_backward(const struct problem *p, const tp_model *model, tp_workspace *workspace, const char *isa) {
    const tp_targets targets = {
        .values = p->y, .ld = p->net.width[p->net.layers], .weights = p->weighted ? p->weights : NULL};
    float *gradients = tp_test_guarded(p->parameters, 0), *dx = tp_test_guarded(p->inputs, 0);
    tp_score score, again;
    cr_assert_eq(tp_loss_value(model, workspace, &targets, &score), TP_OK);
    check_loss(p, &score, isa);
    cr_assert_eq(tp_backward(model, workspace, &targets, gradients, dx, p->net.width[0], &again), TP_OK);
    check_loss(p, &again, isa);
    cr_assert(test_within(gradients, p->gradients, p->gradients_bound, p->parameters, "%s %s batch %zu gradient", isa,
                          test_net_name(&p->net), p->batch));
    cr_assert(
        test_within(dx, p->dx, p->dx_bound, p->inputs, "%s %s batch %zu dx", isa, test_net_name(&p->net), p->batch));
    tp_test_guarded_free(gradients);
    tp_test_guarded_free(dx);
}

static void check_backward_from(const struct problem *p, const tp_model *model, tp_workspace *workspace,
                                const char *isa) {
    float *gradients = tp_test_guarded(p->parameters, 0), *dx = tp_test_guarded(p->inputs, 0);
    const size_t ld = p->net.width[p->net.layers];
    cr_assert_eq(tp_backward_from(model, workspace, p->dy, ld, gradients, dx, p->net.width[0]), TP_OK);
    cr_assert(test_within(gradients, p->from_gradients, p->from_gradients_bound, p->parameters,
                          "%s %s batch %zu gradient from dy", isa, test_net_name(&p->net), p->batch));
    cr_assert(test_within(dx, p->from_dx, p->from_dx_bound, p->inputs, "%s %s batch %zu dx from dy", isa,
                          test_net_name(&p->net), p->batch));
    tp_test_guarded_free(gradients);
    tp_test_guarded_free(dx);
}

static void check_isa(const struct problem *p, tp_context *context) {
    const char *isa = tp_context_isa(context);
    tp_model *model = test_model(context, &p->net, p->parameter);
    tp_workspace *workspace = NULL;
    cr_assert_eq(tp_workspace_create(model, TEST_WORKSPACE(MAX_BATCH, TP_MODE_TRAINING), NULL, 0, &workspace), TP_OK);
    cr_assert_eq(tp_workspace_set_dropout(workspace, DROPOUT_SEED, DROPOUT_STEP), TP_OK);
    check_forward(p, model, workspace, isa);
    check_backward(p, model, workspace, isa);
    check_backward_from(p, model, workspace, isa);
    tp_workspace_destroy(workspace);
    tp_model_destroy(model);
}

static double largest(const double *x, size_t n) {
    double most = 0;
    for (size_t i = 0; i < n; i++)
        most = fmax(most, fabs(x[i]));
    return most;
}

/* Of nets in bf16: on whose side of a kink a number is, and softmax with small errors, are too often uncertain. */
static struct { size_t all, sharp; } narrow;

static void check_sharpness(const struct problem *p) {
    const double gradient = largest(p->gradients, p->parameters), error = largest(p->gradients_bound, p->parameters);
    if (p->net.activation[p->net.layers] == TP_ACTIVATION_SOFTMAX && gradient < ROUNDING)
        return; /* dJ/dA_L is the same for all outputs, whose sum is always 1: the gradients are 0 */
    if (p->net.activation[p->net.layers] == TP_ACTIVATION_RELU && gradient == 0)
        return; /* dead in spite of its biases, because the layer before is positive throughout */
    if (p->net.precision == TP_PRECISION_BF16) {
        narrow.all++;
        narrow.sharp += error <= BF16_SHARPNESS * gradient;
        return;
    }
    cr_assert(error <= SHARPNESS * gradient, "%s batch %zu: bound %.3g for gradients up to %.3g",
              test_net_name(&p->net), p->batch, error, gradient);
}

static void check_batches(const struct ref_net *net, size_t first) {
    for (size_t b = first; b < sizeof batches / sizeof *batches; b++) {
        struct problem problem;
        open_problem(&problem, net, batches[b].size, batches[b].weighted);
        check_sharpness(&problem);
        for (int i = 0; i < context_count; i++)
            check_isa(&problem, contexts[i]);
        close_problem(&problem);
    }
}

/* With dropout only the larger batches, lest everything be dropped. */
static void check_net(const struct ref_net *net) {
    struct ref_net dropping = *net;
    check_batches(net, 0);
    test_set_dropout(&dropping);
    if (net->layers > 1)
        check_batches(&dropping, 3);
}

static void check_depth(size_t depth) {
    for (size_t shape = 0; shape < SHAPES; shape++) {
        for (size_t head = 0; head < TEST_HEADS; head++) {
            for (size_t hidden = 0; hidden < (depth ? TEST_HIDDEN : 1); hidden++) {
                if (!test_takes(shape + head + hidden))
                    continue;
                struct ref_net net = test_net(depth, shapes[depth][shape], test_hidden[hidden], test_heads[head]);
                check_net(&net);
                net.label_smoothing = (double)TEST_SMOOTHING;
                if (test_smooths(&net))
                    check_net(&net);
            }
        }
    }
}

Test(gradient, without_hidden_layer) {
    check_depth(0);
}

Test(gradient, one_hidden_layer) {
    check_depth(1);
}

Test(gradient, two_hidden_layers) {
    check_depth(2);
}

Test(gradient, three_hidden_layers) {
    check_depth(3);
}

Test(gradient, four_hidden_layers) {
    check_depth(4);
}

Test(gradient, in_bf16, .init = open_bf16_contexts) {
    for (size_t depth = 0; depth < 2; depth++)
        for (size_t head = 0; head < TEST_HEADS; head++) {
            if (!test_takes(depth + head))
                continue;
            const tp_activation hidden = test_hidden[(head + depth) % TEST_HIDDEN];
            struct ref_net net = test_net(depth, shapes[depth][head % SHAPES], hidden, test_heads[head]);
            net.precision = TP_PRECISION_BF16;
            if (test_smooths(&net))
                net.label_smoothing = (double)TEST_SMOOTHING;
            check_net(&net);
        }
    cr_assert(2 * narrow.sharp > narrow.all, "%zu of %zu bounds are sharp", narrow.sharp, narrow.all);
}
