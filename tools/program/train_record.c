/* SPDX-License-Identifier: BSD-3-Clause */
#include "train_record.h"
#include "command.h"
#include "options_json.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

/* ---- before the run ---- */

/* What the data has decided. */
static void settle(struct train_options *options, const tp_model *model) {
    tp_model_options shape;
    tp_model_describe(model, &shape);
    train_settle_options(options);
    if (options->init)
        return;
    options->hidden_given = options->loss_given = true;
    options->loss = (int)shape.loss;
    options->huber_delta_given = shape.loss == TP_LOSS_HUBER;
    options->data.task = (int)tp_schema_task(tp_model_schema(model));
}

static char *make_config(const struct train_options *options, const tp_model *model) {
    struct train_options settled = *options;
    settle(&settled, model);
    return options_config(&train_command, &settled, CONFIG_RESULT);
}

int train_record_begin(struct train_record *record, const struct session *session, const struct train_options *options,
                       const tp_dataset *dataset, const tp_model *model) {
    const tp_data *const validation = tp_dataset_validation(dataset);
    *record = (struct train_record){.config = make_config(options, model),
                                    .validation_samples = validation ? validation->samples : 0};
    if (!record->config)
        return EXIT_FAILURE;
    tp_status status = tp_data_fingerprint(session->context, tp_dataset_data(dataset), record->data);
    if (!status && validation)
        status = tp_data_fingerprint(session->context, validation, record->validation);
    if (!status && options->init)
        status = tp_model_fingerprint(model, record->init);
    return session_check(session, status);
}

void train_record_fingerprint(const struct train_record *record, char text[TRAIN_RECORD_FINGERPRINT]) {
    *text = '\0';
    if (record->config)
        snprintf(text, TRAIN_RECORD_FINGERPRINT, "%s validation %s", record->data,
                 *record->validation ? record->validation : "none");
}

void train_record_release(struct train_record *record) {
    free(record->config);
    *record = (struct train_record){0};
}

/* ---- after it ---- */

static char *make_samples(const struct train_record *record, const struct train_result *result) {
    json_t *samples = report_new();
    report_integer(samples, "training", result->samples);
    report_integer(samples, "validation", record->validation_samples);
    report_integer(samples, "test", result->test.samples);
    return report_line(samples);
}

/* Of the parameters that the model has. Measured here and not taken from the run, which may have been resumed. */
static char *make_metrics(const struct session *session, const tp_data *validation, const struct train_result *result,
                          const tp_model *model) {
    struct metric metric = metric_start(model);
    tp_score score = {0};
    if (validation && (session_score(session, model, validation, &score, NULL) ||
                       metric_measure(session, model, validation, &score, &metric.validation)))
        return NULL;
    json_t *metrics = report_new();
    report_score(metrics, "validation_", &score, metric.name, metric.validation);
    report_score(metrics, "test_", &result->test, metric.name, result->metric.test);
    return report_line(metrics);
}

static char *make_number(uint64_t number) {
    char *text = NULL;
    return asprintf(&text, "%" PRIu64, number) < 0 ? NULL : text;
}

static char *make_reason(const struct train_result *result) {
    char *text = NULL;
    const int length = result->diverged ? asprintf(&text, "diverged") : asprintf(&text, "signal %d", result->signal);
    return length < 0 ? NULL : text;
}

/* A text to be freed; NULL: no memory for it. */
static bool set_note(const struct session *session, tp_model *model, const char *name, char *text) {
    const int code = text ? session_check(session, tp_model_set_note(model, name, text)) : EXIT_FAILURE;
    free(text);
    return code == EXIT_SUCCESS;
}

static bool set_text(const struct session *session, tp_model *model, const char *name, const char *text) {
    return !*text || !session_check(session, tp_model_set_note(model, name, text));
}

static bool set_kept(const struct session *session, const struct train_options *options,
                     const struct train_result *result, tp_model *model) {
    return options->keep != TP_KEEP_BEST || !result->best_epoch ||
           set_note(session, model, NOTE_KEPT, make_number(result->best_epoch));
}

static bool set_notes(const struct train_record *record, const struct session *session,
                      const struct train_options *options, const tp_data *validation, const struct train_result *result,
                      tp_model *model) {
    const uint64_t steps = result->restored ? result->restored : result->steps;
    const uint64_t epochs = result->restored ? steps / train_steps(options, result->samples) : result->epochs;
    char parameters[TP_FINGERPRINT_SIZE];
    return !session_check(session, tp_model_fingerprint(model, parameters)) &&
           set_text(session, model, NOTE_CONFIG, record->config) && set_text(session, model, NOTE_DATA, record->data) &&
           set_text(session, model, NOTE_VALIDATION, record->validation) &&
           set_text(session, model, NOTE_INIT, record->init) && set_text(session, model, NOTE_PARAMETERS, parameters) &&
           set_note(session, model, NOTE_STEPS, make_number(steps)) &&
           set_note(session, model, NOTE_EPOCHS, make_number(epochs)) &&
           set_note(session, model, NOTE_SAMPLES, make_samples(record, result)) &&
           set_kept(session, options, result, model) &&
           set_note(session, model, NOTE_METRICS, make_metrics(session, validation, result, model)) &&
           ((!result->signal && !result->diverged) || set_note(session, model, NOTE_STOPPED, make_reason(result)));
}

/* Those that others have set stay: a model of --init may have some. */
static void forget_notes(tp_model *model) {
    static const char *const names[] = {NOTE_CONFIG,  NOTE_DATA,    NOTE_VALIDATION, NOTE_INIT,
                                        NOTE_STEPS,   NOTE_EPOCHS,  NOTE_KEPT,       NOTE_STOPPED,
                                        NOTE_SAMPLES, NOTE_METRICS, NOTE_PARAMETERS};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        tp_model_set_note(model, names[i], NULL);
}

void train_record_note(const struct train_record *record, const struct session *session,
                       const struct train_options *options, const tp_data *validation,
                       const struct train_result *result, tp_model *model) {
    forget_notes(model);
    if (set_notes(record, session, options, validation, result, model))
        return;
    forget_notes(model);
    complain("the model will not say how it was trained");
}
