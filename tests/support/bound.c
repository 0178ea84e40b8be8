/* SPDX-License-Identifier: BSD-3-Clause */
#include "bound.h"
#include "support.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define U TEST_U
#define TINY 0x1p-126
#define BF16_U 0x1p-8
#define ORACLE_SLACK 1.001 /* the oracle rounds as well, 2^-29 times as much */

double test_gamma(size_t k) {
    return (double)k * U / (1 - (double)k * U);
}

/* A value with its error, and their arithmetic. */
struct number {
    double v, e;
};

static double reach(struct number x) {
    return fabs(x.v) + x.e;
}

static struct number times(struct number x, struct number y) {
    const double propagated = fabs(x.v) * y.e + fabs(y.v) * x.e + x.e * y.e;
    return (struct number){x.v * y.v, propagated + U * reach(x) * reach(y) + TINY};
}

static struct number minus(struct number x, struct number y) {
    const struct number d = {x.v - y.v, x.e + y.e};
    return (struct number){d.v, d.e + U * reach(d)};
}

struct chain {
    double value, propagated, magnitude;
    size_t length;
};

static void chain_add(struct chain *chain, struct number x, struct number y) {
    chain->value += x.v * y.v;
    chain->propagated += fabs(x.v) * y.e + fabs(y.v) * x.e + x.e * y.e;
    chain->magnitude += reach(x) * reach(y);
    chain->length++;
}

static struct number chain_number(const struct chain *chain) {
    const double rounding = test_gamma(chain->length + 1) * chain->magnitude + (double)chain->length * TINY;
    return (struct number){chain->value, chain->propagated + rounding};
}

static struct number exactly(double v) {
    return (struct number){v, 0};
}

/* x as a product of matrices reads it. */
static struct number read(const struct test_bound *bound, struct number x) {
    if (bound->pass->net.precision == TP_PRECISION_BF16)
        x.e += BF16_U * reach(x) + TINY;
    return x;
}

/* x as dropout lets it through: a product with a rounded factor, or nothing. */
static struct number passed(struct number x, double factor) {
    return factor == 1 ? x : factor == 0 ? exactly(0) : times(x, (struct number){factor, 2 * U * factor});
}

/* What the next layer reads. */
static struct number output(const struct test_bound *bound, size_t l, size_t at) {
    return passed((struct number){bound->pass->a[l][at], bound->a[l][at]}, bound->pass->factor[l][at]);
}

void test_bound_open(struct test_bound *bound, const struct ref_pass *pass) {
    bound->pass = pass;
    for (size_t l = 0; l <= pass->net.layers; l++) {
        bound->z[l] = tp_test_doubles(pass->batch * pass->net.width[l]);
        bound->a[l] = tp_test_doubles(pass->batch * pass->net.width[l]);
        bound->dz[l] = tp_test_doubles(pass->batch * pass->net.width[l]);
    }
}

void test_bound_close(struct test_bound *bound) {
    for (size_t l = 0; l <= bound->pass->net.layers; l++) {
        free(bound->z[l]);
        free(bound->a[l]);
        free(bound->dz[l]);
    }
}

/* ---------------------------------------------------------------------------------------------------------- forward */

static double activation_error(tp_activation activation, double z, double a, double ez) {
    switch (activation) {
    case TP_ACTIVATION_LEAKY_RELU:
        return ez + U * (fabs(z) + ez) + TINY;
    case TP_ACTIVATION_SIGMOID:
        return ez / 4 + 6 * U * (a + ez / 4) + TINY;
    case TP_ACTIVATION_TANH:
    case TP_ACTIVATION_ELU:
        return ez + 3 * U * (fabs(a) + ez) + TINY;
    case TP_ACTIVATION_SOFTPLUS:
        return ez + 6 * U * (a + ez) + TINY;
    case TP_ACTIVATION_SILU:
        return 1.1 * ez + 8 * U * (fabs(a) + 1.1 * ez) + TINY;
    case TP_ACTIVATION_GELU:
        return 1.13 * ez + 8 * U * (fabs(a) + 1.13 * ez) + TINY;
    case TP_ACTIVATION_EXP:
        return a * (expm1(ez) + 2 * U * exp(ez)) + TINY;
    default:
        return ez;
    }
}

static double range(const double *z, size_t n) {
    double low = z[0], high = z[0];
    for (size_t j = 1; j < n; j++) {
        low = fmin(low, z[j]);
        high = fmax(high, z[j]);
    }
    return high - low;
}

static double largest(const double *e, size_t n) {
    double most = 0;
    for (size_t j = 0; j < n; j++)
        most = fmax(most, e[j]);
    return most;
}

static void softmax_error(const double *z, const double *a, const double *ez, double *ea, size_t n) {
    const double moved = largest(ez, n);
    const double rounded = (2 * (range(z, n) + 2 * moved) + 10 + 2 * (double)n) * U;
    for (size_t j = 0; j < n; j++)
        ea[j] = a[j] * expm1(2 * moved + rounded) + TINY;
}

static void forward_layer(struct test_bound *bound, size_t l, const double *parameters) {
    const struct ref_pass *pass = bound->pass;
    const size_t in = pass->net.width[l - 1], out = pass->net.width[l];
    const double *w = parameters + ref_weight_offset(&pass->net, l), *b = parameters + ref_bias_offset(&pass->net, l);
    for (size_t i = 0; i < pass->batch; i++) {
        const double *z = pass->z[l] + i * out, *a = pass->a[l] + i * out;
        double *ez = bound->z[l] + i * out, *ea = bound->a[l] + i * out;
        for (size_t j = 0; j < out; j++) {
            struct chain chain = {0};
            chain_add(&chain, exactly(b[j]), exactly(1));
            for (size_t k = 0; k < in; k++)
                chain_add(&chain, read(bound, output(bound, l - 1, i * in + k)), read(bound, exactly(w[k * out + j])));
            ez[j] = chain_number(&chain).e;
            ea[j] = activation_error(pass->net.activation[l], z[j], a[j], ez[j]);
        }
        if (pass->net.activation[l] == TP_ACTIVATION_SOFTMAX)
            softmax_error(z, a, ez, ea, out);
    }
}

void test_bound_forward(struct test_bound *bound, const double *parameters) {
    for (size_t l = 1; l <= bound->pass->net.layers; l++)
        forward_layer(bound, l, parameters);
}

/* ------------------------------------------------------------------------------------------------------------- loss */

/* y + s (c - y): three roundings, and that of c, each at most U of what is at most |y| + s (c + |y|). */
static struct number target(const struct ref_net *net, double y) {
    const double s = net->label_smoothing, c = net->loss == TP_LOSS_CCE ? 1 / (double)net->width[net->layers] : 0.5;
    return (struct number){y + s * (c - y), s > 0 ? test_gamma(4) * (fabs(y) + s * (c + fabs(y))) : 0};
}

/* ln sum exp(z - m) + sum y (m - z): each logit moves it by at most |a - y|, all together by 2 max ez; the logarithm of
 * the sum moves by the relative error of the sum and its own ulp; the products are chains of terms up to y R. */
static double cce_error(const struct ref_net *net, const double *z, const double *ez, const double *y) {
    const size_t n = net->width[net->layers];
    const double moved = largest(ez, n), r = range(z, n) + 2 * moved;
    struct chain chain = {0};
    for (size_t j = 0; j < n; j++)
        chain_add(&chain, target(net, y[j]), (struct number){r, U * r});
    const double log_error = (r + 2 + (double)n) * U * 1.01 + 2 * U * (log((double)n) + 1);
    return 2 * moved + log_error + chain_number(&chain).e + 2 * U * (chain.magnitude + log((double)n) + 1);
}

/* Terms max(z, 0), -z y and log1p(exp(-|z|)), at most 4 u relative each (log1p has condition at most 1), two additions
 * each, and a sum over the outputs. The derivative by z is within [-|y|, 1 + |y|]. */
static double bce_error(const struct ref_net *net, const double *z, const double *ez, const double *targets) {
    const size_t n = net->width[net->layers];
    double propagated = 0, magnitude = 0;
    for (size_t j = 0; j < n; j++) {
        const double far = fabs(z[j]) + ez[j];
        const struct number y = target(net, targets[j]);
        propagated += (1 + reach(y)) * ez[j] + far * y.e;
        magnitude += far + far * reach(y) + log(2);
    }
    return propagated + test_gamma(n + 6) * magnitude + (double)n * TINY;
}

static double mse_error(const double *a, const double *ea, const double *y, size_t n) {
    struct chain chain = {0};
    for (size_t j = 0; j < n; j++) {
        const struct number d = minus((struct number){a[j], ea[j]}, exactly(y[j]));
        chain_add(&chain, d, d);
    }
    const struct number sum = chain_number(&chain);
    return (sum.e + 2 * U * reach(sum)) / (double)n;
}

/* |a - y|: a subtraction, a sum of n terms, a division. */
static double mae_error(const double *a, const double *ea, const double *y, size_t n) {
    struct chain chain = {0};
    for (size_t j = 0; j < n; j++)
        chain_add(&chain, minus((struct number){a[j], ea[j]}, exactly(y[j])), exactly(1));
    return (chain_number(&chain).e + 2 * U * chain.magnitude) / (double)n;
}

/* c (e - c/2): the slope by e is c, at most delta; two roundings, of at most e - c/2 <= |e| and of the product. */
static double huber_error(const double *a, const double *ea, const double *y, size_t n, double delta) {
    struct chain chain = {0};
    double propagated = 0;
    for (size_t j = 0; j < n; j++) {
        const struct number e = minus((struct number){a[j], ea[j]}, exactly(y[j]));
        const double c = fmin(reach(e), delta);
        propagated += c * e.e;
        chain_add(&chain, exactly(c), exactly(reach(e)));
    }
    return (propagated + test_gamma(n + 3) * chain.magnitude + (double)n * TINY) / (double)n;
}

/* Terms exp(z), whose error is that of a, and -y z; an addition each, a sum and a division. */
static double poisson_error(const double *z, const double *ez, const double *a, const double *ea, const double *y,
                            size_t n) {
    double propagated = 0, magnitude = 0;
    for (size_t j = 0; j < n; j++) {
        propagated += ea[j] + fabs(y[j]) * ez[j];
        magnitude += a[j] + ea[j] + fabs(y[j]) * (fabs(z[j]) + ez[j]);
    }
    return (propagated + test_gamma(n + 3) * magnitude + (double)n * TINY) / (double)n;
}

static double sample_error(const struct test_bound *bound, const double *targets, size_t i) {
    const struct ref_net *net = &bound->pass->net;
    const size_t last = net->layers, n = net->width[last];
    const double *z = bound->pass->z[last] + i * n, *ez = bound->z[last] + i * n, *y = targets + i * n;
    const double *a = bound->pass->a[last] + i * n, *ea = bound->a[last] + i * n;
    switch (net->loss) {
    case TP_LOSS_CCE:
        return cce_error(net, z, ez, y);
    case TP_LOSS_BCE:
        return bce_error(net, z, ez, y);
    case TP_LOSS_MAE:
        return mae_error(a, ea, y, n);
    case TP_LOSS_HUBER:
        return huber_error(a, ea, y, n, net->huber_delta);
    case TP_LOSS_POISSON:
        return poisson_error(z, ez, a, ea, y, n);
    default:
        return mse_error(a, ea, y, n);
    }
}

double test_bound_loss(const struct test_bound *bound, const double *targets) {
    const struct ref_pass *pass = bound->pass;
    double error = 0;
    for (size_t i = 0; i < pass->batch; i++)
        error += ref_share(pass, i) * sample_error(bound, targets, i);
    /* more than the mean over samples, which is in double, adds */
    return error + test_gamma(pass->batch + 1) * fabs(ref_loss(pass, targets));
}

/* --------------------------------------------------------------------------------------------------------- backward */

static struct number derivative(const struct test_bound *bound, size_t l, size_t at) {
    const struct ref_net *net = &bound->pass->net;
    const double z = bound->pass->z[l][at], ez = bound->z[l][at];
    const double a = bound->pass->a[l][at], ea = bound->a[l][at];
    switch (net->activation[l]) {
    case TP_ACTIVATION_RELU:
    case TP_ACTIVATION_LEAKY_RELU:
        return (struct number){z <= 0 ? net->slope[l] : 1, fabs(z) <= ez ? 1 - net->slope[l] : 0};
    case TP_ACTIVATION_SIGMOID: {
        const double moved = ea * (1 + ea);
        return (struct number){a * (1 - a), moved + 2.01 * U * (a * (1 - a) + moved) + TINY};
    }
    case TP_ACTIVATION_TANH: {
        const double moved = 2 * fabs(a) * ea + ea * ea;
        return (struct number){1 - a * a, moved + U * (1 - a * a + moved)};
    }
    case TP_ACTIVATION_ELU: {
        const double below = net->slope[l] * exp(z), jump = fabs(z) <= ez ? 1 - net->slope[l] : 0;
        return (struct number){z <= 0 ? below : 1, jump + (z <= ez ? ea + U * (below + ea) : 0)};
    }
    case TP_ACTIVATION_SOFTPLUS: {
        const double s = 1 / (1 + exp(-z));
        return (struct number){s, ea + 2 * U * (s + ea)};
    }
    case TP_ACTIVATION_SILU: {
        const double s = 1 / (1 + exp(-z)), far = s * fabs(z) * (1 - s);
        return (struct number){s + s * z * (1 - s), ez / 2 + 10 * U * (s + far + ez) + TINY};
    }
    case TP_ACTIVATION_GELU: {
        const double phi = exp(-z * z / 2) / sqrt(2 * acos(-1)), Phi = erfc(-z / sqrt(2)) / 2;
        return (struct number){Phi + z * phi, 0.8 * ez + 10 * U * (Phi + fabs(z) * phi + ez) + TINY};
    }
    case TP_ACTIVATION_EXP:
        return (struct number){a, ea};
    default:
        return exactly(1);
    }
}

/* dz_k = a_k (g_k - sum_j g_j a_j); at is the offset of the sample. */
static void through_softmax(struct test_bound *bound, size_t l, const struct number *g, size_t at) {
    const size_t n = bound->pass->net.width[l];
    struct chain dot = {0};
    for (size_t j = 0; j < n; j++)
        chain_add(&dot, g[j], (struct number){bound->pass->a[l][at + j], bound->a[l][at + j]});
    for (size_t k = 0; k < n; k++) {
        const struct number a = {bound->pass->a[l][at + k], bound->a[l][at + k]};
        bound->dz[l][at + k] = times(a, minus(g[k], chain_number(&dot))).e;
    }
}

static void through_activation(struct test_bound *bound, size_t l, const struct number *g, size_t at) {
    if (bound->pass->net.activation[l] == TP_ACTIVATION_SOFTMAX) {
        through_softmax(bound, l, g, at);
        return;
    }
    for (size_t k = 0; k < bound->pass->net.width[l]; k++)
        bound->dz[l][at + k] = times(g[k], derivative(bound, l, at + k)).e;
}

static struct number dz_number(const struct test_bound *bound, size_t l, size_t at) {
    return (struct number){bound->pass->dz[l][at], bound->dz[l][at]};
}

/* dW_kj, or db_j for k = width[l - 1]. */
static double gradient_error(const struct test_bound *bound, size_t l, size_t k, size_t j) {
    const size_t in = bound->pass->net.width[l - 1], out = bound->pass->net.width[l];
    struct chain chain = {0};
    for (size_t i = 0; i < bound->pass->batch; i++) {
        const struct number dz = dz_number(bound, l, i * out + j);
        if (k < in)
            chain_add(&chain, read(bound, output(bound, l - 1, i * in + k)), read(bound, dz));
        else
            chain_add(&chain, exactly(1), dz);
    }
    return ORACLE_SLACK * chain_number(&chain).e;
}

static void layer_gradients(const struct test_bound *bound, size_t l, double *gradients) {
    const size_t in = bound->pass->net.width[l - 1], out = bound->pass->net.width[l];
    double *e = gradients + ref_weight_offset(&bound->pass->net, l); /* the bias follows as row in */
    for (size_t k = 0; k <= in; k++)
        for (size_t j = 0; j < out; j++)
            e[k * out + j] = gradient_error(bound, l, k, j);
}

static void through_weights(struct test_bound *bound, size_t l, const double *parameters, size_t i, struct number *g) {
    const size_t in = bound->pass->net.width[l - 1], out = bound->pass->net.width[l];
    const double *w = parameters + ref_weight_offset(&bound->pass->net, l);
    for (size_t k = 0; k < in; k++) {
        struct chain chain = {0};
        for (size_t j = 0; j < out; j++)
            chain_add(&chain, read(bound, dz_number(bound, l, i * out + j)), read(bound, exactly(w[k * out + j])));
        g[k] = passed(chain_number(&chain), bound->pass->factor[l - 1][i * in + k]);
    }
}

static struct number *numbers(size_t n) {
    return (struct number *)(void *)tp_test_doubles(2 * n);
}

static void backward_layers(struct test_bound *bound, const double *parameters, double *gradients, double *dx) {
    const struct ref_net *net = &bound->pass->net;
    for (size_t l = net->layers; l >= 1; l--) {
        layer_gradients(bound, l, gradients);
        struct number *g = numbers(net->width[l - 1]);
        for (size_t i = 0; i < bound->pass->batch; i++) {
            through_weights(bound, l, parameters, i, g);
            through_activation(bound, l - 1, g, i * net->width[l - 1]);
        }
        free(g);
    }
    for (size_t i = 0; i < bound->pass->batch * net->width[0]; i++)
        dx[i] = ORACLE_SLACK * bound->dz[0][i];
}

/* scale (a - y): a subtraction, up to three roundings of the scale, a product. */
static struct number output_error(const struct test_bound *bound, size_t at, struct number y, double scale) {
    const size_t last = bound->pass->net.layers;
    const struct number d = {bound->pass->a[last][at] - y.v, bound->a[last][at] + y.e};
    return (struct number){scale * d.v, scale * (d.e + test_gamma(5) * reach(d)) + TINY};
}

/* scale times the derivative of the term by a: Huber's is the error of a - y, kept within -delta..delta; MAE's is a
 * sign, which is uncertain where a - y may be 0. */
static struct number error_derivative(const struct test_bound *bound, size_t at, double y, double scale) {
    const struct ref_net *net = &bound->pass->net;
    const double e = bound->pass->a[net->layers][at] - y, moved = bound->a[net->layers][at] + U * fabs(e);
    switch (net->loss) {
    case TP_LOSS_MAE:
        return (struct number){copysign(scale, e), scale * (test_gamma(5) + (fabs(e) <= moved ? 2 : 0))};
    case TP_LOSS_HUBER: {
        struct number g = output_error(bound, at, exactly(y), scale);
        g.v = scale * copysign(fmin(fabs(e), net->huber_delta), e);
        return g;
    }
    default:
        return output_error(bound, at, exactly(y), 2 * scale);
    }
}

/* dZ_L = scale (a - y), y smoothed. */
static void errors_of_logits(struct test_bound *bound, const double *targets) {
    const struct ref_net *net = &bound->pass->net;
    const size_t n = net->width[net->layers];
    const double terms = net->loss == TP_LOSS_POISSON ? (double)n : 1; /* whose mean is taken */
    for (size_t at = 0; at < bound->pass->batch * n; at++)
        bound->dz[net->layers][at] =
            output_error(bound, at, target(net, targets[at]), ref_share(bound->pass, at / n) / terms).e;
}

static void errors_through_activation(struct test_bound *bound, const double *targets) {
    const size_t last = bound->pass->net.layers, n = bound->pass->net.width[last];
    struct number *g = numbers(n);
    for (size_t i = 0; i < bound->pass->batch; i++) {
        for (size_t j = 0; j < n; j++)
            g[j] = error_derivative(bound, i * n + j, targets[i * n + j], ref_share(bound->pass, i) / (double)n);
        through_activation(bound, last, g, i * n);
    }
    free(g);
}

void test_bound_backward(struct test_bound *bound, const double *parameters, const double *targets, double *gradients,
                         double *dx) {
    const tp_loss loss = bound->pass->net.loss;
    if (loss == TP_LOSS_BCE || loss == TP_LOSS_CCE || loss == TP_LOSS_POISSON)
        errors_of_logits(bound, targets);
    else
        errors_through_activation(bound, targets);
    backward_layers(bound, parameters, gradients, dx);
}

void test_bound_backward_from(struct test_bound *bound, const double *parameters, const double *dy, double *gradients,
                              double *dx) {
    const size_t last = bound->pass->net.layers, n = bound->pass->net.width[last];
    struct number *g = numbers(n);
    for (size_t i = 0; i < bound->pass->batch; i++) {
        for (size_t j = 0; j < n; j++)
            g[j] = exactly(dy[i * n + j]);
        through_activation(bound, last, g, i * n);
    }
    free(g);
    backward_layers(bound, parameters, gradients, dx);
}

bool test_within(const float *actual, const double *expected, const double *error, size_t n, const char *format, ...) {
    for (size_t i = 0; i < n; i++) {
        if (fabs((double)actual[i] - expected[i]) <= error[i])
            continue;
        va_list arguments;
        va_start(arguments, format);
        vfprintf(stderr, format, arguments);
        va_end(arguments);
        fprintf(stderr, ": element %zu of %zu: expected %.9g, got %.9g, off by %.3g, bound %.3g\n", i, n, expected[i],
                (double)actual[i], fabs((double)actual[i] - expected[i]), error[i]);
        return false;
    }
    return true;
}
