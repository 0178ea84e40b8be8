/* SPDX-License-Identifier: BSD-3-Clause */
#include "reference.h"

#include <math.h>
#include <stdlib.h>

static double *doubles(size_t count) {
    double *x = calloc(count, sizeof *x);
    if (!x)
        abort();
    return x;
}

/* ---------------------------------------------------------------------------------------------------------- network */

size_t ref_weight_offset(const struct ref_net *net, size_t layer) {
    size_t offset = 0;
    for (size_t l = 1; l < layer; l++)
        offset += net->width[l - 1] * net->width[l] + net->width[l];
    return offset;
}

size_t ref_bias_offset(const struct ref_net *net, size_t layer) {
    return ref_weight_offset(net, layer) + net->width[layer - 1] * net->width[layer];
}

size_t ref_parameter_count(const struct ref_net *net) {
    return ref_bias_offset(net, net->layers) + net->width[net->layers];
}

void ref_pass_open(struct ref_pass *pass, const struct ref_net *net, size_t batch) {
    pass->net = *net;
    pass->batch = batch;
    pass->weights = NULL;
    for (size_t l = 0; l <= net->layers; l++) {
        pass->z[l] = doubles(batch * net->width[l]);
        pass->a[l] = doubles(batch * net->width[l]);
        pass->dz[l] = doubles(batch * net->width[l]);
        pass->factor[l] = doubles(batch * net->width[l]);
        for (size_t i = 0; i < batch * net->width[l]; i++)
            pass->factor[l][i] = 1;
    }
}

void ref_pass_close(struct ref_pass *pass) {
    for (size_t l = 0; l <= pass->net.layers; l++) {
        free(pass->z[l]);
        free(pass->a[l]);
        free(pass->dz[l]);
        free(pass->factor[l]);
    }
}

/* ---------------------------------------------------------------------------------------------------------- forward */

static double largest(const double *z, size_t n) {
    double m = z[0];
    for (size_t j = 1; j < n; j++)
        m = z[j] > m ? z[j] : m;
    return m;
}

static double log_sum_exp(const double *z, size_t n) {
    const double m = largest(z, n);
    double sum = 0;
    for (size_t j = 0; j < n; j++)
        sum += exp(z[j] - m);
    return m + log(sum);
}

static void softmax(const double *z, double *a, size_t n) {
    const double lse = log_sum_exp(z, n);
    for (size_t j = 0; j < n; j++)
        a[j] = exp(z[j] - lse);
}

double ref_activation(tp_activation activation, double slope, double z) {
    switch (activation) {
    case TP_ACTIVATION_RELU:
        return z <= 0 ? 0 : z;
    case TP_ACTIVATION_LEAKY_RELU:
        return z <= 0 ? slope * z : z;
    case TP_ACTIVATION_SIGMOID:
        return z >= 0 ? 1 / (1 + exp(-z)) : exp(z) / (1 + exp(z));
    case TP_ACTIVATION_TANH:
        return tanh(z);
    case TP_ACTIVATION_ELU:
        return z <= 0 ? slope * expm1(z) : z;
    case TP_ACTIVATION_SOFTPLUS:
        return z > 0 ? z + log1p(exp(-z)) : log1p(exp(z));
    case TP_ACTIVATION_SILU:
        return z / (1 + exp(-z));
    case TP_ACTIVATION_GELU:
        return z / 2 * erfc(-z / sqrt(2));
    default:
        return z;
    }
}

static void forward_layer(struct ref_pass *pass, size_t l, const double *parameters) {
    const size_t in = pass->net.width[l - 1], out = pass->net.width[l];
    const double *w = parameters + ref_weight_offset(&pass->net, l);
    const double *b = parameters + ref_bias_offset(&pass->net, l);
    for (size_t i = 0; i < pass->batch; i++) {
        const double *x = pass->a[l - 1] + i * in, *factor = pass->factor[l - 1] + i * in;
        double *z = pass->z[l] + i * out, *a = pass->a[l] + i * out;
        for (size_t j = 0; j < out; j++) {
            z[j] = b[j];
            for (size_t k = 0; k < in; k++)
                z[j] += factor[k] * x[k] * w[k * out + j];
            a[j] = ref_activation(pass->net.activation[l], pass->net.slope[l], z[j]);
        }
        if (pass->net.activation[l] == TP_ACTIVATION_SOFTMAX)
            softmax(z, a, out);
    }
}

void ref_forward(struct ref_pass *pass, const double *parameters, const double *x) {
    for (size_t i = 0; i < pass->batch * pass->net.width[0]; i++)
        pass->a[0][i] = x[i];
    for (size_t l = 1; l <= pass->net.layers; l++)
        forward_layer(pass, l, parameters);
}

/* ------------------------------------------------------------------------------------------------------------- loss */

static double huber(double error, double delta) {
    return fabs(error) <= delta ? error * error / 2 : delta * (fabs(error) - delta / 2);
}

/* Targets are mixed with equal ones for all classes (CCE), or for both (BCE). */
static double smoothed(const struct ref_net *net, double y) {
    const double s = net->label_smoothing;
    return (1 - s) * y + s / (net->loss == TP_LOSS_CCE ? (double)net->width[net->layers] : 2);
}

static double sample_loss(const struct ref_net *net, const double *z, const double *a, const double *y) {
    const size_t n = net->width[net->layers];
    double value = net->loss == TP_LOSS_CCE ? log_sum_exp(z, n) : 0;
    for (size_t j = 0; j < n; j++) {
        switch (net->loss) {
        case TP_LOSS_CCE:
            value -= smoothed(net, y[j]) * z[j];
            break;
        case TP_LOSS_BCE:
            value += (z[j] > 0 ? z[j] : 0) - z[j] * smoothed(net, y[j]) + log1p(exp(-fabs(z[j])));
            break;
        case TP_LOSS_MAE:
            value += fabs(a[j] - y[j]) / (double)n;
            break;
        case TP_LOSS_HUBER:
            value += huber(a[j] - y[j], net->huber_delta) / (double)n;
            break;
        default:
            value += (a[j] - y[j]) * (a[j] - y[j]) / (double)n;
        }
    }
    return value;
}

double ref_share(const struct ref_pass *pass, size_t i) {
    double sum = 0;
    for (size_t s = 0; s < pass->batch; s++)
        sum += pass->weights ? pass->weights[s] : 1;
    return sum > 0 ? (pass->weights ? pass->weights[i] : 1) / sum : 0;
}

double ref_loss(const struct ref_pass *pass, const double *targets) {
    const size_t last = pass->net.layers, n = pass->net.width[last];
    double sum = 0;
    for (size_t i = 0; i < pass->batch; i++)
        sum +=
            ref_share(pass, i) * sample_loss(&pass->net, pass->z[last] + i * n, pass->a[last] + i * n, targets + i * n);
    return sum;
}

/* --------------------------------------------------------------------------------------------------------- backward */

static double derivative(tp_activation activation, double slope, double z, double a) {
    switch (activation) {
    case TP_ACTIVATION_RELU:
        return z <= 0 ? 0 : 1;
    case TP_ACTIVATION_LEAKY_RELU:
        return z <= 0 ? slope : 1;
    case TP_ACTIVATION_SIGMOID:
        return a * (1 - a);
    case TP_ACTIVATION_TANH:
        return 1 - a * a;
    case TP_ACTIVATION_ELU:
        return z <= 0 ? slope * exp(z) : 1;
    case TP_ACTIVATION_SOFTPLUS:
        return 1 / (1 + exp(-z));
    case TP_ACTIVATION_SILU:
        return (1 + z / (1 + exp(z))) / (1 + exp(-z));
    case TP_ACTIVATION_GELU:
        return erfc(-z / sqrt(2)) / 2 + z * exp(-z * z / 2) / sqrt(2 * acos(-1));
    default:
        return 1;
    }
}

/* dz_k = sum_j g_j da_j/dz_k of one sample, for softmax with the whole Jacobian a_j (delta_jk - a_k). */
static void through_activation(const struct ref_net *net, size_t l, const double *g, const double *z, const double *a,
                               double *dz) {
    const size_t n = net->width[l];
    for (size_t k = 0; k < n; k++) {
        if (net->activation[l] != TP_ACTIVATION_SOFTMAX) {
            dz[k] = g[k] * derivative(net->activation[l], net->slope[l], z[k], a[k]);
            continue;
        }
        dz[k] = 0;
        for (size_t j = 0; j < n; j++)
            dz[k] += g[j] * a[j] * ((j == k ? 1 : 0) - a[k]);
    }
}

/* dJ/dA_{l-1} = dZ_l W_l^T of one sample. */
static void through_weights(const struct ref_net *net, size_t l, const double *parameters, const double *dz,
                            double *g) {
    const size_t in = net->width[l - 1], out = net->width[l];
    const double *w = parameters + ref_weight_offset(net, l);
    for (size_t k = 0; k < in; k++) {
        g[k] = 0;
        for (size_t j = 0; j < out; j++)
            g[k] += dz[j] * w[k * out + j];
    }
}

static void parameter_gradients(const struct ref_pass *pass, size_t l, double *gradients) {
    const size_t in = pass->net.width[l - 1], out = pass->net.width[l];
    double *dw = gradients + ref_weight_offset(&pass->net, l);
    double *db = gradients + ref_bias_offset(&pass->net, l);
    for (size_t j = 0; j < out; j++) {
        db[j] = 0;
        for (size_t i = 0; i < pass->batch; i++)
            db[j] += pass->dz[l][i * out + j];
        for (size_t k = 0; k < in; k++) {
            dw[k * out + j] = 0;
            for (size_t i = 0; i < pass->batch; i++)
                dw[k * out + j] +=
                    pass->factor[l - 1][i * in + k] * pass->a[l - 1][i * in + k] * pass->dz[l][i * out + j];
        }
    }
}

/* From dZ_L down; dz[0] serves as dJ/dX because the input has no activation. */
static void backward_layers(struct ref_pass *pass, const double *parameters, double *gradients, double *dx) {
    for (size_t l = pass->net.layers; l >= 1; l--) {
        const size_t in = pass->net.width[l - 1], out = pass->net.width[l];
        parameter_gradients(pass, l, gradients);
        double *g = doubles(in);
        for (size_t i = 0; i < pass->batch; i++) {
            through_weights(&pass->net, l, parameters, pass->dz[l] + i * out, g);
            for (size_t k = 0; k < in; k++)
                g[k] *= pass->factor[l - 1][i * in + k];
            through_activation(&pass->net, l - 1, g, pass->z[l - 1] + i * in, pass->a[l - 1] + i * in,
                               pass->dz[l - 1] + i * in);
        }
        free(g);
    }
    for (size_t i = 0; dx && i < pass->batch * pass->net.width[0]; i++)
        dx[i] = pass->dz[0][i];
}

void ref_backward_from(struct ref_pass *pass, const double *parameters, const double *dy, double *gradients,
                       double *dx) {
    const size_t last = pass->net.layers, n = pass->net.width[last];
    for (size_t i = 0; i < pass->batch; i++) {
        through_activation(&pass->net, last, dy + i * n, pass->z[last] + i * n, pass->a[last] + i * n,
                           pass->dz[last] + i * n);
    }
    backward_layers(pass, parameters, gradients, dx);
}

/* Of a term of the loss by a - y. */
static double error_derivative(const struct ref_net *net, double error) {
    switch (net->loss) {
    case TP_LOSS_MAE:
        return error > 0 ? 1 : error < 0 ? -1 : 0;
    case TP_LOSS_HUBER:
        return fabs(error) <= net->huber_delta ? error : error > 0 ? net->huber_delta : -net->huber_delta;
    default:
        return 2 * error;
    }
}

static void error_backward(struct ref_pass *pass, const double *parameters, const double *targets, double *gradients,
                           double *dx) {
    const size_t n = pass->net.width[pass->net.layers];
    double *dy = doubles(pass->batch * n);
    for (size_t i = 0; i < pass->batch * n; i++)
        dy[i] = ref_share(pass, i / n) / (double)n *
                error_derivative(&pass->net, pass->a[pass->net.layers][i] - targets[i]);
    ref_backward_from(pass, parameters, dy, gradients, dx);
    free(dy);
}

void ref_backward(struct ref_pass *pass, const double *parameters, const double *targets, double *gradients,
                  double *dx) {
    if (pass->net.loss != TP_LOSS_BCE && pass->net.loss != TP_LOSS_CCE) {
        error_backward(pass, parameters, targets, gradients, dx);
        return;
    }
    const size_t last = pass->net.layers, n = pass->net.width[last];
    for (size_t i = 0; i < pass->batch * n; i++)
        pass->dz[last][i] = (pass->a[last][i] - smoothed(&pass->net, targets[i])) * ref_share(pass, i / n);
    backward_layers(pass, parameters, gradients, dx);
}

/* -------------------------------------------------------------------------------------------------------- optimiser */

void ref_optimizer_open(struct ref_optimizer *optimizer, const tp_optimizer_options *options, size_t parameters) {
    *optimizer = (struct ref_optimizer){*options, 0, doubles(parameters), doubles(parameters)};
}

void ref_optimizer_close(struct ref_optimizer *optimizer) {
    free(optimizer->first);
    free(optimizer->second);
}

/* Of step t after the warm-up, 0..1 */
static double progress(const tp_optimizer_options *o, double t) {
    const double warmup = (double)o->warmup_steps, total = (double)o->total_steps;
    return t - 1 <= warmup ? 0 : t - 1 >= total ? 1 : (t - 1 - warmup) / (total - warmup);
}

static double cosine_factor(const tp_optimizer_options *o, double p) {
    return (double)o->final_factor + (1 - (double)o->final_factor) * (1 + cos(acos(-1) * p)) / 2;
}

double ref_learning_rate(const tp_optimizer_options *o, uint64_t step) {
    double rate = (double)o->learning_rate;
    if (step <= o->warmup_steps)
        rate *= (double)step / (double)o->warmup_steps;
    if (o->schedule == TP_SCHEDULE_STEP)
        rate *= pow((double)o->step_factor, (double)((step - 1) / o->step_every));
    else if (o->schedule == TP_SCHEDULE_COSINE || (o->schedule == TP_SCHEDULE_AUTO && o->total_steps))
        rate *= cosine_factor(o, progress(o, (double)step));
    else if (o->schedule == TP_SCHEDULE_EXPONENTIAL)
        rate *= pow((double)o->final_factor, progress(o, (double)step));
    return rate;
}

static double clip_factor(const tp_optimizer_options *o, const double *gradients, size_t count) {
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += gradients[i] * gradients[i];
    return o->clip_norm > 0 && sqrt(sum) > (double)o->clip_norm ? (double)o->clip_norm / sqrt(sum) : 1;
}

static double adam(struct ref_optimizer *optimizer, size_t i, double g, double rate) {
    const double b1 = (double)optimizer->options.beta1, b2 = (double)optimizer->options.beta2;
    const double t = (double)optimizer->steps;
    double *m = &optimizer->first[i], *s = &optimizer->second[i];
    *m = b1 * *m + (1 - b1) * g;
    *s = b2 * *s + (1 - b2) * g * g;
    const double corrected = *s / (1 - pow(b2, t));
    return rate * *m / (1 - pow(b1, t)) / (sqrt(corrected) + (double)optimizer->options.epsilon);
}

/* RMSprop, Adagrad. */
static double divided(struct ref_optimizer *optimizer, size_t i, double g, double rate) {
    const bool all = optimizer->options.kind == TP_OPTIMIZER_ADAGRAD;
    const double b2 = (double)optimizer->options.beta2;
    double *s = &optimizer->second[i];
    *s = all ? *s + g * g : b2 * *s + (1 - b2) * g * g;
    return rate * g / (sqrt(*s) + (double)optimizer->options.epsilon);
}

/* What is subtracted from parameter i. */
static double change(struct ref_optimizer *optimizer, size_t i, double g, double rate) {
    const double mu = (double)optimizer->options.momentum;
    double *v = &optimizer->first[i];
    switch (optimizer->options.kind) {
    case TP_OPTIMIZER_MOMENTUM:
        *v = mu * *v + g;
        return rate * *v;
    case TP_OPTIMIZER_NESTEROV:
        *v = mu * *v + g;
        return rate * (g + mu * *v);
    case TP_OPTIMIZER_ADAM:
    case TP_OPTIMIZER_ADAMW:
        return adam(optimizer, i, g, rate);
    case TP_OPTIMIZER_RMSPROP:
    case TP_OPTIMIZER_ADAGRAD:
        return divided(optimizer, i, g, rate);
    default:
        return rate * g;
    }
}

static void update_range(struct ref_optimizer *optimizer, size_t begin, size_t end, double decay, double scale,
                         double *parameters, const double *gradients) {
    const double rate = ref_learning_rate(&optimizer->options, optimizer->steps);
    const bool decoupled = optimizer->options.kind == TP_OPTIMIZER_ADAMW;
    for (size_t i = begin; i < end; i++) {
        const double g = scale * gradients[i] + (decoupled ? 0 : decay * parameters[i]);
        const double shrink = decoupled ? rate * decay * parameters[i] : 0;
        parameters[i] -= shrink + change(optimizer, i, g, rate);
    }
}

void ref_optimizer_step(struct ref_optimizer *optimizer, const struct ref_net *net, double *parameters,
                        const double *gradients) {
    const double scale = clip_factor(&optimizer->options, gradients, ref_parameter_count(net));
    optimizer->steps++;
    for (size_t l = 1; l <= net->layers; l++) {
        const size_t weight = ref_weight_offset(net, l), bias = ref_bias_offset(net, l);
        update_range(optimizer, weight, bias, (double)optimizer->options.weight_decay, scale, parameters, gradients);
        update_range(optimizer, bias, bias + net->width[l], 0, scale, parameters, gradients);
    }
}
