/* SPDX-License-Identifier: BSD-3-Clause */
/* With a library that was built without OpenMP: more threads than one may be asked for, and one is what there is. */
#include <tileprop/tileprop.h>

#include <stdio.h>
#include <string.h>

static int failures;

static void check(const char *what, int holds) {
    if (!holds) {
        printf("not so: %s\n", what);
        failures++;
    }
}

#define CHECK(condition) check(#condition, condition)

/* For eight threads as for one. */
static void check_workspace(tp_context *context) {
    const tp_layer layer = {.width = 64};
    tp_model_options options;
    tp_workspace_options one, eight;
    tp_model *model = NULL;
    tp_model_options_default(&options);
    tp_workspace_options_default(&one);
    options.inputs = 64, options.layer_count = 1, options.layers = &layer, options.loss = TP_LOSS_MSE;
    one.max_batch = 16, one.threads = 1;
    eight = one, eight.threads = 8;
    CHECK(tp_model_create(context, &options, &model) == TP_OK);
    CHECK(tp_workspace_size(model, &one) > 0);
    CHECK(tp_workspace_size(model, &one) == tp_workspace_size(model, &eight));
    tp_model_destroy(model);
}

int main(void) {
    tp_context_options options;
    tp_context *context = NULL;
    tp_context_options_default(&options);
    options.threads = 8;
    CHECK(tp_context_create(&options, &context) == TP_OK);
    CHECK(tp_context_threads(context) == 1);
    CHECK(tp_context_set_threads(context, 4096) == TP_OK);
    CHECK(tp_context_threads(context) == 1);
    CHECK(tp_context_set_threads(context, 0) == TP_OK);
    CHECK(tp_context_threads(context) == 1);
    CHECK(tp_context_set_threads(context, 4097) == TP_ERR_ARGUMENT);
    CHECK(context && strcmp(tp_context_machine(context)->threading, "none") == 0);
    check_workspace(context);
    tp_context_destroy(context);
    return failures != 0;
}
