/* SPDX-License-Identifier: BSD-3-Clause */
/* Writes models as ONNX files into the working directory, and beside each as arrays of f32 samples and what the library
 * predicts for them. */
#include "support/onnx_nets.h"

#include "support/require.h"

#include <string.h>

#define SAMPLES 1000
#define MOST_OUTPUTS 8

static const char *file_of(const char *name, const char *suffix) {
    static char path[64];
    snprintf(path, sizeof path, "%s%s", name, suffix);
    return path;
}

static void write_floats(const char *path, const float *floats, size_t count) {
    FILE *file = fopen(path, "wb");
    require(file && fwrite(floats, sizeof *floats, count, file) == count && !fclose(file));
}

/* In the units that scaling is from. */
static void fill_samples(const tp_model *model, float *x) {
    tp_model_options options;
    require(!tp_model_describe(model, &options));
    const tp_scaling *scaling = &options.inputs_scaled;
    tp_test_fill(x, SAMPLES * options.inputs, 1, -2, 2);
    for (size_t i = 0; scaling->count && i < SAMPLES * options.inputs; i++) {
        const size_t at = scaling->count == 1 ? 0 : i % options.inputs;
        x[i] = (float)((double)x[i] * scaling->deviation[at] + scaling->mean[at]);
    }
}

static void predict(const tp_model *model, const float *x, float *y) {
    tp_workspace *workspace = NULL;
    const tp_data data = {.floats = x, .features = TP_TEST_ONNX_INPUTS, .samples = SAMPLES};
    const tp_outputs rows = {.floats = y};
    require(!tp_workspace_create(model, TEST_WORKSPACE(SAMPLES, TP_MODE_INFERENCE), NULL, 0, &workspace));
    require(!tp_predict(model, workspace, &data, &rows));
    tp_workspace_destroy(workspace);
}

static void write_model(tp_context *context, const tp_model *model, const char *name) {
    static float x[SAMPLES * TP_TEST_ONNX_INPUTS], y[SAMPLES * MOST_OUTPUTS];
    tp_output *output = NULL;
    tp_model_options options;
    require(!tp_model_describe(model, &options));
    const size_t outputs = options.layers[options.layer_count - 1].width;
    require(!tp_output_create(context, file_of(name, ".onnx"), &output) && !tp_model_export_onnx(model, output));
    tp_output_destroy(output);
    fill_samples(model, x);
    predict(model, x, y);
    write_floats(file_of(name, ".x"), x, SAMPLES * TP_TEST_ONNX_INPUTS);
    write_floats(file_of(name, ".y"), y, SAMPLES * outputs);
}

int main(void) {
    tp_context *context = tp_test_context(NULL, 1);
    const char *name;
    tp_model *model;
    for (size_t i = 0; (model = tp_test_onnx_net(context, i, &name)); i++) {
        write_model(context, model, name);
        tp_model_destroy(model);
    }
    tp_context_destroy(context);
    return 0;
}
