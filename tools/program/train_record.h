/* SPDX-License-Identifier: BSD-3-Clause */
/* What a model says about how it came to be, in notes: enough to make it again. Equal runs leave equal notes. */
#ifndef TILEPROP_TOOLS_TRAIN_RECORD_H
#define TILEPROP_TOOLS_TRAIN_RECORD_H

#include "session.h"
#include "train_options.h"
#include "train_report.h"

#define NOTE_CONFIG "note.config"         /* the options that results depend on, JSON: options_json.h */
#define NOTE_DATA "note.data"             /* tp_data_fingerprint of the training samples */
#define NOTE_VALIDATION "note.validation" /* of those that were held out; absent if there were none */
#define NOTE_INIT "note.init"             /* tp_model_fingerprint of the model of --init; absent without */
#define NOTE_STEPS "note.steps"           /* of the run, without those that were given up as it diverged */
#define NOTE_EPOCHS "note.epochs"         /* that were finished */
#define NOTE_KEPT "note.kept"             /* the epoch whose parameters these are; absent if they are the last ones */
#define NOTE_STOPPED "note.stopped"       /* why the run did not go on to its end; absent if it did */
#define NOTE_SAMPLES "note.samples"       /* JSON: how many of training, validation, test */
#define NOTE_METRICS "note.metrics"       /* JSON: losses and metrics of the last two */
#define NOTE_PARAMETERS "note.parameters" /* tp_model_fingerprint */

/* What is known before the run. */
struct train_record {
    char *config;
    char data[TP_FINGERPRINT_SIZE];
    char validation[TP_FINGERPRINT_SIZE]; /* empty: there is none */
    char init[TP_FINGERPRINT_SIZE];       /* likewise */
    size_t validation_samples;
};

/* Of options that are settled, and a model as the run begins with it. Returns an exit code; it has said why. */
int train_record_begin(struct train_record *record, const struct session *session, const struct train_options *options,
                       const tp_dataset *dataset, const tp_model *model);

/* What stands for the data in checkpoints; of a record that is all zero, nothing does. */
#define TRAIN_RECORD_FINGERPRINT (2 * TP_FINGERPRINT_SIZE + 16)
void train_record_fingerprint(const struct train_record *record, char text[TRAIN_RECORD_FINGERPRINT]);

/* Sets the notes of the model after the run, beside those of others; validation may be NULL. If that fails, it has none
 * of them, and a message says why. */
void train_record_note(const struct train_record *record, const struct session *session,
                       const struct train_options *options, const tp_data *validation,
                       const struct train_result *result, tp_model *model);

void train_record_release(struct train_record *record);

#endif
