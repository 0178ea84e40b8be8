/* SPDX-License-Identifier: BSD-3-Clause */
/* The model that 'tileprop train' begins with. These return an exit code; they have said why. */
#ifndef TILEPROP_TOOLS_TRAIN_MODEL_H
#define TILEPROP_TOOLS_TRAIN_MODEL_H

#include "session.h"
#include "train_options.h"

/* That of --init, if no option contradicts it. */
int train_load_model(const struct session *session, const struct train_options *options, tp_model **model);

/* A new one for data with this schema. */
int train_make_model(const struct session *session, const struct train_options *options, const tp_schema *schema,
                     tp_model **model);

#endif
