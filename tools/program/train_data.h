/* SPDX-License-Identifier: BSD-3-Clause */
/* The samples of 'tileprop train'. These return an exit code; they have said why. */
#ifndef TILEPROP_TOOLS_TRAIN_DATA_H
#define TILEPROP_TOOLS_TRAIN_DATA_H

#include "session.h"
#include "train_options.h"

/* Opens the training samples and those held out of them; as the model of --init needs them, which may be NULL. Then
 * settles the options that depend on their number. */
int train_load(const struct session *session, struct train_options *options, const tp_model *init,
               tp_dataset **dataset);

/* Opens the test samples as the model needs them; *test stays NULL if there are none. */
int train_load_test(const struct session *session, const struct train_options *options, const tp_model *model,
                    tp_dataset **test);

#endif
