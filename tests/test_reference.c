/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The oracle's gradients against differences of its own loss, in double precision, for every activation, loss and
 * depth.
 *
 * Fourth-order central differences, (8 (f(h) - f(-h)) - (f(2h) - f(-2h))) / 12h with h = 5e-5: the truncation h^4
 * f'''''/30 is below 1e-17, the rounding of f (about 1e-16) contributes up to about 1e-16 / h = 2e-12. FLOOR covers
 * that.
 *
 * ReLU and leaky ReLU are not differentiable at 0, so the data are drawn again until every |z| of such a layer is at
 * least MARGIN. A step of 2h in an input moves z of the deepest layer by at most 2h * 5 * 4 * 6 = 1.2e-2 (weights and
 * inputs are below 1 in magnitude), and a step in a parameter by less, so that no step crosses a kink. The losses
 * that bend where an error a - y is 0 (MAE) or delta (Huber) are kept off there likewise: a moves by no more than z.
 */
#include "support/nets.h"
#include "support/support.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

#define STEP 5e-5
#define MARGIN 0.013
#define TOLERANCE 1e-6
#define FLOOR 1e-11
#define BATCH 3

static const size_t shapes[4][5] = {{3, 4}, {3, 5, 4}, {3, 5, 4, 4}, {3, 5, 4, 6, 4}};

struct problem {
    struct ref_pass pass;
    size_t parameters, inputs;
    double *parameter, *x, *y, *weights;
    const double *linear; /* not NULL: J = sum linear * A_L instead of the loss */
};

static double *widen_all(float *narrow, size_t n) {
    double *x = test_widen(narrow, n);
    free(narrow);
    return x;
}

static double *uniform(size_t n, uint64_t seed) {
    float *narrow = tp_test_floats(n);
    tp_test_fill(narrow, n, seed, -1, 1);
    return widen_all(narrow, n);
}

static double *draw_parameters(const struct ref_net *net, uint64_t seed) {
    const size_t n = ref_parameter_count(net);
    float *narrow = tp_test_floats(n);
    tp_test_fill(narrow, n, seed, -1, 1);
    test_lower_biases(net, narrow);
    return widen_all(narrow, n);
}

static bool has_kink(tp_activation activation) {
    return activation == TP_ACTIVATION_RELU || activation == TP_ACTIVATION_LEAKY_RELU ||
           activation == TP_ACTIVATION_ELU; /* its alpha is not 1 */
}

/* Of the loss, by the error of one output. */
static double distance_to_bend(const struct ref_net *net, double error) {
    return net->loss == TP_LOSS_MAE     ? fabs(error)
           : net->loss == TP_LOSS_HUBER ? fabs(fabs(error) - net->huber_delta)
                                        : INFINITY;
}

static double distance_to_kink(const struct ref_pass *pass, const double *targets) {
    const size_t last = pass->net.layers;
    double distance = INFINITY;
    for (size_t i = 0; i < pass->batch * pass->net.width[last]; i++)
        distance = fmin(distance, distance_to_bend(&pass->net, pass->a[last][i] - targets[i]));
    for (size_t l = 1; l <= pass->net.layers; l++)
        for (size_t i = 0; has_kink(pass->net.activation[l]) && i < pass->batch * pass->net.width[l]; i++)
            distance = fmin(distance, fabs(pass->z[l][i]));
    return distance;
}

static void draw(struct problem *problem, uint64_t seed) {
    free(problem->parameter);
    free(problem->x);
    problem->parameter = draw_parameters(&problem->pass.net, seed);
    problem->x = uniform(problem->inputs, seed + 1);
    ref_forward(&problem->pass, problem->parameter, problem->x);
}

static void open_problem(struct problem *problem, const struct ref_net *net, bool weighted) {
    *problem = (struct problem){.parameters = ref_parameter_count(net), .inputs = BATCH * net->width[0]};
    ref_pass_open(&problem->pass, net, BATCH);
    test_draw_dropout(&problem->pass, 1, 1);
    problem->weights = tp_test_doubles(BATCH);
    for (size_t i = 0; i < BATCH; i++)
        problem->weights[i] = (double)i / 2; /* the first one is 0 */
    problem->pass.weights = weighted ? problem->weights : NULL;
    const size_t n = BATCH * net->width[net->layers];
    float *y = tp_test_floats(n);
    test_fill_targets(y, net, BATCH, 77);
    problem->y = test_widen(y, n);
    free(y);
    uint64_t seed = 0;
    do {
        draw(problem, seed += 2);
        cr_assert(seed < 4000, "no data away from the kinks");
    } while (distance_to_kink(&problem->pass, problem->y) < MARGIN);
}

static void close_problem(struct problem *problem) {
    ref_pass_close(&problem->pass);
    free(problem->parameter);
    free(problem->x);
    free(problem->y);
    free(problem->weights);
}

static double objective(struct problem *problem) {
    ref_forward(&problem->pass, problem->parameter, problem->x);
    if (!problem->linear)
        return ref_loss(&problem->pass, problem->y);
    const size_t last = problem->pass.net.layers;
    double sum = 0;
    for (size_t i = 0; i < BATCH * problem->pass.net.width[last]; i++)
        sum += problem->linear[i] * problem->pass.a[last][i];
    return sum;
}

static double moved(struct problem *problem, double *variable, double distance) {
    const double saved = *variable;
    *variable = saved + distance;
    const double value = objective(problem);
    *variable = saved;
    return value;
}

static double difference(struct problem *problem, double *variable) {
    const double one = moved(problem, variable, STEP) - moved(problem, variable, -STEP);
    const double two = moved(problem, variable, 2 * STEP) - moved(problem, variable, -2 * STEP);
    return (8 * one - two) / (12 * STEP);
}

static void check(struct problem *problem, double *variables, const double *gradient, size_t n, const char *what) {
    for (size_t i = 0; i < n; i++) {
        const double expected = difference(problem, &variables[i]);
        const double scale = fmax(fabs(expected), fabs(gradient[i]));
        cr_assert(fabs(expected - gradient[i]) <= TOLERANCE * scale + FLOOR, "%s: %s %zu: %.15g by differences, %.15g",
                  test_net_name(&problem->pass.net), what, i, expected, gradient[i]);
    }
}

static void check_problem(struct problem *problem) {
    double *gradients = tp_test_doubles(problem->parameters);
    double *dx = tp_test_doubles(problem->inputs);
    ref_forward(&problem->pass, problem->parameter, problem->x);
    if (problem->linear)
        ref_backward_from(&problem->pass, problem->parameter, problem->linear, gradients, dx);
    else
        ref_backward(&problem->pass, problem->parameter, problem->y, gradients, dx);
    check(problem, problem->parameter, gradients, problem->parameters, "parameter");
    check(problem, problem->x, dx, problem->inputs, "input");
    free(gradients);
    free(dx);
}

static void check_net(const struct ref_net *net, bool linear, bool weighted) {
    struct problem problem;
    open_problem(&problem, net, weighted);
    double *direction = uniform(BATCH * net->width[net->layers], 5);
    problem.linear = linear ? direction : NULL;
    check_problem(&problem);
    free(direction);
    close_problem(&problem);
}

static void check_with_dropout(struct ref_net net, bool linear) {
    test_set_dropout(&net);
    check_net(&net, linear, false);
}

static void check_depth(size_t depth, bool linear) {
    for (size_t head = 0; head < TEST_HEADS; head++) {
        for (size_t hidden = 0; hidden < (depth ? TEST_HIDDEN : 1); hidden++) {
            struct ref_net net = test_net(depth, shapes[depth], test_hidden[hidden], test_heads[head]);
            check_net(&net, linear, false);
            check_net(&net, linear, true);
            if (depth == 1)
                check_with_dropout(net, linear);
            net.label_smoothing = (double)TEST_SMOOTHING;
            if (test_smooths(&net))
                check_net(&net, linear, true);
        }
    }
}

Test(reference, gradients_without_hidden_layer) {
    check_depth(0, false);
}

Test(reference, gradients_one_hidden_layer) {
    check_depth(1, false);
}

Test(reference, gradients_two_hidden_layers) {
    check_depth(2, false);
}

Test(reference, gradients_three_hidden_layers) {
    check_depth(3, false);
}

Test(reference, gradients_of_a_linear_loss) {
    for (size_t depth = 0; depth <= 3; depth++)
        check_depth(depth, true);
}

/* With a constant gradient m / (1 - b1^t) = g and sqrt(s) / c = |g|, so every Adam step is rate * g / (|g| + eps). */
Test(reference, adam_with_constant_gradient) {
    const struct ref_net net = test_net(0, shapes[0], TP_ACTIVATION_IDENTITY, test_heads[0]);
    const size_t n = ref_parameter_count(&net);
    tp_optimizer_options options;
    tp_optimizer_options_default(&options);
    struct ref_optimizer optimizer;
    ref_optimizer_open(&optimizer, &options, n);
    double *gradients = uniform(n, 3), *parameters = tp_test_doubles(n);
    for (int t = 1; t <= 20; t++) {
        ref_optimizer_step(&optimizer, &net, parameters, gradients);
        for (size_t i = 0; i < n; i++) {
            const double g = gradients[i];
            const double expected = -t * (double)options.learning_rate * g / (fabs(g) + (double)options.epsilon);
            cr_assert_float_eq(parameters[i], expected, 1e-12);
        }
    }
    free(gradients);
    free(parameters);
    ref_optimizer_close(&optimizer);
}
