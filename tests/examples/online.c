/* SPDX-License-Identifier: BSD-3-Clause */
/* Online training in a time loop: a simulation makes samples of a damped oscillator, a network learns after each step
 * how its state (position, velocity) changes until the next, and then predicts a motion on its own.
 *   cc online.c $(pkg-config --cflags --libs tileprop) -lm -o online */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <tileprop/tileprop.h>

enum { SAMPLES = 32, STEPS = 2000 };

static tp_context *context;

static void expect(tp_status status) {
    if (!status)
        return;
    char message[256];
    tp_context_message(context, message, sizeof message);
    fprintf(stderr, "%s: %s\n", tp_status_text(status), message);
    exit(1);
}

static void slope(const float *state, float *change) {
    change[0] = state[1];
    change[1] = -sinf(2 * state[0]) - 0.2f * state[1];
}

static float uniform(void) { /* -1..1 */
    static unsigned random = 1;
    random = random * 1664525 + 1013904223;
    return (float)(random >> 8) / 8388608 - 1;
}

int main(void) {
    const tp_layer layers[] = {{.width = 32, .activation = TP_ACTIVATION_TANH}, {.width = 2}};
    tp_model_options shape;
    tp_workspace_options room;
    tp_optimizer_options rule;
    tp_model_options_default(&shape);
    tp_workspace_options_default(&room);
    tp_optimizer_options_default(&rule);
    shape.inputs = 2, shape.layer_count = 2, shape.layers = layers, shape.loss = TP_LOSS_MSE;
    room.max_batch = SAMPLES, room.mode = TP_MODE_TRAINING;
    rule.learning_rate = 0.01f;
    tp_model *model = NULL;
    tp_workspace *workspace = NULL;
    tp_optimizer *optimizer = NULL;
    expect(tp_context_create(NULL, &context));
    expect(tp_model_create(context, &shape, &model));
    expect(tp_workspace_create(model, &room, NULL, 0, &workspace));
    expect(tp_optimizer_create(model, &rule, NULL, 0, &optimizer));

    float state[SAMPLES][2], change[SAMPLES][2];
    double first = 0, last = 0;
    for (int step = 1; step <= STEPS; step++) {
        for (int i = 0; i < SAMPLES; i++) {
            state[i][0] = uniform(), state[i][1] = uniform();
            slope(state[i], change[i]);
        }
        tp_score score;
        const tp_targets targets = {.values = change[0], .ld = 2};
        if (step == STEPS / 2)
            expect(tp_optimizer_set_learning_rate(optimizer, 0.001f));
        expect(tp_train_step(model, workspace, optimizer, SAMPLES, state[0], 2, &targets, &score));
        *(step <= STEPS / 2 ? &first : &last) += score.loss / (STEPS / 2);
    }
    float path[2] = {0.8f, 0}, truth[2] = {0.8f, 0}, guess[2], right[2];
    for (int step = 0; step < 20; step++) {
        expect(tp_forward(model, workspace, 1, path, 2, guess, 2));
        slope(truth, right);
        for (int i = 0; i < 2; i++)
            path[i] += 0.1f * guess[i], truth[i] += 0.1f * right[i];
    }
    printf("mean loss %.1e, then %.1e; predicted %.3f %.3f, true %.3f %.3f\n", first, last, (double)path[0],
           (double)path[1], (double)truth[0], (double)truth[1]);
    tp_optimizer_destroy(optimizer), tp_workspace_destroy(workspace), tp_model_destroy(model);
    tp_context_destroy(context);
    return last > first / 20 || fabsf(path[0] - truth[0]) > 0.05f || fabsf(path[1] - truth[1]) > 0.05f;
}
