/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The cases that textbooks derive by hand, each with its own formulas written out here and not taken from the oracle's
 * general code; and the values at the edges: targets, extreme logits, NaN, signed zeros.
 * The bound of support/bound.h says how far f32 may be from the formulas.
 */
#include "support/bound.h"
#include "support/nets.h"
#include "support/support.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MAX_SIZE 512

/* One network with its data, in both precisions, and what the formulas of the test say. */
struct special {
    struct ref_net net;
    size_t batch, parameters, inputs, outputs;
    float p32[MAX_SIZE], x32[MAX_SIZE], y32[MAX_SIZE];
    double p[MAX_SIZE], x[MAX_SIZE], y[MAX_SIZE];
    double loss, gradients[MAX_SIZE], dx[MAX_SIZE];
};

static void widen_into(double *wide, const float *x, size_t n) {
    cr_assert(n <= MAX_SIZE);
    for (size_t i = 0; i < n; i++)
        wide[i] = (double)x[i];
}

static void widen_all(struct special *s) {
    widen_into(s->p, s->p32, s->parameters);
    widen_into(s->x, s->x32, s->inputs);
    widen_into(s->y, s->y32, s->outputs);
}

/* Random data; targets of cross-entropies are 0 and 1. */
static void open_special(struct special *s, const struct ref_net *net, size_t batch) {
    *s = (struct special){.net = *net, .batch = batch, .parameters = ref_parameter_count(net)};
    s->inputs = batch * net->width[0];
    s->outputs = batch * net->width[net->layers];
    cr_assert(s->parameters <= MAX_SIZE && s->inputs <= MAX_SIZE && s->outputs <= MAX_SIZE);
    tp_test_fill(s->p32, s->parameters, 1, -0.75f, 1);
    tp_test_fill(s->x32, s->inputs, 2, -1, 1);
    tp_test_fill_integers(s->y32, s->outputs, 3, 0, 1);
    if (net->loss == TP_LOSS_MSE)
        tp_test_fill(s->y32, s->outputs, 4, -1, 1);
    const size_t n = net->width[net->layers];
    for (size_t i = 0; net->loss == TP_LOSS_CCE && i < batch; i++)
        for (size_t j = 0; j < n; j++)
            s->y32[i * n + j] = j == (i * i + 1) % n ? 1 : 0;
    widen_all(s);
}

struct errors {
    double loss, gradients[MAX_SIZE], dx[MAX_SIZE];
};

static void find_errors(const struct special *s, struct errors *errors) {
    struct ref_pass pass;
    struct test_bound bound;
    double gradients[MAX_SIZE], dx[MAX_SIZE];
    ref_pass_open(&pass, &s->net, s->batch);
    test_bound_open(&bound, &pass);
    ref_forward(&pass, s->p, s->x);
    test_bound_forward(&bound, s->p);
    errors->loss = test_bound_loss(&bound, s->y);
    ref_backward(&pass, s->p, s->y, gradients, dx);
    test_bound_backward(&bound, s->p, s->y, errors->gradients, errors->dx);
    test_bound_close(&bound);
    ref_pass_close(&pass);
}

/* A model with a training workspace after its forward pass. */
struct run {
    tp_context *context;
    tp_model *model;
    tp_workspace *workspace;
    float y[MAX_SIZE];
};

static void start(struct run *run, const char *isa, const struct special *s) {
    const size_t in = s->net.width[0], out = s->net.width[s->net.layers];
    run->context = tp_test_context(isa, 1);
    run->model = test_model(run->context, &s->net, s->p32);
    run->workspace = NULL;
    cr_assert_eq(tp_workspace_create(run->model, TEST_WORKSPACE(s->batch, TP_MODE_TRAINING), NULL, 0, &run->workspace),
                 TP_OK);
    cr_assert_eq(tp_forward(run->model, run->workspace, s->batch, s->x32, in, run->y, out), TP_OK);
}

static void finish(struct run *run) {
    tp_workspace_destroy(run->workspace);
    tp_model_destroy(run->model);
    tp_context_destroy(run->context);
}

static tp_targets values_of(const struct special *s) {
    return (tp_targets){.values = s->y32, .ld = s->net.width[s->net.layers]};
}

/* The library on every instruction set against the formulas. */
static void check(const struct special *s) {
    struct errors errors;
    find_errors(s, &errors);
    for (int i = 0; i < tp_test_isa_count(); i++) {
        struct run run;
        float gradients[MAX_SIZE], dx[MAX_SIZE];
        tp_score score;
        const tp_targets targets = values_of(s);
        const char *isa = tp_test_isa(i);
        start(&run, isa, s);
        cr_assert_eq(tp_backward(run.model, run.workspace, &targets, gradients, dx, s->net.width[0], &score), TP_OK);
        cr_assert(fabs(score.loss - s->loss) <= errors.loss, "%s %s: loss %.9g, expected %.9g", isa,
                  test_net_name(&s->net), score.loss, s->loss);
        cr_assert(test_within(gradients, s->gradients, errors.gradients, s->parameters, "%s %s gradient", isa,
                              test_net_name(&s->net)));
        cr_assert(test_within(dx, s->dx, errors.dx, s->inputs, "%s %s dx", isa, test_net_name(&s->net)));
        finish(&run);
    }
}

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
static void relu_softmax_forward(const struct special *s, double *z1, double *a1, double *p) {
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
static void relu_softmax_backward(struct special *s, const double *z1, const double *a1, const double *p) {
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
    struct special s;
    open_special(&s, &net, M);
    double z1[M * H], a1[M * H], p[M * C];
    relu_softmax_forward(&s, z1, a1, p);
    relu_softmax_backward(&s, z1, a1, p);
    check(&s);
}

/* ---------------------------------------------------------------------------------------------- logistic regression */

static const struct test_head logistic = {TP_ACTIVATION_SIGMOID, TP_LOSS_BCE};

Test(special, logistic_regression_of_a_batch) {
    const struct ref_net net = test_net(0, (const size_t[]){D, 1}, TP_ACTIVATION_IDENTITY, logistic);
    struct special s;
    open_special(&s, &net, M);
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
    check(&s);
}

Test(special, logistic_regression_of_a_single_sample) {
    const struct ref_net net = test_net(0, (const size_t[]){D, 1}, TP_ACTIVATION_IDENTITY, logistic);
    struct special s;
    open_special(&s, &net, 1);
    s.y32[0] = 1;
    widen_all(&s);
    const double p = sigma(s.x[0] * s.p[0] + s.x[1] * s.p[1] + s.x[2] * s.p[2] + s.p[3]);
    s.loss = -log(p);
    for (size_t k = 0; k < D; k++) { /* (yhat - y) x */
        s.gradients[k] = (p - 1) * s.x[k];
        s.dx[k] = (p - 1) * s.p[k];
    }
    s.gradients[D] = p - 1;
    check(&s);
}

/* ---------------------------------------------------------------- any depth, one sample at a time as column vectors */

enum { WIDTH = 4, DEPTH = 5 }; /* every layer but the last has WIDTH units */

struct columns {
    double a[DEPTH + 1][WIDTH], z[DEPTH + 1][WIDTH], phi[DEPTH + 1][WIDTH];
};

/* z^j = W a^(j-1) + b, a^j = sigma(z^j); the stored weights are the transpose of W. */
static void columns_forward(const struct special *s, struct columns *v, const double *x) {
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
static void columns_top(struct special *s, struct columns *v, const double *y) {
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
static void columns_down(struct special *s, struct columns *v, double *dx) {
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
    struct special s;
    open_special(&s, &net, M);
    for (size_t i = 0; i < M; i++) {
        struct columns v;
        columns_forward(&s, &v, s.x + i * WIDTH);
        columns_top(&s, &v, s.y + i * outputs);
        columns_down(&s, &v, s.dx + i * WIDTH);
    }
    check(&s);
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
    struct special s;
    open_special(&s, &net, M);
    int32_t index[M];
    tp_test_fill_classes(index, M, 8, classes > 1 ? (int32_t)classes : 2);
    for (size_t i = 0; i < s.outputs; i++)
        s.y32[i] = classes > 1 ? (int32_t)(i % classes) == index[i / classes] : (float)index[i];
    for (int isa = 0; isa < tp_test_isa_count(); isa++) {
        struct run run;
        float by_class[MAX_SIZE], by_value[MAX_SIZE];
        tp_score class_score, value_score;
        const tp_targets indices = {.classes = index}, values = values_of(&s);
        start(&run, tp_test_isa(isa), &s);
        cr_assert_eq(tp_backward(run.model, run.workspace, &indices, by_class, NULL, 0, &class_score), TP_OK);
        cr_assert_eq(tp_backward(run.model, run.workspace, &values, by_value, NULL, 0, &value_score), TP_OK);
        cr_assert(tp_test_same_bits(by_value, by_class, s.parameters, "classes"));
        cr_assert_eq(memcmp(&class_score.loss, &value_score.loss, sizeof(double)), 0);
        finish(&run);
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
    struct special s, mixed;
    net.label_smoothing = (double)smoothing;
    open_special(&s, &net, M);
    open_special(&mixed, &plain, M);
    const float c = head.loss == TP_LOSS_CCE ? 1 / (float)classes : 0.5f;
    for (size_t i = 0; i < s.outputs; i++)
        mixed.y32[i] = s.y32[i] + smoothing * (c - s.y32[i]);
    for (int isa = 0; isa < tp_test_isa_count(); isa++) {
        struct run smooth, expected;
        float a[MAX_SIZE], b[MAX_SIZE];
        tp_score score, expected_score;
        const tp_targets targets = values_of(&s), mixed_targets = values_of(&mixed);
        start(&smooth, tp_test_isa(isa), &s);
        start(&expected, tp_test_isa(isa), &mixed);
        cr_assert_eq(tp_backward(smooth.model, smooth.workspace, &targets, a, NULL, 0, &score), TP_OK);
        cr_assert_eq(tp_backward(expected.model, expected.workspace, &mixed_targets, b, NULL, 0, &expected_score),
                     TP_OK);
        cr_assert(tp_test_same_bits(b, a, s.parameters, "%s", test_net_name(&net)));
        cr_assert_eq(memcmp(&expected_score.loss, &score.loss, sizeof(double)), 0);
        cr_assert_eq(tp_loss_value(expected.model, expected.workspace, &targets, &expected_score), TP_OK);
        cr_assert_neq(expected_score.loss, score.loss);
        cr_assert_eq(expected_score.correct, score.correct);
        finish(&smooth);
        finish(&expected);
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
    struct special s;
    open_special(&s, &net, 1);
    const float first[] = {0.25f, 0.75f};
    memcpy(s.y32, first, sizeof first);
    widen_all(&s);
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
    check(&s);
}

/* --------------------------------------------------------------------------------------------------- extreme values */

/* A layer of n units whose z is exactly its biases, -0 included: one input of -0 with weights of 0. */
static void open_biases(struct special *s, struct test_head head, const float *biases, size_t n) {
    const struct ref_net net = test_net(0, (const size_t[]){1, n}, TP_ACTIVATION_IDENTITY, head);
    open_special(s, &net, 1);
    memset(s->p32, 0, sizeof s->p32);
    s->x32[0] = -0.0f;
    memcpy(s->p32 + n, biases, n * sizeof *biases);
}

static void check_loss(const struct special *s, double expected) {
    for (int i = 0; i < tp_test_isa_count(); i++) {
        struct run run;
        float gradients[MAX_SIZE];
        tp_score score;
        const tp_targets targets = values_of(s);
        start(&run, tp_test_isa(i), s);
        cr_assert_eq(tp_backward(run.model, run.workspace, &targets, gradients, NULL, 0, &score), TP_OK);
        cr_assert(fabs(score.loss - expected) <= 5 * TEST_U * expected, "%s: loss %.9g", tp_test_isa(i), score.loss);
        for (size_t j = 0; j < s->parameters; j++)
            cr_assert(isfinite(gradients[j]), "%s: gradient %zu", tp_test_isa(i), j);
        finish(&run);
    }
}

Test(special, cross_entropies_of_extreme_logits_are_finite) {
    struct special s;
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
Test(special, small_binary_cross_entropies_keep_their_digits) {
    struct special s;
    open_biases(&s, logistic, (const float[]){16, -16}, 2);
    const float right[] = {1, 0};
    memcpy(s.y32, right, sizeof right);
    check_loss(&s, 2 * log1p(exp(-16)));
}

Test(special, saturated_outputs) {
    struct special s;
    open_biases(&s, logistic, (const float[]){-1e4f, 1e4f, 0, -0.0f}, 4);
    for (int i = 0; i < tp_test_isa_count(); i++) {
        struct run run;
        start(&run, tp_test_isa(i), &s);
        cr_assert(tp_test_same_bits((const float[]){0, 1, 0.5f, 0.5f}, run.y, 4, "sigmoid"));
        finish(&run);
    }
    open_biases(&s, (struct test_head){TP_ACTIVATION_TANH, TP_LOSS_MSE}, (const float[]){-1e4f, 1e4f, 0, -0.0f}, 4);
    for (int i = 0; i < tp_test_isa_count(); i++) {
        struct run run;
        start(&run, tp_test_isa(i), &s);
        cr_assert(tp_test_same_bits((const float[]){-1, 1, 0}, run.y, 3, "tanh"));
        cr_assert_eq(run.y[3], 0);
        finish(&run);
    }
}

/* The same exponentials are above and below, so that only the sum of n terms and the division round. */
Test(special, softmax_rows_sum_to_one) {
    const size_t n = 33;
    const struct ref_net net = test_net(0, (const size_t[]){D, n}, TP_ACTIVATION_IDENTITY,
                                        (struct test_head){TP_ACTIVATION_SOFTMAX, TP_LOSS_CCE});
    struct special s;
    open_special(&s, &net, M);
    tp_test_fill(s.p32, s.parameters, 5, -20, 20);
    for (int isa = 0; isa < tp_test_isa_count(); isa++) {
        struct run run;
        start(&run, tp_test_isa(isa), &s);
        for (size_t i = 0; i < M; i++) {
            double sum = 0;
            for (size_t j = 0; j < n; j++) {
                cr_assert(run.y[i * n + j] >= 0);
                sum += (double)run.y[i * n + j];
            }
            cr_assert(fabs(sum - 1) <= test_gamma(n + 1), "%s: row %zu sums to %.9g", tp_test_isa(isa), i, sum);
        }
        finish(&run);
    }
}

Test(special, nan_in_the_input_shows_in_every_output) {
    for (size_t head = 0; head < TEST_HEADS; head++) {
        for (size_t hidden = 0; hidden < TEST_HIDDEN; hidden++) {
            const struct ref_net net = test_net(1, (const size_t[]){D, H, 17}, test_hidden[hidden], test_heads[head]);
            struct special s;
            open_special(&s, &net, M);
            s.x32[2 * D + 1] = NAN;
            for (int isa = 0; isa < tp_test_isa_count(); isa++) {
                struct run run;
                start(&run, tp_test_isa(isa), &s);
                for (size_t i = 0; i < s.outputs; i++) {
                    cr_assert_eq(isnan(run.y[i]) != 0, i / 17 == 2, "%s %s: output %zu is %g", tp_test_isa(isa),
                                 test_net_name(&net), i, (double)run.y[i]);
                }
                finish(&run);
            }
        }
    }
}

/* Every position of a row, so that vector bodies and tails are met. */
Test(special, nan_in_one_logit_spoils_its_softmax_row) {
    for (size_t at = 0; at < 33; at++) {
        float biases[33];
        tp_test_fill(biases, 33, 9, -1, 1);
        biases[at] = NAN;
        struct special s;
        open_biases(&s, test_heads[7], biases, 33);
        for (int isa = 0; isa < tp_test_isa_count(); isa++) {
            struct run run;
            start(&run, tp_test_isa(isa), &s);
            for (size_t j = 0; j < 33; j++) {
                cr_assert(isnan(run.y[j]), "%s: NaN at %zu, output %zu is %g", tp_test_isa(isa), at, j,
                          (double)run.y[j]);
            }
            finish(&run);
        }
    }
}

static const float edge_values[] = {-0.0f, 0, -1, 1, -INFINITY, INFINITY, NAN, -0x1p-149f, 0x1p-149f, -3e38f, 3e38f};
enum { EDGES = sizeof edge_values / sizeof *edge_values };

static void check_edges(struct test_head head, const float *expected) {
    struct special s;
    open_biases(&s, head, edge_values, EDGES);
    for (int isa = 0; isa < tp_test_isa_count(); isa++) {
        struct run run;
        start(&run, tp_test_isa(isa), &s);
        cr_assert(
            tp_test_same_bits(expected, run.y, EDGES, "%s %s", tp_test_isa(isa), tp_activation_name(head.activation)));
        finish(&run);
    }
}

Test(special, relu_of_negative_zero_and_nan) {
    const float expected[EDGES] = {0, 0, 0, 1, 0, INFINITY, NAN, 0, 0, 0, 3e38f};
    check_edges((struct test_head){TP_ACTIVATION_RELU, TP_LOSS_MSE}, expected);
}

Test(special, leaky_relu_scales_below_zero) {
    const float expected[EDGES] = {0, 0, -TEST_SLOPE, 1, -INFINITY, INFINITY, NAN, 0, 0, -3e38f * TEST_SLOPE, 3e38f};
    check_edges((struct test_head){TP_ACTIVATION_LEAKY_RELU, TP_LOSS_MSE}, expected);
}

/* Errors a - y that are the edge values, each as an output of its own: the derivatives by them, over n. */
static void check_derivatives(tp_loss loss, const float *expected) {
    struct special s;
    open_biases(&s, (struct test_head){TP_ACTIVATION_IDENTITY, loss}, edge_values, EDGES);
    memset(s.y32, 0, sizeof s.y32);
    float scaled[EDGES];
    for (size_t j = 0; j < EDGES; j++)
        scaled[j] = expected[j] * (1.0f / EDGES);
    for (int isa = 0; isa < tp_test_isa_count(); isa++) {
        struct run run;
        float gradients[MAX_SIZE];
        tp_score score;
        const tp_targets targets = values_of(&s);
        start(&run, tp_test_isa(isa), &s);
        cr_assert_eq(tp_backward(run.model, run.workspace, &targets, gradients, NULL, 0, &score), TP_OK);
        cr_assert(tp_test_same_bits(scaled, gradients + EDGES, EDGES, "%s %s", tp_test_isa(isa), tp_loss_name(loss)));
        cr_assert(isnan(score.loss));
        finish(&run);
    }
}

/* Limits, not the NaN of Inf * 0. */
static void check_limits(tp_activation activation, const float *values, const float *derivatives) {
    static const float at[] = {-INFINITY, -3e38f, -0.0f, 0, 3e38f, INFINITY, NAN};
    enum { LIMITS = sizeof at / sizeof *at };
    struct special s;
    open_biases(&s, (struct test_head){activation, TP_LOSS_MSE}, at, LIMITS);
    for (int isa = 0; isa < tp_test_isa_count(); isa++) {
        struct run run;
        float gradients[2 * LIMITS];
        const float dy[LIMITS] = {1, 1, 1, 1, 1, 1, 1};
        start(&run, tp_test_isa(isa), &s);
        cr_assert(tp_test_same_bits(values, run.y, LIMITS, "%s %s", tp_test_isa(isa), tp_activation_name(activation)));
        cr_assert_eq(tp_backward_from(run.model, run.workspace, dy, LIMITS, gradients, NULL, 0), TP_OK);
        for (size_t j = 0; j < LIMITS; j++)
            gradients[LIMITS + j] += 0; /* either zero will do */
        cr_assert(tp_test_same_bits(derivatives, gradients + LIMITS, LIMITS, "%s %s'", tp_test_isa(isa),
                                    tp_activation_name(activation)));
        finish(&run);
    }
}

Test(special, derivative_of_mae_is_a_sign_and_0_at_0) {
    const float expected[EDGES] = {0, 0, -1, 1, -1, 1, NAN, 0, 0, -1, 1};
    check_derivatives(TP_LOSS_MAE, expected);
}

Test(special, derivative_of_huber_is_the_error_within_delta) {
    const float d = TEST_DELTA, expected[EDGES] = {0, 0, -d, d, -d, d, NAN, 0, 0, -d, d};
    check_derivatives(TP_LOSS_HUBER, expected);
}

/* Where squares overflow; and the two branches of Huber meet at delta. */
Test(special, mae_and_huber_of_large_and_bending_errors) {
    struct special s;
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
    struct run run;
    tp_score score;
    const tp_targets targets = values_of(&s);
    start(&run, NULL, &s);
    cr_assert_eq(tp_loss_value(run.model, run.workspace, &targets, &score), TP_OK);
    cr_assert(score.loss > 0 && isinf(score.loss));
    finish(&run);
}

Test(special, limits_of_the_smooth_activations) {
    const float ln2 = 0x1.62e43p-1f, alpha = TEST_ALPHA;
    check_limits(TP_ACTIVATION_ELU, (const float[]){-alpha, -alpha, 0, 0, 3e38f, INFINITY, NAN},
                 (const float[]){0, 0, alpha, alpha, 1, 1, 1}); /* NaN is not below 0, as with ReLU */
    check_limits(TP_ACTIVATION_SOFTPLUS, (const float[]){0, 0, ln2, ln2, 3e38f, INFINITY, NAN},
                 (const float[]){0, 0, 0.5f, 0.5f, 1, 1, NAN});
    check_limits(TP_ACTIVATION_SILU, (const float[]){0, 0, 0, 0, 3e38f, INFINITY, NAN},
                 (const float[]){0, 0, 0.5f, 0.5f, 1, 1, NAN});
    check_limits(TP_ACTIVATION_GELU, (const float[]){0, 0, 0, 0, 3e38f, INFINITY, NAN},
                 (const float[]){0, 0, 0.5f, 0.5f, 1, 1, NAN});
}

/* The derivative of ReLU at 0 is 0, that of leaky ReLU its slope. */
Test(special, derivative_at_zero) {
    const tp_activation kinds[] = {TP_ACTIVATION_RELU, TP_ACTIVATION_LEAKY_RELU};
    const float slopes[] = {0, TEST_SLOPE};
    for (size_t k = 0; k < 2; k++) {
        struct special s;
        open_biases(&s, (struct test_head){kinds[k], TP_LOSS_MSE}, (const float[]){0, 1}, 2);
        for (int isa = 0; isa < tp_test_isa_count(); isa++) {
            struct run run;
            float gradients[4];
            start(&run, tp_test_isa(isa), &s);
            const float dy[] = {1, 1};
            cr_assert_eq(tp_backward_from(run.model, run.workspace, dy, 2, gradients, NULL, 0), TP_OK);
            cr_assert_eq(gradients[2], slopes[k]);
            cr_assert_eq(gradients[3], 1);
            finish(&run);
        }
    }
}
