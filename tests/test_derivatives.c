/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Jacobians and Jacobian-vector products: for every activation and kind of last layer, against backward passes with one
 * output's derivative each, whose bits they have; on every instruction set and with several threads.
 */
#include "support/nets.h"
#include "support/support.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { IN = 7, OUT = 6, MOST = 9, LD = IN + 3 };

static const size_t widths[] = {IN, 21, 34, OUT};

struct problem {
    tp_context *context;
    struct ref_net net;
    tp_model *model;
    tp_workspace *workspace;
    float x[MOST * LD], v[MOST * IN], y[MOST * OUT], jacobian[MOST * OUT * IN], jv[MOST * OUT];
};

static void open_problem(struct problem *p, int isa, int threads, struct ref_net net) {
    p->context = tp_test_eager_context(tp_test_isa(isa), threads);
    p->net = net;
    const size_t count = ref_parameter_count(&net);
    float *parameters = tp_test_floats(count);
    tp_test_fill(parameters, count, 5, -0.6f, 0.6f);
    test_lower_biases(&net, parameters);
    p->model = test_model(p->context, &net, parameters);
    free(parameters);
    cr_assert_eq(tp_workspace_create(p->model, TEST_WORKSPACE(MOST, TP_MODE_DERIVATIVES), NULL, 0, &p->workspace),
                 TP_OK);
    tp_test_fill(p->x, MOST * LD, 6, -1, 1);
    tp_test_fill(p->v, MOST * IN, 7, -1, 1);
}

static void close_problem(struct problem *p) {
    tp_workspace_destroy(p->workspace), tp_model_destroy(p->model), tp_context_destroy(p->context);
}

/* The same by a backward pass for each sample and output. */
static void expect(const struct problem *p, size_t batch, float *y, float *jacobian) {
    tp_workspace *workspace = NULL;
    float dy[OUT];
    cr_assert_eq(tp_workspace_create(p->model, TEST_WORKSPACE(1, TP_MODE_TRAINING), NULL, 0, &workspace), TP_OK);
    for (size_t i = 0; i < batch; i++) {
        cr_assert_eq(tp_forward(p->model, workspace, 1, p->x + i * LD, LD, y + i * OUT, OUT), TP_OK);
        for (size_t j = 0; j < OUT; j++) {
            memset(dy, 0, sizeof dy);
            dy[j] = 1;
            cr_assert_eq(tp_backward_from(p->model, workspace, dy, OUT, NULL, jacobian + (i * OUT + j) * IN, IN),
                         TP_OK);
        }
    }
    tp_workspace_destroy(workspace);
}

/* jv is J v up to rounding. */
static void check_product(const struct problem *p, size_t batch, const float *jacobian) {
    for (size_t i = 0; i < batch; i++)
        for (size_t j = 0; j < OUT; j++) {
            double sum = 0, size = 0;
            for (size_t k = 0; k < IN; k++) {
                const double term = (double)jacobian[(i * OUT + j) * IN + k] * (double)p->v[i * IN + k];
                sum += term;
                size += fabs(term);
            }
            cr_expect(fabs((double)p->jv[i * OUT + j] - sum) <= 1e-5 * size + 1e-7, "%s: %g, not %g",
                      test_net_name(&p->net), (double)p->jv[i * OUT + j], sum);
        }
}

static void check(struct problem *p, size_t batch) {
    float y[MOST * OUT], jacobian[MOST * OUT * IN], first[MOST * OUT];
    const char *name = test_net_name(&p->net);
    expect(p, batch, y, jacobian);
    cr_assert_eq(tp_jacobian(p->model, p->workspace, batch, p->x, LD, p->y, OUT, p->jacobian), TP_OK, "%s",
                 tp_test_message(p->context));
    cr_expect(tp_test_same_bits(y, p->y, batch * OUT, "%s: y beside the Jacobian", name));
    cr_expect(tp_test_same_bits(jacobian, p->jacobian, batch * OUT * IN, "%s: Jacobian of %zu", name, batch));
    cr_assert_eq(tp_jacobian(p->model, p->workspace, batch, p->x, LD, NULL, 0, p->jacobian), TP_OK);
    cr_expect(tp_test_same_bits(jacobian, p->jacobian, batch * OUT * IN, "%s: Jacobian without y", name));
    cr_assert_eq(tp_jvp(p->model, p->workspace, batch, p->x, LD, p->v, IN, p->y, OUT, p->jv, OUT), TP_OK);
    cr_expect(tp_test_same_bits(y, p->y, batch * OUT, "%s: y beside the product", name));
    check_product(p, batch, jacobian);
    for (size_t i = 0; i < batch; i++) /* a sample alone gives the same bits */
        cr_assert_eq(
            tp_jvp(p->model, p->workspace, 1, p->x + i * LD, LD, p->v + i * IN, IN, NULL, 0, first + i * OUT, OUT),
            TP_OK);
    cr_expect(tp_test_same_bits(first, p->jv, batch * OUT, "%s: products one by one", name));
}

Test(derivatives, of_every_activation_and_head) {
    static const size_t batches[] = {1, 2, MOST};
    for (int isa = 0; isa < tp_test_isa_count(); isa++)
        for (int threads = 1; threads <= 3; threads += 2)
            for (size_t h = 0; h < TEST_HIDDEN + TEST_HEADS; h++) {
                static struct problem p;
                const tp_activation hidden = test_hidden[h % TEST_HIDDEN];
                open_problem(&p, isa, threads, test_net(2, widths, hidden, test_heads[h % TEST_HEADS]));
                for (size_t b = 0; b < sizeof batches / sizeof *batches; b++)
                    check(&p, batches[b]);
                close_problem(&p);
            }
}

/* f(x) = W x is its own derivative. */
Test(derivatives, of_a_linear_map) {
    static const size_t linear[] = {3, 2};
    const float w[] = {1, 2, 3, 4, 5, 6, 0, 0}, x[] = {1, -1, 2}, v[] = {0.5f, 0, 1};
    const struct ref_net net =
        test_net(0, linear, TP_ACTIVATION_RELU, (struct test_head){TP_ACTIVATION_IDENTITY, TP_LOSS_MSE});
    tp_context *context = tp_test_context(NULL, 1);
    tp_model *model = test_model(context, &net, w);
    tp_workspace *workspace = NULL;
    float y[2], jacobian[6], jv[2];
    cr_assert_eq(tp_workspace_create(model, TEST_WORKSPACE(1, TP_MODE_DERIVATIVES), NULL, 0, &workspace), TP_OK);
    cr_assert_eq(tp_jacobian(model, workspace, 1, x, 3, y, 2, jacobian), TP_OK);
    cr_expect(tp_test_same_bits((const float[]){1, 3, 5, 2, 4, 6}, jacobian, 6, "W transposed"));
    cr_assert_eq(tp_jvp(model, workspace, 1, x, 3, v, 3, NULL, 0, jv, 2), TP_OK);
    cr_expect(tp_test_same_bits((const float[]){5.5f, 7}, jv, 2, "W v"));
    tp_workspace_destroy(workspace), tp_model_destroy(model), tp_context_destroy(context);
}
