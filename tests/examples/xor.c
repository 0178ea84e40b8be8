/* SPDX-License-Identifier: BSD-3-Clause */
/* The smallest whole program: a network with one hidden layer of 8 units learns XOR.
 *   cc xor.c $(pkg-config --cflags --libs tileprop) -o xor */
#include <stdio.h>
#include <tileprop/tileprop.h>

static void report(void *user, tp_status status, const char *message) {
    fprintf(user, "%s: %s\n", tp_status_text(status), message);
}

int main(void) {
    const float x[] = {0, 0, 0, 1, 1, 0, 1, 1};
    const tp_data data = {.samples = 4, .features = 2, .floats = x, .classes = (const int32_t[]){0, 1, 1, 0}};
    const tp_layer layers[] = {{.width = 8, .activation = TP_ACTIVATION_TANH},
                               {.width = 2, .activation = TP_ACTIVATION_SOFTMAX}};
    tp_context_options machine;
    tp_model_options shape;
    tp_train_options options;
    tp_workspace_options room;
    tp_context_options_default(&machine);
    tp_model_options_default(&shape);
    tp_train_options_default(&options);
    tp_workspace_options_default(&room);
    machine.message = report, machine.message_user = stderr;
    shape.inputs = 2, shape.layer_count = 2, shape.layers = layers;
    options.epochs = 200, options.optimizer.learning_rate = 0.05f, room.max_batch = 4;
    tp_context *context = NULL;
    tp_model *model = NULL;
    tp_trainer *trainer = NULL;
    tp_workspace *workspace = NULL;
    float y[4][2];
    if (tp_context_create(&machine, &context) || tp_model_create(context, &shape, &model) ||
        tp_trainer_create(model, &data, &options, NULL, 0, &trainer) || tp_trainer_run(trainer) ||
        tp_workspace_create(model, &room, NULL, 0, &workspace) || tp_forward(model, workspace, 4, x, 2, y[0], 2))
        return 1; /* report has said why */
    for (int i = 0; i < 4; i++)
        printf("%g xor %g is 1 with probability %.3f\n", (double)x[2 * i], (double)x[2 * i + 1], (double)y[i][1]);
    tp_workspace_destroy(workspace), tp_trainer_destroy(trainer), tp_model_destroy(model), tp_context_destroy(context);
    return y[0][0] > 0.9f && y[1][1] > 0.9f && y[2][1] > 0.9f && y[3][0] > 0.9f ? 0 : 1;
}
