/* SPDX-License-Identifier: BSD-3-Clause */
/* An optimiser of your own on the flat parameters: L-BFGS from liblbfgs (Debian: liblbfgs-dev), which computes in
 * double, fits sin(3 x) with losses and gradients from the library.
 *   cc lbfgs.c $(pkg-config --cflags --libs tileprop liblbfgs) -lm -o lbfgs */
#include <lbfgs.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <tileprop/tileprop.h>

enum { SAMPLES = 64 };

struct problem {
    tp_model *model;
    tp_workspace *workspace;
    float *parameters, *gradients, x[SAMPLES], y[SAMPLES];
    int evaluations;
};

static tp_context *context;

static void expect(tp_status status) {
    if (!status)
        return;
    char message[256];
    tp_context_message(context, message, sizeof message);
    fprintf(stderr, "%s: %s\n", tp_status_text(status), message);
    exit(1);
}

static double evaluate(void *user, const double *at, double *slope, int count, double step) {
    (void)step;
    struct problem *problem = user;
    const tp_targets targets = {.values = problem->y, .ld = 1};
    tp_score score;
    for (int i = 0; i < count; i++)
        problem->parameters[i] = (float)at[i];
    expect(tp_model_set_parameters(problem->model, problem->parameters, (size_t)count));
    expect(tp_forward(problem->model, problem->workspace, SAMPLES, problem->x, 1, NULL, 1));
    expect(tp_backward(problem->model, problem->workspace, &targets, problem->gradients, NULL, 0, &score));
    for (int i = 0; i < count; i++)
        slope[i] = (double)problem->gradients[i];
    problem->evaluations++;
    return score.loss;
}

int main(void) {
    const tp_layer layers[] = {{.width = 16, .activation = TP_ACTIVATION_TANH}, {.width = 1}};
    tp_model_options shape;
    tp_workspace_options room;
    lbfgs_parameter_t options;
    tp_model_options_default(&shape), tp_workspace_options_default(&room), lbfgs_parameter_init(&options);
    shape.inputs = 1, shape.layer_count = 2, shape.layers = layers, shape.loss = TP_LOSS_MSE;
    room.max_batch = SAMPLES, room.mode = TP_MODE_TRAINING, options.epsilon = 3e-5; /* gradients are floats */
    struct problem problem = {0};
    for (int i = 0; i < SAMPLES; i++)
        problem.x[i] = 2 * (float)i / (SAMPLES - 1) - 1, problem.y[i] = sinf(3 * problem.x[i]);
    expect(tp_context_create(NULL, &context));
    expect(tp_model_create(context, &shape, &problem.model));
    expect(tp_workspace_create(problem.model, &room, NULL, 0, &problem.workspace));
    const size_t count = tp_model_parameter_count(problem.model);
    double *at = lbfgs_malloc((int)count), *slope = lbfgs_malloc((int)count);
    problem.parameters = malloc(count * sizeof(float)), problem.gradients = malloc(count * sizeof(float));
    if (!at || !slope || !problem.parameters || !problem.gradients)
        return 1;
    expect(tp_model_get_parameters(problem.model, problem.parameters, count));
    for (size_t i = 0; i < count; i++)
        at[i] = (double)problem.parameters[i];
    const double first = evaluate(&problem, at, slope, (int)count, 0);
    const int result = lbfgs((int)count, at, NULL, evaluate, NULL, &problem, &options);
    const double last = evaluate(&problem, at, slope, (int)count, 0); /* the model gets the result */
    printf("liblbfgs returned %d; %d evaluations; loss %.3f, then %.1e\n", result, problem.evaluations, first, last);
    lbfgs_free(at), lbfgs_free(slope), free(problem.parameters), free(problem.gradients);
    tp_workspace_destroy(problem.workspace), tp_model_destroy(problem.model), tp_context_destroy(context);
    return result < 0 || last > first / 10000;
}
