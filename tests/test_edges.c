/* SPDX-License-Identifier: BSD-3-Clause */
/* Values at the edges: extreme logits, saturated outputs, NaN, signed zeros, limits of activations and derivatives. */
#include "support/bound.h"
#include "support/nets.h"
#include "support/special.h"
#include "support/support.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

enum { M = 5, D = 3, H = 4 }; /* samples, inputs, hidden */

static const struct test_head logistic = {TP_ACTIVATION_SIGMOID, TP_LOSS_BCE};

/* --------------------------------------------------------------------------------------------------- extreme values */

/* A layer of n units whose z is exactly its biases, -0 included: one input of -0 with weights of 0. */
static void open_biases(struct test_special *s, struct test_head head, const float *biases, size_t n) {
    const struct ref_net net = test_net(0, (const size_t[]){1, n}, TP_ACTIVATION_IDENTITY, head);
    test_open_special(s, &net, 1);
    memset(s->p32, 0, sizeof s->p32);
    s->x32[0] = -0.0f;
    memcpy(s->p32 + n, biases, n * sizeof *biases);
}

static void check_loss(const struct test_special *s, double expected) {
    for (int i = 0; i < tp_test_isa_count(); i++) {
        struct test_run run;
        float gradients[TEST_SPECIAL_SIZE];
        tp_score score;
        const tp_targets targets = test_special_values(s);
        test_start(&run, tp_test_isa(i), s);
        cr_assert_eq(tp_backward(run.model, run.workspace, &targets, gradients, NULL, 0, &score), TP_OK);
        cr_assert(fabs(score.loss - expected) <= 5 * TEST_U * expected, "%s: loss %.9g", tp_test_isa(i), score.loss);
        for (size_t j = 0; j < s->parameters; j++)
            cr_assert(isfinite(gradients[j]), "%s: gradient %zu", tp_test_isa(i), j);
        test_finish(&run);
    }
}

Test(edges, cross_entropies_of_extreme_logits_are_finite) {
    struct test_special s;
    open_biases(&s, test_heads[7], (const float[]){-1e4f, 1e4f, 0}, 3);
    const float wrong[] = {1, 0, 0}, right[] = {0, 1, 0};
    memcpy(s.y32, wrong, sizeof wrong);
    check_loss(&s, 2e4);
    memcpy(s.y32, right, sizeof right);
    check_loss(&s, 0);
    open_biases(&s, logistic, (const float[]){-1e4f, 1e4f, -3e38f}, 3);
    const float opposite[] = {1, 0, 0}, same[] = {0, 1, 0};
    memcpy(s.y32, opposite, sizeof opposite);
    check_loss(&s, 2e4);
    memcpy(s.y32, same, sizeof same);
    check_loss(&s, 0);
}

/* log1p(exp(-16)) is 1.1e-7, of which ln(1 + exp(-16)) in f32 would keep no digit; exp and log1p 1 ulp each, 4 u. */
Test(edges, small_binary_cross_entropies_keep_their_digits) {
    struct test_special s;
    open_biases(&s, logistic, (const float[]){16, -16}, 2);
    const float right[] = {1, 0};
    memcpy(s.y32, right, sizeof right);
    check_loss(&s, 2 * log1p(exp(-16)));
}

Test(edges, saturated_outputs) {
    struct test_special s;
    open_biases(&s, logistic, (const float[]){-1e4f, 1e4f, 0, -0.0f}, 4);
    for (int i = 0; i < tp_test_isa_count(); i++) {
        struct test_run run;
        test_start(&run, tp_test_isa(i), &s);
        cr_assert(tp_test_same_bits((const float[]){0, 1, 0.5f, 0.5f}, run.y, 4, "sigmoid"));
        test_finish(&run);
    }
    open_biases(&s, (struct test_head){TP_ACTIVATION_TANH, TP_LOSS_MSE}, (const float[]){-1e4f, 1e4f, 0, -0.0f}, 4);
    for (int i = 0; i < tp_test_isa_count(); i++) {
        struct test_run run;
        test_start(&run, tp_test_isa(i), &s);
        cr_assert(tp_test_same_bits((const float[]){-1, 1, 0}, run.y, 3, "tanh"));
        cr_assert_eq(run.y[3], 0);
        test_finish(&run);
    }
}

/* The same exponentials are above and below, so that only the sum of n terms and the division round. */
Test(edges, softmax_rows_sum_to_one) {
    const size_t n = 33;
    const struct ref_net net = test_net(0, (const size_t[]){D, n}, TP_ACTIVATION_IDENTITY,
                                        (struct test_head){TP_ACTIVATION_SOFTMAX, TP_LOSS_CCE});
    struct test_special s;
    test_open_special(&s, &net, M);
    tp_test_fill(s.p32, s.parameters, 5, -20, 20);
    for (int isa = 0; isa < tp_test_isa_count(); isa++) {
        struct test_run run;
        test_start(&run, tp_test_isa(isa), &s);
        for (size_t i = 0; i < M; i++) {
            double sum = 0;
            for (size_t j = 0; j < n; j++) {
                cr_assert(run.y[i * n + j] >= 0);
                sum += (double)run.y[i * n + j];
            }
            cr_assert(fabs(sum - 1) <= test_gamma(n + 1), "%s: row %zu sums to %.9g", tp_test_isa(isa), i, sum);
        }
        test_finish(&run);
    }
}

Test(edges, nan_in_the_input_shows_in_every_output) {
    for (size_t head = 0; head < TEST_HEADS; head++) {
        for (size_t hidden = 0; hidden < TEST_HIDDEN; hidden++) {
            const struct ref_net net = test_net(1, (const size_t[]){D, H, 17}, test_hidden[hidden], test_heads[head]);
            struct test_special s;
            test_open_special(&s, &net, M);
            s.x32[2 * D + 1] = NAN;
            for (int isa = 0; isa < tp_test_isa_count(); isa++) {
                struct test_run run;
                test_start(&run, tp_test_isa(isa), &s);
                for (size_t i = 0; i < s.outputs; i++) {
                    cr_assert_eq(isnan(run.y[i]) != 0, i / 17 == 2, "%s %s: output %zu is %g", tp_test_isa(isa),
                                 test_net_name(&net), i, (double)run.y[i]);
                }
                test_finish(&run);
            }
        }
    }
}

/* Every position of a row, so that vector bodies and tails are met. */
Test(edges, nan_in_one_logit_spoils_its_softmax_row) {
    for (size_t at = 0; at < 33; at++) {
        float biases[33];
        tp_test_fill(biases, 33, 9, -1, 1);
        biases[at] = NAN;
        struct test_special s;
        open_biases(&s, test_heads[7], biases, 33);
        for (int isa = 0; isa < tp_test_isa_count(); isa++) {
            struct test_run run;
            test_start(&run, tp_test_isa(isa), &s);
            for (size_t j = 0; j < 33; j++) {
                cr_assert(isnan(run.y[j]), "%s: NaN at %zu, output %zu is %g", tp_test_isa(isa), at, j,
                          (double)run.y[j]);
            }
            test_finish(&run);
        }
    }
}

static const float edge_values[] = {-0.0f, 0, -1, 1, -INFINITY, INFINITY, NAN, -0x1p-149f, 0x1p-149f, -3e38f, 3e38f};
enum { EDGES = sizeof edge_values / sizeof *edge_values };

static void check_edges(struct test_head head, const float *expected) {
    struct test_special s;
    open_biases(&s, head, edge_values, EDGES);
    for (int isa = 0; isa < tp_test_isa_count(); isa++) {
        struct test_run run;
        test_start(&run, tp_test_isa(isa), &s);
        cr_assert(
            tp_test_same_bits(expected, run.y, EDGES, "%s %s", tp_test_isa(isa), tp_activation_name(head.activation)));
        test_finish(&run);
    }
}

Test(edges, relu_of_negative_zero_and_nan) {
    const float expected[EDGES] = {0, 0, 0, 1, 0, INFINITY, NAN, 0, 0, 0, 3e38f};
    check_edges((struct test_head){TP_ACTIVATION_RELU, TP_LOSS_MSE}, expected);
}

Test(edges, leaky_relu_scales_below_zero) {
    const float expected[EDGES] = {0, 0, -TEST_SLOPE, 1, -INFINITY, INFINITY, NAN, 0, 0, -3e38f * TEST_SLOPE, 3e38f};
    check_edges((struct test_head){TP_ACTIVATION_LEAKY_RELU, TP_LOSS_MSE}, expected);
}

/* Errors a - y that are the edge values, each as an output of its own: the derivatives by them, over n. */
static void check_derivatives(tp_loss loss, const float *expected) {
    struct test_special s;
    open_biases(&s, (struct test_head){TP_ACTIVATION_IDENTITY, loss}, edge_values, EDGES);
    memset(s.y32, 0, sizeof s.y32);
    float scaled[EDGES];
    for (size_t j = 0; j < EDGES; j++)
        scaled[j] = expected[j] * (1.0f / EDGES);
    for (int isa = 0; isa < tp_test_isa_count(); isa++) {
        struct test_run run;
        float gradients[TEST_SPECIAL_SIZE];
        tp_score score;
        const tp_targets targets = test_special_values(&s);
        test_start(&run, tp_test_isa(isa), &s);
        cr_assert_eq(tp_backward(run.model, run.workspace, &targets, gradients, NULL, 0, &score), TP_OK);
        cr_assert(tp_test_same_bits(scaled, gradients + EDGES, EDGES, "%s %s", tp_test_isa(isa), tp_loss_name(loss)));
        cr_assert(isnan(score.loss));
        test_finish(&run);
    }
}

/* Limits, not the NaN of Inf * 0. */
static void check_limits(tp_activation activation, const float *values, const float *derivatives) {
    static const float at[] = {-INFINITY, -3e38f, -0.0f, 0, 3e38f, INFINITY, NAN};
    enum { LIMITS = sizeof at / sizeof *at };
    struct test_special s;
    open_biases(&s, (struct test_head){activation, TP_LOSS_MSE}, at, LIMITS);
    for (int isa = 0; isa < tp_test_isa_count(); isa++) {
        struct test_run run;
        float gradients[2 * LIMITS];
        const float dy[LIMITS] = {1, 1, 1, 1, 1, 1, 1};
        test_start(&run, tp_test_isa(isa), &s);
        cr_assert(tp_test_same_bits(values, run.y, LIMITS, "%s %s", tp_test_isa(isa), tp_activation_name(activation)));
        cr_assert_eq(tp_backward_from(run.model, run.workspace, dy, LIMITS, gradients, NULL, 0), TP_OK);
        for (size_t j = 0; j < LIMITS; j++)
            gradients[LIMITS + j] += 0; /* either zero will do */
        cr_assert(tp_test_same_bits(derivatives, gradients + LIMITS, LIMITS, "%s %s'", tp_test_isa(isa),
                                    tp_activation_name(activation)));
        test_finish(&run);
    }
}

Test(edges, derivative_of_mae_is_a_sign_and_0_at_0) {
    const float expected[EDGES] = {0, 0, -1, 1, -1, 1, NAN, 0, 0, -1, 1};
    check_derivatives(TP_LOSS_MAE, expected);
}

Test(edges, derivative_of_huber_is_the_error_within_delta) {
    const float d = TEST_DELTA, expected[EDGES] = {0, 0, -d, d, -d, d, NAN, 0, 0, -d, d};
    check_derivatives(TP_LOSS_HUBER, expected);
}

/* Where squares overflow; and the two branches of Huber meet at delta. */
Test(edges, mae_and_huber_of_large_and_bending_errors) {
    struct test_special s;
    const double d = (double)TEST_DELTA;
    open_biases(&s, (struct test_head){TP_ACTIVATION_IDENTITY, TP_LOSS_MAE}, (const float[]){3e38f, -1, 0.5f}, 3);
    memcpy(s.y32, (const float[]){-1, 2, 0.5f}, 3 * sizeof(float));
    check_loss(&s, 1e38);
    open_biases(&s, (struct test_head){TP_ACTIVATION_IDENTITY, TP_LOSS_HUBER}, (const float[]){3e38f, -3e38f, 1}, 3);
    memcpy(s.y32, (const float[]){-1, 1, 1}, 3 * sizeof(float));
    check_loss(&s, d * 2e38);
    open_biases(&s, (struct test_head){TP_ACTIVATION_IDENTITY, TP_LOSS_HUBER},
                (const float[]){1 + TEST_DELTA, 1 - TEST_DELTA}, 2);
    memcpy(s.y32, (const float[]){1, 1}, 2 * sizeof(float));
    check_loss(&s, d * d / 2);
    open_biases(&s, (struct test_head){TP_ACTIVATION_IDENTITY, TP_LOSS_HUBER}, (const float[]){INFINITY, 0}, 2);
    memset(s.y32, 0, sizeof s.y32);
    struct test_run run;
    tp_score score;
    const tp_targets targets = test_special_values(&s);
    test_start(&run, NULL, &s);
    cr_assert_eq(tp_loss_value(run.model, run.workspace, &targets, &score), TP_OK);
    cr_assert(score.loss > 0 && isinf(score.loss));
    test_finish(&run);
}

Test(edges, limits_of_the_smooth_activations) {
    const float ln2 = 0x1.62e43p-1f, alpha = TEST_ALPHA;
    check_limits(TP_ACTIVATION_ELU, (const float[]){-alpha, -alpha, 0, 0, 3e38f, INFINITY, NAN},
                 (const float[]){0, 0, alpha, alpha, 1, 1, 1}); /* NaN is not below 0, as with ReLU */
    check_limits(TP_ACTIVATION_SOFTPLUS, (const float[]){0, 0, ln2, ln2, 3e38f, INFINITY, NAN},
                 (const float[]){0, 0, 0.5f, 0.5f, 1, 1, NAN});
    check_limits(TP_ACTIVATION_SILU, (const float[]){0, 0, 0, 0, 3e38f, INFINITY, NAN},
                 (const float[]){0, 0, 0.5f, 0.5f, 1, 1, NAN});
    check_limits(TP_ACTIVATION_GELU, (const float[]){0, 0, 0, 0, 3e38f, INFINITY, NAN},
                 (const float[]){0, 0, 0.5f, 0.5f, 1, 1, NAN});
    check_limits(TP_ACTIVATION_EXP, (const float[]){0, 0, 1, 1, INFINITY, INFINITY, NAN},
                 (const float[]){0, 0, 1, 1, INFINITY, INFINITY, NAN});
}

/* The derivative of ReLU at 0 is 0, that of leaky ReLU its slope. */
Test(edges, derivative_at_zero) {
    const tp_activation kinds[] = {TP_ACTIVATION_RELU, TP_ACTIVATION_LEAKY_RELU};
    const float slopes[] = {0, TEST_SLOPE};
    for (size_t k = 0; k < 2; k++) {
        struct test_special s;
        open_biases(&s, (struct test_head){kinds[k], TP_LOSS_MSE}, (const float[]){0, 1}, 2);
        for (int isa = 0; isa < tp_test_isa_count(); isa++) {
            struct test_run run;
            float gradients[4];
            test_start(&run, tp_test_isa(isa), &s);
            const float dy[] = {1, 1};
            cr_assert_eq(tp_backward_from(run.model, run.workspace, dy, 2, gradients, NULL, 0), TP_OK);
            cr_assert_eq(gradients[2], slopes[k]);
            cr_assert_eq(gradients[3], 1);
            test_finish(&run);
        }
    }
}
