/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Trajectories of every update rule with every schedule, with and without decay and clipping, against the oracle in
 * double precision, and learning rates at exact steps.
 *
 * The gradients are given, so each parameter follows its own recurrence, whose error is propagated along with it (e of
 * each quantity, u = 2^-24, rounding of every operation in the worst case, second-order terms covered by SLACK):
 *   scalars                 prepared in double and rounded once or twice: 2 u relative
 *   cosine schedule         p and cos(pi p) in f32: (pi / 2 + 1) u of the full rate, at most 3 u learning_rate
 *   clipped g               the norm of n elements is (n + 4) u relative, the product 2 u: (n + 6) u |g|
 *   g + decay w             eg + decay ew + 3 u (|g| + decay |w|)
 *   v = mu v + g            mu ev + eg + 2 u (mu |v| + |g|)
 *   m, s of Adam            the same, with 3 u per product and 2 |g| eg + eg^2 for the square
 *   sqrt(s)                 min(es / sqrt(s), sqrt(es)) + u sqrt(s)
 *   q / d                   (eq + |q / d| ed) / (d - ed) + u |q / d|
 *   w - r x                 ew + r ex + er |x| + 2 u r |x| + u |w|, er the error of the rate
 */
#include "support/bound.h"
#include "support/nets.h"
#include "support/support.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

#define U TEST_U
#define SLACK 1.01
#define STEPS 100

static const size_t widths[] = {3, 7, 5};

/* The quantities of one parameter and their errors. */
struct cell {
    double w, v, s;
    double ew, ev, es;
};

struct trajectory {
    tp_optimizer_options options;
    struct ref_net net;
    size_t parameters;
    float *initial;
    struct ref_optimizer oracle;
    double *w, *error; /* the oracle's parameters, and how far the library's may be */
    double *ev, *es;
};

static void open_trajectory(struct trajectory *t, const tp_optimizer_options *options) {
    *t = (struct trajectory){.options = *options, .net = test_net(1, widths, TP_ACTIVATION_TANH, test_heads[0])};
    t->parameters = ref_parameter_count(&t->net);
    t->initial = tp_test_floats(t->parameters);
    tp_test_fill(t->initial, t->parameters, 1, -1, 1);
    t->w = test_widen(t->initial, t->parameters);
    t->error = tp_test_doubles(t->parameters);
    t->ev = tp_test_doubles(t->parameters);
    t->es = tp_test_doubles(t->parameters);
    ref_optimizer_open(&t->oracle, options, t->parameters);
}

static void close_trajectory(struct trajectory *t) {
    ref_optimizer_close(&t->oracle);
    free(t->initial);
    free(t->w);
    free(t->error);
    free(t->ev);
    free(t->es);
}

static bool is_weight(const struct ref_net *net, size_t i) {
    for (size_t l = 1; l <= net->layers; l++)
        if (i >= ref_weight_offset(net, l) && i < ref_bias_offset(net, l))
            return true;
    return false;
}

static double quotient_error(double q, double eq, double d, double ed) {
    return (eq + fabs(q / d) * ed) / (d - ed) + U * fabs(q / d);
}

/* m / (sqrt(s) / c + eps) after m and s were updated from g. */
static double adam_error(const tp_optimizer_options *o, struct cell *c, double g, double eg, double t, double *step) {
    const double b1 = (double)o->beta1, b2 = (double)o->beta2, correction = sqrt(1 - pow(b2, t));
    c->ev = b1 * c->ev + (1 - b1) * eg + 3 * U * (b1 * fabs(c->v) + (1 - b1) * fabs(g));
    c->es = b2 * c->es + (1 - b2) * (2 * fabs(g) * eg + eg * eg) + 4 * U * (b2 * c->s + (1 - b2) * g * g);
    c->v = b1 * c->v + (1 - b1) * g;
    c->s = b2 * c->s + (1 - b2) * g * g;
    const double root = sqrt(c->s), eroot = fmin(c->s > 0 ? c->es / root : INFINITY, sqrt(c->es)) + U * root;
    const double below = root / correction + (double)o->epsilon;
    *step = c->v / below;
    return quotient_error(c->v, c->ev, below, eroot / correction + 4 * U * below);
}

/* g / (sqrt(s) + eps) after s was updated from g. */
static double divided_error(const tp_optimizer_options *o, struct cell *c, double g, double eg, double *step) {
    const bool all = o->kind == TP_OPTIMIZER_ADAGRAD;
    const double keep = all ? 1 : (double)o->beta2, take = all ? 1 : 1 - (double)o->beta2;
    c->es = keep * c->es + take * (2 * fabs(g) * eg + eg * eg) + 4 * U * (keep * c->s + take * g * g);
    c->s = keep * c->s + take * g * g;
    const double root = sqrt(c->s), eroot = fmin(c->s > 0 ? c->es / root : INFINITY, sqrt(c->es)) + U * root;
    const double below = root + (double)o->epsilon;
    *step = g / below;
    return quotient_error(g, eg, below, eroot + U * below);
}

/* What is multiplied by the rate, and its error. */
static double step_error(const tp_optimizer_options *o, struct cell *c, double g, double eg, double t, double *step) {
    const double mu = (double)o->momentum;
    if (o->kind == TP_OPTIMIZER_ADAM || o->kind == TP_OPTIMIZER_ADAMW)
        return adam_error(o, c, g, eg, t, step);
    if (o->kind == TP_OPTIMIZER_RMSPROP || o->kind == TP_OPTIMIZER_ADAGRAD)
        return divided_error(o, c, g, eg, step);
    if (o->kind == TP_OPTIMIZER_SGD) {
        *step = g;
        return eg;
    }
    c->ev = mu * c->ev + eg + 2 * U * (mu * fabs(c->v) + fabs(g));
    c->v = mu * c->v + g;
    *step = o->kind == TP_OPTIMIZER_NESTEROV ? g + mu * c->v : c->v;
    return o->kind == TP_OPTIMIZER_NESTEROV ? eg + mu * c->ev + 2 * U * (fabs(g) + mu * fabs(c->v)) : c->ev;
}

static double rate_error(const tp_optimizer_options *o, double rate) {
    return 4 * U * rate + (o->schedule == TP_SCHEDULE_COSINE ? 3 * U * (double)o->learning_rate : 0);
}

static void cell_step(const tp_optimizer_options *o, struct cell *c, double g, double eg, double t, double rate) {
    double step;
    const double ex = step_error(o, c, g, eg, t, &step);
    const bool adam = o->kind == TP_OPTIMIZER_ADAM || o->kind == TP_OPTIMIZER_ADAMW;
    const double correction = adam ? 1 / (1 - pow((double)o->beta1, t)) : 1;
    const double r = rate * correction, er = rate_error(o, rate) * correction;
    c->ew = SLACK * (c->ew + r * ex + (er + 2 * U * r) * fabs(step) + U * fabs(c->w));
}

/* The factor that the oracle clips with; the errors are per parameter. */
static double clip_factor(const struct trajectory *t, const double *g) {
    double sum = 0;
    for (size_t i = 0; i < t->parameters; i++)
        sum += g[i] * g[i];
    const double norm = sqrt(sum), limit = (double)t->options.clip_norm;
    return limit > 0 && norm > limit ? limit / norm : 1;
}

static void bound_step(struct trajectory *t, const double *gradients) {
    const double factor = clip_factor(t, gradients), step = (double)t->oracle.steps + 1;
    const double rate = ref_learning_rate(&t->options, t->oracle.steps + 1);
    const bool decoupled = t->options.kind == TP_OPTIMIZER_ADAMW;
    for (size_t i = 0; i < t->parameters; i++) {
        const double decay = is_weight(&t->net, i) ? (double)t->options.weight_decay : 0;
        struct cell c = {t->w[i], t->oracle.first[i], t->oracle.second[i], t->error[i], t->ev[i], t->es[i]};
        double g = factor * gradients[i];
        double eg = ((double)t->parameters + 6) * U * fabs(g);
        if (decoupled) {
            const double er = rate_error(&t->options, rate) + 2 * U * rate;
            c.ew += rate * decay * c.ew + er * decay * fabs(c.w) + U * fabs(c.w);
        } else {
            eg += decay * c.ew + 3 * U * (fabs(g) + decay * fabs(c.w));
            g += decay * c.w;
        }
        cell_step(&t->options, &c, g, eg, step, rate);
        t->error[i] = c.ew, t->ev[i] = c.ev, t->es[i] = c.es;
    }
}

static void oracle_step(struct trajectory *t, const float *gradients) {
    double *wide = test_widen(gradients, t->parameters);
    bound_step(t, wide);
    ref_optimizer_step(&t->oracle, &t->net, t->w, wide);
    free(wide);
}

/* Gradients with a trend and a spread, so that the moments do not vanish. Their norm is around 6, every fourth time
 * 0.8: above and below the limit of clipping, 2. */
static void fill_gradients(float *gradients, size_t n, uint64_t step) {
    const float size = step % 4 == 3 ? 0.125f : 1;
    tp_test_fill(gradients, n, 100 + step, -0.5f * size, 1.5f * size);
}

static void check_parameters(const struct trajectory *t, const tp_model *model, const char *isa, int step) {
    float *w = tp_test_floats(t->parameters);
    cr_assert_eq(tp_model_get_parameters(model, w, t->parameters), TP_OK);
    cr_assert(test_within(w, t->w, t->error, t->parameters, "%s %s schedule %s decay %g clip %g step %d", isa,
                          tp_optimizer_name(t->options.kind), tp_schedule_name(t->options.schedule),
                          (double)t->options.weight_decay, (double)t->options.clip_norm, step));
    free(w);
}

static void follow(struct trajectory *t, tp_context *context) {
    tp_model *model = test_model(context, &t->net, t->initial);
    tp_optimizer *optimizer = NULL;
    cr_assert_eq(tp_optimizer_create(model, &t->options, NULL, 0, &optimizer), TP_OK, "%s", tp_test_message(context));
    float *gradients = tp_test_floats(t->parameters), *copy = tp_test_floats(t->parameters);
    for (int step = 1; step <= STEPS; step++) {
        fill_gradients(gradients, t->parameters, (uint64_t)step);
        fill_gradients(copy, t->parameters, (uint64_t)step);
        oracle_step(t, gradients);
        cr_assert_eq(tp_optimizer_step(optimizer, model, gradients), TP_OK);
        cr_assert(tp_test_same_bits(copy, gradients, t->parameters, "gradients after the step"));
        cr_assert_eq(tp_optimizer_steps(optimizer), (uint64_t)step);
        check_parameters(t, model, tp_context_isa(context), step);
    }
    free(gradients);
    free(copy);
    tp_optimizer_destroy(optimizer);
    tp_model_destroy(model);
}

/* The bound must stay far below how far the parameters have moved. Without a first moment a step's error is that of its
 * gradient, over a root that begins small. */
static void check_sharpness(const struct trajectory *t) {
    const bool divides = t->options.kind == TP_OPTIMIZER_RMSPROP || t->options.kind == TP_OPTIMIZER_ADAGRAD;
    for (size_t i = 0; i < t->parameters; i++) {
        const double moved = fabs(t->w[i] - (double)t->initial[i]);
        cr_assert(t->error[i] < (divides ? 0.125 : 1e-3) * moved + 1e-5, "%s: bound %.3g after moving %.3g",
                  tp_optimizer_name(t->options.kind), t->error[i], moved);
    }
}

static void check_trajectory(const tp_optimizer_options *options) {
    for (int i = 0; i < tp_test_isa_count(); i++) {
        struct trajectory t;
        open_trajectory(&t, options);
        tp_context *context = tp_test_context(tp_test_isa(i), 2);
        follow(&t, context);
        check_sharpness(&t);
        tp_context_destroy(context);
        close_trajectory(&t);
    }
}

static tp_optimizer_options base_options(tp_optimizer_kind kind, tp_schedule schedule) {
    tp_optimizer_options options;
    tp_optimizer_options_default(&options);
    options.kind = kind;
    options.learning_rate = 0.01f;
    options.schedule = schedule;
    options.warmup_steps = 5;
    options.total_steps = 80; /* the last 20 steps run past the end */
    options.step_every = 7;
    options.step_factor = 0.75f;
    options.final_factor = 0.125f;
    return options;
}

static void check_kind(tp_optimizer_kind kind) {
    for (int schedule = 0; schedule < TP_SCHEDULE_COUNT; schedule++) {
        for (int variant = 0; variant < 4; variant++) {
            tp_optimizer_options options = base_options(kind, (tp_schedule)schedule);
            options.weight_decay = variant & 1 ? 0.1f : 0;
            options.clip_norm = variant & 2 ? 2.0f : 0;
            check_trajectory(&options);
        }
    }
}

Test(optimizer, sgd) {
    check_kind(TP_OPTIMIZER_SGD);
}

Test(optimizer, momentum) {
    check_kind(TP_OPTIMIZER_MOMENTUM);
}

Test(optimizer, nesterov) {
    check_kind(TP_OPTIMIZER_NESTEROV);
}

Test(optimizer, adam) {
    check_kind(TP_OPTIMIZER_ADAM);
}

Test(optimizer, adamw) {
    check_kind(TP_OPTIMIZER_ADAMW);
}

Test(optimizer, rmsprop) {
    check_kind(TP_OPTIMIZER_RMSPROP);
}

Test(optimizer, adagrad) {
    check_kind(TP_OPTIMIZER_ADAGRAD);
}

/* ---------------------------------------------------------------------------------------------------- learning rate */

/* Rates at steps 1, 2, ... */
static void get_rates(const char *isa, const tp_optimizer_options *options, float *rates, size_t n) {
    tp_context *context = tp_test_context(isa, 1);
    const struct ref_net net = test_net(1, widths, TP_ACTIVATION_TANH, test_heads[0]);
    tp_model *model = test_model(context, &net, NULL);
    tp_optimizer *optimizer = NULL;
    cr_assert_eq(tp_optimizer_create(model, options, NULL, 0, &optimizer), TP_OK, "%s", tp_test_message(context));
    for (size_t i = 0; i < n; i++)
        rates[i] = tp_optimizer_learning_rate(optimizer, i + 1);
    tp_optimizer_destroy(optimizer);
    tp_model_destroy(model);
    tp_context_destroy(context);
}

static void check_rates(const tp_optimizer_options *options, const double *expected, size_t n) {
    float *rates = tp_test_floats(n);
    get_rates(NULL, options, rates, n);
    for (size_t i = 0; i < n; i++)
        cr_assert(fabs((double)rates[i] - expected[i]) <= rate_error(options, expected[i]),
                  "step %zu: expected %.9g, got %.9g", i + 1, expected[i], (double)rates[i]);
    free(rates);
}

static tp_optimizer_options rate_options(tp_schedule schedule, uint64_t warmup_steps) {
    tp_optimizer_options options = base_options(TP_OPTIMIZER_SGD, schedule);
    options.learning_rate = 0.5f;
    options.warmup_steps = warmup_steps;
    return options;
}

Test(optimizer, constant_rate) {
    const tp_optimizer_options options = rate_options(TP_SCHEDULE_CONSTANT, 0);
    check_rates(&options, (const double[]){0.5, 0.5, 0.5}, 3);
}

Test(optimizer, warmup_is_linear) {
    const tp_optimizer_options options = rate_options(TP_SCHEDULE_CONSTANT, 4);
    check_rates(&options, (const double[]){0.125, 0.25, 0.375, 0.5, 0.5, 0.5}, 6);
}

Test(optimizer, step_rate) {
    tp_optimizer_options options = rate_options(TP_SCHEDULE_STEP, 0);
    options.step_every = 3;
    options.step_factor = 0.5f;
    check_rates(&options, (const double[]){0.5, 0.5, 0.5, 0.25, 0.25, 0.25, 0.125}, 7);
}

Test(optimizer, step_rate_with_warmup) {
    tp_optimizer_options options = rate_options(TP_SCHEDULE_STEP, 2);
    options.step_every = 1;
    options.step_factor = 0.5f;
    check_rates(&options, (const double[]){0.25, 0.25, 0.125, 0.0625}, 4);
}

Test(optimizer, cosine_rate_ends_at_the_final_factor) {
    tp_optimizer_options options = rate_options(TP_SCHEDULE_COSINE, 0);
    options.total_steps = 4;
    options.final_factor = 0.25f;
    const double quarter = 0.5 * (0.25 + 0.75 * (1 + sqrt(0.5)) / 2), rest = 0.5 * (0.25 + 0.75 * (1 - sqrt(0.5)) / 2);
    check_rates(&options, (const double[]){0.5, quarter, 0.5 * 0.625, rest, 0.125, 0.125}, 6);
}

Test(optimizer, cosine_rate_after_warmup) {
    tp_optimizer_options options = rate_options(TP_SCHEDULE_COSINE, 2);
    options.total_steps = 6;
    options.final_factor = 0;
    const double quarter = 0.25 * (1 + sqrt(0.5)), rest = 0.25 * (1 - sqrt(0.5));
    check_rates(&options, (const double[]){0.25, 0.5, 0.5, quarter, 0.25, rest, 0, 0}, 8);
}

Test(optimizer, exponential_rate_after_warmup) {
    tp_optimizer_options options = rate_options(TP_SCHEDULE_EXPONENTIAL, 2);
    options.total_steps = 6;
    options.final_factor = 0.0625f;
    check_rates(&options, (const double[]){0.25, 0.5, 0.5, 0.25, 0.125, 0.0625, 0.03125, 0.03125}, 8);
}

/* A range test's: the exact rates, computed with 200 bits and rounded once. */
Test(optimizer, exponential_rates_are_rounded_once) {
    static const float expected[] = {0x1.ad7f2ap-24f,
                                     0x1.52be1ep-21f,
                                     0x1.0b2a4ap-18f,
                                     0x1.a56cb4p-16f,
                                     0x1.4c604ep-13f,
                                     0x1.0624dep-10f,
                                     0x1.9d8114p-8f,
                                     0x1.462120p-5f,
                                     0x1.013798p-2f,
                                     0x1.95bb90p+0f,
                                     10,
                                     10};
    tp_optimizer_options options = rate_options(TP_SCHEDULE_EXPONENTIAL, 0);
    options.learning_rate = 1e-7f;
    options.final_factor = 1e8f;
    options.total_steps = 10;
    for (int i = 0; i < tp_test_isa_count(); i++) {
        float rates[sizeof expected / sizeof *expected];
        get_rates(tp_test_isa(i), &options, rates, sizeof expected / sizeof *expected);
        cr_expect(tp_test_same_bits(expected, rates, sizeof expected / sizeof *expected, "%s", tp_test_isa(i)));
    }
}

/* A gradient whose square overflows in single precision is clipped like any other. */
Test(optimizer, clipping_of_huge_gradients) {
    tp_context *context = tp_test_context(NULL, 1);
    const tp_layer layer = {.width = 1, .activation = TP_ACTIVATION_IDENTITY};
    tp_model_options model_options;
    tp_model_options_default(&model_options);
    model_options.inputs = 1, model_options.layer_count = 1, model_options.layers = &layer;
    model_options.loss = TP_LOSS_MSE, model_options.init = TP_INIT_ZERO;
    tp_optimizer_options options;
    tp_optimizer_options_default(&options);
    options.kind = TP_OPTIMIZER_SGD, options.learning_rate = 1, options.clip_norm = 5;
    tp_model *model = NULL;
    tp_optimizer *optimizer = NULL;
    cr_assert_eq(tp_model_create(context, &model_options, &model), TP_OK);
    cr_assert_eq(tp_optimizer_create(model, &options, NULL, 0, &optimizer), TP_OK);
    const float gradients[2] = {3e30f, -4e30f};
    float parameters[2];
    cr_assert_eq(tp_optimizer_step(optimizer, model, gradients), TP_OK);
    cr_assert_eq(tp_model_get_parameters(model, parameters, 2), TP_OK);
    cr_expect(fabsf(parameters[0] + 3) < 1e-6f && fabsf(parameters[1] - 4) < 1e-6f, "%g %g", (double)parameters[0],
              (double)parameters[1]);
    tp_optimizer_destroy(optimizer);
    tp_model_destroy(model);
    tp_context_destroy(context);
}
