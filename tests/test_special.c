/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The cases that textbooks derive by hand, each with its own formulas written out here and not taken from the oracle's
 * general code. The bound of support/bound.h says how far f32 may be from the formulas.
 */
#include "support/nets.h"
#include "support/special.h"
#include "support/support.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

static double sigma(double z) {
    return 1 / (1 + exp(-z));
}

/* ------------------------------------------------ one hidden ReLU layer, softmax, categorical cross-entropy, biases */

/* c (m x n) = op(a) op(b) over k, where a transposed is stored k x m and b transposed n x k. */
static void product(double *c, const double *a, bool ta, const double *b, bool tb, size_t m, size_t n, size_t k) {
    for (size_t i = 0; i < m; i++) {
        for (size_t j = 0; j < n; j++) {
            c[i * n + j] = 0;
            for (size_t l = 0; l < k; l++)
                c[i * n + j] += a[ta ? l * m + i : i * k + l] * b[tb ? j * k + l : l * n + j];
        }
    }
}

static void column_sums(double *sums, const double *a, size_t rows, size_t columns) {
    for (size_t j = 0; j < columns; j++) {
        sums[j] = 0;
        for (size_t i = 0; i < rows; i++)
            sums[j] += a[i * columns + j];
    }
}

enum { M = 5, D = 3, H = 4, C = 3 }; /* samples, inputs, hidden, classes */

/* P = softmax(ReLU(X W1 + b1) W2 + b2), J = -(1/m) sum y log p. */
static void relu_softmax_forward(const struct test_special *s, double *z1, double *a1, double *p) {
    const double *w1 = s->p, *b1 = w1 + D * H, *w2 = b1 + H, *b2 = w2 + H * C;
    product(z1, s->x, false, w1, false, M, H, D);
    for (size_t i = 0; i < M * H; i++) {
        z1[i] += b1[i % H];
        a1[i] = fmax(0, z1[i]);
    }
    product(p, a1, false, w2, false, M, C, H);
    for (size_t i = 0; i < M; i++) {
        double sum = 0;
        for (size_t j = 0; j < C; j++)
            sum += p[i * C + j] = exp(p[i * C + j] + b2[j]);
        for (size_t j = 0; j < C; j++)
            p[i * C + j] /= sum;
    }
}

/* dZ2 = (P - Y)/m, dW2 = A1^T dZ2, dZ1 = dZ2 W2^T * [Z1 > 0], dW1 = X^T dZ1, dX = dZ1 W1^T, biases by column sums. */
static void relu_softmax_backward(struct test_special *s, const double *z1, const double *a1, const double *p) {
    const double *w1 = s->p, *w2 = w1 + D * H + H;
    double *dw1 = s->gradients, *db1 = dw1 + D * H, *dw2 = db1 + H, *db2 = dw2 + H * C;
    double dz2[M * C], dz1[M * H];
    for (size_t i = 0; i < M * C; i++) {
        dz2[i] = (p[i] - s->y[i]) / M;
        s->loss -= s->y[i] * log(p[i]) / M;
    }
    product(dw2, a1, true, dz2, false, H, C, M);
    column_sums(db2, dz2, M, C);
    product(dz1, dz2, false, w2, true, M, H, C);
    for (size_t i = 0; i < M * H; i++)
        dz1[i] *= z1[i] > 0 ? 1 : 0;
    product(dw1, s->x, true, dz1, false, D, H, M);
    column_sums(db1, dz1, M, H);
    product(s->dx, dz1, false, w1, true, M, D, H);
}

Test(special, one_hidden_relu_layer_softmax_cross_entropy) {
    const struct ref_net net = test_net(1, (const size_t[]){D, H, C}, TP_ACTIVATION_RELU,
                                        (struct test_head){TP_ACTIVATION_SOFTMAX, TP_LOSS_CCE});
    struct test_special s;
    test_open_special(&s, &net, M);
    double z1[M * H], a1[M * H], p[M * C];
    relu_softmax_forward(&s, z1, a1, p);
    relu_softmax_backward(&s, z1, a1, p);
    test_check_special(&s);
}

/* ---------------------------------------------------------------------------------------------- logistic regression */

static const struct test_head logistic = {TP_ACTIVATION_SIGMOID, TP_LOSS_BCE};

Test(special, logistic_regression_of_a_batch) {
    const struct ref_net net = test_net(0, (const size_t[]){D, 1}, TP_ACTIVATION_IDENTITY, logistic);
    struct test_special s;
    test_open_special(&s, &net, M);
    for (size_t i = 0; i < M; i++) { /* J = -(1/m) sum [y ln p + (1-y) ln(1-p)], dw = X^T (p - y)/m, db = mean(p - y) */
        const double *x = s.x + i * D, y = s.y[i];
        const double p = sigma(x[0] * s.p[0] + x[1] * s.p[1] + x[2] * s.p[2] + s.p[D]);
        s.loss -= (y * log(p) + (1 - y) * log(1 - p)) / M;
        for (size_t k = 0; k < D; k++) {
            s.gradients[k] += (p - y) * x[k] / M;
            s.dx[i * D + k] = (p - y) * s.p[k] / M;
        }
        s.gradients[D] += (p - y) / M;
    }
    test_check_special(&s);
}

Test(special, logistic_regression_of_a_single_sample) {
    const struct ref_net net = test_net(0, (const size_t[]){D, 1}, TP_ACTIVATION_IDENTITY, logistic);
    struct test_special s;
    test_open_special(&s, &net, 1);
    s.y32[0] = 1;
    test_widen_special(&s);
    const double p = sigma(s.x[0] * s.p[0] + s.x[1] * s.p[1] + s.x[2] * s.p[2] + s.p[3]);
    s.loss = -log(p);
    for (size_t k = 0; k < D; k++) { /* (yhat - y) x */
        s.gradients[k] = (p - 1) * s.x[k];
        s.dx[k] = (p - 1) * s.p[k];
    }
    s.gradients[D] = p - 1;
    test_check_special(&s);
}

/* ---------------------------------------------------------------- any depth, one sample at a time as column vectors */

enum { WIDTH = 4, DEPTH = 5 }; /* every layer but the last has WIDTH units */

struct columns {
    double a[DEPTH + 1][WIDTH], z[DEPTH + 1][WIDTH], phi[DEPTH + 1][WIDTH];
};

/* z^j = W a^(j-1) + b, a^j = sigma(z^j); the stored weights are the transpose of W. */
static void columns_forward(const struct test_special *s, struct columns *v, const double *x) {
    memcpy(v->a[0], x, sizeof v->a[0]);
    const double *w = s->p;
    for (size_t j = 1; j <= s->net.layers; j++) {
        const size_t n = s->net.width[j];
        double sum = 0;
        for (size_t i = 0; i < n; i++) {
            v->z[j][i] = w[WIDTH * n + i];
            for (size_t k = 0; k < WIDTH; k++)
                v->z[j][i] += w[k * n + i] * v->a[j - 1][k];
            sum += exp(v->z[j][i]);
        }
        for (size_t i = 0; i < n; i++) {
            const double z = v->z[j][i];
            v->a[j][i] = s->net.activation[j] == TP_ACTIVATION_RELU      ? fmax(0, z)
                         : s->net.activation[j] == TP_ACTIVATION_SIGMOID ? sigma(z)
                                                                         : exp(z) / sum;
        }
        w += WIDTH * n + n;
    }
}

/* sigma'(z) */
static double sigma_prime(tp_activation activation, double z) {
    return activation == TP_ACTIVATION_RELU ? (z > 0 ? 1 : 0) : sigma(z) * (1 - sigma(z));
}

/* phi^J and the loss of one sample. */
static void columns_top(struct test_special *s, struct columns *v, const double *y) {
    const size_t last = s->net.layers, n = s->net.width[last];
    for (size_t i = 0; i < n; i++) {
        const double a = v->a[last][i];
        v->phi[last][i] = a - y[i];
        if (s->net.loss == TP_LOSS_MSE) {
            v->phi[last][i] *= 2 / (double)n * sigma_prime(s->net.activation[last], v->z[last][i]);
            s->loss += (a - y[i]) * (a - y[i]) / (double)(n * s->batch);
        } else {
            s->loss -= y[i] * log(a) / (double)s->batch;
            s->loss -= s->net.loss == TP_LOSS_BCE ? (1 - y[i]) * log(1 - a) / (double)s->batch : 0;
        }
    }
}

/* phi^(j-1) = W^T phi^j * sigma'(z^(j-1)), dW = phi a^T, db = phi, each divided by the number of samples. */
static void columns_down(struct test_special *s, struct columns *v, double *dx) {
    for (size_t j = s->net.layers; j >= 1; j--) {
        const size_t n = s->net.width[j], at = (j - 1) * (WIDTH * WIDTH + WIDTH);
        for (size_t i = 0; i < n; i++)
            s->gradients[at + WIDTH * n + i] += v->phi[j][i] / (double)s->batch;
        for (size_t k = 0; k < WIDTH; k++) {
            double back = 0;
            for (size_t i = 0; i < n; i++) {
                s->gradients[at + k * n + i] += v->phi[j][i] * v->a[j - 1][k] / (double)s->batch;
                back += s->p[at + k * n + i] * v->phi[j][i];
            }
            v->phi[j - 1][k] = j > 1 ? back * sigma_prime(s->net.activation[j - 1], v->z[j - 1][k]) : back;
        }
    }
    for (size_t k = 0; k < WIDTH; k++)
        dx[k] = v->phi[0][k] / (double)s->batch;
}

static void check_columns(size_t depth, tp_activation hidden, struct test_head head, size_t outputs) {
    size_t widths[DEPTH + 1];
    for (size_t l = 0; l < depth; l++)
        widths[l] = WIDTH;
    widths[depth] = outputs;
    const struct ref_net net = test_net(depth - 1, widths, hidden, head);
    struct test_special s;
    test_open_special(&s, &net, M);
    for (size_t i = 0; i < M; i++) {
        struct columns v;
        columns_forward(&s, &v, s.x + i * WIDTH);
        columns_top(&s, &v, s.y + i * outputs);
        columns_down(&s, &v, s.dx + i * WIDTH);
    }
    test_check_special(&s);
}

static void check_every_depth(struct test_head head, size_t outputs) {
    for (size_t depth = 1; depth <= DEPTH; depth++) {
        check_columns(depth, TP_ACTIVATION_RELU, head, outputs);
        check_columns(depth, TP_ACTIVATION_SIGMOID, head, outputs);
    }
}

Test(special, any_depth_last_relu_mean_squared_error) {
    check_every_depth((struct test_head){TP_ACTIVATION_RELU, TP_LOSS_MSE}, 3);
}

Test(special, any_depth_one_sigmoid_output_cross_entropy) {
    check_every_depth(logistic, 1);
}

Test(special, any_depth_several_sigmoid_outputs_cross_entropy) {
    check_every_depth(logistic, 3);
}

Test(special, any_depth_softmax_cross_entropy) {
    check_every_depth((struct test_head){TP_ACTIVATION_SOFTMAX, TP_LOSS_CCE}, 3);
}

/* ---------------------------------------------------------------------------------------------------------- targets */

static void check_classes_equal_one_hot(struct test_head head, size_t classes) {
    struct ref_net net = test_net(1, (const size_t[]){D, H, classes}, TP_ACTIVATION_TANH, head);
    net.label_smoothing = test_smooths(&net) ? (double)TEST_SMOOTHING : 0;
    struct test_special s;
    test_open_special(&s, &net, M);
    int32_t index[M];
    tp_test_fill_classes(index, M, 8, classes > 1 ? (int32_t)classes : 2);
    for (size_t i = 0; i < s.outputs; i++)
        s.y32[i] = classes > 1 ? (int32_t)(i % classes) == index[i / classes] : (float)index[i];
    for (int isa = 0; isa < tp_test_isa_count(); isa++) {
        struct test_run run;
        float by_class[TEST_SPECIAL_SIZE], by_value[TEST_SPECIAL_SIZE];
        tp_score class_score, value_score;
        const tp_targets indices = {.classes = index}, values = test_special_values(&s);
        test_start(&run, tp_test_isa(isa), &s);
        cr_assert_eq(tp_backward(run.model, run.workspace, &indices, by_class, NULL, 0, &class_score), TP_OK);
        cr_assert_eq(tp_backward(run.model, run.workspace, &values, by_value, NULL, 0, &value_score), TP_OK);
        cr_assert(tp_test_same_bits(by_value, by_class, s.parameters, "classes"));
        cr_assert_eq(memcmp(&class_score.loss, &value_score.loss, sizeof(double)), 0);
        test_finish(&run);
    }
}

Test(special, class_indices_equal_one_hot_values_bit_for_bit) {
    for (size_t head = 0; head < TEST_HEADS; head++) {
        check_classes_equal_one_hot(test_heads[head], C);
        check_classes_equal_one_hot(test_heads[head], 17);
    }
}

Test(special, classes_of_a_single_output_are_zero_and_one) {
    for (size_t head = 0; head < TEST_HEADS; head++)
        if (test_heads[head].activation != TP_ACTIVATION_SOFTMAX)
            check_classes_equal_one_hot(test_heads[head], 1);
}

/* (1-s) y + s c in place of y is a model without smoothing; the answers are judged by the targets as they are. */
static void check_smoothing(struct test_head head, size_t classes, float smoothing) {
    const struct ref_net plain = test_net(1, (const size_t[]){D, H, classes}, TP_ACTIVATION_TANH, head);
    struct ref_net net = plain;
    struct test_special s, mixed;
    net.label_smoothing = (double)smoothing;
    test_open_special(&s, &net, M);
    test_open_special(&mixed, &plain, M);
    const float c = head.loss == TP_LOSS_CCE ? 1 / (float)classes : 0.5f;
    for (size_t i = 0; i < s.outputs; i++)
        mixed.y32[i] = s.y32[i] + smoothing * (c - s.y32[i]);
    for (int isa = 0; isa < tp_test_isa_count(); isa++) {
        struct test_run smooth, expected;
        float a[TEST_SPECIAL_SIZE], b[TEST_SPECIAL_SIZE];
        tp_score score, expected_score;
        const tp_targets targets = test_special_values(&s), mixed_targets = test_special_values(&mixed);
        test_start(&smooth, tp_test_isa(isa), &s);
        test_start(&expected, tp_test_isa(isa), &mixed);
        cr_assert_eq(tp_backward(smooth.model, smooth.workspace, &targets, a, NULL, 0, &score), TP_OK);
        cr_assert_eq(tp_backward(expected.model, expected.workspace, &mixed_targets, b, NULL, 0, &expected_score),
                     TP_OK);
        cr_assert(tp_test_same_bits(b, a, s.parameters, "%s", test_net_name(&net)));
        cr_assert_eq(memcmp(&expected_score.loss, &score.loss, sizeof(double)), 0);
        cr_assert_eq(tp_loss_value(expected.model, expected.workspace, &targets, &expected_score), TP_OK);
        cr_assert_neq(expected_score.loss, score.loss);
        cr_assert_eq(expected_score.correct, score.correct);
        test_finish(&smooth);
        test_finish(&expected);
    }
}

Test(special, label_smoothing_mixes_the_targets) {
    for (float s = 0.125f; s < 1; s += 0.25f) {
        check_smoothing(test_heads[7], C, s);
        check_smoothing(test_heads[7], 17, s);
        check_smoothing(logistic, 1, s);
        check_smoothing(logistic, 17, s);
    }
}

/* J is linear in targets that sum to 1, so soft targets give the same as the average over the classes. */
Test(special, soft_targets_are_a_mean_over_classes) {
    const struct ref_net net = test_net(0, (const size_t[]){D, 2}, TP_ACTIVATION_IDENTITY,
                                        (struct test_head){TP_ACTIVATION_SOFTMAX, TP_LOSS_CCE});
    struct test_special s;
    test_open_special(&s, &net, 1);
    const float first[] = {0.25f, 0.75f};
    memcpy(s.y32, first, sizeof first);
    test_widen_special(&s);
    const double z0 = s.x[0] * s.p[0] + s.x[1] * s.p[2] + s.x[2] * s.p[4] + s.p[6];
    const double z1 = s.x[0] * s.p[1] + s.x[1] * s.p[3] + s.x[2] * s.p[5] + s.p[7];
    const double p0 = exp(z0) / (exp(z0) + exp(z1)), d = p0 - 0.25;
    s.loss = -0.25 * log(p0) - 0.75 * log(1 - p0);
    for (size_t k = 0; k < D; k++) {
        s.gradients[2 * k] = d * s.x[k];
        s.gradients[2 * k + 1] = -d * s.x[k];
        s.dx[k] = d * (s.p[2 * k] - s.p[2 * k + 1]);
    }
    s.gradients[6] = d, s.gradients[7] = -d;
    test_check_special(&s);
}
