/* SPDX-License-Identifier: BSD-3-Clause */
/* Relations that hold whatever the numbers are: of samples to each other, of scales, of softmax, for every activation
 * and loss of the tables. */
#include "support/bound.h"
#include "support/nets.h"
#include "support/support.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { BATCH = 13, WIDE = 5, STEPS = 7 /* prime to BATCH: i -> STEPS i is a permutation */ };

static const size_t widths[] = {6, 19, 11, 5};

/* A network with its data, and what a forward and backward pass of the library gives. */
struct pass {
    struct ref_net net;
    size_t in, out, parameter_count;
    tp_model *model;
    float *parameters, *x, *targets, *dy; /* dy: a gradient with respect to the output */
    float *y, *gradients, *dx;
};

static void open_pass(struct pass *p, tp_context *context, tp_activation hidden, struct test_head head) {
    *p = (struct pass){.net = test_net(2, widths, hidden, head), .in = widths[0], .out = widths[3]};
    p->parameter_count = ref_parameter_count(&p->net);
    p->parameters = tp_test_floats(p->parameter_count);
    p->x = tp_test_floats(BATCH * p->in);
    p->targets = tp_test_floats(BATCH * p->out);
    p->dy = tp_test_floats(BATCH * p->out);
    p->y = tp_test_floats(BATCH * p->out);
    p->gradients = tp_test_floats(p->parameter_count);
    p->dx = tp_test_floats(BATCH * p->in);
    tp_test_fill(p->parameters, p->parameter_count, 1, -0.5f, 0.5f);
    tp_test_fill(p->x, BATCH * p->in, 2, -1, 1);
    test_fill_targets(p->targets, &p->net, BATCH, 3);
    tp_test_fill(p->dy, BATCH * p->out, 4, -1, 1);
    p->model = test_model(context, &p->net, p->parameters);
}

static void close_pass(struct pass *p) {
    tp_model_destroy(p->model);
    float *arrays[] = {p->parameters, p->x, p->targets, p->dy, p->y, p->gradients, p->dx};
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++)
        free(arrays[i]);
}

static tp_workspace *workspace(const struct pass *p, tp_mode mode) {
    tp_workspace *w = NULL;
    cr_assert_eq(tp_workspace_create(p->model, TEST_WORKSPACE(BATCH, mode), NULL, 0, &w), TP_OK);
    return w;
}

static void forward(const struct pass *p, tp_workspace *w, size_t batch, const float *x, float *y) {
    cr_assert_eq(tp_forward(p->model, w, batch, x, p->in, y, p->out), TP_OK);
}

/* y, gradients and dx from x and targets. */
static void run(struct pass *p) {
    tp_workspace *w = workspace(p, TP_MODE_TRAINING);
    const tp_targets targets = {.values = p->targets, .ld = p->out};
    forward(p, w, BATCH, p->x, p->y);
    cr_assert_eq(tp_backward(p->model, w, &targets, p->gradients, p->dx, p->in, NULL), TP_OK);
    tp_workspace_destroy(w);
}

/* y, gradients and dx from x and dy. */
static void run_from(struct pass *p) {
    tp_workspace *w = workspace(p, TP_MODE_TRAINING);
    forward(p, w, BATCH, p->x, p->y);
    cr_assert_eq(tp_backward_from(p->model, w, p->dy, p->out, p->gradients, p->dx, p->in), TP_OK);
    tp_workspace_destroy(w);
}

/* Calls check for every hidden activation with every head on every instruction set. */
static void for_every_net(void check(tp_context *context, tp_activation hidden, struct test_head head)) {
    for (int i = 0; i < tp_test_isa_count(); i++) {
        tp_context *context = tp_test_context(tp_test_isa(i), 1);
        for (size_t a = 0; a < TEST_HIDDEN; a++)
            for (size_t h = 0; h < TEST_HEADS; h++)
                check(context, test_hidden[a], test_heads[h]);
        tp_context_destroy(context);
    }
}

/* ------------------------------------------------------------------------------------------------------- the samples
 */

static void permute(float *to, const float *from, size_t n) {
    for (size_t i = 0; i < BATCH; i++)
        memcpy(to + i * n, from + i * STEPS % BATCH * n, n * sizeof *to);
}

/* Bounds on how far the gradients of p may be from those of exact arithmetic. */
static double *gradient_bound(const struct pass *p) {
    struct ref_pass exact;
    struct test_bound bound;
    double *parameters = test_widen(p->parameters, p->parameter_count), *x = test_widen(p->x, BATCH * p->in);
    double *targets = test_widen(p->targets, BATCH * p->out), *unused = tp_test_doubles(p->parameter_count);
    double *error = tp_test_doubles(p->parameter_count), *dx = tp_test_doubles(BATCH * p->in);
    ref_pass_open(&exact, &p->net, BATCH);
    ref_forward(&exact, parameters, x);
    ref_backward(&exact, parameters, targets, unused, NULL);
    test_bound_open(&bound, &exact);
    test_bound_forward(&bound, parameters);
    test_bound_backward(&bound, parameters, targets, error, dx);
    test_bound_close(&bound);
    ref_pass_close(&exact);
    free(parameters), free(x), free(targets), free(unused), free(dx);
    return error;
}

/* Only the order of the sums over samples differs: two results within a bound of the same exact one. */
static void check_gradients(const struct pass *p, const struct pass *q, const char *what) {
    double *error = gradient_bound(p), *expected = test_widen(p->gradients, p->parameter_count);
    for (size_t i = 0; i < p->parameter_count; i++)
        error[i] *= 2;
    cr_assert(test_within(q->gradients, expected, error, p->parameter_count, "%s", what));
    free(error), free(expected);
}

static void check_permutation(tp_context *context, tp_activation hidden, struct test_head head) {
    struct pass p, q;
    open_pass(&p, context, hidden, head);
    open_pass(&q, context, hidden, head);
    permute(q.x, p.x, p.in);
    permute(q.targets, p.targets, p.out);
    run(&p);
    run(&q);
    float *y = tp_test_floats(BATCH * p.out), *dx = tp_test_floats(BATCH * p.in);
    permute(y, p.y, p.out);
    permute(dx, p.dx, p.in);
    const char *name = test_net_name(&p.net);
    cr_assert(tp_test_same_bits(y, q.y, BATCH * p.out, "%s y", name));
    cr_assert(tp_test_same_bits(dx, q.dx, BATCH * p.in, "%s dx", name));
    check_gradients(&p, &q, name);
    free(y), free(dx);
    close_pass(&p), close_pass(&q);
}

Test(properties, samples_may_come_in_any_order) {
    for_every_net(check_permutation);
}

static void check_split(tp_context *context, tp_activation hidden, struct test_head head) {
    struct pass p;
    open_pass(&p, context, hidden, head);
    run(&p);
    float *y = tp_test_floats(BATCH * p.out);
    tp_workspace *w = workspace(&p, TP_MODE_INFERENCE);
    for (size_t part = 1; part <= BATCH; part++) {
        memset(y, 0xff, BATCH * p.out * sizeof *y);
        for (size_t i = 0; i < BATCH; i += part)
            forward(&p, w, part < BATCH - i ? part : BATCH - i, p.x + i * p.in, y + i * p.out);
        cr_assert(tp_test_same_bits(p.y, y, BATCH * p.out, "%s by %zu", test_net_name(&p.net), part));
    }
    tp_workspace_destroy(w);
    free(y);
    close_pass(&p);
}

Test(properties, inference_may_be_split) {
    for_every_net(check_split);
}

/* n columns in rows of n + WIDE, the gaps NaN. */
static float *spread(const float *rows, size_t n) {
    float *wide = tp_test_guarded(BATCH * (n + WIDE), 4);
    for (size_t i = 0; i < BATCH; i++)
        memcpy(wide + i * (n + WIDE), rows + i * n, n * sizeof *rows);
    return wide;
}

static void check_padding(tp_context *context, tp_activation hidden, struct test_head head) {
    struct pass p;
    open_pass(&p, context, hidden, head);
    run(&p);
    float *x = spread(p.x, p.in), *dx = spread(p.dx, p.in), *y = spread(p.y, p.out), *values = spread(p.targets, p.out);
    float *far_y = tp_test_guarded(BATCH * (p.out + WIDE), 8), *far_dx = tp_test_guarded(BATCH * (p.in + WIDE), 8);
    float *gradients = tp_test_floats(p.parameter_count);
    tp_workspace *w = workspace(&p, TP_MODE_TRAINING);
    const tp_targets targets = {.values = values, .ld = p.out + WIDE};
    cr_assert_eq(tp_forward(p.model, w, BATCH, x, p.in + WIDE, far_y, p.out + WIDE), TP_OK);
    cr_assert_eq(tp_backward(p.model, w, &targets, gradients, far_dx, p.in + WIDE, NULL), TP_OK);
    cr_assert(tp_test_same_bits(y, far_y, BATCH * (p.out + WIDE), "%s y", test_net_name(&p.net)));
    cr_assert(tp_test_same_bits(dx, far_dx, BATCH * (p.in + WIDE), "%s dx", test_net_name(&p.net)));
    cr_assert(tp_test_same_bits(p.gradients, gradients, p.parameter_count, "%s", test_net_name(&p.net)));
    tp_workspace_destroy(w);
    float *guarded[] = {x, dx, y, values, far_y, far_dx};
    for (size_t i = 0; i < sizeof guarded / sizeof *guarded; i++)
        tp_test_guarded_free(guarded[i]);
    free(gradients);
    close_pass(&p);
}

Test(properties, rows_may_be_apart) {
    for_every_net(check_padding);
}

/* --------------------------------------------------------------------------------------------------------- the scale
 */

static void scale(float *x, size_t n, float factor) {
    for (size_t i = 0; i < n; i++)
        x[i] *= factor;
}

/* Backward is linear in dJ/dA_L, exactly so for powers of two (positive ones, because of zeros and their signs). */
static void check_linearity(tp_context *context, tp_activation hidden, struct test_head head) {
    struct pass p, q;
    open_pass(&p, context, hidden, head);
    run_from(&p);
    for (int exponent = -20; exponent <= 20; exponent += 8) {
        const float factor = ldexpf(1, exponent);
        open_pass(&q, context, hidden, head);
        scale(q.dy, BATCH * q.out, factor);
        run_from(&q);
        scale(q.gradients, q.parameter_count, 1 / factor);
        scale(q.dx, BATCH * q.in, 1 / factor);
        const char *name = test_net_name(&p.net);
        cr_assert(tp_test_same_bits(p.gradients, q.gradients, p.parameter_count, "%s 2^%d", name, exponent));
        cr_assert(tp_test_same_bits(p.dx, q.dx, BATCH * p.in, "%s dx 2^%d", name, exponent));
        close_pass(&q);
    }
    close_pass(&p);
}

Test(properties, backward_is_linear) {
    for_every_net(check_linearity);
}

/* f(s z) = s f(z) for s > 0: so a layer's weights may be scaled, and the biases from there on. */
static bool is_homogeneous(tp_activation activation) {
    return activation == TP_ACTIVATION_IDENTITY || activation == TP_ACTIVATION_RELU ||
           activation == TP_ACTIVATION_LEAKY_RELU;
}

static void check_homogeneity(tp_context *context, tp_activation hidden, struct test_head head) {
    if (!is_homogeneous(hidden) || !is_homogeneous(head.activation))
        return;
    struct pass p, q;
    open_pass(&p, context, hidden, head);
    run_from(&p);
    for (size_t layer = 1; layer <= p.net.layers; layer++) {
        const float factor = 0x1p-6f;
        open_pass(&q, context, hidden, head);
        scale(q.parameters + ref_weight_offset(&q.net, layer), widths[layer - 1] * widths[layer], factor);
        for (size_t l = layer; l <= q.net.layers; l++)
            scale(q.parameters + ref_bias_offset(&q.net, l), widths[l], factor);
        cr_assert_eq(tp_model_set_parameters(q.model, q.parameters, q.parameter_count), TP_OK);
        run_from(&q);
        scale(q.y, BATCH * q.out, 1 / factor);
        scale(q.dx, BATCH * q.in, 1 / factor);
        const char *name = test_net_name(&p.net);
        cr_assert(tp_test_same_bits(p.y, q.y, BATCH * p.out, "%s layer %zu", name, layer));
        cr_assert(tp_test_same_bits(p.dx, q.dx, BATCH * p.in, "%s dx layer %zu", name, layer));
        close_pass(&q);
    }
    close_pass(&p);
}

Test(properties, weights_scale_outputs) {
    for_every_net(check_homogeneity);
}

/* ----------------------------------------------------------------------------------------------------------- softmax
 */

/*
 * One layer with softmax: probabilities sum to 1, and as adding the same to all logits changes nothing, the gradient's
 * rows over the classes sum to 0. With the bias gradient d of a sample: |sum d| <= (n + 8) u sum |d| for the sum of n
 * terms in double of numbers that are rounded a few times each, and for the Jacobian |sum d| <= (n + 8) u sum |a dy|.
 */
static void check_softmax(tp_context *context, tp_loss loss) {
    const size_t one[] = {6, 23};
    const struct ref_net net =
        test_net(0, one, TP_ACTIVATION_IDENTITY, (struct test_head){TP_ACTIVATION_SOFTMAX, loss});
    float parameters[6 * 23 + 23], gradients[6 * 23 + 23], x[6], y[23], targets[23];
    tp_test_fill(parameters, 6 * 23 + 23, 1, -4, 4);
    tp_model *model = test_model(context, &net, parameters);
    tp_workspace *w = NULL;
    cr_assert_eq(tp_workspace_create(model, TEST_WORKSPACE(1, TP_MODE_TRAINING), NULL, 0, &w), TP_OK);
    for (uint64_t sample = 0; sample < 50; sample++) {
        tp_test_fill(x, 6, 10 + sample, -1, 1);
        test_fill_targets(targets, &net, 1, 70 + sample);
        const tp_targets t = {.values = targets, .ld = 23};
        cr_assert_eq(tp_forward(model, w, 1, x, 6, y, 23), TP_OK);
        cr_assert_eq(tp_backward(model, w, &t, gradients, NULL, 0, NULL), TP_OK);
        double probability = 0, sum = 0, size = 0;
        for (size_t j = 0; j < 23; j++) {
            const double d = (double)gradients[6 * 23 + j], a = (double)y[j], target = (double)targets[j];
            probability += a;
            sum += d;
            size += loss == TP_LOSS_CCE ? a + fabs(target) : a * (fabs(a) + fabs(target));
        }
        cr_expect(fabs(probability - 1) <= (23 + 8) * TEST_U, "probabilities sum to 1 + %g", probability - 1);
        cr_expect(fabs(sum) <= (23 + 8) * TEST_U * size, "%s: the gradients sum to %g", tp_loss_name(loss), sum);
    }
    tp_workspace_destroy(w);
    tp_model_destroy(model);
}

Test(properties, softmax_does_not_see_a_common_shift) {
    for (int i = 0; i < tp_test_isa_count(); i++) {
        tp_context *context = tp_test_context(tp_test_isa(i), 1);
        check_softmax(context, TP_LOSS_CCE);
        check_softmax(context, TP_LOSS_MSE);
        tp_context_destroy(context);
    }
}
