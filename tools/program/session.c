/* SPDX-License-Identifier: BSD-3-Clause */
#include "session.h"

#include "../../src/table/loss_task.h"
#include "command.h"
#include "foreign.h"
#include "inference.h"
#include "nearest.h"
#include "report.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static _Thread_local char **diverted;

void session_divert(char **message) {
    diverted = message;
}

/* Errors are kept for session_check; a note is something that succeeded but the user should know. */
static void receive_message(void *user, tp_status status, const char *message) {
    struct session *session = user;
    if (status == TP_OK) {
        if (!session->silent)
            complain("note: %s", message);
        return;
    }
    char **const kept = diverted ? diverted : &session->message;
    free(*kept);
    *kept = strdup(message);
}

const char *session_message(const struct session *session, tp_status status) {
    return session->message ? session->message : tp_status_text(status);
}

int session_check(const struct session *session, tp_status status) {
    if (status == TP_OK)
        return EXIT_SUCCESS;
    complain("%s", session_message(session, status));
    return EXIT_FAILURE;
}

/* The nearest of the instruction sets that this machine can run. */
static void suggest_isa(const char *wanted) {
    tp_context *context = NULL;
    tp_context_options best;
    tp_context_options_default(&best);
    tp_machine machine; /* with the names that nearest points to */
    struct nearest nearest = nearest_to(wanted);
    if (tp_context_create(&best, &context) == TP_OK) {
        machine = *tp_context_machine(context);
        for (char *name = strtok(machine.usable, " "); name; name = strtok(NULL, " "))
            nearest_offer(&nearest, name);
    }
    tp_context_destroy(context);
    if (nearest.best)
        complain("did you mean --isa %s?", nearest.best);
}

/* More threads than processors only wait for each other. */
static void note_threads(const struct session *session, const struct machine_options *options) {
    const int processors = tp_context_machine(session->context)->processors;
    if (processors > 0 && options->threads > (uint64_t)processors)
        complain("note: --threads %" PRIu64 ": there are %d processors; more threads than these make nothing faster",
                 options->threads, processors);
}

int session_open(struct session *session, const struct machine_options *options) {
    *session = (struct session){0};
    tp_context_options context;
    tp_context_options_default(&context);
    context.isa = options->isa;
    context.threads = (int)options->threads;
    context.message = receive_message;
    context.message_user = session;
    const tp_status status = tp_context_create(&context, &session->context);
    const int code = session_check(session, status);
    if (status == TP_OK)
        note_threads(session, options);
    if (status == TP_ERR_UNSUPPORTED && options->isa)
        suggest_isa(options->isa);
    return status == TP_ERR_UNSUPPORTED ? EXIT_USAGE : code;
}

void session_close(struct session *session) {
    tp_context_destroy(session->context);
    free(session->message);
}

#define HEADER_MOST (256 * 1024)

/* Whether the header of the file, which is valid, may name the tensor of a schema. */
static bool names_schema(const char *path) {
    FILE *file = fopen(path, "r");
    char *header = malloc(HEADER_MOST);
    bool found = true;
    if (file && header) {
        const size_t size = fread(header, 1, HEADER_MOST, file);
        found = memmem(header, size, "\"schema\"", strlen("\"schema\"")) != NULL;
    }
    free(header);
    if (file)
        fclose(file);
    return found;
}

static int check_file(const struct session *session, const char *path, tp_status status) {
    const int code = session_check(session, status);
    if (status == TP_ERR_FORMAT)
        foreign_explain(path, false);
    return code;
}

int session_load(const struct session *session, const char *path, tp_model **model) {
    return check_file(session, path, tp_model_load(session->context, path, model));
}

int session_describe(const struct session *session, const char *path, struct architecture *architecture) {
    const int code = check_file(
        session, path, tp_model_describe_file(session->context, path, &architecture->model, architecture->layer));
    architecture->has_schema = !code && names_schema(path);
    return code;
}

int session_score(const struct session *session, const tp_model *model, const tp_data *data, tp_score *score,
                  uint64_t *confusion) {
    struct inference inference;
    tp_status status = inference_open(session->context, model, data->samples, &inference);
    if (status == TP_OK)
        status = inference_evaluate(&inference, data, score, confusion);
    inference_close(&inference);
    return session_check(session, status);
}

size_t model_outputs(const tp_model_options *model) {
    return model->layers[model->layer_count - 1].width;
}

/* One output tells two classes apart, but for CCE. */
size_t model_classes(const tp_model_options *model) {
    return model_outputs(model) == 1 && model->loss != TP_LOSS_CCE ? 2 : model_outputs(model);
}

tp_task model_task(const tp_model *model) {
    const tp_schema *schema = tp_model_schema(model);
    tp_model_options shape;
    tp_model_describe(model, &shape);
    return schema ? tp_schema_task(schema) : tp_task_of_loss(shape.loss, model_outputs(&shape));
}

/* Of targets that no schema has matched. */
static bool targets_fit(const tp_model_options *model, const tp_data *data, const char *model_name,
                        const char *data_name) {
    if (data->classes && data->outputs > model_classes(model))
        complain("%s tells %zu classes apart, but %s has %zu", model_name, model_classes(model), data_name,
                 data->outputs);
    else if (!data->classes && data->outputs && data->outputs != model_outputs(model))
        complain("%s has %zu outputs, but %s has %zu targets", model_name, model_outputs(model), data_name,
                 data->outputs);
    else
        return true;
    return false;
}

int check_fit(const tp_model_options *model, const tp_data *data, const char *model_name, const char *data_name) {
    if (model->inputs == data->features)
        return targets_fit(model, data, model_name, data_name) ? EXIT_SUCCESS : EXIT_FAILURE;
    complain("%s has %zu inputs, but the samples of %s have %zu values", model_name, model->inputs, data_name,
             data->features);
    return EXIT_FAILURE;
}
