/* SPDX-License-Identifier: BSD-3-Clause */
/* Regression in physical units: vapour pressure and density of moist air by its pressure, temperature and humidity.
 * Samples and predictions are doubles; the model scales each column of the table by its own mean and deviation.
 *   cc regression.c $(pkg-config --cflags --libs tileprop) -lm -o regression */
#include <math.h>
#include <stdio.h>
#include <tileprop/tileprop.h>

enum { TRAINING = 4096, HELD_OUT = 1024, INPUTS = 3, OUTPUTS = 2, COLUMNS = INPUTS + OUTPUTS };

static double table[TRAINING + HELD_OUT][COLUMNS], predicted[HELD_OUT][OUTPUTS], mean[COLUMNS], deviation[COLUMNS];

static void fill_row(double *row, int i) {
    row[0] = 90000 + 15000 * fmod(i * 0.8191725134, 1);                          /* pressure in Pa */
    row[1] = 253 + 60 * fmod(i * 0.6710436067, 1);                               /* temperature in K */
    row[2] = fmod(i * 0.5497004779, 1);                                          /* relative humidity */
    row[3] = row[2] * 611.2 * exp(17.62 * (row[1] - 273.15) / (row[1] - 30.03)); /* vapour pressure in Pa */
    row[4] = (row[0] - 0.378 * row[3]) / (287.05 * row[1]);                      /* density in kg/m3 */
}

static void find_scaling(int column) {
    double squares = 0;
    for (int i = 0; i < TRAINING; i++)
        mean[column] += table[i][column] / TRAINING, squares += pow(table[i][column], 2) / TRAINING;
    deviation[column] = sqrt(squares - pow(mean[column], 2));
}

static double rms_error(int output) {
    double squares = 0;
    for (int i = 0; i < HELD_OUT; i++)
        squares += pow(predicted[i][output] - table[TRAINING + i][INPUTS + output], 2) / HELD_OUT;
    return sqrt(squares);
}

static void report(void *user, tp_status status, const char *message) {
    fprintf(user, "%s: %s\n", tp_status_text(status), message);
}

static int progress(void *user, const tp_epoch *epoch) {
    return fprintf(user, "loss %.1e, validation %.1e\n", epoch->train.loss, epoch->validation.loss) < 0;
}

int main(void) {
    for (int i = 0; i < TRAINING + HELD_OUT; i++)
        fill_row(table[i], i);
    for (int column = 0; column < COLUMNS; column++)
        find_scaling(column);
    const tp_layer layers[] = {{.width = 32, .activation = TP_ACTIVATION_TANH}, {.width = OUTPUTS}};
    tp_data training = {.samples = TRAINING, .features = INPUTS, .outputs = OUTPUTS, .doubles = table[0]};
    training.double_values = table[0] + INPUTS;
    training.sample_stride = COLUMNS, training.value_stride = 1;
    training.target_sample_stride = COLUMNS, training.target_stride = 1;
    tp_data held_out = training;
    held_out.samples = HELD_OUT, held_out.doubles = table[TRAINING], held_out.double_values = table[TRAINING] + INPUTS;
    tp_context_options machine;
    tp_model_options shape;
    tp_train_options options;
    tp_workspace_options room;
    tp_context_options_default(&machine), tp_model_options_default(&shape);
    tp_train_options_default(&options), tp_workspace_options_default(&room);
    machine.message = report, machine.message_user = stderr, room.max_batch = 256;
    shape.inputs = INPUTS, shape.layer_count = 2, shape.layers = layers, shape.loss = TP_LOSS_MSE;
    shape.inputs_scaled = (tp_scaling){INPUTS, mean, deviation};
    shape.outputs_scaled = (tp_scaling){OUTPUTS, mean + INPUTS, deviation + INPUTS};
    options.batch = 8, options.optimizer.learning_rate = 0.02f, options.validation = &held_out;
    options.on_epoch = progress, options.user = stdout;
    tp_context *context;
    tp_model *model;
    tp_trainer *trainer;
    tp_workspace *workspace;
    if (tp_context_create(&machine, &context) || tp_model_create(context, &shape, &model) ||
        tp_trainer_create(model, &training, &options, NULL, 0, &trainer) || tp_trainer_run(trainer) ||
        tp_workspace_create(model, &room, NULL, 0, &workspace) ||
        tp_predict(model, workspace, &held_out, &(tp_outputs){.doubles = predicted[0]}))
        return 1; /* report has said why */
    printf("RMS error: vapour pressure %.2f Pa, density %.5f kg/m3\n", rms_error(0), rms_error(1));
    tp_workspace_destroy(workspace), tp_trainer_destroy(trainer), tp_model_destroy(model), tp_context_destroy(context);
    return rms_error(0) < 40 && rms_error(1) < 0.0015 ? 0 : 1;
}
