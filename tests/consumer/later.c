/* SPDX-License-Identifier: BSD-3-Clause */
/* Compiled for a later version of the header, whose structs have a field more: every one is refused. */
#include <tileprop/tileprop.h>

#include <stddef.h>
#include <stdio.h>

static int failures;

static void check(const char *what, tp_status status, tp_status expected) {
    if (status != expected) {
        printf("%s: %s\n", what, tp_status_text(status));
        failures++;
    }
}

#define REFUSED(call) check(#call, call, TP_ERR_UNSUPPORTED)
#define WORKS(call) check(#call, call, TP_OK)

int main(void) {
    const float x[4] = {0, 1, 2, 3}, dy[4] = {0};
    tp_layer layer = {.width = 1};
    tp_context_options context_options;
    tp_model_options model_options;
    tp_workspace_options workspace_options;
    tp_optimizer_options optimizer_options;
    tp_train_options train_options;
    tp_context *context = NULL;
    tp_model *model = NULL;
    tp_workspace *workspace = NULL;
    tp_optimizer *optimizer = NULL;
    tp_trainer *trainer = NULL;
    tp_packed *packed = NULL;
    tp_score score;
    tp_context_options_default(&context_options);
    tp_model_options_default(&model_options);
    tp_workspace_options_default(&workspace_options);
    tp_optimizer_options_default(&optimizer_options);
    tp_train_options_default(&train_options);
    REFUSED(tp_context_create(&context_options, &context));
    WORKS(tp_context_create(NULL, &context));
    model_options.inputs = model_options.layer_count = 1, model_options.layers = &layer;
    model_options.loss = TP_LOSS_MSE;
    REFUSED(tp_model_create(context, &model_options, &model));
    model_options.struct_size = offsetof(tp_model_options, of_a_later_version);
    REFUSED(tp_model_create(context, &model_options, &model));
    model_options.layer_size = offsetof(tp_layer, of_a_later_version);
    WORKS(tp_model_create(context, &model_options, &model));
    REFUSED(tp_workspace_create(model, &workspace_options, NULL, 0, &workspace));
    workspace_options.struct_size = offsetof(tp_workspace_options, of_a_later_version);
    workspace_options.mode = TP_MODE_TRAINING;
    WORKS(tp_workspace_create(model, &workspace_options, NULL, 0, &workspace));
    REFUSED(tp_optimizer_create(model, &optimizer_options, NULL, 0, &optimizer));
    const tp_data data = {.samples = 2, .features = 1, .floats = x, .values = x, .outputs = 1};
    const tp_data later_data = {.struct_size = sizeof later_data, .samples = 2};
    REFUSED(tp_trainer_create(model, &data, &train_options, NULL, 0, &trainer));
    REFUSED(tp_evaluate(model, workspace, &later_data, &score, NULL));
    WORKS(tp_evaluate(model, workspace, &data, &score, NULL));
    WORKS(tp_forward(model, workspace, 1, x, 1, NULL, 0));
    const tp_targets targets = {.struct_size = sizeof targets, .values = dy, .ld = 1};
    REFUSED(tp_loss_value(model, workspace, &targets, &score));
    const tp_epilogue epilogue = {.struct_size = sizeof epilogue};
    float c[4];
    WORKS(tp_packed_create(context, TP_TRANSPOSE_NO, 1, 1, x, 1, NULL, 0, &packed));
    REFUSED(tp_sgemm_packed(context, TP_TRANSPOSE_NO, 1, 1, x, 1, packed, 0, &epilogue, c, 1, NULL, 0));
    tp_packed_destroy(packed);
    tp_workspace_destroy(workspace);
    tp_model_destroy(model);
    tp_context_destroy(context);
    puts(failures ? "more fields: not as they should" : "more fields: refused");
    return failures != 0;
}
