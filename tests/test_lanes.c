/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Layers with few outputs and their canonical sums: the kernel, and forward passes and their derivatives, bit by bit on
 * every instruction set, for one thread and two, a sample alone and many, around the shapes where the rule begins.
 */
#include "kernels/kernels.h"
#include "support/sums.h"
#include "support/support.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define GAP 3 /* floats between rows that belong to nothing */

/* ---- the kernel ---- */

struct product {
    size_t m, n, k;
    enum tp_start start;
};

static float *filled(size_t count, size_t misalign, uint64_t seed) {
    float *x = tp_test_guarded(count, misalign);
    tp_test_fill(x, count, seed, -3, 3);
    return x;
}

/* One row and one column whose products are -0: lanes stay so unless a product is added that is not there. */
static void underflow(float *a, float *b, size_t k) {
    for (size_t i = 0; i < k; i++) {
        a[i] = -0x1p-149f;
        b[i] = 0x1p-30f;
    }
}

static void check_kernel(const struct tp_isa *isa, const struct product *p) {
    const size_t lda = p->k + GAP, ldb = p->k + GAP, ldc = p->n + GAP;
    float *a = filled(p->m * lda, 4, 1), *b = filled(p->n * ldb, 8, 2), *bias = filled(p->n, 4, 4);
    float *c = filled(p->m * ldc, 12, 3), *expected = filled(p->m * ldc, 0, 3);
    underflow(a, b, p->k);
    for (size_t i = 0; i < p->m; i++)
        for (size_t j = 0; j < p->n; j++) {
            const float sum = test_canonical_sum(a + i * lda, b + j * ldb, 1, p->k);
            expected[i * ldc + j] = p->start == TP_START_BIAS ? sum + bias[j] : sum;
        }
    isa->gemm_lanes(&(const struct tp_skinny){.m = p->m,
                                              .n = p->n,
                                              .k = p->k,
                                              .a = a,
                                              .a_row = lda,
                                              .a_step = 1,
                                              .b = b,
                                              .b_step = ldb,
                                              .c = c,
                                              .ldc = ldc,
                                              .start = p->start,
                                              .bias = bias});
    cr_expect(tp_test_same_bits(expected, c, p->m * ldc, "%s: %zu x %zu x %zu, start %d", isa->name, p->m, p->n, p->k,
                                (int)p->start));
    tp_test_guarded_free(a), tp_test_guarded_free(b), tp_test_guarded_free(c);
    tp_test_guarded_free(expected), tp_test_guarded_free(bias);
}

Test(lanes, kernel) {
    static const size_t steps[] = {1, 4, 15, 16, 17, 23, 31, 32, 33, 64, 75};
    for (int i = 0; i < tp_test_isa_count(); i++)
        for (size_t m = 1; m <= 18; m++)
            for (size_t n = 1; n <= TP_LANES_COLUMNS; n++)
                for (size_t k = 0; k < COUNT(steps); k++) {
                    check_kernel(tp_test_table(i), &(struct product){m, n, steps[k], TP_START_ZERO});
                    check_kernel(tp_test_table(i), &(struct product){m, n, steps[k], TP_START_BIAS});
                }
}

/* ---- layers ---- */

enum { SAMPLES = 131, MOST_INPUTS = 98, MOST_OUTPUTS = 5, LDX = MOST_INPUTS + GAP, LDY = MOST_OUTPUTS + GAP };

struct layer {
    size_t inputs, outputs;
    tp_activation activation;
    float parameters[(MOST_INPUTS + 1) * MOST_OUTPUTS];
    float x[SAMPLES * LDX], v[SAMPLES * LDX];
};

/* The rule, as the header has it. */
static bool is_canonical(const struct layer *layer) {
    return layer->outputs <= 4 && layer->inputs >= 32 * (layer->outputs - 1);
}

/* Row times weights; a chain begins with the bias, to a canonical sum it is added. */
static float multiply(const struct layer *layer, const float *row, size_t j, bool biased) {
    const float *w = layer->parameters + j;
    const float bias = biased ? layer->parameters[layer->inputs * layer->outputs + j] : 0;
    if (is_canonical(layer)) {
        const float sum = test_canonical_sum(row, w, layer->outputs, layer->inputs);
        return biased ? sum + bias : sum;
    }
    float sum = bias;
    for (size_t k = 0; k < layer->inputs; k++)
        sum = fmaf(row[k], w[k * layer->outputs], sum);
    return sum;
}

static void expect(const struct layer *layer, const float *rows, bool biased, float *y) {
    for (size_t i = 0; i < SAMPLES; i++)
        for (size_t j = 0; j < layer->outputs; j++)
            y[i * LDY + j] = multiply(layer, rows + i * LDX, j, biased);
    const struct tp_activation_kernels *f = &tp_test_table(0)->activation[layer->activation];
    if (biased && f->activate)
        f->activate(y, LDY, SAMPLES, layer->outputs, 0);
}

static tp_model *model_of(tp_context *context, const struct layer *layer) {
    tp_model_options options;
    tp_model_options_default(&options);
    const tp_layer only = {.width = layer->outputs, .activation = layer->activation};
    options.inputs = layer->inputs;
    options.layer_count = 1;
    options.layers = &only;
    options.loss = TP_LOSS_MSE;
    tp_model *model = NULL;
    cr_assert_eq(tp_model_create(context, &options, &model), TP_OK);
    cr_assert_eq(tp_model_set_parameters(model, layer->parameters, (layer->inputs + 1) * layer->outputs), TP_OK);
    return model;
}

/* All samples in batches of so many. */
static void check_batches(const tp_model *model, const struct layer *layer, size_t batch, const float *y_expected,
                          const float *jv_expected) {
    static float y[SAMPLES * LDY], jv[SAMPLES * LDY];
    tp_workspace *workspace = NULL;
    cr_assert_eq(tp_workspace_create(model, TEST_WORKSPACE(batch, TP_MODE_DERIVATIVES), NULL, 0, &workspace), TP_OK);
    memcpy(y, y_expected, sizeof y);
    memcpy(jv, jv_expected, sizeof jv);
    for (size_t i = 0, n; i < SAMPLES; i += n) {
        n = SAMPLES - i < batch ? SAMPLES - i : batch;
        for (size_t s = i; s < i + n; s++)
            memset(y + s * LDY, 0, layer->outputs * sizeof *y), memset(jv + s * LDY, 0, layer->outputs * sizeof *jv);
        cr_assert_eq(tp_jvp(model, workspace, n, layer->x + i * LDX, LDX, layer->v + i * LDX, LDX, y + i * LDY, LDY,
                            jv + i * LDY, LDY),
                     TP_OK);
    }
    cr_expect(
        tp_test_same_bits(y_expected, y, SAMPLES * LDY, "%zu - %zu, batch %zu", layer->inputs, layer->outputs, batch));
    if (layer->activation == TP_ACTIVATION_IDENTITY)
        cr_expect(tp_test_same_bits(jv_expected, jv, SAMPLES * LDY, "derivatives, %zu - %zu, batch %zu", layer->inputs,
                                    layer->outputs, batch));
    tp_workspace_destroy(workspace);
}

static void check_layer(tp_context *context, const struct layer *layer) {
    static const size_t batches[] = {1, 7, SAMPLES};
    static float y[SAMPLES * LDY], jv[SAMPLES * LDY];
    tp_model *model = model_of(context, layer);
    expect(layer, layer->x, true, y);
    expect(layer, layer->v, false, jv);
    for (size_t b = 0; b < COUNT(batches); b++)
        check_batches(model, layer, batches[b], y, jv);
    tp_model_destroy(model);
}

static void check_layers(tp_context *context) {
    static const size_t inputs[] = {1, 15, 16, 17, 31, 32, 33, 63, 64, 65, 95, 96, 97};
    static struct layer layer;
    tp_test_fill(layer.parameters, COUNT(layer.parameters), 11, -1, 1);
    tp_test_fill(layer.x, COUNT(layer.x), 12, -1, 1);
    tp_test_fill(layer.v, COUNT(layer.v), 13, -1, 1);
    for (layer.outputs = 1; layer.outputs <= MOST_OUTPUTS; layer.outputs++)
        for (size_t i = 0; i < COUNT(inputs); i++) {
            layer.inputs = inputs[i];
            layer.activation = i % 2 ? TP_ACTIVATION_SIGMOID : TP_ACTIVATION_IDENTITY;
            check_layer(context, &layer);
        }
}

Test(lanes, layers_on_every_instruction_set_and_number_of_threads) {
    for (int i = 0; i < tp_test_isa_count(); i++)
        for (int threads = 1; threads <= 2; threads++) {
            tp_context *context = tp_test_eager_context(tp_test_isa(i), threads);
            check_layers(context);
            tp_context_destroy(context);
        }
}

/* ---- losses of one output ---- */

enum { WIDTH = 33 };

struct head {
    tp_loss loss;
    tp_activation activation;
};

/* Gradients of a batch of so many samples after the other, by the sum of the losses. */
static void gradients_of(tp_context *context, const struct head *head, size_t batch, float *gradients) {
    static float x[SAMPLES * WIDTH], y[SAMPLES], weights[SAMPLES], parameters[WIDTH + 1];
    const tp_layer only = {.width = 1, .activation = head->activation};
    tp_model_options options;
    tp_model_options_default(&options);
    options.inputs = WIDTH, options.layer_count = 1, options.layers = &only, options.loss = head->loss;
    tp_test_fill(x, SAMPLES * WIDTH, 21, -1, 1);
    tp_test_fill(y, SAMPLES, 22, 0, 1);
    tp_test_fill(weights, SAMPLES, 23, 0, 2);
    tp_test_fill(parameters, WIDTH + 1, 24, -1, 1);
    memset(gradients, 0, (WIDTH + 1) * sizeof *gradients);
    tp_model *model = NULL;
    tp_workspace *workspace = NULL;
    cr_assert_eq(tp_model_create(context, &options, &model), TP_OK);
    cr_assert_eq(tp_model_set_parameters(model, parameters, WIDTH + 1), TP_OK);
    cr_assert_eq(tp_workspace_create(model, TEST_WORKSPACE(batch, TP_MODE_TRAINING), NULL, 0, &workspace), TP_OK);
    for (size_t i = 0, n; i < SAMPLES; i += n) {
        n = SAMPLES - i < batch ? SAMPLES - i : batch;
        const tp_targets targets = {.values = y + i, .ld = 1, .weights = weights + i};
        cr_assert_eq(tp_forward(model, workspace, n, x + i * WIDTH, WIDTH, NULL, 0), TP_OK);
        cr_assert_eq(tp_backward_accumulate(model, workspace, &targets, gradients, NULL, 0, NULL), TP_OK);
    }
    tp_workspace_destroy(workspace), tp_model_destroy(model);
}

Test(lanes, losses_of_samples_together_and_one_by_one) {
    static const struct head heads[] = {{TP_LOSS_MSE, TP_ACTIVATION_TANH},      {TP_LOSS_BCE, TP_ACTIVATION_SIGMOID},
                                        {TP_LOSS_CCE, TP_ACTIVATION_SOFTMAX},   {TP_LOSS_MAE, TP_ACTIVATION_IDENTITY},
                                        {TP_LOSS_HUBER, TP_ACTIVATION_SIGMOID}, {TP_LOSS_POISSON, TP_ACTIVATION_EXP}};
    float expected[WIDTH + 1], gradients[WIDTH + 1];
    for (size_t h = 0; h < COUNT(heads); h++) {
        tp_context *scalar = tp_test_context("scalar", 1);
        gradients_of(scalar, &heads[h], 1, expected);
        tp_context_destroy(scalar);
        for (int i = 0; i < tp_test_isa_count(); i++)
            for (int threads = 1; threads <= 2; threads++) {
                tp_context *context = tp_test_eager_context(tp_test_isa(i), threads);
                gradients_of(context, &heads[h], SAMPLES, gradients);
                cr_expect(tp_test_same_bits(expected, gradients, WIDTH + 1, "%s, %s, %d threads", tp_test_isa(i),
                                            tp_loss_name(heads[h].loss), threads));
                tp_context_destroy(context);
            }
    }
}
